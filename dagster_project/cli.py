"""The console script `cfp`. Parses, calls, prints; what is slow to import is imported by the command that needs it."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster_project.editions.choice import UnknownEdition
from dagster_project.landing.inventory import MixedSources
from dagster_project.lock import Busy, one_at_a_time
from dagster_project.progress import Progress
from dagster_project.quality.waivers import WaiverError
from dagster_project.refresh import Run, is_up_to_date, open_run
from dagster_project.settings import Edition, SettingsError
from dagster_project.sources.catalogue import DeclarationError

DONE, FAILED, WRONG_USE, REFUSED = 0, 1, 2, 3
#: Characters of a finding that are printed: one may name every column of a file.
_FINDING_LENGTH = 500


class Parser(argparse.ArgumentParser):
    """Errors of usage end with 2, as the contract says; an option is what it says in full or nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> Any:
        """Print usage and end."""
        self.print_usage(sys.stderr)
        self.exit(WRONG_USE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 wrong usage or settings, 3 the gate refused."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except (SettingsError, WaiverError, UnknownEdition, MixedSources, DeclarationError, UsageError) as error:
        return _fail(options, WRONG_USE, str(error))
    except Busy as error:
        return _fail(options, FAILED, str(error))
    except KeyboardInterrupt:
        return _fail(options, FAILED, "stopped; run again to go on, what is published is unchanged")
    except OSError as error:
        return _fail(options, FAILED, f"{error.strerror or type(error).__name__}: {error.filename or error}")
    except Exception as error:
        # DuckDB is imported only by commands that open a database, so its errors cannot be named here.
        if not isinstance(error, getattr(sys.modules.get("duckdb"), "Error", ())):
            raise
        return _fail(options, FAILED, f"the database cannot be used; close what has it open, then run again ({error})")


class UsageError(ValueError):
    """The command was called in a way that cannot work."""


def console() -> None:
    """Entry point of the script. The collector is off and the process ends hard: both save seconds, and everything is
    closed and flushed by then.
    """
    gc.disable()
    # dbt starts Python's watcher of semaphores, which would complain of the hard end on the error stream.
    sys.warnoptions.append("ignore::UserWarning:multiprocessing.resource_tracker")
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="cfp", description="Children and families performance: raw extracts to a checked, published version."
    )
    shared = Parser(add_help=False)
    for target, default in ((parser, None), (shared, argparse.SUPPRESS)):
        target.add_argument(
            "--council",
            type=Path,
            default=Path("council.yml") if target is parser else default,
            metavar="FILE",
            help="settings of the council (default: council.yml)",
        )
        target.add_argument(
            "--raw",
            type=Path,
            default=Path("raw") if target is parser else default,
            metavar="DIR",
            help="raw extracts (default: raw/)",
        )
        target.add_argument(
            "--data",
            type=Path,
            default=Path("data") if target is parser else default,
            metavar="DIR",
            help="restricted and published data (default: data/)",
        )
        target.add_argument(
            "--quiet",
            action="store_true",
            default=False if target is parser else default,
            help="no progress, only the result",
        )
        target.add_argument(
            "--json",
            action="store_true",
            default=False if target is parser else default,
            help="one machine-readable summary on standard output",
        )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, command: Callable[[argparse.Namespace], int], help_: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".", parents=[shared])
        sub.set_defaults(command=command)
        return sub

    refresh = add(
        "refresh",
        _refresh,
        "land raw files, build the marts, run every check, publish if the gate passes, write the edition",
    )
    check = add("check", _check, "everything a refresh does but publication and outputs")
    plan = add("plan", _plan, "what a publication would change, figure by figure with the cause; publishes nothing")
    for sub in (refresh, check, plan):
        sub.add_argument("--full", action="store_true", help="read every file and build everything again")
    for sub in (refresh, plan):
        sub.add_argument("--edition", type=_edition_id, metavar="ID", help="build this edition, such as 2025-01")
    plan.add_argument("--indicator", metavar="ID", help="tell only of this indicator, such as cla_31_march_rate")
    plan.add_argument("--area", metavar="CODE", help="tell only of this area, such as E08000035")
    plan.add_argument("--all", action="store_true", help="print every figure that would change, not only counts")
    add("sources", _sources, "every source: files, vintages, rows loaded and quarantined, newest period, next update")
    editions = add("editions", _editions, "editions written so far; `editions diff A B` lists figures that differ")
    editions.add_argument("action", nargs="?", choices=["diff"], help="compare two editions")
    editions.add_argument("ids", nargs="*", metavar="EDITION", help="two editions to compare")
    trace = add("trace", _trace, "from a figure to its vintage, files, models and checks")
    trace.add_argument("figure", metavar="FIGURE", help="indicator/area/period, as in marts.edition_figure")
    fetch = add(
        "fetch-published",
        _fetch_published,
        "fetch the data sets of council.yml from the Explore Education Statistics service into raw/published/ees/; "
        "only adds files, goes on where it was stopped, and takes no version that removes or changes anything",
    )
    fetch.add_argument(
        "data_sets",
        nargs="*",
        metavar="DATA_SET",
        help="names under `ees.data_sets` in council.yml (default: all of them)",
    )
    demo = add("demo-data", _demo_data, "write a complete invented raw/ folder")
    demo.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same data (default: 1)")
    demo.add_argument(
        "--scale", type=float, default=1.0, metavar="X", help="1 is a council the size of Leeds (default: 1)"
    )
    demo.add_argument(
        "--xml", action="store_true", help="write the newest looked-after return as XML, not as CSV files"
    )
    ui = add("ui", _ui, "Dagster's pages and daemon on this machine only")
    ui.add_argument("--port", type=int, default=3000, metavar="N", help="port on 127.0.0.1 (default: 3000)")
    return parser


def _edition_id(text: str) -> str:
    try:
        return Edition(id=text).id
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"an edition id is a year and a number, such as 2025-01, not {text!r}"
        ) from None


def _open(options: argparse.Namespace, progress: Callable[[str], None]) -> Run:
    return open_run(
        council_file=options.council,
        raw_dir=options.raw,
        data_dir=options.data,
        announce=progress,
        edition=getattr(options, "edition", None),
        full=getattr(options, "full", False),
    )


def _refresh(options: argparse.Namespace) -> int:
    progress = Progress(quiet=options.quiet or options.json)
    run = _open(options, progress)
    with one_at_a_time(run.folders):
        inventory = run.inventory()
        current = is_up_to_date(run, inventory)
        if current is not None:
            page = run.folders.edition(current.manifest["edition_id"]) / "index.html"
            return _say(
                options,
                {
                    "outcome": "nothing changed",
                    "version": current.version_id,
                    "published": str(run.folders.published_file),
                    "edition_page": str(page),
                },
                [
                    f"Nothing changed since version {current.version_id}.",
                    f"Published: {run.folders.published_file}",
                    f"Edition:   {page}",
                ],
            )
        succeeded, error = _run_job("refresh", options)
        progress.close()
        return _report(options, run, succeeded, error, published=True)


def _check(options: argparse.Namespace) -> int:
    progress = Progress(quiet=options.quiet or options.json)
    run = _open(options, progress)
    with one_at_a_time(run.folders):
        succeeded, error = _run_job("check", options)
        progress.close()
        return _report(options, run, succeeded, error, published=False)


def _plan(options: argparse.Namespace) -> int:
    from dagster_project import refresh
    from dagster_project.publication import plan as planning

    progress = Progress(quiet=options.quiet or options.json)
    run = _open(options, progress)
    with one_at_a_time(run.folders):
        current = is_up_to_date(run, run.inventory())
        if current is not None:
            plan = planning.nothing_changes(current.version_id, run.folders.plan_list)
            return _say_plan(options, plan.facts(), planning.words(plan), ())
        succeeded, error = _run_job("check", options)
        refusals = () if succeeded else refresh.refusals(run)
        if not succeeded and not refusals:
            progress.close()
            return _report(options, run, succeeded, error, published=False)
        try:
            plan = refresh.plan(run, planning.Asked(options.indicator, options.area, options.all))
        except planning.UnknownName as unknown:
            raise UsageError(str(unknown)) from None
        except refresh.NoPlan as reason:
            return _say_plan(options, None, [f"No plan: {reason}."], refusals)
        finally:
            progress.close()
    return _say_plan(options, plan.facts(), planning.words(plan), refusals)


def _say_plan(
    options: argparse.Namespace, plan: dict[str, Any] | None, lines: Sequence[str], refusals: Sequence[str]
) -> int:
    """Print a plan, or why there is none, and what the gate says; the exit code goes by the gate first."""
    outcome, code = ("refused", REFUSED) if refusals else ("planned", DONE) if plan else ("failed", FAILED)
    last = "A refresh would not publish this." if refusals else "Nothing was published."
    said = [*lines, *(f"Refused: {refusal}" for refusal in refusals), last]
    return _say(options, {"outcome": outcome, "plan": plan, "refusals": list(refusals)}, said, code=code)


def _run_job(name: str, options: argparse.Namespace) -> tuple[bool, str | None]:
    """Run a Dagster job in this process. Returns whether it succeeded and else the first error's words."""
    _set_environment(options)
    home = _dagster_home(options)
    os.environ["DAGSTER_HOME"] = str(home)
    from dagster_project.launch import run_job

    return run_job(name)


def _report(options: argparse.Namespace, run: Run, succeeded: bool, error: str | None, *, published: bool) -> int:
    from dagster_project import refresh
    from dagster_project.publication import versions

    facts = refresh.summary(run)
    refusals = () if succeeded else refresh.refusals(run)
    current = versions.current(run.folders)
    lines = [_rows_line(facts["rows"]), _checks_line(facts["checks"])]
    for source, state in facts["sources"].items():
        lines.append(
            f"Source {source}: {state['status'].replace('_', ' ')}"
            + (f" ({state['message']})" if state["message"] else "")
        )
    lines += [
        f"Return {told['source']} {told['return']}: {told['rules_with_findings']} of {told['rules']} checks found"
        f" {told['rows']:,} rows, listed in {told['findings']}"
        for told in facts["returns"]
        if told["rows"]
    ]
    lines += _finding_lines(facts["findings"])
    if succeeded and published and current is not None:
        page = run.folders.edition(current.manifest["edition_id"]) / "index.html"
        facts |= {
            "outcome": "published",
            "version": current.version_id,
            "published": str(run.folders.published_file),
            "edition_page": str(page),
        }
        note = " (synthetic data)" if current.manifest["is_synthetic"] else ""
        lines += [f"Published: {run.folders.published_file} (version {current.version_id}){note}", f"Edition:   {page}"]
        return _say(options, facts, lines)
    if succeeded:
        return _say(options, facts | {"outcome": "checked"}, [*lines, "Checked: the gate would let this be published."])
    kept = f"version {current.version_id} stays current" if current else "nothing has been published yet"
    if refusals:
        facts |= {"outcome": "refused", "refusals": list(refusals)}
        return _say(
            options,
            facts,
            [*lines, *(f"Refused: {refusal}" for refusal in refusals), f"Not published: {kept}."],
            code=REFUSED,
        )
    facts |= {"outcome": "failed", "error": error}
    return _say(options, facts, [*lines, f"Failed: {error}", f"Not published: {kept}."], code=FAILED)


def _finding_lines(findings: Sequence[Mapping[str, str]]) -> list[str]:
    """Return a line per check and schema: its first finding, and how many more it has. `--json` holds them all."""
    by_check: dict[tuple[str, str, str], list[Mapping[str, str]]] = {}
    for finding in findings:
        schema = finding["where"].split(".")[0]
        by_check.setdefault((finding["severity"], schema, finding["check"]), []).append(finding)
    lines = []
    for (severity, _, check), found in by_check.items():
        more = f" And {len(found) - 1:,} more of {check}; --json lists all." if found[1:] else ""
        message = textwrap.shorten(found[0]["message"], _FINDING_LENGTH, placeholder=" ...")
        lines.append(f"{severity.capitalize()}: {found[0]['where']}: {message}{more}")
    return lines


def _rows_line(rows: dict[str, int]) -> str:
    return f"Rows: {rows['landed']:,} landed = {rows['loaded']:,} loaded + {rows['quarantined']:,} quarantined"


def _checks_line(checks: dict[str, int]) -> str:
    words = {"pass": "passed", "fail": "failed", "waived": "waived", "not_run": "not run"}
    return "Checks: " + ", ".join(
        f"{checks[outcome]:,} {word}" for outcome, word in words.items() if checks.get(outcome)
    )


def _sources(options: argparse.Namespace) -> int:
    import duckdb

    run = _open(options, lambda step: None)
    inventory = run.inventory()
    published: dict[str, list[tuple[Any, ...]]] = {}
    facts: dict[str, Any] = {}
    if run.folders.published_file.exists():
        connection = duckdb.connect(str(run.folders.published_file), read_only=True)
        try:
            for row in connection.execute(
                """SELECT source_id, file_path, vintage_id, file_use, status, rows_landed, rows_loaded, rows_quarantined, message
                FROM marts.source_file WHERE source_id IS NOT NULL ORDER BY source_id, file_path, issue_number"""
            ).fetchall():
                published.setdefault(row[0], []).append(row[1:])
            newest = dict(
                connection.execute(
                    """SELECT file.source_id, max(value.period_end) FROM marts.fct_indicator_value AS value
                    JOIN marts.source_file AS file ON starts_with(value.vintage_id, file.vintage_id) GROUP BY ALL"""
                ).fetchall()
            )
            received = dict(
                connection.execute(
                    "SELECT source_id, max(received_at) FROM marts.source_file WHERE source_id IS NOT NULL GROUP BY ALL"
                ).fetchall()
            )
        finally:
            connection.close()
    else:
        newest, received = {}, {}
    lines = []
    for source in run.sources:
        found = inventory.of_source(source)
        files = published.get(source, [])
        cadence = next(table.cadence for table in run.catalogue if table.source == source)
        state = "not available" if not found else f"{len(found)} files under raw/"
        expected = _next_update(received.get(source), cadence)
        lines.append(
            f"{source}: {state}; newest period {newest.get(source) or 'none published'}; next update {expected or 'unknown'} ({cadence})"
        )
        facts[source] = {
            "files_in_raw": len(found),
            "newest_period_end": str(newest[source]) if newest.get(source) else None,
            "cadence": cadence,
            "next_update_expected": expected,
            "published_files": [
                dict(
                    zip(
                        (
                            "file",
                            "vintage_id",
                            "use",
                            "status",
                            "rows_landed",
                            "rows_loaded",
                            "rows_quarantined",
                            "message",
                        ),
                        row,
                        strict=True,
                    )
                )
                for row in files
            ],
        }
        for path, vintage, use, status, landed, loaded, quarantined, message in files:
            lines.append(
                f"  {path}: {status}, {use}; {landed or 0:,} landed = {loaded or 0:,} loaded + {quarantined or 0:,} quarantined; {vintage or 'no vintage'}"
                + (f"; {message}" if message else "")
            )
    unknown = [file.relative for file in inventory.files if file.kind == "unknown"]
    lines += [f"unknown: {relative} belongs to no declared source" for relative in unknown]
    return _say(options, {"sources": facts, "unknown": unknown}, lines)


_MONTHS_BETWEEN = {"monthly": 1, "quarterly": 3, "termly": 4, "annual": 12}


def _next_update(received: datetime | None, cadence: str) -> str | None:
    """The month in which the next file is due: the newest file's arrival and the declared cadence."""
    if received is None or cadence not in _MONTHS_BETWEEN:
        return None
    months = received.year * 12 + received.month - 1 + _MONTHS_BETWEEN[cadence]
    return f"{months // 12}-{months % 12 + 1:02d}"


def _editions(options: argparse.Namespace) -> int:
    from dagster_project.editions.listing import NoSuchEdition, difference, written

    run = _open(options, lambda step: None)
    if options.action == "diff":
        if len(options.ids) != 2:
            raise UsageError("editions diff needs two edition ids, for example: cfp editions diff 2024-01 2025-01")
        try:
            rows = difference(run.folders, *options.ids)
        except NoSuchEdition as error:
            raise UsageError(str(error)) from None
        lines = [f"{row['kind']}: {row['figure_id']}: {row['then']} -> {row['now']}" for row in rows]
        return _say(options, {"differences": rows}, lines or ["No printed figure differs."])
    editions = written(run.folders)
    lines = [f"{edition.edition_id}: version {edition.version_id}, {edition.page}" for edition in editions]
    return _say(
        options, {"editions": [vars(edition) for edition in editions]}, lines or ["No edition has been written yet."]
    )


def _trace(options: argparse.Namespace) -> int:
    import duckdb

    from dagster_project.publication.trace import UnknownFigure, trace

    run = _open(options, lambda step: None)
    if not run.folders.published_file.exists():
        raise UsageError(f"nothing is published under {run.folders.data}; run `cfp refresh` first")
    connection = duckdb.connect(str(run.folders.published_file), read_only=True)
    try:
        found = trace(connection, options.figure)
    except UnknownFigure as error:
        raise UsageError(str(error)) from None
    finally:
        connection.close()
    lines = [f"Figure {found['figure']}"]
    lines += [f"  printed as {row['printed']} ({row['figure_id']})" for row in found["printed"]]
    for value in found["values"]:
        parts = (
            f" = {value['numerator']:g} / {value['denominator']:g}"
            if value["numerator"] is not None and value["denominator"]
            else ""
        )
        lines.append(
            f"  {value['area_code']} {value['source_kind']}: {value['value']}{parts} ({value['value_status']}, {value['release_status']}, {value['vintage_id']})"
        )
    for row in found["comparators"]:
        members = f", {row['members_used']} of {row['members_total']} members" if row["members_total"] else ""
        lines.append(f"  {row['group_id']} {row['group_version']} {row['statistic']}: {row['value']}{members}")
    lines.append("Files")
    for row in found["files"]:
        lines.append(
            f"  {row['file_path']} sha256 {row['sha256']} received {row['received_at']}: {row['rows_landed']:,} landed = {row['rows_loaded']:,} loaded + {row['rows_quarantined']:,} quarantined"
        )
    lines += ["Models", *(f"  {name}" for name in found["models"]), "Checks"]
    passed = sum(row["outcome"] == "pass" for row in found["checks"])
    lines.append(f"  {passed} passed on the tables of this figure")
    lines += [
        f"  {row['outcome']}: {row['suite']} {row['check_id']}: {row['message']}"
        for row in found["checks"]
        if row["outcome"] != "pass"
    ]
    return _say(options, found, lines)


def _fetch_published(options: argparse.Namespace) -> int:
    from dagster_project.ees_service.fetch import fetch, nothing_to_fetch, open_fetch

    progress = Progress(sys.stderr, quiet=options.quiet or options.json)
    run = open_fetch(
        council_file=options.council,
        raw_dir=options.raw,
        data_dir=options.data,
        announce=progress,
        names=options.data_sets,
    )
    if not run.wanted:
        raise UsageError(nothing_to_fetch(options.council))
    try:
        outcomes = fetch(run)
    finally:
        progress.close()
    failed = [outcome.data_set for outcome in outcomes if outcome.has_failed]
    fetched = [outcome.data_set for outcome in outcomes if outcome.outcome == "fetched"]
    lines = [line for outcome in outcomes for line in outcome.lines()]
    if failed:
        lines.append(f"Failed: {', '.join(failed)}. Nothing of them was written to {options.raw}.")
    elif fetched:
        lines.append("Fetched: run `cfp refresh` to use what is new.")
    else:
        lines.append("Nothing new.")
    return _say(
        options,
        {
            "outcome": "failed" if failed else "fetched" if fetched else "nothing new",
            "data_sets": [vars(outcome) for outcome in outcomes],
        },
        lines,
        code=FAILED if failed else DONE,
    )


def _demo_data(options: argparse.Namespace) -> int:
    from dagster_project.settings import load_settings
    from dagster_project.synthetic import DemoRefused, write_demo

    progress = Progress(quiet=options.quiet or options.json)
    settings = load_settings(options.council)
    try:
        counts = write_demo(
            options.out,
            seed=options.seed,
            scale=options.scale,
            authority=settings.authority,
            newest_as_xml=options.xml,
            announce=progress,
        )
    except DemoRefused as error:
        raise UsageError(str(error)) from None
    finally:
        progress.close()
    lines = [f"{path}: {rows:,} rows" for path, rows in counts.items()]
    return _say(
        options,
        {"out": str(options.out), "rows": counts},
        [*lines, f"Written: {options.out} (invented data, marked SYNTHETIC)"],
    )


def _ui(options: argparse.Namespace) -> int:
    from dagster_project.launch import serve

    _set_environment(options)
    _open(options, lambda step: None)
    return serve(_dagster_home(options), options.port)


def _set_environment(options: argparse.Namespace) -> None:
    """What `Council.from_environment` reads; a run started from the pages then works on the same folders."""
    os.environ |= {
        "CFP_COUNCIL": str(options.council.resolve()),
        "CFP_RAW": str(options.raw.resolve()),
        "CFP_DATA": str(options.data.resolve()),
        "CFP_EDITION": getattr(options, "edition", None) or "",
        "CFP_FULL": "1" if getattr(options, "full", False) else "",
        "CFP_QUIET": "1" if options.quiet or options.json else "",
    }


def _dagster_home(options: argparse.Namespace) -> Path:
    from dagster_project.project import DataFolders

    return DataFolders(options.data.resolve()).dagster_home


def _say(options: argparse.Namespace, facts: dict[str, Any], lines: Sequence[str], *, code: int = DONE) -> int:
    if options.json:
        print(json.dumps(facts | {"exit_code": code}, default=_plain))
    else:
        print("\n".join(lines))
    return code


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _fail(options: argparse.Namespace, code: int, message: str) -> int:
    if getattr(options, "json", False):
        print(json.dumps({"outcome": "failed", "error": message, "exit_code": code}))
    else:
        print(f"cfp: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    console()
