-- Every DfE number that figures are mapped by, with the code in force today.
select dfe_number, area_code, 'authority' as area_type from {{ ref('authorities') }}
union all
select dfe_number, area_code, area_type from {{ ref('regions') }}
