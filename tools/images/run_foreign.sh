#!/bin/bash
# run_foreign.sh - inroot.sh for another architecture: every program inside runs through qemu-user.
# Usage: run_foreign.sh [-w DIR] [-u USER[:GROUP]] [-t SECONDS] ROOTFS [K=V ...] -- CMD ARG...
#   e.g. run_foreign.sh -t 10 r/shell-riscv64 -- /bin/bash -c 'ls | wc -l'
# Environment: QEMU, a static qemu-user program (default: build/oracle/qemu-riscv64, which
#   tools/setup.sh --tests brings); QEMU_STRACE=1, QEMU_CPU=... reach every process inside.
# Needs root and Linux >= 6.7.  Options, environment and exit status: see guestns.py, or --help.
here=$(cd "$(dirname "$0")" && pwd)
q=${QEMU:-$here/../../build/oracle/qemu-riscv64}
command -v "$q" > /dev/null || { echo "run_foreign: $q not found (run tools/setup.sh --tests)" >&2; exit 125; }
exec python3 -I "$here/guestns.py" --qemu "$(command -v "$q")" "$@"
