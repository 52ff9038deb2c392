"""Published versions: building one, switching to it, and tracing a figure back to its files."""
