-- Pupils at the end of key stage 2, one row each. The standard is met by a scaled score of 100 or by special consideration; absent
-- pupils and those working below the tests stay in the base, who left or whose result was annulled does not.
with
    judged as (
        select
            result.*,
            {% for subject, column in {'reading': 'read', 'maths': 'mat', 'gps': 'gps'}.items() -%}
            coalesce(result.{{ column }}_score >= 100 or result.{{ column }}_outcome = 'CA', false) as is_{{ subject }}_met,
            result.{{ column }}_score as {{ subject }}_score,
            {{ stays_in_base('ks2', 'result.' ~ column ~ '_outcome') }} as is_in_{{ subject }},
            {% endfor -%}
            {% for subject, column in {'writing': 'writ', 'science': 'sci'}.items() -%}
            result.{{ column }}_ta as {{ subject }},
            {{ stays_in_base('ks2', 'result.' ~ column ~ '_ta') }} as is_in_{{ subject }},
            {% endfor -%}
            result.read_prog as reading_progress,
            result.writ_prog as writing_progress,
            result.mat_prog as maths_progress
        from {{ ref('stg_results__ks2') }} as result
    )

select
    result.academic_year,
    result.vintage_id,
    {% for subject in ['reading', 'maths', 'gps'] -%}
    result.is_{{ subject }}_met,
    result.{{ subject }}_score,
    result.is_in_{{ subject }},
    {% endfor -%}
    {% for subject in ['writing', 'science'] -%}
    result.{{ subject }},
    result.is_in_{{ subject }},
    {% endfor -%}
    result.is_in_reading and result.is_in_writing and result.is_in_maths as is_in_all_three,
    result.reading_progress,
    result.writing_progress,
    result.maths_progress,
    {{ result_parts() }}
{{ result_rows('judged') }}
