#!/bin/sh
# Installs Entrepot from this directory alone; the network is not used.
#
#   ./install.sh [--prefix DIR] [--python PYTHON] [--systemd] [--start] [--root DIR]
#
#   --prefix DIR     where to: DIR/VERSION, and DIR/current leads there [/opt/entrepot]
#   --python PYTHON  the Python to use [the first that this bundle has packages for]
#   --systemd        install the unit, its user and its directories, and a settings file if none is there
#   --start          that, and start it now and at each boot
#   --root DIR       the same below DIR, for images: nothing is started
#
# First everything is compared with SHA256SUMS, whose own sum is for you to compare with what you
# were told: sha256sum SHA256SUMS. An older version stays; to go back, lead DIR/current there.
set -eu
umask 022

say() { printf '%s\n' "$*"; }
die() { printf 'install: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,/^set -/p' "$0" | sed -n 's/^# \{0,1\}//p'; }

prefix=/opt/entrepot python='' systemd=no start=no root=''
while [ $# -gt 0 ]; do
    case $1 in
        --prefix | --python | --root)
            [ $# -ge 2 ] || die "$1 wants a value"
            case $1 in --prefix) prefix=$2 ;; --python) python=$2 ;; *) root=${2%/} ;; esac
            shift ;;
        --systemd) systemd=yes ;;
        --start) systemd=yes start=yes ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && die "unknown: $1" ;;
    esac
    shift
done
case $prefix in /*) ;; *) die "--prefix must begin with /" ;; esac
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"

sha256sum --check --strict --quiet SHA256SUMS >&2 \
    || die "files are not as they were made (see above): copy the bundle again"
for file in wheels/*; do
    grep -qF "  $file" SHA256SUMS || die "$file is not in SHA256SUMS: copy the bundle again"
done

fits() {
    version=$("$1" -c 'import sys, venv; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || return 1
    grep -qxF "$version" PYTHONS
}
if [ -n "$python" ]; then
    fits "$python" || die "$python is none of those that this bundle is for:" "$(tr '\n' ' ' <PYTHONS)"
else
    for candidate in python3 $(sed 's/^/python/' PYTHONS); do
        if fits "$candidate"; then python=$candidate && break; fi
    done
    [ -n "$python" ] || die "no Python found that this bundle is for:" "$(tr '\n' ' ' <PYTHONS)"
fi

version=$(cat VERSION)
home=$prefix/$version
say "Installing Entrepot $version in $root$home with $("$python" --version) ..."
mkdir -p "$root$prefix"
# Debian's Python makes no environment with pip without a package more; pip is here, so none is needed.
[ -x "$root$home/bin/python" ] || "$python" -m venv --without-pip "$root$home"
pip_wheel=$(echo "$here"/wheels/pip-*.whl)
pip() {
    "$root$home/bin/python" "$pip_wheel/pip" --isolated --disable-pip-version-check \
        --no-input "$@"
}
pip install --quiet --no-index --find-links wheels --no-deps --only-binary :all: \
    --require-hashes --requirement requirements.lock
# With pip, so that this installation can make bundles in turn.
pip install --quiet --no-index --no-deps --force-reinstall wheels/entrepot-*.whl wheels/pip-*.whl
pip check >/dev/null || { pip check >&2 || die "packages are missing; see above"; }
if [ -n "$root" ]; then
    # Programs name their interpreter, which will be elsewhere.
    sed -i "1s|^#!$root/|#!/|" "$root$home"/bin/*entrepot
fi
ln -sfn "$version" "$root$prefix/current"

if [ "$systemd" = yes ]; then
    mkdir -p "$root/etc/systemd/system" "$root/etc/sysusers.d" "$root/etc/tmpfiles.d" "$root/etc/entrepot"
    sed "s|/opt/entrepot/|$prefix/|" deploy/systemd/entrepot.service >"$root/etc/systemd/system/entrepot.service"
    cp deploy/systemd/entrepot.sysusers.conf "$root/etc/sysusers.d/entrepot.conf"
    cp deploy/systemd/entrepot.tmpfiles.conf "$root/etc/tmpfiles.d/entrepot.conf"
    [ -e "$root/etc/entrepot/entrepot.toml" ] \
        || cp deploy/systemd/entrepot.toml "$root/etc/entrepot/entrepot.toml"
    if [ -z "$root" ]; then
        systemd-sysusers entrepot.conf
        systemd-tmpfiles --create entrepot.conf
        systemctl daemon-reload
    fi
fi
if [ "$start" = yes ] && [ -z "$root" ]; then
    systemctl enable entrepot.service
    systemctl restart entrepot.service
    say "It runs: systemctl status entrepot. The administrator's password is in: journalctl -u entrepot"
else
    say "Done. Start it with: $prefix/current/bin/entrepot serve --data DIR"
fi
