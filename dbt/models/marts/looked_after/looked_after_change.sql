-- The change in children looked after between any two dates that returns tell of, in the children's two groups. Cuts taken within
-- the year are compared with cuts on the same day of another year, never with 31 March.
with
    counted as (
        select
            this_return.area_code,
            this_return.count_date,
            this_return.as_at,
            this_return.release_status,
            this_return.vintage_id,
            count(case when child.is_counted then 1 end) as children,
            case
                when this_return.has_uasc then count(case when child.is_counted and child.counted_uasc = 'uasc' then 1 end)
            end as uasc
        from {{ ref('int_looked_after__return') }} as this_return
        inner join {{ ref('int_looked_after__child') }} as child on this_return.return_key = child.return_key
        group by
            this_return.area_code,
            this_return.count_date,
            this_return.as_at,
            this_return.release_status,
            this_return.vintage_id,
            this_return.has_uasc
    )

select
    later.area_code,
    earlier.count_date as from_date,
    later.count_date as to_date,
    later.release_status,
    earlier.children as children_from,
    later.children as children_to,
    later.children - earlier.children as change,
    100.0 * (later.children - earlier.children) / nullif(earlier.children, 0) as change_pct,
    earlier.uasc as uasc_from,
    later.uasc as uasc_to,
    later.uasc - earlier.uasc as change_uasc,
    (later.children - later.uasc) - (earlier.children - earlier.uasc) as change_other,
    earlier.vintage_id as from_vintage_id,
    later.vintage_id as to_vintage_id
from counted as later
inner join counted as earlier
    on later.area_code = earlier.area_code
    and later.count_date > earlier.count_date
    and (
        (later.as_at is null and earlier.as_at is null)
        or (
            later.as_at is not null
            and earlier.as_at is not null
            and extract(month from later.as_at) = extract(month from earlier.as_at)
            and extract(day from later.as_at) = extract(day from earlier.as_at)
        )
    )
order by later.area_code, to_date, from_date
