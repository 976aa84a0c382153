# shellcheck shell=bash
# Shell functions of the test scripts (protocol: tests/README.md).

ok() { echo "ok $1"; }
not_ok() { echo "not ok $1: $2"; }
skip() { echo "skip $1: $2"; }

# same NAME EXPECTED ACTUAL: two files have equal bytes.
same() {
    if cmp -s "$2" "$3"; then
        ok "$1"
    else
        diff -a -u "$2" "$3" | head -n 40
        not_ok "$1" "output differs"
    fi
}

# status NAME EXPECTED COMMAND...: the command's exit status.
status() {
    local name=$1 expected=$2 actual=0
    shift 2
    "$@" || actual=$?
    if [ "$actual" = "$expected" ]; then ok "$name"; else not_ok "$name" "exit status $actual, not $expected"; fi
}

# fails NAME STATUS PATTERN COMMAND...: ends with this status and exactly one line on standard
# error, which matches the extended regular expression.
fails() {
    local name=$1 expected=$2 pattern=$3 actual=0 errors
    shift 3
    errors=$(mktemp)
    timeout 60 "$@" > /dev/null 2> "$errors" || actual=$?
    if [ "$actual" != "$expected" ]; then
        head -n 20 "$errors"
        not_ok "$name" "exit status $actual, not $expected"
    elif [ "$(wc -l < "$errors")" != 1 ]; then
        head -n 20 "$errors"
        not_ok "$name" "not one line on standard error"
    elif ! grep -aEq -- "$pattern" "$errors"; then
        cat "$errors"
        not_ok "$name" "the message does not say $pattern"
    else
        ok "$name"
    fi
    rm -f "$errors"
}

# image_module NAME LIFT [ARCH]: prints the path of an image's module, built with --lift=LIFT; all
# tests share it.  When it cannot be built, prints why and fails.
image_module() {
    local arch=${3:-riscv64}
    local target=$BUILD/tests/$1-$arch-$2.wasm image=$IMAGES/$1-$arch.tar log source
    mkdir -p "$BUILD/tests"
    (
        flock 9
        for source in "$C2W" "$BUILD"/lib/c2w-aot/runtime-*.o "$image"; do
            [ "$target" -nt "$source" ] || rm -f "$target"
        done
        [ -e "$target" ] && exit
        log=$(nice "$C2W" build "$image" -o "$target" --platform="linux/$arch" --lift="$2" 2>&1) || { echo "$log"; exit 1; }
    ) 9> "$target.lock" || return
    echo "$target"
}

busybox_module() { image_module busybox "$1"; }
