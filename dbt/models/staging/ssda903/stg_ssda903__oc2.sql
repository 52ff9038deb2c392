-- Health and offending of children looked after for a year; every yes/no item as its code.
select
    {{ return_columns() }},
    try_cast(trim(raw.sdq_score) as integer) as sdq_score,
    trim(raw.convicted) as convicted_code,
    trim(raw.health_check) as health_check_code,
    trim(raw.immunisations) as immunisations_code,
    trim(raw.teeth_check) as teeth_check_code,
    trim(raw.health_assessment) as health_assessment_code,
    trim(raw.substance_misuse) as substance_misuse_code,
    trim(raw.intervention_received) as intervention_received_code,
    trim(raw.intervention_offered) as intervention_offered_code
{{ return_rows('oc2') }}
