/* Calls through a pointer that changes from sort to sort: merge sort and heap sort of records with
 * several comparison functions. */
#include <stddef.h>

#include "kernel.h"

enum { COUNT = 4096 };

struct record {
    uint32_t key;
    int32_t weight;
    uint64_t label;
};

typedef int compare_function(const struct record *, const struct record *);

static struct record records[COUNT], spare[COUNT];

static int by_key(const struct record *a, const struct record *b) {
    return a->key < b->key ? -1 : a->key > b->key;
}

static int by_weight_down(const struct record *a, const struct record *b) {
    return a->weight > b->weight ? -1 : a->weight < b->weight;
}

static int by_label(const struct record *a, const struct record *b) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        int difference = (int)(a->label >> shift & 255) - (int)(b->label >> shift & 255);
        if (difference)
            return difference;
    }
    return 0;
}

static int by_low_bits(const struct record *a, const struct record *b) {
    int difference = (int)(a->key & 63) - (int)(b->key & 63);
    return difference ? difference : by_key(a, b);
}

static compare_function *const compares[] = {by_key, by_weight_down, by_label, by_low_bits};

__attribute__((noinline)) static void merge_sort(struct record *from, struct record *to,
                                                 size_t count, compare_function *compare) {
    if (count < 2)
        return;
    size_t half = count / 2, left = 0, right = half;
    merge_sort(from, to, half, compare);
    merge_sort(from + half, to + half, count - half, compare);
    for (size_t i = 0; i < count; i++)
        if (right == count || (left < half && compare(&from[left], &from[right]) <= 0))
            to[i] = from[left++];
        else
            to[i] = from[right++];
    for (size_t i = 0; i < count; i++)
        from[i] = to[i];
}

static void sift_down(struct record *heap, size_t root, size_t count, compare_function *compare) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare(&heap[child], &heap[child + 1]) < 0)
            child++;
        if (compare(&heap[root], &heap[child]) >= 0)
            return;
        struct record other = heap[root];
        heap[root] = heap[child];
        heap[child] = other;
    }
}

__attribute__((noinline)) static void heap_sort(struct record *heap, size_t count,
                                                compare_function *compare) {
    for (size_t i = count / 2; i-- > 0;)
        sift_down(heap, i, count, compare);
    for (size_t end = count; end-- > 1;) {
        struct record last = heap[end];
        heap[end] = heap[0];
        heap[0] = last;
        sift_down(heap, 0, end, compare);
    }
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        for (int i = 0; i < COUNT; i++) {
            uint64_t bits = random_next(&state);
            records[i] = (struct record){(uint32_t)bits, (int32_t)(bits >> 34) % 1000, bits >> 5};
        }
        for (unsigned c = 0; c < sizeof compares / sizeof compares[0]; c++) {
            if ((c + r) & 1)
                heap_sort(records, COUNT, compares[c]);
            else
                merge_sort(records, spare, COUNT, compares[c]);
            for (int i = 0; i < COUNT; i += 7)
                sum = mix(sum, records[i].label ^ (uint64_t)records[i].weight);
        }
    }
    return sum;
}
