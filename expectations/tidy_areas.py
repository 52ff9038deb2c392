"""The areas a tidy file may name, by the project's own seeds: which codes are known, and who was in force when."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from expectations.seeds import seed

#: Authorities so small that some publications leave them out: City of London and Isles of Scilly.
VERY_SMALL = (201, 420)
#: Words that some publications write in a name and others do not.
FILLING = ("and", "borough", "city", "county", "lg", "of", "pre", "royal", "the", "upon")


@dataclass(frozen=True)
class Areas:
    """Known areas. `names` and `codes` hold every known name (folded) and GSS code by DfE number."""

    names: dict[int, frozenset[str]]
    codes: dict[int, frozenset[str]]
    regions: frozenset[str]
    in_force: dict[int, tuple[date | None, date | None]]
    successors: dict[int, frozenset[int]]


@lru_cache(maxsize=1)
def areas() -> Areas:
    """Return the areas of the seeds; read once a process."""
    names: dict[int, set[str]] = {}
    codes: dict[int, set[str]] = {}
    in_force = {}
    for row in seed("authorities"):
        number = int(row["dfe_number"])
        names.setdefault(number, set()).add(folded(row["area_name"]))
        codes.setdefault(number, set()).add(row["area_code"])
        in_force[number] = (_day(row["valid_from"]), _day(row["valid_to"]))
    for row in seed("area_code_history"):
        codes.setdefault(int(row["dfe_number"]), set()).add(row["area_code"])
    successors: dict[int, set[int]] = {}
    for row in seed("authority_successors"):
        successors.setdefault(int(row["former_dfe_number"]), set()).add(int(row["successor_dfe_number"]))
    return Areas(
        names={number: frozenset(found) for number, found in names.items()},
        codes={number: frozenset(found) for number, found in codes.items()},
        regions=frozenset(row["area_code"] for row in seed("regions")),
        in_force=in_force,
        successors={number: frozenset(found) for number, found in successors.items()},
    )


def folded(name: str) -> str:
    """Return a name as it is compared: its own words in lower case, in the order of the alphabet.

    Publications write `Bristol, City of` and `Bristol`, `Durham` and `County Durham`, `St. Helens` and `St Helens`.
    """
    words = re.findall(r"[a-z]+", name.lower().replace("'", ""))
    return " ".join(sorted(word for word in words if word not in FILLING))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
