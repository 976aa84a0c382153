/* Coroutines that share one stack: the bytes of their frames are copied out when they wait and back
 * when they go on, as greenlet does for Python. */
#include "guest.h"

#include <setjmp.h>

#define COROUTINES 5
#define STACK_MAX 32768

struct coroutine {
    jmp_buf state;
    char *low; /* its frames are [low, base) while it runs */
    char copy[STACK_MAX];
    size_t size;
    bool started, done;
    long sent, got;
    void (*body)(struct coroutine *self);
};

static char *base; /* the frames of the coroutine that runs lie below */
static jmp_buf scheduler;
static struct coroutine coroutines[COROUTINES];
static volatile long turns;

/* Waits: copies the frames below `base` and goes back to the scheduler.  Returns what resume sends. */
static __attribute__((noinline)) long yield(struct coroutine *self, long value) {
    char here;
    self->got = value;
    self->low = (char *)((uintptr_t)&here & ~(uintptr_t)15) - 512;
    self->size = (size_t)(base - self->low);
    if (self->size > STACK_MAX)
        abort();
    if (setjmp(self->state) == 0) {
        memcpy(self->copy, self->low, self->size);
        longjmp(scheduler, 1);
    }
    return self->sent;
}

static void *keep(void *pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

static __attribute__((noinline)) void copy_back(struct coroutine *self) {
    memcpy(self->low, self->copy, self->size);
    longjmp(self->state, 1);
}

/* Copies the frames back, from a frame that lies below them. */
static __attribute__((noinline)) void restore(struct coroutine *self) {
    char *room;
    do
        room = keep(__builtin_alloca(4096));
    while (room > self->low - 1024);
    copy_back(self);
}

/* Everything below the gap belongs to the coroutine. */
static __attribute__((noinline)) void enter(struct coroutine *self) {
    char *gap = keep((char[1024]){0});
    base = (char *)((uintptr_t)(gap + 512) & ~(uintptr_t)15);
    if (self->started)
        restore(self);
    self->started = true;
    self->body(self);
    self->done = true;
    longjmp(scheduler, 1);
}

static __attribute__((noinline)) long resume(struct coroutine *self, long value) {
    self->sent = value;
    turns++;
    if (setjmp(scheduler) == 0)
        enter(self);
    return self->got;
}

static __attribute__((noinline)) long deep(struct coroutine *self, int depth, long value) {
    if (depth == 0)
        return yield(self, value) + 1;
    long first = deep(self, depth - 1, value + depth);
    return first + depth;
}

/* Yields from a loop, from nested calls and from a loop in a loop. */
static void generate(struct coroutine *self) {
    long total = 0;
    for (int i = 0; i < 20; i++) {
        total += yield(self, total);
        if (i % 5 == 2)
            total += deep(self, i, total);
        for (int j = 0; j < i % 3; j++)
            total ^= yield(self, total + j);
    }
    self->got = total;
}

static int compare(const void *a, const void *b) {
    struct coroutine *self = &coroutines[1];
    long x = *(const long *)a, y = *(const long *)b;
    if ((x + y) % 7 == 0)
        yield(self, x - y);
    return x < y ? -1 : x > y;
}

/* Yields in the middle of the C library's qsort. */
static void sort(struct coroutine *self) {
    long numbers[200];
    for (int i = 0; i < 200; i++)
        numbers[i] = (i * 7919 + 13) % 1009;
    qsort(numbers, 200, sizeof *numbers, compare);
    bool sorted = true;
    for (int i = 1; i < 200; i++)
        sorted &= numbers[i - 1] <= numbers[i];
    self->got = sorted;
}

/* Long loops, so that time slices end in them. */
static void compute(struct coroutine *self) {
    unsigned long state = 1;
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 300000; j++)
            state = state * 6364136223846793005u + 1442695040888963407u;
        yield(self, (long)(state >> 40));
    }
    self->got = (long)(state >> 33);
}

/* The system calls block: frames below are gone when it goes on. */
static void block(struct coroutine *self) {
    int p[2];
    char byte;
    if (pipe(p))
        abort();
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0) {
            usleep(1000);
            byte = (char)('a' + i);
            _exit(write(p[1], &byte, 1) != 1);
        }
        long n = read(p[0], &byte, 1);
        waitpid(child, NULL, 0);
        yield(self, n * 1000 + byte);
    }
    self->got = -1;
}

int main(void) {
    static void (*const bodies[COROUTINES])(struct coroutine *) = {generate, sort, compute, block,
                                                                   generate};
    for (int i = 0; i < COROUTINES; i++)
        coroutines[i].body = bodies[i];
    unsigned long digest[COROUTINES] = {0};
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < COROUTINES; i++) {
            if (coroutines[i].done)
                continue;
            long got = resume(&coroutines[i], i + turns % 3);
            digest[i] = digest[i] * 1000003 + (unsigned long)got;
            more = true;
        }
    }
    for (int i = 0; i < COROUTINES; i++)
        printf("coroutine %d: %lx\n", i, digest[i]);
    result("turns", turns);
    return 0;
}
