# shellcheck shell=bash
# What every engine must do with the busybox module; each .test file calls it for one engine.
. "$TESTS/lib.sh"

# in_guest OPTION... -- WORD...: runs the module in the engine through the tool.
in_guest() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    timeout 120 "$C2W" run --engine "$engine" "${options[@]}" "$module" "$@"
}

# expect NAME STATUS: compares out, err and the last status with want.out and want.err (empty when
# they do not exist), and removes all of them.
expect() {
    local why=
    touch want.out want.err
    [ "$actual" = "$2" ] || why="exit status $actual, not $2"
    cmp -s want.out out || why="${why:+$why; }standard output differs"
    cmp -s want.err err || why="${why:+$why; }standard error differs"
    if [ -z "$why" ]; then
        ok "$1"
    else
        diff -u want.out out | head -n 20
        diff -a -u want.err err | head -n 20
        not_ok "$1" "$why"
    fi
    rm -f want.out want.err out err
}

# guest ARGUMENTS of in_guest: leaves out, err and $actual.
guest() {
    actual=0
    in_guest "$@" > out 2> err || actual=$?
}

test_engine() {
    engine=$1
    if ! command -v "$engine" > /dev/null; then
        skip "$engine" "not installed (tools/engines.sh says why)"
        return
    fi
    local lift=all
    [ "$TIER" = full ] || lift=none
    module=$(busybox_module $lift) || { echo "$module"; not_ok "$engine" "the busybox module cannot be built"; return; }

    printf 'hello from busybox\nriscv64\n1\n2\n3\n' > want.out
    actual=0
    timeout 120 "$C2W" run --engine "$engine" "$module" > out 2> err < /dev/null || actual=$?
    expect "the image's own command" 0

    echo out > want.out
    echo err > want.err
    guest -- sh -c 'echo out; echo err >&2; exit 7' < /dev/null
    expect "stdout, stderr and exit status" 7

    printf '<a b><><*><ü><--x>' > want.out
    guest -- printf '<%s>' 'a b' '' '*' 'ü' --x < /dev/null
    expect "arguments" 0

    printf 'two words|/root\n' > want.out
    guest -e 'VALUE=two words' -- sh -c 'echo "$VALUE|$(pwd)"' < /dev/null
    expect "environment and working directory" 0

    head -c 100000 "$module" > bytes
    cp bytes want.out
    guest -- cat < bytes
    expect "binary standard input and output" 0

    echo 67108864 > want.out
    guest -- sh -c 'dd if=/dev/zero bs=1M count=64 2>/dev/null | dd bs=64k of=/tmp/copy 2>/dev/null; stat -c %s /tmp/copy' < /dev/null
    expect "processes and pipes" 0

    echo 50331648 > want.out
    guest -- sh -c 'dd if=/dev/zero of=/tmp/big bs=1M count=48 2>/dev/null; stat -c %s /tmp/big' < /dev/null
    expect "growing memory" 0

    echo 143 > want.out
    guest -- sh -c 'sh -c "kill -TERM \$\$" 2>/dev/null; echo $?' < /dev/null
    expect "a child ended by a signal" 0

    local start end
    start=$(date +%s%N)
    guest -- sleep 1 < /dev/null
    end=$(date +%s%N)
    expect "sleep" 0
    if [ $((end - start)) -ge 1000000000 ]; then ok "sleep takes its time"; else not_ok "sleep takes its time" "it did not"; fi

    if "$engine" --version 2> /dev/null | grep -q sdk; then
        skip "host directory" "this command line is for an SDK that has none"
        return
    fi
    mkdir -p shared/sub
    echo one > shared/sub/file
    printf 'one\nsub\n' > want.out
    guest -v "$PWD/shared:/data" -- sh -c 'cat /data/sub/file; ls /data; echo two > /data/new' < /dev/null
    expect "host directory" 0
    echo two > want
    same "written host file" want shared/new
}
