#!/usr/bin/env bash
# The real container clients that the black-box tests drive.
#
#   tools/clients.sh install [--newest] [--docker]
#       Debian/Ubuntu, as root or with a password-less sudo: installs with apt what is missing.
#       With CI=true, or --newest, also unpacks the newest clients and Helm under .tools/.
#       Never fails without CI=true: it says what is missing. With CI=true, missing is an error.
#       --docker: install docker.io, nginx, slapd, postgresql, haproxy even where systemd would start them at each boot.
#   tools/clients.sh newest DIR   unpack the newest clients in DIR; installs nothing, needs no root
#   tools/clients.sh helm DIR     Helm's own library and Kubernetes' schemas, in a Python environment in DIR
#   tools/clients.sh list         what the tests would find, with versions
#
# CLIENT_SUITES ("testing stable") names the Debian suites that `newest` tries, in order.
#
# Harbor's own clients, terraform-provider-harbor and harbor, come from no registry of packages: put
# them in .tools/harbor, in the folder ENTREPOT_HARBOR_CLIENTS, or on PATH, beside terraform or tofu.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools_dir=$(dirname "$here")/.tools
newest_dir=${ENTREPOT_NEWEST_CLIENTS:-$tools_dir/newest}
helm_dir=${ENTREPOT_HELM:-$tools_dir/helm}
harbor_dir=${ENTREPOT_HARBOR_CLIENTS:-$tools_dir/harbor}
helm_requirements="helm-python-sdk==0.2.2 kubernetes-validate==1.37.0"
apt_patience_seconds=600

# command:package; a command that is there already is never touched
apt_clients="skopeo:skopeo podman:podman buildah:buildah"
# These start a service of their own.
apt_engines="dockerd:docker.io nginx:nginx-light slapd:slapd postgres:postgresql haproxy:haproxy"
apt_helpers="mmdebstrap:mmdebstrap ip:iproute2 setpriv:util-linux systemd-analyze:systemd"
newest_wanted="cosign oras crane notation umoci docker dockerd containerd containerd-shim-runc-v2 ctr docker-compose"
newest_packages="cosign oras crane notation umoci docker-cli docker.io containerd docker-compose"

say() { printf 'clients: %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
in_ci() { [ "${CI:-}" = true ]; }
# Engines live in /usr/sbin, which an ordinary user's PATH may not hold, and PostgreSQL in no PATH.
PATH=$PATH:/usr/sbin:/sbin
for folder in /usr/lib/postgresql/*/bin; do PATH=$PATH:$folder; done

version_of() {
    local command=$1 output
    case $(basename "$command") in
        cosign) output=$("$command" version 2>/dev/null | sed -n 's/^GitVersion: *//p') ;;
        oras | crane) output=$("$command" version 2>/dev/null | head -n 1 | sed 's/^Version: *//') ;;
        notation) output=$("$command" version 2>/dev/null | sed -n 's/^Version: *//p') ;;
        nginx) output=$("$command" -v 2>&1) ;;
        slapd) output=$("$command" -VV 2>&1 | sed -n 's/^.*slapd \([0-9.]*\).*$/\1/p') ;;
        containerd-shim-*) output=$("$command" -v 2>/dev/null | sed -n 's/^ *Version: *//p') ;;
        *) output=$("$command" --version 2>/dev/null | head -n 1) ;;
    esac
    printf '%s\n' "$output"
}

runs() { [ -x "$1" ] && [ -n "$(version_of "$1")" ]; }

# --- apt ---------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
    have apt-get && { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }
}

apt_install() {
    # --no-remove: never trade a package that the user chose (docker-ce) for one of ours.
    as_root env DEBIAN_FRONTEND=noninteractive timeout "$apt_patience_seconds" \
        apt-get install -qq -y --no-install-recommends --no-remove -o Acquire::Retries=3 \
        -o Dpkg::Use-Pty=0 "$@" >/dev/null
}

missing_of() {
    local pair
    for pair in "$@"; do have "${pair%%:*}" || printf '%s\n' "${pair##*:}"; done
}

install_with_apt() {
    local wanted=$* packages package
    # shellcheck disable=SC2086
    packages=$(missing_of $wanted | sort -u | tr '\n' ' ')
    [ -n "${packages// /}" ] || return 0
    say "installing with apt: $packages"
    # shellcheck disable=SC2086
    apt_install $packages 2>/dev/null && return 0
    as_root timeout "$apt_patience_seconds" apt-get update -qq -o Acquire::Retries=3 || true
    # shellcheck disable=SC2086
    apt_install $packages 2>/dev/null && return 0
    # One that this distribution lacks must not keep the others away.
    for package in $packages; do
        apt_install "$package" || say "apt cannot install $package"
    done
}

# --- the newest clients, unpacked ----------------------------------------------------------------

# shellcheck disable=SC2016 # apt fills these in
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        grep -E '/debian/?$' | head -n 1
}

all_run() {
    local directory=$1 name
    for name in $newest_wanted; do runs "$directory/$name" || return 1; done
}

fetch_suite() {
    local suite=$1 work=$2 mirror=$3 package tree
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$work/lists/partial" "$work/debs/partial" "$work/root"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$work/list"
    # Valid-Until: a frozen mirror serves an old but still signed index, which is good enough here.
    local options=(-qq -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3
        -o Acquire::Languages=none -o APT::Sandbox::User=root
        -o Dir::Etc::sourcelist="$work/list" -o Dir::Etc::sourceparts=/nonexistent
        -o Dir::State::lists="$work/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o Dir::Cache::archives="$work/debs")
    timeout "$apt_patience_seconds" apt-get "${options[@]}" update || return 1
    for package in $newest_packages; do
        (cd "$work/debs" && timeout "$apt_patience_seconds" apt-get "${options[@]}" download \
            "$package") 2>/dev/null || say "$suite has no $package"
    done
    for package in "$work"/debs/*.deb; do
        [ -e "$package" ] || continue
        tree=$work/root/$(dpkg-deb -f "$package" Version) && mkdir -p "$tree"
        dpkg-deb --fsys-tarfile "$package" |
            tar -x -C "$tree" --wildcards './usr/bin/*' './usr/sbin/*' './usr/libexec/docker/*' \
                2>/dev/null || true
    done
}

newest() {
    local directory=$1 mirror suite name found partial
    if all_run "$directory/bin"; then return 0; fi
    if ! have apt-get || ! have dpkg-deb; then
        say "the newest clients come from Debian packages: this machine has no apt"
        return 1
    fi
    mirror=$(debian_mirror)
    if [ -z "$mirror" ]; then
        say "no Debian mirror in this machine's apt configuration: no newest clients"
        return 1
    fi
    say "unpacking the newest clients in $directory"
    partial=$directory.partial.$$
    # shellcheck disable=SC2064
    trap "rm -rf '$partial'" EXIT
    rm -rf "$partial" && mkdir -p "$partial/bin" "$partial/versions"
    for suite in ${CLIENT_SUITES:-testing stable}; do
        all_run "$partial/bin" && break
        fetch_suite "$suite" "$partial/$suite" "$mirror" || continue
        for name in $newest_wanted; do
            # A newer suite's program may need a newer C library: then the next suite's is taken.
            runs "$partial/bin/$name" && continue
            found=$(find "$partial/$suite/root" -path "*/$name" -type f | head -n 1)
            [ -n "$found" ] || continue
            mv -f "$found" "$partial/bin/$name"
            found=${found#"$partial/$suite/root/"}
            printf '%s\n' "${found%%/*}" >"$partial/versions/$name"
        done
        rm -rf "${partial:?}/$suite"
    done
    for name in $newest_wanted; do
        runs "$partial/bin/$name" || { rm -f "$partial/bin/$name" && say "no working $name"; }
    done
    rm -rf "$directory" && mkdir -p "$(dirname "$directory")" && mv "$partial" "$directory"
    all_run "$directory/bin"
}

helm() {
    local directory=$1 python=$here/../.venv/bin/python
    [ -x "$python" ] || python=${PYTHON:-python3}
    "$directory/bin/python" -c 'import helm_python, kubernetes_validate' 2>/dev/null && return 0
    say "installing $helm_requirements in $directory"
    rm -rf "$directory"
    # shellcheck disable=SC2086
    "$python" -m venv "$directory" &&
        "$directory/bin/python" -m pip install -q --disable-pip-version-check \
            --no-compile $helm_requirements && return 0
    rm -rf "$directory"
    return 1
}

# --- install, list -------------------------------------------------------------------------------

report_missing() {
    local missing=() pair name
    for pair in $apt_clients $apt_engines; do
        have "${pair%%:*}" || missing+=("${pair%%:*}")
    done
    if in_ci || [ "${1:-}" = newest ]; then
        for name in $newest_wanted; do
            runs "$newest_dir/bin/$name" || missing+=("$name (newest)")
        done
        [ -x "$helm_dir/bin/python" ] || missing+=("helm")
    fi
    [ ${#missing[@]} -gt 0 ] || return 0
    say "missing, so their tests are skipped: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')"
    if in_ci; then say "CI=true: a missing client is an error" && return 1; fi
}

install_linux() {
    local with_newest=$1 with_docker=$2 wanted="$apt_clients $apt_helpers"
    # docker.io and nginx enable a service: not on somebody's desktop unasked.
    if in_ci || [ "$with_docker" = yes ] || [ ! -d /run/systemd/system ]; then
        wanted="$wanted $apt_engines"
    elif ! have dockerd || ! have nginx || ! have slapd || ! have postgres ||
        ! have haproxy; then
        say "docker.io, nginx, slapd, postgresql, haproxy would start services at each boot: ask for them with --docker"
    fi
    if can_install; then
        install_with_apt "$wanted" || true
    fi
    if in_ci || [ "$with_newest" = yes ]; then
        newest "$newest_dir" || true
        helm "$helm_dir" || true
    fi
}

install() {
    local with_newest=no with_docker=no option
    for option in "$@"; do
        case $option in
            --newest) with_newest=yes ;;
            --docker) with_docker=yes ;;
            *) usage ;;
        esac
    done
    case $(uname -s) in
        Darwin) say "brew install skopeo podman crane oras cosign notation helm" ;;
        Linux) install_linux "$with_newest" "$with_docker" ;;
        *) say "unknown system $(uname -s): install the clients by hand" ;;
    esac
    if [ "$with_newest" = yes ]; then report_missing newest; else report_missing; fi
}

row() { printf '%-33s %s\n' "$1" "${2:+$2  $3}"; }

list() {
    local name path
    for name in skopeo podman buildah docker dockerd containerd ctr runc umoci mmdebstrap nginx slapd postgres haproxy systemd-analyze; do
        path=$(command -v "$name" || true)
        row "$name" "$path" "${path:+$(version_of "$path")}"
    done
    for name in $newest_wanted; do
        path=
        runs "$newest_dir/bin/$name" && path=$newest_dir/bin/$name
        row "$name (newest)" "$path" "$(cat "$newest_dir/versions/$name" 2>/dev/null || true)"
    done
    path=
    [ -x "$helm_dir/bin/python" ] && path=$helm_dir/bin/python
    row helm "$path" "$helm_requirements"
    for name in terraform tofu terraform-provider-harbor harbor; do
        row "$name" "$(PATH=$harbor_dir:$PATH command -v "$name" || true)" ""
    done
}

usage() {
    sed -n '2,/^set -/p' "${BASH_SOURCE[0]}" | sed -n 's/^# \{0,1\}//p' >&2
    exit 2
}

case ${1:-} in
    install) shift && install "$@" ;;
    newest) [ $# = 2 ] || usage && newest "$2" ;;
    helm) [ $# = 2 ] || usage && helm "$2" ;;
    list) list ;;
    *) usage ;;
esac
