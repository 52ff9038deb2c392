"""What a refresh prints of its findings: a line per check, not a wall."""

from dagster_project.cli import _finding_lines


def finding(check: str, where: str, message: str, severity: str = "warning") -> dict[str, str]:
    return {"severity": severity, "scope": "source", "where": where, "check": check, "message": message}


def test_findings_of_one_check_are_one_line_that_says_how_many() -> None:
    lines = _finding_lines(
        [
            finding("upn", "raw_census.pupils", "3 of 10 break the rule.", "critical"),
            finding("upn", "raw_census.pupils", "1 of 9 break the rule."),
            finding("upn", "raw_census.left", "2 of 9 break the rule."),
            finding("upn", "raw_results.ks2", "4 of 9 break the rule."),
            finding("grain", "marts.fct", "5 of 9 break the rule."),
        ]
    )
    assert lines == [
        "Critical: raw_census.pupils: 3 of 10 break the rule.",
        "Warning: raw_census.pupils: 1 of 9 break the rule. And 1 more of upn; --json lists all.",
        "Warning: raw_results.ks2: 4 of 9 break the rule.",
        "Warning: marts.fct: 5 of 9 break the rule.",
    ]


def test_a_finding_that_names_every_column_is_cut_at_a_word() -> None:
    [line] = _finding_lines([finding("names", "ees.x", f"columns: {'column_name, ' * 100}")])
    assert len(line) < 540
    assert line.endswith("column_name, ...")
