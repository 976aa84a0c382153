#include "profile.h"

#include <stdio.h>
#include <string.h>

#include "../content_hash.h"
#include "../kernel/kernel.h"
#include "../kernel/pages.h"
#include "../profile.h"

/* <stdlib.h> has names of linux_process.h. */
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));

#define ROWS_PER_CHUNK 2048u
#define CHUNKS_MAX 4096u
#define FIRST_SLOTS 16384u

/* A block in a file.  Rows are numbered from 1 and never move. */
struct row {
    uint64_t executions;
    uint32_t file, offset;
    uint32_t instructions; /* 0: entries of lifted code */
};

/* Files are told apart by contents: copies of one file share their rows. */
struct profiled_file {
    uint64_t hash, size;
    char *path; /* where it was first seen */
};

/* A file that was looked at, by what the kernel calls it. */
struct known_file {
    uint64_t device, inode, size;
    uint32_t file;
};

struct profile {
    int fd;
    struct row *chunks[CHUNKS_MAX];
    uint32_t row_count, *slots, slot_count; /* hash table of row numbers */
    struct profiled_file *files;
    uint32_t file_count;
    struct known_file *known;
    uint32_t known_count;
    bool full;               /* no memory for more rows */
};

#define ANONYMOUS UINT32_MAX

static struct row *row_at(uint32_t number) {
    struct profile *profile = kernel.profile;
    return &profile->chunks[(number - 1) / ROWS_PER_CHUNK][(number - 1) % ROWS_PER_CHUNK];
}

/* Opens PATH below the preopened directory with the longest name that leads to it. */
static int open_output(const char *path) {
    int fd, best = -1;
    const char *name;
    size_t best_length = 0;
    for (unsigned i = 0; host_preopen(i, &fd, &name) == 0; i++) {
        size_t length = strlen(name);
        while (length && name[length - 1] == '/')
            length--;
        if (length > best_length && strncmp(path, name, length) == 0 && path[length] == '/') {
            best = fd;
            best_length = length;
        }
    }
    return best < 0 ? -ENOENT
                    : host_open(best, path + best_length + 1, O_WRONLY | O_CREAT | O_TRUNC, 0644);
}

int profile_start(const char *path) {
    int fd = open_output(path);
    if (fd < 0)
        return fd;
    kernel.profile = heap_alloc(sizeof *kernel.profile);
    kernel.profile->fd = fd;
    return 0;
}

/* --- files --- */

static uint64_t hash_file(struct file *file, uint64_t size) {
    uint8_t chunk[16384];
    uint64_t hash = CONTENT_HASH_START;
    for (uint64_t done = 0; done < size;) {
        size_t part = size - done < sizeof chunk ? (size_t)(size - done) : sizeof chunk;
        if (file_read_at(file, chunk, part, done) != (int64_t)part)
            return 0;
        hash = content_hash_add(hash, chunk, part);
        done += part;
    }
    return hash;
}

static uint32_t add_file(struct file *file, uint64_t size) {
    struct profile *profile = kernel.profile;
    char path[LINUX_PATH_MAX];
    uint64_t hash = hash_file(file, size);
    for (uint32_t i = 0; i < profile->file_count; i++)
        if (profile->files[i].hash == hash && profile->files[i].size == size)
            return i;
    size_t length = file_path(file, path, sizeof path);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)path[i] < ' ')
            path[i] = '?'; /* a path is the rest of its line */
    profile->files =
        heap_resize(profile->files, (profile->file_count + 1) * sizeof *profile->files);
    char *copy = heap_alloc(length + 1);
    memcpy(copy, path, length + 1);
    profile->files[profile->file_count] = (struct profiled_file){hash, size, copy};
    return profile->file_count++;
}

static uint32_t find_file(struct file *file) {
    struct profile *profile = kernel.profile;
    uint64_t device, inode, size = file_size(file);
    file_identity(file, &device, &inode);
    for (uint32_t i = 0; i < profile->known_count; i++) {
        const struct known_file *known = &profile->known[i];
        if (known->inode == inode && known->device == device && known->size == size)
            return known->file;
    }
    uint32_t number = add_file(file, size);
    profile->known =
        heap_resize(profile->known, (profile->known_count + 1) * sizeof *profile->known);
    profile->known[profile->known_count++] = (struct known_file){device, inode, size, number};
    return number;
}

/* --- rows --- */

static uint32_t *find_slot(struct profile *profile, uint32_t file, uint32_t offset,
                           uint32_t instructions) {
    uint64_t key = ((uint64_t)file << 32 | offset) * 2 + (instructions == 0);
    uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    for (;; at++) {
        uint32_t *slot = &profile->slots[at & (profile->slot_count - 1)];
        if (*slot == 0)
            return slot;
        const struct row *row = row_at(*slot);
        if (row->file == file && row->offset == offset &&
            (row->instructions == 0) == (instructions == 0))
            return slot;
    }
}

static bool grow_slots(struct profile *profile) {
    uint32_t old_count = profile->slot_count, *old = profile->slots;
    if (profile->row_count < old_count / 2)
        return true;
    uint32_t count = old_count ? 2 * old_count : FIRST_SLOTS;
    uint32_t *slots = pages_alloc(count * sizeof *slots);
    if (!slots)
        return false;
    profile->slots = slots;
    profile->slot_count = count;
    for (uint32_t number = 1; number <= profile->row_count; number++) {
        const struct row *row = row_at(number);
        *find_slot(profile, row->file, row->offset, row->instructions) = number;
    }
    if (old)
        pages_free(old, old_count * sizeof *old);
    return true;
}

static uint32_t add_row(struct profile *profile, uint32_t file, uint32_t offset,
                        uint32_t instructions) {
    if (profile->full || !grow_slots(profile))
        goto full;
    uint32_t *slot = find_slot(profile, file, offset, instructions);
    if (*slot)
        return *slot;
    uint32_t chunk = profile->row_count / ROWS_PER_CHUNK;
    if (chunk == CHUNKS_MAX)
        goto full;
    if (!profile->chunks[chunk])
        profile->chunks[chunk] = pages_alloc(ROWS_PER_CHUNK * sizeof(struct row));
    if (!profile->chunks[chunk])
        goto full;
    *slot = ++profile->row_count;
    *row_at(*slot) = (struct row){.file = file, .offset = offset, .instructions = instructions};
    return *slot;
full:
    profile->full = true;
    return 0;
}

uint32_t profile_row(uint32_t pc, uint32_t instructions) {
    struct profile *profile = kernel.profile;
    if (!profile)
        return 0;
    const struct vma *vma = vma_find(current->process->mm, pc);
    if (vma && vma->file && !vma->shared && S_ISREG(vma->file->mode))
        return add_row(profile, find_file(vma->file),
                       (uint32_t)(vma->file_offset + (pc - vma->start)), instructions);
    return add_row(profile, ANONYMOUS, instructions, instructions ? instructions : 1);
}

void profile_count(uint32_t row) {
    if (row)
        row_at(row)->executions++;
}

void profile_count_entry(uint32_t pc) { profile_count(profile_row(pc, 0)); }

/* --- writing --- */

struct output {
    int fd;
    int error;
    size_t used;
    char buffer[8192];
};

static void flush(struct output *output) {
    for (size_t done = 0; done < output->used && !output->error;) {
        int64_t n = host_write(output->fd, output->buffer + done, output->used - done);
        if (n <= 0)
            output->error = n < 0 ? (int)n : -EIO;
        else
            done += (size_t)n;
    }
    output->used = 0;
}

static void put(struct output *output, const char *text) {
    size_t length = strlen(text);
    if (length > sizeof output->buffer - output->used)
        flush(output);
    memcpy(output->buffer + output->used, text, length);
    output->used += length;
}

static int compare_rows(const void *a, const void *b) {
    const struct row *x = row_at(*(const uint32_t *)a), *y = row_at(*(const uint32_t *)b);
    if (x->file != y->file) {
        if (x->file == ANONYMOUS || y->file == ANONYMOUS)
            return x->file == ANONYMOUS ? 1 : -1;
        const struct profiled_file *f = &kernel.profile->files[x->file];
        const struct profiled_file *g = &kernel.profile->files[y->file];
        int order = strcmp(f->path, g->path);
        return order ? order : f->hash < g->hash ? -1 : 1;
    }
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->instructions < y->instructions ? -1 : x->instructions > y->instructions;
}

static void write_rows(struct output *output, const uint32_t *order, uint32_t count) {
    char line[96];
    uint32_t file = ANONYMOUS;
    uint64_t elsewhere = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct row *row = row_at(order[i]);
        if (row->file == ANONYMOUS) {
            elsewhere += row->executions * row->offset; /* their number of instructions */
            continue;
        }
        if (row->executions == 0)
            continue;
        if (row->file != file) {
            const struct profiled_file *f = &kernel.profile->files[row->file];
            file = row->file;
            snprintf(line, sizeof line, "file %016llx %llu ", (unsigned long long)f->hash,
                     (unsigned long long)f->size);
            put(output, line);
            put(output, f->path);
            put(output, "\n");
        }
        if (row->instructions)
            snprintf(line, sizeof line, "%x %llu %u\n", row->offset,
                     (unsigned long long)row->executions, row->instructions);
        else
            snprintf(line, sizeof line, "%x %llu lifted\n", row->offset,
                     (unsigned long long)row->executions);
        put(output, line);
    }
    snprintf(line, sizeof line, "elsewhere %llu\n", (unsigned long long)elsewhere);
    put(output, line);
}

int profile_write(void) {
    struct profile *profile = kernel.profile;
    struct output *output = heap_alloc(sizeof *output);
    size_t size = (profile->row_count + 1) * sizeof(uint32_t);
    uint32_t *order = pages_alloc(size);
    if (!order)
        return -ENOMEM;
    for (uint32_t i = 0; i < profile->row_count; i++)
        order[i] = i + 1;
    qsort(order, profile->row_count, sizeof *order, compare_rows);
    output->fd = profile->fd;
    put(output, PROFILE_HEADER "\n");
    write_rows(output, order, profile->row_count);
    flush(output);
    host_close(profile->fd);
    return profile->full && !output->error ? -ENOMEM : output->error;
}
