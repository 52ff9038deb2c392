"""`make mutants`: put small faults into the rules of counting and comparison and see which of them the tests notice.

Prints a table by file and the faults that nothing noticed; exits with 1 below 80%, or when an entry of equivalent.toml
does not hold. The built warehouse is kept in build/mutation/.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from . import python_mutants, python_stage, sql_mutants
from .golden_stage import Baseline, GoldenStage, build_warehouse, make_baseline
from .sql_mutants import Mutant
from .sql_project import SqlProject, read_project
from .unit_stage import Columns, UnitStage

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
WORK = ROOT / "build" / "mutation"
MUST_BE_KILLED = 80.0  # per cent
AT_MOST_PER_MODULE = 150  # of a Python module; the faults are drawn with the seed

# Counting and comparison: what decides a figure, a comparator or a judgement. The rest of the SQL renames and joins.
SQL = (
    "dbt/models/intermediate/comparison/*.sql",
    "dbt/models/intermediate/judgement/*.sql",
    "dbt/models/intermediate/council/*.sql",
    "dbt/models/intermediate/local/*.sql",
    "dbt/models/intermediate/looked_after/*.sql",
    "dbt/models/intermediate/calendar/*.sql",
    "dbt/models/intermediate/published/int_indicator__comparability.sql",
    "dbt/models/intermediate/published/int_published__long.sql",
    "dbt/models/intermediate/published/int_published__value.sql",
    "dbt/models/intermediate/published/int_lait__period.sql",
    "dbt/models/intermediate/published/int_lait__label.sql",
    "dbt/models/marts/comparator_value.sql",
    "dbt/models/marts/indicator_comparison.sql",
    "dbt/models/marts/judgement.sql",
    "dbt/models/marts/attention_list.sql",
    "dbt/models/marts/council_measure.sql",
    "dbt/models/marts/published_agreement.sql",
    "dbt/models/marts/published_revision.sql",
    "dbt/macros/arithmetic.sql",
    "dbt/macros/intervals.sql",
    "dbt/macros/quartile_band.sql",
    "dbt/macros/tidy.sql",
    "dbt/macros/units.sql",
)
# Module -> the tests that must notice a fault in it.
PYTHON = {
    "dagster_project/report/words.py": ("tests/unit/test_report_words.py", "tests/unit/test_report_content.py"),
    "dagster_project/report/headline.py": ("tests/unit/test_report_judgements.py", "tests/unit/test_report_content.py"),
    "dagster_project/report/judgements.py": (
        "tests/unit/test_report_judgements.py",
        "tests/unit/test_report_content.py",
    ),
    "dagster_project/editions/choice.py": ("tests/unit/test_editions.py",),
}
# Macros that tests in Python render: tried there first.
RENDERED = {
    "dbt/macros/intervals.sql": ("tests/unit/test_intervals.py", "tests/unit/test_unit_macros.py"),
    "dbt/macros/units.sql": ("tests/unit/test_intervals.py", "tests/unit/test_unit_macros.py"),
}
# Measures of the tool that a fault may need: counts in a data set, a break, periods of three years, London as a whole.
MEASURES = (
    "LAC", "LACnum", "Unacc_Asylmn_Seek_Childn", "CPP_rate", "CPP_Num", "ReReferral", "LAC_LongStable%",
    "CareLeaverAcc", "16-17 NEET", "16-17_not known", "16-17_not known_NEET", "FSP_NEW_GOODDEV", "FSP_Gooddev_Chinese",
    "AVG_Attain8_Score", "AVG_Prog8_Score", "KS2R_Expected_STD", "KS1P_all", "EngMaths9-5", "TotPermEx", "TotAbs",
    "RTA", "SEN_EHC_Excpt_20wks",
)  # fmt: skip
OUTCOMES = ("killed by unit test", "killed on real figures", "errored", "survived", "equivalent")


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: a word of OUTCOMES, and what saw it or what it leaves unchanged."""

    mutant: Mutant
    outcome: str
    detail: str


@dataclass(frozen=True)
class Equivalent:
    """A fault that changes no result, by file and the lines before and after, with the reason."""

    file: str
    original: str
    changed: str
    reason: str


# --- one worker

_stages: tuple[SqlProject, UnitStage, GoldenStage | None]


def _start_worker(project: SqlProject, columns: Columns, baseline: Baseline | None) -> None:
    global _stages
    _stages = project, UnitStage(project, columns), GoldenStage(project, baseline) if baseline else None


def _try_sql(mutant: Mutant) -> Outcome:
    project, unit, golden = _stages
    try:
        macros, changed = project.with_fault(mutant.file, mutant.text)
    except Exception as error:  # a fault may break a template in any way
        return Outcome(mutant, "errored", str(error))
    outcome, detail = unit.verdict(macros, changed)
    if outcome == "killed":
        return Outcome(mutant, "killed by unit test", detail)
    if outcome == "passed" and golden is not None:
        outcome, detail = golden.verdict(macros, changed)
    return Outcome(mutant, {"killed": "killed on real figures", "errored": "errored"}.get(outcome, "survived"), detail)


def _try_python(mutant: Mutant) -> Outcome:
    outcome, detail = python_stage.verdict(ROOT, mutant.file, mutant.text, (PYTHON | RENDERED)[mutant.file])
    return Outcome(mutant, {"killed": "killed by unit test"}.get(outcome, outcome), detail)


# --- the run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is 1 when too few are killed."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "--file", action="append", help="only files whose path contains this; may be given more than once"
    )
    parser.add_argument("--sample", type=int, help="try this many faults, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--unit-only", action="store_true", help="leave the real figures out: minutes less, a lower bound"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--log", type=Path, help="add every fault tried to this file, one JSON object a line")
    options = parser.parse_args(arguments)
    started = time.monotonic()

    draw = random.Random(options.seed)
    sql, python = _chosen(options.file, draw)
    if options.sample is not None and options.sample < len(sql) + len(python):
        kept = set(draw.sample(range(len(sql) + len(python)), options.sample))
        both = [mutant for place, mutant in enumerate([*sql, *python]) if place in kept]
        sql, python = [m for m in both if m.file.endswith(".sql")], [m for m in both if m.file.endswith(".py")]

    known = read_equivalents(Path(__file__).with_name("equivalent.toml"))
    told = _teller(options.log)
    first = [*(mutant for mutant in sql if mutant.file in RENDERED), *python]
    outcomes = told(_run_python(first, options.workers), len(first))
    passed = {o.mutant for o in outcomes if o.outcome == "survived" and o.mutant.file in RENDERED}
    outcomes = [outcome for outcome in outcomes if outcome.mutant not in passed]
    left = [mutant for mutant in sql if mutant in passed or mutant.file not in RENDERED]
    outcomes += told(_run_sql(left, options.workers, with_figures=not options.unit_only), len(left))
    marked, wrong = mark_equivalents(outcomes, known)
    stale = [] if options.sample or options.file else stale_equivalents(outcomes, known)
    print(report(marked))
    for line in [*wrong, *stale]:
        print(line)
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if wrong or stale or share_killed(marked) < MUST_BE_KILLED else 0


def _chosen(only: Sequence[str] | None, draw: random.Random) -> tuple[list[Mutant], list[Mutant]]:
    def wanted(file: str) -> bool:
        return only is None or any(part in file for part in only)

    paths = sorted({path.relative_to(ROOT).as_posix() for pattern in SQL for path in ROOT.glob(pattern)})
    sql = [
        mutant
        for file in filter(wanted, paths)
        for mutant in sql_mutants.mutants_of((ROOT / file).read_text(encoding="utf-8"), file)
    ]
    python = []
    for file in filter(wanted, sorted(PYTHON)):
        found = python_mutants.mutants_of((ROOT / file).read_text(encoding="utf-8"), file)
        kept = set(draw.sample(range(len(found)), min(len(found), AT_MOST_PER_MODULE)))
        python += [mutant for place, mutant in enumerate(found) if place in kept]
    return sql, python


def _run_sql(mutants: Sequence[Mutant], workers: int, *, with_figures: bool) -> Iterator[Outcome]:
    if not mutants:
        return
    from dagster_project.transform import ensure_manifest

    project = read_project(ROOT, ensure_manifest())
    texts = {project.files[model]: text for model, text in project.models.items()} | project.macro_files
    missing = {mutant.file for mutant in mutants} - texts.keys()
    if missing:
        raise SystemExit(f"dbt does not know {sorted(missing)}")
    warehouse, has_figures = _warehouse(with_figures=with_figures)
    columns = _columns(project, warehouse)
    print("running the unharmed unit tests", file=sys.stderr)
    unit = UnitStage(project, columns)
    for model, text in project.models.items():
        outcome, detail = unit.verdict(project.macros, {model: text})
        if outcome != "passed":
            raise SystemExit(f"the unharmed {model} does not pass its unit tests here: {outcome}, {detail}")
    unit.connection.close()
    baseline = None
    if has_figures:
        print("building the unharmed models on the real figures", file=sys.stderr)
        targets = {
            model for mutant in mutants for model in project.with_fault(mutant.file, texts[mutant.file] + " ")[1]
        }
        baseline = make_baseline(project, warehouse, WORK / "unharmed.duckdb", targets)
    else:
        print("unit tests alone, without the published figures", file=sys.stderr)
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _start_worker, (project, columns, baseline)) as pool:
        yield from pool.imap_unordered(_try_sql, mutants)


def _warehouse(*, with_figures: bool) -> tuple[Path, bool]:
    """The warehouse of the real figures, and that it holds figures; without them one of the sample, for its columns."""
    WORK.mkdir(parents=True, exist_ok=True)
    if not with_figures or not SHARED.exists():
        return build_warehouse(WORK / "sample", ROOT / "raw" / "sample", ROOT), False
    raw = WORK / "raw"
    if not (raw / "complete").exists():
        sys.path.insert(0, str(ROOT / "tests"))
        from conftest import lay_out_real_raw, lay_out_returns

        shutil.rmtree(raw, ignore_errors=True)
        lay_out_real_raw(raw)
        lay_out_returns(raw, population=False)
        keep_some_measures(raw / "published" / "lait" / "2026-04" / "bds_long_0.parquet")
        (raw / "complete").touch()
    return build_warehouse(WORK / "data", raw, ROOT), True


def keep_some_measures(file: Path) -> None:
    """Leave every sixth measure of the tool, and MEASURES, in a copy of its file.

    A comparator is worked out within its measure, so that what is left comes out as in the whole file.
    """
    with duckdb.connect() as connection:
        names = [
            name
            for (name,) in connection.execute(f"select distinct \"Short Desc\" from '{file}' order by 1").fetchall()
        ]
        kept = sorted({*names[::6], *MEASURES} & set(names))
        smaller = file.with_suffix(".smaller")
        connection.execute(
            f"copy (select * from '{file}' where list_contains($1, \"Short Desc\")) to '{smaller}' (format parquet)",
            [kept],
        )
    smaller.replace(file)


def _columns(project: SqlProject, warehouse: Path) -> Columns:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() order by column_index"
        ).fetchall()
    by_table: dict[str, dict[str, str]] = {}
    for schema, table, column, type_ in rows:
        by_table.setdefault(f'"warehouse"."{schema}"."{table}"', {})[column] = type_
    return {relation: by_table[table] for relation, table in project.tables.items() if table in by_table}


def _run_python(mutants: Sequence[Mutant], workers: int) -> Iterator[Outcome]:
    if not mutants:
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, python_stage.warm_up) as pool:
        unharmed = [
            Mutant(file, 0, "", "", "", (ROOT / file).read_text(encoding="utf-8"))
            for file in sorted({mutant.file for mutant in mutants})
        ]
        for outcome in pool.imap_unordered(_try_python, unharmed):
            if outcome.outcome != "survived":
                raise SystemExit(f"the unharmed {outcome.mutant.file} does not pass {outcome.detail}")
        yield from pool.imap_unordered(_try_python, mutants)


def _teller(log: Path | None) -> Callable[[Iterable[Outcome], int], list[Outcome]]:
    """Collects outcomes, with a line of progress for every fifty and, if asked for, a line in a file for each."""

    def told(outcomes: Iterable[Outcome], total: int) -> list[Outcome]:
        collected = []
        for outcome in outcomes:
            collected.append(outcome)
            if len(collected) % 50 == 0 or len(collected) == total:
                print(f"{len(collected)} of {total} faults tried", file=sys.stderr)
            if log is not None:
                told_of = {name: value for name, value in vars(outcome.mutant).items() if name != "text"}
                with log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(told_of | {"outcome": outcome.outcome, "detail": outcome.detail}) + "\n")
        return collected

    return told


# --- what came of it


def read_equivalents(file: Path) -> list[Equivalent]:
    """The faults that change no result, as people listed them."""
    return [Equivalent(**entry) for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("mutant", [])]


def _key(entry: Mutant | Equivalent) -> tuple[str, str, str]:
    return entry.file, entry.original, entry.changed


def mark_equivalents(outcomes: Sequence[Outcome], known: Sequence[Equivalent]) -> tuple[list[Outcome], list[str]]:
    """Survivors that are listed count apart. A listed fault that a test noticed is no equivalent: that is said."""
    reasons = {_key(entry): entry.reason for entry in known}
    marked, wrong = [], []
    for outcome in outcomes:
        reason = reasons.get(_key(outcome.mutant))
        if reason is None:
            marked.append(outcome)
        elif outcome.outcome == "survived":
            marked.append(Outcome(outcome.mutant, "equivalent", reason))
        else:
            marked.append(outcome)
            wrong.append(f"equivalent.toml is wrong: {_sentence(outcome)} was noticed by {outcome.detail}")
    return marked, wrong


def stale_equivalents(outcomes: Sequence[Outcome], known: Sequence[Equivalent]) -> list[str]:
    """Listed faults that the code no longer gives."""
    made = {_key(outcome.mutant) for outcome in outcomes}
    return [
        f"equivalent.toml: no such fault in {entry.file}: {entry.changed}" for entry in known if _key(entry) not in made
    ]


def share_killed(outcomes: Sequence[Outcome]) -> float:
    """Per cent of the faults that were noticed, equivalent ones left out; an error notices too."""
    counted = [outcome for outcome in outcomes if outcome.outcome != "equivalent"]
    return 100.0 * sum(outcome.outcome != "survived" for outcome in counted) / len(counted) if counted else 100.0


def report(outcomes: Sequence[Outcome]) -> str:
    """The table by file, the totals, and the survivors."""
    files = sorted({outcome.mutant.file for outcome in outcomes})
    width = max([len(file) for file in files], default=5)
    lines = [f"{'file':{width}}  faults  unit test  real figures  errored  survived  equivalent   killed"]
    for name, part in [*((f, [o for o in outcomes if o.mutant.file == f]) for f in files), ("all", list(outcomes))]:
        count = Counter(outcome.outcome for outcome in part)
        lines.append(
            f"{name:{width}}  {len(part):6}  {count[OUTCOMES[0]]:9}  {count[OUTCOMES[1]]:12}  {count[OUTCOMES[2]]:7}  "
            f"{count[OUTCOMES[3]]:8}  {count[OUTCOMES[4]]:10}  {share_killed(part):6.1f}%"
        )
    ran = [outcome for outcome in outcomes if outcome.outcome != "errored"]
    lines.append(f"killed {share_killed(outcomes):.1f}%; of those that ran without an error {share_killed(ran):.1f}%")
    survivors = sorted(
        (outcome for outcome in outcomes if outcome.outcome == "survived"), key=lambda o: (o.mutant.file, o.mutant.line)
    )
    if survivors:
        lines += ["", f"{len(survivors)} survivors:", *map(_sentence, survivors)]
    return "\n".join(lines)


def _sentence(outcome: Outcome) -> str:
    mutant = outcome.mutant
    detail = f" [{outcome.detail}]" if outcome.outcome == "survived" and outcome.detail else ""
    return f"{mutant.file}:{mutant.line} {mutant.operator}: {mutant.original} -> {mutant.changed}{detail}"


if __name__ == "__main__":
    sys.exit(main())
