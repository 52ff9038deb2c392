"""What Dagster runs with: the folders and settings of this deployment, read from the environment."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project import refresh
from dagster_project.ees_service.fetch import Fetch, open_fetch
from dagster_project.lock import one_at_a_time
from dagster_project.progress import Progress
from dagster_project.project import ROOT


@lru_cache(maxsize=2)
def _progress(quiet: bool) -> Progress:
    """One clock for all steps of a process."""
    return Progress(quiet=quiet)


class Council(dg.ConfigurableResource):
    """One council's settings and folders. `cfp` and `cfp ui` set the environment that the defaults come from."""

    council_file: str
    raw_dir: str
    data_dir: str
    edition: str = ""
    full: bool = False
    quiet: bool = False

    @classmethod
    def from_environment(cls) -> "Council":
        """Read CFP_COUNCIL, CFP_RAW, CFP_DATA, CFP_EDITION, CFP_FULL, CFP_QUIET; else the project's own folders."""
        return cls(
            council_file=os.environ.get("CFP_COUNCIL", str(ROOT / "council.yml")),
            raw_dir=os.environ.get("CFP_RAW", str(ROOT / "raw")),
            data_dir=os.environ.get("CFP_DATA", str(ROOT / "data")),
            edition=os.environ.get("CFP_EDITION", ""),
            full=os.environ.get("CFP_FULL", "") == "1",
            quiet=os.environ.get("CFP_QUIET", "") == "1",
        )

    def run(self, announce: Callable[[str], None] | None = None) -> refresh.Run:
        """Open the run that the assets work on."""
        return refresh.open_run(
            council_file=Path(self.council_file),
            raw_dir=Path(self.raw_dir),
            data_dir=Path(self.data_dir),
            announce=announce or _progress(self.quiet),
            edition=self.edition or None,
            full=self.full,
        )

    def fetch(self, announce: Callable[[str], None] | None = None) -> Fetch:
        """Open what fetching works on; raw/ itself, never the bundled sample that stands in for it."""
        return open_fetch(
            council_file=Path(self.council_file),
            raw_dir=Path(self.raw_dir),
            data_dir=Path(self.data_dir),
            announce=announce or _progress(self.quiet),
        )

    def alone(self, run: refresh.Run) -> AbstractContextManager[None]:
        """Hold the data directory for one step; a refresh started by `cfp` holds it throughout."""
        return one_at_a_time(run.folders)


def make_storage(home: Path) -> None:
    """Make the databases of an instance whose settings lie in `home`; those that are there stay."""
    dg.DagsterInstance.from_config(str(home)).dispose()


def execute(defs: dg.Definitions, job_name: str) -> tuple[bool, str | None]:
    """Run a job in this process on the instance of DAGSTER_HOME.

    Returns whether it succeeded, and else the words of the first error.
    """
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_job_def(job_name)
        result = job.execute_in_process(instance=instance, run_config=quiet, raise_on_error=False)
        if result.success:
            return True, None
        for event in result.all_events:
            if event.is_step_failure:
                return False, f"{event.step_key}: {_words(event.step_failure_data)}"
        return False, "the run did not start; its events are on the pages of `cfp ui`"


def _words(failure: Any) -> str:
    """What a person needs of a step's failure: the description we gave, else the innermost error without its stack."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "no error was recorded"
