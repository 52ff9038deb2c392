"""Every local figure that is published as well is held against the published one."""

import csv
import re

from dagster_project.project import DBT_DIR
from expectations.reconciliation import RECONCILED

FIGURES = DBT_DIR / "macros" / "looked_after.sql"


def test_every_figure_of_the_return_with_a_published_counterpart_has_a_tolerance_and_no_other_has() -> None:
    local = set(re.findall(r"\{'id': '(\w+)'", FIGURES.read_text(encoding="utf-8")))
    with (DBT_DIR / "seeds" / "indicators.csv").open(encoding="utf-8", newline="") as file:
        published = {row["indicator_id"] for row in csv.DictReader(file) if row["lait_short_desc"]}
    assert len(local) > 40
    assert {one.indicator_id for one in RECONCILED} == local & published


def test_tolerances_are_above_zero_and_say_why_figures_differ() -> None:
    assert all(one.allowed > 0 and one.causes for one in RECONCILED)
    assert len({one.indicator_id for one in RECONCILED}) == len(RECONCILED)
