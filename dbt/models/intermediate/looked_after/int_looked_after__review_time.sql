-- Whether every review that was due in the time of a return was held by then: the first within 20 working days of the start of care,
-- the second within three months of it, each later one within six months of the one before. One row per child counted who has
-- been looked after for 20 working days. No longer published by DfE: a reading of our own.
{%- set first_within = 20 %}
with
    child as (
        select
            care.return_key,
            care.child_key,
            care.care_start_date,
            this_return.collection_year,
            this_return.year_start,
            this_return.count_date,
            due.day as first_due
        from {{ ref('int_looked_after__care') }} as care
        inner join {{ ref('int_looked_after__return') }} as this_return on care.return_key = this_return.return_key
        inner join {{ ref('int_working_day') }} as begun on care.care_start_date = begun.day
        inner join
            {{ ref('int_working_day') }} as due
            on begun.working_days + {{ first_within }} = due.working_days
            and due.is_working_day
        where due.day <= this_return.count_date
    ),

    -- Reviews before the oldest return are not seen: of a child in care since before it, the first one seen says nothing of the time
    -- until it, and the next is due six months later.
    oldest as (
        select min(cast(concat(cast(collection_year - 1 as varchar), '-04-01') as date)) as first_seen
        from {{ ref('stg_ssda903__reviews') }}
    ),

    held as (
        select distinct
            child.return_key,
            child.child_key,
            review.review_date
        from child
        inner join {{ ref('stg_ssda903__reviews') }} as review
            on child.child_key = review.child_key
            and {{ sees('child', 'review') }}
            and review.review_date between child.care_start_date and child.count_date
    ),

    -- After the last one held the next is still to come.
    event as (
        select return_key, child_key, review_date from held
        union all
        select return_key, child_key, cast(null as date) as review_date from child
    ),

    numbered as (
        select
            event.*,
            row_number() over (
                partition by return_key, child_key order by case when review_date is null then 1 else 0 end, review_date
            ) as review_number,
            lag(review_date) over (
                partition by return_key, child_key order by case when review_date is null then 1 else 0 end, review_date
            ) as former_review_date
        from event
    ),

    due as (
        select
            child.return_key,
            child.child_key,
            child.year_start,
            child.count_date,
            numbered.review_date,
            case
                when numbered.review_number = 1 and child.care_start_date >= oldest.first_seen then child.first_due
                when numbered.review_number = 2 and child.care_start_date >= oldest.first_seen
                    then cast({{ dbt.dateadd('month', 3, 'numbered.former_review_date') }} as date)
                when numbered.review_number > 1
                    then cast({{ dbt.dateadd('month', 6, 'numbered.former_review_date') }} as date)
                -- Nobody saw a review of this child, though all of them for a year would have been seen.
                when numbered.review_date is null then child.year_start
            end as due_date
        from child
        inner join numbered on child.return_key = numbered.return_key and child.child_key = numbered.child_key
        cross join oldest
    )

select
    return_key,
    child_key,
    max(case
        when review_date is null and due_date <= count_date then 1
        when review_date > due_date and due_date >= year_start then 1
        else 0
    end) = 0 as is_on_time
from due
group by return_key, child_key
