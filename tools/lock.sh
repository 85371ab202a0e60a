#!/bin/sh
# Renews requirements/*.lock from pyproject.toml: tools/lock.sh [--upgrade]
#
# Universal (every system and Python from 3.11 on), every file with its hashes, and no address in
# it: where packages come from is the affair of whoever installs them. Without --upgrade, pins that
# still fit are kept.
set -eu
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
[ -x $uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.13"

compile() {
    file=requirements/$1.lock
    shift
    $uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links "$@" --output-file "$file"
}

# The run-time pins come first; the two others may add to them, never differ.
compile run pyproject.toml "$@"
compile build --group build --constraints requirements/run.lock "$@"
compile dev pyproject.toml --group dev \
    --constraints requirements/run.lock --constraints requirements/build.lock "$@"
if grep -n '://' requirements/*.lock; then
    echo "lock: an address slipped in; see above" >&2
    exit 1
fi
