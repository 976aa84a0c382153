#!/bin/bash
# build.sh - compiles the guest programs and makes the root directories that they run in.
# Usage: build.sh DIR [NAME...]     (default: every program of this folder)
# Makes DIR/guest/ (root directory, riscv64), DIR/oracle/ (the same, this machine's architecture,
# which is also the x86_64 guest's) and prints the programs' names.  Environment: CROSS_CC.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$1
shift
names=("$@")
if [ ${#names[@]} = 0 ]; then
    for f in "$here"/*.c; do
        name=$(basename "$f" .c)
        [ "$name" = main ] || names+=("$name")
    done
fi
mkdir -p "$dir"
riscv64=() host=()
for name in "${names[@]}"; do
    read -r first < "$here/$name.c"
    [[ $first = *"x86_64 only"* ]] || riscv64+=("$name")
    [[ $first = *"riscv64 only"* || ($first = *"x86_64 only"* && $(uname -m) != x86_64) ]] || host+=("$name")
done

compile() { # DIR CC NAME...: a root directory with /bin/guest
    local root=$dir/$1 cc=$2 name objects=$dir/$1.objects flags=(-std=gnu17 -O1 -ffp-contract=off -frounding-math -Wall -Wextra -Werror -pthread)
    shift 2
    # the programs pass bad pointers on purpose
    flags+=(-Wno-stringop-overflow -Wno-array-bounds -Wno-nonnull -fno-delete-null-pointer-checks)
    flags+=(-I "$objects")
    mkdir -p "$root"/{bin,dev,etc,proc,root,tmp,data/dir/deep} "$objects"
    chmod 1777 "$root/tmp"
    printf '%s\n' "$@" | sed 's/..*/PROGRAM(&)/' > "$objects/programs.inc"
    "$cc" "${flags[@]}" -c "$here/main.c" -o "$objects/main.o"
    for name; do
        "$cc" "${flags[@]}" "-Dmain=${name}_main" -c "$here/$name.c" -o "$objects/$name.o"
    done
    "$cc" -static -pthread -o "$root/bin/guest" "$objects"/*.o -lm
    printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n' > "$root/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\n' > "$root/etc/group"
    printf 'first line\nsecond line\nthird line\n' > "$root/data/lines"
    : > "$root/data/empty"
    seq 1 5000 > "$root/data/numbers"
    ln "$root/data/lines" "$root/data/hard"
    ln -s lines "$root/data/link"
    ln -s loop "$root/data/loop"
    ln -s ../nowhere "$root/data/dangling"
    ln -s dir/deep "$root/data/dirlink"
    printf 'deep\n' > "$root/data/dir/deep/file"
    printf '#!/bin/guest process_exec\n' > "$root/data/script"
    chmod 755 "$root/data/script"
    chmod 640 "$root/data/empty"
    find "$root" -exec touch -h -d @1700000000 {} +
}
compile guest "$CROSS_CC" "${riscv64[@]}"
compile oracle cc "${host[@]}"
printf '%s\n' "${names[@]}"
