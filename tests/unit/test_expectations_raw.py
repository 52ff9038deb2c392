"""Every check on arriving files passes a plausible small file and fails one that breaks its rule.

Each suite runs once, over one good file and one file per broken rule: results come per file.
"""

import json
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from dagster_project.quality.run import rejections, validate
from expectations import RAW_SUITES as ALL_RAW_SUITES
from expectations.list import list_checks
from expectations.suite import SuiteContext

CONTEXT = SuiteContext(authority=201)
# The tidy data sets of Explore Education Statistics have suites of their own (test_tidy_suites.py), as have
# the school census (test_school_census_suites.py) and lists of clusters (test_geography_suites.py).
ELSEWHERE = ("ees", "results", "school_census", "geography")
RAW_SUITES = tuple(suite for suite in ALL_RAW_SUITES if suite.source_id not in ELSEWHERE)
SENTINEL_CHILD = "SENTINEL7734"
SENTINEL_DATE = "31/02/1907"

REGIONS = "(values ('E12000001'),('E12000002'),('E12000003'),('E12000004'),('E12000005'),('E12000006'),('E12000007'),"
REGIONS += "('E12000008'),('E12000009'),('E13000001'),('E13000002')) as r(region_code)"

# A tidy file: England, nine regions, both parts of London, 150 authorities numbered from 201.
TIDY = f"""
    select p as time_period, '{{kind}}' as time_identifier, 'National' as geographic_level, null as region_code,
        null as old_la_code, null as new_la_code, 15000 as people from (values {{periods}}) as t(p)
    union all
    select p, '{{kind}}', 'Regional', region_code, null, null,
        case when region_code in ('E12000007') then 3000 when region_code like 'E13%' then 1500 else 1500 end
    from (values {{periods}}) as t(p), {REGIONS}
    union all
    select p, '{{kind}}', 'Local authority', 'E12000001', cast(n as varchar), 'E0' || n, 100
    from (values {{periods}}) as t(p), range(201, 351) as a(n)"""

GOOD = {
    "raw_lait.indicator_value": """
        select d as short_desc, null as data_item, '2025' as years, 'Area ' || n as area_name, '12.5' as value_text,
            n || '.0' as dfe_number, 'NA' as region_name
        from (values ('A'), ('B')) as i(d),
            (select * from range(201, 351)
             union all select unnest([970, 980, 981, 982, 983, 984, 985, 986, 989, 990])) as a(n)""",
    "raw_lait.data_dictionary": """
        select n as measure_code, 'Measure ' || n as measure, n as measure_short, 'High' as polarity,
            'Academic Year' as year_type, 'NA' as dps
        from (values ('A'), (' B ')) as t(n)""",
    "raw_lait.statistical_neighbour": "select cast(n as varchar) as la_num, "
    + ", ".join(f"cast(201 + (n - 201 + {k}) % 150 as varchar) as sn{k}" for k in range(1, 11))
    + " from range(201, 351) as a(n)",
    "raw_lait.authority": """
        select cast(n as varchar) as la_number, 'Area ' || n as la_name from range(201, 351) as a(n)""",
    "raw_population.ees_mid_year": f"""
        select t.* exclude (people), 'Children aged 0 to 17 years' as age_group,
            cast(people * 20 as varchar) as population_estimate
        from ({TIDY.format(kind="Reporting year", periods="('2023'), ('2024')")}) as t""",
    "raw_population.nomis_mid_year": """
        select d as date, g as geography_code, 'Total' as gender_name, cast(101 + age as varchar) as c_age,
            'Value' as measures_name, '1000' as obs_value, 'A' as obs_status, '108' as record_count
        from (values ('2023'), ('2024')) as y(d), (values ('E01'), ('E02'), ('E03')) as a(g), range(0, 18) as r(age)""",
    "raw_council.measures": """
        select indicator_id, a.area_code, '2025-04-01' as period_start, '2025-09-30' as period_end,
            '' as breakdown_type, 'total' as breakdown_value, value, numerator, denominator, status as value_status,
            'Case system' as source, 'A team' as owner
        from (values ('slt_wait_days_mean', '71.5', '143', '2', ''), ('re_referrals_pct', '6.25', '1', '16', 'ok'),
                ('referrals_rate', 'c', '', '', 'suppressed'), ('cla_started', '12', '12', '', ''),
                ('cla_missing_incidents_mean', '-', '', '', 'not_available'))
                as f(indicator_id, value, numerator, denominator, status),
            (values ('E08000035'), ('373'), ('E08000016')) as a(area_code)""",
    "raw_ssda903.header": """
        select 'C' || n as child, '1' as sex, '01/02/2010' as dob, 'WBRI' as ethnic from range(0, 300) as t(n)""",
    "raw_ssda903.episodes": """
        select 'C' || n as child, '01/06/2022' as decom, 'S' as rne, 'C2' as ls, '' as "dec"
        from range(0, 300) as t(n)""",
}


def change(assignment: str, rows: str = "true") -> str:
    return f"update {{t}} set {assignment} where _file_id = '{{f}}' and {rows};"


def remove(rows: str) -> str:
    return f"delete from {{t}} where _file_id = '{{f}}' and {rows};"


def register(assignment: str) -> str:
    return f"update landing.source_file set {assignment} where file_id = '{{f}}';"


def set_aside(reasons: str) -> str:
    values = f"'{{f}}', '{{n}}', n, null, '{reasons}', 'warning'"
    return f"insert into landing.quarantine select {values} from range(16) as t(n);"


# What is done to a copy of the good file of a table so that it breaks one check: {t} is the table, {f} the copy's id.
BROKEN_BY_TABLE = {
    "raw_lait.indicator_value": {
        "lait_area_number": change("dfe_number = '12'", "_row_number = 3"),
        "lait_missing_share": change("value_text = '-'", "short_desc = 'A'"),
        "lait_has_figures": change("value_text = '-'"),
        "lait_dense_grid": remove("short_desc = 'A' and dfe_number = '222.0'"),
        "lait_england_and_regions": remove("dfe_number = '970.0'"),
        "lait_authorities": remove("dfe_number < '260'"),
        "lait_described": change("short_desc = 'C'", "short_desc = 'B'"),
        "lait_dictionary_of_release": change("short_desc = 'C'", "short_desc = 'B'"),
        "lait_indicators_kept": remove("short_desc = 'B'") + register("release = '2026-09'"),
    },
    "raw_lait.data_dictionary": {
        "lait_dictionary_key": change("measure_short = ' '"),
        "lait_dictionary_polarity": change("polarity = 'Upward'"),
        "lait_dictionary_year_type": change("year_type = 'Tax Year'"),
    },
    "raw_lait.statistical_neighbour": {
        "neighbour_list_own": remove("la_num = '201'"),
        "neighbour_list_authorities": remove("la_num < '209'"),
        "neighbour_list_ten": change("sn4 = sn5", "la_num = '230'"),
        "neighbour_list_known": change("sn4 = '900'"),
    },
    "raw_lait.authority": {
        "authority_list_own": remove("la_number = '201'"),
    },
    "raw_population.ees_mid_year": {
        "population_ees_mid_year": change("time_period = '202324'", "time_period = '2024'"),
        "population_ees_counts": change("population_estimate = '7'", "old_la_code = '209'"),
        "population_ees_ages": change("age_group = 'Children aged 10 to 17 years'"),
        "population_ees_adds_up": change("population_estimate = '20000'", "old_la_code = '209'"),
        "population_ees_yearly_change": change(
            "population_estimate = '2500'",
            "time_period = '2024' and geographic_level = 'Local authority'",
        ),
        "population_ees_authority": remove("old_la_code = '201' and time_period = '2024'"),
    },
    "raw_population.nomis_mid_year": {
        "population_nomis_counts": change("obs_value = '10.5'", "_row_number = 5"),
        "population_nomis_ages": remove("_row_number = 5"),
        "population_nomis_complete": change("record_count = '25001'"),
        "population_nomis_yearly_change": change("obs_value = '1500'", "date = '2024'"),
    },
    "raw_council.measures": {
        "council_measures_indicators": change("indicator_id = 'no_such_measure'", "_row_number = 1"),
        "council_measures_areas": change("area_code = 'E08000099'", "_row_number = 1"),
        "council_measures_one_figure": change("area_code = 'E08000019'", "area_code = 'E08000016'"),
        "council_measures_period_over": change("period_end = '01/02/2026'", "_row_number = 1"),
        "council_measures_month": register("release = 'April 2026'"),
        "council_measures_period_fits": change("period_start = '2025-05-01'", "_row_number = 1"),
        "council_measures_one_file": (
            register("release = '2026-02'")
            + "insert into landing.source_file select * replace ('twin' as file_id, 'another.csv' as file_path) "
            "from landing.source_file where file_id = '{f}';"
            "insert into {t} select * replace ('twin' as _file_id) from {t} where _file_id = '{f}' and _row_number = 1;"
        ),
        "council_measures_possible": change("value = '12.5', numerator = ''", "indicator_id = 'cla_started'"),
        "council_measures_percent_in_range": change(
            "value = '106.3', numerator = '17'", "indicator_id = 're_referrals_pct'"
        ),
        "council_measures_value_follows": change("value = '6.4'", "indicator_id = 're_referrals_pct'"),
        "council_measures_count_follows": change("numerator = '13'", "indicator_id = 'cla_started'"),
        "council_measures_symbol_agrees": change("value_status = 'not_available'", "value = 'c'"),
        "council_measures_reason_given": change("value = '', numerator = '', value_status = ''", "_row_number = 1"),
        "council_measures_source_and_owner": change("owner = ' '", "_row_number = 1"),
    },
    "raw_ssda903.header": {
        "ssda903_header_set_aside": set_aside("missing_child_id"),
        "ssda903_header_birth_dates": change(f"dob = '{SENTINEL_DATE}'"),
        "ssda903_header_birth_date_unread": change(
            f"dob = '{SENTINEL_DATE}', child = '{SENTINEL_CHILD}'",
            "_row_number = 1",
        ),
        "ssda903_header_sex_codes": change(f"sex = '9', child = '{SENTINEL_CHILD}'", "_row_number = 1"),
        "ssda903_header_ethnic_codes": change("ethnic = 'XXXX'", "_row_number <= 20"),
        "ssda903_header_size": register("rows_loaded = 600"),
    },
    "raw_ssda903.episodes": {
        "ssda903_episodes_set_aside": set_aside("exact_duplicate, no_valid_decom"),
        "ssda903_episode_end_dates": change(f"\"dec\" = '{SENTINEL_DATE}'"),
        "ssda903_episode_end_date_unread": change(
            f"\"dec\" = '{SENTINEL_DATE}', child = '{SENTINEL_CHILD}'",
            "_row_number = 1",
        ),
        "ssda903_episode_other_year": change("decom = '01/06/2023'"),
        "ssda903_episode_after_end": change(f"decom = '01/04/2023', child = '{SENTINEL_CHILD}'", "_row_number = 1"),
        "ssda903_episode_backwards": change("\"dec\" = '31/05/2022'", "_row_number = 1"),
        "ssda903_legal_statuses": change("ls = 'Q9'", "_row_number <= 20"),
        "ssda903_legal_status_unknown": change("ls = ''", "_row_number = 1"),
        "ssda903_reason_codes": change("rne = 'Z'", "_row_number <= 20"),
        "ssda903_children_of_another_return": change("child = 'D' || child"),
        "ssda903_children_without_header": change(f"child = '{SENTINEL_CHILD}'", "_row_number = 1"),
        "ssda903_episodes_size": register("rows_loaded = 100"),
    },
}
BROKEN = [(table, check, sql) for table, changes in BROKEN_BY_TABLE.items() for check, sql in changes.items()]


def declared_checks() -> list[str]:
    names = {suite.name for suite in RAW_SUITES}
    return [check.check_id for check in list_checks(CONTEXT) if check.suite in names]


def good_id(table: str) -> str:
    return f"good_{table.rsplit('.', 1)[-1]}"


@pytest.fixture(scope="module")
def candidates() -> dict[str, list[str]]:
    files = {table: [good_id(table), f"empty_{table.rsplit('.', 1)[-1]}"] for table in GOOD}
    for table, check, _ in BROKEN:
        files[table].append(f"bad_{check}")
    return files


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory, candidates: dict[str, list[str]]) -> Path:
    """Return a warehouse with a good, an empty and several broken files in every raw table."""
    database = tmp_path_factory.mktemp("landed") / "warehouse.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema landing")
        connection.execute(
            """create table landing.source_file (file_id varchar, source_id varchar, table_name varchar,
               release varchar, as_at date, rows_landed bigint, rows_loaded bigint, use varchar,
               file_path varchar default 'one.csv')"""
        )
        connection.execute(
            """create table landing.quarantine (file_id varchar, table_name varchar, row_number bigint,
               raw_text varchar, reason varchar, severity varchar)"""
        )
        for table, query in GOOD.items():
            schema, name = table.split(".")
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(
                f"create temp table good as select *, row_number() over () as _row_number from ({query})"
            )
            connection.execute(f"create table {table} as select *, '' as _file_id from good limit 0")
            rows = connection.execute("select count(*) from good").fetchone()
            source = schema.removeprefix("raw_")
            release = "2023" if source == "ssda903" else "2026-01"
            for file_id in candidates[table]:
                if not file_id.startswith("empty_"):
                    connection.execute(f"insert into {table} select *, ? from good", [file_id])
                # Only the good header is the return's newest: a broken one beside it must not stand in for it.
                use = "candidate" if file_id == good_id(table) or name != "header" else "current"
                connection.execute(
                    "insert into landing.source_file values (?, ?, ?, ?, null, ?, ?, ?, default)",
                    [file_id, source, name, release, rows[0], rows[0], use],
                )
            if source == "ssda903":
                connection.execute(
                    "insert into landing.source_file values (?, ?, ?, '2021-22', null, 300, 300, 'current', default)",
                    [f"before_{name}", source, name],
                )
            connection.execute("drop table good")
        for table, check, sql in BROKEN:
            connection.execute(sql.format(t=table, n=table.split(".")[1], f=f"bad_{check}"))
    return database


@pytest.fixture(scope="module")
def results(landed: Path, candidates: dict[str, list[str]]) -> list:
    return validate(landed, RAW_SUITES, context=CONTEXT, candidates=candidates)


def test_a_good_file_passes_every_check(results: list) -> None:
    on_good = [result for result in results if result.file_id.startswith("good_")]
    declared = set(declared_checks())
    assert {result.check_id for result in on_good} == declared
    assert [result for result in on_good if result.outcome != "pass"] == []


def test_every_check_on_arriving_files_has_a_broken_file() -> None:
    assert sorted(check for _, check, _ in BROKEN) == sorted(declared_checks())


@pytest.mark.parametrize(("table", "check"), [(table, check) for table, check, _ in BROKEN], ids=lambda part: part)
def test_a_broken_file_fails_its_check(results: list, table: str, check: str) -> None:
    [found] = [r for r in results if r.file_id == f"bad_{check}" and r.check_id == check]
    assert (found.table_name, found.outcome) == (table, "fail")
    assert found.failed_count > 0
    assert found.message


def test_severity_scope_owner_and_source_come_from_the_declaration(results: list) -> None:
    declared = {check.check_id: check for check in list_checks(CONTEXT)}
    for result in results:
        check = declared[result.check_id]
        assert (result.severity, result.scope, result.owner, result.why) == (
            check.severity,
            "source",
            "data manager",
            check.why,
        )
        assert result.source_id == result.table_name.split(".")[0].removeprefix("raw_")


def test_a_file_without_rows_is_rejected(results: list) -> None:
    rejected = rejections(results)
    assert all(f"empty_{table.rsplit('.', 1)[-1]}" in rejected for table in GOOD)


def test_only_files_with_a_critical_finding_are_rejected(results: list) -> None:
    rejected = rejections(results)
    severity = {check.check_id: check.severity for check in list_checks(CONTEXT)}
    assert not [file_id for file_id in rejected if file_id.startswith("good_")]
    assert all(f"bad_{check}" in rejected for _, check, _ in BROKEN if severity[check] == "critical")
    # An extract of fewer authorities, or a return with single faults, is loaded and warned about.
    assert not {"bad_lait_authorities", "bad_ssda903_episode_backwards"} & set(rejected)


def test_a_duplicate_set_aside_is_no_loss(landed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(landed.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update landing.quarantine set reason = 'exact_duplicate'")
    table, file_id = "raw_ssda903.episodes", "bad_ssda903_episodes_set_aside"
    assert rejections(validate(copy, RAW_SUITES, context=CONTEXT, candidates={table: [file_id]})) == {}


def test_no_child_or_date_appears_in_any_result(results: list) -> None:
    text = json.dumps([asdict(result) for result in results if result.source_id == "ssda903"])
    assert SENTINEL_CHILD not in text
    assert SENTINEL_DATE not in text
    assert '"fail"' in text


def test_rows_in_quarantine_do_not_take_the_grid_with_them(landed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(landed.read_bytes())
    files = {
        "raw_lait.indicator_value": "bad_lait_dense_grid",
    }
    with duckdb.connect(str(copy)) as connection:
        for table, file_id in files.items():
            connection.execute(
                "insert into landing.quarantine values (?, ?, 12, 'x', 'undeclared_symbol', 'critical')",
                [file_id, table.split(".")[1]],
            )
    suites = [suite for suite in RAW_SUITES if suite.table in files]
    again = validate(copy, suites, context=CONTEXT, candidates={table: [one] for table, one in files.items()})
    outcome = {result.check_id: result.outcome for result in again}
    assert outcome["lait_dense_grid"] == "pass"


def test_only_candidates_are_looked_at(landed: Path) -> None:
    table = "raw_lait.authority"
    found = validate(landed, RAW_SUITES, context=CONTEXT, candidates={table: [good_id(table)]})
    assert [(one.table_name, one.file_id, one.outcome) for one in found] == [(table, good_id(table), "pass")]
