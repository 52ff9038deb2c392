"""Patience with a busy service, and clear words for what it refuses."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from dagster_project.ees_service.client import TRIES, EesClient, ServiceError
from tests.ees_service.conftest import Desk
from tests.ees_service.fake_data import uuid_of
from tests.ees_service.pairs import CLA, STABILITY


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["csv", "query"])
def test_busy_service_is_asked_again(desk: Desk, status: int, method: str) -> None:
    desk.switch(fail_times=TRIES - 1, fail_status=status, fail_only=f"/{method}")
    assert desk.pin(method=method).fetch_one().outcome == "fetched"
    waits = [line for line in desk.said if "of 5 in" in line]
    assert len(waits) == TRIES - 1
    assert waits[0].startswith(f"It answered {status}: try 2 of 5 in ")


def test_service_that_stays_busy_is_asked_five_times_and_no_more(desk: Desk) -> None:
    desk.switch(fail_times=100, fail_only="/csv")
    message = desk.pin().failure()
    assert sum("/csv" in line for line in desk.service.asked) == TRIES == 5
    assert "tried 5 times, the last time it answered 429" in message
    assert "To do: run again later" in message


@pytest.mark.parametrize("method", ["csv", "query"])
def test_connection_that_breaks_off_in_an_answer_is_tried_again(desk: Desk, method: str) -> None:
    desk.switch(drop_times=2, drop_only=f"/{method}")
    outcome = desk.pin(method=method).fetch_one()
    assert (outcome.outcome, outcome.rows) == ("fetched", 36)
    assert sum("the connection broke off" in line.lower() for line in desk.said) == 2


def test_answer_that_never_comes_is_tried_five_times(desk: Desk) -> None:
    desk.switch(stall_on="/data-sets/")
    hasty = EesClient(desk.service.url, desk.said.append, backoff_seconds=0.001, timeout_seconds=0.1)
    message = desk.pin().failure(client=hasty)
    assert "tried 5 times, the last time it did not answer in time" in message


def test_nobody_at_the_address_is_a_failure_in_words(desk: Desk) -> None:
    absent = EesClient("http://127.0.0.1:9/statistics", desk.said.append, backoff_seconds=0.001)
    assert "tried 5 times, the last time no connection came about" in desk.pin().failure(client=absent)


def test_certificate_that_is_not_trusted_is_told_at_once_with_what_to_do(desk: Desk) -> None:
    class Untrusting(requests.Session):
        def request(self, *_: object, **__: object) -> requests.Response:
            raise requests.exceptions.SSLError("self-signed certificate in certificate chain")

    message = desk.pin().failure(client=EesClient(desk.service.url, desk.said.append, session=Untrusting()))
    assert "shows a certificate that this machine does not trust (self-signed certificate" in message
    assert "REQUESTS_CA_BUNDLE" in message
    assert not [line for line in desk.said if "try 2" in line]


def test_wait_that_the_service_asks_for_is_kept(desk: Desk) -> None:
    desk.switch(fail_times=1, fail_only="/csv", retry_after="1")
    started = time.monotonic()
    assert desk.pin().fetch_one().outcome == "fetched"
    assert time.monotonic() - started >= 1
    assert "It answered 429: try 2 of 5 in 1.0 s" in desk.said


def test_wait_that_is_too_long_to_sit_through_is_left_to_a_later_run(desk: Desk) -> None:
    desk.switch(fail_times=1, fail_status=504, retry_after="7200")
    assert "it answered 504 and asks to wait 7200 s. To do: run again after that time" in desk.pin().failure()


def test_wait_that_makes_no_sense_is_passed_over(desk: Desk) -> None:
    desk.switch(fail_times=1, retry_after="soon")
    assert desk.pin().fetch_one().outcome == "fetched"


def test_waits_grow_from_the_first_one_on(desk: Desk) -> None:
    desk.backoff_seconds = 0.02
    desk.switch(fail_times=4, fail_only="/csv")
    started = time.monotonic()
    desk.pin().fetch_one()
    # 1 + 2 + 4 + 8 times the factor at least, each with up to one more.
    assert 15 * 0.02 <= time.monotonic() - started < 2


def test_requests_go_out_one_at_a_time_and_in_order(desk: Desk) -> None:
    desk.pin(version="1.0", method="query").fetch_one(page_size=10)
    asked = [line.rpartition(desk.service.data_set(CLA).id)[2] for line in desk.service.asked]
    assert asked == [
        "", "/versions", "/versions/1.1/changes", "/meta", "/query page 1", "/query page 2", "/meta",
    ]  # fmt: skip


def test_refusal_is_told_with_title_path_code_and_message(desk: Desk) -> None:
    found = desk.service.data_set(CLA)
    with pytest.raises(ServiceError) as error:
        desk.client.query(found.id, "1.1", {"pageSize": 0, "nonsense": 1, "indicators": ["x" * 41]})
    message = str(error.value)
    assert "answered 400: One or more validation errors occurred; " in message
    assert "nonsense: UnknownField: Must not be an unknown field." in message
    assert "pageSize: InclusiveBetween: Must be between 1 and 10000." in message
    assert "indicators[0]: MaximumLength: " in message
    assert error.value.advice
    assert not error.value.is_passing


def test_ids_that_the_service_does_not_know_are_named(desk: Desk) -> None:
    with pytest.raises(ServiceError, match=r"IndicatorsNotFound: .*\(nobod\)"):
        desk.client.query(desk.service.data_set(CLA).id, "1.1", {"indicators": ["nobod"]})


def test_version_that_is_closed_is_told_with_what_to_do(desk: Desk) -> None:
    found = desk.service.data_set(STABILITY)
    found.versions[0].status = "Withdrawn"
    with pytest.raises(ServiceError, match=r"answered 403: Forbidden; Version 1\.0 cannot be queried") as error:
        desk.client.meta(found.id, "1.0")
    assert "pin a published version" in error.value.advice


def test_data_set_that_is_not_there_is_told_with_what_to_do(desk: Desk) -> None:
    with pytest.raises(ServiceError, match="answered 404: Not found") as error:
        desk.client.data_set(uuid_of("nowhere"))
    assert "check `id` and `version`" in error.value.advice


@pytest.fixture
def answering() -> Iterator[tuple[str, list[tuple[int, dict[str, str], bytes]]]]:
    """A server that gives the answers of a list, whatever is asked."""
    answers: list[tuple[int, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, content = answers[0] if len(answers) == 1 else answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=lambda: server.serve_forever(poll_interval=0.005), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", answers
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "headers", "content", "words"),
    [
        (200, {"Content-Type": "text/html"}, b"<html>log in</html>", "something that is no JSON object"),
        (200, {"Content-Type": "application/json"}, b"[1]", "something that is no JSON object"),
        (302, {"Location": "https://elsewhere.example"}, b"", "is moved to https://elsewhere.example"),
        (418, {}, b"no JSON", "answered 418"),
        (403, {"Content-Type": "application/json"}, b"[]", "answered 403"),
    ],
)
def test_answer_of_something_that_is_not_the_service_is_a_failure_in_words(
    answering: tuple, status: int, headers: dict, content: bytes, words: str
) -> None:
    address, answers = answering
    answers.append((status, headers, content))
    with pytest.raises(ServiceError, match=words):
        EesClient(address, backoff_seconds=0.001).data_set("x")


def test_page_of_a_proxy_is_not_taken_for_the_csv(answering: tuple, tmp_path) -> None:
    address, answers = answering
    answers.append((200, {"Content-Type": "text/html"}, b"<html>"))
    with pytest.raises(ServiceError, match="answered with text/html in place of text/csv"):
        EesClient(address).whole_csv("x", "1.0", tmp_path / "x.csv")


@pytest.mark.parametrize("content", [b'{"title": "cut o', b""])
def test_json_that_is_cut_off_is_asked_for_again(answering: tuple, content: bytes) -> None:
    address, answers = answering
    kind = {"Content-Type": "application/json"}
    answers += [(200, kind, content), (200, kind, json.dumps({"title": "whole"}).encode())]
    assert EesClient(address, backoff_seconds=0.001).data_set("x") == {"title": "whole"}


def test_packed_answer_that_is_damaged_is_asked_for_again(answering: tuple) -> None:
    address, answers = answering
    kind = {"Content-Type": "application/json"}
    answers += [(200, kind | {"Content-Encoding": "gzip"}, b"not packed"), (200, kind, b'{"title": "whole"}')]
    assert EesClient(address, backoff_seconds=0.001).data_set("x") == {"title": "whole"}


def test_page_without_a_count_is_refused(answering: tuple) -> None:
    address, answers = answering
    answers.append((200, {"Content-Type": "application/json"}, b'{"results": []}'))
    with pytest.raises(ServiceError, match="a page without `results` or without"):
        EesClient(address).versions("x")
