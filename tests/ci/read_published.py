"""Read every table and view of a published file and print its rows; run by CI as a second process."""

import sys

import duckdb

EXPECTED = {
    "check_result", "comparator_group", "comparator_member", "comparator_value", "dim_area", "dim_indicator",
    "dim_period", "edition", "edition_figure", "fct_indicator_value", "indicator_comparison", "publication",
    "series_break", "source_file", "attention_list", "edition_scope", "judgement", "judgement_rule",
    "looked_after_flow", "looked_after_change", "looked_after_profile", "kinship_care", "published_agreement",
    "published_revision", "council_measure", "cluster_indicator",
    "cluster_member", "area_boundary", "ward_score",
}  # fmt: skip
VIEWS = {"all_authorities", "biggest_movers", "gap_to_england", "my_authority_and_neighbours", "rank_history"}

connection = duckdb.connect(sys.argv[1], read_only=True)
found = {
    name for (name,) in connection.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'").fetchall()
}
if found != EXPECTED:
    sys.exit(f"tables differ: missing {sorted(EXPECTED - found)}, unexpected {sorted(found - EXPECTED)}")
views = {
    name for (name,) in connection.sql("SELECT view_name FROM duckdb_views() WHERE schema_name = 'marts'").fetchall()
}
if views != VIEWS:
    sys.exit(f"views differ: missing {sorted(VIEWS - views)}, unexpected {sorted(views - VIEWS)}")
for name in sorted(found | views):
    rows = connection.sql(f"SELECT count(*) FROM (SELECT * FROM marts.{name})").fetchall()[0][0]
    print(f"{duckdb.__version__}  {name}: {rows:,} rows")
