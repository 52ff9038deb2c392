{# The band of a value: A is always best, an exact edge belongs to the lower-valued side. Reads ranked.polarity. #}
{% macro quartile_band(value, q25, q50, q75) -%}
    case
        when ranked.polarity = 'neutral' or not ranked.show_quartile then '-'
        when {{ value }} <= {{ q25 }} then case ranked.polarity when 'low' then 'A' else 'D' end
        when {{ value }} <= {{ q50 }} then case ranked.polarity when 'low' then 'B' else 'C' end
        when {{ value }} <= {{ q75 }} then case ranked.polarity when 'low' then 'C' else 'B' end
        else case ranked.polarity when 'low' then 'D' else 'A' end
    end
{%- endmacro %}
