"""`cfp plan`: it says exactly what the next refresh publishes, and leaves what is published alone."""

import csv
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from desk import EPISODES, LAIT, POPULATION, SMALL, Desk, edit_csv, lay_out, set_cell, set_lait_value
from warm_cfp import WarmCfp

from dagster_project import refresh, transform

LEEDS = "E08000035"
DONE, WRONG_USE, REFUSED = 0, 2, 3
KEY = ("indicator_id", "area_code", "period_id", "breakdown_type", "breakdown_value", "source_kind")

pytestmark = pytest.mark.slow


def everything_published(desk: Desk) -> dict[str, tuple[int, str]]:
    """Every file and link under data/published and data/editions, with its inode and its content."""
    return {
        str(path): (path.lstat().st_ino, hashlib.sha256(path.read_bytes()).hexdigest())
        for folder in ("published", "editions")
        for path in sorted((desk.data / folder).rglob("*"))
        if path.is_file()
    }


def figures(database: Path) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """The current figures of a published file."""
    connection = duckdb.connect(str(database.resolve()), read_only=True)
    try:
        rows = connection.execute(
            f"""SELECT {", ".join(KEY)}, value, value_status, release_status
            FROM marts.fct_indicator_value WHERE is_current"""
        ).fetchall()
    finally:
        connection.close()
    return {row[: len(KEY)]: row[len(KEY) :] for row in rows}


def listed(desk: Desk) -> list[dict[str, str]]:
    """The list of the last plan."""
    with (desk.data / "restricted" / "plan" / "plan.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def said(rows: list[dict[str, str]]) -> dict[tuple[str, ...], tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]]:
    """What a list says of each figure, before and after."""

    def side(row: dict[str, str], name: str) -> tuple[Any, ...] | None:
        if not row[f"{name}_vintage"]:
            return None
        value = row[f"{name}_value"]
        return float(value) if value else None, row[f"{name}_status"], row[f"{name}_release_status"]

    return {tuple(row[name] for name in KEY): (side(row, "old"), side(row, "new")) for row in rows}


def assert_refresh_does_what_was_planned(desk: Desk) -> None:
    """Refresh; exactly the figures of the list are other ones then, and they are those of the list."""
    planned = said(listed(desk))
    before = figures(desk.published) if desk.published.exists() else {}
    desk.refresh()
    after = figures(desk.published)
    happened = {
        figure: (before.get(figure), after.get(figure))
        for figure in before.keys() | after.keys()
        if before.get(figure) != after.get(figure)
    }
    assert planned == happened


def causes(desk: Desk, **where: str) -> set[str]:
    """The causes that the list gives for some figures."""
    return {row["cause"] for row in listed(desk) if all(row[name] == text for name, text in where.items())}


def population_is_another(desk: Desk) -> None:
    set_cell(desk.raw / POPULATION, {"old_la_code": "383", "time_period": "2022"}, "population_estimate", "170001")


def three_episodes_are_gone(desk: Desk) -> None:
    edit_csv(desk.raw / EPISODES, lambda rows: rows.__delitem__(slice(3)))


def test_plan_names_figure_and_cause_publishes_nothing_and_is_what_the_refresh_does(small: Desk) -> None:
    # Mid-2022 stands below the rate of March 2023, the return of 2024 behind figures of 2024.
    population_is_another(small)
    three_episodes_are_gone(small)
    before = everything_published(small)
    outcome = small.cfp("plan", "--json")
    assert outcome.code == DONE, str(outcome)
    assert everything_published(small) == before

    facts = outcome.facts["plan"]
    rows = listed(small)
    assert outcome.facts["outcome"] == "planned"
    assert facts["against"] == small.version()
    assert facts["csv"] == str(small.data / "restricted" / "plan" / "plan.csv")
    assert sum(facts["figures"].values()) == len(rows) == sum(group["figures"] for group in facts["groups"]) > 3
    rate = {"indicator_id": "cla_31_march_rate", "source_kind": "local", "breakdown_type": "total"}
    assert causes(small, period_id="snapshot_2023-03-31", **rate) == {"population revised"}
    assert causes(small, indicator_id="pop_0_17", area_code=LEEDS) == {"same release issued again"}
    assert causes(small, indicator_id="cla_started", source_kind="local") <= {"local return changed"}
    assert {row["cause"] for row in rows} == {"population revised", "same release issued again", "local return changed"}
    assert facts["tables"]["dim_area"] == {"new": 0, "changed": 0, "gone": 0}

    # On the screen, from a warehouse that is built already; filters leave the list whole.
    shown = small.cfp("plan", "--indicator", "pop_0_17", "--area", LEEDS, "--all", "--quiet")
    assert shown.code == DONE
    assert re.search(r"pop_0_17: 1 changed, same release issued again \(1 other numbers\)", shown.out)
    assert re.search(rf"changed: pop_0_17 {LEEDS} \S+: \d+ \(published\) -> 170001 \(published\)", shown.out)
    assert "cla_31_march_rate" not in shown.out
    assert listed(small) == rows

    assert_refresh_does_what_was_planned(small)
    nothing = small.cfp("plan", "--json")
    assert nothing.code == DONE
    assert nothing.facts["plan"]["up_to_date"] is True
    assert nothing.facts["plan"]["against"] == small.version()
    assert listed(small) == []


def test_plan_of_a_file_that_is_taken_back_leaves_nothing_behind(small: Desk) -> None:
    version, content = small.version(), (small.raw / POPULATION).read_bytes()
    population_is_another(small)
    assert small.cfp("plan").code == DONE
    (small.raw / POPULATION).write_bytes(content)
    # The warehouse holds the marts of a file that is no longer there; what is published stands on those that are.
    assert small.cfp("refresh", "--json").facts["outcome"] == "nothing changed"
    assert small.version() == version
    # A refresh that builds does so from what is there.
    three_episodes_are_gone(small)
    assert small.cfp("plan").code == DONE
    assert causes(small) == {"local return changed"}
    assert_refresh_does_what_was_planned(small)
    assert small.query("SELECT count(*) FROM marts.published_revision") == [(0,)]


def test_before_the_first_publication_every_figure_is_new(tmp_path: Path, warm: WarmCfp) -> None:
    desk = lay_out(tmp_path / "desk", SMALL, warm)
    outcome = desk.cfp("plan", "--quiet")
    assert outcome.code == DONE, str(outcome)
    assert "Nothing is published yet: every figure is new." in outcome.out
    assert not desk.published.exists()
    assert everything_published(desk) == {}
    assert {row["kind"] for row in listed(desk)} == {"new"}
    assert causes(desk) == {"new source"}
    assert_refresh_does_what_was_planned(desk)


def test_other_readings_of_a_return_are_told_as_settings(small: Desk) -> None:
    text = small.council.read_text(encoding="utf-8")
    assert "three_placements: stays" in text
    small.council.write_text(text.replace("three_placements: stays", "three_placements: including_temporary"), "utf-8")
    assert small.cfp("plan").code == DONE
    assert causes(small) == {"settings changed"}
    assert_refresh_does_what_was_planned(small)


def test_file_that_is_taken_away_is_said_to_be_gone(small: Desk) -> None:
    for file in (small.raw / "social_care" / "ssda903" / "2024").iterdir():
        if file.is_file():
            file.unlink()
    assert small.cfp("plan").code == DONE
    gone = [row for row in listed(small) if row["kind"] == "gone" and row["source_kind"] == "local"]
    assert {row["period_id"] for row in gone} == {"snapshot_2024-03-31", "year_2024-03-31"}
    assert {row["cause"] for row in gone} == {"left the window / file removed"}
    assert_refresh_does_what_was_planned(small)


def test_plan_that_the_gate_would_refuse_is_printed_and_ends_with_3(sample: Desk) -> None:
    set_lait_value(sample.raw / LAIT, "LACnum", 383, "2024", "-5")
    before = everything_published(sample)
    outcome = sample.cfp("plan", "--json")
    assert outcome.code == REFUSED, str(outcome)
    assert outcome.facts["outcome"] == "refused"
    assert any("published_count_not_negative" in refusal for refusal in outcome.facts["refusals"])
    changed = {tuple(row[name] for name in KEY): row for row in listed(sample)}
    row = changed["cla_31_march", LEEDS, "snapshot_2024-03-31", "total", "total", "published"]
    assert (row["new_value"], row["cause"]) == ("-5.0", "same release issued again")
    assert everything_published(sample) == before
    shown = sample.cfp("plan")
    assert shown.code == REFUSED
    assert "published_count_not_negative" in shown.out
    assert "A refresh would not publish this." in shown.out
    assert everything_published(sample) == before


def test_indicator_or_area_that_nobody_has_ends_with_2_and_names_the_nearest(small: Desk) -> None:
    population_is_another(small)
    outcome = small.cfp("plan", "--indicator", "cla_31_march_rat")
    assert outcome.code == WRONG_USE
    assert "did you mean cla_31_march_rate" in outcome.err
    assert small.cfp("plan", "--area", "383").code == WRONG_USE


@pytest.fixture
def built(small: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., refresh.Run]:
    """Land a change and build, with the named nodes of the build ending otherwise than they did."""

    def build(**ended: str) -> refresh.Run:
        population_is_another(small)
        run = refresh.open_run(
            council_file=small.council, raw_dir=small.raw, data_dir=small.data, announce=lambda step: None
        )
        refresh.prepare(run)
        for source in run.sources:
            refresh.land(run, source, now=datetime.now())
        honest = transform.build

        def dishonest(*arguments: Any, **options: Any) -> transform.Build:
            nodes = honest(*arguments, **options).nodes
            assert ended.keys() <= {node.name for node in nodes}
            return transform.Build(tuple(replace(node, status=ended.get(node.name, node.status)) for node in nodes))

        with monkeypatch.context() as broken:
            broken.setattr(transform, "build", dishonest)
            refresh.transform(run)
        return run

    return build


def test_failing_test_after_the_figures_leaves_a_plan_without_what_was_not_built(
    built: Callable[..., refresh.Run],
) -> None:
    from dagster_project.publication.plan import Asked

    run = built(fct_indicator_value__grain="fail", comparator_value="skipped")
    plan = refresh.plan(run, Asked())
    assert plan.count("changed") > 0
    assert plan.tables["comparator_value"] is None
    assert plan.tables["dim_area"] is not None
    assert any("fct_indicator_value__grain" in refusal for refusal in refresh.refusals(run))


def test_figures_that_were_not_built_give_no_plan_rather_than_an_old_one(built: Callable[..., refresh.Run]) -> None:
    from dagster_project.publication.plan import Asked

    run = built(int_period="error", fct_indicator_value="skipped")
    with pytest.raises(refresh.NoPlan, match="could not be built"):
        refresh.plan(run, Asked())


def test_marts_of_other_files_give_no_plan(small: Desk, built: Callable[..., refresh.Run]) -> None:
    from dagster_project.publication.plan import Asked

    run = built()
    assert refresh.plan(run, Asked()).count("changed") > 0
    three_episodes_are_gone(small)
    refresh.land(run, "ssda903", now=datetime.now())
    with pytest.raises(refresh.NoPlan):
        refresh.plan(run, Asked())
