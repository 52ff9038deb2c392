"""Every cell of the tidy data sets, read from the published files without our SQL, against the published table.

A data set's cells are held as a vintage beside the interactive tool's, which stand where the tool holds the period; so
both the cells and their agreement with the tool are compared here. Authorities and England and the regions alike.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

LEEDS = 383
SYMBOLS = {
    "c": "suppressed",
    "z": "not_applicable",
    "x": "not_available",
    "k": "rounds_to_zero",
    "u": "low_reliability",
}
REGIONS = {
    "E12000001": 980, "E12000002": 981, "E12000003": 982, "E12000004": 983, "E12000005": 984, "E12000006": 985,
    "E12000007": 986, "E13000001": 987, "E13000002": 988, "E12000008": 989, "E12000009": 990,
}  # fmt: skip
LONG_TERM = "Children looked after continuously for at least 2.5 years on 31 March aged under 16 years"


@dataclass(frozen=True)
class Measure:
    """Where a published figure stands in its file: value column, counts under it and the rows that it is read from.

    `total` names the row of the same area, year and group whose count is the base, as column and word.
    """

    indicator_id: str
    value: str
    numerator: str | None = None
    denominator: str | None = None
    rows: tuple[tuple[str, str], ...] = ()
    total: tuple[str, str] | None = None
    period: str = "year_{year}-03-31"
    years_earlier: int = 0
    breakdown: str = "total"
    skip: tuple[str, ...] = ()


def _stability(indicator_id: str, group: str, answer: str) -> Measure:
    return Measure(
        indicator_id,
        "children_percent",
        "children_count",
        "children_count",
        (("cla_group", group), ("placement_stability", answer)),
        ("placement_stability", "Total children"),
    )


def _care_leavers(age: str, breakdown: str) -> Measure:
    return Measure(
        "care_leavers_suitable_pct",
        "care_leaver_percent",
        "care_leaver_count",
        "care_leaver_count",
        (("care_leaver_age", age), ("breakdown", "Accommodation considered suitable")),
        ("breakdown", "Suitability total"),
        breakdown=breakdown,
    )


def _neet(indicator_id: str, value: str, denominator: str) -> Measure:
    return Measure(indicator_id, value, None, denominator)


SCHOOL_YEAR = "year_{year}-08-31"
CARE_GROUP_WORDS = {
    "cla_12_months": "CLA 12 months at 31 March",
    "cppo": "CPPO at 31 March",
    "cino": "CINO at 31 March",
}


def _by_care_group(
    indicator_id: str,
    value: str,
    numerator: str,
    denominator: str,
    *more: tuple[str, str],
    skip: tuple[str, ...] = (),
) -> list[Measure]:
    return [
        Measure(
            indicator_id,
            value,
            numerator,
            denominator,
            (("social_care_group", words), *more),
            period=SCHOOL_YEAR,
            breakdown=group,
            skip=skip,
        )
        for group, words in CARE_GROUP_WORDS.items()
    ]


def _of_care_group(indicator_id: str, group: str, *parts: str, rows: tuple[tuple[str, str], ...] = ()) -> Measure:
    words = CARE_GROUP_WORDS[group]
    return Measure(indicator_id, *parts, rows=(("social_care_group", words), *rows), period=SCHOOL_YEAR)


def _profile(indicator_id: str, value: str, numerator: str | None, denominator: str | None, *rows) -> list[Measure]:
    return [
        Measure(indicator_id, value, numerator, denominator, options, period=SCHOOL_YEAR, breakdown=breakdown)
        for breakdown, options in rows
    ]


def _phase(kind: str = "Total") -> tuple[str, str]:
    return "phase_type_grouping", kind


def _key_stage_2(subject: str, indicator_id: str) -> list[Measure]:
    met, eligible = f"t_{subject}_met_expected_standard", f"t_{subject}_eligible_pupils"
    return _by_care_group(indicator_id, f"pt_{subject}_met_expected_standard", met, eligible)


def _progress(subject: str, indicator_id: str) -> list[Measure]:
    score, pupils = f"t_{subject}_progress_score", f"t_{subject}_progress_eligible_pupils"
    return _by_care_group(indicator_id, f"avg_{subject}_progress_score", score, pupils, skip=("x",))


OLD_ROWS = [
    ("total", (("characteristic", "Total"),)),
    ("F", (("characteristic", "Gender Female"),)),
    ("M", (("characteristic", "Gender Male"),)),
]


def _new_rows(gender: str, characteristic: str, kind: str) -> tuple[tuple[str, str], ...]:
    return ("gender", gender), ("characteristic", characteristic), ("characteristic_type", kind)


NEW_ROWS = [
    ("total", _new_rows("Total", "Total", "Total")),
    ("F", _new_rows("Girls", "Total", "Total")),
    ("M", _new_rows("Boys", "Total", "Total")),
    (
        "fsm",
        _new_rows("Total", "Free school meal eligibility", "Known to be eligible for free school meals"),
    ),
    ("ehcp", _new_rows("Total", "SEN provision", "EHC plan")),
    ("english", _new_rows("Total", "First language", "Known or believed to be English")),
    ("asian", _new_rows("Total", "Ethnic group: major", "Asian/Asian British")),
    ("summer", _new_rows("Total", "Term of birth", "Summer-born")),
]
SCORECARD = [
    _neet("neet_pct", "NEET_percent", "Cohort_DJFavg"),
    _neet("not_known_pct", "Notknown_percent", "Cohort_DJFavg"),
    _neet("neet_nk_pct", "NEET_not_known_percent", "Cohort_DJFavg"),
    _neet("participation_pct", "TOTAL_participating_in_education_and_training_percent", "cohort_March"),
    Measure(
        "september_offer_pct",
        "September_guarantee_Offer_made_percent",
        period="snapshot_{year}-09-30",
        years_earlier=1,
    ),
]
# Data set, its file and the figures that are read from it.
DATA_SETS = [
    (
        "b1_children_in_need",
        "b1_children_in_need_2013_to_2025.csv",
        [Measure("cin_31_march", "At31_episodes", period="snapshot_{year}-03-31")],
    ),
    (
        "c1_children_in_need_referrals_and_rereferrals",
        "c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv",
        [
            Measure("referrals", "referral_count"),
            Measure("re_referrals_pct", "rereferral_percent", "rereferral_count", "referral_count"),
            Measure("referrals_nfa_pct", "no_further_action_percent", "no_further_action_count", "referral_count"),
            Measure("children_referred", "referral_child_count"),
        ],
    ),
    (
        "d3_cpps_subsequent_plan",
        "d3_cpps_subsequent_plan_2013_to_2025.csv",
        [
            Measure("cpp_started", "CPP_start"),
            Measure("cpp_second_pct", "CPP_subsequent_percent", "CPP_subsequent", "CPP_start"),
        ],
    ),
    (
        "la_cla_placement_stability",
        "la_cla_placement_stability.csv",
        [
            _stability("cla_3plus_placements_pct", "CLA on 31 March", "With 3 or more placements during the year"),
            _stability("cla_stability_2_5_years_pct", LONG_TERM, "Living with the same carer for at least 2 years"),
        ],
    ),
    (
        "la_care_leavers_accommodation_suitability",
        "la_care_leavers_accommodation_suitability.csv",
        [
            _care_leavers("19 to 21 years", "total"),
            _care_leavers("19 to 21 years", "19_to_21"),
            _care_leavers("17 to 18 years", "17_to_18"),
        ],
    ),
    (
        "ks2_la",
        "ks2_la.csv",
        [
            *_key_stage_2("read", "ks2_reading_exp"),
            *_key_stage_2("writta", "ks2_writing_exp"),
            *_key_stage_2("mat", "ks2_maths_exp"),
            *_key_stage_2("rwm", "ks2_rwm_exp"),
            *_key_stage_2("gps", "ks2_gps_exp"),
            *_key_stage_2("scita", "ks2_science_exp"),
            *_progress("read", "ks2_r_prog"),
            *_progress("writta", "ks2_w_prog"),
            *_progress("mat", "ks2_m_prog"),
            _of_care_group(
                "lait_lac_ks2_expstd_r",
                "cla_12_months",
                "pt_read_met_expected_standard",
                "t_read_met_expected_standard",
                "t_read_eligible_pupils",
            ),
            _of_care_group(
                "lait_cppo_ks2_rwm",
                "cppo",
                "pt_rwm_met_expected_standard",
                "t_rwm_met_expected_standard",
                "t_rwm_eligible_pupils",
            ),
        ],
    ),
    (
        "absence_by_social_care_group",
        "absence_by_social_care_group_subset.csv",
        [
            *_by_care_group("abs_overall", "pt_overall", "t_sess_overall", "t_sess_possible", _phase()),
            *_by_care_group("abs_unauth", "pt_sess_unauthorised", "t_sess_unauthorised", "t_sess_possible", _phase()),
            *_by_care_group("abs_persistent", "pt_pupils_pa_10_exact", "t_pupils_pa_10_exact", "t_pupils", _phase()),
            *_by_care_group("abs_severe", "pt_pupils_pa_50_exact", "t_pupils_pa_50_exact", "t_pupils", _phase()),
            _of_care_group(
                "lait_cinauthab_3term",
                "cino",
                "pt_sess_authorised",
                "t_sess_authorised",
                "t_sess_possible",
                rows=(_phase(),),
            ),
        ],
    ),
    (
        "eyfsp_gld",
        "eyfsp_gld_2013_to_2018.csv",
        [
            *_profile("eyfsp_gld", "gld_percent", "gld_number", "number_of_children", *OLD_ROWS),
            *_profile("eyfsp_all17", "elg_percent", "elg_number", "number_of_children", *OLD_ROWS),
            *_profile(
                "eyfsp_comm_lang_lit",
                "comm_lang_lit_percent",
                "comm_lang_lit_number",
                "number_of_children",
                *OLD_ROWS,
            ),
        ],
    ),
    (
        "eyfsp_headline_measures",
        "eyfsp_headline_measures_202122_subset.csv",
        [
            *_profile("eyfsp_gld", "gld_percentage", "gld_number", "children_number", *NEW_ROWS),
            *_profile("eyfsp_all17", "elg_percentage", "elg_number", "children_number", *NEW_ROWS),
            *_profile("eyfsp_avg_elg", "average_elgs", None, None, *NEW_ROWS),
        ],
    ),
    (
        "sen2_ehc_mi",
        "sen2_ehc_mi_2014_to_2022.csv",
        [
            Measure(
                "ehcp_20wk", "no_exc_20week_rate", "no_exc_20week_ehc", "tot_no_exc_ehc", period="year_{year}-12-31"
            ),
            Measure(
                "ehcp_20wk_all",
                "inc_exc_20week_rate",
                "inc_exc_20week_ehc",
                "tot_inc_exc_ehc",
                period="year_{year}-12-31",
            ),
        ],
    ),
    ("neet_la_scorecard/2022", "neet_la_scorecard_2022.csv", SCORECARD),
    ("neet_la_scorecard/2025", "neet_la_scorecard_2025.csv", SCORECARD),
]
MEASURES = [(data_set, name, measure) for data_set, name, measures in DATA_SETS for measure in measures]
# Care group, the tool's short description and the columns of key stage 4 that stand behind it.
CARE_GROUPS = [
    ("CLA 12 months at 31 March", "lait_lac_ks4_avg_attain8", "avg_att8", "t_att8", "t_pupils"),
    ("CLA 12 months at 31 March", "lait_lac_engmaths9_4", "pt_l2basics_94", "t_l2basics_94", "t_pupils"),
    ("CLA 12 months at 31 March", "lait_lac_ks4_avg_prog8", "avg_p8score", "t_p8score", "t_inp8calc"),
    ("CINO at 31 March", "lait_cin_avg_attain8_ks4", "avg_att8", "t_att8", "t_pupils"),
    ("CINO at 31 March", "lait_cin_engmaths9_5", "pt_l2basics_95", "t_l2basics_95", "t_pupils"),
    ("CINO at 31 March", "lait_cin_engmaths9_4", "pt_l2basics_94", "t_l2basics_94", "t_pupils"),
    ("CINO at 31 March", "lait_cinprogks2_4_avg_prog8", "avg_p8score", "t_p8score", "t_inp8calc"),
]
# Figures of the data sets that the tool, as far as it lies here, does not print.
NOT_OF_THE_TOOL = {"cin_31_march", "children_referred", "referrals_nfa_pct", "eyfsp_avg_elg", "eyfsp_comm_lang_lit"}

Key = tuple[int, str]


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of England, regions and authorities with the number of each."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            match row["geographic_level"]:
                case "National":
                    yield 970, row
                case "Regional":
                    yield REGIONS[row["region_code"]], row
                case "Local authority":
                    yield int(row["old_la_code"]), row


def number(text: str | None) -> float | None:
    """A cell as a number; None for a symbol, which must be one that we know."""
    if text is None or text.strip() in SYMBOLS:
        return None
    return float(Decimal(text))


def expected_cells(path: Path, measure: Measure) -> dict[Key, tuple]:
    """(area, period) to value, status, numerator and denominator, as the file has them."""
    rows = list(rows_of(path))
    totals: dict[tuple, str] = {}
    kept = [column for column, _ in measure.rows if measure.total and column != measure.total[0]]
    if measure.total:
        for area, row in rows:
            if row[measure.total[0]] == measure.total[1]:
                totals[area, row["time_period"], *(row[column] for column in kept)] = row[measure.denominator]
    cells: dict[Key, tuple] = {}
    for area, row in rows:
        if any(row[column] != word for column, word in measure.rows):
            continue
        if measure.total:
            base = totals[area, row["time_period"], *(row[column] for column in kept)]
        else:
            base = row[measure.denominator] if measure.denominator else None
        # Six digits are two years, of which the second one ends the period.
        year = int(row["time_period"][:4]) + (len(row["time_period"]) == 6)
        key = area, measure.period.format(year=year - measure.years_earlier)
        text = row[measure.value].strip()
        if text in measure.skip:
            continue
        # A share whose total is suppressed has no base, so it has no numerator either.
        has_part = measure.numerator and not (measure.total and number(base) is None)
        assert key not in cells, key
        cells[key] = (
            number(text),
            SYMBOLS.get(text, "ok"),
            number(row[measure.numerator]) if has_part else None,
            number(base),
        )
    return cells


def published_cells(real, vintage: str, indicator_id: str, breakdown: str) -> dict[Key, tuple]:
    rows = real(
        """
        select case when a.area_type = 'authority' then a.dfe_number else n.dfe_number end as area, f.period_id,
            f.value, f.value_status, f.numerator, f.denominator
        from marts.fct_indicator_value as f
        join marts.dim_area as a using (area_code)
        left join (select unnest($2) as code, unnest($3) as dfe_number) as n on n.code = f.area_code
        where f.source_kind = 'published' and f.indicator_id = $1 and f.breakdown_value = $4 and f.vintage_id like $5
        """,
        indicator_id,
        ["E92000001", *REGIONS],
        [970, *REGIONS.values()],
        breakdown,
        f"{vintage}/%",
    )
    cells = {
        (row["area"], row["period_id"]): (row["value"], row["value_status"], row["numerator"], row["denominator"])
        for row in rows
    }
    assert len(cells) == len(rows), "a cell is held twice"
    return cells


@pytest.mark.parametrize(
    ("data_set", "name", "measure"), MEASURES, ids=lambda part: getattr(part, "indicator_id", str(part))
)
def test_every_cell_of_a_data_set_is_held_as_published(real, shared_data, data_set, name, measure):
    expected = expected_cells(shared_data / "ees" / name, measure)
    found = published_cells(real, data_set, measure.indicator_id, measure.breakdown)
    assert len(expected) >= 12
    assert set(found) == set(expected)
    wrong = [(key, cell, found[key]) for key, cell in expected.items() if found[key] != cell]
    assert not wrong, f"{len(wrong)} of {len(expected)} cells differ, first {wrong[:10]}"


@pytest.mark.parametrize(
    ("indicator_id", "period_id", "value"),
    [
        ("re_referrals_pct", "year_2025-03-31", 24.2),
        ("care_leavers_suitable_pct", "year_2025-03-31", 81),
        ("neet_pct", "year_2025-03-31", 4.9),
        ("neet_pct", "year_2022-03-31", 2.5),
        ("not_known_pct", "year_2022-03-31", 5.3),
        ("neet_nk_pct", "year_2022-03-31", 7.8),
        ("not_known_pct", "year_2025-03-31", 3.9),
        ("neet_nk_pct", "year_2025-03-31", 8.8),
        ("referrals", "year_2023-03-31", 10_950),
        ("cin_31_march", "snapshot_2023-03-31", 5_589),
        ("cla_3plus_placements_pct", "year_2023-03-31", 14),
        ("cla_stability_2_5_years_pct", "year_2023-03-31", 70),
        ("care_leavers_suitable_pct", "year_2023-03-31", 87),
        ("cpp_second_pct", "year_2023-03-31", 21.8),
    ],
)
def test_leeds_as_printed_elsewhere_in_the_tool_and_in_the_data_set(real, indicator_id, period_id, value):
    """The tool keeps more decimals of some shares than the scorecard prints: they round to it."""
    rows = real(
        """
        select f.value, d.decimals from marts.fct_indicator_value as f
        join marts.dim_area as a using (area_code) join marts.dim_indicator as d using (indicator_id)
        where f.source_kind = 'published' and f.breakdown_type = 'total' and a.dfe_number = $1
            and f.indicator_id = $2 and f.period_id = $3
        """,
        LEEDS,
        indicator_id,
        period_id,
    )
    assert rows
    assert {round(row["value"], 1) for row in rows} == {value}


def test_worked_counts_behind_leeds_shares_of_2023(real):
    rows = real(
        """
        select f.indicator_id, f.numerator, f.denominator from marts.fct_indicator_value as f
        join marts.dim_area as a using (area_code)
        where a.dfe_number = $1 and f.period_id = 'year_2023-03-31' and f.breakdown_type = 'total'
            and f.numerator is not null
        """,
        LEEDS,
    )
    counts = {row["indicator_id"]: (row["numerator"], row["denominator"]) for row in rows}
    # indicators-social-care.md sections 4, 8 and 9, where only re-referrals name no base.
    assert counts["cla_3plus_placements_pct"] == (205, 1452)
    assert counts["cla_stability_2_5_years_pct"] == (398, 570)
    assert counts["care_leavers_suitable_pct"] == (431, 498)
    assert counts["re_referrals_pct"] == (3071, 10_950)
    assert counts["cpp_second_pct"] == (180, 826)


def test_the_tool_stands_where_it_holds_the_period(real):
    """A data set is current for no cell that the tool holds, whatever its release, and for each that it does not."""
    rows = real(
        """
        with cell as (
            select f.indicator_id, f.area_code, f.period_id,
                count(*) filter (where f.vintage_id like 'lait/%') as of_tool,
                count(*) filter (where f.is_current) as current,
                count(*) filter (where f.is_current and f.vintage_id like 'lait/%') as current_of_tool
            from marts.fct_indicator_value as f
            where f.source_kind = 'published' and f.breakdown_type = 'total' group by all
        )
        select count(*) as cells, count(*) filter (where current <> 1) as without_one,
            count(*) filter (where of_tool > 0 and current_of_tool <> 1) as not_of_tool
        from cell
        """
    )
    assert rows[0]["cells"] > 300_000
    assert (rows[0]["without_one"], rows[0]["not_of_tool"]) == (0, 0)


@pytest.mark.parametrize(("data_set", "name", "measure"), MEASURES, ids=lambda part: getattr(part, "indicator_id", ""))
def test_data_set_agrees_with_the_tool(real, shared_data, data_set, name, measure):
    """Both print the same figure; where the tool keeps more decimals, they round to the one of the file."""
    rows = real(
        """
        select a.dfe_number, f.period_id, f.value from marts.fct_indicator_value as f
        join marts.dim_area as a using (area_code)
        where f.indicator_id = $1 and f.breakdown_type = 'total' and f.vintage_id like 'lait/%'
            and a.area_type = 'authority'
        """,
        measure.indicator_id,
    )
    tool = {(row["dfe_number"], row["period_id"]): row["value"] for row in rows}
    cells = {
        key: cell[0]
        for key, cell in expected_cells(shared_data / "ees" / name, measure).items()
        if key in tool and measure.breakdown == "total"
    }
    both = {key: (value, tool[key]) for key, value in cells.items() if value is not None and tool[key] is not None}
    if measure.breakdown != "total":
        return
    if measure.indicator_id in NOT_OF_THE_TOOL:
        assert not tool, "the tool's file now holds it: compare it"
        return
    # The absence file here is a part of the published one, with 22 authorities.
    assert len(both) >= (100 if data_set == "absence_by_social_care_group" else 149)
    assert not [(key, pair) for key, pair in both.items() if abs(pair[0] - pair[1]) > 0.05 + 1e-9]


def test_every_cell_that_tool_and_data_sets_share_agrees(real):
    """sources-education.md section 9: what is not equal is rounding, a symbol, or one of the named causes."""
    rows = real(
        "select outcome, count(*) as cells, count(cause) as explained from marts.published_agreement group by 1"
    )
    found = {row["outcome"]: row["cells"] for row in rows}
    assert found.pop("equal") >= 26_000
    assert found.pop("within_rounding") >= 5_900
    assert found.pop("missing_in_both") >= 3_200
    # All of them the Isles of Scilly, where the tool has a dash for zero, withheld and not collected alike.
    assert found == {"symbol": 6, "only_in_data_set": 4}
    assert all(row["explained"] == row["cells"] for row in rows if row["outcome"] in found)


def test_tools_number_of_care_leavers_is_the_total_of_the_accommodation_table(real):
    rows = real(
        """
        select count(*) as compared, count(*) filter (where p.outcome = 'equal') as equal
        from marts.published_agreement as p join marts.dim_area as a using (area_code)
        where p.indicator_id = 'lait_nocareleavers' and a.area_type = 'authority' and p.tool_value is not null
        """
    )
    assert rows[0]["compared"] == rows[0]["equal"] >= 755


def test_profile_before_the_reform_agrees_with_the_tool_in_every_cell(real):
    """indicators-education.md section 3: 454 of 454 authority cells that both print."""
    rows = real(
        """
        select count(*) as compared, count(*) filter (where abs(t.value - f.value) < 1e-9) as equal
        from marts.fct_indicator_value as t
        join marts.fct_indicator_value as f on f.indicator_id = t.indicator_id and f.area_code = t.area_code
            and f.period_id = t.period_id and f.breakdown_type = 'total' and f.vintage_id like 'eyfsp_gld/%'
        join marts.dim_area as a on a.area_code = t.area_code
        where t.indicator_id = 'eyfsp_gld' and t.vintage_id like 'lait/%' and t.breakdown_type = 'total'
            and t.value is not null and f.value is not null and a.area_type = 'authority'
        """
    )
    assert (rows[0]["compared"], rows[0]["equal"]) == (454, 454)


@pytest.mark.parametrize(
    ("vintage", "indicator_id", "factor", "decimals", "cells"),
    [
        # indicators-education.md sections 3 and 4: every printed mean or share is that of its counts.
        ("eyfsp_headline_measures", "eyfsp_gld", 100, 1, 2108),
        ("ks4_la/2026-04", "ks4_att8", 1, 1, 2917),
    ],
)
def test_share_or_mean_is_that_of_its_counts(shared_data, vintage, indicator_id, factor, decimals, cells):
    """Read from the file with every row, breakdowns and levels that are no figure of ours among them."""
    name, columns = {
        "eyfsp_gld": ("eyfsp_headline_measures_202122_subset.csv", ("gld_percentage", "gld_number", "children_number")),
        "ks4_att8": ("ks4_la.csv", ("avg_att8", "t_att8", "t_pupils")),
    }[indicator_id]
    compared = equal = 0
    with (shared_data / "ees" / name).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if indicator_id == "ks4_att8" and row["geographic_level"] != "Local authority":
                continue
            value, part, whole = (number(row[column]) for column in columns)
            if value is None or part is None or not whole:
                continue
            compared += 1
            equal += abs(value - factor * part / whole) <= 0.5 * 10**-decimals + 1e-9
    assert (compared, equal) == (cells, cells)


def test_rate_of_children_in_need_is_episodes_over_the_population_of_the_year_before(real):
    """The data set has no rate: the tool's is its count and the mid-year estimate of N-1, in every comparable cell."""
    rows = real(
        """
        select count(*) as compared,
            count(*) filter (where round(10000 * c.value / p.value, 1) = round(r.value, 1)) as equal
        from marts.fct_indicator_value as r
        join marts.dim_area as a using (area_code)
        join marts.fct_indicator_value as c on c.indicator_id = 'cin_31_march' and c.area_code = r.area_code
            and c.period_end = r.period_end and c.value is not null
        join marts.fct_indicator_value as p on p.indicator_id = 'pop_0_17' and p.area_code = r.area_code
            and year(p.period_end) = year(r.period_end) - 1 and p.value > 0
        where r.indicator_id = 'cin_31_march_rate' and r.vintage_id like 'lait/%' and r.value is not null
            and a.area_type = 'authority'
        """
    )
    assert (rows[0]["compared"], rows[0]["equal"]) == (1504, 1504)


@pytest.mark.parametrize(
    ("indicator_id", "data_set", "compared"),
    [
        ("cin_31_march_rate", "b1_children_in_need", 1504),
        ("referrals_rate", "c1_children_in_need_referrals_and_rereferrals", 1503),
        ("lait_cpp_abuse_rate", "d3_cpps_subsequent_plan", 1493),
    ],
)
def test_rate_that_the_files_no_longer_print_is_made_with_the_population_of_the_year_before(
    real, indicator_id, data_set, compared
):
    """Made for every year of the counts, named after both vintages, and the tool's figure wherever it has one."""
    rows = real(
        """
        select count(*) as compared, count(*) filter (where abs(t.value - f.value) <= 0.05 + 1e-9) as equal,
            count(*) filter (where f.vintage_id like '% + mid_year_population/%') as named
        from marts.fct_indicator_value as t
        join marts.fct_indicator_value as f on f.indicator_id = t.indicator_id and f.area_code = t.area_code
            and f.period_id = t.period_id and f.vintage_id like $2 || '/%' and f.breakdown_type = 'total'
        join marts.dim_area as a on a.area_code = t.area_code
        where t.indicator_id = $1 and t.vintage_id like 'lait/%' and t.value is not null and f.value is not null
            and a.area_type = 'authority'
        """,
        indicator_id,
        data_set,
    )
    assert rows[0] == {"compared": compared, "equal": compared, "named": compared}


@pytest.mark.parametrize(("group", "indicator_id", "value", "numerator", "denominator"), CARE_GROUPS)
def test_results_of_a_care_group_come_with_counts_and_interval(
    real, shared_data, group, indicator_id, value, numerator, denominator
):
    """A year in which nobody has a score (x) is no period of it."""
    interval = ("p8score_CI_low", "p8score_CI_upp") if value == "avg_p8score" else ()
    expected = {}
    for area, row in rows_of(shared_data / "ees" / "ks4_la.csv"):
        if row["social_care_group"] != group or (interval and row[value] == "x"):
            continue
        key = area, f"year_20{row['time_period'][4:]}-08-31"
        expected[key] = (number(row[value]), *(number(row[c]) for c in (numerator, denominator, *interval)))
    rows = real(
        """
        select coalesce(a.dfe_number, n.dfe_number) as area, f.period_id, f.value, f.numerator, f.denominator,
            f.ci_lower, f.ci_upper
        from marts.fct_indicator_value as f join marts.dim_area as a using (area_code)
        left join (select unnest($2) as code, unnest($3) as dfe_number) as n on n.code = f.area_code
        where f.indicator_id = $1 and f.breakdown_type = 'total' and f.vintage_id like 'ks4_la/2026-04/%'
        """,
        indicator_id,
        ["E92000001", *REGIONS],
        [970, *REGIONS.values()],
    )
    columns = ("value", "numerator", "denominator", *(("ci_lower", "ci_upper") if interval else ()))
    found = {(row["area"], row["period_id"]): tuple(row[column] for column in columns) for row in rows}
    assert len(found) == len(rows)
    assert set(found) == set(expected)
    wrong = [(key, cell, found[key]) for key, cell in expected.items() if found[key] != cell]
    assert not wrong, f"{len(wrong)} of {len(expected)} cells differ, first {wrong[:10]}"


def test_children_in_need_of_the_tool_are_those_neither_looked_after_nor_on_a_plan(real):
    """Every cell that both print is equal, so that the file's counts and intervals stand behind the tool's figures."""
    rows = real(
        """
        select t.indicator_id, count(*) as compared, count(*) filter (where abs(t.value - f.value) < 1e-9) as equal
        from marts.fct_indicator_value as t
        join marts.fct_indicator_value as f on f.indicator_id = t.indicator_id and f.area_code = t.area_code
            and f.period_id = t.period_id and f.vintage_id like 'ks4_la/2026-04/%' and f.breakdown_type = 'total'
        join marts.dim_area as a on a.area_code = t.area_code
        where t.vintage_id like 'lait/%' and t.value is not null and f.value is not null and a.area_type = 'authority'
        group by all
        """
    )
    assert {row["indicator_id"]: (row["compared"], row["equal"]) for row in rows} == {
        "lait_cin_engmaths9_5": (730, 730),
        "lait_cin_engmaths9_4": (965, 965),
        "lait_cinprogks2_4_avg_prog8": (590, 590),
    }
