"""A small published file by hand, with the designed columns of schema `marts`, for the tests of the report."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb

TOWN = "E08000901"
REGION = "E12000003"
ENGLAND = "E92000001"
NEIGHBOURS = [f"E080009{number}" for number in range(11, 21)]
CITIES = [TOWN, *(f"E080009{number}" for number in range(31, 38))]

TABLES = {
    "dim_indicator": "indicator_id varchar, indicator_name varchar, topic varchar, unit varchar, decimals integer, "
    "polarity varchar, year_type varchar, definition varchar, numerator_definition varchar, "
    "denominator_definition varchar, source_id varchar, basis varchar, report_section varchar, "
    "show_quartile boolean, lait_short_desc varchar, status varchar, next_update varchar",
    "dim_area": "area_code varchar, area_name varchar, area_type varchar, dfe_number integer, "
    "parent_area_code varchar, "
    "region_area_code varchar, authority_type varchar, valid_from date, valid_to date, former_area_codes varchar, "
    "is_former boolean",
    "dim_period": "period_id varchar, period_kind varchar, period_label varchar, period_start date, period_end date, "
    "year_kind varchar, sort_order integer",
    "comparator_group": "group_id varchar, group_version varchar, group_name varchar, valid_from date, "
    "statistic varchar, "
    "includes_subject boolean, source varchar, members_note varchar",
    "comparator_member": "group_id varchar, group_version varchar, area_code varchar, member_area_code varchar, "
    "closeness varchar, position integer",
    "fct_indicator_value": "indicator_id varchar, area_code varchar, period_id varchar, breakdown_type varchar, "
    "breakdown_value varchar, source_kind varchar, vintage_id varchar, value double, numerator double, "
    "denominator double, ci_lower double, ci_upper double, value_status varchar, release_status varchar, "
    "is_current boolean, comparability varchar, period_label varchar, published_label varchar, period_start date, "
    "period_end date",
    "comparator_value": "indicator_id varchar, area_code varchar, period_id varchar, breakdown_type varchar, "
    "breakdown_value varchar, group_id varchar, group_version varchar, statistic varchar, value double, change double, "
    "members_used integer, members_total integer, includes_subject boolean, comparator_period_id varchar, "
    "release_status varchar, not_shown_reason varchar",
    "indicator_comparison": "indicator_id varchar, area_code varchar, period_id varchar, dfe_number integer, "
    "area_name varchar, lait_short_desc varchar, period_label varchar, published_label varchar, period_end date, "
    "is_latest boolean, value double, previous_period_id varchar, period_gap integer, change double, trend varchar, "
    "change_since_last_comparable double, last_comparable_period_id varchar, region_value double, "
    "region_change double, "
    "england_value double, england_change double, sn_group_version varchar, sn_average double, sn_count integer, "
    "sn_change double, core_city_average_all double, core_city_count_all integer, core_city_average_others double, "
    "core_city_count_others integer, rank integer, rank_of integer, rank_live integer, rank_live_of integer, "
    "quartile varchar, quartile_live varchar, q0 double, q25 double, q50 double, q75 double, q100 double, "
    "local_value double, local_release_status varchar, release_status varchar, value_status varchar, "
    "vintage_id varchar",
    "council_measure": "indicator_id varchar, area_code varchar, period_id varchar, breakdown_type varchar, "
    "breakdown_value varchar, vintage_id varchar, source varchar, owner varchar, is_current boolean",
    "series_break": "indicator_id varchar, first_period_id varchar, kind varchar, words varchar, "
    "comparability varchar, period_end date",
    "edition": "edition_id varchar, title varchar, version_id varchar, data_cut_off date, published_date date, "
    "neighbours varchar, former_neighbours varchar, is_frozen boolean",
    "edition_scope": "indicator_id varchar, period_limit date, latest_period_id varchar, latest_period_end date, "
    "is_closed boolean",
    "cluster_indicator": "indicator_id varchar, area_code varchar, period_id varchar, membership_basis varchar, "
    "breakdown_type varchar, breakdown_value varchar, value double, numerator double, denominator double, "
    "value_status varchar, city_value double, funnel_position varchar, period_label varchar, period_end date",
    "cluster_member": "area_code varchar, member_type varchar, member_code varchar, member_name varchar, "
    "easting integer, northing integer, valid_from date, valid_to date, vintage_id varchar",
    "ward_score": "area_code varchar, measure varchar, period varchar, value double, vintage_id varchar",
    "area_boundary": "layer varchar, area_code varchar, area_name varchar, geometry varchar, vintage_id varchar",
    "attention_list": "area_code varchar, list varchar, position integer, indicator_id varchar, period_id varchar, "
    "value double, rank_live integer, rank_live_of integer, share double, earlier_period_id varchar, "
    "earlier_share double, change_of_share double, gap_to_england double, change_since_last_comparable double, "
    "last_comparable_period_id varchar, words varchar",
    "judgement": "indicator_id varchar, area_code varchar, period_id varchar, kind varchar, against varchar, "
    "word varchar, meaning varchar, rule_id varchar, reason varchar, inputs struct(value double, "
    "reference_value double, difference double, lower double, upper double, numerator double, denominator double, "
    "reference_numerator double, reference_denominator double, p_value double, z double, z_plain double, "
    "place integer, place_of integer, authorities integer, flagged integer, expected_false_alarms double, "
    "reference_period_id varchar, group_version varchar)",
    "judgement_rule": "rule_id varchar, kind varchar, words varchar",
    "check_result": "suite varchar, table_name varchar, check_id varchar, severity varchar, scope varchar, "
    "outcome varchar, checked_count bigint, failed_count bigint, observed double, expected double, tolerance double, "
    "difference double, owner varchar, why varchar, message varchar, source_id varchar, file_id varchar, "
    "waiver varchar",
    "source_file": "source_id varchar, table_name varchar, file_name varchar, sha256 varchar, received_at timestamp, "
    "release varchar, as_at date, vintage_id varchar, rows_landed bigint, rows_loaded bigint, rows_quarantined bigint, "
    "status varchar, message varchar, file_use varchar, is_synthetic boolean, "
    "file_id varchar",
    "publication": "version_id varchar, published_at timestamp, code_version varchar, edition_id varchar, "
    "is_synthetic boolean, authority varchar, inputs_fingerprint varchar",
}


class PublishedFixture:
    """Writes the rows of a published file one by one; every method fills what the test does not name."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        town_name: str = "Testham",
        is_synthetic: bool = False,
        former_neighbours: str | None = None,
    ) -> None:
        """Make the file (in memory without a path) with areas, groups, a source file, publication and edition."""
        self.limits: dict[str, str] = {}
        self.closed: set[str] = set()
        self.path = path
        self.connection = duckdb.connect(str(path) if path else ":memory:")
        self.connection.execute("begin")
        self.connection.execute("create schema marts")
        for table, columns in TABLES.items():
            self.connection.execute(f"create table marts.{table} ({columns})")
        areas = [
            (TOWN, town_name, "authority", REGION),
            (REGION, "Yorkshire and The Humber", "region", None),
            (ENGLAND, "England", "england", None),
            *((code, f"Neighbour {number}", "authority", REGION) for number, code in enumerate(NEIGHBOURS, start=1)),
            *((code, f"City {number}", "authority", REGION) for number, code in enumerate(CITIES[1:], start=1)),
        ]
        for code, name, kind, parent in areas:
            self.add(
                "dim_area", area_code=code, area_name=name, area_type=kind, parent_area_code=parent,
                region_area_code=parent, is_former=False,
            )  # fmt: skip
        for group, version, name in (
            ("statistical_neighbours", "2025-05", "Statistical neighbours (May 2025)"),
            ("core_cities_all", "1", "Core cities (all eight)"),
            ("core_cities_others", "1", "Core cities (others)"),
        ):
            self.add("comparator_group", group_id=group, group_version=version, group_name=name, source="a test list")
        for position, code in enumerate(NEIGHBOURS, start=1):
            self.add(
                "comparator_member", group_id="statistical_neighbours", group_version="2025-05", area_code=TOWN,
                member_area_code=code, position=position,
            )  # fmt: skip
        for position, code in enumerate(CITIES, start=1):
            self.add(
                "comparator_member", group_id="core_cities_all", group_version="1", area_code=TOWN,
                member_area_code=code, position=position,
            )  # fmt: skip
        self.source_file()
        self.add(
            "publication", version_id="20260401-aaaa", published_at=dt.datetime(2026, 4, 1, 9, 30),
            code_version="1", edition_id="2025-01", is_synthetic=is_synthetic, authority=TOWN,
        )  # fmt: skip
        self.add(
            "edition", edition_id="2025-01", title="Report", neighbours="2025-05", former_neighbours=former_neighbours
        )

    def add(self, table: str, **values: Any) -> None:
        """Insert one row; columns not named are null."""
        marks = ", ".join("?" for _ in values)
        self.connection.execute(
            f"insert into marts.{table} ({', '.join(values)}) values ({marks})", list(values.values())
        )

    def source_file(self, **values: Any) -> None:
        """Add a row of the source file registry."""
        self.add(
            "source_file",
            **{
                "source_id": "lait", "table_name": "indicator_value", "file_name": "values.parquet",
                "sha256": "ab" * 32,
                "received_at": dt.datetime(2026, 4, 1, 8, 0), "release": "2026-04", "vintage_id": "lait/2026-04/abab",
                "rows_landed": 1200, "rows_loaded": 1190, "rows_quarantined": 10, "status": "loaded",
                "file_use": "current",
                "is_synthetic": False, **values,
            },
        )  # fmt: skip

    def check(self, **values: Any) -> None:
        """Add a check result."""
        self.add(
            "check_result",
            **{
                "suite": "fct_indicator_value", "table_name": "fct_indicator_value", "check_id": "value_not_negative",
                "severity": "critical", "scope": "publication", "outcome": "pass", "checked_count": 100,
                "failed_count": 0, "owner": "performance team", "source_id": "lait", **values,
            },
        )  # fmt: skip

    def indicator(self, indicator_id: str, **values: Any) -> None:
        """Add an indicator of the report."""
        self.add(
            "dim_indicator",
            **{
                "indicator_id": indicator_id, "indicator_name": indicator_id.replace("_", " ").capitalize(),
                "unit": "percent", "decimals": 1, "polarity": "high", "source_id": "lait",
                "report_section": "5.4 Primary", "status": "active", "year_type": "academic", **values,
            },
        )  # fmt: skip

    def period(self, period_id: str, label: str) -> None:
        """Add a period once."""
        kind, _, end = period_id.rpartition("_")
        known = self.connection.execute("select 1 from marts.dim_period where period_id = ?", [period_id]).fetchone()
        if not known:
            self.add("dim_period", period_id=period_id, period_kind=kind, period_label=label, period_end=end)

    def published(
        self, indicator_id: str, period_id: str, label: str, value: float | None, *,
        comparability: str = "ok", sn_total: int = 10, **values: Any,
    ) -> None:  # fmt: skip
        """Add one published figure with its comparators, to the facts and to the comparison."""
        self.period(period_id, label)
        end = period_id.rpartition("_")[2]
        row: dict[str, Any] = {
            "is_latest": False, "england_value": None, "region_value": None, "sn_group_version": "2025-05",
            "sn_average": None, "sn_count": 0, "core_city_average_all": None, "core_city_count_all": 0,
            "core_city_average_others": None, "core_city_count_others": 0, "release_status": "published",
            "value_status": "ok" if value is not None else "legacy_missing", "vintage_id": "lait/2026-04/abab",
            **values,
        }  # fmt: skip
        self.add(
            "indicator_comparison", indicator_id=indicator_id, area_code=TOWN, period_id=period_id, area_name="Testham",
            period_label=label, published_label=label, period_end=end, value=value, **row,
        )  # fmt: skip
        for code, known in ((TOWN, value), (ENGLAND, row["england_value"]), (REGION, row["region_value"])):
            self.add(
                "fct_indicator_value", indicator_id=indicator_id, area_code=code, period_id=period_id,
                breakdown_type="total", breakdown_value="total", source_kind="published", value=known,
                vintage_id=row["vintage_id"], release_status=row["release_status"], is_current=True,
                value_status="ok" if known is not None else "legacy_missing", comparability=comparability,
                period_label=label, period_end=end,
            )  # fmt: skip
        for group, version, total, used in (
            ("statistical_neighbours", row["sn_group_version"], sn_total, row["sn_count"]),
            ("core_cities_all", "1", 8, row["core_city_count_all"]),
            ("core_cities_others", "1", 7, row["core_city_count_others"]),
        ):
            self.add(
                "comparator_value", indicator_id=indicator_id, area_code=TOWN, period_id=period_id,
                breakdown_type="total", breakdown_value="total", group_id=group, group_version=version,
                statistic="mean", members_used=used, members_total=total, includes_subject=group == "core_cities_all",
                comparator_period_id=period_id,
            )  # fmt: skip

    def local(self, indicator_id: str, period_id: str, label: str, value: float, **values: Any) -> None:
        """Add a figure of the local return."""
        self.period(period_id, label)
        self.add(
            "fct_indicator_value",
            **{
                "indicator_id": indicator_id, "area_code": TOWN, "period_id": period_id, "breakdown_type": "total",
                "breakdown_value": "total", "source_kind": "local", "value": value, "vintage_id": "ssda903/2025/cdcd",
                "release_status": "local_provisional", "is_current": True, "value_status": "ok", "comparability": "ok",
                "period_label": label, "period_end": period_id.rpartition("_")[2], **values,
            },
        )  # fmt: skip

    def limit(self, year_type: str, last_day: str) -> None:
        """Cut the edition: no period of this kind of year after a day."""
        self.limits[year_type] = last_day

    def judged(
        self, indicator_id: str, period_id: str, kind: str, against: str, word: str, *, meaning: str | None = None,
        reason: str | None = None, rule_id: str | None = None, **inputs: Any,
    ) -> None:  # fmt: skip
        """Add a judgement of the town's figure."""
        self.add(
            "judgement", indicator_id=indicator_id, area_code=TOWN, period_id=period_id, kind=kind, against=against,
            word=word, meaning=meaning, rule_id=rule_id or kind, reason=reason,
        )  # fmt: skip
        for name, value in inputs.items():
            names = "value reference_value difference lower upper numerator denominator reference_numerator "
            names += "reference_denominator p_value z z_plain place place_of authorities flagged "
            names += "expected_false_alarms reference_period_id group_version"
            fields = ", ".join(f"{field} := {'?' if field == name else f'inputs.{field}'}" for field in names.split())
            self.connection.execute(
                f"update marts.judgement set inputs = struct_pack({fields}) where indicator_id = ? and period_id = ? "
                "and kind = ? and against = ?",
                [value, indicator_id, period_id, kind, against],
            )

    def _scope(self) -> None:
        """Write how far the edition reaches, from the figures and the limits."""
        cases = " ".join(f"when year_type like '{kind}%' then date '{day}'" for kind, day in self.limits.items())
        limit = f"case {cases} end" if cases else "cast(null as date)"
        self.connection.execute(
            f"""insert into marts.edition_scope
            with bounded as (select indicator_id, {limit} as period_limit from marts.dim_indicator)
            select bounded.indicator_id, bounded.period_limit, max_by(c.period_id, c.period_end), max(c.period_end),
                false
            from bounded left join marts.indicator_comparison c on c.indicator_id = bounded.indicator_id
                and (bounded.period_limit is null or c.period_end <= bounded.period_limit)
                and (c.is_latest or bounded.period_limit is not null)
            group by all"""
        )
        # The lists are of the edition's scope.
        self.connection.execute(
            "delete from marts.attention_list where period_id not in (select latest_period_id from marts.edition_scope "
            "where latest_period_id is not null)"
        )
        for indicator_id in self.closed:
            self.connection.execute(
                "update marts.edition_scope set is_closed = true where indicator_id = ?", [indicator_id]
            )

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Close the file for writing and open it read-only; one in memory is given back as it is."""
        self._scope()
        self.connection.execute("commit")
        if self.path is None:
            return self.connection
        self.connection.close()
        return duckdb.connect(str(self.path), read_only=True)


def full(path: Path | None = None, **options: Any) -> PublishedFixture:
    """Return a file with both trends, a gap, a count, a missing latest figure, a local figure and noted checks."""
    made = PublishedFixture(path, **options)
    social = {
        "report_section": "5.2 Children's social care", "polarity": "neutral", "decimals": 0,
        "year_type": "snapshot_31_march",
    }  # fmt: skip
    made.indicator("cla_31_march", indicator_name="Children looked after at 31 March", unit="count", **social)
    made.indicator(
        "cla_31_march_rate", indicator_name="Children looked after per 10,000 children at 31 March",
        unit="rate_per_10k", **social,
    )  # fmt: skip
    made.indicator("ks2_reading_exp", indicator_name="Key stage 2 reading: expected standard", decimals=0)
    made.indicator("ks4_p8", indicator_name="Progress 8", unit="score", decimals=2, report_section="5.5 Secondary")
    made.indicator("abs_overall", indicator_name="Overall absence", polarity="low", decimals=2,
                   report_section="5.7 Attendance, inclusion and SEND")  # fmt: skip
    made.indicator("lait_waits", indicator_name="Waits for speech therapy", report_section="5.3 Early years",
                   source_id="council")  # fmt: skip
    counts = {2020: 1301, 2021: 1281, 2022: 1374, 2023: 1452, 2024: 1546, 2025: 1498}
    rates = {2020: 79, 2021: 75, 2022: 81, 2023: 84, 2024: 89, 2025: 85}
    for year in counts:
        common: dict[str, Any] = {"is_latest": year == 2025}
        if year > 2020:
            common["last_comparable_period_id"] = f"snapshot_{year - 1}-03-31"
        made.published(
            "cla_31_march", f"snapshot_{year}-03-31", f"31 March {year}", float(counts[year]), england_value=80000.0,
            region_value=9000.0, sn_average=700.5, sn_count=10, core_city_average_all=1300.0, core_city_count_all=8,
            change_since_last_comparable=float(counts[year] - counts.get(year - 1, counts[year])), **common,
        )  # fmt: skip
        made.published(
            "cla_31_march_rate", f"snapshot_{year}-03-31", f"31 March {year}", float(rates[year]),
            england_value=67.0 + (year % 3), region_value=77.0 + (year % 4), sn_average=74.5 + (year % 5), sn_count=10,
            core_city_average_all=99.25 - (year % 3), core_city_count_all=8, core_city_average_others=101.0,
            core_city_count_others=7,
            change_since_last_comparable=float(rates[year] - rates.get(year - 1, rates[year])), **common,
        )  # fmt: skip
    reading = {2018: 72.0, 2019: 70.0, 2020: None, 2021: None, 2022: 73.0, 2023: 70.0, 2024: 73.0, 2025: 74.0}
    for year, value in reading.items():
        held = value is not None
        made.published(
            "ks2_reading_exp", f"year_{year}-08-31", f"{year - 1}/{year % 100}", value,
            england_value=76.0 if held else None, region_value=74.0 if held else None,
            sn_average=73.5 if held else None, sn_count=10 if held else 0,
            core_city_average_all=72.125 if held else None, core_city_count_all=8 if held else 0,
            comparability="ok" if held else "not_collected", is_latest=year == 2025, rank=104, rank_of=152,
            rank_live=103, rank_live_of=151,
            change_since_last_comparable=1.0 if year == 2025 else None,
            last_comparable_period_id="year_2024-08-31" if year == 2025 else None,
        )  # fmt: skip
    made.published("ks4_p8", "year_2024-08-31", "2023/24", 0.1, england_value=-0.03)
    made.published("ks4_p8", "year_2025-08-31", "2024/25", None, is_latest=True)
    made.published(
        "abs_overall", "year_2025-08-31", "2024/25", 7.02, england_value=6.8, region_value=7.1, sn_average=7.0,
        sn_count=6, core_city_average_all=7.555, core_city_count_all=8, is_latest=True, rank=90, rank_of=151,
        rank_live=90, rank_live_of=151, change_since_last_comparable=-0.42,
        last_comparable_period_id="year_2024-08-31", release_status="provisional",
    )  # fmt: skip
    made.period("year_2024-08-31", "2023/24")
    made.local("cla_31_march", "snapshot_2025-03-31", "31 March 2025", 1502.0)
    for year in (2020, 2021):
        made.add("series_break", indicator_id="ks2_reading_exp", first_period_id=f"year_{year}-08-31", kind="gap",
                 comparability="not_collected", words="No tests were held.")  # fmt: skip
    judge(made)
    made.source_file(file_name="older.csv", source_id="ees", table_name="ks4_la", file_use="stale",
                     vintage_id="ks4_la/1/ef", message="the newest issue lacks a column")  # fmt: skip
    made.check()
    made.check(check_id="change_on_last_year", severity="warning", outcome="fail", failed_count=3,
               message="three figures moved by more than a third")  # fmt: skip
    made.check(check_id="agrees_with_published", outcome="waived", failed_count=1, owner="data manager",
               message="one figure differs", waiver="accepted by A. Person until 2026-12-31")  # fmt: skip
    return made


def judge(made: PublishedFixture) -> None:
    """Judge reading, absence and the looked-after rate in every way, and put them on the lists of the summary."""
    reading, absence, rate = (
        ("ks2_reading_exp", "year_2025-08-31"),
        ("abs_overall", "year_2025-08-31"),
        ("cla_31_march_rate", "snapshot_2025-03-31"),
    )
    made.judged(*reading, "direction", "previous", "up", meaning="improving", lower=0.2, upper=1.8)
    made.judged(*reading, "against_england", "england", "worse", meaning="worse", lower=73.1, upper=74.9)
    made.judged(*reading, "unusual", "authorities", "within the expected range", authorities=151, flagged=12,
                expected_false_alarms=7.55)  # fmt: skip
    made.judged(*reading, "place_in_group", "statistical_neighbours", "4th of 11", place=4, place_of=11)
    made.judged(*reading, "place_in_group", "region", "9th of 15", place=9, place_of=15)
    made.judged(*reading, "place_in_group", "core_cities_all", "3rd of 8", place=3, place_of=8)
    made.judged(*reading, "against_target", "target", "amber", reference_value=76.0)
    made.judged(*absence, "direction", "previous", "not comparable", reason="provisional")
    made.judged(*absence, "against_england", "england", "not tested", reason="no_interval")
    made.judged(*absence, "unusual", "authorities", "not tested", reason="no_interval")
    made.judged(*rate, "direction", "previous", "down", rule_id="direction_poisson")
    made.judged(*rate, "against_england", "england", "higher", lower=80.7, upper=89.4)
    made.add("judgement_rule", rule_id="against_england", kind="against_england", words="By the 95% interval.")
    made.add("judgement_rule", rule_id="direction_poisson", kind="direction", words="By an exact test of two rates.")
    for name, indicator_id, place in (("attention", "abs_overall", 90), ("improving", "ks2_reading_exp", 103)):
        made.add(
            "attention_list", area_code=TOWN, list=name, position=1, indicator_id=indicator_id,
            period_id="year_2025-08-31", rank_live=place, rank_live_of=151, share=place / 151,
            earlier_period_id="year_2022-08-31" if name == "improving" else None,
            gap_to_england=0.22 if name == "attention" else -2.0, words=f"The rule of {name}.",
        )  # fmt: skip
