# For the tests of this folder: small modules from C files that stand in for the kernel.

objects=$BUILD/runtime/wasm-riscv64
LINK_TOOL=$BUILD/tests/host/link_tool
WASM_LD=wasm-ld-22

# make_image FILE SIZE: an image with a right header and "THE-END!" as its last bytes.
make_image() {
    python3 -c 'import struct, sys
size = int(sys.argv[2])
with open(sys.argv[1], "wb") as out:
    out.write(b"C2WROOT1" + struct.pack("<Q", size))
    out.seek(size - 8)
    out.write(b"THE-END!")' "$1" "$2"
}

# compile_wasm SOURCE OBJECT
compile_wasm() {
    local triple=wasm32-wasi
    [ -d /usr/lib/wasm32-wasip1 ] && triple=wasm32-wasip1
    clang-22 --target=$triple -Wno-deprecated -O2 -mbulk-memory -c "$1" -o "$2"
}

LIBRARIES=("$objects"/host/*.o "$BUILD/lib/c2w-aot/libc.a" "$BUILD/lib/c2w-aot/libbuiltins.a")

# link_module IMAGE OUTPUT OBJECTS...: with the WASI backend.
link_module() {
    local image=$1 output=$2
    shift 2
    "$LINK_TOOL" "$WASM_LD" "$image" "$output" . "$@" "${LIBRARIES[@]}"
}
