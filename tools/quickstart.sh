#!/bin/bash
# From a fresh Debian 12 or 13 machine to a running module: installs what is missing, builds
# c2w-aot, makes a busybox riscv64 image from Debian packages, turns it into busybox.wasm and runs
# that in Node.  Needs root or sudo only if a package is missing.
#
# usage: tools/quickstart.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1-} in
'') ;;
-h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 0 ;;
*) echo "quickstart.sh: unknown argument $1 (see --help)" >&2 && exit 2 ;;
esac
cd "$SOURCE"

"$SOURCE/tools/setup.sh"

say "Build (CMake preset release, into build/)"
quietly "$OUT/configure.log" cmake --preset release
show cmake --build build

say "A container image: busybox for riscv64, from Debian's package"
show tools/images/make.sh busybox

say "Image to module"
show build/c2w-aot build build/images/busybox-riscv64.tar -o build/busybox.wasm

say "Run in Node: the image's own command"
show build/c2w-aot run --engine node build/busybox.wasm

say "Run in Node: a command in place of the image's"
show build/c2w-aot run --engine node build/busybox.wasm -- sh -c 'echo "$((6 * 7)) on $(uname -m)"'

say "Done"
note "more: build/c2w-aot --help, README.md"
