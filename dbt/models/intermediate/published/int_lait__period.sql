-- The published labels of each kind of year, read once each: `2025`, `2025 (prov)`, `2023/24`, `2023-24`, `2024-25 (OT)`,
-- `2020-22`, `2021/22-23/24`. A bracketed word is a status or a note and no part of the period.
with
    label as (
        select distinct
            catalogue.year_kind,
            staged.published_label,
            trim(split_part(staged.published_label, '(', 1)) as base_label,
            lower(trim(replace(split_part(staged.published_label, '(', 2), ')', ''))) as bracket
        from {{ ref('stg_lait__indicator_value') }} as staged
        inner join {{ ref('int_indicator__catalogue') }} as catalogue on staged.short_desc = catalogue.lait_short_desc
    ),

    years as (
        select
            *,
            try_cast(left(base_label, 4) as integer) as first_year,
            try_cast(right(base_label, 2) as integer) as last_two_digits
        from label
    ),

    ended as (
        select
            *,
            case
                when length(base_label) = 4 then first_year
                -- 1999-00 ends in 2000: the century turns when the second part is the smaller.
                when first_year % 100 > last_two_digits then cast(floor(first_year / 100.0) + 1 as integer) * 100 + last_two_digits
                else cast(floor(first_year / 100.0) as integer) * 100 + last_two_digits
            end as end_year
        from years
    )

select
    ended.year_kind,
    ended.published_label,
    case
        when end_year - first_year >= 2 then 'rolling3' else kind.period_kind
    end as period_kind,
    cast(
        concat(
            cast(case when end_year - first_year >= 2 then end_year - 2 else end_year end + kind.start_year_offset as varchar),
            '-',
            kind.start_month_day
        ) as date
    ) as period_start,
    cast(concat(cast(end_year as varchar), '-', kind.end_month_day) as date) as period_end,
    case bracket when 'prov' then 'provisional' when 'rev' then 'revised' when 'final' then 'final' else 'published' end
        as release_status
from ended
inner join {{ ref('year_kinds') }} as kind on ended.year_kind = kind.year_kind
where end_year is not null
