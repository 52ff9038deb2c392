"""Running the expectation suites, waiving a finding, and deciding whether a publication may go out."""
