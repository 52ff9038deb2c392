"""Talking to the service: one request at a time, patient with a busy one, and clear about what it refuses."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from urllib3.exceptions import MaxRetryError, ProtocolError
from urllib3.util.retry import Retry

TRIES = 5
TIMEOUT_SECONDS = 35.0
BACKOFF_SECONDS = 1.0
_AGAIN = frozenset({429, 500, 502, 503, 504})
_LONGEST_WAIT_SECONDS = 60.0
# A wait that the service asks for is kept in full; one beyond this is left to a later run instead.
_LONGEST_RETRY_AFTER_SECONDS = 600.0
_VERSIONS_A_PAGE = 20
_CHUNK = 1 << 20

_T = TypeVar("_T")


class ServiceError(Exception):
    """The service could not be asked or did not give what it should; `advice` says what to do about it.

    With `is_passing` the same request may well succeed later, so that what was fetched so far is worth keeping.
    """

    def __init__(self, message: str, advice: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.advice = advice
        self.is_passing = is_passing


class _Waits(Retry):
    """Waits between tries that double from the first one on, with up to as much again at random.

    urllib3's own waits begin with none, which is a second knock on a door that has just been shut.
    """

    def get_backoff_time(self) -> float:
        tries = len(self.history)
        wait = min(self.backoff_factor * 2 ** (tries - 1), self.backoff_max) if tries else 0.0
        return wait + random.random() * min(self.backoff_jitter, wait)


class _Again(Exception):
    """The answer broke off: worth another try."""


@dataclass(frozen=True)
class EesClient:
    """The endpoints that fetching needs. `backoff_seconds` and `timeout_seconds` are for tests to shorten.

    Every method raises `ServiceError`.
    """

    service: str
    announce: Callable[[str], None] = lambda step: None
    backoff_seconds: float = BACKOFF_SECONDS
    timeout_seconds: float = TIMEOUT_SECONDS
    session: requests.Session = field(default_factory=requests.Session)

    def data_set(self, data_set_id: str) -> Mapping[str, Any]:
        """Return the data set: title, status, latest version."""
        return self._object("GET", _path(data_set_id))

    def versions(self, data_set_id: str) -> tuple[Mapping[str, Any], ...]:
        """Return every version, newest first, from as many pages as there are."""
        found: list[Mapping[str, Any]] = []
        page = 1
        while True:
            answer = self._object("GET", _path(data_set_id, "versions"), {"page": page, "pageSize": _VERSIONS_A_PAGE})
            results, total = page_of(answer)
            found += results
            # totalPages is 1 when there is nothing, so it is the count and an empty page that end the list.
            if not results or len(found) >= total:
                return tuple(found)
            page += 1

    def changes(self, data_set_id: str, version: str) -> Mapping[str, Any]:
        """Return what `version` changed against the one before it."""
        return self._object("GET", _path(data_set_id, "versions", version, "changes"))

    def meta(self, data_set_id: str, version: str) -> Mapping[str, Any]:
        """Return the metadata of a version: filters, indicators, places and periods."""
        return self._object("GET", _path(data_set_id, "meta"), {"dataSetVersion": version})

    def query(self, data_set_id: str, version: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one page of results."""
        return self._object("POST", _path(data_set_id, "query"), {"dataSetVersion": version}, body)

    def whole_csv(self, data_set_id: str, version: str, target: Path) -> None:
        """Write the whole data set, unpacked, to `target`; a try that breaks off starts again from nothing."""

        def save(response: requests.Response) -> None:
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind != "text/csv":
                raise ServiceError(
                    f"{_asked(response)} answered with {kind or 'no content type'} in place of text/csv",
                    "check `ees.service` in council.yml, and whether a proxy stands in between",
                )
            with target.open("wb") as file:
                for chunk in response.iter_content(_CHUNK):
                    file.write(chunk)

        self._send("GET", _path(data_set_id, "csv"), {"dataSetVersion": version}, None, save)

    def _object(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        return self._send(method, path, parameters or {}, body, _json_object)

    def _send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        read: Callable[[requests.Response], _T],
    ) -> _T:
        """Send until an answer is read in full, at most `TRIES` times.

        The body is read inside the loop: an adapter's own retries end with the headers, and a long answer breaks off
        later than that.
        """
        waits: Retry = _Waits(
            total=TRIES - 1,
            backoff_factor=self.backoff_seconds,
            backoff_jitter=self.backoff_seconds,
            backoff_max=_LONGEST_WAIT_SECONDS,
            status_forcelist=_AGAIN,
            allowed_methods={"GET", "POST"},
        )
        while True:
            response: requests.Response | None = None
            error: Exception | None = None
            try:
                response = self.session.request(
                    method,
                    self.service.rstrip("/") + path,
                    params=dict(parameters),
                    json=body,
                    timeout=self.timeout_seconds,
                    stream=True,
                    # A POST would come back as a GET; and an address that moved belongs into council.yml.
                    allow_redirects=False,
                    headers={"Accept-Encoding": "gzip", "User-Agent": "children-families-performance"},
                )
                if response.status_code == 200:
                    return read(response)
                if not waits.is_retry(method, response.status_code):
                    raise _refusal(response)
                reason = f"it answered {response.status_code}"
            except requests.exceptions.SSLError as e:
                raise ServiceError(
                    f"{self.service} shows a certificate that this machine does not trust ({e})",
                    "where a proxy opens connections, set REQUESTS_CA_BUNDLE to the file of its certificates",
                ) from e
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError, _Again) as e:
                error = e
                reason = "the connection broke off" if response is not None else "no connection came about"
                if isinstance(e, requests.Timeout):
                    reason = "it did not answer in time"
            except requests.exceptions.ContentDecodingError as e:
                error, reason = e, "the answer was damaged"
            except requests.RequestException as e:
                raise ServiceError(f"{self.service} cannot be asked ({e})", "check `ees.service` in council.yml") from e
            finally:
                if response is not None:
                    response.close()
            waits = self._next_try(waits, method, path, None if error else response, error, reason)

    def _next_try(
        self,
        waits: Retry,
        method: str,
        path: str,
        response: requests.Response | None,
        error: Exception | None,
        reason: str,
    ) -> Retry:
        """Wait as long as it takes before the next try.

        Raises:
            ServiceError: If that was the last one, or the service asks for a wait that is too long to sit through.
        """
        where = f"{method} {self.service.rstrip('/')}{path}"
        raw = response.raw if response is not None else None
        try:
            waits = waits.increment(method, path, response=raw, error=ProtocolError(str(error)) if error else None)
        except MaxRetryError:
            raise ServiceError(
                f"{where}: tried {TRIES} times, the last time {reason}",
                "run again later; check the connection to the service if it goes on",
                is_passing=True,
            ) from error
        asked = _retry_after(waits, raw)
        if asked > _LONGEST_RETRY_AFTER_SECONDS:
            raise ServiceError(
                f"{where}: {reason} and asks to wait {asked:.0f} s",
                "run again after that time; what is fetched so far is kept",
                is_passing=True,
            )
        wait = asked or waits.get_backoff_time()
        self.announce(f"{reason[0].upper()}{reason[1:]}: try {len(waits.history) + 1} of {TRIES} in {wait:.1f} s")
        time.sleep(wait)
        return waits


def _retry_after(waits: Retry, raw: Any) -> float:
    try:
        return (waits.get_retry_after(raw) if raw is not None else None) or 0.0
    except Exception:
        # urllib3 raises on a header that is neither seconds nor a date; the usual wait then does.
        return 0.0


def page_of(answer: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int]:
    """Return the results of a page and the count of all results.

    Raises:
        ServiceError: If the answer is no page.
    """
    results, paging = answer.get("results"), answer.get("paging")
    total = paging.get("totalResults") if isinstance(paging, dict) else None
    if not isinstance(results, list) or not isinstance(total, int) or not all(isinstance(x, dict) for x in results):
        raise ServiceError(
            "the service gave a page without `results` or without `paging.totalResults`",
            "check `ees.service` in council.yml: this is not version 1 of the API",
        )
    return results, total


def _path(data_set_id: str, *parts: str) -> str:
    return "/".join(("/v1/data-sets", *(quote(part, safe="") for part in (data_set_id, *parts))))


def _asked(response: requests.Response) -> str:
    return f"{response.request.method} {response.url}"


def _json_object(response: requests.Response) -> Mapping[str, Any]:
    content = response.content
    try:
        found = json.loads(content)
    except ValueError:
        kind = response.headers.get("Content-Type", "")
        if "json" in kind:
            # It says that it is JSON and is none: it was cut off on the way.
            raise _Again("the answer is no complete JSON") from None
        found = None
    if not isinstance(found, dict):
        raise ServiceError(
            f"{_asked(response)} answered with something that is no JSON object",
            "check `ees.service` in council.yml, and whether a proxy stands in between",
        )
    return found


_ADVICE = {
    400: "the service does not accept what is asked: check `id` and `version` under `ees.data_sets` in council.yml",
    403: "the version is not open to queries: pin a published version under `ees.data_sets` in council.yml",
    404: "check `id` and `version` under `ees.data_sets`, and `ees.service`, in council.yml",
}


def _refusal(response: requests.Response) -> ServiceError:
    """Put a refusal into words: the title of the problem and each of its errors by path, code and message."""
    try:
        problem = json.loads(response.content)
    except (ValueError, requests.RequestException):
        problem = None
    words = list(_problem_words(problem)) if isinstance(problem, dict) else []
    if 300 <= response.status_code < 400:
        moved = response.headers.get("Location", "nowhere")
        return ServiceError(
            f"{_asked(response)} is moved to {moved}", "set `ees.service` in council.yml to the new address"
        )
    text = "; ".join(words) or response.reason or "no reason is given"
    advice = _ADVICE.get(response.status_code, "check `ees.service` in council.yml")
    return ServiceError(f"{_asked(response)} answered {response.status_code}: {text}", advice)


def _problem_words(problem: Mapping[str, Any]) -> Iterator[str]:
    for key in ("title", "detail"):
        if problem.get(key):
            yield str(problem[key]).rstrip(".")
    errors = problem.get("errors")
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict):
            place = f"{error['path']}: " if error.get("path") else ""
            code = f"{error['code']}: " if error.get("code") else ""
            yield f"{place}{code}{error.get('message', '')}{detail_words(error.get('detail'))}"


def detail_words(detail: Any) -> str:
    """Return the ids that a problem or a warning names, in brackets, or nothing."""
    items = detail.get("items") if isinstance(detail, dict) else None
    if not isinstance(items, list) or not items:
        return ""
    shown = [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items[:10]]
    return f" ({', '.join(shown)}{', ...' if len(items) > 10 else ''})"
