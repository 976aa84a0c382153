/* Host directories, mounted at their guest names.
 *
 * An inode is a path below the preopened directory; the host is asked every time.  Links that leave
 * the directory are refused by the host.  A host without permission bits shows everything as
 * root's, and refuses to change owner and mode. */
#include <string.h>

#include "../profile.h"
#include "vfs.h"

#define V9FS_MAGIC 0x01021997
#define REFUSED_AS_ROOT "the preopened directory / is not used: it would hide the image\n"

struct host_inode {
    struct host_inode *next, **previous; /* all of the file system */
    struct inode *inode;
    char *path; /* relative to the preopen; "." is its root */
    bool gone;  /* unlinked: only open descriptors know it */
};

struct preopen {
    int fd;
    struct host_inode *inodes;
};

static const struct inode_ops host_ops;
static const struct file_ops host_directory_ops, host_file_ops;

static int directory_of(const struct inode *inode) {
    return ((struct preopen *)inode->fs->private_data)->fd;
}

static const char *path_of(const struct inode *inode) {
    return ((struct host_inode *)inode->private_data)->path;
}

static struct linux_timespec time_of(uint64_t ns) {
    return (struct linux_timespec){(int64_t)(ns / 1000000000u), (int64_t)(ns % 1000000000u)};
}

static void fill(struct inode *inode, const struct host_stat *st) {
    inode->mode = st->mode;
    inode->ino = st->ino;
    inode->nlink = st->nlink ? st->nlink : 1;
    inode->size = st->size;
    inode->atime = time_of(st->atime);
    inode->mtime = time_of(st->mtime);
    inode->ctime = time_of(st->ctime);
}

static struct inode *host_inode_new(struct filesystem *fs, char *path, const struct host_stat *st) {
    struct preopen *preopen = fs->private_data;
    struct inode *inode = inode_new(fs, &host_ops, st->mode);
    struct host_inode *node = heap_alloc(sizeof *node);
    node->inode = inode;
    node->path = path;
    node->next = preopen->inodes;
    if (node->next)
        node->next->previous = &node->next;
    node->previous = &preopen->inodes;
    preopen->inodes = node;
    inode->private_data = node;
    fill(inode, st);
    return inode;
}

static void host_drop(struct inode *inode) {
    struct host_inode *node = inode->private_data;
    *node->previous = node->next;
    if (node->next)
        node->next->previous = node->previous;
    heap_free(node->path);
    heap_free(node);
}

static int host_refresh(struct inode *inode) {
    const struct host_inode *node = inode->private_data;
    struct host_stat st;
    if (node->gone)
        return 0; /* what is known stays */
    int error = host_stat(directory_of(inode), node->path, &st);
    if (!error)
        fill(inode, &st);
    return error;
}

static char *join(const struct inode *directory, const char *name, size_t length) {
    const char *base = path_of(directory);
    size_t base_length = strcmp(base, ".") == 0 ? 0 : strlen(base);
    char *path = heap_alloc(base_length + length + 2);
    memcpy(path, base, base_length);
    if (base_length)
        path[base_length++] = '/';
    memcpy(path + base_length, name, length);
    return path;
}

static int host_lookup(struct inode *directory, const char *name, size_t length,
                       struct inode **found) {
    char *path = join(directory, name, length);
    struct host_stat st;
    int error = host_stat(directory_of(directory), path, &st);
    if (error) {
        heap_free(path);
        return error;
    }
    *found = host_inode_new(directory->fs, path, &st);
    return 0;
}

static int host_create(struct inode *directory, const char *name, size_t length, uint32_t mode,
                       uint64_t rdev, const char *target, struct inode **made) {
    (void)rdev;
    char *path = join(directory, name, length);
    int fd = directory_of(directory), error;
    switch (mode & S_IFMT) {
    case S_IFREG:
        error = host_open(fd, path, O_WRONLY | O_CREAT | O_EXCL, (int)(mode & 07777));
        if (error >= 0)
            error = host_close(error);
        break;
    case S_IFDIR:
        error = host_mkdir(fd, path);
        break;
    case S_IFLNK:
        error = host_symlink(target, fd, path);
        break;
    default:
        error = -EPERM;
    }
    heap_free(path);
    return error ? error : host_lookup(directory, name, length, made);
}

static int host_link_name(struct inode *directory, const char *name, size_t length,
                          struct inode *inode) {
    char *path = join(directory, name, length);
    int error = host_link(directory_of(inode), path_of(inode), directory_of(directory), path);
    heap_free(path);
    return error;
}

static int host_remove(struct inode *directory, const char *name, size_t length,
                       struct inode *victim) {
    char *path = join(directory, name, length);
    int error = host_unlink(directory_of(directory), path, S_ISDIR(victim->mode));
    heap_free(path);
    if (!error) {
        ((struct host_inode *)victim->private_data)->gone = true;
        victim->nlink = S_ISDIR(victim->mode) ? 0 : victim->nlink - 1;
    }
    return error;
}

/* Known inodes at or below `from` now have their paths below `to`. */
static void move_paths(struct preopen *preopen, const char *from, const char *to) {
    size_t from_length = strlen(from), to_length = strlen(to);
    for (struct host_inode *node = preopen->inodes; node; node = node->next) {
        if (strncmp(node->path, from, from_length) != 0 ||
            (node->path[from_length] != 0 && node->path[from_length] != '/') || node->gone)
            continue;
        size_t rest = strlen(node->path + from_length);
        char *path = heap_alloc(to_length + rest + 1);
        memcpy(path, to, to_length);
        memcpy(path + to_length, node->path + from_length, rest);
        heap_free(node->path);
        node->path = path;
    }
}

static int host_move(struct inode *from, const char *from_name, size_t from_length,
                     struct inode *moved, struct inode *to, const char *to_name, size_t to_length,
                     struct inode *replaced, unsigned flags) {
    (void)moved;
    if (flags & RENAME_EXCHANGE)
        return -EINVAL; /* as file systems without it do */
    char *from_path = join(from, from_name, from_length), *to_path = join(to, to_name, to_length);
    int error = host_rename(directory_of(from), from_path, directory_of(to), to_path);
    if (!error) {
        if (replaced)
            ((struct host_inode *)replaced->private_data)->gone = true;
        move_paths(from->fs->private_data, from_path, to_path);
    }
    heap_free(from_path);
    heap_free(to_path);
    return error;
}

static int64_t host_read_link(struct inode *inode, char *to, size_t size) {
    return host_readlink(directory_of(inode), path_of(inode), to, size);
}

/* Times can be set; owner and mode only to what they are. */
static int host_changed(struct inode *inode, unsigned attributes) {
    struct linux_timespec atime = inode->atime, mtime = inode->mtime;
    if (!(attributes & ATTRIBUTE_TIMES)) {
        uint32_t mode = inode->mode, uid = inode->uid, gid = inode->gid;
        int error = host_refresh(inode);
        if (error)
            return error;
        return mode == inode->mode && uid == 0 && gid == 0 ? 0 : -EPERM;
    }
    int flags = S_ISDIR(inode->mode) ? O_RDONLY | O_DIRECTORY : O_WRONLY;
    int fd = host_open(directory_of(inode), path_of(inode), flags, 0);
    if (fd < 0)
        return fd;
    int error =
        host_set_times(fd, (uint64_t)atime.seconds * 1000000000u + (uint64_t)atime.nanoseconds,
                       (uint64_t)mtime.seconds * 1000000000u + (uint64_t)mtime.nanoseconds);
    host_close(fd);
    return error;
}

static int host_set_size(struct inode *inode, uint64_t size) {
    int fd = host_open(directory_of(inode), path_of(inode), O_WRONLY, 0);
    if (fd < 0)
        return fd;
    int error = host_truncate(fd, size);
    host_close(fd);
    host_refresh(inode);
    return error;
}

static uint64_t host_blocks(struct inode *inode) { return (inode->size + 511) / 512; }

/* --- open files --- */

struct host_file {
    int fd;
    /* Directory: its names, listed when reading starts, so that positions stay while files come and
     * go.  Each is an inode number, a mode, then the name with its NUL. */
    struct text names;
    uint64_t count;
    bool listed;
};

static int host_fd(const struct file *file) { return ((struct host_file *)file->private_data)->fd; }

static int host_open_inode(struct inode *inode, struct file *file) {
    bool directory = S_ISDIR(inode->mode);
    int flags = directory ? O_RDONLY | O_DIRECTORY : (int)(file->flags & O_ACCMODE);
    int fd = host_open(directory_of(inode), path_of(inode), flags, 0);
    if (fd < 0)
        return fd;
    struct host_file *state = file->private_data = heap_alloc(sizeof *state);
    state->fd = fd;
    file->ops = directory ? &host_directory_ops : &host_file_ops;
    return 0;
}

static int64_t file_read(struct file *file, void *to, size_t length, uint64_t offset) {
    return host_pread(host_fd(file), to, length, offset);
}

static int64_t file_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    int64_t done = host_pwrite(host_fd(file), from, length, offset);
    if (done > 0 && offset + (uint64_t)done > file->inode->size)
        file->inode->size = offset + (uint64_t)done;
    return done;
}

static int64_t file_seek(struct file *file, int64_t offset, int whence) {
    struct host_stat st;
    int error = host_fstat(host_fd(file), &st);
    return error ? error : seek_with_size(file, offset, whence, st.size);
}

static void file_release(struct file *file) {
    struct host_file *state = file->private_data;
    host_close(state->fd);
    heap_free(state->names.bytes);
    heap_free(state);
}

static int host_sync_file(struct file *file) { return host_sync(host_fd(file)); }

static const struct file_ops host_file_ops = {
    .read = file_read,
    .write = file_write,
    .seek = file_seek,
    .release = file_release,
};

static bool take_name(void *context, const char *name, uint64_t ino, uint32_t mode_type) {
    struct host_file *state = context;
    text_add(&state->names, (const char *)&ino, sizeof ino);
    text_add(&state->names, (const char *)&mode_type, sizeof mode_type);
    text_add(&state->names, name, strlen(name) + 1);
    state->count++;
    return true;
}

static int read_host_directory(struct file *file, struct directory_sink *sink) {
    struct inode *inode = file->inode;
    struct host_file *state = file->private_data;
    if (file->position == 0 || !state->listed) {
        state->names.length = 0;
        state->count = 0;
        int error = host_read_directory(state->fd, take_name, state);
        if (error)
            return error;
        state->listed = true;
    }
    if (file->position < 1 && !sink->emit(sink, ".", 1, inode->ino, S_IFDIR, 1))
        return 0;
    if (file->position < 2 &&
        !sink->emit(sink, "..", 2, node_parent(file->path)->inode->ino, S_IFDIR, 2))
        return 0;
    const char *at = state->names.bytes;
    for (uint64_t i = 0; i < state->count; i++) {
        uint64_t ino;
        uint32_t mode;
        memcpy(&ino, at, sizeof ino);
        memcpy(&mode, at + sizeof ino, sizeof mode);
        at += sizeof ino + sizeof mode;
        size_t length = strlen(at);
        if (i + 2 >= file->position && !sink->emit(sink, at, length, ino, mode, i + 3))
            return 0;
        at += length + 1;
    }
    return 0;
}

static int64_t directory_seek(struct file *file, int64_t offset, int whence) {
    return seek_with_size(file, offset, whence, 0);
}

static const struct file_ops host_directory_ops = {
    .seek = directory_seek,
    .read_directory = read_host_directory,
    .release = file_release,
};

static const struct inode_ops host_ops = {
    .lookup = host_lookup,
    .create = host_create,
    .link = host_link_name,
    .unlink = host_remove,
    .rename = host_move,
    .readlink = host_read_link,
    .refresh = host_refresh,
    .changed = host_changed,
    .truncate = host_set_size,
    .open = host_open_inode,
    .sync = host_sync_file,
    .blocks = host_blocks,
    .drop = host_drop,
};

/* Guest paths are absolute; a relative name of a preopen is taken from the root. */
static char *mount_path(const char *name) {
    while (name[0] == '.' && (name[1] == '/' || name[1] == 0))
        name += name[1] ? 2 : 1;
    while (*name == '/')
        name++;
    size_t length = strlen(name);
    while (length && name[length - 1] == '/')
        length--;
    char *path = heap_alloc(length + 2);
    path[0] = '/';
    memcpy(path + 1, name, length);
    return path;
}

void preopen_mount(void) {
    int fd;
    const char *name;
    for (unsigned i = 0; host_preopen(i, &fd, &name) == 0; i++) {
        struct host_stat st;
        char *path = mount_path(name);
        if (strcmp(path, PROFILE_MOUNT) == 0) {
            heap_free(path);
            continue;
        }
        if (!path[1])
            host_log(REFUSED_AS_ROOT, sizeof REFUSED_AS_ROOT - 1);
        if (!path[1] || host_stat(fd, ".", &st) || make_directories(path)) {
            heap_free(path);
            continue;
        }
        struct filesystem *fs = filesystem_new("9p", "host", "rw,relatime", V9FS_MAGIC);
        struct preopen *preopen = heap_alloc(sizeof *preopen);
        preopen->fd = fd;
        fs->private_data = preopen;
        char *root = heap_alloc(2);
        root[0] = '.';
        fs->root = node_new_root(host_inode_new(fs, root, &st));
        mount_at(path, fs);
        heap_free(path);
    }
}
