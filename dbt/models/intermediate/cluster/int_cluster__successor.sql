-- The cluster that stands for each cluster on each day that its own list of changes names: itself while it is in being, else the one that
-- took its place, and so on for up to five mergers.
with
    cluster as (
        select
            {{ cluster_code('cluster_id') }} as cluster_code,
            {{ cluster_code('successor_id') }} as successor_code,
            valid_from,
            valid_to
        from {{ ref('stg_geography__clusters') }}
    ),

    ended as (
        select cluster_code, max(valid_to) as last_day, max(case when successor_code <> 'cluster_' then successor_code end) as successor_code
        from cluster
        group by cluster_code
    )

    {% for hop in range(1, 6) %},

    hop_{{ hop }} as (
        {% if hop == 1 -%}
        select cluster_code, cluster_code as stands_code, cast('1900-01-01' as date) as from_day, last_day as to_day from ended
        {%- else -%}
        select
            earlier.cluster_code,
            ended.successor_code as stands_code,
            ended.last_day + 1 as from_day,
            following.last_day as to_day
        from hop_{{ hop - 1 }} as earlier
        inner join ended on earlier.stands_code = ended.cluster_code
        inner join ended as following on ended.successor_code = following.cluster_code
        {%- endif %}
    )
    {%- endfor %}

{% for hop in range(1, 6) -%}
select cluster_code, stands_code, from_day, to_day from hop_{{ hop }} where from_day <= to_day
{{ 'union all' if not loop.last }}
{% endfor %}
