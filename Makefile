# Two commands do all set-up on a machine that has Python 3.11+ and make: `make refresh` and `make test`.
PY ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
CFP_ARGS ?=

.PHONY: help refresh test lint bench mutants docs lock demo ui clean
.DEFAULT_GOAL := help

help:  ## what each target does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

refresh: $(VENV)/.ready  ## raw extracts to a published version (the bundled invented sample when raw/ holds nothing else)
	$(BIN)/cfp refresh $(CFP_ARGS)

test: $(VENV)/.ready-dev  ## every test; needs no network once set up
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

lint: $(VENV)/.ready-dev  ## style, types, YAML, and SQL that only one engine understands
	$(BIN)/ruff check .
	$(BIN)/ruff format --check dagster_project expectations tests bench
	$(BIN)/mypy
	$(BIN)/yamllint -s .
	$(BIN)/python -m tests.lint.portable_sql

bench: $(VENV)/.ready-dev  ## time a full, an unchanged and a one-file refresh beside the same work in plain SQL
	$(BIN)/python bench/run.py $(BENCH_ARGS)

mutants: $(VENV)/.ready-dev  ## put small faults into counting and comparison; list those that no test notices
	$(BIN)/python -m tests.mutation.run $(MUTANTS_ARGS)

docs: $(VENV)/.ready  ## the list of checks and the data dictionary under docs/reference/
	$(BIN)/python -m dagster_project.reference docs/reference

ui: $(VENV)/.ready  ## Dagster's pages on this machine
	$(BIN)/cfp ui

demo: $(VENV)/.ready  ## write the bundled sample again
	$(BIN)/cfp demo-data --out raw/sample --seed 2026 --scale 0.1

clean:  ## remove what set-up made; data/ is left alone
	rm -rf $(VENV) dbt/target dbt/logs *.egg-info .pytest_cache .ruff_cache .mypy_cache

# --- set-up: uv where present (NO_UV=1 to leave it out), else pip; bytecode compiled, since imports cost three times as much without

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PY) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is " + sys.version.split()[0] + "; set PY=python3.11 or another")'
	@if command -v uv >/dev/null 2>&1 && [ -z "$(NO_UV)" ]; then \
	  uv venv -q --allow-existing -p $(PY) $(VENV) && \
	  uv pip sync -q -p $(BIN)/python --require-hashes requirements.lock && \
	  uv pip install -q -p $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
	  $(PY) -m venv $(VENV) && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q -j 0 $(VENV)/lib dagster_project expectations >/dev/null 2>&1 || true
	@$(BIN)/python -c 'from dagster_project.transform import ensure_manifest; ensure_manifest()'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@if command -v uv >/dev/null 2>&1 && [ -z "$(NO_UV)" ]; then \
	  uv pip install -q -p $(BIN)/python --require-hashes -r requirements-dev.lock; \
	else \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock; \
	fi
	@touch $@

lock:  ## pin what requirements.in and requirements-dev.in ask for (needs uv and the network)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate requirements.in -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate requirements-dev.in -o requirements-dev.lock
