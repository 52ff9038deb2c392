-- Figures of the yearly looked-after returns by the cluster of the home before care. Care leavers have left: the return gives them no home.
with
    this_return as (
        select return_key, count_date, indicator_id, max(vintage_id) as vintage_id
        from {{ ref('int_looked_after__figure') }}
        where as_at is null and is_complete and breakdown_type = 'total'
        group by return_key, count_date, indicator_id
    ),

    child as ({{ children_as_read() }}),

    placed as (
        -- One whom another table of the return tells of, without an episode, has no home in it.
        select child.*, coalesce(area.home_area, 'not_known') as home_area
        from child
        inner join {{ ref('int_cluster__lookup') }} as lookup on true
        left join {{ ref('int_cluster__child') }} as area on child.return_key = area.return_key and child.child_key = area.child_key
    ),

    {% set figures = [] -%}
    {% for figure in looked_after_figures() if figure.kind != 'rate' and 'oc3' not in figure.needs %}{% do figures.append(figure) %}{% endfor -%}
    summed as (
        select
            return_key,
            home_area,
            {% for figure in figures -%}
            cast(coalesce(sum({{ figure.top }}), 0) as double) as top_{{ loop.index }},
            {% if figure.base -%}
            cast(coalesce(sum({{ figure.base }}), 0) as double) as base_{{ loop.index }}{% else %}cast(null as double) as base_{{ loop.index }}{% endif -%}
            {{ ',' if not loop.last }}
            {% endfor -%}
        from placed
        group by return_key, home_area
    ),

    figure as (
        {% for figure in figures -%}
        select
            return_key,
            home_area as area_key,
            '{{ figure.id }}' as indicator_id,
            '{{ figure.kind }}' as kind,
            top_{{ loop.index }} as top,
            base_{{ loop.index }} as base
        from summed
        {{ 'union all' if not loop.last }}
        {% endfor -%}
    )

select
    'home' as membership_basis,
    cast(extract(year from this_return.count_date) as integer) as year,
    this_return.count_date as member_day,
    figure.area_key,
    figure.indicator_id,
    figure.kind,
    'total' as breakdown_type,
    'total' as breakdown_value,
    figure.top,
    figure.base,
    this_return.vintage_id
from figure
inner join this_return on figure.return_key = this_return.return_key and figure.indicator_id = this_return.indicator_id
-- A care leaver is a child of the return and in none of these figures.
where figure.area_key <> 'not_known' or figure.top <> 0 or figure.base <> 0
