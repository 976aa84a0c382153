#!/usr/bin/env python3
"""debimage.py - make a container image (OCI layout tar or docker-save tar) out of
Debian packages, for any Debian architecture, without docker, chroot, binfmt or
maintainer scripts.

Needs: python3 (stdlib only), apt, dpkg, zstd (only for zstd layers),
debian-archive-keyring.  Network: only Debian's package mirror, through apt-get.

Usage:
  debimage.py RECIPE.json -o OUT.tar [--arch amd64|riscv64] [--format oci|docker]
              [--cache DIR] [--suite trixie] [--rootfs DIR]
              [-D NAME=VALUE ...]
  debimage.py --debs 'bash coreutils' -o OUT.tar --arch riscv64 \
              --entrypoint '["/bin/bash","-c","echo hi"]'

  --rootfs DIR  also unpack the merged root file system there (DIR must be new or empty); run
                it with inroot.sh or run_foreign.sh.
  --cache DIR   apt's lists and downloaded packages, reused by every build and safe to share
                between parallel runs (default: $DEBIMAGE_CACHE, else build/cache of the source tree)
  --mirror URL  package mirror (default: the first Debian URI of this machine's apt sources)
  -D N=V        replaces ${N} in every string of the recipe (ARCH, TRIPLET, MULTIARCH, HERE
                are predefined; HERE is the recipe's directory).

RECIPE.json:
 { "suite": "trixie", "arch": "amd64",
   "layers": [
     { "debs": ["base-files","bash"],          // + closure of Depends; packages of lower
                                               //   layers are not repeated
       "nodeps": false,
       "exclude": ["/usr/share/doc/*","/usr/share/man/*"],  // fnmatch patterns
       "compress": "gzip" | "zstd" | "none" },
     { "copy":    [["HOST/path/or/dir","/dest", "0755"?]],
       "files":   {"/etc/motd": "text"},       // literal files
       "symlinks":{"/usr/bin/awk": "mawk"},
       "dirs":    {"/tmp": "1777"},
       "whiteouts": ["/etc/issue"],            // deletes files of lower layers (.wh.)
       "opaque":  ["/var/cache"],              // .wh..wh..opq
       "compress": "zstd" } ],
   "config": { "Entrypoint": [...], "Cmd": [...], "Env": [...], "WorkingDir": "/",
               "User": "", "ExposedPorts": {...}, "Labels": {...} },
   "tag": "name:latest" }

Determinism: same .debs and recipe give byte-identical output (mtime of copied files is
SOURCE_DATE_EPOCH or 0, gzip has no timestamp, entries sorted).  Outputs appear complete or
not at all.  Errors are one line on stderr, exit status 1 (2 for usage).
"""

import argparse
import contextlib
import fnmatch
import gzip
import hashlib
import io
import json
import os
import posixpath
import re
import shutil
import signal
import subprocess
import sys
import tarfile

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
import aptstate  # noqa: E402

EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
TRIPLET = {
    "amd64": "x86_64-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "arm64": "aarch64-linux-gnu",
    "i386": "i386-linux-gnu",
}
# update-alternatives / maintainer-script results that extraction alone does not give.
# (link, target, condition path inside the image)
FIXUPS = [
    (
        "/usr/lib/{t}/libblas.so.3",
        "openblas-pthread/libblas.so.3",
        "/usr/lib/{t}/openblas-pthread/libblas.so.3",
    ),
    (
        "/usr/lib/{t}/liblapack.so.3",
        "openblas-pthread/liblapack.so.3",
        "/usr/lib/{t}/openblas-pthread/liblapack.so.3",
    ),
    (
        "/usr/lib/{t}/libopenblas.so.0",
        "openblas-pthread/libopenblas.so.0",
        "/usr/lib/{t}/openblas-pthread/libopenblas.so.0",
    ),
    ("/usr/lib/{t}/libblas.so.3", "blas/libblas.so.3", "/usr/lib/{t}/blas/libblas.so.3"),
    ("/usr/lib/{t}/liblapack.so.3", "lapack/liblapack.so.3", "/usr/lib/{t}/lapack/liblapack.so.3"),
    ("/usr/bin/awk", "mawk", "/usr/bin/mawk"),
    ("/usr/bin/lua", "lua5.4", "/usr/bin/lua5.4"),
    ("/usr/bin/pager", "more", "/usr/bin/more"),
    ("/usr/bin/cc", "gcc", "/usr/bin/gcc"),
    ("/usr/bin/which", "which.debianutils", "/usr/bin/which.debianutils"),
]
DEFAULT_EXCLUDE = [
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/usr/share/info/*",
    "/usr/share/lintian/*",
    "/usr/share/bug/*",
]


def log(*a):
    print("debimage:", *a, file=sys.stderr)


def die(msg):
    sys.exit(f"debimage: {msg}")


def norm(p):
    p = posixpath.normpath("/" + p.lstrip("./") if not p.startswith("/") else p)
    return p


class Layer:
    """An ordered set of tar entries: path -> (TarInfo, bytes or None).

    lower_symlinks has the paths that are symbolic links in the layers below (shared by all)."""

    def __init__(self, lower_symlinks):
        self.e = {}
        self.lower_symlinks = lower_symlinks

    def put(self, path, ti, data=None):
        path = norm(path)
        if path == "/":
            return
        old = self.e.get(path)
        if old and old[0].isdir() and ti.isdir():
            return
        ti.name = path[1:] + ("/" if ti.isdir() else "")
        self.e[path] = (ti, data)

    def file(self, path, data, mode=0o644):
        ti = tarfile.TarInfo()
        ti.size, ti.mode, ti.mtime = len(data), mode, EPOCH
        self.parents(path)
        self.put(path, ti, data)

    def parents(self, path):
        d = posixpath.dirname(norm(path))
        if d not in ("/", "") and d not in self.e and not self.is_symlink(d):
            self.parents(d)
            self.dir(d)

    def is_symlink(self, path):
        return path in self.lower_symlinks or (path in self.e and self.e[path][0].issym())

    def dir(self, path, mode=0o755):
        ti = tarfile.TarInfo()
        ti.type, ti.mode, ti.mtime = tarfile.DIRTYPE, mode, EPOCH
        self.put(path, ti)

    def symlink(self, path, target):
        ti = tarfile.TarInfo()
        ti.type, ti.linkname, ti.mode, ti.mtime = tarfile.SYMTYPE, target, 0o777, EPOCH
        self.parents(path)
        self.put(path, ti)

    def deb(self, fn, exclude):
        p = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", fn], stdout=subprocess.PIPE)
        try:
            with tarfile.open(fileobj=p.stdout, mode="r|") as t:
                for ti in t:
                    path = norm(ti.name)
                    if not ti.isdir() and any(fnmatch.fnmatch(path, x) for x in exclude):
                        continue
                    data = t.extractfile(ti).read() if ti.isreg() else None
                    if ti.islnk():
                        ti.linkname = norm(ti.linkname)[1:]
                    ti.pax_headers = {}
                    self.put(path, ti, data)
        except tarfile.TarError as e:
            die(f"{fn}: {e} (delete it and run again)")
        if p.wait():
            die(f"dpkg-deb failed on {fn} (delete it and run again)")

    def tar(self):
        buf = io.BytesIO()
        t = tarfile.open(fileobj=buf, mode="w", format=tarfile.PAX_FORMAT)
        links = []
        for path in sorted(self.e):
            ti, data = self.e[path]
            if ti.islnk():  # hard links after their targets
                links.append(ti)
                continue
            t.addfile(ti, io.BytesIO(data) if data is not None else None)
        for ti in links:
            t.addfile(ti)
        t.close()
        return buf.getvalue()


def subst(x, m):
    if isinstance(x, str):
        return re.sub(r"\$\{(\w+)\}", lambda k: m.get(k.group(1), k.group(0)), x)
    if isinstance(x, list):
        return [subst(i, m) for i in x]
    if isinstance(x, dict):
        return {subst(k, m): subst(v, m) for k, v in x.items()}
    return x


def sha(b):
    return hashlib.sha256(b).hexdigest()


def compress(raw, how):
    if how == "gzip":
        b = io.BytesIO()
        with gzip.GzipFile(fileobj=b, mode="wb", compresslevel=6, mtime=0, filename="") as g:
            g.write(raw)
        return b.getvalue()
    if how == "zstd":
        return subprocess.run(
            ["zstd", "-q", "-10", "-c", "-T2"], input=raw, check=True, stdout=subprocess.PIPE
        ).stdout
    return raw


def build(rec, arch, apt, here):
    """Returns [(raw tar, how)] layers."""
    have, lay_out = set(), []
    symlinks, fixups_done = set(), set()
    for spec in rec["layers"]:
        L = Layer(symlinks)
        if spec.get("compress", "gzip") not in ("gzip", "zstd", "none"):
            die(f"unknown compress {spec['compress']} (known: gzip zstd none)")
        debs = spec.get("debs", [])
        if debs:
            ex = spec.get("exclude", DEFAULT_EXCLUDE)
            clo = apt.packages(debs, not spec.get("nodeps", False))
            new = {k: v for k, v in clo.items() if k not in have}
            log(f"layer: {len(new)} packages:", " ".join(sorted(new)))
            for name in sorted(new, key=lambda n: (n != "base-files", n)):
                L.deb(new[name], ex)
            have |= set(new)
            symlinks.update(p for p, (ti, _) in L.e.items() if ti.issym())
            # what maintainer scripts would have done
            for src, dst in (
                ("/usr/share/base-passwd/passwd.master", "/etc/passwd"),
                ("/usr/share/base-passwd/group.master", "/etc/group"),
            ):
                if src in L.e and dst not in L.e:
                    L.file(dst, L.e[src][1])
            for link, tgt, cond in FIXUPS:
                link, tgt, cond = (s.format(t=TRIPLET[arch]) for s in (link, tgt, cond))
                if cond in L.e and link not in L.e and link not in fixups_done:
                    L.symlink(link, tgt)
                    fixups_done.add(link)
            for d, m in (
                ("/tmp", 0o1777),
                ("/proc", 0o555),
                ("/dev", 0o755),
                ("/root", 0o700),
                ("/run", 0o755),
                ("/sys", 0o555),
            ):
                if "base-files" in new and d not in L.e:
                    L.dir(d, m)
        for item in spec.get("copy", []):
            src, dst = item[0], item[1]
            src = src if os.path.isabs(src) else os.path.join(here, src)
            if os.path.isdir(src):
                for root, dirs, files in os.walk(src):
                    dirs.sort()
                    rel = os.path.relpath(root, src)
                    base = norm(posixpath.join(dst, rel)) if rel != "." else dst
                    L.parents(base)
                    L.dir(base)
                    for f in sorted(files):
                        fp = os.path.join(root, f)
                        if os.path.islink(fp):
                            L.symlink(posixpath.join(base, f), os.readlink(fp))
                        else:
                            L.file(
                                posixpath.join(base, f),
                                open(fp, "rb").read(),
                                0o755 if os.stat(fp).st_mode & 0o111 else 0o644,
                            )
            else:
                mode = (
                    int(item[2], 8)
                    if len(item) > 2
                    else (0o755 if os.stat(src).st_mode & 0o111 else 0o644)
                )
                L.file(dst, open(src, "rb").read(), mode)
        for p, txt in spec.get("files", {}).items():
            L.file(p, txt.encode(), 0o755 if txt.startswith("#!") else 0o644)
        for p, m in spec.get("dirs", {}).items():
            L.parents(p)
            L.dir(p, int(m, 8))
        for p, tgt in spec.get("symlinks", {}).items():
            L.symlink(p, tgt)
        for p in spec.get("whiteouts", []):
            L.file(posixpath.join(posixpath.dirname(p), ".wh." + posixpath.basename(p)), b"")
        for p in spec.get("opaque", []):
            L.dir(p)
            L.file(posixpath.join(p, ".wh..wh..opq"), b"")
        lay_out.append((L, L.tar(), spec.get("compress", "gzip")))
    return lay_out


def unpack(layers, dest):
    os.makedirs(dest, exist_ok=True)
    for L, raw, _ in layers:
        t = tarfile.open(fileobj=io.BytesIO(raw))
        for ti in t:
            b = posixpath.basename(ti.name.rstrip("/"))
            d = posixpath.dirname(ti.name.rstrip("/"))
            if b == ".wh..wh..opq":
                full = os.path.join(dest, d)
                mine = {p for p in L.e}
                for n in os.listdir(full):
                    if norm(posixpath.join(d, n)) not in mine:
                        x = os.path.join(full, n)
                        (
                            shutil.rmtree(x)
                            if os.path.isdir(x) and not os.path.islink(x)
                            else os.unlink(x)
                        )
                continue
            if b.startswith(".wh."):
                x = os.path.join(dest, d, b[4:])
                if os.path.lexists(x):
                    shutil.rmtree(x) if os.path.isdir(x) and not os.path.islink(x) else os.unlink(x)
                continue
            if ti.isdir() and os.path.isdir(os.path.join(dest, ti.name)):
                continue
            x = os.path.join(dest, ti.name)
            if not ti.isdir() and os.path.lexists(x):
                shutil.rmtree(x) if os.path.isdir(x) and not os.path.islink(x) else os.unlink(x)
            t.extract(ti, dest, numeric_owner=True)
    os.chmod(dest, 0o755)


@contextlib.contextmanager
def whole(path):
    """A temporary name beside path, renamed to path only if the block succeeds."""
    part = f"{path.rstrip('/')}.part{os.getpid()}"
    try:
        yield part
        os.rename(part, path)
    except BaseException:
        if os.path.isdir(part):
            shutil.rmtree(part)
        elif os.path.exists(part):
            os.unlink(part)
        raise


def read_recipe(path):
    try:
        with open(path) as f:
            rec = json.load(f)
    except ValueError as e:
        die(f"{path}: not JSON: {e}")
    if not isinstance(rec, dict) or not isinstance(rec.get("layers"), list):
        die(f'{path}: not a recipe (no "layers" list)')
    return rec


def main():
    ap = argparse.ArgumentParser(
        prog="debimage", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("recipe", nargs="?")
    ap.add_argument("-o", "--out")
    ap.add_argument("--arch")
    ap.add_argument("--suite")
    ap.add_argument("--mirror")
    ap.add_argument("--format", choices=["oci", "docker"], default="oci")
    ap.add_argument("--cache")
    ap.add_argument("--rootfs")
    ap.add_argument("--debs")
    ap.add_argument("--entrypoint")
    ap.add_argument("-D", action="append", default=[], metavar="NAME=VALUE")
    a = ap.parse_args()
    if not (a.recipe or a.debs):
        ap.error("give a RECIPE.json or --debs")
    if not (a.out or a.rootfs):
        ap.error("give -o OUT.tar or --rootfs DIR")
    if any("=" not in d for d in a.D):
        ap.error("-D wants NAME=VALUE")
    if a.recipe:
        here = os.path.dirname(os.path.abspath(a.recipe))
        rec = read_recipe(a.recipe)
    else:
        here = os.getcwd()
        rec = {
            "layers": [{"debs": (a.debs or "").split()}],
            "config": {"Entrypoint": json.loads(a.entrypoint or '["/bin/sh"]')},
        }
    arch = a.arch or rec.get("arch", "amd64")
    if arch not in TRIPLET:
        die(f"unknown architecture {arch} (known: {' '.join(TRIPLET)})")
    suite = a.suite or rec.get("suite", "trixie")
    if (
        a.rootfs
        and os.path.exists(a.rootfs)
        and (not os.path.isdir(a.rootfs) or os.listdir(a.rootfs))
    ):
        die(f"{a.rootfs}: exists and is not an empty directory (remove it or choose another)")
    m = {"ARCH": arch, "TRIPLET": TRIPLET[arch], "MULTIARCH": TRIPLET[arch], "HERE": here}
    m.update(dict(x.split("=", 1) for x in a.D))
    rec = subst(rec, m)
    apt = None
    if any(l.get("debs") for l in rec["layers"]):
        apt = aptstate.Apt(suite, arch, a.cache, a.mirror)
    layers = build(rec, arch, apt, here)
    if a.rootfs:
        with whole(a.rootfs) as part:
            unpack(layers, part)
    if a.out:
        with whole(a.out) as part:
            write_image(part, rec, layers, arch, a.format)
        log(
            a.out,
            os.path.getsize(a.out),
            "bytes,",
            len(layers),
            "layers,",
            sum(len(r) for _, r, _ in layers),
            "bytes uncompressed",
        )


def write_image(path, rec, layers, arch, fmt):
    cfg = dict(rec.get("config", {}))
    cfg.setdefault("Env", ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    oci_arch = {"amd64": "amd64", "riscv64": "riscv64", "arm64": "arm64", "i386": "386"}[arch]
    config = {
        "architecture": oci_arch,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": cfg,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(r) for _, r, _ in layers]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "debimage"} for _ in layers],
    }
    tag = rec.get("tag", "debimage:latest")
    out = tarfile.open(path, "w", format=tarfile.PAX_FORMAT)

    def add(name, data):
        ti = tarfile.TarInfo(name)
        ti.size, ti.mode, ti.mtime = len(data), 0o644, EPOCH
        out.addfile(ti, io.BytesIO(data))

    cj = json.dumps(config, sort_keys=True).encode()
    if fmt == "docker":
        names = []
        for _, raw, how in layers:  # docker save keeps layers uncompressed
            n = sha(raw) + "/layer.tar"
            names.append(n)
            add(n, raw)
        cn = sha(cj) + ".json"
        add(cn, cj)
        add(
            "manifest.json",
            json.dumps([{"Config": cn, "RepoTags": [tag], "Layers": names}]).encode(),
        )
        add(
            "repositories",
            json.dumps({tag.split(":")[0]: {tag.split(":")[-1]: names[-1].split("/")[0]}}).encode(),
        )
    else:
        mt = {
            "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
            "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
            "none": "application/vnd.oci.image.layer.v1.tar",
        }
        descs = []
        for _, raw, how in layers:
            b = compress(raw, how)
            descs.append({"mediaType": mt[how], "digest": "sha256:" + sha(b), "size": len(b)})
            add("blobs/sha256/" + sha(b), b)
        add("blobs/sha256/" + sha(cj), cj)
        man = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": "sha256:" + sha(cj),
                "size": len(cj),
            },
            "layers": descs,
        }
        mj = json.dumps(man, sort_keys=True).encode()
        add("blobs/sha256/" + sha(mj), mj)
        add(
            "index.json",
            json.dumps(
                {
                    "schemaVersion": 2,
                    "manifests": [
                        {
                            "mediaType": "application/vnd.oci.image.manifest.v1+json",
                            "digest": "sha256:" + sha(mj),
                            "size": len(mj),
                            "platform": {"architecture": oci_arch, "os": "linux"},
                            "annotations": {
                                "org.opencontainers.image.ref.name": tag.split(":")[-1]
                            },
                        }
                    ],
                }
            ).encode(),
        )
        add("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    out.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that outputs are cleaned up
    try:
        main()
    except OSError as e:
        die(f"{e.filename}: {e.strerror}" if e.filename else e)
    except aptstate.AptError as e:
        die(e)
    except subprocess.CalledProcessError as e:
        die(f"{e.cmd[0]} failed with status {e.returncode}")
    except KeyboardInterrupt:
        die("interrupted")
