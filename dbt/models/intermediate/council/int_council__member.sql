-- Who is in the group council_supplied: the other authorities that the files of the newest month hold a figure of, whichever
-- indicator it is for.
with
    newest_month as (select max(release) as release from {{ ref('int_council__figure') }} where is_in_use)

select distinct
    council.authority as dfe_number,
    figure.dfe_number as member_dfe_number
from {{ ref('int_council__figure') }} as figure
inner join newest_month on figure.release = newest_month.release
inner join {{ source('settings', 'council') }} as council on figure.dfe_number <> council.authority
where figure.area_type = 'authority' and figure.is_in_use
