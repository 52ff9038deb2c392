-- Whether a child had left care for good before, by adoption (P1) or an order (P2, P3, or unknown P4).
select
    {{ return_columns() }},
    upper(trim(raw.prev_perm)) as previous_permanence_code
{{ return_rows('previous_permanence') }}
