{# The DfE number of a row of an Explore Education Statistics file. Authorities join on the three-digit code, never on the
   nine-character one, which changes; regions and England on their code, whose spelling of the name varies. #}
{% macro ees_dfe_number(model, region) -%}
    case {{ model }}.geographic_level
        when 'National' then 970
        when 'Regional' then {{ region }}.dfe_number
        when 'Local authority' then try_cast(trim({{ model }}.old_la_code) as integer)
    end
{%- endmacro %}

{# The area of the authority of council.yml, one row. #}
{% macro own_area() -%}
    select authorities.area_code
    from {{ ref('authorities') }} as authorities
    inner join {{ source('settings', 'council') }} as council on authorities.dfe_number = council.authority
{%- endmacro %}
