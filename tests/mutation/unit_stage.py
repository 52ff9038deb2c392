"""First killer: the dbt unit tests of the model at fault, on tables in memory that hold their given rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import jinja2

from .sql_project import Macros, Relation, Rows, SqlProject, UnitTest

Columns = Mapping[Relation, Mapping[str, str]]  # relation -> column -> type


class UnitStage:
    """The unit tests of a project with their given rows loaded once; a verdict is one query per test."""

    def __init__(self, project: SqlProject, columns: Columns) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("set enable_progress_bar = false")
        self._tests: dict[str, list[tuple[UnitTest, dict[Relation, str]]]] = {}
        self._expected: dict[tuple[str, ...], str] = {}
        for number, test in enumerate(project.unit_tests):
            names = {}
            for relation, rows in test.given:
                names[relation] = "_".join((f"given_{number}", *relation))
                self._load(names[relation], columns[relation], rows, test)
            self._tests.setdefault(test.model, []).append((test, names))

    def _load(self, name: str, columns: Mapping[str, str], rows: Rows, test: UnitTest) -> None:
        """A given table as dbt makes it: columns left out are null, every value is cast to the column's type."""
        listed = ", ".join(f'"{column}" {type_}' for column, type_ in columns.items())
        self.connection.execute(f"create table {name} ({listed})")
        if isinstance(rows, str):
            self.connection.execute(f"insert into {name} by name {rows}")
            return
        for row in rows:
            unknown = row.keys() - columns.keys()
            if unknown:
                raise ValueError(f"unit test {test.name}: {name} has no column {sorted(unknown)}")
            values = ", ".join(f"cast({literal(row.get(column))} as {type_})" for column, type_ in columns.items())
            self.connection.execute(f"insert into {name} select {values}")

    def verdict(self, macros: Macros, changed: Mapping[str, str]) -> tuple[str, str]:
        """`killed` or `errored` with the unit test that saw it first, or `passed`."""
        for model, text in changed.items():
            for test, names in self._tests.get(model, ()):
                try:
                    if not self.holds(test, macros.sql(text, names.__getitem__, test.macros)):
                        return "killed", test.name
                except (duckdb.Error, jinja2.TemplateError, KeyError) as error:
                    return "errored", f"{test.name}: {str(error).splitlines()[0]}"
        return "passed", ""

    def holds(self, test: UnitTest, sql: str) -> bool:
        """Whether the query gives the expected rows, in any order, in the columns that the first of them names."""
        self.connection.execute(f"create or replace temp table actual as select * from (\n{sql}\n)")
        types = {name: type_ for name, type_, *_ in self.connection.execute("describe actual").fetchall()}
        if not test.expected:
            return self.connection.execute("select count(*) from actual").fetchone() == (0,)
        columns = self._columns_of(test.expected)
        listed = ", ".join(f'"{column}"' for column in columns)
        expected = self._expected_rows(test, {name: types[name] for name in columns})
        differing = self.connection.execute(
            f"""
            select 1 from (
                (select {listed} from actual except all select * from {expected})
                union all
                (select * from {expected} except all select {listed} from actual)
            ) limit 1
            """
        ).fetchone()
        return differing is None

    def _columns_of(self, rows: Rows) -> list[str]:
        if isinstance(rows, str):
            return [name for name, *_ in self.connection.execute(f"describe {rows}").fetchall()]
        return list(rows[0])

    def _expected_rows(self, test: UnitTest, types: Mapping[str, str]) -> str:
        """The table of the rows expected, cast to the types that the query gives, as dbt does."""
        key = (test.model, test.name, *types.values())
        if key not in self._expected:
            name = f"expected_{len(self._expected)}"
            if isinstance(test.expected, str):
                cast = ", ".join(f'cast("{column}" as {type_}) as "{column}"' for column, type_ in types.items())
                query = f"select {cast} from ({test.expected})"
            else:
                query = " union all ".join(
                    "select "
                    + ", ".join(
                        f'cast({literal(row.get(column))} as {type_}) as "{column}"' for column, type_ in types.items()
                    )
                    for row in test.expected
                )
            self.connection.execute(f"create table {name} as {query}")
            self._expected[key] = name
        return self._expected[key]


def literal(value: Any) -> str:
    """A value of a unit test as dbt writes it into SQL: text in quotes, anything else as it is."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
