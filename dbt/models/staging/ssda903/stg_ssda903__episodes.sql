-- Episodes of care of the returns in use, year-end returns and cuts within the year. A key stands for the child, another for the
-- placement: the same kind of placement at the same address and provider.
select
    {{ return_columns() }},
    {{ return_date('raw.decom') }} as episode_start_date,
    upper(trim(raw.rne)) as new_episode_reason_code,
    upper(trim(raw.ls)) as legal_status_code,
    upper(trim(raw.cin)) as category_of_need_code,
    upper(trim(raw.place)) as placement_type_code,
    upper(trim(raw.place_provider)) as placement_provider_code,
    {{ return_date('raw.dec') }} as episode_end_date,
    upper(trim(raw.rec)) as ceased_reason_code,
    {{ pseudonym("concat(coalesce(trim(raw.place), ''), '|', replace(coalesce(raw.pl_post, ''), ' ', ''), '|', coalesce(trim(raw.urn), ''))") }} as placement_key
{{ return_rows('episodes') }}
