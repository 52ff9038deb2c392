"""The invented data: repeatable, laid out as published, and telling one story in every source."""

import csv
import datetime as dt
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import openpyxl
import pytest
import shapely

from dagster_project.synthetic import DemoRefused, clusters, write_demo
from dagster_project.synthetic.looked_after import DIFFERENCE, DIFFERING_YEAR

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "raw" / "sample"
SHARED = REPOSITORY.parent / "shared" / "data"

AUTHORITY = 383
RETURN_YEARS = range(2020, 2026)
#: The published file holds five years.
PUBLISHED_YEARS = range(2021, 2026)
RETURNS = "social_care/ssda903"
LOOKED_AFTER = "published/ees/cla_number_and_rate_per_10k_children/2025-11/cla_number_and_rate_per_10k_children.csv"
KEY_STAGE_4 = "published/ees/ks4_la/{release}/ks4_la.csv"
IN_NEED = "published/ees/b1_children_in_need/2025-10/b1_children_in_need_2013_to_2025.csv"
REFERRALS = (
    "published/ees/c1_children_in_need_referrals_and_rereferrals/2025-10/"
    "c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv"
)
PLANS = "published/ees/d3_cpps_subsequent_plan/2025-10/d3_cpps_subsequent_plan_2013_to_2025.csv"
STABILITY = "published/ees/la_cla_placement_stability/2025-11/la_cla_placement_stability.csv"
CARE_LEAVERS = (
    "published/ees/la_care_leavers_accommodation_suitability/2025-11/la_care_leavers_accommodation_suitability.csv"
)
SCORECARD = "published/ees/neet_la_scorecard/{year}/neet_la_scorecard_{year}.csv"
POPULATION = "population/mid-2024/ons_mid-year_population_estimates_2012_to_2024.csv"
LAIT = "published/lait/2026-04"

needs_real_files = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not here")


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows by heading; headings and cells as the oldest return writes them are read like those of the others."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if rows and "Child" in rows[0]:
        return [{key.upper().replace(" ", "_"): text.strip() for key, text in row.items()} for row in rows]
    return rows


def columns_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))


def sheet_of(path: Path) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))


def figures_of(path: Path, where: str = "true") -> list[tuple]:
    return duckdb.sql(f"select * from read_parquet('{path.as_posix()}') where {where}").fetchall()


def day(text: str) -> dt.date | None:
    return dt.datetime.strptime(text, "%d/%m/%Y").date() if text else None


@pytest.fixture(scope="module")
def sample_settings() -> tuple[int, float]:
    """Return seed and scale as the committed sample says it was made."""
    found = re.search(r"--seed (\d+) --scale (\S+)", (SAMPLE / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1]), float(found[2])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, sample_settings: tuple[int, float]) -> Path:
    """Write the sample again into a folder of its own."""
    out = tmp_path_factory.mktemp("demo")
    seed, scale = sample_settings
    write_demo(out, seed=seed, scale=scale, authority=AUTHORITY)
    return out


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory, sample_settings: tuple[int, float]) -> Path:
    """Write the same population at a scale that is not compact."""
    out = tmp_path_factory.mktemp("larger")
    (out / ".gitkeep").touch()
    (out / "sample").mkdir()
    (out / "sample" / "README.md").write_bytes((SAMPLE / "README.md").read_bytes())
    (out / "sample" / "kept.csv").touch()
    write_demo(out, seed=sample_settings[0], scale=0.3, authority=AUTHORITY)
    return out


def test_the_committed_sample_is_what_the_command_in_its_readme_writes(demo: Path) -> None:
    def names(folder: Path) -> set[str]:
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert names(demo) == names(SAMPLE)
    for name in sorted(names(demo)):
        one, other = demo / name, SAMPLE / name
        # Workbooks and Parquet carry the version of the library that wrote them: compare what they hold.
        if name.endswith(".xlsx"):
            assert sheet_of(one) == sheet_of(other), name
        elif name.endswith(".parquet"):
            assert figures_of(one) == figures_of(other), name
        else:
            assert one.read_bytes() == other.read_bytes(), name


def test_the_sample_is_small_enough_to_live_in_the_repository() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 4_500_000


def test_writing_over_an_earlier_demonstration_gives_the_same_bytes(
    demo: Path, sample_settings: tuple[int, float]
) -> None:
    def digests() -> dict[str, str]:
        return {
            path.relative_to(demo).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in demo.rglob("*")
            if path.is_file()
        }

    before = digests()
    seed, scale = sample_settings
    counts = write_demo(demo, seed=seed, scale=scale, authority=AUTHORITY)
    assert digests() == before
    assert set(counts) == {name for name in before if not name.endswith(("SYNTHETIC", "README.md"))}
    # A return of a year without an adoption, and a census without an exclusion, have the table all the same.
    assert [name for name, rows in counts.items() if rows == 0] == [
        f"{RETURNS}/2020/ad1.csv",
        "education/school_census/2025 summer/2025_summer_termlyexclusionsoffroll.csv",
    ]


def test_every_folder_with_files_is_marked_synthetic(demo: Path) -> None:
    folders = {path.parent for path in demo.rglob("*") if path.is_file()} - {demo}
    assert len(folders) == 35
    assert all((folder / "SYNTHETIC").is_file() for folder in folders)


@needs_real_files
@pytest.mark.parametrize(
    ("ours", "real"),
    [
        (LOOKED_AFTER, "ees/cla_number_and_rate_per_10k_children.csv"),
        (KEY_STAGE_4.format(release="2026-04"), "ees/ks4_la.csv"),
        (KEY_STAGE_4.format(release="2025-04"), "ees/vintages/ks4_la__release_2025-04.csv"),
        (IN_NEED, "ees/b1_children_in_need_2013_to_2025.csv"),
        (REFERRALS, "ees/c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv"),
        (PLANS, "ees/d3_cpps_subsequent_plan_2013_to_2025.csv"),
        (STABILITY, "ees/la_cla_placement_stability.csv"),
        (CARE_LEAVERS, "ees/la_care_leavers_accommodation_suitability.csv"),
        (SCORECARD.format(year=2022), "ees/neet_la_scorecard_2022.csv"),
        (SCORECARD.format(year=2025), "ees/neet_la_scorecard_2025.csv"),
        (POPULATION, "ees/ons_mid-year_population_estimates_2012_to_2024.csv"),
        (f"{RETURNS}/2023/header.csv", "social_care/ssda903_synthetic/2023/header.csv"),
        (f"{RETURNS}/2023/episodes.csv", "social_care/ssda903_synthetic/2023/episodes.csv"),
        (f"{LAIT}/lait_data_dictionary.csv", "lait/lait_data_dictionary.csv"),
    ],
)
def test_tables_have_the_columns_of_the_real_files(demo: Path, ours: str, real: str) -> None:
    assert columns_of(demo / ours) == columns_of(SHARED / real)


@needs_real_files
def test_the_figures_have_the_columns_types_and_grid_of_the_real_file(demo: Path) -> None:
    ours, real = demo / LAIT / "bds_long_0.parquet", SHARED / "lait" / "bds_long_0.parquet"

    def shape(path: Path) -> list[tuple[str, str]]:
        return [row[:2] for row in duckdb.sql(f"describe from read_parquet('{path.as_posix()}')").fetchall()]

    def grid(path: Path) -> list[tuple]:
        return duckdb.sql(
            f'select "LA Number", "LA and Regions", "Region" from read_parquet(\'{path.as_posix()}\') limit 170'
        ).fetchall()

    assert shape(ours) == shape(real)
    assert sorted(grid(ours)) == sorted(grid(real))


@needs_real_files
@pytest.mark.parametrize("name", ["sn_april_2021.xlsx", "sn_may_2025.xlsx"])
def test_neighbour_workbooks_are_laid_out_as_the_real_ones(demo: Path, name: str) -> None:
    ours, real = sheet_of(demo / LAIT / name), sheet_of(SHARED / "lait" / name)
    assert ours[:3] == [row[:25] for row in real[:3]]

    def names_above_and_below(rows: list[tuple[object, ...]]) -> tuple[set, set]:
        split = next(at for at, row in enumerate(rows) if row[1] == "Old SNs:")
        return {row[:5] for row in rows[3:split] if row[0]}, {row[:5] for row in rows[split + 1 :] if row[0]}

    assert names_above_and_below(ours) == names_above_and_below(real)


@needs_real_files
def test_the_list_of_authorities_equals_the_real_one(demo: Path) -> None:
    assert sheet_of(demo / LAIT / "la_code_list.xlsx") == sheet_of(SHARED / "lait" / "la_code_list.xlsx")


@needs_real_files
def test_indicators_carry_the_facts_of_the_real_dictionary(demo: Path) -> None:
    facts = ("Topic", "Measure", "Polarity", "Table_status", "Next Update", "dps", "Year_Type", "No_Quartile")

    def keyed(path: Path) -> set[tuple[str, ...]]:
        return {tuple(row[name].strip() for name in ("Measure_short", *facts)) for row in rows_of(path)}

    ours = keyed(demo / LAIT / "lait_data_dictionary.csv")
    assert ours <= keyed(SHARED / "lait" / "lait_data_dictionary.csv")


def test_the_grid_is_dense_and_every_indicator_is_in_the_dictionary(demo: Path) -> None:
    figures = figures_of(demo / LAIT / "bds_long_0.parquet")
    areas = Counter((row[0], row[2]) for row in figures)
    assert set(areas.values()) == {170}
    assert len({row[5] for row in figures if row[5] < 970}) == 158
    dictionary = rows_of(demo / LAIT / "lait_data_dictionary.csv")
    assert {row[0] for row in figures} == {row["Measure_short"] for row in dictionary}
    assert Counter(row["Measure_short"] for row in dictionary).most_common(1)[0][1] == 2


def test_the_labels_and_texts_that_trip_readers_are_all_there(demo: Path) -> None:
    figures = figures_of(demo / LAIT / "bds_long_0.parquet")
    labels = {row[2] for row in figures}
    assert {"2025", "2025 (prov)", "2025 (Rev)", "2021 (Final)", "2023/24", "2020-22", "2024-25 (OT)", "0"} <= labels
    assert {row[4] for row in figures if row[2] == "0"} == {"-"}
    texts = [row[4] for row in figures if row[4] != "-"]
    assert all(re.fullmatch(r"-?\d+(\.\d+)?(E-\d+)?", text) for text in texts)
    assert 0.02 < sum(len(text) >= 17 for text in texts) / len(texts) < 0.12
    assert any("E-" in text for text in texts)


def test_attainment_has_no_figures_in_the_pandemic_years(demo: Path) -> None:
    wanted = "\"Short Desc\" in ('KS2RWM_Expected_STD', 'AVG_Prog8_Score', 'FSP_NEW_GOODDEV')"
    figures = figures_of(demo / LAIT / "bds_long_0.parquet", wanted)
    for year in ("2020", "2021"):
        assert {row[4] for row in figures if row[2] == year} == {"-"}
    assert not [row for row in figures if row[0] == "AVG_Prog8_Score" and row[2] == "2025"]


def counted_from_returns(demo: Path, year: int) -> dict[str, int]:
    """Count one year's return by the written rules, from nothing but its file."""
    last = dt.date(year, 3, 31)
    first = dt.date(year - 1, 4, 1)
    at_end, started, ceased = set(), set(), set()
    for row in rows_of(demo / RETURNS / str(year) / "episodes.csv"):
        if row["LS"] in {"V3", "V4"}:
            continue
        decom, dec = day(row["DECOM"]), day(row["DEC"])
        assert decom is not None
        if decom <= last and (dec is None or dec > last):
            at_end.add(row["CHILD"])
        if row["RNE"] == "S" and first <= decom <= last:
            started.add(row["CHILD"])
        if dec is not None and first <= dec <= last and row["REC"] not in {"", "X1"}:
            ceased.add(row["CHILD"])
    return {"on 31 March": len(at_end), "starting": len(started), "ceasing": len(ceased)}


def published_looked_after(demo: Path, year: int) -> dict[str, dict[str, str]]:
    return {
        word: row
        for row in rows_of(demo / LOOKED_AFTER)
        for word in ("on 31 March", "starting", "ceasing")
        if row["old_la_code"] == str(AUTHORITY) and row["time_period"] == str(year) and word in row["population_type"]
    }


@pytest.mark.parametrize("year", PUBLISHED_YEARS)
def test_published_numbers_equal_the_returns_except_in_the_declared_year(demo: Path, year: int) -> None:
    counted = counted_from_returns(demo, year)
    published = {word: int(row["children_count"]) for word, row in published_looked_after(demo, year).items()}
    expected = dict(counted)
    if year == DIFFERING_YEAR:
        expected["on 31 March"] += DIFFERENCE
    assert published == expected


@pytest.mark.parametrize("year", PUBLISHED_YEARS)
def test_published_rates_divide_by_the_population_of_the_year_before(demo: Path, year: int) -> None:
    residents = {
        (row["time_period"], row["old_la_code"] or row["region_code"] or "England"): row["population_estimate"]
        for row in rows_of(demo / POPULATION)
    }
    for row in rows_of(demo / LOOKED_AFTER):
        if row["time_period"] == str(year) and row["rate_per_10000"] not in {"c", "z"}:
            area = row["old_la_code"] or row["region_code"] or "England"
            denominator = residents[str(year - 1), area]
            assert row["population_estimate"] == denominator
            rate = 10_000 * int(row["children_count"]) / int(denominator)
            assert int(row["rate_per_10000"]) == math.floor(rate + 0.5)


def test_lait_repeats_the_published_numbers_and_rates(demo: Path) -> None:
    pairs = {
        "LACnum": ("on 31 March", "children_count"),
        "LAC": ("on 31 March", "rate_per_10000"),
        "LACnum_Start": ("starting", "children_count"),
        "LAC_Cease_Rate": ("ceasing", "rate_per_10000"),
    }
    texts = {
        (row[0], row[2]): row[4] for row in figures_of(demo / LAIT / "bds_long_0.parquet", f'"LA Number" = {AUTHORITY}')
    }
    for year in PUBLISHED_YEARS:
        published = published_looked_after(demo, year)
        for short_desc, (word, column) in pairs.items():
            assert texts[short_desc, str(year)] == published[word][column]


# File, words of the rows that a measure of the tool is read from, column, its decimals and the short description.
SAME_FIGURES = [
    (REFERRALS, (), "rereferral_percent", 1, "ReReferral"),
    (PLANS, (), "CPP_subsequent_percent", 1, "PrevRegCPR"),
    (
        STABILITY,
        ("CLA on 31 March", "With 3 or more placements during the year"),
        "children_percent",
        0,
        "LACStable_2016on",
    ),
    (STABILITY, ("Living with the same carer for at least 2 years",), "children_percent", 0, "LAC_LongStable%"),
    (CARE_LEAVERS, ("19 to 21 years", "Accommodation considered suitable"), "care_leaver_percent", 0, "CareLeaverAcc"),
    (SCORECARD.format(year=2025), (), "NEET_percent", 1, "16-17 NEET"),
    (SCORECARD.format(year=2022), (), "Notknown_percent", 1, "16-17_not known"),
    (SCORECARD.format(year=2025), (), "NEET_not_known_percent", 1, "16-17_not known_NEET"),
    (SCORECARD.format(year=2022), (), "TOTAL_participating_in_education_and_training_percent", 1, "16-17Ed&Training"),
]
WIDE = {
    "E92000001": 970, "E12000001": 980, "E12000002": 981, "E12000003": 982, "E12000004": 983, "E12000005": 984,
    "E12000006": 985, "E12000007": 986, "E13000001": 987, "E13000002": 988, "E12000008": 989, "E12000009": 990,
}  # fmt: skip


def area_of(row: dict[str, str]) -> int:
    return int(row["old_la_code"] or WIDE[row["region_code"] or row["country_code"]])


@pytest.mark.parametrize(("file", "words", "column", "decimals", "short_desc"), SAME_FIGURES)
def test_lait_repeats_every_printed_share(
    demo: Path, file: str, words: tuple[str, ...], column: str, decimals: int, short_desc: str
) -> None:
    """The tool keeps a second decimal of two of the scorecard's shares; the others are equal."""
    rows = figures_of(demo / LAIT / "bds_long_0.parquet", f"\"Short Desc\" = '{short_desc}'")
    texts = {(int(row[5]), row[2]): row[4] for row in rows}
    compared = 0
    for row in rows_of(demo / file):
        if not set(words) <= set(row.values()):
            continue
        text = texts[area_of(row), row["time_period"]]
        if row[column] in {"c", "x", "z"}:
            assert text == "-"
        else:
            assert abs(float(row[column]) - float(text)) <= 0.5 * 10**-decimals + 1e-9, (row, text)
            compared += 1
    assert compared > 40


def test_counts_of_children_in_need_and_referrals_give_the_rates_of_lait(demo: Path) -> None:
    residents = {
        (area_of(row), int(row["time_period"])): int(row["population_estimate"]) for row in rows_of(demo / POPULATION)
    }
    for file, column, short_desc in (
        (IN_NEED, "At31_episodes", "CIN"),
        (REFERRALS, "referral_count", "CPP_Total_Rateper10,000"),
    ):
        rows = figures_of(demo / LAIT / "bds_long_0.parquet", f"\"Short Desc\" = '{short_desc}'")
        texts = {(int(row[5]), row[2]): row[4] for row in rows}
        for row in rows_of(demo / file):
            text = texts[area_of(row), row["time_period"]]
            if row[column] == "x":
                assert text == "-"
                continue
            rate = 10_000 * int(row[column]) / residents[area_of(row), int(row["time_period"]) - 1]
            assert abs(rate - float(text)) <= 0.05 + 1e-9


def test_national_and_regional_counts_are_rounded_sums(larger: Path) -> None:
    rows = [row for row in rows_of(larger / LOOKED_AFTER) if "on 31 March" in row["population_type"]]
    for year in map(str, PUBLISHED_YEARS):

        def held(level: str, code: str | None = None, year: str = year) -> list[int]:
            return [
                int(row["children_count"])
                for row in rows
                if row["time_period"] == year
                and row["geographic_level"] == level
                and row["children_count"].isdigit()
                and code in (None, row["region_code"])
            ]

        # Suppressed cells of one to five children are inside the totals only.
        assert abs(held("National")[0] - sum(held("Local authority"))) <= 10
        assert abs(held("Regional", "E12000003")[0] - sum(held("Local authority", "E12000003"))) <= 5
        halves = held("Regional", "E13000001") + held("Regional", "E13000002")
        assert abs(held("Regional", "E12000007")[0] - sum(halves)) <= 10


def test_histories_carry_over_from_one_return_to_the_next(demo: Path) -> None:
    for year in list(RETURN_YEARS)[1:]:
        before = rows_of(demo / RETURNS / str(year - 1) / "episodes.csv")
        now = {(row["CHILD"], row["DECOM"]) for row in rows_of(demo / RETURNS / str(year) / "episodes.csv")}
        still_open = {(row["CHILD"], row["DECOM"]) for row in before if not row["DEC"]}
        assert still_open <= now


@pytest.mark.parametrize("year", RETURN_YEARS)
def test_a_return_obeys_its_own_rules(demo: Path, year: int) -> None:
    episodes = [row for row in rows_of(demo / RETURNS / str(year) / "episodes.csv") if row["LS"] not in {"V3", "V4"}]
    headers = {row["CHILD"]: row for row in rows_of(demo / RETURNS / str(year) / "header.csv")}
    assert {row["SEX"] for row in headers.values()} == ({"M", "F"} if year == 2025 else {"1", "2"})
    by_child: dict[str, list[dict[str, str]]] = {}
    for row in episodes:
        path = by_child.setdefault(row["CHILD"], [])
        if row not in path:
            path.append(row)
    for child, path in by_child.items():
        born = day(headers[child]["DOB"])
        assert born is not None
        for row, following in zip(path, [*path[1:], None], strict=True):
            decom, dec = day(row["DECOM"]), day(row["DEC"])
            assert decom is not None
            assert decom >= born
            assert (dec is None) == (row["REC"] == "")
            assert dec is None or decom < dec <= dt.date(year, 3, 31)
            assert re.fullmatch(r"(ZZ\d \d[A-Z]{2})?", row["HOME_POST"])
            assert re.fullmatch(r"ZZ\d \d[A-Z]{2}", row["PL_POST"])
            assert (row["PLACE"].upper() == "P1") <= (row["LS"] in {"C1", "C2", "E1"})
            if row["REC"] == "X1":
                assert following is not None
                assert following["DECOM"] == row["DEC"]
                assert following["RNE"] != "S"
            elif following is not None:
                assert following["RNE"] == "S"
                assert row["DEC"] != ""
            if dec is None:
                # Nobody is looked after past the eighteenth birthday (three days' grace for 29 February).
                latest = born.replace(year=born.year + 18, day=min(born.day, 28)) + dt.timedelta(days=3)
                assert dt.date(year, 3, 31) < latest


def test_returns_hold_short_breaks_kinship_and_other_foster_care_and_unaccompanied_children(larger: Path) -> None:
    episodes = [row for year in PUBLISHED_YEARS for row in rows_of(larger / RETURNS / str(year) / "episodes.csv")]
    assert {"V2", "V3", "V4", "C1", "C2", "E1"} <= {row["LS"] for row in episodes}
    assert {"U3", "U4", "U6", "K2", "P1", "H5", "K3", "T1", "A6"} <= {row["PLACE"] for row in episodes}
    assert {"S", "L", "P", "T", "B"} <= {row["RNE"] for row in episodes}
    assert any(row["CIN"] == "N8" and row["HOME_POST"] == "" for row in episodes)


def test_the_known_faults_are_the_only_ones(demo: Path) -> None:
    """One kind a year, in the tables that the README of the data names; the newest return and the cuts have none."""
    found: Counter[tuple[str, str]] = Counter()
    for path in sorted((demo / RETURNS).rglob("*.csv")):
        cut = path.parent.relative_to(demo / RETURNS).as_posix()
        content = path.read_bytes()
        lines = content.decode("utf-8-sig").splitlines()
        found[cut, "byte order mark"] += content.startswith(b"\xef\xbb\xbf")
        found[cut, "line ends"] += b"\r\n" in content
        found[cut, "headings"] += lines[0] != lines[0].upper()
        found[cut, "padded"] += sum(cell != cell.strip() for line in lines[1:] for cell in line.split(","))
        found[cut, "blank lines"] += lines.count("")
        found[cut, "repeated rows"] += sum(count - 1 for line, count in Counter(lines).items() if line)
        found[cut, "lower case"] += sum(line != line.upper() for line in lines[1:] if "zz/" not in line)
        found[cut, "other dates"] += sum(len(re.findall(r"\d{4}-\d\d-\d\d", line)) for line in lines)
        if path.name == "header.csv":
            children = Counter(line.split(",")[0] for line in lines[1:])
            found[cut, "repeated children"] += sum(count - 1 for count in children.values())
    files = len(list((demo / RETURNS / "2020").glob("*.csv")))
    padded = found.pop(("2020", "padded"))
    other_dates = found.pop(("2021", "other dates"))
    assert {key: count for key, count in found.items() if count} == {
        ("2020", "byte order mark"): files,
        ("2020", "line ends"): files,
        ("2020", "headings"): files,
        ("2022", "blank lines"): 1,
        ("2023", "lower case"): 1,
        ("2024", "repeated rows"): 1,
        ("2024", "repeated children"): 1,
    }
    rows = sum(len(rows_of(path)) for path in (demo / RETURNS / "2020").glob("*.csv"))
    assert rows / 20 <= padded <= rows / 20 + files
    assert other_dates == math.ceil(len(rows_of(demo / RETURNS / "2021" / "missing.csv")) / 4)


@pytest.mark.parametrize("cut", ["2025/2024-09-30", "2026/2025-09-30"])
def test_a_cut_during_the_year_tells_what_was_known_on_its_day(demo: Path, cut: str) -> None:
    taken = dt.date.fromisoformat(cut.split("/")[1])
    episodes = rows_of(demo / RETURNS / cut / "episodes.csv")
    for row in episodes:
        decom, dec = day(row["DECOM"]), day(row["DEC"])
        assert decom is not None
        assert decom <= taken
        assert dec is None or dt.date(taken.year, 4, 1) <= dec <= taken
    # What the yearly return told as open is there, open or ended since.
    before = rows_of(demo / RETURNS / str(taken.year) / "episodes.csv")
    assert {(row["CHILD"], row["DECOM"]) for row in before if not row["DEC"]} <= {
        (row["CHILD"], row["DECOM"]) for row in episodes
    }
    assert {row["CHILD"] for row in episodes} == {row["CHILD"] for row in rows_of(demo / RETURNS / cut / "header.csv")}


def test_the_newest_return_can_be_written_as_xml_with_the_same_rows(
    demo: Path, tmp_path: Path, sample_settings: tuple[int, float]
) -> None:
    seed, scale = sample_settings
    write_demo(tmp_path / "raw", seed=seed, scale=scale, authority=AUTHORITY, newest_as_xml=True)
    folder = tmp_path / "raw" / RETURNS / "2025"
    assert {path.name for path in folder.iterdir() if path.is_file()} == {"return.xml", "SYNTHETIC"}
    root = ElementTree.parse(folder / "return.xml").getroot()
    elements = {
        "episodes": ("EPISODE", "DECOM"),
        "reviews": ("HEADER/AREVIEW", "REVIEW"),
        "missing": ("HEADER/AMISSING", "MIS_START"),
        "placed_for_adoption": ("HEADER/AD_PLACED", "DATE_PLACED"),
        "oc2": ("HEADER/OC2", "SDQ_SCORE"),
        "oc3": ("HEADER", "ACTIV"),
        "ad1": ("HEADER", "DATE_INT"),
    }
    for name, (path, item) in elements.items():
        told = sorted(
            (child.findtext("HEADER/CHILDID"), entry.findtext(item) or "")
            for child in root
            for entry in child.findall(path)
            if entry.find(item) is not None
        )
        rows = rows_of(demo / RETURNS / "2025" / f"{name}.csv")
        assert told == sorted((row["CHILD"], row[item]) for row in rows), name


def test_the_newer_key_stage_4_release_revises_some_cells_and_moves_its_window(larger: Path) -> None:
    def cells(release: str) -> dict[tuple[str, ...], dict[str, str]]:
        return {
            (row["time_period"], row["old_la_code"] or row["region_code"], row["social_care_group"]): row
            for row in rows_of(larger / KEY_STAGE_4.format(release=release))
        }

    older, newer = cells("2025-04"), cells("2026-04")
    years_older, years_newer = (sorted({key[0] for key in release}) for release in (older, newer))
    assert (years_older[0], years_older[-1], len(years_older)) == ("201718", "202324", 7)
    assert (years_newer[0], years_newer[-1], len(years_newer)) == ("201819", "202425", 7)
    shared = older.keys() & newer.keys()
    changed = [key for key in shared if older[key]["avg_att8"] != newer[key]["avg_att8"]]
    assert 0.01 < len(changed) / len(shared) < 0.15
    assert sum(key[0] == "202324" for key in changed) > len(changed) / 2
    assert older["202324", "", "CINO at 31 March"]["version"] == "Revised"
    assert newer["202324", "", "CINO at 31 March"]["version"] == "Final"
    symbols = {text for row in newer.values() for text in row.values() if text.isalpha() and len(text) == 1}
    assert symbols == {"c", "x"}


def test_scale_changes_the_size_of_the_subject_and_nobody_else(demo: Path, larger: Path) -> None:
    def people(folder: Path) -> dict[str, int]:
        rows = rows_of(folder / POPULATION)
        return {
            row["old_la_code"]: int(row["population_estimate"])
            for row in rows
            if row["time_period"] == "2024" and row["old_la_code"]
        }

    small, large = people(demo), people(larger)
    assert large[str(AUTHORITY)] == 52_800
    assert {area: large[area] for area in small if area != str(AUTHORITY)} == {
        area: number for area, number in small.items() if area != str(AUTHORITY)
    }
    assert len(large) == 153

    children = [counted_from_returns(folder, 2025)["on 31 March"] for folder in (demo, larger)]
    assert 380 < children[1] < 520
    assert 2.3 < children[1] / children[0] < 3.9
    header = [{row["CHILD"]: row for row in rows_of(f / RETURNS / "2025" / "header.csv")} for f in (demo, larger)]
    assert all(header[1][child] == row for child, row in header[0].items())

    others = f'"LA Number" < 970 and "LA Number" <> {AUTHORITY}'
    assert figures_of(demo / LAIT / "bds_long_0.parquet", others) == figures_of(
        larger / LAIT / "bds_long_0.parquet", others
    )


@pytest.mark.parametrize("scale", [0, -1, 0.001, 1000, math.nan, math.inf])
def test_a_scale_out_of_range_is_refused(tmp_path: Path, scale: float) -> None:
    with pytest.raises(DemoRefused, match="scale must lie between"):
        write_demo(tmp_path / "out", seed=1, scale=scale)
    assert not (tmp_path / "out").exists()


def test_a_seed_or_authority_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    def refused(message: str, **settings: int) -> None:
        with pytest.raises(DemoRefused, match=message):
            write_demo(tmp_path / "out", **{"seed": 1, "scale": 0.1, **settings})

    refused("seed must be", seed=-1)
    refused("authority 970 is not", authority=970)
    refused("no longer exists", authority=909)
    refused("too new", authority=942)


@pytest.mark.parametrize(
    "place", [lambda out: out / "real.csv", lambda out: out / RETURNS / "2023" / "episodes (2).csv"]
)
def test_a_folder_with_a_file_of_somebody_else_is_refused_and_left_alone(
    tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    marked = tmp_path / RETURNS / "2023"
    marked.mkdir(parents=True)
    (marked / "SYNTHETIC").write_text("header.csv\nepisodes.csv\n", encoding="utf-8")
    theirs = place(tmp_path)
    theirs.write_text("CHILD\n1\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DemoRefused, match=re.escape(theirs.name)):
        write_demo(tmp_path, seed=1, scale=0.02)
    assert sorted(tmp_path.rglob("*")) == before


def test_hidden_files_and_the_bundled_sample_are_left_alone(larger: Path) -> None:
    assert (larger / "sample" / "kept.csv").exists()
    assert (larger / ".gitkeep").exists()


def council_figures(demo: Path) -> list[dict[str, str]]:
    return [row for file in sorted((demo / "council" / "measures").glob("*/*.csv")) for row in rows_of(file)]


def test_council_measures_name_declared_indicators_and_agree_with_their_counts(demo: Path) -> None:
    with (REPOSITORY / "dbt" / "seeds" / "indicators.csv").open(encoding="utf-8", newline="") as file:
        units = {row["indicator_id"]: row["unit"] for row in csv.DictReader(file) if row["source_id"] == "council"}
    rows = council_figures(demo)
    assert {row["indicator_id"] for row in rows} == set(units)
    for row in rows:
        assert row["source"]
        assert row["owner"]
        if row["denominator"]:
            factor = {"percent": 100, "days": 1}[units[row["indicator_id"]]]
            exact = factor * int(row["numerator"]) / int(row["denominator"])
            assert abs(float(row["value"]) - exact) <= 0.05 + 1e-9


def test_council_measures_hold_two_months_other_authorities_and_one_symbol(demo: Path) -> None:
    months = sorted(path.name for path in (demo / "council" / "measures").iterdir())
    assert months == ["2025-02", "2025-10"]
    early, late = ({} for _ in months)
    for month, found in zip(months, (early, late), strict=True):
        for row in rows_of(demo / "council" / "measures" / month / "measures.csv"):
            key = (row["indicator_id"], row["area_code"], row["period_end"])
            assert key not in found
            found[key] = row["value"]
    shared = early.keys() & late.keys()
    assert len(shared) == 1
    assert all(early[key] != late[key] for key in shared)
    assert len({area for _, area, _ in late} - {"E08000035"}) == 4
    assert [value for value in late.values() if not re.fullmatch(r"\d+(\.\d)?", value)] == ["c"]
    assert any(area.isdigit() for _, area, _ in late)


def test_figures_of_other_authorities_that_the_council_holds_do_not_depend_on_scale(demo: Path, larger: Path) -> None:
    def of_others(folder: Path) -> list[dict[str, str]]:
        return [row for row in council_figures(folder) if row["area_code"] != "E08000035"]

    assert of_others(demo) == of_others(larger)


def test_small_areas_lie_side_by_side_and_hold_their_postcodes(tmp_path: Path) -> None:
    """Those on the edge aside, a postcode lies in the small area that the directory names; wards are whole ones."""
    demo = tmp_path / "demo"
    write_demo(demo, seed=7, scale=0.02)
    places = demo / "geography"
    areas, wards = (
        {
            next(iter(feature["properties"].values())): shapely.from_geojson(json.dumps(feature["geometry"]))
            for feature in json.loads((places / f"{layer}.geojson").read_text())["features"]
        }
        for layer in ("lsoa21", "ward")
    )
    assert len(areas) == clusters.COMPACT_AREAS
    assert shapely.coverage_is_valid(list(areas.values()))
    assert all(shape.is_valid and shape.area > 0 for shape in (*areas.values(), *wards.values()))
    whole = shapely.union_all(list(areas.values()))
    assert shapely.union_all(list(wards.values())).symmetric_difference(whole).area < 0.001 * whole.area
    with (places / "postcodes.csv").open() as opened:
        own = [row for row in csv.DictReader(opened) if row["lsoa21"]]
    held = [areas[row["lsoa21"]].contains(shapely.Point(int(row["oseast1m"]), int(row["osnrth1m"]))) for row in own]
    assert len(own) > 200
    assert sum(held) > 0.97 * len(held)
    with (places / "clusters.csv").open() as opened:
        kinds = [row["kind"] for row in csv.DictReader(opened)]
    assert kinds.count("city-wide") == 1
    assert len(kinds) == clusters.COMPACT_CLUSTERS + 2
