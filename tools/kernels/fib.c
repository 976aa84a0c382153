/* Calls and returns: the naive Fibonacci recursion. */
#include "kernel.h"

enum { ARGUMENT = 27 };

__attribute__((noinline)) static uint64_t fib(uint64_t n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t kernel(unsigned rounds) {
    uint64_t sum = 0;
    for (unsigned r = 0; r < rounds; r++)
        sum = mix(sum, fib(ARGUMENT + (r & 1)));
    return sum;
}
