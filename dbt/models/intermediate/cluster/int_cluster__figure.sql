-- All figures by cluster, one row per figure, period, basis, area and part; three years together beside single ones, for everybody, where
-- all three are there: counts of one year are small. Three years are those of the clusters in being at their end: what merged is added up.
-- `member_day` is the day whose memberships count.
with
    counted as (
        select membership_basis, year, member_day, area_key, indicator_id, kind, breakdown_type, breakdown_value, top, base, vintage_id
        from {{ ref('int_cluster__education') }}
        union all
        select membership_basis, year, member_day, area_key, indicator_id, kind, breakdown_type, breakdown_value, top, base, vintage_id
        from {{ ref('int_cluster__looked_after') }}
    ),

    yearly as (
        select
            counted.membership_basis,
            counted.year,
            counted.member_day,
            catalogue.period_kind,
            cast(concat(cast(counted.year + kind.start_year_offset as varchar), '-', kind.start_month_day) as date) as period_start,
            cast(concat(cast(counted.year as varchar), '-', kind.end_month_day) as date) as period_end,
            counted.area_key,
            counted.indicator_id,
            counted.kind,
            counted.breakdown_type,
            counted.breakdown_value,
            counted.top,
            counted.base,
            -- The lists and the directory that put a child into a cluster are behind the figure as well.
            counted.vintage_id || coalesce(
                ' + ' || case counted.membership_basis when 'home' then lookup.home_vintage_id else lookup.school_vintage_id end, ''
            ) as vintage_id
        from counted
        cross join {{ ref('int_cluster__lookup') }} as lookup
        inner join {{ ref('int_indicator__catalogue') }} as catalogue on counted.indicator_id = catalogue.indicator_id
        inner join {{ ref('year_kinds') }} as kind on catalogue.year_kind = kind.year_kind
    ),

    period as (
        select distinct indicator_id, membership_basis, year, member_day, period_start, period_end
        from yearly
        where breakdown_type = 'total'
    ),

    -- The years that end with a period, where none of the three is missing.
    three as (
        select last.indicator_id, last.membership_basis, last.year, last.member_day, last.period_end, min(one.period_start) as period_start
        from period as last
        inner join period as one
            on last.indicator_id = one.indicator_id
            and last.membership_basis = one.membership_basis
            and one.year between last.year - 2 and last.year
        group by last.indicator_id, last.membership_basis, last.year, last.member_day, last.period_end
        having count(*) = 3
    ),

    pooled as (
        select
            three.membership_basis,
            three.year,
            three.member_day,
            'rolling3' as period_kind,
            three.period_start,
            three.period_end,
            coalesce(successor.stands_code, one.area_key) as area_key,
            three.indicator_id,
            one.kind,
            'total' as breakdown_type,
            'total' as breakdown_value,
            {{ exact_sum('one.top') }} as top,
            {{ exact_sum('one.base') }} as base,
            {{ ordered_list('one.vintage_id') }} as vintage_id
        from three
        inner join yearly as one
            on three.indicator_id = one.indicator_id
            and three.membership_basis = one.membership_basis
            and one.year between three.year - 2 and three.year
            and one.breakdown_type = 'total'
        left join
            {{ ref('int_cluster__successor') }} as successor
            on one.area_key = successor.cluster_code
            and three.member_day between successor.from_day and successor.to_day
        -- Stocks of three days are no count of anything; shares and means of three years are.
        where one.kind <> 'count'
        group by
            three.membership_basis, three.year, three.member_day, three.period_start, three.period_end,
            coalesce(successor.stands_code, one.area_key), three.indicator_id, one.kind
    )

select * from yearly
union all
select * from pooled
