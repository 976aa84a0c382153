/* Reads a root file system image (runtime/rootfs.h) back into a tree, so that a built module is
 * inspected like an image.  The bytes may be damaged: everything is checked. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../runtime/rootfs.h"
#include "frontend.h"

struct rootfs_source {
    const uint8_t *bytes;
    uint64_t size;
    struct rootfs_header header;
    struct tree *tree;
    struct tree_inode **inodes; /* already read, [number - 1] */
    uint64_t entries_used;
};

static bool part_inside(const struct rootfs_source *source, uint64_t offset, uint64_t count,
                        uint64_t item) {
    return offset <= source->size && count <= (source->size - offset) / item;
}

static bool string_inside(const struct rootfs_source *source, uint64_t offset, uint64_t size) {
    return offset <= source->header.strings_size && size <= source->header.strings_size - offset;
}

static bool read_xattrs(const struct rootfs_source *source, const struct rootfs_inode *from,
                        struct tree_inode *to) {
    const uint8_t *strings = source->bytes + source->header.strings;
    uint64_t at = from->xattrs;
    for (uint32_t i = 0; i < from->xattr_count; i++) {
        if (!string_inside(source, at, 1))
            return false;
        const char *name = (const char *)strings + at;
        size_t length = strnlen(name, source->header.strings_size - at);
        uint32_t size;
        at += length + 1;
        if (!string_inside(source, at, 4))
            return false;
        memcpy(&size, strings + at, 4);
        at += 4;
        if (!string_inside(source, at, size))
            return false;
        tree_add_xattr(to, name, strings + at, size);
        at += size;
    }
    return true;
}

static bool read_inode(const struct rootfs_source *source, const struct rootfs_inode *from,
                       struct tree_inode *to) {
    to->mode = from->mode;
    to->uid = from->uid;
    to->gid = from->gid;
    to->mtime = from->mtime;
    to->mtime_ns = from->mtime_ns;
    if (S_ISREG(from->mode)) {
        if (!part_inside(source, from->data, from->size, 1))
            return false;
        to->size = from->size;
        to->data = from->data;
    } else if (S_ISLNK(from->mode)) {
        if (!string_inside(source, from->data, from->size))
            return false;
        to->target = allocate(from->size + 1);
        memcpy(to->target, source->bytes + source->header.strings + from->data, from->size);
    } else if (!S_ISDIR(from->mode))
        to->rdev = (uint32_t)from->data;
    return read_xattrs(source, from, to);
}

static bool read_directory(struct rootfs_source *source, struct tree_node *node,
                           const struct rootfs_inode *directory) {
    const struct rootfs_header *header = &source->header;
    /* Each entry belongs to one directory, so a damaged image cannot make the walk endless. */
    source->entries_used += directory->entry_count;
    if (directory->data > header->entry_count || source->entries_used > header->entry_count ||
        directory->entry_count > header->entry_count - directory->data)
        return false;
    for (uint32_t i = 0; i < directory->entry_count; i++) {
        struct rootfs_entry entry;
        struct rootfs_inode inode;
        memcpy(&entry, source->bytes + header->entries + (directory->data + i) * sizeof entry,
               sizeof entry);
        if (!string_inside(source, entry.name, entry.name_length) || entry.name_length == 0 ||
            entry.inode < 2 || entry.inode > header->inode_count)
            return false;
        memcpy(&inode, source->bytes + header->inodes + (entry.inode - 1) * sizeof inode,
               sizeof inode);
        struct tree_inode **shared = &source->inodes[entry.inode - 1];
        if (!*shared) {
            *shared = tree_inode_new(0);
            if (!read_inode(source, &inode, *shared))
                return false;
        } else if (S_ISDIR(inode.mode))
            return false;
        const char *name = (const char *)source->bytes + header->strings + entry.name;
        struct tree_node *child = tree_put(source->tree, node, name, entry.name_length, *shared, 1);
        if (!child || (S_ISDIR(inode.mode) && !read_directory(source, child, &inode)))
            return false;
    }
    return true;
}

static bool read_words(const char **at, const char *end, uint32_t count, struct words *words) {
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strnlen(*at, (size_t)(end - *at));
        if (*at + length >= end)
            return false;
        words_add(words, *at);
        *at += length + 1;
    }
    return true;
}

static bool read_config(const struct rootfs_source *source, struct container *container) {
    const size_t fixed = offsetof(struct rootfs_config, strings);
    struct rootfs_config config;
    if (source->header.config_size < fixed ||
        !part_inside(source, source->header.config, source->header.config_size, 1))
        return false;
    memcpy(&config, source->bytes + source->header.config, fixed);
    const char *at = (const char *)source->bytes + source->header.config + fixed;
    const char *end =
        (const char *)source->bytes + source->header.config + source->header.config_size;
    struct words rest = {0};
    if (config.group_count > 32 ||
        !read_words(&at, end, config.entrypoint_count, &container->entrypoint) ||
        !read_words(&at, end, config.cmd_count, &container->cmd) ||
        !read_words(&at, end, config.env_count, &container->env) || !read_words(&at, end, 2, &rest))
        return false;
    container->working_directory = rest.items[0];
    container->host_name = rest.items[1];
    container->user = format_string("%u:%u", config.uid, config.gid);
    container->uid = config.uid;
    container->gid = config.gid;
    container->group_count = config.group_count;
    memcpy(container->groups, config.groups, sizeof config.groups);
    return true;
}

static bool read_all(struct rootfs_source *source, struct container *container) {
    struct rootfs_header *header = &source->header;
    if (source->size < sizeof *header)
        return false;
    memcpy(header, source->bytes, sizeof *header);
    struct rootfs_inode root;
    if (memcmp(header->magic, ROOTFS_MAGIC, sizeof header->magic) != 0 ||
        header->size > source->size || header->inode_count == 0 ||
        !part_inside(source, header->inodes, header->inode_count, sizeof(struct rootfs_inode)) ||
        !part_inside(source, header->entries, header->entry_count, sizeof(struct rootfs_entry)) ||
        !part_inside(source, header->strings, header->strings_size, 1))
        return false;
    source->inodes = allocate(header->inode_count * sizeof *source->inodes);
    memcpy(&root, source->bytes + header->inodes, sizeof root);
    return S_ISDIR(root.mode) && read_inode(source, &root, source->tree->root->inode) &&
           read_directory(source, source->tree->root, &root) && read_config(source, container);
}

bool rootfs_read(struct tool *tool, const char *name, const uint8_t *bytes, uint64_t size,
                 struct image *image) {
    struct rootfs_source source = {.bytes = bytes, .size = size, .tree = tree_new()};
    image->name = copy_string(name);
    image->tree = source.tree;
    source.tree->bytes = bytes;
    source.tree->bytes_size = size;
    bool ok = read_all(&source, &image->container);
    free(source.inodes);
    if (!ok)
        return fail(tool, name, "its root file system is damaged (build the module again)");
    tree_number(source.tree);
    return true;
}
