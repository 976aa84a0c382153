/* The IMAGE argument: finds out what it is and reads it into a tree and a container. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend.h"

const char *image_kind_name(enum image_kind kind) {
    static const char *const names[] = {"OCI image", "docker-save archive",
                                        "root file system archive", "root directory", "ELF file"};
    return names[kind];
}

/* Copies standard input into a file, which can be read twice. */
static int spool_input(struct tool *tool) {
    char *path = scratch_path(tool, "input");
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t size = 256 * 1024;
    char *buffer = allocate(size);
    uint64_t total = 0;
    for (;;) {
        ssize_t got = read(STDIN_FILENO, buffer, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 && total)
            break;
        total += got > 0 ? (uint64_t)got : 0;
        if (got <= 0) {
            fail(tool, "standard input", "%s", got ? strerror(errno) : "is empty");
        } else if (total > LAYERS_MAX_BYTES) {
            fail(tool, "standard input", "is larger than %u GiB",
                 (unsigned)(LAYERS_MAX_BYTES >> 30));
        } else if (fd < 0 || !write_all(fd, buffer, (size_t)got)) {
            fail(tool, path, "cannot write: %s (set TMPDIR)", strerror(errno));
        } else
            continue;
        return -1;
    }
    free(buffer);
    return fd;
}

static bool load_elf(struct tool *tool, struct image *image, const char *argument, int fd,
                     const struct stat *st) {
    const char *slash = strrchr(argument, '/');
    const char *name = slash ? slash + 1 : argument;
    if (strcmp(argument, "-") == 0)
        name = "program";
    image->kind = IMAGE_ELF;
    if ((uint64_t)st->st_size > IMAGE_MAX_BYTES)
        return fail(tool, image->name, "is too large (at most %u GiB fit)",
                    (unsigned)(IMAGE_MAX_BYTES >> 30));
    struct tree_inode *inode = tree_inode_new(S_IFREG | 0755);
    inode->size = (uint64_t)st->st_size;
    inode->data = spool_align(tool);
    size_t size = 256 * 1024;
    char *buffer = allocate(size);
    for (uint64_t at = 0; at < inode->size;) {
        ssize_t got = pread(fd, buffer, size, (off_t)at);
        if (got <= 0)
            return fail(tool, image->name, "cannot read: %s",
                        got ? strerror(errno) : "the file became shorter");
        if ((uint64_t)got > inode->size - at)
            got = (ssize_t)(inode->size - at);
        if (!spool_write_at(tool, inode->data + at, buffer, (size_t)got))
            return false;
        at += (uint64_t)got;
    }
    free(buffer);
    tree_put(image->tree, image->tree->root, name, strlen(name), inode, 1);
    struct tree_inode *temporary = tree_inode_new(S_IFDIR | 01777);
    if (strcmp(name, "tmp") != 0)
        tree_put(image->tree, image->tree->root, "tmp", 3, temporary, 1);
    words_add(&image->container.entrypoint, format_string("/%s", name));
    return true;
}

static bool load_archive(struct tool *tool, struct image *image, int fd, const struct stat *st) {
    enum archive_kind kind = archive_classify(tool, image->name, fd);
    if (kind == ARCHIVE_BAD)
        return false;
    if (kind == ARCHIVE_NO_MANIFEST)
        return fail(tool, image->name,
                    "has no manifest.json and no index.json with oci-layout "
                    "(save the image again)");
    if (kind == ARCHIVE_ROOT) {
        image->kind = IMAGE_ROOT_TAR;
        struct layer layer = {.blob = {fd, 0, (uint64_t)st->st_size}, .name = "archive"};
        uint64_t unpacked = 0;
        return layer_apply(tool, image->name, &layer, 1, image->tree, &unpacked);
    }
    image->kind = kind == ARCHIVE_OCI ? IMAGE_OCI : IMAGE_DOCKER;
    struct store *store = store_open_archive(tool, image->name, fd);
    return store && manifest_load(tool, store, image);
}

static bool load_directory(struct tool *tool, struct image *image, const char *path) {
    struct store *store = store_open_directory(tool, path);
    if (!store)
        return false;
    bool layout = store_has(store, "oci-layout"), index = store_has(store, "index.json");
    if (layout && index) {
        image->kind = IMAGE_OCI;
        return manifest_load(tool, store, image);
    }
    struct stat st;
    char *blobs = format_string("%s/blobs/sha256", path);
    bool has_blobs = stat(blobs, &st) == 0;
    free(blobs);
    if (store_has(store, "manifest.json") && has_blobs) {
        image->kind = IMAGE_DOCKER;
        return manifest_load(tool, store, image);
    }
    if (layout || (index && has_blobs))
        return fail(tool, image->name, "is an OCI layout without %s (save the image again)",
                    index ? "oci-layout" : "index.json");
    image->kind = IMAGE_ROOT_DIRECTORY;
    return directory_load(tool, path, image->tree);
}

static bool load_file(struct tool *tool, struct image *image, const char *argument) {
    struct stat st;
    bool input = strcmp(argument, "-") == 0;
    int fd = input ? spool_input(tool) : open(argument, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && input)
        return false;
    if (fd < 0 || fstat(fd, &st))
        return fail(tool, image->name, "cannot open: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(tool, image->name, "is neither a file nor a directory (pipe it in and say -)");
    uint8_t magic[8] = {0};
    if (pread(fd, magic, sizeof magic, 0) < 0)
        return fail(tool, image->name, "cannot read: %s", strerror(errno));
    if (st.st_size == 0)
        return fail(tool, image->name, "is empty");
    if (module_is_wasm(magic, sizeof magic))
        return fail(tool, image->name, "is a WebAssembly module, not an image");
    bool ok = memcmp(magic, "\177ELF", 4) == 0 ? load_elf(tool, image, argument, fd, &st)
                                               : load_archive(tool, image, fd, &st);
    close(fd);
    return ok;
}

bool image_load(struct tool *tool, const char *argument, const struct guest *guest,
                struct image *image) {
    struct stat st;
    *image = (struct image){.guest = guest, .tree = tree_new()};
    image->name = copy_string(strcmp(argument, "-") == 0 ? "standard input" : argument);
    image->container.working_directory = copy_string("");
    image->container.user = copy_string("");
    if (!spool_open(tool))
        return false;
    bool directory = strcmp(argument, "-") != 0 && stat(argument, &st) == 0 && S_ISDIR(st.st_mode);
    if (!(directory ? load_directory(tool, image, argument) : load_file(tool, image, argument)))
        return false;
    image->tree->bytes = map_descriptor(tool, tool->spool, tool->scratch, &image->tree->bytes_size);
    if (!image->tree->bytes)
        return false;
    if (!image->guest)
        image->guest = guest_of_tree(image->tree);
    return true;
}
