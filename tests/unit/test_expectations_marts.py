"""Every check before publication passes a small consistent set of marts and fails one that breaks its rule."""

from pathlib import Path

import duckdb
import pytest

from dagster_project.quality.gate import gate
from dagster_project.quality.run import validate
from expectations import MART_SUITES
from expectations.list import list_checks
from expectations.reconciliation import RECONCILED
from expectations.suite import SuiteContext

CONTEXT = SuiteContext(authority=201, area_code="E0201", min_base=30)
SUITE_OF = {suite.name: suite for suite in MART_SUITES}

MARTS = """
create schema marts;
create schema quality;

create table marts.dim_indicator as
select * from (values ('cla_31_march', 'count'), ('cla_31_march_rate', 'rate_per_10k'),
    ('care_leavers_eet_pct', 'percent'), ('susp_rate', 'rate_per_100'), ('ks4_att8_pct', 'percent'),
    ('ks4_att8_pct_gap_fsm', 'percent')) as t(indicator_id, unit);

create table marts.dim_area as
select 'E0' || n as area_code, 'authority' as area_type, cast(n as integer) as dfe_number,
    'E12000001' as region_area_code, false as is_former, n = 201 as is_own_authority
from range(201, 221) as t(n)
union all select 'E1200000' || n, 'region', null, null, false, false from range(1, 10) as t(n)
union all select 'E92000001', 'england', 970, null, false, false;

create table marts.dim_period as
select 'snapshot_' || y || '-03-31' as period_id, make_date(y, 3, 31) as period_end
from (values (2024), (2025)) as t(y);

create table marts.comparator_member as
select 'statistical_neighbours' as group_id, '2025-05' as group_version, 'E0' || n as area_code,
    'E0' || (201 + (n - 201 + k) % 20) as member_area_code
from range(201, 219) as t(n), range(1, 11) as m(k)
union all select 'core_cities_all', '1', 'E0' || n, 'E0' || c from range(201, 221) as t(n), range(201, 209) as m(c)
union all select 'core_cities_others', '1', 'E0' || n, 'E0' || c from range(201, 221) as t(n), range(201, 209) as m(c)
    where n <> c;

create table marts.fct_indicator_value as
with headline as (select 'total' as breakdown_type, 'total' as breakdown_value),
published as (
    select indicator_id, 'E0' || n as area_code, period_id, cast(v as double) as value,
        cast(null as double) as numerator, cast(null as double) as denominator
    from range(201, 221) as t(n), marts.dim_period,
        (values ('cla_31_march', 1400), ('cla_31_march_rate', 82), ('care_leavers_eet_pct', 51), ('susp_rate', 120),
                ('ks4_att8_pct_gap_fsm', -4)) as i(indicator_id, v)
)
select p.indicator_id, p.area_code, p.period_id, h.*, 'published' as source_kind, 'lait/2026-01/aaaaaaaa' as vintage_id,
    p.value, p.numerator, p.denominator, cast(null as double) as ci_lower, cast(null as double) as ci_upper,
    'ok' as value_status, true as is_current
from published as p, headline as h
union all
select 'cla_31_march', 'E0201', period_id, h.*, 'local', 'ssda903/2025/bbbbbbbb', 1405, null, null, null, null, 'ok',
    true
from marts.dim_period, headline as h
union all
select 'cla_31_march_rate', 'E0201', period_id, h.*, 'local', 'ssda903/2025/bbbbbbbb', 140500.0 / 1700, 1405, 170000,
    null, null, 'ok', true
from marts.dim_period, headline as h
union all
select 'care_leavers_eet_pct', 'E0201', period_id, h.*, 'local', 'ssda903/2025/bbbbbbbb', 50, 20, 40, null, null, 'ok',
    true
from marts.dim_period, headline as h
union all
select 'care_leavers_eet_pct', 'E0202', period_id, h.*, 'published', 'lait/2026-01/aaaaaaaa', null, null, null, null,
    null, 'suppressed', false
from marts.dim_period, headline as h;
update marts.fct_indicator_value set value = 10000.0 * numerator / denominator
where source_kind = 'local' and indicator_id = 'cla_31_march_rate';

create table marts.comparator_value as
select 'cla_31_march' as indicator_id, 'E0201' as area_code, 'mean' as statistic, 75.0 as value, 1.0 as change,
    9 as members_used, 10 as members_total
union all select 'cla_31_march', 'E0201', 'published', 67.0, null, null, null;
alter table marts.comparator_value alter value type double;
alter table marts.comparator_value alter change type double;

create table marts.indicator_comparison as
select 'cla_31_march_rate' as indicator_id, 'E0' || n as area_code, cast(n as integer) as dfe_number, true as is_latest,
    cast(80 as double) as value, cast(1 as double) as change, cast(1 as double) as change_since_last_comparable,
    cast(77 as double) as region_value, cast(1 as double) as region_change, cast(67 as double) as england_value,
    cast(1 as double) as england_change, cast(75.1 as double) as sn_average, 10 as sn_count,
    cast(1 as double) as sn_change, cast(93 as double) as core_city_average_all, 8 as core_city_count_all,
    cast(92 as double) as core_city_average_others, 7 as core_city_count_others, 3 as rank, 20 as rank_of,
    3 as rank_live, 19 as rank_live_of, 'A' as quartile,
    cast(10 as double) as q0, cast(40 as double) as q25, cast(60 as double) as q50, cast(90 as double) as q75,
    cast(120 as double) as q100, cast(null as double) as local_value
from range(201, 221) as t(n);

create table marts.judgement as
with figure as (
    select n, case when n < 203 then n + 100.0 else n - 200.0 end as value from range(201, 231) as t(n)
),
judged as (
    select n, value, 'against_england' as kind, 'worse' as word, null as reason from figure
    union all select n, value, 'direction', 'no clear change', null from figure
    union all select n, value, 'place_in_group', '4th of 11', null from figure
    union all select n, value, 'against_target', 'amber', null from figure
    union all
    select n, value, 'unusual', case when n < 203 then 'unusually high' else 'within the expected range' end, null
    from figure
    union all select 231, 7, 'against_england', 'not tested', 'no_interval'
)
select 'cla_31_march_rate' as indicator_id, 'E0' || n as area_code, 'snapshot_2025-03-31' as period_id, kind, word,
    reason, struct_pack(
        value := value::double, reference_value := 67.0::double, difference := (value - 67)::double,
        lower := case when reason is null then value - 4 end::double,
        upper := case when reason is null then value + 4 end::double,
        p_value := 0.5::double, z := 1.5::double, z_plain := 2.5::double, place := 4, place_of := 11,
        authorities := 30, flagged := 2) as inputs
from judged;

create table marts.looked_after_flow as
select y as return_key, k as period_kind, 1000 as children_at_start, 300 as started, 250 as ceased,
    1040 as children_at_end, -10 as unexplained
from (values ('2024'), ('2025')) as t(y), (values ('year'), ('month')) as u(k);

create table marts.published_agreement as
select 'cla_31_march' as indicator_id, outcome, difference
from (values ('equal', 0.0), ('within_rounding', 0.05), ('missing_in_both', null)) as t(outcome, difference);

create schema settings;
create schema intermediate;
create schema staging;
create table settings.threshold as select 30 as min_base, 0.02 as unplaced_warning, 0.1 as unplaced_limit;
create table intermediate.int_cluster__lookup as select 'lsoa21' as area_type;
create table intermediate.int_cluster__figure as
select 'eyfsp_gld' as indicator_id, 'home' as membership_basis, kind as period_kind, date '2025-08-31' as period_end
from (values ('year'), ('rolling3')) as t(kind);
create table marts.cluster_indicator as
select indicator_id, membership_basis, period_kind || '_' || period_end as period_id, 0.01::double as unplaced_share
from intermediate.int_cluster__figure;
create table intermediate.int_pupil__year as
select '10000' || n as establishment, y as academic_year
from range(1, 3) as t(n), (values (2024), (2025)) as u(y) where n + y < 2027;
create table intermediate.int_cluster__school as
select '100001' as urn, date '2010-09-01' as valid_from, date '9999-12-31' as valid_to;
create table intermediate.int_cluster__area as
select 'E01000001' as area_code, date '2010-09-01' as valid_from, date '9999-12-31' as valid_to;
create table staging.stg_geography__postcodes as
select * from (values ('E0201', null, 'E01000001'), ('E0201', 'E01000009', null), ('E0202', null, 'E01000002'))
    as t(authority_code, lsoa_2011, lsoa_2021);

create table quality.previous_value as
select indicator_id, area_code, period_id, breakdown_type, breakdown_value, source_kind, value, value_status
from marts.fct_indicator_value where is_current;
create table quality.previous_publication as select 'v1' as version_id, 6 as indicator_count;
"""

FCT = "marts.fct_indicator_value"
COMPARISON = "marts.indicator_comparison"
JUDGEMENT = "marts.judgement"


def with_input(name: str, expression: str) -> str:
    """SQL that changes one input of one authority's judgements."""
    return f"update {JUDGEMENT} set inputs = struct_update(inputs, {name} := {expression}) where area_code = 'E0209'"


NEIGHBOUR_OF_203 = "group_id = 'statistical_neighbours' and area_code = 'E0203' and member_area_code = 'E0204'"
LOCAL_PERCENT = "source_kind = 'local' and indicator_id = 'care_leavers_eet_pct'"
AGREEMENTS = {f"{one.indicator_id}_agrees_with_published" for one in RECONCILED}
BROKEN = (
    ("dim_indicator", "indicators_kept", "delete from marts.dim_indicator where indicator_id = 'susp_rate'"),
    ("dim_area", "england_and_regions_known", "delete from marts.dim_area where area_code = 'E12000009'"),
    ("dim_area", "own_authority_known", "update marts.dim_area set area_code = 'E0999' where dfe_number = 201"),
    (
        "comparator_member",
        "no_own_neighbour",
        f"update marts.comparator_member set member_area_code = area_code where {NEIGHBOUR_OF_203}",
    ),
    ("comparator_member", "ten_neighbours_or_none", f"delete from marts.comparator_member where {NEIGHBOUR_OF_203}"),
    ("comparator_member", "eight_core_cities", "delete from marts.comparator_member where member_area_code = 'E0202'"),
    ("fct_indicator_value", "figures_are_finite", f"update {FCT} set value = 'inf' where {LOCAL_PERCENT}"),
    (
        "fct_indicator_value",
        "status_agrees_with_value",
        f"update {FCT} set value = 0 where value_status = 'suppressed'",
    ),
    ("fct_indicator_value", "local_percent_in_range", f"update {FCT} set value = 101 where {LOCAL_PERCENT}"),
    (
        "fct_indicator_value",
        "published_percent_in_range",
        f"update {FCT} set value = 233 where indicator_id = 'care_leavers_eet_pct' and area_code = 'E0205'",
    ),
    (
        "fct_indicator_value",
        "published_percent_is_percent",
        f"update {FCT} set value = 233 where indicator_id = 'care_leavers_eet_pct' and value is not null",
    ),
    ("fct_indicator_value", "local_count_is_whole", f"update {FCT} set value = 3.5 where value = 1405"),
    ("fct_indicator_value", "published_count_not_negative", f"update {FCT} set value = -1 where value = 1400"),
    ("fct_indicator_value", "rate_not_negative", f"update {FCT} set value = -1 where indicator_id = 'susp_rate'"),
    (
        "fct_indicator_value",
        "local_figure_follows_from_its_parts",
        f"update {FCT} set denominator = 41 where {LOCAL_PERCENT}",
    ),
    (
        "fct_indicator_value",
        "local_rate_has_population",
        f"update {FCT} set denominator = null, value = null, value_status = 'source_missing' "
        "where source_kind = 'local' and indicator_id = 'cla_31_march_rate'",
    ),
    ("fct_indicator_value", "something_to_publish", f"update {FCT} set is_current = false"),
    (
        "fct_indicator_value",
        "missing_share_by_vintage",
        f"insert into {FCT} select * replace ('lait/2026-02/cccccccc' as vintage_id, null as value, 'suppressed' as "
        f"value_status) from {FCT} where indicator_id = 'susp_rate'",
    ),
    (
        "fct_indicator_value",
        "figures_moved_since_last_publication",
        f"update {FCT} set value = 2 * value where value = 1400",
    ),
    ("fct_indicator_value", "figures_lost_since_last_publication", f"delete from {FCT} where area_code = 'E0207'"),
    (
        "fct_indicator_value",
        "newest_period_kept",
        f"delete from {FCT} where indicator_id = 'susp_rate' and period_id = 'snapshot_2025-03-31'",
    ),
    (
        "fct_indicator_value",
        "cla_31_march_agrees_with_published",
        f"update {FCT} set value = 1300 where value = 1405 and period_id = 'snapshot_2025-03-31'",
    ),
    (
        "fct_indicator_value",
        "london_counted_once",
        f"""insert into {FCT} by name
        select one.* replace (r.area as area_code, r.people as value)
        from (select * from {FCT} where indicator_id = 'cla_31_march' and source_kind = 'published' limit 1) as one,
            (select 'E1200000' || n as area, 1000.0 as people from range(1, 10) as t(n)
            union all values ('E13000001', 400.0), ('E13000002', 600.0), ('E92000001', 10000.0)) as r""",
    ),
    (
        "looked_after_flow",
        "cla_stock_follows_from_flow",
        "update marts.looked_after_flow set unexplained = 51 where return_key = '2025'",
    ),
    ("cluster_indicator", "cluster_records_placed", "update marts.cluster_indicator set unplaced_share = 0.021"),
    (
        "cluster_indicator",
        "cluster_tables_printed",
        "delete from marts.cluster_indicator where period_id like 'rolling3%'",
    ),
    # The school of the year before is in no list either, and is not asked for.
    (
        "cluster_indicator",
        "cluster_schools_covered",
        "update intermediate.int_cluster__school set valid_to = date '2025-08-30'",
    ),
    ("cluster_indicator", "cluster_areas_covered", "update intermediate.int_cluster__area set area_code = 'E01000002'"),
    (
        "published_agreement",
        "tool_and_data_set_agree",
        "update marts.published_agreement set outcome = 'differs', difference = 3 where outcome = 'equal'",
    ),
    ("comparator_value", "comparator_is_finite", "update marts.comparator_value set change = 'nan'"),
    ("comparator_value", "members_used_within_total", "update marts.comparator_value set members_used = 11"),
    ("comparator_value", "computed_from_members", "update marts.comparator_value set members_used = 0"),
    ("indicator_comparison", "comparison_is_finite", f"update {COMPARISON} set q50 = 'nan' where dfe_number = 209"),
    ("indicator_comparison", "rank_within_ranked_set", f"update {COMPARISON} set rank = 21 where dfe_number = 209"),
    ("indicator_comparison", "ranked_has_value", f"update {COMPARISON} set value = null where dfe_number = 209"),
    ("indicator_comparison", "members_behind_means", f"update {COMPARISON} set sn_count = 11 where dfe_number = 209"),
    ("indicator_comparison", "quantiles_in_order", f"update {COMPARISON} set q25 = 70 where dfe_number = 209"),
    ("indicator_comparison", "own_authority_compared", f"delete from {COMPARISON} where dfe_number = 201"),
    (
        "indicator_comparison",
        "region_and_england_beside_own_figure",
        f"update {COMPARISON} set england_value = null where dfe_number = 201",
    ),
    (
        "indicator_comparison",
        "neighbours_behind_newest_means",
        f"update {COMPARISON} set sn_count = 6 where dfe_number = 201",
    ),
    (
        "judgement",
        "judgement_words",
        f"update {JUDGEMENT} set word = 'up' where kind = 'unusual' and area_code = 'E0203'",
    ),
    ("judgement", "judgement_is_finite", with_input("z", "'inf'")),
    ("judgement", "judgement_holds_its_figure", with_input("lower", "inputs.value + 1")),
    ("judgement", "judgement_says_why_not", f"update {JUDGEMENT} set reason = null where word = 'not tested'"),
    ("judgement", "place_within_group", with_input("place", "12")),
    ("judgement", "flagged_share", with_input("flagged", "8")),
    ("published_columns", "no_child_level_columns", "alter table marts.dim_period add column child_id varchar"),
)


def build(database: Path, change: str = "") -> Path:
    with duckdb.connect(str(database)) as connection:
        connection.execute(MARTS + change)
    return database


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list:
    return validate(build(tmp_path_factory.mktemp("good") / "warehouse.duckdb"), MART_SUITES, context=CONTEXT)


def test_consistent_marts_pass_every_check_and_the_gate(good: list) -> None:
    assert [result for result in good if result.outcome != "pass"] == []
    # Figures that are only published, or only local, agree with nothing.
    with_both = {"cla_31_march", "cla_31_march_rate", "care_leavers_eet_pct"}
    without = AGREEMENTS - {f"{name}_agrees_with_published" for name in with_both}
    assert {result.check_id.split(".")[0] for result in good} == {
        check.check_id for check in list_checks(CONTEXT) if check.scope == "publication"
    } - without
    assert gate(good).allowed


def test_every_check_before_publication_has_a_broken_mart() -> None:
    # The agreement with published figures is one rule for many indicators; all of them have a test further down.
    assert sorted(check for _, check, _ in BROKEN) == sorted(
        check.check_id
        for check in list_checks(CONTEXT)
        if check.scope == "publication" and check.check_id not in AGREEMENTS - {"cla_31_march_agrees_with_published"}
    )


@pytest.mark.parametrize(("suite", "check", "change"), BROKEN, ids=[check for _, check, _ in BROKEN])
def test_a_broken_mart_fails_its_check(tmp_path: Path, suite: str, check: str, change: str) -> None:
    database = build(tmp_path / "warehouse.duckdb", change)
    results = validate(database, [SUITE_OF[suite]], context=CONTEXT)
    failed = [r for r in results if r.check_id.split(".")[0] == check and r.outcome == "fail"]
    assert len(failed) == 1
    assert failed[0].failed_count > 0
    assert failed[0].scope == "publication"
    severity = {one.check_id: one.severity for one in list_checks(CONTEXT)}[check]
    assert failed[0].severity == severity
    assert any(check in refusal for refusal in gate(results).refusals) == (severity == "critical")


@pytest.mark.parametrize(("beyond", "outcome"), [(0.0, "pass"), (0.01, "fail")], ids=["at", "beyond"])
def test_a_local_figure_may_differ_by_the_declared_tolerance_and_no_more(
    tmp_path: Path, beyond: float, outcome: str
) -> None:
    tolerances = {one.indicator_id: max(one.allowed, 100 * one.allowed_share) for one in RECONCILED}
    ids = ", ".join(f"'{name}'" for name in tolerances)
    differing = "; ".join(
        f"""insert into {FCT} select * replace ('{name}' as indicator_id,
            case source_kind when 'local' then {100 - tolerance - beyond} else 100 end as value)
        from kept"""
        for name, tolerance in tolerances.items()
    )
    change = f"""create temp table kept as select * from {FCT} where indicator_id = 'cla_31_march'
            and area_code = 'E0201' and period_id = 'snapshot_2025-03-31';
        delete from {FCT} where indicator_id in ({ids}); {differing}"""
    results = validate(build(tmp_path / "warehouse.duckdb", change), [SUITE_OF["fct_indicator_value"]], context=CONTEXT)
    told = {r.check_id.split("_agrees")[0]: r for r in results if "_agrees_with_published" in r.check_id}
    assert {name: (r.outcome, r.severity, r.tolerance) for name, r in told.items()} == {
        name: (outcome, "warning", tolerance) for name, tolerance in tolerances.items()
    }
    if outcome == "fail":
        assert all(one.causes in str(told[one.indicator_id].message) for one in RECONCILED)


def test_each_year_of_the_reconciliation_is_a_row_of_its_own(good: list) -> None:
    rows = [r for r in good if r.check_id.startswith("cla_31_march_agrees_with_published.")]
    assert [r.check_id.split(".")[1] for r in rows] == ["snapshot_2024-03-31", "snapshot_2025-03-31"]
    assert {(r.observed, r.expected, r.tolerance, r.difference) for r in rows} == {(1405.0, 1400.0, 28.0, 5.0)}


def test_a_first_publication_has_nothing_to_compare_with_and_passes(tmp_path: Path) -> None:
    change = "delete from quality.previous_value; delete from quality.previous_publication"
    results = validate(build(tmp_path / "warehouse.duckdb", change), MART_SUITES, context=CONTEXT)
    assert [result for result in results if result.outcome != "pass"] == []


def test_without_the_previous_publication_its_checks_are_not_run_and_block_nothing(tmp_path: Path) -> None:
    database = build(tmp_path / "warehouse.duckdb", "drop schema quality cascade")
    results = validate(database, MART_SUITES, context=CONTEXT)
    not_run = {result.check_id for result in results if result.outcome == "not_run"}
    assert not_run == {
        "indicators_kept",
        "figures_moved_since_last_publication",
        "figures_lost_since_last_publication",
        "newest_period_kept",
    }
    assert gate(results).allowed


def test_empty_comparison_of_an_absent_source_is_no_refusal(tmp_path: Path) -> None:
    change = f"delete from {COMPARISON}; delete from marts.comparator_value"
    results = validate(build(tmp_path / "warehouse.duckdb", change), MART_SUITES, context=CONTEXT)
    assert gate(results).allowed


def test_a_missing_mart_is_not_run_and_refuses(tmp_path: Path) -> None:
    results = validate(build(tmp_path / "warehouse.duckdb", "drop table marts.dim_area"), MART_SUITES, context=CONTEXT)
    [missing] = [result for result in results if result.check_id == "table_present"]
    assert (missing.table_name, missing.severity, missing.outcome) == ("marts.dim_area", "critical", "not_run")
    assert not gate(results).allowed
