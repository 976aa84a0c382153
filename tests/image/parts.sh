# shellcheck shell=bash
# Image tests: every part of a script is run in a fresh container by the oracle (qemu-user, or this
# machine for its own programs) and in the guest, and has the same output, errors and exit status.
#
#   run_parts IMAGE [WORD...]   words choose parts by their names' beginnings (edit loop)
#
# Reads IMAGE.script beside this file: what precedes the first heading is its introduction, a line
# `#### NAME` begins a part.  Before, the test defines
#
#   part_words FILE     sets the array `words`, what the guest's entry point gets for a part, and
#                       `input`, the file that is its standard input
#   oracle_words=(...)  the image's entry point
#   quick_parts=(...)   names of the parts that every engine runs (default: all)
#   engine_gap MODE NAME   prints why an engine cannot do what a part needs; nothing when it can
#   engines_lift=none|all  the module of the engines besides Node
#
# MODES chooses modes (modes.sh), ARCH the image's architecture: riscv64 (default) or amd64.
. "$TESTS/lib.sh"
. "$TESTS/modes.sh"

quick_parts=()
engines_lift=all
all_modes="native node lifted wasmtime wasmedge wazero iwasm wasmer"
engine_gap() { :; }

# read_parts SCRIPT: parts as files NUMBER.part; names[NUMBER - 1].
read_parts() {
    local line
    names=()
    while IFS= read -r line; do
        case $line in
        '#### '*) names+=("${line#\#\#\#\# }");;
        *) [ ${#names[@]} = 0 ] || printf '%s\n' "$line" >> "${#names[@]}.part";;
        esac
    done < "$1"
}

# choose_parts [WORD...]: sets `chosen`; the fast tier runs every fifth part.
choose_parts() {
    local i word
    chosen=()
    for i in $(seq ${#names[@]}); do
        [ $# = 0 ] && { [ "$TIER" = full ] || [ $((i % 5)) = 1 ]; } && chosen+=("$i")
        for word; do
            case ${names[i - 1]} in "$word"*) chosen+=("$i");; esac
        done
    done
}

# prepare MODE: the modules that all tests share, where one fits.
prepare() {
    local lift=$engines_lift target
    case $1 in
    native|lockstep) prepare_mode "$1" "$image"; return;;
    node) lift=none;;
    lifted) lift=all;;
    esac
    target=$(image_module "$image_name" "$lift" "$ARCH") || { echo "$target"; return 1; }
    case $1 in node) mode_target[node]=$target;; *) mode_target[lifted]=$target;; esac
}

# is_quick NAME: does every engine run it?
is_quick() {
    local name
    [ ${#quick_parts[@]} != 0 ] || return 0
    for name in "${quick_parts[@]}"; do
        [ "$name" != "$1" ] || return 0
    done
    return 1
}

# ask_oracle PART PREFIX
ask_oracle() {
    part_words "$1.part"
    record "$2" oracle root "${oracle_words[@]}" "${words[@]}" < "$input"
}
is_same() { cmp -s "$1.status" "$2.status" && cmp -s "$1.out" "$2.out" && cmp -s "$1.err" "$2.err"; }

# expected PART ACTUAL: the prefix of the oracle's run to compare with.  Where two processes race,
# the oracle is asked again: any of its three answers is right.
expected() {
    local want=want/$1 try
    for try in 2 3; do
        is_same "$want" "$2" && break
        [ -f "want/$1-$try.status" ] || ask_oracle "$1" "want/$1-$try"
        ! is_same "want/$1-$try" "$2" || want=want/$1-$try
    done
    echo "$want"
}

run_parts() {
    local mode reason i
    image_name=$1 ARCH=${ARCH:-riscv64} image=$IMAGES/$1-${ARCH:-riscv64}.tar
    shift
    [ -f "$image" ] || { skip "$image_name" "no image"; return; }
    if [ "$ARCH" = riscv64 ]; then
        [ -n "${QEMU:-}" ] || { skip "$image_name" "no qemu-riscv64"; return; }
        QEMU_ORACLE=yes
    else
        [ "$(uname -m)" = x86_64 ] || { skip "$image_name" "this machine is not x86_64"; return; }
        all_modes="native node"
    fi
    can_run_oracle || { skip "$image_name" "namespaces of the oracle need root"; return; }
    LIMIT=${LIMIT:-120} # WasmEdge interprets
    [ "$TIER" = full ] || all_modes=native
    read_parts "$TESTS/image/$image_name.script"
    choose_parts "$@"
    $SUDO python3 -I "$SRC/tools/images/imagefs.py" "$image" root --arch "$ARCH" > config || exit 1
    mkdir want
    for i in "${chosen[@]}"; do
        ask_oracle "$i" "want/$i"
        [ "$(cat "want/$i.status")" != 124 ] || not_ok "oracle ${names[i - 1]}" "timed out"
    done
    for mode in ${MODES:-$all_modes}; do
        reason=$(why_not "$mode")
        [ -z "$reason" ] || { skip "$mode" "$reason"; continue; }
        prepare "$mode" || { not_ok "$mode" "cannot be built"; continue; }
        mkdir -p "got/$mode"
        for i in "${chosen[@]}"; do
            case $mode in native|node|lifted|lockstep) ;; *) is_quick "${names[i - 1]}" || continue;; esac
            reason=$(engine_gap "$mode" "${names[i - 1]}")
            [ -z "$reason" ] || { skip "$mode ${names[i - 1]}" "$reason"; continue; }
            part_words "$i.part"
            record "got/$mode/$i" run_mode "$mode" "${words[@]}" < "$input"
            same_run "$mode ${names[i - 1]}" "$(expected "$i" "got/$mode/$i")" "got/$mode/$i"
        done
    done
}
