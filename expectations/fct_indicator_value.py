"""Guarded mart: every figure of every indicator, area and period, with its vintage."""

from typing import TYPE_CHECKING

from expectations.reconciliation import agreement_rules
from expectations.rules import RowRule, row_rules, rule
from expectations.suite import PERFORMANCE_TEAM, Suite, SuiteContext

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TABLE = "marts.fct_indicator_value"
INDICATORS = "marts.dim_indicator"
PREVIOUS = "quality.previous_value"
CALCULATION = "Look at the indicator's model; nothing is published until it is right."
NUMBERS = ("value", "numerator", "denominator", "ci_lower", "ci_upper")
FINITE = " and ".join(f"coalesce(isfinite({column}), true)" for column in NUMBERS)
# A gap is a difference of two percentages and may be below zero.
IS_GAP = "regexp_matches(indicator_id, '_gap(_|$)')"
OURS = "source_kind in ('local', 'council')"

ROWS = f"""select f.*, i.unit,
        case i.unit when 'percent' then 100 when 'rate_per_100' then 100 when 'rate_per_1000' then 1000
            when 'rate_per_10k' then 10000 when 'rate_per_100k' then 100000 end as multiplier
    from {{batch}} as f left join {INDICATORS} as i on i.indicator_id = f.indicator_id"""

PUBLISHED_PERCENTAGES = f"""with by_indicator as (
        select indicator_id, count(*) as figures, count(*) filter (where value not between 0 and 100) as outside
        from {{batch}}
        where source_kind = 'published' and value is not null and not {IS_GAP}
            and indicator_id in (select indicator_id from {INDICATORS} where unit = 'percent')
        group by 1
    )"""

ROW_RULES = (
    RowRule(
        check_id="figures_are_finite",
        severity="critical",
        why="no figure is infinite or not a number, as a division by zero would leave it",
        advice=CALCULATION,
        breaks=f"not ({FINITE})",
    ),
    RowRule(
        check_id="status_agrees_with_value",
        severity="critical",
        why="a value of status ok is there, and a value of any other status is not",
        advice=f"A suppressed or missing figure must never look like one. {CALCULATION}",
        breaks="value_status is null or (value_status = 'ok') <> (value is not null)",
    ),
    RowRule(
        check_id="local_percent_in_range",
        severity="critical",
        why="a percentage worked out here lies between 0 and 100",
        advice=f"Numerator and denominator do not fit together. {CALCULATION}",
        # One that the council supplies may pass 100 rightly, and is looked at when its file arrives.
        applies=f"source_kind = 'local' and unit = 'percent' and value is not null and not {IS_GAP}",
        breaks="value not between 0 and 100",
    ),
    RowRule(
        check_id="local_count_is_whole",
        severity="critical",
        why="a count made or supplied here is a whole number, never below zero",
        advice=CALCULATION,
        applies=f"{OURS} and unit = 'count' and value is not null",
        breaks="value < 0 or value <> round(value, 0)",
    ),
    RowRule(
        check_id="published_count_not_negative",
        severity="critical",
        why="a published count is never below zero",
        advice=f"A column may have moved or the unit in the indicator list is wrong. {CALCULATION}",
        applies="source_kind = 'published' and unit = 'count' and value is not null",
        breaks="value < 0",
    ),
    RowRule(
        check_id="rate_not_negative",
        severity="critical",
        why="a rate is never below zero",
        advice=CALCULATION,
        applies=f"unit like 'rate_per_%' and value is not null and not {IS_GAP}",
        breaks="value < 0",
    ),
    RowRule(
        check_id="local_figure_follows_from_its_parts",
        severity="critical",
        why="a local percentage or rate is its numerator over its denominator",
        advice=CALCULATION,
        applies=f"""source_kind = 'local' and value is not null and multiplier is not null and not {IS_GAP}
            and numerator is not null and denominator is not null""",
        breaks="""denominator = 0 or abs(value - multiplier * numerator / nullif(denominator, 0))
            > 1e-6 * greatest(1, abs(value))""",
    ),
    RowRule(
        check_id="local_rate_has_population",
        severity="warning",
        why="every local rate has the population of its year",
        advice="Put the missing mid-year population under raw/population; the rate is shown as not available.",
        applies="source_kind = 'local' and is_current and unit in ('rate_per_1000', 'rate_per_10k', 'rate_per_100k')",
        breaks="coalesce(denominator, 0) <= 0",
    ),
)


# Inner and Outer London are rows of their own beside London; a sum over every region counts the capital twice.
LONDON = ("E12000007", "E13000001", "E13000002")
LONDON_ONCE = f"""with counted as (
        select indicator_id, period_id,
            max(value) filter (where area_code = 'E92000001') as england,
            sum(value) filter (where area_code like 'E12%') as regions,
            count(value) filter (where area_code like 'E12%') as regions_known,
            max(value) filter (where area_code = '{LONDON[0]}') as london,
            sum(value) filter (where area_code in ('{LONDON[1]}', '{LONDON[2]}')) as parts,
            count(value) filter (where area_code in ('{LONDON[1]}', '{LONDON[2]}')) as parts_known
        from {{batch}}
        where source_kind = 'published' and is_current and breakdown_type = 'total'
            and indicator_id in (select indicator_id from {INDICATORS} where unit = 'count')
        group by 1, 2
    ),
    judged as (
        select *, greatest(100, 0.005 * england) as tolerance from counted
        where regions_known = 9 and parts_known = 2 and england > 0 and parts > greatest(100, 0.005 * england)
    )
    select count(*) as checked,
        count(*) filter (where abs(england - regions) > tolerance and abs(england - regions - parts) <= tolerance
            or abs(london - 2 * parts) <= 0.005 * london) as failed
    from judged"""


def expectations(context: SuiteContext) -> "list[Expectation]":
    """Return what the figures of a publication must keep."""
    current = """select indicator_id, area_code, period_id, breakdown_type, breakdown_value, source_kind,
            value, denominator
        from {batch} where is_current"""
    return [
        *row_rules(ROW_RULES, rows=ROWS, by_file=False, needs=(INDICATORS,)),
        rule(
            "something_to_publish",
            severity="critical",
            why="a publication holds at least one current figure",
            advice="Every source is absent or failed: see the source list, put files under raw/ and run again.",
            query="""select 1 as checked, cast(count(*) = 0 as integer) as failed, count(*) as observed
                from {batch} where is_current and value is not null""",
        ),
        rule(
            "london_counted_once",
            severity="critical",
            why="Inner and Outer London are parts of London, and England is the sum of nine regions without them",
            advice="A level was added up over all regions of a file, the parts of London among them: take these out.",
            query=LONDON_ONCE,
            needs=(INDICATORS,),
        ),
        # Some published percentages pass 100 rightly: take-up of places is set against an estimate of the children
        # there are. So single ones are listed, and only an indicator that lies outside as a whole refuses.
        rule(
            "published_percent_in_range",
            severity="warning",
            why="published percentages lie between 0 and 100",
            advice="Read the indicator's definition: where it may pass 100, nothing is wrong.",
            query=f"""{PUBLISHED_PERCENTAGES}
                select coalesce(sum(figures), 0) as checked, coalesce(sum(outside), 0) as failed,
                    'Outside: ' || string_agg(indicator_id, ', ' order by indicator_id) filter (where outside > 0)
                        as note
                from by_indicator""",
            needs=(INDICATORS,),
        ),
        rule(
            "published_percent_is_percent",
            severity="critical",
            why="no indicator in per cent has most of its figures outside 0 to 100",
            advice=f"A column has moved, or the unit in the indicator list is wrong. {CALCULATION}",
            query=f"""{PUBLISHED_PERCENTAGES}
                select count(*) as checked, count(*) filter (where 2 * outside > figures) as failed,
                    'Outside: ' || string_agg(indicator_id, ', ' order by indicator_id)
                        filter (where 2 * outside > figures) as note
                from by_indicator""",
            needs=(INDICATORS,),
        ),
        rule(
            "missing_share_by_vintage",
            severity="warning",
            why="an indicator's share of missing figures is not up by more than 20 points on the vintage before",
            advice="Look at what the publisher newly suppresses before reading a trend.",
            query=f"""with shares as (
                    select indicator_id, split_part(vintage_id, '/', 1) as data_set, vintage_id,
                        count(*) filter (where value is null) / count(*) as share
                    from {{batch}} where source_kind = 'published' and breakdown_type = 'total' group by all
                ),
                compared as (
                    select indicator_id, share, row_number() over newest as place, lead(share) over newest as earlier
                    from shares
                    window newest as (partition by indicator_id, data_set order by vintage_id desc)
                )
                select count(earlier) as checked,
                    count(*) filter (where share - earlier > {context.missing_rise}) as failed,
                    max(share - earlier) as difference, {context.missing_rise} as tolerance,
                    string_agg(distinct indicator_id, ', ' order by indicator_id)
                        filter (where share - earlier > {context.missing_rise}) as note
                from compared where place = 1""",
        ),
        rule(
            "figures_moved_since_last_publication",
            severity="warning",
            why=f"at most {context.moved_share:.0%} of headline figures differ by a tenth from those last published",
            advice="Compare marts.fct_indicator_value of the last version with this one before it goes out.",
            query=f"""with current as ({current}),
                both_there as (
                    select c.indicator_id,
                        abs(c.value - p.value) > greatest(1e-9, 0.1 * abs(p.value)) as has_moved
                    from current as c
                    join {PREVIOUS} as p using (
                        indicator_id, area_code, period_id, breakdown_type, breakdown_value, source_kind)
                    where c.breakdown_type = 'total' and c.value is not null and p.value is not null
                        and coalesce(c.denominator, {context.min_base}) >= {context.min_base}
                ),
                by_indicator as (
                    select indicator_id, count(*) as cells, count(*) filter (where has_moved) as moved
                    from both_there group by 1
                )
                select coalesce(sum(cells), 0) as checked, coalesce(sum(moved), 0) as failed,
                    coalesce(sum(moved) / nullif(sum(cells), 0), 0) as observed, {context.moved_share} as tolerance,
                    coalesce(sum(moved) / nullif(sum(cells), 0), 0) <= {context.moved_share} as passed,
                    'Most moved: ' || array_to_string(max_by(indicator_id, moved, 5) filter (where moved > 0), ', ')
                        as note
                from by_indicator""",
            needs=(PREVIOUS,),
        ),
        rule(
            "figures_lost_since_last_publication",
            severity="warning",
            why="figures that were published last time are still there, save one in a hundred",
            advice="A source may be absent, or a release no longer reaches as far back: run `cfp sources`.",
            query=f"""with current as ({current}),
                compared as (
                    select p.indicator_id, c.value is null as is_lost
                    from {PREVIOUS} as p
                    left join current as c using (
                        indicator_id, area_code, period_id, breakdown_type, breakdown_value, source_kind)
                    where p.value is not null
                )
                select count(*) as checked, count(*) filter (where is_lost) as failed,
                    count(distinct indicator_id) filter (where is_lost) || ' indicators are concerned' as note
                from compared""",
            allowed_share=0.01,
            needs=(PREVIOUS,),
        ),
        rule(
            "newest_period_kept",
            severity="warning",
            why="no indicator's newest period is older than in the last publication",
            advice="An older release may have come back, or a newer file was refused: see the source list.",
            query=f"""with newest as (
                    select f.indicator_id, f.source_kind, max(d.period_end) as period_end
                    from {{batch}} as f join marts.dim_period as d on d.period_id = f.period_id
                    where f.is_current and f.value is not null group by all
                ),
                before as (
                    select p.indicator_id, p.source_kind, max(d.period_end) as period_end
                    from {PREVIOUS} as p join marts.dim_period as d on d.period_id = p.period_id
                    where p.value is not null group by all
                )
                select count(*) as checked, count(*) filter (where n.period_end < b.period_end) as failed,
                    string_agg(distinct b.indicator_id, ', ' order by b.indicator_id)
                        filter (where n.period_end < b.period_end) as note
                from before as b join newest as n using (indicator_id, source_kind)""",
            needs=(PREVIOUS, "marts.dim_period"),
        ),
        # Each year is a result of its own, so that the page can print all of them.
        *agreement_rules(context),
    ]


SUITE = Suite(
    name="fct_indicator_value", table=TABLE, scope="publication", owner=PERFORMANCE_TEAM, declare=expectations
)
