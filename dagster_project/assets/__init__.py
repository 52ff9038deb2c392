"""The assets, one module per stage. Each is thin: call a function of `refresh`, say what it counted."""
