#!/usr/bin/env bash
# Makes the Python environment of the interop tests (.build-python) as Tests/InteropTests/
# requirements.txt pins it. Does nothing when it stands already.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=Tests/InteropTests/requirements.txt
venv=.build-python
stamp=$venv/requirements.txt

if cmp -s "$requirements" "$stamp"; then exit 0; fi

echo "python: installing the interop tests' packages into $venv"
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
# Last, so that an interrupted installation is done anew.
cp "$requirements" "$stamp"
