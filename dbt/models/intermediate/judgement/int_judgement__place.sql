-- Place of each authority in each of its groups, itself included, 1 = highest value, whichever way is good; ties share the
-- better place. A former authority beside a successor with a value is no member. No significance is claimed: a mean of
-- authorities is not a fixed value.
with
    -- One list of each group: the neighbour list that council.yml names, the newest version of every other.
    version_in_use as (
        select versions.group_id, versions.group_version
        from (select distinct group_id, group_version from {{ ref('int_comparator__list') }}) as versions
        cross join {{ source('settings', 'council') }} as council
        where versions.group_id <> 'statistical_neighbours' or council.neighbours in ('newest', versions.group_version)
        qualify row_number() over (partition by versions.group_id order by versions.group_version desc) = 1
    ),

    pair as (
        select member.group_id, member.group_version, member.dfe_number, member.member_dfe_number
        from {{ ref('int_comparator__member') }} as member
        inner join version_in_use on member.group_id = version_in_use.group_id and member.group_version = version_in_use.group_version
        where member.member_dfe_number <> member.dfe_number

        union all

        select 'region' as group_id, '1' as group_version, subject.dfe_number, member.dfe_number as member_dfe_number
        from {{ ref('authorities') }} as subject
        inner join
            {{ ref('authorities') }} as member
            on subject.region_dfe_number = member.region_dfe_number
            and subject.dfe_number <> member.dfe_number
    ),

    subject as (
        select cell_key, dfe_number, value, round(value, 9) as compared from {{ ref('int_comparison__ranked_set') }}
    ),

    member as (
        select cell_key, dfe_number, live_value from {{ ref('int_comparison__ranked_set') }} where live_value is not null
    )

select
    subject.cell_key,
    subject.dfe_number,
    pair.group_id,
    pair.group_version,
    subject.value,
    cast(1 + count(case when member.live_value > subject.compared then 1 end) as integer) as place,
    cast(1 + count(*) as integer) as place_of
from subject
inner join pair on subject.dfe_number = pair.dfe_number
inner join member on subject.cell_key = member.cell_key and pair.member_dfe_number = member.dfe_number
group by subject.cell_key, subject.dfe_number, pair.group_id, pair.group_version, subject.value
