"""Figures that were printed elsewhere, and the names they must be found under.

Worked figures of comparators.md section 12, the anchors of report.md section 16, the acceptance cells
of indicators-education.md section 9, and the ids, codes and periods of contract.md section 3.
"""

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from recompute import indicator_id_without_counterpart, range_texts, read_definitions, read_period

LEEDS, CAMDEN = 383, 202
LEEDS_CODE = "E08000035"

# Short description, area, label, then the printed cells; None is "none" or "null" in the table.
WORKED = [
    ("LAC", LEEDS, "2025", "85", "77", "67", "75.1", 10, "93.714286", "92.625", "-4", None, 151, None),
    ("EngMaths9-5", LEEDS, "2025", "46.5", "43.7", "45.4", "44.88", 10, "42.528571", "43.025", "0", 57, 152, "B"),
    (
        "AVG_Prog8_Score",
        LEEDS,
        "2024",
        "0.1",
        "-0.09",
        "-0.03",
        "-0.12",
        10,
        "-0.151429",
        "-0.12",
        "-0.02",
        40,
        152,
        "B",
    ),
    ("KS2R_Expected_STD", LEEDS, "2025", "74", "74", "76", "74.4", 10, "73.142857", "73.25", "1", 99, 151, "D"),
    ("ReReferral", LEEDS, "2025", "24.2", "21.7", "22.6", "21.37", 10, "21.957143", "22.2375", "0", 128, 153, "D"),
    ("KS1P_all", LEEDS, "2025 (prov)", "80", "80", "80", "79.4", 10, "76.571429", "77", "1", 59, 151, "C"),
    (
        "TotPermEx",
        LEEDS,
        "2023/24",
        "0.02121",
        "0.13852",
        "0.12889",
        "0.122992",
        10,
        "0.189437",
        "0.168409",
        "0.00675",
        7,
        153,
        "A",
    ),
    ("RTA", LEEDS, "2020-22", "31.19", "28.17", "16.45", "17.759", 10, "18.712857", "20.2725", None, 139, 147, "D"),
    ("EngMaths9-5", CAMDEN, "2025", "46.8", "51.1", "45.4", "53", 10, "43.025", "43.025", "-3.9", 55, 152, "B"),
]

# Declared indicators that the specification names together with their short description.
DECLARED = {
    "LAC": "cla_31_march_rate",
    "LACnum": "cla_31_march",
    "Unacc_Asylmn_Seek_Childn": "uasc_31_march",
    "CPP_rate": "cpp_31_march_rate",
    "CPP_Num": "cpp_31_march",
    "ReReferral": "re_referrals_pct",
    "LAC_LongStable%": "cla_stability_2_5_years_pct",
    "CareLeaverAcc": "care_leavers_suitable_pct",
    "CareLeaverEET": "care_leavers_eet_pct",
    "FSP_NEW_GOODDEV": "eyfsp_gld",
    "FSP_NEW_COMMS": "eyfsp_comm_lang",
    "FSP_NEW_LIT": "eyfsp_literacy",
    "KS1P_all": "phonics_y1",
    "KS2R_Expected_STD": "ks2_reading_exp",
    "KS2RWM_Expected_STD": "ks2_rwm_exp",
    "KS2RWM_Higher_STD": "ks2_rwm_high",
    "Multiplication_Total": "mtc_full",
    "AVG_Attain8_Score": "ks4_att8",
    "AVG_Prog8_Score": "ks4_p8",
    "EngMaths9-5": "ks4_em_95",
    "EngMaths9-4": "ks4_em_94",
    "TotAbs": "abs_overall",
    "TotPerAbNew": "abs_persistent",
    "TotSevPerAbNew": "abs_severe",
    "TotPermEx": "pex_rate",
    "16-17 NEET": "neet_pct",
    "16-17_not known": "not_known_pct",
    "16-17_not known_NEET": "neet_nk_pct",
    "SEN_EHC_Excpt_20wks": "ehcp_20wk",
}

YEARS = (2019, 2022, 2023, 2024, 2025)
ACCEPTANCE = {
    "eyfsp_gld": dict(zip(YEARS, (66.4, 61.0, 63.2, 64.9, 63.9), strict=True)),
    "phonics_y1": dict(zip(YEARS, (79, 75, 78, 79, 80), strict=True)),
    "ks2_reading_exp": dict(zip(YEARS, (70, 73, 70, 73, 74), strict=True)),
    "ks2_rwm_exp": dict(zip(YEARS, (62, 58, 58, 59, 61), strict=True)),
    "ks2_rwm_high": dict(zip(YEARS, (10, 8, 9, 8, 9), strict=True)),
    "mtc_full": dict(zip(YEARS[1:], (28, 27, 31, 33), strict=True)),
    "ks4_att8": dict(zip(YEARS, (45.1, 47.8, 45.8, 45.5, 45.5), strict=True)) | {2020: 47.6, 2021: 49.2},
    "ks4_em_95": dict(zip(YEARS, (41.6, 51.3, 45.9, 46.5, 46.5), strict=True)),
    "abs_overall": dict(zip(YEARS, (4.85, 7.52, 7.63, 7.44, 7.02), strict=True)),
    "abs_persistent": dict(zip(YEARS, (11.49, 21.82, 21.78, 20.66, 19.01), strict=True)),
    "abs_severe": dict(zip(YEARS, (0.96, 2.02, 2.63, 2.88, 2.95), strict=True)),
    "ks4_p8": dict(zip(YEARS[:-1], (0.03, 0.12, 0.12, 0.10), strict=True)),
}

# Indicator, period, Leeds and England as printed.
ANCHORS = [
    ("cla_31_march", "snapshot_2021-03-31", "1281", None),
    ("cla_31_march", "snapshot_2022-03-31", "1374", None),
    ("cla_31_march", "snapshot_2023-03-31", "1452", None),
    ("cla_31_march", "snapshot_2024-03-31", "1546", None),
    ("cla_31_march", "snapshot_2025-03-31", "1498", "81770"),
    ("cla_31_march_rate", "snapshot_2021-03-31", "75", None),
    ("cla_31_march_rate", "snapshot_2022-03-31", "81", None),
    ("cla_31_march_rate", "snapshot_2023-03-31", "84", None),
    ("cla_31_march_rate", "snapshot_2024-03-31", "89", None),
    ("cla_31_march_rate", "snapshot_2025-03-31", "85", "67"),
    ("uasc_31_march", "snapshot_2021-03-31", "50", None),
    ("uasc_31_march", "snapshot_2022-03-31", "79", None),
    ("uasc_31_march", "snapshot_2023-03-31", "76", None),
    ("uasc_31_march", "snapshot_2024-03-31", "99", None),
    ("uasc_31_march", "snapshot_2025-03-31", "102", None),
    ("cpp_31_march_rate", "snapshot_2023-03-31", "34.9", None),
    ("cpp_31_march_rate", "snapshot_2024-03-31", "38.7", None),
    ("cpp_31_march_rate", "snapshot_2025-03-31", "36.0", None),
    ("eyfsp_gld", "year_2025-08-31", "63.9", "68.3"),
    ("ks2_reading_exp", "year_2025-08-31", "74", "76"),
    ("ks4_p8", "year_2024-08-31", "0.10", "-0.03"),
    ("neet_nk_pct", "year_2025-03-31", "8.8", "5.6"),
    ("neet_pct", "year_2025-03-31", "4.9", None),
    ("not_known_pct", "year_2025-03-31", "3.9", None),
    ("neet_pct", "year_2022-03-31", "2.5", None),
    ("ehcp_20wk", "year_2019-12-31", "96.1", None),
    ("ehcp_20wk", "year_2021-12-31", "88.7", None),
    ("ehcp_20wk", "year_2022-12-31", "12.3", None),
    ("ehcp_20wk", "year_2023-12-31", "8.4", None),
    ("ehcp_20wk", "year_2024-12-31", "9.3", "46.4"),
]

# Codes that the contract fixes; every other authority keeps the one code that the releases give it.
FIXED_CODES = {
    373: "E08000039",
    370: "E08000038",
    815: "E06000065",
    825: "E06000060",
    933: "E06000066",
    835: "E10000009",
    836: "E06000029",
    837: "E06000028",
    909: "E10000006",
    928: "E10000021",
}
REGION_CODES = {
    970: "E92000001",
    980: "E12000001",
    981: "E12000002",
    982: "E12000003",
    983: "E12000004",
    984: "E12000005",
    985: "E12000006",
    986: "E12000007",
    987: "E13000001",
    988: "E13000002",
    989: "E12000008",
    990: "E12000009",
}

SYMBOLS = {
    "c": "suppressed",
    "z": "not_applicable",
    "x": "not_available",
    "k": "rounds_to_zero",
    "u": "low_reliability",
}

KS4_LOOKED_AFTER = {2019: 23.6, 2022: 26.3, 2023: 22.8, 2024: 17.6, 2025: 21.5}
SOCIAL_CARE_GROUPS = {
    "CLA 12 months at 31 March": "cla_12_months",
    "CPPO at 31 March": "cppo",
    "CINO at 31 March": "cino",
}


def as_printed(value: float | None, printed: str | None) -> bool:
    """Whether a figure shows the printed text at the printed number of decimals."""
    if value is None or printed is None:
        return value is None and printed is None
    decimals = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5 * 10.0**-decimals + 1e-12


def comparison(real, indicator_id: str, period_id: str, dfe_number: int = LEEDS) -> dict:
    rows = real(
        "select * from marts.indicator_comparison where indicator_id = ? and period_id = ? and dfe_number = ?",
        indicator_id,
        period_id,
        dfe_number,
    )
    assert len(rows) == 1, f"{len(rows)} rows for {indicator_id} {period_id} {dfe_number}"
    return rows[0]


def worked_row(real, short_desc: str, dfe_number: int, label: str) -> dict:
    rows = real(
        """
        select * from marts.indicator_comparison
        where lait_short_desc = ? and dfe_number = ? and published_label = ?
        """,
        short_desc,
        dfe_number,
        label,
    )
    assert len(rows) == 1, f"{len(rows)} rows for {short_desc} {dfe_number} {label}"
    return rows[0]


def number_of(text: str) -> float | None:
    """A printed cell of a tidy release file; None for a symbol."""
    return None if text.strip() in SYMBOLS else float(text)


def authority_rows(path: Path) -> list[dict[str, str]]:
    """Rows of an authority in a tidy release file; empty for a file without that level."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"geographic_level", "old_la_code", "new_la_code"} <= set(reader.fieldnames or ()):
            return []
        return [row for row in reader if row["geographic_level"] == "Local authority"]


class TestWorkedFigures:
    @pytest.mark.parametrize("expected", WORKED, ids=lambda row: f"{row[0]}-{row[1]}")
    def test_row_as_printed(self, real, expected):
        short_desc, dfe_number, label, *cells = expected
        value, region, england, mean, members, others, everyone, change, rank, rank_of, letter = cells
        row = worked_row(real, short_desc, dfe_number, label)
        printed = {
            "value": value,
            "region_value": region,
            "england_value": england,
            "sn_average": mean,
            "core_city_average_others": others,
            "core_city_average_all": everyone,
            "change": change,
        }
        wrong = {name: (row[name], text) for name, text in printed.items() if not as_printed(row[name], text)}
        assert not wrong
        assert (row["sn_count"], row["rank"], row["rank_of"]) == (members, rank, rank_of)
        assert row["quartile"] in ((None, "-") if letter is None else (letter,))
        assert row["is_latest"]

    def test_counts_of_core_cities_leave_out_the_subject(self, real):
        leeds = worked_row(real, "EngMaths9-5", LEEDS, "2025")
        camden = worked_row(real, "EngMaths9-5", CAMDEN, "2025")
        assert (leeds["core_city_count_all"], leeds["core_city_count_others"]) == (8, 7)
        assert (camden["core_city_count_all"], camden["core_city_count_others"]) == (8, 8)

    @pytest.mark.parametrize(
        ("label", "value", "change", "trend"),
        [("2019", 70, -2, "down"), ("2020", None, None, None), ("2021", None, None, None),
         ("2022", 73, None, None), ("2023", 70, -3, "down"), ("2025", 74, 1, "up")],
    )  # fmt: skip
    def test_reading_over_the_pandemic(self, real, label, value, change, trend):
        row = worked_row(real, "KS2R_Expected_STD", LEEDS, label)
        assert (row["value"], row["change"], row["trend"]) == (value, change, trend)

    def test_zero_change_is_flat(self, real):
        assert worked_row(real, "EngMaths9-5", LEEDS, "2025")["trend"] == "flat"

    @pytest.mark.parametrize(
        ("short_desc", "texts"),
        [("EngMaths9-5", ("69.3 to 49", "48.9 to 45.1", "45.1 to 41.2", "41.1 to 24.7")),
         ("ReReferral", ("0 to 16.9", "17 to 20", "20.1 to 23", "23.1 to 46.7"))],
    )  # fmt: skip
    def test_quantiles_give_the_printed_ranges(self, real, lait_dir, short_desc, texts):
        row = worked_row(real, short_desc, LEEDS, "2025")
        quantiles = tuple(row[name] for name in ("q0", "q25", "q50", "q75", "q100"))
        assert tuple(range_texts(read_definitions(lait_dir)[short_desc], quantiles).values()) == texts


class TestAnchors:
    @pytest.mark.parametrize("anchor", ANCHORS, ids=lambda row: f"{row[0]}-{row[1]}")
    def test_leeds_and_england(self, real, anchor):
        indicator_id, period_id, leeds, england = anchor
        row = comparison(real, indicator_id, period_id)
        assert as_printed(row["value"], leeds), row["value"]
        assert england is None or as_printed(row["england_value"], england), row["england_value"]

    def test_plans_in_twenty_weeks_is_140th_of_151(self, real):
        row = comparison(real, "ehcp_20wk", "year_2024-12-31")
        assert (row["rank_live"], row["rank_live_of"]) == (140, 151)

    @pytest.mark.parametrize("indicator_id", ACCEPTANCE)
    def test_acceptance_cells(self, real, indicator_id):
        rows = real(
            "select period_id, value from marts.indicator_comparison where indicator_id = ? and dfe_number = ?",
            indicator_id,
            LEEDS,
        )
        values = {row["period_id"]: row["value"] for row in rows}
        found = {year: values.get(f"year_{year}-08-31") for year in ACCEPTANCE[indicator_id]}
        assert found == pytest.approx(ACCEPTANCE[indicator_id], abs=1e-9)

    def test_provisional_phonics_says_so(self, real):
        row = comparison(real, "phonics_y1", "year_2025-08-31")
        assert (row["release_status"], row["published_label"]) == ("provisional", "2025 (prov)")


class TestPopulationUnderTheRate:
    def test_leeds_2025(self, real):
        """1,498 looked after on 31 March 2025 against the 176,239 aged 0 to 17 of mid-2024."""
        rows = real(
            """
            select value, numerator, denominator from marts.fct_indicator_value
            where indicator_id = 'cla_31_march_rate' and area_code = ? and period_id = 'snapshot_2025-03-31'
                and source_kind = 'published' and breakdown_type = 'total' and numerator is not null
            """,
            LEEDS_CODE,
        )
        assert [(row["value"], row["numerator"], row["denominator"]) for row in rows] == [(85, 1498, 176239)]

    def test_every_authority_and_year_of_the_release(self, real, shared_data):
        """Counts, printed rates and denominators of the release, as printed, under the authority's number."""
        measure = "Children looked after on 31 March each year"
        expected = {
            (int(row["old_la_code"]), f"snapshot_{row['time_period']}-03-31"):
                (row["children_count"], row["rate_per_10000"], row["population_estimate"])
            for row in authority_rows(shared_data / "ees" / "cla_number_and_rate_per_10k_children.csv")
            if row["population_type"] == measure
        }  # fmt: skip
        rows = real(
            """
            select a.dfe_number, f.period_id, f.indicator_id, f.value, f.numerator, f.denominator
            from marts.fct_indicator_value as f
            join marts.dim_area as a using (area_code)
            where f.indicator_id in ('cla_31_march', 'cla_31_march_rate') and f.source_kind = 'published'
                and f.breakdown_type = 'total' and f.vintage_id like 'cla_number_and_rate_per_10k_children/%'
                and a.area_type = 'authority'
            """
        )
        found = {(row["dfe_number"], row["period_id"], row["indicator_id"]): row for row in rows}
        assert len(found) == len(rows)

        wrong = []
        for (number, period_id), (count, rate, population) in expected.items():
            counted = found.get((number, period_id, "cla_31_march"))
            rated = found.get((number, period_id, "cla_31_march_rate"))
            if counted is None or rated is None:
                wrong.append((number, period_id, "no row"))
                continue
            figures = [(counted["value"], count), (rated["value"], rate)]
            if rated["value"] is not None:
                figures += [(rated["numerator"], count), (rated["denominator"], population)]
            wrong += [(number, period_id, *pair) for pair in figures if pair[0] != number_of(pair[1])]
        assert not wrong, f"{len(wrong)} differ, first {wrong[:10]}"


class TestKeyStage4BySocialCareGroup:
    def test_leeds_looked_after(self, real):
        rows = real(
            """
            select period_id, value from marts.fct_indicator_value
            where indicator_id = 'ks4_att8' and area_code = ? and breakdown_type = 'social_care_group'
                and breakdown_value = 'cla_12_months' and source_kind = 'published' and is_current
            """,
            LEEDS_CODE,
        )
        values = {row["period_id"]: row["value"] for row in rows}
        assert len(values) == len(rows)
        assert {year: values.get(f"year_{year}-08-31") for year in KS4_LOOKED_AFTER} == KS4_LOOKED_AFTER

    def test_both_vintages_are_held_and_the_newest_is_current(self, real):
        rows = real(
            """
            select vintage_id, value, is_current, release_status from marts.fct_indicator_value
            where indicator_id = 'ks4_att8' and area_code = ? and breakdown_value = 'cppo'
                and period_id = 'year_2024-08-31' and source_kind = 'published'
            order by vintage_id
            """,
            LEEDS_CODE,
        )
        assert [row["vintage_id"].rsplit("/", 1)[0] for row in rows] == ["ks4_la/2025-04", "ks4_la/2026-04"]
        assert [(row["value"], row["is_current"], row["release_status"]) for row in rows] == [
            (9.9, False, "revised"), (12.2, True, "final"),
        ]  # fmt: skip

    def test_a_year_that_left_the_file_stays_current_from_the_older_one(self, real):
        rows = real(
            """
            select vintage_id, value, is_current from marts.fct_indicator_value
            where indicator_id = 'ks4_att8' and area_code = ? and breakdown_value = 'cla_12_months'
                and period_id = 'year_2018-08-31' and source_kind = 'published'
            """,
            LEEDS_CODE,
        )
        assert [(row["value"], row["is_current"]) for row in rows] == [(20.7, True)]
        assert rows[0]["vintage_id"].startswith("ks4_la/2025-04/")

    @pytest.mark.parametrize(
        ("release", "name"), [("2025-04", "vintages/ks4_la__release_2025-04.csv"), ("2026-04", "ks4_la.csv")]
    )
    def test_every_authority_group_and_year_of_a_release(self, real, shared_data, release, name):
        expected = {
            (
                int(row["old_la_code"]),
                f"year_20{row['time_period'][4:]}-08-31",
                SOCIAL_CARE_GROUPS[row["social_care_group"]],
            ): row["avg_att8"]
            for row in authority_rows(shared_data / "ees" / name)
        }
        rows = real(
            """
            select a.dfe_number, f.period_id, f.breakdown_value, f.value, f.value_status
            from marts.fct_indicator_value as f
            join marts.dim_area as a using (area_code)
            where f.indicator_id = 'ks4_att8' and f.breakdown_type = 'social_care_group' and f.source_kind = 'published'
                and f.vintage_id like ? and a.area_type = 'authority'
            """,
            f"ks4_la/{release}/%",
        )
        found = {(row["dfe_number"], row["period_id"], row["breakdown_value"]): row for row in rows}
        assert len(found) == len(rows)
        assert set(found) == set(expected)
        wrong = [
            (key, text, found[key]["value"], found[key]["value_status"])
            for key, text in expected.items()
            if (found[key]["value"], found[key]["value_status"])
            != ((None, SYMBOLS[text]) if text in SYMBOLS else (float(text), "ok"))
        ]
        assert not wrong, f"{len(wrong)} differ, first {wrong[:10]}"

    def test_the_file_gives_no_headline_of_all_pupils(self, real):
        """A data set without a total row gives none: what all pupils reached comes from the interactive tool.

        What one care group reached is a figure of its own, which the tool has beside that of all pupils.
        """
        rows = real(
            """
            select count(*) as n from marts.fct_indicator_value
            where vintage_id like 'ks4_la/%' and breakdown_type = 'total' and not starts_with(indicator_id, 'lait_')
            """
        )
        assert rows[0]["n"] == 0


class TestIndicatorIds:
    def test_every_short_description_has_exactly_one_row(self, real, recomputed):
        rows = real(
            """
            select lait_short_desc, count(*) as n from marts.dim_indicator
            where lait_short_desc is not null group by all
            """
        )
        counted = {row["lait_short_desc"]: row["n"] for row in rows}
        assert set(counted.values()) == {1}
        assert set(recomputed["lait_short_desc"].unique()) - set(counted) == set()

    def test_ids_are_unique(self, real):
        rows = real("select count(*) as n, count(distinct indicator_id) as ids from marts.dim_indicator")
        assert rows[0]["n"] == rows[0]["ids"]

    def test_an_undeclared_id_follows_the_rule(self, real):
        rows = real(
            "select indicator_id, lait_short_desc from marts.dim_indicator where starts_with(indicator_id, 'lait_')"
        )
        assert rows
        wrong = [
            (row["indicator_id"], row["lait_short_desc"])
            for row in rows
            if row["lait_short_desc"] is None
            or row["indicator_id"] != indicator_id_without_counterpart(row["lait_short_desc"])
        ]
        assert not wrong

    @pytest.mark.parametrize(
        ("short_desc", "indicator_id"),
        [("%_3&4yr_olds", "lait_pct_3and4yr_olds"), ("CIN_Good _Develop", "lait_cin_good__develop"),
         ("Work_Force_Vac_Rate", "lait_work_force_vac_rate"), ("SEN_State-Plans_sch", "lait_sen_state_plans_sch")],
    )  # fmt: skip
    def test_the_rule_by_hand(self, short_desc, indicator_id):
        assert indicator_id_without_counterpart(short_desc) == indicator_id

    def test_declared_ids(self, real):
        rows = real("select lait_short_desc, indicator_id from marts.dim_indicator where lait_short_desc is not null")
        found = {row["lait_short_desc"]: row["indicator_id"] for row in rows}
        assert {short_desc: found.get(short_desc) for short_desc in DECLARED} == DECLARED

    def test_polarity_and_band_flag_follow_the_first_dictionary_row(self, real, lait_dir, recomputed):
        """Decimals too, where the catalogue does not describe the indicator itself."""
        definitions = read_definitions(lait_dir)
        rows = real(
            """
            select lait_short_desc, polarity, show_quartile, decimals,
                starts_with(indicator_id, 'lait_') and report_section is null as is_undeclared
            from marts.dim_indicator where lait_short_desc is not null
            """
        )
        found = {row["lait_short_desc"]: row for row in rows}
        wrong = []
        for short_desc in recomputed["lait_short_desc"].unique():
            definition, row = definitions[short_desc], found[short_desc]
            has_a_band = definition.polarity != "neutral" and not definition.hide_band
            if (
                row["polarity"] != definition.polarity
                or ((definition.polarity != "neutral" or definition.hide_band) and row["show_quartile"] != has_a_band)
                or (row["is_undeclared"] and row["decimals"] != definition.decimals)
            ):
                wrong.append((short_desc, row))
        assert not wrong, f"{len(wrong)} differ, first {wrong[:10]}"


class TestAreas:
    def test_code_of_every_authority(self, real, shared_data):
        """158 authorities by number: the fixed codes, else the one code that every release gives."""
        codes: dict[int, set[str]] = defaultdict(set)
        for path in sorted((shared_data / "ees").rglob("*.csv")):
            for row in authority_rows(path):
                codes[int(row["old_la_code"])].add(row["new_la_code"])
        expected = {number: FIXED_CODES.get(number) or only(found) for number, found in codes.items()}
        rows = real(
            """
            select dfe_number, area_code, former_area_codes, is_former from marts.dim_area
            where area_type = 'authority'
            """
        )
        found = {row["dfe_number"]: row["area_code"] for row in rows}
        assert len(rows) == 158
        assert found == expected
        older = {row["dfe_number"]: set((row["former_area_codes"] or "").replace(" ", "").split(",")) for row in rows}
        left_out = {n: seen - {found[n]} - older[n] for n, seen in codes.items() if seen - {found[n]} - older[n]}
        assert not left_out
        assert {row["dfe_number"] for row in rows if row["is_former"]} == {835, 836, 837, 909, 928}

    @pytest.mark.parametrize(("number", "code"), [(373, "E08000019"), (370, "E08000016")])
    def test_former_code_of_a_recoded_authority(self, real, number, code):
        rows = real("select former_area_codes from marts.dim_area where dfe_number = ?", number)
        assert code in rows[0]["former_area_codes"]

    def test_regions_and_england(self, real):
        rows = real("select dfe_number, area_code from marts.dim_area where area_type in ('region', 'england')")
        assert {row["dfe_number"]: row["area_code"] for row in rows} == REGION_CODES

    def test_a_member_of_a_core_city_group_is_found_under_its_code_of_today(self, real):
        rows = real("select distinct member_area_code from marts.comparator_member where group_id = 'core_cities_all'")
        assert {row["member_area_code"] for row in rows} == {
            "E08000025", "E06000023", "E08000035", "E08000012", "E08000003", "E08000021", "E06000018", "E08000039",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("version", "workbook"), [("2025-05", "sn_may_2025.xlsx"), ("2021-04", "sn_april_2021.xlsx")]
    )
    def test_neighbours_of_every_authority_with_closeness(self, real, lait_dir, version, workbook):
        sheet = openpyxl.load_workbook(lait_dir / workbook, read_only=True, data_only=True).worksheets[0]
        expected = {
            (int(row[0]), place, int(row[3 + 2 * place]), row[4 + 2 * place].strip())
            for row in list(sheet.iter_rows(values_only=True))[3:]
            if isinstance(row[0], int | float)
            for place in range(1, 11)
            if isinstance(row[3 + 2 * place], int | float)
        }
        rows = real(
            """
            select own.dfe_number, m.position, member.dfe_number as neighbour, m.closeness
            from marts.comparator_member as m
            join marts.dim_area as own on own.area_code = m.area_code
            join marts.dim_area as member on member.area_code = m.member_area_code
            where m.group_id = 'statistical_neighbours' and m.group_version = ?
            """,
            version,
        )
        found = {(row["dfe_number"], row["position"], row["neighbour"], row["closeness"]) for row in rows}
        assert len(rows) == len(expected)
        assert found == expected


def last_comparable(periods: list[dict], breaks: list[date]) -> dict | None:
    """The earlier period that the last of a series may be compared with, oldest first; None where there is none."""
    *earlier, now = periods
    if now["value"] is None or now["comparability"] not in ("ok", "break_before"):
        return None
    for row in reversed(earlier):
        if any(row["period_end"] < first <= now["period_end"] for first in breaks):
            return None
        if row["value"] is not None and row["comparability"] in ("ok", "break_before"):
            return row
    return None


def only(codes: set[str]) -> str:
    assert len(codes) == 1, codes
    return next(iter(codes))


class TestPeriods:
    @pytest.mark.parametrize(
        ("short_desc", "label", "period_id"),
        [("Unacc_Asylmn_Seek_Childn", "2025", "snapshot_2025-03-31"), ("AVG_Prog8_Score", "2024", "year_2024-08-31"),
         ("TotPermEx", "2023/24", "year_2024-08-31"), ("RTA", "2020-22", "rolling3_2022-12-31"),
         ("LAC", "2025", "snapshot_2025-03-31"), ("ReReferral", "2025", "year_2025-03-31"),
         ("16-17_not known_NEET", "2025", "year_2025-03-31"), ("SEN_EHC_Excpt_20wks", "2024", "year_2024-12-31"),
         ("SWFinance", "2024-25 (OT)", "year_2025-03-31"), ("KS1P_all", "2025 (prov)", "year_2025-08-31"),
         ("EALPri", "2025", "snapshot_2025-01-31"), ("Work_Force_Vac_Rate", "2025", "snapshot_2025-09-30"),
         ("Premium", "2025-26", "year_2026-03-31"), ("CareLeaverAcc", "2025", "year_2025-03-31"),
         ("LAC_LongStable%", "2025", "year_2025-03-31"), ("CPP_rate", "2025", "snapshot_2025-03-31")],
    )  # fmt: skip
    def test_period_of_a_label(self, real, short_desc, label, period_id):
        assert worked_row(real, short_desc, LEEDS, label)["period_id"] == period_id

    def test_an_undeclared_indicator_follows_the_table(self, real, lait_dir):
        definitions = read_definitions(lait_dir)
        rows = real(
            """
            select distinct lait_short_desc, published_label, period_id from marts.indicator_comparison
            where starts_with(indicator_id, 'lait_') and vintage_id like 'lait/%'
            """
        )
        wrong = []
        for row in rows:
            expected = read_period(row["published_label"], definitions[row["lait_short_desc"]].year_type).period_id
            if row["period_id"] != expected:
                wrong.append((row["lait_short_desc"], row["published_label"], expected, row["period_id"]))
        assert rows
        assert not wrong, f"{len(wrong)} differ, first {wrong[:10]}"

    def test_an_indicator_has_one_kind_of_period(self, real):
        rows = real(
            """
            select f.indicator_id, count(distinct p.period_kind) as kinds
            from marts.fct_indicator_value as f join marts.dim_period as p using (period_id)
            group by all having count(distinct p.period_kind) > 1
            """
        )
        assert rows == []

    def test_end_in_the_id_is_the_end_in_the_row(self, real):
        rows = real("select period_id, period_kind, period_start, period_end from marts.dim_period")
        assert rows
        for row in rows:
            assert row["period_id"] == f"{row['period_kind']}_{row['period_end']}"
            assert row["period_start"] <= row["period_end"]
        starts = {row["period_id"]: row["period_start"] for row in rows}
        assert starts["year_2025-08-31"] == date(2024, 9, 1)
        assert starts["year_2025-03-31"] == date(2024, 4, 1)
        assert starts["snapshot_2025-03-31"] == date(2025, 3, 31)
        assert starts["rolling3_2022-12-31"] == date(2020, 1, 1)


class TestComparability:
    @pytest.mark.parametrize(
        ("indicator_id", "period_id", "compared_with", "change"),
        [("ks4_att8", "year_2023-08-31", "year_2019-08-31", 45.8 - 45.1),
         ("ks4_att8", "year_2024-08-31", "year_2023-08-31", 45.5 - 45.8),
         ("ks4_att8", "year_2022-08-31", None, None),
         ("ks4_att8", "year_2021-08-31", None, None),
         ("ks4_att8", "year_2020-08-31", None, None),
         ("ks4_att8", "year_2019-08-31", "year_2018-08-31", 45.1 - 44.8),
         ("ks4_em_95", "year_2023-08-31", "year_2019-08-31", 45.9 - 41.6),
         ("ks2_reading_exp", "year_2022-08-31", "year_2019-08-31", 73 - 70),
         ("ks2_reading_exp", "year_2023-08-31", "year_2022-08-31", 70 - 73),
         ("phonics_y1", "year_2022-08-31", "year_2019-08-31", 75 - 79),
         ("eyfsp_gld", "year_2019-08-31", "year_2018-08-31", 66.4 - 65.7),
         ("eyfsp_gld", "year_2022-08-31", None, None),
         ("eyfsp_gld", "year_2024-08-31", "year_2023-08-31", 64.9 - 63.2),
         ("abs_overall", "year_2022-08-31", "year_2019-08-31", 7.52 - 4.85),
         ("abs_overall", "year_2021-08-31", None, None),
         ("cla_31_march_rate", "snapshot_2025-03-31", "snapshot_2024-03-31", 85 - 89),
         ("neet_nk_pct", "year_2025-03-31", "year_2024-03-31", 8.8 - 8.3)],
    )  # fmt: skip
    def test_change_since_last_comparable(self, real, indicator_id, period_id, compared_with, change):
        row = comparison(real, indicator_id, period_id)
        assert row["last_comparable_period_id"] == compared_with
        assert row["change_since_last_comparable"] == (None if change is None else pytest.approx(change, abs=1e-9))

    @pytest.mark.parametrize(
        ("indicator_id", "expected"),
        [("eyfsp_gld", {2019: "ok", 2020: "not_collected", 2021: "not_collected", 2022: "break_before", 2023: "ok"}),
         ("ks2_reading_exp", {2019: "ok", 2020: "not_collected", 2021: "not_collected", 2022: "ok", 2025: "ok"}),
         ("ks4_att8", {2019: "ok", 2020: "not_comparable", 2021: "not_comparable", 2022: "not_comparable", 2023: "ok"}),
         ("ks4_p8", {2019: "ok", 2020: "not_collected", 2021: "not_collected", 2022: "ok", 2023: "ok", 2024: "ok"}),
         ("abs_overall", {2019: "ok", 2020: "not_collected", 2021: "not_comparable", 2022: "ok", 2024: "ok"}),
         ("pex_rate", {2019: "ok", 2020: "not_comparable", 2021: "not_comparable", 2022: "ok", 2024: "ok"}),
         ("cla_31_march_rate", {})],
    )  # fmt: skip
    def test_flag_by_year(self, real, indicator_id, expected):
        rows = real(
            """
            select distinct period_id, comparability from marts.fct_indicator_value
            where indicator_id = ? and breakdown_type = 'total' and source_kind = 'published' and is_current
            """,
            indicator_id,
        )
        found = defaultdict(set)
        for row in rows:
            found[row["period_id"]].add(row["comparability"])
        assert found
        if not expected:
            assert set().union(*found.values()) == {"ok"}
        words = {year: {word} for year, word in expected.items()}
        assert {year: found[f"year_{year}-08-31"] for year in expected} == words

    def test_every_change_is_from_the_last_period_it_may_be_compared_with(self, real):
        """By the flags and breaks that are published: back to the newest earlier value, never past a break (even
        one in a year without a row), never to or from a period that is not comparable."""
        rows = real(
            """
            select c.indicator_id, c.dfe_number, c.period_id, c.period_end, c.value, f.comparability,
                c.change_since_last_comparable as change, c.last_comparable_period_id as compared_with
            from marts.indicator_comparison as c
            join marts.fct_indicator_value as f
                on f.indicator_id = c.indicator_id and f.area_code = c.area_code and f.period_id = c.period_id
                and f.vintage_id = c.vintage_id and f.source_kind = 'published' and f.breakdown_type = 'total'
            order by c.indicator_id, c.dfe_number, c.period_end
            """
        )
        breaks = defaultdict(list)
        for row in real("select indicator_id, period_end from marts.series_break where comparability = 'break_before'"):
            breaks[row["indicator_id"]].append(row["period_end"])
        series = defaultdict(list)
        for row in rows:
            series[row["indicator_id"], row["dfe_number"]].append(row)
        wrong = []
        for (indicator_id, _), periods in series.items():
            for place, row in enumerate(periods):
                earlier = last_comparable(periods[: place + 1], breaks[indicator_id])
                expected = None if earlier is None else row["value"] - earlier["value"]
                if row["compared_with"] != (earlier and earlier["period_id"]) or row["change"] != (
                    expected if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9)
                ):
                    wrong.append(row)
        assert rows
        assert not wrong, f"{len(wrong)} differ, first {wrong[:10]}"

    def test_a_break_in_a_year_without_a_row_still_parts_the_series(self, real):
        """One early-years breakdown has no row for 2021/22, the year of the reform: 2022/23 is its first year after."""
        rows = real(
            """
            select distinct last_comparable_period_id from marts.indicator_comparison
            where lait_short_desc = 'FSP_Gooddev_Chinese' and period_id = 'year_2023-08-31'
            """
        )
        assert rows == [{"last_comparable_period_id": None}]

    def test_the_reform_is_a_series_break(self, real):
        rows = real("select first_period_id from marts.series_break where indicator_id = 'eyfsp_gld'")
        assert "year_2022-08-31" in {row["first_period_id"] for row in rows}


class TestJoins:
    @pytest.mark.parametrize(
        ("key", "dimension"),
        [("indicator_id", "dim_indicator"), ("area_code", "dim_area"), ("period_id", "dim_period")],
    )
    @pytest.mark.parametrize("table", ["indicator_comparison", "fct_indicator_value", "comparator_value"])
    def test_every_row_finds_its_dimension(self, real, table, key, dimension):
        rows = real(
            f"""
            select count(*) as n, count(d.{key}) as found
            from marts.{table} as t left join marts.{dimension} as d using ({key})
            """
        )
        assert rows[0]["n"] == rows[0]["found"] > 0

    def test_comparison_is_the_current_published_headline(self, real):
        """Each comparison row is one fact: same value, status and vintage, published, headline."""
        rows = real(
            """
            select count(*) as n from marts.indicator_comparison as c
            left join marts.fct_indicator_value as f
                on f.indicator_id = c.indicator_id and f.area_code = c.area_code and f.period_id = c.period_id
                and f.vintage_id = c.vintage_id and f.source_kind = 'published'
                and f.breakdown_type = 'total' and f.breakdown_value = 'total'
            where f.indicator_id is null or f.value is distinct from c.value
                or f.value_status is distinct from c.value_status or f.release_status is distinct from c.release_status
            """
        )
        assert rows[0]["n"] == 0

    def test_one_current_vintage(self, real):
        rows = real(
            """
            select indicator_id, area_code, period_id, breakdown_type, breakdown_value, source_kind
            from marts.fct_indicator_value where is_current group by all having count(*) > 1 limit 5
            """
        )
        assert rows == []

    def test_region_row_of_leeds(self, real):
        rows = real("select parent_area_code from marts.dim_area where dfe_number = ?", LEEDS)
        assert rows == [{"parent_area_code": "E12000003"}]
