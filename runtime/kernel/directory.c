/* Directories as a user sees them: getdents(2), getdents64(2), chdir(2), getcwd(2), chroot(2), umask(2). */
#include <string.h>

#include "vfs.h"

/* --- getdents64, getdents --- */

struct dirent_sink {
    struct directory_sink sink;
    struct file *file;
    uint8_t *buffer;
    size_t size, used;
    bool full;
    bool type_last; /* struct linux_dirent */
};

static uint8_t type_of_mode(uint32_t mode) { return (uint8_t)((mode & S_IFMT) >> 12); }

/* struct linux_dirent64: the type, then the name, follow the 18 bytes that both have in common; struct
 * linux_dirent: the name does, and the type is the last byte. */
static bool add_dirent(struct directory_sink *sink, const char *name, size_t length, uint64_t ino,
                       uint32_t mode, uint64_t next_position) {
    struct dirent_sink *out = (struct dirent_sink *)sink;
    uint16_t size = (uint16_t)((DIRENT64_HEADER + length + 1 + 7) & ~(size_t)7); /* of both */
    if (out->used + size > out->size) {
        out->full = true;
        return false;
    }
    uint8_t *entry = out->buffer + out->used;
    memset(entry, 0, size);
    memcpy(entry, &ino, 8);
    memcpy(entry + 8, &next_position, 8);
    memcpy(entry + 16, &size, 2);
    memcpy(entry + (out->type_last ? DIRENT_HEADER : DIRENT64_HEADER), name, length);
    entry[out->type_last ? size - 1 : DIRENT64_HEADER - 1] = type_of_mode(mode);
    out->used += size;
    out->file->position = next_position;
    return true;
}

static int64_t get_entries(const uint64_t *a, struct dirent_sink sink) {
    struct file *file;
    int64_t error = file_check((int64_t)a[0], R_OK, &file);
    if (error)
        return error;
    if (!file->ops->read_directory)
        return -ENOTDIR;
    size_t size = (uint32_t)a[2] < 1u << 20 ? (uint32_t)a[2] : 1u << 20;
    if (file->inode->nlink == 0)
        return -ENOENT;
    sink.file = file;
    sink.size = size;
    sink.buffer = user_pointer(a[1], size, 2);
    if (!sink.buffer)
        return -EFAULT;
    error = file->ops->read_directory(file, &sink.sink);
    if (error && !sink.used)
        return error;
    if (!sink.used && sink.full)
        return -EINVAL; /* the buffer is too small for one entry */
    return (int64_t)sink.used;
}

int64_t sys_getdents64(const uint64_t *a) {
    return get_entries(a, (struct dirent_sink){.sink = {add_dirent}});
}

int64_t sys_getdents(const uint64_t *a) {
    return get_entries(a, (struct dirent_sink){.sink = {add_dirent}, .type_last = true});
}

/* --- working directory, root, umask --- */

struct fs_context *fs_copy(const struct fs_context *fs) {
    struct fs_context *copy = heap_alloc(sizeof *copy);
    *copy = *fs;
    copy->references = 1;
    node_get(copy->root);
    node_get(copy->cwd);
    return copy;
}

void fs_put(struct fs_context *fs) {
    if (!fs || --fs->references)
        return;
    node_put(fs->root);
    node_put(fs->cwd);
    heap_free(fs);
}

static void set_node(struct path_node **place, struct path_node *node) {
    node_get(node);
    node_put(*place);
    *place = node;
}

static int64_t change_directory(struct path_node **place, struct path_node *node) {
    if (!S_ISDIR(node->inode->mode))
        return -ENOTDIR;
    int error = inode_permission(node->inode, X_OK);
    if (error)
        return error;
    set_node(place, node);
    return 0;
}

int64_t sys_chdir(const uint64_t *a) {
    struct lookup at;
    int64_t error = path_lookup_at(AT_FDCWD, a[0], LOOKUP_FOLLOW, &at);
    if (error)
        return error;
    error = change_directory(&current->process->fs->cwd, at.node);
    lookup_put(&at);
    return error;
}

int64_t sys_fchdir(const uint64_t *a) {
    struct file *file = file_of((int64_t)a[0]);
    if (!file)
        return -EBADF;
    return file->path ? change_directory(&current->process->fs->cwd, file->path) : -ENOTDIR;
}

int64_t sys_chroot(const uint64_t *a) {
    struct lookup at;
    int64_t error = path_lookup_at(AT_FDCWD, a[0], LOOKUP_FOLLOW, &at);
    if (error)
        return error;
    if (!S_ISDIR(at.node->inode->mode))
        error = -ENOTDIR;
    else if (current->process->creds.euid != 0)
        error = -EPERM;
    else
        error = change_directory(&current->process->fs->root, at.node);
    lookup_put(&at);
    return error;
}

int64_t sys_getcwd(const uint64_t *a) {
    const struct fs_context *fs = current->process->fs;
    char *text = heap_alloc(LINUX_PATH_MAX);
    int64_t length = node_path(fs->cwd, fs->root, false, text, LINUX_PATH_MAX);
    if (length >= 0) {
        for (const struct path_node *node = fs->cwd; node; node = node->parent) {
            if (node->unlinked)
                length = -ENOENT;
        }
    }
    if (length >= 0 && (uint64_t)length + 1 > a[1])
        length = -ERANGE;
    if (length >= 0) {
        int error = user_write(a[0], text, (size_t)length + 1);
        length = error ? error : length + 1;
    }
    heap_free(text);
    return length;
}

int64_t sys_umask(const uint64_t *a) {
    struct fs_context *fs = current->process->fs;
    uint32_t old = fs->umask;
    fs->umask = a[0] & 0777;
    return old;
}
