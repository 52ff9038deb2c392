"""The dbt project as text: its models, macros and unit tests, and a model's SQL made without starting dbt.

dbt takes seconds to start and a mutant must take milliseconds. Only what our models use of dbt's Jinja is here: ref,
source, config, graph.sources, return, adapter.dispatch and our own macros. Every run first shows that the SQL made here
passes every unit test and, on the real figures, gives the very tables that dbt built.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import jinja2

Relation = tuple[str, ...]  # ("ref", name) or ("source", source, table)
Rows = list[dict[str, Any]] | str  # a text is a query that gives them
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)")
_WHOLE_MACRO = re.compile(_MACRO.pattern + r".*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)  # a materialization is none
_INPUT = re.compile(r"""^(ref|source)\(\s*['"](\w+)['"](?:\s*,\s*['"](\w+)['"])?\s*\)$""")


@dataclass(frozen=True)
class UnitTest:
    """A unit test as dbt's manifest holds it: rows of each input, the rows expected and what macros give instead."""

    name: str
    model: str
    given: tuple[tuple[Relation, Rows], ...]
    expected: Rows
    macros: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataTest:
    """A dbt data test that refuses a publication, of those kinds that need one table: kind and its arguments."""

    name: str
    model: str
    kind: str
    arguments: Mapping[str, Any]


class _Dbt:
    """The macros of dbt itself that our models call, as its DuckDB adapter writes them."""

    def dateadd(self, part: str, number: str, date: str) -> str:
        return f"({date} + ((interval '1 {part}') * ({number})))"

    def datediff(self, first: str, second: str, part: str) -> str:
        return f"(date_diff('{part}', {first}::timestamp, {second}::timestamp))"


class _Absent(jinja2.StrictUndefined):
    """What is not there: a condition may ask for it, as in dbt, and nothing else."""

    __bool__ = jinja2.Undefined.__bool__


class _Return(Exception):
    """No error: how a macro hands back something else than text."""


class _Macro:
    """One macro of the project, which may return any value and which a unit test may replace."""

    def __init__(self, name: str, template: jinja2.Template, replaced: Mapping[str, Any]) -> None:
        self._name, self._template, self._replaced = name, template, replaced

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self._name in self._replaced:
            return self._replaced[self._name]
        try:
            return self._template.module.body(*arguments, **named)
        except _Return as returned:
            return returned.args[0]


def _return(value: Any) -> None:
    raise _Return(value)


class Macros:
    """The macros of the project, from the text of their files, which may hold a fault, and what sources declare."""

    def __init__(self, files: Mapping[str, str], sources: Mapping[str, Any] | None = None) -> None:
        self._relation: Callable[[Relation], str] = lambda relation: ".".join(relation)
        self._replaced: dict[str, Any] = {}
        self._environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=_Absent, autoescape=False)
        self._environment.globals.update(
            ref=lambda name: self._relation(("ref", name)),
            source=lambda source, table: self._relation(("source", source, table)),
            config=lambda **_: "",
            adapter=self,
            dbt=_Dbt(),
            execute=True,
            graph={"sources": sources or {}},
        )
        self._environment.globals["return"] = _return
        # Each is a template of its own, so that one macro finds another where a unit test may have replaced it.
        # It is called `body` there: Jinja exports no name that begins with an underscore.
        self._named = {
            match.group(1): _Macro(
                match.group(1),
                self._environment.from_string(
                    text[match.start() : match.start(1)] + "body" + text[match.end(1) : match.end()]
                ),
                self._replaced,
            )
            for text in files.values()
            for match in _WHOLE_MACRO.finditer(text)
        }
        self._environment.globals.update(self._named)
        self._templates: dict[str, jinja2.Template] = {}

    def dispatch(self, name: str) -> Callable[..., str]:
        """What dbt's adapter.dispatch does on DuckDB."""
        return self._named.get(f"duckdb__{name}") or self._named[f"default__{name}"]

    def sql(self, text: str, relation: Callable[[Relation], str], replaced: Mapping[str, Any] | None = None) -> str:
        """The SQL of a model, every input named by `relation`; a macro that is replaced gives the value named."""
        self._relation = relation
        self._replaced.clear()
        self._replaced.update(replaced or {})
        if text not in self._templates:
            self._templates[text] = self._environment.from_string(text)
        return self._templates[text].render()


@dataclass
class SqlProject:
    """Texts by model, where each model stands, macro files by path, the tests, and where dbt puts each relation."""

    models: dict[str, str]
    files: dict[str, str]  # model -> path inside the project
    macro_files: dict[str, str]
    unit_tests: list[UnitTest]
    data_tests: list[DataTest]
    tables: dict[Relation, str]  # quoted name in the warehouse
    sources: dict[str, Any] = field(default_factory=dict)  # what is declared of each, for macros that read it
    macros: Macros = field(init=False)

    def __post_init__(self) -> None:
        self.macros = Macros(self.macro_files, self.sources)

    def __reduce__(self) -> tuple[Any, ...]:
        """What a worker is given: the texts; it makes macros of its own."""
        return SqlProject, (
            self.models, self.files, self.macro_files, self.unit_tests, self.data_tests, self.tables, self.sources
        )  # fmt: skip

    @property
    def inputs(self) -> dict[str, set[Relation]]:
        """The relations each model reads."""
        read: dict[str, set[Relation]] = {}
        for model, text in self.models.items():
            found: set[Relation] = set()

            def note(relation: Relation, found: set[Relation] = found) -> str:
                found.add(relation)
                return relation[-1]

            self.macros.sql(text, note)
            read[model] = found
        return read

    @property
    def order(self) -> list[str]:
        """The models, each after those it reads."""
        graph = {
            model: {name for kind, *_, name in read if kind == "ref" and name in self.models}
            for model, read in self.inputs.items()
        }
        return list(TopologicalSorter(graph).static_order())

    def with_fault(self, file: str, text: str) -> tuple[Macros, dict[str, str]]:
        """The macros and the texts of those models that a fault in one file changes."""
        if file in self.macro_files:
            macros = Macros({**self.macro_files, file: text}, self.sources)
            names = self._macro_names(file)
            # A test that replaces macros may give the fault what the project's own declarations do not.
            with_replaced = {test.model for test in self.unit_tests if test.macros}
            changed = {
                model: own
                for model, own in self.models.items()
                if names.search(own)
                and (macros.sql(own, "_".join) != self.macros.sql(own, "_".join) or model in with_replaced)
            }
            return macros, changed
        model = next(name for name, path in self.files.items() if path == file)
        return self.macros, {model: text}

    def _macro_names(self, file: str) -> re.Pattern[str]:
        """The macros of a file and, since macros call macros, those of all files that name one of them."""
        names = set(_MACRO.findall(self.macro_files[file]))
        while True:
            calls = re.compile(r"\b(" + "|".join(map(re.escape, names)) + r")\b")
            more = {
                name for text in self.macro_files.values() if calls.search(text) for name in _MACRO.findall(text)
            } | {name.removeprefix("duckdb__") for name in names}
            if more <= names:
                return calls
            names |= more


def read_project(root: Path, manifest_file: Path) -> SqlProject:
    """Read the project from its files and, for the tests and relation names, dbt's manifest of the same files."""
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    nodes = manifest["nodes"].values()
    models = {node["name"]: node for node in nodes if node["resource_type"] == "model"}
    tables: dict[Relation, str] = {
        ("ref", node["name"]): node["relation_name"] for node in nodes if node["resource_type"] in {"model", "seed"}
    }
    for node in manifest["sources"].values():
        tables["source", node["source_name"], node["name"]] = node["relation_name"]
    paths = {name: f"dbt/{node['original_file_path']}" for name, node in models.items()}
    macro_paths = sorted((root / "dbt" / "macros").rglob("*.sql"))
    return SqlProject(
        models={name: (root / path).read_text(encoding="utf-8") for name, path in paths.items()},
        files=paths,
        macro_files={path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in macro_paths},
        unit_tests=[_unit_test(test) for test in manifest["unit_tests"].values()],
        data_tests=[test for node in nodes if (test := _data_test(node, models)) is not None],
        tables=tables,
        sources={
            name: {"source_name": node["source_name"], "name": node["name"], "config": node["config"]}
            for name, node in manifest["sources"].items()
        },
    )


def _unit_test(test: Mapping[str, Any]) -> UnitTest:
    overrides = test["overrides"] or {}
    if overrides.get("vars") or overrides.get("env_vars"):
        raise ValueError(f"unit test {test['name']}: of overrides, only macros are read here")
    return UnitTest(
        name=test["name"],
        model=test["model"],
        given=tuple((_relation(given["input"]), given["rows"]) for given in test["given"]),
        expected=test["expect"]["rows"],
        macros=overrides.get("macros") or {},
    )


def _relation(text: str) -> Relation:
    match = _INPUT.match(text.strip())
    if match is None:
        raise ValueError(f"input of a unit test is neither ref nor source: {text}")
    return tuple(part for part in match.groups() if part)


def _data_test(node: Mapping[str, Any], models: Mapping[str, Any]) -> DataTest | None:
    declared = node.get("test_metadata")
    if node["resource_type"] != "test" or not declared or node["config"]["severity"].lower() != "error":
        return None
    model = (node.get("attached_node") or "").rpartition(".")[2]
    if model not in models or declared["name"] not in {"grain_is_unique", "unique", "not_null", "accepted_values"}:
        return None
    return DataTest(node["name"], model, declared["name"], declared["kwargs"])
