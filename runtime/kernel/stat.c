/* What files are: stat(2), statx(2), statfs(2), access(2), readlink(2). */
#include <string.h>

#include "vfs.h"

static uint64_t blocks_of(struct inode *inode) {
    return inode->ops->blocks ? inode->ops->blocks(inode) : 0;
}

static void fill_stat(struct inode *inode, struct linux_stat *st) {
    *st = (struct linux_stat){
        .dev = inode_device_number(inode),
        .ino = inode->ino,
        .mode = inode->mode,
        .nlink = inode->nlink,
        .uid = inode->uid,
        .gid = inode->gid,
        .rdev = inode->rdev,
        .size = (int64_t)inode->size,
        .blksize = PAGE_SIZE,
        .blocks = (int64_t)blocks_of(inode),
        .atime = inode->atime,
        .mtime = inode->mtime,
        .ctime = inode->ctime,
    };
}

static int64_t put_stat(struct inode *inode, uint64_t va) {
    struct linux_stat st;
    int error = inode_refresh(inode);
    if (error)
        return error;
    fill_stat(inode, &st);
    return user_write(va, &st, sizeof st);
}

/* A description without an inode (event fds and the like) has a mode and nothing else. */
static int64_t put_plain_stat(const struct file *file, uint64_t va) {
    struct linux_stat st = {.mode = file->mode, .nlink = 1, .blksize = PAGE_SIZE};
    st.dev = kernel.vfs->anonymous_fs->device;
    return user_write(va, &st, sizeof st);
}

int64_t sys_fstat(const uint64_t *a) {
    struct file *file = file_of((int64_t)a[0]);
    if (!file)
        return -EBADF;
    return file->inode ? put_stat(file->inode, a[1]) : put_plain_stat(file, a[1]);
}

static unsigned walk_flags(uint32_t flags) {
    return (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
           (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
}

/* The file that (dirfd, path, AT_EMPTY_PATH) names, as an inode with a reference.  A descriptor
 * without a path is possible with the empty path only; *file is set when it has no inode. */
static int find_inode(uint64_t dirfd, uint64_t path, uint32_t flags, struct inode **inode,
                      struct file **file) {
    char first;
    *inode = NULL;
    *file = NULL;
    if ((flags & AT_EMPTY_PATH) && (int)dirfd != AT_FDCWD && user_read(&first, path, 1) == 0 &&
        first == 0) {
        *file = file_of((int64_t)dirfd);
        if (!*file)
            return -EBADF;
        if ((*file)->inode)
            *inode = inode_get((*file)->inode);
        return 0;
    }
    struct lookup at;
    int error = path_lookup_at((int)dirfd, path, walk_flags(flags), &at);
    if (error)
        return error;
    *inode = inode_get(at.node->inode);
    lookup_put(&at);
    return 0;
}

int64_t sys_newfstatat(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[3];
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    struct inode *inode;
    struct file *file;
    int64_t error = find_inode(a[0], a[1], flags, &inode, &file);
    if (error)
        return error;
    error = inode ? put_stat(inode, a[2]) : put_plain_stat(file, a[2]);
    inode_put(inode);
    return error;
}

static struct linux_statx_timestamp statx_time(struct linux_timespec time) {
    return (struct linux_statx_timestamp){time.seconds, (uint32_t)time.nanoseconds, 0};
}

static uint32_t major_of(uint64_t device) { return (uint32_t)(device >> 8) & 0xfff; }
static uint32_t minor_of(uint64_t device) {
    return (uint32_t)((device & 0xff) | (device >> 12 & 0xfff00));
}

int64_t sys_statx(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[2], mask = (uint32_t)a[3];
    uint32_t known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_FORCE_SYNC |
                     AT_STATX_DONT_SYNC;
    uint32_t both = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
    if ((flags & ~known) || (flags & both) == both || (mask & STATX_RESERVED))
        return -EINVAL;
    struct inode *inode;
    struct file *file;
    int64_t error = find_inode(a[0], a[1], flags, &inode, &file);
    if (!error && inode)
        error = inode_refresh(inode);
    if (error) {
        inode_put(inode);
        return error;
    }
    struct linux_stat st = {.mode = file ? file->mode : 0, .nlink = 1, .blksize = PAGE_SIZE};
    st.dev = kernel.vfs->anonymous_fs->device;
    if (inode)
        fill_stat(inode, &st);
    struct linux_statx out = {
        .mask = STATX_BASIC_STATS | (mask & STATX_MNT_ID),
        .blksize = (uint32_t)st.blksize,
        .nlink = st.nlink,
        .uid = st.uid,
        .gid = st.gid,
        .mode = (uint16_t)st.mode,
        .ino = st.ino,
        .size = (uint64_t)st.size,
        .blocks = (uint64_t)st.blocks,
        .attributes_mask = STATX_ATTR_MOUNT_ROOT,
        .atime = statx_time(st.atime),
        .ctime = statx_time(st.ctime),
        .mtime = statx_time(st.mtime),
        .rdev_major = major_of(st.rdev),
        .rdev_minor = minor_of(st.rdev),
        .dev_major = major_of(st.dev),
        .dev_minor = minor_of(st.dev),
        .mount_id = st.dev,
    };
    if (inode && inode->fs->root && inode->fs->root->inode == inode)
        out.attributes |= STATX_ATTR_MOUNT_ROOT;
    inode_put(inode);
    return user_write(a[4], &out, sizeof out);
}

/* --- file systems --- */

static int64_t put_statfs(const struct filesystem *fs, uint64_t va) {
    uint64_t used, total;
    struct linux_statfs st = {.type = fs->magic,
                              .bsize = PAGE_SIZE,
                              .frsize = PAGE_SIZE,
                              .namelen = LINUX_NAME_MAX,
                              .fsid = {(int32_t)fs->device, 0},
                              .flags = 0x20 | 0x1000}; /* ST_VALID | ST_RELATIME */
    if (fs->cached) {                                  /* files live in memory */
        file_data_usage(&used, &total);
        st.blocks = (int64_t)(total / PAGE_SIZE);
        st.bfree = st.bavail = used < total ? (int64_t)((total - used) / PAGE_SIZE) : 0;
        st.files = 1 << 20;
        st.ffree = st.files - (int64_t)fs->next_ino;
    }
    return user_write(va, &st, sizeof st);
}

int64_t sys_statfs(const uint64_t *a) {
    struct lookup at;
    int64_t error = path_lookup_at(AT_FDCWD, a[0], LOOKUP_FOLLOW, &at);
    if (error)
        return error;
    error = put_statfs(at.node->inode->fs, a[1]);
    lookup_put(&at);
    return error;
}

int64_t sys_fstatfs(const uint64_t *a) {
    struct file *file = file_of((int64_t)a[0]);
    if (!file)
        return -EBADF;
    return put_statfs(file->inode ? file->inode->fs : kernel.vfs->anonymous_fs, a[1]);
}

/* --- access --- */

static int64_t check_access(uint64_t dirfd, uint64_t path, uint32_t want, uint32_t flags) {
    if (want & ~(uint32_t)(R_OK | W_OK | X_OK))
        return -EINVAL;
    /* The path, too, is walked with the real IDs. */
    struct credentials *creds = &current->process->creds;
    uint32_t fsuid = creds->fsuid, fsgid = creds->fsgid;
    if (!(flags & AT_EACCESS)) {
        creds->fsuid = creds->uid;
        creds->fsgid = creds->gid;
    }
    struct inode *inode;
    struct file *file;
    int64_t error = find_inode(dirfd, path, flags, &inode, &file);
    if (!error && inode)
        error = inode_refresh(inode);
    if (!error && inode && want)
        error = inode_permission(inode, (int)want);
    inode_put(inode);
    creds->fsuid = fsuid;
    creds->fsgid = fsgid;
    return error;
}

int64_t sys_faccessat(const uint64_t *a) { return check_access(a[0], a[1], (uint32_t)a[2], 0); }

int64_t sys_faccessat2(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[3];
    if (flags & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return check_access(a[0], a[1], (uint32_t)a[2], flags);
}

/* --- readlink --- */

static int64_t read_link(struct inode *inode, uint64_t va, int32_t size) {
    if (!S_ISLNK(inode->mode) || !inode->ops->readlink)
        return -EINVAL;
    char *text = heap_alloc(LINUX_PATH_MAX);
    int64_t length = inode->ops->readlink(inode, text, LINUX_PATH_MAX);
    if (length > size)
        length = size;
    if (length > 0) {
        touch_accessed(inode);
        int error = user_write(va, text, (size_t)length);
        length = error ? error : length;
    }
    heap_free(text);
    return length;
}

int64_t sys_readlinkat(const uint64_t *a) {
    if ((int32_t)a[3] <= 0)
        return -EINVAL;
    struct lookup at;
    char first = 1;
    int64_t error = path_lookup_at((int)a[0], a[1], LOOKUP_EMPTY, &at);
    if (error)
        return error;
    bool empty = user_read(&first, a[1], 1) == 0 && first == 0;
    error = read_link(at.node->inode, a[2], (int32_t)a[3]);
    if (empty && error == -EINVAL)
        error = -ENOENT;
    lookup_put(&at);
    return error;
}
