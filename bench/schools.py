"""What pupil-level files cost: those of the invented authority at a quarter and at its whole size, refreshed whole.

The whole is six years of three school censuses and of results, beside the looked-after returns that they are linked to.
The same work in plain DuckDB SQL stands beside it. Run on a quiet machine: `python bench/schools.py`.
"""

import argparse
import math
import shutil
import sys
import tempfile
from pathlib import Path

import duckdb
from run import DATA_STAGES, ROOT, Process, cfp, conditions, measure

SCALES = (0.25, 1.0)
PARTS = ("education", "population", "social_care", "geography")


def lay_out(raw: Path, scale: float, work: Path) -> int:
    """Write an invented authority and leave what figures of its schools are made of. Returns the rows about pupils."""
    seeded = ["demo-data", "--out", str(raw), "--seed", "1", "--scale", str(scale), "--quiet"]
    measure([sys.executable, "-m", "dagster_project.cli", *seeded], work)
    for path in raw.iterdir():
        if path.is_dir() and path.name not in PARTS:
            shutil.rmtree(path)
    rows = 0
    for file in (raw / "education").rglob("*.csv"):
        with file.open("rb") as opened:
            rows += sum(block.count(b"\n") for block in iter(lambda: opened.read(1 << 20), b"")) - 1
    return rows


def main() -> None:
    """Measure both sizes once, the larger in plain SQL too, and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    found: dict[float, tuple[int, Process]] = {}
    plain = [sys.executable, str(ROOT / "bench" / "plain_sql.py")]
    with tempfile.TemporaryDirectory(prefix="cfp-bench-") as held:
        for scale in SCALES:
            folder = Path(held) / str(scale)
            folder.mkdir()
            rows = lay_out(folder / "raw", scale, folder)
            print(f"scale {scale}, {rows:,} rows", file=sys.stderr)
            found[scale] = (rows, measure(cfp(folder / "raw", folder / "data"), folder))
        plan = folder / "plan"
        measure([*plain, "plan", str(plan), "--data", str(folder / "data"), "--raw", str(folder / "raw")], folder)
        floor = measure([*plain, "run", str(plan)], folder)
        measure([*plain, "compare", str(plan), "--data", str(folder / "data")], folder)
        pupils = pupils_of(folder / "data")
    print(report(found, floor, pupils))


def pupils_of(data: Path) -> int:
    """Count the pupils on roll in the newest census held."""
    with duckdb.connect(str(data / "restricted" / "warehouse.duckdb"), read_only=True) as connection:
        row = connection.execute(
            """SELECT count(*) FROM raw_school_census.pupils_on_roll WHERE "_file_id" = (SELECT file_id
                FROM landing.source_file WHERE table_name = 'pupils_on_roll' ORDER BY release DESC LIMIT 1)"""
        ).fetchone()
    return int(row[0]) if row else 0


def report(found: dict[float, tuple[int, Process]], floor: Process, pupils: int) -> str:
    """Return the measurements in Markdown. Growth: the power of the rows that seconds grow with."""
    (few, small), (many, large) = (found[scale] for scale in SCALES)
    stages = sum(large.steps.get(step, 0.0) for step in DATA_STAGES)
    lines = [
        ", ".join(f"{name}: {value}" for name, value in conditions().items()) + f"; {pupils:,} pupils on roll",
        "",
        "| Scale | Rows | Wall s | CPU s | Peak MiB | Rows a second |",
        "|---|---|---|---|---|---|",
        *(
            f"| {scale} | {rows:,} | {process.wall:.1f} | {process.cpu:.1f} | {process.peak_mib:,.0f} "
            f"| {rows / process.wall:,.0f} |"
            for scale, (rows, process) in found.items()
        ),
        f"| 1, plain SQL | {many:,} | {floor.wall:.1f} | {floor.cpu:.1f} | {floor.peak_mib:,.0f} "
        f"| {many / floor.wall:,.0f} |",
        "",
        f"Seconds grow with the rows to the power of {math.log(large.wall / small.wall) / math.log(many / few):.2f}. "
        f"Against plain SQL {large.wall / floor.wall:.2f}; data stages alone {stages / floor.wall:.2f}.",
        "",
        "| Step at scale 1 | Wall s |",
        "|---|---|",
        *(f"| {step} | {seconds:.1f} |" for step, seconds in large.steps.items()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
