-- Where pupils live, as far as anything counts it: the authority. The postcode goes no further.
{% for roll in ['on', 'off'] -%}
select
    {{ census_columns(roll) }},
    home.authority_code as home_authority_code
{% call census_rows('addresses_' ~ roll ~ '_roll') -%}
left join {{ ref('stg_geography__postcodes') }} as home on upper(replace(raw.postcode, ' ', '')) = home.postcode
{%- endcall %}
{{ 'union all' if not loop.last }}
{% endfor %}
