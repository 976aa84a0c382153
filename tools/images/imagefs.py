#!/usr/bin/env python3
"""imagefs.py - unpacks an OCI or docker-save image archive into a root file system and prints how
to run it (used by runimage.sh).

Usage: imagefs.py IMAGE.tar ROOTFS [--arch ARCH] [ARGS...]     (root; zstd for zstd layers)
ROOTFS must be new or empty.  Prints strings, each ended by a zero byte: architecture, WorkingDir,
User, number of Env entries, the Env entries, then Entrypoint and ARGS (ARGS replace Cmd).
"""

import gzip
import json
import os
import posixpath
import shutil
import subprocess
import sys
import tarfile
import tempfile


def die(msg):
    sys.exit(f"imagefs: {msg}")


def digest_path(descriptor):
    return "blobs/" + descriptor["digest"].replace(":", "/")


def images(read):
    """(config, layer names) of every runnable image in the archive."""

    def walk(descriptors):
        for d in descriptors:
            doc = json.loads(read(digest_path(d)))
            if "manifests" in doc:
                yield from walk(doc["manifests"])
            elif "layers" in doc:
                config = json.loads(read(digest_path(doc["config"])))
                if config.get("architecture") not in (None, "", "unknown"):
                    yield config, [digest_path(l) for l in doc["layers"]]

    try:
        index = read("index.json")
    except KeyError:
        return [
            (json.loads(read(m["Config"])), m["Layers"]) for m in json.loads(read("manifest.json"))
        ]
    return list(walk(json.loads(index)["manifests"]))


def plain(blob):
    """A seekable uncompressed copy of a layer."""
    out, magic = tempfile.TemporaryFile(), blob.read(4)
    blob.seek(0)
    if magic[:2] == b"\x1f\x8b":
        shutil.copyfileobj(gzip.GzipFile(fileobj=blob), out)
    elif magic == b"\x28\xb5\x2f\xfd":
        with tempfile.TemporaryFile() as packed:
            shutil.copyfileobj(blob, packed)
            packed.seek(0)
            subprocess.run(["zstd", "-dcq"], stdin=packed, stdout=out, check=True)
    else:
        shutil.copyfileobj(blob, out)
    out.seek(0)
    return out


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def apply_layer(fileobj, dirs):
    """Unpacks one layer onto / (this process is already inside the root file system)."""
    with tarfile.open(fileobj=fileobj) as t:
        members = [(posixpath.normpath("/" + m.name.lstrip("/")), m) for m in t]
        for path, m in members:  # whiteouts concern lower layers: first
            where, name = posixpath.split(path)
            if name == ".wh..wh..opq":
                for n in os.listdir(where) if os.path.isdir(where) else []:
                    remove(posixpath.join(where, n))
            elif name.startswith(".wh."):
                remove(posixpath.join(where, name[4:]))
        for path, m in members:
            if posixpath.basename(path).startswith(".wh.") or path == "/" and not m.isdir():
                continue
            if not m.isdir():
                remove(path)
            elif os.path.lexists(path) and not os.path.isdir(path):
                remove(path)
            m.name = path[1:] or "."
            if m.islnk():
                m.linkname = posixpath.normpath("/" + m.linkname.lstrip("/"))[1:]
            t.extract(m, "/", numeric_owner=True)
            for k, v in m.pax_headers.items():
                if k.startswith("SCHILY.xattr."):
                    os.setxattr(
                        path, k[13:], v.encode("utf-8", "surrogateescape"), follow_symlinks=False
                    )
            if m.isdir():
                dirs[path] = m.mtime


def main():
    own = sys.argv[1:]
    if len(own) < 2:
        sys.stderr.write(__doc__)
        sys.exit(2)
    tar, rootfs, args, arch = own[0], own[1], own[2:], None
    if args[:1] == ["--arch"]:
        arch, args = args[1], args[2:]
    host = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    with tarfile.open(tar) as t:
        found = images(lambda name: t.extractfile(name).read())
        if not arch and len(found) > 1:
            arch = host
        choice = [i for i in found if not arch or i[0]["architecture"] == arch]
        if not choice:
            die(
                f"{tar}: no image for {arch} (has: {' '.join(i[0]['architecture'] for i in found)})"
            )
        config, names = choice[0]
        layers = [plain(t.extractfile(n)) for n in names]
    os.makedirs(rootfs, exist_ok=True)
    if os.listdir(rootfs):
        die(f"{rootfs}: not empty")
    os.chmod(rootfs, 0o755)
    os.chroot(rootfs)  # links inside the image cannot lead outside
    os.chdir("/")
    tarfile.TarFile.extraction_filter = staticmethod(lambda m, _: m)
    dirs = {}
    for layer in layers:
        apply_layer(layer, dirs)
    for d, mtime in dirs.items():
        if os.path.isdir(d):
            os.utime(d, (mtime, mtime))
    c = config.get("config") or {}
    env, entry = c.get("Env") or [], c.get("Entrypoint") or []
    argv = entry + (args or c.get("Cmd") or [])
    if not argv:
        die(f"{tar}: no Entrypoint or Cmd, and no ARGS given")
    out = (
        [config["architecture"], c.get("WorkingDir") or "/", c.get("User") or "0:0", str(len(env))]
        + env
        + argv
    )
    sys.stdout.buffer.write(b"".join(os.fsencode(s) + b"\0" for s in out))


if __name__ == "__main__":
    try:
        main()
    except OSError as e:
        die(f"{e.filename}: {e.strerror}" if e.filename else e)
    except (tarfile.TarError, KeyError, ValueError) as e:
        die(f"{sys.argv[1]}: not a container image ({str(e).splitlines()[0].rstrip(':')})")
    except subprocess.CalledProcessError as e:
        die(f"{e.cmd[0]} failed with status {e.returncode}")
