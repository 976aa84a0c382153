# shellcheck shell=bash
# Ways to run a guest, for the scripts that compare them.  A mode is
#   native         the native runtime, interpreted
#   node           a module with --lift=none in Node
#   lifted         a module with --lift=all in Node
#   lockstep       a module with --lift=all --lockstep in Node
#   ENGINE         the lifted module in another engine
# Needs lib.sh and the environment of tests/README.md.

declare -A mode_target=() # what run_mode runs

# prepare_mode MODE IMAGE [OPTION...]: builds what the mode runs.  Prints nothing unless it fails.
prepare_mode() {
    local mode=$1 image=$2 log
    shift 2
    case $mode in
    native) mode_target[native]=$image; return 0;;
    node) set -- --lift=none "$@";;
    lockstep) set -- --lift=all --lockstep "$@";;
    *) set -- --lift=all "$@"; mode=lifted;;
    esac
    mode_target[$mode]=$PWD/$mode.wasm
    [ ! -e "$mode.wasm" ] || return 0
    log=$(nice timeout 1200 "$C2W" build "$image" -o "$mode.wasm" "$@" 2>&1) || { echo "$log"; return 1; }
}

# why_not MODE: why this machine cannot run a mode; nothing when it can.
why_not() {
    case $1 in
    native) ;;
    node|lifted|lockstep) [ -n "${NODE:-}" ] || echo "Node is not installed";;
    *) command -v "$1" > /dev/null || echo "$1 is not installed";;
    esac
}

# run_mode MODE WORD...: runs the words in the guest.
run_mode() {
    local mode=$1 engine=$1
    shift
    case $mode in
    native) ;;
    node|lifted|lockstep) engine=node;;
    *) mode=lifted;;
    esac
    timeout -k 5 "${LIMIT:-60}" "$C2W" run --engine "$engine" ${ARCH+--platform="linux/$ARCH"} \
        "${mode_target[$mode]}" ${1+-- "$@"}
}

# oracle ROOT WORD...: runs the words in a fresh copy of a root directory on this machine's kernel;
# programs for riscv64 through qemu-user when QEMU_ORACLE=yes.
oracle() {
    local root=$1 copy status=0 emulator=()
    shift
    [ "${QEMU_ORACLE:-}" != yes ] || emulator=(--qemu "$QEMU")
    copy=$(mktemp -d oracle.XXXXXX)
    cp -a "$root/." "$copy"
    timeout -k 5 "${LIMIT:-60}" $SUDO python3 -I "$SRC/tools/images/guestns.py" -t "${LIMIT:-60}" "${emulator[@]}" "${ORACLE_OPTIONS[@]}" \
        "$copy" -- "$@" || status=$?
    $SUDO rm -rf "$copy"
    return "$status"
}

# can_run_oracle: needs root for the namespaces.
can_run_oracle() {
    SUDO=
    [ "$(id -u)" = 0 ] || { SUDO="sudo -n"; sudo -n true 2> /dev/null; }
}

# Options of guestns.py for the oracle.
ORACLE_OPTIONS=()

# same_run NAME EXPECTED ACTUAL: compares PREFIX.out, PREFIX.err and PREFIX.status of two runs.
same_run() {
    local part
    for part in status out err; do
        if ! cmp -s "$2.$part" "$3.$part"; then
            echo "--- $1: $part, expected and got"
            diff -a -u "$2.$part" "$3.$part" | sed 1,2d | head -n 40
            [ "$part" != status ] || head -n 20 "$3.err"
            not_ok "$1" "$part differs"
            return
        fi
    done
    ok "$1"
}

# record PREFIX COMMAND...: runs a command, keeps PREFIX.out, PREFIX.err and PREFIX.status.  Both
# streams are pipes, as in a container: a file would be truncated by `echo > /dev/stdout`.
record() {
    local prefix=$1
    shift
    {
        {
            "$@" 2>&3 | cat > "$prefix.out"
            echo "${PIPESTATUS[0]}" > "$prefix.status"
        } 3>&1 | cat > "$prefix.err"
    }
}
