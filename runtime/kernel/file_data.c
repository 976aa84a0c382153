/* Contents of regular files: blocks of 4 KiB over an optional range of the image.
 *
 * A block that was never written is read from the image, or is zero past the backed range, so that
 * writing to a large file of the image copies only the blocks that are touched. */
#include <string.h>

#include "pages.h"
#include "vfs.h"

#define BLOCK 4096u
#define BLOCKS_AT_ONCE 16u /* taken from the page allocator: one wasm page */

struct file_data {
    uint64_t image_offset, image_size; /* bytes [0, image_size) without a block are the image's */
    uint8_t **blocks;
    uint64_t capacity; /* entries in `blocks` */
    uint64_t used;     /* blocks that are not NULL */
};

struct block_store {
    struct free_block {
        struct free_block *next;
    } *free;
    uint64_t used, held;
};

static struct block_store *store(void) {
    if (!kernel.vfs->blocks)
        kernel.vfs->blocks = heap_alloc(sizeof *kernel.vfs->blocks);
    return kernel.vfs->blocks;
}

static uint8_t *block_new(void) {
    struct block_store *s = store();
    if (!s->free) {
        uint8_t *pages = pages_alloc(BLOCKS_AT_ONCE * BLOCK);
        if (!pages)
            return NULL;
        for (unsigned i = 0; i < BLOCKS_AT_ONCE; i++) {
            struct free_block *block = (struct free_block *)(pages + i * BLOCK);
            block->next = s->free;
            s->free = block;
        }
        s->held += BLOCKS_AT_ONCE;
    }
    struct free_block *block = s->free;
    s->free = block->next;
    s->used++;
    return (uint8_t *)block;
}

static void block_free(uint8_t *bytes) {
    struct free_block *block = (struct free_block *)bytes;
    block->next = store()->free;
    store()->free = block;
    store()->used--;
}

void file_data_usage(uint64_t *used, uint64_t *total) {
    *used = store()->used * BLOCK;
    *total = 1ull << 30; /* half of the largest arena */
}

struct file_data *file_data_new(uint64_t image_offset, uint64_t image_size) {
    struct file_data *data = heap_alloc(sizeof *data);
    data->image_offset = image_offset;
    data->image_size = image_size;
    return data;
}

void file_data_free(struct file_data *data) {
    file_data_truncate(data, 0);
    heap_free(data->blocks);
    heap_free(data);
}

static uint8_t *block_of(const struct file_data *data, uint64_t index) {
    return index < data->capacity ? data->blocks[index] : NULL;
}

/* Reads bytes of one block that has no memory of its own. */
static void read_backing(const struct file_data *data, uint8_t *to, size_t length,
                         uint64_t offset) {
    size_t backed = 0;
    if (offset < data->image_size) {
        uint64_t left = data->image_size - offset;
        backed = left < length ? (size_t)left : length;
        rootfs_read_data(data->image_offset + offset, to, backed);
    }
    memset(to + backed, 0, length - backed);
}

/* The caller has limited the range to the file's size. */
void file_data_read(const struct file_data *data, void *to, size_t length, uint64_t offset) {
    uint8_t *bytes = to;
    if (data->used == 0) {
        read_backing(data, bytes, length, offset);
        return;
    }
    while (length) {
        size_t within = offset % BLOCK;
        size_t part = BLOCK - within < length ? BLOCK - within : length;
        const uint8_t *block = block_of(data, offset / BLOCK);
        if (block)
            memcpy(bytes, block + within, part);
        else
            read_backing(data, bytes, part, offset);
        bytes += part;
        offset += part;
        length -= part;
    }
}

static int make_room(struct file_data *data, uint64_t blocks) {
    if (blocks <= data->capacity)
        return 0;
    uint64_t capacity = data->capacity ? data->capacity : 4;
    while (capacity < blocks)
        capacity *= 2;
    if (capacity > (1u << 20)) /* 4 GiB: more than the arena can hold */
        return -EFBIG;
    uint8_t **grown = heap_resize(data->blocks, capacity * sizeof *grown);
    memset(grown + data->capacity, 0, (capacity - data->capacity) * sizeof *grown);
    data->blocks = grown;
    data->capacity = capacity;
    return 0;
}

/* Gives the block at `index` memory of its own; what will not be overwritten is filled in. */
static uint8_t *own_block(struct file_data *data, uint64_t index, bool whole) {
    if (data->blocks[index])
        return data->blocks[index];
    uint8_t *block = block_new();
    if (!block)
        return NULL;
    if (!whole)
        read_backing(data, block, BLOCK, index * BLOCK);
    data->blocks[index] = block;
    data->used++;
    return block;
}

int64_t file_data_write(struct file_data *data, const void *from, size_t length, uint64_t offset) {
    const uint8_t *bytes = from;
    size_t done = 0;
    int error = make_room(data, (offset + length + BLOCK - 1) / BLOCK);
    if (error)
        return error;
    while (done < length) {
        size_t within = (offset + done) % BLOCK;
        size_t part = BLOCK - within < length - done ? BLOCK - within : length - done;
        uint8_t *block = own_block(data, (offset + done) / BLOCK, part == BLOCK);
        if (!block)
            return done ? (int64_t)done : -ENOSPC;
        memcpy(block + within, bytes + done, part);
        done += part;
    }
    return (int64_t)done;
}

void file_data_truncate(struct file_data *data, uint64_t size) {
    uint64_t keep = (size + BLOCK - 1) / BLOCK;
    for (uint64_t i = keep; i < data->capacity && data->used; i++) {
        if (data->blocks[i]) {
            block_free(data->blocks[i]);
            data->blocks[i] = NULL;
            data->used--;
        }
    }
    uint8_t *last = size % BLOCK ? block_of(data, size / BLOCK) : NULL;
    if (last)
        memset(last + size % BLOCK, 0, BLOCK - size % BLOCK);
    if (data->image_size > size)
        data->image_size = size;
}

int file_data_reserve(struct file_data *data, uint64_t offset, uint64_t length) {
    if (length == 0)
        return 0;
    uint64_t end = (offset + length + BLOCK - 1) / BLOCK;
    int error = make_room(data, end);
    for (uint64_t i = offset / BLOCK; !error && i < end; i++) {
        if (!own_block(data, i, false))
            error = -ENOSPC;
    }
    return error;
}

void file_data_punch(struct file_data *data, uint64_t offset, uint64_t length) {
    static const uint8_t zeroes[BLOCK];
    uint64_t end = offset + length;
    if (end > data->image_size && end > data->capacity * BLOCK)
        end = data->image_size > data->capacity * BLOCK ? data->image_size : data->capacity * BLOCK;
    while (offset < end) {
        uint64_t index = offset / BLOCK, part = BLOCK - offset % BLOCK;
        if (part > end - offset)
            part = end - offset;
        uint8_t *block = block_of(data, index);
        if (block && part == BLOCK && offset >= data->image_size) {
            block_free(block);
            data->blocks[index] = NULL;
            data->used--;
        } else if (block || offset < data->image_size) {
            file_data_write(data, zeroes, part, offset);
        }
        offset += part;
    }
}

uint64_t file_data_blocks(const struct file_data *data) {
    uint64_t backed = (data->image_size + BLOCK - 1) / BLOCK, blocks = data->used + backed;
    for (uint64_t i = 0; i < data->capacity && i < backed; i++)
        blocks -= data->blocks[i] != NULL;
    return blocks * (BLOCK / 512);
}

uint64_t file_data_seek(const struct file_data *data, uint64_t offset, uint64_t size, bool hole) {
    while (offset < size) {
        bool here = block_of(data, offset / BLOCK) || offset < data->image_size;
        if (here != hole)
            return offset;
        offset = (offset / BLOCK + 1) * BLOCK;
    }
    return size;
}
