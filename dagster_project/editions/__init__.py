"""Editions: which one a refresh builds, its outputs, and what differs between two."""
