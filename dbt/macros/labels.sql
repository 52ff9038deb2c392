{# A period as people write it: 2024/25 (school year), 2024-25 (financial year), 2024, 31 March 2025, January 2025, 2020 to 2022. #}
{% macro period_label(period_kind, period_start, period_end) -%}
    case
        when {{ period_kind }} = 'rolling3' and extract(month from {{ period_end }}) = 12
            then concat(cast(extract(year from {{ period_start }}) as varchar), ' to ', cast(extract(year from {{ period_end }}) as varchar))
        when {{ period_kind }} = 'rolling3'
            then concat(
                cast(extract(year from {{ period_start }}) as varchar), '-', {{ two_digits('extract(year from ' ~ period_start ~ ') + 1') }}, ' to ',
                cast(extract(year from {{ period_end }}) - 1 as varchar), '-', {{ two_digits('extract(year from ' ~ period_end ~ ')') }}
            )
        when {{ period_kind }} = 'snapshot' and extract(month from {{ period_end }}) = 1
            then concat('January ', cast(extract(year from {{ period_end }}) as varchar))
        when {{ period_kind }} = 'snapshot'
            then concat(
                cast(extract(day from {{ period_end }}) as varchar), ' ',
                case extract(month from {{ period_end }}) when 3 then 'March' when 6 then 'June' when 9 then 'September' when 12 then 'December' end,
                ' ', cast(extract(year from {{ period_end }}) as varchar)
            )
        when extract(month from {{ period_end }}) = 8
            then concat(cast(extract(year from {{ period_end }}) - 1 as varchar), '/', {{ two_digits('extract(year from ' ~ period_end ~ ')') }})
        when extract(month from {{ period_end }}) = 3
            then concat(cast(extract(year from {{ period_end }}) - 1 as varchar), '-', {{ two_digits('extract(year from ' ~ period_end ~ ')') }})
        else cast(extract(year from {{ period_end }}) as varchar)
    end
{%- endmacro %}

{# The last two digits of a year. #}
{% macro two_digits(year) -%} right(cast({{ year }} as varchar), 2) {%- endmacro %}
