"""Failures of the tools below that say nothing: each was seen once, and each would publish wrong figures or none."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import duckdb
import pytest
from desk import CLA, EPISODES, POPULATION, Desk, edit_csv, set_cell
from warm_cfp import PROJECT

from dagster_project import refresh
from dagster_project.quality import gate as gate_module
from dagster_project.quality.gate import GateDecision
from dagster_project.quality.results import CheckResult

BROKEN = CheckResult(
    suite="fct_indicator_value",
    table_name="marts.fct_indicator_value",
    check_id="figures_are_finite",
    severity="critical",
    scope="publication",
    outcome="fail",
    checked_count=1,
    failed_count=1,
    message="made to fail by a test",
)


def run_of(desk: Desk) -> refresh.Run:
    """The run that the stages work on."""
    return refresh.open_run(council_file=desk.council, raw_dir=desk.raw, data_dir=desk.data, announce=lambda step: None)


def execute_job(desk: Desk) -> tuple[bool, set[str]]:
    """Run the real job in this process. Returns whether it succeeded, and the assets it materialised."""
    import dagster as dg

    from dagster_project.definitions import defs
    from dagster_project.resources import Council

    council = Council(council_file=str(desk.council), raw_dir=str(desk.raw), data_dir=str(desk.data), quiet=True)
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("refresh").execute_in_process(
            instance=instance,
            resources={"council": council},
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        events = result.get_asset_materialization_events()
        return result.success, {event.asset_key.to_user_string() for event in events if event.asset_key}


def break_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the mart suites find one critical failure."""
    honest = refresh.check

    def check(run: refresh.Run) -> GateDecision:
        from dagster_project.warehouse import open_warehouse

        honest(run)
        with open_warehouse(run.folders) as connection:
            refresh._store(connection, [BROKEN])
            return gate_module.gate(refresh.stored_results(run, connection))

    monkeypatch.setattr(refresh, "check", check)


@pytest.mark.slow
def test_a_failing_critical_check_holds_publication_and_edition_back(
    small: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_cell(small.raw / POPULATION, {"old_la_code": "383", "time_period": "2023"}, "population_estimate", "170001")
    version, page = small.version(), next(small.data.rglob("index.html")).read_bytes()
    with monkeypatch.context() as broken:
        break_a_check(broken)
        # Publishing asks the gate again; with that question silenced, Dagster's blocking checks alone must hold it.
        broken.setattr(gate_module, "gate", lambda results: GateDecision(allowed=True, refusals=()))
        succeeded, materialised = execute_job(small)
    assert not succeeded
    assert {"published/officer", "edition/page"} & materialised == set()
    assert "marts/fct_indicator_value" in materialised
    assert small.version() == version
    assert next(small.data.rglob("index.html")).read_bytes() == page
    assert [folder.name for folder in (small.data / "published" / "officer" / "versions").iterdir()] == [version]

    # The same job with honest checks publishes: it was the check, and nothing else, that held it back.
    succeeded, materialised = execute_job(small)
    assert succeeded
    assert {"published/officer", "edition/page"} <= materialised
    assert small.version() != version


def test_publishing_asks_the_gate_itself_whatever_way_the_run_came(
    small: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster_project.warehouse import open_warehouse

    run = run_of(small)
    with open_warehouse(run.folders) as connection:
        refresh._store(connection, [replace(BROKEN, outcome="not_run")])
    with pytest.raises(refresh.GateRefused, match="figures_are_finite"):
        refresh.publish(run, now=datetime.now())


@pytest.mark.slow
def test_a_failing_test_of_a_mart_holds_publication_back(small: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster_project import transform

    edit_csv(small.raw / EPISODES, lambda rows: rows.__delitem__(slice(3)))
    version = small.version()
    honest = transform.build

    def build(*arguments: object, **options: object) -> transform.Build:
        built = honest(*arguments, **options)  # type: ignore[arg-type]
        failing = next(node for node in built.nodes if node.name == "fct_indicator_value__grain")
        return transform.Build(
            tuple(replace(node, status="fail", failures=1) if node == failing else node for node in built.nodes)
        )

    with monkeypatch.context() as broken:
        broken.setattr(transform, "build", build)
        succeeded, materialised = execute_job(small)
        assert not succeeded
        assert {"published/officer", "edition/page"} & materialised == set()
        assert small.version() == version
    # What the failed run left in the warehouse is not taken for built: the next refresh builds and publishes it.
    small.refresh()
    assert small.version() != version
    assert small.query("SELECT count(*) FROM marts.check_result WHERE suite = 'dbt' AND outcome = 'fail'") == [(0,)]


@pytest.mark.slow
def test_every_dependency_is_an_asset_of_the_project_and_publication_stands_on_every_mart() -> None:
    from dagster_project.assets.transform import MANIFEST, TRANSLATOR
    from dagster_project.definitions import defs

    graph = defs.resolve_asset_graph()
    # A dependency on a key that does not exist would become an asset that nothing makes.
    assert graph.get_all_asset_keys() == graph.materializable_asset_keys
    names = {key.to_user_string(): key for key in graph.get_all_asset_keys()}
    marts = {
        f"marts/{node['name']}"
        for node in MANIFEST["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    assert len(marts) > 8
    parents = graph.get(names["published/officer"]).parent_keys
    # Counts of the findings are published too, so that the lists come first.
    assert {key.to_user_string() for key in parents} == marts | {"findings/ssda903"}
    assert {key.to_user_string() for key in graph.get(names["edition/page"]).parent_keys} == {"published/officer"}
    # With source tests as checks, a failing blocking check on a raw asset stops nothing.
    assert TRANSLATOR.settings.enable_source_tests_as_checks is False
    ours = {key.to_user_string() for key in graph.asset_check_keys if key.name.startswith("suite_")}
    assert {check.split(":")[0] for check in ours} <= marts
    for key in graph.asset_check_keys:
        if key.name.startswith("suite_"):
            assert graph.get(key).blocking, key


def assert_another_process_may_write(desk: Desk, after: str) -> None:
    """dbt and every later step need the warehouse free; a forgotten handle locks them out."""
    script = (
        "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('CREATE OR REPLACE TABLE main.touched AS SELECT 1')"
    )
    database = desk.data / "restricted" / "warehouse.duckdb"
    opened = subprocess.run(
        [sys.executable, "-c", script, str(database)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert opened.returncode == 0, f"after {after}: {opened.stderr}"


@pytest.mark.slow
def test_no_stage_keeps_the_warehouse_open(small: Desk) -> None:
    set_cell(small.raw / POPULATION, {"old_la_code": "383", "time_period": "2023"}, "population_estimate", "170001")
    edit_csv(small.raw / EPISODES, lambda rows: rows.__delitem__(slice(3)))
    run, now = run_of(small), datetime.now()

    def stages() -> Iterator[str]:
        refresh.prepare(run)
        yield "prepare"
        for source in run.sources:
            refresh.land(run, source, now=now)
            yield f"land {source}"
        refresh.register(run, now=now)
        yield "register"
        assert refresh.transform(run) is not None
        yield "transform"
        assert refresh.check(run).allowed
        yield "check"
        refresh.publish(run, now=now)
        yield "publish"
        refresh.write_edition(run)
        yield "write_edition"
        refresh.summary(run)
        yield "summary"

    for stage in stages():
        assert_another_process_may_write(small, stage)


@pytest.mark.slow
def test_an_empty_population_gives_no_infinite_rate_but_says_why_there_is_none(small: Desk) -> None:
    for year in ("2023", "2022"):
        set_cell(small.raw / POPULATION, {"old_la_code": "383", "time_period": year}, "population_estimate", "0")
    stock = {"population_type": "Children looked after on 31 March each year", "time_period": "2024"}
    set_cell(small.raw / CLA, stock | {"old_la_code": "383"}, "population_estimate", "0")
    # The arriving file is rejected for it; a person may let it in all the same.
    (small.folder / "council").mkdir(exist_ok=True)
    (small.folder / "council" / "waivers.yml").write_text(
        "".join(
            f"- {{check: {check}, reason: seen, name: A. Analyst, expiry: 2099-12-31}}\n"
            for check in ("population_ees_counts", "population_ees_adds_up")
        ),
        encoding="utf-8",
    )
    small.refresh()

    rates = small.query(
        """SELECT period_id, value, denominator, value_status FROM marts.fct_indicator_value
        WHERE indicator_id = 'cla_31_march_rate' AND source_kind = 'local' AND area_code = 'E08000035'
            AND period_id IN ('snapshot_2024-03-31', 'snapshot_2023-03-31') ORDER BY 1"""
    )
    assert rates == [
        ("snapshot_2023-03-31", None, 0.0, "empty_denominator"),
        ("snapshot_2024-03-31", None, 0.0, "empty_denominator"),
    ]
    connection = duckdb.connect(str(small.published), read_only=True)
    try:
        columns = connection.execute(
            """SELECT table_name, column_name FROM duckdb_columns()
            WHERE schema_name = 'marts' AND data_type IN ('DOUBLE', 'FLOAT')"""
        ).fetchall()
        assert len(columns) > 20
        for table, column in columns:
            found = connection.execute(
                f'SELECT count(*) FROM marts."{table}" WHERE NOT isfinite("{column}")'
            ).fetchone()
            assert found == (0,), f"{table}.{column}"
    finally:
        connection.close()
