"""The views of the published file on the real figures, against what is said of them and plain arithmetic."""

from collections import Counter, defaultdict

import pytest
from recompute import SUCCESSORS, quantile

LEEDS = 383
# comparators.md section 4, the list of May 2025, in its order.
NEIGHBOURS_OF_LEEDS = [851, 882, 373, 826, 382, 355, 801, 852, 306, 839]


class TestMyAuthorityAndNeighbours:
    def test_leeds_stands_beside_its_ten_neighbours_for_every_open_indicator(self, real):
        found = defaultdict(list)
        for row in real(
            "select indicator_id, dfe_number from marts.my_authority_and_neighbours order by neighbour_position"
        ):
            found[row["indicator_id"]].append(row["dfe_number"])
        assert set(map(tuple, found.values())) == {(LEEDS, *NEIGHBOURS_OF_LEEDS)}
        open_series = real(
            "select indicator_id from marts.edition_scope where latest_period_id is not null and not is_closed"
        )
        assert set(found) == {row["indicator_id"] for row in open_series}
        assert "ks1_m_gds" not in found

    def test_mean_of_the_neighbours_shown_is_the_mean_printed(self, real):
        rows = real("select * from marts.my_authority_and_neighbours where not is_own_authority")
        values, printed = defaultdict(list), {}
        for row in rows:
            if row["value"] is not None:
                values[row["indicator_id"]].append(row["value"])
            printed[row["indicator_id"]] = (row["sn_average"], row["sn_count"])
        assert values
        for indicator_id, shown in values.items():
            average, count = printed[indicator_id]
            assert count == len(shown), indicator_id
            assert average == pytest.approx(sum(shown) / len(shown), rel=1e-9, abs=1e-9), indicator_id


class TestAllAuthorities:
    def test_a_former_authority_stands_only_where_no_successor_has_a_figure(self, real):
        found = defaultdict(dict)
        for row in real("select indicator_id, dfe_number, value from marts.all_authorities"):
            found[row["indicator_id"]][row["dfe_number"]] = row["value"]
        held = defaultdict(dict)
        for row in real(
            """
            select c.indicator_id, c.dfe_number, c.value from marts.indicator_comparison as c
            join marts.edition_scope as s on s.indicator_id = c.indicator_id and s.latest_period_id = c.period_id
            """
        ):
            held[row["indicator_id"]][row["dfe_number"]] = row["value"]
        assert held
        dropped = 0
        for indicator_id, values in held.items():
            expected = {
                number: value
                for number, value in values.items()
                if not any(values.get(successor) is not None for successor in SUCCESSORS.get(number, ()))
            }
            dropped += sum(value is not None for number, value in values.items() if number not in expected)
            assert found[indicator_id] == expected, indicator_id
        # comparators.md section 11: 38 of the 434 measures hold one in the latest period; this file has half of them.
        assert dropped > 0

    def test_those_with_a_figure_are_those_with_a_place(self, real):
        rows = real(
            """
            select indicator_id, count(value) as figures, count(rank_live) as places, max(rank_live_of) as places_of
            from marts.all_authorities where polarity <> 'neutral' group by indicator_id
            """
        )
        assert rows
        assert [row for row in rows if not row["figures"] == row["places"] == row["places_of"]] == []


class TestRankHistory:
    def test_grade_5_in_english_and_maths_in_leeds(self, real):
        rows = real(
            """
            select period_id, rank, rank_of, comparability, last_comparable_period_id, places_gained,
                earlier_rank_live - rank_live as gained
            from marts.rank_history where indicator_id = 'ks4_em_95' and dfe_number = ? order by period_end
            """,
            LEEDS,
        )
        newest = rows[-1]
        assert (newest["period_id"], newest["rank"], newest["rank_of"]) == ("year_2025-08-31", 57, 152)
        of = {row["period_id"]: row for row in rows}
        assert of["year_2022-08-31"]["comparability"] == "not_comparable"
        assert of["year_2022-08-31"]["places_gained"] is None
        assert of["year_2023-08-31"]["last_comparable_period_id"] == "year_2019-08-31"
        assert all(row["places_gained"] == row["gained"] for row in rows)

    def test_neutral_indicators_have_no_history(self, real):
        assert real("select distinct polarity from marts.rank_history order by 1") == [
            {"polarity": "high"},
            {"polarity": "low"},
        ]


class TestGapToEngland:
    @pytest.fixture(scope="class")
    def rows(self, real) -> list[dict]:
        return real(
            """
            select indicator_id, dfe_number, period_id, polarity, value, england_value, is_total, gap, better_by,
                comparability, series_part, gap_change_since_period_id, gap_change
            from marts.gap_to_england
            """
        )

    def test_no_change_of_a_gap_crosses_a_break_or_touches_a_year_that_stands_alone(self, rows):
        of = {(row["indicator_id"], row["dfe_number"], row["period_id"]): row for row in rows}
        changed = [row for row in rows if row["gap_change"] is not None]
        assert len(changed) > 100_000
        wrong = []
        for row in changed:
            earlier = of[row["indicator_id"], row["dfe_number"], row["gap_change_since_period_id"]]
            if (
                row["series_part"] != earlier["series_part"]
                or {row["comparability"], earlier["comparability"]} - {"ok", "break_before"}
                or row["gap_change"] != row["gap"] - earlier["gap"]
            ):
                wrong.append(row)
        assert not wrong, f"{len(wrong)} differ, first {wrong[:5]}"
        assert all(row["gap_change_since_period_id"] is None for row in rows if row["gap_change"] is None)

    def test_a_line_that_joins_one_part_crosses_no_break(self, real):
        breaks = defaultdict(list)
        for row in real("select indicator_id, period_end from marts.series_break where comparability = 'break_before'"):
            breaks[row["indicator_id"]].append(row["period_end"])
        rows = real("select distinct indicator_id, period_end, series_part from marts.gap_to_england")
        wrong = [
            row
            for row in rows
            if row["series_part"] != 1 + sum(day <= row["period_end"] for day in breaks[row["indicator_id"]])
        ]
        assert rows
        assert not wrong, f"{len(wrong)} differ, first {wrong[:5]}"
        parts = Counter(row["series_part"] for row in rows if row["indicator_id"] == "ks4_att8")
        assert parts == {1: 1, 2: 1, 3: 8}

    def test_gap_is_the_difference_and_totals_have_none(self, rows):
        assert {row["is_total"] for row in rows} == {True, False}
        for row in rows:
            missing = row["is_total"] or row["value"] is None or row["england_value"] is None
            assert (row["gap"] is None) == missing
            if not missing:
                assert row["gap"] == row["value"] - row["england_value"]
                turned = {"high": row["gap"], "low": -row["gap"], "neutral": None}[row["polarity"]]
                assert row["better_by"] == turned


class TestBiggestMovers:
    def test_size_is_the_change_over_the_distance_between_the_quarters_of_all_authorities(self, real):
        values = defaultdict(list)
        for row in real(
            """
            select c.indicator_id, c.value from marts.indicator_comparison as c
            join marts.edition_scope as s on s.indicator_id = c.indicator_id and s.latest_period_id = c.period_id
            where c.value is not null
            """
        ):
            values[row["indicator_id"]].append(row["value"])
        rows = real("select * from marts.biggest_movers")
        assert len({row["indicator_id"] for row in rows}) > 150
        for row in rows:
            ascending = sorted(values[row["indicator_id"]])
            spread = quantile(ascending, 0.75) - quantile(ascending, 0.25)
            change = row["value"] - row["last_comparable_value"]
            assert row["change"] == pytest.approx(change, rel=1e-9, abs=1e-9)
            assert row["size"] == pytest.approx(change / spread, rel=1e-6, abs=1e-9)
            assert row["last_comparable_period_id"] < row["period_id"]
            good = {"high": change, "low": -change, "neutral": 0}[row["polarity"]]
            expected = None if abs(good) < 1e-9 else "improving" if good > 0 else "worsening"
            assert row["meaning"] == expected

    def test_first_place_is_the_largest_size_either_way(self, real):
        rows = real("select * from marts.biggest_movers where dfe_number = ? order by place_among_indicators", LEEDS)
        sizes = [abs(row["size"]) for row in rows]
        assert sizes == pytest.approx(sorted(sizes, reverse=True), abs=1e-9)
        assert rows[0]["place_among_indicators"] == 1
