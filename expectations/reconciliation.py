"""Local figures held against the published ones of the same authority and period: by how much they may differ, and why.

The publisher's table stands on the return as it was sent and corrected; a local figure on the extract that is loaded. A
small difference is expected and shown; a larger one is a warning that names the usual causes and never stops anything.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.rules import rule

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

    from expectations.suite import SuiteContext

CORRECTED = "records were corrected after the extract or after publication"


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """An indicator with a local and a published figure.

    Attributes:
        indicator_id: The indicator; both figures carry it.
        allowed: Difference that is always expected, in the indicator's unit; that of rounding is part of it.
        allowed_share: Difference that is expected relative to the published figure; the larger of the two counts.
        causes: Why the two may differ, as the page and the check say it.
    """

    indicator_id: str
    allowed: float
    allowed_share: float = 0.0
    causes: str = CORRECTED


# Published percentages of children looked after are whole numbers, so half a point is rounding.
RECONCILED = (
    Reconciled(indicator_id="cla_31_march", allowed=5, allowed_share=0.02),
    Reconciled(
        indicator_id="cla_31_march_rate",
        allowed=0.5,
        allowed_share=0.02,
        causes=f"{CORRECTED}, or the population was estimated anew",
    ),
    Reconciled(
        indicator_id="uasc_31_march",
        allowed=5,
        allowed_share=0.05,
        causes="the day on which the status ended was recorded later",
    ),
    Reconciled(
        indicator_id="uasc_31_march_pct",
        allowed=1.0,
        causes="the day on which the status ended was recorded later",
    ),
    Reconciled(
        indicator_id="lait_uasc_pct_starting",
        allowed=2.0,
        causes="children turned out to be unaccompanied, or not to be, after the extract",
    ),
    Reconciled(indicator_id="cla_started", allowed=5, allowed_share=0.03),
    Reconciled(indicator_id="cla_ceased", allowed=5, allowed_share=0.03),
    Reconciled(indicator_id="cla_ceased_adopted", allowed=3),
    Reconciled(indicator_id="cla_ceased_sgo", allowed=3),
    Reconciled(
        indicator_id="cla_3plus_placements_pct",
        allowed=2.5,
        causes="the guide leaves open which moves are placements; two other readings stand beside this one",
    ),
    Reconciled(
        indicator_id="cla_stability_2_5_years_pct",
        allowed=3.5,
        causes="years before the oldest return are not seen; load five years",
    ),
    Reconciled(indicator_id="cla_health_assessment_pct", allowed=2.5),
    Reconciled(indicator_id="cla_dental_pct", allowed=2.5),
    Reconciled(indicator_id="cla_immunised_pct", allowed=2.5),
    Reconciled(indicator_id="cla_convicted_pct", allowed=1.5),
    Reconciled(indicator_id="cla_substance_misuse_pct", allowed=1.5),
    Reconciled(indicator_id="cla_sdq_mean", allowed=0.5),
    Reconciled(
        indicator_id="cla_missing_pct",
        allowed=2.5,
        causes="children away without authorisation are often recorded as missing",
    ),
    Reconciled(
        indicator_id="care_leavers_eet_pct",
        allowed=2.5,
        causes="care leavers whose care moved to another authority are not known from the extract",
    ),
    Reconciled(
        indicator_id="care_leavers_suitable_pct",
        allowed=2.5,
        causes="care leavers whose care moved to another authority are not known from the extract",
    ),
)


def agreement_rules(context: "SuiteContext") -> "list[Expectation]":
    """Return one warning per reconciled indicator, with one result for each period that has both figures."""
    return [_agreement(one, context) for one in RECONCILED]


def _agreement(one: Reconciled, context: "SuiteContext") -> "Expectation":
    tolerance = f"greatest({one.allowed}, {one.allowed_share} * p.value)"
    own_area = f"(select area_code from marts.dim_area where dfe_number = {context.authority})"
    return rule(
        f"{one.indicator_id}_agrees_with_published",
        severity="warning",
        why=f"the local figure of {one.indicator_id} lies near the published one of the same period",
        advice=f"Usual cause: {one.causes}. Compare the return that was sent with the one loaded; publish with the "
        "difference shown.",
        query=f"""with figures as (
                select period_id, source_kind, value from {{batch}}
                where is_current and indicator_id = '{one.indicator_id}' and breakdown_type = 'total'
                    and area_code in {own_area} and value is not null
            )
            select l.period_id as subject, 1 as checked,
                cast(abs(l.value - p.value) > {tolerance} as integer) as failed,
                l.value as observed, p.value as expected, {tolerance} as tolerance, l.value - p.value as difference,
                'Local ' || cast(round(l.value, 1) as varchar) || ', published '
                    || cast(round(p.value, 1) as varchar) || ' for ' || l.period_id as note
            from figures as l
            join figures as p on p.period_id = l.period_id and p.source_kind = 'published'
            where l.source_kind = 'local'
            order by l.period_id""",
        needs=("marts.dim_area",),
    )
