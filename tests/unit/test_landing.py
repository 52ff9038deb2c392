"""Landing: issues of a file, what stays in use, what a crash leaves, and the account of every row."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from landing_desk import CATALOGUE, CLA, CLA_HEADER, EPISODES_CSV, NOW, SHARED_DATA, Desk, cla_row, episode

from dagster_project.landing import load, registry
from dagster_project.sources import opened

TABLE = "raw_ees.cla_number_and_rate_per_10k_children"
EPISODES = "social_care/ssda903/2023/episodes.csv"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def cla(*values: str) -> str:
    return "\n".join([CLA_HEADER, *(cla_row(value=value) for value in values)]) + "\n"


def in_use(desk: Desk) -> list[str | None]:
    rows = desk.connection.execute(
        f"""SELECT children_count FROM {TABLE} AS raw JOIN landing.source_file AS file
        ON raw._file_id = file.file_id AND file.use IN ('current', 'stale') ORDER BY ALL"""
    ).fetchall()
    return [row[0] for row in rows]


def test_a_file_waits_as_candidate_until_it_is_settled(desk):
    desk.put(CLA, cla("1"))
    landed = desk.land(settle=False)
    assert [(file.table, file.is_candidate) for file in landed] == [("cla_number_and_rate_per_10k_children", True)]
    assert desk.files("status, use") == [("loaded", "candidate")]
    assert [file.is_candidate for file in desk.land()] == [True]
    assert desk.files("status, use") == [("loaded", "current")]


def test_a_second_landing_of_the_same_files_reads_nothing(desk, monkeypatch):
    desk.put(CLA, cla("1"))
    desk.put("social_care/ssda903/2023/reviews.csv", "CHILD,DOB,REVIEW,REVIEW_CODE\n1,2,3,4\n")
    desk.land()
    before = load.table_fingerprints(desk.connection)
    monkeypatch.setattr(load, "open_file", lambda *args, **kwargs: pytest.fail("a file was read again"))
    desk.land()
    assert load.table_fingerprints(desk.connection) == before


def test_the_register_holds_hash_release_and_vintage(desk):
    path = desk.put(CLA, cla("1"))
    desk.land()
    [(sha, size, received, release, as_at, vintage, issue, synthetic)] = desk.files(
        "sha256, byte_size, received_at, release, as_at, vintage_id, issue_number, is_synthetic"
    )
    assert (size, received, release, as_at, issue, synthetic) == (path.stat().st_size, NOW, "2025", None, 1, False)
    assert vintage == f"cla_number_and_rate_per_10k_children/2025/{sha[:8]}"


def test_a_cut_taken_within_the_year_keeps_its_as_at_date(desk):
    desk.put("social_care/ssda903/2022-23/2022-09-30/episodes.csv", f"{EPISODES_CSV}\n{episode()}\n")
    desk.land()
    [(release, as_at, vintage)] = desk.files("release, as_at, vintage_id")
    assert (release, as_at) == ("2023", date(2022, 9, 30))
    assert vintage.startswith("ssda903/2023/2022-09-30/")


def test_a_re_issue_takes_the_place_of_the_earlier_one_which_stays_as_a_vintage(desk):
    desk.put(CLA, cla("1"))
    desk.land()
    before = load.table_fingerprints(desk.connection)
    desk.put(CLA, cla("2"))
    desk.land()
    assert desk.files("issue_number, status, use") == [(1, "loaded", "superseded"), (2, "loaded", "current")]
    assert sorted(desk.column(TABLE, "children_count")) == ["1", "2"]
    assert in_use(desk) == ["2"]
    assert load.table_fingerprints(desk.connection) != before


def test_the_rows_of_a_superseded_return_about_children_are_deleted(desk):
    desk.put(EPISODES, f"{EPISODES_CSV}\n{episode('OLD')}\n{episode('OLD')}\n")
    desk.land()
    desk.put(EPISODES, f"{EPISODES_CSV}\n{episode('NEW')}\n")
    desk.land()
    assert desk.files("issue_number, status, use") == [(1, "loaded", "none"), (2, "loaded", "current")]
    assert desk.column("raw_ssda903.episodes", "child") == ["NEW"]
    assert desk.quarantined() == []


def test_the_last_good_issue_stays_in_use_as_stale_and_a_corrected_file_takes_over(desk):
    desk.put(CLA, cla("1"))
    desk.land()
    desk.put(CLA, "broken\n")
    desk.land()
    assert desk.files("issue_number, status, use") == [(1, "loaded", "stale"), (2, "failed", "none")]
    assert (in_use(desk), desk.state("ees")) == (["1"], "stale")
    desk.put(CLA, cla("3"))
    desk.land()
    assert desk.files("issue_number, use") == [(1, "superseded"), (2, "none"), (3, "current")]
    assert (in_use(desk), desk.state("ees")) == (["3"], "loaded")
    assert desk.failed_checks() == set()


def test_going_back_to_an_earlier_file_makes_it_current_and_takes_back_those_after_it(desk):
    for content in (cla("0"), cla("1"), cla("2"), cla("3"), cla("1")):
        desk.put(CLA, content)
        desk.land()
    # As a vintage, an issue that was taken back would be the newest of its release and so be published.
    assert desk.files("issue_number, use, status") == [
        (1, "superseded", "loaded"),
        (2, "current", "loaded"),
        (3, "none", "removed"),
        (4, "none", "removed"),
    ]
    assert in_use(desk) == ["1"]
    assert sorted(desk.column(TABLE, "children_count")) == ["0", "1"]
    desk.put(CLA, cla("3"))
    desk.land()
    assert in_use(desk) == ["3"]
    assert desk.files("issue_number, use") == [(1, "superseded"), (2, "superseded"), (3, "none"), (4, "current")]


def test_a_rejected_file_loses_its_rows_and_the_earlier_issue_stays_in_use(desk):
    desk.put(CLA, cla("1"))
    desk.land()
    desk.put(CLA, cla("2"))
    desk.land({CLA: "too few rows"})
    assert desk.files("status, use, message") == [("loaded", "stale", None), ("rejected", "none", "too few rows")]
    assert desk.column(TABLE, "children_count") == ["1"]
    assert desk.state("ees") == "stale"
    desk.land()
    assert desk.files("status, use") == [("loaded", "superseded"), ("loaded", "current")]


def test_a_candidate_overtaken_before_it_was_settled_is_dropped(desk):
    desk.put(CLA, cla("1"))
    desk.land()
    desk.put(CLA, cla("2"))
    desk.land(settle=False)
    desk.put(CLA, cla("3"))
    desk.land()
    assert desk.files("issue_number, use") == [(1, "superseded"), (2, "none"), (3, "current")]
    assert in_use(desk) == ["3"]


def test_a_file_that_is_no_longer_recognised_keeps_its_last_good_issue(desk):
    desk.put(EPISODES, f"{EPISODES_CSV}\n{episode()}\n")
    desk.land()
    desk.put(EPISODES, "something,else\n1,2\n")
    desk.land()
    assert desk.files("status, use") == [("loaded", "stale"), ("failed", "none")]
    assert "no longer has the columns of episodes" in desk.message()


def test_a_path_that_now_holds_another_table_gives_up_the_old_one(desk):
    desk.put(EPISODES, f"{EPISODES_CSV}\n{episode()}\n")
    desk.land()
    desk.put(EPISODES, "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\nC1,1,01/01/2010,WBRI,UN1,,\n")
    desk.land()
    assert desk.files("table_name, use") == [("episodes", "none"), ("header", "current")]
    assert desk.column("raw_ssda903.episodes", "child") == []


def test_a_removed_file_loses_its_rows_and_comes_back_with_the_same_content(desk):
    path = desk.put(CLA, cla("1", "q"))
    desk.land()
    path.unlink()
    desk.land()
    assert desk.files("status, use") == [("removed", "none")]
    assert (desk.column(TABLE, "children_count"), desk.quarantined(), desk.failed_checks()) == ([], [], set())
    assert desk.state("ees") == "not_available"
    desk.put(CLA, cla("1", "q"))
    desk.land()
    assert desk.files("status, use, issue_number") == [("loaded", "current", 1)]


def test_the_same_content_twice_in_a_collection_is_loaded_once(desk):
    second = CLA.replace("cla.csv", "a copy.csv")
    desk.put(CLA, cla("1"))
    desk.land()
    desk.put(second, cla("1"))
    desk.land()
    assert dict(desk.files("file_path, status")) == {CLA: "loaded", second: "duplicate"}
    assert desk.column(TABLE, "children_count") == ["1"]
    (desk.raw / CLA).unlink()
    desk.land()
    assert dict(desk.files("file_path, status")) == {CLA: "removed", second: "loaded"}
    assert desk.column(TABLE, "children_count") == ["1"]


def test_a_return_sent_again_under_another_name_is_pointed_out_until_one_is_removed(desk):
    desk.put(EPISODES, f"{EPISODES_CSV}\n{episode('C1')}\n")
    second = desk.put(EPISODES.replace("episodes", "episodes corrected"), f"{EPISODES_CSV}\n{episode('C2')}\n")
    desk.land()
    assert desk.failed_checks() == {("ssda903.episodes", "one_file_per_table", "warning")}
    second.unlink()
    desk.land()
    assert desk.failed_checks() == set()


def test_a_crash_in_the_middle_of_a_file_leaves_the_old_state(desk, monkeypatch):
    desk.put(CLA, cla("1"))
    desk.land()
    register, checks = desk.files("*"), desk.failed_checks()
    desk.put(CLA, cla("2", "q"))
    with monkeypatch.context() as crash:
        crash.setattr(registry, "count_rows", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.land()
    assert (desk.files("*"), desk.failed_checks(), desk.quarantined()) == (register, checks, [])
    assert in_use(desk) == ["1"]
    desk.land()
    assert in_use(desk) == ["2"]


def test_a_file_whose_rows_do_not_add_up_fails(desk, monkeypatch):
    desk.put(CLA, cla("1", "2"))
    monkeypatch.setattr(load.registry, "count_rows", lambda *args: (1, 0))
    desk.land()
    assert desk.files("status, rows_loaded") == [("failed", 0)]
    assert "holds 2 rows" in desk.message()
    assert desk.column(TABLE, "children_count") == []


def test_a_file_read_two_ways_gives_the_same_rows(desk, monkeypatch):
    desk.put(CLA, cla("1", "2", "q"))
    desk.land()
    fast = desk.connection.execute(f"SELECT * FROM {TABLE} ORDER BY _row_number").fetchall()
    quarantined = desk.quarantined()
    monkeypatch.setattr(load, "open_file", lambda *args, careful, **kwargs: original(*args, careful=True, **kwargs))
    desk.connection.execute("UPDATE landing.source_file SET declaration = 'read again'")
    desk.land()
    assert desk.connection.execute(f"SELECT * FROM {TABLE} ORDER BY _row_number").fetchall() == fast
    assert desk.quarantined() == quarantined


original = load.open_file


def test_a_file_that_changes_while_it_is_read_fails_for_now(desk, monkeypatch):
    path = desk.put(CLA, cla("1"))
    inventory = desk.inventory()
    path.write_text(cla("1", "2"))
    load.land_source(desk.connection, "ees", CATALOGUE, inventory, now=NOW, announce=lambda text: None)
    assert desk.files("status") == [("failed",)]
    desk.land()
    assert desk.files("status, rows_loaded")[-1] == ("loaded", 2)


def test_a_known_data_set_in_an_unknown_folder_is_loaded_with_a_warning(desk):
    desk.put("dropped here/2024/file.csv", cla("1"))
    desk.put("dropped here/2024/other.csv", "a,b\n1,2\n")
    desk.land()
    assert desk.files("source_id, status, release") == [("ees", "loaded", "2024"), (None, "unknown", None)]
    assert ("ees.cla_number_and_rate_per_10k_children", "declared_folder", "warning") in desk.failed_checks()


def test_real_files_replace_the_sample_without_mixing(desk):
    marker = desk.put("published/SYNTHETIC", "")
    desk.put(CLA, cla("1"))
    desk.land()
    assert desk.files("is_synthetic, use")[-1] == (True, "current")
    marker.unlink()
    desk.put(CLA, cla("2"))
    desk.land()
    assert desk.column(TABLE, "children_count") == ["2"]
    assert desk.files("is_synthetic, use")[-1] == (False, "current")


def test_a_changed_declaration_reads_the_file_again_and_keeps_it_when_it_no_longer_fits(desk):
    from dataclasses import replace

    desk.put(CLA, cla("1"))
    desk.land()
    [table] = [table for table in CATALOGUE if table.key == "ees.cla_number_and_rate_per_10k_children"]
    narrower = replace(
        table,
        layouts=tuple(replace(layout, columns=layout.columns[:-1]) for layout in table.layouts),
        declaration_hash="changed",
    )
    changed = [narrower if entry is table else entry for entry in CATALOGUE]
    landed = load.land_source(desk.connection, "ees", changed, desk.inventory(), now=NOW, announce=lambda text: None)
    assert [(file.status, file.use) for file in landed] == [("loaded", "stale")]
    assert (in_use(desk), desk.state("ees")) == (["1"], "stale")


def test_cells_that_start_blank_for_thousands_of_rows_stay_text(desk):
    rows = [episode(f"C{number}") for number in range(3000)] + [f"{episode('C')[:-2]},LS1 1AA,0012345"]
    desk.put(EPISODES, "\n\n" + "\n".join([EPISODES_CSV, *rows]))
    desk.land()
    assert desk.column("raw_ssda903.episodes", "urn")[-1] == "0012345"


def test_opening_a_table_leaves_the_settings_of_the_connection_alone(desk):
    desk.put(EPISODES, f"\n{EPISODES_CSV}\n{episode()}\n")
    before = desk.connection.execute("SELECT current_setting('pandas_analyze_sample')").fetchone()
    desk.land()
    assert desk.connection.execute("SELECT current_setting('pandas_analyze_sample')").fetchone() == before
    assert opened.sql_path("a*[b]?") == "a[*][[]b][?]"


SHARED = {
    "published/lait/2026-04": "lait/*",
    "published/ees/cla_number_and_rate_per_10k_children/2025": "ees/cla_number_and_rate_per_10k_children.csv",
    "published/ees/ks4_la/2026-04": "ees/ks4_la.csv",
    "published/ees/ks4_la/2025-04": "ees/vintages/ks4_la__release_2025-04.csv",
    "published/ees/b1_children_in_need/2025": "ees/b1_*.csv",
    "published/ees/c1_children_in_need_referrals_and_rereferrals/2025": "ees/c1_*.csv",
    "published/ees/d3_cpps_subsequent_plan/2025": "ees/d3_*.csv",
    "published/ees/la_cla_placement_stability/2025": "ees/la_cla_placement_stability.csv",
    "published/ees/la_care_leavers_accommodation_suitability/2025": "ees/la_care_leavers_*.csv",
    "published/ees/neet_la_scorecard/2022": "ees/neet_la_scorecard_2022.csv",
    "published/ees/neet_la_scorecard/2025": "ees/neet_la_scorecard_2025.csv",
    "population/2024": "ees/ons_mid-year_population_estimates_2012_to_2024.csv",
    "social_care/ssda903/2018": "social_care/ssda903_thirdparty_2018/csv/*",
    "social_care/ssda903/2018/2018-03-01": "social_care/ssda903_thirdparty_2018/xml/*",
    "social_care/ssda903/2019": "social_care/ssda903_thirdparty_2020_small/*",
    "social_care/ssda903/2025": "social_care/ssda903_thirdparty_2018/newer_tables/*",
    "social_care/ssda903/2023": "social_care/ssda903_synthetic/2023/*",
}

if SHARED_DATA.exists():

    def test_every_row_of_the_published_and_sample_files_is_accounted_for(desk):
        for folder, pattern in SHARED.items():
            (desk.raw / folder).mkdir(parents=True, exist_ok=True)
            for file in SHARED_DATA.glob(pattern):
                shutil.copy(file, desk.raw / folder)
        desk.land()
        counted = {
            (name, table, release): (landed, loaded)
            for name, table, release, landed, loaded in desk.files(
                "file_name, table_name, release, rows_landed, rows_loaded"
            )
            if table
        }
        assert counted == {
            ("bds_long_0.parquet", "indicator_value", "2026-04"): (324_360, 324_360),
            ("lait_data_dictionary.csv", "data_dictionary", "2026-04"): (448, 448),
            ("sn_april_2021.xlsx", "statistical_neighbour", "2026-04"): (159, 158),
            ("sn_may_2025.xlsx", "statistical_neighbour", "2026-04"): (159, 158),
            ("la_code_list.xlsx", "authority", "2026-04"): (171, 171),
            ("cla_number_and_rate_per_10k_children.csv", "cla_number_and_rate_per_10k_children", "2025"): (2505, 2505),
            ("ks4_la.csv", "ks4_la", "2026-04"): (3444, 3444),
            ("ks4_la__release_2025-04.csv", "ks4_la", "2025-04"): (3441, 3441),
            ("b1_children_in_need_2013_to_2025.csv", "b1_children_in_need", "2025"): (2132, 2132),
            (
                "c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv",
                "c1_children_in_need_referrals_and_rereferrals",
                "2025",
            ): (2132, 2132),
            ("d3_cpps_subsequent_plan_2013_to_2025.csv", "d3_cpps_subsequent_plan", "2025"): (2132, 2132),
            ("la_cla_placement_stability.csv", "la_cla_placement_stability", "2025"): (5010, 5010),
            (
                "la_care_leavers_accommodation_suitability.csv",
                "la_care_leavers_accommodation_suitability",
                "2025",
            ): (6680, 6680),
            ("neet_la_scorecard_2022.csv", "neet_la_scorecard", "2022"): (160, 160),
            ("neet_la_scorecard_2025.csv", "neet_la_scorecard", "2025"): (161, 161),
            ("ons_mid-year_population_estimates_2012_to_2024.csv", "ees_mid_year", "2024"): (2132, 2132),
            ("header.csv", "header", "2018"): (2675, 2675),
            ("episodes.csv", "episodes", "2018"): (5050, 5050),
            ("reviews.csv", "reviews", "2018"): (12582, 12580),
            ("uasc.csv", "uasc", "2018"): (132, 132),
            ("oc2.csv", "oc2", "2018"): (2675, 2675),
            ("oc3.csv", "oc3", "2018"): (53, 53),
            ("ad1.csv", "ad1", "2018"): (29, 29),
            ("placed_for_adoption.csv", "placed_for_adoption", "2018"): (29, 29),
            ("previous_permanence.csv", "previous_permanence", "2018"): (2675, 2675),
            ("missing.csv", "missing", "2018"): (43, 43),
            ("fake_903.xml", "header", "2018"): (253, 253),
            ("fake_903.xml", "episodes", "2018"): (459, 459),
            ("fake_903.xml", "reviews", "2018"): (1206, 1206),
            ("fake_903.xml", "uasc", "2018"): (12, 12),
            ("fake_903.xml", "oc2", "2018"): (253, 253),
            ("fake_903.xml", "oc3", "2018"): (6, 6),
            ("fake_903.xml", "ad1", "2018"): (3, 3),
            ("fake_903.xml", "placed_for_adoption", "2018"): (3, 3),
            ("fake_903.xml", "previous_permanence", "2018"): (253, 253),
            ("fake_903.xml", "missing", "2018"): (6, 6),
            ("SSDA903_2020_header.csv", "header", "2019"): (5, 2),
            ("SSDA903_2020_episodes.csv", "episodes", "2019"): (5, 5),
            ("sw_episodes.csv", "social_workers", "2025"): (1, 1),
            ("DoLo.csv", "deprivation_of_liberty", "2025"): (1, 1),
            ("header.csv", "header", "2023"): (548, 548),
            ("episodes.csv", "episodes", "2023"): (686, 686),
            ("reviews.csv", "reviews", "2023"): (1323, 1323),
            ("uasc.csv", "uasc", "2023"): (37, 37),
            ("oc2.csv", "oc2", "2023"): (225, 225),
            ("oc3.csv", "oc3", "2023"): (109, 109),
            ("ad1.csv", "ad1", "2023"): (2, 2),
            ("placed_for_adoption.csv", "placed_for_adoption", "2023"): (10, 10),
            ("previous_permanence.csv", "previous_permanence", "2023"): (220, 220),
            ("missing.csv", "missing", "2023"): (102, 102),
        }
        assert {severity for _, _, severity in desk.failed_checks()} == {"warning"}
        assert not [row for row in desk.files("status") if row[0] not in ("loaded", "unknown", "ignored")]
