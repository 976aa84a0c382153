/* /dev: memory devices, links to the standard descriptors, shared memory directory. */
#include <string.h>

#include "vfs.h"

static int64_t null_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)file, (void)to, (void)length, (void)offset;
    return 0;
}

static int64_t take_all(struct file *file, const void *from, size_t length, uint64_t offset) {
    (void)file, (void)from, (void)offset;
    return (int64_t)length;
}

static int64_t zero_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)file, (void)offset;
    memset(to, 0, length);
    return (int64_t)length;
}

static int64_t full_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    (void)file, (void)from, (void)length, (void)offset;
    return -ENOSPC;
}

static int64_t random_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)file, (void)offset;
    host_random(to, length);
    return (int64_t)length;
}

/* Seeking is possible and means nothing (drivers/char/mem.c, null_lseek). */
static int64_t device_seek(struct file *file, int64_t offset, int whence) {
    (void)offset, (void)whence;
    return file->position = 0;
}

static const struct file_ops null_ops = {null_read, take_all, device_seek, .ioctl = NULL};
static const struct file_ops zero_ops = {zero_read, take_all, device_seek, .ioctl = NULL};
static const struct file_ops full_ops = {zero_read, full_write, device_seek, .ioctl = NULL};
static const struct file_ops random_ops = {random_read, take_all, device_seek, .ioctl = NULL};

struct device {
    const char *name;
    uint32_t mode;
    uint64_t number;
    const struct file_ops *ops; /* NULL: a terminal */
};
/* Documentation/admin-guide/devices.txt */
static const struct device devices[] = {
    {"null", 0666, DEVICE(1, 3), &null_ops},      {"zero", 0666, DEVICE(1, 5), &zero_ops},
    {"full", 0666, DEVICE(1, 7), &full_ops},      {"random", 0666, DEVICE(1, 8), &random_ops},
    {"urandom", 0666, DEVICE(1, 9), &random_ops}, {"tty", 0666, DEVICE(5, 0), NULL},
    {"console", 0620, DEVICE(5, 1), NULL},
};
#define DEVICE_COUNT (sizeof devices / sizeof devices[0])

int device_open(struct inode *inode, struct file *file) {
    for (size_t i = 0; i < DEVICE_COUNT && S_ISCHR(inode->mode); i++) {
        if (devices[i].number != inode->rdev)
            continue;
        if (devices[i].ops) {
            file->ops = devices[i].ops;
            return 0;
        }
        /* /dev/tty is the process' controlling terminal; /dev/console the host's. */
        if (inode->rdev == DEVICE(5, 0) && !current->process->controlling_tty)
            return -ENXIO;
        if (inode->rdev == DEVICE(5, 0) && pty_is(current->process->controlling_tty))
            return pty_open_slave(current->process->controlling_tty, file);
        return console_open(inode, file);
    }
    return S_ISCHR(inode->mode) ? pty_open(inode, file) : -ENXIO;
}

void dev_mount(void) {
    struct filesystem *fs =
        overlay_new("tmpfs", "tmpfs", "size=65536k,mode=755", 0x01021994, false);
    struct inode *root = fs->root->inode;
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        bool console = devices[i].number == DEVICE(5, 1);
        if (!console || kernel.vfs->console)
            inode_put(make_name(root, devices[i].name, S_IFCHR | devices[i].mode, devices[i].number,
                                NULL));
    }
    inode_put(make_name(root, "fd", S_IFLNK | 0777, 0, "/proc/self/fd"));
    inode_put(make_name(root, "stdin", S_IFLNK | 0777, 0, "/proc/self/fd/0"));
    inode_put(make_name(root, "stdout", S_IFLNK | 0777, 0, "/proc/self/fd/1"));
    inode_put(make_name(root, "stderr", S_IFLNK | 0777, 0, "/proc/self/fd/2"));
    inode_put(make_name(root, "ptmx", S_IFLNK | 0777, 0, "pts/ptmx"));
    inode_put(make_name(root, "pts", S_IFDIR | 0755, 0, NULL));
    inode_put(make_name(root, "shm", S_IFDIR | 01777, 0, NULL));
    mount_at("/dev", fs);
    struct filesystem *shm = overlay_new("tmpfs", "shm", "size=65536k", 0x01021994, false);
    shm->root->inode->mode = S_IFDIR | 01777;
    mount_at("/dev/shm", shm);
}
