/* Temporary files: one private directory per command, and in it the spool that collects file data
 * of images, so that nothing large is held in memory. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend.h"

bool scratch_create(struct tool *tool) {
    const char *parent = getenv("TMPDIR");
    if (!parent || !*parent)
        parent = "/tmp";
    tool->scratch = format_string("%s/c2w-aot.XXXXXX", parent);
    if (!mkdtemp(tool->scratch)) {
        tool->scratch = NULL;
        return fail(tool, parent, "cannot make a temporary directory: %s (set TMPDIR)",
                    strerror(errno));
    }
    return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st, (void)type, (void)walk;
    remove(path);
    return 0;
}

void scratch_remove(struct tool *tool) {
    if (tool->scratch)
        nftw(tool->scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    tool->scratch = NULL;
}

char *scratch_path(const struct tool *tool, const char *name) {
    return format_string("%s/%s", tool->scratch, name);
}

bool write_all(int fd, const void *bytes, size_t size) {
    const char *from = bytes;
    while (size) {
        ssize_t done = write(fd, from, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        from += done;
        size -= (size_t)done;
    }
    return true;
}

bool spool_open(struct tool *tool) {
    char *path = scratch_path(tool, "spool");
    tool->spool = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (tool->spool < 0)
        return fail(tool, path, "cannot create: %s", strerror(errno));
    tool->spool_size = 0;
    free(path);
    return true;
}

uint64_t spool_align(struct tool *tool) {
    tool->spool_size = (tool->spool_size + 15) & ~UINT64_C(15);
    return tool->spool_size;
}

static bool all_zero(const char *bytes, size_t size) {
    return size && bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

bool spool_write_at(struct tool *tool, uint64_t offset, const void *bytes, size_t size) {
    const char *from = bytes;
    /* Nothing was written behind the beginning of the file that is being added. */
    if (offset >= tool->spool_size && all_zero(from, size))
        return spool_extend(tool, offset + size);
    while (size) {
        ssize_t done = pwrite(tool->spool, from, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail(tool, tool->scratch, "cannot write temporary data: %s (set TMPDIR)",
                        done < 0 ? strerror(errno) : "no space");
        from += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    if (offset > tool->spool_size)
        tool->spool_size = offset;
    return true;
}

bool spool_extend(struct tool *tool, uint64_t size) {
    if (size < tool->spool_size)
        return true;
    tool->spool_size = size;
    if (ftruncate(tool->spool, (off_t)size))
        return fail(tool, tool->scratch, "cannot write temporary data: %s (set TMPDIR)",
                    strerror(errno));
    return true;
}

const uint8_t *map_descriptor(struct tool *tool, int fd, const char *path, uint64_t *size) {
    struct stat st;
    if (fstat(fd, &st)) {
        fail(tool, path, "cannot read: %s", strerror(errno));
        return NULL;
    }
    *size = (uint64_t)st.st_size;
    if (*size == 0)
        return (const uint8_t *)"";
    void *bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        fail(tool, path, "cannot map into memory: %s", strerror(errno));
        return NULL;
    }
    return bytes;
}

const uint8_t *map_file(struct tool *tool, const char *path, uint64_t *size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail(tool, path, "cannot open: %s", strerror(errno));
        return NULL;
    }
    const uint8_t *bytes = map_descriptor(tool, fd, path, size);
    close(fd);
    return bytes;
}
