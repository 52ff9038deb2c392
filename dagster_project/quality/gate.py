"""The gate before publication: which findings refuse it, and in what words."""

from collections.abc import Iterable
from dataclasses import dataclass

from dagster_project.quality.results import CheckResult


@dataclass(frozen=True)
class GateDecision:
    """Whether a publication may go out, and one sentence for every finding that refuses it."""

    allowed: bool
    refusals: tuple[str, ...]


def gate(results: Iterable[CheckResult]) -> GateDecision:
    """Refuse when a critical check of scope publication failed or could not run; nothing else refuses.

    Warnings, waived findings and findings of scope file or source never refuse: a source that fails keeps its last
    good file in use and leaves the rest of the publication alone.
    """
    refusals = tuple(_refusal(result) for result in results if _refuses(result))
    return GateDecision(allowed=not refusals, refusals=refusals)


def _refuses(result: CheckResult) -> bool:
    return result.severity == "critical" and result.scope == "publication" and result.outcome in ("fail", "not_run")


def _refusal(result: CheckResult) -> str:
    what = (
        "could not run"
        if result.outcome == "not_run"
        else f"failed for {result.failed_count:,} of {result.checked_count:,}"
    )
    return (
        f"{result.suite}: check {result.check_id} on {result.table_name} {what}. {result.message or result.why or ''} "
        "If the figures are right all the same, a named person may record a waiver with reason and expiry in "
        "council/waivers.yml."
    )
