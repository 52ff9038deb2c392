-- Which years of which indicators may be compared, from the declared families. Years that are not listed are ok.
with
    family as (
        select catalogue.indicator_id, families.family
        from {{ ref('int_indicator__catalogue') }} as catalogue
        inner join {{ ref('comparability_families') }} as families
            on catalogue.indicator_id like families.indicator_pattern
        qualify row_number() over (
            partition by catalogue.indicator_id order by families.priority, families.family
        ) = 1
    )

select distinct
    family.indicator_id,
    years.period_end,
    years.comparability,
    years.kind,
    years.words
from family
inner join {{ ref('comparability') }} as years on family.family = years.family
