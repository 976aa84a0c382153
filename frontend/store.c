/* Named blobs of an image: members of an archive (copied into the spool, which makes them
 * seekable) or files below a directory. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend.h"

#define MAX_MEMBERS 100000
#define MAX_LINKS 40
#define COPY_SIZE (256 * 1024)

struct member {
    char *name;
    char *link; /* symbolic or hard link: the name it stands for */
    uint64_t offset, size;
};

struct store {
    struct tool *tool;
    int directory; /* or -1 */
    int spool;
    struct member *members; /* ascending by name once loaded */
    size_t count, capacity;
};

static struct archive *open_outer(struct tool *tool, const char *name, int fd) {
    if (lseek(fd, 0, SEEK_SET) < 0) {
        fail(tool, name, "cannot seek: %s", strerror(errno));
        return NULL;
    }
    struct archive *archive = archive_read_new();
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_format_tar(archive);
    if (archive_read_open_fd(archive, fd, 1 << 16) != ARCHIVE_OK) {
        fail(tool, name, "is no image: neither an ELF file nor a tar archive (%s)",
             archive_error_string(archive));
        archive_read_free(archive);
        return NULL;
    }
    return archive;
}

/* Member names without leading "./" and "/". */
static const char *plain_name(const char *name) {
    if (!name)
        return "";
    for (;;) {
        if (name[0] == '/')
            name++;
        else if (name[0] == '.' && name[1] == '/')
            name += 2;
        else
            return name;
    }
}

/* The name that `link` in the directory of `member` stands for, or NULL when it leaves the archive.
 */
static char *join_link(const char *member, const char *link) {
    char *path = allocate(strlen(member) + strlen(link) + 2);
    size_t used = 0;
    if (link[0] != '/') {
        const char *slash = strrchr(member, '/');
        used = slash ? (size_t)(slash - member) : 0;
        memcpy(path, member, used);
    }
    while (*link) {
        link += strspn(link, "/");
        size_t length = strcspn(link, "/");
        if (length == 2 && link[0] == '.' && link[1] == '.') {
            if (used == 0) {
                free(path);
                return NULL;
            }
            while (used && path[used - 1] != '/')
                used--;
            if (used)
                used--;
        } else if (length && !(length == 1 && link[0] == '.')) {
            if (used)
                path[used++] = '/';
            memcpy(path + used, link, length);
            used += length;
        }
        link += length;
    }
    path[used] = 0;
    return path;
}

enum archive_kind archive_classify(struct tool *tool, const char *name, int fd) {
    struct archive *archive = open_outer(tool, name, fd);
    if (!archive)
        return ARCHIVE_BAD;
    bool index = false, layout = false, manifest = false, blobs = false, system = false;
    struct archive_entry *entry;
    size_t count = 0;
    int status;
    while ((status = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
           status == ARCHIVE_WARN) {
        const char *path = plain_name(archive_entry_pathname(entry));
        size_t length = strlen(path);
        count++;
        index |= strcmp(path, "index.json") == 0;
        layout |= strcmp(path, "oci-layout") == 0;
        manifest |= strcmp(path, "manifest.json") == 0;
        blobs |= strncmp(path, "blobs/sha256/", 13) == 0 || strcmp(path, "repositories") == 0 ||
                 (length > 10 && strcmp(path + length - 10, "/layer.tar") == 0);
        system |= strncmp(path, "bin/", 4) == 0 || strncmp(path, "usr/", 4) == 0 ||
                  strncmp(path, "etc/", 4) == 0;
        if (index && layout)
            break;
    }
    enum archive_kind kind = ARCHIVE_ROOT;
    if (status != ARCHIVE_EOF && status != ARCHIVE_OK && status != ARCHIVE_WARN) {
        fail(tool, name,
             count || archive_filter_count(archive) > 1
                 ? "truncated or damaged archive: %s (fetch or save it again)"
                 : "is no image: neither an ELF file nor a tar archive (%s)",
             archive_error_string(archive));
        kind = ARCHIVE_BAD;
    } else if (count == 0) {
        fail(tool, name, "is an empty archive");
        kind = ARCHIVE_BAD;
    } else if (index && layout)
        kind = ARCHIVE_OCI;
    else if (manifest && !system)
        kind = ARCHIVE_DOCKER;
    else if ((blobs || layout || index) && !system)
        kind = ARCHIVE_NO_MANIFEST;
    archive_read_free(archive);
    return kind;
}

static bool copy_member(struct store *store, struct archive *archive, struct archive_entry *entry,
                        const char *name, struct member *member) {
    struct tool *tool = store->tool;
    member->offset = spool_align(tool);
    int64_t declared = archive_entry_size(entry);
    if (declared < 0 || (uint64_t)declared > LAYERS_MAX_BYTES ||
        tool->spool_size + (uint64_t)declared > LAYERS_MAX_BYTES)
        return fail(tool, name, "%s: the archive holds more than %u GiB", member->name,
                    (unsigned)(LAYERS_MAX_BYTES >> 30));
    const void *block;
    size_t size;
    int64_t offset;
    int status;
    while ((status = archive_read_data_block(archive, &block, &size, &offset)) == ARCHIVE_OK)
        if (!spool_write_at(tool, member->offset + (uint64_t)offset, block, size))
            return false;
    if (status != ARCHIVE_EOF)
        return fail(tool, name, "%s: truncated or damaged archive: %s (fetch or save it again)",
                    member->name, archive_error_string(archive));
    member->size = (uint64_t)declared;
    return spool_extend(tool, member->offset + member->size);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static struct member *find_member(struct store *store, const char *name) {
    struct member key = {.name = (char *)name};
    return store->count ? bsearch(&key, store->members, store->count, sizeof key, by_name) : NULL;
}

struct store *store_open_archive(struct tool *tool, const char *name, int fd) {
    struct archive *archive = open_outer(tool, name, fd);
    if (!archive)
        return NULL;
    struct store *store = allocate(sizeof *store);
    *store = (struct store){.tool = tool, .directory = -1, .spool = tool->spool};
    struct archive_entry *entry;
    int status;
    while ((status = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
           status == ARCHIVE_WARN) {
        const char *path = plain_name(archive_entry_pathname(entry));
        const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);
        bool file = archive_entry_filetype(entry) == AE_IFREG;
        if (!hard && !soft && !file)
            continue;
        if (store->count == MAX_MEMBERS) {
            fail(tool, name, "has more than %d members", MAX_MEMBERS);
            goto failed;
        }
        if (store->count == store->capacity) {
            store->capacity = store->capacity ? store->capacity * 2 : 64;
            store->members = reallocate(store->members, store->capacity * sizeof(struct member));
        }
        struct member *member = &store->members[store->count++];
        *member = (struct member){.name = copy_string(path)};
        if (hard)
            member->link = copy_string(plain_name(hard));
        else if (soft) {
            member->link = join_link(path, soft);
            if (!member->link) {
                fail(tool, name, "%s: its link %s leaves the archive", path, soft);
                goto failed;
            }
        } else if (!copy_member(store, archive, entry, name, member))
            goto failed;
    }
    if (status != ARCHIVE_EOF) {
        fail(tool, name, "truncated or damaged archive: %s (fetch or save it again)",
             archive_error_string(archive));
        goto failed;
    }
    archive_read_free(archive);
    if (store->count)
        qsort(store->members, store->count, sizeof *store->members, by_name);
    for (size_t i = 1; i < store->count; i++)
        if (strcmp(store->members[i - 1].name, store->members[i].name) == 0) {
            fail(tool, name, "%s appears twice in the archive", store->members[i].name);
            return NULL;
        }
    return store;
failed:
    archive_read_free(archive);
    return NULL;
}

struct store *store_open_directory(struct tool *tool, const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        fail(tool, path, "cannot open: %s", strerror(errno));
        return NULL;
    }
    struct store *store = allocate(sizeof *store);
    *store = (struct store){.tool = tool, .directory = fd};
    return store;
}

static bool find_in_directory(struct store *store, const char *member, struct blob *blob,
                              const char **reason) {
    if (member[0] == '/' || strstr(member, "..")) {
        *reason = "leaves the image's directory";
        return false;
    }
    int fd = openat(store->directory, member, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) {
        *reason = errno == ENOENT ? "is missing" : strerror(errno);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        *reason = "is no regular file";
        return false;
    }
    *blob = (struct blob){fd, 0, (uint64_t)st.st_size};
    return true;
}

bool store_find(struct store *store, const char *member, struct blob *blob, const char **reason) {
    if (store->directory >= 0)
        return find_in_directory(store, member, blob, reason);
    const struct member *found = find_member(store, plain_name(member));
    for (unsigned links = 0; found && found->link; links++) {
        if (links == MAX_LINKS) {
            *reason = "is a loop of links";
            return false;
        }
        found = find_member(store, found->link);
    }
    if (!found) {
        *reason = "is missing";
        return false;
    }
    *blob = (struct blob){store->spool, found->offset, found->size};
    return true;
}

bool store_has(struct store *store, const char *member) {
    struct blob blob;
    const char *reason;
    if (!store_find(store, member, &blob, &reason))
        return false;
    if (store->directory >= 0)
        close(blob.fd);
    return true;
}
