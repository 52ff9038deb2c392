#!/usr/bin/env bash
# The bundled sample through the whole refresh on the next major DuckDB, and its published file read back by the oldest
# client that is promised (1.2). Both get environments of their own; the lock stays as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
NEXT=2.0.0
OLDEST=1.2.2
work=build/ci
mkdir -p "$work"

install() {  # environment, then what to install
  local environment=$1
  shift
  if command -v uv >/dev/null; then
    uv venv -q --allow-existing -p "${PY:-python3}" "$environment"
    uv pip install -q -p "$environment/bin/python" "$@"
  else
    "${PY:-python3}" -m venv "$environment"
    "$environment/bin/python" -m pip install -q --disable-pip-version-check "$@"
  fi
}

# Same pins, DuckDB excepted; hashes are left out because one of them changes.
.venv/bin/python - "$NEXT" > "$work/requirements-next.txt" <<'PYTHON'
import re
import sys

lock = open("requirements.lock", encoding="utf-8").read()
for name, version, marker in re.findall(r"^([A-Za-z0-9_.\[\]-]+)==([^\s;\\]+)([^\\\n]*)", lock, re.M):
    print(f"{name}=={sys.argv[1] if name == 'duckdb' else version}{marker}")
PYTHON
install "$work/next" --no-deps -r "$work/requirements-next.txt"
install "$work/next" --no-deps --no-build-isolation -e .
"$work/next/bin/cfp" --quiet refresh --data "$work/data-next"
install "$work/oldest" "duckdb==$OLDEST"
"$work/oldest/bin/python" tests/ci/read_published.py "$work/data-next/published/officer/children.duckdb"
"$work/oldest/bin/python" tests/ci/read_published.py "$work/data/published/officer/children.duckdb"
