-- One row per indicator: those declared in the seed, the distance between groups in those of the pupil-level files, and every other
-- short description of the loaded LAIT file with what its dictionary says. Where the dictionary is loaded its polarity and quartile mark win, so that ranks equal LAIT's.
with
    short_desc as (select distinct short_desc from {{ ref('stg_lait__indicator_value') }}),

    dictionary as (
        select
            short_desc,
            {{ first_by('measure_name', 'file_order') }} as measure_name,
            {{ first_by('polarity', 'file_order') }} as polarity,
            {{ first_by('axis_name', 'file_order') }} as axis_name,
            {{ first_by("coalesce(description, '')", 'file_order') }} as description,
            {{ first_by("coalesce(table_status, '')", 'file_order') }} as table_status,
            {{ first_by("coalesce(next_update, '')", 'file_order') }} as next_update,
            {{ first_by('decimals', 'file_order') }} as decimals,
            {{ first_by('year_type', 'file_order') }} as year_type,
            {{ first_by('show_quartile', 'file_order') }} as show_quartile,
            {{ joined_in_order('topic', 'file_order') }} as topic
        from {{ ref('stg_lait__data_dictionary') }}
        group by short_desc
    ),

    unit as (
        select dictionary.short_desc, units.unit
        from dictionary
        inner join {{ ref('lait_units') }} as units
            on left(lower(dictionary.axis_name), length(units.axis_prefix)) = lower(units.axis_prefix)
        qualify row_number() over (
            partition by dictionary.short_desc order by length(units.axis_prefix) desc, units.priority
        ) = 1
    ),

    declared as (
        select
            seed.indicator_id,
            seed.indicator_name,
            seed.topic,
            seed.unit,
            seed.decimals,
            coalesce(dictionary.polarity, seed.polarity) as polarity,
            seed.period_kind,
            seed.year_kind,
            coalesce(nullif(dictionary.description, ''), seed.numerator_definition) as definition,
            seed.numerator_definition,
            seed.denominator_definition,
            seed.source_id,
            seed.basis,
            seed.report_section,
            coalesce(dictionary.show_quartile, true) as show_quartile,
            seed.lait_short_desc,
            coalesce(dictionary.table_status, '') || coalesce(dictionary.next_update, '') as update_words,
            nullif(dictionary.next_update, '') as next_update
        from {{ ref('indicators') }} as seed
        left join dictionary on seed.lait_short_desc = dictionary.short_desc
    ),

    undeclared as (
        select
            {{ lait_indicator_id('short_desc.short_desc') }} as indicator_id,
            coalesce(dictionary.measure_name, short_desc.short_desc) as indicator_name,
            dictionary.topic,
            coalesce(unit.unit, 'count') as unit,
            coalesce(dictionary.decimals, 1) as decimals,
            coalesce(dictionary.polarity, 'neutral') as polarity,
            coalesce(kind.period_kind, 'year') as period_kind,
            coalesce(kind.year_kind, 'financial') as year_kind,
            nullif(dictionary.description, '') as definition,
            cast(null as varchar) as numerator_definition,
            cast(null as varchar) as denominator_definition,
            'lait' as source_id,
            cast(null as varchar) as basis,
            cast(null as varchar) as report_section,
            coalesce(dictionary.show_quartile, true) as show_quartile,
            short_desc.short_desc as lait_short_desc,
            coalesce(dictionary.table_status, '') || coalesce(dictionary.next_update, '') as update_words,
            nullif(dictionary.next_update, '') as next_update
        from short_desc
        left join dictionary on short_desc.short_desc = dictionary.short_desc
        left join unit on short_desc.short_desc = unit.short_desc
        left join {{ ref('year_kinds') }} as kind on dictionary.year_type = kind.lait_year_type
        where short_desc.short_desc not in (
            select lait_short_desc from {{ ref('indicators') }} where lait_short_desc is not null
        )
    )
,

    pair as (
        select
            breakdown_type,
            -- A breakdown with several pairs is told apart by its parts.
            case when count(*) = 1 then min(gap_name) else concat('groups of ', replace(breakdown_type, '_', ' ')) end as gap_name
        from {{ ref('breakdown_gaps') }}
        group by breakdown_type
    ),

    gap as (
        select
            concat(declared.indicator_id, '_gap_', pair.breakdown_type) as indicator_id,
            concat(declared.indicator_name, ': gap between ', pair.gap_name) as indicator_name,
            declared.topic,
            declared.unit,
            greatest(declared.decimals, 1) as decimals,
            'neutral' as polarity,
            declared.period_kind,
            declared.year_kind,
            'Figure of the group less that of the pupils it is compared with, from unrounded figures' as definition,
            cast(null as varchar) as numerator_definition,
            cast(null as varchar) as denominator_definition,
            'results' as source_id,
            declared.basis,
            cast(null as varchar) as report_section,
            false as show_quartile,
            cast(null as varchar) as lait_short_desc,
            '' as update_words,
            cast(null as varchar) as next_update
        from declared
        cross join pair
        where declared.indicator_id in ('{{ education_gap_ids() | join("', '") }}')
    )

select * from declared
union all
select * from undeclared
union all
select * from gap
