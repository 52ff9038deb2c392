-- Special educational needs of an enrolment in spring, in rank order; the primary need has rank 1.
select
    {{ census_columns() }},
    cast({{ published_number('raw.need_rank') }} as integer) as need_rank,
    upper(trim(raw.need)) as need_code
{{ census_rows('sen_needs') }}
