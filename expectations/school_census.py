"""What the checks of a school census share: its dates, its school year, and the check characters of pupil numbers."""

#: Letters of a unique pupil number; the check letter is the one at the weighted sum of what follows, modulo 23.
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"

#: The rows of an arriving census with the school year it lies in: spring and summer belong to the year that began in
#: the calendar year before. `age_day` is the day that year groups go by.
WITH_YEAR = """select b.*, f.census, f.school_year_start, make_date(f.school_year_start, 8, 31) as age_day
    from {batch} as b
    left join (
        select file_id, max(release) as census,
            max(cast(left(release, 4) as integer)) - max(case when release like '%autumn' then 0 else 1 end)
                as school_year_start
        from landing.source_file where source_id = 'school_census' group by 1
    ) as f on f.file_id = b._file_id"""


def census_day(column: str) -> str:
    """Return SQL for the date in a text column: `2024-Oct-16 00:00:00`, dd/mm/yyyy or yyyy-mm-dd; else null."""
    return (
        f"cast(try_strptime(regexp_extract(trim({column}), '^[^ T]+'), ['%Y-%b-%d', '%d/%m/%Y', '%Y-%m-%d']) as date)"
    )


def age_on(born: str, day: str) -> str:
    """Return SQL for completed years of age on a day."""
    return f"date_sub('year', {born}, {day})"


def upn_is_wrong(column: str) -> str:
    """Return SQL that is true for a text that is no unique pupil number with the right check letter.

    A permanent one is a letter and twelve digits; the last character of a temporary one is a letter, which counts as
    its place in the same alphabet (DfE guide to unique pupil numbers).
    """
    upn = f"upper(trim({column}))"
    digits = [f"(ascii(substr({upn}, {place}, 1)) - 48) * {place}" for place in range(2, 13)]
    last = f"(strpos('0123456789', substr({upn}, 13, 1)) - 1) * 13"
    last_letter = f"(strpos('{UPN_LETTERS}', substr({upn}, 13, 1)) - 1) * 13"
    total = (
        f"{' + '.join(digits)} + case when substr({upn}, 13, 1) between '0' and '9' then {last} else {last_letter} end"
    )
    return f"""not coalesce(
        regexp_full_match({upn}, '[{UPN_LETTERS}][0-9]{{{{11}}}}[0-9{UPN_LETTERS}]')
        and left({upn}, 1) = substr('{UPN_LETTERS}', 1 + ({total}) % 23, 1), false)"""


def uln_is_wrong(column: str) -> str:
    """Return SQL that is true for a text that is no unique learner number with the right last digit.

    Nine digits weighted ten to two are divided by eleven; the remainder is never nought, and the last digit is ten less
    the remainder. 9999999999 stands for none (Learning Records Service).
    """
    uln = f"trim({column})"
    total = " + ".join(f"(ascii(substr({uln}, {place}, 1)) - 48) * {11 - place}" for place in range(1, 10))
    return f"""not coalesce(
        regexp_full_match({uln}, '[0-9]{{{{10}}}}') and {uln} <> '9999999999'
        and ({total}) % 11 <> 0 and ascii(substr({uln}, 10, 1)) - 48 = 10 - ({total}) % 11, false)"""


#: Censuses in the order in which they are taken, from a release such as `2024 autumn`.
TERM_NUMBER = """(cast(left(release, 4) as integer) * 3
        + case when release like '%spring' then 0 when release like '%summer' then 1 else 2 end)"""


def same_census(table: str, other: str) -> str:
    """Return SQL for pairs of files of one census: `file_id` of `table`, `other_id` of `other`.

    The other table is the one that arrived with it, else the one in use.
    """
    return f"""select t.file_id, o.file_id as other_id
        from landing.source_file as t
        join landing.source_file as o on o.source_id = 'school_census' and o.table_name = '{other}'
            and o.release = t.release and o.use in ('candidate', 'current', 'stale')
        where t.source_id = 'school_census' and t.table_name = '{table}'
            and t.use in ('candidate', 'current', 'stale')
        qualify o.use = 'candidate' or not bool_or(o.use = 'candidate') over (partition by t.file_id)"""
