"""What a refresh costs: whole processes, medians, the same work in plain DuckDB SQL beside it. See bench/README.md."""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RETURNS = ("2020", "2021", "2022", "2023")
# Interval that ends at a point of the refresh (dagster_project/progress.py) -> the step it belongs to.
STEPS = (
    ("prepare.done", "start: imports, settings, inventory, warehouse"),
    (".loaded", "land: read, register, set aside"),
    (".settled", "check arriving files (Great Expectations)"),
    ("returns.", "check the returns row by row"),
    ("register.done", "land: read, register, set aside"),
    ("transform.before_build", "decide what to build"),
    ("transform.built", "build and test the models (dbt)"),
    ("transform.done", "decide what to build"),
    ("check.done", "check the marts (Great Expectations)"),
    ("publish.", "publish: database, Parquet, switch"),
    ("edition.", "write the edition page"),
    ("end", "close and end"),
)
DATA_STAGES = (
    "land: read, register, set aside",
    "build and test the models (dbt)",
    "publish: database, Parquet, switch",
)


@dataclass(frozen=True)
class Process:
    """One finished process: seconds of wall and of CPU, peak resident memory in MiB, and its steps where it has any."""

    wall: float
    cpu: float
    peak_mib: float
    steps: dict[str, float]


def measure(command: list[str], folder: Path) -> Process:
    """Run a command to its end and return what it cost. Ends the benchmark if the command fails.

    The peak of a process starts at that of the one that starts it, so nothing large may be done in this one.
    """
    points = folder / "points"
    points.unlink(missing_ok=True)
    log = folder / "last.log"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with log.open("w", encoding="utf-8") as output:
        started = time.time()
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=ROOT, env=environment | {"CFP_POINTS_FILE": str(points)}
        )
        seen: list[tuple[str, float]] = []
        finished = threading.Event()
        watcher = threading.Thread(target=watch, args=(points, seen, finished))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        ended = time.time()
        finished.set()
        watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{log.read_text(encoding='utf-8')[-3000:]}")
    kib = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Process(ended - started, usage.ru_utime + usage.ru_stime, kib / 1024, split(seen, started, ended))


def watch(points: Path, seen: list[tuple[str, float]], finished: threading.Event) -> None:
    """Note when each point of a refresh appears in its file, to a hundredth of a second."""
    last = False
    while not last:
        last = finished.wait(0.01)
        names = points.read_text(encoding="utf-8").splitlines() if points.exists() else []
        seen += [(name, time.time()) for name in names[len(seen) :]]


def split(seen: list[tuple[str, float]], started: float, ended: float) -> dict[str, float]:
    """Return the seconds of each step, from the points that the refresh passed."""
    if not seen:
        return {}
    steps: dict[str, float] = {}
    before = started
    for name, moment in [*seen, ("end", ended)]:
        step = next(step for part, step in STEPS if part in name)
        steps[step] = steps.get(step, 0.0) + min(moment, ended) - before
        before = min(moment, ended)
    return steps


def cfp(raw: Path, data: Path, *more: str) -> list[str]:
    """The command of a refresh."""
    return [
        sys.executable,
        "-m",
        "dagster_project.cli",
        "refresh",
        "--raw",
        str(raw),
        "--data",
        str(data),
        "--quiet",
        *more,
    ]


def lay_out_shared(shared: Path, raw: Path) -> None:
    """Copy published figures and returns into the folders of a raw/ directory."""
    cla = "ees/cla_number_and_rate_per_10k_children.csv"
    layout = {
        "published/ees/cla_number_and_rate_per_10k_children/2025": cla,
        "published/ees/ks4_la/2025-04": "ees/vintages/ks4_la__release_2025-04.csv",
        "published/ees/ks4_la/2026-04": "ees/ks4_la.csv",
        "published/ees/b1_children_in_need/2025": "ees/b1_children_in_need_2013_to_2025.csv",
        "published/ees/c1_children_in_need_referrals_and_rereferrals/2025": (
            "ees/c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv"
        ),
        "published/ees/d3_cpps_subsequent_plan/2025": "ees/d3_cpps_subsequent_plan_2013_to_2025.csv",
        "published/ees/la_cla_placement_stability/2025": "ees/la_cla_placement_stability.csv",
        "published/ees/la_care_leavers_accommodation_suitability/2025": (
            "ees/la_care_leavers_accommodation_suitability.csv"
        ),
        "published/ees/neet_la_scorecard/2022": "ees/neet_la_scorecard_2022.csv",
        "published/ees/neet_la_scorecard/2025": "ees/neet_la_scorecard_2025.csv",
        "population/2024": "ees/ons_mid-year_population_estimates_2012_to_2024.csv",
    }
    shutil.copytree(shared / "lait", raw / "published" / "lait" / "2026-04", copy_function=shutil.copyfile)
    for folder, file in layout.items():
        (raw / folder).mkdir(parents=True)
        shutil.copyfile(shared / file, raw / folder / Path(file).name)
    for year in RETURNS:
        folder = raw / "social_care" / "ssda903" / year
        folder.mkdir(parents=True)
        for file in sorted((shared / "social_care" / "ssda903_synthetic" / year).glob("*.csv")):
            shutil.copyfile(file, folder / file.name)
    (raw / "geography").mkdir()
    shutil.copyfile(shared / "social_care" / "postcode_lookup_synthetic.csv", raw / "geography" / "postcodes.csv")
    for path in raw.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def add_to_last_number(file: Path) -> None:
    """Make a number in the last row that ends in one larger by one: the smallest change a published file can have."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    for place in range(len(lines) - 1, 0, -1):
        cells = lines[place].rstrip("\r\n").split(",")
        number = next((n for n in range(len(cells) - 1, -1, -1) if cells[n].isdigit() and int(cells[n]) > 100), None)
        if number is not None:
            cells[number] = str(int(cells[number]) + 1)
            lines[place] = ",".join(cells) + "\n"
            break
    file.write_text("".join(lines), encoding="utf-8")


def drop_last_row(file: Path) -> None:
    """Take the last row out of a return."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:-1]), encoding="utf-8")


def newest(raw: Path, pattern: str) -> Path:
    """Return the last file that fits the pattern, by path."""
    return sorted(raw.glob(pattern))[-1]


def median(processes: list[Process]) -> Process:
    """Return the medians of several runs, each number on its own."""
    steps = {step for process in processes for step in process.steps}
    return Process(
        statistics.median(p.wall for p in processes),
        statistics.median(p.cpu for p in processes),
        statistics.median(p.peak_mib for p in processes),
        {step: statistics.median(p.steps.get(step, 0.0) for p in processes) for step in steps},
    )


def conditions() -> dict[str, object]:
    """What the timings were taken on."""
    found = importlib.util.find_spec("dagster")
    cached = bool(found and found.origin and Path(importlib.util.cache_from_source(found.origin)).exists())
    packages = ("duckdb", "dbt-core", "dbt-duckdb", "dagster", "great-expectations")
    return {
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "bytecode": "compiled" if cached else "not compiled: expect two to three times the time",
        **{package: importlib.metadata.version(package) for package in packages},
    }


def benchmark(raw: Path, work: Path, runs: int, tell: Callable[[str], None]) -> dict[str, Process]:
    """Measure every case `runs` times and return the medians."""
    found: dict[str, Process] = {}
    data = work / "data"

    def case(name: str, command: list[str], before: Callable[[], object]) -> None:
        processes = []
        for number in range(runs):
            tell(f"{name}: run {number + 1} of {runs}")
            before()
            processes.append(measure(command, work))
        found[name] = median(processes)

    case("full refresh, empty data folder", cfp(raw, data), lambda: shutil.rmtree(data, ignore_errors=True))
    plan = work / "plan"
    plain = [sys.executable, str(ROOT / "bench" / "plain_sql.py")]
    measure([*plain, "plan", str(plan), "--data", str(data), "--raw", str(raw)], work)
    out = plan / "out"
    case(
        "the same data work, plain DuckDB SQL",
        [*plain, "run", str(plan)],
        lambda: shutil.rmtree(out, ignore_errors=True),
    )
    measure([*plain, "compare", str(plan), "--data", str(data)], work)
    case("nothing changed", cfp(raw, data), lambda: None)
    changes = {
        "one population figure changed": (newest(raw, "population/*/*.csv"), add_to_last_number),
        "one row of the newest return gone": (newest(raw, "social_care/ssda903/*/episodes.csv"), drop_last_row),
        "one figure of children looked after changed": (
            newest(raw, "published/ees/cla_number_and_rate_per_10k_children/*/*.csv"),
            add_to_last_number,
        ),
    }
    for name, (file, change) in changes.items():
        case(name, cfp(raw, data), lambda file=file, change=change: change(file))
    return found


def report(found: dict[str, Process], facts: dict[str, object], raw_mib: float, runs: int) -> str:
    """Return the tables in Markdown."""
    full, plain = found["full refresh, empty data folder"], found["the same data work, plain DuckDB SQL"]
    stages = sum(full.steps.get(step, 0.0) for step in DATA_STAGES)
    lines = [
        f"{raw_mib:,.0f} MiB of raw files; medians of {runs} whole processes; "
        + ", ".join(f"{key} {value}" for key, value in facts.items()),
        "",
        "| Case | Wall s | CPU s | Peak MiB |",
        "|---|---|---|---|",
        *(f"| {name} | {p.wall:.2f} | {p.cpu:.2f} | {p.peak_mib:,.0f} |" for name, p in found.items()),
        "",
        f"Full refresh against plain SQL: {full.wall / plain.wall:.2f} (wall), {full.cpu / plain.cpu:.2f} (CPU). Data "
        f"stages alone (land, build and test, publish: {stages:.2f} s): {stages / plain.wall:.2f}.",
        "",
        "| Step of a full refresh | Wall s | Share |",
        "|---|---|---|",
    ]
    ordered = dict.fromkeys(step for _, step in STEPS)
    lines += [
        f"| {step} | {full.steps[step]:.2f} | {100 * full.steps[step] / full.wall:.0f}% |"
        for step in ordered
        if step in full.steps
    ]
    return "\n".join(lines)


def main() -> None:
    """Lay out the raw files, measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, help="folder of published figures; without it invented data are made")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the invented data, 1 is Leeds (default: 1)")
    parser.add_argument("--runs", type=int, default=3, help="runs per case; the median counts (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    options = parser.parse_args()
    facts = conditions()
    with tempfile.TemporaryDirectory(prefix="cfp-bench-") as folder:
        work = Path(folder).resolve()
        raw = work / "raw"
        if options.shared:
            raw.mkdir()
            lay_out_shared(options.shared, raw)
        else:
            seeded = ["demo-data", "--out", str(raw), "--seed", "1", "--scale", str(options.scale), "--quiet"]
            measure([sys.executable, "-m", "dagster_project.cli", *seeded], work)
        size = sum(path.stat().st_size for path in raw.rglob("*") if path.is_file()) / 2**20
        found = benchmark(raw, work, options.runs, lambda text: print(text, file=sys.stderr, flush=True))
    print(report(found, facts, size, options.runs))
    if options.json:
        cases = {name: asdict(process) for name, process in found.items()}
        content = {"conditions": facts, "raw_mib": size, "runs": options.runs, "cases": cases}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
