-- How far the edition being built reaches: the last published period of each indicator that lies within the limit of its kind
-- of year and before the data cut-off. Without limits that is the indicator's last period.
with
    bounded as (
        select
            indicator.indicator_id,
            indicator.year_type,
            indicator.status,
            edition.data_cut_off,
            case
                when indicator.year_type = 'academic' then edition.academic
                when indicator.year_type = 'financial' then edition.financial
                when indicator.year_type = 'calendar' then edition.calendar
                else edition.snapshot_31_march
            end as limit_of_kind
        from {{ ref('dim_indicator') }} as indicator
        cross join {{ source('settings', 'edition_scope') }} as edition
    ),

    indicator as (
        select
            indicator_id,
            year_type,
            status,
            case
                when limit_of_kind is null or data_cut_off < limit_of_kind then data_cut_off else limit_of_kind
            end as period_limit
        from bounded
    ),

    period as (
        select
            indicator.indicator_id,
            cell.period_id,
            cell.period_end,
            indicator.period_limit is null or cell.period_end <= indicator.period_limit as is_in_scope,
            max(cell.period_end) over (partition by indicator.indicator_id) as last_published_end
        from indicator
        inner join
            {{ ref('int_comparator__cell') }} as cell
            on indicator.indicator_id = cell.indicator_id
            and cell.breakdown_type = 'total'
    ),

    latest as (
        select indicator_id, period_id, period_end, last_published_end
        from period
        where is_in_scope
        qualify row_number() over (partition by indicator_id order by period_end desc, period_id) = 1
    ),

    reached as (
        select
            indicator.*,
            latest.period_id as latest_period_id,
            latest.period_end as latest_period_end,
            latest.last_published_end,
            max(latest.period_end) over (partition by indicator.year_type) as newest_of_kind
        from indicator
        left join latest on indicator.indicator_id = latest.indicator_id
    ),

    ended as (
        select indicator_id, min(period_end) as period_end
        from {{ ref('int_indicator__comparability') }}
        where kind = 'ended'
        group by indicator_id
    )

select
    reached.indicator_id,
    reached.period_limit,
    reached.latest_period_id,
    reached.latest_period_end,
    -- A series has ended for the edition only where other measures of its kind of year have gone on past its last period:
    -- an edition that reaches no further still shows it as the latest.
    coalesce(
        reached.latest_period_end < reached.newest_of_kind
        and (
            (ended.period_end > reached.latest_period_end and ended.period_end <= reached.newest_of_kind)
            or (reached.status = 'discontinued' and reached.latest_period_end = reached.last_published_end)
        ),
        false
    ) as is_closed
from reached
left join ended on reached.indicator_id = ended.indicator_id
order by reached.indicator_id
