#!/usr/bin/env python3
"""Debian packages of any suite and architecture, fetched through an apt state of its own: this
machine's apt configuration, sources and installed packages are neither used nor changed, except
that the mirror is the first Debian URI of this machine's apt sources.

usage: aptstate.py [--suite SUITE] [--arch ARCH] [--depends] [--cache DIR] [--mirror URL]
                   [--unpack DIR [--only FILE]] PACKAGE...

Prints the path of each package file; with --unpack, unpacks their files below DIR instead.

  --suite    default trixie (Debian 13)
  --arch     default: this machine's
  --depends  also everything that the packages depend on
  --only     unpacks just this file (usr/bin/NAME)
  --cache    lists and packages, kept for the next time; parallel runs may share it
             (default: $DEBIMAGE_CACHE, else build/cache of the source tree)

Needs apt, dpkg and debian-archive-keyring; not root.
"""

import argparse
import contextlib
import fcntl
import glob
import os
import re
import subprocess
import sys
import tempfile

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


def default_cache():
    return os.environ.get("DEBIMAGE_CACHE") or os.path.join(SOURCE, "build/cache")


def default_mirror():
    """First Debian archive URI in this machine's apt configuration."""
    out = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(REPO_URI)"],
        capture_output=True,
        text=True,
    ).stdout
    for line in out.splitlines():
        uri = line.split()[-1].rstrip("/")
        if uri.endswith("/debian"):
            return uri
    raise AptError("no Debian mirror in apt's sources (give --mirror URL)")


def host_arch():
    return subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()


class AptError(Exception):
    """A failed apt command; the text is apt's own reason."""


class Apt:
    """A private apt state for one suite and architecture, with an empty dpkg status.

    Every use of the state holds an exclusive lock on its directory, so parallel runs can share
    a cache; finished .deb files are never changed and are read without the lock."""

    def __init__(self, suite, arch, cache=None, mirror=None):
        self.what = f"{suite} {arch}"
        self.dir = d = os.path.join(os.path.abspath(cache or default_cache()), f"{suite}-{arch}")
        self.archives = os.path.join(d, "cache/archives")
        for sub in ("lists/partial", "cache/archives/partial", "state", "tmp"):
            os.makedirs(os.path.join(d, sub), exist_ok=True)
        # apt removes other runs' files in the common TMPDIR, so this state has its own.
        self.env = dict(
            os.environ,
            APT_CONFIG=os.path.join(d, "apt.conf"),
            TMPDIR=os.path.join(d, "tmp"),
            LC_ALL="C",
        )
        self.stamp = os.path.join(d, "lists", ".updated")
        source = f"deb [signed-by={KEYRING}] {mirror or default_mirror()} {suite} main\n"
        with self.lock():
            open(os.path.join(d, "state/status"), "a").close()
            if self.write("sources.list", source):
                self.forget_lists()
            self.write("apt.conf", self.configuration(arch))

    def configuration(self, arch):
        d = self.dir
        return f"""Dir::Etc::SourceList "{d}/sources.list";
Dir::Etc::SourceParts "/dev/null"; Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{d}/state"; Dir::State::Lists "{d}/lists"; Dir::State::status "{d}/state/status";
Dir::Cache "{d}/cache"; APT::Architecture "{arch}"; APT::Architectures "{arch}";
APT::Install-Recommends "false"; APT::Sandbox::User "root"; Acquire::Languages "none";
Acquire::Retries "3"; APT::Get::Assume-Yes "true"; Debug::NoLocking "true";
APT::Update::Error-Mode "any";
"""

    @contextlib.contextmanager
    def lock(self):
        with open(os.path.join(self.dir, ".lock"), "w") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            yield

    def write(self, name, text):
        """Writes a file of the state; true if its content changed."""
        path = os.path.join(self.dir, name)
        if os.path.exists(path) and open(path).read() == text:
            return False
        with open(path, "w") as f:
            f.write(text)
        return True

    def forget_lists(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.stamp)

    def run(self, *cmd, cwd=None):
        """stdout of an apt command; AptError with apt's reason if it fails."""
        r = subprocess.run(cmd, env=self.env, cwd=cwd, capture_output=True, text=True)
        if r.returncode:
            errors = r.stderr.splitlines()
            why = [line[3:] for line in errors if line.startswith("E: ")] or errors
            raise AptError("; ".join(why) or f"{cmd[0]} exited with status {r.returncode}")
        sys.stderr.write(r.stderr)
        return r.stdout

    def packages(self, names, depends=True):
        """name -> path of the .deb file, for names and, with depends, all they depend on."""
        get = self.get_with_depends if depends else self.get_only
        try:
            with self.lock():
                fresh = not os.path.exists(self.stamp)
                if fresh:
                    self.update()
                try:
                    return get(names)
                except AptError:
                    if not fresh:  # the mirror may have moved on since the last update
                        self.forget_lists()
                        self.update()
                    return get(names)
        except AptError as e:
            raise AptError(f"{self.what}: {e}") from None

    def update(self):
        print(f"apt-get update for {self.what} (private state)", file=sys.stderr)
        try:
            self.run("apt-get", "-qq", "update")
        except AptError:
            self.run("apt-get", "-qq", "update")
        open(self.stamp, "w").close()

    def cached(self, name, version):
        version = version.replace(":", "%3a")
        return glob.glob(os.path.join(self.archives, glob.escape(f"{name}_{version}_") + "*.deb"))

    def get_only(self, names):
        got = {}
        for name in names:
            try:
                show = self.run("apt-cache", "show", "--no-all-versions", name)
            except AptError:
                raise AptError(f"Unable to locate package {name}") from None
            version = re.search(r"^Version: (\S+)", show, re.M).group(1)
            if not self.cached(name, version):
                with tempfile.TemporaryDirectory(dir=self.archives) as t:
                    self.run("apt-get", "-qq", "download", name, cwd=t)
                    for f in os.listdir(t):
                        os.replace(os.path.join(t, f), os.path.join(self.archives, f))
            got[name] = self.cached(name, version)[0]
        return got

    def get_with_depends(self, names):
        got = {}
        cmd = ["apt-get", "install", "--no-install-recommends", "--allow-remove-essential"]
        plan = self.run(*cmd, "-s", *names)
        self.run(*cmd, "-qq", "--download-only", *names)
        for name, version in re.findall(r"^Inst (\S+) \((\S+) ", plan, re.M):
            hit = self.cached(name, version)
            if len(hit) != 1:
                raise AptError(f"no .deb of {name} {version} in {self.archives}")
            got[name] = hit[0]
        return got


def unpack(debs, target, only=None):
    os.makedirs(target, exist_ok=True)
    for deb in debs:
        members = [f"./{only}"] if only else []
        files = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
        tar = subprocess.run(["tar", "-x", "-C", target, *members], stdin=files.stdout)
        files.stdout.close()
        if files.wait() or tar.returncode:
            raise AptError(f"{deb}: cannot be unpacked (delete it and run again)")


def main():
    ap = argparse.ArgumentParser(
        prog="aptstate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("--suite", default="trixie")
    ap.add_argument("--arch")
    ap.add_argument("--depends", action="store_true")
    ap.add_argument("--cache")
    ap.add_argument("--mirror")
    ap.add_argument("--unpack", metavar="DIR")
    ap.add_argument("--only", metavar="FILE")
    ap.add_argument("package", nargs="+")
    a = ap.parse_args()
    apt = Apt(a.suite, a.arch or host_arch(), a.cache, a.mirror)
    debs = apt.packages(a.package, a.depends).values()
    if a.unpack:
        unpack(debs, a.unpack, a.only)
    else:
        print("\n".join(debs))


if __name__ == "__main__":
    try:
        main()
    except AptError as e:
        sys.exit(f"aptstate: {e}")
    except OSError as e:
        sys.exit(f"aptstate: {e.filename}: {e.strerror}" if e.filename else f"aptstate: {e}")
    except KeyboardInterrupt:
        sys.exit("aptstate: interrupted")
