"""What the report reads from the published file: rows of schema `marts` as they are, headline breakdown only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagster_project.report.words import period_words

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

ENGLAND = "E92000001"


def fetch(connection: duckdb.DuckDBPyConnection, query: str, *values: object) -> list[Row]:
    """Run a query with bound values and return its rows by column name."""
    cursor = connection.execute(query, list(values))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


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
    def comparison(self) -> dict[str, list[Row]]:
        """Published headline rows of the authority by indicator, oldest period first."""
        return self._by_indicator(
            fetch(
                self.connection,
                "select * from marts.indicator_comparison where area_code = ? "
                "order by indicator_id, period_end, period_id",
                self.authority,
            )
        )

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
                "select * from marts.fct_indicator_value "
                "where is_current and source_kind <> 'published' and breakdown_type = 'total' "
                "and breakdown_value = 'total' and area_code = ? "
                "order by indicator_id, period_end desc, period_id, source_kind, vintage_id",
                self.authority,
            )
        )

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
        """Series breaks by indicator, in the order of the periods they begin with."""
        return self._by_indicator(
            fetch(
                self.connection,
                "select * from marts.series_break order by indicator_id, first_period_id, kind, words",
            )
        )

    @cached_property
    def source_files(self) -> list[Row]:
        """Registry of source files with the newest period end that each one's figures hold."""
        return fetch(
            self.connection,
            "with newest as ("
            "  select vintage_id, max(period_end) as newest_period_end from marts.fct_indicator_value "
            "  where value is not null group by vintage_id) "
            "select f.*, n.newest_period_end from marts.source_file f left join newest n using (vintage_id) "
            "order by f.source_id, f.table_name, f.release, f.file_name, f.vintage_id",
        )

    @cached_property
    def checks(self) -> list[Row]:
        """Results of every check, critical first."""
        return fetch(
            self.connection,
            "select * from marts.check_result order by severity, suite, table_name, check_id, source_id, message",
        )

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
