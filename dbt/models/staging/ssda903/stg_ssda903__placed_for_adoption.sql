-- Decisions to place a child for adoption.
select
    {{ return_columns() }},
    {{ return_date('raw.date_placed') }} as decision_date
{{ return_rows('placed_for_adoption') }}
