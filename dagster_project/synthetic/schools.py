"""The invented schools of the subject authority: how many of each kind, their keys and how they differ."""

from dataclasses import dataclass

import numpy as np

from dagster_project.synthetic.draws import Floats, draws, normal

#: Schools where scale is 1, by kind, and the fewest there are in a small demonstration.
AT_SCALE_1 = {"primary": 225, "secondary": 43, "special": 8, "pru": 4}
FEWEST = {"primary": 8, "secondary": 2, "special": 1, "pru": 1}
#: No school has such numbers: real ones lie far below.
_FIRST_URN, _FIRST_ESTAB = 900_001, 9_001
#: Four digits hold no more schools than this scale gives; beyond it schools are larger.
_LARGEST_SCALE = 3.5


@dataclass(frozen=True)
class Schools:
    """All schools in one row: primary, then secondary, special and pupil referral units.

    `need` is the deprivation of the area served (mean 0, spread 1, higher = poorer); `size` a weight.
    """

    counts: dict[str, int]
    need: Floats
    size: Floats

    def __len__(self) -> int:
        return sum(self.counts.values())

    def first(self, kind: str) -> int:
        """Return the place of the first school of a kind."""
        kinds = list(self.counts)
        return sum(self.counts[earlier] for earlier in kinds[: kinds.index(kind)])

    def of(self, kind: str) -> slice:
        """Return the places of the schools of a kind."""
        return slice(self.first(kind), self.first(kind) + self.counts[kind])

    @property
    def keys(self) -> list[str]:
        """The key by which the tables of a census name each school."""
        return [f"SCH{place + 1}" for place in range(len(self))]

    @property
    def estabs(self) -> list[str]:
        """The number of each school within the authority, four digits."""
        return [str(_FIRST_ESTAB + place) for place in range(len(self))]

    @property
    def urns(self) -> list[str]:
        """The unique reference number of each school."""
        return [str(_FIRST_URN + place) for place in range(len(self))]


def invent_schools(seed: int, scale: float, *, is_compact: bool) -> Schools:
    """Invent the schools: 280 where scale is 1, twelve in a small demonstration."""
    counts = {
        kind: FEWEST[kind] if is_compact else max(FEWEST[kind], round(count * min(scale, _LARGEST_SCALE)))
        for kind, count in AT_SCALE_1.items()
    }
    draw = draws(seed, "schools")
    total = sum(counts.values())
    need = normal(draw, total)
    size = np.exp(0.35 * normal(draw, total))
    return Schools(counts, need, size)
