-- Pupils at the end of key stage 1, to 2022/23, one row each; who left is out of the base of a subject.
select
    result.academic_year,
    result.vintage_id,
    {% for subject, column in {'reading': 'read_ta', 'writing': 'writ_ta', 'maths': 'mat_ta', 'science': 'sci_ta'}.items() -%}
    result.{{ column }} as {{ subject }},
    {{ stays_in_base('ks1', 'result.' ~ column) }} as is_in_{{ subject }},
    {% endfor -%}
    {{ result_parts() }}
{{ result_rows(ref('stg_results__ks1')) }}
