#!/bin/sh
# Makes .venv and keeps it in step with the lock files.
#
#   tools/venv.sh run    what `entrepot serve` needs
#   tools/venv.sh dev    that, and what tests and checks need
#
# Says and does nothing when all is in step. PYTHON names the interpreter to use; without it the
# first one from 3.11 on is taken. Everything is installed by pip with its hash checked; nothing
# needs root, but on Debian and Ubuntu, where the venv module may be a package of its own, that
# package is installed when this runs as root or sudo asks for no password.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-run}
venv=.venv
log=$venv/pip.log
locks="requirements/run.lock requirements/build.lock"
case $kind in
    run) ;;
    dev) locks="$locks requirements/dev.lock" ;;
    *) echo "usage: tools/venv.sh run|dev" >&2; exit 2 ;;
esac

say() { printf '%s\n' "$*" >&2; }
die() { say "entrepot: $1"; shift; for line in "$@"; do say "  $line"; done; exit 1; }

# What the environment was made from, and where: an environment that was moved does not work.
wanted=$(pwd -P; cat pyproject.toml tools/venv.sh requirements/*.lock | cksum)
in_step() { [ -x $venv/bin/entrepot ] && [ "$(cat $venv/.made-"$1" 2>/dev/null)" = "$wanted" ]; }
if in_step "$kind" || { [ "$kind" = run ] && in_step dev; }; then exit 0; fi

# --- which Python ------------------------------------------------------------------------------

# Tried on 3.11 to 3.14; a newer one is taken when there is no other.
is_python() { command -v "$1" >/dev/null 2>&1 && "$1" -c "$2" >/dev/null 2>&1; }
is_tried() { is_python "$1" 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'; }
is_new_enough() { is_python "$1" 'import sys; sys.exit(sys.version_info < (3, 11))'; }
can_venv() { is_python "$1" 'import ensurepip, venv'; }

candidates="${PYTHON:-python3 python3.13 python3.12 python3.14 python3.11 /usr/bin/python3
    /opt/homebrew/bin/python3 /usr/local/bin/python3 python3.15 python3.16 python}"

# Prints the first candidate that passes all the tests named.
first() {
    for candidate in $candidates; do
        for check in "$@"; do "$check" "$candidate" || continue 2; done
        echo "$candidate"
        return 0
    done
    return 1
}

no_python() {
    if [ -n "${PYTHON:-}" ]; then
        die "PYTHON=$PYTHON is no Python 3.11 or newer."
    elif [ "$(uname)" = Darwin ]; then
        die "no Python 3.11 or newer was found." "Mend: brew install python@3.13, then try again."
    fi
    die "no Python 3.11 or newer was found." \
        "Mend: install one (Debian 12, Ubuntu 23.04 or newer: apt-get install python3 python3-venv;" \
        "Ubuntu 22.04: apt-get install python3.11 python3.11-venv), then try again."
}

# Installs Debian's package for the venv module of one interpreter.
add_venv_module() {
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    command -v apt-get >/dev/null 2>&1 \
        || die "$1 cannot make environments: its modules venv and ensurepip are missing." \
            "Mend: install them, or name another interpreter: PYTHON=/path/to/python3 make serve"
    sudo=
    if [ "$(id -u)" != 0 ]; then
        sudo="sudo -n"
        $sudo true 2>/dev/null \
            || die "Python's venv module is missing." \
                "Mend: sudo apt-get install $package, then try again."
    fi
    say "Installing $package ..."
    install="$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $package"
    $install >/dev/null 2>&1 || { $sudo apt-get update -qq && $install >/dev/null; } \
        || die "apt-get could not install $package; see above."
    can_venv "$1" || die "$1 still cannot make environments, although $package is installed." \
        "Mend: name another interpreter: PYTHON=/path/to/python3 make serve"
}

choose_python() {
    python=$(first is_tried can_venv || first is_new_enough can_venv) && return
    python=$(first is_tried || first is_new_enough) || no_python
    add_venv_module "$python"
}

# --- the environment ---------------------------------------------------------------------------

# An environment of another place, or one whose interpreter is gone, is made anew.
if [ -d $venv ] && { ! is_new_enough $venv/bin/python || ! $venv/bin/python -m pip --version \
        >/dev/null 2>&1 || ! head -n 2 $venv/bin/pip 2>/dev/null | grep -qF "$(pwd -P)/"; }; then
    rm -rf $venv
fi
if [ ! -d $venv ]; then
    choose_python
    say "Making .venv with $("$python" --version) ..."
    "$python" -m venv $venv || { rm -rf $venv; die "'$python -m venv .venv' failed; see above."; }
fi

pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" >>$log 2>&1 && return
    say ""
    grep -E 'ERROR|error:' $log | tail -n 5 >&2 || tail -n 5 $log >&2
    say ""
    if grep -qE 'NewConnection|ConnectTimeout|ReadTimeout|ProxyError|name resolution|SSLError' $log
    then
        die "pip could not reach a package index." \
            "Behind a proxy or a mirror: set https_proxy, or PIP_INDEX_URL to the mirror's address." \
            "Without a network: 'pip download --require-hashes -d wheels -r FILE' for each of" \
            "$(echo "$locks" | tr ' ' ',') on a machine like this one, then set" \
            "PIP_NO_INDEX=1 PIP_FIND_LINKS=\$PWD/wheels here. The whole log: $log"
    fi
    die "pip could not install what Entrepot needs. The whole log: $log" \
        "(Hashes that do not match mean another file than the locked one: 'make lock' renews them.)"
}

say "Installing the locked packages into .venv ..."
: >$log
set --
for lock in $locks; do set -- "$@" -r "$lock"; done
pip install --retries 2 --require-hashes "$@"
# The package itself, from this directory; what builds it was installed above, so no network.
pip install --no-index --no-build-isolation --no-deps --editable .
printf '%s\n' "$wanted" >"$venv/.made-$kind"
