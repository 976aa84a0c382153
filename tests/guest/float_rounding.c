/* Floating point through libc: rounding modes, conversions, printing and parsing. */
#include "guest.h"

#include <fenv.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>

static const double values[] = {
    0.0,     -0.0,   1.0,     -1.5,       2.5,          0.1,           1e300,
    -1e-300, 5e-324, 1e16,    123456.789, 2147483647.5, -2147483648.5, 9.2e18,
    1.8e19,  3.5,    DBL_MAX, DBL_MIN,    INFINITY,     -INFINITY,     4503599627370497.5};
#define COUNT (sizeof values / sizeof *values)

static void arithmetic(void) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < COUNT; k++) {
            volatile double a = values[i], b = values[k];
            volatile float x = (float)a, y = (float)b;
            double results[] = {a + b,           a - b,           a * b,
                                a / b,           sqrt(fabs(a)),   fma(a, b, 1.0 / 3),
                                (double)(x * y), (double)(x / y), (double)(x + y),
                                fmin(a, b),      fmax(a, b)};
            for (size_t n = 0; n < sizeof results / sizeof *results; n++) {
                uint64_t bits = 0x7ff8000000000000;
                if (!isnan(results[n]))
                    memcpy(&bits, &results[n], 8);
                hash = (hash ^ bits) * 1099511628211u;
            }
        }
    }
    printf("arithmetic %016llx\n", (unsigned long long)hash);
}

static void printing(void) {
    for (size_t i = 0; i < COUNT; i++)
        printf("%g %.17g %a %.3f %e\n", values[i], values[i], values[i],
               values[i] > 1e30 ? 1.0 : values[i], values[i]);
    static const char *const texts[] = {
        "0.1",  "1e23", "2.2250738585072011e-308", "1.7976931348623159e308",  "0x1.8p3",
        "nan",  "-inf", "9007199254740993",        "4.9406564584124654e-324", "1e-400",
        "12abc"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *end;
        double d = strtod(texts[i], &end);
        printf("strtod %s = %a, rest '%s'\n", texts[i], d, end);
    }
}

static void integers(void) {
    for (size_t i = 0; i < COUNT; i++) {
        volatile double d = values[i];
        if (fabs(d) < 2e9)
            printf("%d %d ", (int)d, (int)lrint(d));
        if (fabs(d) < 9e18)
            printf("%lld %lld ", (long long)d, (long long)llrint(d));
        printf("%.1f %.1f %.1f %.1f\n", floor(d), ceil(d), trunc(d), rint(d));
    }
}

int main(void) {
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    printing();
    for (size_t i = 0; i < 4; i++) {
        printf("mode %zu set %d\n", i, fesetround(modes[i]));
        check("reads back", fegetround() == modes[i]);
        arithmetic();
        integers();
        volatile double third = 1.0;
        third /= 3.0;
        printf("third %a\n", third);
    }
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
    volatile double zero = 0.0, one = 1.0, big = DBL_MAX;
    volatile double r = one / zero;
    printf("division by zero: %d\n", !!fetestexcept(FE_DIVBYZERO));
    r = big * big;
    printf("overflow: %d\n", !!fetestexcept(FE_OVERFLOW));
    r = zero / zero;
    printf("invalid: %d\n", !!fetestexcept(FE_INVALID));
    feclearexcept(FE_ALL_EXCEPT);
    r = one / 3.0;
    printf("inexact: %d\n", !!fetestexcept(FE_INEXACT));
    feclearexcept(FE_ALL_EXCEPT);
    r = one / 4.0;
    printf("exact: %d\n", !!fetestexcept(FE_INEXACT));
    (void)r;
    fesetround(FE_UPWARD);
    pid_t pid = fork_flushed();
    if (pid == 0)
        _exit(fegetround() == FE_UPWARD ? 0 : 1);
    reap("the mode is inherited", pid);
    return 0;
}
