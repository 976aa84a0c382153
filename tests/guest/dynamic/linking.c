/* What ld.so does before main: order of constructors, data and function relocations, TLS, IFUNC. */
#include "../guest.h"
#include "library.h"

#include <pthread.h>
#include <sys/auxv.h>

int interposed(void) { return 1; }
static int twice(int x) { return 2 * x; }
static int plus(int x) { return x + 3; }
static int (*choose(void))(int) { return twice; }
int own_indirect(int x) __attribute__((ifunc("choose")));

__attribute__((constructor)) static void start(void) {
    if (write(1, "program constructor\n", 20) != 20)
        _exit(100);
}
__attribute__((destructor)) static void stop(void) {
    if (write(1, "program destructor\n", 19) != 19)
        _exit(100);
}
static void at_exit(void) {
    if (write(1, "atexit\n", 7) != 7)
        _exit(100);
}

/* Counts in the thread-local variables of both libraries. */
static void print_next(const char *who, int times) {
    for (int i = 0; i < times; i++)
        printf("%s: %d\n", who, i == 1 ? second_next() : first_next());
}

static void *thread(void *unused) {
    print_next("thread", 3);
    first_counter += 50;
    printf("thread: %d\n", first_next());
    return unused;
}

int main(int argc, char **argv) {
    atexit(at_exit);
    printf("arguments %d %s\n", argc, argv[argc - 1]);
    printf("data %d %d %d\n", first_data, *first_pointer, *second_hidden_pointer);
    first_data = 11; /* a copy relocation: the library sees the program's */
    printf("changed %d\n", *first_pointer);
    check("zero data", first_zero[0] == 0 && second_zero[4999] == 0);
    print_next("main", 3);
    pthread_t id;
    pthread_create(&id, NULL, thread, NULL);
    pthread_join(id, NULL);
    print_next("main", 1);
    printf("counter %d\n", first_counter);
    printf("IFUNC %d %d %d %d\n", first_indirect(1), second_call_indirect(1), own_indirect(21),
           first_call_indirect(5));
    int (*pointer)(int) = second_indirect;
    printf("IFUNC pointer %d\n", pointer(10));
    printf("interposed %d %d\n", first_call_interposed(), second_call_interposed());
    printf("function address %d %d\n", first_same_address(interposed),
           second_same_address(interposed));
    printf("weak %d\n", first_weak());
    printf("callbacks %d %d %d\n", first_fold(twice, 100), second_fold(plus, 100),
           first_fold(second_indirect, 10));
    check("AT_BASE", getauxval(AT_BASE) != 0);
    check("AT_PHDR", getauxval(AT_PHDR) != 0);
    check("AT_PAGESZ", getauxval(AT_PAGESZ) == 4096);
    fflush(stdout);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        first_data = 99;
        printf("child %d %d\n", first_next(), *first_pointer);
        exit(3); /* runs the destructors, too */
    }
    reap("child", pid);
    printf("parent %d %d\n", first_next(), *first_pointer);
    fflush(stdout);
    return 0;
}
