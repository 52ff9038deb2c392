-- Kinship care inside and beside care: children fostered by relatives or friends, and those who left care to a special guardian.
-- Guardians are no foster carers and their children are not looked after, so the two are never added up.
select
    this_return.area_code,
    this_return.return_key,
    this_return.year_start as period_start,
    this_return.count_date as period_end,
    this_return.release_status,
    count(case when child.is_counted then 1 end) as children_looked_after,
    count(case when child.counted_placement_group in ('foster_kinship', 'foster_other') then 1 end) as in_foster_care,
    count(case when child.counted_placement_group = 'foster_kinship' then 1 end) as in_kinship_foster_care,
    100.0 * count(case when child.counted_placement_group = 'foster_kinship' then 1 end)
    / nullif(count(case when child.counted_placement_group in ('foster_kinship', 'foster_other') then 1 end), 0)
        as kinship_share_of_foster_care_pct,
    count(case when child.is_ceased then 1 end) as ceased,
    count(case when child.is_ceased and child.ceased_reason_code in ('E43', 'E44', 'E45', 'E46', 'E47', 'E48') then 1 end)
        as left_to_special_guardian,
    -- Codes say since 2019 whether the guardian is a relative or friend.
    count(case when child.is_ceased and child.ceased_reason_code in ('E45', 'E47') then 1 end)
        as left_to_relative_or_friend,
    count(case when child.is_ceased and child.ceased_reason_code in ('E46', 'E48') then 1 end) as left_to_other_guardian,
    this_return.vintage_id
from {{ ref('int_looked_after__return') }} as this_return
inner join {{ ref('int_looked_after__child') }} as child on this_return.return_key = child.return_key
group by
    this_return.area_code,
    this_return.return_key,
    this_return.year_start,
    this_return.count_date,
    this_return.release_status,
    this_return.vintage_id
order by this_return.area_code, this_return.return_key
