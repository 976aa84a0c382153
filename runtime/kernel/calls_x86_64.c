/* System calls that only x86_64 has: the older forms of calls, and its own.  Those that are more
 * than another call with other arguments are in the files of their families. */
#include "../isa/x86_64/insn.h"
#include "kernel.h"

#define HERE ((uint64_t)(int64_t)AT_FDCWD)

/* CALL(name, other, ...): calls sys_other with these arguments. */
#define CALL(name, other, ...)                                                                     \
    int64_t sys_##other(const uint64_t *arguments);                                                \
    int64_t sys_##name(__attribute__((unused)) const uint64_t *a) {                                \
        return sys_##other((const uint64_t[6]){__VA_ARGS__});                                      \
    }

/* --- files by path --- */

CALL(open, openat, HERE, a[0], a[1], a[2])
CALL(creat, openat, HERE, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1])
CALL(stat, newfstatat, HERE, a[0], a[1])
CALL(lstat, newfstatat, HERE, a[0], a[1], AT_SYMLINK_NOFOLLOW)
CALL(access, faccessat, HERE, a[0], a[1])
CALL(readlink, readlinkat, HERE, a[0], a[1], a[2])
CALL(mkdir, mkdirat, HERE, a[0], a[1])
CALL(rmdir, unlinkat, HERE, a[0], AT_REMOVEDIR)
CALL(unlink, unlinkat, HERE, a[0])
CALL(link, linkat, HERE, a[0], HERE, a[1])
CALL(symlink, symlinkat, a[0], HERE, a[1])
CALL(rename, renameat2, HERE, a[0], HERE, a[1])
CALL(renameat, renameat2, a[0], a[1], a[2], a[3])
CALL(mknod, mknodat, HERE, a[0], a[1], a[2])
CALL(chmod, fchmodat, HERE, a[0], a[1])
CALL(chown, fchownat, HERE, a[0], a[1], a[2])
CALL(lchown, fchownat, HERE, a[0], a[1], a[2], AT_SYMLINK_NOFOLLOW)
CALL(utimes, futimesat, HERE, a[0], a[1])

/* --- descriptors --- */

CALL(pipe, pipe2, a[0])
CALL(eventfd, eventfd2, a[0])
CALL(signalfd, signalfd4, a[0], a[1], a[2])
CALL(epoll_wait, epoll_pwait, a[0], a[1], a[2], a[3])

int64_t sys_epoll_create(const uint64_t *a) {
    int64_t sys_epoll_create1(const uint64_t *arguments);
    return (int32_t)a[0] > 0 ? sys_epoll_create1((const uint64_t[6]){0}) : -EINVAL;
}

int64_t sys_dup2(const uint64_t *a) {
    int64_t sys_dup3(const uint64_t *arguments);
    if ((uint32_t)a[0] == (uint32_t)a[1])
        return file_of((int32_t)a[0]) ? (int32_t)a[0] : -EBADF;
    return sys_dup3((const uint64_t[6]){a[0], a[1]});
}

/* --- processes --- */

CALL(fork, clone, SIGCHLD)
CALL(vfork, clone, CLONE_VFORK | CLONE_VM | SIGCHLD)
CALL(getpgrp, getpgid, 0)

int64_t sys_arch_prctl(const uint64_t *a) {
    uint64_t *base;
    switch ((int32_t)a[0]) {
    case ARCH_SET_FS:
    case ARCH_GET_FS:
        base = &c2w_cpu.r[REG_FS_BASE];
        break;
    case ARCH_SET_GS:
    case ARCH_GET_GS:
        base = &c2w_cpu.r[REG_GS_BASE];
        break;
    default:
        return -EINVAL;
    }
    if (a[0] == ARCH_GET_FS || a[0] == ARCH_GET_GS)
        return user_write(a[1], base, sizeof *base);
    if (a[1] >= LINUX_TASK_SIZE)
        return -EPERM;
    *base = a[1];
    return 0;
}
