"""How a rule becomes an expectation: rules on single rows share one scan, rules on a whole table bring a query.

A query reads the guarded rows as `{batch}` and returns counts (see `ExpectRuleToHold`). Great Expectations formats
the query text, so a brace that is meant literally is doubled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, kw_only=True)
class RowRule:
    """A rule that each row keeps or breaks on its own.

    Attributes:
        check_id: The rule's name in results, waivers and documentation.
        severity: `critical` rejects the file or refuses the publication; `warning` is reported.
        why: What the rule protects.
        advice: What to do when it fails.
        breaks: SQL predicate that is true for a row that breaks the rule; null counts as kept.
        applies: SQL predicate for the rows the rule is about; the share of failures is taken of these.
        allowed_share: Share of those rows (0 to 1) that may break the rule.
        allowed_count: Number of rows that may break it whatever their share, so that a small file is not refused for
            a handful.
        empty_fails: A file without a single row fails the rule.
    """

    check_id: str
    severity: Severity
    why: str
    advice: str
    breaks: str
    applies: str = "true"
    allowed_share: float = 0.0
    allowed_count: int = 0
    empty_fails: bool = False


#: Share of rows that may break a rule before a file about pupils or children is refused, and the handful that never
#: refuses one: a return of a few children (a test file, a small team) is not refused for that, warnings name them.
ALLOWED_SHARE = 0.05
HANDFUL = 10


def refused_and_named(
    check_id: str, *, why: str, advice: str, to_refused: str, to_named: str, breaks: str, applies: str = "true"
) -> tuple[RowRule, RowRule]:
    """Return a rule twice: one that refuses the file above the allowed share, one that warns of every row.

    Args:
        check_id: Name of the first; the second has `_rows` after it.
        why: What the rule protects.
        advice: What may be wrong, in both.
        to_refused: What to do with a file that is refused.
        to_named: What to do with single rows.
        breaks: SQL predicate that is true for a row that breaks the rule.
        applies: SQL predicate for the rows the rule is about.
    """
    return (
        RowRule(
            check_id=check_id,
            severity="critical",
            why=f"nineteen in twenty rows keep the rule that {why}",
            advice=f"{advice} {to_refused}",
            breaks=breaks,
            applies=applies,
            allowed_share=ALLOWED_SHARE,
            allowed_count=HANDFUL,
        ),
        RowRule(
            check_id=f"{check_id}_rows",
            severity="warning",
            why=why,
            advice=f"{advice} {to_named}",
            breaks=breaks,
            applies=applies,
        ),
    )


def about(
    check_id: str, *, why: str, advice: str, needs: Sequence[str] = (), empty_fails: bool = False
) -> dict[str, object]:
    """Return an expectation's `meta`.

    Args:
        check_id: The rule's name in results, waivers and documentation.
        why: What the rule protects.
        advice: What to do when it fails.
        needs: Other tables the rule reads; while one is missing the rule is reported as not run.
        empty_fails: A file without a single row fails the rule.
    """
    return {
        "check_id": check_id,
        "why": why,
        "advice": advice,
        "needs": list(needs),
        "empty_fails": empty_fails,
    }


def rule(
    check_id: str,
    *,
    severity: Severity,
    why: str,
    advice: str,
    query: str,
    allowed_share: float = 0.0,
    allowed_count: int = 0,
    needs: Sequence[str] = (),
    empty_fails: bool = False,
) -> "Expectation":
    """Return the expectation for a rule on a whole table; `query` returns its counts."""
    from great_expectations.expectations.metadata_types import FailureSeverity

    from dagster_project.quality.engine import ExpectRuleToHold

    return ExpectRuleToHold(
        query=query,
        allowed_share=allowed_share,
        allowed_count=allowed_count,
        severity=FailureSeverity(severity),
        meta=about(check_id, why=why, advice=advice, needs=needs, empty_fails=empty_fails),
    )


def row_rules(
    rules: Sequence[RowRule], *, rows: str = "select * from {batch}", by_file: bool = True, needs: Sequence[str] = ()
) -> "list[Expectation]":
    """Return one expectation per rule; all of them read the same single scan of the table.

    Args:
        rules: The rules, on the columns of `rows`.
        rows: The query whose rows the rules are about, where columns of another table are needed as well.
        by_file: Count for each arriving file on its own.
        needs: Other tables that `rows` reads.
    """
    from great_expectations.expectations.metadata_types import FailureSeverity

    from dagster_project.quality.engine import ExpectRuleToHold

    counts = ",\n".join(
        f"count(*) filter (where {one.applies}) as checked_{number}, "
        f"count(*) filter (where ({one.applies}) and ({one.breaks})) as failed_{number}"
        for number, one in enumerate(rules)
    )
    file = "_file_id as file_id,\n" if by_file else ""
    query = f"with guarded as ({rows})\nselect {file}{counts}\nfrom guarded\n{'group by 1' if by_file else ''}"
    return [
        ExpectRuleToHold(
            query=query,
            checked_column=f"checked_{number}",
            failed_column=f"failed_{number}",
            allowed_share=one.allowed_share,
            allowed_count=one.allowed_count,
            severity=FailureSeverity(one.severity),
            meta=about(one.check_id, why=one.why, advice=one.advice, needs=needs, empty_fails=one.empty_fails),
        )
        for number, one in enumerate(rules)
    ]


def literal(text: str) -> str:
    """Return a text as an SQL literal that stays one in a query of an expectation."""
    # Great Expectations formats the query, and the database binds a colon before a word.
    return "'" + text.replace("'", "''").replace("{", "{{").replace("}", "}}").replace(":", "\\:") + "'"


def number(column: str) -> str:
    """Return SQL for the number in a text column, without thousands separators; null where there is none."""
    return f"try_cast(replace(trim({column}), ',', '') as double)"


def day(column: str) -> str:
    """Return SQL for the date in a text column: dd/mm/yyyy or yyyy-mm-dd, perhaps with a time of day; else null."""
    return f"cast(try_strptime(regexp_extract(trim({column}), '^[^ T]+'), ['%d/%m/%Y', '%Y-%m-%d']) as date)"


def blank(column: str) -> str:
    """Return SQL that is true for a missing cell; older published files hold a single space."""
    return f"coalesce(trim({column}), '') = ''"
