/* Writes the root file system image (runtime/rootfs.h).  Every byte follows from the tree and the
 * container: inodes in tree_number's order, entries by directory, strings as they come. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/rootfs.h"
#include "frontend.h"

struct buffer {
    uint8_t *bytes;
    size_t size, capacity;
};

struct writer {
    const struct image *image;
    struct rootfs_inode *inodes; /* [number - 1] */
    const struct tree_inode **sources;
    struct rootfs_entry *entries;
    uint32_t entry_count;
    struct buffer strings, config;
    uint64_t data_size; /* counted from the start of the data part */
};

static uint64_t add_bytes(struct buffer *buffer, const void *bytes, size_t size) {
    if (buffer->size + size > buffer->capacity) {
        buffer->capacity = 2 * (buffer->size + size) + 4096;
        buffer->bytes = reallocate(buffer->bytes, buffer->capacity);
    }
    if (size)
        memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    return buffer->size - size;
}

static void add_xattrs(struct writer *writer, const struct tree_inode *from,
                       struct rootfs_inode *to) {
    to->xattr_count = from->xattr_count;
    to->xattrs = from->xattr_count ? writer->strings.size : 0;
    for (uint32_t i = 0; i < from->xattr_count; i++) {
        const struct xattr *xattr = &from->xattrs[i];
        add_bytes(&writer->strings, xattr->name, strlen(xattr->name) + 1);
        add_bytes(&writer->strings, &xattr->size, sizeof xattr->size);
        add_bytes(&writer->strings, xattr->value, xattr->size);
    }
}

static void add_inode(struct writer *writer, const struct tree_inode *from) {
    struct rootfs_inode *to = &writer->inodes[from->number - 1];
    writer->sources[from->number - 1] = from;
    *to = (struct rootfs_inode){.mode = from->mode,
                                .uid = from->uid,
                                .gid = from->gid,
                                .nlink = from->nlink,
                                .mtime = from->mtime,
                                .mtime_ns = from->mtime_ns};
    add_xattrs(writer, from, to);
    if (S_ISREG(from->mode)) {
        to->size = from->size;
        to->data = writer->data_size;
        writer->data_size = (writer->data_size + from->size + 7) & ~UINT64_C(7);
    } else if (S_ISLNK(from->mode)) {
        to->size = strlen(from->target);
        to->data = add_bytes(&writer->strings, from->target, to->size);
    } else
        to->data = from->rdev;
}

/* A directory's entries are contiguous: its own first, then those of the directories below. */
static void add_node(struct writer *writer, const struct tree_node *node) {
    if (!writer->sources[node->inode->number - 1])
        add_inode(writer, node->inode);
    if (!S_ISDIR(node->inode->mode))
        return;
    struct rootfs_inode *inode = &writer->inodes[node->inode->number - 1];
    inode->data = writer->entry_count;
    inode->entry_count = node->child_count;
    inode->parent = node->parent->inode->number;
    for (uint32_t i = 0; i < node->child_count; i++) {
        const struct tree_node *child = node->children[i];
        size_t length = strlen(child->name);
        writer->entries[writer->entry_count++] = (struct rootfs_entry){
            .name = (uint32_t)add_bytes(&writer->strings, child->name, length),
            .name_length = (uint16_t)length,
            .inode = child->inode->number};
    }
    for (uint32_t i = 0; i < node->child_count; i++)
        add_node(writer, node->children[i]);
}

static void add_words(struct buffer *buffer, const struct words *words) {
    for (size_t i = 0; i < words->count; i++)
        add_bytes(buffer, words->items[i], strlen(words->items[i]) + 1);
}

static void make_config(struct writer *writer) {
    const struct container *container = &writer->image->container;
    struct rootfs_config config = {.entrypoint_count = (uint32_t)container->entrypoint.count,
                                   .cmd_count = (uint32_t)container->cmd.count,
                                   .env_count = (uint32_t)container->env.count,
                                   .uid = container->uid,
                                   .gid = container->gid,
                                   .group_count = container->group_count};
    memcpy(config.groups, container->groups, sizeof config.groups);
    struct buffer *buffer = &writer->config;
    add_bytes(buffer, &config, offsetof(struct rootfs_config, strings));
    add_words(buffer, &container->entrypoint);
    add_words(buffer, &container->cmd);
    add_words(buffer, &container->env);
    add_bytes(buffer, container->working_directory, strlen(container->working_directory) + 1);
    add_bytes(buffer, container->host_name, strlen(container->host_name) + 1);
}

static void pad(FILE *file, uint64_t *at, uint64_t to) {
    static const uint8_t zeros[16];
    fwrite(zeros, 1, to - *at, file);
    *at = to;
}

static uint64_t align8(uint64_t value) { return (value + 7) & ~UINT64_C(7); }

static void write_parts(struct tool *tool, struct writer *writer,
                        const struct rootfs_header *header, FILE *file) {
    const struct tree *tree = writer->image->tree;
    uint64_t at = sizeof *header;
    fwrite(header, sizeof *header, 1, file);
    fwrite(writer->inodes, sizeof *writer->inodes, header->inode_count, file);
    at += header->inode_count * sizeof *writer->inodes;
    fwrite(writer->entries, sizeof *writer->entries, header->entry_count, file);
    at += header->entry_count * sizeof *writer->entries;
    fwrite(writer->strings.bytes, 1, writer->strings.size, file);
    at += writer->strings.size;
    pad(file, &at, header->config);
    fwrite(writer->config.bytes, 1, writer->config.size, file);
    at += writer->config.size;
    pad(file, &at, header->data);
    for (uint32_t i = 0; i < header->inode_count && !ferror(file); i++) {
        const struct tree_inode *inode = writer->sources[i];
        if (!S_ISREG(inode->mode))
            continue;
        pad(file, &at, writer->inodes[i].data);
        fwrite(tree_bytes(tree, inode), 1, inode->size, file);
        at += inode->size;
        show_progress(tool, "root file system", (at - header->data) * 99 / 100,
                      writer->data_size ? writer->data_size : 1);
    }
    pad(file, &at, header->size);
}

bool rootfs_write(struct tool *tool, const struct image *image, const char *path) {
    const struct tree *tree = image->tree;
    if (tree->file_bytes > IMAGE_MAX_BYTES)
        return fail(tool, image->name,
                    "its files have %llu bytes (at most %u GiB fit into a module)",
                    (unsigned long long)tree->file_bytes, (unsigned)(IMAGE_MAX_BYTES >> 30));
    struct writer writer = {.image = image};
    writer.inodes = allocate(tree->inode_count * sizeof *writer.inodes);
    writer.sources = allocate(tree->inode_count * sizeof *writer.sources);
    writer.entries = allocate(tree->node_count * sizeof *writer.entries);
    add_node(&writer, tree->root);
    make_config(&writer);

    struct rootfs_header header = {.magic = ROOTFS_MAGIC,
                                   .inode_count = tree->inode_count,
                                   .entry_count = writer.entry_count,
                                   .strings_size = writer.strings.size,
                                   .config_size = writer.config.size};
    header.inodes = sizeof header;
    header.entries = header.inodes + header.inode_count * sizeof *writer.inodes;
    header.strings = header.entries + header.entry_count * sizeof *writer.entries;
    header.config = align8(header.strings + header.strings_size);
    header.data = align8(header.config + header.config_size);
    header.size = header.data + writer.data_size;
    for (uint32_t i = 0; i < header.inode_count; i++)
        if (S_ISREG(writer.inodes[i].mode))
            writer.inodes[i].data += header.data;

    FILE *file = fopen(path, "wbe");
    if (!file)
        return fail(tool, path, "cannot create: %s", strerror(errno));
    write_parts(tool, &writer, &header, file);
    bool bad = ferror(file);
    int error = errno;
    if (bad && error == EFAULT) /* what SIGBUS would be in the tool itself: see supervise.c */
        return fail(tool, tool->scratch, "no space for temporary data (set TMPDIR)");
    if (fclose(file) || bad)
        return fail(tool, path, "cannot write: %s", strerror(errno));
    show_progress(tool, "root file system", 1, 1);
    free(writer.inodes);
    free(writer.sources);
    free(writer.entries);
    free(writer.strings.bytes);
    free(writer.config.bytes);
    return true;
}
