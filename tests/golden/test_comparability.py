"""Years that may not be compared: the seeds against the specification's tables, and the changes published on them.

The expectation is `comparability_tables.py`, written from the specification; nothing here reads the models.
"""

import csv
import re
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
from comparability_tables import BREAK, NONE, NOTES, OK, SEVEN_YEARS, STRICTEST_FIRST, measures_of, words_of
from recompute import indicator_id_without_counterpart

SEEDS = Path(__file__).resolve().parents[2] / "dbt" / "seeds"

# Ids of contract.md and indicators-education.md by the row of the table for them; a gap goes with its measure.
IDS = {
    "early years profile": "eyfsp_gld eyfsp_all17 eyfsp_avg_elg eyfsp_comm_lang eyfsp_literacy eyfsp_comm_lang_lit"
    " eyfsp_speaking eyfsp_word_reading eyfsp_gld_gap_fsm",
    "phonics year 1": "phonics_y1 phonics_avg_mark phonics_y1_gap_sen",
    "phonics end of year 2": "phonics_end_y2",
    "key stage 1": "ks1_r_exs ks1_w_exs ks1_m_exs ks1_s_exs ks1_r_gds ks1_w_gds ks1_m_gds",
    "multiplication check": "mtc_full mtc_avg",
    "key stage 2 attainment": "ks2_reading_exp ks2_maths_exp ks2_gps_exp ks2_science_exp ks2_reading_high",
    "key stage 2 progress": "ks2_r_prog ks2_w_prog ks2_m_prog",
    "key stage 4 attainment": "ks4_em_95 ks4_em_94 ks4_ebacc_entry ks4_ebacc_aps ks4_em_95_gap_disadvantaged",
    "progress 8": "ks4_p8 ks4_p8_gap_sex",
    "absence": "abs_overall abs_persistent abs_severe",
    "absence by reason": "abs_auth abs_unauth",
    "suspensions and exclusions": "susp_rate susp_pupils pex_rate",
    "key stage 4 destinations": "ks4_dest_sustained ks4_dest_education ks4_dest_appr ks4_dest_employment "
    "ks4_dest_not_sustained ks4_dest_unknown",
    "not in education, employment or training": "neet_pct not_known_pct neet_nk_pct",
}
ALSO = {
    "ks2_rwm_exp": ("key stage 2 attainment", "key stage 2 writing"),
    "ks2_rwm_high": ("key stage 2 attainment", "key stage 2 writing"),
    "ks2_writing_exp": ("key stage 2 attainment", "key stage 2 writing"),
    "ks2_writing_gds": ("key stage 2 attainment", "key stage 2 writing"),
    "ks4_att8": ("key stage 4 attainment", "attainment 8"),
    "ks4_att8_gap_disadvantaged": ("key stage 4 attainment", "attainment 8"),
    "lait_excessrec": ("child measurement",),
    "ehcp_20wk": ("plans of a calendar year",),
    "ehcp_20wk_all": ("plans of a calendar year",),
    "ehcp_active": ("plans in January",),
    "cla_31_march_rate": (),
    "level2_19": (),
}
EXPECTED = {
    **{indicator: (measure,) for measure, ids in IDS.items() for indicator in ids.split()},
    **ALSO,
}


def read_seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def like(pattern: str) -> re.Pattern[str]:
    """The SQL pattern as a regular expression: % is any text, _ any one character."""
    return re.compile("".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern))


FAMILIES = [
    (int(row["priority"]), row["family"], like(row["indicator_pattern"]))
    for row in read_seed("comparability_families.csv")
]
YEARS: dict[str, list[tuple[date, str, str]]] = defaultdict(list)
for _row in read_seed("comparability.csv"):
    YEARS[_row["family"]].append((date.fromisoformat(_row["period_end"]), _row["comparability"], _row["kind"]))


def families_of(indicator_id: str) -> set[str]:
    """The main family of an indicator (smallest priority above 0) and those that add to it (priority 0)."""
    found = {(priority, family) for priority, family, pattern in FAMILIES if pattern.fullmatch(indicator_id)}
    main = sorted(pair for pair in found if pair[0] > 0)[:1]
    return {family for priority, family in found if priority == 0} | {family for _, family in main}


def declared_of(indicator_id: str) -> dict[date, list[tuple[str, str]]]:
    """Every word and kind that the seeds have for a period of an indicator."""
    declared: dict[date, list[tuple[str, str]]] = defaultdict(list)
    for family in families_of(indicator_id):
        for day, word, kind in YEARS[family]:
            declared[day].append((word, kind))
    return declared


def declared_words(indicator_id: str) -> dict[date, str]:
    words = {
        day: min((word for word, _ in found), key=STRICTEST_FIRST.index)
        for day, found in declared_of(indicator_id).items()
    }
    return {day: word for day, word in words.items() if word != OK}


@pytest.fixture(scope="session")
def dictionary(lait_dir: Path) -> dict[str, set[str]]:
    """Short description to the rows of the specification that speak of it; the first row of the dictionary counts."""
    found: dict[str, set[str]] = {}
    with (lait_dir / "lait_data_dictionary.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            measures = measures_of(row["Measure"].strip(), row["Topic"], row["Year_Type"])
            found.setdefault(row["Measure_short"].strip(), measures)
    return found


class TestSeeds:
    @pytest.mark.parametrize(("indicator_id", "measures"), EXPECTED.items(), ids=list(EXPECTED))
    def test_every_year_has_the_word_of_the_table(self, indicator_id, measures):
        assert declared_words(indicator_id) == words_of(measures)

    def test_every_row_of_the_table_is_looked_at(self):
        assert {measure for measures in EXPECTED.values() for measure in measures} >= set(SEVEN_YEARS)

    @pytest.mark.parametrize(("measure", "day", "kind"), [note for note in NOTES if note[0] in IDS])
    def test_a_note_stands_though_nothing_is_parted(self, measure, day, kind):
        for indicator_id in IDS[measure].split():
            assert (OK, kind) in declared_of(indicator_id)[day], indicator_id

    def test_free_school_meals_carry_the_note_of_the_protection(self):
        assert (OK, "fsm_protection") in declared_of("fsm_primary")[date(2019, 1, 31)]
        assert (OK, "fsm_protection") in declared_of("eyfsp_gld_gap_fsm")[date(2019, 8, 31)]
        assert (OK, "fsm_protection") in declared_of("ks4_em_95_gap_disadvantaged")[date(2019, 8, 31)]

    def test_no_family_is_without_years_and_no_year_without_a_family(self):
        assert {family for _, family, _ in FAMILIES} == set(YEARS)

    def test_every_row_has_words_to_print(self):
        for row in read_seed("comparability.csv"):
            assert row["words"].endswith("."), row
            assert row["kind"], row


class TestEveryMeasureOfTheTool:
    """All short descriptions of the dictionary, those that the loaded file does not hold too."""

    def test_words_and_notes_are_those_of_the_specification(self, dictionary):
        declared_id = {row["lait_short_desc"]: row["indicator_id"] for row in read_seed("indicators.csv")}
        wrong = []
        for short_desc, measures in dictionary.items():
            indicator_id = declared_id.get(short_desc) or indicator_id_without_counterpart(short_desc)
            declared = declared_of(indicator_id)
            notes = {(day, kind) for measure, day, kind in NOTES if measure in measures}
            held = {(day, kind) for day, found in declared.items() for word, kind in found if word == OK}
            if declared_words(indicator_id) != words_of(measures) or not notes <= held:
                wrong.append((short_desc, indicator_id, sorted(measures), sorted(families_of(indicator_id))))
        assert len(dictionary) == 434
        assert not wrong, f"{len(wrong)} differ, first {wrong[:10]}"

    def test_a_break_is_never_hidden_by_a_stricter_word_of_another_family(self, dictionary):
        """One word stands for a period: a break that lost its place there would no longer part the series."""
        declared_id = {row["lait_short_desc"]: row["indicator_id"] for row in read_seed("indicators.csv")}
        ids = {declared_id.get(short_desc) or indicator_id_without_counterpart(short_desc) for short_desc in dictionary}
        for indicator_id in ids | {row["indicator_id"] for row in read_seed("indicators.csv")}:
            for day, found in declared_of(indicator_id).items():
                words = {word for word, _ in found}
                assert BREAK not in words or words <= {BREAK, OK}, (indicator_id, day, found)


def last_comparable(rows: list[dict], words: dict[date, str]) -> dict | None:
    """The earlier row that the last of a series may be compared with, oldest first; None where there is none."""
    *earlier, now = rows
    breaks = [day for day, word in words.items() if word == BREAK]
    if now["value"] is None or words.get(now["period_end"], OK) not in (OK, BREAK):
        return None
    for row in reversed(earlier):
        if any(row["period_end"] < day <= now["period_end"] for day in breaks):
            return None
        if row["value"] is not None and words.get(row["period_end"], OK) in (OK, BREAK):
            return row
    return None


class TestPublished:
    @pytest.fixture(scope="class")
    def words(self, real, dictionary) -> dict[str, dict[date, str]]:
        """What the specification says of every published indicator; "not yet" only where nothing is published."""
        short = {
            row["indicator_id"]: row["lait_short_desc"]
            for row in real("select indicator_id, lait_short_desc from marts.dim_indicator")
        }

        def measures(indicator_id: str):
            if short[indicator_id]:
                return dictionary[short[indicator_id]]
            # The distance between groups of pupils breaks where the figure does.
            figure = indicator_id.partition("_gap_")[0]
            return measures(figure) if figure != indicator_id else EXPECTED.get(indicator_id, set())

        words = {indicator_id: words_of(measures(indicator_id)) for indicator_id in short}
        for row in real(
            """
            select distinct indicator_id, period_end from marts.fct_indicator_value
            where source_kind = 'published' and value is not null and starts_with(indicator_id, 'ks4_dest')
            """
        ):
            if words[row["indicator_id"]].get(row["period_end"]) == NONE:
                del words[row["indicator_id"]][row["period_end"]]
        return words

    @pytest.fixture(scope="class")
    def series(self, real) -> dict[tuple[str, int], list[dict]]:
        found = defaultdict(list)
        for row in real(
            """
            select indicator_id, dfe_number, period_id, period_end, value, last_comparable_period_id as compared_with,
                change_since_last_comparable as change
            from marts.indicator_comparison
            order by indicator_id, dfe_number, period_end
            """
        ):
            found[row["indicator_id"], row["dfe_number"]].append(row)
        return found

    def test_every_published_figure_carries_the_word_of_its_year(self, real, words):
        rows = real(
            """
            select distinct indicator_id, period_end, comparability from marts.fct_indicator_value
            where breakdown_type = 'total'
            """
        )
        wrong = [row for row in rows if row["comparability"] != words[row["indicator_id"]].get(row["period_end"], OK)]
        assert rows
        assert not wrong, f"{len(wrong)} differ, first {wrong[:10]}"

    def test_series_breaks_are_those_of_the_specification(self, real, words):
        found = defaultdict(dict)
        for row in real("select indicator_id, period_end, comparability from marts.series_break"):
            if row["comparability"] != OK:
                found[row["indicator_id"]][row["period_end"]] = row["comparability"]
        assert found == {indicator_id: expected for indicator_id, expected in words.items() if expected}

    def test_notes_are_published_and_part_nothing(self, real):
        rows = real(
            "select indicator_id, first_period_id, kind, words from marts.series_break where comparability = 'ok'"
        )
        held = {(row["indicator_id"], row["first_period_id"], row["kind"]) for row in rows}
        assert {
            ("ks2_reading_exp", "year_2022-08-31", "first_after_gap"),
            ("abs_overall", "year_2022-08-31", "session_codes"),
            ("ks4_em_95", "year_2023-08-31", "grading_restored"),
            ("fsm_secondary", "snapshot_2019-01-31", "fsm_protection"),
            ("lait_dap_ks4_att8", "year_2019-08-31", "fsm_protection"),
            ("lait_lac_foster_placements", "year_2020-03-31", "series_start"),
        } <= held
        assert all(row["words"] for row in rows)

    def test_change_of_every_authority_indicator_and_period(self, series, words):
        """Back to the newest earlier value, never past a break (even one in a year without a row), never to or from a
        year that is not comparable or was not collected; and the period it is measured from is named."""
        wrong = []
        for (indicator_id, _), rows in series.items():
            for place, row in enumerate(rows):
                earlier = last_comparable(rows[: place + 1], words[indicator_id])
                expected = None if earlier is None else row["value"] - earlier["value"]
                if row["compared_with"] != (earlier and earlier["period_id"]) or row["change"] != (
                    expected if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9)
                ):
                    wrong.append(row)
        assert sum(len(rows) for rows in series.values()) > 300_000
        assert not wrong, f"{len(wrong)} differ, first {wrong[:10]}"

    @pytest.mark.parametrize(
        ("indicator_id", "period_id", "compared_with", "change"),
        [("ks4_att8", "year_2023-08-31", "year_2019-08-31", 45.8 - 45.1),
         ("ks4_att8", "year_2018-08-31", None, None),
         ("ks4_att8", "year_2017-08-31", None, None),
         ("ks4_em_95", "year_2018-08-31", "year_2017-08-31", None),
         ("ks4_p8", "year_2022-08-31", "year_2019-08-31", 0.12 - 0.03),
         ("ks2_rwm_exp", "year_2022-08-31", "year_2019-08-31", 58 - 62),
         ("ks2_rwm_exp", "year_2018-08-31", None, None),
         ("ks2_rwm_exp", "year_2017-08-31", "year_2016-08-31", None),
         ("ks2_reading_exp", "year_2018-08-31", "year_2017-08-31", None),
         ("eyfsp_gld", "year_2022-08-31", None, None),
         ("lait_priunauth", "year_2025-08-31", None, None),
         ("lait_priunauth", "year_2024-08-31", "year_2023-08-31", None),
         ("ehcp_active", "snapshot_2023-01-31", None, None)],
    )  # fmt: skip
    def test_leeds(self, series, indicator_id, period_id, compared_with, change):
        row = next(row for row in series[indicator_id, 383] if row["period_id"] == period_id)
        assert row["value"] is not None
        assert row["compared_with"] == compared_with
        assert (row["change"] is None) == (compared_with is None)
        if change is not None:
            assert row["change"] == pytest.approx(change, abs=1e-9)
