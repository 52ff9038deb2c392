"""Which edition a refresh builds, and which neighbour list it compares with."""

import re
from collections.abc import Mapping
from datetime import date

from dagster_project.settings import Edition, Settings

EDITION_ID = re.compile(r"[0-9]{4}-[0-9]{2}[a-z]?")


class UnknownEdition(ValueError):
    """The edition asked for cannot be built; the message says why."""


def edition_for(settings: Settings, *, asked: str | None, newest_31_march: int | None) -> Edition:
    """Return the edition to build: the one asked for, else the last of council.yml not yet published, else `<year>-01`.

    Args:
        newest_31_march: Year of the newest 31 March that the data hold, None where they hold none.

    Raises:
        UnknownEdition: If the one asked for is not in council.yml or is no edition id.
    """
    if asked:
        for edition in settings.editions:
            if edition.id == asked:
                return edition
        if settings.editions:
            known = ", ".join(edition.id for edition in settings.editions)
            raise UnknownEdition(f"edition {asked} is not in council.yml; it lists {known}")
        if not EDITION_ID.fullmatch(asked):
            raise UnknownEdition(f"edition {asked}: an edition id is a year and a number, such as 2025-01")
        return Edition(id=asked)
    waiting = [edition for edition in settings.editions if edition.published_date is None]
    if waiting:
        return waiting[-1]
    # Published editions stay as they are unless one is asked for: the next free number of the year is built.
    published = {edition.id for edition in settings.editions}
    candidates = (f"{newest_31_march or 0:04d}-{number:02d}" for number in range(1, 100))
    return Edition(id=next(candidate for candidate in candidates if candidate not in published))


def neighbours_of(settings: Settings, edition: Edition | None) -> str:
    """Return the neighbour list as the settings name it: that of the edition, else that of the council."""
    return (edition.neighbours if edition else None) or settings.neighbours


def neighbour_list(settings: Settings, edition: Edition, lists: Mapping[str, date | None]) -> str | None:
    """Return the version of the list that the edition compares with, None where none is loaded.

    Args:
        lists: The versions loaded, with the day from which each is in force.
    """
    named = neighbours_of(settings, edition)
    return max(lists, default=None) if named == "newest" else named


def former_neighbour_list(settings: Settings, edition: Edition, lists: Mapping[str, date | None]) -> str | None:
    """Return the list of the edition before this one in council.yml, None where that was the same or there is none.

    The newest list of an earlier edition is the newest one in force when that edition was published or closed.
    """
    before = _edition_before(settings, edition)
    if before is None:
        return None
    former = neighbours_of(settings, before)
    if former == "newest":
        day = before.published_date or before.data_cut_off or date.max
        former = max((version for version, start in lists.items() if start is None or start <= day), default="")
    return former if former in lists and former != neighbour_list(settings, edition, lists) else None


def _edition_before(settings: Settings, edition: Edition) -> Edition | None:
    """The entry above it; for one that is not listed the last of all."""
    before = None
    for listed in settings.editions:
        if listed.id == edition.id:
            return before
        before = listed
    return before
