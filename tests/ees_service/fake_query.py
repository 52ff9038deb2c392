"""Queries of the fake service: bodies and query strings checked with the service's codes, and rows chosen by them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dagster_project.sources.tidy_vocabulary import IDENTIFIERS, LEVELS
from tests.ees_service.fake_data import FakeVersion

Row = Mapping[str, Any]
LEVEL_CODES = {level.code for level in LEVELS}
_KINDS = {identifier.code: identifier for identifier in IDENTIFIERS}
_SETS = ("eq", "notEq", "in", "notIn")
_ORDERS = ("gt", "gte", "lt", "lte")
_FACETS = ("filters", "geographicLevels", "locations", "timePeriods")
_LOCATION_KEYS = {
    "LA": ("id", "code", "oldCode"),
    "SCH": ("id", "urn", "laEstab"),
    "PROV": ("id", "ukprn"),
    "RSC": ("id",),
}
_LONGEST = {"id": 10, "code": 30, "oldCode": 20, "urn": 20, "laEstab": 20, "ukprn": 20}
MAX_PAGE_SIZE = 10_000


@dataclass
class Asked:
    """A question as understood. `errors` make it a 400; `unknown` make warnings by their code."""

    criteria: Any = None
    indicators: list[str] | None = None
    sorts: list[tuple[str, str]] = field(default_factory=list)
    debug: bool = False
    page: int = 1
    page_size: int = 1000
    errors: list[dict[str, Any]] = field(default_factory=list)
    unknown: dict[str, list[Any]] = field(default_factory=dict)

    def wrong(self, path: str, code: str, message: str, **detail: Any) -> None:
        self.errors.append({"message": message, "path": path, "code": code} | ({"detail": detail} if detail else {}))


def from_body(body: Any) -> Asked:
    """Check a POST body."""
    asked = Asked()
    if not isinstance(body, dict):
        asked.wrong("", "NotEmptyBody", "A non-empty request body is required.")
        return asked
    for name in body.keys() - {"criteria", "indicators", "sorts", "debug", "page", "pageSize"}:
        asked.wrong(name, "UnknownField", "Must not be an unknown field.")
    if body.get("criteria") is not None:
        _check_criteria(asked, body["criteria"], "criteria")
        asked.criteria = body["criteria"]
    if body.get("indicators") is not None:
        asked.indicators = _texts(asked, body["indicators"], "indicators", 40)
    for number, sort in enumerate(_list(asked, body.get("sorts"), "sorts")):
        path = f"sorts[{number}]"
        if not isinstance(sort, dict):
            asked.wrong(path, "InvalidValue", "Must be an object.")
            continue
        for name in sort.keys() - {"field", "direction"}:
            asked.wrong(f"{path}.{name}", "UnknownField", "Must not be an unknown field.")
        for name in {"field", "direction"} - sort.keys():
            asked.wrong(f"{path}.{name}", "RequiredValue", "A value is required.")
        if {"field", "direction"} <= sort.keys():
            _check_sort(asked, sort["field"], sort["direction"], path)
    if not isinstance(body.get("debug", False), bool):
        asked.wrong("debug", "InvalidValue", "Must be a boolean.")
    asked.debug = body.get("debug") is True
    _check_paging(asked, body.get("page", 1), body.get("pageSize", 1000))
    return asked


def from_query_string(given: Mapping[str, str]) -> Asked:
    """Check the parameters of a GET, without `dataSetVersion`."""
    asked = Asked()
    facets: dict[str, dict[str, Any]] = {}
    page: Any = 1
    size: Any = 1000
    for name, text in given.items():
        facet, _, comparator = name.partition(".")
        if name == "indicators":
            asked.indicators = _texts(asked, text.split(",") if text else [], name, 40)
        elif name == "sorts":
            for number, sort in enumerate(text.split(",")):
                # The direction comes last: a field may hold the sign itself.
                column, sign, direction = sort.rpartition("|")
                if not sign:
                    asked.wrong(
                        f"sorts[{number}]", "SortFormat", "Must be a field and a direction: {field}|{direction}"
                    )
                else:
                    _check_sort(asked, column, direction, f"sorts[{number}]")
        elif name == "debug":
            if text.lower() not in ("true", "false"):
                asked.wrong("debug", "InvalidValue", "Must be a boolean.")
            asked.debug = text.lower() == "true"
        elif name == "page":
            page = int(text) if re.fullmatch(r"-?\d+", text) else text
        elif name == "pageSize":
            size = int(text) if re.fullmatch(r"-?\d+", text) else text
        elif facet in _FACETS and comparator in (_SETS + _ORDERS if facet == "timePeriods" else _SETS):
            facets.setdefault(facet, {})[comparator] = _from_text(asked, facet, comparator, text, name)
        else:
            asked.wrong(name, "UnknownField", "Must not be an unknown field.")
    _check_paging(asked, page, size)
    if facets and not asked.errors:
        _check_facets(asked, facets, "")
        asked.criteria = facets
    return asked


def _from_text(asked: Asked, facet: str, comparator: str, text: str, path: str) -> Any:
    is_list = comparator in ("in", "notIn")
    parts = [part for part in text.split(",") if part] if is_list else [text]
    found: list[Any] = []
    for number, part in enumerate(parts):
        where = f"{path}[{number}]" if is_list else path
        pieces = part.split("|")
        if facet == "locations":
            if len(pieces) != 3:
                asked.wrong(where, "LocationFormat", "Must be a location: {level}|{property}|{value}")
            else:
                found.append({"level": pieces[0], pieces[1]: pieces[2]})
        elif facet == "timePeriods":
            if len(pieces) != 2:
                asked.wrong(where, "TimePeriodFormat", "Must be a time period: {period}|{code}")
            else:
                found.append({"period": pieces[0], "code": pieces[1]})
        else:
            found.append(part)
    return found if is_list else (found[0] if found else None)


def _check_paging(asked: Asked, page: Any, size: Any) -> None:
    for name, value in (("page", page), ("pageSize", size)):
        if not isinstance(value, int) or isinstance(value, bool):
            asked.wrong(name, "InvalidValue", "Must be a whole number.")
            return
    if page < 1:
        asked.wrong("page", "GreaterThanOrEqual", "Must be greater than or equal to 1.", comparisonValue=1)
    if not 1 <= size <= MAX_PAGE_SIZE:
        asked.wrong("pageSize", "InclusiveBetween", "Must be between 1 and 10000.")
    asked.page, asked.page_size = page, size


def _check_sort(asked: Asked, column: Any, direction: Any, path: str) -> None:
    if not isinstance(column, str) or not column.strip():
        asked.wrong(f"{path}.field", "SortFieldNotEmpty", "The sort field must not be empty.")
    elif len(column) > 40:
        asked.wrong(f"{path}.field", "SortFieldMaxLength", "The sort field must be 40 characters or fewer.")
    if direction not in ("Asc", "Desc"):
        asked.wrong(f"{path}.direction", "SortDirection", "Must be one of Asc, Desc.")
    asked.sorts.append((str(column), str(direction)))


def _list(asked: Asked, value: Any, path: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        asked.wrong(path, "InvalidValue", "Must be a list.")
        return []
    if not value:
        asked.wrong(path, "NotEmpty", "Must not be empty.")
    return value


def _texts(asked: Asked, value: Any, path: str, longest: int) -> list[str]:
    found = _list(asked, value, path) if value != [] else []
    if value == []:
        asked.wrong(path, "NotEmpty", "Must not be empty.")
    for number, text in enumerate(found):
        _check_text(asked, text, f"{path}[{number}]", longest)
    return [str(text) for text in found]


def _check_text(asked: Asked, text: Any, path: str, longest: int) -> None:
    if not isinstance(text, str):
        asked.wrong(path, "InvalidValue", "Must be a string.")
    elif not text.strip():
        asked.wrong(path, "NotEmpty", "Must not be empty.")
    elif len(text) > longest:
        asked.wrong(path, "MaximumLength", f"Must be {longest} characters or fewer.", maxLength=longest)


def _check_criteria(asked: Asked, criteria: Any, path: str) -> None:
    if not isinstance(criteria, dict):
        asked.wrong(path, "InvalidValue", "Must be an object.")
        return
    wholes = [name for name in ("and", "or", "not") if name in criteria]
    if not wholes:
        _check_facets(asked, criteria, f"{path}.")
        return
    for name in criteria.keys() - {wholes[0]}:
        asked.wrong(f"{path}.{name}", "UnknownField", "Must not be an unknown field.")
    inner = criteria[wholes[0]]
    if wholes[0] == "not":
        _check_criteria(asked, inner, f"{path}.not")
        return
    for number, part in enumerate(_list(asked, inner, f"{path}.{wholes[0]}")):
        _check_criteria(asked, part, f"{path}.{wholes[0]}[{number}]")


def _check_facets(asked: Asked, facets: Mapping[str, Any], prefix: str) -> None:
    checks: dict[str, Callable[[Asked, Any, str], None]] = {
        "filters": lambda a, value, path: _check_text(a, value, path, 10),
        "geographicLevels": _check_level,
        "locations": _check_location,
        "timePeriods": _check_period,
    }
    for facet, comparators in facets.items():
        path = prefix + facet
        if facet not in _FACETS:
            asked.wrong(path, "UnknownField", "Must not be an unknown field.")
            continue
        if not isinstance(comparators, dict):
            asked.wrong(path, "InvalidValue", "Must be an object.")
            continue
        for comparator, value in comparators.items():
            where = f"{path}.{comparator}"
            if comparator not in (_SETS + _ORDERS if facet == "timePeriods" else _SETS):
                asked.wrong(where, "UnknownField", "Must not be an unknown field.")
            elif comparator in ("in", "notIn"):
                for number, item in enumerate(_list(asked, value, where) if value is not None else []):
                    checks[facet](asked, item, f"{where}[{number}]")
            else:
                checks[facet](asked, value, where)


def _check_level(asked: Asked, value: Any, path: str) -> None:
    if value not in LEVEL_CODES:
        asked.wrong(path, "AllowedValue", "Must be one of the allowed values.", value=value)


def _check_location(asked: Asked, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        asked.wrong(path, "InvalidValue", "Must be an object.")
        return
    if "level" not in value:
        asked.wrong(f"{path}.level", "RequiredValue", "A value is required.")
        return
    level = value["level"]
    if level not in LEVEL_CODES:
        asked.wrong(f"{path}.level", "LocationAllowedLevel", "Must be one of the allowed levels.", value=level)
        return
    keys = [key for key in value if key != "level"]
    if not keys:
        asked.wrong(path, "RequiredValue", "A value is required.")
    for key in keys:
        if key not in _LOCATION_KEYS.get(level, ("id", "code")):
            asked.wrong(path, "LocationAllowedProperty", f"{key} is no property of level {level}.", value=key)
        elif not isinstance(value[key], str) or not value[key].strip():
            asked.wrong(f"{path}.{key}", "LocationValueNotEmpty", "The location value must not be empty.")
        elif len(value[key]) > _LONGEST[key]:
            asked.wrong(f"{path}.{key}", "LocationValueMaxLength", f"Must be {_LONGEST[key]} characters or fewer.")


def _check_period(asked: Asked, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        asked.wrong(path, "InvalidValue", "Must be an object.")
        return
    for name in value.keys() - {"period", "code"}:
        asked.wrong(f"{path}.{name}", "UnknownField", "Must not be an unknown field.")
    for name in {"period", "code"} - value.keys():
        asked.wrong(f"{path}.{name}", "RequiredValue", "A value is required.")
    if not {"period", "code"} <= value.keys():
        return
    kind = _KINDS.get(value["code"])
    if kind is None:
        asked.wrong(f"{path}.code", "TimePeriodAllowedCode", "Must be one of the allowed codes.", value=value["code"])
        return
    found = re.fullmatch(r"(\d{4})(?:/(\d{4}))?", str(value["period"]))
    if found is None:
        asked.wrong(f"{path}.period", "TimePeriodInvalidYear", "Must be a year, or two: 2020 or 2020/2021.")
    elif found[2] and (kind.digits == 4 or int(found[2]) != int(found[1]) + 1):
        asked.wrong(f"{path}.period", "TimePeriodInvalidYearRange", "Must be two years that follow, if a range at all.")


def answer(version: FakeVersion, asked: Asked) -> tuple[int, dict[str, Any]]:
    """Return the status and the body: a page of results, or what was not found."""
    indicators = {entry["id"] for entry in version.meta["indicators"]}
    missing = [name for name in asked.indicators or [] if name not in indicators]
    if missing:
        asked.wrong("indicators", "IndicatorsNotFound", "One or more indicators could not be found.", items=missing)
    fields = {"timePeriod", "geographicLevel"}
    fields |= {f"location|{group['level']['code']}" for group in version.meta["locations"]}
    fields |= {f"filter|{entry['id']}" for entry in version.meta["filters"]} | {f"indicator|{i}" for i in indicators}
    lost = [name for name, _ in asked.sorts if name not in fields]
    if lost:
        asked.wrong("sorts", "SortFieldsNotFound", "One or more sort fields could not be found.", items=lost)
    if asked.errors:
        return 400, problem(asked.errors)
    rows = [row for row in version.rows if asked.criteria is None or _holds(version, asked, asked.criteria, row)]
    _note_unknown(version, asked, asked.criteria)
    for name, direction in reversed(asked.sorts or [("timePeriod", "Desc")]):
        rows.sort(key=_sort_key(name), reverse=direction == "Desc")
    start = (asked.page - 1) * asked.page_size
    results = [_only(row, asked.indicators) for row in rows[start : start + asked.page_size]]
    warnings = [
        {
            "message": f"{code}: one or more could not be found.",
            "path": "criteria",
            "code": code,
            "detail": {"items": items},
        }
        for code, items in asked.unknown.items()
    ]
    if not rows:
        warnings.append({"message": "No results matched the query.", "path": "", "code": "QueryNoResults"})
    if asked.debug:
        warnings.append(
            {"message": "Debug is on: do not use it in production.", "path": "debug", "code": "DebugEnabled"}
        )
    paging = {
        "page": asked.page,
        "pageSize": asked.page_size,
        "totalResults": len(rows),
        "totalPages": int((len(rows) - 1) / asked.page_size) + 1,
    }
    return 200, {"paging": paging, "warnings": warnings, "results": results}


def problem(errors: list[dict[str, Any]]) -> dict[str, Any]:
    title = "One or more validation errors occurred."
    return {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": title,
        "status": 400,
        "errors": errors,
    }


def _only(row: Row, indicators: list[str] | None) -> dict[str, Any]:
    values = {key: value for key, value in row["values"].items() if indicators is None or key in indicators}
    return dict(row) | {"values": values}


def _sort_key(name: str) -> Callable[[Row], Any]:
    kind, _, which = name.partition("|")
    if kind == "timePeriod":
        return lambda row: (row["timePeriod"]["period"], row["timePeriod"]["code"])
    if kind == "geographicLevel":
        return lambda row: row["geographicLevel"]
    inside = {"location": "locations", "filter": "filters", "indicator": "values"}[kind]
    return lambda row: row[inside].get(which, "")


def _holds(version: FakeVersion, asked: Asked, criteria: Mapping[str, Any], row: Row) -> bool:
    if "and" in criteria:
        return all(_holds(version, asked, part, row) for part in criteria["and"])
    if "or" in criteria:
        return any(_holds(version, asked, part, row) for part in criteria["or"])
    if "not" in criteria:
        return not _holds(version, asked, criteria["not"], row)
    return all(
        _compares(version, facet, comparator, value, row)
        for facet, comparators in criteria.items()
        for comparator, value in comparators.items()
        if value is not None
    )


def _compares(version: FakeVersion, facet: str, comparator: str, value: Any, row: Row) -> bool:
    if comparator in _ORDERS:
        if row["timePeriod"]["code"] != value["code"]:
            return False
        here, there = row["timePeriod"]["period"][:4], value["period"][:4]
        return {"gt": here > there, "gte": here >= there, "lt": here < there, "lte": here <= there}[comparator]
    wanted = value if comparator in ("in", "notIn") else [value]
    found = any(_is(version, facet, item, row) for item in wanted)
    return found if comparator in ("eq", "in") else not found


def _is(version: FakeVersion, facet: str, item: Any, row: Row) -> bool:
    if facet == "filters":
        return item in row["filters"].values()
    if facet == "geographicLevels":
        return bool(row["geographicLevel"] == item)
    if facet == "timePeriods":
        return bool(row["timePeriod"] == _full_period(item))
    return any(row["locations"].get(item["level"]) == place for place in _place_ids(version, item))


def _full_period(item: Mapping[str, str]) -> dict[str, str]:
    year = item["period"][:4]
    is_long = _KINDS[item["code"]].digits == 6
    return {"code": item["code"], "period": f"{year}/{int(year) + 1}" if is_long else year}


def _place_ids(version: FakeVersion, item: Mapping[str, str]) -> list[str]:
    key = next(name for name in item if name != "level")
    return [
        option["id"]
        for group in version.meta["locations"]
        if group["level"]["code"] == item["level"]
        for option in group["options"]
        if item[key] == option[key] or item[key] in option[key].split(" / ")
    ]


def _note_unknown(version: FakeVersion, asked: Asked, criteria: Any) -> None:
    for facet, item in _items(criteria):
        if facet == "filters":
            known = any(item == option["id"] for entry in version.meta["filters"] for option in entry["options"])
        elif facet == "geographicLevels":
            known = item in {level["code"] for level in version.meta["geographicLevels"]}
        elif facet == "locations":
            known = bool(_place_ids(version, item))
        else:
            full = _full_period(item)
            known = any(full == {"code": p["code"], "period": p["period"]} for p in version.meta["timePeriods"])
        if not known:
            code = f"{facet[0].upper()}{facet[1:]}NotFound"
            asked.unknown.setdefault(code, []).append(item)


def _items(criteria: Any) -> Iterator[tuple[str, Any]]:
    if not criteria:
        return
    for name in ("and", "or"):
        for part in criteria.get(name, ()):
            yield from _items(part)
    yield from _items(criteria.get("not"))
    for facet in _FACETS:
        for value in criteria.get(facet, {}).values():
            for item in value if isinstance(value, list) else [value]:
                if item is not None:
                    yield facet, item
