-- Figures of the pupil-level files for the authority of council.yml, and the distance between groups from unrounded values.
with
    authority as ({{ own_area() }}),

    figure as (
        select
            *,
            case
                when kind = 'share' then 100.0 * top / nullif(base, 0)
                when kind = 'mean' then top / nullif(base, 0)
            end as value
        from {{ ref('int_education__figure') }}
    ),

    gap as (
        select
            figure.academic_year,
            concat(figure.indicator_id, '_gap_', pair.breakdown_type) as indicator_id,
            -- A breakdown with one pair is the headline of its gap; of several, each is a part.
            case when pair.pairs = 1 then 'total' else pair.breakdown_type end as breakdown_type,
            case when pair.pairs = 1 then 'total' else pair.breakdown_value end as breakdown_value,
            figure.value - other.value as value,
            figure.vintage_id
        from figure
        inner join (
            select *, count(*) over (partition by breakdown_type) as pairs from {{ ref('breakdown_gaps') }}
        ) as pair
            on figure.breakdown_type = pair.breakdown_type and figure.breakdown_value = pair.breakdown_value
        inner join figure as other
            on figure.academic_year = other.academic_year
            and figure.indicator_id = other.indicator_id
            and other.breakdown_type = case when pair.compared_with = 'total' then 'total' else pair.breakdown_type end
            and pair.compared_with = other.breakdown_value
        where figure.has_gaps and figure.value is not null and other.value is not null
    ),

    valued as (
        select
            academic_year,
            indicator_id,
            breakdown_type,
            breakdown_value,
            value,
            case when base is not null then top end as numerator,
            base as denominator,
            case
                when not is_complete then 'source_missing'
                when base > 0 then 'ok'
                else 'empty_denominator'
            end as value_status,
            vintage_id
        from figure
        union all
        select
            academic_year,
            indicator_id,
            breakdown_type,
            breakdown_value,
            value,
            cast(null as double) as numerator,
            cast(null as double) as denominator,
            'ok' as value_status,
            vintage_id
        from gap
    )

select
    valued.indicator_id,
    authority.area_code,
    concat(catalogue.period_kind, '_', cast(valued.academic_year as varchar), '-', kind.end_month_day) as period_id,
    catalogue.period_kind,
    cast(concat(cast(valued.academic_year + kind.start_year_offset as varchar), '-', kind.start_month_day) as date) as period_start,
    cast(concat(cast(valued.academic_year as varchar), '-', kind.end_month_day) as date) as period_end,
    concat(cast(valued.academic_year - 1 as varchar), '/', right(cast(valued.academic_year as varchar), 2)) as published_label,
    valued.breakdown_type,
    valued.breakdown_value,
    valued.value,
    valued.numerator,
    valued.denominator,
    valued.value_status,
    'local_provisional' as release_status,
    valued.vintage_id
from valued
cross join authority
inner join {{ ref('int_indicator__catalogue') }} as catalogue on valued.indicator_id = catalogue.indicator_id
inner join {{ ref('year_kinds') }} as kind on catalogue.year_kind = kind.year_kind
