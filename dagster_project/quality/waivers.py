"""Waivers: a named person's decision, until a date, that a check's finding may stand (council/waivers.yml)."""

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dagster_project.quality.results import CheckResult


class WaiverError(ValueError):
    """The waiver file cannot be used; the message names the file, the entry and what to write instead."""


class Waiver(BaseModel):
    """One entry of the waiver file.

    `check` is a check id; a check that reports per subject (a period, say) has ids `<check>.<subject>`, and a waiver
    for `<check>` covers all its subjects. `expiry` is the last day on which the waiver counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    check: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    name: str = Field(min_length=1)
    expiry: date
    source: str | None = None
    table: str | None = None

    def covers(self, result: CheckResult) -> bool:
        """Say whether this waiver is about `result`: its check and, where given, its source and table."""
        return (
            self.check in (result.check_id, result.check_id.split(".", 1)[0])
            and self.source in (None, result.source_id)
            and self.table in (None, result.table_name, result.table_name.rsplit(".", 1)[-1])
        )

    def text(self) -> str:
        """Return the words shown wherever the check is shown."""
        return f"Waived until {self.expiry:%d/%m/%Y} by {self.name}: {self.reason}"


def load_waivers(path: Path, known_checks: Collection[str]) -> list[Waiver]:
    """Read the waiver file; a file that is absent or empty holds no waivers.

    Args:
        path: The YAML file, a list of `{check, reason, name, expiry}` with optional `source` and `table`.
        known_checks: Every check id there is; a waiver for any other is refused, since a typing error would
            otherwise look like a decision.

    Raises:
        WaiverError: If the file is not such a list, an entry lacks a field, or a check id is not known.
    """
    if not path.exists():
        return []
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise WaiverError(f"{path.name} is not readable YAML: {_where(error)}. Correct the file.") from error
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise WaiverError(f"{path.name} must be a list of waivers, each starting with '- check:'.")
    waivers = []
    for number, entry in enumerate(entries, start=1):
        try:
            waiver = Waiver.model_validate(entry)
        except ValidationError as error:
            fault = error.errors()[0]
            field = ".".join(str(part) for part in fault["loc"]) or "the entry"
            raise WaiverError(f"{path.name}, waiver {number}: {field}: {fault['msg']}.") from error
        if waiver.check not in known_checks and waiver.check.split(".", 1)[0] not in known_checks:
            raise WaiverError(f"{path.name}, waiver {number}: {_unknown(waiver.check, known_checks)}")
        waivers.append(waiver)
    return waivers


def apply_waivers(results: Iterable[CheckResult], waivers: Sequence[Waiver], today: date) -> list[CheckResult]:
    """Mark the failed results that a waiver in force covers as waived; everything else is returned unchanged.

    A check that could not run is never waived: nobody has seen what it would have found.
    """
    in_force = [waiver for waiver in waivers if waiver.expiry >= today]
    after = []
    for result in results:
        waiver = next((one for one in in_force if one.covers(result)), None) if result.outcome == "fail" else None
        after.append(replace(result, outcome="waived", waiver=waiver.text()) if waiver else result)
    return after


def expired(waivers: Iterable[Waiver], today: date) -> tuple[str, ...]:
    """Return one sentence for every waiver that no longer counts."""
    return tuple(
        f"The waiver for {waiver.check} by {waiver.name} expired on {waiver.expiry:%d/%m/%Y} and is ignored."
        for waiver in waivers
        if waiver.expiry < today
    )


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else "unknown place"


def _unknown(check: str, known_checks: Collection[str]) -> str:
    nearest = difflib.get_close_matches(check, sorted(known_checks), n=1, cutoff=0.0)
    hint = f" The nearest is '{nearest[0]}'." if nearest else ""
    return f"there is no check '{check}'.{hint}"
