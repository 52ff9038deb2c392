"""Writing a complete invented `raw/` folder: one population, told by every source that would tell it."""

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.synthetic import care, clusters, council, education, ees, ees_social_care, lait, return_tables
from dagster_project.synthetic.care import EPISODE_COLUMNS, HEADER_COLUMNS, RETURN_YEARS
from dagster_project.synthetic.files import write_csv, write_parquet, write_text_table, write_workbook
from dagster_project.synthetic.looked_after import DIFFERENCE, DIFFERING_YEAR, AllCareFigures, care_figures
from dagster_project.synthetic.places import Authority, Population, invent_population, load_authorities
from dagster_project.synthetic.pupil_numbers import with_check_letters
from dagster_project.synthetic.return_tables import SOCIAL_WORKERS_FROM
from dagster_project.synthetic.return_xml import return_xml

MARKER = "SYNTHETIC"
README = "README.md"
SMALLEST_SCALE, LARGEST_SCALE = 0.02, 20.0
#: Below this scale the tidy files stay small: the areas the subject is compared with, fewer years of key stage 4.
COMPACT_BELOW = 0.2
COMPACT_KEY_STAGE_4_YEARS = 5
COMPACT_COUNT_YEARS, COMPACT_ANSWER_YEARS = 4, 2
LAIT_RELEASE = "2026-04"
LOOKED_AFTER_RELEASE = "2025-11"
IN_NEED_RELEASE = "2025-10"
#: Years of the tidy files that hold one row per area and year, and of those with a row per answer as well.
COUNT_YEARS, ANSWER_YEARS = 10, 5
POPULATION_VINTAGE = "mid-2024"

#: Faults a council's extract really has, for the checks to report; none changes a figure, and the newest return is
#: clean. In one year another system wrote the files: byte order mark, other line ends, spaced headings, padded cells.
EXPORTED_ELSEWHERE_YEAR = 2020
PADDED_EVERY = 20
ISO_DATES_YEAR = 2021
ISO_DATES_EVERY = 4
BLANK_LINE_YEAR = 2022
LOWER_CASE_YEAR = 2023
UNKNOWN_REASON_EVERY = 8
REPEATED_ROW_YEAR = 2024

_CLUSTER_FILES = ("clusters.csv", "cluster_areas.csv", "cluster_schools.csv")
_OUTLINE_FILES = ("lsoa21.geojson", "ward.geojson")
_TITLE = "# Invented data for demonstration"


class DemoRefused(ValueError):
    """The demonstration cannot be written as asked; the message says why and what to do."""


@dataclass
class _Writer:
    """Writes the files of each collection folder beside their marker and counts their rows."""

    out: Path
    counts: dict[str, int] = field(default_factory=dict)

    def folder(self, path: str, names: list[str]) -> Path:
        """Make a collection folder; the marker comes first, so that an interrupted run stays recognisable."""
        folder = self.out / path
        folder.mkdir(parents=True, exist_ok=True)
        listed = "".join(f"{name}\n" for name in names)
        (folder / MARKER).write_text(
            f"Every row in this folder is invented. Files written by the demonstration:\n{listed}",
            encoding="utf-8",
            newline="\n",
        )
        return folder

    def note(self, path: Path, rows: int) -> None:
        """Record the data rows of a written file under its path relative to the output folder."""
        self.counts[path.relative_to(self.out).as_posix()] = rows


def write_demo(
    out: Path,
    *,
    seed: int,
    scale: float,
    authority: int = 383,
    newest_as_xml: bool = False,
    with_education: bool = True,
    announce: Callable[[str], None] = lambda step: None,
) -> dict[str, int]:
    """Write a complete invented `raw/` folder to `out` and return the data rows of each file by relative path.

    The same seed, scale and authority give the same bytes on one installation, and the same content on any.
    Figures of other authorities do not depend on `scale`; a larger one adds children and changes none.

    Args:
        out: Folder to fill; it may hold an earlier demonstration, which is replaced. Hidden files and a folder
            `sample` that is itself a demonstration are left alone.
        seed: Any whole number from 0.
        scale: Size of the subject authority; 1 is about 176,000 residents aged 0 to 17 and 1,500 looked after.
        authority: DfE number of the authority whose returns are invented.
        newest_as_xml: Whether the newest yearly return is one XML file in place of its CSV files.
        with_education: Whether to write school censuses and results; pupil numbers of children in care are then valid.
        announce: Receives one short sentence for each step.

    Raises:
        DemoRefused: If an argument is out of range, or `out` holds anything but an earlier demonstration.
    """
    authorities = load_authorities()
    _check_arguments(seed, scale, authority, authorities)
    _make_room(out)

    announce(f"inventing a population (seed {seed}, scale {scale:g})")
    population = invent_population(seed, authorities, subject=authority, scale=scale)
    children = care.invent_children(seed, scale)
    if with_education:
        children = with_check_letters(children)
    figures = care_figures(seed, authorities, population, subject=authority, children=children)

    out.mkdir(parents=True, exist_ok=True)
    readme = _readme(seed, scale, authority, with_education=with_education)
    (out / README).write_text(readme, encoding="utf-8", newline="\n")
    writer = _Writer(out)
    announce("writing children looked after returns")
    _write_returns(writer, seed, children, newest_as_xml=newest_as_xml)
    is_compact = scale < COMPACT_BELOW
    schools = education.Written([], {}, [], [])
    if with_education:
        schools = education.write_education(
            writer, seed, scale, children, authority=authority, is_compact=is_compact, announce=announce
        )
    places = clusters.invent_places(seed, is_compact=is_compact)
    _write_postcodes(writer, seed, children, authorities, authority, schools.postcodes, places)
    _write_clusters(writer, seed, places, schools, is_compact=is_compact)
    announce("writing Explore Education Statistics files")
    shown = _shown(seed, scale, authority, authorities)
    years = COMPACT_KEY_STAGE_4_YEARS if is_compact else ees.KEY_STAGE_4_YEARS
    _write_ees(writer, seed, authorities, population, figures, shown, years)
    indicators = lait.load_indicators()
    leavers = {
        (authority, year): return_tables.care_leavers(seed, children, year)
        for year in range(RETURN_YEARS[0], RETURN_YEARS[-1] + 1)
    }
    counted = {(authority, name, year): value for (name, year), value in schools.levels.items()}
    values = lait.Figures(seed, authorities, population, figures, indicators, leavers, counted)
    _write_social_care(writer, seed, authorities, figures, values, shown, is_compact=is_compact)
    _write_scorecards(writer, seed, authorities, population, indicators, values, shown)
    announce("writing Local Authority Interactive Tool files")
    _write_lait(writer, seed, authorities, indicators, values)
    _write_measures(writer, seed, authorities, population, authority)
    announce(f"{len(writer.counts)} files, {sum(writer.counts.values()):,} rows")
    return writer.counts


def _check_arguments(seed: int, scale: float, authority: int, authorities: tuple[Authority, ...]) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise DemoRefused(f"seed must be a whole number from 0, not {seed!r}")
    # A comparison with not-a-number is false, so this refuses that too.
    if not SMALLEST_SCALE <= scale <= LARGEST_SCALE:
        raise DemoRefused(
            f"scale must lie between {SMALLEST_SCALE:g} and {LARGEST_SCALE:g} (1 = 176,000 children), not {scale!r}"
        )
    found = next((known for known in authorities if known.number == authority), None)
    if found is None:
        raise DemoRefused(f"authority {authority} is not the DfE number of an English local authority")
    if found.is_former:
        raise DemoRefused(f"authority {authority} ({found.name}) no longer exists; name one of its successors")
    if found.created.year > RETURN_YEARS[0] - 1:
        raise DemoRefused(f"authority {authority} ({found.name}) is too new for returns from {RETURN_YEARS[0]}")


def _files_in(out: Path) -> Iterator[Path]:
    """Yield every file the demonstration must account for."""
    has_sample = _is_demo(out / "sample")
    for path in sorted(out.rglob("*")):
        top = path.relative_to(out).parts[0]
        if path.is_file() and not top.startswith(".") and not (has_sample and top == "sample"):
            yield path


def _is_demo(folder: Path) -> bool:
    readme = folder / README
    return readme.is_file() and readme.read_text(encoding="utf-8", errors="replace").startswith(_TITLE)


def _make_room(out: Path) -> None:
    """Remove an earlier demonstration from `out`; refuse if any file there was not written by one."""
    if not out.exists():
        return
    if not out.is_dir():
        raise DemoRefused(f"{out} is not a folder")
    files = list(_files_in(out))
    for path in files:
        marker = path.parent / MARKER
        listed = marker.read_text(encoding="utf-8").splitlines() if marker.is_file() else []
        is_ours = path == marker or path.name in listed or (path == out / README and _is_demo(out))
        if not is_ours:
            raise DemoRefused(
                f"{out} is not empty and {path.relative_to(out).as_posix()} is not from an earlier demonstration;"
                " choose another folder or move that file away"
            )
    for path in files:
        path.unlink()
    for folder in sorted((path for path in out.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _shown(seed: int, scale: float, subject: int, authorities: tuple[Authority, ...]) -> frozenset[int]:
    """Return the authorities kept in the tidy files: all, or in a small demonstration those compared with."""
    everyone = frozenset(authority.number for authority in authorities)
    if scale >= COMPACT_BELOW:
        return everyone
    region = next(authority.ees_region_code for authority in authorities if authority.number == subject)
    near = {
        number
        for day in lait.NEIGHBOUR_LISTS.values()
        for number, _ in lait.neighbours(seed, authorities, day)[subject]
    }
    return frozenset(
        authority.number
        for authority in authorities
        if authority.is_core_city or authority.ees_region_code == region or authority.number in near
    )


def _write_returns(writer: _Writer, seed: int, children: list[care.Child], *, newest_as_xml: bool) -> None:
    for year in RETURN_YEARS:
        cut = care.cut_on(care.year_end(year))
        tables = _tables_of(seed, children, cut, list(return_tables.COLUMNS))
        folder = f"social_care/ssda903/{year}"
        if newest_as_xml and year == RETURN_YEARS[-1]:
            path = writer.folder(folder, ["return.xml"]) / "return.xml"
            path.write_bytes(return_xml(tables))
            writer.note(path, sum(len(rows) for name, (_, rows) in tables.items() if name != "social_workers"))
        else:
            _write_tables(writer, folder, tables, year=year)
    for day in care.CUT_DAYS:
        cut = care.cut_on(day)
        tables = _tables_of(seed, children, cut, return_tables.TOLD_DURING_THE_YEAR)
        _write_tables(writer, f"social_care/ssda903/{cut.year}/{day.isoformat()}", tables)


def _tables_of(
    seed: int, children: list[care.Child], cut: care.Cut, names: Iterable[str]
) -> dict[str, tuple[Sequence[str], list[list[str]]]]:
    tables: dict[str, tuple[Sequence[str], list[list[str]]]] = {
        "header": (HEADER_COLUMNS, list(care.header_rows(children, cut))),
        "episodes": (EPISODE_COLUMNS, [list(row) for row in care.episode_rows(children, cut)]),
    }
    for name in names:
        if name != "social_workers" or cut.year >= SOCIAL_WORKERS_FROM:
            tables[name] = (return_tables.COLUMNS[name], list(return_tables.rows_of(name, seed, children, cut)))
    return tables


def _write_tables(
    writer: _Writer,
    path: str,
    tables: Mapping[str, tuple[Sequence[str], list[list[str]]]],
    *,
    year: int | None = None,
) -> None:
    """Write the CSV files of one return, with the faults on purpose of that year."""
    folder = writer.folder(path, [f"{name}.csv" for name in tables])
    for name, (columns, rows) in tables.items():
        faulty_columns, faulty_rows = with_faults(name, columns, rows, year)
        file = folder / f"{name}.csv"
        ends = "\r\n" if year == EXPORTED_ELSEWHERE_YEAR else "\n"
        written = write_csv(file, faulty_columns, faulty_rows, bom=year == EXPORTED_ELSEWHERE_YEAR, ends=ends)
        # A blank line is not a row.
        writer.note(file, written - faulty_rows.count([]))


def with_faults(
    name: str, columns: Sequence[str], rows: list[list[str]], year: int | None
) -> tuple[Sequence[str], list[list[str]]]:
    """Return a table as the extract of that year has it: one kind of fault a year, none that changes a figure."""
    rows = [list(row) for row in rows]
    middle = len(rows) // 2
    if name == "episodes":
        if year == LOWER_CASE_YEAR:
            rows[middle][EPISODE_COLUMNS.index("PLACE")] = rows[middle][EPISODE_COLUMNS.index("PLACE")].lower()
            reason = EPISODE_COLUMNS.index("REASON_PLACE_CHANGE")
            for row in [row for row in rows if row[reason]][::UNKNOWN_REASON_EVERY]:
                row[reason] = "MOVED"
        if year == REPEATED_ROW_YEAR:
            rows.insert(middle + 1, rows[middle])
        if year == BLANK_LINE_YEAR:
            rows.insert(middle, [])
    if name == "header" and year == REPEATED_ROW_YEAR:
        # The same child once more, with another UPN: two people under one id, or a slip.
        again = list(rows[middle])
        again[HEADER_COLUMNS.index("UPN")] = "UN5"
        rows.insert(middle + 1, again)
    if name == "missing" and year == ISO_DATES_YEAR:
        for row in rows[::ISO_DATES_EVERY]:
            start = columns.index("MIS_START")
            row[start] = dt.datetime.strptime(row[start], "%d/%m/%Y").date().isoformat()
    if year == EXPORTED_ELSEWHERE_YEAR:
        columns = [column.title().replace("_", " ") for column in columns]
        for row in rows[::PADDED_EVERY]:
            row[-1] = f"{row[-1]} "
    return columns, rows


def _write_postcodes(
    writer: _Writer,
    seed: int,
    children: list[care.Child],
    authorities: tuple[Authority, ...],
    subject: int,
    others: Collection[str],
    places: clusters.Places,
) -> None:
    """Write the places of the invented postcodes and of `others`, in the subject and the authorities of its region."""
    own = next(authority for authority in authorities if authority.number == subject)
    near = sorted(
        authority.ees_code
        for authority in authorities
        if authority.ees_region_code == own.ees_region_code and authority.number != subject and not authority.is_former
    )
    path = writer.folder("geography", ["postcodes.csv", *_CLUSTER_FILES, *_OUTLINE_FILES]) / "postcodes.csv"
    rows = return_tables.postcode_rows(seed, children, [own.ees_code, *near], others, places)
    writer.note(path, write_csv(path, return_tables.POSTCODE_COLUMNS, rows))


def _write_clusters(
    writer: _Writer, seed: int, places: clusters.Places, schools: education.Written, *, is_compact: bool
) -> None:
    """Write the clusters, what belongs to them, and the outlines of small areas and wards."""
    tables = (
        (clusters.CLUSTER_COLUMNS, clusters.cluster_rows(places)),
        (clusters.AREA_COLUMNS, clusters.area_rows(places)),
        (clusters.SCHOOL_COLUMNS, clusters.school_rows(seed, places, schools.urns, city_wide=schools.city_wide)),
    )
    for name, (columns, rows) in zip(_CLUSTER_FILES, tables, strict=True):
        if not rows:
            continue
        path = writer.out / "geography" / name
        writer.note(path, write_csv(path, columns, rows))
    for layer, collection in clusters.outlines(seed, places, is_compact=is_compact).items():
        path = writer.out / "geography" / f"{layer}.geojson"
        path.write_text(json.dumps(collection, separators=(",", ":")) + "\n", encoding="utf-8", newline="\n")
        writer.note(path, len(collection["features"]))


def _write_ees(
    writer: _Writer,
    seed: int,
    authorities: tuple[Authority, ...],
    population: Population,
    figures: AllCareFigures,
    shown: frozenset[int],
    key_stage_4_years: int,
) -> None:
    name = "cla_number_and_rate_per_10k_children"
    path = writer.folder(f"published/ees/{name}/{LOOKED_AFTER_RELEASE}", [f"{name}.csv"]) / f"{name}.csv"
    rows = ees.looked_after_rows(authorities, population, figures, shown=shown)
    writer.note(path, write_csv(path, ees.LOOKED_AFTER_COLUMNS, rows, bom=True))
    for release in ees.KEY_STAGE_4_RELEASES:
        path = writer.folder(f"published/ees/ks4_la/{release}", ["ks4_la.csv"]) / "ks4_la.csv"
        rows = ees.key_stage_4_rows(
            seed, authorities, population, release=release, years=key_stage_4_years, shown=shown
        )
        # As published: the newer copy begins with a byte order mark, the older one does not.
        is_newest = release == max(ees.KEY_STAGE_4_RELEASES)
        writer.note(path, write_csv(path, ees.KEY_STAGE_4_COLUMNS, rows, bom=is_newest))
    name = "ons_mid-year_population_estimates_2012_to_2024.csv"
    path = writer.folder(f"population/{POPULATION_VINTAGE}", [name]) / name
    rows = ees.population_rows([a for a in authorities if a.number in shown], population)
    writer.note(path, write_csv(path, ees.POPULATION_COLUMNS, rows))


def _write_social_care(
    writer: _Writer,
    seed: int,
    authorities: tuple[Authority, ...],
    care_figures: AllCareFigures,
    values: lait.Figures,
    shown: frozenset[int],
    *,
    is_compact: bool,
) -> None:
    """Write the files of children in need, plans, placements and care leavers; the names are the publisher's."""
    counts = COMPACT_COUNT_YEARS if is_compact else COUNT_YEARS
    answers = COMPACT_ANSWER_YEARS if is_compact else ANSWER_YEARS
    tables = ees_social_care
    for name, release, suffix, columns, rows, bom in (
        (
            "b1_children_in_need",
            IN_NEED_RELEASE,
            "_2013_to_2025",
            tables.IN_NEED_COLUMNS,
            tables.in_need_rows(seed, authorities, values, years=counts, shown=shown),
            False,
        ),
        (
            "c1_children_in_need_referrals_and_rereferrals",
            IN_NEED_RELEASE,
            "_2013_to_2025",
            tables.REFERRAL_COLUMNS,
            tables.referral_rows(seed, authorities, values, years=counts, shown=shown),
            False,
        ),
        (
            "d3_cpps_subsequent_plan",
            IN_NEED_RELEASE,
            "_2013_to_2025",
            tables.PLAN_COLUMNS,
            tables.plan_rows(authorities, values, years=counts, shown=shown),
            False,
        ),
        (
            "la_cla_placement_stability",
            LOOKED_AFTER_RELEASE,
            "",
            tables.STABILITY_COLUMNS,
            tables.stability_rows(seed, authorities, care_figures, years=answers, shown=shown),
            True,
        ),
        (
            "la_care_leavers_accommodation_suitability",
            LOOKED_AFTER_RELEASE,
            "",
            tables.CARE_LEAVER_COLUMNS,
            tables.care_leaver_rows(seed, authorities, values, years=answers, shown=shown),
            False,
        ),
    ):
        file = f"{name}{suffix}.csv"
        path = writer.folder(f"published/ees/{name}/{release}", [file]) / file
        writer.note(path, write_csv(path, columns, rows, bom=bom))


def _write_scorecards(
    writer: _Writer,
    seed: int,
    authorities: tuple[Authority, ...],
    population: Population,
    indicators: tuple[lait.Indicator, ...],
    values: lait.Figures,
    shown: frozenset[int],
) -> None:
    by_name = {indicator.short_desc: indicator for indicator in indicators}

    def value(short_desc: str, area: int, year: int) -> float | None:
        found = values.value(by_name[short_desc], area, year)
        return None if found is None else float(found)

    for year, columns in ees_social_care.SCORECARD_COLUMNS.items():
        file = f"neet_la_scorecard_{year}.csv"
        path = writer.folder(f"published/ees/neet_la_scorecard/{year}", [file]) / file
        rows = ees_social_care.scorecard_rows(seed, authorities, population, value, year=year, shown=shown)
        writer.note(path, write_csv(path, columns, rows))


def _write_lait(
    writer: _Writer,
    seed: int,
    authorities: tuple[Authority, ...],
    indicators: tuple[lait.Indicator, ...],
    values: lait.Figures,
) -> None:
    names = ["bds_long_0.parquet", "lait_data_dictionary.csv", *lait.NEIGHBOUR_LISTS, "la_code_list.xlsx"]
    folder = writer.folder(f"published/lait/{LAIT_RELEASE}", names)
    path = folder / "bds_long_0.parquet"
    rows = lait.figure_rows(seed, authorities, indicators, values)
    writer.note(path, write_parquet(path, lait.FIGURE_COLUMNS, rows))
    path = folder / "lait_data_dictionary.csv"
    writer.note(path, write_text_table(path, lait.DICTIONARY_COLUMNS, lait.dictionary_rows(indicators)))
    for name, sheet in lait.neighbour_sheets(seed, authorities):
        writer.note(folder / name, write_workbook(folder / name, "LA SN Groups", sheet))
    path = folder / "la_code_list.xlsx"
    writer.note(path, write_workbook(path, "Sheet1", lait.authority_rows(authorities)) - 1)


def _write_measures(
    writer: _Writer, seed: int, authorities: tuple[Authority, ...], population: Population, subject: int
) -> None:
    """Write what the council supplies itself: two months, some rows of the authorities nearest to it."""
    newest_list = max(lait.NEIGHBOUR_LISTS.values())
    near = [number for number, _ in lait.neighbours(seed, authorities, newest_list)[subject]]
    for month in council.MONTHS:
        path = writer.folder(f"council/measures/{month}", ["measures.csv"]) / "measures.csv"
        rows = council.measure_rows(seed, authorities, population, month=month, subject=subject, near=near)
        writer.note(path, write_csv(path, council.MEASURE_COLUMNS, rows))


def _readme(seed: int, scale: float, authority: int, *, with_education: bool) -> str:
    return f"""{_TITLE}

Nothing here describes a real child, council or school. Names, numbers and regions of authorities are real, as are
names of measures; every figure, neighbour list, child, date, home and postcode is drawn at random.

Written by one command, which always gives the same data (DIR is `raw/sample` for the bundled sample):

    cfp demo-data --out DIR --seed {seed} --scale {scale:g}

for authority {authority}. Scale 1 is a council with about 176,000 residents aged 0 to 17. Below scale
{COMPACT_BELOW:g} the tidy files hold only the subject's region, its neighbours and the core cities,
so the rule on authorities that are left out (G09) has a remark on each.

What is in it:

- `social_care/ssda903/`: six yearly returns of one population ({RETURN_YEARS[0]} to {RETURN_YEARS[-1]}), short
  breaks included, with every table that a return of its year has, and a cut on 30 September of two years. The option
  `--xml` writes the newest return as one XML file instead. Faults on purpose, one kind a year: files of another system
  ({EXPORTED_ELSEWHERE_YEAR}: byte order mark, line ends, spaced headings, one cell in {PADDED_EVERY} padded),
  one date in {ISO_DATES_EVERY} of children missing written another way ({ISO_DATES_YEAR}), a blank line
  ({BLANK_LINE_YEAR}), a code in lower case and one reason for a move in
  {UNKNOWN_REASON_EVERY} that is no code ({LOWER_CASE_YEAR}), an episode twice and a child twice with another UPN
  ({REPEATED_ROW_YEAR}).
- `geography/`: invented places of the invented postcodes, for distances and for children placed elsewhere; small areas
  that are not in use, and invented clusters of them and of the schools: one was merged into another on
  {clusters.MERGED_ON:%-d %B %Y}, one is of the whole city and has no area. One small area in
  {clusters.AREA_LEFT_OUT_EVERY} and one school in {clusters.SCHOOL_LEFT_OUT_EVERY} are in no list; outlines of
  the small areas and of invented wards, in metres of the national grid.
- `published/ees/`: the published numbers agree with the returns, except {DIFFERING_YEAR}, where the published number is
  {DIFFERENCE} higher. Two releases of key stage 4, the newer one revised. Children in need, referrals, plans,
  placements, care leavers and two scorecards of young people aged 16 and 17 agree with the figures for all authorities.
- `published/lait/`: figures for all authorities, dictionary, two neighbour lists, list of authorities.
- `population/`: mid-year estimates; a rate for 31 March uses those of the year before.
- `council/measures/`: figures that the council supplies itself, two months, the later one correcting a figure of the
  earlier one; some rows of the {council.OTHERS} authorities nearest to it, one named by its DfE number, one with a
  symbol.
{education.README if with_education else ""}
A file named `{MARKER}` in a folder marks its rows. Real and invented sources are never mixed in one run.
"""
