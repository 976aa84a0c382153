#!/bin/bash
# Installs what is missing, builds, and runs the tests.  Last line: N passed, N failed, N skipped.
#
# usage: tools/test.sh [--fast|--full] [TEST...]
#
#   --fast  the quick tests, for the edit loop; no engines are installed
#   --full  everything that continuous integration runs (default)
#   TEST    only these, as tests/run names them
# Exit status: 0 if nothing failed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
tier=--full names=()
for argument; do
    case $argument in
    --fast | --full) tier=$argument ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 0 ;;
    -*) echo "test.sh: unknown argument $argument (see --help)" >&2 && exit 2 ;;
    *) names+=("$argument") ;;
    esac
done
cd "$SOURCE"

tools/setup.sh --tests

say "Build"
quietly "$OUT/configure.log" cmake --preset release
show cmake --build build

say "Images"
for image in busybox shell lua sqlite; do
    show tools/images/make.sh $image
    show tools/images/make.sh $image amd64
done

if [ $tier = --full ]; then
    show tools/images/make.sh libraries amd64
    # An engine that cannot be had is a skipped test, not an error.
    show tools/engines.sh || true
fi

say "Tests"
exec tests/run $tier "${names[@]}"
