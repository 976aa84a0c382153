/* interpreted only: lifted code needs --null-check=on (null_check.test).  Null pointers, caught. */
#include "guest.h"

#include <setjmp.h>

static sigjmp_buf back;
static volatile uintptr_t fault_address;
static volatile int fault_code;

static void caught(int number, siginfo_t *info, void *context) {
    (void)context;
    fault_code = info->si_code;
    fault_address = (uintptr_t)info->si_addr;
    siglongjmp(back, number);
}

struct record {
    char pad[40];
    uint8_t byte;
    uint16_t half;
    uint32_t word;
    uint64_t doubleword;
    double real;
    float single;
    struct record *next;
    uint64_t array[8];
};

#define FAULT(name, statement)                                                                     \
    do {                                                                                           \
        int number_ = sigsetjmp(back, 1);                                                          \
        if (number_ == 0) {                                                                        \
            statement;                                                                             \
            printf("%s: no signal\n", name);                                                       \
        } else {                                                                                   \
            printf("%s: signal %d code %d at %#lx\n", name, number_, fault_code,                    \
                   (unsigned long)fault_address);                                                  \
        }                                                                                          \
    } while (0)

__attribute__((noinline)) static long length(const struct record *list) {
    long count = 0;
    do
        count++;
    while ((list = list->next)->word != 0);
    return count;
}

__attribute__((noinline)) static void swap(struct record *a, struct record *b) {
    uint64_t first = a->doubleword;
    a->doubleword = b->doubleword;
    b->doubleword = first;
}

int main(int argc, char **argv) {
    (void)argv;
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    struct record *volatile none = NULL, *null = none;
    volatile unsigned index = (unsigned)argc + 2; /* argv[0] alone */
    volatile uint64_t integer = 7;
    volatile double real = 0.5;
    FAULT("load byte", integer = null->byte);
    FAULT("load half", integer = null->half);
    FAULT("load word", integer = null->word);
    FAULT("load doubleword", integer = null->doubleword);
    FAULT("load double", real = null->real);
    FAULT("load single", real = null->single);
    FAULT("load of an element", integer = null->array[index]);
    FAULT("store byte", null->byte = (uint8_t)integer);
    FAULT("store half", null->half = (uint16_t)integer);
    FAULT("store word", null->word = (uint32_t)integer);
    FAULT("store doubleword", null->doubleword = integer);
    FAULT("store double", null->real = real);
    FAULT("store single", null->single = (float)real);
    FAULT("store of an element", null->array[index] = integer);
    FAULT("add to memory", null->word += 3);
    FAULT("atomic add", __atomic_fetch_add(&null->word, 3, __ATOMIC_SEQ_CST));
    FAULT("atomic exchange", __atomic_exchange_n(&null->doubleword, 3, __ATOMIC_SEQ_CST));
    FAULT("compare and exchange", {
        uint64_t old = 3;
        __atomic_compare_exchange_n(&null->doubleword, &old, 4, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    });
    FAULT("copy", *null = (struct record){.word = 3});
    printf("unchanged: %d %.1f\n", (int)integer, real);

    struct record end = {.doubleword = 5}, middle = {.next = &end, .word = 1}, first = {.next = &middle};
    printf("list: %ld\n", length(&first));
    middle.next = NULL;
    FAULT("end of a list", printf("list: %ld\n", length(&first)));
    FAULT("second pointer", swap(&end, null));
    printf("first pointer: %d\n", (int)end.doubleword);
    FAULT("first pointer", swap(null, &end));
    printf("second pointer: %d\n", (int)end.doubleword);
    for (volatile unsigned i = 0; i < 3; i++)
        FAULT("in a loop", integer += null->array[i]);
    return 0;
}
