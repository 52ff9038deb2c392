-- Every day with the number of working days up to it: the difference of two days is the working days between them, the first one not
-- counted. Weekends and bank holidays in England are none.
with
    digit as (
        {% for number in range(10) -%}
        select {{ number }} as digit{{ ' union all ' if not loop.last }}
        {% endfor -%}
    ),

    number as (
        select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit as number
        from digit as ones
        cross join digit as tens
        cross join digit as hundreds
        cross join digit as thousands
    ),

    day as (
        select cast({{ dbt.dateadd('day', 'number', "cast('2010-01-01' as date)") }} as date) as day
        from number
    ),

    marked as (
        select
            day.day,
            {{ iso_weekday('day.day') }} < 6 and holiday.holiday is null as is_working_day
        from day
        left join {{ ref('bank_holidays') }} as holiday on day.day = holiday.holiday
    )

select
    day,
    is_working_day,
    cast(sum({{ one_if('is_working_day') }}) over (order by day) as integer) as working_days
from marked
