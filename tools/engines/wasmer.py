"""wasmer's command line for its official Python SDK, which runs modules in a sandbox: arguments,
environment, the three streams and the exit status, but no host directories.

usage: wasmer run [--env K=V] MODULE [-- ARG...]
"""

import asyncio
import os
import sys
from importlib.metadata import version

import wasmer_sdk


def usage():
    sys.stderr.write(__doc__)
    sys.exit(2)


def parse(words):
    """(env, module, arguments)"""
    env = {}
    if words[:1] != ["run"]:
        usage()
    words = words[1:]
    while words and words[0].startswith("--"):
        name, equals, value = words[0].partition("=")
        words = words[1:]
        if name == "--env":
            if not equals:
                if not words:
                    usage()
                value, words = words[0], words[1:]
            key, _, text = value.partition("=")
            env[key] = text
        elif name in ("--volume", "--mapdir", "--dir"):
            sys.exit(f"wasmer: {name}: the SDK has no host directories")
        else:
            usage()
    if not words:
        usage()
    module, arguments = words[0], words[1:]
    return env, module, arguments[1:] if arguments[:1] == ["--"] else arguments


async def copy_input(process):
    loop = asyncio.get_running_loop()
    try:
        while data := await loop.run_in_executor(None, os.read, 0, 65536):
            await process.stdin.write(data)
        await process.stdin.close()
    except wasmer_sdk.WasmerError:
        pass  # the program ended without reading all of it


async def copy_output(stream, fd):
    async for data in stream:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]


async def run(env, module, arguments):
    cache = os.environ.get("WASMER_CACHE_DIR", ".wasmer")
    async with wasmer_sdk.Wasmer(cache_root=cache) as wasmer:
        with open(module, "rb") as f:
            package = await wasmer.packages.load(f.read())
        async with await wasmer.sandboxes.create(packages=[package]) as sandbox:
            command = sandbox.command(package, arguments, env=env)
            process = await command.spawn(stdin="pipe")
            reader = asyncio.create_task(copy_input(process))
            await asyncio.gather(copy_output(process.stdout, 1), copy_output(process.stderr, 2))
            output = await process.wait()
            reader.cancel()
            return output


def main():
    if sys.argv[1:] in (["--version"], ["-V"]):
        print("wasmer-sdk", version("wasmer-sdk"))
        return 0
    output = asyncio.run(run(*parse(sys.argv[1:])))
    if output.exit_code is None:
        sys.stderr.write(f"wasmer: {output.reason}\n")
        return 134
    return output.exit_code


if __name__ == "__main__":
    status = 1
    try:
        status = main()
    except (wasmer_sdk.WasmerError, OSError) as e:
        sys.stderr.write(f"wasmer: {e}\n")
    sys.stdout.flush()
    os._exit(status)  # a thread may still be waiting for standard input
