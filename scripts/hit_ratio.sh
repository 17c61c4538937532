#!/usr/bin/env bash
# Runs Benchmarks/hit_ratio.py in a Python environment of its own (.build-hit-ratio) that has the
# package it compares with. Where that cannot be installed, the script says that it skips.
set -euo pipefail
cd "$(dirname "$0")/.."

requirement=libcachesim==0.3.5
venv=.build-hit-ratio
stamp=$venv/requirement.txt

if [ "$(cat "$stamp" 2>/dev/null)" != "$requirement" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  if "$venv/bin/pip" install --quiet --disable-pip-version-check "$requirement"; then
    # Last, so that an interrupted installation is done anew.
    echo "$requirement" > "$stamp"
  fi
fi
exec "$venv/bin/python" Benchmarks/hit_ratio.py "$@"
