"""Which edition a refresh builds."""

from dagster_project.settings import Edition, Settings


class UnknownEdition(ValueError):
    """The edition asked for is not in council.yml."""


def edition_for(settings: Settings, *, asked: str | None, newest_31_march: int | None) -> Edition:
    """Return the edition to build: the one asked for, else the last of council.yml not yet published, else `<year>-01`.

    Args:
        newest_31_march: Year of the newest 31 March that the data hold, None where they hold none.

    Raises:
        UnknownEdition: If council.yml lists editions and the one asked for is not among them.
    """
    if asked:
        for edition in settings.editions:
            if edition.id == asked:
                return edition
        if settings.editions:
            known = ", ".join(edition.id for edition in settings.editions)
            raise UnknownEdition(f"edition {asked} is not in council.yml; it lists {known}")
        return Edition(id=asked)
    waiting = [edition for edition in settings.editions if edition.published_date is None]
    if waiting:
        return waiting[-1]
    if settings.editions:
        return settings.editions[-1]
    return Edition(id=f"{newest_31_march or 0:04d}-01")
