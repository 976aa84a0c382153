/* The writable layer: a file system in memory, optionally over the image.
 *
 * An inode of the image is made when it is looked up and dropped when nothing uses it.  Once
 * anything about it changed it is pinned: one more reference keeps it until its last link is gone.
 * A directory's entries are read from the image until the first change, then they are copied into a
 * table.  Without an image this is tmpfs. */
#include <string.h>

#include "../rootfs.h"
#include "directory_table.h"
#include "vfs.h"

#define HASH 1024
struct overlay {
    struct inode *image_inodes[HASH];
};

static const struct inode_ops overlay_ops;

static struct inode *image_inode(struct filesystem *fs, uint32_t number) {
    struct overlay *overlay = fs->private_data;
    struct inode **bucket = &overlay->image_inodes[number % HASH];
    for (struct inode *inode = *bucket; inode; inode = inode->next_hash) {
        if (inode->image == number)
            return inode_get(inode);
    }
    struct rootfs_inode stored;
    rootfs_read_inode(number, &stored);
    struct inode *inode = inode_new(fs, &overlay_ops, stored.mode);
    inode->uid = stored.uid;
    inode->gid = stored.gid;
    inode->nlink = stored.nlink;
    inode->ino = inode->image = number;
    inode->size = S_ISDIR(stored.mode) ? PAGE_SIZE : stored.size;
    if (S_ISCHR(stored.mode) || S_ISBLK(stored.mode)) {
        inode->rdev = stored.data;
        inode->size = 0;
    }
    inode->mtime = (struct linux_timespec){stored.mtime, stored.mtime_ns};
    inode->atime = inode->ctime = inode->mtime;
    inode->next_hash = *bucket;
    *bucket = inode;
    return inode;
}

static void overlay_drop(struct inode *inode) {
    if (inode->image) {
        struct overlay *overlay = inode->fs->private_data;
        struct inode **at = &overlay->image_inodes[inode->image % HASH];
        while (*at != inode)
            at = &(*at)->next_hash;
        *at = inode->next_hash;
    }
    if (inode->data)
        file_data_free(inode->data);
    if (inode->entries)
        directory_free(inode->entries);
    heap_free(inode->target);
}

/* Inodes that are not the image's are kept by their directory entries. */
static void pin(struct inode *inode) {
    if (inode->image && !inode->pinned && inode->nlink) {
        inode->pinned = true;
        inode_get(inode);
    }
}

static void drop_link(struct inode *inode) {
    pin(inode);
    inode->nlink -= S_ISDIR(inode->mode) ? inode->nlink : 1;
    inode->ctime = time_now();
    if (inode->nlink == 0 && inode->pinned) {
        inode->pinned = false;
        inode_put(inode);
    }
}

static int overlay_changed(struct inode *inode, unsigned attributes) {
    (void)attributes;
    pin(inode);
    return 0;
}

/* --- directories --- */

static struct directory *own_entries(struct inode *inode) {
    pin(inode);
    if (inode->entries)
        return inode->entries;
    inode->entries = directory_new();
    if (inode->image) {
        struct rootfs_inode stored;
        rootfs_read_inode(inode->image, &stored);
        for (uint32_t i = 0; i < stored.entry_count; i++) {
            char name[LINUX_NAME_MAX + 1];
            size_t length;
            uint32_t number = rootfs_entry_at(&stored, i, name, &length);
            directory_insert(inode->entries, name, length, number, NULL, true);
        }
    }
    return inode->entries;
}

static int overlay_lookup(struct inode *inode, const char *name, size_t length,
                          struct inode **found) {
    uint32_t number = 0;
    if (inode->entries) {
        struct slot *slot = directory_find(inode->entries, name, length);
        if (!slot)
            return -ENOENT;
        number = slot->image;
        if (!number) {
            *found = inode_get(slot->inode);
            return 0;
        }
    } else if (inode->image) {
        struct rootfs_inode stored;
        rootfs_read_inode(inode->image, &stored);
        number = rootfs_find(&stored, name, length);
    }
    if (!number)
        return -ENOENT;
    *found = image_inode(inode->fs, number);
    return 0;
}

static int overlay_create(struct inode *inode, const char *name, size_t length, uint32_t mode,
                          uint64_t rdev, const char *target, struct inode **made) {
    if (inode->nlink == 0)
        return -ENOENT;
    struct inode *child = inode_new(inode->fs, &overlay_ops, mode);
    child->ino = inode->fs->next_ino++;
    child->rdev = rdev;
    child->uid = current->process->creds.fsuid;
    child->gid = current->process->creds.fsgid;
    if (inode->mode & S_ISGID) {
        child->gid = inode->gid;
        if (S_ISDIR(mode))
            child->mode |= S_ISGID;
    }
    if (S_ISDIR(mode)) {
        child->nlink = 2;
        child->size = PAGE_SIZE;
        inode->nlink++;
    } else if (S_ISLNK(mode)) {
        size_t size = strlen(target);
        child->target = heap_alloc(size + 1);
        memcpy(child->target, target, size);
        child->size = size;
    }
    directory_insert(own_entries(inode), name, length, 0, inode_get(child), inode->readers != 0);
    touch_modified(inode);
    *made = child;
    return 0;
}

static void insert_inode(struct inode *directory, const char *name, size_t length,
                         struct inode *inode) {
    bool being_read = directory->readers != 0;
    if (inode->image)
        directory_insert(own_entries(directory), name, length, inode->image, NULL, being_read);
    else
        directory_insert(own_entries(directory), name, length, 0, inode_get(inode), being_read);
}

static int overlay_link(struct inode *directory, const char *name, size_t length,
                        struct inode *inode) {
    if (directory->nlink == 0)
        return -ENOENT;
    inode->nlink++;
    pin(inode);
    inode->ctime = time_now();
    insert_inode(directory, name, length, inode);
    touch_modified(directory);
    return 0;
}

static bool is_empty(struct inode *inode) {
    if (inode->entries)
        return inode->entries->live == 0;
    if (!inode->image)
        return true;
    struct rootfs_inode stored;
    rootfs_read_inode(inode->image, &stored);
    return stored.entry_count == 0;
}

static int overlay_unlink(struct inode *directory, const char *name, size_t length,
                          struct inode *victim) {
    if (S_ISDIR(victim->mode) && !is_empty(victim))
        return -ENOTEMPTY;
    struct directory *entries = own_entries(directory);
    struct slot *slot = directory_find(entries, name, length);
    if (!slot)
        return -ENOENT;
    if (S_ISDIR(victim->mode))
        directory->nlink--;
    directory_remove(entries, slot);
    drop_link(victim);
    touch_modified(directory);
    return 0;
}

static void move_parent_link(struct inode *moved, struct inode *from, struct inode *to) {
    if (S_ISDIR(moved->mode) && from != to) {
        from->nlink--;
        to->nlink++;
    }
}

static int overlay_rename(struct inode *from, const char *from_name, size_t from_length,
                          struct inode *moved, struct inode *to, const char *to_name,
                          size_t to_length, struct inode *replaced, unsigned flags) {
    if (to->nlink == 0)
        return -ENOENT;
    if (replaced && !(flags & RENAME_EXCHANGE)) {
        int error = overlay_unlink(to, to_name, to_length, replaced);
        if (error)
            return error;
    }
    pin(moved);
    struct directory *from_entries = own_entries(from), *to_entries = own_entries(to);
    if (flags & RENAME_EXCHANGE) {
        directory_remove(to_entries, directory_find(to_entries, to_name, to_length));
        pin(replaced);
        replaced->ctime = time_now();
    }
    /* `moved` and `replaced` are referenced by the caller while no entry names them. */
    directory_remove(from_entries, directory_find(from_entries, from_name, from_length));
    insert_inode(to, to_name, to_length, moved);
    move_parent_link(moved, from, to);
    if (flags & RENAME_EXCHANGE) {
        insert_inode(from, from_name, from_length, replaced);
        move_parent_link(replaced, to, from);
    }
    moved->ctime = time_now();
    touch_modified(from);
    touch_modified(to);
    return 0;
}

static int64_t overlay_readlink(struct inode *inode, char *to, size_t size) {
    size_t length = inode->size < size ? (size_t)inode->size : size;
    if (inode->target) {
        memcpy(to, inode->target, length);
    } else {
        struct rootfs_inode stored;
        rootfs_read_inode(inode->image, &stored);
        rootfs_read_string(stored.data, to, length);
    }
    return (int64_t)length;
}

static int overlay_read_directory(struct file *file, struct directory_sink *sink) {
    struct inode *inode = file->inode;
    touch_accessed(inode);
    if (file->position < 1 && !sink->emit(sink, ".", 1, inode->ino, S_IFDIR, 1))
        return 0;
    if (file->position < 2) {
        struct path_node *parent = node_parent(file->path);
        if (!sink->emit(sink, "..", 2, parent->inode->ino, S_IFDIR, 2))
            return 0;
    }
    uint64_t index = file->position > 2 ? file->position - 2 : 0;
    struct rootfs_inode stored = {0};
    if (!inode->entries && inode->image)
        rootfs_read_inode(inode->image, &stored);
    uint64_t count = inode->entries ? inode->entries->count : stored.entry_count;
    for (; index < count; index++) {
        char buffer[LINUX_NAME_MAX + 1];
        const char *name = buffer;
        size_t length;
        uint32_t number;
        struct inode *child = NULL;
        if (inode->entries) {
            const struct slot *slot = &inode->entries->slots[index];
            if (!slot->name)
                continue;
            name = slot->name;
            length = slot->length;
            number = slot->image;
            child = slot->inode;
        } else {
            number = rootfs_entry_at(&stored, (uint32_t)index, buffer, &length);
        }
        uint32_t mode;
        if (child) {
            mode = child->mode;
        } else {
            struct rootfs_inode entry;
            rootfs_read_inode(number, &entry);
            mode = entry.mode;
        }
        if (!sink->emit(sink, name, length, child ? child->ino : number, mode, index + 3))
            return 0;
    }
    return 0;
}

static int64_t directory_seek(struct file *file, int64_t offset, int whence) {
    return seek_with_size(file, offset, whence, 0);
}

static void directory_release(struct file *file) { file->inode->readers--; }

static const struct file_ops directory_file_ops = {
    .release = directory_release,
    .seek = directory_seek,
    .read_directory = overlay_read_directory,
};

/* --- regular files --- */

static struct file_data *data_of(struct inode *inode) {
    if (!inode->data) {
        struct rootfs_inode stored = {0};
        if (inode->image)
            rootfs_read_inode(inode->image, &stored);
        inode->data = file_data_new(stored.data, stored.size);
    }
    return inode->data;
}

static int64_t regular_read(struct file *file, void *to, size_t length, uint64_t offset) {
    struct inode *inode = file->inode;
    if (offset >= inode->size)
        return 0;
    if (length > inode->size - offset)
        length = (size_t)(inode->size - offset);
    shared_before_read(file);
    file_data_read(data_of(inode), to, length, offset);
    if (!(file->flags & O_NOATIME))
        touch_accessed(inode);
    return (int64_t)length;
}

/* Contents changed: set-ID bits go unless root did it (file_remove_privs). */
static void data_modified(struct inode *inode) {
    pin(inode);
    inode->data_changed = true;
    touch_modified(inode);
    if (current->process->creds.fsuid != 0) {
        inode->mode &= ~(uint32_t)S_ISUID;
        if (inode->mode & 0010)
            inode->mode &= ~(uint32_t)S_ISGID;
    }
}

static int64_t regular_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    struct inode *inode = file->inode;
    int64_t done = file_data_write(data_of(inode), from, length, offset);
    if (done > 0) {
        if (offset + (uint64_t)done > inode->size)
            inode->size = offset + (uint64_t)done;
        data_modified(inode);
        shared_after_write(file, from, (uint64_t)done, offset);
    }
    return done;
}

static int64_t regular_seek(struct file *file, int64_t offset, int whence) {
    struct inode *inode = file->inode;
    if (whence != LINUX_SEEK_DATA && whence != LINUX_SEEK_HOLE)
        return seek_with_size(file, offset, whence, inode->size);
    if (offset < 0 || (uint64_t)offset >= inode->size)
        return -ENXIO;
    bool hole = whence == LINUX_SEEK_HOLE;
    uint64_t at = file_data_seek(data_of(inode), (uint64_t)offset, inode->size, hole);
    if (!hole && at >= inode->size)
        return -ENXIO;
    file->position = at;
    return (int64_t)at;
}

static const struct file_ops regular_ops = {
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
};

static int overlay_open(struct inode *inode, struct file *file) {
    file->ops = S_ISDIR(inode->mode) ? &directory_file_ops : &regular_ops;
    inode->readers += S_ISDIR(inode->mode);
    return 0;
}

static int overlay_truncate(struct inode *inode, uint64_t size) {
    if (size > INT64_MAX)
        return -EFBIG;
    file_data_truncate(data_of(inode), size);
    inode->size = size;
    shared_after_cut(inode, size, INT64_MAX);
    data_modified(inode);
    return 0;
}

static int overlay_allocate(struct inode *inode, uint64_t offset, uint64_t length, unsigned mode) {
    struct file_data *data = data_of(inode);
    if (mode & FALLOC_FL_PUNCH_HOLE) {
        file_data_punch(data, offset, length);
        shared_after_cut(inode, offset, length);
        data_modified(inode);
        return 0;
    }
    int error = file_data_reserve(data, offset, length);
    if (error)
        return error;
    if (!(mode & FALLOC_FL_KEEP_SIZE) && offset + length > inode->size)
        inode->size = offset + length;
    data_modified(inode);
    return 0;
}

static uint64_t overlay_blocks(struct inode *inode) {
    if (S_ISDIR(inode->mode))
        return PAGE_SIZE / 512;
    if (!S_ISREG(inode->mode))
        return 0;
    return file_data_blocks(data_of(inode));
}

/* --- extended attributes of the image --- */

/* Calls `visit` for each attribute until it returns something other than 0. */
static int64_t each_xattr(struct inode *inode,
                          int64_t (*visit)(void *context, const char *name, uint64_t value,
                                           uint32_t size),
                          void *context) {
    struct rootfs_inode stored = {0};
    if (inode->image)
        rootfs_read_inode(inode->image, &stored);
    uint64_t at = stored.xattrs;
    for (uint32_t i = 0; i < stored.xattr_count; i++) {
        char name[LINUX_NAME_MAX + 1];
        uint32_t length = 0, size;
        do {
            rootfs_read_string(at++, &name[length], 1);
        } while (name[length] && ++length < sizeof name - 1);
        name[length] = 0;
        rootfs_read_string(at, &size, sizeof size);
        at += sizeof size;
        int64_t result = visit(context, name, at, size);
        if (result)
            return result;
        at += size;
    }
    return 0;
}

struct xattr_reader {
    const char *name;
    char *to;
    size_t size, used;
};

static int64_t take_value(void *context, const char *name, uint64_t value, uint32_t size) {
    struct xattr_reader *reader = context;
    if (strcmp(name, reader->name) != 0)
        return 0;
    if (size <= reader->size)
        rootfs_read_string(value, reader->to, size);
    return size ? (int64_t)size : -ENODATA;
}

static int64_t overlay_get_xattr(struct inode *inode, const char *name, void *to, size_t size) {
    struct xattr_reader reader = {.name = name, .to = to, .size = size};
    int64_t result = each_xattr(inode, take_value, &reader);
    return result ? result : -ENODATA;
}

static int64_t take_name(void *context, const char *name, uint64_t value, uint32_t size) {
    (void)value;
    (void)size;
    struct xattr_reader *reader = context;
    size_t length = strlen(name) + 1;
    if (reader->used + length <= reader->size)
        memcpy(reader->to + reader->used, name, length);
    reader->used += length;
    return 0;
}

static int64_t overlay_list_xattr(struct inode *inode, char *to, size_t size) {
    struct xattr_reader reader = {.to = to, .size = size};
    each_xattr(inode, take_name, &reader);
    return (int64_t)reader.used;
}

static const struct inode_ops overlay_ops = {
    .lookup = overlay_lookup,
    .create = overlay_create,
    .link = overlay_link,
    .unlink = overlay_unlink,
    .rename = overlay_rename,
    .readlink = overlay_readlink,
    .changed = overlay_changed,
    .truncate = overlay_truncate,
    .allocate = overlay_allocate,
    .open = overlay_open,
    .blocks = overlay_blocks,
    .drop = overlay_drop,
    .get_xattr = overlay_get_xattr,
    .list_xattr = overlay_list_xattr,
};

struct filesystem *overlay_new(const char *type, const char *source, const char *options,
                               uint32_t magic, bool from_image) {
    struct filesystem *fs = filesystem_new(type, source, options, magic);
    fs->private_data = heap_alloc(sizeof(struct overlay));
    fs->cached = true;
    struct inode *root;
    if (from_image) {
        fs->next_ino = (uint64_t)rootfs_inode_count() + 1;
        root = image_inode(fs, 1);
    } else {
        root = inode_new(fs, &overlay_ops, S_IFDIR | 0755);
        root->ino = fs->next_ino++;
        root->nlink = 2;
        root->size = PAGE_SIZE;
    }
    fs->root = node_new_root(root);
    return fs;
}

bool overlay_is_image_file(const struct inode *inode) {
    return inode->ops == &overlay_ops && inode->image && S_ISREG(inode->mode) &&
           !inode->data_changed;
}

struct inode *overlay_nameless(struct filesystem *fs, uint32_t mode) {
    struct inode *inode = inode_new(fs, &overlay_ops, mode);
    inode->ino = fs->next_ino++;
    inode->nlink = 0;
    inode->uid = current->process->creds.fsuid;
    inode->gid = current->process->creds.fsgid;
    return inode;
}
