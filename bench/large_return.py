"""What a large looked-after return costs: one to twenty copies of a full one, each a whole refresh in a new folder.

The copies differ in the children's ids only, so twenty of them are 53,500 children. Run on a quiet machine:
`python bench/large_return.py --shared ../shared/data`.
"""

import argparse
import csv
import math
import shutil
import sys
import tempfile
from pathlib import Path

from run import ROOT, Process, cfp, conditions, measure

COPIES = (1, 5, 20)
YEAR = "2018"


def lay_out(shared: Path, raw: Path, copies: int) -> int:
    """Write a raw folder with the return in so many copies, postcodes and a population. Returns the rows written."""
    source = shared / "social_care" / "ssda903_thirdparty_2018" / "csv"
    target = raw / "social_care" / "ssda903" / YEAR
    target.mkdir(parents=True)
    written = 0
    for file in sorted(source.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            columns, rows = reader.fieldnames or [], list(reader)
        with (target / file.name).open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, columns)
            writer.writeheader()
            for copy in range(copies):
                writer.writerows({**row, "CHILD": f"{row['CHILD']}-{copy}"} for row in rows)
                written += len(rows)
    (raw / "geography").mkdir()
    shutil.copy(shared / "social_care" / "postcode_lookup_synthetic.csv", raw / "geography" / "postcodes.csv")
    name = "ons_mid-year_population_estimates_2012_to_2024.csv"
    (raw / "population" / "mid-2024").mkdir(parents=True)
    shutil.copy(shared / "ees" / name, raw / "population" / "mid-2024" / name)
    return written


def main() -> None:
    """Measure every size once and print a table in Markdown, with the growth from the smallest to the largest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="folder of sample returns")
    options = parser.parse_args()
    if not options.shared.is_dir():
        sys.exit(f"{options.shared}: no such folder; --shared names the folder of sample returns")
    found: dict[int, tuple[int, Process]] = {}
    with tempfile.TemporaryDirectory(prefix="cfp-bench-") as held:
        for copies in COPIES:
            folder = Path(held) / str(copies)
            rows = lay_out(options.shared, folder / "raw", copies)
            print(f"{copies} copies, {rows:,} rows", file=sys.stderr)
            found[copies] = (rows, measure(cfp(folder / "raw", folder / "data"), folder))
            shutil.rmtree(folder)
    print(report(found))


def report(found: dict[int, tuple[int, Process]]) -> str:
    """Return the measurements in Markdown. Growth: the power of the rows that seconds beyond the smallest grow with."""
    steps = list(next(iter(found.values()))[1].steps)
    lines = [
        ", ".join(f"{name}: {value}" for name, value in conditions().items()),
        "",
        "| Copies | Rows | Wall s | CPU s | Peak MiB | Rows a second | " + " | ".join(steps) + " |",
        "|---" * (6 + len(steps)) + "|",
    ]
    for copies, (rows, process) in found.items():
        cells = [f"{process.steps.get(step, 0):.1f}" for step in steps]
        lines.append(
            f"| {copies} | {rows:,} | {process.wall:.1f} | {process.cpu:.1f} | {process.peak_mib:,.0f} "
            f"| {rows / process.wall:,.0f} | " + " | ".join(cells) + " |"
        )
    (few, small), (many, large) = found[COPIES[0]], found[COPIES[-1]]
    power = math.log(large.wall / small.wall) / math.log(many / few)
    added = (many - few) / (large.wall - small.wall) if large.wall > small.wall else math.inf
    lines += [
        "",
        f"Seconds grow with the rows to the power of {power:.2f}; each further second takes {added:,.0f} rows.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
