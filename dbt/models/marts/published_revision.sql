-- Cells that two successive vintages of one data set print differently. Nothing is edited: a revision is a pair of rows that
-- both stand in fct_indicator_value.
with
    published as (
        select
            indicator_id,
            area_code,
            period_id,
            breakdown_type,
            breakdown_value,
            -- The first part of a vintage names the data set. The tool and a data set may print the same period; that they
            -- differ is no revision of either.
            split_part(vintage_id, '/', 1) as data_set,
            vintage_id,
            release,
            issue_number,
            value,
            value_status,
            release_status,
            numerator,
            denominator,
            population_release,
            population_issue_number
        from {{ ref('int_published__value') }}
    ),

    -- Most data sets are held once: only the rows of the others are put in order, which is what costs time.
    held_more_than_once as (
        select data_set from published group by data_set having min(vintage_id) < max(vintage_id)
    ),

    -- In the order that decides which vintage is current: see int_published__value.
    later as (
        select
            published.*,
            lag(vintage_id) over series as earlier_vintage_id,
            lag(release) over series as earlier_release,
            lag(value) over series as earlier_value,
            lag(value_status) over series as earlier_value_status,
            lag(release_status) over series as earlier_release_status,
            lag(numerator) over series as earlier_numerator,
            lag(denominator) over series as earlier_denominator
        from published
        inner join held_more_than_once on published.data_set = held_more_than_once.data_set
        window
            series as (
                partition by indicator_id, area_code, period_id, breakdown_type, breakdown_value, published.data_set
                order by release, issue_number, population_release, population_issue_number, vintage_id desc
            )
    )

select
    indicator_id,
    area_code,
    period_id,
    breakdown_type,
    breakdown_value,
    data_set,
    case
        when earlier_value is not null and value is not null then 'number'
        when value is not null then 'from_symbol'
        when earlier_value is not null then 'to_symbol'
        else 'symbol'
    end as kind,
    earlier_vintage_id,
    earlier_release,
    earlier_value,
    earlier_value_status,
    earlier_release_status,
    earlier_numerator,
    earlier_denominator,
    vintage_id as later_vintage_id,
    release as later_release,
    value as later_value,
    value_status as later_value_status,
    release_status as later_release_status,
    numerator as later_numerator,
    denominator as later_denominator,
    value - earlier_value as difference
from later
where
    earlier_vintage_id is not null
    and (
        -- Both are read from print, so that equal prints are equal numbers; the margin is that of writing a double.
        abs(value - earlier_value) > 1e-9
        or ((value is null or earlier_value is null) and value_status <> earlier_value_status)
    )
order by indicator_id, period_id, area_code, breakdown_type, breakdown_value, later_vintage_id
