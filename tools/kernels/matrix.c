/* Floating-point loops: product of square matrices of doubles. */
#include <string.h>

#include "kernel.h"

enum { SIZE = 128 };

static double a[SIZE][SIZE], b[SIZE][SIZE], product[SIZE][SIZE];

static void fill(double m[SIZE][SIZE], uint64_t *state) {
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++)
            m[i][j] = (double)(random_next(state) >> 40) / 65536.0 - 128.0;
}

__attribute__((noinline)) static void multiply(void) {
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            double total = 0;
            for (int k = 0; k < SIZE; k++)
                total += a[i][k] * b[k][j];
            product[i][j] = total;
        }
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    fill(b, &state);
    for (unsigned r = 0; r < rounds; r++) {
        fill(a, &state);
        multiply();
        for (int i = 0; i < SIZE; i++) {
            uint64_t bits;
            memcpy(&bits, &product[i][(i + (int)r) % SIZE], sizeof bits);
            sum = mix(sum, bits);
        }
    }
    return sum;
}
