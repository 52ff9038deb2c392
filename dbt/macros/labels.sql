{# A period as people write it: 2024/25 (school year), 2024-25 (financial year), 2024, 31 March 2025, January 2025, 2020 to 2022,
   1 April 2025 to 30 September 2025 (part of a year). #}
{% macro period_label(period_kind, period_start, period_end) -%}
    case
        when {{ period_kind }} = 'rolling3' and extract(month from {{ period_end }}) = 12
            then concat(cast(extract(year from {{ period_start }}) as varchar), ' to ', cast(extract(year from {{ period_end }}) as varchar))
        when {{ period_kind }} = 'rolling3'
            then concat(
                cast(extract(year from {{ period_start }}) as varchar), '-', {{ two_digits('extract(year from ' ~ period_start ~ ') + 1') }}, ' to ',
                cast(extract(year from {{ period_end }}) - 1 as varchar), '-', {{ two_digits('extract(year from ' ~ period_end ~ ')') }}
            )
        when {{ period_kind }} = 'snapshot' and right(cast({{ period_end }} as varchar), 5) = '01-31'
            then concat('January ', cast(extract(year from {{ period_end }}) as varchar))
        when {{ period_kind }} = 'snapshot' then {{ day_words(period_end) }}
        when right(cast({{ period_end }} as varchar), 5) not in ('03-31', '08-31', '12-31')
            then concat({{ day_words(period_start) }}, ' to ', {{ day_words(period_end) }})
        when extract(month from {{ period_end }}) = 8
            then concat(cast(extract(year from {{ period_end }}) - 1 as varchar), '/', {{ two_digits('extract(year from ' ~ period_end ~ ')') }})
        when extract(month from {{ period_end }}) = 3
            then concat(cast(extract(year from {{ period_end }}) - 1 as varchar), '-', {{ two_digits('extract(year from ' ~ period_end ~ ')') }})
        else cast(extract(year from {{ period_end }}) as varchar)
    end
{%- endmacro %}

{# The last two digits of a year. #}
{% macro two_digits(year) -%} right(cast({{ year }} as varchar), 2) {%- endmacro %}

{# A day as people write it: 31 March 2025. #}
{% macro day_words(day) -%}
    concat(
        cast(extract(day from {{ day }}) as varchar), ' ',
        case extract(month from {{ day }})
            when 1 then 'January' when 2 then 'February' when 3 then 'March' when 4 then 'April' when 5 then 'May'
            when 6 then 'June' when 7 then 'July' when 8 then 'August' when 9 then 'September' when 10 then 'October'
            when 11 then 'November' when 12 then 'December'
        end,
        ' ', cast(extract(year from {{ day }}) as varchar)
    )
{%- endmacro %}
