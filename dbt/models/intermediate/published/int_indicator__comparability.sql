-- Which years of which indicators may be compared, from the declared families. Years that are not listed are ok.
-- One row per indicator and period: it is joined by period, so a second row would repeat figures.
with
    belongs as (
        select catalogue.indicator_id, families.family, families.priority
        from {{ ref('int_indicator__catalogue') }} as catalogue
        inner join {{ ref('comparability_families') }} as families
            on catalogue.indicator_id like families.indicator_pattern
    ),

    main_family as (
        select indicator_id, family, priority
        from belongs
        where priority > 0
        qualify row_number() over (partition by indicator_id order by priority, family) = 1
    ),

    family as (
        select indicator_id, family, 1 as adds from belongs where priority = 0
        union
        select indicator_id, family, 0 as adds from main_family
    ),

    -- "Not yet" holds until the figures are there: a release must not need a change of the seed.
    published as (
        select distinct indicator_id, period_end
        from {{ ref('int_published__value') }}
        where value is not null
    ),

    declared as (
        select
            family.indicator_id,
            family.family,
            family.adds,
            years.period_end,
            years.comparability,
            years.kind,
            years.words,
            case years.comparability
                when 'not_collected' then 1 when 'not_comparable' then 2 when 'break_before' then 3 else 4
            end as strictness
        from family
        inner join {{ ref('comparability') }} as years on family.family = years.family
        left join
            published
            on family.indicator_id = published.indicator_id
            and years.period_end = published.period_end
        where years.kind <> 'not_yet' or published.indicator_id is null
    )

select indicator_id, period_end, comparability, kind, words
from declared
qualify row_number() over (partition by indicator_id, period_end order by strictness, adds, family) = 1
