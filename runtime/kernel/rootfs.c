/* Reader of the root file system image (../rootfs.h).  Nothing is kept in memory but the header:
 * directories are searched in the image, what was found is cached as inodes and path nodes. */
#include <string.h>

#include "../rootfs.h"
#include "vfs.h"

struct rootfs {
    struct rootfs_header header;
};

static const struct rootfs_header *header(void) { return &kernel.vfs->rootfs->header; }

/* Is [offset, offset + count * size) inside the image? */
static bool inside(const struct rootfs_header *h, uint64_t offset, uint64_t count, uint64_t size) {
    return offset <= h->size && count <= (h->size - offset) / size;
}

bool rootfs_open(void) {
    if (!kernel.vfs) {
        kernel.vfs = heap_alloc(sizeof *kernel.vfs);
        kernel.vfs->next_device = 40;
    }
    if (kernel.vfs->rootfs)
        return true;
    struct rootfs_header h;
    if (host_image_size() < sizeof h)
        return false;
    host_image_read(&h, 0, sizeof h);
    if (memcmp(h.magic, ROOTFS_MAGIC, sizeof h.magic) != 0)
        host_panic("the root file system image has no valid header");
    if (h.size > host_image_size() ||
        !inside(&h, h.inodes, h.inode_count, sizeof(struct rootfs_inode)) ||
        !inside(&h, h.entries, h.entry_count, sizeof(struct rootfs_entry)) ||
        !inside(&h, h.strings, h.strings_size, 1) || !inside(&h, h.config, h.config_size, 1) ||
        h.inode_count == 0)
        host_panic("the root file system image is damaged");
    kernel.vfs->rootfs = heap_alloc(sizeof *kernel.vfs->rootfs);
    kernel.vfs->rootfs->header = h;
    return true;
}

uint32_t rootfs_inode_count(void) { return header()->inode_count; }

void rootfs_read_inode(uint32_t number, struct rootfs_inode *inode) {
    if (number == 0 || number > header()->inode_count)
        host_panic("the root file system image refers to an inode that it does not have");
    host_image_read(inode, header()->inodes + (uint64_t)(number - 1) * sizeof *inode,
                    sizeof *inode);
}

static void read_entry(const struct rootfs_inode *directory, uint32_t index,
                       struct rootfs_entry *entry) {
    uint64_t number = directory->data + index;
    if (number >= header()->entry_count)
        host_panic("a directory of the root file system image is damaged");
    host_image_read(entry, header()->entries + number * sizeof *entry, sizeof *entry);
}

static size_t read_name(const struct rootfs_entry *entry, char *name) {
    size_t length = entry->name_length <= LINUX_NAME_MAX ? entry->name_length : LINUX_NAME_MAX;
    rootfs_read_string(entry->name, name, length);
    name[length] = 0;
    return length;
}

uint32_t rootfs_find(const struct rootfs_inode *directory, const char *name, size_t length) {
    uint32_t low = 0, high = directory->entry_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct rootfs_entry entry;
        char other[LINUX_NAME_MAX + 1];
        read_entry(directory, middle, &entry);
        size_t other_length = read_name(&entry, other);
        int order = memcmp(name, other, length < other_length ? length : other_length);
        if (order == 0)
            order = (length > other_length) - (length < other_length);
        if (order == 0)
            return entry.inode;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

uint32_t rootfs_entry_at(const struct rootfs_inode *directory, uint32_t index, char *name,
                         size_t *length) {
    struct rootfs_entry entry;
    read_entry(directory, index, &entry);
    *length = read_name(&entry, name);
    return entry.inode;
}

void rootfs_read_string(uint64_t offset, void *to, size_t length) {
    if (offset > header()->strings_size || length > header()->strings_size - offset)
        host_panic("a name in the root file system image is damaged");
    if (length)
        host_image_read(to, header()->strings + offset, (uint32_t)length);
}

void rootfs_read_data(uint64_t offset, void *to, size_t length) {
    if (offset > header()->size || length > header()->size - offset)
        host_panic("a file of the root file system image is damaged");
    if (length)
        host_image_read(to, offset, (uint32_t)length);
}

struct rootfs_config *rootfs_read_config(void) {
    if (!rootfs_open() || header()->config_size < sizeof(struct rootfs_config))
        return NULL;
    /* One more byte, zero: the last string ends whatever the image says. */
    char *config = heap_alloc(header()->config_size + 1);
    host_image_read(config, header()->config, (uint32_t)header()->config_size);
    return (struct rootfs_config *)config;
}
