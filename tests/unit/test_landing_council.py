"""Council measures on arrival: a row that cannot be placed is set aside with its reason, and no row is lost."""

from pathlib import Path

import pytest
from landing_desk import Desk

FOLDER = "council/measures/2025-10"
HEADER = (
    "indicator_id,area_code,period_start,period_end,breakdown_type,breakdown_value,value,numerator,denominator,"
    "value_status,source,owner"
)
TABLE = "raw_council.measures"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def row(**cells: str) -> str:
    """Return one row of a good figure with some cells changed."""
    good = {
        "indicator_id": "elective_home_education",
        "area_code": "E08000035",
        "period_start": "2025-01-31",
        "period_end": "2025-01-31",
        "breakdown_type": "",
        "breakdown_value": "",
        "value": "132",
        "numerator": "",
        "denominator": "",
        "value_status": "",
        "source": "Register",
        "owner": "Inclusion team",
    }
    return ",".join((good | cells).values())


def put(desk: Desk, *rows: str, name: str = "measures.csv", folder: str = FOLDER, header: str = HEADER) -> None:
    desk.put(f"{folder}/{name}", "\n".join([header, *rows]) + "\n")


def test_a_good_file_is_loaded_cell_by_cell_as_text(desk: Desk) -> None:
    put(desk, row(value='" 1,320 "'), row(area_code="373", value="c", value_status="suppressed"))
    desk.land()
    assert desk.files() == [("loaded", "current", 2, 2, 0)]
    assert desk.column(TABLE, "value") == [" 1,320 ", "c"]
    assert desk.failed_checks() == set()
    [(vintage,)] = desk.files("vintage_id")
    assert vintage.startswith("council_measures/2025-10/")


@pytest.mark.parametrize("symbol", ["z", "x", ":", ".", "..", "c", "k", "low", "~", "u", "w", "C", "Low"])
def test_every_symbol_of_the_department_may_stand_for_a_value(desk: Desk, symbol: str) -> None:
    put(desk, row(value=symbol))
    desk.land()
    assert desk.files() == [("loaded", "current", 1, 1, 0)]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"indicator_id": " "}, "missing_key"),
        ({"area_code": ""}, "missing_key"),
        ({"period_start": "January 2025"}, "unreadable_period"),
        ({"period_start": ""}, "unreadable_period"),
        ({"period_end": "2025-02-30"}, "unreadable_period"),
        ({"period_end": "2025"}, "unreadable_period"),
        ({"period_start": "2025-02-01"}, "reversed_period"),
        ({"period_start": "01/02/2025"}, "reversed_period"),
        ({"value": "", "value_status": "hidden"}, "undeclared_value_status"),
        ({"value": "132", "value_status": "suppressed"}, "status_contradicts_value"),
        ({"value": "", "value_status": "ok"}, "status_contradicts_value"),
        ({"breakdown_type": "sex"}, "half_a_breakdown"),
        ({"breakdown_type": "Total", "breakdown_value": "F"}, "half_a_breakdown"),
        ({"value": "about 130"}, "undeclared_symbol"),
        ({"value": "132%"}, "undeclared_symbol"),
        ({"value": "=1+1"}, "undeclared_symbol"),
        ({"value": "NaN"}, "undeclared_symbol"),
        ({"numerator": "Infinity"}, "undeclared_symbol"),
        ({"numerator": "many"}, "undeclared_symbol"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_and_its_source_told(
    desk: Desk, cells: dict[str, str], reason: str
) -> None:
    put(desk, row(), row(**({"area_code": "E08000039"} | cells)))
    desk.land()
    assert desk.files() == [("loaded", "current", 2, 1, 1)]
    [(number, why, severity, text)] = desk.quarantined()
    assert (number, severity, text) == (2, "critical", row(**({"area_code": "E08000039"} | cells)))
    assert reason in why.split(", ")
    assert ("council.measures", reason, "critical") in desk.failed_checks()


def test_a_repeat_is_set_aside_and_one_that_says_something_else_is_told_of(desk: Desk) -> None:
    put(
        desk,
        row(),
        row(area_code=" e08000035"),
        row(value="140"),
        row(period_end="2025-10-02", period_start="2025-10-02"),
        row(breakdown_type="sex", breakdown_value="F"),
    )
    desk.land()
    assert desk.files() == [("loaded", "current", 5, 3, 2)]
    assert [(number, why, severity) for number, why, severity, _ in desk.quarantined()] == [
        (2, "repeated_figure", "warning"),
        (3, "repeated_figure, conflicting_figure", "critical"),
    ]


def test_the_first_good_row_is_kept_where_an_earlier_one_cannot_be_read(desk: Desk) -> None:
    put(desk, row(value="?"), row(value="140"))
    desk.land()
    assert desk.column(TABLE, "value") == ["140"]
    assert [why for _, why, _, _ in desk.quarantined()] == ["undeclared_symbol"]


def test_a_dash_is_let_through_and_counted(desk: Desk) -> None:
    put(desk, row(value="-"), row(area_code="373", value=""))
    desk.land()
    assert desk.files() == [("loaded", "current", 2, 2, 0)]
    assert desk.failed_checks() == {("council.measures", "legacy_missing", "warning")}


def test_a_column_that_nobody_declared_stops_the_file(desk: Desk) -> None:
    put(desk, row() + ",note", header=HEADER + ",remark")
    desk.land()
    assert desk.files() == [("failed", "none", 0, 0, 0)]
    assert "remark" in desk.message()


def test_a_corrected_file_takes_the_place_of_the_earlier_one_which_is_kept(desk: Desk) -> None:
    put(desk, row())
    desk.land()
    put(desk, row(value="135"))
    desk.land()
    assert desk.files() == [("loaded", "superseded", 1, 1, 0), ("loaded", "current", 1, 1, 0)]
    assert sorted(desk.column(TABLE, "value")) == ["132", "135"]


def test_a_later_month_stands_beside_the_earlier_one(desk: Desk) -> None:
    put(desk, row(), folder="council/measures/2025-02")
    put(desk, row(value="135"))
    desk.land()
    assert desk.files("release, use") == [("2025-02", "current"), ("2025-10", "current")]


def test_a_file_that_the_checks_refuse_leaves_the_last_good_one_in_use(desk: Desk) -> None:
    put(desk, row())
    desk.land()
    put(desk, row(area_code="E08009999"))
    desk.land(rejected={f"{FOLDER}/measures.csv": "no such area"})
    assert desk.files("status, use") == [("loaded", "stale"), ("rejected", "none")]
    assert desk.column(TABLE, "value") == ["132"]
