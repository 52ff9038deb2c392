{# Memberships are dated, and a blank date is no limit. #}
{% macro dated_from(expression) -%} coalesce({{ extract_date(expression) }}, cast('1900-01-01' as date)) {%- endmacro %}
{% macro dated_to(expression) -%} coalesce({{ extract_date(expression) }}, cast('9999-12-31' as date)) {%- endmacro %}

{# The area code of a cluster: its id is the council's own and could be anything. #}
{% macro cluster_code(cluster_id) -%} concat('cluster_', {{ cluster_id }}) {%- endmacro %}

{# What belongs to a cluster on each day, of clusters that are in being: one that ended has no members, whatever the list says. #}
{% macro members_in_being(list, columns) -%}
    select
        {% for column in columns -%}
        member.{{ column }},
        {% endfor -%}
        {{ cluster_code('member.cluster_id') }} as cluster_code,
        greatest(member.valid_from, cluster.valid_from) as valid_from,
        least(member.valid_to, cluster.valid_to) as valid_to,
        member.vintage_id
    from {{ list }} as member
    inner join {{ ref('stg_geography__clusters') }} as cluster on member.cluster_id = cluster.cluster_id
    where greatest(member.valid_from, cluster.valid_from) <= least(member.valid_to, cluster.valid_to)
{%- endmacro %}

{# Where a row of pupils is put, for the models of clusters: the pupil, the school, and the place of the home as far as anything
   counts it. `school` and `home` are expressions and aliases of the row. #}
{% macro pupil_place(pupil_key, school, homes) -%}
    {{ pupil_key }} as placed_pupil_key,
    {{ school }} as placed_school,
    {% for column in ['home_authority_code', 'home_lsoa_2011', 'home_lsoa_2021'] -%}
    case
        {% for home in homes -%}
        when {{ home }}.home_authority_code is not null then {{ home }}.{{ column }}
        {% endfor -%}
    end as {{ column }}{{ ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}

{# The small area of a row's home in the census that the council's list is of; the list is `lookup`. #}
{% macro small_area_of(row) -%}
    case when lookup.area_type = 'lsoa11' then {{ row }}.home_lsoa_2011 else {{ row }}.home_lsoa_2021 end
{%- endmacro %}

{# Rows with the cluster of the home (`home_area`) and of the school (`school_area`) on the last day of their year, or in its place why
   there is none. Nothing where the council supplies no clusters. `rows` has the columns of `pupil_place`, `day` is a date of the row. #}
{% macro in_clusters(rows, day) -%}
    select
        told.*,
        case
            -- The home of a child in care is the one before care, never the placement.
            when in_care.pupil_key is not null then in_care.home_area
            when told.home_authority_code is null then 'not_known'
            when told.home_authority_code not in (select area_code from own_code) then 'outside_area'
            else coalesce(lived.cluster_code, 'not_known')
        end as home_area,
        coalesce(attended.cluster_code, 'not_known') as school_area
    from {{ rows }} as told
    cross join lookup
    left join
        {{ ref('int_cluster__area') }} as lived
        on {{ small_area_of('told') }} = lived.area_code
        and {{ day }} between lived.valid_from and lived.valid_to
    left join
        {{ ref('int_cluster__school') }} as attended
        on told.placed_school = attended.urn
        and {{ day }} between attended.valid_from and attended.valid_to
    left join
        {{ ref('int_cluster__home_before_care') }} as in_care
        on told.placed_pupil_key = in_care.pupil_key
        and told.academic_year = in_care.academic_year
{%- endmacro %}

{# Codes that the authority of council.yml has or had. #}
{% macro own_codes() -%}
    {{ own_area() }}
    union
    select history.area_code
    from {{ ref('area_code_history') }} as history
    inner join {{ source('settings', 'council') }} as council on history.dfe_number = council.authority
{%- endmacro %}

{# A table of clusters: the columns of a figure in all its parts; and what is divided among areas, one figure of the city. #}
{% macro cluster_table() -%} told.membership_basis, told.indicator_id, told.period_kind, told.period_end {%- endmacro %}
{% macro cluster_cell() -%} {{ cluster_table() }}, told.breakdown_type, told.breakdown_value {%- endmacro %}
