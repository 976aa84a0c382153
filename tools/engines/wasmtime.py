"""wasmtime's command line for its official Python package: the options that running a WASI command
needs.  Compiled modules are kept in $WASMTIME_CACHE if that is set.

usage: wasmtime [run] [--dir HOST[::GUEST]] [--env K=V] [-W max-wasm-stack=N] MODULE [ARG...]
"""

import os
import sys
from importlib.metadata import version

import wasmtime


def usage():
    sys.stderr.write(__doc__)
    sys.exit(2)


def parse(words):
    """(dirs, env, wasm options, [module, arguments...])"""
    dirs, env, wasm = [], [], {}
    words = words[1:] if words[:1] == ["run"] else words
    while words and words[0].startswith("-"):
        word, words = words[0], words[1:]
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name not in ("--dir", "--env", "-W", "--wasm"):
            usage()
        if not equals:
            if not words:
                usage()
            value, words = words[0], words[1:]
        if name == "--dir":
            host, _, guest = value.partition("::")
            dirs.append((host, guest or host))
        elif name == "--env":
            key, equals, text = value.partition("=")
            env.append((key, text if equals else os.environ.get(key, "")))
        else:
            wasm.update(option.partition("=")[::2] for option in value.split(","))
    if not words:
        usage()
    return dirs, env, wasm, words


def configuration(wasm):
    config = wasmtime.Config()
    for name, value in wasm.items():
        if name != "max-wasm-stack":
            usage()
        config.max_wasm_stack = int(value)
    folder = os.environ.get("WASMTIME_CACHE")
    if folder:
        os.makedirs(folder, exist_ok=True)
        settings = os.path.join(folder, "settings.toml")
        with open(f"{settings}.{os.getpid()}", "w") as f:
            f.write(f'[cache]\ndirectory = "{os.path.realpath(folder)}"\n')
        os.replace(f.name, settings)
        config.cache = settings
    return config


def main():
    if sys.argv[1:] in (["--version"], ["-V"]):
        print("wasmtime", version("wasmtime"))
        return 0
    dirs, env, wasm, command = parse(sys.argv[1:])
    engine = wasmtime.Engine(configuration(wasm))
    wasi = wasmtime.WasiConfig()
    wasi.argv = command
    wasi.env = env
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for host, guest in dirs:
        wasi.preopen_dir(host, guest)
    store = wasmtime.Store(engine)
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, command[0]))
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as e:
        return e.code
    except wasmtime.Trap as e:
        sys.stderr.write(f"wasmtime: {e}\n")
        return 134
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (wasmtime.WasmtimeError, OSError) as e:
        sys.exit(f"wasmtime: {e}")
