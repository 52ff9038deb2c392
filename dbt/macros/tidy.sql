{# How a tidy data set is read, by its declaration under `config: meta: tidy:` of the source. #}

{# The declaration of a tidy table of the source ees; empty while dbt only parses, when no declaration is known yet. #}
{% macro tidy_declaration(table_name) -%}
    {% set found = [] %}
    {% if execute %}
        {% for source in graph.sources.values() if source.source_name == 'ees' and source.name == table_name %}
            {% do found.append(source.config.meta.tidy) %}
        {% endfor %}
    {% endif %}
    {{ return(found[0] if found else {}) }}
{%- endmacro %}

{# A text as an SQL literal. #}
{% macro text_literal(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}

{# That columns hold these options; true where none are named. #}
{% macro tidy_options(options, prefix='raw.') -%}
    {% for column, option in options.items() %}trim({{ prefix }}{{ column }}) = {{ text_literal(option) }}{{ ' and ' if not loop.last }}{% else %}true{% endfor %}
{%- endmacro %}

{# The options of a row about everybody, besides those of `named`; none where a filter has no such option. #}
{% macro tidy_defaults(declared, named) -%}
    {% set options = {} %}
    {% for filter in declared.get('filters', []) if filter.column not in named and not filter.get('constant') %}
        {% do options.update({filter.column: filter.get('default')}) %}
    {% endfor %}
    {{ return(options) }}
{%- endmacro %}

{# Rows of a tidy table with area, period, status, vintage, breakdown, and the bases that stand in rows of their own.
   `breakdown_type` is null in rows of breakdowns that are not declared: no figure is read from them. #}
{% macro tidy_rows(raw, declared, table_name) -%}
    select
        {{ ees_dfe_number('raw', 'region') }} as dfe_number,
        trim(raw.time_period) as published_label,
        -- Six digits are two years, of which the second one ends the period.
        cast(concat(
            case when length(trim(raw.time_period)) = 6
                then cast(cast(left(trim(raw.time_period), 4) as integer) + 1 as varchar)
                else trim(raw.time_period) end,
            '-{{ declared.year_ends }}') as date) as period_end,
        {% if declared.get('status') %}lower(trim(raw.{{ declared.status }})){% else %}'published'{% endif %} as release_status,
        {% set everybody = tidy_defaults(declared, []) %}
        case
            {% if none not in everybody.values() %}when {{ tidy_options(everybody) }} then 'total'{% endif %}
            {% for slice in declared.get('slices', []) %}
            {% set where = tidy_slice_where(declared, slice) %}
            when {{ tidy_options(where) }} and {{ tidy_is_of_slice(declared, slice) }} then '{{ slice.breakdown_type }}'
            {% endfor %}
            when false then ''
        end as breakdown_type,
        case
            {% if none not in everybody.values() %}when {{ tidy_options(everybody) }} then 'total'{% endif %}
            {% for slice in declared.get('slices', []) %}
            when {{ tidy_options(tidy_slice_where(declared, slice)) }} and {{ tidy_is_of_slice(declared, slice) }} then
                case trim(raw.{{ slice.column }})
                    {% for option, value in slice.options.items() %}when {{ text_literal(option) }} then '{{ value }}' {% endfor %}
                    else 'unknown_code'
                end
            {% endfor %}
            when false then ''
        end as breakdown_value,
        {% for name, indicator in declared.indicators.items() if indicator.get('denominator_option') %}
        max(case when {{ tidy_options(indicator.denominator_option) }} then raw.{{ indicator.denominator }} end) over (
            partition by raw._file_id, raw.time_period, raw.geographic_level, raw.region_code, raw.old_la_code
            {% for filter in declared.filters if filter.column not in indicator.denominator_option %}, trim(raw.{{ filter.column }}){% endfor %}
        ) as {{ name }}_base,
        {% endfor %}
        {% for filter in declared.get('filters', []) %}raw.{{ filter.column }}, {% endfor %}
        {% for name in declared.indicators %}raw.{{ name }}, {% endfor %}
        file.vintage_id,
        file.release,
        file.issue_number
    from {{ raw }} as raw
    inner join file on raw._file_id = file.file_id and file.table_name = '{{ table_name }}'
    left join region on trim(raw.region_code) = region.area_code
    where raw.geographic_level in ('National', 'Regional', 'Local authority')
{%- endmacro %}

{# The options that rows of a breakdown have besides the one that tells its values apart. #}
{% macro tidy_slice_where(declared, slice) -%}
    {% set where = {} %}
    {% do where.update(tidy_defaults(declared, [slice.column])) %}
    {% do where.update(slice.get('where', {})) %}
    {{ return(where) }}
{%- endmacro %}

{# That a row's option is one of the breakdown and neither everybody nor declared as not used. #}
{% macro tidy_is_of_slice(declared, slice) -%}
    {% set left_out = [] %}
    {% for filter in declared.filters if filter.column == slice.column and filter.get('default') %}
        {% do left_out.append(text_literal(filter.default)) %}
    {% endfor %}
    {% for option in slice.get('unused', []) %}{% do left_out.append(text_literal(option)) %}{% endfor %}
    {% if left_out %}trim(raw.{{ slice.column }}) not in ({{ left_out | join(', ') }}){% else %}true{% endif %}
{%- endmacro %}

{# Figures read from the rows of a tidy table, one row per published cell. A percentage without its base has no numerator
   either; `per_10k` marks counts that become a rate once the population is known. #}
{% macro tidy_figures(rows, declared) -%}
    {% for figure in declared.figures %}
    {% set indicator = declared.indicators[figure.column] %}
    {% set base = figure.column ~ '_base' if indicator.get('denominator_option') else indicator.get('denominator') %}
    select
        '{{ figure.indicator_id }}' as indicator_id,
        r.dfe_number,
        {% if figure.get('year_ends') %}
        cast(concat(
            cast(extract(year from r.period_end) - {{ figure.get('years_earlier', 0) }} as varchar), '-{{ figure.year_ends }}'
        ) as date) as period_end,
        {% else %}
        r.period_end,
        {% endif %}
        r.published_label,
        {% if figure.get('where') %}'total' as breakdown_type, 'total' as breakdown_value,{% else %}
        r.breakdown_type, r.breakdown_value,{% endif %}
        r.release_status,
        r.vintage_id,
        r.release,
        r.issue_number,
        {{ 'true' if figure.get('per_10k') else 'false' }} as is_rate_to_make,
        r.{{ figure.column }} as value_text,
        {% if figure.get('per_10k') %}
        {{ published_number('r.' ~ figure.column) }} as numerator,
        {% elif indicator.get('numerator') and indicator.get('denominator_option') %}
        case when {{ published_number('r.' ~ base) }} is not null then {{ published_number('r.' ~ indicator.numerator) }} end as numerator,
        {% elif indicator.get('numerator') %}
        {{ published_number('r.' ~ indicator.numerator) }} as numerator,
        {% else %}
        cast(null as double) as numerator,
        {% endif %}
        {% if base %}{{ published_number('r.' ~ base) }}{% else %}cast(null as double){% endif %} as denominator,
        {% for part in ['lower', 'upper'] -%}
        {% if indicator.get(part) %}{{ published_number('r.' ~ indicator[part]) }}{% else %}cast(null as double){% endif %} as {{ part }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ rows }} as r
    where
        {% if figure.get('where') %}
        {% set where = tidy_defaults(declared, figure.where.keys() | list) %}
        {% do where.update(figure.where) %}
        {{ tidy_options(where, prefix='r.') }}
        {% else %}
        r.breakdown_type is not null
        {% endif %}
        {% if figure.get('skip') %}and coalesce(lower(trim(r.{{ figure.column }})), '') not in ({% for symbol in figure.skip %}{{ text_literal(symbol) }}{{ ', ' if not loop.last }}{% endfor %}){% endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# Names of the tidy data sets, for the sources that a model reads must be known before any declaration is. #}
{% macro tidy_tables() -%}
    {{ return([
        'absence_by_social_care_group',
        'b1_children_in_need',
        'c1_children_in_need_referrals_and_rereferrals',
        'cla_number_and_rate_per_10k_children',
        'd3_cpps_subsequent_plan',
        'eyfsp_gld',
        'eyfsp_headline_measures',
        'ks2_la',
        'ks4_la',
        'la_care_leavers_accommodation_suitability',
        'la_cla_placement_stability',
        'neet_la_scorecard',
        'sen2_ehc_mi',
    ]) }}
{%- endmacro %}
