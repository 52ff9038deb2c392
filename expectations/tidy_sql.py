"""Pieces of SQL that the rules of tidy files are written with."""

from collections.abc import Iterable

from dagster_project.sources.catalogue import RawTable, Tidy
from expectations.rules import literal

EXAMPLES = 20
AREA_COLUMNS = ("country_code", "region_code", "old_la_code", "new_la_code", "lad_code")


def any_of(conditions: Iterable[str]) -> str:
    """Return a predicate that is true where one of the conditions is; one that is not known counts as false."""
    return " or ".join(f"coalesce({condition}, false)" for condition in conditions)


def all_of(options: Iterable[tuple[str, str]]) -> str:
    """Return a predicate for rows with all of these options of filters; true where none are named."""
    return " and ".join(f"trim({column}) = {literal(option)}" for column, option in options) or "true"


def everybody(tidy: Tidy) -> str:
    """Return a predicate for rows about everybody; all rows where a filter has no such option."""
    return all_of([(entry.column, entry.default) for entry in tidy.filters if entry.default is not None])


def place(table: RawTable) -> str:
    """Return the columns that tell periods and areas apart, as one list."""
    held = [column for column in AREA_COLUMNS if column in table.columns]
    return ", ".join(["time_period", "time_identifier", "geographic_level", *held])


def same_place(table: RawTable) -> str:
    """Return the columns that tell periods and areas apart however they are typed, as one list.

    An authority is its three-digit code: the nine-character one changes with its boundaries, so the same authority may
    stand in a file under two of them.
    """
    held = [column for column in AREA_COLUMNS if column in table.columns]
    cells = [f"trim({column})" for column in held if column not in ("old_la_code", "new_la_code")]
    if {"old_la_code", "new_la_code"} <= set(held):
        cells.append("coalesce(nullif(trim(old_la_code), ''), trim(new_la_code))")
    return ", ".join(["trim(time_period)", "lower(trim(time_identifier))", "lower(trim(geographic_level))", *cells])


def period_end(tidy: Tidy) -> str:
    """Return the last day of a row's period; null where the period cannot be read."""
    year = (
        "case when length(trim(time_period)) = 6 then cast(left(trim(time_period), 4) as integer) + 1"
        " else try_cast(trim(time_period) as integer) end"
    )
    month, day = tidy.year_ends.split("-")
    return f"try_cast({year} || '-{month}-{day}' as date)"


def examples(expression: str, rows: str = "true") -> str:
    """Return an aggregate that lists the first different texts of `expression` among `rows`."""
    distinct = f"list_sort(list_distinct(list({expression}) filter (where {rows})))"
    return f"array_to_string(list_slice({distinct}, 1, {EXAMPLES}), '; ')"
