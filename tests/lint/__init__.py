"""Lints of the project's own; each is a module that `make lint` runs."""
