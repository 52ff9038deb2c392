"""A file dropped into raw/council/measures gives the published figures that it should, and moves no other."""

from pathlib import Path

import pytest
from desk import Desk, differing_rows

LEEDS, SHEFFIELD, KIRKLEES, BRADFORD, ENGLAND = "E08000035", "E08000039", "E08000034", "E08000032", "E92000001"
HEADER = (
    "indicator_id,area_code,period_start,period_end,breakdown_type,breakdown_value,value,numerator,denominator,"
    "value_status,source,owner"
)
# The earlier month; its figure of 31 January is corrected by the later one.
FEBRUARY = """
elective_home_education,E08000035,2025-01-31,2025-01-31,,,800,,,,Register,Inclusion team
elective_home_education,381,2025-01-31,2025-01-31,,,300,,,,Exchange,Performance team
"""
# Sheffield by a former code, Kirklees by its number, Bradford with a symbol; England stands in no mean of authorities.
OCTOBER = """
elective_home_education,E08000035,2025-01-31,2025-01-31,,,812,,,,Register,Inclusion team
elective_home_education,E08000035,02/10/2025,02/10/2025,total,Total,"1,010",,,ok,Register,Inclusion team
elective_home_education,E08000019,2025-10-02,2025-10-02,,,500,,,,Exchange,Performance team
elective_home_education,382,2025-10-02,2025-10-02,,,401,,,,Exchange,Performance team
elective_home_education,E08000032,2025-10-02,2025-10-02,,,c,,,suppressed,Exchange,Performance team
elective_home_education,E92000001,2025-10-02,2025-10-02,,,150000,,,,Exchange,Performance team
slt_wait_days_mean,E08000035,2025-04-01,2025-09-30,,,70.5,141,2,ok,Referrals,Early years team
cla_31_march,E08000039,2025-03-31,2025-03-31,,,9999,,,,Exchange,Performance team
cla_31_march,E08000035,2026-03-31,2026-03-31,,,1,,,,Case system,Performance team
"""

pytestmark = pytest.mark.slow


def put(desk: Desk, month: str, rows: str, name: str = "measures.csv") -> None:
    """Put a file into the folder of a month, marked as invented like the rest of the sample."""
    folder = desk.raw / "council" / "measures" / month
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SYNTHETIC").touch()
    (folder / name).write_text(f"{HEADER}\n{rows.strip()}\n", encoding="utf-8")


def targets(desk: Desk, *rows: str) -> None:
    """Write council/targets.csv."""
    folder = desk.folder / "council"
    folder.mkdir(exist_ok=True)
    lines = ["indicator_id,period_end,target,amber_limit,better,source", *rows]
    (folder / "targets.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def supplied(small_desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The small desk with two months of council measures and targets for two of them, published."""
    desk = small_desk.copy(tmp_path_factory.mktemp("supplied") / "desk")
    put(desk, "2025-02", FEBRUARY)
    put(desk, "2026-04", OCTOBER)
    targets(desk, "slt_wait_days_mean,2025-09-30,60,75,,Plan", "elective_home_education,2025-10-02,900,,,Plan")
    desk.refresh()
    return desk


def test_each_row_becomes_a_figure_of_its_period_status_and_vintage(supplied: Desk) -> None:
    found = supplied.query(
        """SELECT indicator_id, area_code, period_id, period_label, value, value_status, release_status, is_current,
            split_part(vintage_id, '/', 2)
        FROM marts.fct_indicator_value WHERE source_kind = 'council' ORDER BY ALL"""
    )
    home = "elective_home_education"
    january, october = ("snapshot_2025-01-31", "January 2025"), ("snapshot_2025-10-02", "2 October 2025")
    half = ("year_2025-09-30", "1 April 2025 to 30 September 2025")
    march, next_march = ("snapshot_2025-03-31", "31 March 2025"), ("snapshot_2026-03-31", "31 March 2026")
    assert found == sorted(
        [
            (home, LEEDS, *january, 800.0, "ok", "local_provisional", False, "2025-02"),
            (home, LEEDS, *january, 812.0, "ok", "local_provisional", True, "2026-04"),
            (home, "E08000033", *january, 300.0, "ok", "local_provisional", True, "2025-02"),
            (home, LEEDS, *october, 1010.0, "ok", "local_in_year", True, "2026-04"),
            (home, SHEFFIELD, *october, 500.0, "ok", "local_in_year", True, "2026-04"),
            (home, KIRKLEES, *october, 401.0, "ok", "local_in_year", True, "2026-04"),
            (home, BRADFORD, *october, None, "suppressed", "local_in_year", True, "2026-04"),
            (home, ENGLAND, *october, 150000.0, "ok", "local_in_year", True, "2026-04"),
            ("slt_wait_days_mean", LEEDS, *half, 70.5, "ok", "local_in_year", True, "2026-04"),
            # 31 March 2025 is published; 31 March 2026 is newer than the newest published one.
            ("cla_31_march", SHEFFIELD, *march, 9999.0, "ok", "local_provisional", True, "2026-04"),
            ("cla_31_march", LEEDS, *next_march, 1.0, "ok", "local_in_year", True, "2026-04"),
        ],
        key=lambda row: (row[0], row[1], row[2], row[3], row[4] is None, row[4] or 0),
    )
    assert supplied.query(
        """SELECT numerator, denominator, period_start, period_end FROM marts.fct_indicator_value
        WHERE indicator_id = 'slt_wait_days_mean'"""
    )[0][:2] == (141.0, 2.0)
    assert supplied.query(
        """SELECT DISTINCT source, owner FROM marts.council_measure
        WHERE area_code = ? AND indicator_id <> 'cla_31_march' ORDER BY 1""",
        LEEDS,
    ) == [("Referrals", "Early years team"), ("Register", "Inclusion team")]


def test_other_authorities_are_a_group_of_the_newest_month_with_n_of_n(supplied: Desk) -> None:
    assert supplied.query(
        """SELECT area_code, member_area_code FROM marts.comparator_member
        WHERE group_id = 'council_supplied' ORDER BY 2"""
    ) == [(LEEDS, BRADFORD), (LEEDS, KIRKLEES), (LEEDS, SHEFFIELD)]
    assert supplied.query(
        "SELECT group_version, statistic, includes_subject FROM marts.comparator_group "
        "WHERE group_id = 'council_supplied'"
    ) == [("1", "mean", False)]
    found = supplied.query(
        """SELECT indicator_id, area_code, period_id, statistic, value, members_used, members_total, includes_subject,
            release_status, not_shown_reason
        FROM marts.comparator_value WHERE group_id = 'council_supplied' ORDER BY ALL"""
    )
    nobody = (None, 0, 3, False, None, "no_member_has_a_value")
    assert found == [
        ("cla_31_march", LEEDS, "snapshot_2025-03-31", "mean", 9999.0, 1, 3, False, "local_provisional", None),
        ("cla_31_march", LEEDS, "snapshot_2026-03-31", "mean", *nobody),
        # Calderdale's figure is of an older month, which names no member.
        ("elective_home_education", LEEDS, "snapshot_2025-01-31", "mean", *nobody),
        ("elective_home_education", LEEDS, "snapshot_2025-10-02", "mean", 450.5, 2, 3, False, "local_in_year", None),
        ("slt_wait_days_mean", LEEDS, "year_2025-09-30", "mean", *nobody),
    ]


def test_published_figures_and_their_comparators_do_not_move(supplied: Desk, small_desk: Desk) -> None:
    before, after = small_desk.published, supplied.published
    assert differing_rows(before, after, "indicator_comparison") == 0
    assert differing_rows(before, after, "comparator_value WHERE group_id <> 'council_supplied'") == 0
    assert differing_rows(before, after, "comparator_member WHERE group_id <> 'council_supplied'") == 0
    assert differing_rows(before, after, "judgement WHERE kind <> 'against_target'") == 0
    assert differing_rows(before, after, "fct_indicator_value WHERE source_kind <> 'council'") == 0


def test_supplied_figure_is_judged_against_its_target_and_a_neutral_one_is_not(supplied: Desk) -> None:
    assert supplied.query(
        """SELECT indicator_id, area_code, period_id, word, reason, inputs.value, inputs.reference_value
        FROM marts.judgement WHERE kind = 'against_target' ORDER BY 1"""
    ) == [
        ("elective_home_education", LEEDS, "snapshot_2025-10-02", "not tested", "no_polarity", 1010.0, 900.0),
        ("slt_wait_days_mean", LEEDS, "year_2025-09-30", "amber", None, 70.5, 60.0),
    ]


def test_page_prints_supplied_figures_and_each_can_be_traced(supplied: Desk) -> None:
    printed = dict(
        supplied.query("SELECT figure_id, printed FROM marts.edition_figure WHERE figure LIKE 'council%' ORDER BY 1")
    )
    october = f"elective_home_education/{LEEDS}/snapshot_2025-10-02"
    assert printed[f"{october}/council"] == "1,010"
    assert printed[f"{october}/council_others"] == "2 of 3"
    assert printed[f"slt_wait_days_mean/{LEEDS}/year_2025-09-30/council"] == "70.5"
    # A figure of a later 31 March that only the council supplies opens no new edition.
    [edition] = supplied.query("SELECT edition_id FROM marts.edition")
    assert edition == ("2025-01",)
    page = (supplied.data / "editions" / edition[0] / "officer" / "index.html").read_text(encoding="utf-8")
    assert "supplied by the council" in page
    assert "Early years team" in page
    assert "amber against the target of 60.0" in page

    traced = supplied.cfp("trace", f"{october}/council_others")
    assert traced.code == 0, str(traced)
    assert "measures.csv" in str(traced)
    assert "int_council__mean" in str(traced)


def test_bad_file_is_refused_by_name_and_the_last_good_one_stays(supplied: Desk, tmp_path: Path) -> None:
    desk = supplied.copy(tmp_path / "desk")
    put(desk, "2026-04", OCTOBER.replace("E08000032", "E08009932"))
    put(desk, "2026-04", FEBRUARY.replace("elective_home_education", "no_such_measure"), name="others.csv")
    outcome = desk.refresh()
    assert "E08009932" in str(outcome)
    assert "no_such_measure" in str(outcome)
    assert desk.query(
        """SELECT count(*) FROM marts.source_file
        WHERE source_id = 'council' AND status = 'rejected' AND message LIKE '%council_measures_areas%'"""
    ) == [(1,)]
    # What the refused file would have changed stands as it was; what cannot be placed is printed nowhere.
    assert differing_rows(supplied.published, desk.published, "fct_indicator_value") == 0
    assert differing_rows(supplied.published, desk.published, "comparator_value") == 0
