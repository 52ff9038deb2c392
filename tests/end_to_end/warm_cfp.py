"""`cfp` with its slow imports done once: a server that forks one process per run, and the desk that asks it to.

A run is the command as a person gives it, in a process of its own, with its own environment, output and end; only the
seconds that Python takes to import Dagster, dbt and Great Expectations are saved, and by default those in which Dagster
writes its records to disk. The definitions, which read the environment when imported, are left to each run.
"""

import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

PROJECT = Path(__file__).resolve().parents[2]
_IN_EACH_RUN = "dagster_project.definitions"


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit code (minus the signal that ended it), and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        """The summary of a run with `--json`: the one object on standard output."""
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.out[-3000:]}\n{self.err[-3000:]}"


class WarmCfp:
    """Runs of `cfp`, one at a time, forked from a process that has everything imported."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Forking leaves nothing of these to the runs; without them a run could not be told from the server.
            start_new_session=True,
        )

    def run(
        self,
        *arguments: str | Path,
        into: Path,
        environment: Mapping[str, str] | None = None,
        records: bool = False,
    ) -> Outcome:
        """Run to the end. Output goes to files in `into`; with `records` Dagster keeps its records on disk, as it does
        for a person.
        """
        self.start(*arguments, into=into, environment=environment, records=records)
        return self.wait(into)

    def start(
        self,
        *arguments: str | Path,
        into: Path,
        environment: Mapping[str, str] | None = None,
        records: bool = False,
    ) -> int:
        """Start a run and return its process id; `wait` for it before the next."""
        into.mkdir(parents=True, exist_ok=True)
        return int(
            self._ask(
                {
                    "arguments": [str(one) for one in arguments],
                    "environment": dict(environment or {}),
                    "into": str(into),
                    "records": records,
                }
            )["pid"]
        )

    def wait(self, into: Path) -> Outcome:
        """Wait for the run that `start` began."""
        code = int(self._ask({"wait": True})["code"])
        return Outcome(code, (into / "out").read_text(encoding="utf-8"), (into / "err").read_text(encoding="utf-8"))

    def close(self) -> None:
        """End the server."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(timeout=30)

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        answer = self._server.stdout.readline()
        assert answer, "the process that forks the runs has ended"
        return json.loads(answer)


def serve() -> None:
    """Answer requests, one line each, until standard input ends."""
    # Started as a script, Python looks for modules beside it only.
    sys.path.insert(0, str(PROJECT))
    _import_what_is_slow()
    child, into, learned = 0, Path(), False
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(child, 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
            learned = learned or _import_as_in(into / "modules")
        else:
            into = Path(request["into"])
            child = os.fork()
            if child == 0:
                _become(request["arguments"], request["environment"], into, records=request["records"])
            answer = {"pid": child}
        print(json.dumps(answer), flush=True)


def _import_what_is_slow() -> None:
    for name in (
        "dagster",
        "dagster_dbt",
        "dbt.adapters.duckdb",
        "dbt.cli.main",
        "duckdb",
        "great_expectations",
        "openpyxl",
        "dagster_project.cli",
        "dagster_project.quality.engine",
        "dagster_project.report.page",
    ):
        importlib.import_module(name)


def _import_as_in(modules: Path) -> bool:
    """Import what a finished run had imported, so that the next need not; False where no run has said so yet."""
    if not modules.exists():
        return False
    for name in modules.read_text(encoding="utf-8").splitlines():
        if name not in sys.modules and name not in (_IN_EACH_RUN, "__main__", "__mp_main__"):
            importlib.import_module(name)
    return True


def _become(arguments: Sequence[str], environment: Mapping[str, str], into: Path, *, records: bool) -> NoReturn:
    """Turn the forked process into one run of the console script."""
    for number, name in ((0, Path(os.devnull)), (1, into / "out"), (2, into / "err")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(name, flags, 0o600), number)
    os.environ.update(environment)
    sys.argv = ["cfp", *arguments]
    if not records:
        import dagster

        dagster.DagsterInstance.get = staticmethod(dagster.DagsterInstance.ephemeral)  # type: ignore[method-assign]
    from dagster_project import cli

    code = 1
    try:
        code = cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        # As Python ends a process by itself; otherwise the error would go on into the loop of the server.
        traceback.print_exc()
    (into / "modules").write_text("\n".join(sorted(sys.modules)), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
