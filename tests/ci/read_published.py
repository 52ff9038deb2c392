"""Read every table of a published file and print its rows; run by CI as a second process."""

import sys

import duckdb

EXPECTED = {
    "check_result", "comparator_group", "comparator_member", "comparator_value", "dim_area", "dim_indicator",
    "dim_period", "edition", "edition_figure", "fct_indicator_value", "indicator_comparison", "publication",
    "series_break", "source_file",
}  # fmt: skip

connection = duckdb.connect(sys.argv[1], read_only=True)
found = {
    name for (name,) in connection.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'").fetchall()
}
if found != EXPECTED:
    sys.exit(f"tables differ: missing {sorted(EXPECTED - found)}, unexpected {sorted(found - EXPECTED)}")
for name in sorted(found):
    rows = connection.sql(f"SELECT count(*) FROM (SELECT * FROM marts.{name})").fetchall()[0][0]
    print(f"{duckdb.__version__}  {name}: {rows:,} rows")
