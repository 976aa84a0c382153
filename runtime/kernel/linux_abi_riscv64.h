/* What riscv64 does as asm-generic says and x86_64 otherwise (linux_abi.h). */
#ifndef C2W_LINUX_ABI_RISCV64_H
#define C2W_LINUX_ABI_RISCV64_H

/* struct stat of asm-generic/stat.h on 64-bit machines */
struct linux_stat {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev, padding1;
    int64_t size;
    int32_t blksize, padding2;
    int64_t blocks;
    struct linux_timespec atime, mtime, ctime;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 128, "struct stat of the generic 64-bit ABI");

struct linux_epoll_event {
    uint32_t events, padding;
    uint64_t data;
};

/* The last two arguments of clone(2). */
#define CLONE_ARGUMENT_TLS 3
#define CLONE_ARGUMENT_CHILD_TID 4

#define ABI_SA_FLAGS 0u /* of struct sigaction, in addition to the generic ones */

/* System call tables. */
#define ABI_SYSCALLS "syscalls_riscv64.def"
#define ABI_SYSCALL_NUMBER(generic, name) generic

#define ABI_ELF_MACHINE 243 /* EM_RISCV */
#define ABI_MACHINE_NAME "riscv64"

#endif
