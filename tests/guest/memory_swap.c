/* Processes that run alternately keep their own memory: heaps, stacks, static data, mappings. */
#include "guest.h"

#include <sys/mman.h>

#define PROCESSES 6
#define ROUNDS 20
#define WORDS 200000

static uint32_t table[5000] = {1, 2, 3};
static uint32_t zeroes[5000];

static uint32_t mix(uint32_t seed, uint32_t i) { return (seed + i) * 2654435761u ^ seed << 7; }

static void fill(uint32_t *words, size_t count, uint32_t seed) {
    for (size_t i = 0; i < count; i++)
        words[i] = mix(seed, (uint32_t)i);
}

static bool is_filled(const uint32_t *words, size_t count, uint32_t seed) {
    for (size_t i = 0; i < count; i++)
        if (words[i] != mix(seed, (uint32_t)i))
            return false;
    return true;
}

/* Passes a token round `ROUNDS` times; every process checks and rewrites its memory each time. */
static int run(int number, int in, int out) {
    uint32_t stack[20000], *heap = malloc(WORDS * 4);
    uint32_t *map = mmap(NULL, 300000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t *sparse =
        mmap(NULL, 1 << 24, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t seed = (uint32_t)number * 1000;
    int bad = 0;
    fill(stack, 20000, seed);
    fill(heap, WORDS, seed + 1);
    fill(map, 300000 / 4, seed + 2);
    fill(table, 5000, seed + 3);
    for (int round = 0; round < ROUNDS; round++) {
        char token;
        sparse[round * 100003] = seed + (uint32_t)round;
        if (read(in, &token, 1) != 1)
            return 100;
        bad += !is_filled(stack, 20000, seed);
        bad += !is_filled(heap, WORDS, seed + 1);
        bad += !is_filled(map, 300000 / 4, seed + 2);
        bad += !is_filled(table, 5000, seed + 3);
        bad += zeroes[round * 7] != 0;
        zeroes[round * 7] = (uint32_t)number;
        for (int i = 0; i <= round; i++)
            bad += sparse[i * 100003] != seed + (uint32_t)i || sparse[i * 100003 + 1] != 0;
        seed++;
        fill(stack, 20000, seed);
        fill(heap + 1000 * (round % 3), 1, 0);
        fill(heap, WORDS, seed + 1);
        fill(map, 300000 / 4, seed + 2);
        fill(table, 5000, seed + 3);
        if (write(out, &token, 1) != 1 && !(number == PROCESSES - 1 && round == ROUNDS - 1))
            return 101;
    }
    return bad;
}

int main(void) {
    int pipes[PROCESSES][2];
    pid_t pids[PROCESSES];
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < PROCESSES; i++)
        succeeds("pipe", pipe(pipes[i]));
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork_flushed();
        if (pids[i] == 0)
            _exit(run(i, pipes[i][0], pipes[(i + 1) % PROCESSES][1]));
    }
    check("untouched", table[0] == 1 && table[2] == 3 && table[3] == 0);
    if (write(pipes[0][1], "t", 1) != 1)
        perror("write");
    for (int i = 0; i < PROCESSES; i++)
        reap("process", pids[i]);
    check("still untouched", table[0] == 1 && table[2] == 3 && table[3] == 0 && zeroes[7] == 0);
    return 0;
}
