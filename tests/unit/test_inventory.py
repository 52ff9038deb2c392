"""The inventory: which file belongs where, what changed, and what must not be mixed."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from landing_desk import CATALOGUE, CLA, CLA_HEADER, ROOT, cla_row

from dagster_project.landing import inventory as subject
from dagster_project.landing.inventory import (
    Inventory,
    InventoryFile,
    MixedSources,
    collection_year,
    effective_raw_dir,
    take_inventory,
)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def put(raw: Path, relative: str, content: str = "a,b\n1,2\n") -> Path:
    path = raw / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def only(taken: Inventory) -> InventoryFile:
    [file] = taken.files
    return file


@pytest.mark.parametrize(
    ("folder", "year"),
    [("2023", 2023), ("2022-23", 2023), ("1999-00", 2000), ("2022-24", None), ("23", None), ("2023-09", None)],
)
def test_both_ways_to_write_a_collection_year_mean_the_same(folder, year):
    assert collection_year(folder) == year


def test_a_file_belongs_to_the_source_of_its_folder(raw):
    put(raw, "social_care/ssda903/2022-23/2022-09-30/anything.csv")
    file = only(take_inventory(raw, CATALOGUE))
    assert (file.kind, file.source, file.release, file.as_at) == ("data", "ssda903", "2023", date(2022, 9, 30))
    assert len(file.tables) == 12
    assert {"header", "episodes", "oc3"} < set(file.tables)


def test_a_file_may_lie_in_the_folder_of_its_source_itself_and_no_deeper(raw):
    put(raw, "geography/postcodes.csv")
    file = only(take_inventory(raw, CATALOGUE))
    assert (file.kind, file.source, file.release) == ("data", "geography", "undated")
    put(raw, "geography/older/postcodes.csv")
    assert [file.kind for file in take_inventory(raw, CATALOGUE).files] == ["unknown", "data"]


@pytest.mark.parametrize("folder", ["2023/2022-09-31/", "2023/september/", "2023/2022-09-30/csv/", "next year/", ""])
def test_an_unknown_collection_is_refused_and_never_passes_as_the_year_end_return(raw, folder):
    put(raw, f"social_care/ssda903/{folder}episodes.csv")
    file = only(take_inventory(raw, CATALOGUE))
    assert (file.kind, file.source) == ("refused", "ssda903")
    assert "move the file" in str(file.problem)
    assert file.sha256


def test_a_deeper_folder_of_a_published_source_keeps_its_release_and_is_pointed_out(raw):
    put(raw, "published/ees/ks4_la/2026-04/data/ks4.csv")
    file = only(take_inventory(raw, CATALOGUE))
    assert (file.kind, file.release) == ("data", "2026-04")
    assert "deeper" in str(file.misplaced)


def test_a_file_in_an_undeclared_folder_is_known_by_all_of_its_columns_only(raw):
    put(raw, "elsewhere/a.csv", f"{CLA_HEADER}\n{cla_row()}\n")
    put(raw, "elsewhere/b.csv", f"{CLA_HEADER},more\n{cla_row()},1\n")
    put(raw, "elsewhere/c.csv", "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n")
    taken = take_inventory(raw, CATALOGUE)
    assert [(file.name, file.source) for file in taken.files] == [("a.csv", "ees"), ("b.csv", None), ("c.csv", None)]


def test_documentation_markers_and_hidden_files_are_ignored(raw):
    for name in ("README.md", "readme", "notes.txt", "cla.meta.csv", ".hidden.csv", "~$open.xlsx", "SYNTHETIC"):
        put(raw, f"published/lait/2026-04/{name}")
    put(raw, ".git/config.csv")
    assert {file.kind for file in take_inventory(raw, CATALOGUE).files} == {"ignored"}


def test_the_sample_is_used_only_when_raw_holds_nothing_else(raw):
    put(raw, "sample/" + CLA)
    put(raw, "README.md")
    (raw / "published/lait").mkdir(parents=True)
    assert effective_raw_dir(raw) == raw / "sample"
    assert only(take_inventory(raw / "sample", CATALOGUE)).relative == CLA
    put(raw, "anything.csv")
    assert effective_raw_dir(raw) == raw
    assert [file.relative for file in take_inventory(raw, CATALOGUE).files] == ["README.md", "anything.csv"]


def test_a_raw_folder_that_is_not_there_is_an_empty_inventory(tmp_path):
    taken = take_inventory(tmp_path / "raw", CATALOGUE)
    assert (taken.files, taken.synthetic) == ((), False)
    assert set(taken.fingerprints) == {
        "council",
        "ees",
        "geography",
        "lait",
        "population",
        "results",
        "school_census",
        "ssda903",
    }
    assert effective_raw_dir(tmp_path / "raw") == tmp_path / "raw"


@pytest.mark.parametrize("place", ["", "published/", "published/lait/", "published/lait/2026-04/"])
def test_a_marker_marks_every_file_below_its_folder(raw, place):
    put(raw, "published/lait/2026-04/x.csv")
    put(raw, f"{place}SYNTHETIC", "")
    taken = take_inventory(raw, CATALOGUE)
    assert taken.synthetic
    assert [file.is_synthetic for file in taken.files if file.kind == "data"] == [True]


def test_synthetic_beside_real_is_refused_naming_one_of_each(raw):
    put(raw, "published/lait/2026-04/x.csv")
    put(raw, "social_care/ssda903/2023/e.csv")
    put(raw, "social_care/ssda903/2023/SYNTHETIC", "")
    with pytest.raises(MixedSources, match=r"2023/e\.csv is marked .*2026-04/x\.csv is not"):
        take_inventory(raw, CATALOGUE)


def test_a_file_of_no_source_does_not_count_as_mixture(raw):
    put(raw, "notes/x.csv")
    put(raw, "social_care/ssda903/2023/e.csv")
    put(raw, "social_care/ssda903/SYNTHETIC", "")
    assert take_inventory(raw, CATALOGUE).synthetic


def test_a_fingerprint_changes_with_content_name_and_declaration_of_its_source_only(raw):
    path = put(raw, CLA)
    put(raw, "population/2024/p.csv")
    first = take_inventory(raw, CATALOGUE).fingerprints
    assert take_inventory(raw, CATALOGUE).fingerprints == first
    path.write_text("a,b\n1,3\n")
    second = take_inventory(raw, CATALOGUE).fingerprints
    path.rename(path.with_name("renamed.csv"))
    third = take_inventory(raw, CATALOGUE).fingerprints
    assert len({first["ees"], second["ees"], third["ees"]}) == 3
    assert first["population"] == second["population"] == third["population"]


def test_an_unchanged_file_is_not_hashed_again(raw, tmp_path, monkeypatch):
    cache = tmp_path / "state" / "hashes.json"
    path = put(raw, CLA)
    put(raw, "elsewhere/a.csv", f"{CLA_HEADER}\n")
    first = take_inventory(raw, CATALOGUE, cache)
    with monkeypatch.context() as watched:
        watched.setattr(subject.hashlib, "file_digest", lambda *args: pytest.fail("hashed again"))
        assert take_inventory(raw, CATALOGUE, cache) == first
    before = path.stat()
    path.write_text("a,b\n1,3\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert take_inventory(raw, CATALOGUE, cache).fingerprints["ees"] != first.fingerprints["ees"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 1}', '{"format": 1, "files": {"a": {"size": 1}}}'])
def test_a_damaged_cache_costs_time_and_nothing_else(raw, tmp_path, damage):
    put(raw, CLA)
    cache = tmp_path / "hashes.json"
    cache.write_text(damage)
    assert len(take_inventory(raw, CATALOGUE, cache).files) == 1
    assert json.loads(cache.read_text())["files"].keys() == {CLA}
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")] == []


def test_a_pipe_is_refused_and_never_opened(raw):
    put(raw, CLA)
    os.mkfifo((raw / CLA).with_name("pipe.csv"))
    (raw / "social_care/ssda903/nonsense").mkdir(parents=True)
    os.mkfifo(raw / "social_care/ssda903/nonsense/second.csv")
    kinds = {file.name: file.kind for file in take_inventory(raw, CATALOGUE).files}
    assert kinds == {"cla.csv": "data", "pipe.csv": "refused", "second.csv": "refused"}


def test_a_link_within_raw_is_followed_and_one_out_of_it_is_not(raw, tmp_path):
    target = put(raw, CLA)
    (tmp_path / "raw_other").mkdir()
    outside = put(tmp_path / "raw_other", "x.csv")
    target.with_name("inside.csv").symlink_to(target)
    target.with_name("outside.csv").symlink_to(outside)
    kinds = {file.name: file.kind for file in take_inventory(raw, CATALOGUE).files}
    assert kinds == {"cla.csv": "data", "inside.csv": "data", "outside.csv": "refused"}


def test_the_nothing_changed_decision_loads_nothing_heavy():
    heavy = "{'duckdb', 'numpy', 'pandas', 'openpyxl', 'lxml', 'dagster', 'dbt', 'great_expectations'}"
    code = (
        "import sys; import dagster_project.landing.inventory, dagster_project.sources.catalogue; "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
