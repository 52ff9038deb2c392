"""The fake service over a folder of small pairs, and a desk to fetch from it."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from dagster_project.ees_service.client import EesClient
from dagster_project.ees_service.fetch import Fetch, Outcome, fetch, open_fetch
from dagster_project.project import DataFolders
from tests.ees_service.fake_service import FakeService
from tests.ees_service.pairs import CLA, write_pairs


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the fake serves; never written to by tests."""
    return write_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(autouse=True)
def this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse any connection that leaves this machine, and any proxy that would carry one."""
    connect = socket.socket.connect

    def local(opened: socket.socket, address: Any) -> None:
        assert address[0] in ("127.0.0.1", "localhost", "::1"), f"a test reaches for {address}"
        connect(opened, address)

    monkeypatch.setattr(socket.socket, "connect", local)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def service(pairs: Path) -> Iterator[FakeService]:
    with FakeService(pairs) as running:
        yield running


@dataclass
class Asking:
    """Requests by hand: status and JSON."""

    service: FakeService
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **parameters: Any) -> tuple[int, Any]:
        answer = self.session.get(f"{self.service.url}/v1{path}", params=parameters, timeout=5)
        return answer.status_code, answer.json()

    def post(self, path: str, body: Any = None, **parameters: Any) -> tuple[int, Any]:
        content = {"json": body} if body is not None else {}
        answer = self.session.post(f"{self.service.url}/v1{path}", params=parameters, timeout=5, **content)
        return answer.status_code, answer.json()

    def at(self, name: str, *parts: str) -> str:
        return "/".join(["/data-sets", self.service.data_set(name).id, *parts])


@pytest.fixture
def asking(service: FakeService) -> Asking:
    return Asking(service)


@dataclass
class Desk:
    """A council with its folders, and the data sets that its council.yml lists."""

    service: FakeService
    folder: Path
    said: list[str] = field(default_factory=list)
    backoff_seconds: float = 0.002

    @property
    def council(self) -> Path:
        return self.folder / "council.yml"

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def kept(self) -> Path:
        return DataFolders(self.data).fetched

    def pin(self, name: str = CLA, version: str = "1.1", **more: Any) -> "Desk":
        """Add a data set to council.yml."""
        content = yaml.safe_load(self.council.read_text()) if self.council.exists() else {"authority": 383}
        ees = content.setdefault("ees", {"service": self.service.url, "data_sets": {}})
        ees["data_sets"][name] = {"id": self.service.data_set(name).id, "version": version} | more
        self.council.write_text(yaml.safe_dump(content, sort_keys=False))
        return self

    def open(self, *names: str) -> Fetch:
        return open_fetch(
            council_file=self.council, raw_dir=self.raw, data_dir=self.data, announce=self.said.append, names=names
        )

    @property
    def client(self) -> EesClient:
        return EesClient(self.service.url, self.said.append, backoff_seconds=self.backoff_seconds, timeout_seconds=2)

    def fetch(self, *names: str, page_size: int = 5, client: EesClient | None = None) -> tuple[Outcome, ...]:
        return fetch(self.open(*names), client or self.client, page_size=page_size)

    def fetch_one(self, **options: Any) -> Outcome:
        (outcome,) = self.fetch(**options)
        return outcome

    def failure(self, **options: Any) -> str:
        """Fetch, expect a failure that leaves raw/ as it was, and return what a person reads."""
        before = self.files()
        outcome = self.fetch_one(**options)
        assert outcome.has_failed, outcome
        assert self.files() == before
        return "\n".join(outcome.lines())

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.raw).as_posix(): path.read_bytes() for path in self.raw.rglob("*") if path.is_file()
        }

    def switch(self, **switches: Any) -> None:
        self.service.switches = replace(self.service.switches, **switches)


@pytest.fixture
def desk(service: FakeService, tmp_path: Path) -> Desk:
    return Desk(service, tmp_path)
