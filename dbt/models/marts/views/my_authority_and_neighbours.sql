-- The authority of the publication and each of its neighbours under the list in use: the latest figures side by side.
with
    list_in_use as (select max(sn_group_version) as group_version from {{ ref('indicator_comparison') }}),

    own as (select area_code from {{ ref('dim_area') }} where is_own_authority),

    -- The authority itself stands first, at 0, so that it is in the table that it is compared in.
    member as (
        select own.area_code, 0 as position, cast(null as varchar) as closeness
        from own

        union all

        select member.member_area_code, member.position, member.closeness
        from {{ ref('comparator_member') }} as member
        inner join own on member.area_code = own.area_code
        inner join list_in_use on member.group_version = list_in_use.group_version
        where member.group_id = 'statistical_neighbours'
    )

select
    scope.indicator_id,
    indicator.indicator_name,
    indicator.topic,
    indicator.unit,
    indicator.polarity,
    area.dfe_number,
    member.area_code,
    area.area_name,
    area.is_own_authority,
    cast(member.position as integer) as neighbour_position,
    member.closeness,
    list_in_use.group_version as sn_group_version,
    scope.latest_period_id as period_id,
    period.period_label,
    beside.value,
    beside.value_status,
    beside.release_status,
    beside.rank_live,
    beside.rank_live_of,
    mine.value as own_value,
    case when not area.is_own_authority then mine.value - beside.value end as own_difference,
    mine.sn_average,
    mine.sn_count,
    mine.england_value
from {{ ref('edition_scope') }} as scope
inner join {{ ref('dim_indicator') }} as indicator on scope.indicator_id = indicator.indicator_id
inner join {{ ref('dim_period') }} as period on scope.latest_period_id = period.period_id
cross join member
cross join own
cross join list_in_use
inner join {{ ref('dim_area') }} as area on member.area_code = area.area_code
left join
    {{ ref('indicator_comparison') }} as beside
    on scope.indicator_id = beside.indicator_id
    and scope.latest_period_id = beside.period_id
    and member.area_code = beside.area_code
left join
    {{ ref('indicator_comparison') }} as mine
    on scope.indicator_id = mine.indicator_id
    and scope.latest_period_id = mine.period_id
    and own.area_code = mine.area_code
where not scope.is_closed
