/* Where x86_64 differs from asm-generic (linux_abi.h): arch/x86/include/uapi/asm. */
#ifndef C2W_LINUX_ABI_X86_64_H
#define C2W_LINUX_ABI_X86_64_H

/* struct stat of asm/stat.h */
struct linux_stat {
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, padding1;
    uint64_t rdev;
    int64_t size, blksize, blocks;
    struct linux_timespec atime, mtime, ctime;
    int64_t unused[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "struct stat of x86_64");

struct linux_epoll_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));

/* The last two arguments of clone(2). */
#define CLONE_ARGUMENT_CHILD_TID 3
#define CLONE_ARGUMENT_TLS 4

#define SA_RESTORER 0x04000000u
#define ABI_SA_FLAGS SA_RESTORER

/* System call tables. */
#define ABI_SYSCALLS "syscalls_x86_64.def"
#define ABI_SYSCALL_NUMBER(generic, name) X86_64_NUMBER_##name
enum {
#define NUMBER(number, name) X86_64_NUMBER_##name = number,
#include "numbers_x86_64.def"
#undef NUMBER
};

#define ABI_ELF_MACHINE 62 /* EM_X86_64 */
#define ABI_MACHINE_NAME "x86_64"

#define LINUX_TASK_SIZE 0x7ffffffff000ull

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

#endif
