"""The committed pages of docs/reference/ say what the code says, and the settings page knows every setting."""

from pathlib import Path

import pytest

from dagster_project.publication.publish import RECORDS
from dagster_project.reference import pages
from dagster_project.settings import (
    Edition,
    EesSettings,
    GroupMember,
    LatestPeriodEnd,
    PublishedDataSet,
    Settings,
    Thresholds,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return pages()


def test_committed_reference_pages_are_those_the_code_gives_now(written: dict[str, str]) -> None:
    held = {file.name: file.read_text(encoding="utf-8") for file in (DOCS / "reference").glob("*.md")}
    assert held.keys() == written.keys()
    stale = [name for name, text in written.items() if held[name] != text]
    assert not stale, f"run `make docs` and commit docs/reference/: {', '.join(stale)} no longer fit the code"


def test_reference_pages_stay_small(written: dict[str, str]) -> None:
    assert sum(len(text.encode()) for text in written.values()) < 320_000


def test_every_record_of_a_refresh_is_in_the_data_dictionary(written: dict[str, str]) -> None:
    for name, (_, columns) in RECORDS.items():
        assert f"## {name}\n" in written["tables.md"]
        assert all(f"| `{column}` |" in written["tables.md"] for column in columns)


def test_no_cell_breaks_its_table(written: dict[str, str]) -> None:
    for name, text in written.items():
        width = 0
        for line in text.splitlines():
            bars = line.replace("\\|", "").count("|")
            if not line.startswith("|"):
                width = 0
                continue
            width = width or bars
            assert bars == width, f"{name}: {line[:80]}"


def test_settings_page_names_every_key() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    models = (Settings, Thresholds, Edition, LatestPeriodEnd, EesSettings, PublishedDataSet, GroupMember)
    missing = [key for model in models for key in model.model_fields if f"`{key}`" not in page]
    assert not missing, f"docs/settings.md says nothing of {', '.join(missing)}"
