/* Profiles (profile.md): text files that say which code of which files was executed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/content_hash.h"
#include "../runtime/profile.h"
#include "frontend.h"

/* Reads a number that ends at `end_character`; moves behind it. */
static bool read_number(const char **at, int base, char end_character, uint64_t *value) {
    static const char digits[] = "0123456789abcdef";
    const char *start = *at;
    *value = 0;
    for (;; (*at)++) {
        const char *digit = **at ? memchr(digits, **at, (size_t)base) : NULL;
        if (!digit)
            break;
        if (*value > (UINT64_MAX - 15) / (uint64_t)base)
            return false;
        *value = *value * (uint64_t)base + (uint64_t)(digit - digits);
    }
    if (*at == start || **at != end_character)
        return false;
    *at += end_character != 0;
    return true;
}

/* "file HASH SIZE PATH" */
static bool read_file_line(struct profile *profile, const char *line) {
    struct profile_file file = {0};
    if (!read_number(&line, 16, ' ', &file.hash) || !read_number(&line, 10, ' ', &file.size) ||
        *line != '/')
        return false;
    file.path = copy_string(line);
    if (profile->file_count % 16 == 0)
        profile->files =
            reallocate(profile->files, (profile->file_count + 16) * sizeof *profile->files);
    profile->files[profile->file_count++] = file;
    return true;
}

/* "OFFSET EXECUTIONS INSTRUCTIONS", of the last file */
static bool read_block_line(struct profile *profile, const char *line) {
    if (!profile->file_count)
        return false;
    struct profile_file *file = &profile->files[profile->file_count - 1];
    struct profile_block block = {0};
    if (!read_number(&line, 16, ' ', &block.offset) || block.offset >= file->size ||
        !read_number(&line, 10, ' ', &block.executions))
        return false;
    if (strcmp(line, "lifted") != 0 &&
        (!read_number(&line, 10, 0, &block.instructions) || block.instructions == 0 ||
         block.instructions > 1000 ||
         block.executions > UINT64_MAX / 1000000 / block.instructions)) /* sums stay in range */
        return false;
    if ((file->block_count & (file->block_count - 1)) == 0)
        file->blocks =
            reallocate(file->blocks, (2 * file->block_count + 1) * sizeof *file->blocks);
    file->blocks[file->block_count++] = block;
    return true;
}

static bool read_line(struct profile *profile, const char *line) {
    uint64_t value;
    if (strncmp(line, "file ", 5) == 0)
        return read_file_line(profile, line + 5);
    if (strncmp(line, "elsewhere ", 10) == 0) {
        line += 10;
        if (!read_number(&line, 10, 0, &value))
            return false;
        profile->elsewhere += value;
        return true;
    }
    return *line == '#' || *line == 0 || read_block_line(profile, line);
}

bool profile_read(struct tool *tool, const char *path, struct profile *profile) {
    uint64_t size;
    const char *bytes = (const char *)map_file(tool, path, &size);
    if (!bytes)
        return false;
    const char *at = bytes, *end = bytes + size;
    for (unsigned number = 1; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline ? newline : end) - at);
        char *line = allocate(length + 1);
        memcpy(line, at, length);
        bool good = strlen(line) == length &&
                    (number == 1 ? strcmp(line, PROFILE_HEADER) == 0 : read_line(profile, line));
        free(line);
        if (!good)
            return number == 1 ? fail(tool, path, "is no profile (make one with C2W_PROFILE=FILE "
                                                  "c2w-aot run)")
                               : fail(tool, path, "line %u is malformed", number);
        at = newline ? newline + 1 : end;
    }
    return size || fail(tool, path, "is empty: the run that should have written it was ended");
}

/* Guest address of an offset in the file; 0 = not executable. */
static uint32_t address_of(const struct elf_file *file, uint64_t offset) {
    for (size_t i = 0; i < file->segment_count; i++) {
        const struct elf_segment *segment = &file->segments[i];
        if (segment->executable && offset >= segment->offset &&
            offset - segment->offset < segment->file_size)
            return (uint32_t)(segment->address + (offset - segment->offset) + file->load_base);
    }
    return 0;
}

static uint64_t instructions_in(const struct profile_file *part) {
    uint64_t sum = 0;
    for (size_t i = 0; i < part->block_count; i++)
        sum += part->blocks[i].executions * part->blocks[i].instructions;
    return sum;
}

void profile_match(struct tool *tool, struct profile *profile, struct inventory *inventory) {
    for (size_t p = 0; p < profile->file_count; p++) {
        struct profile_file *part = &profile->files[p];
        bool found = false, same_path = false;
        for (size_t i = 0; i < inventory->count; i++) {
            struct elf_file *file = &inventory->files[i];
            same_path |= strcmp(file->path, part->path) == 0;
            if (file->size != part->size)
                continue;
            if (!file->content_hash)
                file->content_hash = content_hash_add(CONTENT_HASH_START, file->bytes, file->size);
            if (file->content_hash != part->hash)
                continue;
            found = true;
            file->profiled = true;
        }
        profile->total += instructions_in(part);
        if (!found)
            note(tool, "profile: %s %s (its counts are ignored)", part->path,
                 same_path ? "has other contents in this image" : "is not in this image");
    }
    profile->total += profile->elsewhere;
}

void profile_counts(const struct profile *profile, struct elf_file *file) {
    for (size_t p = 0; p < profile->file_count; p++) {
        const struct profile_file *part = &profile->files[p];
        if (part->size != file->size || part->hash != file->content_hash)
            continue;
        file->counts = reallocate(file->counts, (file->count_count + part->block_count + 1) *
                                                    sizeof *file->counts);
        for (size_t i = 0; i < part->block_count; i++) {
            const struct profile_block *block = &part->blocks[i];
            uint32_t address = address_of(file, block->offset);
            if (address)
                file->counts[file->count_count++] =
                    (struct code_count){address, (uint32_t)block->instructions,
                                        block->executions * block->instructions};
        }
    }
}
