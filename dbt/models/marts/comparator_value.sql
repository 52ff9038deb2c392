-- A view here and a table in the published file: millions of rows are written once, by the publication. Sorted, so that
-- equal neighbours lie together and the file is less than half as large.
{{ config(materialized='view') }}
with
    subject as (select dfe_number, area_code, region_dfe_number from {{ ref('authorities') }}),

    comparator as (
        select
            wide_area.cell_key,
            subject.area_code,
            'region' as group_id,
            '1' as group_version,
            'published' as statistic,
            wide_area.value,
            wide_area.change,
            cast(null as integer) as members_used,
            cast(null as integer) as members_total,
            true as includes_subject,
            wide_area.release_status,
            case when wide_area.value is null then wide_area.value_status end as not_shown_reason
        from subject
        inner join
            {{ ref('int_comparator__region') }} as region
            on subject.region_dfe_number = region.own_region_dfe_number
        inner join
            {{ ref('int_comparator__wide_area') }} as wide_area
            on region.region_dfe_number = wide_area.dfe_number
            and region.series_key = wide_area.series_key

        union all

        select
            wide_area.cell_key,
            subject.area_code,
            'england' as group_id,
            '1' as group_version,
            'published' as statistic,
            wide_area.value,
            wide_area.change,
            cast(null as integer) as members_used,
            cast(null as integer) as members_total,
            true as includes_subject,
            wide_area.release_status,
            case when wide_area.value is null then wide_area.value_status end as not_shown_reason
        from subject
        cross join {{ ref('int_comparator__wide_area') }} as wide_area
        where wide_area.area_type = 'england'

        union all

        select
            mean.cell_key,
            subject.area_code,
            list.group_id,
            list.group_version,
            'mean' as statistic,
            mean.value,
            mean.change,
            mean.members_used,
            list.members_total,
            list.includes_subject,
            mean.release_status,
            case when mean.members_used = 0 then 'no_member_has_a_value' end as not_shown_reason
        from {{ ref('int_comparator__list') }} as list
        inner join subject on list.dfe_number = subject.dfe_number
        inner join {{ ref('int_comparator__list_mean') }} as mean on list.list_key = mean.list_key

        union all

        select
            mean.cell_key,
            subject.area_code,
            list.group_id,
            list.group_version,
            'median' as statistic,
            mean.median as value,
            mean.median_change as change,
            mean.members_used,
            list.members_total,
            list.includes_subject,
            mean.release_status,
            case when mean.members_used = 0 then 'no_member_has_a_value' end as not_shown_reason
        from {{ ref('int_comparator__list') }} as list
        inner join subject on list.dfe_number = subject.dfe_number
        inner join {{ ref('int_comparator__list_mean') }} as mean on list.list_key = mean.list_key

        union all

        select
            pooled.cell_key,
            subject.area_code,
            list.group_id,
            list.group_version,
            'pooled' as statistic,
            pooled.value,
            pooled.change,
            pooled.members_used,
            list.members_total,
            list.includes_subject,
            pooled.release_status,
            cast(null as varchar) as not_shown_reason
        from {{ ref('int_comparator__list') }} as list
        inner join subject on list.dfe_number = subject.dfe_number
        inner join {{ ref('int_comparator__list_pooled') }} as pooled on list.list_key = pooled.list_key
    ),

    -- In the order of the file before the words are joined on, which is cheaper than after.
    sorted as (
        select * from comparator order by cell_key, group_id, group_version, statistic, area_code
    )

select
    cell.indicator_id,
    comparator.area_code,
    cell.period_id,
    cell.breakdown_type,
    cell.breakdown_value,
    comparator.group_id,
    comparator.group_version,
    comparator.statistic,
    comparator.value,
    comparator.change,
    comparator.members_used,
    comparator.members_total,
    comparator.includes_subject,
    cell.period_id as comparator_period_id,
    comparator.release_status,
    comparator.not_shown_reason
from sorted as comparator
inner join {{ ref('int_comparator__cell') }} as cell on comparator.cell_key = cell.cell_key

union all

-- Figures of other authorities that the council holds, beside its own: a group apart, in no published mean. Its dates need not
-- be a year apart, so that it has no change.
select
    mean.indicator_id,
    subject.area_code,
    mean.period_id,
    mean.breakdown_type,
    mean.breakdown_value,
    'council_supplied' as group_id,
    '1' as group_version,
    'mean' as statistic,
    mean.value,
    cast(null as double) as change,
    mean.members_used,
    mean.members_total,
    false as includes_subject,
    mean.period_id as comparator_period_id,
    mean.release_status,
    case when mean.members_used = 0 then 'no_member_has_a_value' end as not_shown_reason
from {{ ref('int_council__mean') }} as mean
inner join subject on mean.dfe_number = subject.dfe_number
