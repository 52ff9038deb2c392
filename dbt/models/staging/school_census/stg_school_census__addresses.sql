-- Where pupils live, as far as anything counts it: the authority and the small area. The postcode goes no further.
{% for roll in ['on', 'off'] -%}
select
    {{ census_columns(roll) }},
    home.authority_code as home_authority_code,
    home.lsoa_2011 as home_lsoa_2011,
    home.lsoa_2021 as home_lsoa_2021
{% call census_rows('addresses_' ~ roll ~ '_roll') -%}
left join {{ ref('stg_geography__postcodes') }} as home on upper(replace(raw.postcode, ' ', '')) = home.postcode
{%- endcall %}
{{ 'union all' if not loop.last }}
{% endfor %}
