/* Products that go into sums, in double and single precision, compiled with contraction: where the
 * machine has a fused multiply-add, as the guest does, the result differs in the last bits.
 * A polynomial, second-order filters, and a product of small matrices. */
#include <string.h>

#include "kernel.h"

enum { SAMPLES = 4096, SECTIONS = 6, DEGREE = 11, SIZE = 24 };

static double signal[SAMPLES], coefficients[DEGREE + 1], memory[SECTIONS][2];
static float a[SIZE][SIZE], b[SIZE][SIZE];

static double random_unit(uint64_t *state) {
    return (double)(int64_t)(random_next(state) >> 33) / 1073741824.0 - 1.0;
}

/* Horner's rule. */
__attribute__((noinline)) static void evaluate(void) {
    for (int i = 0; i < SAMPLES; i++) {
        double x = signal[i], y = coefficients[DEGREE];
        for (int k = DEGREE - 1; k >= 0; k--)
            y = y * x + coefficients[k];
        signal[i] = y;
    }
}

/* Stable low-pass sections in transposed direct form II. */
__attribute__((noinline)) static void filter(void) {
    for (int s = 0; s < SECTIONS; s++) {
        double b0 = 0.25 + 0.01 * s, b1 = 0.5 - 0.02 * s, a1 = -0.5 + 0.05 * s, a2 = 0.25;
        double m1 = memory[s][0], m2 = memory[s][1];
        for (int i = 0; i < SAMPLES; i++) {
            double x = signal[i], y = b0 * x + m1;
            m1 = b1 * x - a1 * y + m2;
            m2 = b0 * x - a2 * y;
            signal[i] = y;
        }
        memory[s][0] = m1;
        memory[s][1] = m2;
    }
}

__attribute__((noinline)) static float multiply(void) {
    float trace = 0;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            float total = 0;
            for (int k = 0; k < SIZE; k++)
                total += a[i][k] * b[k][j];
            trace = trace * 0.75f + total;
        }
    return trace;
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (int k = 0; k <= DEGREE; k++)
        coefficients[k] = random_unit(&state);
    for (unsigned r = 0; r < rounds; r++) {
        for (int i = 0; i < SAMPLES; i++)
            signal[i] = random_unit(&state);
        evaluate();
        filter();
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) {
                a[i][j] = (float)signal[i * SIZE + j];
                b[i][j] = (float)signal[SAMPLES - 1 - i * SIZE - j];
            }
        float trace = multiply();
        uint32_t bits32;
        memcpy(&bits32, &trace, sizeof bits32);
        sum = mix(sum, bits32);
        for (int i = 0; i < SAMPLES; i++) {
            uint64_t bits;
            memcpy(&bits, &signal[i], sizeof bits);
            sum = mix(sum, bits);
        }
    }
    return sum;
}
