# shellcheck shell=bash disable=SC2034
# Shell functions of the set-up scripts.  SOURCE is the source tree, OUT everything made in it.
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=$SOURCE/build

say() { printf '\n==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# show COMMAND...: prints the command as a user would type it in the source tree, and runs it.
# quietly LOG COMMAND...: the same with its output in LOG, shown only if the command fails.
show() {
    print_command "$@"
    "$@"
}
quietly() {
    local log=$1
    shift
    print_command "$@"
    mkdir -p "$(dirname "$log")"
    "$@" > "$log" 2>&1 || { cat "$log" >&2; die "$1 failed"; }
}
print_command() {
    local word line=
    for word in "$@"; do
        word=${word#"$SOURCE/"}
        case $word in
        *\'*) word=$(printf %q "$word") ;;
        *[!A-Za-z0-9_./=:,+-]* | '') word="'$word'" ;;
        esac
        line="$line $word"
    done
    printf '    $%s\n' "$line"
}

have() { command -v "$1" > /dev/null 2>&1; }

can_be_root() { [ "$(id -u)" = 0 ] || have sudo; }

# as_root COMMAND...: directly, or with sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
