/* Changing what a file is: chmod(2), chown(2), utimensat(2), truncate(2), fallocate(2), extended
 * attributes, sync(2). */
#include <string.h>

#include "vfs.h"

#define RLIMIT_FSIZE_INDEX 1
#define KEEP UINT32_MAX /* chown: (uid_t)-1 */

/* The inode of a descriptor or of a path, with a reference. */
static int inode_of_fd(uint64_t fd, struct inode **inode) {
    struct file *file = file_of((int64_t)fd);
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (!file->inode)
        return -EINVAL;
    *inode = inode_get(file->inode);
    return inode_refresh(*inode);
}

static int inode_of_path(uint64_t dirfd, uint64_t path, unsigned walk, struct inode **inode) {
    struct lookup at;
    int error = path_lookup_at((int)dirfd, path, walk, &at);
    if (error)
        return error;
    *inode = inode_get(at.node->inode);
    lookup_put(&at);
    return inode_refresh(*inode);
}

static int keep_change(struct inode *inode, unsigned attributes) {
    inode->ctime = time_now();
    return inode->ops->changed ? inode->ops->changed(inode, attributes) : 0;
}

/* --- mode --- */

static int change_mode(struct inode *inode, uint32_t mode) {
    if (S_ISLNK(inode->mode))
        return -EOPNOTSUPP;
    if (!owner_or_root(inode))
        return -EPERM;
    mode &= 07777;
    if (current->process->creds.fsuid != 0 && !in_group(inode->gid))
        mode &= ~(uint32_t)S_ISGID;
    uint32_t old = inode->mode;
    inode->mode = (old & S_IFMT) | mode;
    int error = keep_change(inode, ATTRIBUTE_MODE);
    if (error)
        inode->mode = old;
    return error;
}

int64_t sys_fchmod(const uint64_t *a) {
    struct inode *inode = NULL;
    int error = inode_of_fd(a[0], &inode);
    if (!error)
        error = change_mode(inode, (uint32_t)a[1]);
    inode_put(inode);
    return error;
}

int64_t sys_fchmodat(const uint64_t *a) {
    struct inode *inode = NULL;
    int error = inode_of_path(a[0], a[1], LOOKUP_FOLLOW, &inode);
    if (!error)
        error = change_mode(inode, (uint32_t)a[2]);
    inode_put(inode);
    return error;
}

int64_t sys_fchmodat2(const uint64_t *a) {
    struct inode *inode = NULL;
    uint32_t flags = (uint32_t)a[3];
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    unsigned walk = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
                    (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    int error = inode_of_path(a[0], a[1], walk, &inode);
    if (!error)
        error = change_mode(inode, (uint32_t)a[2]);
    inode_put(inode);
    return error;
}

/* --- owner --- */

static int change_owner(struct inode *inode, uint32_t uid, uint32_t gid) {
    const struct credentials *creds = &current->process->creds;
    bool owner = creds->fsuid == inode->uid;
    if (creds->fsuid != 0) {
        if (uid != KEEP && !(owner && uid == inode->uid))
            return -EPERM;
        if (gid != KEEP && !(owner && (gid == inode->gid || in_group(gid))))
            return -EPERM;
    }
    uint32_t old_mode = inode->mode, old_uid = inode->uid, old_gid = inode->gid;
    if (uid != KEEP)
        inode->uid = uid;
    if (gid != KEEP)
        inode->gid = gid;
    /* Set-ID bits of programs go, for root too: chown(2). */
    if (!S_ISDIR(inode->mode) && (inode->mode & 0111)) {
        inode->mode &= ~(uint32_t)S_ISUID;
        if (inode->mode & 0010)
            inode->mode &= ~(uint32_t)S_ISGID;
    }
    int error = keep_change(inode, ATTRIBUTE_OWNER);
    if (error) {
        inode->mode = old_mode;
        inode->uid = old_uid;
        inode->gid = old_gid;
    }
    return error;
}

int64_t sys_fchown(const uint64_t *a) {
    struct inode *inode = NULL;
    int error = inode_of_fd(a[0], &inode);
    if (!error)
        error = change_owner(inode, (uint32_t)a[1], (uint32_t)a[2]);
    inode_put(inode);
    return error;
}

int64_t sys_fchownat(const uint64_t *a) {
    struct inode *inode = NULL;
    uint32_t flags = (uint32_t)a[4];
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    unsigned walk = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
                    (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    int error = inode_of_path(a[0], a[1], walk, &inode);
    if (!error)
        error = change_owner(inode, (uint32_t)a[2], (uint32_t)a[3]);
    inode_put(inode);
    return error;
}

/* --- times --- */

static int set_time(struct linux_timespec *time, struct linux_timespec wanted,
                    struct linux_timespec now) {
    if (wanted.nanoseconds == UTIME_NOW)
        *time = now;
    else if (wanted.nanoseconds != UTIME_OMIT)
        *time = wanted;
    return 0;
}

static bool valid_time(struct linux_timespec time) {
    return time.nanoseconds == UTIME_NOW || time.nanoseconds == UTIME_OMIT ||
           (time.nanoseconds >= 0 && time.nanoseconds < 1000000000);
}

static int change_times(struct inode *inode, const struct linux_timespec times[2]) {
    bool both_now = times[0].nanoseconds == UTIME_NOW && times[1].nanoseconds == UTIME_NOW;
    if (!owner_or_root(inode)) {
        /* Setting both to now is allowed to who may write. */
        if (!both_now)
            return -EPERM;
        int error = inode_permission(inode, W_OK);
        if (error)
            return error;
    }
    struct linux_timespec now = time_now(), atime = inode->atime, mtime = inode->mtime;
    set_time(&inode->atime, times[0], now);
    set_time(&inode->mtime, times[1], now);
    int error = keep_change(inode, ATTRIBUTE_TIMES);
    if (error) {
        inode->atime = atime;
        inode->mtime = mtime;
    }
    return error;
}

static int64_t set_file_times(uint64_t dirfd, uint64_t path, const struct linux_timespec times[2],
                              uint32_t flags) {
    if (times[0].nanoseconds == UTIME_OMIT && times[1].nanoseconds == UTIME_OMIT)
        return 0;
    if (!valid_time(times[0]) || !valid_time(times[1]))
        return -EINVAL;
    struct inode *inode = NULL;
    int error;
    if (path == 0 && (int)dirfd != AT_FDCWD) { /* the descriptor itself: futimens(3) */
        error = flags ? -EINVAL : inode_of_fd(dirfd, &inode);
    } else {
        if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
            return -EINVAL;
        unsigned walk = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
                        (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
        error = inode_of_path(dirfd, path, walk, &inode);
    }
    if (!error)
        error = change_times(inode, times);
    inode_put(inode);
    return error;
}

int64_t sys_utimensat(const uint64_t *a) {
    struct linux_timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    if (a[2] && user_read(times, a[2], sizeof times))
        return -EFAULT;
    return set_file_times(a[0], a[1], times, (uint32_t)a[3]);
}

int64_t sys_utime(const uint64_t *a) {
    struct linux_timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    int64_t seconds[2];
    if (a[1]) {
        if (user_read(seconds, a[1], sizeof seconds))
            return -EFAULT;
        times[0] = (struct linux_timespec){seconds[0], 0};
        times[1] = (struct linux_timespec){seconds[1], 0};
    }
    return set_file_times((uint64_t)AT_FDCWD, a[0], times, 0);
}

int64_t sys_futimesat(const uint64_t *a) {
    struct linux_timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    struct linux_timeval given[2];
    if (a[2] && user_read(given, a[2], sizeof given))
        return -EFAULT;
    for (int i = 0; i < 2 && a[2]; i++) {
        if (given[i].microseconds < 0 || given[i].microseconds >= 1000000)
            return -EINVAL;
        times[i] = (struct linux_timespec){given[i].seconds, given[i].microseconds * 1000};
    }
    return set_file_times(a[0], a[1], times, 0);
}

/* --- size --- */

static int change_size(struct inode *inode, int64_t size) {
    if (S_ISDIR(inode->mode))
        return -EISDIR;
    if (!S_ISREG(inode->mode) || !inode->ops->truncate || size < 0)
        return -EINVAL;
    uint64_t limit = current->process->limits[RLIMIT_FSIZE_INDEX].soft;
    if ((uint64_t)size > limit && (uint64_t)size > inode->size) {
        signal_task(current, SIGXFSZ, NULL);
        return -EFBIG;
    }
    return inode->ops->truncate(inode, (uint64_t)size);
}

int64_t sys_truncate(const uint64_t *a) {
    struct inode *inode = NULL;
    if ((int64_t)a[1] < 0)
        return -EINVAL;
    int error = inode_of_path((uint64_t)AT_FDCWD, a[0], LOOKUP_FOLLOW, &inode);
    if (!error && S_ISDIR(inode->mode))
        error = -EISDIR;
    if (!error && !S_ISREG(inode->mode))
        error = -EINVAL;
    if (!error)
        error = inode_permission(inode, W_OK);
    if (!error && inode_is_executing(inode))
        error = -ETXTBSY;
    if (!error)
        error = change_size(inode, (int64_t)a[1]);
    inode_put(inode);
    return error;
}

int64_t sys_ftruncate(const uint64_t *a) {
    struct file *file;
    if ((int64_t)a[1] < 0)
        return -EINVAL;
    if (file_check((int64_t)a[0], 0, &file))
        return -EBADF;
    if (!file->inode || !S_ISREG(file->inode->mode) || (file->flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    return change_size(file->inode, (int64_t)a[1]);
}

int64_t sys_fallocate(const uint64_t *a) {
    struct file *file;
    uint32_t mode = (uint32_t)a[1];
    int64_t offset = (int64_t)a[2], length = (int64_t)a[3], end;
    if (offset < 0 || length <= 0)
        return -EINVAL;
    if (mode & ~(uint32_t)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
        return -EOPNOTSUPP;
    if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
        return -EOPNOTSUPP;
    int64_t error = file_check((int64_t)a[0], W_OK, &file);
    if (error)
        return error;
    if (!file->inode || S_ISFIFO(file->inode->mode))
        return -ESPIPE;
    if (S_ISDIR(file->inode->mode))
        return -EISDIR;
    if (!S_ISREG(file->inode->mode))
        return -ENODEV;
    if (__builtin_add_overflow(offset, length, &end))
        return -EFBIG;
    if (!file->inode->ops->allocate)
        return -EOPNOTSUPP;
    return file->inode->ops->allocate(file->inode, (uint64_t)offset, (uint64_t)length, mode);
}

/* --- extended attributes: those of the image can be read --- */

static int64_t get_xattr(struct inode *inode, const uint64_t *a) {
    char name[LINUX_NAME_MAX + 1];
    int64_t length = user_string(name, sizeof name, a[1]);
    if (length <= 0)
        return length == 0 || length == -ENAMETOOLONG ? -ERANGE : length;
    if (!inode->ops->get_xattr)
        return -EOPNOTSUPP;
    size_t size = a[3] < 65536 ? (size_t)a[3] : 65536;
    char *value = heap_alloc(size + 1);
    int64_t result = inode->ops->get_xattr(inode, name, value, size);
    if (result > 0 && a[3]) {
        if ((uint64_t)result > size)
            result = -ERANGE;
        else if (user_write(a[2], value, (size_t)result))
            result = -EFAULT;
    }
    heap_free(value);
    return result;
}

static int64_t list_xattr(struct inode *inode, const uint64_t *a) {
    if (!inode->ops->list_xattr)
        return -EOPNOTSUPP;
    size_t size = a[2] < 65536 ? (size_t)a[2] : 65536;
    char *names = heap_alloc(size + 1);
    int64_t result = inode->ops->list_xattr(inode, names, size);
    if (result > 0 && a[2]) {
        if ((uint64_t)result > size)
            result = -ERANGE;
        else if (user_write(a[1], names, (size_t)result))
            result = -EFAULT;
    }
    heap_free(names);
    return result;
}

static int64_t with_path(const uint64_t *a, unsigned walk,
                         int64_t (*call)(struct inode *, const uint64_t *)) {
    struct inode *inode = NULL;
    int64_t result = inode_of_path((uint64_t)AT_FDCWD, a[0], walk, &inode);
    if (!result)
        result = call(inode, a);
    inode_put(inode);
    return result;
}

static int64_t with_fd(const uint64_t *a, int64_t (*call)(struct inode *, const uint64_t *)) {
    struct inode *inode = NULL;
    int64_t result = inode_of_fd(a[0], &inode);
    if (!result)
        result = call(inode, a);
    inode_put(inode);
    return result;
}

int64_t sys_getxattr(const uint64_t *a) { return with_path(a, LOOKUP_FOLLOW, get_xattr); }
int64_t sys_lgetxattr(const uint64_t *a) { return with_path(a, 0, get_xattr); }
int64_t sys_fgetxattr(const uint64_t *a) { return with_fd(a, get_xattr); }
int64_t sys_listxattr(const uint64_t *a) { return with_path(a, LOOKUP_FOLLOW, list_xattr); }
int64_t sys_llistxattr(const uint64_t *a) { return with_path(a, 0, list_xattr); }
int64_t sys_flistxattr(const uint64_t *a) { return with_fd(a, list_xattr); }

static int64_t refuse_xattr(struct inode *inode, const uint64_t *a) {
    (void)inode;
    (void)a;
    return -EOPNOTSUPP;
}

int64_t sys_setxattr(const uint64_t *a) { return with_path(a, LOOKUP_FOLLOW, refuse_xattr); }
int64_t sys_lsetxattr(const uint64_t *a) { return with_path(a, 0, refuse_xattr); }
int64_t sys_fsetxattr(const uint64_t *a) { return with_fd(a, refuse_xattr); }
int64_t sys_removexattr(const uint64_t *a) { return with_path(a, LOOKUP_FOLLOW, refuse_xattr); }
int64_t sys_lremovexattr(const uint64_t *a) { return with_path(a, 0, refuse_xattr); }
int64_t sys_fremovexattr(const uint64_t *a) { return with_fd(a, refuse_xattr); }
