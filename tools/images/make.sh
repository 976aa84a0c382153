#!/bin/bash
# Makes build/images/NAME-ARCH.tar from recipes/NAME.json, unless it is there already; ARCH is riscv64
# (default) or amd64.  For busybox also the bare riscv64 program, build/images/busybox-riscv64.
#
# usage: tools/images/make.sh NAME [ARCH]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
[ $# = 1 ] || [ $# = 2 ] || { echo "usage: tools/images/make.sh NAME [ARCH]" >&2; exit 2; }
name=$1 arch=${2:-riscv64} here=$SOURCE/tools/images images=$OUT/images
[ -e "$here/recipes/$name.json" ] || die "no recipe $name (there are: $(cd "$here/recipes" && echo *))"
mkdir -p "$images"
if [ ! -e "$images/$name-$arch.tar" ]; then
    show "$here/debimage.py" "$here/recipes/$name.json" --arch "$arch" -o "$images/$name-$arch.tar"
fi
if [ "$name-$arch" = busybox-riscv64 ] && [ ! -e "$images/busybox-riscv64" ]; then
    part=$(mktemp -d "$images/.part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    python3 "$SOURCE/tools/aptstate.py" --arch riscv64 --unpack "$part" busybox-static
    mv "$part/usr/bin/busybox" "$images/busybox-riscv64"
fi
