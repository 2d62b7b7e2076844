#!/bin/sh
# Makes the virtual environment from the hashed lock, installs the package beside it, and writes the bill of
# materials. Safe to run again. Registry, proxy and certificates are whatever pip is configured with.
set -eu
: "${PYTHON:=python3}" "${VENV:=.venv}"

if ! "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
    echo "Égide needs Python 3.11 to 3.13: try  make install PYTHON=python3.11" >&2
    exit 2
fi
if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    if ! "$PYTHON" -m venv "$VENV"; then
        echo "This Python cannot make a virtual environment: on Debian,  apt-get install python3-venv" >&2
        exit 2
    fi
fi
"$VENV/bin/python" -m pip install --quiet --require-hashes -r requirements/base.lock
"$VENV/bin/python" -m pip install --quiet --no-deps --no-build-isolation -e .
"$VENV/bin/python" -m egide.adapters.sbom
touch "$VENV/.installed"
