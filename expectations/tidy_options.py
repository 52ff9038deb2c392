"""Rules on the filters of a tidy file: totals, options nobody declared, parts that add up, rows held twice."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster_project.sources.catalogue import RawTable, Tidy
from expectations.rules import literal, number, rule
from expectations.tidy_files import LEVEL, NEWEST_AGAIN
from expectations.tidy_sql import all_of, examples, place, same_place

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


OPTIONS_LIMIT = 25_000


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


def filter_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    """Return the rules on filters and their options, and that no row is there twice."""
    options = [f"trim({entry.column})" for entry in tidy.filters]
    rules = [
        rule(
            f"{table.name}_l05_one_row",
            severity="critical",
            why="there is one row for a period, an area and a set of options, whatever its figures",
            advice=f"Two rows say different things of the same area: neither can be trusted. {NEWEST_AGAIN}",
            query=f"""with counted as (
                    select _file_id, count(*) as found
                    from {{batch}} group by {", ".join(["_file_id", same_place(table), *options])}
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
                        'Words: ' || {examples(f"trim({entry.column})")} as note
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
            f"case when count(*) filter (where {condition}) = 0 then {literal('; ' + name)} else '' end"
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
            needed[f"{entry.column} {entry.default}"] = all_of([(entry.column, entry.default)])
    for figure in tidy.figures:
        if figure.where:
            needed[", ".join(option for _, option in figure.where)] = all_of(figure.where)
    # Reworded throughout, a breakdown would be gone without a row left that could say so.
    for one in tidy.slices:
        if one.where:
            needed[", ".join(option for _, option in one.where)] = all_of(one.where)
    return list(needed.items())


def _option_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    """Options that no declaration knows: in a breakdown, in a column that mixes several, and by the standard lists."""
    rules = []
    for number_of_slice, one in enumerate(tidy.slices):
        default = next((e.default for e in tidy.filters if e.column == one.column and e.default), None)
        known = [*(option for option, _ in one.options), *one.unused, *([default] if default else [])]
        suffix = f"{one.breakdown_type}_{number_of_slice}" if len(tidy.slices) > 1 else one.breakdown_type
        rules.append(
            rule(
                f"{table.name}_l06_{suffix}",
                severity="critical",
                why=f"every option of {one.column} that is a part by {one.breakdown_type} is declared",
                advice="An option that is not declared has no name in our figures: declare it, as used or unused.",
                query=_options_beside(f"trim({one.column})", known, rows=all_of(one.where)),
            )
        )
    for entry in tidy.filters:
        if entry.column in ("characteristic", "characteristic_group"):
            known = [option for one in tidy.slices for column, option in one.where if column == entry.column]
            known += [option for one in tidy.slices if one.column == entry.column for option, _ in one.options]
            known += [*entry.unused, *([entry.default] if entry.default else [])]
            rules.append(
                rule(
                    f"{table.name}_d07_{entry.column}",
                    severity="warning",
                    why=f"the column {entry.column} mixes several breakdowns, and each of them is declared",
                    advice="Nothing is read from a breakdown that is not declared: declare it, as used or unused.",
                    query=_options_beside(f"trim({entry.column})", known),
                )
            )
        for words, harmonised in HARMONISED.items():
            sliced = [option for one in tidy.slices if one.column == entry.column for option, _ in one.options]
            if not _named(entry.column, words):
                continue
            known = [*harmonised, *(option.lower() for option in sliced)]
            rules.append(
                rule(
                    f"{table.name}_l06_{entry.column}_names",
                    severity="warning",
                    why=f"options of {entry.column} have the names that all publications use, or are declared",
                    advice="The rows are read by the words of the file; tell the publisher, or declare the option.",
                    query=_options_beside(f"lower(trim({entry.column}))", known),
                )
            )
    return rules


def _options_beside(option: str, known: Sequence[str], *, rows: str = "true") -> str:
    """Return the query that counts the rows of each file with another option than those known, and names these."""
    is_new = f"{option} not in ({', '.join(literal(one) for one in known)})"
    return f"""select _file_id as file_id, count(*) as checked, count(*) filter (where {is_new}) as failed,
        'Options: ' || {examples(option, is_new)} as note
        from {{batch}} where {rows} group by 1"""


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
        is_total = f"trim({entry.column}) = {literal(entry.default)}"
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
                        from {{batch}} group by {", ".join(["_file_id", place(table), *others])}
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
