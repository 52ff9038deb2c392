"""The lint finds what it should, says where and what instead, and leaves shared SQL, comments, texts, Jinja alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from .portable_sql import CONSTRUCTS, findings, main, project_files

BAD = [
    "select * from a asof join b on a.d >= b.d",
    "select * from a positional join b",
    "pivot a on period using sum(value)",
    "unpivot a on x, y into name kind value v",
    "select * exclude (a) from b",
    "select * exclude a from b",
    "select * replace (a + 1 as a) from b",
    "select columns('x.*') from b",
    "select [1, 2, 3] as x",
    "select x[1] as y",
    "select {'a': 1} as x",
    "select unnest(xs) as x",
    "select * from range(10)",
    "select * from generate_series(1, 10)",
    "select date_diff('day', a, b)",
    "select date_part('year', d)",
    "select date_trunc('month', d)",
    "select d + interval 1 year",
    "select make_date(2025, 3, 31)",
    "select strftime(d, '%Y')",
    "select try_strptime(x, '%Y')",
    "select epoch(d)",
    "select quantile_cont(x, 0.5)",
    "select string_agg(x, ',')",
    "select listagg(x, ',')",
    "select array_agg(x)",
    "select list_sort(xs)",
    "select json_extract(x, '$.a')",
    "select struct_pack(a := 1)",
    "select min_by(a, b)",
    "select arg_max(a, b)",
    "select any_value(a)",
    "select regexp_matches(a, 'x')",
    "select regexp_replace(a, 'x', 'y')",
    "select a from b where a similar to 'x'",
    "select * from read_csv('x.csv')",
    "select * from read_parquet('x.parquet')",
    "select x::integer",
    "select a from b where a ilike 'x'",
    "select 7 // 2",
    "select a -> 'b'",
    "select list_transform(xs, lambda x : x + 1)",
    "select a from b order by all",
    "select cast(a as hugeint)",
    "select a from b using sample 10",
    "select starts_with(a, 'x')",
    "select * from 'x.parquet'",
    "install httpfs",
]
GOOD = """
{# string_agg and x::integer in a comment of Jinja #}
{% set measures = [{'id': 'a', 'value': 'b'}] %}
-- min_by, [1] and :: in a comment; /* also // here */
with
    latest as (
        select id, value, row_number() over (partition by id order by period_end desc nulls last) as position
        from {{ ref('stg_a') }}
        where note <> 'a :: b // c [d] {e} -> string_agg(x)' and name like 'x%' and kind in ('a', 'it''s')
        qualify row_number() over (partition by id order by period_end) = 1
    )

select
    id,
    count(*) filter (where value is not null) as n,
    percentile_cont(0.5) within group (order by value) as middle,
    cast(sum(cast(value as decimal(38, 15))) as double) / nullif(count(value), 0) as mean,
    try_cast(trim(label) as integer) as label,
    extract(year from period_end) as year,
    {{ ordered_list("cast(x as varchar)[1]") }} as members,
    left(label, 4) as first_year
from latest
where value is distinct from 0
group by all
"""


@pytest.mark.parametrize("sql", BAD)
def test_construct_of_one_engine_is_found(tmp_path: Path, sql: str) -> None:
    file = tmp_path / "bad.sql"
    file.write_text(f"-- first line\n{sql}\n", encoding="utf-8")
    found = list(findings([file]))
    assert found
    assert {finding.line for finding in found} == {2}


def test_every_construct_is_tried(tmp_path: Path) -> None:
    file = tmp_path / "bad.sql"
    file.write_text("\n".join(BAD), encoding="utf-8")
    assert {finding.construct.name for finding in findings([file])} == {construct.name for construct in CONSTRUCTS}


def test_shared_sql_comments_texts_and_jinja_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "good.sql"
    file.write_text(GOOD, encoding="utf-8")
    assert [str(finding) for finding in findings([file])] == []


def test_finding_names_file_line_and_what_to_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.sql"
    file.write_text("select\n    'a text\n    of two lines' as t,\n    x::integer as y\n", encoding="utf-8")
    assert main([str(file)]) == 1
    assert capsys.readouterr().out == f"{file}:4: cast with ::: use cast(... as ...)\n"


def test_models_and_tests_of_the_project_are_portable(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(project_files()) > 30
    assert main([]) == 0, capsys.readouterr().out


def test_lint_runs_as_a_module_of_its_own() -> None:
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(
        [sys.executable, "-m", "tests.lint.portable_sql"], cwd=root, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
