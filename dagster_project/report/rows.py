"""What the report reads from the published file: headline rows of schema `marts`, within the edition's scope."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagster_project.report.words import period_parts, period_words

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

ENGLAND = "E92000001"
#: The group of other authorities that the council supplies figures of.
SUPPLIED_GROUP = "council_supplied"


def fetch(connection: duckdb.DuckDBPyConnection, query: str, *values: object) -> list[Row]:
    """Run a query with bound values and return its rows by column name."""
    cursor = connection.execute(query, list(values))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def period_of_check(check_id: str) -> dt.date | None:
    """Return the last day of the period that a check with one result per period is on, None for any other."""
    found = re.search(r"\.[a-z0-9]+_([0-9]{4}-[0-9]{2}-[0-9]{2})$", check_id)
    return dt.date.fromisoformat(found[1]) if found else None


class AreaNotPublished(LookupError):
    """The authority asked for is not in `dim_area`."""


@dataclass
class Marts:
    """The rows that one authority's report needs, each set read once and in a fixed order.

    Raises:
        AreaNotPublished: On first use, if the published file has no such authority.
    """

    connection: duckdb.DuckDBPyConnection
    authority: str

    @cached_property
    def area(self) -> Row:
        """The authority's row of `dim_area`."""
        found = fetch(self.connection, "select * from marts.dim_area where area_code = ?", self.authority)
        if not found:
            raise AreaNotPublished(f"{self.authority} is not an area of the published file (marts.dim_area)")
        return found[0]

    @cached_property
    def area_names(self) -> dict[str, str]:
        """Names of all areas but wards and clusters, by code."""
        found = fetch(
            self.connection,
            "select area_code, area_name from marts.dim_area where area_type in ('authority', 'region', 'england')",
        )
        return {row["area_code"]: row["area_name"] for row in found}

    @cached_property
    def wider_region_code(self) -> str | None:
        """The region that the region row lies in: London for Inner and Outer London, None for any other."""
        found = fetch(
            self.connection,
            "select wider.area_code from marts.dim_area as own "
            "join marts.dim_area as wider on wider.area_code = own.parent_area_code and wider.area_type = 'region' "
            "where own.area_code = ?",
            self.region_code,
        )
        return found[0]["area_code"] if found else None

    @property
    def name(self) -> str:
        """The authority's name."""
        return self.area["area_name"]

    @property
    def region_code(self) -> str | None:
        """The region row that the authority is compared with."""
        return self.area["parent_area_code"]

    @property
    def region_name(self) -> str:
        """The name of that region row."""
        return self.area_names.get(self.region_code or "", "Region")

    @cached_property
    def indicators(self) -> list[Row]:
        """Indicators of the report in section order, then by name."""
        return fetch(
            self.connection,
            "select * from marts.dim_indicator where report_section is not null "
            "order by report_section, indicator_name, indicator_id",
        )

    @cached_property
    def period_labels(self) -> dict[str, str]:
        """Labels of all periods, by id."""
        found = fetch(self.connection, "select period_id, period_label from marts.dim_period")
        return {row["period_id"]: row["period_label"] for row in found}

    @cached_property
    def edition(self) -> Row:
        """The row of `edition`: neighbour list, and that of the edition before where it used another."""
        return fetch(self.connection, "select * from marts.edition")[0]

    @cached_property
    def scope(self) -> dict[str, Row]:
        """How far the edition reaches, by indicator."""
        found = fetch(self.connection, "select * from marts.edition_scope order by indicator_id")
        return {row["indicator_id"]: row for row in found}

    @property
    def is_cut(self) -> bool:
        """Whether the edition shows no period after a day set in council.yml."""
        return any(row["period_limit"] for row in self.scope.values())

    def is_in_scope(self, indicator_id: str, period_end: dt.date) -> bool:
        """Say whether the edition reaches to a period of an indicator."""
        limit = self.scope[indicator_id]["period_limit"] if indicator_id in self.scope else None
        return limit is None or period_end <= limit

    def is_closed(self, indicator_id: str) -> bool:
        """Say whether the series has ended, so that its last period is no latest one."""
        return indicator_id in self.scope and bool(self.scope[indicator_id]["is_closed"])

    @cached_property
    def comparison(self) -> dict[str, list[Row]]:
        """Published headline rows of the authority by indicator, oldest period first, up to the edition's last one.

        `is_latest` marks the last period of the edition's scope.
        """
        return self._by_indicator(
            fetch(
                self.connection,
                "select c.* replace (c.period_id is not distinct from s.latest_period_id as is_latest) "
                "from marts.indicator_comparison as c join marts.edition_scope as s using (indicator_id) "
                "where c.area_code = ? and (s.period_limit is null or c.period_end <= s.period_limit) "
                "order by c.indicator_id, c.period_end, c.period_id",
                self.authority,
            )
        )

    @cached_property
    def judgements(self) -> dict[tuple[str, str, str, str], Row]:
        """Judgements of the report's latest figures of the authority, by indicator, period, kind and against.

        Of an indicator that nobody publishes, they are those of the council's own figures against their targets.
        """
        found = fetch(
            self.connection,
            "select j.* from marts.judgement as j join marts.edition_scope as s using (indicator_id) "
            "join marts.dim_indicator as d using (indicator_id) "
            "join marts.dim_period as p on p.period_id = j.period_id "
            "where j.area_code = ? and d.report_section is not null and (j.period_id = s.latest_period_id "
            "or (s.latest_period_id is null and j.kind = 'against_target' "
            "and (s.period_limit is null or p.period_end <= s.period_limit))) "
            "order by j.indicator_id, j.kind, j.against, j.period_id",
            self.authority,
        )
        return {(row["indicator_id"], row["period_id"], row["kind"], row["against"]): row for row in found}

    @cached_property
    def judgement_rules(self) -> list[Row]:
        """The rules of the judgements, by kind."""
        return fetch(self.connection, "select * from marts.judgement_rule order by kind, rule_id")

    def judgement(self, row: Row, kind: str, against: str) -> Row | None:
        """Return the judgement of one kind on a row of the latest period, None where there is none."""
        return self.judgements.get((row["indicator_id"], row["period_id"], kind, against))

    @cached_property
    def attention(self) -> dict[str, list[Row]]:
        """The lists of the summary (attention, improving), in their order."""
        found = fetch(
            self.connection, "select * from marts.attention_list where area_code = ? order by position", self.authority
        )
        lists: dict[str, list[Row]] = {}
        for row in found:
            lists.setdefault(row["list"], []).append(row)
        return lists

    @cached_property
    def published_state(self) -> dict[tuple[str, str, str], Row]:
        """Status, comparability and vintage of current published values, by indicator, area and period."""
        found = fetch(
            self.connection,
            "select indicator_id, area_code, period_id, value, value_status, release_status, comparability, "
            "vintage_id "
            "from marts.fct_indicator_value "
            "where is_current and source_kind = 'published' and breakdown_type = 'total' and breakdown_value = 'total' "
            "and area_code in (?, ?, ?, ?)",
            self.authority,
            ENGLAND,
            self.region_code,
            self.wider_region_code,
        )
        return {(row["indicator_id"], row["area_code"], row["period_id"]): row for row in found}

    @cached_property
    def local(self) -> dict[str, list[Row]]:
        """Current headline values that are not published ones (local returns, council measures), newest first."""
        return self._by_indicator(
            fetch(
                self.connection,
                "select f.* from marts.fct_indicator_value as f join marts.edition_scope as s using (indicator_id) "
                "where f.is_current and f.source_kind <> 'published' and f.breakdown_type = 'total' "
                "and f.breakdown_value = 'total' and f.area_code = ? "
                "and (s.period_limit is null or f.period_end <= s.period_limit) "
                "order by f.indicator_id, f.period_end desc, f.period_id, f.source_kind, f.vintage_id",
                self.authority,
            )
        )

    @cached_property
    def supplied_words(self) -> dict[tuple[str, str, str], Row]:
        """Source and owner of the authority's own supplied headline figures, by indicator, period and vintage."""
        found = fetch(
            self.connection,
            "select indicator_id, period_id, vintage_id, source, owner from marts.council_measure "
            "where area_code = ? and breakdown_type = 'total' and breakdown_value = 'total' "
            "order by indicator_id, period_id, vintage_id",
            self.authority,
        )
        return {(row["indicator_id"], row["period_id"], row["vintage_id"]): row for row in found}

    @cached_property
    def comparator_values(self) -> dict[tuple[str, str, str], Row]:
        """Rows of `comparator_value` for the authority by indicator, period and group (mean or as published)."""
        found = fetch(
            self.connection,
            "select * from marts.comparator_value "
            "where area_code = ? and breakdown_type = 'total' and breakdown_value = 'total' "
            "and statistic in ('mean', 'published') "
            "order by indicator_id, period_id, group_id, group_version",
            self.authority,
        )
        return {
            (row["indicator_id"], row["period_id"], f"{row['group_id']}/{row['group_version']}"): row for row in found
        }

    @cached_property
    def groups(self) -> dict[tuple[str, str], Row]:
        """Comparator groups by id and version."""
        found = fetch(self.connection, "select * from marts.comparator_group order by group_id, group_version")
        return {(row["group_id"], row["group_version"]): row for row in found}

    def newest_version(self, group_id: str) -> str | None:
        """Return the newest version of a group, None where the group is not published."""
        versions = [version for found, version in self.groups if found == group_id]
        return max(versions) if versions else None

    def members(self, group_id: str, version: str | None) -> list[Row]:
        """Return the members of one version of a group for this authority, in the order of the list."""
        return fetch(
            self.connection,
            "select member_area_code, position, closeness from marts.comparator_member "
            "where group_id = ? and group_version = ? and area_code = ? order by position, member_area_code",
            group_id,
            version,
            self.authority,
        )

    @cached_property
    def breaks(self) -> dict[str, list[Row]]:
        """Series breaks by indicator, in the order of the periods they begin with, within the edition's scope."""
        found = fetch(
            self.connection, "select * from marts.series_break order by indicator_id, first_period_id, kind, words"
        )
        return self._by_indicator(
            [row for row in found if self.is_in_scope(row["indicator_id"], period_parts(row["first_period_id"])[1])]
        )

    @cached_property
    def clusters(self) -> list[Row]:
        """Headline figures by local cluster that the edition reaches to, with name and unit of their indicator."""
        found = fetch(
            self.connection,
            "select c.*, d.indicator_name, d.unit, d.decimals from marts.cluster_indicator as c "
            "join marts.dim_indicator as d using (indicator_id) "
            "where c.breakdown_type = 'total' "
            "order by c.indicator_id, c.membership_basis, c.period_id, c.area_code",
        )
        return [row for row in found if self.is_in_scope(row["indicator_id"], row["period_end"])]

    @cached_property
    def cluster_names(self) -> dict[str, str]:
        """Names of the local clusters, those that ended included, by code."""
        found = fetch(
            self.connection,
            "select area_code, area_name from marts.dim_area where area_type = 'cluster' and parent_area_code = ?",
            self.authority,
        )
        return {row["area_code"]: row["area_name"] for row in found}

    @cached_property
    def cluster_members(self) -> list[Row]:
        """Small areas and schools of the local clusters."""
        return fetch(self.connection, "select * from marts.cluster_member order by all")

    @cached_property
    def ward_scores(self) -> list[Row]:
        """Scores of wards of the newest period of each measure, with the ward's name where it is known."""
        return fetch(
            self.connection,
            "select s.*, coalesce(d.area_name, s.area_code) as ward_name from marts.ward_score as s "
            "left join marts.dim_area as d on d.area_code = s.area_code and d.area_type = 'ward' "
            "qualify s.period = max(s.period) over (partition by s.measure) order by measure, ward_name, area_code",
        )

    @cached_property
    def outlines(self) -> dict[str, list[Row]]:
        """Outlines of clusters, small areas and wards by layer."""
        layers: dict[str, list[Row]] = {}
        for row in fetch(self.connection, "select * from marts.area_boundary order by layer, area_code"):
            layers.setdefault(row["layer"], []).append(row)
        return layers

    @cached_property
    def source_files(self) -> list[Row]:
        """Registry of source files with the newest period end that each one's figures hold for this edition."""
        return fetch(
            self.connection,
            "with newest as ("
            "  select vintage_id, max(period_end) as newest_period_end "
            "  from marts.fct_indicator_value join marts.edition_scope using (indicator_id) "
            "  where value is not null and (period_limit is null or period_end <= period_limit) group by vintage_id) "
            "select f.*, n.newest_period_end from marts.source_file f left join newest n using (vintage_id) "
            "order by f.source_id, f.table_name, f.release, f.file_name, f.vintage_id",
        )

    @cached_property
    def checks(self) -> list[Row]:
        """Results of every check, critical first; a check on one period after the edition's last is left out."""
        found = fetch(
            self.connection,
            "select * from marts.check_result order by severity, suite, table_name, check_id, source_id, message",
        )
        last = max((row["period_limit"] for row in self.scope.values() if row["period_limit"]), default=None)
        ends = [period_of_check(row["check_id"]) for row in found]
        return [row for row, end in zip(found, ends, strict=True) if last is None or end is None or end <= last]

    @cached_property
    def publication(self) -> Row:
        """The one row that names this version of the published file."""
        return fetch(self.connection, "select * from marts.publication")[0]

    def label(self, period_id: str) -> str:
        """Return the label of a period, worked out from its id where no row names it."""
        return self.period_labels.get(period_id) or period_words(period_id)

    @staticmethod
    def _by_indicator(rows: list[Row]) -> dict[str, list[Row]]:
        grouped: dict[str, list[Row]] = {}
        for row in rows:
            grouped.setdefault(row["indicator_id"], []).append(row)
        return grouped
