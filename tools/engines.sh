#!/bin/bash
# Brings the WebAssembly engines that this machine can get from its package registries into
# build/engines/bin, and says which it could not and why.
#
# usage: tools/engines.sh [--all] [ENGINE...]
#
#   ENGINE  wasmtime wasmedge wazero iwasm wasmer (default: each that is not there yet)
#   --all   wasmtime and wasmer as their own command line programs, built by cargo (each takes tens
#           of CPU minutes), instead of a small command line for their official Python packages
# Exit status: 0 if every engine named is there.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

all=no names=()
for argument; do
    case $argument in
    --all) all=yes ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    wasmtime | wasmedge | wazero | iwasm | wasmer) names+=("$argument") ;;
    *) echo "engines.sh: unknown argument $argument (see --help)" >&2 && exit 2 ;;
    esac
done
[ ${#names[@]} -gt 0 ] || names=(wasmtime wasmedge wazero iwasm wasmer)

# Fixed versions, so that a test that passed keeps passing.
WASMTIME_PYTHON=50.0.1 WASMTIME_CRATE=48.0.8
WASMER_PYTHON=0.5.0 WASMER_CRATE=7.4.2
WAZERO_MODULE=v1.12.0
WAMR_CRATE=0.3.0 # of wamrx-sys: WAMR 2.4.3

engines=$OUT/engines bin=$OUT/engines/bin
mkdir -p "$bin"
part=$(mktemp -d "$engines/.part.XXXXXX")
log=$engines/install.log
trap 'rm -rf "$part"' EXIT
apt_state=$SOURCE/tools/aptstate.py

# Compiled modules are kept in build/engines/cache, as the tests start the same module many times.

# launcher NAME LINE...: an executable script in bin; in LINE, $root is the engines' folder.
launcher() {
    local name=$1
    shift
    {
        echo '#!/bin/sh'
        echo 'root=$(dirname "$(dirname "$(readlink -f "$0")")")'
        printf '%s\n' "$@"
    } > "$part/launcher"
    chmod +x "$part/launcher"
    mv -f "$part/launcher" "$bin/$name"
}

# An official Python package with the small command line in tools/engines/NAME.py.
python_engine() {
    local name=$1 requirement=$2 variable=$3
    python3 -m pip --version > /dev/null 2>&1 || { echo "needs pip (apt-get install python3-pip)"; return 1; }
    python3 -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all: \
        --target "$part/$name" "$requirement" || return
    cp "$SOURCE/tools/engines/$name.py" "$part/$name/${name}_command.py"
    rm -rf "${engines:?}/$name"
    mv "$part/$name" "$engines/$name"
    launcher "$name" "export $variable=\"\${$variable-\$root/cache/$name}\"" \
        "PYTHONPATH=\$root/$name PYTHONDONTWRITEBYTECODE=1 exec python3 \"\$root/$name/${name}_command.py\" \"\$@\""
}

cargo_engine() {
    local name=$1 crate=$2 version=$3
    shift 3
    have cargo || { echo "needs cargo"; return 1; }
    CARGO_TARGET_DIR=$part/target nice -n 19 cargo install --quiet --locked --root "$part/$name" \
        --version "$version" "$@" "$crate" || return
    rm -f "${bin:?}/$name"
    mv "$part/$name/bin/$name" "$bin/$name"
}

install_wasmtime() {
    if [ $all = yes ]; then
        cargo_engine wasmtime wasmtime-cli $WASMTIME_CRATE
    else
        python_engine wasmtime wasmtime==$WASMTIME_PYTHON WASMTIME_CACHE
    fi
}

install_wasmer() {
    if [ $all = yes ]; then
        cargo_engine wasmer wasmer-cli $WASMER_CRATE --features cranelift
    else
        python_engine wasmer wasmer-sdk==$WASMER_PYTHON WASMER_CACHE_DIR
    fi
}

# Debian 13's package with everything it depends on, down to the C library's loader.
install_wasmedge() {
    "$apt_state" --depends --unpack "$part/wasmedge" wasmedge || return
    local loader
    loader=$(cd "$part/wasmedge" && ls usr/lib*/ld-linux-*.so.* | head -n 1) || return
    local libraries
    libraries=$(cd "$part/wasmedge" && dirname "$(find usr/lib -name 'libwasmedge.so.*' | head -n 1)") || return
    rm -rf "$part/wasmedge/usr/share" "$part/wasmedge/usr/lib/$(basename "$libraries")/wasmedge" "$engines/wasmedge"
    mv "$part/wasmedge" "$engines/wasmedge"
    launcher wasmedge "exec \"\$root/wasmedge/$loader\" --library-path \"\$root/wasmedge/$libraries\" \\" \
        "    \"\$root/wasmedge/usr/bin/wasmedge\" \"\$@\""
}

# The Go module, or Debian sid's package, which is a static program too.
install_wazero() {
    if have go; then
        GOBIN=$part GOFLAGS=-mod=mod nice go install "github.com/tetratelabs/wazero/cmd/wazero@$WAZERO_MODULE" || return
    else
        "$apt_state" --suite sid --only usr/bin/wazero --unpack "$part/wazero-deb" wazero || return
        mv "$part/wazero-deb/usr/bin/wazero" "$part/wazero"
    fi
    mkdir -p "$engines/wazero"
    mv "$part/wazero" "$engines/wazero/wazero"
    launcher wazero 'wazero=$root/wazero/wazero cache=${WAZERO_CACHE-$root/cache/wazero}' \
        'if [ "$1" = run ] && [ -n "$cache" ]; then' \
        '    shift; exec "$wazero" run "-cachedir=$cache" "$@"' 'fi' 'exec "$wazero" "$@"'
}

# WAMR's source as its crate carries it, with the command line of tools/engines/iwasm.c.
install_iwasm() {
    have cargo || { echo "needs cargo (its source comes as a crate)"; return 1; }
    mkdir -p "$part/crate/src"
    printf '[package]\nname = "fetch"\nversion = "0.0.0"\n[dependencies]\nwamrx-sys = "=%s"\n' \
        $WAMR_CRATE > "$part/crate/Cargo.toml"
    : > "$part/crate/src/lib.rs"
    (cd "$part/crate" && cargo vendor --quiet vendor > /dev/null) || return
    # SIMD in its interpreter is written with SIMDe's headers.
    "$apt_state" --unpack "$part/simde" libsimde-dev || return
    local source=$part/crate/vendor/wamrx-sys/wasm-micro-runtime
    nice cmake -G Ninja -S "$source" -B "$part/wamr" -DCMAKE_BUILD_TYPE=Release \
        -DWAMR_BUILD_PLATFORM=linux -DWAMR_BUILD_INTERP=1 -DWAMR_BUILD_FAST_INTERP=1 \
        -DWAMR_BUILD_AOT=0 -DWAMR_BUILD_LIBC_WASI=1 -DWAMR_BUILD_BULK_MEMORY=1 \
        -DWAMR_BUILD_REF_TYPES=1 -DWAMR_BUILD_SIMD=1 -DWAMR_BUILD_LIB_SIMDE=1 \
        "-DFETCHCONTENT_SOURCE_DIR_SIMDE=$part/simde/usr/include" || return
    nice cmake --build "$part/wamr" --target vmlib || return
    gcc -O2 -Wall -Wextra -Werror -I "$source/core/iwasm/include" -o "$part/iwasm" \
        "$SOURCE/tools/engines/iwasm.c" "$part/wamr/libiwasm.a" -lm -lpthread -ldl || return
    mv "$part/iwasm" "$bin/iwasm"
}

# version_of NAME: prints it; fails if the engine does not start.
version_of() {
    local text
    case $1 in
    wazero) text=$("$bin/wazero" version 2> /dev/null < /dev/null) ;;
    *) text=$("$bin/$1" --version 2> /dev/null < /dev/null) ;;
    esac || return
    printf '%s\n' "$text" | head -n 1 | sed 's,^/[^ ]*/,,'
}

works() { [ -x "$bin/$1" ] && version_of "$1" > /dev/null; }
own_program() { works "$1" && [ "$(head -c 2 "$bin/$1")" != '#!' ]; }

say "Engines, in ${bin#"$SOURCE/"}"
failed=0
: > "$log"
for name in "${names[@]}"; do
    if works "$name" && { [ $all = no ] || own_program "$name" || [[ $name != wasm@(time|er) ]]; }; then
        note "$name: there ($(version_of "$name"))"
        continue
    fi
    start=$(wc -l < "$log")
    if "install_$name" >> "$log" 2>&1 && works "$name"; then
        note "$name: installed ($(version_of "$name"))"
    else
        note "$name: not installed: $(tail -n +$((start + 1)) "$log" | grep -av '^ *$' | tail -n 1)"
        failed=1
    fi
done
exit $failed
