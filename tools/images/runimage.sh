#!/bin/bash
# runimage.sh - the oracle of the tests: runs a container image as its own configuration says, on
# real Linux: natively for this machine's architecture, through qemu-user for another.
#
# Usage: runimage.sh [-t SECONDS] TAR|RECIPE.json [--arch A] [-D NAME=VALUE ...] [-- ARGS...]
#   e.g. runimage.sh lua-amd64.tar -- -e 'print(1+1)'
#        runimage.sh recipes/lua.json --arch riscv64
# Runs Entrypoint + Cmd (ARGS replace Cmd) with the image's Env, WorkingDir and User in a fresh copy
# of its files.  stdin, stdout, stderr and the exit status are the program's; own errors are one
# line on stderr and status 125 (124 at the time limit).  A RECIPE is built first by debimage.py.
# Environment: QEMU (see run_foreign.sh), TIMEOUT, DEBIMAGE_CACHE.  Needs root; see guestns.py.
set -euo pipefail
usage() { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd) image='' arch=() defs=() limit=()
while [ $# -gt 0 ]; do
  case $1 in
  --) shift; break;;
  --arch) [ $# -ge 2 ] || usage; arch=(--arch "$2"); shift 2;;
  -D) [ $# -ge 2 ] || usage; defs+=(-D "$2"); shift 2;;
  -t) [ $# -ge 2 ] || usage; limit=(-t "$2"); shift 2;;
  -*) usage;;
  *) [ -z "$image" ] || usage; image=$1; shift;;
  esac
done
[ -n "$image" ] || usage
[ "$(id -u)" = 0 ] || { echo "runimage: needs root" >&2; exit 125; }
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; trap 'exit 143' TERM; trap 'exit 130' INT
case $image in *.json)
  "$here/debimage.py" "$image" "${arch[@]}" "${defs[@]}" -o "$t/image.tar" 2> "$t/log" \
    || { tail -1 "$t/log" >&2; exit 125; }
  image=$t/image.tar;;
esac
python3 -I "$here/imagefs.py" "$image" "$t/root" "${arch[@]}" "$@" > "$t/run" || exit 125
rm -f "$t/image.tar"
mapfile -d '' -t f < "$t/run"
options=("${limit[@]}" -w "${f[1]}" -u "${f[2]}") nenv=${f[3]}
case ${f[0]}/$(uname -m) in
amd64/x86_64|riscv64/riscv64|arm64/aarch64) run=inroot.sh;;
*) run=run_foreign.sh;;
esac
rc=0
"$here/$run" "${options[@]}" "$t/root" "${f[@]:4:nenv}" -- "${f[@]:4+nenv}" || rc=$?
exit "$rc"
