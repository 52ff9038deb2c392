"""The rules that a tidy file of Explore Education Statistics keeps before its rows are used: pure functions, no files.

Adapted from the DfE's file screener; docs/methodology/tidy-files.md lists every rule and where it runs. Each rule takes
a `TidyFile`, its header, metadata and distinct cells, and returns what it found. Published figures only: findings quote
cells.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from dagster_project.sources.tidy_metadata import LATER, OPTIONAL, REQUIRED, SUFFIX, Metadata
from dagster_project.sources.tidy_vocabulary import (
    AREA_COLUMNS,
    CODE_COLUMNS,
    GEOGRAPHY_COLUMNS,
    LEVELS,
    REQUIRED_COLUMNS,
    TIME_COLUMNS,
    Level,
    identifier_of,
    level_of,
)

#: `stop`: the file cannot be read for what it is. `fail`: it is refused unless waived. `warn`: it is used all the same.
Grade = Literal["stop", "fail", "warn"]

#: A tidy file above these is refused before it is read; the largest published one is far below.
MAX_ROWS = 20_000_000
MAX_BYTES = 4 * 1024**3

MAX_CODE = 30
MAX_COLUMN_NAME = 50
#: The DfE's screener allows 100; the tables of its site cut labels off at 80.
MAX_LABEL = 80
MAX_OPTION = 120

UNITS = ("", "%", "pp", "£", "£m", "numberstring")
_EXAMPLES = 20
_SHOWN = 60
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class TidyFile:
    """What the rules look at.

    `header` is as sent. `n_rows` are the rows loaded. Column names of the cells are in lower case: `periods` counts
    rows by (time_period, time_identifier); `areas` counts rows by geographic_level and the `AREA_COLUMNS` in
    `area_columns`; `options` holds the distinct cells of every other column that is not declared to hold figures.
    `constants` are declared columns that hold one and the same text in every row. `stray_metadata` names metadata files
    in the folder that belong to no data file.
    """

    name: str
    size: int
    encoding: str | None
    header: tuple[str, ...]
    n_rows: int = 0
    periods: Mapping[tuple[str | None, str | None], int] = field(default_factory=dict)
    area_columns: tuple[str, ...] = ()
    areas: Mapping[tuple[str | None, ...], int] = field(default_factory=dict)
    options: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    constants: frozenset[str] = frozenset()
    metadata: Metadata | None = None
    stray_metadata: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The header as it is compared: trimmed, lower case."""
        return tuple(name.strip().lower() for name in self.header)


@dataclass(frozen=True)
class Finding:
    """One fault: the column it is in, how many times, and some of the texts that show it."""

    fault: str
    count: int = 1
    column: str | None = None
    examples: tuple[str, ...] = ()

    def words(self) -> str:
        """Return the finding for a message, up to 20 examples, control characters made visible."""
        where = f"column {shown(self.column)}: " if self.column is not None else ""
        quoted = ", ".join(shown(text) for text in self.examples[:_EXAMPLES])
        more = f" and {len(self.examples) - _EXAMPLES:,} more" if len(self.examples) > _EXAMPLES else ""
        return f"{where}{self.fault}{f' ({quoted}{more})' if quoted else ''}"


@dataclass(frozen=True)
class Rule:
    """One rule; `check_id` is its name among the checks, `checked` says of how many things it is asked."""

    rule_id: str
    check_id: str
    grade: Grade
    why: str
    advice: str
    find: Callable[[TidyFile], list[Finding]]
    checked: Callable[[TidyFile], int]
    of_metadata: bool = False

    @property
    def group(self) -> str:
        """The letter of the rule's group; a group with a fault that refuses the file is the last one looked at."""
        return self.rule_id[0]


def shown(text: str | None) -> str:
    """Return a name or cell as a message may show it: quoted, no control characters, not endless."""
    visible = _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text or "")
    return f"'{visible[:_SHOWN]}...'" if len(visible) > _SHOWN else f"'{visible}'"


def _is_blank(cell: str | None) -> bool:
    # Older files fill an empty cell of geography with one space.
    return not (cell or "").strip()


def _texts(cells: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({cell or "" for cell in cells}))


# ---- F: the file and its columns


def encoding(file: TidyFile) -> list[Finding]:
    """F01, the part that the readers let pass: text that is not UTF-8 is read as Windows-1252."""
    if file.encoding in (None, "utf-8", "utf-8-sig"):
        return []
    return [Finding(f"it is not UTF-8 and was read as {file.encoding}")]


def required_columns(file: TidyFile) -> list[Finding]:
    """F02."""
    held = set(file.columns)
    return [Finding("is missing", column=column) for column in REQUIRED_COLUMNS if column not in held]


def column_names_and_size(file: TidyFile) -> list[Finding]:
    """F03: every column has a name of its own, and the file is not beyond the limits."""
    seen: dict[str, list[int]] = {}
    for place, name in enumerate(file.columns, start=1):
        seen.setdefault(name, []).append(place)
    found = [Finding(f"has no name (column {place} of {len(file.header)})", column="") for place in seen.get("", ())]
    found += [
        Finding(f"is there {len(places)} times", len(places) - 1, column=name)
        for name, places in seen.items()
        if name and len(places) > 1
    ]
    if file.n_rows > MAX_ROWS:
        found.append(Finding(f"it has {file.n_rows:,} rows, more than {MAX_ROWS:,}"))
    if file.size > MAX_BYTES:
        found.append(Finding(f"it has {file.size:,} bytes, more than {MAX_BYTES:,}"))
    return found


def spaces_in_names(file: TidyFile) -> list[Finding]:
    """F04, the part that refuses a file."""
    return [
        Finding("has a space in its name", column=name)
        for name in file.header
        if name.strip() and re.search(r"\s", name)
    ]


def style_of_names(file: TidyFile) -> list[Finding]:
    """F04, the part that published files often break: `NEET_percent`, `3_months_or_less`, `%`."""
    bare = [name for name in file.header if name.strip() and not re.search(r"\s", name)]
    first = [name for name in bare if not re.match("[a-z]", name)]
    rest = [name for name in bare if name not in first and not re.fullmatch("[a-z][a-z0-9_]*", name)]
    found = [Finding("does not start with a lower-case letter", column=name) for name in first]
    return found + [Finding("is not in snake_case", column=name) for name in rest]


def file_name(file: TidyFile) -> list[Finding]:
    """F05."""
    found = []
    stem = re.sub(r"\.csv$", "", file.name, flags=re.IGNORECASE)
    odd = sorted(set(re.findall(r"[^A-Za-z0-9_-]", stem)))
    if odd:
        found.append(Finding("its name holds other characters than letters, digits, _ and -", examples=tuple(odd)))
    if file.stray_metadata:
        found.append(
            Finding(
                f"metadata files beside it belong to no data file; that of name.csv is name{SUFFIX}",
                len(file.stray_metadata),
                examples=file.stray_metadata,
            )
        )
    return found


def data_and_metadata(file: TidyFile) -> list[Finding]:
    """F06. A column that the source declares and that holds one text throughout is a declared constant."""
    if file.metadata is None:
        return []
    data = set(file.columns)
    described: dict[str, str] = {}
    for row in file.metadata.rows:
        for key in ("col_name", "filter_grouping_column"):
            if row.get(key):
                described.setdefault(row[key].lower(), key)
    found = [
        Finding(f"is named as {key} in the metadata and is not in the data", column=name)
        for name, key in described.items()
        if name not in data
    ]
    known = {*described, *TIME_COLUMNS, *GEOGRAPHY_COLUMNS, *file.constants}
    return found + [
        Finding("is in the data and not in the metadata", column=name)
        for name in dict.fromkeys(file.columns)
        if name and name not in known
    ]


def metadata_columns(file: TidyFile) -> list[Finding]:
    """F08. Without `indicator_dp` the file is an older one, which D04 warns about."""
    if file.metadata is None:
        return []
    found = [Finding(f"{file.metadata.name} cannot be used: {fault}") for fault in file.metadata.faults]
    if not file.metadata.columns:
        return found
    held = set(file.metadata.columns)
    found += [Finding("is missing from the metadata", column=name) for name in REQUIRED if name not in held]
    known = {*REQUIRED, LATER, *OPTIONAL}
    return found + [
        Finding("is no column of a metadata file", column=name) for name in file.metadata.columns if name not in known
    ]


# ---- D: what the metadata say


def _rows(file: TidyFile) -> tuple[Mapping[str, str], ...]:
    return file.metadata.rows if file.metadata is not None else ()


def names_and_types(file: TidyFile) -> list[Finding]:
    """D01."""
    rows = _rows(file)
    found = []
    for key in ("col_name", "label"):
        blank = sum(not row.get(key) for row in rows)
        if blank:
            found.append(Finding("is not filled in", blank, column=key))
        texts = [row[key].lower() if key == "col_name" else row[key] for row in rows if row.get(key)]
        twice = tuple(dict.fromkeys(text for text in texts if texts.count(text) > 1))
        if twice:
            found.append(Finding("is not unique", len(twice), column=key, examples=twice))
    spaced = _texts(row["col_name"] for row in rows if re.search(r"\s", row.get("col_name", "")))
    if spaced:
        found.append(Finding("holds spaces", len(spaced), column="col_name", examples=spaced))
    odd = [row.get("col_type", "") for row in rows if row.get("col_type") not in ("Filter", "Indicator")]
    if odd:
        found.append(Finding("is neither Filter nor Indicator", len(odd), column="col_type", examples=_texts(odd)))
    return found


def no_time_or_geography(file: TidyFile) -> list[Finding]:
    """D02: time and geography are known by their names, and as a filter a place would be a breakdown of itself."""
    reserved = {*TIME_COLUMNS, *GEOGRAPHY_COLUMNS}
    found = []
    for row in _rows(file):
        if row.get("col_name", "").lower() in reserved:
            kind = "declared a filter" if row.get("col_type") == "Filter" else "listed"
            found.append(Finding(f"is time or geography and is {kind} in the metadata", column=row["col_name"]))
        if row.get("filter_grouping_column", "").lower() in reserved:
            column = row["filter_grouping_column"]
            found.append(Finding("is time or geography and is declared the group of a filter", column=column))
    return found


def fields_by_type(file: TidyFile) -> list[Finding]:
    """D03."""
    foreign = {
        "Filter": ("indicator_unit", "indicator_dp", "indicator_grouping"),
        "Indicator": ("filter_hint", "filter_grouping_column"),
    }
    return [
        Finding(f"is of type {row['col_type']} and has {key}", column=row.get("col_name"), examples=(row[key],))
        for row in _rows(file)
        for key in foreign.get(row.get("col_type", ""), ())
        if row.get(key)
    ]


def units_and_decimals(file: TidyFile) -> list[Finding]:
    """D04, the part that refuses a file."""
    found = []
    for row in file.metadata.of_type("Indicator") if file.metadata else ():
        unit, decimals = row.get("indicator_unit", ""), row.get(LATER, "")
        if unit not in UNITS:
            found.append(Finding("has a unit that is not allowed", column=row.get("col_name"), examples=(unit,)))
        if decimals and not re.fullmatch("[0-9]+", decimals):
            fault = "has decimals that are no whole number from 0"
            found.append(Finding(fault, column=row.get("col_name"), examples=(decimals,)))
    return found


def missing_decimals(file: TidyFile) -> list[Finding]:
    """D04, the part that older files break."""
    names = [row.get("col_name", "") for row in (file.metadata.of_type("Indicator") if file.metadata else ())
             if not row.get(LATER)]  # fmt: skip
    return [Finding(f"{LATER} is not given", len(names), examples=tuple(names))] if names else []


def filter_groups(file: TidyFile) -> list[Finding]:
    """D05: a group is a column of the data, of one filter only, with fewer texts than it, all told apart by letters."""
    found = []
    held: dict[str, str] = {}
    for row in file.metadata.of_type("Filter") if file.metadata else ():
        group, column = row.get("filter_grouping_column", ""), row.get("col_name", "")
        if not group:
            continue
        if group.lower() not in file.columns:
            found.append(Finding(f"groups {shown(column)} and is not in the data", column=group))
        bare = _bare(group)
        if bare in held:
            fault = "groups two filters, or differs from another group only in punctuation"
            found.append(Finding(fault, column=group, examples=(held[bare],)))
        held.setdefault(bare, group)
        groups = {text.strip() for text in file.options.get(group.lower(), ()) if text}
        options = {text.strip() for text in file.options.get(column.lower(), ()) if text}
        if groups and options and len(groups) > len(options):
            fault = f"has {len(groups):,} groups for the {len(options):,} options of {shown(column)}"
            found.append(Finding(fault, len(groups) - len(options), column=group))
        alike: dict[str, set[str]] = {}
        for text in groups:
            alike.setdefault(_bare(text), set()).add(text)
        same = [text for texts in alike.values() if len(texts) > 1 for text in sorted(texts)]
        if same:
            found.append(Finding("has groups that differ only in punctuation", len(same), group, tuple(same)))
    return found


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def lengths(file: TidyFile) -> list[Finding]:
    """D06; the parts about columns, places and options hold without a metadata file too."""
    found = [
        Finding(f"has a name of more than {MAX_COLUMN_NAME} characters", column=name)
        for name in file.header
        if len(name.strip()) > MAX_COLUMN_NAME
    ]
    long_labels = [row["label"] for row in _rows(file) if len(row.get("label", "")) > MAX_LABEL]
    if long_labels:
        fault = f"has more than {MAX_LABEL} characters"
        found.append(Finding(fault, len(long_labels), "label", tuple(long_labels)))
    cells: dict[str, Sequence[str | None]] = {
        column: [area[place] for area in file.areas] for place, column in _area_places(file) if place
    }
    for column, texts in (cells | dict(file.options)).items():
        limit = MAX_CODE if column in CODE_COLUMNS else MAX_OPTION
        long = _texts(text for text in texts if text and len(text.strip()) > limit)
        if long:
            found.append(Finding(f"has cells of more than {limit} characters", len(long), column, long))
    return found


# ---- T: time


def _unknown_identifiers(file: TidyFile) -> list[Finding]:
    unknown = {pair: rows for pair, rows in file.periods.items() if identifier_of(pair[1]) is None}
    if not unknown:
        return []
    fault = f"holds kinds of period that are not known, in {sum(unknown.values()):,} rows"
    return [Finding(fault, sum(unknown.values()), "time_identifier", _texts(kind for _, kind in unknown))]


def kinds_of_period(file: TidyFile) -> list[Finding]:
    """T01: an unknown kind, or kinds that do not belong together; the terms of a year do, a term and a year do not."""
    families: dict[str, set[str]] = {}
    for _, text in file.periods:
        kind = identifier_of(text)
        if kind is not None:
            families.setdefault(kind.family, set()).add(kind.text)
    found = _unknown_identifiers(file)
    if len(families) > 1:
        texts = tuple(sorted(text for held in families.values() for text in held))
        fault = f"mixes {len(families)} kinds of period, and one file holds one"
        found.append(Finding(fault, file.n_rows or 1, "time_identifier", texts))
    return found


def digits_of_period(file: TidyFile) -> list[Finding]:
    """T02; where the kind is not known, four or six digits are asked for."""
    wrong: dict[str | None, int] = {}
    for (period, text), rows in file.periods.items():
        kind = identifier_of(text)
        lengths_allowed = (kind.digits,) if kind else (4, 6)
        if not re.fullmatch("[0-9]+", (period or "").strip()) or len((period or "").strip()) not in lengths_allowed:
            wrong[period] = wrong.get(period, 0) + rows
    if not wrong:
        return []
    fault = f"does not have the 4 or 6 digits of its kind in {sum(wrong.values()):,} rows"
    return [Finding(fault, sum(wrong.values()), "time_period", _texts(wrong))]


def consecutive_years(file: TidyFile) -> list[Finding]:
    """T03; 199900 is 1999/2000."""
    wrong: dict[str, int] = {}
    for (period, _), rows in file.periods.items():
        text = (period or "").strip()
        if re.fullmatch("[0-9]{6}", text) and (int(text[2:4]) + 1) % 100 != int(text[4:]):
            wrong[text] = wrong.get(text, 0) + rows
    if not wrong:
        return []
    fault = f"does not name two years in a row in {sum(wrong.values()):,} rows"
    return [Finding(fault, sum(wrong.values()), "time_period", _texts(wrong))]


# ---- G: geography


def _area_places(file: TidyFile) -> list[tuple[int, str]]:
    """Return place and name of each part of the keys of `areas`; the first is the level."""
    return list(enumerate(("geographic_level", *file.area_columns)))


def levels_and_columns(file: TidyFile) -> list[Finding]:
    """G01; half of a pair that belongs together, such as a region's code without its name, counts as not filled."""
    unknown: dict[str | None, int] = {}
    rows_of: dict[Level, int] = {}
    for area, rows in file.areas.items():
        level = level_of(area[0])
        if level is None:
            unknown[area[0]] = unknown.get(area[0], 0) + rows
        else:
            rows_of[level] = rows_of.get(level, 0) + rows
    found = []
    if unknown:
        fault = f"holds levels that are not known, in {sum(unknown.values()):,} rows"
        found.append(Finding(fault, sum(unknown.values()), "geographic_level", _texts(unknown)))
    # The columns of a level are of interest only where the file has rows of it.
    for level in LEVELS:
        if level in rows_of:
            found += _columns_of_level(file, level, rows_of[level])
    return found


def _columns_of_level(file: TidyFile, level: Level, rows: int) -> list[Finding]:
    held = set(file.area_columns)
    name = level.text
    found = [
        Finding(f"is missing, and {rows:,} rows of level {name} need it", rows, column)
        for column in level.required
        if column not in held
    ]
    if level.either and not held.intersection(level.own):
        found.append(Finding(f"is missing, and {rows:,} rows of level {name} need it", rows, level.own[0]))
    places = {column: place for place, column in _area_places(file)}
    areas = [(area, count) for area, count in file.areas.items() if level_of(area[0]) is level]
    for column in dict.fromkeys((*level.required, *level.own)):
        if column in held:
            blank = sum(count for area, count in areas if _is_blank(area[places[column]]))
            if blank:
                found.append(Finding(f"is blank in {blank:,} rows of level {name}", blank, column))
    if level.together and held.intersection(level.together):
        found += [
            Finding(f"is missing beside {' and '.join(sorted(held.intersection(level.together)))}", rows, column)
            for column in level.together
            if column not in held
        ]
        if held.issuperset(level.together):
            for column, other in (level.together, level.together[::-1]):
                half = sum(
                    count
                    for area, count in areas
                    if _is_blank(area[places[column]]) and not _is_blank(area[places[other]])
                )
                if half:
                    found.append(Finding(f"is blank beside {other} in {half:,} rows of level {name}", half, column))
    return found


def lone_levels(file: TidyFile) -> list[Finding]:
    """G07: rows of schools or colleges beside rows of areas would be read as parts of them."""
    rows_of: dict[str, int] = {}
    alone: dict[str, int] = {}
    for area, rows in file.areas.items():
        level = level_of(area[0])
        if level is not None:
            rows_of[level.text] = rows_of.get(level.text, 0) + rows
            if level.stands_alone:
                alone[level.text] = alone.get(level.text, 0) + rows
    if not alone or len(rows_of) == 1:
        return []
    others = ", ".join(sorted(set(rows_of) - set(alone))) or "each other"
    fault = f"mixes rows of single institutions with {others}"
    return [Finding(fault, sum(alone.values()), "geographic_level", tuple(sorted(alone)))]


def totals_in_place_or_time(file: TidyFile) -> list[Finding]:
    """L04: `Total` is an option of a filter, never a place or a period."""
    counts: dict[tuple[str, str], int] = {}
    cells = [(column, area[place], rows) for area, rows in file.areas.items() for place, column in _area_places(file)]
    cells += [
        (column, text, rows)
        for pair, rows in file.periods.items()
        for column, text in zip(TIME_COLUMNS, pair, strict=True)
    ]
    for column, text, rows in cells:
        if (text or "").strip().casefold() in ("total", "all"):
            counts[(column, (text or "").strip())] = counts.get((column, (text or "").strip()), 0) + rows
    return [
        Finding(f"holds a total in {rows:,} rows", rows, column, (text,)) for (column, text), rows in counts.items()
    ]


def _header_size(file: TidyFile) -> int:
    return len(file.header)


def _rows_loaded(file: TidyFile) -> int:
    return file.n_rows


def _metadata_size(file: TidyFile) -> int:
    return len(_rows(file))


def _one(file: TidyFile) -> int:
    return 1


_DECLARE = "Correct the name in the file and in the source's declaration, or ask the publisher for a corrected file."
_ASK = "Ask the publisher for a corrected file, or fetch the release again; the last good file stays in use."
_LOOK = "Nothing to do: published files break this rule. Correct it in a file of our own."
_METADATA = "Ask the publisher for a corrected metadata file, or take it away: the data are then read without it."
_header = partial(Rule, checked=_header_size)
_cells = partial(Rule, checked=_rows_loaded, advice=_ASK)
_metadata = partial(Rule, checked=_metadata_size, advice=_METADATA, of_metadata=True)

#: In the order in which they are looked at.
RULES: tuple[Rule, ...] = (
    Rule(
        "F01", "tidy_f01_encoding", "warn", "A tidy file is UTF-8; letters read in another way may be wrong.",
        "Compare names with accents with the publisher's page, or ask for the file as UTF-8.", encoding, _one,
    ),
    _header(
        "F02", "tidy_f02_required_columns", "stop", "Every tidy file has the columns of time, level and country.",
        _ASK, required_columns,
    ),
    _header(
        "F03", "tidy_f03_columns_and_size", "stop",
        "A column without a name of its own cannot be told apart, and a file beyond the limits is not a tidy file.",
        _ASK, column_names_and_size,
    ),
    _header(
        "F04", "tidy_f04_spaces", "fail", "A column name with a space is another name to every program.",
        _DECLARE, spaces_in_names,
    ),
    _header(
        "F04", "tidy_f04_column_names", "warn", "Column names are snake_case and start with a lower-case letter.",
        _LOOK, style_of_names,
    ),
    Rule(
        "F05", "tidy_f05_file_name", "warn",
        "File names are letters, digits, _ and -, and metadata lie beside their data as name.meta.csv.",
        "Rename the file; metadata under another name are not read.", file_name, _one,
    ),
    _metadata(
        "F06", "tidy_f06_data_and_metadata", "fail",
        "A column that only one of data and metadata knows is a breakdown or figure nobody described.",
        find=data_and_metadata,
    ),
    _metadata(
        "F08", "tidy_f08_metadata_columns", "warn", "A metadata file has the columns of the format and no others.",
        find=metadata_columns,
    ),
    _metadata(
        "D01", "tidy_d01_names_and_types", "fail",
        "Each line of the metadata names one column, its type and its label.", find=names_and_types,
    ),
    _metadata(
        "D02", "tidy_d02_time_and_geography", "fail", "Time and geography are not filters and not listed.",
        find=no_time_or_geography,
    ),
    _metadata(
        "D03", "tidy_d03_fields_by_type", "fail",
        "Units, decimals and groupings belong to indicators, hints and groups to filters.", find=fields_by_type,
    ),
    _metadata(
        "D04", "tidy_d04_units_and_decimals", "fail",
        "A unit is blank, %, pp, £, £m or numberstring; decimals are a whole number.", find=units_and_decimals,
    ),
    _metadata(
        "D04", "tidy_d04_decimals_missing", "warn", "Without decimals the rounding of a figure is not known.",
        advice=_LOOK, find=missing_decimals,
    ),
    _metadata(
        "D05", "tidy_d05_filter_groups", "fail",
        "A group of options is a column of its own, with fewer texts than its filter.", find=filter_groups,
    ),
    _header(
        "D06", "tidy_d06_lengths", "warn", "Longer codes, names and labels are cut off where they are shown.",
        _LOOK, lengths,
    ),
    _cells(
        "T01", "tidy_t01_time_identifier", "fail",
        "The identifier says what a period is, and a file holds one kind of period.", find=kinds_of_period,
    ),
    _cells(
        "T02", "tidy_t02_time_period", "fail",
        "A period is 4 digits (calendar, reporting, week, month) or 6 (academic, financial, tax, term).",
        find=digits_of_period,
    ),
    _cells(
        "T03", "tidy_t03_consecutive_years", "fail", "Six digits are two years in a row, such as 202324 or 199900.",
        find=consecutive_years,
    ),
    _cells(
        "G01", "tidy_g01_levels", "fail",
        "Each level is known, and the codes and names of an area are filled on its rows.", find=levels_and_columns,
    ),
    _cells(
        "G07", "tidy_g07_lone_levels", "warn",
        "Rows of schools, providers, institutions or planning areas have a file of their own.",
        find=lone_levels, advice="Declare which levels are used before figures are taken from the file.",
    ),
    _cells(
        "L04", "tidy_l04_totals", "fail", "Total or All is an option of a filter, never a place or a period.",
        find=totals_in_place_or_time,
    ),
)  # fmt: skip
#: Checks that a waiver may name; a file that is stopped was not read, so nobody can vouch for it.
WAIVABLE = frozenset(rule.check_id for rule in RULES if rule.grade != "stop")


def rule_of(check_id: str) -> Rule:
    """Return the rule with this check id.

    Raises:
        KeyError: If there is none.
    """
    return {rule.check_id: rule for rule in RULES}[check_id]


def message_of(rule: Rule, findings: Collection[Finding]) -> str:
    """Return the findings of a rule in one sentence each, and what to do about them."""
    listed = list(findings)
    more = f"; and {len(listed) - _EXAMPLES:,} more" if len(listed) > _EXAMPLES else ""
    words = "; ".join(finding.words() for finding in listed[:_EXAMPLES])
    return f"{rule.rule_id}: {words}{more}. {rule.advice}"


def area_columns_of(columns: Iterable[str]) -> tuple[str, ...]:
    """Return those of `columns` (lower case) that describe an area, in the order of the vocabulary."""
    held = set(columns)
    return tuple(column for column in AREA_COLUMNS if column in held)
