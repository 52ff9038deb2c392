"""The data status of an edition: source files, checks, local figures against published ones, breaks, what is absent."""

from __future__ import annotations

from dagster_project.quality import return_checks
from dagster_project.report.blocks import Block, BulletList, Cell, Heading, Note, Paragraph, Table
from dagster_project.report.headline import figure_of, latest_row, shown
from dagster_project.report.rows import Marts, Row
from dagster_project.report.trends import COMPARABILITY_WORDS, SOURCE_NAMES, source_name
from dagster_project.report.words import count_words, date_words, listed, period_parts, rounded

# Suites on the tidy files of Explore Education Statistics, and the rules they are put through when they are read.
TIDY_SUITES, TIDY_RULES = "raw_ees_", "tidy_"
OUTCOMES = ("pass", "fail", "waived", "not_run")
OUTCOME_WORDS = {"pass": "passed", "fail": "failed", "waived": "waived", "not_run": "not run"}
SEVERITIES = ("critical", "warning")

FILE_STATUS_WORDS = {
    "loaded": "loaded",
    "failed": "failed: not loaded",
    "rejected": "rejected by a critical check",
    "duplicate": "same content already loaded",
    "ignored": "ignored: not a data file",
    "unknown": "data set not known",
    "removed": "removed from the input folder",
}
USE_WORDS = {
    "candidate": "not yet accepted",
    "current": "in use",
    "superseded": "superseded by a later issue",
    "stale": "STALE: last good issue, still in use because the newest one failed",
    "none": "not in use",
}


def status_blocks(marts: Marts) -> tuple[Block, ...]:
    """Return the whole section, in the order a reader checks trust: statement, sources, checks, differences, breaks."""
    return (
        Heading("data-status", 2, "Data status"),
        *source_blocks(marts),
        *check_blocks(marts),
        *reconciliation_blocks(marts),
        *break_blocks(marts),
    )


def text_cell(value: object, *, otherwise: str) -> Cell:
    """Return a cell of text, or the words that say there is none."""
    text = "" if value is None else str(value).strip()
    return Cell(text or otherwise)


def whole(value: int | None) -> Cell:
    """Return a count of rows as a number cell."""
    return Cell("not counted" if value is None else f"{value:,}", is_number=True)


def file_state(row: Row) -> str:
    """Return status and use of a file in words."""
    status = FILE_STATUS_WORDS.get(row["status"], row["status"] or "status not given")
    use = USE_WORDS.get(row["file_use"], row["file_use"] or "")
    return "; ".join(part for part in (status, use) if part)


def source_blocks(marts: Marts) -> tuple[Block, ...]:
    """Return the table of source files and the list of sources that are not available."""
    blocks: list[Block] = [Heading("sources", 3, "Sources")]
    rows = [
        (
            Cell(row["file_name"] or "name not kept", notes=(source_name(row["source_id"]),)),
            text_cell(row["table_name"], otherwise="not recognised"),
            text_cell(row["release"], otherwise="none given"),
            Cell(date_words(row["received_at"]) if row["received_at"] else "not recorded"),
            whole(row["rows_landed"]),
            whole(row["rows_loaded"]),
            whole(row["rows_quarantined"]),
            Cell(date_words(row["newest_period_end"]) if row["newest_period_end"] else "no figures of its own"),
            Cell(file_state(row), notes=(row["message"],) if row["message"] else ()),
        )
        for row in marts.source_files
    ]
    if rows:
        columns = (
            "File",
            "Data set",
            "Release",
            "Received",
            "Rows landed",
            "Rows loaded",
            "Rows quarantined",
            "Newest period ends",
            "Status",
        )
        caption = "Source files, as received and loaded"
        blocks.append(Table("source-files", caption, columns, tuple(rows), layout="files"))
        blocks.append(
            Note(
                "source-files-note",
                "Landed rows are loaded or quarantined, none is lost. Quarantined rows are kept with their reason.",
            )
        )
    missing = absent_sources(marts)
    if missing:
        blocks.append(Paragraph("sources-absent-intro", "Not available to this edition:"))
        blocks.append(BulletList("sources-absent", tuple(missing)))
    else:
        blocks.append(Paragraph("sources-absent", "Every source that the indicators of the report name is available."))
    return tuple(blocks)


def absent_sources(marts: Marts) -> list[str]:
    """Return sources the report knows of which no file is in use, and how many indicators have no figures."""
    in_use = {row["source_id"] for row in marts.source_files if row["file_use"] in ("current", "stale")}
    named = {indicator["source_id"] for indicator in marts.indicators if indicator["source_id"]} | set(SOURCE_NAMES)
    lines = [f"{source_name(source_id)}: no file in use" for source_id in sorted(named - in_use)]
    empty = sum(
        latest_row(marts, indicator["indicator_id"]) is None and indicator["indicator_id"] not in marts.local
        for indicator in marts.indicators
    )
    if empty:
        lines.append(
            f"{count_words(empty, 'indicator', 'indicators')} of the report: no figures loaded, "
            "named under the tables of the latest figures"
        )
    return lines


def outcome_words(row: Row) -> str:
    """Return the outcome of a check in words."""
    outcome = str(row["outcome"])
    return OUTCOME_WORDS.get(outcome, outcome)


def check_statement(checks: list[Row]) -> str:
    """Return one sentence with the number of checks by outcome."""
    if not checks:
        return "No check results are recorded in the published file."
    number = {outcome: sum(row["outcome"] == outcome for row in checks) for outcome in OUTCOMES}
    critical = sum(row["outcome"] == "fail" and row["severity"] == "critical" for row in checks)
    failed = f"{number['fail']:,} failed"
    if number["fail"]:
        failed += f" ({critical:,} critical, {count_words(number['fail'] - critical, 'warning', 'warnings')})"
    return (
        f"Of {count_words(len(checks), 'check', 'checks')} on the data, {number['pass']:,} passed, {failed}, "
        f"{number['waived']:,} {'was' if number['waived'] == 1 else 'were'} waived and {number['not_run']:,} "
        f"{'was' if number['not_run'] == 1 else 'were'} not run."
    )


def check_blocks(marts: Marts) -> tuple[Block, ...]:
    """Return counts by severity and outcome, then every failed or waived check with its owner.

    A waiver is always printed, whatever it is about.

    The rules that rows of a return are put through are told as counts per return: who corrects them has the lists.
    Remarks on published files that nobody waived are told by rule: their examples are for those who look after the
    files.
    """
    checks = [row for row in marts.checks if row["suite"] != return_checks.SUITE]
    blocks: list[Block] = [Heading("checks", 3, "Checks"), Paragraph("checks-statement", check_statement(checks))]
    if checks:
        rows = tuple(
            (
                Cell(severity),
                *(
                    whole(sum(row["severity"] == severity and row["outcome"] == outcome for row in checks))
                    for outcome in OUTCOMES
                ),
            )
            for severity in SEVERITIES
        )
        columns = ("Severity", *(OUTCOME_WORDS[outcome].capitalize() for outcome in OUTCOMES))
        blocks.append(Table("check-counts", "Checks by severity and outcome", columns, rows))
    remarks = [row for row in checks if row["outcome"] == "fail" and is_remark(row)]
    noted = [row for row in checks if row["outcome"] == "waived" or (row["outcome"] == "fail" and not is_remark(row))]
    if noted:
        columns = ("Check", "Severity and outcome", "What was found", "Rows or values", "Owner", "Waiver")
        rows = tuple(
            (
                Cell(
                    str(row["check_id"]).replace("_", " "),
                    notes=tuple(part for part in (row["table_name"], source_name_or_none(row["source_id"])) if part),
                ),
                Cell(f"{row['severity']}, {outcome_words(row)}"),
                text_cell(row["message"] or row["why"], otherwise="no message recorded"),
                Cell(f"{row['failed_count'] or 0:,} of {row['checked_count'] or 0:,}", is_number=True),
                text_cell(row["owner"], otherwise="no owner named"),
                text_cell(row["waiver"], otherwise="none"),
            )
            for row in noted
        )
        blocks.append(Table("checks-noted", "Checks that failed or were waived", columns, rows, layout="checks"))
    return (*blocks, *remark_blocks(remarks), *return_blocks(marts))


def is_remark(row: Row) -> bool:
    """Return whether a check result is a warning about a file as its publisher wrote it."""
    return row["severity"] == "warning" and (
        str(row["suite"]).startswith(TIDY_SUITES) or str(row["check_id"]).startswith(TIDY_RULES)
    )


def remark_blocks(remarks: list[Row]) -> tuple[Block, ...]:
    """Return one row for each rule that published files do not keep, with the files and what they are about."""
    if not remarks:
        return ()
    by_rule: dict[str, list[Row]] = {}
    for row in remarks:
        # Rules of landing are whole sentences, those of suites are not; a cell of the table ends without a full stop.
        why = str(row["why"]).rstrip(".")
        by_rule.setdefault(f"{why[:1].upper()}{why[1:]}", []).append(row)
    rows = tuple(
        (
            Cell(why),
            whole(len({row["file_id"] for row in found})),
            Cell(", ".join(sorted({str(row["table_name"]).rsplit(".", 1)[-1] for row in found}))),
        )
        for why, found in sorted(by_rule.items())
    )
    columns = ("Rule", "Files that break it", "Data sets")
    return (
        Table("published-remarks", "Remarks on published files", columns, rows),
        Note(
            "published-remarks-note",
            "The files are used as their publisher wrote them. What was found in each is in the table check_result.",
        ),
    )


def return_blocks(marts: Marts) -> tuple[Block, ...]:
    """Return, for each of the council's returns, how many rules its rows were put through and what these found."""
    files = {row["file_id"]: row for row in marts.source_files}
    by_return: dict[str, list[Row]] = {}
    for row in marts.checks:
        file = files.get(row["file_id"])
        if row["suite"] == return_checks.SUITE and file is not None:
            cut = f", cut of {date_words(file['as_at'])}" if file["as_at"] else ""
            by_return.setdefault(f"{file['release']}{cut}", []).append(row)
    if not by_return:
        return ()
    rows = tuple(
        (
            Cell(release),
            whole(len({row["table_name"] for row in found})),
            whole(len(found)),
            whole(sum(row["outcome"] != "pass" for row in found)),
            whole(sum(row["failed_count"] for row in found)),
        )
        for release, found in sorted(by_return.items(), reverse=True)
    )
    columns = ("Return", "Tables", "Rules applied", "Rules with findings", "Findings")
    return (
        Table("return-checks", "Checks of the looked-after returns, row by row", columns, rows),
        Note(
            "return-checks-note",
            "A row that breaks two rules is two findings. None keeps a child out of the figures; the council's data "
            "team holds the lists of rows to correct.",
        ),
    )


def source_name_or_none(source_id: str | None) -> str | None:
    """Return the publisher's name, None where a check belongs to no source."""
    return source_name(source_id) if source_id else None


def reconciliation_blocks(marts: Marts) -> tuple[Block, ...]:
    """Return local figures against published ones of the same period, and the tolerance each was held to."""
    blocks: list[Block] = [Heading("reconciliation", 3, "Local figures against published figures")]
    rows = []
    for indicator in marts.indicators:
        published = {
            row["period_id"]: row
            for row in marts.comparison.get(indicator["indicator_id"], [])
            if row["value"] is not None
        }
        rows += [
            reconciled_row(marts, indicator, local, published[local["period_id"]])
            for local in marts.local.get(indicator["indicator_id"], [])
            if local["value"] is not None and local["period_id"] in published
        ]
    if not rows:
        blocks.append(
            Paragraph("reconciliation-none", "No period has both a local and a published figure, so none are compared.")
        )
        return tuple(blocks)
    columns = ("Indicator", "Period", "Local", "Published", "Difference, local less published", "Tolerance and result")
    blocks.append(
        Table(
            "reconciliation-table", "Local figures against published figures of the same period", columns, tuple(rows)
        )
    )
    return tuple(blocks)


def reconciled_row(marts: Marts, indicator: Row, local: Row, published: Row) -> tuple[Cell, ...]:
    """Return one comparison of a local figure with the published one."""
    difference = local["value"] - published["value"]
    own = figure_of(
        local, indicator, local["source_kind"], local["value"], shown(local["value"], indicator, None),
        source_kind=local["source_kind"], vintage_id=local["vintage_id"],
    )  # fmt: skip
    other = figure_of(
        published, indicator, "value", published["value"], shown(published["value"], indicator, None),
        vintage_id=published["vintage_id"],
    )  # fmt: skip
    gap = figure_of(
        local, indicator, f"{local['source_kind']}_less_published", difference,
        rounded(difference, indicator["decimals"]), source_kind=local["source_kind"], vintage_id=local["vintage_id"],
    )  # fmt: skip
    return (
        Cell(indicator["indicator_name"]),
        Cell(local["period_label"]),
        Cell(own.printed, is_number=True, figures=(own,)),
        Cell(other.printed, is_number=True, figures=(other,)),
        Cell(gap.printed, is_number=True, figures=(gap,)),
        Cell(tolerance_words(marts, indicator, local["period_id"])),
    )


def tolerance_words(marts: Marts, indicator: Row, period_id: str) -> str:
    """Return tolerance and result of the check that holds this local figure against the published one."""
    check_id = f"{indicator['indicator_id']}_agrees_with_published.{period_id}"
    found = [row for row in marts.checks if row["check_id"] == check_id and row["tolerance"] is not None]
    if not found:
        return "no tolerance set"
    tolerance = rounded(found[0]["tolerance"], indicator["decimals"])
    return f"{tolerance} either way: {outcome_words(found[0])}"


def break_blocks(marts: Marts) -> tuple[Block, ...]:
    """Return breaks and gaps that fall in the series of this report, each explanation once with its indicators."""
    periods: dict[tuple[str, str], dict[str, list[str]]] = {}
    for indicator in marts.indicators:
        held = marts.comparison.get(indicator["indicator_id"])
        if not held:
            continue
        first, last = held[0]["period_end"], held[-1]["period_end"]
        for found in marts.breaks.get(indicator["indicator_id"], []):
            if first <= period_parts(found["first_period_id"])[1] <= last:
                by_name = periods.setdefault((found["words"] or "no explanation recorded", found["comparability"]), {})
                by_name.setdefault(indicator["indicator_name"], []).append(marts.label(found["first_period_id"]))
    rows = []
    for (words, flag), by_name in sorted(periods.items()):
        # Indicators that share explanation and periods share a row.
        by_periods: dict[str, list[str]] = {}
        for name, labels in by_name.items():
            by_periods.setdefault(listed(labels), []).append(name)
        rows += [
            (Cell(words), Cell(COMPARABILITY_WORDS.get(flag, "see explanation")), Cell(labels), Cell("; ".join(names)))
            for labels, names in sorted(by_periods.items())
        ]
    blocks: list[Block] = [Heading("series-breaks", 3, "Breaks and gaps in series")]
    if not rows:
        blocks.append(Paragraph("series-breaks-none", "No break or gap is recorded for the indicators of this report."))
        return tuple(blocks)
    blocks.append(
        Paragraph("series-breaks-intro", "No change is worked out and no line is drawn across a break or a gap.")
    )
    columns = ("Explanation", "Effect", "Periods", "Indicators")
    blocks.append(Table("series-breaks-table", "What breaks the series of this report", columns, tuple(rows)))
    return tuple(blocks)
