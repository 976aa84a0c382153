/* Open file descriptions and descriptor tables: open(2), dup(2), close(2), fcntl(2). */
#include <string.h>

#include "vfs.h"

#define DESCRIPTORS_MAX (1u << 20) /* fs.nr_open */
#define RLIMIT_NOFILE_INDEX 7

struct file *file_new(const struct file_ops *ops, uint32_t flags) {
    struct file *file = heap_alloc(sizeof *file);
    file->references = 1;
    file->ops = ops;
    file->flags = flags;
    return file;
}

struct file *file_new_inode(const struct file_ops *ops, uint32_t flags, struct inode *inode,
                            struct path_node *path) {
    struct file *file = file_new(ops, flags);
    file->inode = inode_get(inode);
    file->path = node_get(path);
    file->mode = inode->mode;
    return file;
}

struct file *file_anonymous_inode(const char *name, const struct file_ops *ops, uint32_t flags) {
    static const struct inode_ops no_ops = {0};
    struct filesystem *fs = kernel.vfs->anonymous_fs;
    struct inode *inode = inode_new(fs, &no_ops, 0600);
    inode->ino = fs->next_ino++;
    struct text text = {0};
    text_printf(&text, "anon_inode:%s", name);
    struct path_node *node = node_anonymous(inode, text.bytes);
    heap_free(text.bytes);
    struct file *file = file_new_inode(ops, flags, inode, node);
    node_put(node);
    return file;
}

struct file *file_get(struct file *file) {
    file->references++;
    return file;
}

void file_put(struct file *file) {
    if (--file->references)
        return;
    if (file->inode)
        locks_drop_owner(file->inode, file);
    if (file->watchers)
        epoll_forget(file);
    if (file->ops && file->ops->release)
        file->ops->release(file);
    node_put(file->path);
    inode_put(file->inode);
    heap_free(file);
}

/* --- descriptor tables --- */

struct files *files_new(void) {
    struct files *files = heap_alloc(sizeof *files);
    files->references = 1;
    return files;
}

struct files *files_copy(const struct files *files) {
    struct files *copy = files_new();
    copy->size = files->size;
    copy->descriptors = heap_alloc(files->size * sizeof *copy->descriptors);
    for (uint32_t i = 0; i < files->size; i++) {
        copy->descriptors[i] = files->descriptors[i];
        if (copy->descriptors[i].file)
            file_get(copy->descriptors[i].file);
    }
    return copy;
}

/* Closing any descriptor of a file drops the process' fcntl locks on it: fcntl(2). */
static void close_descriptor(struct files *files, uint32_t fd) {
    struct file *file = files->descriptors[fd].file;
    files->descriptors[fd] = (struct descriptor){0};
    if (file->inode)
        locks_drop_owner(file->inode, files);
    file_put(file);
}

void files_put(struct files *files) {
    if (!files || --files->references)
        return;
    for (uint32_t i = 0; i < files->size; i++) {
        if (files->descriptors[i].file)
            close_descriptor(files, i);
    }
    heap_free(files->descriptors);
    heap_free(files);
}

void files_close_on_exec(struct files *files) {
    for (uint32_t i = 0; i < files->size; i++) {
        if (files->descriptors[i].file && files->descriptors[i].close_on_exec)
            close_descriptor(files, i);
    }
}

struct file *file_of(int64_t fd) {
    const struct files *files = current->process->files;
    fd = (int32_t)fd;
    return fd >= 0 && fd < files->size ? files->descriptors[fd].file : NULL;
}

static struct descriptor *descriptor_of(uint64_t fd) {
    struct files *files = current->process->files;
    bool open = (uint32_t)fd < files->size && files->descriptors[(uint32_t)fd].file;
    return open ? &files->descriptors[(uint32_t)fd] : NULL;
}

static uint32_t descriptor_limit(void) {
    uint64_t limit = current->process->limits[RLIMIT_NOFILE_INDEX].soft;
    return limit < DESCRIPTORS_MAX ? (uint32_t)limit : DESCRIPTORS_MAX;
}

static void make_descriptors(struct files *files, uint32_t count) {
    if (count <= files->size)
        return;
    uint32_t size = files->size ? files->size : 16;
    while (size < count)
        size *= 2;
    files->descriptors = heap_resize(files->descriptors, size * sizeof *files->descriptors);
    memset(files->descriptors + files->size, 0, (size - files->size) * sizeof *files->descriptors);
    files->size = size;
}

int fd_install(struct file *file, int lowest, bool close_on_exec) {
    struct files *files = current->process->files;
    uint32_t fd = (uint32_t)lowest;
    while (fd < files->size && files->descriptors[fd].file)
        fd++;
    if (fd >= descriptor_limit()) {
        file_put(file);
        return -EMFILE;
    }
    make_descriptors(files, fd + 1);
    files->descriptors[fd] = (struct descriptor){file, close_on_exec};
    return (int)fd;
}

int64_t file_check(int64_t fd, int want, struct file **file) {
    struct file *found = file_of(fd);
    if (!found || (found->flags & O_PATH))
        return -EBADF;
    unsigned access = found->flags & O_ACCMODE;
    if (((want & R_OK) && access == O_WRONLY) || ((want & W_OK) && access == O_RDONLY))
        return -EBADF;
    *file = found;
    return 0;
}

/* --- calls --- */

void fd_close(uint32_t fd) { close_descriptor(current->process->files, fd); }

int64_t sys_close(const uint64_t *a) {
    if (!descriptor_of(a[0]))
        return -EBADF;
    close_descriptor(current->process->files, (uint32_t)a[0]);
    return 0;
}

int64_t sys_close_range(const uint64_t *a) {
    uint32_t first = (uint32_t)a[0], last = (uint32_t)a[1], flags = (uint32_t)a[2];
    if (flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE) || first > last)
        return -EINVAL;
    struct process *process = current->process;
    if ((flags & CLOSE_RANGE_UNSHARE) && process->files->references > 1) {
        struct files *own = files_copy(process->files);
        files_put(process->files);
        process->files = own;
    }
    struct files *files = process->files;
    for (uint64_t fd = first; fd <= last && fd < files->size; fd++) {
        if (!files->descriptors[fd].file)
            continue;
        if (flags & CLOSE_RANGE_CLOEXEC)
            files->descriptors[fd].close_on_exec = true;
        else
            close_descriptor(files, (uint32_t)fd);
    }
    return 0;
}

int64_t sys_dup(const uint64_t *a) {
    struct file *file = file_of((int64_t)a[0]);
    return file ? fd_install(file_get(file), 0, false) : -EBADF;
}

int64_t sys_dup3(const uint64_t *a) {
    uint32_t from = (uint32_t)a[0], to = (uint32_t)a[1], flags = (uint32_t)a[2];
    if ((flags & ~(uint32_t)O_CLOEXEC) || from == to)
        return -EINVAL;
    struct file *file = file_of((int64_t)a[0]);
    if (!file || to >= descriptor_limit())
        return -EBADF;
    struct files *files = current->process->files;
    make_descriptors(files, to + 1);
    file_get(file);
    if (files->descriptors[to].file)
        close_descriptor(files, to);
    files->descriptors[to] = (struct descriptor){file, (flags & O_CLOEXEC) != 0};
    return to;
}

#define SETTABLE_FLAGS (O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK)

static int64_t set_flags(struct file *file, uint32_t flags) {
    if ((flags & O_NOATIME) && !(file->flags & O_NOATIME) && file->inode &&
        !owner_or_root(file->inode))
        return -EPERM;
    if (flags & (O_ASYNC | O_DIRECT) & ~file->flags)
        return -EINVAL; /* no SIGIO, no direct I/O */
    file->flags = (file->flags & ~(uint32_t)SETTABLE_FLAGS) | (flags & SETTABLE_FLAGS);
    return 0;
}

int64_t sys_fcntl(const uint64_t *a) {
    struct descriptor *descriptor = descriptor_of(a[0]);
    if (!descriptor)
        return -EBADF;
    struct file *file = descriptor->file;
    int command = (int)a[1];
    bool path_only = file->flags & O_PATH;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if ((uint32_t)a[2] >= descriptor_limit())
            return -EINVAL;
        return fd_install(file_get(file), (int)a[2], command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return descriptor->close_on_exec ? FD_CLOEXEC : 0;
    case F_SETFD:
        descriptor->close_on_exec = a[2] & FD_CLOEXEC;
        return 0;
    case F_GETFL:
        return file->flags | (path_only ? 0 : O_LARGEFILE);
    default:
        break;
    }
    if (path_only)
        return -EBADF;
    switch (command) {
    case F_SETFL:
        return set_flags(file, (uint32_t)a[2]);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return fcntl_lock(file, command, a[2]);
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
        return pipe_fcntl(file, command, a[2]);
    case F_GETOWN:
    case F_GETSIG:
        return 0; /* no SIGIO: never set */
    default:
        return -EINVAL;
    }
}
