-- Every child and care leaver of each return, one row each, with all that is counted. Attributes of the count are those of the
-- episode open that night (the one that began last, then the last row); those of a start or an end are of that episode.
{%- set attributes = ['legal_status', 'placement_group', 'category_of_need'] %}
with
    episode as (
        select * from {{ ref('int_looked_after__episode') }}
        where not is_respite
    ),

    counted as (
        select * from episode
        where is_open
        qualify row_number() over (
            partition by return_key, child_key order by episode_start_date desc, source_row desc
        ) = 1
    ),

    -- A child who starts twice in the year starts once: the first time.
    started as (
        select * from episode
        where new_episode_reason_code = 'S' and episode_start_date between year_start and count_date
        qualify row_number() over (partition by return_key, child_key order by episode_start_date, source_row) = 1
    ),

    -- A child who ceases twice ceases once: the last time.
    ceased as (
        select * from episode
        where
            ceased_reason_code <> 'X1'
            and ceased_reason_code <> ''
            and episode_end_date between year_start and count_date
        qualify row_number() over (
            partition by return_key, child_key order by episode_end_date desc, source_row desc
        ) = 1
    ),

    in_year as (select distinct return_key, child_key from episode where is_in_year),

    on_short_breaks as (
        select distinct return_key, child_key from {{ ref('int_looked_after__episode') }}
        where is_respite and is_open
    ),

    -- Placements of a day or more that touch the year. DfE text leaves open which moves count, so three readings are kept.
    placement as (
        select
            return_key,
            child_key,
            placement_group,
            placement_key,
            new_episode_reason_code,
            placement_group = 'temporary' as is_temporary,
            coalesce(placement_type_code in ('A3', 'A5') and new_episode_reason_code in ('T', 'U'), false)
                as is_adoption_by_carer,
            coalesce(episode_end_date > episode_start_date, true) as lasts_a_day,
            row_number() over (
                partition by return_key, child_key order by episode_start_date, source_row
            ) as number_of_all,
            row_number() over (
                partition by return_key, child_key, placement_group = 'temporary'
                order by episode_start_date, source_row
            ) as number_of_kind
        from episode
        where is_in_year
    ),

    placements as (
        select
            return_key,
            child_key,
            count(distinct case
                when
                    not is_temporary
                    and not is_adoption_by_carer
                    and (number_of_kind = 1 or new_episode_reason_code <> 'L')
                    then placement_key
            end) as placements,
            count(distinct case
                when not is_temporary and (number_of_kind = 1 or new_episode_reason_code in ('S', 'P', 'B'))
                    then placement_key
            end) as carer_changes,
            count(case
                when not is_adoption_by_carer and (number_of_all = 1 or new_episode_reason_code <> 'L') then 1
            end) as placements_incl_temporary
        from placement
        where lasts_a_day
        group by return_key, child_key
    ),

    missing as (
        select
            incident.return_key,
            incident.child_key,
            count(case when incident.missing_code = 'M' then 1 end) as missing_incidents,
            count(case when incident.missing_code = 'A' then 1 end) as away_incidents
        from {{ ref('stg_ssda903__missing') }} as incident
        inner join in_year
            on incident.return_key = in_year.return_key and incident.child_key = in_year.child_key
        where
            incident.missing_start_date <= incident.count_date
            and (
                incident.missing_end_date is null
                or incident.missing_end_date
                >= cast(concat(cast(incident.collection_year - 1 as varchar), '-04-01') as date)
            )
        group by incident.return_key, incident.child_key
    ),

    -- The status ends with a decision or the eighteenth birthday; until then the child is unaccompanied.
    unaccompanied as (
        select
            return_key,
            child_key,
            max(case when uasc_ceased_date is null or uasc_ceased_date > count_date then 1 else 0 end) as is_still
        from {{ ref('stg_ssda903__uasc') }}
        group by return_key, child_key
    ),

    header as (
        select
            row.return_key,
            row.child_key,
            row.count_date,
            row.birth_date,
            coalesce(sex.code_group, 'unknown_code') as sex,
            coalesce(ethnic.code_group, 'unknown_code') as ethnic_group
        from {{ ref('stg_ssda903__header') }} as row
        left join {{ ref('return_codes') }} as sex on sex.code_list = 'sex' and row.sex_code = sex.code
        left join {{ ref('return_codes') }} as ethnic on ethnic.code_list = 'ethnic' and row.ethnic_code = ethnic.code
        qualify row_number() over (partition by row.return_key, row.child_key order by row.source_row) = 1
    ),

    health as (
        select * from {{ ref('stg_ssda903__oc2') }}
        qualify row_number() over (partition by return_key, child_key order by source_row) = 1
    ),

    reviews as (
        select
            return_key,
            child_key,
            count(case when review_code in ('PN1', 'PN2', 'PN3', 'PN4', 'PN5', 'PN6', 'PN7') then 1 end) as reviews,
            count(case when review_code in ('PN1', 'PN2', 'PN3', 'PN4', 'PN5', 'PN6') then 1 end) as reviews_with_views
        from {{ ref('stg_ssda903__reviews') }}
        where
            review_date between cast(concat(cast(collection_year - 1 as varchar), '-04-01') as date) and count_date
        group by return_key, child_key
    ),

    workers as (
        select
            return_key,
            child_key,
            count(distinct worker_key) as social_workers
        from {{ ref('stg_ssda903__social_workers') }}
        where
            worker_start_date <= count_date
            and (
                worker_end_date is null
                or worker_end_date >= cast(concat(cast(collection_year - 1 as varchar), '-04-01') as date)
            )
        group by return_key, child_key
    ),

    matched as (
        select return_key, child_key, max(match_date) as match_date
        from {{ ref('stg_ssda903__ad1') }}
        group by return_key, child_key
    ),

    -- A decision that was taken back and made again counts from the last time.
    decided as (
        select return_key, child_key, max(decision_date) as decision_date
        from {{ ref('stg_ssda903__placed_for_adoption') }}
        group by return_key, child_key
    ),

    -- From the start of care to the first placement for adoption, over all returns held.
    entered as (
        select
            ceased.return_key,
            ceased.child_key,
            max(history.episode_start_date) as care_start_date
        from ceased
        inner join {{ ref('int_looked_after__episode') }} as history
            on ceased.child_key = history.child_key
            and {{ sees('ceased', 'history') }}
        where
            ceased.ceased_reason_code in ('E11', 'E12')
            and history.new_episode_reason_code = 'S'
            and not history.is_respite
            and history.episode_start_date <= ceased.episode_end_date
        group by ceased.return_key, ceased.child_key
    ),

    adoptive as (
        select
            entered.return_key,
            entered.child_key,
            entered.care_start_date,
            min(history.episode_start_date) as placed_date
        from entered
        inner join ceased on entered.return_key = ceased.return_key and entered.child_key = ceased.child_key
        inner join {{ ref('int_looked_after__episode') }} as history
            on entered.child_key = history.child_key
            and {{ sees('ceased', 'history') }}
        where
            history.placement_group = 'placed_for_adoption'
            and history.episode_start_date between entered.care_start_date and ceased.episode_end_date
        group by entered.return_key, entered.child_key, entered.care_start_date
    ),

    had_left as (
        select
            return_key,
            child_key,
            max(case when previous_permanence_code in ('P1', 'P2', 'P3', 'P4') then 1 else 0 end) as had_permanence
        from {{ ref('stg_ssda903__previous_permanence') }}
        group by return_key, child_key
    ),

    deprived as (
        select distinct return_key, child_key
        from {{ ref('stg_ssda903__deprivation_of_liberty') }}
        where
            order_start_date <= count_date
            and (
                order_end_date is null
                or order_end_date >= cast(concat(cast(collection_year - 1 as varchar), '-04-01') as date)
            )
    ),

    -- Those whose birthday falls in the time that the return covers, by the age they reached. The dead and those back with their
    -- parents are left out.
    care_leaver as (
        select
            return_key,
            child_key,
            {{ age_on('birth_date', 'count_date') }} as leaver_age,
            in_touch_code,
            activity_code,
            accommodation_code
        from {{ ref('stg_ssda903__oc3') }}
        where
            coalesce(in_touch_code, '') not in ('DIED', 'RHOM')
            and {{ age_on('birth_date', 'count_date') }}
            > {{ age_on('birth_date', "cast(concat(cast(collection_year - 1 as varchar), '-03-31') as date)") }}
        qualify row_number() over (partition by return_key, child_key order by source_row) = 1
    ),

    child as (
        select return_key, child_key from {{ ref('int_looked_after__episode') }}
        union
        select return_key, child_key from care_leaver
    )

select
    child.return_key,
    child.child_key,
    counted.child_key is not null as is_counted,
    started.child_key is not null as is_started,
    ceased.child_key is not null as is_ceased,
    in_year.child_key is not null as is_in_year,
    on_short_breaks.child_key is not null and counted.child_key is null as is_only_on_short_breaks,
    ceased.ceased_reason_code,
    {% for when in ['counted', 'started', 'ceased'] -%}
    {% for name in attributes -%}
    {{ when }}.{{ name }} as {{ when }}_{{ name }},
    {% endfor -%}
    coalesce(header.sex, 'unknown') as {{ when }}_sex,
    coalesce(header.ethnic_group, 'unknown') as {{ when }}_ethnic_group,
    {% set day = {'counted': 'counted.count_date', 'started': 'started.episode_start_date', 'ceased': 'ceased.episode_end_date'}[when] -%}
    {{ age_band(age_on('header.birth_date', day)) }} as {{ when }}_age_band,
    {% endfor -%}
    {{ age_on('header.birth_date', 'counted.count_date') }} as counted_age,
    counted.placement_mix as counted_placement_mix,
    counted.placed as counted_placed,
    counted.distance as counted_distance,
    case
        when 'unknown' in (counted.placed, counted.distance) then 'unknown'
        else concat(counted.placed, '_', counted.distance)
    end as counted_placed_distance,
    case when unaccompanied.is_still = 1 then 'uasc' else 'not_uasc' end as counted_uasc,
    case when unaccompanied.child_key is not null then 'uasc' else 'not_uasc' end as started_uasc,
    case when unaccompanied.child_key is not null then 'uasc' else 'not_uasc' end as ceased_uasc,
    coalesce(placements.placements, 0) as placements,
    coalesce(placements.carer_changes, 0) as carer_changes,
    coalesce(placements.placements_incl_temporary, 0) as placements_incl_temporary,
    -- Looked after without a break for twelve months, and for two and a half years.
    coalesce(care.care_start_date <= counted.year_start, false) as is_twelve_months,
    coalesce(
        care.care_start_date <= cast({{ dbt.dateadd('month', -30, 'counted.count_date') }} as date), false
    ) as is_thirty_months,
    coalesce(
        care.placement_start_date <= cast({{ dbt.dateadd('year', -2, 'counted.count_date') }} as date), false
    ) as is_settled,
    coalesce(
        care.carer_start_date <= cast({{ dbt.dateadd('year', -2, 'counted.count_date') }} as date), false
    ) as is_settled_by_reason,
    health.sdq_score,
    health.convicted_code = '1' as is_convicted,
    health.health_check_code = '1' as has_development_check,
    health.immunisations_code = '1' as is_immunised,
    health.teeth_check_code = '1' as has_dental_check,
    health.health_assessment_code = '1' as has_health_assessment,
    health.substance_misuse_code = '1' as has_substance_misuse,
    health.intervention_received_code = '1' as has_received_intervention,
    health.intervention_offered_code = '1' as has_refused_intervention,
    coalesce(missing.missing_incidents, 0) as missing_incidents,
    coalesce(missing.away_incidents, 0) as away_incidents,
    coalesce(reviews.reviews, 0) as reviews,
    coalesce(reviews.reviews_with_views, 0) as reviews_with_views,
    review_time.is_on_time as is_reviewed_on_time,
    coalesce(workers.social_workers, 0) as social_workers,
    coalesce(had_left.had_permanence, 0) = 1 as had_permanence,
    deprived.child_key is not null as is_deprived_of_liberty,
    -- Days between the steps of an adoption that ended in the year; a step dated before the one it follows has no days.
    case
        when ceased.ceased_reason_code in ('E11', 'E12') and matched.match_date >= decided.decision_date
            then {{ dbt.datediff('decided.decision_date', 'matched.match_date', 'day') }}
    end as days_decision_to_match,
    {{ dbt.datediff('adoptive.care_start_date', 'adoptive.placed_date', 'day') }} as days_entry_to_placement,
    case
        when ceased.ceased_reason_code in ('E11', 'E12') and ceased.episode_end_date >= matched.match_date
            then {{ dbt.datediff('matched.match_date', 'ceased.episode_end_date', 'day') }}
    end as days_match_to_order,
    care_leaver.leaver_age,
    case
        when care_leaver.leaver_age between 17 and 18 then '17_to_18'
        when care_leaver.leaver_age between 19 and 21 then '19_to_21'
    end as leaver_age_band,
    care_leaver.in_touch_code = 'YES' as is_in_touch,
    left(care_leaver.activity_code, 1) in ('F', 'P') as is_in_work_or_learning,
    care_leaver.activity_code in ('G4', 'G5', 'G6') as is_neither,
    coalesce(care_leaver.activity_code, '0') = '0' as is_activity_unknown,
    left(care_leaver.accommodation_code, 1) = 'Z' as is_with_former_carer,
    substring(care_leaver.accommodation_code, 2, 1) = '1' as is_suitably_housed
from child
{% for part in ['counted', 'started', 'ceased', 'in_year', 'on_short_breaks', 'placements', 'missing', 'unaccompanied', 'header', 'health', 'reviews', 'workers', 'matched', 'decided', 'adoptive', 'had_left', 'deprived', 'care_leaver'] -%}
left join {{ part }} on child.return_key = {{ part }}.return_key and child.child_key = {{ part }}.child_key
{% endfor -%}
left join {{ ref('int_looked_after__review_time') }} as review_time
    on child.return_key = review_time.return_key and child.child_key = review_time.child_key
left join {{ ref('int_looked_after__care') }} as care
    on child.return_key = care.return_key and child.child_key = care.child_key
