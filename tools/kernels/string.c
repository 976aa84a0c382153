/* Text: makes words, joins and splits them, counts them in a hash table and sorts them. */
#include <string.h>

#include "kernel.h"

enum { WORDS = 6000, WORD_SIZE = 6, TABLE = 8192 }; /* WORD_SIZE: with the blank */

struct entry {
    const char *word;
    uint32_t count;
};

static char text[WORDS * WORD_SIZE + 1];
static struct entry table[TABLE];
static const char *sorted[TABLE];

static size_t make_text(uint64_t *state) {
    char *to = text;
    for (int w = 0; w < WORDS; w++) {
        uint64_t bits = random_next(state);
        unsigned length = 2 + bits % 3;
        for (unsigned i = 0; i < length; i++)
            *to++ = (char)('a' + (bits >> (8 + 5 * i)) % 7);
        *to++ = (char)('0' + (bits >> 61));
        *to++ = ' ';
    }
    *to = 0;
    return (size_t)(to - text);
}

static struct entry *find(const char *word) {
    uint32_t hash = 2166136261u;
    for (const char *c = word; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    uint32_t slot = hash % TABLE;
    while (table[slot].word && strcmp(table[slot].word, word) != 0)
        slot = (slot + 1) % TABLE;
    return &table[slot];
}

/* Heap sort by strcmp, as the qsort of different C libraries does different work. */
static void sift_down(const char **heap, size_t root, size_t count) {
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && strcmp(heap[child], heap[child + 1]) < 0)
            child++;
        if (strcmp(heap[root], heap[child]) >= 0)
            return;
        const char *other = heap[root];
        heap[root] = heap[child];
        heap[child] = other;
    }
}

static void sort(const char **words, size_t count) {
    for (size_t i = count / 2; i-- > 0;)
        sift_down(words, i, count);
    for (size_t end = count; end-- > 1;) {
        const char *last = words[end];
        words[end] = words[0];
        words[0] = last;
        sift_down(words, 0, end);
    }
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        size_t length = make_text(&state), distinct = 0;
        memset(table, 0, sizeof table);
        for (char *word = text, *end; (end = memchr(word, ' ', length - (size_t)(word - text)));
             word = end + 1) {
            *end = 0;
            struct entry *e = find(word);
            if (!e->word) {
                e->word = word;
                sorted[distinct++] = word;
            }
            e->count++;
        }
        sort(sorted, distinct);
        for (size_t i = 0; i < distinct; i++)
            sum = mix(sum, (uint64_t)find(sorted[i])->count << 32 | strlen(sorted[i]));
    }
    return sum;
}
