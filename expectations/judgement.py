"""Guarded mart: what is said of each authority's figures."""

from typing import TYPE_CHECKING

from expectations.rules import RowRule, row_rules, rule
from expectations.suite import PERFORMANCE_TEAM, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.judgement"
CALCULATION = "Look at the judgement models; nothing is published until they are right."
WORDS = {
    "direction": ("up", "down", "no clear change", "not comparable", "too few to judge"),
    "against_england": ("better", "similar", "worse", "higher", "lower", "too few to judge", "not tested"),
    "unusual": (
        "unusually high",
        "unusually low",
        "within the expected range",
        "too few to judge",
        "not tested",
    ),
    "against_target": ("green", "amber", "red", "not tested"),
}


def _unknown_word() -> str:
    """Condition that is true where a word is none of its kind."""
    branches = " ".join(
        f"when '{kind}' then word not in ({', '.join(repr(word) for word in words)})" for kind, words in WORDS.items()
    )
    return f"case kind {branches} when 'place_in_group' then word not like '% of %' else true end"


ROW_RULES = (
    RowRule(
        check_id="judgement_words",
        severity="critical",
        why="every judgement is one of the words of its kind",
        advice=CALCULATION,
        breaks=f"coalesce({_unknown_word()}, true)",
    ),
    RowRule(
        check_id="judgement_is_finite",
        severity="critical",
        why="no judgement stands on a figure that is infinite or not a number",
        advice=CALCULATION,
        breaks=" or ".join(
            f"not coalesce(isfinite(inputs.{name}), true)"
            for name in ("value", "reference_value", "difference", "lower", "upper", "p_value", "z", "z_plain")
        ),
    ),
    RowRule(
        check_id="judgement_holds_its_figure",
        severity="critical",
        why="a figure lies within its own interval, whose ends are in order",
        advice="The counts behind the figure are not those of the figure. " + CALCULATION,
        applies="kind = 'against_england' and inputs.lower is not null",
        # The printed figure may be rounded to whole units; its interval is not.
        breaks="""inputs.lower > inputs.upper
            or inputs.value not between inputs.lower - 0.5 and inputs.upper + 0.5""",
    ),
    RowRule(
        check_id="judgement_says_why_not",
        severity="critical",
        why="a judgement that is not made says why",
        advice=CALCULATION,
        applies="word in ('not tested', 'not comparable', 'too few to judge')",
        breaks="reason is null",
    ),
    RowRule(
        check_id="place_within_group",
        severity="critical",
        why="a place lies between 1 and the number of authorities in the group",
        advice=CALCULATION,
        applies="kind = 'place_in_group'",
        breaks="coalesce(inputs.place not between 1 and inputs.place_of, true) or inputs.place_of < 2",
    ),
)


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the judgements of a publication must keep."""
    return [
        *row_rules(ROW_RULES, by_file=False),
        rule(
            "flagged_share",
            severity="warning",
            why="not more than a quarter of the authorities are unusual on one measure",
            advice="Limits that flag so many say little: look for a change of definition or for a mixed set.",
            query="""with measure as (
                    select indicator_id || ' ' || period_id as name, max(inputs.flagged) as flagged,
                        max(inputs.authorities) as authorities
                    from {batch} where kind = 'unusual' and inputs.authorities >= 30 group by 1
                )
                select count(*) as checked, count(*) filter (where flagged > 0.25 * authorities) as failed,
                    'Many flagged: ' || string_agg(name, ', ' order by name)
                        filter (where flagged > 0.25 * authorities) as note
                from measure""",
        ),
    ]


SUITE = Suite(name="judgement", table=TABLE, scope="publication", owner=PERFORMANCE_TEAM, declare=expectations)
