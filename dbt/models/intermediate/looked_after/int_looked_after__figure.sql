-- Every figure of each return (macro looked_after_figures), counted from int_looked_after__child.
{%- set figures = looked_after_figures() %}
{%- set scored = scored_children() %}
{%- set attributes = {'age_band': 'header', 'sex': 'header', 'ethnic_group': 'header', 'uasc': 'uasc', 'placement_group': 'episodes', 'legal_status': 'episodes', 'category_of_need': 'episodes'} %}
{%- set places = {'placed': 'postcodes', 'distance': 'postcodes', 'placed_distance': 'postcodes'} %}
{%- set leaver_tops = {'care_leavers_in_touch_pct': 'is_in_touch', 'care_leavers_eet_pct': 'is_in_work_or_learning', 'care_leavers_neet_pct': 'is_neither', 'care_leavers_activity_unknown_pct': 'is_activity_unknown', 'care_leavers_suitable_pct': 'is_suitably_housed'} %}
with
    table_of_return as (
        select
            case when as_at is null then release else concat(release, '/', cast(as_at as varchar)) end as return_key,
            cast(release as integer) as collection_year,
            as_at,
            coalesce(as_at, cast(concat(release, '-03-31') as date)) as count_date,
            table_name,
            is_in_use,
            case when is_in_use then vintage_id end as vintage_id
        from {{ ref('stg_landing__source_file') }}
        where source_id = 'ssda903'
            and table_name is not null
            and try_cast(release as integer) is not null
            -- A return that arrived and could not be used is said to be missing, not left out.
            and (is_in_use or status in ('failed', 'rejected'))
    ),

    this_return as (
        select
            return_key,
            collection_year,
            as_at,
            count_date,
            {% for name in ['episodes', 'header', 'uasc', 'oc2', 'oc3', 'missing', 'reviews', 'social_workers', 'ad1', 'placed_for_adoption', 'previous_permanence', 'deprivation_of_liberty'] -%}
            max(case when table_name = '{{ name }}' then vintage_id end) as {{ name }}_vintage_id,
            {% endfor -%}
            -- Postcodes are no part of a return; every return is looked up in the directory that is in use.
            max((
                select max(directory.vintage_id)
                from {{ ref('stg_landing__source_file') }} as directory
                where directory.source_id = 'geography' and directory.table_name = 'postcodes' and directory.is_in_use
            )) as postcodes_vintage_id,
            concat('ssda903/', return_key, '/none') as no_vintage_id
        from table_of_return
        group by return_key, collection_year, as_at, count_date
    ),

    child as ({{ children_as_read() }}),

    summed as (
        select
            this_return.return_key,
            {% for figure in figures -%}
            coalesce(sum({{ figure.top }}), 0) as top_{{ loop.index }},
            {% if figure.base -%}
            coalesce(sum({{ figure.base }}), 0) as base_{{ loop.index }}{% else %}cast(null as bigint) as base_{{ loop.index }}{% endif -%}
            {{ ',' if not loop.last }}
            {% endfor -%}
        from this_return
        left join child on this_return.return_key = child.return_key
        group by this_return.return_key
    ),

    figure as (
        {% for figure in figures -%}
        select
            this_return.return_key,
            '{{ figure.id }}' as indicator_id,
            '{{ figure.kind }}' as kind,
            'total' as breakdown_type,
            'total' as breakdown_value,
            {{ return_has(figure.needs) }} as is_complete,
            case
                when {{ return_has(figure.needs) }} then {{ return_vintages(figure.needs) }}
                else this_return.no_vintage_id
            end as vintage_id,
            summed.top_{{ loop.index }} as top,
            summed.base_{{ loop.index }} as base
        from this_return
        inner join summed on this_return.return_key = summed.return_key
        {% if figure.from_year %}where this_return.collection_year >= {{ figure.from_year }}{% endif %}
        union all
        {% endfor -%}
        {% for indicator_id, part in {'cla_31_march': 'counted', 'cla_started': 'started', 'cla_ceased': 'ceased'}.items() -%}
        {% for attribute, need in (attributes.items() | list) + (places.items() | list if part == 'counted' else []) -%}
        select
            child.return_key,
            '{{ indicator_id }}' as indicator_id,
            'count' as kind,
            '{{ attribute }}' as breakdown_type,
            child.{{ part }}_{{ attribute }} as breakdown_value,
            true as is_complete,
            max({{ return_vintages(['episodes', need]) }}) as vintage_id,
            count(*) as top,
            cast(null as bigint) as base
        from child
        inner join this_return on child.return_key = this_return.return_key
        where child.is_{{ part }} and {{ return_has([need]) }}
        group by child.return_key, child.{{ part }}_{{ attribute }}
        union all
        {% endfor -%}
        {% endfor -%}
        {% for indicator_id, top in leaver_tops.items() -%}
        select
            child.return_key,
            '{{ indicator_id }}' as indicator_id,
            'share' as kind,
            'age_band' as breakdown_type,
            child.leaver_age_band as breakdown_value,
            true as is_complete,
            max(this_return.oc3_vintage_id) as vintage_id,
            sum({{ one_if(top) }}) as top,
            count(*) as base
        from child
        inner join this_return on child.return_key = this_return.return_key
        where child.leaver_age_band is not null
        group by child.return_key, child.leaver_age_band
        union all
        {% endfor -%}
        select
            child.return_key,
            'cla_sdq_scored' as indicator_id,
            'count' as kind,
            'sdq_band' as breakdown_type,
            case when sdq_score <= 13 then 'normal' when sdq_score <= 16 then 'borderline' else 'concern' end as breakdown_value,
            true as is_complete,
            max({{ return_vintages(['episodes', 'header', 'oc2']) }}) as vintage_id,
            count(*) as top,
            cast(null as bigint) as base
        from child
        inner join this_return on child.return_key = this_return.return_key
        where {{ scored }} and {{ return_has(['header']) }}
        group by
            child.return_key,
            case when sdq_score <= 13 then 'normal' when sdq_score <= 16 then 'borderline' else 'concern' end
    )

select
    figure.return_key,
    this_return.collection_year,
    this_return.as_at,
    this_return.count_date,
    figure.vintage_id,
    figure.indicator_id,
    figure.kind,
    figure.breakdown_type,
    figure.breakdown_value,
    figure.is_complete,
    case when figure.is_complete then cast(figure.top as double) end as top,
    case when figure.is_complete then cast(figure.base as double) end as base
from figure
inner join this_return on figure.return_key = this_return.return_key
