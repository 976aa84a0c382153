/* Objects of lifted functions in one archive (ar(5), without a symbol index: the linker takes every
 * member), in a given order whatever order they were made in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lift.h"

#define SECTION_CODE 10

struct object_archive {
    FILE *file;
    char *path;
    size_t count;
    bool failed;
    int error;
};

static void write_bytes(struct object_archive *archive, const void *bytes, size_t size) {
    if (!archive->failed && fwrite(bytes, 1, size, archive->file) != size) {
        archive->failed = true;
        archive->error = errno;
    }
}

struct object_archive *archive_create(const char *path, char *error, size_t error_size) {
    FILE *file = fopen(path, "wbe");
    if (!file) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct object_archive *archive = calloc(1, sizeof *archive);
    if (!archive || !(archive->path = strdup(path)))
        abort();
    archive->file = file;
    write_bytes(archive, "!<arch>\n", 8);
    return archive;
}

static bool read_leb(const uint8_t **at, const uint8_t *end, uint32_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 35 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static void put_number(uint8_t *section, size_t size, uint32_t file) {
    static const char mark[] = LIFTED_PREFIX LIFTED_FILE_MARK;
    const size_t length = sizeof mark - 1, prefix = sizeof LIFTED_PREFIX - 1;
    uint8_t *at = section, *end = section + size;
    while ((at = memmem(at, (size_t)(end - at), mark, length))) {
        for (size_t digit = 0; digit < length - prefix; digit++)
            at[prefix + digit] =
                (uint8_t) "0123456789abcdef"[file >> 4 * (length - prefix - 1 - digit) & 15];
        at += length;
    }
}

/* Puts the file's number into the symbols, which are in every section except the code. */
static bool name_file(uint8_t *bytes, size_t size, uint32_t file) {
    const uint8_t *at = bytes + 8, *end = bytes + size;
    if (size < 8 || memcmp(bytes, "\0asm\1\0\0", 8) != 0)
        return false;
    while (at < end) {
        uint8_t id = *at++;
        uint32_t length;
        if (!read_leb(&at, end, &length) || length > (size_t)(end - at))
            return false;
        if (id != SECTION_CODE)
            put_number(bytes + (at - bytes), length, file);
        at += length;
    }
    return true;
}

bool archive_add(struct object_archive *archive, uint32_t file, uint8_t *bytes, size_t size) {
    char name[32], header[80];
    if (!name_file(bytes, size, file))
        return false;
    snprintf(name, sizeof name, "%zx.o/", archive->count++);
    /* name, time, user, group, mode, size: fields are filled up with spaces */
    snprintf(header, sizeof header, "%-16.16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "644",
             size);
    write_bytes(archive, header, 60);
    write_bytes(archive, bytes, size);
    if (size % 2)
        write_bytes(archive, "\n", 1);
    return true;
}

bool archive_close(struct object_archive *archive, char *error, size_t error_size) {
    if (fclose(archive->file) && !archive->failed) {
        archive->failed = true;
        archive->error = errno;
    }
    bool good = !archive->failed;
    if (!good)
        snprintf(error, error_size, "%s: %s", archive->path, strerror(archive->error));
    free(archive->path);
    free(archive);
    return good;
}
