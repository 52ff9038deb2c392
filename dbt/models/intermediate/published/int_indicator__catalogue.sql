-- One row per indicator: those declared in the seed, and every other short description of the loaded LAIT file with what
-- its dictionary says. Where the dictionary is loaded its polarity and quartile mark win, so that ranks equal LAIT's.
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

select * from declared
union all
select * from undeclared
