"""Random arrays that belong to one named thing, and the choices made with them.

Only uniform numbers are drawn: their bits are the same in every version of the library, which those of its other
distributions are not promised to be.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def draws(seed: int, *names: object) -> np.random.Generator:
    """Return the random numbers of one named thing, the same for one seed on every machine."""
    digest = hashlib.sha256("/".join(str(name) for name in (seed, *names)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def normal(draw: np.random.Generator, count: int) -> Floats:
    """Return values of mean 0 and spread 1."""
    return np.asarray(np.sqrt(-2 * np.log(1 - draw.random(count))) * np.cos(2 * np.pi * draw.random(count)))


def below(draw: np.random.Generator, limit: int | Ints, count: int) -> Ints:
    """Return whole numbers from 0 to below `limit`, which may differ by element."""
    return np.floor(draw.random(count) * limit).astype(np.int64)


def pick(draw: np.random.Generator, weights: Sequence[float] | Floats, count: int) -> Ints:
    """Return positions in `weights`, each as often as its weight says."""
    steps = np.cumsum(np.asarray(weights, dtype=np.float64))
    found = np.searchsorted(steps, draw.random(count) * steps[-1], side="right")
    return np.minimum(found, len(steps) - 1).astype(np.int64)


def whole(draw: np.random.Generator, values: Floats) -> Ints:
    """Round to one of the two neighbours at random, so that small shares are right on average."""
    return np.floor(values + draw.random(len(values))).astype(np.int64)


def shuffled(draw: np.random.Generator, count: int) -> Ints:
    """Return the positions 0 to below `count` in random order."""
    return np.argsort(draw.random(count), kind="stable").astype(np.int64)


def place_in_order(scores: Floats) -> Floats:
    """Return where each score stands among all: evenly spread between 0 (lowest) and 1 (highest), both excluded."""
    places = np.empty(len(scores), dtype=np.float64)
    places[np.argsort(scores, kind="stable")] = (np.arange(len(scores)) + 0.5) / max(1, len(scores))
    return places


def highest(scores: Floats, count: int, among: Flags | None = None) -> Flags:
    """Mark the `count` highest scores of those allowed."""
    allowed = np.arange(len(scores)) if among is None else np.flatnonzero(among)
    marked = np.zeros(len(scores), dtype=np.bool_)
    count = max(0, min(count, len(allowed)))
    marked[allowed[np.argsort(-scores[allowed], kind="stable")[:count]]] = True
    return marked


class Counter:
    """Marks every so many rows across files, so that a fault has its rate exactly, however small a file is."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._seen = 0

    def mark(self, count: int) -> Flags:
        """Mark the next `count` rows: true for each row whose number is a multiple of the rate."""
        numbers = self._seen + 1 + np.arange(count)
        self._seen += count
        return np.asarray(numbers % self._every == 0)
