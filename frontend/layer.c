/* Applies one layer archive to the tree (OCI image-spec: layer.md; Docker's image spec for the
 * older .wh..wh. names).  Two archive readers in a row: the first undoes the compression, so that
 * both the blob and the unpacked archive are hashed on the way, the second reads the tar format. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend.h"

#define BUFFER_SIZE (128 * 1024)
#define MAX_PATH 4096
#define MAX_NAME 255
#define MAX_XATTRS 64
#define MAX_XATTR_SIZE 65536

struct layer_reader {
    struct tool *tool;
    const char *image;
    const struct layer *layer;
    struct tree *tree;
    uint32_t number;
    struct archive *unpacker, *tar;
    struct hash *blob_hash, *diff_hash;
    uint64_t consumed;   /* bytes of the blob */
    uint64_t *unpacked;  /* bytes of all layers so far */
    uint64_t file_bytes; /* of this layer */
    int read_error;      /* errno of the blob */
    bool too_large;
    uint8_t blob_buffer[BUFFER_SIZE], diff_buffer[BUFFER_SIZE];
};

static bool layer_error(struct layer_reader *reader, const char *path, const char *what) {
    return fail(reader->tool, reader->image, "%s: %.300s%s%s", reader->layer->name, path,
                *path ? " " : "", what);
}

static la_ssize_t read_blob(struct archive *archive, void *context, const void **buffer) {
    struct layer_reader *reader = context;
    const struct blob *blob = &reader->layer->blob;
    uint64_t left = blob->size - reader->consumed;
    size_t size = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
    ssize_t got;
    do
        got = size ? pread(blob->fd, reader->blob_buffer, size,
                           (off_t)(blob->offset + reader->consumed))
                   : 0;
    while (got < 0 && errno == EINTR);
    if (got < 0 || (got == 0 && size)) {
        reader->read_error = got < 0 ? errno : EIO;
        archive_set_error(archive, reader->read_error, "cannot read the layer");
        return -1;
    }
    hash_add(reader->blob_hash, reader->blob_buffer, (size_t)got);
    reader->consumed += (uint64_t)got;
    show_progress(reader->tool, reader->layer->name, reader->consumed * 99 / 100, blob->size);
    *buffer = reader->blob_buffer;
    return got;
}

static la_ssize_t read_unpacked(struct archive *archive, void *context, const void **buffer) {
    struct layer_reader *reader = context;
    la_ssize_t got = archive_read_data(reader->unpacker, reader->diff_buffer, BUFFER_SIZE);
    if (got < 0) {
        archive_set_error(archive, EIO, "%s", archive_error_string(reader->unpacker));
        return -1;
    }
    hash_add(reader->diff_hash, reader->diff_buffer, (size_t)got);
    *reader->unpacked += (uint64_t)got;
    if (*reader->unpacked > LAYERS_MAX_BYTES) {
        reader->too_large = true;
        archive_set_error(archive, EFBIG, "too large");
        return -1;
    }
    *buffer = reader->diff_buffer;
    return got;
}

/* The path without "." and ".." components and leading slashes; false when it leaves the root. */
static bool clean_path(const char *path, char to[MAX_PATH]) {
    size_t used = 0;
    to[0] = 0;
    for (;;) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        if (length == 0)
            return true;
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            if (used == 0)
                return false;
            while (used && to[used - 1] != '/')
                used--;
            if (used)
                used--;
        } else if (!(length == 1 && path[0] == '.')) {
            if (length > MAX_NAME || used + length + 2 > MAX_PATH)
                return false;
            if (used)
                to[used++] = '/';
            memcpy(to + used, path, length);
            used += length;
        }
        to[used] = 0;
        path += length;
    }
}

/* Whether a relative link in the directory of `path` points above the root, as text. */
static bool link_leaves_root(const char *path, const char *target) {
    if (target[0] == '/')
        return false;
    long depth = 0;
    for (const char *p = path; *p; p++)
        depth += *p == '/';
    while (*target) {
        target += strspn(target, "/");
        size_t length = strcspn(target, "/");
        if (length == 2 && target[0] == '.' && target[1] == '.') {
            if (--depth < 0)
                return true;
        } else if (length && !(length == 1 && target[0] == '.'))
            depth++;
        target += length;
    }
    return false;
}

/* Removes what lower layers put below a directory. */
static void remove_lower(struct layer_reader *reader, struct tree_node *directory) {
    for (uint32_t i = directory->child_count; i-- > 0;) {
        struct tree_node *child = directory->children[i];
        if (S_ISDIR(child->inode->mode)) {
            remove_lower(reader, child);
            if (child->layer == reader->number || child->child_count)
                continue;
        } else if (child->layer == reader->number)
            continue;
        tree_remove(reader->tree, child);
    }
}

static bool apply_whiteout(struct layer_reader *reader, struct tree_node *directory,
                           const char *path, const char *name) {
    if (strcmp(name, ".wh..wh..opq") == 0) {
        remove_lower(reader, directory);
        return true;
    }
    if (strncmp(name, ".wh..wh.", 8) == 0)
        return true; /* aufs' own files */
    name += 4;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return layer_error(reader, path, "is a whiteout without a name");
    struct tree_node *node = tree_child(directory, name, strlen(name));
    if (!node)
        return true;
    if (S_ISDIR(node->inode->mode)) {
        remove_lower(reader, node);
        if (node->layer == reader->number || node->child_count)
            return true;
    } else if (node->layer == reader->number)
        return true;
    tree_remove(reader->tree, node);
    return true;
}

static bool read_file_data(struct layer_reader *reader, struct archive_entry *entry,
                           const char *path, struct tree_inode *inode) {
    struct tool *tool = reader->tool;
    int64_t size = archive_entry_size(entry);
    if (size < 0)
        return layer_error(reader, path, "has a negative size");
    if ((uint64_t)size > IMAGE_MAX_BYTES - reader->file_bytes)
        return fail(tool, reader->image,
                    "%s: %.300s is too large (%lld bytes; at most %u GiB fit into a module)",
                    reader->layer->name, path, (long long)size, (unsigned)(IMAGE_MAX_BYTES >> 30));
    reader->file_bytes += (uint64_t)size;
    inode->size = (uint64_t)size;
    inode->data = spool_align(tool);
    const void *block;
    size_t length;
    int64_t offset;
    int status;
    while ((status = archive_read_data_block(reader->tar, &block, &length, &offset)) ==
           ARCHIVE_OK) {
        if (offset < 0 || (uint64_t)offset > inode->size || length > inode->size - (uint64_t)offset)
            return layer_error(reader, path, "has data behind its end (damaged archive)");
        if (!spool_write_at(tool, inode->data + (uint64_t)offset, block, length))
            return false;
    }
    if (status != ARCHIVE_EOF)
        return fail(tool, reader->image, "%s: %.300s: truncated or damaged archive: %s",
                    reader->layer->name, path, archive_error_string(reader->tar));
    return spool_extend(tool, inode->data + inode->size);
}

static bool read_attributes(struct layer_reader *reader, struct archive_entry *entry,
                            const char *path, struct tree_inode *inode) {
    int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
    if (uid < 0 || gid < 0 || uid > UINT32_MAX - 1 || gid > UINT32_MAX - 1)
        return layer_error(reader, path, "has an owner out of range");
    inode->uid = (uint32_t)uid;
    inode->gid = (uint32_t)gid;
    inode->mtime = archive_entry_mtime_is_set(entry) ? archive_entry_mtime(entry) : 0;
    long ns = archive_entry_mtime_is_set(entry) ? archive_entry_mtime_nsec(entry) : 0;
    inode->mtime_ns = ns >= 0 && ns < 1000000000 ? (uint32_t)ns : 0;
    const char *name;
    const void *value;
    size_t size;
    archive_entry_xattr_reset(entry);
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
        if (!name || strlen(name) > MAX_NAME || size > MAX_XATTR_SIZE ||
            inode->xattr_count == MAX_XATTRS)
            return layer_error(reader, path, "has too many or too large extended attributes");
        tree_add_xattr(inode, name, value, size);
    }
    return true;
}

static struct tree_inode *find_hard_link(struct layer_reader *reader, const char *path,
                                         const char *link) {
    char target[MAX_PATH];
    const char *reason = NULL;
    if (!clean_path(link, target)) {
        fail(reader->tool, reader->image, "%s: hard link %.300s to %.300s leaves the root",
             reader->layer->name, path, link);
        return NULL;
    }
    struct tree_node *node = tree_find(reader->tree, reader->tree->root, target, false, &reason);
    if (!node || S_ISDIR(node->inode->mode)) {
        fail(reader->tool, reader->image, "%s: hard link %.300s to %.300s, which %s",
             reader->layer->name, path, link, node ? "is a directory" : reason);
        return NULL;
    }
    return node->inode;
}

/* The inode of an entry that is no hard link; NULL after a message. */
static struct tree_inode *make_inode(struct layer_reader *reader, struct archive_entry *entry,
                                     const char *path) {
    unsigned type = archive_entry_filetype(entry);
    struct tree_inode *inode = tree_inode_new(archive_entry_perm(entry) & 07777);
    if (!read_attributes(reader, entry, path, inode))
        return NULL;
    switch (type) {
    case AE_IFREG:
        inode->mode |= S_IFREG;
        return read_file_data(reader, entry, path, inode) ? inode : NULL;
    case AE_IFDIR:
        inode->mode |= S_IFDIR;
        return inode;
    case AE_IFIFO:
        inode->mode |= S_IFIFO;
        return inode;
    case AE_IFCHR:
    case AE_IFBLK: {
        inode->mode |= type == AE_IFCHR ? S_IFCHR : S_IFBLK;
        uint64_t major = archive_entry_rdevmajor(entry), minor = archive_entry_rdevminor(entry);
        if (major >= 1 << 12 || minor >= 1 << 20) {
            layer_error(reader, path, "has a device number out of range");
            return NULL;
        }
        inode->rdev = (uint32_t)((minor & 0xff) | major << 8 | (minor & ~UINT64_C(0xff)) << 12);
        return inode;
    }
    case AE_IFLNK: {
        const char *target = archive_entry_symlink(entry);
        if (!target || !*target || strlen(target) >= MAX_PATH) {
            layer_error(reader, path, "is a symbolic link with a bad target");
            return NULL;
        }
        if (link_leaves_root(path, target)) {
            fail(reader->tool, reader->image, "%s: link %.300s to %.300s leaves the root",
                 reader->layer->name, path, target);
            return NULL;
        }
        inode->mode = S_IFLNK | 0777;
        inode->target = copy_string(target);
        return inode;
    }
    default:
        layer_error(reader, path, "has a file type that does not belong in an image");
        return NULL;
    }
}

static bool apply_entry(struct layer_reader *reader, struct archive_entry *entry) {
    char path[MAX_PATH];
    const char *given = archive_entry_pathname(entry), *reason = NULL;
    if (!given)
        return layer_error(reader, "", "a path that cannot be read (damaged archive)");
    if (strlen(given) >= MAX_PATH || !clean_path(given, path))
        return layer_error(reader, given, "leaves the root, or is too long");
    char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct tree_node *parent;
    if (slash) {
        *slash = 0;
        parent = tree_make_directories(reader->tree, path, reader->number, &reason);
        *slash = '/';
    } else
        parent = reader->tree->root;
    if (!parent)
        return fail(reader->tool, reader->image, "%s: the directory of %.300s %s",
                    reader->layer->name, path, reason);
    if (strncmp(name, ".wh.", 4) == 0)
        return apply_whiteout(reader, parent, path, name);

    const char *hard_link = archive_entry_hardlink(entry);
    struct tree_node *old = *name ? tree_child(parent, name, strlen(name)) : reader->tree->root;
    bool directory = !hard_link && archive_entry_filetype(entry) == AE_IFDIR;
    if (old && old->layer == reader->number && old->declared &&
        !(directory && S_ISDIR(old->inode->mode)))
        return layer_error(reader, path, "appears twice");
    struct tree_inode *inode =
        hard_link ? find_hard_link(reader, path, hard_link) : make_inode(reader, entry, path);
    if (!inode)
        return false;
    if (!*name) {
        if (!S_ISDIR(inode->mode))
            return layer_error(reader, given, "would replace the root directory");
        inode->references = 1;
        reader->tree->root->inode = inode;
        return true;
    }
    if (old && old->inode == inode)
        return true; /* a hard link to itself */
    struct tree_node *node =
        tree_put(reader->tree, parent, name, strlen(name), inode, reader->number);
    if (!node)
        return layer_error(reader, path, "is one file too many, or nested too deeply");
    node->declared = true;
    return true;
}

static bool open_archives(struct layer_reader *reader) {
    reader->unpacker = archive_read_new();
    archive_read_support_filter_gzip(reader->unpacker);
    archive_read_support_filter_zstd(reader->unpacker);
    archive_read_support_filter_xz(reader->unpacker);
    archive_read_support_filter_bzip2(reader->unpacker);
    archive_read_support_format_raw(reader->unpacker);
    archive_read_support_format_empty(reader->unpacker);
    struct archive_entry *entry;
    int status = archive_read_open(reader->unpacker, reader, NULL, read_blob, NULL);
    if (status == ARCHIVE_OK)
        status = archive_read_next_header(reader->unpacker, &entry);
    if (status != ARCHIVE_OK && status != ARCHIVE_EOF)
        return layer_error(reader, "", archive_error_string(reader->unpacker));
    reader->tar = archive_read_new();
    archive_read_support_format_tar(reader->tar);
    archive_read_support_format_empty(reader->tar);
    if (status == ARCHIVE_EOF)
        return layer_error(reader, "", "is empty");
    if (archive_read_open(reader->tar, reader, NULL, read_unpacked, NULL) != ARCHIVE_OK)
        return layer_error(reader, "is no tar archive:", archive_error_string(reader->tar));
    return true;
}

/* Reads both streams to their ends, so that the digests are complete. */
static bool drain(struct layer_reader *reader) {
    const void *buffer;
    la_ssize_t got;
    do
        got = read_unpacked(reader->unpacker, reader, &buffer);
    while (got > 0);
    bool unpacked = got == 0;
    do
        got = read_blob(reader->unpacker, reader, &buffer);
    while (got > 0);
    return unpacked && got == 0;
}

static bool apply_all(struct layer_reader *reader) {
    if (!open_archives(reader))
        return false;
    struct archive_entry *entry;
    int status;
    while ((status = archive_read_next_header(reader->tar, &entry)) == ARCHIVE_OK ||
           status == ARCHIVE_WARN)
        if (!apply_entry(reader, entry))
            return false;
    if (reader->too_large)
        return fail(reader->tool, reader->image, "%s: the layers unpack to more than %u GiB",
                    reader->layer->name, (unsigned)(LAYERS_MAX_BYTES >> 30));
    if (status != ARCHIVE_EOF || !drain(reader)) {
        const char *reason = archive_error_string(reader->tar);
        if (!reason)
            reason = archive_error_string(reader->unpacker);
        return fail(reader->tool, reader->image,
                    "%s: truncated or damaged archive: %s (fetch or save it again)",
                    reader->layer->name, reason ? reason : "unexpected end");
    }
    return true;
}

bool layer_apply(struct tool *tool, const char *image, const struct layer *layer, uint32_t number,
                 struct tree *tree, uint64_t *unpacked) {
    struct layer_reader *reader = allocate(sizeof *reader);
    reader->tool = tool;
    reader->image = image;
    reader->layer = layer;
    reader->tree = tree;
    reader->number = number;
    reader->unpacked = unpacked;
    reader->blob_hash = hash_new();
    reader->diff_hash = hash_new();
    bool ok = apply_all(reader);
    if (ok) {
        bool blob = hash_matches(reader->blob_hash, &layer->digest);
        bool diff = hash_matches(reader->diff_hash, &layer->diff_id);
        if (!blob || !diff)
            ok = fail(tool, image, "%s does not have its %s (damaged image: fetch it again)",
                      layer->name, blob ? "diff_id" : "digest");
        show_progress(tool, layer->name, 1, 1);
    }
    if (reader->tar)
        archive_read_free(reader->tar);
    archive_read_free(reader->unpacker);
    free(reader);
    return ok;
}
