-- Periods in which a pupil was eligible for free school meals; an open one has no last day.
select
    {{ census_columns() }},
    {{ census_date('raw.start_date') }} as start_date,
    {{ census_date('raw.end_date') }} as end_date,
    nullif(trim(raw.end_date), '') is null as is_open
{{ census_rows('fsm_periods') }}
