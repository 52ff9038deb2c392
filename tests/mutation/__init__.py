"""Mutation testing of the rules of counting and comparison: which small faults the tests notice. See CONTRIBUTING."""
