"""Which files are the project's own: what dbt writes beside them is not even looked at."""

from pathlib import Path

import pytest

from dagster_project.project import own_files


def test_what_dbt_writes_is_left_out_and_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("models/a.sql", "models/target/b.sql", "dbt_project.yml", "target/run/c.sql", "logs/dbt.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    looked_into: list[str] = []
    rglob = Path.rglob

    def watched(self: Path, pattern: str) -> object:
        looked_into.append(self.name)
        return rglob(self, pattern)

    monkeypatch.setattr(Path, "rglob", watched)
    found = [file.relative_to(tmp_path).as_posix() for file in own_files(tmp_path)]
    # Only the folders at the top are dbt's: a model may live in a folder of that name.
    assert found == ["dbt_project.yml", "models/a.sql", "models/target/b.sql"]
    assert looked_into == ["models"]
