-- Pupils eligible for the multiplication tables check, one row each; one who did not take it has no score and stays in the base.
select
    result.academic_year,
    result.vintage_id,
    result.mtc_score as score,
    {{ result_parts() }}
{{ result_rows(ref('stg_results__mtc')) }}
where {{ stays_in_base('mtc', 'lower(result.mtc_outcome)') }}
