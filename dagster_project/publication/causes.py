"""Why a figure would change, by rule: from the vintages it comes from before and after, and what else changed.

A vintage is data set, release and content; a figure of the council may stand on several, joined by ` + `.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SOURCE_REVISED = "source revised"
NEW_RELEASE = "new release"
NEW_SOURCE = "new source"
SAME_RELEASE = "same release issued again"
POPULATION = "population revised"
STATUS = "status changed"
FILE_GONE = "left the window / file removed"
LOCAL_RETURN = "local return changed"
OUR_CODE = "our definitions or code changed"
SETTINGS = "settings changed"
# Nothing that has a name here explains it: a dictionary or a directory of postcodes arrived, for example.
OTHER_INPUT = "another input changed"

# What figures of a return stand on besides the return.
_NO_RETURNS = frozenset({"population", "geography"})


@dataclass(frozen=True)
class Vintage:
    """One part of a vintage id. The release of a cut within the year holds its date after a slash."""

    data_set: str
    release: str
    content: str


def parts_of(vintage_id: str | None) -> tuple[Vintage, ...]:
    """Return the parts of a vintage id; none where there is no id."""
    split = [part.split("/") for part in vintage_id.split(" + ")] if vintage_id else []
    return tuple(Vintage(part[0], "/".join(part[1:-1]), part[-1]) for part in split)


def held(vintage_ids: Iterable[str]) -> frozenset[Vintage]:
    """Return every part of the ids."""
    return frozenset(part for vintage_id in vintage_ids for part in parts_of(vintage_id))


@dataclass(frozen=True)
class Evidence:
    """What is known of the published version and of the marts that would replace it.

    Args:
        before: Vintages that the published version was made from; None where nothing is published.
        now: Vintages in use now.
        sources: Source of each data set.
        code_changed: Whether other code made the published version.
        settings_changed: Whether settings that figures may depend on differ from those of the published version.
    """

    before: frozenset[Vintage] | None
    now: frozenset[Vintage]
    sources: Mapping[str, str] = field(default_factory=dict)
    code_changed: bool = False
    settings_changed: bool = False

    def source(self, part: Vintage) -> str:
        """The source of a vintage. One that stands for a table a return lacks names its source itself."""
        return self.sources.get(part.data_set, part.data_set)


def cause_by_files(source_kind: str, old: str | None, new: str | None, evidence: Evidence) -> str:
    """Return why a figure is new (`old` is None), gone (`new` is None) or another, as far as its vintages tell.

    What only the figure itself shows, such as a population that moved under an unchanged count, is for the caller.
    """
    if evidence.before is None:
        return NEW_SOURCE
    rule = _Rule(source_kind == "local", evidence.before, evidence)
    before, now = parts_of(old), parts_of(new)
    if old == new:
        return rule.same_files(now)
    if not before:
        return rule.came(now)
    if not now:
        return rule.went(before)
    if rule.own:
        return rule.return_changed(set(before), set(now))
    if before[0] == now[0]:
        # A rate made of a printed count: the count's file is the same, so the population's is another.
        return POPULATION
    return rule.published_changed(before[0], now[0])


@dataclass(frozen=True)
class _Rule:
    own: bool
    before: frozenset[Vintage]
    evidence: Evidence

    def is_of_return(self, part: Vintage) -> bool:
        return self.own and self.evidence.source(part) not in _NO_RETURNS

    def series(self, part: Vintage) -> str:
        """What its releases follow one another in: all tables of a return together, else the data set."""
        return self.evidence.source(part) if self.is_of_return(part) else part.data_set

    def releases(self, parts: Iterable[Vintage]) -> set[tuple[str, str]]:
        return {(self.series(part), part.release) for part in parts}

    def same_files(self, parts: Iterable[Vintage]) -> str:
        if self.evidence.code_changed:
            return OUR_CODE
        if self.evidence.settings_changed:
            return SETTINGS
        # A figure of one return may look at others, such as that of the year before.
        sources = {self.evidence.source(part) for part in parts if self.is_of_return(part)}
        moved = {self.evidence.source(part) for part in self.before ^ self.evidence.now}
        return LOCAL_RETURN if sources & moved else OTHER_INPUT

    def came(self, parts: tuple[Vintage, ...]) -> str:
        unseen = [part for part in parts if part not in self.before]
        if not unseen:
            return self.same_files(parts)
        first = next((part for part in unseen if self.is_of_return(part)), unseen[0])
        known = self.releases(self.before)
        if self.series(first) not in {series for series, _ in known}:
            return NEW_SOURCE
        if (self.series(first), first.release) not in known:
            return NEW_RELEASE
        return LOCAL_RETURN if self.is_of_return(first) else SAME_RELEASE

    def went(self, parts: tuple[Vintage, ...]) -> str:
        missing = [part for part in parts if part not in self.evidence.now]
        if not missing:
            return self.same_files(parts)
        first = next((part for part in missing if self.is_of_return(part)), missing[0])
        if (self.series(first), first.release) not in self.releases(self.evidence.now):
            return FILE_GONE
        return LOCAL_RETURN if self.is_of_return(first) else SAME_RELEASE

    def return_changed(self, before: set[Vintage], now: set[Vintage]) -> str:
        gone, came = before - now, now - before
        if any(self.is_of_return(part) for part in gone | came):
            return LOCAL_RETURN
        others = {self.evidence.source(part) for part in gone} & {self.evidence.source(part) for part in came}
        if others:
            return POPULATION if "population" in others else OTHER_INPUT
        return self.came(tuple(came)) if came else self.went(tuple(gone))

    def published_changed(self, old: Vintage, new: Vintage) -> str:
        old_is_held = old in self.evidence.now
        if new in self.before:
            return self.same_files((new,)) if old_is_held else FILE_GONE
        if new.data_set != old.data_set:
            return NEW_SOURCE if old_is_held else FILE_GONE
        if new.release == old.release:
            return SAME_RELEASE
        return SOURCE_REVISED if new.release > old.release else FILE_GONE
