"""Why a figure would change, by the vintages it comes from and what else differs."""

from dataclasses import replace

import pytest

from dagster_project.publication import causes
from dagster_project.publication.causes import Evidence, Vintage, cause_by_files, held, parts_of

SOURCES = {
    "ks4_la": "ees",
    "lait": "lait",
    "mid_year_population": "population",
    "postcodes": "geography",
    "episodes": "ssda903",
    "oc3": "ssda903",
}
APRIL_2025, APRIL_2026, AGAIN = "ks4_la/2025-04/aaaa", "ks4_la/2026-04/bbbb", "ks4_la/2025-04/cccc"
RETURN, RETURN_AGAIN, NEXT_RETURN = "episodes/2023/aaaa", "episodes/2023/bbbb", "episodes/2024/cccc"
CUT = "episodes/2024/2023-09-30/dddd"
PEOPLE, PEOPLE_AGAIN = "mid_year_population/2024/aaaa", "mid_year_population/2025/bbbb"


def evidence(before: tuple[str, ...], now: tuple[str, ...]) -> Evidence:
    return Evidence(held(before), held(now), SOURCES)


def test_parts_of_a_vintage_hold_the_date_of_a_cut_in_their_release() -> None:
    assert parts_of(f"{CUT} + {PEOPLE}") == (
        Vintage("episodes", "2024/2023-09-30", "dddd"),
        Vintage("mid_year_population", "2024", "aaaa"),
    )
    assert parts_of(None) == ()


def test_where_nothing_is_published_every_figure_has_a_new_source() -> None:
    nothing = Evidence(None, held((APRIL_2025, RETURN)), SOURCES, code_changed=True)
    assert cause_by_files("published", None, APRIL_2025, nothing) == causes.NEW_SOURCE
    assert cause_by_files("local", None, RETURN, nothing) == causes.NEW_SOURCE


@pytest.mark.parametrize(
    ("before", "now", "old", "new", "expected"),
    [
        ((APRIL_2025,), (APRIL_2025, APRIL_2026), APRIL_2025, APRIL_2026, causes.SOURCE_REVISED),
        # The folder of the earlier release need not be kept.
        ((APRIL_2025,), (APRIL_2026,), APRIL_2025, APRIL_2026, causes.SOURCE_REVISED),
        ((APRIL_2025,), (APRIL_2025, APRIL_2026), None, APRIL_2026, causes.NEW_RELEASE),
        ((APRIL_2025,), (APRIL_2025, AGAIN), APRIL_2025, AGAIN, causes.SAME_RELEASE),
        ((APRIL_2025,), (APRIL_2025, AGAIN), None, AGAIN, causes.SAME_RELEASE),
        ((APRIL_2025,), (AGAIN,), APRIL_2025, None, causes.SAME_RELEASE),
        ((APRIL_2025,), (APRIL_2025, "lait/2026/aa"), None, "lait/2026/aa", causes.NEW_SOURCE),
        # The tool now holds a period that a data set gave: that is no revision of the data set.
        ((APRIL_2025,), (APRIL_2025, "lait/2026/aa"), APRIL_2025, "lait/2026/aa", causes.NEW_SOURCE),
        ((APRIL_2025, "lait/2026/aa"), (APRIL_2025,), "lait/2026/aa", APRIL_2025, causes.FILE_GONE),
        ((APRIL_2025, APRIL_2026), (APRIL_2025,), APRIL_2026, APRIL_2025, causes.FILE_GONE),
        ((APRIL_2025, APRIL_2026), (APRIL_2026,), APRIL_2025, None, causes.FILE_GONE),
        ((APRIL_2026,), (APRIL_2025,), APRIL_2026, APRIL_2025, causes.FILE_GONE),
        ((APRIL_2025,), (), APRIL_2025, None, causes.FILE_GONE),
        # A rate made of a printed count stands on two files, of which the population is the second.
        (
            (APRIL_2025, PEOPLE),
            (APRIL_2025, PEOPLE, PEOPLE_AGAIN),
            f"{APRIL_2025} + {PEOPLE}",
            f"{APRIL_2025} + {PEOPLE_AGAIN}",
            causes.POPULATION,
        ),
        (
            (APRIL_2025, PEOPLE),
            (APRIL_2025, APRIL_2026, PEOPLE, PEOPLE_AGAIN),
            f"{APRIL_2025} + {PEOPLE}",
            f"{APRIL_2026} + {PEOPLE_AGAIN}",
            causes.SOURCE_REVISED,
        ),
    ],
)
def test_published_figure(
    before: tuple[str, ...], now: tuple[str, ...], old: str | None, new: str | None, expected: str
) -> None:
    assert cause_by_files("published", old, new, evidence(before, now)) == expected


RATE, RATE_AGAIN = f"{RETURN} + {PEOPLE}", f"{RETURN} + {PEOPLE_AGAIN}"


@pytest.mark.parametrize(
    ("before", "now", "old", "new", "expected"),
    [
        ((RETURN,), (RETURN_AGAIN,), RETURN, RETURN_AGAIN, causes.LOCAL_RETURN),
        ((RETURN,), (RETURN_AGAIN,), None, RETURN_AGAIN, causes.LOCAL_RETURN),
        ((RETURN,), (RETURN_AGAIN,), RETURN, None, causes.LOCAL_RETURN),
        ((RETURN,), (RETURN, NEXT_RETURN), None, NEXT_RETURN, causes.NEW_RELEASE),
        ((RETURN,), (RETURN, CUT), None, CUT, causes.NEW_RELEASE),
        ((PEOPLE,), (PEOPLE, RETURN), None, f"{RETURN} + {PEOPLE}", causes.NEW_SOURCE),
        ((RETURN,), (), RETURN, None, causes.FILE_GONE),
        # Another table of a return that was there without it.
        ((RETURN,), (RETURN, "oc3/2023/aa"), "ssda903/2023/none", "oc3/2023/aa", causes.LOCAL_RETURN),
        ((RETURN,), (RETURN, "oc3/2023/aa"), None, "oc3/2023/aa", causes.LOCAL_RETURN),
        ((RETURN, PEOPLE), (RETURN, PEOPLE_AGAIN), RATE, RATE_AGAIN, causes.POPULATION),
        ((RETURN, PEOPLE), (RETURN_AGAIN, PEOPLE_AGAIN), RATE, f"{RETURN_AGAIN} + {PEOPLE_AGAIN}", causes.LOCAL_RETURN),
        ((RETURN,), (RETURN, PEOPLE), RETURN, RATE, causes.NEW_SOURCE),
        ((RETURN, PEOPLE), (RETURN,), RATE, RETURN, causes.FILE_GONE),
        ((RETURN, "postcodes/1/a"), (RETURN, "postcodes/2/b"), f"{RETURN} + postcodes/1/a", f"{RETURN} + postcodes/2/b",
         causes.OTHER_INPUT),
        # Whichever part stands first, it is the return that says what happened.
        ((RETURN,), (RETURN, NEXT_RETURN, PEOPLE), None, f"{PEOPLE} + {NEXT_RETURN}", causes.NEW_RELEASE),
        ((RETURN, PEOPLE), (RETURN_AGAIN,), f"{PEOPLE} + {RETURN}", None, causes.LOCAL_RETURN),
        # A figure of this return that looks at another one, which has come or changed.
        ((NEXT_RETURN,), (RETURN, NEXT_RETURN), NEXT_RETURN, NEXT_RETURN, causes.LOCAL_RETURN),
        ((RETURN, NEXT_RETURN), (RETURN_AGAIN, NEXT_RETURN), NEXT_RETURN, NEXT_RETURN, causes.LOCAL_RETURN),
    ],
)  # fmt: skip
def test_figure_of_the_council(
    before: tuple[str, ...], now: tuple[str, ...], old: str | None, new: str | None, expected: str
) -> None:
    assert cause_by_files("local", old, new, evidence(before, now)) == expected


@pytest.mark.parametrize(("old", "new"), [(RETURN, RETURN), (None, RETURN), (RETURN, None)])
@pytest.mark.parametrize("source_kind", ["local", "published"])
def test_same_files_that_give_another_figure_were_read_by_other_code_or_settings(
    source_kind: str, old: str | None, new: str | None
) -> None:
    same = evidence((RETURN,), (RETURN,))
    both = replace(same, code_changed=True, settings_changed=True)
    assert cause_by_files(source_kind, old, new, both) == causes.OUR_CODE
    assert cause_by_files(source_kind, old, new, replace(same, settings_changed=True)) == causes.SETTINGS
    assert cause_by_files(source_kind, old, new, same) == causes.OTHER_INPUT


def test_data_set_that_was_held_and_gives_figures_only_now_is_read_by_other_code() -> None:
    both = replace(evidence((APRIL_2025, "lait/1/a"), (APRIL_2025, "lait/1/a")), code_changed=True)
    assert cause_by_files("published", "lait/1/a", APRIL_2025, both) == causes.OUR_CODE
