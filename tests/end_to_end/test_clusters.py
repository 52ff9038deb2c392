"""Clusters from the council's lists to the published table: what they add up to, what no cluster holds, what merged."""

import csv
import shutil
from pathlib import Path

import pytest
from desk import SAMPLE, Desk, built_once, edit_csv, lay_out
from warm_cfp import WarmCfp

#: Place of the row of each list that is taken out.
LEFT_OUT = 1
EXTRA = ("no_home_area", "not_known", "outside_area")
#: What the clusters are made of, and what they are compared with.
PARTS = ("education", "geography", "population", "social_care", "published/ees/cla_number_and_rate_per_10k_children")
#: Figures of the city without clusters: of care leavers, who have left, and of the population of the whole city.
NOT_OF_CLUSTERS = (
    "indicator_id LIKE 'care_leavers_%' OR indicator_id = 'cla_31_march_rate' OR indicator_id LIKE '%_gap_%'"
)
CITY = f"""
    SELECT indicator_id, period_id, breakdown_type, breakdown_value, coalesce(numerator, value) AS top, denominator
    FROM marts.fct_indicator_value
    WHERE source_kind = 'local' AND is_current AND value_status IN ('ok', 'empty_denominator')
        AND release_status = 'local_provisional' AND NOT ({NOT_OF_CLUSTERS})
"""
PUPILS = "indicator_id IN (SELECT indicator_id FROM marts.cluster_indicator WHERE membership_basis = 'school')"
SUMMED = """
    SELECT membership_basis, indicator_id, period_id, breakdown_type, breakdown_value,
        sum(coalesce(numerator, value)) AS top, sum(denominator) AS denominator
    FROM marts.cluster_indicator WHERE period_id NOT LIKE 'rolling3%' GROUP BY ALL
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clusters_desk(tmp_path_factory: pytest.TempPathFactory, warm: WarmCfp) -> Desk:
    """What clusters are made of, with one school and one small area in no list, published once."""

    def build(folder: Path) -> None:
        desk = lay_out(folder, PARTS, warm)
        for name in ("cluster_schools", "cluster_areas"):
            edit_csv(desk.raw / "geography" / f"{name}.csv", lambda rows: rows.pop(LEFT_OUT))
        # One of the twelve schools of the sample has more than a tenth of the pupils of a year.
        settings = desk.council.read_text(encoding="utf-8")
        assert "  unplaced_limit: 0.1\n" in settings
        desk.council.write_text(settings.replace("unplaced_limit: 0.1", "unplaced_limit: 0.3"), encoding="utf-8")
        desk.refresh()

    return built_once(tmp_path_factory, "clusters", warm, build)


def test_every_cluster_table_adds_up_to_the_figure_of_the_city(clusters_desk: Desk) -> None:
    """Every indicator, basis, period and part: nothing missing, nothing counted twice."""
    told = clusters_desk.query(
        f"SELECT count(*), count(DISTINCT indicator_id), count(DISTINCT period_id) FROM ({SUMMED})"
    )
    assert told[0][0] > 5000
    assert told[0][1] > 90
    assert told[0][2] >= 20
    differing = clusters_desk.query(
        f"""WITH city AS ({CITY}), summed AS ({SUMMED}),
            wanted AS (
                SELECT 'school' AS membership_basis, * FROM city WHERE {PUPILS}
                -- Children looked after are few: by cluster there is no part of them.
                UNION ALL SELECT 'home' AS membership_basis, * FROM city WHERE breakdown_type = 'total' OR {PUPILS}
            )
        SELECT membership_basis, indicator_id, period_id, breakdown_type, breakdown_value, w.top, s.top, w.denominator,
            s.denominator
        FROM wanted AS w FULL JOIN summed AS s
            USING (membership_basis, indicator_id, period_id, breakdown_type, breakdown_value)
        WHERE NOT (abs(w.top - s.top) < 1e-6 AND coalesce(w.denominator, -1) - coalesce(s.denominator, -1) = 0)
            OR w.top IS NULL OR s.top IS NULL"""
    )
    # Of a count a base may be told beside it, which the city does not print.
    assert differing == []


def test_what_no_cluster_holds_has_rows_of_its_own(clusters_desk: Desk) -> None:
    found = dict(
        clusters_desk.query(
            """SELECT area_code, list(DISTINCT membership_basis ORDER BY membership_basis)
            FROM marts.cluster_indicator WHERE area_code NOT LIKE 'cluster_%' GROUP BY 1"""
        )
    )
    assert found == {"no_home_area": ["home"], "not_known": ["home", "school"], "outside_area": ["home"]}
    known = {
        area for (area,) in clusters_desk.query("SELECT area_code FROM marts.dim_area WHERE area_type = 'cluster'")
    }
    used = {area for (area,) in clusters_desk.query("SELECT DISTINCT area_code FROM marts.cluster_indicator")}
    assert used - known == set(EXTRA)
    assert known - used == set()


def test_unaccompanied_children_are_in_no_cluster(clusters_desk: Desk) -> None:
    """Their home is not that of their placement: every one of them is in the row for those without a home area."""
    found = clusters_desk.query(
        """SELECT area_code, value FROM marts.cluster_indicator
        WHERE indicator_id = 'uasc_31_march' AND period_id = 'snapshot_2025-03-31' AND value > 0"""
    )
    city = clusters_desk.query(
        """SELECT value FROM marts.fct_indicator_value WHERE source_kind = 'local' AND is_current
        AND indicator_id = 'uasc_31_march' AND period_id = 'snapshot_2025-03-31' AND breakdown_type = 'total'"""
    )
    assert [area for area, _ in found] == ["no_home_area"]
    assert found[0][1] == city[0][0] > 0


def test_a_merged_cluster_keeps_its_years_and_its_children_are_pooled_in_the_one_that_took_its_place(
    clusters_desk: Desk,
) -> None:
    with (clusters_desk.raw / "geography" / "clusters.csv").open(encoding="utf-8", newline="") as opened:
        [merged] = [row for row in csv.DictReader(opened) if row["successor_id"]]
    last_day = merged["valid_to"]
    old, new = f"cluster_{merged['cluster_id']}", f"cluster_{merged['successor_id']}"
    assert clusters_desk.query(
        "SELECT is_former, successor_area_codes, CAST(valid_to AS VARCHAR) FROM marts.dim_area WHERE area_code = ?", old
    ) == [(True, new, last_day)]
    years = clusters_desk.query(
        """SELECT area_code, min(period_end), max(period_end) FROM marts.cluster_indicator
        WHERE indicator_id = 'eyfsp_gld' AND membership_basis = 'home' AND breakdown_type = 'total'
            AND period_id NOT LIKE 'rolling3%' AND area_code IN (?, ?) GROUP BY 1 ORDER BY 1""",
        old,
        new,
    )
    assert {area: str(last) for area, _, last in years} == {old: last_day, new: "2025-08-31"}
    assert len({first for _, first, _ in years}) == 1
    pooled = clusters_desk.query(
        """SELECT area_code, numerator, denominator FROM marts.cluster_indicator
        WHERE indicator_id = 'eyfsp_gld' AND membership_basis = 'home' AND period_id = 'rolling3_2024-08-31'
            AND area_code IN (?, ?)""",
        old,
        new,
    )
    single = clusters_desk.query(
        """SELECT sum(numerator), sum(denominator) FROM marts.cluster_indicator
        WHERE indicator_id = 'eyfsp_gld' AND membership_basis = 'home' AND breakdown_type = 'total'
            AND period_id IN ('year_2022-08-31', 'year_2023-08-31', 'year_2024-08-31') AND area_code IN (?, ?)""",
        old,
        new,
    )
    assert pooled == [(new, *single[0])]


def test_what_is_in_no_list_is_said(clusters_desk: Desk) -> None:
    """The school and the small area that were taken out of the lists are named, and what that does to the tables."""
    said = dict(
        clusters_desk.query(
            """SELECT check_id, message FROM marts.check_result
            WHERE suite = 'cluster_indicator' AND outcome = 'fail' ORDER BY 1"""
        )
    )
    assert set(said) == {"cluster_records_placed", "cluster_schools_covered", "cluster_areas_covered"}
    for name, column in (("cluster_schools", "urn"), ("cluster_areas", "area_code")):
        with (SAMPLE / "geography" / f"{name}.csv").open(encoding="utf-8", newline="") as opened:
            left_out = list(csv.DictReader(opened))[LEFT_OUT][column]
        assert f"In none: {left_out}" in said[f"{name}_covered"]


def test_limits_are_those_of_chance_around_the_city(clusters_desk: Desk) -> None:
    rows = clusters_desk.query(
        """SELECT value, denominator, city_value, limit_lower_95, limit_upper_95, limit_lower_998, limit_upper_998,
            funnel_position
        FROM marts.cluster_indicator WHERE indicator_id = 'ks2_reading_exp' AND denominator > 0"""
    )
    assert len(rows) > 50
    for value, base, city, lower, upper, far_lower, far_upper, position in rows:
        for limit, quantile in ((lower, -1.959963984540054), (upper, 1.959963984540054)):
            p, z = city / 100, quantile
            expected = (2 * base * p + z * z + z * (z * z + 4 * base * p * (1 - p)) ** 0.5) / (2 * (base + z * z))
            assert limit == pytest.approx(100 * expected)
        assert 0 <= far_lower <= lower <= city <= upper <= far_upper <= 100
        inside, far_inside = lower <= value <= upper, far_lower <= value <= far_upper
        side = "below" if value < city else "above"
        assert position == ("within" if inside else side if far_inside else f"far_{side}")
    assert (
        clusters_desk.query(
            "SELECT count(*), count(limit_lower_95) FROM marts.cluster_indicator WHERE indicator_id = 'abs_overall'"
        )[0][1]
        == 0
    )


def test_a_council_without_clusters_has_an_empty_table(clusters_desk: Desk, tmp_path: Path) -> None:
    desk = clusters_desk.copy(tmp_path / "desk")
    for file in (desk.raw / "geography").glob("cluster*.csv"):
        file.unlink()
    desk.refresh()
    assert desk.query("SELECT count(*) FROM marts.cluster_indicator") == [(0,)]
    assert desk.query("SELECT count(*) FROM marts.dim_area WHERE area_type = 'cluster'") == [(0,)]


def test_where_too_many_cannot_be_placed_no_cluster_is_printed(clusters_desk: Desk, tmp_path: Path) -> None:
    """Half the small areas are in no list: homes are not printed by cluster, schools are."""
    desk = clusters_desk.copy(tmp_path / "desk")

    def halve(rows: list[dict[str, str]]) -> None:
        del rows[: len(rows) // 2]

    edit_csv(desk.raw / "geography" / "cluster_areas.csv", halve)
    shutil.rmtree(desk.raw / "social_care")
    desk.refresh()
    assert desk.query("SELECT DISTINCT membership_basis FROM marts.cluster_indicator") == [("school",)]
    [(message,)] = desk.query(
        "SELECT message FROM marts.check_result WHERE check_id = 'cluster_tables_printed' AND outcome = 'fail'"
    )
    assert "abs_overall by home" in message
    assert "by school" not in message
