/* open(2): from a path to an open file description. */
#include <string.h>

#include "mm.h"
#include "vfs.h"

#define OPEN_FLAGS                                                                                 \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_DSYNC |         \
     O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC |         \
     O_SYNC | O_PATH | O_TMPFILE)
/* Not kept in the description: they act on the open itself. */
#define CREATION_FLAGS (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

static int wanted_access(int flags) {
    switch (flags & O_ACCMODE) {
    case O_RDONLY:
        return R_OK;
    case O_WRONLY:
        return W_OK;
    default:
        return R_OK | W_OK;
    }
}

static int open_inode(struct inode *inode, struct file *file) {
    if (inode->ops->open_special)
        return inode->ops->open_special(inode, file);
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
        return inode->ops->open ? inode->ops->open(inode, file) : -EOPNOTSUPP;
    case S_IFIFO:
        return fifo_open(inode, file);
    case S_IFCHR:
    case S_IFBLK:
        return device_open(inode, file);
    case S_IFLNK:
        return -ELOOP;
    default:
        return -ENXIO; /* a socket's name */
    }
}

static const struct file_ops path_only_ops = {0};

struct file *open_node(struct path_node *node, int flags, int *error) {
    struct inode *inode = node->inode;
    struct file *file =
        file_new_inode(&path_only_ops, (uint32_t)(flags & ~CREATION_FLAGS), inode, node);
    *error = inode_refresh(inode);
    if (!*error && !(flags & O_PATH)) {
        file->flags |= flags & O_NOCTTY; /* for the time of the open */
        *error = open_inode(inode, file);
        file->flags &= ~(uint32_t)O_NOCTTY;
    }
    if (*error) {
        file->ops = NULL;
        file_put(file);
        return NULL;
    }
    return file;
}

bool inode_is_executing(const struct inode *inode) {
    for (const struct mm *mm = mm_first(); mm; mm = mm->next) {
        const struct vma *code = vma_find(mm, mm->start_code);
        if (code && code->file && code->file->inode == inode)
            return true;
    }
    return false;
}

static int check_open(struct inode *inode, int flags, bool created) {
    if ((flags & O_DIRECTORY) && !S_ISDIR(inode->mode))
        return -ENOTDIR;
    if (S_ISLNK(inode->mode))
        return flags & O_PATH ? 0 : -ELOOP;
    if (flags & O_PATH)
        return 0;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (S_ISDIR(inode->mode) && (writes || (flags & (O_TRUNC | O_CREAT))))
        return -EISDIR;
    if (created)
        return 0;
    int want = wanted_access(flags);
    if ((flags & O_TRUNC) && S_ISREG(inode->mode))
        want |= W_OK;
    int error = inode_permission(inode, want);
    if (error)
        return error;
    if ((want & W_OK) && S_ISREG(inode->mode) && inode_is_executing(inode))
        return -ETXTBSY;
    if ((flags & O_NOATIME) && !owner_or_root(inode))
        return -EPERM;
    return 0;
}

static int create_file(struct lookup *at, uint32_t mode) {
    struct inode *directory = at->parent->inode, *made;
    if (at->trailing_slash)
        return -EISDIR;
    int error = inode_permission(directory, W_OK | X_OK);
    if (error)
        return error;
    if (!directory->ops->create)
        return -ENOENT; /* /proc: the look-up itself fails */
    mode = (mode & 07777 & ~current->process->fs->umask) | S_IFREG;
    error = directory->ops->create(directory, at->name, at->length, mode, 0, NULL, &made);
    if (!error)
        at->node = node_attach(at->parent, at->name, at->length, made);
    return error;
}

static struct file *open_temporary(struct lookup *at, int flags, uint32_t mode, int *error) {
    struct inode *directory = at->node->inode;
    if ((flags & O_ACCMODE) == O_RDONLY)
        *error = -EINVAL;
    else if (!S_ISDIR(directory->mode))
        *error = -ENOTDIR;
    else if (!directory->fs->cached)
        *error = -EOPNOTSUPP;
    else
        *error = inode_permission(directory, W_OK | X_OK);
    if (*error)
        return NULL;
    mode = (mode & 07777 & ~current->process->fs->umask) | S_IFREG;
    struct inode *inode = overlay_nameless(directory->fs, mode);
    char name[32];
    struct text text = {0};
    text_printf(&text, "#%llu", (unsigned long long)inode->ino);
    memcpy(name, text.bytes, text.length + 1);
    heap_free(text.bytes);
    struct path_node *node = node_attach(at->node, name, strlen(name), inode);
    node_unlinked(node);
    struct file *file = open_node(node, flags & ~TMPFILE_BIT & ~O_DIRECTORY, error);
    node_put(node);
    return file;
}

struct file *open_path(int dirfd, const char *path, unsigned lookup, int flags, uint32_t mode,
                       int *error) {
    struct lookup at;
    bool create = flags & O_CREAT;
    unsigned walk = lookup | (create ? LOOKUP_MISSING : 0);
    if (!(flags & O_NOFOLLOW) && !(create && (flags & O_EXCL)))
        walk |= LOOKUP_FOLLOW;
    *error = path_lookup_name(dirfd, path, walk, &at);
    if (*error)
        return NULL;
    struct file *file = NULL;
    bool created = false;
    if ((flags & TMPFILE_BIT) && at.node) {
        file = open_temporary(&at, flags, mode, error);
        lookup_put(&at);
        return file;
    }
    if (!at.node) {
        *error = create_file(&at, mode);
        created = true;
    } else if (create && (flags & O_EXCL)) {
        *error = -EEXIST;
    }
    if (!*error)
        *error = check_open(at.node->inode, flags, created);
    if (!*error)
        file = open_node(at.node, flags, error);
    if (file && (flags & O_TRUNC) && !created && S_ISREG(file->inode->mode) &&
        file->inode->ops->truncate) {
        *error = file->inode->ops->truncate(file->inode, 0);
        if (*error) {
            file_put(file);
            file = NULL;
        }
    }
    lookup_put(&at);
    return file;
}

struct file *vfs_open(const char *path, int linux_flags, uint32_t mode, int *error) {
    return open_path(AT_FDCWD, path, 0, linux_flags, mode, error);
}

struct file *vfs_open_at(int dirfd, const char *path, int lookup_flags, int linux_flags,
                         uint32_t mode, int *error) {
    unsigned lookup = lookup_flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0;
    if (lookup_flags & AT_SYMLINK_NOFOLLOW)
        linux_flags |= O_NOFOLLOW;
    return open_path(dirfd, path, lookup, linux_flags, mode, error);
}

static int64_t open_call(int dirfd, uint64_t path, int flags, uint32_t mode) {
    char *text = heap_alloc(LINUX_PATH_MAX);
    int64_t result = user_string(text, LINUX_PATH_MAX, path);
    int error = result < 0 ? (int)result : 0;
    struct file *file = error ? NULL : open_path(dirfd, text, 0, flags, mode, &error);
    heap_free(text);
    return file ? fd_install(file, 0, flags & O_CLOEXEC) : error;
}

/* openat ignores flags it does not know; O_PATH ignores all but three (open(2)). */
int64_t sys_openat(const uint64_t *a) {
    int flags = (int)a[2] & OPEN_FLAGS;
    if ((flags & TMPFILE_BIT) && !(flags & O_DIRECTORY))
        return -EINVAL;
    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (flags & (O_DIRECT | O_ASYNC))
        return -EINVAL; /* no direct I/O, no SIGIO */
    return open_call((int)a[0], a[1], flags, (uint32_t)a[3]);
}

int64_t sys_memfd_create(const uint64_t *a) {
    char name[250];
    if (a[1] & ~1ull) /* MFD_CLOEXEC only */
        return -EINVAL;
    int64_t length = user_string(name, sizeof name, a[0]);
    if (length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    return fd_install(file_anonymous(name, 0), 0, a[1] & 1);
}

struct file *file_anonymous(const char *name, uint64_t size) {
    struct inode *inode = overlay_nameless(kernel.vfs->anonymous_fs, S_IFREG | 0777);
    struct text text = {0};
    int error;
    text_printf(&text, "/memfd:%s (deleted)", name);
    inode->size = size;
    struct path_node *node = node_anonymous(inode, text.bytes);
    heap_free(text.bytes);
    struct file *file = open_node(node, O_RDWR, &error);
    node_put(node);
    return file;
}

uint32_t file_rootfs_inode(struct file *file) {
    return file->inode && overlay_is_image_file(file->inode) ? file->inode->image : 0;
}

size_t file_path(struct file *file, char *to, size_t size) {
    int64_t length = file->path ? node_path(file->path, kernel.vfs->root, true, to, size) : -1;
    if (length < 0 && size)
        to[0] = 0;
    return length < 0 ? 0 : (size_t)length;
}

int file_permission(struct file *file, int want) {
    if (!file->inode)
        return -EACCES;
    int error = inode_refresh(file->inode);
    return error ? error : inode_permission(file->inode, want);
}

void file_owner(struct file *file, uint32_t *mode, uint32_t *uid, uint32_t *gid) {
    *mode = file->inode ? file->inode->mode : file->mode;
    *uid = file->inode ? file->inode->uid : 0;
    *gid = file->inode ? file->inode->gid : 0;
}

void file_identity(struct file *file, uint64_t *device, uint64_t *inode) {
    *device = file->inode ? inode_device_number(file->inode) : 0;
    *inode = file->inode ? file->inode->ino : 0;
}
