/* Calls about storage: sync(2), fsync(2), fadvise(2), readahead(2), mount(2).  Files in memory have
 * nothing to write back; the host's files are synchronised by the host. */
#include "vfs.h"

int64_t sys_sync(const uint64_t *a) {
    (void)a;
    return 0;
}

int64_t sys_syncfs(const uint64_t *a) { return file_of((int64_t)a[0]) ? 0 : -EBADF; }

int64_t sys_fsync(const uint64_t *a) {
    struct file *file;
    int64_t error = file_check((int64_t)a[0], 0, &file);
    if (error)
        return error;
    if (!file->inode || !(S_ISREG(file->inode->mode) || S_ISDIR(file->inode->mode)))
        return -EINVAL;
    return file->inode->ops->sync ? file->inode->ops->sync(file) : 0;
}

int64_t sys_fdatasync(const uint64_t *a) { return sys_fsync(a); }

int64_t sys_sync_file_range(const uint64_t *a) {
    struct file *file;
    int64_t error = file_check((int64_t)a[0], 0, &file);
    if (error)
        return error;
    if ((int64_t)a[1] < 0 || (int64_t)a[2] < 0 || (a[3] & ~7ull))
        return -EINVAL;
    if (!file->inode || S_ISFIFO(file->inode->mode))
        return -ESPIPE;
    return 0;
}

/* Hints: there is no page cache to fill. */
int64_t sys_fadvise64(const uint64_t *a) {
    struct file *file;
    int64_t error = file_check((int64_t)a[0], 0, &file);
    if (error)
        return error;
    if (!file->inode || S_ISFIFO(file->inode->mode))
        return -ESPIPE;
    return (int64_t)a[2] < 0 || (uint32_t)a[3] > 5 ? -EINVAL : 0;
}

int64_t sys_readahead(const uint64_t *a) {
    struct file *file;
    int64_t error = file_check((int64_t)a[0], R_OK, &file);
    if (error)
        return error;
    return file->inode && S_ISREG(file->inode->mode) ? 0 : -EINVAL;
}

/* A container's root has no CAP_SYS_ADMIN. */
int64_t sys_mount(const uint64_t *a) {
    (void)a;
    return -EPERM;
}

int64_t sys_umount2(const uint64_t *a) {
    (void)a;
    return -EPERM;
}

int64_t sys_pivot_root(const uint64_t *a) {
    (void)a;
    return -EPERM;
}
