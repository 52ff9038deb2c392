"""Which version of a data set to fetch, and what the versions after it change."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dagster_project.ees_service.client import EesClient, ServiceError

Number = tuple[int, int, int]
_NUMBER = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_WILDCARD = re.compile(r"v?(?:(\d+)\.)?(?:(\d+)\.)?\*")
_KINDS = {
    "filters": "filter",
    "filterOptions": "option",
    "geographicLevels": "level",
    "indicators": "indicator",
    "locationGroups": "group of places",
    "locationOptions": "place",
    "timePeriods": "period",
}
_SHOWN = 8


@dataclass(frozen=True)
class Version:
    """A version that the service lists. `rows` is the number of its rows, None where the service does not say."""

    text: str
    number: Number
    status: str
    published: date
    rows: int | None

    @property
    def is_open(self) -> bool:
        """Whether a wildcard may choose it and later versions count from it."""
        return self.status == "Published"


@dataclass(frozen=True)
class Choice:
    """The version to fetch, with what a person should know about it."""

    version: Version
    notes: tuple[str, ...]


def number_of(text: str) -> Number | None:
    """Return the number that `1`, `1.0`, `v1.2` or `2.1.1` means; None for anything else."""
    found = _NUMBER.fullmatch(text)
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0)) if found else None


def listed(client: EesClient, data_set_id: str) -> tuple[Version, ...]:
    """Return every version of a data set, newest first.

    Raises:
        ServiceError: If the service cannot be asked, or lists a version that makes no sense.
    """
    return tuple(sorted(map(_version, client.versions(data_set_id)), key=lambda version: version.number, reverse=True))


def _version(found: Mapping[str, Any]) -> Version:
    text = str(found.get("version", ""))
    number = number_of(text)
    # The text becomes part of a folder's name, so nothing but numbers and points may be in it.
    if number is None or not re.fullmatch(r"[0-9.]+", text):
        raise ServiceError(f"the service lists a version {text!r}, which is no number", "tell the service's owners")
    try:
        published = datetime.fromisoformat(str(found.get("published")).replace("Z", "+00:00")).date()
    except ValueError:
        raise ServiceError(
            f"the service gives version {text} no day of publication",
            "pin another version, or tell the service's owners",
        ) from None
    rows = found.get("totalResults")
    return Version(text, number, str(found.get("status", "")), published, rows if isinstance(rows, int) else None)


def matching(pin: str, versions: Sequence[Version]) -> Version:
    """Return the version that `pin` means: the very one, or the newest published one that a wildcard allows.

    Raises:
        ServiceError: If there is none; the message lists those there are.
    """
    exact = number_of(pin)
    wild = _WILDCARD.fullmatch(pin)
    if exact is not None:
        found = next((version for version in versions if version.number == exact), None)
    elif wild:
        fixed = tuple(int(part) for part in wild.groups() if part is not None)
        found = next(
            (version for version in versions if version.is_open and version.number[: len(fixed)] == fixed), None
        )
    else:
        found = None
    if found is None:
        there = ", ".join(f"{version.text} ({version.status})" for version in versions) or "none"
        raise ServiceError(
            f"there is no version {pin}; versions there are: {there}",
            "set `version` under `ees.data_sets` in council.yml to one of them",
        )
    return found


def choose(client: EesClient, data_set_id: str, pin: str, landed: Iterable[str]) -> Choice:
    """Return the version to fetch, after comparing it with everything published since.

    `landed` are versions under raw/ already: for a pin that allows any major version the newest of them is where
    comparing starts, so that `*` does not carry a changed data set in unseen.

    Raises:
        ServiceError: If the data set or the version is withdrawn, there is no such version, or a later one removes or
            changes something.
    """
    data_set = client.data_set(data_set_id)
    status = data_set.get("status")
    if status == "Withdrawn":
        raise ServiceError(
            f"the data set {data_set.get('title', data_set_id)!r} is withdrawn{_successor(data_set)}",
            "take it out of `ees.data_sets` in council.yml, or give the id of the one in its place",
        )
    notes = []
    if status == "Deprecated":
        notes.append(f"warning: the data set is deprecated{_successor(data_set)}")
    versions = listed(client, data_set_id)
    version = matching(pin, versions)
    if version.status not in ("Published", "Deprecated"):
        raise ServiceError(
            f"version {version.text} is {version.status.lower() or 'of no status'}",
            "set `version` under `ees.data_sets` in council.yml to a published one",
        )
    if version.status == "Deprecated":
        notes.append(f"warning: version {version.text} is deprecated")
    start = version.number
    if pin.removeprefix("v") == "*":
        held = [number for number in map(number_of, landed) if number is not None and number < start]
        start = max(held, default=start)
    added: list[str] = []
    for later in reversed(versions):
        # A withdrawn version is no longer there to move to, so what it changed is nobody's concern.
        if later.number <= start or later.status not in ("Published", "Deprecated"):
            continue
        changes = client.changes(data_set_id, later.text)
        if not isinstance(changes.get("majorChanges"), dict):
            # Silence is not the word that nothing was removed.
            raise ServiceError(
                f"the service does not say whether version {later.text} removes or changes anything: no `majorChanges`",
                "check `ees.service` in council.yml: this is not version 1 of the API",
            )
        major = changes_in(changes["majorChanges"])
        if major:
            raise ServiceError(
                f"version {later.text} is not like version {_text(start)} before it: {_joined(major)}",
                "see whether the figures read from it still mean the same, mend the declaration in "
                f'dbt/models/staging/ees/, then set `version` to "{later.text}" in council.yml',
            )
        added += changes_in(changes.get("minorChanges") or {})
    newest = next((other for other in versions if other.is_open), version)
    if newest.number > version.number:
        what = f"; it brings: {_joined(added)}" if added else ", with no change in what it holds"
        notes.append(f"version {newest.text} of {newest.published} is there, {version.text} is pinned{what}")
    return Choice(version, tuple(notes))


def _successor(data_set: Mapping[str, Any]) -> str:
    successor = data_set.get("supersedingDataSetId")
    return f"; data set {successor} takes its place" if successor else "; none takes its place"


def _text(number: Number) -> str:
    return ".".join(map(str, number[:2] if not number[2] else number))


def _joined(changes: Sequence[str]) -> str:
    more = f" and {len(changes) - _SHOWN:,} more" if len(changes) > _SHOWN else ""
    return "; ".join(changes[:_SHOWN]) + more


def changes_in(changes: Mapping[str, Any]) -> list[str]:
    """Return each change in words; what is of an unknown kind, or is no list, counts too, by its name."""
    words = []
    for name, entries in changes.items():
        kind = _KINDS.get(name, str(name))
        for entry in entries if isinstance(entries, list) else [entries] if entries else []:
            words += list(_change_words(kind, entry))
    return words


def _change_words(kind: str, entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"{kind} changed"
        return
    inner = entry.get("options")
    if isinstance(inner, list):
        # Options come under the filter, and places under the level, that they belong to.
        owner = entry.get("filter") or entry.get("level")
        within = f" of {_name(owner)}" if owner else ""
        for option in inner:
            for words in _change_words(kind, option):
                yield words + within
        return
    now, before = entry.get("currentState"), entry.get("previousState")
    if before and now:
        then, since = _name(before), _name(now)
        # Told apart by the id alone, the two would read the same.
        ids = f" (id {before.get('id')} to {now.get('id')})" if then == since and isinstance(now, dict) else ""
        yield f"{kind} {then} changed to {since}{ids}"
    elif before:
        yield f"{kind} {_name(before)} removed"
    elif now:
        yield f"{kind} {_name(now)} added"
    else:
        yield f"{kind} changed"


def _name(state: Any) -> str:
    if not isinstance(state, dict):
        return repr(state)
    if isinstance(state.get("level"), dict):
        return _name(state["level"])
    label = state.get("label") or state.get("name") or state.get("period") or state.get("code") or state.get("id")
    column = state.get("column") or (state.get("code") if state.get("label") else None)
    return f"{label!r} ({column})" if column else repr(label)
