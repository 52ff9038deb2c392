-- The 95% interval of each authority's headline figure: the publisher's where one is printed, else worked out from the counts
-- behind the figure. Figures without either are not here.
with
    base as (
        select
            base.cell_key,
            base.dfe_number,
            base.unit,
            base.value,
            base.numerator,
            base.denominator,
            coalesce(base.ci_lower, {{ interval_limit('lower', 'base.unit', 'base.numerator', 'base.denominator', 'exact') }}) as lower,
            coalesce(base.ci_upper, {{ interval_limit('upper', 'base.unit', 'base.numerator', 'base.denominator', 'exact') }}) as upper
        from {{ ref('int_comparator__base') }} as base
        inner join {{ ref('int_comparator__cell') }} as cell on base.cell_key = cell.cell_key
        left join {{ ref('poisson_limits') }} as exact on base.numerator = exact.events
        where base.area_type = 'authority' and base.agrees and cell.breakdown_type = 'total'
    )

select * from base
where lower is not null and upper is not null
