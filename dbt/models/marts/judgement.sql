-- A view here and a table in the published file, like comparator_value. Published headline values only, and
-- the council's own figures of what nobody publishes where there is a target. Every published value is judged in every way or
-- says in `reason` why it is not.
{{ config(materialized='view') }}
with
    polarity as (select indicator_id, polarity from {{ ref('int_indicator__catalogue') }}),

    own as (
        select change.cell_key, change.dfe_number, change.value
        from {{ ref('int_comparison__change') }} as change
        where change.value is not null
    ),

    region_of as (select dfe_number, region_dfe_number from {{ ref('authorities') }}),

    place_beside as (
        select
            place.cell_key,
            place.dfe_number,
            place.group_id,
            place.group_version,
            place.value,
            place.place,
            place.place_of,
            case
                when place.group_id = 'region' then region_value.value
                when groups.statistic = 'median' then mean.median
                when groups.statistic = 'pooled' then pooled.value
                else mean.value
            end as reference_value
        from {{ ref('int_judgement__place') }} as place
        inner join region_of on place.dfe_number = region_of.dfe_number
        inner join {{ ref('int_comparator__cell') }} as cell on place.cell_key = cell.cell_key
        left join
            {{ ref('comparator_group') }} as groups
            on place.group_id = groups.group_id
            and place.group_version = groups.group_version
        left join
            {{ ref('int_comparator__list') }} as list
            on place.group_id = list.group_id
            and place.group_version = list.group_version
            and place.dfe_number = list.dfe_number
        left join {{ ref('int_comparator__list_mean') }} as mean on place.cell_key = mean.cell_key and list.list_key = mean.list_key
        left join
            {{ ref('int_comparator__list_pooled') }} as pooled
            on place.cell_key = pooled.cell_key
            and list.list_key = pooled.list_key
        left join
            {{ ref('int_comparator__region') }} as region
            on cell.series_key = region.series_key
            and region_of.region_dfe_number = region.own_region_dfe_number
        left join
            {{ ref('int_comparator__wide_area') }} as region_value
            on place.cell_key = region_value.cell_key
            and region.region_dfe_number = region_value.dfe_number
    ),

    judged as (
        select
            direction.cell_key,
            direction.dfe_number,
            'direction' as kind,
            'previous' as against,
            direction.word,
            direction.meaning,
            direction.rule_id,
            direction.reason,
            {{ judgement_inputs({'value': 'direction.value', 'reference_value': 'direction.reference_value', 'difference': 'direction.difference', 'lower': 'direction.lower', 'upper': 'direction.upper', 'numerator': 'direction.numerator', 'denominator': 'direction.denominator', 'reference_numerator': 'direction.reference_numerator', 'reference_denominator': 'direction.reference_denominator', 'p_value': 'direction.p_value', 'reference_period_id': 'direction.reference_period_id'}) }} as inputs
        from {{ ref('int_judgement__direction') }} as direction

        union all

        select
            england.cell_key,
            england.dfe_number,
            'against_england' as kind,
            'england' as against,
            england.word,
            england.meaning,
            england.rule_id,
            england.reason,
            {{ judgement_inputs({'value': 'england.value', 'reference_value': 'england.reference_value', 'difference': 'england.difference', 'lower': 'england.lower', 'upper': 'england.upper', 'numerator': 'england.numerator', 'denominator': 'england.denominator'}) }} as inputs
        from {{ ref('int_judgement__england') }} as england

        union all

        select
            own.cell_key,
            own.dfe_number,
            'unusual' as kind,
            'authorities' as against,
            case
                when unusual.word is not null then unusual.word
                when unusual.dfe_number is not null or england.reason = 'below_minimum_base' then 'too few to judge'
                else 'not tested'
            end as word,
            case
                when polarity.polarity = 'neutral' then null
                when (unusual.word = 'unusually high') = (polarity.polarity = 'high') and unusual.word <> 'within the expected range'
                    then 'better'
                when unusual.word <> 'within the expected range' then 'worse'
            end as meaning,
            'unusual_random_effects' as rule_id,
            case
                when unusual.word is not null then null
                when unusual.dfe_number is not null then 'too_few_authorities'
                when england.reason in ('no_interval', 'base_differs', 'below_minimum_base') then england.reason
                else 'outside_the_set'
            end as reason,
            {{ judgement_inputs({'value': 'own.value', 'reference_value': 'unusual.reference_value', 'lower': 'unusual.lower', 'upper': 'unusual.upper', 'numerator': 'unusual.numerator', 'denominator': 'unusual.denominator', 'z': 'unusual.z', 'z_plain': 'unusual.z_plain', 'authorities': 'unusual.authorities', 'flagged': 'unusual.flagged', 'expected_false_alarms': 'unusual.expected_false_alarms', 'difference': 'own.value - unusual.reference_value'}) }} as inputs
        from own
        inner join {{ ref('int_comparator__cell') }} as cell on own.cell_key = cell.cell_key
        inner join polarity on cell.indicator_id = polarity.indicator_id
        inner join
            {{ ref('int_judgement__england') }} as england
            on own.cell_key = england.cell_key
            and own.dfe_number = england.dfe_number
        left join
            {{ ref('int_judgement__unusual') }} as unusual
            on own.cell_key = unusual.cell_key
            and own.dfe_number = unusual.dfe_number

        union all

        select
            place.cell_key,
            place.dfe_number,
            'place_in_group' as kind,
            place.group_id as against,
            concat({{ ordinal('place.place') }}, ' of ', cast(place.place_of as varchar)) as word,
            cast(null as varchar) as meaning,
            'place_highest_first' as rule_id,
            cast(null as varchar) as reason,
            {{ judgement_inputs({'value': 'place.value', 'reference_value': 'place.reference_value', 'difference': 'place.value - place.reference_value', 'place': 'place.place', 'place_of': 'place.place_of', 'group_version': 'place.group_version'}) }} as inputs
        from place_beside as place
    ),

    sorted as (
        select * from judged order by cell_key, kind, against, dfe_number
    )

select
    cell.indicator_id,
    authorities.area_code,
    cell.period_id,
    judged.kind,
    judged.against,
    judged.word,
    judged.meaning,
    judged.rule_id,
    judged.reason,
    judged.inputs
from sorted as judged
inner join {{ ref('int_comparator__cell') }} as cell on judged.cell_key = cell.cell_key
inner join {{ ref('authorities') }} as authorities on judged.dfe_number = authorities.dfe_number

union all

-- Apart from the others: a figure that the council supplies is in no cell.
select
    target.indicator_id,
    authorities.area_code,
    target.period_id,
    'against_target' as kind,
    'target' as against,
    target.word,
    cast(null as varchar) as meaning,
    'target_thresholds' as rule_id,
    target.reason,
    {{ judgement_inputs({'value': 'target.value', 'reference_value': 'target.reference_value', 'difference': 'target.difference', 'lower': 'target.lower'}) }} as inputs
from {{ ref('int_judgement__target') }} as target
inner join {{ ref('authorities') }} as authorities on target.dfe_number = authorities.dfe_number
