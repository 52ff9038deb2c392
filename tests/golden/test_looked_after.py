"""Figures of the looked-after return against the independent recomputation in ../shared, in every form it takes.

The returns are landed as a refresh lands them and the models up to the local figures are built; nothing is published.
"""

import csv
import json
import shutil
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pytest

from dagster_project import refresh, transform
from dagster_project.project import ROOT
from dagster_project.synthetic import write_demo

Figures = Mapping[tuple[str, str, str], Mapping[str, Any]]
LEEDS = "E08000035"
# Id -> where the expected figure stands; the part after the dot is the column of the figure.
TOTALS = {
    "cla_31_march.value": ("cla_31_march",),
    "cla_31_march_rate.value": ("cla_31_march_rate_per_10000",),
    "respite_only_31_march.value": ("respite_only_open_31_march",),
    "uasc_31_march.value": ("uasc_31_march",),
    "uasc_31_march_pct.value": ("uasc_pct",),
    "cla_started.value": ("started_in_year",),
    "cla_ceased.value": ("ceased_in_year",),
    "cla_ceased_adopted.value": ("ceased_adopted",),
    "cla_ceased_sgo.value": ("ceased_sgo",),
    "cla_ceased_cao.value": ("ceased_cao",),
    "cla_ceased_home.value": ("ceased_home",),
    "cla_kinship_foster_pct.value": ("kinship_pct_of_foster",),
    "cla_3plus_placements_pct.numerator": ("three_plus_placements", "default"),
    "cla_3plus_placements_pct.value": ("three_plus_placements_pct_default",),
    "cla_3plus_placements_carer_change_pct.numerator": ("three_plus_placements", "carer_change"),
    "cla_3plus_placements_incl_temp_pct.numerator": ("three_plus_placements", "incl_temp"),
    "cla_stability_2_5_years_pct.denominator": ("stability_2_5_years", "base"),
    "cla_stability_2_5_years_pct.numerator": ("stability_2_5_years", "same_placement_2_years"),
    "cla_stability_2_5_years_pct.value": ("stability_2_5_years", "pct"),
    "cla_health_assessment_pct.denominator": ("oc2", "cohort_12_months"),
    "cla_health_assessment_pct.numerator": ("oc2", "health_assessment"),
    "cla_dental_pct.numerator": ("oc2", "dental"),
    "cla_immunised_pct.numerator": ("oc2", "immunised"),
    "cla_development_pct.denominator": ("oc2", "under5"),
    "cla_development_pct.numerator": ("oc2", "under5_development"),
    "cla_convicted_pct.denominator": ("oc2", "aged_10_17"),
    "cla_convicted_pct.numerator": ("oc2", "convicted_10_17"),
    "cla_substance_misuse_pct.numerator": ("oc2", "substance_misuse"),
    "cla_sdq_scored.denominator": ("oc2", "sdq_aged_5_16"),
    "cla_sdq_scored.value": ("oc2", "sdq_scored"),
    "cla_sdq_mean.value": ("oc2", "sdq_mean"),
    "cla_in_year.value": ("missing", "cla_in_year"),
    "cla_missing_children.value": ("missing", "children_missing"),
    "cla_missing_pct.numerator": ("missing", "children_missing"),
    "cla_missing_pct.denominator": ("missing", "cla_in_year"),
    "cla_missing_incidents.value": ("missing", "incidents_missing"),
    "cla_away_children.value": ("missing", "children_away"),
    "cla_away_incidents.value": ("missing", "incidents_away"),
}
PLACES = {
    "cla_placed_outside_pct.value": ("location", "pct_outside_of_known"),
    "cla_over_20_miles_pct.numerator": ("location", "distance", "over_20"),
}
BREAKDOWNS = {
    ("cla_31_march", "age_band"): ("age_band",),
    ("cla_31_march", "sex"): ("sex",),
    ("cla_31_march", "placement_group"): ("placement_group",),
    ("cla_31_march", "legal_status"): ("legal_status",),
    ("cla_31_march", "category_of_need"): ("category_of_need",),
    ("cla_sdq_scored", "sdq_band"): ("oc2", "sdq_bands"),
}
PLACED = {
    ("cla_31_march", "placed"): ("location", "inside_outside"),
    ("cla_31_march", "distance"): ("location", "distance"),
}
CARE_LEAVERS = {
    "care_leavers_in_touch_pct": "in_touch",
    "care_leavers_eet_pct": "eet",
    "care_leavers_suitable_pct": "suitable",
}
# Marts that tell how the numbers came about.
STORY = ("looked_after_flow", "looked_after_change", "looked_after_profile", "kinship_care")
# What each table is needed for; without it these figures are missing, and no other changes.
NEEDED_FOR = {
    "uasc": {"uasc_31_march", "uasc_31_march_pct", "cla_excluding_uasc_31_march", "lait_uasc_pct_starting"},
    "missing": {
        "cla_missing_children",
        "cla_missing_pct",
        "cla_missing_incidents",
        "cla_away_children",
        "cla_away_incidents",
        "cla_missing_incidents_mean",
    },
    "oc3": {
        *CARE_LEAVERS,
        "care_leavers_neet_pct",
        "care_leavers_activity_unknown_pct",
        "care_leavers_with_former_carer_pct",
    },
    "reviews": {"cla_review_participation_pct", "cla_reviews_on_time_pct"},
    "ad1": {"adoption_days_decision_to_match_mean", "adoption_days_match_to_order_mean"},
    "placed_for_adoption": {"adoption_days_decision_to_match_mean"},
    "previous_permanence": {"cla_started_previous_permanence_pct"},
    "oc2": {
        "cla_health_assessment_pct",
        "cla_dental_pct",
        "cla_immunised_pct",
        "cla_development_pct",
        "cla_convicted_pct",
        "cla_substance_misuse_pct",
        "cla_substance_intervention_received_pct",
        "cla_substance_intervention_refused_pct",
        "cla_sdq_scored",
        "cla_sdq_mean",
    },
    "header": {
        "cla_stability_2_5_years_pct",
        "cla_stability_2_5_years_same_carer_pct",
        "cla_development_pct",
        "cla_convicted_pct",
        "cla_sdq_scored",
        "cla_sdq_mean",
    },
}


def build(
    folder: Path,
    returns: Mapping[str, Path],
    shared: Path,
    *,
    change: Callable[[Path], None] | None = None,
    council_file: Path = ROOT / "council.yml",
) -> Path:
    """Land returns, postcodes and a population of 170,000 in every year, and build the local figures.

    Returns the restricted warehouse.
    """
    raw = folder / "raw"
    for year, source in returns.items():
        shutil.copytree(source, raw / "social_care" / "ssda903" / year)
        for path in (raw / "social_care" / "ssda903" / year).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
    if change:
        change(raw / "social_care" / "ssda903")
    (raw / "geography").mkdir(parents=True)
    shutil.copy(shared / "social_care" / "postcode_lookup_synthetic.csv", raw / "geography" / "postcodes.csv")
    population = raw / "population" / "2024" / "population.csv"
    population.parent.mkdir(parents=True)
    with (shared / "ees" / "ons_mid-year_population_estimates_2012_to_2024.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    with population.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, "population_estimate": "170000"} if row["old_la_code"] == "383" else row)
    run = refresh.open_run(council_file=council_file, raw_dir=raw, data_dir=folder / "data", announce=lambda step: None)
    now = datetime.now()
    refresh.prepare(run)
    for source in ("geography", "population", "ssda903"):
        refresh.land(run, source, now=now)
    refresh.register(run, now=now)
    refresh.check_returns(run)
    only_models = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    built = transform._invoke(
        ["build", "--no-write-json", *only_models, "--select", "+int_local__value", *(f"+{name}" for name in STORY)],
        target=transform._parsed_target(run.folders),
        environment=transform._places(run.folders.warehouse, str(folder)),
    )
    assert built.success, built.exception
    return run.folders.warehouse


def figures_of(warehouse: Path, *, period_end: str = "2023-03-31") -> Figures:
    """Return the local figures of one day by id and breakdown."""
    connection = duckdb.connect(str(warehouse), read_only=True)
    try:
        cursor = connection.execute("SELECT * FROM intermediate.int_local__value WHERE period_end = ?", [period_end])
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        connection.close()
    figures = {(row["indicator_id"], row["breakdown_type"], row["breakdown_value"]): row for row in rows}
    assert len(figures) == len(rows)
    return figures


def at(expected: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    for step in path:
        expected = expected[step]
    return expected


def differing(figures: Figures, expected: Mapping[str, Any]) -> tuple[dict[str, tuple[Any, Any]], int]:
    """Return the figures that differ from the expected ones, and how many were compared."""
    has_places = expected["location"] is not None
    wrong: dict[str, tuple[Any, Any]] = {}
    compared = 0

    def compare(name: str, found: Any, wanted: Any) -> None:
        nonlocal compared
        compared += 1
        # Figures are whole or printed to one decimal.
        if wanted is None or found is None or abs(found - wanted) > 0.05 + 1e-9:
            wrong[name] = (found, wanted)

    for name, path in (TOTALS | (PLACES if has_places else {})).items():
        indicator, column = name.split(".")
        compare(name, figures[indicator, "total", "total"][column], at(expected, path))
    for (indicator, breakdown), path in (BREAKDOWNS | (PLACED if has_places else {})).items():
        found = {key[2]: row["value"] for key, row in figures.items() if key[:2] == (indicator, breakdown)}
        wanted = at(expected, path)
        for word in found.keys() | wanted.keys():
            # A directory that holds every postcode gives no unknown place; the expected file then says nothing of it.
            compare(f"{indicator}.{breakdown}.{word}", found.get(word, 0), wanted.get(word, 0))
    if has_places:
        compare(
            "outside and over 20",
            figures["cla_31_march", "placed_distance", "outside_over_20"]["value"],
            expected["location"]["outside_and_over_20"],
        )
    for band, counts in expected["care_leavers"].items():
        for indicator, item in CARE_LEAVERS.items():
            row = figures.get((indicator, "age_band", band), {"numerator": 0, "denominator": 0})
            compare(f"{indicator}.{band}", row["numerator"], counts[item])
            compare(f"{indicator}.{band}.base", row["denominator"], counts["n"])
    return wrong, compared


@pytest.fixture(scope="module")
def synthetic(shared_data: Path) -> Path:
    return shared_data / "social_care" / "ssda903_synthetic"


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory, shared_data: Path, synthetic: Path) -> Path:
    """The warehouse of the return of 2023 alone."""
    return build(tmp_path_factory.mktemp("single"), {"2023": synthetic / "2023"}, shared_data)


@pytest.mark.parametrize(
    ("returns", "expected", "period_end"),
    [
        (
            {str(year): f"ssda903_synthetic/{year}" for year in range(2020, 2024)},
            "903_synthetic_2023_history.json",
            "2023-03-31",
        ),
        ({"2018": "ssda903_thirdparty_2018/csv"}, "903_thirdparty_2018_csv.json", "2018-03-31"),
        ({"2018": "ssda903_thirdparty_2018/xml"}, "903_thirdparty_2018_xml.json", "2018-03-31"),
    ],
    ids=["four years", "third party csv", "third party xml"],
)
def test_every_expected_figure_is_reproduced(
    tmp_path: Path, shared_data: Path, returns: dict[str, str], expected: str, period_end: str
) -> None:
    folder = shared_data / "social_care"
    warehouse = build(tmp_path, {year: folder / path for year, path in returns.items()}, shared_data)
    wanted = json.loads((folder / "expected" / expected).read_text(encoding="utf-8"))
    wrong, compared = differing(figures_of(warehouse, period_end=period_end), wanted)
    assert wrong == {}
    assert compared > 75
    assert_problems(warehouse, wanted)
    assert_story(warehouse, wanted, max(returns))


def assert_story(warehouse: Path, expected: Mapping[str, Any], return_key: str) -> None:
    """The marts of the story say what the recomputation says, each category and each coming and going."""
    connection = duckdb.connect(str(warehouse), read_only=True)
    try:
        flow = connection.execute(
            """SELECT started, ceased, children_at_end FROM marts.looked_after_flow
            WHERE return_key = ? AND period_kind = 'year'""",
            [return_key],
        ).fetchone()
        months = connection.execute(
            """SELECT count(*), max(children_at_end) FILTER (period_end = (SELECT max(period_end)
                FROM marts.looked_after_flow WHERE return_key = $1))
            FROM marts.looked_after_flow WHERE return_key = $1 AND period_kind = 'month'""",
            [return_key],
        ).fetchone()
        kinship = connection.execute(
            """SELECT children_looked_after, kinship_share_of_foster_care_pct, left_to_special_guardian, ceased
            FROM marts.kinship_care WHERE return_key = ?""",
            [return_key],
        ).fetchone()
        profile = connection.execute(
            """SELECT dimension, category, children FROM marts.looked_after_profile
            WHERE return_key = ? AND population = 'looked_after' AND age_group = 'all'""",
            [return_key],
        ).fetchall()
        adolescents = connection.execute(
            """SELECT age_group, sum(children) FROM marts.looked_after_profile
            WHERE return_key = ? AND population = 'looked_after' AND dimension = 'placement_group' GROUP BY ALL""",
            [return_key],
        ).fetchall()
    finally:
        connection.close()
    assert flow == (expected["started_in_year"], expected["ceased_in_year"], expected["cla_31_march"])
    assert months == (12, expected["cla_31_march"])
    assert kinship is not None
    assert kinship[0] == expected["cla_31_march"]
    assert kinship[1] == pytest.approx(expected["kinship_pct_of_foster"], abs=0.05)
    assert kinship[2:] == (expected["ceased_sgo"], expected["ceased_in_year"])
    for dimension in ("age_band", "placement_group", "legal_status", "category_of_need"):
        told = {category: children for name, category, children in profile if name == dimension}
        assert told == {category: children for category, children in expected[dimension].items() if children}, dimension
    mix = {category: children for name, category, children in profile if name == "placement_mix"}
    fostered = expected["placement_group"]
    assert mix.get("kinship_foster", 0) == fostered.get("foster_kinship", 0)
    other = sum(mix.get(name, 0) for name in ("own_foster", "agency_foster", "other_foster"))
    assert other == fostered.get("foster_other", 0)
    assert sum(mix.values()) == expected["cla_31_march"]
    ages = expected["age_band"]
    in_groups = dict(adolescents)
    assert (in_groups["10_to_15"], in_groups["16_plus"]) == (ages["10_to_15"], ages["16_plus"])
    assert in_groups["16_plus"] < in_groups["13_plus"] < in_groups["10_to_15"] + in_groups["16_plus"]


def findings_of(warehouse: Path, return_key: str) -> tuple[dict[str, int], dict[str, int]]:
    """Return the rows found by rule, and the rows set aside by reason, of one return or, with `%`, of all of them."""
    connection = duckdb.connect(str(warehouse), read_only=True)
    try:
        found = connection.execute(
            "SELECT code, sum(failed) FROM quality.return_count WHERE return_key LIKE ? GROUP BY ALL", [return_key]
        ).fetchall()
        set_aside = connection.execute(
            "SELECT reason, count(*) FROM landing.quarantine WHERE table_name IN ('header', 'episodes') GROUP BY ALL"
        ).fetchall()
    finally:
        connection.close()
    return dict(found), dict(set_aside)


def assert_listed(warehouse: Path) -> int:
    """Every row that a rule found or that was set aside is in a list, once. Returns how many rows the lists hold."""
    connection = duckdb.connect(str(warehouse), read_only=True)
    try:
        counted = dict(
            connection.execute(
                "SELECT return_key || '/' || code, failed FROM quality.return_count WHERE failed > 0"
            ).fetchall()
        )
        set_aside = connection.execute(
            "SELECT coalesce(sum(len(string_split(reason, ', '))), 0) FROM landing.quarantine AS q"
            " JOIN landing.source_file AS f USING (file_id, table_name) WHERE f.source_id = 'ssda903'"
        ).fetchone()
    finally:
        connection.close()
    folder = warehouse.parent / "findings" / "ssda903"
    listed = {}
    for file in folder.rglob("*.csv"):
        if file.name != "summary.csv":
            with file.open(encoding="utf-8", newline="") as opened:
                listed[file.relative_to(folder).with_suffix("").as_posix()] = sum(1 for _ in csv.DictReader(opened))
    assert {name: rows for name, rows in listed.items() if "_" not in name} == counted
    assert set_aside == (sum(rows for name, rows in listed.items() if "_" in name),)
    return sum(listed.values())


@pytest.mark.parametrize(
    ("release", "source", "least"),
    [
        ("2020", "ssda903_thirdparty_2020_small", 13),
        ("2018", "ssda903_thirdparty_2018/csv", 5000),
        ("2018", "ssda903_thirdparty_2018/xml", 400),
        ("2027", "ssda903_thirdparty_2018/newer_tables", 1),
    ],
    ids=["small", "csv", "xml", "newer tables"],
)
def test_returns_of_others_load_and_every_problem_is_counted_and_listed(
    tmp_path: Path, shared_data: Path, release: str, source: str, least: int
) -> None:
    warehouse = build(tmp_path, {release: shared_data / "social_care" / source}, shared_data)
    assert assert_listed(warehouse) >= least


def assert_problems(warehouse: Path, expected: Mapping[str, Any]) -> None:
    """Rows of every table and every problem that the recomputation counted stand in the register and the findings."""
    problems = expected["dq"]
    found, set_aside = findings_of(warehouse, "%")
    assert found["E18"] == problems["children_with_overlapping_open_episodes"]
    assert found.get("E19", 0) == problems["stale_open_episodes_from_older_returns"]
    assert found["E20"] == len(problems["episode_child_not_in_header"])
    assert found.get("E09", 0) + set_aside.get("no_valid_decom", 0) == problems["episode_rows_with_bad_dates"]
    assert set_aside.get("exact_duplicate", 0) == problems["exact_duplicate_episode_rows"]
    assert set_aside.get("repeated_child", 0) == problems["header_repeated_child"]
    assert sum(found[code] for code in ("E02", "E03", "E04", "H04")) == len(problems["unknown_codes"])
    connection = duckdb.connect(str(warehouse), read_only=True)
    try:
        # Of those looked after for the whole of the newest year, all less those without a row on health.
        on_health = connection.execute(
            "SELECT checked - failed FROM quality.return_count WHERE code = 'O07' ORDER BY return_key DESC LIMIT 1"
        ).fetchone()
        assert on_health == (expected["oc2"]["with_oc2_row"],)
        loaded = dict(
            connection.execute(
                "SELECT table_name, sum(rows_landed) FROM landing.source_file WHERE source_id = 'ssda903' GROUP BY ALL"
            ).fetchall()
        )
        encodings = dict(
            connection.execute(
                "SELECT file_name, encoding FROM landing.source_file"
                " WHERE source_id = 'ssda903' AND encoding IS NOT NULL"
            ).fetchall()
        )
    finally:
        connection.close()
    assert_listed(warehouse)
    names = {"placed": "placed_for_adoption", "prevperm": "previous_permanence"}
    for name, rows in expected["rows"].items():
        assert loaded[names.get(name, name)] == rows, name
    wanted = {name: words.removesuffix("-sig") for name, words in problems.get("encodings", {}).items()}
    assert {name: encodings[name] for name in wanted} == wanted


def test_one_return_alone_gives_the_figures_expected_of_it(single: Path, shared_data: Path) -> None:
    file = shared_data / "social_care" / "expected" / "903_synthetic_2023_single.json"
    wrong, compared = differing(figures_of(single), json.loads(file.read_text(encoding="utf-8")))
    assert wrong == {}
    assert compared > 85


def test_council_may_choose_another_reading_of_what_the_guides_leave_open(
    tmp_path: Path, single: Path, shared_data: Path, synthetic: Path
) -> None:
    council = tmp_path / "council.yml"
    council.write_text(
        "authority: 383\ndefinitions: {three_placements: including_temporary, stability: same_carer}\n",
        encoding="utf-8",
    )
    chosen = figures_of(build(tmp_path, {"2023": synthetic / "2023"}, shared_data, council_file=council))
    usual = figures_of(single)
    same = {
        "cla_3plus_placements_pct": "cla_3plus_placements_incl_temp_pct",
        "cla_stability_2_5_years_pct": "cla_stability_2_5_years_same_carer_pct",
    }
    for name, reading in same.items():
        assert chosen[name, "total", "total"]["numerator"] == usual[reading, "total", "total"]["numerator"]
    moved = ("cla_3plus_placements_pct", "total", "total")
    assert chosen[moved]["numerator"] != usual[moved]["numerator"]
    assert {key: row["value"] for key, row in chosen.items() if key[0] not in same} == {
        key: row["value"] for key, row in usual.items() if key[0] not in same
    }


def test_breakdowns_add_up_to_their_total(single: Path) -> None:
    figures = figures_of(single)
    parts: dict[tuple[str, str], float] = {}
    for (indicator, breakdown, _), row in figures.items():
        if indicator in ("cla_31_march", "cla_started", "cla_ceased") and breakdown != "total":
            parts[indicator, breakdown] = parts.get((indicator, breakdown), 0) + row["value"]
    assert len(parts) == 7 * 3 + 3
    assert {key: total for key, total in parts.items() if total != figures[key[0], "total", "total"]["value"]} == {}


def as_xml(folder: Path) -> None:
    """Write the CSV set of a folder as one XML return, in the published form, and remove the CSV files."""
    tables = {}
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as opened:
            tables[file.stem] = list(csv.DictReader(opened))
        file.unlink()
    of_child: dict[str, dict[str, list[dict[str, str]]]] = {}
    for name, rows in tables.items():
        for row in rows:
            of_child.setdefault(row["CHILD"], {}).setdefault(name, []).append(row)
    root = ElementTree.Element("EXPSSDA903")

    def put(parent: ElementTree.Element, row: Mapping[str, str], names: tuple[str, ...], **renamed: str) -> None:
        for name in names:
            text = row.get(name, "")
            if text or name in ("DEC", "REC"):
                ElementTree.SubElement(parent, renamed.get(name, name)).text = text or None

    groups = {
        "reviews": ("AREVIEW", ("REVIEW", "REVIEW_CODE")),
        "missing": ("AMISSING", ("MISSING", "MIS_START", "MIS_END")),
        "oc2": ("OC2", tuple(tables["oc2"][0])[2:]),
        "previous_permanence": ("PERMANENCE", ("PREV_PERM", "LA_PERM", "DATE_PERM")),
        "placed_for_adoption": ("AD_PLACED", ("DATE_PLACED", "DATE_PLACED_CEASED", "REASON_PLACED_CEASED")),
    }
    for child, held in of_child.items():
        element = ElementTree.SubElement(root, "CHILD")
        header = ElementTree.SubElement(element, "HEADER")
        ElementTree.SubElement(header, "CHILDID").text = child
        known = held.get("header") or held.get("oc3") or [{}]
        put(header, known[0], ("UPN", "SEX", "DOB", "ETHNIC", "MOTHER", "MC_DOB"))
        ElementTree.SubElement(header, "UASC").text = "1" if "uasc" in held else "0"
        for row in held.get("uasc", ()):
            put(header, row, ("DUC",))
        for name, (tag, items) in groups.items():
            for row in held.get(name, ()):
                put(ElementTree.SubElement(header, tag), row, items)
        for name, items in (("oc3", ("IN_TOUCH", "ACTIV", "ACCOM")), ("ad1", tuple(tables["ad1"][0])[2:])):
            for row in held.get(name, ()):
                put(header, row, items)
        for row in held.get("episodes", ()):
            put(ElementTree.SubElement(element, "EPISODE"), row, tuple(row)[1:], PLACE="PL")
    ElementTree.ElementTree(root).write(folder / "return.xml", encoding="us-ascii", xml_declaration=True)


def untidy(folder: Path) -> None:
    """Write the CSV set as systems do: other names, other encodings and line ends, headers and codes typed anyhow."""
    for number, file in enumerate(sorted(folder.glob("*.csv"))):
        head, *rows = file.read_text(encoding="utf-8-sig").splitlines()
        head = ",".join(f" {name.title().replace('_', ' ')} " for name in head.split(","))
        rows = [row.lower() if position % 3 == 0 else row.replace(",", " ,") for position, row in enumerate(rows)]
        text = "\r\n".join(["", head, "", *rows, "", ""])
        encoding = ("utf-8-sig", "utf-8", "cp1252")[number % 3]
        (folder / f"extract {number}.csv").write_bytes(text.encode(encoding))
        file.unlink()


@pytest.mark.parametrize("form", [as_xml, untidy])
def test_the_form_of_a_return_changes_no_figure(
    tmp_path: Path, shared_data: Path, synthetic: Path, single: Path, form: Callable[[Path], None]
) -> None:
    warehouse = build(tmp_path, {"2023": synthetic / "2023"}, shared_data, change=lambda raw: form(raw / "2023"))
    same = {key: {**row, "vintage_id": None} for key, row in figures_of(single).items()}
    found = {key: {**row, "vintage_id": None} for key, row in figures_of(warehouse).items()}
    assert len(found) > 100
    assert found == same


@pytest.fixture(scope="module")
def lacking(tmp_path_factory: pytest.TempPathFactory, single: Path) -> Callable[[str], tuple[Figures, Figures]]:
    """Rebuild the figures as if one table had not arrived; returns those figures and the full ones."""
    folder = tmp_path_factory.mktemp("lacking")
    names = ("int_looked_after__episode", "int_looked_after__care", "int_looked_after__child")
    chain = (*names, "int_looked_after__figure", "int_looked_after__value", "int_local__value")
    compiled = {file.stem: file.read_text(encoding="utf-8") for file in single.parent.rglob("compiled/**/*.sql")}
    full = figures_of(single)

    def without(table: str) -> tuple[Figures, Figures]:
        warehouse = folder / table / "warehouse.duckdb"
        warehouse.parent.mkdir()
        shutil.copy(single, warehouse)
        connection = duckdb.connect(str(warehouse))
        try:
            connection.execute(
                """UPDATE landing.source_file SET "use" = 'none', status = 'removed'
                WHERE source_id = 'ssda903' AND table_name = ?""",
                [table],
            )
            for name in chain:
                connection.execute(f"CREATE OR REPLACE TABLE intermediate.{name} AS {compiled[name]}")
        finally:
            connection.close()
        return figures_of(warehouse), full

    return without


@pytest.mark.parametrize("table", NEEDED_FOR)
def test_a_table_that_is_missing_costs_the_figures_that_need_it_and_no_other(
    lacking: Callable[[str], tuple[Figures, Figures]], table: str
) -> None:
    found, full = lacking(table)
    needing = NEEDED_FOR[table]
    missing = {key[0] for key, row in found.items() if row["value_status"] == "source_missing"}
    # The return of 2023 has no social workers, and says so before and after.
    assert missing - {key[0] for key, row in full.items() if row["value_status"] == "source_missing"} == needing
    by_attribute = {"header": {"age_band", "sex", "ethnic_group"}, "uasc": {"uasc"}}.get(table, set())
    others = {key: row for key, row in full.items() if key[0] not in needing and key[1] not in by_attribute}
    assert len(others) > 40
    assert {key: found.get(key) for key in others} == others


def cut_short(folder: Path, last: date) -> None:
    """Leave of a return what was known on a day: nothing began later, and what ended later is open."""
    file = folder / "episodes.csv"
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = [row for row in csv.DictReader(opened) if day(row["DECOM"]) <= last]
    for row in rows:
        if row["DEC"] and day(row["DEC"]) > last:
            row["DEC"] = row["REC"] = row["REASON_PLACE_CHANGE"] = ""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def day(text: str) -> date:
    return datetime.strptime(text, "%d/%m/%Y").date()


def test_a_cut_within_the_year_has_a_lane_of_its_own(
    tmp_path: Path, shared_data: Path, synthetic: Path, single: Path
) -> None:
    last = date(2022, 12, 31)
    warehouse = build(
        tmp_path,
        {"2023": synthetic / "2023", "2023/2022-12-31": synthetic / "2023"},
        shared_data,
        change=lambda raw: cut_short(raw / "2023" / "2022-12-31", last),
    )
    year_end = figures_of(warehouse)
    assert {key: row["value"] for key, row in year_end.items()} == {
        key: row["value"] for key, row in figures_of(single).items()
    }
    cut = figures_of(warehouse, period_end="2022-12-31")
    assert {row["release_status"] for row in cut.values()} == {"local_in_year"}
    stock = cut["cla_31_march", "total", "total"]
    assert (stock["period_id"], stock["published_label"]) == ("snapshot_2022-12-31", "2022-12-31")
    held = [
        row
        for row in csv.DictReader((synthetic / "2023" / "episodes.csv").open(encoding="utf-8-sig", newline=""))
        if row["LS"] not in ("V3", "V4") and day(row["DECOM"]) <= last
    ]
    assert stock["value"] == len({row["CHILD"] for row in held if not row["DEC"] or day(row["DEC"]) > last})
    started = {row["CHILD"] for row in held if row["RNE"] == "S" and day(row["DECOM"]) >= date(2022, 4, 1)}
    assert cut["cla_started", "total", "total"]["value"] == len(started)
    assert len(started) < year_end["cla_started", "total", "total"]["value"]


def test_the_invented_return_as_xml_gives_the_figures_of_its_csv_files(tmp_path: Path, shared_data: Path) -> None:
    """Social workers have no published XML form: what needs them is missing, all else is the same."""
    figures = {}
    for form in ("csv", "xml"):
        write_demo(tmp_path / form / "demo", seed=3, scale=0.05, newest_as_xml=form == "xml")
        returns = {"2025": tmp_path / form / "demo" / "social_care" / "ssda903" / "2025"}
        shutil.rmtree(returns["2025"] / "2024-09-30")
        (returns["2025"] / "SYNTHETIC").unlink()
        figures[form] = figures_of(build(tmp_path / form, returns, shared_data), period_end="2025-03-31")
    workers = ("cla_3plus_social_workers_pct", "total", "total")
    assert figures["csv"].pop(workers)["value_status"] == "ok"
    assert figures["xml"].pop(workers)["value_status"] == "source_missing"
    told = {form: {key: (row["value"], row["denominator"]) for key, row in f.items()} for form, f in figures.items()}
    assert told["csv"] == told["xml"]
    assert told["csv"]["cla_31_march", "total", "total"][0] > 50
