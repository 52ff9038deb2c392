"""A client of the public API of Explore Education Statistics: published data sets, pinned to a version, into raw/."""
