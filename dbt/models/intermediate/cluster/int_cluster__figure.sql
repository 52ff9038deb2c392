-- All figures by cluster, one row per figure, period, basis, area and part; three years together beside single ones, for everybody, where
-- all three are there: counts of one year are small. Three years are those of the clusters in being at their end: what merged is added up.
with
    yearly as (
        select
            told.membership_basis,
            cast(concat(cast(told.academic_year + kind.start_year_offset as varchar), '-', kind.start_month_day) as date) as period_start,
            cast(concat(cast(told.academic_year as varchar), '-', kind.end_month_day) as date) as period_end,
            told.academic_year as label_year,
            catalogue.period_kind,
            told.area_key,
            told.indicator_id,
            told.kind,
            told.breakdown_type,
            told.breakdown_value,
            told.top,
            told.base,
            told.vintage_id
        from {{ ref('int_cluster__education') }} as told
        inner join {{ ref('int_indicator__catalogue') }} as catalogue on told.indicator_id = catalogue.indicator_id
        inner join {{ ref('year_kinds') }} as kind on catalogue.year_kind = kind.year_kind
        union all
        select
            told.membership_basis,
            case
                when catalogue.period_kind = 'snapshot' then told.count_date
                else cast(concat(cast(extract(year from told.count_date) - 1 as varchar), '-04-01') as date)
            end as period_start,
            told.count_date as period_end,
            extract(year from told.count_date) as label_year,
            catalogue.period_kind,
            told.area_key,
            told.indicator_id,
            told.kind,
            told.breakdown_type,
            told.breakdown_value,
            told.top,
            told.base,
            told.vintage_id
        from {{ ref('int_cluster__looked_after') }} as told
        inner join {{ ref('indicators') }} as catalogue on told.indicator_id = catalogue.indicator_id
    ),

    period as (
        select indicator_id, membership_basis, period_end, label_year, period_start
        from yearly
        where breakdown_type = 'total'
        group by indicator_id, membership_basis, period_end, label_year, period_start
    ),

    -- The years that end with a period, where none of the three is missing.
    three as (
        select last.indicator_id, last.membership_basis, last.period_end, last.label_year, min(one.period_start) as period_start
        from period as last
        inner join period as one
            on last.indicator_id = one.indicator_id
            and last.membership_basis = one.membership_basis
            and one.label_year between last.label_year - 2 and last.label_year
        group by last.indicator_id, last.membership_basis, last.period_end, last.label_year
        having count(*) = 3
    ),

    pooled as (
        select
            three.membership_basis,
            three.period_start,
            three.period_end,
            three.label_year,
            'rolling3' as period_kind,
            coalesce(successor.stands_code, one.area_key) as area_key,
            three.indicator_id,
            one.kind,
            'total' as breakdown_type,
            'total' as breakdown_value,
            {{ exact_sum('one.top') }} as top,
            {{ exact_sum('one.base') }} as base,
            {{ joined_in_order('one.vintage_id', 'one.period_end') }} as vintage_id
        from three
        inner join yearly as one
            on three.indicator_id = one.indicator_id
            and three.membership_basis = one.membership_basis
            and one.label_year between three.label_year - 2 and three.label_year
            and one.breakdown_type = 'total'
        left join
            {{ ref('int_cluster__successor') }} as successor
            on one.area_key = successor.cluster_code
            and three.period_end between successor.from_day and successor.to_day
        -- Stocks of three days are no count of anything; shares and means of three years are.
        where one.kind <> 'count'
        group by
            three.membership_basis, three.period_start, three.period_end, three.label_year,
            coalesce(successor.stands_code, one.area_key), three.indicator_id, one.kind
    )

select * from yearly
union all
select * from pooled
