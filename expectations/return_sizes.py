"""The size of a return: rows set aside when it was read, and how it compares with the year before."""

from typing import TYPE_CHECKING

from expectations.rules import ALLOWED_SHARE, HANDFUL, rule

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# `2023` and `2022-23` both mean the year that ends on 31 March 2023.
COLLECTION_YEAR = """case when regexp_full_match(trim(release), '[0-9][0-9][0-9][0-9]-[0-9][0-9]')
        then cast(left(trim(release), 4) as integer) + 1
    else try_cast(right(trim(release), 4) as integer) end"""


def few_set_aside(check_id: str, *, table: str, lost: str, why: str, advice: str) -> "Expectation":
    """Return the rule that reading the file lost at most one row in twenty.

    Args:
        check_id: The rule's name.
        table: The guarded table.
        lost: Pattern of the quarantine reasons that lose a row; a dropped duplicate loses nothing.
        why: What the rule protects.
        advice: What to do when it fails.
    """
    name = table.rsplit(".", 1)[-1]
    return rule(
        check_id,
        severity="critical",
        why=why,
        advice=advice,
        query=f"""with lost as (
                select file_id, count(distinct row_number) as lost_rows from landing.quarantine
                where table_name = '{name}' and regexp_matches(reason, '{lost}') group by 1
            )
            select f.file_id, f.rows_landed as checked, coalesce(l.lost_rows, 0) as failed
            from landing.source_file as f left join lost as l on l.file_id = f.file_id
            where f.table_name = '{name}' and f.file_id in (select distinct _file_id from {{batch}})""",
        allowed_share=ALLOWED_SHARE,
        allowed_count=HANDFUL,
        needs=("landing.source_file", "landing.quarantine"),
        empty_fails=True,
    )


def size_against_year_before(check_id: str, *, table: str, what: str, allowed: float) -> "Expectation":
    """Return the warning that a year-end return differs in size from the one before by more than `allowed`.

    In-year cuts are left out: they hold part of a year. Rows are counted as loaded.
    """
    name = table.rsplit(".", 1)[-1]
    source = table.split(".", 1)[0].removeprefix("raw_")
    return rule(
        check_id,
        severity="warning",
        why=f"a year-end return holds about as many {what} as the return before (within {allowed:.0%})",
        advice="Ask whether the return is complete, or what changed in the year.",
        query=f"""with returns as (
                select file_id, {COLLECTION_YEAR} as collection_year, rows_loaded
                from landing.source_file
                where source_id = '{source}' and table_name = '{name}' and as_at is null
                    and use in ('candidate', 'current', 'stale')
            ),
            compared as (
                select n.file_id, max(n.rows_loaded) as observed, max(b.rows_loaded) as expected
                from returns as n left join returns as b on b.collection_year = n.collection_year - 1
                where n.file_id in (select distinct _file_id from {{batch}})
                group by 1
            )
            select file_id, observed as checked,
                cast(coalesce(abs(observed / nullif(expected, 0) - 1) > {allowed}, false) as integer) as failed,
                observed, expected, {allowed} * expected as tolerance, observed - expected as difference
            from compared""",
        needs=("landing.source_file",),
    )
