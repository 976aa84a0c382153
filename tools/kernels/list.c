/* Pointer chasing: linked lists that are built in random order, walked, reversed, split and merged,
 * and a binary tree of the same nodes. */
#include <stddef.h>

#include "kernel.h"

enum { NODES = 1 << 14 };

struct node {
    struct node *next, *left, *right;
    uint64_t value;
};

static struct node nodes[NODES];
static uint32_t order[NODES];

static struct node *link_nodes(uint64_t *state) {
    for (uint32_t i = 0; i < NODES; i++) {
        uint32_t j = (uint32_t)((random_next(state) >> 24) % (i + 1));
        order[i] = order[j];
        order[j] = i;
    }
    for (uint32_t i = 0; i < NODES; i++) {
        struct node *node = &nodes[order[i]];
        node->next = i + 1 < NODES ? &nodes[order[i + 1]] : NULL;
        node->left = node->right = NULL;
        node->value = random_next(state);
    }
    return &nodes[order[0]];
}

__attribute__((noinline)) static struct node *reverse(struct node *list) {
    struct node *reversed = NULL;
    while (list) {
        struct node *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return reversed;
}

__attribute__((noinline)) static uint64_t walk(const struct node *list) {
    uint64_t sum = 0;
    for (; list; list = list->next)
        sum = (sum << 1 | sum >> 63) + list->value;
    return sum;
}

/* Nodes with bit `bit` clear first, each part in its order. */
__attribute__((noinline)) static struct node *partition(struct node *list, int bit) {
    struct node *parts[2] = {NULL, NULL}, **ends[2] = {&parts[0], &parts[1]};
    for (; list; list = list->next) {
        int which = (int)(list->value >> bit & 1);
        *ends[which] = list;
        ends[which] = &list->next;
    }
    *ends[1] = NULL;
    *ends[0] = parts[1];
    return parts[0];
}

__attribute__((noinline)) static uint64_t plant(struct node *list) {
    struct node *root = list;
    uint64_t depths = 0;
    for (list = list->next; list; list = list->next) {
        struct node **place = &root;
        for (; *place; depths++)
            place = list->value < (*place)->value ? &(*place)->left : &(*place)->right;
        *place = list;
    }
    return depths;
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        struct node *list = link_nodes(&state);
        for (int i = 0; i < 8; i++) {
            list = reverse(list);
            sum = mix(sum, walk(list));
            list = partition(list, 8 * i + (int)(r & 7));
            sum = mix(sum, walk(list));
        }
        sum = mix(sum, plant(list));
    }
    return sum;
}
