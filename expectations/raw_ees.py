"""Arriving files of Explore Education Statistics: the rules that follow from the declaration of each tidy data set.

Adapted from the checks that the DfE's statisticians run on their own files before publication, and numbered as in
docs/methodology/tidy-files.md. What needs no look at the rows (encoding, columns, metadata, periods, levels) is checked
when a file is landed. A rule of one data set alone stands in a module of its own.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from dagster_project.project import STAGING_DIR
from dagster_project.sources.catalogue import RawTable, Tidy, TidyIndicator, load_catalogue
from expectations import raw_ees_b1_children_in_need, raw_ees_c1_referrals, raw_ees_neet_la_scorecard
from expectations.rules import RowRule, number, row_rules, rule
from expectations.suite import DATA_MANAGER, Suite, SuiteContext
from expectations.tidy_areas import FILLING, VERY_SMALL, areas
from expectations.tidy_files import LEVEL, NEWEST_AGAIN, whole_file_rules

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

#: Rules of one data set that no declaration says.
OWN_RULES: dict[str, Callable[[], "list[Expectation]"]] = {
    "b1_children_in_need": raw_ees_b1_children_in_need.expectations,
    "c1_children_in_need_referrals_and_rereferrals": raw_ees_c1_referrals.expectations,
    "neet_la_scorecard": raw_ees_neet_la_scorecard.expectations,
}
EXAMPLES = 20
OPTIONS_LIMIT = 25_000
#: A change on the year before is remarkable beyond so many robust standard deviations of all authorities' changes.
ROBUST_DEVIATIONS = 8
AREA_COLUMNS = ("country_code", "region_code", "old_la_code", "new_la_code", "lad_code")
OLD_SYMBOLS = (":", "~", ".", "..")
#: Filters with option names that are the same in all publications, by the words of the column's name.
HARMONISED = {
    "sex|gender": ("total", "male", "female", "boys", "girls", "not known", "unknown"),
    "phase|school_type": (
        "total",
        "state-funded primary",
        "state-funded secondary",
        "state-funded nursery",
        "special",
        "state-funded special school",
        "state-funded alternative provision school",
        "pupil referral unit",
        "primary",
        "secondary",
        "independent school",
        "non-maintained special school",
    ),
    "fsm": ("total", "fsm", "not fsm", "fsm eligible", "fsm not eligible", "unknown", "not known"),
    "sen_provision|sen_status": ("total", "no identified sen", "sen support", "ehc plan", "all sen", "unknown"),
}


def suites() -> tuple[Suite, ...]:
    """Return one suite for each declared tidy data set."""
    return tuple(
        Suite(
            name=f"raw_ees_{table.name}",
            table=f"{table.schema}.{table.name}",
            scope="source",
            owner=DATA_MANAGER,
            declare=partial(_expectations, table, table.tidy),
        )
        for table in load_catalogue(STAGING_DIR)
        if table.source == "ees" and table.tidy is not None
    )


def _expectations(table: RawTable, tidy: Tidy, context: SuiteContext) -> "list[Expectation]":
    filters = [entry.column for entry in tidy.filters]
    added = next((indicator.column for indicator in tidy.indicators if indicator.adds_up), None)
    rows, rules = _row_rules(table, tidy)
    return [
        *row_rules(rules, rows=rows),
        *whole_file_rules(
            table.name,
            table=f"{table.schema}.{table.name}",
            filters=filters,
            values=list(dict.fromkeys(figure.column for figure in tidy.figures)),
            added=added,
            everybody=_everybody(tidy),
        ),
        *_area_rules(table, tidy),
        *_filter_rules(table, tidy),
        *_period_rules(table, tidy),
        *_revision_rules(table, tidy),
        *(OWN_RULES[table.name]() if table.name in OWN_RULES else []),
    ]


def _literal(text: str) -> str:
    # Great Expectations formats the query, and the database binds a colon before a word.
    return "'" + text.replace("'", "''").replace("{", "{{").replace("}", "}}").replace(":", "\\:") + "'"


def _any(conditions: Iterable[str]) -> str:
    return " or ".join(f"coalesce({condition}, false)" for condition in conditions)


def _all(options: Iterable[tuple[str, str]]) -> str:
    return " and ".join(f"trim({column}) = {_literal(option)}" for column, option in options) or "true"


def _everybody(tidy: Tidy) -> str:
    """SQL for rows about everybody; all rows where a filter has no such option."""
    return _all([(entry.column, entry.default) for entry in tidy.filters if entry.default is not None])


def _place(table: RawTable) -> str:
    """Columns that tell areas apart, as one list."""
    held = [column for column in AREA_COLUMNS if column in table.columns]
    return ", ".join(["time_period", "time_identifier", "geographic_level", *held])


def _examples(expression: str, rows: str = "true") -> str:
    distinct = f"list_sort(list_distinct(list({expression}) filter (where {rows})))"
    return f"array_to_string(list_slice({distinct}, 1, {EXAMPLES}), '; ')"


def _row_rules(table: RawTable, tidy: Tidy) -> tuple[str, list[RowRule]]:
    """The rules on single rows, and the query that gives each row the bases that stand in other rows."""
    counts = [one.column for one in tidy.indicators if one.unit == "count"]
    shares = [one.column for one in tidy.indicators if one.unit == "percent"]
    bounded = [one for one in tidy.indicators if one.lowest is not None or one.unit == "scaled_score"]
    rules = []
    if counts:
        rules.append(
            RowRule(
                check_id=f"{table.name}_i03_counts",
                severity="critical",
                why="counts are whole numbers, never below zero",
                advice=f"The columns may have moved. {NEWEST_AGAIN}",
                breaks=_any(f"{number(c)} < 0 or {number(c)} <> round({number(c)}, 0)" for c in counts),
            )
        )
    if shares:
        rules.append(
            RowRule(
                check_id=f"{table.name}_i03_percentages",
                severity="critical",
                why="percentages lie between 0 and 100",
                advice=f"The columns may have moved. {NEWEST_AGAIN}",
                breaks=_any(f"{number(column)} not between 0 and 100" for column in shares),
            )
        )
    if bounded:
        rules.append(
            RowRule(
                check_id=f"{table.name}_i03_ranges",
                severity="critical",
                why="; ".join(
                    f"{one.column} lies between {_bounds(one)[0]:g} and {_bounds(one)[1]:g}" for one in bounded
                ),
                advice=f"The columns may have moved. {NEWEST_AGAIN}",
                breaks=_any(
                    f"{number(one.column)} not between {_bounds(one)[0]} and {_bounds(one)[1]}" for one in bounded
                ),
            )
        )
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
    old = ", ".join(_literal(symbol) for symbol in OLD_SYMBOLS)
    rules.append(
        RowRule(
            check_id=f"{table.name}_i02_old_symbols",
            severity="warning",
            why="no cell holds a symbol that is no longer in use (a colon, a full stop or two, a tilde)",
            advice="They are read as not available or rounding to zero; nothing needs to be done.",
            breaks=_any(f"trim({column}) in ({old})" for column in values),
        )
    )
    rules += _place_rules(table)
    return _with_bases(tidy), rules


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
            f"max(case when {_all(one.denominator_option)} then {one.denominator} end) over ("
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
                breaks=_any(_differs(one, units[one.unit]) for one in followed),
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
                f"(lower(trim({code})) = 'x') <> (lower(trim({name})) = 'not available')" for code, name in pairs
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


def _area_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    known = areas()
    codes = ", ".join(f"({value}, '{code}')" for value, found in known.codes.items() for code in sorted(found))
    names = ", ".join(f"({value}, '{name}')" for value, found in known.names.items() for name in sorted(found))
    filling = ", ".join(f"'{word}'" for word in FILLING)
    # The same fold as `tidy_areas.folded`.
    fold = f"""array_to_string(list_sort(list_filter(
        regexp_extract_all(replace(lower(la_name), '''', ''), '[a-z]+'), lambda word: word not in ({filling}))), ' ')"""
    named = "select distinct _file_id, try_cast(trim(old_la_code) as integer) as dfe_number, {0} as found"
    of_authorities = f"from {{batch}} where {LEVEL} = 'local authority'"

    def of_batch(column: str) -> str:
        return named.replace("{0}", column) + " " + of_authorities

    return [
        rule(
            f"{table.name}_g03_names",
            severity="warning",
            why="names and nine-character codes of authorities are those we know",
            advice="Authorities are matched by their three-digit code. A new code belongs into the seed of area codes.",
            query=f"""with known_name(dfe_number, found) as (values {names}),
                    known_code(dfe_number, found) as (values {codes}),
                    seen as (
                        select n._file_id, n.dfe_number || ' ' || n.found as words, k.found is not null as is_known
                        from ({of_batch(fold)}) as n left join known_name as k using (dfe_number, found)
                        union all
                        select n._file_id, n.dfe_number || ' ' || n.found, k.found is not null
                        from ({of_batch("trim(new_la_code)")}) as n left join known_code as k using (dfe_number, found)
                    )
                select _file_id as file_id, count(*) as checked, count(*) filter (where not is_known) as failed,
                    'Not known: ' || {_examples("words", "not is_known")} as note
                from seen group by 1""",
        ),
        rule(
            f"{table.name}_g06_one_name",
            severity="critical",
            why="a three-digit code has one name, and a nine-character code belongs to one three-digit code",
            advice=f"Rows of two authorities may be mixed up. {NEWEST_AGAIN}",
            query=f"""with by_number as (
                        select _file_id, dfe_number as what, count(distinct found) as found
                        from ({of_batch("lower(trim(la_name))")}) group by 1, 2
                    ),
                    by_code as (
                        select _file_id, found as what, count(distinct dfe_number) as found
                        from ({of_batch("trim(new_la_code)")})
                        where coalesce(found, '') not in ('', 'x', 'z') group by 1, 2
                    ),
                    counted as (
                        select _file_id, cast(what as varchar) as what, found from by_number
                        union all select * from by_code
                    )
                select _file_id as file_id, count(*) as checked, count(*) filter (where found > 1) as failed,
                    'Codes: ' || {_examples("what", "found > 1")} as note
                from counted group by 1""",
        ),
        rule(
            f"{table.name}_g09_authorities",
            severity="warning",
            why="every authority in force in a year is there, itself or the one that took its place",
            advice="Figures of the missing authorities stay blank and ranks are out of fewer; compare with the "
            "publisher's own table.",
            query=_missing_authorities(tidy),
            empty_fails=True,
        ),
    ]


def _missing_authorities(tidy: Tidy) -> str:
    known = areas()
    listed = []
    for value, (since, until) in known.in_force.items():
        if value in VERY_SMALL:
            continue
        stand_ins = {value} | known.successors.get(value, frozenset())
        stand_ins |= {former for former, found in known.successors.items() if value in found}
        for stand_in in sorted(stand_ins):
            first, last = since or "1900-01-01", until or "2999-12-31"
            listed.append(f"({value}, {stand_in}, date '{first}', date '{last}')")
    return f"""with force(dfe_number, stand_in, since, until) as (values {", ".join(listed)}),
            present as (
                select distinct _file_id, trim(time_period) as period, {_period_end(tidy)} as period_end,
                    try_cast(trim(old_la_code) as integer) as dfe_number
                from {{batch}} where {LEVEL} = 'local authority' and {_everybody(tidy)}
            ),
            period as (select distinct _file_id, period, period_end from present),
            expected as (
                select p._file_id, p.period, f.dfe_number, count(s.dfe_number) as found
                from period as p
                join force as f on p.period_end between f.since and f.until
                left join present as s
                    on s._file_id = p._file_id and s.period = p.period and s.dfe_number = f.stand_in
                group by all
            )
        select _file_id as file_id, count(*) as checked, count(*) filter (where found = 0) as failed,
            'Missing: ' || {_examples("dfe_number || ' in ' || period", "found = 0")} as note
        from expected group by 1"""


def _period_end(tidy: Tidy) -> str:
    year = (
        "case when length(trim(time_period)) = 6 then cast(left(trim(time_period), 4) as integer) + 1"
        " else try_cast(trim(time_period) as integer) end"
    )
    month, day = tidy.year_ends.split("-")
    return f"try_cast({year} || '-{month}-{day}' as date)"


def _filter_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    rules = [
        rule(
            f"{table.name}_l05_one_row",
            severity="critical",
            why="there is one row for a period, an area and a set of options, whatever its figures",
            advice=f"Two rows say different things of the same area: neither can be trusted. {NEWEST_AGAIN}",
            query=f"""with counted as (
                    select _file_id, count(*) as found
                    from {{batch}} group by {", ".join(["_file_id", _place(table), *(e.column for e in tidy.filters)])}
                )
                select _file_id as file_id, cast(sum(found) as bigint) as checked,
                    cast(sum(found - 1) as bigint) as failed
                from counted group by 1""",
        ),
    ]
    for entry in tidy.filters:
        if entry.constant:
            rules.append(
                rule(
                    f"{table.name}_l03_{entry.column}_one_word",
                    severity="critical",
                    why=f"the column {entry.column} holds one word, so that every area and period has one row",
                    advice=f"The file has a new breakdown: declare which of its rows is the total. {NEWEST_AGAIN}",
                    query=f"""select _file_id as file_id, 1 as checked,
                        cast(count(distinct coalesce(lower(trim({entry.column})), '')) <> 1 as integer) as failed,
                        'Words: ' || {_examples(f"trim({entry.column})")} as note
                        from {{batch}} group by 1""",
                )
            )
    free = [entry for entry in tidy.filters if not entry.constant]
    if free:
        options = [f"count(distinct trim({entry.column}))" for entry in free]
        odd = " + ".join(f"cast({found} not between 2 and {OPTIONS_LIMIT} as integer)" for found in options)
        rules.append(
            rule(
                f"{table.name}_l03_options",
                severity="warning",
                why=f"every filter has at least two options and no more than {OPTIONS_LIMIT:,}",
                advice="A filter with one option splits nothing: the file may be a part of the published one.",
                query=f"select _file_id as file_id, {len(free)} as checked, {odd} as failed from {{batch}} group by 1",
            )
        )
    needed = _needed_options(tidy)
    if needed:
        found = " + ".join(f"cast(count(*) filter (where {condition}) = 0 as integer)" for _, condition in needed)
        words = " || ".join(
            f"case when count(*) filter (where {condition}) = 0 then {_literal('; ' + name)} else '' end"
            for name, condition in needed
        )
        rules.append(
            rule(
                f"{table.name}_l02_totals",
                severity="critical",
                why="the options for everybody, and those that figures are read from, are there",
                advice=f"The wording of a filter may have changed: declare the new words. {NEWEST_AGAIN}",
                query=f"""select _file_id as file_id, {len(needed)} as checked, {found} as failed,
                    'Not there: ' || ltrim({words}, '; ') as note
                    from {{batch}} group by 1""",
                empty_fails=True,
            )
        )
    rules += _option_rules(table, tidy)
    rules += _parts_rules(table, tidy)
    return rules


def _needed_options(tidy: Tidy) -> list[tuple[str, str]]:
    needed: dict[str, str] = {}
    for entry in tidy.filters:
        if entry.default is not None:
            needed[f"{entry.column} {entry.default}"] = _all([(entry.column, entry.default)])
    for figure in tidy.figures:
        if figure.where:
            needed[", ".join(option for _, option in figure.where)] = _all(figure.where)
    return list(needed.items())


def _option_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    """Options that no declaration knows: in a breakdown, in a column that mixes several, and by the standard lists."""
    rules = []
    for place, one in enumerate(tidy.slices):
        default = next((e.default for e in tidy.filters if e.column == one.column and e.default), None)
        known = [*(option for option, _ in one.options), *one.unused, *([default] if default else [])]
        is_new = f"trim({one.column}) not in ({', '.join(_literal(option) for option in known)})"
        suffix = f"{one.breakdown_type}_{place}" if len(tidy.slices) > 1 else one.breakdown_type
        rules.append(
            rule(
                f"{table.name}_l06_{suffix}",
                severity="critical",
                why=f"every option of {one.column} that is a part by {one.breakdown_type} is declared",
                advice="An option that is not declared has no name in our figures: declare it, as used or unused.",
                query=f"""select _file_id as file_id, count(*) as checked, count(*) filter (where {is_new}) as failed,
                    'Options: ' || {_examples(f"trim({one.column})", is_new)} as note
                    from {{batch}} where {_all(one.where)} group by 1""",
            )
        )
    for entry in tidy.filters:
        if entry.column in ("characteristic", "characteristic_group"):
            known = [option for one in tidy.slices for column, option in one.where if column == entry.column]
            known += [option for one in tidy.slices if one.column == entry.column for option, _ in one.options]
            known += [*entry.unused, *([entry.default] if entry.default else [])]
            is_new = f"trim({entry.column}) not in ({', '.join(_literal(option) for option in known)})"
            rules.append(
                rule(
                    f"{table.name}_d07_{entry.column}",
                    severity="warning",
                    why=f"the column {entry.column} mixes several breakdowns, and each of them is declared",
                    advice="Nothing is read from a breakdown that is not declared: declare it, as used or unused.",
                    query=f"""select _file_id as file_id, count(*) as checked,
                        count(*) filter (where {is_new}) as failed,
                        'Not declared: ' || {_examples(f"trim({entry.column})", is_new)} as note
                        from {{batch}} group by 1""",
                )
            )
        for words, harmonised in HARMONISED.items():
            sliced = [option for one in tidy.slices if one.column == entry.column for option, _ in one.options]
            if not _named(entry.column, words):
                continue
            known = [*harmonised, *(option.lower() for option in sliced)]
            is_new = f"lower(trim({entry.column})) not in ({', '.join(_literal(option) for option in known)})"
            rules.append(
                rule(
                    f"{table.name}_l06_{entry.column}_names",
                    severity="warning",
                    why=f"options of {entry.column} have the names that all publications use, or are declared",
                    advice="The rows are read by the words of the file; tell the publisher, or declare the option.",
                    query=f"""select _file_id as file_id, count(*) as checked,
                        count(*) filter (where {is_new}) as failed,
                        'Options: ' || {_examples(f"trim({entry.column})", is_new)} as note
                        from {{batch}} group by 1""",
                )
            )
    return rules


def _named(column: str, words: str) -> bool:
    return any(word in column for word in words.split("|"))


def _parts_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    """That the parts of a filter add up to its total, where they are declared to be parts."""
    count = next((one.column for one in tidy.indicators if one.adds_up), None)
    rules = []
    for entry in tidy.filters:
        if not entry.adds_up or count is None or entry.default is None:
            continue
        others = [other.column for other in tidy.filters if other.column != entry.column]
        is_total = f"trim({entry.column}) = {_literal(entry.default)}"
        value = number(count)
        # Above authority level each part is rounded to 10; a part that is withheld leaves the sum unknown.
        rules.append(
            rule(
                f"{table.name}_i06_{entry.column}",
                severity="warning",
                why=f"{count} of the parts by {entry.column} add up to the total within the rounding",
                advice="The published total is used; a part may be missing from the file, or counted twice.",
                query=f"""with summed as (
                        select _file_id,
                            max(case when {is_total} then {value} end) as total,
                            sum(case when {is_total} then 0 else {value} end) as parts,
                            count(*) filter (where not ({is_total})) as number_of_parts,
                            count(*) filter (where {value} is null) as withheld,
                            max({LEVEL}) as level
                        from {{batch}} group by {", ".join(["_file_id", _place(table), *others])}
                    )
                    select _file_id as file_id, count(*) as checked,
                        count(*) filter (where abs(total - parts)
                            > case when level = 'local authority' then 0 else 5 * (number_of_parts + 1) end) as failed,
                        count(*) filter (where abs(total - parts)
                            > case when level = 'local authority' then 0 else 5 * (number_of_parts + 1) end)
                            <= 0.01 * count(*) as passed
                    from summed where withheld = 0 and number_of_parts > 1 group by 1""",
            )
        )
    return rules


def _period_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    # A release is named after its day, month or year, if after any; without one there is nothing to compare with.
    released = """case
        when regexp_matches(release, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') then try_cast(left(release, 10) as date)
        when regexp_matches(release, '^[0-9]{{4}}-(0[1-9]|1[0-2])($|[^0-9])')
            then last_day(try_cast(left(release, 7) || '-01' as date))
        when regexp_matches(release, '^[0-9]{{4}}($|[^0-9])') then try_cast(left(release, 4) || '-12-31' as date)
    end"""
    return [
        rule(
            f"{table.name}_t04_future",
            severity="warning",
            why="no period ends after the release it is printed in",
            advice="The file may lie in the folder of another release, or a period may be misread.",
            query=f"""with period as (
                        select distinct _file_id, trim(time_period) as period, {_period_end(tidy)} as ends
                        from {{batch}}
                    ),
                    release_of as (select file_id, max({released}) as released from landing.source_file group by 1)
                select p._file_id as file_id, count(*) as checked,
                    count(*) filter (where p.ends > r.released) as failed,
                    'Periods: ' || {_examples("p.period", "p.ends > r.released")} as note
                from period as p left join release_of as r on r.file_id = p._file_id group by 1""",
            needs=("landing.source_file",),
        ),
        *(_one_period(table) if tidy.one_period else _several_periods(table, tidy)),
    ]


def _one_period(table: RawTable) -> "list[Expectation]":
    return [
        rule(
            f"{table.name}_t01_one_period",
            severity="critical",
            why="a file is of one period, from which the other periods printed in it are counted",
            advice=f"The layout may have changed. {NEWEST_AGAIN}",
            query="""select _file_id as file_id, 1 as checked,
                cast(count(distinct trim(time_period) || lower(trim(time_identifier))) <> 1 as integer) as failed
                from {batch} group by 1""",
        )
    ]


def _several_periods(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    first_year = "try_cast(left(trim(time_period), 4) as integer)"
    gaps = ", ".join(gap[:4] for gap in tidy.gaps) or "0"
    return [
        rule(
            f"{table.name}_t04_gaps",
            severity="warning",
            why="no year is left out between the first and the last, other than those declared",
            advice="A series with a hole is compared across it only if it is declared that nothing was collected.",
            query=f"""with year as (select distinct _file_id, {first_year} as started from {{batch}}),
                    next as (
                        select _file_id, started, lead(started) over (partition by _file_id order by started) as later
                        from year
                    ),
                    missing as (
                        select _file_id, unnest(range(started + 1, coalesce(later, started + 1))) as left_out from next
                    )
                select y._file_id as file_id, count(distinct y.started) as checked,
                    count(distinct m.left_out) filter (where m.left_out not in ({gaps})) as failed,
                    'Years: ' || {_examples("m.left_out", f"m.left_out not in ({gaps})")} as note
                from year as y left join missing as m on m._file_id = y._file_id group by 1""",
        ),
        rule(
            f"{table.name}_i09_changes",
            severity="warning",
            why="an authority's change on the year before is within what the changes of all authorities suggest",
            advice="Nothing is dropped: look whether the authority's figure is known to have moved.",
            query=_unusual_changes(tidy),
        ),
    ]


def _unusual_changes(tidy: Tidy) -> str:
    read = dict.fromkeys(figure.column for figure in tidy.figures)
    free = [entry.column for entry in tidy.filters if not entry.constant]
    wanted = " or ".join([f"({_everybody(tidy)})", *(f"({_all(f.where)})" for f in tidy.figures if f.where)])
    packed = ", ".join(f"('{column}', {number(column)})" for column in read)
    parts = ", ".join(["_file_id", "measure", *free])
    return f"""with cell as (
            select _file_id, {"".join(f"{column}, " for column in free)}trim(old_la_code) as dfe_number,
                try_cast(left(trim(time_period), 4) as integer) as started, m.measure, m.value
            from {{batch}}, lateral (values {packed}) as m(measure, value)
            where {LEVEL} = 'local authority' and ({wanted})
        ),
        change as (
            select {parts}, dfe_number, started,
                value - lag(value) over (partition by {parts}, dfe_number order by started) as moved,
                started - lag(started) over (partition by {parts}, dfe_number order by started) as years
            from cell
        ),
        middle as (
            select *, median(moved) over (partition by {parts}, started) as usual from change
            where moved is not null and years = 1
        ),
        spread as (
            select *, 1.4826 * median(abs(moved - usual)) over (partition by {parts}, started) as deviation from middle
        ),
        judged as (
            select *, deviation > 0 and abs(moved - usual) > {ROBUST_DEVIATIONS} * deviation as is_odd,
                dfe_number || ' ' || measure || ' ' || started as words
            from spread
        )
        select _file_id as file_id, count(*) as checked, count(*) filter (where is_odd) as failed,
            'Largest: ' || array_to_string(list_slice(
                list(words order by abs(moved - usual) / deviation desc) filter (where is_odd), 1, {EXAMPLES}
            ), '; ') as note
        from judged group by 1"""


def _revision_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    """What the release before said: options that came or went, statuses that went back, cells that changed."""
    raw = f"{table.schema}.{table.name}"
    pair = f"""newest as (select distinct _file_id from {{batch}}),
        release_of as (select file_id, max(release) as release from landing.source_file group by 1),
        before as (
            select n._file_id, max_by(o.file_id, o.release) as earlier_id
            from newest as n
            join release_of as r on r.file_id = n._file_id
            join release_of as o on o.release < r.release
            where o.file_id in (select distinct _file_id from {raw})
            group by 1
        )"""
    free = [entry.column for entry in tidy.filters if not entry.constant]
    rules = []
    if free:
        said = " union all ".join(
            f"select distinct _file_id, '{column}' || ' ' || trim({column}) as option from {raw}" for column in free
        )
        rules.append(
            rule(
                f"{table.name}_l07_options",
                severity="warning",
                why="the options of its filters are those of the release before",
                advice="Look whether a breakdown was renamed: the series would end and another begin.",
                query=f"""with {pair},
                    said as ({said}),
                    now as (select b._file_id, s.option from before as b join said as s using (_file_id)),
                    earlier as (
                        select b._file_id, s.option from before as b join said as s on s._file_id = b.earlier_id
                    ),
                    compared as (
                        select coalesce(now._file_id, earlier._file_id) as file_id, now.option as now_said,
                            earlier.option as once_said
                        from now full join earlier using (_file_id, option)
                    )
                    select file_id, count(*) as checked,
                        count(*) filter (where now_said is null or once_said is null) as failed,
                        'New: ' || {_examples("now_said", "once_said is null")}
                            || '. Gone: ' || {_examples("once_said", "now_said is null")} as note
                    from compared group by 1""",
                needs=("landing.source_file",),
            )
        )
    key = [*[c for c in AREA_COLUMNS if c in table.columns and c != "new_la_code"], *free]
    joined = " and ".join(
        [
            "n.time_period = e.time_period",
            "n.geographic_level = e.geographic_level",
            *(f"coalesce(trim(n.{column}), '') = coalesce(trim(e.{column}), '')" for column in key),
        ]
    )
    both = f"""{pair},
        shared as (
            select n._file_id, {{columns}}
            from before as b
            join {raw} as n on n._file_id = b._file_id
            join {raw} as e on e._file_id = b.earlier_id and {joined}
        )"""
    if tidy.status:
        order = "case lower(trim({0})) when 'provisional' then 1 when 'revised' then 2 when 'final' then 3 end"
        now, then = order.replace("{0}", f"n.{tidy.status}"), order.replace("{0}", f"e.{tidy.status}")
        rules.append(
            rule(
                f"{table.name}_i10_status_forward",
                severity="critical",
                why="a figure goes from provisional to revised to final and never back",
                advice="The releases may lie in each other's folders: check which file is the newer one.",
                query=f"""with {both.replace("{columns}", f"{now} as now, {then} as earlier, n.time_period as period")}
                    select _file_id as file_id, count(*) as checked, count(*) filter (where now < earlier) as failed,
                        'Periods: ' || {_examples("period", "now < earlier")} as note
                    from shared group by 1""",
                needs=("landing.source_file",),
            )
        )
    read = list(dict.fromkeys(figure.column for figure in tidy.figures))
    # A figure that became final may still not change afterwards; without a status nothing is said to be final.
    final = f"lower(trim(e.{tidy.status})) = 'final'" if tidy.status else "false"
    columns = ", ".join(
        f"({number(f'n.{column}')} is distinct from {number(f'e.{column}')}) as is_changed_{place}, "
        f"abs({number(f'n.{column}')} - {number(f'e.{column}')}) as size_{place}"
        for place, column in enumerate(read)
    )
    changed = " + ".join(f"count(*) filter (where is_changed_{place})" for place in range(len(read)))
    final_changed = " + ".join(
        f"count(*) filter (where was_final and is_changed_{place})" for place in range(len(read))
    )
    words = " || '; ' || ".join(
        f"'{column} ' || count(*) filter (where is_changed_{place}) || ' cells, largest '"
        f" || coalesce(round(max(size_{place}), 4), 0)"
        for place, column in enumerate(read)
    )
    rules.append(
        rule(
            f"{table.name}_i11_revisions",
            severity="warning",
            why="cells are those of the release before; what changed is listed with its size",
            advice="Nothing is edited: both values are kept as vintages, and cfp plan lists every figure that changes.",
            query=f"""with {both.replace("{columns}", f"{final} as was_final, {columns}")}
                select _file_id as file_id, count(*) * {len(read)} as checked, {changed} as failed,
                    {words} || '. In final years: ' || ({final_changed}) as note
                from shared group by 1""",
            needs=("landing.source_file",),
        )
    )
    return rules
