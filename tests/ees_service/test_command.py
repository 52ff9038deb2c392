"""`cfp fetch-published` as a person and a program meet it."""

import json
from pathlib import Path

import pytest

from dagster_project import cli
from dagster_project.ees_service import client
from dagster_project.settings import SettingsError, load_settings
from tests.ees_service.conftest import Desk
from tests.ees_service.pairs import ABSENCE, CLA, STABILITY


def run(desk: Desk, *arguments: str) -> int:
    return cli.main(
        [
            "fetch-published",
            "--council",
            str(desk.council),
            "--raw",
            str(desk.raw),
            "--data",
            str(desk.data),
            *arguments,
        ]
    )


def test_what_was_fetched_is_told_with_progress_beside_it(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    assert run(desk.pin(version="1.0", method="query")) == 0
    told = capfd.readouterr()
    assert f"{CLA}: version 1.0 fetched, 16 rows: {desk.raw}/published/ees/{CLA}/2025-01-15_v1.0" in told.out
    assert "version 1.1 of 2025-02-15 is there, 1.0 is pinned" in told.out
    assert told.out.endswith("Fetched: run `cfp refresh` to use what is new.\n")
    assert f"{CLA}: page 1: 16 of 16 rows" in told.err


def test_second_run_says_that_nothing_is_new(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    run(desk.pin())
    capfd.readouterr()
    assert run(desk) == 0
    assert capfd.readouterr().out.endswith("Nothing new.\n")


def test_quiet_run_gives_the_result_alone(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    assert run(desk.pin(), "--quiet") == 0
    told = capfd.readouterr()
    assert told.err == ""
    assert "fetched, 36 rows" in told.out


def test_json_holds_one_entry_for_each_data_set(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    assert run(desk.pin().pin(STABILITY, "1.0"), "--json") == 1
    told = capfd.readouterr()
    assert told.err == ""
    found = json.loads(told.out)
    assert (found["outcome"], found["exit_code"]) == ("failed", 1)
    first, second = found["data_sets"]
    assert (first["data_set"], first["outcome"], first["version"], first["rows"]) == (CLA, "fetched", "1.1", 36)
    assert first["folder"].endswith(f"published/ees/{CLA}/2025-02-15_v1.1")
    assert second["outcome"] == "failed"
    assert "version 2.0 is not like" in second["error"]
    assert second["advice"]


def test_failure_ends_with_one_and_says_what_to_do(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    assert run(desk.pin(version="9.9")) == 1
    told = capfd.readouterr().out
    assert f"{CLA}: failed: there is no version 9.9" in told
    assert "To do: set `version`" in told
    assert f"Failed: {CLA}. Nothing of them was written to" in told


def test_folder_of_invented_files_is_exit_2_with_what_to_do(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    desk.raw.mkdir()
    (desk.raw / "SYNTHETIC").touch()
    assert run(desk.pin()) == 2
    assert "Give another folder with --raw" in capfd.readouterr().err


def test_refusal_of_the_service_is_told_in_one_line(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    desk.council.write_text(
        f"authority: 383\nees: {{service: '{desk.service.url}', data_sets: {{{CLA}: {{id: none, version: '1.0'}}}}}}\n"
    )
    assert run(desk) == 1
    assert "answered 404: Not found. To do: check `id` and `version`" in capfd.readouterr().out


@pytest.mark.parametrize("text", ["authority: 383\n", "authority: 383\nees: {data_sets: {}}\n"])
def test_nothing_configured_is_exit_2_with_an_example(desk: Desk, text: str, capfd: pytest.CaptureFixture) -> None:
    desk.council.write_text(text)
    assert run(desk) == 2
    told = capfd.readouterr().err
    assert "lists no data set to fetch" in told
    example = told[told.index("ees:") :]
    desk.council.write_text("authority: 383\n" + example)
    assert load_settings(desk.council).ees.data_sets[CLA].version == "1.*"


def test_name_of_no_declared_data_set_is_exit_2_with_near_ones(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    assert run(desk.pin(), "absence_by_social_group") == 2
    assert f"is no declared data set of source ees; did you mean {ABSENCE}" in capfd.readouterr().err


def test_name_like_no_other_is_exit_2_with_all_that_are_declared(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    assert run(desk.pin(), "zzzz") == 2
    told = capfd.readouterr().err
    assert "declared are absence_by_social_care_group" in told


def test_undeclared_name_in_council_yml_is_exit_2_and_names_its_place(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    text = desk.pin().council.read_text().replace(f"{CLA}:", "cla_number:")
    desk.council.write_text(text)
    assert run(desk) == 2
    assert "`ees.data_sets.cla_number`: 'cla_number' is no declared data set" in capfd.readouterr().err


def test_declared_name_without_a_pin_is_exit_2_with_its_entry(desk: Desk, capfd: pytest.CaptureFixture) -> None:
    assert run(desk.pin(), ABSENCE) == 2
    told = capfd.readouterr().err
    assert f"gives no id and version for {ABSENCE}; add:" in told
    assert f"    {ABSENCE}:\n" in told


def test_help_says_what_it_does_and_what_it_leaves_alone(capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["fetch-published", "--help"])
    assert ended.value.code == 0
    told = " ".join(capfd.readouterr().out.split())
    assert "only adds files" in told
    assert "names under `ees.data_sets` in council.yml (default: all of them)" in told


def test_interrupted_run_says_that_it_goes_on(
    desk: Desk, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client.EesClient, "meta", interrupt)
    assert run(desk.pin()) == 1
    assert "run again to go on" in capfd.readouterr().err
    assert desk.files() == {}


def settings(folder: Path, ees: str) -> str:
    file = folder / "council.yml"
    file.write_text(f"authority: 383\nees: {ees}\n")
    with pytest.raises(SettingsError) as error:
        load_settings(file)
    return str(error.value)


@pytest.mark.parametrize(
    ("ees", "words"),
    [
        ("{data_sets: {x: {id: a, version: 1.10}}}", 'write the version in quotation marks, such as "1.1"'),
        ("{data_sets: {x: {id: a, version: '1.*.1'}}}", "'1.*.1' is no version"),
        ("{data_sets: {x: {id: a, version: latest}}}", "'latest' is no version"),
        ("{data_sets: {x: {id: a, version: '1.0', method: file}}}", "`ees.data_sets.x.method`"),
        ("{data_sets: {x: {id: a, version: '1.0', metod: csv}}}", "did you mean `method`?"),
        ("{data_sets: {x: {id: a, version: '1.0', accept_warnings: ['a b']}}}", "accept_warnings"),
        ("{data_sets: {x: {id: '', version: '1.0'}}}", "`ees.data_sets.x.id`"),
        ("{service: ftp://x}", "`ees.service`"),
    ],
)
def test_setting_that_cannot_be_used_is_named(tmp_path: Path, ees: str, words: str) -> None:
    assert words in settings(tmp_path, ees)


def test_service_is_that_of_the_department_unless_said_otherwise(tmp_path: Path) -> None:
    (tmp_path / "council.yml").write_text("authority: 383\n")
    assert load_settings(tmp_path / "council.yml").ees.service == "https://api.education.gov.uk/statistics"
