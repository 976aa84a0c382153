/* The runtime's allocator: contents, alignment, zeroing and reuse under a random load. */
#include "../../runtime/host/heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void host_panic(const char *message);
void host_panic(const char *message) {
    fprintf(stderr, "%s\n", message);
    exit(9);
}

static void report(const char *name, bool good, const char *why) {
    if (good)
        printf("ok %s\n", name);
    else
        printf("not ok %s: %s\n", name, why);
}

static uint32_t seed = 12345;
static uint32_t draw(void) { return (seed = seed * 1664525 + 1013904223) >> 8; }

static size_t draw_size(void) {
    switch (draw() % 4) {
    case 0:
        return draw() % 64;
    case 1:
        return draw() % 2100;
    case 2:
        return draw() % 9000;
    default:
        return draw() % 100000;
    }
}

enum { SLOTS = 300, ROUNDS = 40000 };
static struct slot {
    unsigned char *block;
    size_t size;
    unsigned char fill;
} slots[SLOTS];

static bool holds(const unsigned char *block, size_t size, unsigned char value) {
    for (size_t i = 0; i < size; i++)
        if (block[i] != value)
            return false;
    return true;
}

/* Allocates, resizes and frees at random; every block keeps its own bytes. */
static const char *random_load(void) {
    for (int round = 0; round < ROUNDS; round++) {
        struct slot *slot = &slots[draw() % SLOTS];
        if (slot->block && !holds(slot->block, slot->size, slot->fill))
            return "a block changed";
        size_t size = draw_size();
        if (slot->block && draw() % 3 == 0) {
            slot->block = heap_resize(slot->block, size);
            if (!holds(slot->block, size < slot->size ? size : slot->size, slot->fill))
                return "heap_resize lost bytes";
        } else {
            heap_free(slot->block);
            slot->block = heap_alloc(size);
            if (!holds(slot->block, size, 0))
                return "a new block is not zero";
        }
        if ((uintptr_t)slot->block % 16)
            return "a block is not aligned";
        slot->size = size;
        slot->fill = (unsigned char)(draw() | 1);
        memset(slot->block, slot->fill, size);
    }
    for (int i = 0; i < SLOTS; i++) {
        heap_free(slots[i].block);
        slots[i].block = NULL;
    }
    return heap_used() ? "heap_used is not 0 in the end" : NULL;
}

/* Everything that was freed can be had again as one block. */
static bool coalesces(void) {
    const size_t most = 29u << 20;
    for (int i = 0; i < 20; i++) {
        unsigned char *block = heap_alloc(most);
        block[0] = block[most - 1] = 1;
        heap_free(block);
    }
    return heap_used() == 0;
}

/* Exit status of a child that misuses the heap. */
static int misuse(void (*wrong)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        wrong();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void fill_up(void) {
    for (;;)
        heap_alloc(1 << 20);
}
static void fill_up_small(void) {
    for (;;)
        heap_alloc(24);
}
static void free_twice(void) {
    void *block = heap_alloc(5000);
    heap_free(block);
    heap_free(block);
}
static void free_inside(void) { heap_free((char *)heap_alloc(5000) + 16); }

int main(void) {
    heap_free(NULL);
    const char *why = random_load();
    report("random load", !why, why);
    report("freed pages join", coalesces(), "memory is lost");
    unsigned char *grown = NULL;
    for (size_t size = 1; size < 20u << 20; size = size * 3 / 2 + 1) {
        grown = heap_resize(grown, size);
        grown[size - 1] = 7;
    }
    heap_free(grown);
    report("a growing array fits", heap_used() == 0, "heap_used is not 0");
    report("full with large blocks panics", misuse(fill_up) == 9, "no panic");
    report("full with small blocks panics", misuse(fill_up_small) == 9, "no panic");
    report("double free panics", misuse(free_twice) == 9, "no panic");
    report("free inside a block panics", misuse(free_inside) == 9, "no panic");
    printf("1..7\n");
}
