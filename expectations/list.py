"""Every check with its owner, severity and reason: `python -m expectations.list` prints them for the documentation."""

from dataclasses import dataclass

from expectations import MART_SUITES, RAW_SUITES
from expectations.suite import SuiteContext


@dataclass(frozen=True)
class Check:
    """One check as the documentation and the waiver file know it."""

    check_id: str
    suite: str
    table: str
    severity: str
    scope: str
    owner: str
    why: str
    advice: str


def list_checks(context: SuiteContext) -> list[Check]:
    """Return every check of every suite, in the order of the registry. Imports Great Expectations."""
    return [
        Check(
            check_id=meta["check_id"],
            suite=suite.name,
            table=suite.table,
            severity=str(getattr(expectation.severity, "value", expectation.severity)),
            scope=suite.scope,
            owner=suite.owner,
            why=meta["why"],
            advice=meta["advice"],
        )
        for suite in (*RAW_SUITES, *MART_SUITES)
        for expectation in suite.expectations(context)
        for meta in (expectation.meta or {},)
    ]


def known_checks(context: SuiteContext) -> frozenset[str]:
    """Return every check id that a waiver may name, the one for a missing table aside: that is never waived."""
    return frozenset(check.check_id for check in list_checks(context))


def main() -> None:
    """Print one line of Markdown per check."""
    print("| Check | Table | Severity | Owner | Protects |")
    print("|---|---|---|---|---|")
    # The reasons do not depend on the authority; the number only completes the queries.
    for check in list_checks(SuiteContext(authority=0)):
        print(f"| `{check.check_id}` | `{check.table}` | {check.severity} | {check.owner} | {check.why} |")


if __name__ == "__main__":
    main()
