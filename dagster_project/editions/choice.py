"""Which edition a refresh builds."""

import re

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
