/* Every process has its own memory: data, heap, stack, thread-local storage, over many switches. */
#include "guest.h"

#include <sys/mman.h>

static int global = 1;
static int zeroed;
static __thread int local_to_thread = 5;

static int check_own(int *stack, int *heap, int expected) {
    return global == expected && zeroed == expected && *stack == expected && *heap == expected &&
           local_to_thread == expected;
}

static void set_all(int *stack, int *heap, int value) {
    global = zeroed = *stack = *heap = local_to_thread = value;
}

/* Processes that pass a token around and check their memory each time. */
static void ring(int processes, int rounds) {
    int pipes[8][2], stack = 0, *heap = malloc(sizeof *heap);
    for (int i = 0; i < processes; i++)
        if (pipe(pipes[i]))
            perror("pipe");
    for (int i = 1; i < processes; i++) {
        if (fork_flushed() == 0) {
            char token;
            int good = 1;
            set_all(&stack, heap, i);
            for (int r = 0; r < rounds; r++) {
                if (read(pipes[i][0], &token, 1) != 1)
                    good = 0;
                good = good && check_own(&stack, heap, i + r * 10);
                set_all(&stack, heap, i + (r + 1) * 10);
                if (write(pipes[(i + 1) % processes][1], &token, 1) != 1)
                    good = 0;
            }
            _exit(good ? 0 : 1);
        }
    }
    set_all(&stack, heap, 1000);
    char token = 't';
    int good = 1;
    for (int r = 0; r < rounds; r++) {
        if (write(pipes[1][1], &token, 1) != 1 || read(pipes[0][0], &token, 1) != 1)
            good = 0;
        good = good && check_own(&stack, heap, 1000 + r);
        set_all(&stack, heap, 1001 + r);
    }
    printf("ring of %d: parent %s\n", processes, good ? "good" : "BAD");
    for (int i = 1; i < processes; i++) {
        int status = 0;
        wait(&status);
        print_status("ring child", status);
    }
    for (int i = 0; i < processes; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    free(heap);
}

static int tree(int depth) {
    int sum = depth;
    if (depth == 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork_flushed();
        if (pid == 0)
            _exit(tree(depth - 1));
        int status = 0;
        waitpid(pid, &status, 0);
        sum += WEXITSTATUS(status);
    }
    return sum;
}

static void large(void) {
    size_t size = 8 << 20;
    unsigned char *data = malloc(size);
    memset(data, 7, size);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        for (size_t i = 0; i < size; i += 4096)
            data[i]++;
        unsigned sum = 0;
        for (size_t i = 0; i < size; i += 4096)
            sum += data[i];
        usleep(10000);
        _exit(sum == (unsigned)(size / 4096) * 8 ? 0 : 1);
    }
    for (size_t i = 0; i < size; i += 4096)
        data[i] += 2;
    reap("child with 8 MiB", pid);
    unsigned sum = 0;
    for (size_t i = 0; i < size; i += 4096)
        sum += data[i];
    check("parent's 8 MiB", sum == (unsigned)(size / 4096) * 9);
    free(data);
}

static void after_vfork(void) {
    volatile int seen = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        seen = 1; /* the parent's memory */
        _exit(4);
    }
    reap("vfork", pid);
    printf("child wrote the parent's memory: %d\n", seen);
    pid = vfork();
    if (pid == 0) {
        execl("/nowhere", "nowhere", NULL);
        _exit(127);
    }
    reap("failed exec in vfork", pid);
}

int main(void) {
    ring(2, 50);
    ring(6, 40);
    printf("tree %d\n", tree(4));
    large();
    after_vfork();
    printf("deep copy %d\n", global);
    return 0;
}
