-- Exact two-sided test of whether a rate changed: given the events of both periods together, those of the later one are
-- binomial with its share of the two denominators; twice the smaller tail is the probability. Terms further out than six
-- standard deviations add less than 1e-9 and are left out.
with
    pair as (
        select
            change.cell_key,
            change.dfe_number,
            base.numerator as events,
            base.numerator + earlier.numerator as events_of_both,
            base.denominator / (base.denominator + earlier.denominator) as share
        from {{ ref('int_comparison__change') }} as change
        inner join
            {{ ref('int_judgement__interval') }} as base
            on change.cell_key = base.cell_key
            and change.dfe_number = base.dfe_number
        inner join
            {{ ref('int_judgement__interval') }} as earlier
            on change.last_comparable_cell_key = earlier.cell_key
            and change.dfe_number = earlier.dfe_number
        where base.unit like 'rate_per_%'
    ),

    tail as (
        select
            *,
            case when events >= events_of_both * share then 1 else -1 end as step,
            6.0 * sqrt(events_of_both * share * (1.0 - share)) + 20.0 as reach
        from pair
    ),

    digit as (
        select 0 as n
        {% for n in range(1, 10) %}union all select {{ n }} {% endfor %}
    ),

    distance as (
        select ones.n + 10 * tens.n + 100 * hundreds.n as steps
        from digit as ones
        cross join digit as tens
        cross join digit as hundreds
    ),

    term as (
        select
            tail.cell_key,
            tail.dfe_number,
            tail.events_of_both,
            tail.share,
            tail.events + tail.step * distance.steps as events
        from tail
        inner join distance on distance.steps <= tail.reach
        where tail.events + tail.step * distance.steps between 0 and tail.events_of_both
    )

select
    cell_key,
    dfe_number,
    least(
        1.0,
        2.0 * {{ exact_sum(
            "exp(" ~ log_gamma('events_of_both + 1') ~ " - " ~ log_gamma('events + 1') ~ " - " ~ log_gamma('events_of_both - events + 1')
            ~ " + events * ln(share) + (events_of_both - events) * ln(1.0 - share))", scale=15
        ) }}
    ) as p_value
from term
group by cell_key, dfe_number
