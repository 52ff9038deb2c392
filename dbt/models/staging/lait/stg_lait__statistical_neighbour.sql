-- One row per list version, authority and neighbour. A list is dated by what it is: the sha-256 of a published workbook,
-- else a month and year in its file name, else the release folder it came in.
with
    file as ({{ loaded_files('lait', 'statistical_neighbour') }}),

    named as (
        select
            file.file_id,
            file.release,
            file.issue_number,
            coalesce(known.group_version, {{ list_version_from_name('file.file_name') }}, file.release) as group_version
        from file
        left join {{ ref('neighbour_list_versions') }} as known on file.sha256 = known.sha256
        where file.is_in_use
    ),

    -- The same list may arrive again in a later release: its newest copy is read.
    newest as (
        select file_id, group_version from named
        qualify row_number() over (partition by group_version order by release desc, issue_number desc, file_id) = 1
    ),

    pair as (
    select raw._file_id, raw.la_num, 1 as neighbour_position, raw.sn1 as neighbour_number, raw.snp1 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    union all
    select raw._file_id, raw.la_num, 2 as neighbour_position, raw.sn2 as neighbour_number, raw.snp2 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    union all
    select raw._file_id, raw.la_num, 3 as neighbour_position, raw.sn3 as neighbour_number, raw.snp3 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    union all
    select raw._file_id, raw.la_num, 4 as neighbour_position, raw.sn4 as neighbour_number, raw.snp4 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    union all
    select raw._file_id, raw.la_num, 5 as neighbour_position, raw.sn5 as neighbour_number, raw.snp5 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    union all
    select raw._file_id, raw.la_num, 6 as neighbour_position, raw.sn6 as neighbour_number, raw.snp6 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    union all
    select raw._file_id, raw.la_num, 7 as neighbour_position, raw.sn7 as neighbour_number, raw.snp7 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    union all
    select raw._file_id, raw.la_num, 8 as neighbour_position, raw.sn8 as neighbour_number, raw.snp8 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    union all
    select raw._file_id, raw.la_num, 9 as neighbour_position, raw.sn9 as neighbour_number, raw.snp9 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    union all
    select raw._file_id, raw.la_num, 10 as neighbour_position, raw.sn10 as neighbour_number, raw.snp10 as closeness from {{ source('lait', 'statistical_neighbour') }} as raw
    )

select
    newest.group_version,
    cast(try_cast(pair.la_num as double) as integer) as dfe_number,
    pair.neighbour_position,
    cast(try_cast(pair.neighbour_number as double) as integer) as neighbour_dfe_number,
    trim(pair.closeness) as closeness
from pair
inner join newest on pair._file_id = newest.file_id
-- Authorities founded after a list was drawn up stand in it with a dash for each neighbour.
where try_cast(pair.neighbour_number as double) is not null
