"""Arriving file: figures that the council supplies itself (council/measures), for its own area and for others.

The lists of indicators, areas and symbols are read from the seeds as files: they are tables of the warehouse only once
it has been built, and a first file must not be refused for that.
"""

from typing import TYPE_CHECKING

from expectations.rules import blank, day, literal, number, rule
from expectations.seeds import seed
from expectations.suite import DATA_MANAGER, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "raw_council.measures"
CORRECT = "Correct the file and put it in the folder again; until then the last good file stays in use."
# A note names at most so many characters of what was found: a file of nothing but faults must not fill the page.
LONGEST_NOTE = 300
STATUS = "coalesce(lower(trim(value_status)), '')"
CELL = "indicator, area, last_day, breakdown_type, breakdown_value"


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what one file of council measures must keep."""
    return [*_key_rules(), *_figure_rules(), *_word_rules()]


def _key_rules() -> "list[Expectation]":
    """Return the rules on what a row is about: indicator, area and period."""
    return [
        rule(
            "council_measures_indicators",
            severity="warning",
            why="every row names an indicator of the list (dbt/seeds/indicators.csv)",
            advice="Its figures are kept in the raw table and printed nowhere: correct the id or declare it.",
            query=_counted("unit is null", named="indicator", missing="Not declared"),
        ),
        rule(
            "council_measures_areas",
            severity="critical",
            why="every row is of an authority, a region or England, by a GSS code of today or of old or its DfE number",
            advice=f"A row left out would change the mean of the other authorities unseen. {CORRECT}",
            query=_counted("area is null", named="coalesce(nullif(supplied_area, ''), 'blank')", missing="Not known"),
            empty_fails=True,
        ),
        rule(
            "council_measures_one_figure",
            severity="critical",
            why="a file holds each figure once, whichever code its area has and however its dates are written",
            advice=f"Two rows are one figure under two codes or spellings; which is meant is not known. {CORRECT}",
            query=f"""with placed as ({_rows()}),
                cells as (
                    select _file_id, {CELL}, count(*) as times
                    from placed where area is not null group by all
                )
                select _file_id as file_id, count(*) as checked, count(*) filter (where times > 1) as failed,
                    {_note("indicator || ' ' || area", "times > 1", "More than once")}
                from cells group by 1""",
        ),
        rule(
            "council_measures_period_over",
            severity="critical",
            why="no period ends after the month of its folder",
            advice=f"A period that is not over has no figure yet, so a date is wrong. {CORRECT}",
            query=f"""with placed as ({_rows()}),
                dated as (
                    select p.*, try_strptime(f.release, '%Y-%m') + interval 1 month as after_month
                    from placed as p left join landing.source_file as f on f.file_id = p._file_id
                )
                select _file_id as file_id, count(after_month) as checked,
                    count(*) filter (where last_day >= after_month) as failed,
                    {_note("indicator || ' ' || last_day", "last_day >= after_month", "Too late")}
                from dated group by 1""",
            needs=("landing.source_file",),
        ),
        rule(
            "council_measures_month",
            severity="critical",
            why="the folder of a file is named for its month, such as 2026-04: the newest month wins",
            advice="Rename the folder; until then the last good file stays in use.",
            query="""select b._file_id as file_id, 1 as checked,
                    cast(not regexp_full_match(any_value(f.release), '[0-9]{{4}}-(0[1-9]|1[0-2])') as integer)
                        as failed,
                    'Found: ' || left(any_value(f.release), 40) as note
                from {batch} as b join landing.source_file as f on f.file_id = b._file_id group by 1""",
            needs=("landing.source_file",),
        ),
        rule(
            "council_measures_period_fits",
            severity="warning",
            why="a figure of a year begins with that year and one of a day begins and ends on it",
            advice="The figure is printed under its last day: say in the commentary what it covers, or correct it.",
            query=_counted(
                """case when period_kind = 'snapshot' then first_day <> last_day
                    else strftime(first_day, '%m-%d') <> year_begins end""",
                applies="period_kind is not null",
                named="indicator || ' ' || last_day",
                missing="Other first day",
            ),
        ),
        rule(
            "council_measures_one_file",
            severity="warning",
            why="no figure stands in two files of one month",
            advice="The file whose vintage sorts last counts: keep the one that is meant.",
            query=f"""with placed as ({_rows()}),
                others as ({_rows(TABLE)}),
                held as (
                    select distinct o.indicator, o.area, o.last_day, o.breakdown_type, o.breakdown_value, f.release,
                        f.file_path
                    from others as o join landing.source_file as f on f.file_id = o._file_id
                    where f.use in ('candidate', 'current', 'stale')
                ),
                compared as (
                    select p.*, exists (
                        select 1 from held as h
                        where h.indicator = p.indicator and h.area = p.area and h.last_day = p.last_day
                            and h.breakdown_type = p.breakdown_type and h.breakdown_value = p.breakdown_value
                            and h.release = f.release and h.file_path <> f.file_path) as is_twice
                    from placed as p join landing.source_file as f on f.file_id = p._file_id
                )
                select _file_id as file_id, count(*) as checked, count(*) filter (where is_twice) as failed,
                    {_note("indicator || ' ' || area", "is_twice", "In two files")}
                from compared group by 1""",
            needs=("landing.source_file",),
        ),
    ]


def _figure_rules() -> "list[Expectation]":
    """Return the rules on values and counts."""
    return [
        rule(
            "council_measures_possible",
            severity="critical",
            why="a count is a whole number, and no count, percentage, rate or number of days is below zero",
            advice=f"The columns may have moved, or the indicator is another one. {CORRECT}",
            query=_counted(
                """value < 0 or (unit = 'count' and value <> round(value, 0)) or numerator < 0 or denominator < 0""",
                applies="unit is not null and unit not in ('score', 'mean', 'currency') and not is_gap",
                named="indicator || ' ' || area",
                missing="Impossible",
            ),
        ),
        # Take-up is set against an estimate of the children there are, so that it may pass 100 rightly.
        rule(
            "council_measures_percent_in_range",
            severity="warning",
            why="percentages lie between 0 and 100",
            advice="Read the indicator's definition: where it may pass 100, nothing is wrong.",
            query=_counted(
                "value > 100",
                applies="unit = 'percent' and value is not null",
                named="indicator || ' ' || area",
                missing="Above 100",
            ),
        ),
        rule(
            "council_measures_value_follows",
            severity="warning",
            why="a value is its numerator over its denominator in its unit, within the decimals it is printed with",
            advice="The value is printed as supplied: correct it or the counts behind it.",
            query=_counted(
                "denominator = 0 or abs(value - multiplier * numerator / nullif(denominator, 0)) > half_a_unit + 1e-9",
                applies="""value is not null and numerator is not null and denominator is not null
                    and multiplier is not null""",
                named="indicator || ' ' || area",
                missing="Differing",
            ),
        ),
        rule(
            "council_measures_count_follows",
            severity="warning",
            why="a count with a numerator equals it",
            advice="The value is printed as supplied: correct it or the numerator.",
            query=_counted(
                "value <> numerator",
                applies="unit = 'count' and value is not null and numerator is not null",
                named="indicator || ' ' || area",
                missing="Differing",
            ),
        ),
    ]


def _word_rules() -> "list[Expectation]":
    """Return the rules on what a row says beside its figure."""
    return [
        rule(
            "council_measures_symbol_agrees",
            severity="warning",
            why="a symbol in the place of a value says the same as value_status beside it",
            advice="The symbol counts. Write one of the two.",
            query=_counted(
                "symbol_status <> stated_status",
                applies="symbol_status is not null and stated_status <> ''",
                named="indicator || ' ' || area || ' ' || stated_status",
                missing="Contradicting",
            ),
        ),
        rule(
            "council_measures_reason_given",
            severity="warning",
            why="a row without a value says why, by a symbol or by value_status",
            advice="It is printed as “reason not given”: add the reason.",
            query=_counted(
                "symbol_status is null and stated_status = ''",
                applies="value is null",
                named="indicator || ' ' || area",
                missing="Without a reason",
            ),
        ),
        rule(
            "council_measures_source_and_owner",
            severity="warning",
            why="every row names where the figure is from and who answers for it",
            advice="The page prints “not given” in their place: fill the columns source and owner.",
            query=_counted(
                f"{blank('source')} or {blank('owner')}", named="indicator || ' ' || area", missing="Not named for"
            ),
        ),
    ]


def _counted(breaks: str, *, named: str, missing: str, applies: str = "true") -> str:
    """Return the query that counts the rows of each file that break a rule and names what they are about."""
    broken = f"({applies}) and ({breaks})"
    return f"""with placed as ({_rows()})
        select _file_id as file_id, count(*) filter (where {applies}) as checked,
            count(*) filter (where {broken}) as failed, {_note(named, broken, missing)}
        from placed group by 1"""


def _note(named: str, broken: str, words: str) -> str:
    """Return the expression of a note that names what breaks a rule, each thing once, cut to a readable length."""
    return f"""left('{words}: ' || string_agg(distinct cast({named} as varchar), ', ' order by cast({named} as varchar))
        filter (where {broken}), {LONGEST_NOTE}) as note"""


def _rows(table: str = "{batch}") -> str:
    """Return the query of the rows with what the seeds say of their indicator, area and symbol.

    Columns are those of the file, and `indicator`, `area` (DfE number, null where not known), `first_day`, `last_day`,
    `value`, `numerator`, `denominator` as numbers, `stated_status`, `symbol_status` (null for a dash, which gives no
    reason), and from the seeds `unit`, `period_kind`, `year_begins`, `multiplier` and `half_a_unit`.
    """
    return f"""select b._file_id, b.source, b.owner,
            lower(trim(b.indicator_id)) as indicator, upper(trim(b.area_code)) as supplied_area, a.area,
            {day("b.period_start")} as first_day, {day("b.period_end")} as last_day,
            lower(coalesce(nullif(trim(b.breakdown_type), ''), 'total')) as breakdown_type,
            lower(coalesce(nullif(trim(b.breakdown_value), ''), 'total')) as breakdown_value,
            {number("b.value")} as value, {number("b.numerator")} as numerator,
            {number("b.denominator")} as denominator,
            {STATUS} as stated_status, s.symbol_status, i.unit, i.period_kind, i.year_begins, i.half_a_unit,
            regexp_matches(lower(b.indicator_id), '_gap(_|$)') as is_gap,
            case i.unit when 'percent' then 100 when 'rate_per_100' then 100 when 'rate_per_1000' then 1000
                when 'rate_per_10k' then 10000 when 'rate_per_100k' then 100000 when 'mean' then 1 when 'days' then 1
                when 'score' then 1 end as multiplier
        from {table} as b
        left join (values {_values(_indicators())}) as i(id, unit, period_kind, year_begins, half_a_unit)
            on i.id = lower(trim(b.indicator_id))
        left join (values {_values(_areas())}) as a(code, area) on a.code = upper(trim(b.area_code))
        left join (values {_values(_symbols())}) as s(symbol, symbol_status) on s.symbol = lower(trim(b.value))"""


def _values(rows: tuple[tuple[str | float, ...], ...]) -> str:
    """Return rows of a seed as SQL values; texts are quoted."""
    return ", ".join(
        "(" + ", ".join(literal(cell) if isinstance(cell, str) else repr(cell) for cell in row) + ")" for row in rows
    )


def _indicators() -> tuple[tuple[str | float, ...], ...]:
    """Return id, unit, kind of period, first day of its year (month and day) and half a unit of its last decimal."""
    begins = {row["year_kind"]: row["start_month_day"] for row in seed("year_kinds")}
    return tuple(
        (
            row["indicator_id"],
            row["unit"],
            row["period_kind"],
            begins[row["year_kind"]],
            0.5 * 10.0 ** -int(row["decimals"]),
        )
        for row in seed("indicators")
    )


def _areas() -> tuple[tuple[str, str], ...]:
    """Return every code of an area with its DfE number: the GSS codes of today and of old, and the number itself."""
    known = {
        (code, row["dfe_number"])
        for name in ("authorities", "regions", "area_code_history")
        for row in seed(name)
        for code in (row["area_code"], row["dfe_number"])
    }
    return tuple(sorted(known))


def _symbols() -> tuple[tuple[str, str], ...]:
    """Return the symbols that give a reason, with the status they stand for; a dash or NA gives none."""
    return tuple(
        (row["symbol"], row["value_status"])
        for row in seed("value_symbols")
        if row["publication"] == "ees" and row["value_status"] != "legacy_missing"
    )


SUITE = Suite(name="raw_council_measures", table=TABLE, scope="source", owner=DATA_MANAGER, declare=expectations)
