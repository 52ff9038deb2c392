"""council.yml and the CSV files of council/: what is accepted, and the words for what is not."""

from datetime import date
from pathlib import Path

import pytest

from dagster_project.settings import (
    SettingsError,
    load_groups,
    load_progress_8,
    load_settings,
    load_targets,
    settings_fingerprint,
)

FULL = """
authority: 383
neighbours: 2021-04
core_cities_shown: others
thresholds: {min_base: 20}
accept_foreign_lea: true
ees: {data_sets: {ks4_la: {id: abc, version: "1.2"}}}
editions:
  - {id: 2023-01, title: Outcomes 2023, data_cut_off: 2023-12-01, latest_period_end: {academic: 2023-08-31}}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "council.yml"
    file.write_text(text, encoding="utf-8")
    return file


def fault(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as error:
        load_settings(written(folder, text))
    return str(error.value)


def test_number_of_the_authority_is_all_that_is_needed(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, "authority: 383\n"))
    assert settings.neighbours == "newest"
    assert settings.core_cities_shown == "all"
    assert settings.thresholds.min_base == 30
    assert settings.accept_foreign_lea is False
    assert settings.editions == ()


def test_every_setting_is_read(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, FULL))
    assert settings.neighbours == "2021-04"
    assert settings.thresholds.min_base == 20
    assert settings.ees.data_sets["ks4_la"].version == "1.2"
    (edition,) = settings.editions
    assert edition.id == "2023-01"
    assert edition.data_cut_off == date(2023, 12, 1)
    assert edition.latest_period_end.academic == date(2023, 8, 31)


@pytest.mark.parametrize(("number", "code"), [(383, "E08000035"), (373, "E08000039"), (815, "E06000065")])
def test_authority_has_the_code_in_force_today(tmp_path: Path, number: int, code: str) -> None:
    assert load_settings(written(tmp_path, f"authority: {number}")).authority_area_code == code


def test_missing_file_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no such file; copy the council\.yml"):
        load_settings(tmp_path / "council.yml")


@pytest.mark.parametrize("text", ["", "- 383\n", "383\n"])
def test_file_without_settings_says_what_is_needed(tmp_path: Path, text: str) -> None:
    assert "authority: <DfE number>" in fault(tmp_path, text)


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    assert "line 2: is not valid YAML" in fault(tmp_path, "authority: 383\neditions: [}\n")


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "council.yml"
    file.write_bytes(b"authority: 383 # \xff\xfe\n")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(file)


def test_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    assert "unknown key `neigbours`; did you mean `neighbours`?" in fault(
        tmp_path, "authority: 383\nneigbours: newest\n"
    )
    assert "unknown key `thresholds.min_bse`; did you mean `min_base`?" in fault(
        tmp_path, "authority: 383\nthresholds: {min_bse: 5}\n"
    )


def test_key_like_no_other_is_refused_with_all_that_are_known(tmp_path: Path) -> None:
    message = fault(tmp_path, "authority: 383\nzzzz: 1\n")
    assert "known keys are" in message
    assert "core_cities_shown" in message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("authority: 999", "999 is no DfE number"),
        ("authority: 970", "970 is no DfE number"),
        ("authority: Leeds", "`authority`"),
        ("neighbours: newest", "`authority` is missing"),
        ("authority: 383\nneighbours: May 2025", "`neighbours`"),
        ("authority: 383\ncore_cities_shown: some", "`core_cities_shown`"),
        ("authority: 383\nthresholds: {min_base: 0}", "`thresholds.min_base`"),
        ("authority: 383\neditions: [{id: January}]", "`editions.0.id`"),
        ("authority: 383\neditions: [{id: ../../x}]", "`editions.0.id`"),
    ],
)
def test_wrong_value_names_file_and_key(tmp_path: Path, line: str, words: str) -> None:
    message = fault(tmp_path, line + "\n")
    assert message.startswith(str(tmp_path / "council.yml"))
    assert words in message


def test_council_without_groups_of_its_own_has_none(tmp_path: Path) -> None:
    assert load_groups(tmp_path / "groups.csv") == ()


def groups(folder: Path, *lines: str) -> Path:
    file = folder / "groups.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return file


def test_groups_are_read_one_row_per_member(tmp_path: Path) -> None:
    file = groups(
        tmp_path,
        "group_id,group_version,group_name,valid_from,statistic,includes_subject,dfe_number",
        "nearby,2,Nearby,2024-04-01,median,true,373",
        "nearby,,Nearby,,,,382",
    )
    first, second = load_groups(file)
    assert (first.dfe_number, first.valid_from, first.includes_subject) == (373, date(2024, 4, 1), True)
    assert (second.group_version, second.valid_from, second.includes_subject) == ("1", None, False)
    assert (first.statistic, second.statistic) == ("median", "mean")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("core_cities_all,Ours,373", "line 2: group_id `core_cities_all` is built in"),
        ("Nearby places,Ours,373", "line 2: `group_id`"),
        ("nearby,Ours,1", "line 2: `dfe_number`: 1 is no DfE number"),
        ("nearby,,373", "line 2: `group_name` is missing"),
    ],
)
def test_wrong_group_names_file_and_line(tmp_path: Path, row: str, words: str) -> None:
    file = groups(tmp_path, "group_id,group_name,dfe_number", row)
    with pytest.raises(SettingsError) as error:
        load_groups(file)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("nearby,1,Nearby,mean,373", "nearby,1,Near by,mean,382"), "line 3: group `nearby` version 1 is described"),
        (("nearby,1,Nearby,mean,373", "nearby,1,Nearby,median,382"), "line 3: group `nearby` version 1 is described"),
        (("nearby,1,Nearby,mean,373", "nearby,1,Nearby,mean,373"), "line 3: 373 stands twice in group `nearby`"),
        (("nearby,1,Nearby,weighted,373",), "line 2: `statistic`"),
    ],
)
def test_group_described_in_two_ways_names_file_and_line(tmp_path: Path, rows: tuple[str, ...], words: str) -> None:
    file = groups(tmp_path, "group_id,group_version,group_name,statistic,dfe_number", *rows)
    with pytest.raises(SettingsError) as error:
        load_groups(file)
    assert words in str(error.value)


def test_same_member_may_stand_in_two_versions(tmp_path: Path) -> None:
    file = groups(tmp_path, "group_id,group_version,group_name,dfe_number", "near,1,Near,373", "near,2,Near,373")
    assert [member.group_version for member in load_groups(file)] == ["1", "2"]


TARGET_HEAD = "indicator_id,period_end,target,amber_limit,better,source\n"


def targets(folder: Path, *rows: str) -> Path:
    file = folder / "targets.csv"
    file.write_text(TARGET_HEAD + "\n".join(rows) + "\n", encoding="utf-8-sig")
    return file


def test_council_without_targets_has_none(tmp_path: Path) -> None:
    assert load_targets(tmp_path / "targets.csv") == ()


def test_targets_are_read_one_row_per_indicator_and_day(tmp_path: Path) -> None:
    file = targets(tmp_path, "re_referrals_pct,2025-03-31,20,24,,A plan", "cla_31_march,2025-03-31,1400,,low,")
    first, second = load_targets(file)
    assert (first.target, first.amber_limit, first.better, first.source) == (20.0, 24.0, None, "A plan")
    assert (second.period_end, second.amber_limit, second.better) == (date(2025, 3, 31), None, "low")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("re_referrals_pct,2025-03-31,,,,",), "line 2: `target` is missing"),
        (("re_referrals_pct,31/03/2025,20,,,",), "line 2: `period_end`"),
        (("re_referrals_pct,2025-03-31,twenty,,,",), "line 2: `target`"),
        (("re_referrals_pct,2025-03-31,nan,,,",), "line 2: `target`"),
        (("re_referrals_pct,2025-03-31,20,24,up,",), "line 2: `better`"),
        (("re_referrals_pct,2025-03-31,20,18,low,",), "amber_limit is on the better side of the target"),
        (("ks2_reading_exp,2025-08-31,75,78,high,",), "amber_limit is on the better side of the target"),
        (("a,2025-03-31,1,,,", "a,2025-03-31,2,,,"), "line 3: `a` has another target for 2025-03-31 above"),
    ],
)
def test_wrong_target_names_file_and_line(tmp_path: Path, rows: tuple[str, ...], words: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_targets(targets(tmp_path, *rows))
    assert words in str(error.value)


def test_unknown_column_of_the_targets_is_named(tmp_path: Path) -> None:
    file = tmp_path / "targets.csv"
    file.write_text("indicator_id,period_end,target,amber\na,2025-03-31,1,2\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"line 2: unknown key `amber`"):
        load_targets(file)


def progress_8(folder: Path, *rows: str) -> Path:
    file = folder / "progress_8.csv"
    file.write_text("\n".join(("academic_year,ks2_prior,attainment_8_mean", *rows)) + "\n", encoding="utf-8")
    return file


def test_council_without_national_means_has_none(tmp_path: Path) -> None:
    assert load_progress_8(tmp_path / "progress_8.csv") == ()


def test_national_means_are_of_the_year_in_which_a_school_year_ends(tmp_path: Path) -> None:
    rows = load_progress_8(progress_8(tmp_path, "2023/24,104,47.25", "202425,104,46", "2023/24,105,0"))
    assert [(row.academic_year, row.ks2_prior, row.attainment_8_mean) for row in rows] == [
        (2024, "104", 47.25),
        (2025, "104", 46.0),
        (2024, "105", 0.0),
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("2024,104,47",), "line 2: `academic_year`: '2024' is no school year such as 2023/24"),
        (("2023/25,104,47",), "line 2: `academic_year`: '2023/25' is no school year such as 2023/24"),
        (("2023/24,,47",), "line 2: `ks2_prior` is missing"),
        (("2023/24,104,",), "line 2: `attainment_8_mean` is missing"),
        (("2023/24,104,90.5",), "line 2: `attainment_8_mean`"),
        (("2023/24,104,nan",), "line 2: `attainment_8_mean`"),
        (("2023/24,104,47", "202324,104,48"), "line 3: group `104` has another mean for the same year above"),
    ],
)
def test_wrong_national_mean_names_file_and_line(tmp_path: Path, rows: tuple[str, ...], words: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_progress_8(progress_8(tmp_path, *rows))
    assert words in str(error.value)


def test_fingerprint_moves_with_settings_and_groups_and_by_the_day_only_with_waivers(tmp_path: Path) -> None:
    first = load_settings(written(tmp_path, "authority: 383\n"))
    other = load_settings(written(tmp_path, "authority: 383\ncore_cities_shown: others\n"))
    today, tomorrow = date(2026, 1, 1), date(2026, 1, 2)
    plain = settings_fingerprint(first, tmp_path, today)
    assert plain == settings_fingerprint(first, tmp_path, tomorrow)
    assert plain != settings_fingerprint(other, tmp_path, today)
    groups(tmp_path, "group_id,group_name,dfe_number", "nearby,Nearby,373")
    with_groups = settings_fingerprint(first, tmp_path, today)
    assert plain != with_groups
    targets(tmp_path, "re_referrals_pct,2025-03-31,20,24,,")
    with_targets = settings_fingerprint(first, tmp_path, today)
    assert with_groups != with_targets
    progress_8(tmp_path, "2023/24,104,47")
    assert with_targets != settings_fingerprint(first, tmp_path, today)
    (tmp_path / "waivers.yml").write_text("[]\n")
    assert settings_fingerprint(first, tmp_path, today) != settings_fingerprint(first, tmp_path, tomorrow)
