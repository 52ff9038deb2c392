"""Small tidy files made from a declaration: a good one of every declared data set, and copies that break one rule."""

import re
from collections.abc import Callable, Iterator

import duckdb

from dagster_project.sources.catalogue import RawTable, Tidy, TidyIndicator
from expectations.tidy_areas import seed
from expectations.tidy_options import HARMONISED

#: Children of each authority; divisible by every number of parts that has to add up.
PEOPLE = 720
#: Parts of a total that no breakdown of ours is made of.
MORE_PARTS = {
    ("absence_by_social_care_group", "phase_type_grouping"): ("State-funded primary", "State-funded secondary"),
    ("la_care_leavers_accommodation_suitability", "breakdown"): (
        "Accommodation considered suitable",
        "Accommodation considered unsuitable",
    ),
}
#: Figures that have to fit each other.
TOGETHER = {"neet_percent": "3.1", "notknown_percent": "2.2", "neet_not_known_percent": "5.3"}
RELEASE, LATER = "2026-01", "2026-09"


def area_rows() -> Iterator[tuple]:
    """England, the regions with both parts of London, and every authority in force, with its children."""
    regions = {int(row["dfe_number"]): row for row in seed("regions")}
    authorities = [row for row in seed("authorities") if not row["valid_to"]]
    england = regions[970]["area_code"], "England"
    yield ("National", *england, None, None, None, None, None, PEOPLE * len(authorities))
    for number, region in regions.items():
        if number == 970:
            continue
        within = [
            a for a in authorities if int(a["region_dfe_number"]) in (number, *((987, 988) if number == 986 else ()))
        ]
        place = region["area_code"], region["area_name"]
        yield ("Regional", *england, *place, None, None, None, PEOPLE * len(within))
    for one in authorities:
        region = regions[int(one["region_dfe_number"])]
        place = region["area_code"], region["area_name"]
        yield ("Local authority", *england, *place, one["dfe_number"], one["area_code"], one["area_name"], PEOPLE)


def option_rows(name: str, tidy: Tidy) -> list[tuple[dict[str, str], int]]:
    """The sets of options of a good file, each with the number of equal parts that its rows are one of."""
    whole: dict[str, str | None] = {
        entry.column: "One word" if entry.constant else entry.default for entry in tidy.filters
    }
    found: dict[tuple, tuple[dict[str, str], int]] = {}

    def add(options: dict[str, str | None], parts: int) -> None:
        if None not in options.values():
            found.setdefault(tuple(options.values()), ({k: str(v) for k, v in options.items()}, parts))

    add(whole, 1)
    for one in tidy.slices:
        for option, _ in one.options:
            add(whole | dict(one.where) | {one.column: option}, len(one.options) if whole[one.column] else 1)
    bases = {pair for indicator in tidy.indicators for pair in indicator.denominator_option}
    for figure in tidy.figures:
        where = dict(figure.where)
        add(whole | where | dict(bases), 1)
        add(whole | where, 2 if any(whole[column] not in (None, option) for column, option in where.items()) else 1)
    for entry in tidy.filters:
        for option in MORE_PARTS.get((name, entry.column), ()):
            for options, _ in list(found.values()):
                if options[entry.column] == entry.default:
                    add(options | {entry.column: option}, 2)
    # A part by age stands beside the whole of its age.
    for options, _ in list(found.values()):
        add(options | dict(bases), 1)
    return [
        (o, 2 if MORE_PARTS and any((name, c) in MORE_PARTS and v != whole[c] for c, v in o.items()) else p)
        for o, p in found.values()
    ]


def periods(tidy: Tidy) -> tuple[tuple[str, ...], str]:
    """Periods of a good file and their identifier."""
    if tidy.year_ends == "08-31":
        return ("202223", "202324"), "Academic year"
    if tidy.one_period:
        return ("2024",), "Calendar year"
    return ("2023", "2024"), "Calendar year" if tidy.year_ends == "12-31" else "Reporting year"


def _value(tidy: Tidy, one: TidyIndicator) -> str:
    """SQL for a figure as text, of `people` and `parts` of the row."""
    base = "(people // parts)"
    dens = {i.denominator for i in tidy.indicators if i.unit == "rate"}
    shares = {i.numerator for i in tidy.indicators if i.unit == "percent" and not i.denominator_option}
    means = {i.numerator: i for i in tidy.indicators if i.unit in ("score", "mean") and i.numerator}

    def count(column: str | None) -> str:
        return f"({base} * 100)" if column in dens else f"({base} // 2)" if column in shares else base

    level = _level(one)
    if one.column in TOGETHER:
        return f"'{TOGETHER[one.column]}'"
    if one.unit == "count":
        return f"cast({count(one.column)} as varchar)"
    if one.unit == "points":
        return f"cast({base} * {_level(means[one.column])} as varchar)" if one.column in means else "'12.5'"
    if one.unit in ("percent", "rate") and one.numerator:
        factor = 100 if one.unit == "percent" else 10_000
        whole = "people" if one.denominator_option else count(one.denominator)
        return f"cast(round({factor}.0 * {count(one.numerator)} / {whole}, {one.decimals or 0}) as varchar)"
    return "'50.0'" if one.unit == "percent" else f"'{level}'"


def _level(one: TidyIndicator) -> float:
    return 1.5 if one.lowest is None else 20 if one.lowest == 0 else -1


def write_good(connection: duckdb.DuckDBPyConnection, table: RawTable, tidy: Tidy) -> None:
    """Make the temporary table `good` with every column of the raw table."""
    connection.execute(
        """create or replace temp table area (geographic_level varchar, country_code varchar, country_name varchar,
        region_code varchar, region_name varchar, old_la_code varchar, new_la_code varchar, la_name varchar,
        people bigint)"""
    )
    connection.executemany("insert into area values (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(area_rows()))
    combinations = option_rows(table.name, tidy)
    filters = [entry.column for entry in tidy.filters]
    if filters:
        listed = ", ".join(
            "(" + ", ".join([*("'" + o[c].replace("'", "''") + "'" for c in filters), str(parts)]) + ")"
            for o, parts in combinations
        )
        options = f"(values {listed}) as o({', '.join(filters)}, parts)"
    else:
        options = "(values (1)) as o(parts)"
    times, kind = periods(tidy)
    values = {one.column: _value(tidy, one) for one in tidy.indicators}
    held = {
        "geographic_level",
        "country_code",
        "country_name",
        "region_code",
        "region_name",
        "old_la_code",
        "new_la_code",
        "la_name",
    }
    chosen = []
    for column in table.columns:
        if column in values:
            chosen.append(f"{values[column]} as {column}")
        elif column == "time_period":
            chosen.append("t.time_period")
        elif column == "time_identifier":
            chosen.append(f"'{kind}' as time_identifier")
        elif column == tidy.status:
            chosen.append(f"'Final' as {column}")
        elif column in held or column in filters:
            chosen.append(column)
        elif table.values and column in table.values.columns:
            chosen.append(f"'z' as {column}")
        else:
            chosen.append(f"cast(null as varchar) as {column}")
    years = ", ".join(f"('{time}')" for time in times)
    connection.execute(
        f"""create or replace temp table good as
        select {", ".join(chosen)}, row_number() over () as _row_number
        from area, (values {years}) as t(time_period), {options}"""
    )


def change(assignment: str, rows: str = "true") -> str:
    return f"update {{t}} set {assignment} where _file_id = '{{f}}' and ({rows});"


def again(rows: str, other: str) -> str:
    """Add copies of rows that differ in one column."""
    return f"insert into {{t}} select * replace ({other}) from {{t}} where _file_id = '{{f}}' and ({rows});"


def released(release: str) -> str:
    return f"update landing.source_file set release = '{release}' where file_id = '{{f}}';"


LA, ONE = "geographic_level = 'Local authority'", "old_la_code = '209'"


def breakers(table: RawTable, tidy: Tidy) -> dict[str, str]:
    """SQL that breaks one rule of a copy of the good file, by check id; `id#words` breaks another condition of it."""
    name = table.name
    count = next((one.column for one in tidy.indicators if one.adds_up), None)
    counts = [one.column for one in tidy.indicators if one.unit == "count"]
    shares = [one.column for one in tidy.indicators if one.unit == "percent"]
    bounded = [one.column for one in tidy.indicators if one.lowest is not None]
    followed = [one for one in tidy.indicators if one.numerator and one.denominator]
    read = list(dict.fromkeys(figure.column for figure in tidy.figures))
    times, _ = periods(tidy)
    six = len(times[0]) == 6
    far = "203233" if six else "2033"
    withheld = ", ".join(f"{column} = 'c'" for column in read)
    free = [entry for entry in tidy.filters if not entry.constant]
    everybody = " and ".join(f"{e.column} = '{e.default}'" for e in tidy.filters if e.default) or "true"
    sql = {
        "i02_old_symbols": change(f"{read[0]} = '..'", "_row_number = 9"),
        "g02_coarser_rows": change("region_name = 'London'", "geographic_level = 'National'"),
        "g03_areas": change("old_la_code = '999'", ONE),
        "g03_areas#region": change("region_code = 'E12000099'", "geographic_level = 'Regional'"),
        "g03_areas#country": change("country_code = 'W92000004'", "geographic_level = 'National'"),
        "g03_names": change("la_name = 'Elsewhere'", ONE),
        "g04_not_available": change("region_code = 'x'", ONE),
        "g04_not_available#blank": change("region_code = 'x', region_name = null", ONE),
        "g05_region_of_authority": change("region_code = ' '", ONE),
        "g06_one_name": change("new_la_code = 'E09000001'", ONE),
        "g09_authorities": f"delete from {{t}} where _file_id = '{{f}}' and {ONE};",
        "levels": "delete from {t} where _file_id = '{f}' and geographic_level = 'Regional';",
        "england": "delete from {t} where _file_id = '{f}' and geographic_level = 'National';",
        "england#twice": again("geographic_level = 'National'", "'National ' as geographic_level"),
        "authorities_even": change(f"time_period = '{'201819' if six else '2019'}'", f"{LA} and old_la_code >= '800'"),
        "missing_share": change(withheld, f"{LA} and old_la_code >= '300'") + released(LATER),
        "l05_one_row": "insert into {t} select * from {t} where _file_id = '{f}' and _row_number = 9;",
        "l05_one_row#code": again(ONE, "'E08999999' as new_la_code"),
        "l05_one_row#level": again(ONE, "'local authority ' as geographic_level"),
        "t04_future": change(f"time_period = '{far}'", f"time_period = '{times[-1]}'") + released("2025-12"),
        "i11_revisions": change(f"{read[0]} = '7'", ONE) + released(LATER),
        "i11_revisions#withheld": change(f"{read[0]} = 'c'", ONE) + released(LATER),
    }
    if counts:
        sql["i03_counts"] = change(f"{counts[0]} = '12.5'", "_row_number = 9")
        sql["i03_counts#below"] = change(f"{counts[0]} = '-1'", "_row_number = 9")
    if shares:
        sql["i03_percentages"] = change(f"{shares[0]} = '101'", "_row_number = 9")
        sql["i03_percentages#below"] = change(f"{shares[0]} = '-1'", "_row_number = 9")
    if bounded:
        sql["i03_ranges"] = change(f"{bounded[0]} = '-7'", "_row_number = 9")
        sql["i03_ranges#above"] = change(f"{bounded[0]} = '99999999'", "_row_number = 9")
    for rule, units in (("i04_shares", ("percent", "rate")), ("i05_means", ("score", "mean"))):
        of = [one.column for one in followed if one.unit in units]
        if of:
            sql[rule] = change(f"{of[0]} = '7'")
    if tidy.filters:
        sql["l01_filters"] = change(f"{tidy.filters[0].column} = ' ' || {tidy.filters[0].column}", "_row_number = 9")
        sql["l01_filters#blank"] = change(f"{tidy.filters[0].column} = ''", "_row_number = 9")
    if tidy.status:
        sql["i10_status"] = change(f"{tidy.status} = 'Draft'", "_row_number = 9")
        sql["i10_status#blank"] = change(f"{tidy.status} = null", "_row_number = 9")
        sql["i10_status_forward"] = change(f"{tidy.status} = 'Provisional'", "_row_number = 9") + released(LATER)
    if count:
        sql["adds_up"] = change(f"{count} = '1'", "geographic_level = 'National'")
        sql["london_once"] = change(f"{count} = '1'", "region_code = 'E12000007'")
    if tidy.one_period:
        sql["t01_one_period"] = change("time_period = '2023'", ONE)
    else:
        sql["t04_gaps"] = change(f"time_period = '{'201011' if six else '2010'}'", ONE)
        wanted = f"time_period = '{times[-1]}' and {LA}"
        mixed = f"try_cast({read[0]} as double) + try_cast(old_la_code as integer) % 5"
        sql["i09_changes"] = change(
            f"{read[0]} = cast({mixed} + case when {ONE} then 40 else 0 end as varchar)", wanted
        )
    for entry in tidy.filters:
        if entry.constant:
            sql[f"l03_{entry.column}_one_word"] = change(f"{entry.column} = 'Another word'", ONE)
    if free:
        sql["l03_options"] = change(f"{free[0].column} = 'The only one'")
        sql["l07_options"] = change(f"{free[0].column} = 'A new option'", ONE) + released(LATER)
    with_default = [entry for entry in tidy.filters if entry.default]
    wheres = [figure.where for figure in tidy.figures if figure.where]
    if with_default:
        entry = with_default[0]
        sql["l02_totals"] = change(f"{entry.column} = 'Everyone'", f"{entry.column} = '{entry.default}'")
    elif wheres:
        column, option = wheres[0][0]
        sql["l02_totals"] = change(f"{column} = 'Reworded'", f"{column} = '{option}'")
    told_by = [told for one in tidy.slices for told in one.where]
    if told_by:
        column, option = told_by[0]
        sql["l02_totals#breakdown"] = change(f"{column} = 'Reworded'", f"{column} = '{option}'")
    for place, one in enumerate(tidy.slices):
        suffix = f"{one.breakdown_type}_{place}" if len(tidy.slices) > 1 else one.breakdown_type
        rows = " and ".join([*(f"{c} = '{o}'" for c, o in one.where), f"{one.column} = '{one.options[0][0]}'"])
        sql[f"l06_{suffix}"] = change(f"{one.column} = 'A new option'", rows)
    for entry in tidy.filters:
        if entry.column in ("characteristic", "characteristic_group"):
            sql[f"d07_{entry.column}"] = change(f"{entry.column} = 'Order of birth'", "_row_number = 9")
        if any(word in entry.column for words in HARMONISED for word in words.split("|")):
            sql[f"l06_{entry.column}_names"] = change(f"{entry.column} = 'A new name'", "_row_number = 9")
        if entry.adds_up and count:
            sql[f"i06_{entry.column}"] = change(f"{count} = '1'", f"{LA} and {everybody}")
    own = {
        "b1_children_in_need": {"open_within_year": change("at31_episodes = '40000'", ONE)},
        "neet_la_scorecard": {
            "cohorts": change("cohort_djfavg = '-1.5'", "_row_number = 9"),
            "both_follows": change("neet_not_known_percent = '5.6'"),
        },
    }
    found = {f"{name}_{rule}": statement for rule, statement in {**sql, **own.get(name, {})}.items()}
    if name == "c1_children_in_need_referrals_and_rereferrals":
        found["c1_referrals_children"] = change("referral_child_count = '721'", ONE)
    return found


def statement(sql: str, table: str, file_id: str) -> str:
    """Fill in the table and the file."""
    return sql.replace("{t}", table).replace("{f}", file_id)


def rule_of(check_id: str, names: list[str]) -> str:
    """The rule that a check is of, such as L06, or the word for rules of one data set."""
    rest = next((check_id.removeprefix(f"{name}_") for name in names if check_id.startswith(f"{name}_")), check_id)
    found = re.match(r"([a-z][0-9]{2})_", rest)
    return found.group(1).upper() if found else rest


Breakers = Callable[[RawTable, Tidy], dict[str, str]]
