/* Entries of a directory in memory (directory_table.h). */
#include "directory_table.h"

#include <string.h>

struct directory *directory_new(void) { return heap_alloc(sizeof(struct directory)); }

void directory_free(struct directory *directory) {
    for (uint32_t i = 0; i < directory->count; i++) {
        if (directory->slots[i].name) {
            heap_free(directory->slots[i].name);
            inode_put(directory->slots[i].inode);
        }
    }
    heap_free(directory->slots);
    heap_free(directory->table);
    heap_free(directory);
}

static uint32_t hash_name(const char *name, size_t length) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash;
}

/* The table holds removed slots too until it is rebuilt: probing passes over them. */
static void enter(struct directory *directory, uint32_t index) {
    directory->filled++;
    uint32_t mask = directory->table_size - 1, at = directory->slots[index].hash & mask;
    while (directory->table[at])
        at = (at + 1) & mask;
    directory->table[at] = index + 1;
}

static void rebuild(struct directory *directory, uint32_t size) {
    heap_free(directory->table);
    directory->table = heap_alloc(size * sizeof *directory->table);
    directory->table_size = size;
    directory->filled = 0;
    for (uint32_t i = 0; i < directory->count; i++) {
        if (directory->slots[i].name)
            enter(directory, i);
    }
}

struct slot *directory_find(struct directory *directory, const char *name, size_t length) {
    if (!directory->table_size)
        return NULL;
    uint32_t hash = hash_name(name, length), mask = directory->table_size - 1;
    for (uint32_t at = hash & mask; directory->table[at]; at = (at + 1) & mask) {
        struct slot *slot = &directory->slots[directory->table[at] - 1];
        if (slot->name && slot->hash == hash && slot->length == length &&
            memcmp(slot->name, name, length) == 0)
            return slot;
    }
    return NULL;
}

static void close_gaps(struct directory *directory) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < directory->count; i++) {
        if (directory->slots[i].name)
            directory->slots[kept++] = directory->slots[i];
    }
    directory->count = kept;
    rebuild(directory, directory->table_size);
}

void directory_insert(struct directory *directory, const char *name, size_t length, uint32_t image,
                      struct inode *inode, bool being_read) {
    bool sparse = directory->live < directory->count / 2 || directory->live == 0;
    if (directory->count == directory->capacity && sparse && directory->count && !being_read)
        close_gaps(directory);
    if (directory->count == directory->capacity) {
        uint32_t capacity = directory->capacity ? directory->capacity * 2 : 8;
        directory->slots = heap_resize(directory->slots, capacity * sizeof *directory->slots);
        directory->capacity = capacity;
        rebuild(directory, capacity * 2);
    }
    struct slot *slot = &directory->slots[directory->count];
    *slot = (struct slot){.length = (uint32_t)length,
                          .hash = hash_name(name, length),
                          .image = image,
                          .inode = inode};
    slot->name = heap_alloc(length + 1);
    memcpy(slot->name, name, length);
    directory->live++;
    directory->count++;
    if (directory->filled + 1 >= directory->table_size)
        rebuild(directory, directory->table_size);
    else
        enter(directory, directory->count - 1);
}

void directory_remove(struct directory *directory, struct slot *slot) {
    heap_free(slot->name);
    inode_put(slot->inode);
    slot->name = NULL;
    slot->inode = NULL;
    directory->live--;
    /* Empty slots at the end can be used again: no reader has anything to come back for there. */
    while (directory->count && !directory->slots[directory->count - 1].name)
        directory->count--;
}
