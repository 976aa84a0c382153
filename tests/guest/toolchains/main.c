/* What compilers translate in ways of their own: switches, vectorised loops, indirect calls, variable
 * arguments, structures by value, recursion, setjmp, 128-bit and floating point arithmetic. */
#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct triple {
    double x, y, z;
};

static struct triple cross(struct triple a, struct triple b) {
    return (struct triple){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

static long sum_of(const char *kinds, ...) {
    va_list arguments;
    long sum = 0;
    va_start(arguments, kinds);
    for (; *kinds; kinds++)
        switch (*kinds) {
        case 'i':
            sum += va_arg(arguments, int);
            break;
        case 'l':
            sum += va_arg(arguments, long);
            break;
        case 'd':
            sum += (long)va_arg(arguments, double);
            break;
        case 't':
            sum += (long)va_arg(arguments, struct triple).z;
            break;
        case 's':
            sum += (long)strlen(va_arg(arguments, char *));
            break;
        default:
            abort();
        }
    va_end(arguments);
    return sum;
}

static int by_length(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    size_t i = strlen(*x), k = strlen(*y);
    return i != k ? (i > k) - (i < k) : strcmp(*x, *y);
}

static unsigned ackermann(unsigned m, unsigned n) {
    return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static jmp_buf back;
static void descend(int depth) {
    volatile char room[64] = {(char)depth};
    if (depth == 0)
        longjmp(back, 5 + room[0]);
    descend(depth - 1);
}

int main(int argc, char **argv) {
    static float a[1003], b[1003];
    static uint16_t shorts[1000];
    float dot = 0;
    unsigned total = 0, most = 0;
    for (int i = 0; i < 1003; i++) {
        a[i] = (float)(i % 17) * 0.25f;
        b[i] = (float)(i % 13) - 6;
    }
    for (int i = 0; i < 1003; i++)
        dot += a[i] * b[i];
    for (int i = 0; i < 1000; i++)
        shorts[i] = (uint16_t)(i * i * 31);
    for (int i = 0; i < 1000; i++) {
        total += shorts[i];
        most = shorts[i] > most ? shorts[i] : most;
    }
    printf("%.3f %u %u\n", (double)dot, total, most);

    struct triple t = cross((struct triple){1, 2, 3}, (struct triple){(double)argc, 5, 6});
    printf("%g %g %g %ld\n", t.x, t.y, t.z, sum_of("ildtsi", -5, 1L << 40, 2.75, t, "seven", 9));

    const char *words[] = {"pear", "fig", "banana", "kiwi", "apple", "date", "cherry"};
    qsort(words, 7, sizeof *words, by_length);
    for (int i = 0; i < 7; i++)
        printf("%s%c", words[i], i < 6 ? ' ' : '\n');
    printf("%u\n", ackermann(2, 30));

    volatile int times = 0;
    int from = setjmp(back);
    if (times++ < 3)
        descend(10 * times);
    printf("jumped %d %d\n", from, times);

    unsigned __int128 product = (unsigned __int128)0xfedcba9876543210u * 0x123456789abcdefu;
    printf("%016lx%016lx %lx\n", (long)(product >> 64), (long)product, (long)(product % 1000000007u));
    double complex z = cexp(I * 0.5) * (3 - 2 * I);
    printf("%.12f %.12f %.12Lf\n", creal(z), cimag(z), sqrtl(2.0L) * (long double)argc);
    printf("%.17g %a %d\n", pow(1.0001, 12345), nextafter(1, 2), ilogb(1e300));
    char text[64];
    snprintf(text, sizeof text, "%-8s|%+d|%#x|%08.3f", argc > 1 ? argv[1] : "none", 42, 255, -3.14159);
    puts(text);
    return 3;
}
