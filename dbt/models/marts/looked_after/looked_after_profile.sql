-- Who the children are: those looked after on the day of the count, those among them who are adolescents, and those who started in
-- the year, by age, need, legal status and where they live. Shares are of the group, so that each adds up to 100.
{%- set groups = {
    'all': 'true',
    '10_to_15': 'counted_age between 10 and 15',
    '16_plus': 'counted_age >= 16',
    '13_plus': 'counted_age >= 13',
} %}
{%- set dimensions = ['age_band', 'placement_mix', 'placement_group', 'category_of_need', 'legal_status', 'uasc'] %}
{%- set of_starters = ['age_band', 'category_of_need', 'legal_status', 'placement_group', 'uasc'] %}
with
    child as (
        select
            child.*,
            this_return.area_code,
            this_return.year_start,
            this_return.count_date,
            this_return.release_status,
            this_return.has_header,
            this_return.has_uasc,
            this_return.vintage_id
        from {{ ref('int_looked_after__child') }} as child
        inner join {{ ref('int_looked_after__return') }} as this_return on child.return_key = this_return.return_key
    ),

    profile as (
        {% for age_group, condition in groups.items() -%}
        {% for dimension in dimensions -%}
        select
            area_code,
            return_key,
            'looked_after' as population,
            count_date as period_start,
            count_date as period_end,
            release_status,
            '{{ age_group }}' as age_group,
            '{{ dimension }}' as dimension,
            counted_{{ dimension }} as category,
            vintage_id,
            count(*) as children
        from child
        where
            is_counted and {{ condition }}
            {% if dimension == 'age_band' %}and has_header{% elif dimension == 'uasc' %}and has_uasc{% endif %}
        group by area_code, return_key, count_date, release_status, counted_{{ dimension }}, vintage_id
        union all
        {% endfor -%}
        {% endfor -%}
        {% for dimension in of_starters -%}
        select
            area_code,
            return_key,
            'started' as population,
            year_start as period_start,
            count_date as period_end,
            release_status,
            'all' as age_group,
            '{{ dimension }}' as dimension,
            started_{{ dimension }} as category,
            vintage_id,
            count(*) as children
        from child
        where
            is_started
            {% if dimension == 'age_band' %}and has_header{% elif dimension == 'uasc' %}and has_uasc{% endif %}
        group by area_code, return_key, year_start, count_date, release_status, started_{{ dimension }}, vintage_id
        {{ 'union all' if not loop.last }}
        {% endfor -%}
    )

select
    area_code,
    return_key,
    population,
    period_start,
    period_end,
    release_status,
    age_group,
    dimension,
    category,
    children,
    cast(sum(children) over (partition by return_key, population, age_group, dimension) as bigint) as children_in_group,
    100.0 * children / sum(children) over (partition by return_key, population, age_group, dimension) as share_pct,
    vintage_id
from profile
order by area_code, return_key, population, age_group, dimension, category
