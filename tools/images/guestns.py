#!/usr/bin/env python3
"""guestns.py - runs a command in a root file system, in private namespaces: the one implementation
behind inroot.sh, run_foreign.sh and runimage.sh.

Usage: guestns.py [-w DIR] [-u USER[:GROUP]] [-t SECONDS] [--qemu QEMU] ROOTFS [K=V ...] -- CMD ARG...

  -w DIR      working directory in ROOTFS (default /; made if missing)
  -u USER     name or number, as in an image's User; group and supplementary groups come from
              ROOTFS/etc/passwd and group (default 0:0)
  -t SECONDS  end everything inside after that time, exit status 124 (default: $TIMEOUT, else none)
  --qemu Q    run every program of Q's architecture through the static qemu-user program Q
  K=V         the environment.  Nothing is inherited; defaults are PATH (as in docker) and HOME
              (of USER, else /).  With --qemu this machine's QEMU_* variables are added.

The guest sees /proc, a /dev of null zero full random urandom tty stdin stdout stderr fd shm pts
ptmx, and a private network with only lo.  PID 1 is this script's init, so signals to the guest
have their usual effect.  Everything inside ends with the command or when this script is killed,
and nothing stays mounted.  Exit status: the command's, 128+N for signal N, 127/126 when it cannot
be run, 124 timeout, 125 for an error of this script.

Needs root, Python 3, and with --qemu Linux >= 6.7 with binfmt_misc (registrations are private to
a user namespace from that version on; the machine's own are not touched).
"""

import argparse
import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
import sys

NEWNS, NEWUSER, NEWPID, NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000  # unshare(2)
NOSUID, NOEXEC, NODEV, BIND, PRIVATE_REC = 2, 8, 4, 4096, 0x44000  # mount(2)
ELF_MACHINE = {"riscv64": 0xF3, "x86_64": 0x3E}
libc = ctypes.CDLL(None, use_errno=True)


def die(msg, status=125):
    sys.stderr.write(f"guestns: {msg}\n")
    sys.stderr.flush()
    os._exit(status)


def check(rc, what):
    if rc < 0:
        die(f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(src, target, fstype=None, flags=0, data=None):
    b = lambda s: None if s is None else os.fsencode(s)
    return libc.mount(b(src), b(target), b(fstype), ctypes.c_ulong(flags), b(data))


def die_with_parent():
    libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG; cleared by a change of credentials


def status_of(wait_status):
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code


def new_user_namespace():
    """A user namespace with the same ids; its parent process has to write the maps."""
    parent, ready, mapped = os.getpid(), os.pipe(), os.pipe()
    child = os.fork()
    if child:
        os.close(ready[1])
        if os.read(ready[0], 1):
            try:
                for name in ("uid_map", "gid_map"):
                    same = "".join(
                        "{0} {0} {2}\n".format(*l.split()) for l in open(f"/proc/self/{name}")
                    )
                    with open(f"/proc/{child}/{name}", "w") as f:
                        f.write(same)
            except OSError as e:
                die(f"this machine refuses to map the ids of a user namespace: {e.strerror}")
            os.write(mapped[1], b"m")
        wait_and_exit(child)
    os.close(mapped[1])
    check(
        libc.unshare(NEWUSER),
        "this machine refuses new user namespaces (sysctl user.max_user_namespaces?)",
    )
    os.write(ready[1], b"r")
    die_with_parent()
    if not os.read(mapped[0], 1) or os.getppid() != parent:
        os._exit(125)  # the parent has said why
    for fd in (ready[0], ready[1], mapped[0]):
        os.close(fd)


def wait_and_exit(child):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os._exit(status_of(os.waitpid(child, 0)[1]))


def register_qemu(qemu, machine, mountpoint):
    magic = "".join(
        f"\\x{b:02x}" for b in b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HH", 2, machine)
    )
    mask = "".join(f"\\x{b:02x}" for b in b"\xff" * 7 + b"\0" + b"\xff" * 8 + b"\xfe\xff\xff\xff")
    check(
        mount("binfmt_misc", mountpoint, "binfmt_misc"),
        "no private binfmt_misc (needs Linux >= 6.7; modprobe binfmt_misc if it is a module)",
    )
    try:
        with open(f"{mountpoint}/register", "w") as f:
            f.write(f":guest:M::{magic}:{mask}:{qemu}:POCF")
    except OSError as e:
        die(f"cannot register {qemu} in binfmt_misc: {e.strerror}")


def set_up(root, qemu, machine):
    """Mounts and network of the new namespaces."""
    check(mount("none", "/", None, PRIVATE_REC), "cannot make the mounts private")
    for d in ("proc", "dev"):
        os.makedirs(f"{root}/{d}", exist_ok=True)
    if qemu:  # stays alive, hidden under the /proc mounted next
        register_qemu(qemu, machine, f"{root}/proc")
    check(mount("proc", f"{root}/proc", "proc", NOSUID | NOEXEC | NODEV), "cannot mount /proc")
    dev = f"{root}/dev"
    check(mount("tmpfs", dev, "tmpfs", NOSUID, "mode=755"), "cannot mount /dev")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        open(f"{dev}/{name}", "w").close()
        check(mount(f"/dev/{name}", f"{dev}/{name}", None, BIND), f"cannot bind /dev/{name}")
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink("/proc/self/fd" + target, f"{dev}/{name}")
    os.symlink("pts/ptmx", f"{dev}/ptmx")
    os.mkdir(f"{dev}/pts")
    check(
        mount(
            "devpts",
            f"{dev}/pts",
            "devpts",
            NOSUID | NOEXEC,
            "newinstance,ptmxmode=0666,mode=620,gid=5",
        ),
        "cannot mount /dev/pts",
    )
    os.mkdir(f"{dev}/shm")
    os.chmod(f"{dev}/shm", 0o1777)
    with socket.socket() as s:  # SIOCSIFFLAGS lo IFF_UP
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))


def rows(path):
    try:
        return [
            l.rstrip("\n").split(":")
            for l in open(path, errors="surrogateescape")
            if l.count(":") > 2
        ]
    except OSError:
        return []


def find_user(spec):
    """(uid, gid, groups, home) of an image's User, from /etc/passwd and /etc/group."""
    user, _, group = spec.partition(":")
    row = next((r for r in rows("/etc/passwd") if user in (r[0], r[2])), None)
    if not row and not user.isdigit():
        die(f"no user {user} in the image's /etc/passwd")
    uid, gid, home = (int(row[2]), int(row[3]), row[5]) if row else (int(user), 0, "/")
    members = [int(r[2]) for r in rows("/etc/group") if row and row[0] in r[3].split(",")]
    if group:
        g = next((r for r in rows("/etc/group") if group in (r[0], r[2])), None)
        if not g and not group.isdigit():
            die(f"no group {group} in the image's /etc/group")
        gid, members = int(g[2] if g else group), []
    return uid, gid, members, home or "/"


def run_guest(a, extra_env):
    os.chroot(a.rootfs)
    uid, gid, groups, home = find_user(a.user)
    os.makedirs(a.workdir, exist_ok=True)
    os.chdir(a.workdir)
    os.setgroups(groups)
    os.setgid(gid)
    os.setuid(uid)
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home}
    env.update(extra_env)
    env.update(kv.split("=", 1) for kv in a.env)
    for s in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if s < 32:
            signal.signal(s, signal.SIG_DFL)
    try:
        os.execvpe(a.command[0], a.command, env)
    except OSError as e:
        die(f"{a.command[0]}: {e.strerror}", 127 if e.errno == errno.ENOENT else 126)


def init(a, extra_env):
    """PID 1: starts the guest, reaps orphans, ends with the guest or at the time limit."""

    def timed_out(*_):
        die(f"timed out after {a.timeout:g} s", 124)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, timed_out)
    guest = os.fork()
    if not guest:
        run_guest(a, extra_env)
    if a.timeout:
        signal.setitimer(signal.ITIMER_REAL, a.timeout)
    while True:
        pid, status = os.wait()
        if pid == guest:
            os._exit(status_of(status))


def arguments():
    ap = argparse.ArgumentParser(
        prog="guestns", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("-w", "--workdir", default="/")
    ap.add_argument("-u", "--user", default="0:0")
    ap.add_argument("-t", "--timeout", type=float, default=os.environ.get("TIMEOUT") or 0)
    ap.add_argument("--qemu")
    ap.add_argument("rootfs")
    ap.add_argument("env", nargs="*")
    own, command = sys.argv[1:], []
    if "--" in own:
        i = own.index("--")
        own, command = own[:i], own[i + 1 :]
    a = ap.parse_args(own)
    a.command = command
    if not command:
        ap.error("no command (give it after --)")
    if any("=" not in kv for kv in a.env):
        ap.error("before -- only K=V can follow ROOTFS")
    return a


def main():
    a = arguments()
    machine, extra_env = None, {}
    if os.geteuid():
        die("needs root")
    if not os.path.isdir(a.rootfs):
        die(f"{a.rootfs}: no such directory")
    a.rootfs = os.path.realpath(a.rootfs)
    if a.qemu:
        arch = next((m for m in ELF_MACHINE if m in os.path.basename(a.qemu)), None)
        if not arch or not os.access(a.qemu, os.X_OK):
            die(f"{a.qemu}: not a qemu-user program for {' or '.join(ELF_MACHINE)}")
        if arch == os.uname().machine:
            die(f"{a.qemu}: this machine is {arch} itself (use inroot.sh)")
        a.qemu, machine = os.path.realpath(a.qemu), ELF_MACHINE[arch]
        extra_env = {k: v for k, v in os.environ.items() if k.startswith("QEMU_")}
        new_user_namespace()
    check(libc.unshare(NEWNS | NEWPID | NEWNET), "this machine refuses new namespaces")
    child = os.fork()
    if child:
        wait_and_exit(child)
    die_with_parent()
    set_up(a.rootfs, a.qemu, machine)
    init(a, extra_env)


if __name__ == "__main__":
    try:
        main()
    except OSError as e:
        die(f"{e.filename}: {e.strerror}" if e.filename else e)
