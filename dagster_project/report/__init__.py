"""The Scrutiny Board report: pure functions from rows of the published file to tables, sentences and pages."""
