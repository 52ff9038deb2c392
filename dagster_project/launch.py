"""Starting Dagster: a job in this process, or its pages. Imports it only when called, through `definitions`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_INSTANCE = """# Written by `cfp`; safe to delete while nothing runs.
# What a step prints is shown by the command that runs it; capturing it costs processes and seconds.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
telemetry:
  enabled: false
concurrency:
  pools:
    default_limit: 1
    granularity: op
  runs:
    max_concurrent_runs: 2
run_monitoring:
  enabled: true
"""


def prepare_home(home: Path) -> None:
    """Make Dagster's home: storage in SQLite, no telemetry, one step at a time on the warehouse, no sign-up window.

    The storage is made here, by one process: the web server and the daemon, started together, would each mark it as
    new, and neither could read it again.
    """
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists() or settings.read_text(encoding="utf-8") != _INSTANCE:
        settings.write_text(_INSTANCE, encoding="utf-8")
    seen = home / ".nux" / "nux.yaml"
    if not seen.exists():
        seen.parent.mkdir(exist_ok=True)
        seen.write_text("seen: 1\n", encoding="utf-8")
    if not (home / "schedules" / "schedules.db").exists():
        from dagster_project.resources import make_storage

        make_storage(home)


def run_job(name: str) -> tuple[bool, str | None]:
    """Run a job of the definitions in this process, recorded where the pages show it.

    Returns whether it succeeded, and else the words of the first error.
    """
    import logging

    prepare_home(Path(os.environ["DAGSTER_HOME"]))
    logging.getLogger("dagster").setLevel(logging.ERROR)
    from dagster_project.definitions import defs
    from dagster_project.resources import execute

    return execute(defs, name)


def serve(home: Path, port: int) -> int:
    """Serve the pages and the daemon on this machine only, until interrupted. Returns the exit code."""
    prepare_home(home)
    dagster = Path(sys.executable).with_name("dagster")
    command = [str(dagster) if dagster.exists() else shutil.which("dagster") or "dagster"]
    command += ["dev", "-m", "dagster_project.definitions", "-h", "127.0.0.1", "-p", str(port)]
    print(f"Dagster on http://127.0.0.1:{port} - stop with Ctrl-C")
    try:
        return subprocess.call(command, env=os.environ | {"DAGSTER_HOME": str(home)})
    except KeyboardInterrupt:
        return 0
