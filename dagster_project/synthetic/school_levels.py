"""What would be published of the invented pupils: the authority's own figures, counted from what its files hold.

Names are those of the indicators of the Local Authority Interactive Tool; a year is the one in which a school year
ends. Percentages lie between 0 and 100 and are unrounded.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from dagster_project.synthetic.draws import Ints

#: Indicator and year to figure.
Levels = dict[tuple[str, int], float]

Cells = npt.NDArray[np.generic]


def of_results(extract: str, year: int, results: Mapping[str, Cells]) -> Levels:
    """Return the figures that one file of results gives.

    Args:
        extract: Which results.
        year: First calendar year of the school year.
        results: The columns of the file, as texts or numbers by pupil.
    """
    found: dict[str, float] = {}
    if extract == "eyfsp":
        goals = np.stack([values == "2" for values in results.values()], axis=1)
        assessed = results["com_e01"] != "A"
        found["FSP_NEW_GOODDEV"] = _share(np.asarray(goals[assessed, :12].all(axis=1)))
        found["FSP_NEW_COMMS"] = _share(np.asarray(goals[assessed, :2].all(axis=1)))
    elif extract == "phonics":
        first = (results["phonics_year_group"] == 1) & (results["phonics_outcome"] != "L")
        found["KS1P_all"] = _share(results["phonics_outcome"][first] == "Wa")
    elif extract == "ks1":
        found["KS1R_Expected_STD"] = _share(np.isin(results["read_ta"].astype(str), ("EXS", "GDS")))
    elif extract == "ks2":
        reading, maths = (np.isin(results[f"{name}_outcome"].astype(str), ("AS", "CA")) for name in ("read", "mat"))
        writing = np.isin(results["writ_ta"].astype(str), ("EXS", "GDS"))
        found["KS2R_Expected_STD"] = _share(reading)
        found["KS2RWM_Expected_STD"] = _share(reading & maths & writing)
    elif extract == "ks4":
        found["AVG_Attain8_Score"] = float(results["att8"].astype(np.float64).mean())
        found["EngMaths9-5"] = _share(results["l2basics_95"] == 1)
        found["EngMaths9-4"] = _share(results["l2basics_94"] == 1)
        progress = results["p8_score"][results["p8_score"] != ""].astype(np.float64)
        if len(progress):
            found["AVG_Prog8_Score"] = float(progress.mean())
    return {(name, year + 1): value for name, value in found.items()}


def of_attendance(year: int, keys: Ints, possible: Ints, missed: Ints) -> Levels:
    """Return overall and persistent absence of a school year from rows of sessions; a key is a pupil at a school."""
    _, at = np.unique(keys, return_inverse=True)
    could, did_not = (np.bincount(at, weights=values.astype(np.float64)) for values in (possible, missed))
    return {
        ("TotAbs", year + 1): float(100 * did_not.sum() / could.sum()),
        ("TotPerAbNew", year + 1): _share(did_not * 10 >= could),
    }


def of_suspensions(year: int, suspended: int, excluded: int, pupils: int) -> Levels:
    """Return suspensions and permanent exclusions of a school year for every hundred pupils of its January census."""
    return {
        ("TotFixedEx", year + 1): 100 * suspended / pupils,
        ("TotPermEx", year + 1): 100 * excluded / pupils,
    }


def _share(met: npt.NDArray[np.bool_]) -> float:
    return float(100 * np.mean(met)) if len(met) else 0.0
