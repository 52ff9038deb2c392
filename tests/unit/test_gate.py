"""What refuses a publication, and how a waiver changes that."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dagster_project.quality.gate import gate
from dagster_project.quality.results import CheckResult
from dagster_project.quality.run import rejections
from dagster_project.quality.waivers import Waiver, WaiverError, apply_waivers, expired, load_waivers

TODAY = date(2026, 1, 15)
FAILED = CheckResult(
    suite="fct_indicator_value",
    table_name="marts.fct_indicator_value",
    check_id="figures_are_finite",
    severity="critical",
    scope="publication",
    outcome="fail",
    checked_count=1200,
    failed_count=3,
    owner="performance team",
    why="no figure is infinite",
    message="3 of 1,200 break the rule. Look at the model.",
)
KNOWN = {"figures_are_finite", "cla_31_march_agrees_with_published", "lait_dense_grid"}
WAIVER = Waiver(check="figures_are_finite", reason="Known fault of the source", name="A. Reader", expiry=TODAY)


def test_nothing_found_is_allowed() -> None:
    assert gate([]).allowed
    assert gate([replace(FAILED, outcome="pass")]).allowed


@pytest.mark.parametrize("outcome", ["fail", "not_run"])
def test_a_critical_finding_on_the_publication_refuses(outcome: str) -> None:
    decision = gate([replace(FAILED, outcome="pass"), replace(FAILED, outcome=outcome)])
    assert not decision.allowed
    [refusal] = decision.refusals
    for part in ("fct_indicator_value", "figures_are_finite", "marts.fct_indicator_value", "waivers.yml"):
        assert part in refusal
    assert ("3 of 1,200" in refusal) or outcome == "not_run"


@pytest.mark.parametrize(
    "change",
    [{"severity": "warning"}, {"scope": "source"}, {"scope": "file"}, {"outcome": "waived"}],
    ids=lambda change: "-".join(change.values()),
)
def test_warnings_sources_files_and_waived_findings_never_refuse(change: dict[str, str]) -> None:
    assert gate([replace(FAILED, **change)]).allowed


def test_a_waiver_in_force_lets_the_publication_out_and_is_shown() -> None:
    [after] = apply_waivers([FAILED], [WAIVER], TODAY)
    assert after.outcome == "waived"
    assert after.waiver == "Waived until 15/01/2026 by A. Reader: Known fault of the source"
    assert after.failed_count == FAILED.failed_count
    assert gate([after]).allowed


def test_an_expired_waiver_is_ignored_and_reported() -> None:
    late = date(2026, 1, 16)
    [after] = apply_waivers([FAILED], [WAIVER], late)
    assert after == FAILED
    [notice] = expired([WAIVER], late)
    assert "figures_are_finite" in notice
    assert "15/01/2026" in notice


def test_a_waiver_never_covers_a_check_that_could_not_run_or_one_that_passed() -> None:
    results = [replace(FAILED, outcome="not_run"), replace(FAILED, outcome="pass")]
    assert apply_waivers(results, [WAIVER], TODAY) == results


def test_a_waiver_for_a_check_covers_its_subjects_and_one_for_a_subject_only_that() -> None:
    years = [replace(FAILED, check_id=f"cla_31_march_agrees_with_published.{year}") for year in ("a", "b")]
    whole = WAIVER.model_copy(update={"check": "cla_31_march_agrees_with_published"})
    one = WAIVER.model_copy(update={"check": "cla_31_march_agrees_with_published.b"})
    assert [result.outcome for result in apply_waivers(years, [whole], TODAY)] == ["waived", "waived"]
    assert [result.outcome for result in apply_waivers(years, [one], TODAY)] == ["fail", "waived"]


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        ({"source": "lait"}, "waived"),
        ({"source": "ees"}, "fail"),
        ({"table": "indicator_value"}, "waived"),
        ({"table": "raw_lait.indicator_value"}, "waived"),
        ({"table": "authority"}, "fail"),
    ],
)
def test_a_waiver_may_be_limited_to_a_source_or_table(limits: dict[str, str], outcome: str) -> None:
    result = replace(FAILED, check_id="lait_dense_grid", table_name="raw_lait.indicator_value", source_id="lait")
    waiver = WAIVER.model_copy(update={"check": "lait_dense_grid"} | limits)
    assert apply_waivers([result], [waiver], TODAY)[0].outcome == outcome


def test_waived_findings_reject_no_file() -> None:
    result = replace(FAILED, check_id="lait_dense_grid", scope="source", source_id="lait", file_id="f1")
    assert list(rejections([result])) == ["f1"]
    assert rejections(apply_waivers([result], [WAIVER.model_copy(update={"check": "lait_dense_grid"})], TODAY)) == {}


def test_waivers_are_read_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "waivers.yml"
    assert load_waivers(path, KNOWN) == []
    path.write_text("# none yet\n")
    assert load_waivers(path, KNOWN) == []
    path.write_text(
        "- check: figures_are_finite\n  reason: Known fault of the source\n  name: A. Reader\n  expiry: 2026-01-15\n"
        "- {check: cla_31_march_agrees_with_published.snapshot_2025-03-31, reason: r, name: n, expiry: 2026-02-01}\n"
    )
    assert load_waivers(path, KNOWN)[0] == WAIVER


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {check: figures_are_finit, reason: r, name: n, expiry: 2026-01-15}", "nearest is 'figures_are_finite'"),
        ("- {check: figures_are_finite, name: n, expiry: 2026-01-15}", "reason"),
        ("- {check: figures_are_finite, reason: '  ', name: n, expiry: 2026-01-15}", "reason"),
        ("- {check: figures_are_finite, reason: r, name: n, expiry: soon}", "expiry"),
        ("- {check: figures_are_finite, reason: r, name: n, expiry: 2026-01-15, until: x}", "until"),
        ("check: figures_are_finite", "list"),
        ("- [", "line"),
    ],
)
def test_a_waiver_file_with_a_fault_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "waivers.yml"
    path.write_text(text)
    with pytest.raises(WaiverError, match=said):
        load_waivers(path, KNOWN)
