/* Threads that preempt each other in loops without calls, in code full of calls, and in recursion;
 * with signals to single threads and forks from them. */
#include "guest.h"

#include <pthread.h>

static volatile int turn, stop;
static volatile long progress[4];

/* Spins until it is its turn: only preemption lets the others run. */
static void *pass_on(void *argument) {
    long me = (long)argument;
    for (int i = 0; i < 6; i++) {
        while (turn % 4 != me)
            ;
        progress[me] += turn;
        turn++;
    }
    return NULL;
}

static __attribute__((noinline)) unsigned fib(unsigned n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static __attribute__((noinline)) long tower(long depth, long *cells) {
    cells[depth % 16] += depth;
    if (depth == 0)
        return 0;
    return tower(depth - 1, cells) + cells[(depth * 7) % 16];
}

static int compare(const void *a, const void *b) {
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

/* Each has the same work as when it is alone. */
static unsigned long work(long kind) {
    unsigned long value = 0;
    long cells[16] = {0};
    for (int round = 0; round < 20; round++) {
        switch (kind) {
        case 0:
            for (int i = 0; i < 200000; i++)
                value = (value ^ (unsigned long)i) * 0x9e3779b97f4a7c15u;
            break;
        case 1:
            value = value * 31 + fib(18);
            break;
        case 2:
            value = value * 31 + (unsigned long)tower(2000, cells);
            break;
        case 3: {
            int numbers[300];
            for (int i = 0; i < 300; i++)
                numbers[i] = (i * 7919) % 4001;
            qsort(numbers, 300, sizeof *numbers, compare);
            value = value * 31 + (unsigned long)numbers[round * 3];
            break;
        }
        }
    }
    return value;
}
static void *run_work(void *argument) { return (void *)work((long)argument); }

/* Runs until it is told to stop, by a thread that has to preempt it. */
static void *endless(void *argument) {
    long kind = (long)argument, count = 0;
    if (kind == 0)
        while (!stop)
            count++;
    else if (kind == 1)
        while (!stop)
            count += fib(5);
    else
        while (!stop) {
            long cells[16] = {0};
            count += tower(50, cells);
        }
    progress[kind] = count > 0;
    return NULL;
}

static __thread volatile int interrupted;
static void interrupt(int number) {
    (void)number;
    interrupted++;
}
static void *until_interrupted(void *argument) {
    long kind = (long)argument;
    while (interrupted < 3) {
        if (kind)
            fib(6);
    }
    return (void *)(long)interrupted;
}

static void *fork_from_thread(void *argument) {
    long cells[16] = {0}, sum = 0;
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit((int)(tower(3000, cells) + (long)argument + i) & 63);
        int status;
        waitpid(child, &status, 0);
        sum = sum * 64 + WEXITSTATUS(status);
    }
    return (void *)sum;
}

int main(void) {
    pthread_t threads[4];
    for (long i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, pass_on, (void *)i);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("spinning: %ld %ld %ld %ld\n", progress[0], progress[1], progress[2], progress[3]);

    for (int round = 0; round < 3; round++) {
        for (long i = 0; i < 4; i++)
            pthread_create(&threads[i], NULL, run_work, (void *)i);
        bool same = true;
        for (long i = 0; i < 4; i++) {
            void *value;
            pthread_join(threads[i], &value);
            same &= (unsigned long)value == work(i);
        }
        check("same results", same);
    }

    for (long i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, endless, (void *)i);
    usleep(30000);
    fib(15);
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    printf("stopped: %ld %ld %ld\n", progress[0], progress[1], progress[2]);

    signal(SIGUSR1, interrupt);
    for (long i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, until_interrupted, (void *)i);
    for (int i = 0; i < 200; i++) {
        usleep(1000);
        pthread_kill(threads[i % 2], SIGUSR1);
        if (i == 50)
            break;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    check("none in the main thread", interrupted == 0);

    for (long i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, i % 2 ? fork_from_thread : run_work, (void *)i);
    for (int i = 0; i < 4; i++) {
        void *value;
        pthread_join(threads[i], &value);
        printf("thread %d: %lx\n", i, (unsigned long)value);
    }
    return 0;
}
