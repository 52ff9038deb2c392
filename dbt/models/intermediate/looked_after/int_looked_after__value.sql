-- Figures that the looked-after return gives, for the authority of council.yml. Rates of 31 March N divide by the
-- population of mid-(N-1), as DfE does. A cut taken within the year has a lane of its own: its periods end on its date.
with
    authority as ({{ own_area() }}),

    figure as (
        select
            counted.*,
            authority.area_code,
            indicator.period_kind,
            population.population,
            population.vintage_id as population_vintage_id
        from {{ ref('int_looked_after__figure') }} as counted
        inner join {{ ref('indicators') }} as indicator on counted.indicator_id = indicator.indicator_id
        cross join authority
        left join
            {{ ref('int_population__current') }} as population
            on authority.area_code = population.area_code
            and counted.collection_year - 1 = population.mid_year
            and counted.kind = 'rate'
    ),

    divided as (
        select
            *,
            case when kind in ('share', 'mean', 'rate') then top when base is not null then top end as numerator,
            case when kind = 'rate' then population else base end as denominator
        from figure
    )

select
    indicator_id,
    area_code,
    concat(period_kind, '_', cast(count_date as varchar)) as period_id,
    period_kind,
    case
        when period_kind = 'snapshot' then count_date
        else cast(concat(cast(collection_year - 1 as varchar), '-04-01') as date)
    end as period_start,
    count_date as period_end,
    case when as_at is null then cast(collection_year as varchar) else cast(as_at as varchar) end as published_label,
    breakdown_type,
    breakdown_value,
    case kind
        when 'count' then top
        when 'share' then 100.0 * top / nullif(denominator, 0)
        when 'mean' then top / nullif(denominator, 0)
        when 'rate' then 10000.0 * top / nullif(denominator, 0)
    end as value,
    numerator,
    denominator,
    case
        when not is_complete then 'source_missing'
        when kind = 'count' or denominator > 0 then 'ok'
        when denominator = 0 then 'empty_denominator'
        else 'source_missing'
    end as value_status,
    case when as_at is null then 'local_provisional' else 'local_in_year' end as release_status,
    -- A rate stands on two vintages and names both.
    vintage_id || coalesce(' + ' || population_vintage_id, '') as vintage_id
from divided
