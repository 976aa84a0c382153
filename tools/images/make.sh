#!/bin/bash
# Makes build/images/NAME-riscv64.tar from recipes/NAME.json, unless it is there already; for
# busybox also the bare program, build/images/busybox-riscv64.
#
# usage: tools/images/make.sh NAME
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
[ $# = 1 ] || { echo "usage: tools/images/make.sh NAME" >&2; exit 2; }
name=$1 here=$SOURCE/tools/images images=$OUT/images
[ -e "$here/recipes/$name.json" ] || die "no recipe $name (there are: $(cd "$here/recipes" && echo *))"
mkdir -p "$images"
if [ ! -e "$images/$name-riscv64.tar" ]; then
    show "$here/debimage.py" "$here/recipes/$name.json" --arch riscv64 -o "$images/$name-riscv64.tar"
fi
if [ "$name" = busybox ] && [ ! -e "$images/busybox-riscv64" ]; then
    part=$(mktemp -d "$images/.part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    python3 "$SOURCE/tools/aptstate.py" --arch riscv64 --unpack "$part" busybox-static
    mv "$part/usr/bin/busybox" "$images/busybox-riscv64"
fi
