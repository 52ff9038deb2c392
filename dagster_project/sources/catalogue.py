"""What is declared about each source: the dbt sources files, validated, and how a header row is matched to them.

The only declaration of a source is `dbt/models/staging/<source>/_<source>__sources.yml`; ingestion, lineage and
documentation all read it. This module is imported by the nothing-changed decision, so it stays light.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
PLACEHOLDERS = frozenset({"release", "collection_year", "as_at", "school_term"})

ReaderName = Literal["csv_as_text", "parquet", "excel", "xml_records", "geojson"]
Severity = Literal["critical", "warning"]
Sensitivity = Literal["published", "personal"]


# The C loader reads the same language many times faster; it is there wherever wheels are installed.
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DeclarationError(ValueError):
    """A sources file cannot be used as it is written; the message names the file, the key and the fault."""


def normalise_header(name: str) -> str:
    """Return a column name as it is compared: trimmed, lower case, runs of white space as one underscore.

    Systems write `Place Provider`, `PLACE_PROVIDER` or ` place_provider ` for the same column.
    """
    return re.sub(r"\s+", "_", name.replace("\ufeff", "").strip()).lower()


@dataclass(frozen=True)
class RowRule:
    """A rule that sets rows aside: either an SQL predicate over raw columns or a repeat of an earlier row.

    `duplicate_of` lists the raw columns that make two rows the same; the empty tuple means the rule is a predicate.
    Values are compared trimmed and in upper case, which is how staging reads them. With `differing_in` only a repeat
    that says something else than the first row in one of these columns is meant.
    """

    reason: str
    severity: Severity
    message: str
    where: str | None = None
    duplicate_of: tuple[str, ...] = ()
    differing_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValueRule:
    """Which raw columns hold figures and which texts besides numbers they may hold (compared without case).

    `legacy_symbols` are let through as well, but counted and warned about.
    """

    columns: tuple[str, ...]
    symbols: tuple[str, ...]
    legacy_symbols: tuple[str, ...] = ()
    thousands: bool = False


@dataclass(frozen=True)
class TidyFilter:
    """A column that splits a period and area into parts.

    `default` is the option for everybody, None where the publisher prints no such row; `constant` says that the column
    holds one word and splits nothing; `adds_up` that the other options are parts of the default one; `unused` options
    are known and no figure is read from their rows.
    """

    column: str
    default: str | None = None
    constant: bool = False
    adds_up: bool = False
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class TidyIndicator:
    """A column of figures with what it is: unit, printed decimals, and the columns it is a share or mean of.

    With `denominator_option` the base stands in the row of the same area and period that has these options. `adds_up`
    is said of counts whose regions and authorities add up to England. `lowest` and `highest` bound every figure.
    """

    column: str
    unit: str
    decimals: int | None = None
    numerator: str | None = None
    denominator: str | None = None
    denominator_option: tuple[tuple[str, str], ...] = ()
    adds_up: bool = False
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True)
class TidySlice:
    """A declared breakdown: which option of `column` is which of our breakdown values, in rows that are `where`.

    Filters that neither `column` nor `where` names are at their default. `unused` options are known and not kept.
    """

    breakdown_type: str
    column: str
    options: tuple[tuple[str, str], ...]
    where: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class TidyFigure:
    """Which figure a column is, in rows that are `where`; without `where`, in every row of everybody or of a slice."""

    indicator_id: str
    column: str
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Tidy:
    """What the columns of a tidy table mean; its figures are read by dbt from the same declaration.

    A period ends on `year_ends` (mm-dd) of its last year. `status` is the column with Provisional, Revised or Final;
    `gaps` are periods that the publisher did not collect. With `one_period` each file holds one.
    """

    year_ends: str
    filters: tuple[TidyFilter, ...]
    indicators: tuple[TidyIndicator, ...]
    slices: tuple[TidySlice, ...]
    figures: tuple[TidyFigure, ...]
    status: str | None
    gaps: tuple[str, ...]
    one_period: bool


@dataclass(frozen=True)
class Layout:
    """One accepted set of columns of a table: `columns` pairs the source's header with our raw column, in order.

    A header may occur more than once; its n-th occurrence in a file belongs to the n-th in the list. `other_names`
    pairs a header of older or other systems with the declared one it stands for; columns of `optional` headers are null
    where a file does not have them.

    `only_with` is for records of an XML file that hold a second table without an element of its own: one is taken only
    where one of the named items is not blank, or equals the value given for it. Another layout takes every record.
    """

    name: str
    reader: ReaderName
    columns: tuple[tuple[str, str], ...]
    recognised_by: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    root: str | None = None
    record: str | None = None
    only_with: tuple[tuple[str, str | None], ...] = ()
    optional: tuple[str, ...] = ()
    other_names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RawTable:
    """One declared raw table. `columns` are those of all layouts; `declaration_hash` changes with any key.

    `one_file_per` names what no two files may hold both, each with SQL over raw columns; the empty tuple means that a
    collection holds the table once. `uncoded` are the columns for which a supplier may give no codes of its own; None
    means that suppliers may not give names either.
    """

    source: str
    name: str
    schema: str
    description: str
    source_description: str
    folder: str
    data_set: str
    layouts: tuple[Layout, ...]
    columns: tuple[str, ...]
    strict: bool
    sensitivity: Sensitivity
    keep_superseded: bool
    publisher: str
    licence: str
    cadence: str
    owner: str
    values: ValueRule | None
    row_rules: tuple[RowRule, ...]
    declared_in: str
    declaration_hash: str
    tidy: Tidy | None = None
    one_file_per: tuple[tuple[str, str], ...] = ()
    uncoded: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """`source.table`, the name used in checks and fingerprints."""
        return f"{self.source}.{self.name}"

    @property
    def qualified(self) -> str:
        """The raw table as a quoted SQL name; safe because both parts were validated as identifiers."""
        return f'"{self.schema}"."{self.name}"'

    @property
    def is_personal(self) -> bool:
        """Whether rows are about people, so that messages must never show cell values."""
        return self.sensitivity == "personal"


@dataclass(frozen=True)
class Fit:
    """How well a header row fits a layout. `positions[i]`: place in the file of the layout's i-th column, or -1."""

    table: RawTable
    layout: Layout
    positions: tuple[int, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]
    recognised: bool
    share_present: float

    @property
    def is_exact(self) -> bool:
        """Whether every column that has to be there is, once, and in a strict source nothing else is."""
        return not self.missing and not self.repeated and not (self.table.strict and self.unknown)


class _BySupplierDeclaration(BaseModel):
    """That council/suppliers/ may give other headers, and other codes for all columns but these."""

    model_config = ConfigDict(extra="forbid")

    uncoded: list[str] = []


class _RowRuleDeclaration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    severity: Severity
    message: str = Field(min_length=10)
    where: str | None = None
    duplicate_of: list[str] | Literal["all"] | None = None
    differing_in: list[str] = []

    @model_validator(mode="after")
    def _one_kind(self) -> "_RowRuleDeclaration":
        if (self.where is None) == (self.duplicate_of is None):
            raise ValueError("give either `where` or `duplicate_of`")
        if self.differing_in and not isinstance(self.duplicate_of, list):
            raise ValueError("`differing_in` needs the columns of `duplicate_of`")
        return self


class _ValuesDeclaration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    columns: list[str] = Field(min_length=1)
    symbols: list[str] = []
    legacy_symbols: list[str] = []
    thousands: bool = False


class _LayoutDeclaration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    reader: ReaderName
    columns: list[str | dict[str, str]] = Field(min_length=1)
    recognised_by: list[str] = Field(min_length=1)
    ignored: list[str] = []
    root: str | None = None
    record: str | None = None
    only_with: list[str | dict[str, str]] = []
    optional: list[str] = []
    other_names: dict[str, str] = {}

    @model_validator(mode="after")
    def _consistent(self) -> "_LayoutDeclaration":
        if self.only_with and self.reader != "xml_records":
            raise ValueError("`only_with` is given for the reader xml_records and for no other")
        if self.record is not None and "/" not in self.record:
            raise ValueError("`record` is a path below the root such as CHILD/EPISODE or CHILD/HEADER/OC2")
        if (self.reader == "xml_records") != (self.record is not None and self.root is not None):
            raise ValueError("`root` and `record` are given for the reader xml_records and for no other")
        for entry in self.columns:
            if isinstance(entry, dict) and len(entry) != 1:
                raise ValueError(f"one header per list item, not {sorted(entry)}")
        headers = {normalise_header(header) for header, _ in self.pairs()}
        absent = [name for name in self.recognised_by if normalise_header(name) not in headers]
        if absent:
            raise ValueError(f"`recognised_by` names {absent}, not among `columns`")
        named = [*self.optional, *self.other_names.values()]
        absent = [name for name in named if normalise_header(name) not in headers]
        if absent:
            raise ValueError(f"`optional` and `other_names` name {absent}, not among `columns`")
        if {normalise_header(name) for name in self.optional} & {normalise_header(n) for n in self.recognised_by}:
            raise ValueError("a table cannot be recognised by an `optional` column")
        for _, column in self.pairs():
            if not IDENTIFIER.fullmatch(column):
                raise ValueError(f"raw column {column!r} must be lower case letters, digits and underscores")
        counted = Counter(column for _, column in self.pairs())
        twice = [column for column, count in counted.items() if count > 1]
        if twice:
            raise ValueError(f"raw columns {twice} are declared twice")
        return self

    def pairs(self) -> tuple[tuple[str, str], ...]:
        return tuple(
            (entry, normalise_header(entry)) if isinstance(entry, str) else next(iter(entry.items()))
            for entry in self.columns
        )


def _day_of_every_year(month_and_day: str) -> str:
    try:
        # A year without a 29 February.
        date.fromisoformat(f"2001-{month_and_day}")
    except ValueError:
        raise ValueError(f"{month_and_day!r} is no day of every year: give month and day such as 03-31") from None
    return month_and_day


_DayOfYear = Annotated[str, Field(pattern=r"^[0-9]{2}-[0-9]{2}$"), AfterValidator(_day_of_every_year)]


# Words of a column name that are options of a filter: such a column is one part of a breakdown (rule D08).
_CATEGORY = re.compile(
    r"(^|_)(male|female|boys?|girls?|asian|black|white|mixed|chinese|fsm|eal|disadvantaged|sen|nosen|ehcp|sendsupport)(_|$)"
)


class _FilterDeclaration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    column: str
    default: str | None = None
    constant: bool = False
    adds_up: bool = False
    unused: list[str] = []


class _IndicatorDeclaration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit: Literal["count", "percent", "score", "mean", "scaled_score", "rate", "points"]
    decimals: int | None = Field(default=None, ge=0)
    numerator: str | None = None
    denominator: str | None = None
    denominator_option: dict[str, str] = {}
    lower: str | None = None
    upper: str | None = None
    adds_up: bool = False
    lowest: float | None = None
    highest: float | None = None


class _SliceDeclaration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    breakdown_type: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    column: str
    options: dict[str, str] = Field(min_length=1)
    where: dict[str, str] = {}
    unused: list[str] = []


class _FigureDeclaration(BaseModel):
    """Which figure a column is; with `where` the rows with these options are its total, else its slices come too.

    `per_10k`: the file prints the count alone, and the rate is made with the population of the year before.
    """

    model_config = ConfigDict(extra="forbid")

    indicator_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    column: str
    where: dict[str, str] = {}
    skip: list[str] = []
    per_10k: bool = False
    year_ends: _DayOfYear | None = None
    years_earlier: int = 0


class _TidyDeclaration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    year_ends: _DayOfYear
    status: str | None = None
    gaps: list[Annotated[str, Field(pattern=r"^[0-9]{4}([0-9]{2})?$")]] = []
    one_period: bool = False
    filters: list[_FilterDeclaration] = []
    slices: list[_SliceDeclaration] = []
    indicators: dict[str, _IndicatorDeclaration] = Field(min_length=1)
    # Columns of figures that nothing is made of: held, and kept to numbers and symbols.
    context: list[str] = []
    figures: list[_FigureDeclaration] = Field(min_length=1)

    def named_columns(self) -> set[str]:
        """Every raw column that the declaration speaks of."""
        named = {entry.column for entry in self.filters} | {entry.column for entry in self.slices}
        named |= {*self.indicators, *self.context, *self._told_by()}
        for indicator in self.indicators.values():
            named |= set(indicator.denominator_option)
            parts = (indicator.numerator, indicator.denominator, indicator.lower, indicator.upper)
            named |= {part for part in parts if part}
        return named | ({self.status} if self.status else set())

    def _told_by(self) -> set[str]:
        named = {column for entry in self.slices for column in entry.where}
        return named | {column for figure in self.figures for column in figure.where}

    @model_validator(mode="after")
    def _consistent(self) -> "_TidyDeclaration":
        filters = {entry.column for entry in self.filters}
        used = {entry.column for entry in self.slices} | self._told_by()
        if used - filters:
            raise ValueError(
                f"`slices` and `figures` are told by columns that are no `filters`: {sorted(used - filters)}"
            )
        hidden = [column for column in self.indicators if _CATEGORY.search(column)]
        if hidden:
            raise ValueError(f"`indicators` hide a breakdown in their names, which has to be a filter: {hidden}")
        unknown = {figure.column for figure in self.figures} - set(self.indicators)
        if unknown:
            raise ValueError(f"`figures` read columns that are no `indicators`: {sorted(unknown)}")
        return self

    def resolved(self) -> Tidy:
        """Return the declaration without what only dbt reads."""
        return Tidy(
            year_ends=self.year_ends,
            filters=tuple(
                TidyFilter(entry.column, entry.default, entry.constant, entry.adds_up, tuple(entry.unused))
                for entry in self.filters
            ),
            indicators=tuple(
                TidyIndicator(
                    column=column,
                    unit=entry.unit,
                    decimals=entry.decimals,
                    numerator=entry.numerator,
                    denominator=entry.denominator,
                    denominator_option=tuple(entry.denominator_option.items()),
                    adds_up=entry.adds_up,
                    lowest=entry.lowest,
                    highest=entry.highest,
                )
                for column, entry in self.indicators.items()
            ),
            slices=tuple(
                TidySlice(
                    breakdown_type=entry.breakdown_type,
                    column=entry.column,
                    options=tuple(entry.options.items()),
                    where=tuple(entry.where.items()),
                    unused=tuple(entry.unused),
                )
                for entry in self.slices
            ),
            figures=tuple(
                TidyFigure(figure.indicator_id, figure.column, tuple(figure.where.items())) for figure in self.figures
            ),
            status=self.status,
            gaps=tuple(self.gaps),
            one_period=self.one_period,
        )


#: Symbols of Explore Education Statistics in place of a figure, older ones included; any other text is refused.
_TIDY_SYMBOLS = ("z", "x", ":", ".", "..", "c", "k", "low", "~", "u", "w")
_TIDY_LEGACY = ("-", "NA", "")


class _Meta(BaseModel):
    """The keys under `config: meta:`; a table takes every key it does not give itself from its source."""

    model_config = ConfigDict(extra="forbid")

    publisher: str
    licence: str
    cadence: str
    owner: str
    sensitivity: Sensitivity
    folder: str
    data_set: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    strict: bool
    keep_superseded: bool
    layouts: list[_LayoutDeclaration] = Field(min_length=1)
    values: _ValuesDeclaration | None = None
    tidy: _TidyDeclaration | None = None
    row_rules: list[_RowRuleDeclaration] = []
    one_file_per: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], str] = {}
    by_supplier: _BySupplierDeclaration | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "_Meta":
        segments = self.folder.split("/")
        for segment in segments:
            braced = re.fullmatch(r"\{(.*)\}", segment)
            if braced and braced.group(1) not in PLACEHOLDERS:
                raise ValueError(f"`folder` has the unknown placeholder {segment}; known: {sorted(PLACEHOLDERS)}")
            if not segment or segment in (".", "..") or (not braced and ("{" in segment or "}" in segment)):
                raise ValueError(f"`folder` {self.folder!r} is not a path of names and {{placeholders}}")
        placed = [segment for segment in segments if segment.startswith("{")]
        if placed not in (
            [],
            ["{release}"],
            ["{collection_year}"],
            ["{collection_year}", "{as_at}"],
            ["{school_term}"],
        ) or (segments[len(segments) - len(placed) :] != placed or len(placed) == len(segments)):
            raise ValueError(
                "`folder` is fixed names, then {release}, {collection_year}, {collection_year}/{as_at}, {school_term}"
                " or nothing"
            )
        columns = {column for layout in self.layouts for _, column in layout.pairs()}
        if self.tidy and self.values is None:
            self.values = _ValuesDeclaration(
                columns=[*self.tidy.indicators, *self.tidy.context],
                symbols=list(_TIDY_SYMBOLS),
                legacy_symbols=list(_TIDY_LEGACY),
                thousands=True,
            )
        named = [column for column in (self.values.columns if self.values else []) if column not in columns]
        named += sorted((self.tidy.named_columns() if self.tidy else set()) - columns - set(named))
        for rule in self.row_rules:
            if isinstance(rule.duplicate_of, list):
                named += [column for column in rule.duplicate_of if column not in columns]
            named += [column for column in rule.differing_in if column not in columns]
        named += [column for column in (self.by_supplier.uncoded if self.by_supplier else []) if column not in columns]
        if named:
            raise ValueError(f"rules name raw columns that no layout has: {named}")
        reasons = Counter(rule.reason for rule in self.row_rules)
        twice = [reason for reason, count in reasons.items() if count > 1]
        if twice:
            raise ValueError(f"`row_rules` give the reasons {twice} twice")
        if self.sensitivity == "personal" and self.keep_superseded:
            raise ValueError("`keep_superseded`: earlier issues of personal data are not kept")
        return self


class _Table(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str = Field(pattern=f"^{IDENTIFIER.pattern}$")
    description: str = Field(min_length=10)
    config: dict[str, Any] = {}


class _Source(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str = Field(pattern=f"^{IDENTIFIER.pattern}$")
    # `schema` would shadow a method of the pydantic base class.
    schema_name: str = Field(pattern=f"^{IDENTIFIER.pattern}$", alias="schema")
    description: str = Field(min_length=10)
    config: dict[str, Any] = {}
    tables: list[_Table] = Field(min_length=1)


class _SourcesFile(BaseModel):
    model_config = ConfigDict(extra="allow")

    sources: list[_Source] = []


def load_catalogue(staging_dir: Path) -> tuple[RawTable, ...]:
    """Return every raw table declared in `<staging_dir>/<source>/_<source>__sources.yml`, in file and table order.

    Sources without `config: meta:` (the register itself) have no files and are left out.

    Raises:
        DeclarationError: If a file is not valid YAML, a key is wrong, or two tables have one name.
    """
    tables: list[RawTable] = []
    for file in sorted(staging_dir.glob("*/_*__sources.yml")):
        tables += _tables_of(file)
    counted = Counter(table.key for table in tables)
    twice = sorted(key for key, count in counted.items() if count > 1)
    if twice:
        raise DeclarationError(f"{staging_dir}: {', '.join(twice)} declared more than once")
    return tuple(tables)


def sources_of(catalogue: Iterable[RawTable]) -> tuple[str, ...]:
    """Return the names of the declared sources, in the order of their declaration."""
    return tuple(dict.fromkeys(table.source for table in catalogue))


def _tables_of(file: Path) -> list[RawTable]:
    try:
        declared = _SourcesFile.model_validate(yaml.load(file.read_text(encoding="utf-8"), Loader=_YAML_LOADER) or {})
    except yaml.YAMLError as error:
        raise DeclarationError(f"{file.name}: not valid YAML: {error}") from error
    except ValidationError as error:
        raise DeclarationError(_faults(file, "", error)) from error
    tables = []
    for source in declared.sources:
        source_meta = source.config.get("meta", {})
        for table in source.tables:
            table_meta = table.config.get("meta", {})
            if not source_meta and not table_meta:
                continue
            where = f"{source.name}.{table.name}, config.meta"
            try:
                meta = _Meta.model_validate({**source_meta, **table_meta})
            except ValidationError as error:
                raise DeclarationError(_faults(file, where, error)) from error
            tables.append(_raw_table(file, source, table, meta))
    return tables


def _raw_table(file: Path, source: _Source, table: _Table, meta: _Meta) -> RawTable:
    columns = tuple(dict.fromkeys(column for layout in meta.layouts for _, column in layout.pairs()))
    rules = tuple(
        RowRule(
            reason=rule.reason,
            severity=rule.severity,
            message=rule.message,
            where=rule.where,
            duplicate_of=columns if rule.duplicate_of == "all" else tuple(rule.duplicate_of or ()),
            differing_in=tuple(rule.differing_in),
        )
        for rule in meta.row_rules
    )
    layouts = tuple(
        Layout(
            name=layout.name,
            reader=layout.reader,
            columns=layout.pairs(),
            recognised_by=tuple(layout.recognised_by),
            ignored=tuple(layout.ignored),
            root=layout.root,
            record=layout.record,
            only_with=tuple(
                (entry, None) if isinstance(entry, str) else next(iter(entry.items())) for entry in layout.only_with
            ),
            optional=tuple(layout.optional),
            other_names=tuple(layout.other_names.items()),
        )
        for layout in meta.layouts
    )
    values = None
    if meta.values is not None:
        values = ValueRule(
            columns=tuple(meta.values.columns),
            symbols=tuple(meta.values.symbols),
            legacy_symbols=tuple(meta.values.legacy_symbols),
            thousands=meta.values.thousands,
        )
    content = json.dumps([source.name, table.name, source.schema_name, meta.model_dump(mode="json")], sort_keys=True)
    return RawTable(
        source=source.name,
        name=table.name,
        schema=source.schema_name,
        description=" ".join(table.description.split()),
        source_description=" ".join(source.description.split()),
        folder=meta.folder,
        data_set=meta.data_set,
        layouts=layouts,
        columns=columns,
        strict=meta.strict,
        sensitivity=meta.sensitivity,
        keep_superseded=meta.keep_superseded,
        publisher=meta.publisher,
        licence=meta.licence,
        cadence=meta.cadence,
        owner=meta.owner,
        values=values,
        tidy=meta.tidy.resolved() if meta.tidy else None,
        row_rules=rules,
        one_file_per=tuple(meta.one_file_per.items()),
        uncoded=tuple(meta.by_supplier.uncoded) if meta.by_supplier else None,
        declared_in=file.name,
        declaration_hash=hashlib.sha256(content.encode()).hexdigest()[:16],
    )


def _faults(file: Path, where: str, error: ValidationError) -> str:
    lines = [
        f"{file.name}: {where + ', ' if where else ''}key {'.'.join(str(part) for part in fault['loc']) or '(whole)'}: "
        f"{fault['msg']}"
        for fault in error.errors()
    ]
    return "\n".join(lines)


def fits_of(header: Sequence[str], tables: Iterable[RawTable], reader: ReaderName) -> list[Fit]:
    """Return how `header` fits each layout of `tables` that `reader` reads, best first."""
    fits = [fit_of(header, table, layout) for table in tables for layout in table.layouts if layout.reader == reader]
    return sorted(
        fits,
        key=lambda fit: (
            not fit.is_exact,
            not fit.recognised,
            -fit.share_present,
            # Of two layouts that both fit, the one that explains more of the file's columns.
            len(fit.unknown),
        ),
    )


def fit_of(header: Sequence[str], table: RawTable, layout: Layout) -> Fit:
    """Compare a header row with one layout; names are compared as `normalise_header` gives them."""
    meant = {normalise_header(other): normalise_header(name) for other, name in layout.other_names}
    here = {normalise_header(name) for name in header}
    places: dict[str, list[int]] = {}
    for position, name in enumerate(header):
        normal = normalise_header(name)
        # Where a file has the declared name itself, the other one is a column of its own.
        standing_for = meant.get(normal, normal)
        places.setdefault(normal if standing_for in here else standing_for, []).append(position)
    wanted = Counter(normalise_header(name) for name, _ in layout.columns)
    optional = {normalise_header(name) for name in layout.optional}
    used: Counter[str] = Counter()
    positions, missing = [], []
    for name, _ in layout.columns:
        normal = normalise_header(name)
        found = places.get(normal, [])
        if used[normal] < len(found):
            positions.append(found[used[normal]])
        else:
            positions.append(-1)
            if normal not in optional:
                missing.append(name)
        used[normal] += 1
    ignored = {normalise_header(name) for name in layout.ignored}
    unknown = tuple(
        header[found[0]].strip() or f"(column {found[0] + 1} has no name)"
        for name, found in places.items()
        if name not in wanted and name not in ignored and (name or table.strict)
    )
    repeated = tuple(name for name, found in places.items() if name in wanted and len(found) > wanted[name])
    return Fit(
        table=table,
        layout=layout,
        positions=tuple(positions),
        missing=tuple(missing),
        unknown=unknown,
        repeated=repeated,
        recognised=all(normalise_header(name) in places for name in layout.recognised_by),
        share_present=1 - len(missing) / (len(layout.columns) - len(optional)),
    )


def declared_folders(catalogue: Iterable[RawTable]) -> Mapping[str, tuple[RawTable, ...]]:
    """Return the tables that may arrive in each declared folder pattern."""
    folders: dict[str, list[RawTable]] = {}
    for table in catalogue:
        folders.setdefault(table.folder, []).append(table)
    return {folder: tuple(tables) for folder, tables in folders.items()}
