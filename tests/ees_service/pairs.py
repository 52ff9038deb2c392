"""Small CSV and metadata pairs for the fake service: invented figures in the declared layouts."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

CLA = "cla_number_and_rate_per_10k_children"
STABILITY = "la_cla_placement_stability"
ABSENCE = "absence_by_social_care_group"
SCHOOLS = "school_places"
PLACES = [
    "geographic_level", "country_code", "country_name", "region_code", "region_name", "old_la_code", "la_name",
    "new_la_code",
]  # fmt: skip
ENGLAND = ["E92000001", "England"]
YORKSHIRE = ["E12000003", "Yorkshire and The Humber"]
AREAS = [
    ["National", *ENGLAND, "", "", "", "", ""],
    ["Regional", *ENGLAND, *YORKSHIRE, "", "", ""],
    ["Local authority", *ENGLAND, *YORKSHIRE, "383", "Leeds", "E08000035"],
    ["Local authority", *ENGLAND, *YORKSHIRE, "373", "Sheffield", "E08000019 / E08000039"],
]
META = [
    "col_name", "col_type", "label", "indicator_grouping", "indicator_unit", "indicator_dp", "filter_hint",
    "filter_grouping_column",
]  # fmt: skip
CLA_META = [
    ["population_type", "Filter", "Population type", "", "", "", "Who is counted", ""],
    ["population_estimate", "Indicator", "Population", "", "", "0", "", ""],
    ["children_count", "Indicator", "Number of children", "", "", "0", "", ""],
    ["rate_per_10000", "Indicator", "Rate per 10,000", "", "", "0", "", ""],
]
STABILITY_META = [
    ["cla_group", "Filter", "Group of children", "", "", "", "", ""],
    ["placement_stability", "Filter", "Placement stability", "", "", "", "", ""],
    ["children_count", "Indicator", "Number of children", "", "", "0", "", ""],
    ["children_percent", "Indicator", "Share of children", "", "%", "0", "", ""],
]
HELD = "Children looked after on 31 March each year"
STARTED = "Children starting to be looked after each year"
CEASED = "Children ceasing to be looked after each year"
SYMBOLS = ["c", "z", "x"]


def write_pairs(folder: Path) -> Path:
    """Write every pair below `folder` and return it."""
    cla = folder / "children-looked-after" / CLA
    _write(cla / "1.0", CLA, _header(CLA_META), _cla(["2023", "2024"], [HELD, STARTED]), CLA_META)
    # Minor: a period, an option and the label of an indicator.
    relabelled = [
        row if row[0] != "population_estimate" else [*row[:2], "Children aged 0 to 17", *row[3:]] for row in CLA_META
    ]
    _write(cla / "1.1", CLA, _header(CLA_META), _cla(["2023", "2024", "2025"], [HELD, STARTED, CEASED]), relabelled)
    stability = folder / "children-looked-after" / STABILITY
    three = ["Total children", "With 3 or more placements during the year"]
    _write(stability / "1.0", STABILITY, _header(STABILITY_META), _stability(["2024"], three), STABILITY_META)
    _write(stability / "1.1", STABILITY, _header(STABILITY_META), _stability(["2024", "2025"], three), STABILITY_META)
    # Major: an option goes.
    _write(stability / "2.0", STABILITY, _header(STABILITY_META), _stability(["2025"], three[:1]), STABILITY_META)
    _write(folder / "pupil-absence" / ABSENCE / "1.0", ABSENCE, _header(_absence_meta()), _absence(), _absence_meta())
    _schools(folder / "schools" / SCHOOLS / "1.0")
    return folder


def _header(meta: Sequence[Sequence[str]]) -> list[str]:
    return ["time_period", "time_identifier", *PLACES, *(row[0] for row in meta)]


def _cla(periods: Sequence[str], options: Sequence[str]) -> list[list[str]]:
    rows = []
    for period in periods:
        for number, area in enumerate(AREAS):
            for place, option in enumerate(options):
                count = str(100 * (number + 1) + place) if number < 3 else SYMBOLS[place]
                rows.append([period, "Reporting year", *area, option, "166660", count, "76"])
    return rows


def _stability(periods: Sequence[str], options: Sequence[str]) -> list[list[str]]:
    return [
        [period, "Reporting year", *area, "CLA on 31 March", option, "150", "100"]
        for period in periods
        for area in AREAS
        for option in options
    ]


ABSENCE_INDICATORS = [
    "t_pupils", "t_sess_possible", "t_sess_overall", "pt_overall", "t_sess_authorised", "pt_sess_authorised",
    "t_sess_unauthorised", "pt_sess_unauthorised", "t_pupils_pa_10_exact", "pt_pupils_pa_10_exact",
    "t_pupils_pa_50_exact", "pt_pupils_pa_50_exact",
]  # fmt: skip


def _absence_meta() -> list[list[str]]:
    filters = [
        [name, "Filter", name.replace("_", " ").capitalize(), "", "", "", "", ""]
        for name in ("absence_terms", "social_care_group", "phase_type_grouping")
    ]
    units = {name: "%" if name.startswith("pt_") else "" for name in ABSENCE_INDICATORS}
    return filters + [
        [name, "Indicator", f"Figure {name}", "", units[name], "1" if units[name] else "0", "", ""]
        for name in ABSENCE_INDICATORS
    ]


def _absence() -> list[list[str]]:
    figures = ["1200", "360000", "30000", "8.3", "20000", "5.6", "10000", "2.8", "250", "20.8", "c", "c"]
    return [
        [period, "Academic year", *area, "Six half terms", "CLA 12 months at 31 March", "Total", *figures]
        for period in ("199900", "202223")
        for area in AREAS
    ]


def _schools(folder: Path) -> None:
    """Levels that only queries by hand meet: schools, providers and a region without a code."""
    own = ["school_urn", "school_laestab", "school_name", "provider_ukprn", "provider_name", "rsc_region_lead_name"]
    header = ["time_period", "time_identifier", "geographic_level", "country_code", "country_name", *own, "places"]
    rows = [
        ["2024", "Calendar year", "School", *ENGLAND, "107000", "3832000", "A School", "", "", "", "210"],
        ["2024", "Calendar year", "Provider", *ENGLAND, "", "", "", "10000001", "A College", "", "900"],
        ["2024", "Calendar year", "RSC region", *ENGLAND, "", "", "", "", "", "North", "5000"],
    ]
    _write(folder, SCHOOLS, header, rows, [["places", "Indicator", "Places", "", "", "0", "", ""]])


def _write(
    folder: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[str]], meta: Iterable[Sequence[str]]
) -> None:
    folder.mkdir(parents=True)
    for file, lines in ((f"{name}.csv", [header, *rows]), (f"{name}.meta.csv", [META, *meta])):
        with (folder / file).open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows(lines)
