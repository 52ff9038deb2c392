"""The client of Explore Education Statistics against a server on this machine that behaves like the service."""
