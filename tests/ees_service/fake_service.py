"""A server on this machine that answers like the public API of Explore Education Statistics, with switches for faults.

`python -m tests.ees_service.fake_service FOLDER` serves a folder of pairs by hand; see `fake_data` for its layout.
"""

import copy
import csv
import gzip
import io
import json
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.ees_service import fake_query
from tests.ees_service.fake_data import FakeDataSet, FakeVersion, changes_between, read_folder, uuid_of

PREFIX = "/statistics/v1"
_TYPES = {
    "Filters": ("filters",),
    "Indicators": ("indicators",),
    "Locations": ("locations", "geographicLevels"),
    "TimePeriods": ("timePeriods",),
}


class _Refused(Exception):
    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def _refuse(status: int, title: str, **more: Any) -> _Refused:
    return _Refused(status, {"type": "about:blank", "title": title, "status": status} | more)


@dataclass
class Switches:
    """Faults to come. `only` is a part of the path that a fault keeps to."""

    fail_times: int = 0
    fail_status: int = 429
    retry_after: str | None = None
    fail_only: str = ""
    drop_times: int = 0
    drop_only: str = ""
    truncate_page: int | None = None
    repeat_row_on: int | None = None
    move_total_on: int | None = None
    values_as_numbers: bool = False
    change_label_after: int | None = None
    stall_on: str | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    guide_dialect: bool = False
    column_names_in_csv: bool = False
    spoil_row: Callable[[dict[str, Any]], object] | None = None
    csv_lines: list[list[str]] | None = None


@dataclass
class FakeService:
    """The service over a folder. `asked` lists every request; `stalled` is set once one hangs until `release`."""

    folder: Path
    switches: Switches = field(default_factory=Switches)
    asked: list[str] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.holdings = read_folder(self.folder)
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/statistics"

    def __enter__(self) -> "FakeService":
        threading.Thread(target=lambda: self.server.serve_forever(poll_interval=0.005), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def data_set(self, name: str) -> FakeDataSet:
        return self.holdings.named(name)

    # ---- endpoints

    def answer(self, method: str, path: str, given: Mapping[str, str], body: bytes) -> Any:
        """Return the JSON to send, or a pair of content type and bytes."""
        if not path.startswith(PREFIX):
            raise _refuse(404, "Not found")
        parts = [unquote(part) for part in path[len(PREFIX) :].strip("/").split("/")]
        match parts:
            case ["publications"] if method == "GET":
                return self._publications(given)
            case ["publications", publication] if method == "GET":
                _only(given, set())
                return self._publication(publication)
            case ["publications", publication, "data-sets"] if method == "GET":
                found = self._publication(publication)
                sets = [self._summary(s) for s in self.holdings.data_sets.values() if s.publication == found["slug"]]
                return _page(sorted(sets, key=lambda s: s["latestVersion"]["published"], reverse=True), given, 10, 20)
            case ["data-sets", data_set] if method == "GET":
                _only(given, set())
                return self._summary(self._data_set(data_set))
            case ["data-sets", data_set, "meta"] if method == "GET":
                return self._meta(self._data_set(data_set), given)
            case ["data-sets", data_set, "csv"] if method == "GET":
                _only(given, {"dataSetVersion"})
                return "text/csv", self._csv(self._version(self._data_set(data_set), given.get("dataSetVersion")))
            case ["data-sets", data_set, "versions"] if method == "GET":
                found = self._data_set(data_set)
                newest_first = sorted(found.versions, key=lambda v: v.number, reverse=True)
                return _page([_version_summary(found, version) for version in newest_first], given, 10, 20)
            case ["data-sets", data_set, "versions", version] if method == "GET":
                _only(given, set())
                found = self._data_set(data_set)
                return _version_summary(found, _named(found, version))
            case ["data-sets", data_set, "versions", version, "changes"] if method == "GET":
                _only(given, {"includePatchHistory"})
                return self._changes(self._data_set(data_set), version, given)
            case ["data-sets", data_set, "query"]:
                return self._query(method, self._data_set(data_set), given, body)
        raise _refuse(404, "Not found")

    def _publications(self, given: Mapping[str, str]) -> Any:
        _only(given, {"search", "page", "pageSize"})
        search = given.get("search")
        if search is not None and len(search) < 3:
            raise _Refused(400, _errors("search", "MinimumLength", "Must be 3 characters or more."))
        names = sorted({found.publication for found in self.holdings.data_sets.values()})
        found = [self._publication(uuid_of(name)) for name in names]
        hits = [entry for entry in found if not search or search.lower() in entry["title"].lower()]
        return _page(hits, {key: value for key, value in given.items() if key != "search"}, 20, 40)

    def _publication(self, publication: str) -> dict[str, Any]:
        for found in self.holdings.data_sets.values():
            if uuid_of(found.publication) == publication:
                title = found.publication.replace("-", " ").capitalize()
                return {
                    "id": publication,
                    "title": title,
                    "slug": found.publication,
                    "summary": f"Figures of {title}",
                    "lastPublished": found.newest.published,
                }
        raise _refuse(404, "Not found")

    def _data_set(self, data_set: str) -> FakeDataSet:
        if data_set not in self.holdings.data_sets:
            raise _refuse(404, "Not found")
        return self.holdings.data_sets[data_set]

    def _summary(self, found: FakeDataSet) -> dict[str, Any]:
        latest = _version_summary(found, found.newest)
        summary = {"id": found.id, "title": found.name, "summary": f"About {found.name}", "status": found.status}
        if found.superseded_by:
            summary["supersedingDataSetId"] = found.superseded_by
        for name in ("type", "status", "notes", "release"):
            latest.pop(name)
        return summary | {"latestVersion": latest}

    def _version(self, found: FakeDataSet, text: str | None) -> FakeVersion:
        """The version that `dataSetVersion` means, open to queries."""
        version = _named(found, text or "*")
        if version.status not in ("Published", "Deprecated"):
            raise _refuse(403, "Forbidden", detail=f"Version {version.version} cannot be queried")
        return version

    def _meta(self, found: FakeDataSet, given: Mapping[str, str]) -> dict[str, Any]:
        _only(given, {"dataSetVersion", "types"})
        types = given["types"].split(",") if given.get("types") else list(_TYPES)
        for number, name in enumerate(types):
            if name not in _TYPES:
                raise _Refused(400, _errors(f"types[{number}]", "AllowedValue", "Must be one of the allowed values."))
        meta = copy.deepcopy(self._version(found, given.get("dataSetVersion")).meta)
        if self.switches.guide_dialect:
            _as_the_guide_prints_it(meta)
        return {key: meta[key] for name in types for key in _TYPES[name]}

    def _csv(self, version: FakeVersion) -> bytes:
        labels = {entry["column"]: entry["label"] for entry in version.meta["filters"] + version.meta["indicators"]}
        header = version.header
        if not self.switches.column_names_in_csv:
            header = [labels.get(name, name) for name in header]
        written = io.StringIO(newline="")
        writer = csv.writer(written)
        writer.writerow(header)
        writer.writerows(version.lines if self.switches.csv_lines is None else self.switches.csv_lines)
        return written.getvalue().encode("utf-8-sig")

    def _changes(self, found: FakeDataSet, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        version = _named(found, text)
        order = sorted(found.versions, key=lambda v: v.number)
        place = order.index(version)
        before = order[place - 1] if place else None
        changes = changes_between(before, version)
        if given.get("includePatchHistory") == "true":
            changes["patchHistory"] = []
        return changes

    def _query(self, method: str, found: FakeDataSet, given: Mapping[str, str], body: bytes) -> Any:
        version = self._version(found, given.get("dataSetVersion"))
        rest = {key: value for key, value in given.items() if key != "dataSetVersion"}
        if method == "GET":
            asked = fake_query.from_query_string(rest)
        else:
            _only(rest, set())
            asked = fake_query.from_body(_body(body))
        status, answer = (400, fake_query.problem(asked.errors)) if asked.errors else fake_query.answer(version, asked)
        if status != 200:
            raise _Refused(status, answer)
        return self._spoilt(version, asked.page, copy.deepcopy(answer))

    def _spoilt(self, version: FakeVersion, page: int, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer with the faults that are switched on."""
        switches, results = self.switches, answer["results"]
        answer["warnings"] += switches.warnings
        if switches.truncate_page == page:
            del results[-1:]
        if switches.repeat_row_on == page:
            results[-1] = copy.deepcopy(results[0])
        if switches.move_total_on == page:
            answer["paging"]["totalResults"] += 1
        if switches.values_as_numbers:
            for row in results:
                row["values"] = {key: _number(value) for key, value in row["values"].items()}
        for row in results if switches.spoil_row else ():
            switches.spoil_row(row)
        if switches.change_label_after == page:
            version.meta["filters"][0]["options"][0]["label"] += " (revised)"
        return answer


def _body(content: bytes) -> Any:
    if not content:
        return {}
    try:
        return json.loads(content)
    except ValueError:
        raise _Refused(400, _errors("", "InvalidValue", "Is no JSON.")) from None


def _number(value: str) -> Any:
    try:
        return float(value)
    except ValueError:
        return value


def _as_the_guide_prints_it(meta: dict[str, Any]) -> None:
    """The dialect of the printed guide: `name` for `label`, and `isAggregate` on options."""
    for entry in meta["filters"]:
        for option in entry["options"]:
            option["isAggregate"] = option["label"].startswith("Total")
    groups = [*meta["filters"], *meta["locations"]]
    for entry in [*meta["filters"], *meta["indicators"], *(o for group in groups for o in group["options"])]:
        entry["name"] = entry.pop("label")


def _named(found: FakeDataSet, text: str) -> FakeVersion:
    """The version of an exact number, or the newest published one of a wildcard; nonsense is not found."""
    parts = text.removeprefix("v").split(".")
    fixed = parts[: parts.index("*")] if "*" in parts else parts
    is_wild = "*" in parts
    well_formed = all(re.fullmatch(r"\d+", part) for part in fixed) and len(parts) <= 3
    if not well_formed or (is_wild and any(part != "*" for part in parts[len(fixed) :])) or not parts[0]:
        raise _refuse(404, "Not found")
    number = tuple(int(part) for part in fixed)
    if is_wild:
        hits = [v for v in found.versions if v.status == "Published" and v.number[: len(number)] == number]
    else:
        hits = [v for v in found.versions if v.number == (*number, 0, 0)[:3]]
    if not hits:
        raise _refuse(404, "Not found")
    return max(hits, key=lambda version: version.number)


def _version_summary(found: FakeDataSet, version: FakeVersion) -> dict[str, Any]:
    periods = [entry["label"] for entry in version.meta["timePeriods"]]
    order = sorted(found.versions, key=lambda v: v.number)
    before = order[order.index(version) - 1] if order.index(version) else None
    is_major = before is None or bool(changes_between(before, version)["majorChanges"])
    return {
        "version": version.version,
        "type": "Major" if is_major else "Minor",
        "status": version.status,
        "published": version.published,
        "notes": "",
        "release": {"title": f"Release of {version.version}", "slug": version.version},
        "totalResults": len(version.lines),
        "file": {"id": uuid_of(found.id, version.version)},
        "timePeriods": {"start": min(periods), "end": max(periods)},
        "geographicLevels": [entry["label"] for entry in version.meta["geographicLevels"]],
        "filters": [entry["label"] for entry in version.meta["filters"]],
        "indicators": [entry["label"] for entry in version.meta["indicators"]],
    }


def _errors(path: str, code: str, message: str) -> dict[str, Any]:
    return fake_query.problem([{"message": message, "path": path, "code": code}])


def _only(given: Mapping[str, str], known: set[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise _Refused(400, _errors(unknown[0], "UnknownField", "Must not be an unknown field."))


def _page(entries: list[Any], given: Mapping[str, str], size: int, largest: int) -> dict[str, Any]:
    _only(given, {"page", "pageSize"})
    for name in given:
        if not re.fullmatch(r"-?\d+", given[name]):
            raise _Refused(400, _errors(name, "InvalidValue", "Must be a whole number."))
    page, size = int(given.get("page", 1)), int(given.get("pageSize", size))
    if page < 1:
        raise _Refused(400, _errors("page", "GreaterThanOrEqual", "Must be greater than or equal to 1."))
    if not 1 <= size <= largest:
        raise _Refused(400, _errors("pageSize", "InclusiveBetween", f"Must be between 1 and {largest}."))
    pages = int((len(entries) - 1) / size) + 1
    paging = {"page": page, "pageSize": size, "totalResults": len(entries), "totalPages": pages}
    return {"paging": paging, "results": entries[(page - 1) * size : page * size]}


def _handler(service: FakeService) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: in two, each answer would wait for the client's delayed acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests look at `asked`."""

        def _serve(self, method: str) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            switches = service.switches
            with service.lock:
                page = re.search(rb'"page": ?(\d+)', body)
                service.asked.append(f"{method} {url.path}" + (f" page {page[1].decode()}" if page else ""))
                here = service.asked[-1]
                fails = switches.fail_times > 0 and switches.fail_only in here
                drops = not fails and switches.drop_times > 0 and switches.drop_only in here
                switches.fail_times -= fails
                switches.drop_times -= drops
            if switches.stall_on is not None and switches.stall_on in here:
                service.stalled.set()
                service.release.wait()
            if fails:
                headers = {"Retry-After": switches.retry_after} if switches.retry_after else {}
                self._send(switches.fail_status, {"title": "Busy", "status": switches.fail_status}, headers)
                return
            try:
                with service.lock:
                    answer = service.answer(method, url.path, dict(parse_qsl(url.query, keep_blank_values=True)), body)
            except _Refused as refused:
                self._send(refused.status, refused.body)
                return
            self._send(200, answer, breaks_off=drops)

        def _send(
            self, status: int, answer: Any, headers: Mapping[str, str] | None = None, *, breaks_off: bool = False
        ) -> None:
            kind, content = answer if isinstance(answer, tuple) else ("application/json", json.dumps(answer).encode())
            if status >= 400:
                kind = "application/problem+json"
            packed = "gzip" in self.headers.get("Accept-Encoding", "")
            content = gzip.compress(content) if packed else content
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(content[: len(content) // 2] if breaks_off else content)
            except OSError:
                breaks_off = True
            self.close_connection = self.close_connection or breaks_off

    return Handler


if __name__ == "__main__":
    with FakeService(Path(sys.argv[1])) as running:
        print(running.url)
        for known in running.holdings.data_sets.values():
            print(known.name, known.id, [version.version for version in known.versions])
        threading.Event().wait()
