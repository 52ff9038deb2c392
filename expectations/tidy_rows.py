"""Rules on single rows of a tidy file: figures, statuses, and how each row names its area."""

from dagster_project.sources.catalogue import RawTable, Tidy, TidyIndicator
from expectations.rules import RowRule, literal, number
from expectations.tidy_areas import areas
from expectations.tidy_files import LEVEL, NEWEST_AGAIN
from expectations.tidy_sql import all_of, any_of

OLD_SYMBOLS = (":", "~", ".", "..")


def row_checks(table: RawTable, tidy: Tidy) -> tuple[str, list[RowRule]]:
    """Return the query whose rows have the bases that stand in other rows, and the rules on its rows."""
    counts = [one.column for one in tidy.indicators if one.unit == "count"]
    shares = [one.column for one in tidy.indicators if one.unit == "percent"]
    bounded = [one for one in tidy.indicators if _is_bounded(one)]
    rules = [
        RowRule(
            check_id=f"{table.name}_i03_{name}",
            severity="critical",
            why=why,
            advice=f"The columns may have moved. {NEWEST_AGAIN}",
            breaks=any_of(breaks),
        )
        for name, why, breaks in (
            (
                "counts",
                "counts are whole numbers, never below zero",
                [f"{number(c)} < 0 or {number(c)} <> round({number(c)}, 0)" for c in counts],
            ),
            (
                "percentages",
                "percentages lie between 0 and 100",
                [f"{number(column)} not between 0 and 100" for column in shares],
            ),
            (
                "ranges",
                "; ".join(f"{one.column} lies between {_bounds(one)[0]:g} and {_bounds(one)[1]:g}" for one in bounded),
                [f"{number(one.column)} not between {_bounds(one)[0]} and {_bounds(one)[1]}" for one in bounded],
            ),
        )
        if breaks
    ]
    rules += _follow_rules(table, tidy)
    free = [entry.column for entry in tidy.filters]
    if free:
        rules.append(
            RowRule(
                check_id=f"{table.name}_l01_filters",
                severity="critical",
                why="no cell of a filter is blank or begins or ends with a space",
                advice=f"Rows whose breakdown is not known are read as none. {NEWEST_AGAIN}",
                breaks=" or ".join(f"coalesce(trim({c}), '') = '' or {c} <> trim({c})" for c in free),
            )
        )
    if tidy.status:
        rules.append(
            RowRule(
                check_id=f"{table.name}_i10_status",
                severity="critical",
                why="a row is Provisional, Revised or Final",
                advice="A status that is not known cannot be printed with the figure: declare the new word first.",
                breaks=f"coalesce(trim({tidy.status}), '') not in ('Provisional', 'Revised', 'Final')",
            )
        )
    values = table.values.columns if table.values else ()
    old = ", ".join(literal(symbol) for symbol in OLD_SYMBOLS)
    rules.append(
        RowRule(
            check_id=f"{table.name}_i02_old_symbols",
            severity="warning",
            why="no cell holds a symbol that is no longer in use (a colon, a full stop or two, a tilde)",
            advice="They are read as not available or rounding to zero; nothing needs to be done.",
            breaks=any_of(f"trim({column}) in ({old})" for column in values),
        )
    )
    rules += _place_rules(table)
    return _with_bases(tidy), rules


def _is_bounded(indicator: TidyIndicator) -> bool:
    return indicator.unit == "scaled_score" or indicator.lowest is not None or indicator.highest is not None


def _bounds(indicator: TidyIndicator) -> tuple[float, float]:
    if indicator.unit == "scaled_score":
        return 80.0, 120.0
    return indicator.lowest or 0.0, indicator.highest if indicator.highest is not None else 1e12


def _with_bases(tidy: Tidy) -> str:
    bases = [one for one in tidy.indicators if one.denominator_option]
    if not bases:
        return "select * from {batch}"
    place = "_file_id, time_period, geographic_level, region_code, old_la_code"
    windows = []
    for one in bases:
        others = [entry.column for entry in tidy.filters if entry.column not in dict(one.denominator_option)]
        windows.append(
            f"max(case when {all_of(one.denominator_option)} then {one.denominator} end) over ("
            f"partition by {', '.join([place, *(f'trim({column})' for column in others)])}) as {one.column}_base"
        )
    return f"select *, {', '.join(windows)} from {{batch}}"


def _follow_rules(table: RawTable, tidy: Tidy) -> list[RowRule]:
    """That a share, rate or mean is that of the counts printed beside it."""
    rules = []
    for rule_id, units, words in (
        ("i04_shares", {"percent": 100, "rate": 10_000}, "a percentage or rate is that of its counts"),
        ("i05_means", {"score": 1, "mean": 1}, "a mean is its total divided by its count"),
    ):
        followed = [one for one in tidy.indicators if one.unit in units and one.numerator and one.denominator]
        if not followed:
            continue
        rules.append(
            RowRule(
                check_id=f"{table.name}_{rule_id}",
                severity="warning",
                why=f"{words} within the rounding of the figures",
                advice="The published figure is used; tell the publisher which rows disagree.",
                breaks=any_of(_differs(one, units[one.unit]) for one in followed),
                allowed_share=0.01,
            )
        )
    return rules


def _differs(one: TidyIndicator, factor: int) -> str:
    value, part = number(one.column), number(str(one.numerator))
    whole = number(f"{one.column}_base" if one.denominator_option else str(one.denominator))
    rounding = 0.5 * 10 ** -(one.decimals or 0) + 1e-9
    # Counts above authority level are rounded to 10, so each may be 5 out; a sum of points is not rounded.
    out = f"5 * ({factor if one.unit in ('percent', 'rate') else 0} + abs({value})) / greatest({whole} - 5, 1)"
    return (
        f"{whole} > 0 and abs({value} - {factor} * {part} / {whole}) > {rounding}"
        f" + case when {LEVEL} = 'local authority' then 0 else {out} end"
    )


def _place_rules(table: RawTable) -> list[RowRule]:
    known = areas()
    numbers = ", ".join(str(value) for value in sorted(known.codes))
    regions = ", ".join(f"'{code}'" for code in sorted(known.regions))
    blank = {column: f"coalesce(trim({column}), '') = ''" for column in table.columns}
    finer = [column for column in ("lad_code", "lad_name") if column in table.columns]
    authority = ["old_la_code", "new_la_code", "la_name"]
    region = ["region_code", "region_name"]
    pairs = [("region_code", "region_name"), ("old_la_code", "la_name"), ("new_la_code", "la_name")]
    return [
        RowRule(
            check_id=f"{table.name}_g02_coarser_rows",
            severity="warning",
            why="rows of England and of regions name no area within them",
            advice="The level decides; the names are not used. Tell the publisher.",
            breaks=f"""({LEVEL} = 'national' and not ({" and ".join(blank[c] for c in region + authority + finer)}))
                or ({LEVEL} = 'regional' and not ({" and ".join(blank[c] for c in authority + finer)}))
                or ({LEVEL} = 'local authority' and not ({" and ".join(blank[c] for c in finer) or "true"}))""",
        ),
        RowRule(
            check_id=f"{table.name}_g03_areas",
            severity="critical",
            why="every authority's three-digit code and every region's code is one we know",
            advice="A new authority has to be added to the seeds of areas first; else the code is wrong: ask the "
            "publisher.",
            breaks=f"""({LEVEL} = 'local authority'
                    and coalesce(try_cast(trim(old_la_code) as integer), 0) not in ({numbers}))
                or ({LEVEL} = 'regional' and coalesce(trim(region_code), '') not in ({regions}))
                or ({LEVEL} = 'national' and coalesce(trim(country_code), '') <> 'E92000001')""",
        ),
        RowRule(
            check_id=f"{table.name}_g04_not_available",
            severity="warning",
            why="the code x goes with the name Not available, and the reverse",
            advice="Rows are matched by code; tell the publisher.",
            breaks=" or ".join(
                f"(lower(coalesce(trim({code}), '')) = 'x') <> (lower(coalesce(trim({name}), '')) = 'not available')"
                for code, name in pairs
            ),
        ),
        RowRule(
            check_id=f"{table.name}_g05_region_of_authority",
            severity="warning",
            why="rows of authorities name their region",
            advice="The region of the project's own list is used; nothing needs to be done.",
            breaks=f"{LEVEL} = 'local authority' and ({blank['region_code']} or {blank['region_name']})",
        ),
    ]
