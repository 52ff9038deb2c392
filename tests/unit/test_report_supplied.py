"""What the council supplies itself, on the page: its figure, the authorities beside it, source, owner and status."""

import pytest
from report_fixture import TOWN, PublishedFixture, full
from test_report_content import content_of

from dagster_project.report.blocks import Cell, Note, Table, figures_in
from dagster_project.report.content import Content

NAMES = ("indicator", "period", "own", "others", "source", "owner")


def supplied(fixture: PublishedFixture, period_id: str, label: str, value: float | None, **values: object) -> None:
    """Add a figure of speech therapy waits that the council supplies."""
    words = {"source": values.pop("source", "Referral system"), "owner": values.pop("owner", "Early years team")}
    row = {"source_kind": "council", "vintage_id": "council_measures/2025-10/aa", "release_status": "local_in_year"}
    fixture.local("lait_waits", period_id, label, value, **row | values)
    fixture.add(
        "council_measure", indicator_id="lait_waits", area_code=TOWN, period_id=period_id, breakdown_type="total",
        breakdown_value="total", vintage_id="council_measures/2025-10/aa", is_current=True, **words,
    )  # fmt: skip


def others(fixture: PublishedFixture, period_id: str, value: float | None, used: int, total: int) -> None:
    """Add the mean of the other authorities."""
    fixture.add(
        "comparator_value", indicator_id="lait_waits", area_code=TOWN, period_id=period_id, breakdown_type="total",
        breakdown_value="total", group_id="council_supplied", group_version="1", statistic="mean", value=value,
        members_used=used, members_total=total, includes_subject=False, comparator_period_id=period_id,
    )  # fmt: skip


def tables(content: Content) -> dict[str, Table]:
    return {block.id: block for block in content.blocks if isinstance(block, Table)}


def rows(content: Content) -> list[dict[str, Cell]]:
    return [dict(zip(NAMES, row, strict=True)) for row in tables(content)["section-5-3-supplied-table"].rows]


@pytest.fixture
def fixture() -> PublishedFixture:
    return full()


def test_supplied_figure_stands_with_period_status_source_owner_and_the_others(fixture: PublishedFixture) -> None:
    supplied(fixture, "year_2025-09-30", "1 April 2025 to 30 September 2025", 77.14)
    others(fixture, "year_2025-09-30", 88.4, 3, 4)
    content = content_of(fixture)
    [row] = rows(content)
    assert row["indicator"].text == "Waits for speech therapy"
    assert (row["period"].text, row["period"].notes) == (
        "1 April 2025 to 30 September 2025",
        ("local, in-year snapshot",),
    )
    assert row["own"].figures[0].figure_id == f"lait_waits/{TOWN}/year_2025-09-30/council"
    assert (row["own"].figures[0].value, row["own"].figures[0].source_kind) == (77.14, "council")
    assert (row["others"].figures[0].value, row["others"].notes) == (88.4, ("3 of 4",))
    assert (row["source"].text, row["owner"].text) == ("Referral system", "Early years team")
    assert "supplied by the council" in tables(content)["section-5-3-supplied-table"].caption
    assert not [block for block in content.blocks if isinstance(block, Note) and "Waits for speech" in block.text]


def test_newest_figure_of_each_status_is_shown_and_a_symbol_says_why_there_is_none(fixture: PublishedFixture) -> None:
    supplied(fixture, "year_2025-09-30", "half", None, value_status="suppressed")
    supplied(fixture, "year_2025-03-31", "2024-25", 75.0, release_status="local_provisional")
    supplied(fixture, "year_2024-09-30", "earlier half", 99.0)
    printed = [(row["period"].text, row["own"].text) for row in rows(content_of(fixture))]
    assert [period for period, _ in printed] == ["half", "2024-25"]
    assert printed[0][1].startswith("[c]")


def test_figure_computed_from_a_return_is_not_one_that_the_council_supplies(fixture: PublishedFixture) -> None:
    supplied(fixture, "year_2025-09-30", "half", 77.0)
    fixture.local("lait_waits", "year_2025-03-31", "2024-25", 60.0)
    assert [row["period"].text for row in rows(content_of(fixture))] == ["half"]


@pytest.mark.parametrize(
    ("value", "used", "total", "text", "note"),
    [
        (88.4, 2, 4, "2 of 4", "too few authorities with a figure"),
        (None, 0, 4, "0 of 4", "no authority has a figure"),
    ],
)
def test_no_mean_of_others_is_printed_below_two_thirds(
    fixture: PublishedFixture, value: float | None, used: int, total: int, text: str, note: str
) -> None:
    supplied(fixture, "year_2025-09-30", "half", 77.0)
    others(fixture, "year_2025-09-30", value, used, total)
    [row] = rows(content_of(fixture))
    assert (row["others"].text, row["others"].notes) == (text, (note,))
    assert row["others"].figures[0].value is None


def test_two_thirds_are_enough_for_a_mean(fixture: PublishedFixture) -> None:
    supplied(fixture, "year_2025-09-30", "half", 77.0)
    others(fixture, "year_2025-09-30", 88.4, 2, 3)
    assert rows(content_of(fixture))[0]["others"].figures[0].value == 88.4


def test_mean_of_counts_is_not_printed_beside_a_count(fixture: PublishedFixture) -> None:
    fixture.connection.execute("update marts.dim_indicator set unit = 'count' where indicator_id = 'lait_waits'")
    supplied(fixture, "year_2025-09-30", "half", 77.0)
    others(fixture, "year_2025-09-30", 88.4, 4, 4)
    [row] = rows(content_of(fixture))
    assert (row["others"].text, row["others"].notes) == ("4 of 4", ("count: depends on the size of the place",))


def test_figure_without_others_source_or_owner_says_so(fixture: PublishedFixture) -> None:
    supplied(fixture, "year_2025-09-30", "half", 77.0, source=None, owner=None)
    [row] = rows(content_of(fixture))
    assert (row["others"].text, row["others"].notes) == ("–", ("no figures of other authorities supplied",))
    assert (row["source"].text, row["owner"].text) == ("not given", "not given")


def test_supplied_figure_of_a_published_indicator_leaves_the_published_row_as_it_was(fixture: PublishedFixture) -> None:
    before = {figure for figure in figures_in(content_of(full()).blocks) if figure.indicator_id == "ks2_reading_exp"}
    fixture.local(
        "ks2_reading_exp", "year_2025-08-31", "2024/25", 12.0, source_kind="council", vintage_id="council_measures/1/a"
    )
    after = {figure for figure in figures_in(content_of(fixture).blocks) if figure.indicator_id == "ks2_reading_exp"}
    assert before < after
    # Its own row, and the comparison with the published figure in the data status.
    assert {figure.figure for figure in after - before} == {"council", "council_less_published"}


def test_target_of_a_supplied_figure_stands_beside_it(fixture: PublishedFixture) -> None:
    supplied(fixture, "year_2025-09-30", "half", 77.0)
    fixture.judged("lait_waits", "year_2025-09-30", "against_target", "target", "amber", reference_value=70.0)
    [row] = rows(content_of(fixture))
    assert [mark.text for mark in row["own"].marks] == ["amber against the target of 70.0%"]


def test_judgement_of_a_published_figure_is_not_printed_beside_the_supplied_one(fixture: PublishedFixture) -> None:
    fixture.local(
        "ks2_reading_exp", "year_2025-08-31", "2024/25", 12.0, source_kind="council", vintage_id="council_measures/1/a"
    )
    content = content_of(fixture)
    [row] = [
        row
        for name, table in tables(content).items()
        for row in table.rows
        if name.endswith("-supplied-table") and row[0].text.startswith("Key stage 2 reading")
    ]
    assert row[2].figures[0].value == 12.0
    assert row[2].marks == ()


def test_figure_after_the_last_day_of_the_edition_is_not_shown(fixture: PublishedFixture) -> None:
    supplied(fixture, "year_2025-12-31", "later", 77.0)
    supplied(fixture, "year_2025-06-30", "spring", 70.0)
    fixture.limit("", "2025-09-30")
    assert [row["period"].text for row in rows(content_of(fixture))] == ["spring"]


def test_group_of_other_authorities_is_named_with_its_members(fixture: PublishedFixture) -> None:
    fixture.add("comparator_group", group_id="council_supplied", group_version="1", group_name="Other authorities",
                statistic="mean", source="Files of the council")  # fmt: skip
    assert "Other authorities" not in [row[0].text for row in tables(content_of(fixture))["comparator-groups"].rows]
    fixture = full()
    fixture.add("comparator_group", group_id="council_supplied", group_version="1", group_name="Other authorities",
                statistic="mean", source="Files of the council")  # fmt: skip
    fixture.add("comparator_member", group_id="council_supplied", group_version="1", area_code=TOWN,
                member_area_code="E08000931")  # fmt: skip
    found = [row for row in tables(content_of(fixture))["comparator-groups"].rows if row[0].text == "Other authorities"]
    assert len(found) == 1
