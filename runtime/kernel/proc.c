/* /proc and /sys: directories and files made from tables (proc.h). */
#include "proc.h"

#include <string.h>

#define PROC_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572
#define FIRST_NUMBER 1000 /* positions of numbered entries: behind all names */

struct proc_inode {
    const struct proc_entry *entry;
    int32_t pid, tid, fd;
    uint32_t type; /* of `fd`: changes when another file gets the number */
};

static const struct inode_ops proc_ops;
static const struct file_ops directory_ops, text_ops;

/* --- subjects --- */

static struct task *find_task(const struct process *process, int32_t tid) {
    for (struct task *task = process->tasks; task; task = task->next_in_process) {
        if (task->tid == tid)
            return task;
    }
    return NULL;
}

/* False when the process, thread or descriptor is gone. */
static bool get_subject(const struct inode *inode, struct proc_subject *subject) {
    const struct proc_inode *node = inode->private_data;
    *subject = (struct proc_subject){.fd = node->fd};
    if (!node->pid)
        return true;
    subject->process = process_find(node->pid);
    if (!subject->process)
        return false;
    subject->task = node->tid ? find_task(subject->process, node->tid) : subject->process->tasks;
    if (node->tid && !subject->task)
        return false;
    if (node->fd < 0)
        return true;
    const struct files *files = subject->process->files;
    return files && (uint32_t)node->fd < files->size && files->descriptors[node->fd].file;
}

/* --- inodes --- */

static uint64_t hash_ino(uint64_t parent, const char *name) {
    uint32_t hash = 2166136261u ^ (uint32_t)parent;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    return 0x10000 + (uint64_t)(hash >> 1);
}

static uint32_t type_bits(const struct proc_entry *entry) {
    switch (entry->kind) {
    case PROC_TEXT:
        return S_IFREG;
    case PROC_LINK:
        return S_IFLNK;
    default:
        return S_IFDIR;
    }
}

/* Links in fd/ show how the file is open. */
static uint32_t descriptor_mode(const struct proc_subject *subject) {
    unsigned access = subject->process->files->descriptors[subject->fd].file->flags & O_ACCMODE;
    return (access != O_WRONLY ? 0500 : 0) | (access != O_RDONLY ? 0300 : 0);
}

static int proc_refresh(struct inode *inode) {
    const struct proc_inode *node = inode->private_data;
    struct proc_subject subject;
    if (!get_subject(inode, &subject))
        return -ENOENT;
    if (node->entry->kind == PROC_PIDS) {
        inode->nlink = 2;
        for (const struct process *p = kernel.processes; p; p = p->next)
            inode->nlink++;
    }
    if (subject.process) {
        inode->uid = subject.process->creds.euid;
        inode->gid = subject.process->creds.egid;
        if (node->fd >= 0 && node->entry->kind == PROC_LINK)
            inode->mode = S_IFLNK | descriptor_mode(&subject);
    }
    return 0;
}

static struct inode *proc_inode_new(struct filesystem *fs, const struct proc_entry *entry,
                                    uint64_t ino) {
    struct inode *inode = inode_new(fs, &proc_ops, type_bits(entry) | entry->mode);
    struct proc_inode *node = heap_alloc(sizeof *node);
    node->entry = entry;
    node->fd = -1;
    inode->private_data = node;
    inode->ino = ino;
    inode->nlink = S_ISDIR(inode->mode) ? 2 : 1;
    return inode;
}

static void proc_drop(struct inode *inode) { heap_free(inode->private_data); }

static int32_t parse_number(const char *name, size_t length) {
    int32_t number = 0;
    if (length == 0 || length > 9 || (length > 1 && name[0] == '0'))
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

static const struct proc_entry process_directory = {
    "", PROC_DIRECTORY, 0555, NULL, proc_process_entries, NULL, NULL};

/* The entry that a number names in a directory of numbers; NULL: there is none. */
static const struct proc_entry *numbered(const struct inode *directory, int32_t number,
                                         struct proc_inode *node) {
    const struct proc_inode *parent = directory->private_data;
    struct proc_subject subject;
    *node = *parent;
    switch (parent->entry->kind) {
    case PROC_PIDS:
        node->pid = number;
        node->entry = &process_directory;
        return process_find(number) ? node->entry : NULL;
    case PROC_TASKS:
        node->tid = number;
        node->entry = parent->entry->children;
        return get_subject(directory, &subject) && subject.process &&
                       find_task(subject.process, number)
                   ? node->entry
                   : NULL;
    case PROC_FDS: {
        struct inode probe = {.private_data = node};
        node->fd = number;
        node->entry = parent->entry->children;
        return get_subject(&probe, &subject) ? node->entry : NULL;
    }
    default:
        return NULL;
    }
}

static int proc_lookup(struct inode *directory, const char *name, size_t length,
                       struct inode **found) {
    const struct proc_inode *parent = directory->private_data;
    char text[LINUX_NAME_MAX + 1];
    memcpy(text, name, length);
    text[length] = 0;
    uint64_t ino = hash_ino(directory->ino, text);
    int32_t number = parse_number(name, length);
    struct proc_inode node;
    if (number >= 0 && numbered(directory, number, &node)) {
        *found = proc_inode_new(directory->fs, node.entry, ino);
        *(struct proc_inode *)(*found)->private_data = node;
        return proc_refresh(*found);
    }
    if (parent->entry->kind == PROC_TASKS || parent->entry->kind == PROC_FDS)
        return -ENOENT;
    for (const struct proc_entry *entry = parent->entry->children; entry->name; entry++) {
        if (strcmp(entry->name, text) != 0)
            continue;
        *found = proc_inode_new(directory->fs, entry, ino);
        struct proc_inode *made = (*found)->private_data;
        made->pid = parent->pid;
        made->tid = parent->tid;
        int error = proc_refresh(*found);
        if (error)
            inode_put(*found);
        return error;
    }
    return -ENOENT;
}

/* --- links --- */

static int64_t proc_readlink(struct inode *inode, char *to, size_t size) {
    const struct proc_inode *node = inode->private_data;
    struct proc_subject subject;
    if (!get_subject(inode, &subject))
        return -ENOENT;
    if (subject.process && node->entry->follow && !owner_or_root(inode))
        return -EACCES;
    struct text text = {0};
    node->entry->show(&text, &subject);
    size_t length = text.length < size ? text.length : size;
    if (length)
        memcpy(to, text.bytes, length);
    heap_free(text.bytes);
    return length ? (int64_t)length : -ENOENT;
}

static int proc_follow(struct inode *inode, struct path_node **target) {
    const struct proc_inode *node = inode->private_data;
    struct proc_subject subject;
    if (!node->entry->follow)
        return -EINVAL; /* an ordinary link */
    if (!get_subject(inode, &subject))
        return -ENOENT;
    if (!owner_or_root(inode))
        return -EACCES;
    *target = node->entry->follow(&subject);
    return *target ? 0 : -ENOENT;
}

/* --- directories --- */

/* The smallest number >= `from` in a directory of numbers, or -1. */
static int32_t next_number(const struct inode *directory, int32_t from) {
    const struct proc_inode *node = directory->private_data;
    struct proc_subject subject;
    int32_t best = -1;
    if (!get_subject(directory, &subject))
        return -1;
    if (node->entry->kind == PROC_PIDS) {
        for (const struct process *p = kernel.processes; p; p = p->next) {
            if (p->pid >= from && (best < 0 || p->pid < best))
                best = p->pid;
        }
    } else if (node->entry->kind == PROC_TASKS) {
        for (const struct task *task = subject.process->tasks; task; task = task->next_in_process) {
            if (task->tid >= from && (best < 0 || task->tid < best))
                best = task->tid;
        }
    } else if (node->entry->kind == PROC_FDS && subject.process->files) {
        const struct files *files = subject.process->files;
        for (uint32_t fd = (uint32_t)from; fd < files->size && best < 0; fd++) {
            if (files->descriptors[fd].file)
                best = (int32_t)fd;
        }
    }
    return best;
}

static int proc_read_directory(struct file *file, struct directory_sink *sink) {
    struct inode *inode = file->inode;
    const struct proc_entry *entry = ((struct proc_inode *)inode->private_data)->entry;
    int error = proc_refresh(inode);
    if (error)
        return error;
    if (file->position < 1 && !sink->emit(sink, ".", 1, inode->ino, S_IFDIR, 1))
        return 0;
    if (file->position < 2 &&
        !sink->emit(sink, "..", 2, node_parent(file->path)->inode->ino, S_IFDIR, 2))
        return 0;
    if (entry->kind == PROC_DIRECTORY || entry->kind == PROC_PIDS) {
        uint64_t index = 2;
        for (const struct proc_entry *child = entry->children; child->name; child++, index++) {
            if (index >= file->position &&
                !sink->emit(sink, child->name, strlen(child->name),
                            hash_ino(inode->ino, child->name), type_bits(child), index + 1))
                return 0;
        }
    }
    int32_t number = file->position > FIRST_NUMBER ? (int32_t)(file->position - FIRST_NUMBER) : 0;
    while ((number = next_number(inode, number)) >= 0) {
        struct text name = {0};
        struct proc_inode node;
        const struct proc_entry *child = numbered(inode, number, &node);
        text_printf(&name, "%d", number);
        bool taken =
            !child || sink->emit(sink, name.bytes, name.length, hash_ino(inode->ino, name.bytes),
                                 type_bits(child), (uint64_t)number + 1 + FIRST_NUMBER);
        heap_free(name.bytes);
        if (!taken)
            return 0;
        number++;
    }
    return 0;
}

static int64_t directory_seek(struct file *file, int64_t offset, int whence) {
    return seek_with_size(file, offset, whence, 0);
}

static const struct file_ops directory_ops = {
    .seek = directory_seek,
    .read_directory = proc_read_directory,
};

/* --- files: the text is made when the beginning is read --- */

static int64_t text_read(struct file *file, void *to, size_t length, uint64_t offset) {
    const struct proc_inode *node = file->inode->private_data;
    struct text *text = file->private_data;
    if (!text || offset == 0) {
        struct proc_subject subject;
        if (!get_subject(file->inode, &subject))
            return -ESRCH;
        if (!text)
            text = file->private_data = heap_alloc(sizeof *text);
        text->length = 0;
        if (node->entry->show)
            node->entry->show(text, &subject);
    }
    if (offset >= text->length)
        return 0;
    if (length > text->length - offset)
        length = (size_t)(text->length - offset);
    memcpy(to, text->bytes + offset, length);
    return (int64_t)length;
}

static int64_t text_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    (void)offset;
    const struct proc_inode *node = file->inode->private_data;
    struct proc_subject subject;
    if (!get_subject(file->inode, &subject))
        return -ESRCH;
    return node->entry->store ? node->entry->store(&subject, from, length) : -EINVAL;
}

static int64_t text_seek(struct file *file, int64_t offset, int whence) {
    return whence > SEEK_CUR ? -EINVAL : seek_with_size(file, offset, whence, 0);
}

static void text_release(struct file *file) {
    struct text *text = file->private_data;
    if (text)
        heap_free(text->bytes);
    heap_free(text);
}

static const struct file_ops text_ops = {
    .read = text_read,
    .write = text_write,
    .seek = text_seek,
    .release = text_release,
};

static int proc_open(struct inode *inode, struct file *file) {
    file->ops = S_ISDIR(inode->mode) ? &directory_ops : &text_ops;
    return 0;
}

static int proc_truncate(struct inode *inode, uint64_t size) {
    (void)inode, (void)size; /* `echo 1 > file` truncates first */
    return 0;
}

static int proc_changed(struct inode *inode, unsigned attributes) {
    (void)inode, (void)attributes;
    return -EPERM;
}

static const struct inode_ops proc_ops = {
    .lookup = proc_lookup,
    .readlink = proc_readlink,
    .follow = proc_follow,
    .refresh = proc_refresh,
    .changed = proc_changed,
    .truncate = proc_truncate,
    .open = proc_open,
    .drop = proc_drop,
};

static void mount_tree(const char *type, const char *path, uint32_t magic, const char *options,
                       const struct proc_entry *root) {
    struct filesystem *fs = filesystem_new(type, type, options, magic);
    fs->root = node_new_root(proc_inode_new(fs, root, 1));
    mount_at(path, fs);
}

void proc_mount(void) {
    static const struct proc_entry proc_root = {"",   PROC_PIDS, 0555, NULL, proc_system_entries,
                                                NULL, NULL};
    static const struct proc_entry sys_root = {"",          PROC_DIRECTORY, 0555, NULL,
                                               sys_entries, NULL,           NULL};
    mount_tree("proc", "/proc", PROC_MAGIC, "rw,nosuid,nodev,noexec,relatime", &proc_root);
    mount_tree("sysfs", "/sys", SYSFS_MAGIC, "ro,nosuid,nodev,noexec,relatime", &sys_root);
}
