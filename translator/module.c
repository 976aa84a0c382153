#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "register_globals.h"
#include "wasm_bytes.h"

enum section_id {
    SECTION_CUSTOM = 0,
    SECTION_CODE = 10,
    SECTION_DATA = 11,
    SECTION_DATA_COUNT = 12,
};
#define NAME_DATA_SEGMENTS 9 /* subsection of "name" (extended name section proposal) */
#define SEGMENT_PASSIVE 1

static const unsigned char module_header[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};

/* --- messages --- */

struct failure {
    char *text;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct failure *failure, const char *format,
                                                       ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->text, failure->size, format, arguments);
    va_end(arguments);
    return false;
}

/* --- reading --- */

struct section {
    unsigned id;
    const unsigned char *start; /* with id and size */
    struct reader contents;
};

static bool read_section(struct reader *reader, struct section *section) {
    section->start = reader->next;
    section->id = read_byte(reader);
    uint32_t size = read_leb(reader);
    section->contents = read_part(reader, size);
    return !reader->bad;
}

static bool has_name(const struct section *section, const char *name) {
    struct reader contents = section->contents;
    uint32_t size = read_leb(&contents);
    const unsigned char *bytes = read_bytes(&contents, size);
    return bytes && size == strlen(name) && memcmp(bytes, name, size) == 0;
}

struct mapped_file {
    const unsigned char *bytes;
    size_t size;
};

static bool map_module(const char *path, struct mapped_file *file, struct failure *failure) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        fail(failure, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    file->size = (size_t)st.st_size;
    file->bytes = MAP_FAILED;
    if (S_ISREG(st.st_mode) && file->size >= sizeof module_header)
        file->bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (file->bytes == MAP_FAILED)
        return fail(failure, "%s: is no WebAssembly module", path);
    if (memcmp(file->bytes, module_header, sizeof module_header) == 0)
        return true;
    munmap((void *)file->bytes, file->size);
    return fail(failure, "%s: is no WebAssembly module", path);
}

static void unmap_module(struct mapped_file *file) { munmap((void *)file->bytes, file->size); }

/* --- writing --- */

struct writer {
    int fd;
    const char *path;
    uint64_t written;
    size_t used;
    unsigned char buffer[1 << 16];
};

static bool write_all(struct writer *writer, const void *from, size_t size,
                      struct failure *failure) {
    const unsigned char *bytes = from;
    while (size) {
        ssize_t n = write(writer->fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(failure, "%s: cannot write: %s", writer->path, strerror(errno));
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static bool flush(struct writer *writer, struct failure *failure) {
    size_t used = writer->used;
    writer->used = 0;
    return write_all(writer, writer->buffer, used, failure);
}

static bool put(struct writer *writer, const void *from, size_t size, struct failure *failure) {
    writer->written += size;
    if (size > sizeof writer->buffer - writer->used && !flush(writer, failure))
        return false;
    if (size > sizeof writer->buffer)
        return write_all(writer, from, size, failure);
    memcpy(writer->buffer + writer->used, from, size);
    writer->used += size;
    return true;
}

static bool put_leb(struct writer *writer, uint32_t value, struct failure *failure) {
    unsigned char bytes[LEB_MAX];
    return put(writer, bytes, encode_leb(bytes, value), failure);
}

static size_t leb_size(uint32_t value) {
    unsigned char bytes[LEB_MAX];
    return encode_leb(bytes, value);
}

static bool put_section_header(struct writer *writer, unsigned id, uint64_t size,
                               struct failure *failure) {
    if (size > UINT32_MAX)
        return fail(failure, "%s: the root file system is too large for a module (4 GiB)",
                    writer->path);
    return put(writer, &(unsigned char){(unsigned char)id}, 1, failure) &&
           put_leb(writer, (uint32_t)size, failure);
}

/* --- adding the image --- */

struct rewrite {
    struct writer *out;
    struct failure *failure;
    int image;
    const char *image_path;
    uint64_t image_size;
    uint32_t segment_count; /* of the linked module */
    unsigned char *code;    /* the code section's new contents, NULL: as it is */
    size_t code_size;
    bool strip_names;
    struct link_report *report;
};

static bool put_image(struct rewrite *rewrite) {
    enum { CHUNK = 1 << 20 };
    unsigned char *chunk = malloc(CHUNK);
    if (!chunk)
        return fail(rewrite->failure, "out of memory");
    uint64_t left = rewrite->image_size;
    bool good = true;
    while (good && left) {
        ssize_t n = read(rewrite->image, chunk, left < CHUNK ? (size_t)left : CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            good = fail(rewrite->failure, "%s: cannot read: %s", rewrite->image_path,
                        n < 0 ? strerror(errno) : "it became shorter");
        else
            good = put(rewrite->out, chunk, (size_t)n, rewrite->failure);
        left -= (uint64_t)(n > 0 ? n : 0);
    }
    free(chunk);
    return good;
}

/* The data section: the image's segment, then those in `old` (behind its count). */
static bool put_data_section(struct rewrite *rewrite, const struct reader *old) {
    struct writer *out = rewrite->out;
    struct failure *failure = rewrite->failure;
    uint32_t count = rewrite->segment_count + 1;
    if (rewrite->image_size > UINT32_MAX)
        return put_section_header(out, SECTION_DATA, rewrite->image_size, failure);
    uint32_t image_size = (uint32_t)rewrite->image_size;
    uint64_t size =
        (uint64_t)leb_size(count) + 1 + leb_size(image_size) + image_size + bytes_left(old);
    return put_section_header(out, SECTION_DATA, size, failure) && put_leb(out, count, failure) &&
           put(out, &(unsigned char){SEGMENT_PASSIVE}, 1, failure) &&
           put_leb(out, image_size, failure) && put_image(rewrite) &&
           put(out, old->next, bytes_left(old), failure);
}

/* The names of data segments, renumbered, into `to` (at least twice their size plus 16 bytes);
 * returns the size. */
static size_t renumber_segments(struct reader names, unsigned char *to) {
    static const char image_name[] = "rootfs";
    uint32_t count = read_leb(&names);
    size_t size = encode_leb(to, count + 1);
    to[size++] = 0;
    to[size++] = sizeof image_name - 1;
    memcpy(to + size, image_name, sizeof image_name - 1);
    size += sizeof image_name - 1;
    while (count-- && !names.bad) {
        size += encode_leb(to + size, read_leb(&names) + 1);
        uint32_t length = read_leb(&names);
        const unsigned char *bytes = read_bytes(&names, length);
        if (!bytes)
            break;
        size += encode_leb(to + size, length);
        memcpy(to + size, bytes, length);
        size += length;
    }
    return names.bad ? 0 : size;
}

static bool put_name_section(struct rewrite *rewrite, const struct section *section) {
    struct writer *out = rewrite->out;
    size_t old_size = bytes_left(&section->contents);
    unsigned char *bytes = malloc(2 * old_size + 64);
    if (!bytes)
        return fail(rewrite->failure, "out of memory");
    struct reader contents = section->contents;
    uint32_t title = read_leb(&contents);
    read_bytes(&contents, title);
    size_t size = (size_t)(contents.next - section->contents.next);
    memcpy(bytes, section->contents.next, size);
    while (bytes_left(&contents)) {
        const unsigned char *start = contents.next;
        unsigned id = read_byte(&contents);
        struct reader part = read_part(&contents, read_leb(&contents));
        if (contents.bad)
            break;
        if (id != NAME_DATA_SEGMENTS) {
            memcpy(bytes + size, start, (size_t)(contents.next - start));
            size += (size_t)(contents.next - start);
            continue;
        }
        unsigned char *names = bytes + size + 1 + LEB_MAX;
        size_t names_size = renumber_segments(part, names);
        if (!names_size)
            contents.bad = true;
        bytes[size++] = NAME_DATA_SEGMENTS;
        size += encode_leb(bytes + size, (uint32_t)names_size);
        memmove(bytes + size, names, names_size);
        size += names_size;
    }
    bool good = contents.bad ? fail(rewrite->failure, "the linked module's names are malformed")
                             : put_section_header(out, SECTION_CUSTOM, size, rewrite->failure) &&
                                   put(out, bytes, size, rewrite->failure);
    free(bytes);
    return good;
}

static bool put_section(struct rewrite *rewrite, struct section *section) {
    struct writer *out = rewrite->out;
    switch (section->id) {
    case SECTION_DATA_COUNT:
        /* wasm-ld makes one for shared memory only, together with code that names segments. */
        return fail(rewrite->failure, "the linked module has passive segments of its own");
    case SECTION_CODE: {
        uint32_t count = rewrite->segment_count + 1;
        if (!put_section_header(out, SECTION_DATA_COUNT, leb_size(count), rewrite->failure) ||
            !put_leb(out, count, rewrite->failure))
            return false;
        if (!rewrite->code)
            break;
        rewrite->report->code_bytes = rewrite->code_size;
        return put_section_header(out, SECTION_CODE, rewrite->code_size, rewrite->failure) &&
               put(out, rewrite->code, rewrite->code_size, rewrite->failure);
    }
    case SECTION_DATA:
        read_leb(&section->contents);
        return put_data_section(rewrite, &section->contents);
    case SECTION_CUSTOM:
        if (!has_name(section, "name"))
            break;
        return rewrite->strip_names || put_name_section(rewrite, section);
    }
    return put(out, section->start, (size_t)(section->contents.end - section->start),
               rewrite->failure);
}

/* Sizes of a module's parts; also counts its data segments. */
static bool measure(const struct mapped_file *file, struct link_report *report, uint32_t *segments,
                    bool *has_code) {
    struct reader reader = {file->bytes + sizeof module_header, file->bytes + file->size, false};
    *report = (struct link_report){.module_bytes = file->size};
    *segments = 0;
    *has_code = false;
    while (bytes_left(&reader)) {
        struct section section;
        if (!read_section(&reader, &section))
            return false;
        struct reader contents = section.contents;
        if (section.id == SECTION_CODE) {
            *has_code = true;
            report->code_bytes = bytes_left(&contents);
        } else if (section.id == SECTION_DATA) {
            report->data_bytes = bytes_left(&contents);
            *segments = read_leb(&contents);
            const unsigned char *segment = contents.next;
            if (*segments && read_byte(&contents) == SEGMENT_PASSIVE) {
                report->rootfs_bytes = read_leb(&contents);
                report->data_bytes -= report->rootfs_bytes + (size_t)(contents.next - segment);
            }
        }
    }
    return true;
}

static bool rewrite_sections(struct rewrite *rewrite, const struct mapped_file *file) {
    struct reader reader = {file->bytes + sizeof module_header, file->bytes + file->size, false};
    if (!put(rewrite->out, module_header, sizeof module_header, rewrite->failure))
        return false;
    bool data_written = false;
    while (bytes_left(&reader)) {
        struct section section;
        read_section(&reader, &section);
        data_written |= section.id == SECTION_DATA;
        if (!put_section(rewrite, &section))
            return false;
    }
    const struct reader none = {file->bytes, file->bytes, false};
    return (data_written || put_data_section(rewrite, &none)) &&
           flush(rewrite->out, rewrite->failure);
}

static bool write_module(struct rewrite *rewrite, const struct mapped_file *file, const char *to) {
    struct writer *out = malloc(sizeof *out);
    if (!out)
        return fail(rewrite->failure, "out of memory");
    out->fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    out->path = to;
    out->written = out->used = 0;
    rewrite->out = out;
    bool good;
    if (out->fd < 0) {
        good = fail(rewrite->failure, "%s: cannot create: %s", to, strerror(errno));
    } else {
        good = rewrite_sections(rewrite, file);
        if (close(out->fd) < 0 && good)
            good = fail(rewrite->failure, "%s: cannot write: %s", to, strerror(errno));
        if (!good)
            unlink(to);
    }
    rewrite->report->module_bytes = (size_t)out->written;
    rewrite->report->rootfs_bytes = (size_t)rewrite->image_size;
    free(out);
    return good;
}

bool module_add_image(const char *from, const char *image, bool strip_names, const char *to,
                      struct link_report *report, char *error, size_t error_size) {
    struct failure failure = {error, error_size};
    struct mapped_file file;
    if (!map_module(from, &file, &failure))
        return false;
    struct rewrite rewrite = {.failure = &failure,
                              .image = open(image, O_RDONLY | O_CLOEXEC),
                              .image_path = image,
                              .strip_names = strip_names,
                              .report = report};
    bool has_code, good;
    struct stat st;
    if (rewrite.image < 0 || fstat(rewrite.image, &st) < 0) {
        good = fail(&failure, "%s: %s", image, strerror(errno));
    } else if (!measure(&file, report, &rewrite.segment_count, &has_code) || !has_code) {
        good = fail(&failure, "%s: is no complete WebAssembly module", from);
    } else {
        rewrite.image_size = (uint64_t)st.st_size;
        good = promote_registers(file.bytes, file.size, &rewrite.code, &rewrite.code_size, error,
                                 error_size) &&
               write_module(&rewrite, &file, to);
    }
    free(rewrite.code);
    if (rewrite.image >= 0)
        close(rewrite.image);
    unmap_module(&file);
    return good;
}

bool measure_module(const char *path, struct link_report *report, char *error, size_t error_size) {
    struct failure failure = {error, error_size};
    struct mapped_file file;
    if (!map_module(path, &file, &failure))
        return false;
    uint32_t segments;
    bool has_code, good = measure(&file, report, &segments, &has_code);
    unmap_module(&file);
    return good ? true : fail(&failure, "%s: is no complete WebAssembly module", path);
}
