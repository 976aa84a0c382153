#!/bin/bash
# Installs what building and running c2w-aot needs on Debian 12 or 13, and only what is missing.
#
# usage: tools/setup.sh [--tests]
#
#   --tests  also what only the tests need: a riscv64 cross compiler and qemu-riscv64
#
# Root or sudo is needed only if a package is missing.  What the distribution is too old for comes
# from Debian 13's packages, unpacked below build/ (aptstate.py); apt's configuration is not touched.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tests=no
for argument; do
    case $argument in
    --tests) tests=yes ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) echo "setup.sh: unknown argument $argument (see --help)" >&2 && exit 2 ;;
    esac
done

# A program that is there already need not come from a package.
wanted() {
    have python3 || echo python3
    have cmake || echo cmake
    have ninja || echo ninja-build
    have pkg-config || echo pkg-config
    have gcc || echo gcc
    have node || echo nodejs
    have zstd || echo zstd
    have tar || echo tar
    printf '%s\n' libc6-dev clang-22 lld-22 llvm-22-dev libclang-rt-22-dev-wasm32 wasi-libc \
        libelf-dev libarchive-dev libjansson-dev nettle-dev debian-archive-keyring
    if [ "$tests" = yes ]; then
        have riscv64-linux-gnu-gcc || echo gcc-riscv64-linux-gnu
        echo libc6-dev-riscv64-cross
        python3 -m pip --version > /dev/null 2>&1 || echo python3-pip
        have diff || echo diffutils
        have musl-gcc || echo musl-tools
    fi
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]; }

missing_of() {
    local package
    for package; do installed "$package" || echo "$package"; done
}

candidate() { apt-cache policy "$1" 2> /dev/null | sed -n 's/^ *Candidate: //p' | sed '/(none)/d'; }

without_candidate() {
    local package
    for package; do [ -n "$(candidate "$package")" ] || echo "$package"; done
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Another process may hold dpkg's lock for a while (unattended upgrades).
apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
        apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" \
        > "$log" 2>&1 < /dev/null
}

why() { { grep -m 1 '^E: ' "$log" || tail -n 1 "$log"; } | sed 's/^E: //'; }

updated=no
update() {
    [ "$updated" = no ] || return 0
    note "apt-get update"
    apt_get update || apt_get update || die "apt-get update failed: $(why)"
    updated=yes
}

install() {
    note "apt-get install $*"
    apt_get install --no-install-recommends "$@" && return
    note "failed ($(why)); trying once more"
    update
    apt_get install --no-install-recommends "$@" || die "apt-get install failed: $(why)"
}

say "Packages"
have dpkg-query || die "this is not a Debian machine (Debian 12 or 13 is needed; see README.md for what to install)"
mapfile -t missing < <(missing_of $(wanted))
if [ ${#missing[@]} -gt 0 ]; then
    can_be_root || die "run it as root or install sudo; missing packages: ${missing[*]}"
    if [ -n "$(without_candidate "${missing[@]}")" ]; then update; fi
    mapfile -t unknown < <(without_candidate "${missing[@]}")
    case "${unknown[*]-}" in
    '') ;;
    *-22*) die "apt has no ${unknown[*]} (LLVM 22 is in Debian 13, and in Debian 12's security" \
        "suite: add 'deb <mirror>/debian-security bookworm-security main' to apt's sources)" ;;
    *) die "apt has no ${unknown[*]} (Debian 12 or 13 with its main component is needed)" ;;
    esac
    install "${missing[@]}"
else
    note "all installed"
fi

# unpack_beside DIRECTORY FILE PACKAGE...: Debian 13's packages, if FILE is not there yet.
unpack_beside() {
    local target=$1 file=$2
    shift 2
    [ ! -e "$target/$file" ] || return 0
    note "Debian 13's ${*: -1} into ${target#"$SOURCE/"}"
    mkdir -p "$OUT"
    local part
    part=$(mktemp -d "$OUT/.unpack.XXXXXX")
    if ! python3 "$SOURCE/tools/aptstate.py" --unpack "$part" "$@"; then
        rm -rf "$part"
        return 1
    fi
    mkdir -p "$target"
    cp -a "$part/." "$target/"
    rm -rf "$part"
}

say "capstone 5"
capstone_installed() { [ "$(dpkg-query -W -f '${Version}' libcapstone-dev 2> /dev/null | cut -d. -f1)" -ge 5 ] 2> /dev/null; }
if capstone_installed || [ -e "$OUT/deps/usr/include/capstone/capstone.h" ]; then
    note "there"
else
    if [ -z "$(candidate libcapstone-dev)" ]; then update; fi
    version=$(candidate libcapstone-dev)
    if dpkg --compare-versions "${version:-0}" ge 5; then
        can_be_root || die "run it as root or install sudo; missing package: libcapstone-dev"
        install libcapstone-dev
    else
        unpack_beside "$OUT/deps" usr/include/capstone/capstone.h libcapstone5 libcapstone-dev \
            || die "capstone 5 could not be fetched (is a Debian mirror in apt's sources reachable?)"
    fi
fi

if [ "$tests" = yes ]; then
    say "qemu-riscv64, the tests' oracle"
    if [ ! -x "$OUT/oracle/qemu-riscv64" ]; then
        unpack_beside "$OUT/oracle" usr/bin/qemu-riscv64 --only usr/bin/qemu-riscv64 qemu-user \
            || die "qemu-user could not be fetched (is a Debian mirror in apt's sources reachable?)"
        ln -sf usr/bin/qemu-riscv64 "$OUT/oracle/qemu-riscv64"
    else
        note "there"
    fi
fi
