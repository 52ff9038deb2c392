"""What council/suppliers/ adds to the declarations: one more layout of a table for each supplier that names it its way.

A file with a supplier's names is known by them, so the register says whose it was; what the supplier writes in a cell
stays in the raw table as sent and is translated when it is staged.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dagster_project.settings import SettingsError, read_yaml
from dagster_project.sources.catalogue import Layout, RawTable, normalise_header


def _quoted_text(text: Any) -> Any:
    if not isinstance(text, str):
        # YAML reads NO as false and 01 as 1.
        raise ValueError("write it in quotation marks")
    return text


def _filled_text(text: Any) -> Any:
    if not _quoted_text(text).strip():
        raise ValueError("is empty")
    return text


_Text = Annotated[str, BeforeValidator(_filled_text)]


class Supplier(BaseModel):
    """One file of council/suppliers/: how a supplier's system names the columns of a table, and what it writes in them.

    `columns` is our column -> their header, by table; `values` is their text -> the declared one, by table and column.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path
    supplier: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9 _-]*$")
    columns: dict[str, dict[_Text, _Text]] = {}
    values: dict[str, dict[_Text, dict[_Text, Annotated[str, BeforeValidator(_quoted_text)]]]] = {}

    @property
    def layout(self) -> str:
        """Name of the layouts that the file adds to its tables."""
        return re.sub(r"[ _-]+", "_", self.supplier.strip().lower())


def load_suppliers(folder: Path) -> tuple[Supplier, ...]:
    """Read council/suppliers/*.yml in the order of their names; without the folder there are none.

    Which tables and columns there are is not known here: `with_suppliers` compares with the declarations.

    Raises:
        SettingsError: If a file is not YAML, names no supplier, or holds anything but texts; or two name one supplier.
    """
    suppliers: dict[str, Supplier] = {}
    for file in sorted(file for ending in ("yml", "yaml") for file in folder.glob(f"*.{ending}")):
        content = read_yaml(file)
        if not isinstance(content, dict):
            raise SettingsError(f"{file}: holds no mapping; at least `supplier: <name>` is needed")
        own = {key: content[key] for key in content if key in ("supplier", "values")}
        columns = {key: value for key, value in content.items() if key not in own}
        try:
            supplier = Supplier.model_validate({"file": file, "columns": columns, **own})
        except ValidationError as error:
            raise SettingsError("\n".join(_supplier_fault(file, fault) for fault in error.errors())) from None
        first = suppliers.setdefault(supplier.layout, supplier)
        if first is not supplier:
            raise SettingsError(f"{file}: `supplier`: {supplier.supplier} is described in {first.file.name} already")
    return tuple(suppliers.values())


def _supplier_fault(file: Path, fault: Any) -> str:
    """The columns of a table stand at the top of the file; a fault in a name points at the name itself."""
    path = [str(part) for part in fault["loc"] if part not in ("columns", "[key]")]
    if fault["type"] == "missing":
        return f"{file}: `{'.'.join(path)}` is missing"
    message = re.sub(r"^Value error, ", "", fault["msg"])
    return f"{file}: `{'.'.join(path)}`: {message}"


def with_suppliers(catalogue: Sequence[RawTable], suppliers: Sequence[Supplier]) -> tuple[RawTable, ...]:
    """Return the declared tables with one more layout for each supplier that names their columns.

    The declaration hash of such a table changes with what a file says of it, codes included, so that its files are read
    and checked again.

    Raises:
        SettingsError: If a table or column is not declared or takes no names of suppliers, or if files of a supplier
            could not be told from others; the message names file and key.
    """
    tables = {table.name: table for table in catalogue if table.uncoded is not None}
    for supplier in suppliers:
        for key, names in (("", supplier.columns), ("values.", supplier.values)):
            for name in names:
                if name not in tables:
                    raise SettingsError(f"{supplier.file}: `{key}{name}`: unknown table{_hint(name, tables)}")
    return tuple(_extended(table, suppliers) if table.name in tables else table for table in catalogue)


def codes_of(suppliers: Iterable[Supplier]) -> list[tuple[str, str, str, str, str]]:
    """Return table, layout, column, text given (upper case, no spaces around it) and text meant of every code."""
    return [
        (table, supplier.layout, column, _as_compared(given), meant)
        for supplier in suppliers
        for table, columns in supplier.values.items()
        for column, codes in columns.items()
        for given, meant in codes.items()
    ]


def _extended(table: RawTable, suppliers: Sequence[Supplier]) -> RawTable:
    layouts = list(table.layouts)
    told = []
    for supplier in suppliers:
        names, codes = supplier.columns.get(table.name, {}), supplier.values.get(table.name, {})
        if not names and not codes:
            continue
        _check_codes(supplier, table, codes)
        layout = _renamed(supplier, table, names)
        _check_apart(supplier, table, layout, layouts, has_codes=bool(codes))
        layouts.append(layout)
        told.append(
            [layout.name, sorted(names.items()), sorted((key, sorted(of.items())) for key, of in codes.items())]
        )
    if not told:
        return table
    content = json.dumps([table.declaration_hash, told])
    declaration_hash = hashlib.sha256(content.encode()).hexdigest()[:16]
    return replace(table, layouts=tuple(layouts), declaration_hash=declaration_hash)


def _renamed(supplier: Supplier, table: RawTable, names: Mapping[str, str]) -> Layout:
    """Return the first layout of a table with the supplier's headers in place of the declared ones."""
    declared = table.layouts[0]
    own = {column: header for header, column in declared.columns}
    for column in names:
        if column not in own:
            raise SettingsError(f"{supplier.file}: `{table.name}.{column}`: unknown column{_hint(column, own)}")
    left_out = {normalise_header(header) for header in declared.ignored}
    taken: dict[str, str] = {}
    for header, column in declared.columns:
        normal = normalise_header(names.get(column, header))
        key = f"{supplier.file}: `{table.name}.{column}`"
        if column in names and normal in left_out:
            raise SettingsError(f"{key}: `{names[column]}` is left out of every file and cannot stand for a column")
        if normal in taken:
            named = column if column in names else taken[normal]
            other = taken[normal] if named == column else column
            raise SettingsError(
                f"{supplier.file}: `{table.name}.{named}`: `{names[named]}` is the header of `{other}` as well"
            )
        taken[normal] = column
    theirs = {normalise_header(header): names.get(column, header) for header, column in declared.columns}
    return replace(
        declared,
        name=supplier.layout,
        columns=tuple((names.get(column, header), column) for header, column in declared.columns),
        recognised_by=tuple(theirs[normalise_header(header)] for header in declared.recognised_by),
        optional=tuple(theirs[normalise_header(header)] for header in declared.optional),
        other_names=tuple((other, theirs[normalise_header(header)]) for other, header in declared.other_names),
    )


def _check_codes(supplier: Supplier, table: RawTable, codes: Mapping[str, Mapping[str, str]]) -> None:
    for column, of_column in codes.items():
        key = f"{supplier.file}: `values.{table.name}.{column}`"
        if column not in table.columns:
            raise SettingsError(f"{key}: unknown column{_hint(column, table.columns)}")
        if column in (table.uncoded or ()):
            raise SettingsError(f"{key}: the column holds no codes, so none can stand for another")
        meant: dict[str, str] = {}
        for given, text in of_column.items():
            if meant.setdefault(_as_compared(given), text) != text:
                raise SettingsError(f"{key}: `{given}` is given twice with different meanings (case does not matter)")


def _check_apart(
    supplier: Supplier, table: RawTable, layout: Layout, others: Sequence[Layout], *, has_codes: bool
) -> None:
    """Refuse a layout whose files would be taken for those of another: its codes would be read as other codes."""
    for other in others:
        key = f"{supplier.file}: `{table.name}`"
        if other.name == layout.name:
            raise SettingsError(
                f"{supplier.file}: `supplier`: `{layout.name}` is the name of a declared layout already"
            )
        if _headers(other) == _headers(layout):
            raise SettingsError(f"{key}: its names are those of `{other.name}`, so its files could not be told apart")
        if has_codes and set(_headers(other, always=True)) == set(_headers(layout, always=True)):
            raise SettingsError(
                f"{key}: `values` need a name of its own for a column that every file has: a file without the others "
                f"could not be told from one of `{other.name}`"
            )


def _headers(layout: Layout, *, always: bool = False) -> list[tuple[str, str]]:
    """Return header and column of a layout, or of the columns that no file may lack."""
    optional = {normalise_header(name) for name in layout.optional}
    return sorted(
        (normalise_header(header), column)
        for header, column in layout.columns
        if not always or normalise_header(header) not in optional
    )


def _as_compared(text: str) -> str:
    return text.strip().upper()


def _hint(name: str, known: Iterable[str]) -> str:
    listed = list(known)
    near = difflib.get_close_matches(name, listed, n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(listed)}"
