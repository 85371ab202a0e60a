#!/usr/bin/env bash
# A transcript for a closing note: real clients with real images, a 2 GiB layer among them, and then
# the signed and referring artifacts. Needs root for the engines, and about 25 GB below /var/tmp.
#
#   tools/transcript.sh [--url http://USER:PASSWORD@HOST:PORT] [--big-mib N] [--only WORD] [--keep]
#
# Without --url it starts a fresh server of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=.venv/bin/python
tools/clients.sh install --newest
"$python" -m tests.blackbox.transcript "$@"

url=
while [ $# -gt 0 ]; do
    case $1 in
        --url) url=$2 && shift ;;
        --url=*) url=${1#--url=} ;;
        --only | --only=*) exit 0 ;;
    esac
    shift
done
[ -z "$url" ] || export ENTREPOT_BLACKBOX_URL=$url
artifacts=()
for client in cosign oras crane notation helm; do artifacts+=("tests/blackbox/test_$client.py"); done
"$python" -m pytest -v --no-header -p no:cacheprovider "${artifacts[@]}"
