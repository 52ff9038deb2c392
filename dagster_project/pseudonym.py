"""The secret behind the keys that stand for children in everything past the raw tables."""

import os
import secrets
from pathlib import Path

from dagster_project.project import DataFolders
from dagster_project.settings import SettingsError

VARIABLE = "CFP_PSEUDONYM_KEY"
SHORTEST = 16


class UnusableSecret(SettingsError):
    """The secret that was given is too short to protect anything; the message names its place, not what it is."""


def secret_of(folders: DataFolders) -> str:
    """Return the secret: that of the environment, else that of this data directory, made at the first run.

    It never leaves `data/restricted`. Another secret gives other keys and the same figures, since keys are compared
    only within one build.

    Raises:
        UnusableSecret: If the secret has fewer than 16 characters.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return _checked(given, f"environment variable {VARIABLE}")
    file = secret_file(folders)
    if not file.exists():
        # Made whole before it has its name: a run that dies here leaves no half of a secret.
        made = file.with_suffix(".new")
        made.unlink(missing_ok=True)
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(secrets.token_hex(32))
        made.replace(file)
    return _checked(file.read_text(encoding="utf-8"), file.name)


def secret_file(folders: DataFolders) -> Path:
    """Where the secret of a data directory lies; readable by its owner only."""
    return folders.restricted / "pseudonym.key"


def _checked(text: str, origin: str) -> str:
    secret = text.strip()
    if len(secret) < SHORTEST:
        raise UnusableSecret(f"{origin}: a secret of {SHORTEST} characters or more is needed to replace identifiers")
    return secret
