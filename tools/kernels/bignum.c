/* 64-bit products of 32-bit digits, carries: modular exponentiation by Montgomery's method
 * (Koc, Acar, Kaliski 1996: coarsely integrated operand scanning). */
#include "kernel.h"

enum { DIGITS = 32, EXPONENT_BITS = 32 }; /* numbers of 1024 bits */

static uint32_t modulus[DIGITS], inverse; /* -1 / modulus mod 2^32 */

/* a -= b; the borrow. */
static uint32_t subtract(uint32_t *a, const uint32_t *b) {
    uint64_t borrow = 0;
    for (int i = 0; i < DIGITS; i++) {
        uint64_t digit = (uint64_t)a[i] - b[i] - borrow;
        a[i] = (uint32_t)digit;
        borrow = digit >> 63;
    }
    return (uint32_t)borrow;
}

static int at_least(const uint32_t *a, const uint32_t *b) {
    for (int i = DIGITS; i-- > 0;)
        if (a[i] != b[i])
            return a[i] > b[i];
    return 1;
}

/* product = a * b / 2^(32 * DIGITS) mod modulus; the operands may overlap. */
__attribute__((noinline)) static void multiply(uint32_t *product, const uint32_t *a,
                                               const uint32_t *b) {
    uint32_t t[DIGITS + 2] = {0};
    for (int i = 0; i < DIGITS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < DIGITS; j++) {
            carry += (uint64_t)a[j] * b[i] + t[j];
            t[j] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += t[DIGITS];
        t[DIGITS] = (uint32_t)carry;
        t[DIGITS + 1] = (uint32_t)(carry >> 32);
        uint32_t factor = t[0] * inverse;
        carry = ((uint64_t)factor * modulus[0] + t[0]) >> 32;
        for (int j = 1; j < DIGITS; j++) {
            carry += (uint64_t)factor * modulus[j] + t[j];
            t[j - 1] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += t[DIGITS];
        t[DIGITS - 1] = (uint32_t)carry;
        t[DIGITS] = t[DIGITS + 1] + (uint32_t)(carry >> 32);
    }
    if (t[DIGITS] || at_least(t, modulus))
        subtract(t, modulus);
    for (int i = 0; i < DIGITS; i++)
        product[i] = t[i];
}

static void power(uint32_t *result, const uint32_t *base, uint32_t exponent) {
    uint32_t square[DIGITS];
    for (int i = 0; i < DIGITS; i++)
        square[i] = result[i] = base[i];
    for (int bit = 0; bit < EXPONENT_BITS; bit++) {
        if (exponent >> bit & 1)
            multiply(result, result, square);
        multiply(square, square, square);
    }
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (int i = 0; i < DIGITS; i++)
        modulus[i] = (uint32_t)(random_next(&state) >> 32);
    modulus[0] |= 1;
    modulus[DIGITS - 1] |= (uint32_t)1 << 31;
    inverse = 1;
    for (int i = 0; i < 5; i++) /* Newton: each step doubles the right bits */
        inverse *= 2 - modulus[0] * inverse;
    inverse = -inverse;
    uint32_t number[DIGITS], result[DIGITS];
    for (int i = 0; i < DIGITS; i++)
        number[i] = (uint32_t)(random_next(&state) >> 33);
    for (unsigned r = 0; r < rounds; r++) {
        power(result, number, (uint32_t)(random_next(&state) >> 32));
        for (int i = 0; i < DIGITS; i++) {
            number[i] = result[i];
            sum = mix(sum, result[i]);
        }
        number[DIGITS - 1] >>= 1; /* below the modulus */
    }
    return sum;
}
