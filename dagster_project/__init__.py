"""Children and families performance: raw extracts to a checked, published DuckDB file and an edition page."""
