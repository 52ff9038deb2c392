-- Children looked after at the start and the end of each month and year, and those who came and went between. A child who comes
-- twice in a month or year comes once, as in the published count; that and corrected records are the difference that is left.
with
    episode as (select * from {{ ref('int_looked_after__episode') }} where not is_respite),

    month_number as (
        {% for number in range(12) -%}
        select {{ number }} as months{{ ' union all ' if not loop.last }}
        {% endfor -%}
    ),

    month as (
        select
            this_return.*,
            'month' as period_kind,
            cast({{ dbt.dateadd('month', 'month_number.months', 'this_return.year_start') }} as date) as period_start,
            cast(
                {{ dbt.dateadd('day', -1, dbt.dateadd('month', 'month_number.months + 1', 'this_return.year_start')) }} as date
            ) as period_end
        from {{ ref('int_looked_after__return') }} as this_return
        cross join month_number
    ),

    period as (
        -- A cut in the middle of a month tells of the months before it.
        select * from month where period_end <= count_date
        union all
        select *, 'year' as period_kind, year_start as period_start, count_date as period_end
        from {{ ref('int_looked_after__return') }}
    ),

    touched as (
        select
            period.return_key,
            period.period_kind,
            period.period_end,
            episode.child_key,
            uasc.child_key as uasc_key,
            episode.episode_start_date < period.period_start
            and (episode.episode_end_date is null or episode.episode_end_date >= period.period_start) as was_there,
            episode.new_episode_reason_code = 'S'
            and episode.episode_start_date between period.period_start and period.period_end as comes,
            episode.ceased_reason_code not in ('', 'X1')
            and episode.episode_end_date between period.period_start and period.period_end as goes,
            episode.episode_start_date <= period.period_end
            and (episode.episode_end_date is null or episode.episode_end_date > period.period_end) as is_there
        from period
        left join episode on period.return_key = episode.return_key
        left join
            (select distinct return_key, child_key from {{ ref('stg_ssda903__uasc') }}) as uasc
            on episode.return_key = uasc.return_key
            and episode.child_key = uasc.child_key
    ),

    held as (
        select
            return_key,
            period_kind,
            period_end,
            count(distinct case when was_there then child_key end) as children_at_start,
            count(distinct case when comes then child_key end) as started,
            count(distinct case when goes then child_key end) as ceased,
            count(distinct case when is_there then child_key end) as children_at_end,
            count(distinct case when comes then uasc_key end) as uasc_started,
            count(distinct case when goes then uasc_key end) as uasc_ceased
        from touched
        group by return_key, period_kind, period_end
    ),

    -- A year begins with what the return before counted, where that is loaded.
    with_start as (
        select
            period.*,
            case
                when period.period_kind = 'year' and period.as_at is null and before.children_at_end is not null
                    then before.children_at_end
                else held.children_at_start
            end as children_at_start,
            held.started,
            held.ceased,
            held.children_at_end,
            case when period.has_uasc then held.uasc_started end as uasc_started,
            case when period.has_uasc then held.uasc_ceased end as uasc_ceased
        from period
        inner join held
            on period.return_key = held.return_key
            and period.period_kind = held.period_kind
            and period.period_end = held.period_end
        left join held as before
            on before.return_key = cast(period.collection_year - 1 as varchar)
            and before.period_kind = 'year'
    )

select
    area_code,
    return_key,
    period_kind,
    cast(period_start as date) as period_start,
    cast(period_end as date) as period_end,
    release_status,
    children_at_start,
    started,
    ceased,
    children_at_end,
    children_at_end - (children_at_start + started - ceased) as unexplained,
    uasc_started,
    uasc_ceased,
    vintage_id
from with_start
order by area_code, return_key, period_kind, period_end
