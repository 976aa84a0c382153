/* A library with code to count, and a number that a test changes in a copy. */
static long step(long x) { return x * 3 + 1; }

__attribute__((noinline)) long work_number(void) { return 1111; }

__attribute__((noinline)) long work(long rounds) {
    long sum = 0;
    for (long i = 0; i < rounds; i++)
        sum += step(i) % 7;
    return sum;
}
