"""Each operator makes the fault it says, Jinja stays as it is, and a weak test lets live what a strong one kills."""

from pathlib import Path

import duckdb
import pytest

from . import python_mutants, python_stage, sql_mutants
from .golden_stage import COMPARED, Compared, GoldenStage, make_baseline
from .run import Equivalent, Outcome, mark_equivalents, report, share_killed, stale_equivalents
from .sql_project import Macros, SqlProject, UnitTest
from .unit_stage import UnitStage


def made(text: str, operator: str) -> list[str]:
    return [" ".join(m.text.split()) for m in sql_mutants.mutants_of(text, "f.sql") if m.operator == operator]


SQL_FAULTS = [
    ("boundary of a comparison", "select a <= b, c > d", ["select a < b, c > d", "select a <= b, c >= d"]),
    ("equality", "select a = b, c <> d", ["select a <> b, c <> d", "select a = b, c = d"]),
    ("arithmetic", "select a - b * c, count(*), t.*", ["select a + b * c, count(*), t.*",
                                                       "select a - b / c, count(*), t.*"]),
    ("sign dropped", "select case when a then -b else b - 1 end", ["select case when a then b else b - 1 end"]),
    ("and for or", "where a between 1 and 2 and (b or c)", ["where a between 1 and 2 or (b or c)",
                                                            "where a between 1 and 2 and (b and c)"]),
    ("aggregate", "select min(a), sum(b), t.max", ["select max(a), sum(b), t.max", "select min(a), avg(b), t.max"]),
    ("window function", "select lag(a) over w, rank() over w", ["select lead(a) over w, rank() over w",
                                                                "select lag(a) over w, dense_rank() over w"]),
    ("scalar function", "select greatest(a, b)", ["select least(a, b)"]),
    ("truth", "select true as a", ["select false as a"]),
    ("constant", "select 10000.0 * cast(a as decimal(38, 15)), 0.25, 7",
     ["select 10001.0 * cast(a as decimal(38, 15)), 0.25, 7", "select 10000.0 * cast(a as decimal(38, 15)), 0.35, 7",
      "select 10000.0 * cast(a as decimal(38, 15)), 0.25, 8"]),
    ("not dropped", "where not a and b not in (1, 2) and c is not null",
     ["where a and b not in (1, 2) and c is not null", "where not a and b in (1, 2) and c is not null"]),
    ("null test", "where a is null and b is not null and c is not distinct from d",
     ["where a is not null and b is not null and c is not distinct from d",
      "where a is null and b is null and c is not distinct from d",
      "where a is null and b is not null and c is distinct from d"]),
    ("join", "from a inner join b on x left join c on left(y, 1) = z",
     ["from a left join b on x left join c on left(y, 1) = z",
      "from a inner join b on x inner join c on left(y, 1) = z"]),
    ("sort order", "select rank() over (order by a, b desc) from (select * from t order by a) order by a",
     ["select rank() over (order by a desc, b desc) from (select * from t order by a) order by a",
      "select rank() over (order by a, b asc) from (select * from t order by a) order by a"]),
    ("sort of nulls", "select rank() over (order by a nulls last)", ["select rank() over (order by a nulls first)"]),
    ("sort column dropped", "select rank() over (order by a, b)", ["select rank() over (order by b)",
                                                                   "select rank() over (order by a)"]),
    ("partition column dropped", "select rank() over (partition by a, b order by c), sum(d) over (partition by a)",
     ["select rank() over (partition by b order by c), sum(d) over (partition by a)",
      "select rank() over (partition by a order by c), sum(d) over (partition by a)",
      "select rank() over (partition by a, b order by c), sum(d) over ()"]),
    ("condition dropped", "from a join b on a.x = b.x and a.y = b.y where not c or d between 1 and 2",
     ["from a join b on true and a.y = b.y where not c or d between 1 and 2",
      "from a join b on a.x = b.x and true where not c or d between 1 and 2",
      "from a join b on a.x = b.x and a.y = b.y where false or d between 1 and 2",
      "from a join b on a.x = b.x and a.y = b.y where not c or false"]),
    ("condition dropped", "from a where x = 1 group by b", ["from a where true group by b"]),
    ("condition dropped", "from a qualify rank() over (order by b) = 1", ["from a qualify true"]),
    ("call dropped", "select coalesce(f(a, b), 0), nullif(c, 0)", ["select (f(a, b)), nullif(c, 0)",
                                                                   "select coalesce(f(a, b), 0), (c)"]),
    ("distinct dropped", "select distinct a, count(distinct b)", ["select a, count(distinct b)",
                                                                  "select distinct a, count( b)"]),
    ("nulls counted", "select count(a), count(*)", ["select count(*), count(*)"]),
    ("union", "select 1 union select 2 union all select 3", ["select 1 union all select 2 union all select 3",
                                                             "select 1 union select 2 union select 3"]),
    ("listed value dropped", "where a in ('x', 'y')", ["where a in ('y')", "where a in ('x')"]),
    ("branches of case swapped", "select case a when 1 then 'x' else 'y' end",
     ["select case a when 1 then 'y' else 'x' end"]),
    ("branch of case dropped", "select case when a then 1 when b then 2 end",
     ["select case when b then 2 end", "select case when a then 1 end"]),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "text", "expected"), SQL_FAULTS)
def test_operator_makes_what_it_says(operator, text, expected):
    assert made(text, operator) == expected


def test_every_operator_of_the_table_is_pinned():
    assert {operator for operator, *_ in SQL_FAULTS} == set(sql_mutants.OPERATORS)
    assert {operator for operator, *_ in PYTHON_FAULTS} == set(python_mutants.OPERATORS)


def test_jinja_comments_and_texts_are_left_alone():
    text = "{{ config(a=1) }} {% if 1 > 2 %} {# a < 1 #} select '1 < 2' /* 3 < 4 */ -- 5 < 6\n{% endif %}"
    assert sql_mutants.mutants_of(text, "f.sql") == []


def test_quote_inside_jinja_ends_no_text():
    text = """select '{{ text | replace("'", "''") }}', {# a row's = 1 #} a = b"""
    assert [m.changed for m in sql_mutants.mutants_of(text, "f.sql")] == [text.replace("a = b", "a <> b")]


def test_fault_has_its_line_and_the_lines_around_it():
    (mutant,) = sql_mutants.mutants_of("select\n    a,\n    b <\n    c\nfrom t", "f.sql")
    assert (mutant.line, mutant.original, mutant.changed) == (3, "b <", "b <=")


PYTHON_FAULTS = [
    ("comparison", "a <= b != c not in d", ["a < b != c not in d", "a <= b == c not in d", "a <= b != c in d"]),
    ("arithmetic", "'£' and (a) + (b)", ["'£' and (a) - (b)"]),
    ("and for or", "a and b or c", ["a and b and c", "a or b or c"]),
    ("not dropped", "x = not a", ["x = a"]),
    ("sign dropped", "x = -a", ["x = a"]),
    ("constant", "x = 2", ["x = 3"]),
    ("words", "def f():\n    'doc'\n    g('a')", ["def f():\n    'doc'\n    g('a!')"]),
    ("truth", "x = True", ["x = False"]),
    ("function", "x = max(a, b)", ["x = min(a, b)"]),
    ("condition inverted", "if a:\n    b", ["if not (a):\n    b"]),
    ("alternatives swapped", "x = a if b else c", ["x = c if b else a"]),
    ("result dropped", "def f() -> 'int':\n    return a", ["def f() -> 'int':\n    return None"]),
    ("slice bound dropped", "x = a[1:]", ["x = a[:]"]),
]


@pytest.mark.parametrize(("operator", "text", "expected"), PYTHON_FAULTS)
def test_operator_on_python_makes_what_it_says(operator, text, expected):
    assert [m.text for m in python_mutants.mutants_of(text, "f.py") if m.operator == operator] == expected


# --- the killers

COUNTED = """
select
    count(distinct case
        when began <= {{ count_day() }} and (ended is null or ended > {{ count_day() }}) then child
    end) as children
from {{ ref('episode') }}
"""
MACROS = {"dbt/macros/days.sql": "{% macro count_day() -%} cast('2025-03-31' as date) {%- endmacro %}"}
COLUMNS = {("ref", "episode"): {"child": "VARCHAR", "began": "DATE", "ended": "DATE"}}
OPEN = {"child": "a", "began": "2024-05-01", "ended": None}
WEAK = [([OPEN], 1)]
STRONG = [
    ([OPEN, {**OPEN, "began": "2024-06-01"}, {**OPEN, "child": "b", "began": "2025-03-31"}], 2),
    ([{**OPEN, "began": "2025-04-01"}, {**OPEN, "ended": "2025-03-31"}], 0),
    ([{**OPEN, "ended": "2025-04-01"}], 1),
]  # fmt: skip


def project(tests: list[tuple[list[dict], int]], *, models: dict[str, str] | None = None) -> SqlProject:
    models = models or {"counted": COUNTED}
    return SqlProject(
        models=models,
        files={name: f"dbt/models/{name}.sql" for name in models},
        macro_files=MACROS,
        unit_tests=[
            UnitTest(f"test_{number}", "counted", ((("ref", "episode"), rows),), [{"children": str(expected)}])
            for number, (rows, expected) in enumerate(tests)
        ],
        data_tests=[],
        tables={("ref", name): f"warehouse.main.{name}" for name in ("episode", *models)},
    )


def survivors(tests: list[tuple[list[dict], int]]) -> list[str]:
    counted = project(tests)
    stage = UnitStage(counted, COLUMNS)
    assert stage.verdict(counted.macros, counted.models) == ("passed", "")
    mutants = sql_mutants.mutants_of(COUNTED, "dbt/models/counted.sql")
    return [m.operator for m in mutants if stage.verdict(*counted.with_fault(m.file, m.text))[0] == "passed"]


def test_weak_test_leaves_survivors_that_a_strong_one_kills():
    assert {"boundary of a comparison", "distinct dropped"} <= set(survivors(WEAK))
    assert survivors(STRONG) == []


def test_fault_that_does_not_run_is_an_error_and_not_a_kill():
    counted = project(STRONG)
    verdict = UnitStage(counted, COLUMNS).verdict(counted.macros, {"counted": "select no_such_column as children"})
    assert verdict[0] == "errored"
    verdict = UnitStage(counted, COLUMNS).verdict(counted.macros, {"counted": "select {{ absent }} as children"})
    assert verdict[0] == "errored"


def test_fault_in_a_macro_reaches_the_models_that_call_it():
    counted = project(STRONG, models={"counted": COUNTED, "other": "select 1 as one"})
    macros, changed = counted.with_fault("dbt/macros/days.sql", MACROS["dbt/macros/days.sql"].replace("31", "30"))
    assert list(changed) == ["counted"]
    assert UnitStage(counted, COLUMNS).verdict(macros, changed) == ("killed", "test_0")


def test_expected_rows_count_in_any_order_and_as_often_as_they_come():
    stage = UnitStage(project([]), COLUMNS)
    test = UnitTest("t", "counted", (), [{"n": "1", "word": None}, {"n": "2", "word": "x"}])
    assert stage.holds(test, "select 2 as n, 'x' as word, 9 as other union all select 1, null, 9")
    assert not stage.holds(test, "select 2 as n, 'x' as word union all select 1, null union all select 1, null")
    assert stage.holds(UnitTest("t", "counted", (), []), "select 1 as n where false")
    assert not stage.holds(UnitTest("t", "counted", (), []), "select 1 as n")


def test_dispatched_macros_are_found():
    macros = Macros({"m": "{% macro a(x) %}{{ return(adapter.dispatch('a')(x)) }}{% endmacro %}{% macro duckdb__a(x) %}[{{ x }}]{% endmacro %}"})  # fmt: skip  # noqa: E501
    assert macros.sql("{{ a('1') }} {{ ref('t') }}", ".".join) == "[1] ref.t"


def test_macros_return_values_find_each_other_and_leave_materializations_to_dbt():
    own = "{% macro names() %}{{ return(['a', 'b']) }}{% endmacro %}{% macro _listed() %}{{ names() | join(', ') }}{% endmacro %}"  # fmt: skip  # noqa: E501
    table = "{% materialization table, adapter='duckdb' %}{{ return({}) }}{% endmaterialization %}"
    macros = Macros({"m": own, "t": table})
    assert macros.sql("select {{ _listed() }}", ".".join) == "select a, b"
    assert macros.sql("select {{ _listed() }}", ".".join, {"names": ["c"]}) == "select c"
    assert macros.sql("select {{ _listed() }}", ".".join) == "select a, b"


def test_macros_read_what_is_declared_of_a_source():
    macros = Macros({}, {"source.p.s.t": {"name": "t", "config": {"meta": {"year": 2025}}}})
    text = "{% for found in graph.sources.values() if execute and found.name == 't' %}{{ found.config.meta.year }}{% endfor %}"  # noqa: E501
    assert macros.sql(text, ".".join) == "2025"


def test_given_and_expected_rows_may_be_a_query():
    counted = project([])
    for ended, outcome in (("null", "passed"), ("date '2025-01-01'", "killed")):
        given = f"select 'a' as child, {ended} as ended, '2024-05-01' as began"
        test = UnitTest("t", "counted", ((("ref", "episode"), given),), "with one as (select 1 as children) from one")
        counted.unit_tests = [test]
        assert UnitStage(counted, COLUMNS).verdict(counted.macros, counted.models)[0] == outcome


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SqlProject, GoldenStage]:
    """A warehouse of three rows with a compared mart above the model at fault."""
    models = {
        "valued": "select area, value, other from {{ ref('episode') }} where value is not null",
        "mart": "select area, value * 2 as value, other from {{ ref('valued') }}",
    }
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create table episode as select * from (values ('a', 1.5, 1), ('b', 2.5, 2)) as t(area, value, other)")  # fmt: skip  # noqa: E501
        connection.execute("create table valued as from episode")
        connection.execute("create table mart as select area, value * 2 as value, other from episode")
    monkeypatch.setattr(f"{GoldenStage.__module__}.COMPARED", (Compared("mart", ("area",), ("value",), "golden"),))
    held = project([], models=models)
    baseline = make_baseline(held, tmp_path / "warehouse.duckdb", tmp_path / "unharmed.duckdb", {"valued"})
    assert baseline.affected == {"valued": "true", "mart": "(true)"}
    return held, GoldenStage(held, baseline)


@pytest.mark.parametrize(
    ("fault", "outcome", "detail"),
    [
        ("value + 1 as value, other", "killed", "golden"),
        ("value, other + 1 as other", "survived", "changes mart, in cells not compared"),
        ("value, other + 0 as other", "survived", "no real figure changes"),
        ("value, missing as other", "errored", None),
    ],
)
def test_real_figures_kill_what_a_golden_test_compares(real, fault, outcome, detail):
    held, stage = real
    text = held.models["valued"].replace("value, other", fault)
    found = stage.verdict(*held.with_fault("dbt/models/valued.sql", text))
    assert found[0] == outcome
    assert detail is None or found[1] == detail


def test_compared_cells_name_their_golden_test():
    root = Path(__file__).parents[1] / "golden"
    for compared in COMPARED:
        file, _, test = compared.proved_by.partition("::")
        assert f"def {test}" in (root / file).read_text(encoding="utf-8")


def test_python_fault_is_read_from_memory_and_killed_by_its_test(tmp_path):
    (tmp_path / "grown.py").write_text("def add(a, b):\n    return a + b\n")
    (tmp_path / "test_weak.py").write_text("from grown import add\ndef test_add():\n    assert add(2, 0) == 2\n")
    (tmp_path / "test_strong.py").write_text("from grown import add\ndef test_add():\n    assert add(2, 1) == 3\n")
    (mutant, *_) = [m for m in python_mutants.mutants_of((tmp_path / "grown.py").read_text(), "grown.py")
                    if m.operator == "arithmetic"]  # fmt: skip
    assert python_stage.verdict(tmp_path, "grown.py", mutant.text, ["test_weak.py"])[0] == "survived"
    assert python_stage.verdict(tmp_path, "grown.py", mutant.text, ["test_strong.py"])[0] == "killed"
    assert python_stage.verdict(tmp_path, "grown.py", "def", ["test_weak.py"])[0] == "errored"


# --- the report


def outcomes() -> list[Outcome]:
    lived, *others = sql_mutants.mutants_of("select a < b and c", "f.sql")
    return [Outcome(lived, "survived", ""), *[Outcome(other, "killed by unit test", "t") for other in others]]


def test_listed_equivalents_count_apart_and_only_while_they_hold():
    found = outcomes()
    listed = [Equivalent(o.mutant.file, o.mutant.original, o.mutant.changed, "the same") for o in found[:2]]
    marked, wrong = mark_equivalents(found, listed)
    assert [o.outcome for o in marked][:2] == ["equivalent", "killed by unit test"]
    assert len(wrong) == 1
    assert share_killed(found) < share_killed(marked) == 100.0
    assert stale_equivalents(found, [Equivalent("f.sql", "gone", "gone too", "")]) != []


def test_report_names_the_survivor():
    assert "f.sql:1 boundary of a comparison: select a < b and c -> select a <= b and c" in report(outcomes())
