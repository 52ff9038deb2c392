-- Figures that the council's own returns give, for the authority of council.yml. Rates of 31 March N divide by the
-- population of mid-(N-1), as DfE does.
with
    authority as (
        select authorities.area_code
        from {{ ref('authorities') }} as authorities
        inner join {{ source('settings', 'council') }} as council on authorities.dfe_number = council.authority
    ),

    looked_after as (
        select authority.area_code, counted.*
        from {{ ref('int_children_looked_after__at_31_march') }} as counted
        cross join authority
    ),

    -- A year whose return arrived but could not be used is said to be missing, not left out.
    missing_year as (
        select distinct
            authority.area_code,
            cast(file.release as integer) as collection_year,
            cast(concat(file.release, '-03-31') as date) as count_date
        from {{ ref('stg_landing__source_file') }} as file
        cross join authority
        where file.source_id = 'ssda903'
            and file.as_at is null
            and file.status in ('failed', 'rejected')
            and not file.is_in_use
            and try_cast(file.release as integer) is not null
            and try_cast(file.release as integer) not in (select collection_year from looked_after)
    ),

    figure as (
        select
            'cla_31_march' as indicator_id,
            area_code,
            count_date,
            cast(children_looked_after as double) as value,
            cast(null as double) as numerator,
            cast(null as double) as denominator,
            'ok' as value_status,
            vintage_id
        from looked_after

        union all

        select
            'cla_31_march_rate' as indicator_id,
            looked_after.area_code,
            looked_after.count_date,
            10000.0 * looked_after.children_looked_after / nullif(population.population, 0) as value,
            cast(looked_after.children_looked_after as double) as numerator,
            population.population as denominator,
            case
                when population.population > 0 then 'ok'
                when population.population = 0 then 'empty_denominator'
                else 'source_missing'
            end as value_status,
            -- A rate stands on two vintages and names both.
            looked_after.vintage_id || coalesce(' + ' || population.vintage_id, '') as vintage_id
        from looked_after
        left join
            {{ ref('int_population__current') }} as population
            on looked_after.area_code = population.area_code
            and looked_after.collection_year - 1 = population.mid_year

        union all

        select
            missing.indicator_id,
            missing_year.area_code,
            missing_year.count_date,
            cast(null as double) as value,
            cast(null as double) as numerator,
            cast(null as double) as denominator,
            'source_missing' as value_status,
            concat('ssda903/', cast(missing_year.collection_year as varchar), '/none') as vintage_id
        from missing_year
        cross join
            (select 'cla_31_march' as indicator_id union all select 'cla_31_march_rate' as indicator_id) as missing
    )

select
    indicator_id,
    area_code,
    concat('snapshot_', cast(count_date as varchar)) as period_id,
    'snapshot' as period_kind,
    count_date as period_start,
    count_date as period_end,
    cast(extract(year from count_date) as varchar) as published_label,
    'total' as breakdown_type,
    'total' as breakdown_value,
    value,
    numerator,
    denominator,
    value_status,
    'local_provisional' as release_status,
    vintage_id
from figure
