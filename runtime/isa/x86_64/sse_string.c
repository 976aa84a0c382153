/* PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM. */
#include "sse_string.h"

#include "insn.h"

enum aggregation { EQUAL_ANY, RANGES, EQUAL_EACH, EQUAL_ORDERED };

static unsigned element_count(unsigned imm) { return imm & 1 ? 8 : 16; }

static int32_t element(const V128 *v, unsigned n, unsigned imm) {
    switch (imm & 3) {
    case 0:
        return v->u8[n];
    case 1:
        return v->u16[n];
    case 2:
        return v->s8[n];
    default:
        return v->s16[n];
    }
}

unsigned x86_implicit_length(V128 value, unsigned imm) {
    unsigned n = 0;
    while (n < element_count(imm) && element(&value, n, imm) != 0)
        n++;
    return n;
}

unsigned x86_explicit_length(uint64_t value, unsigned imm) {
    uint64_t magnitude = (int64_t)value < 0 ? 0 - value : value;
    return magnitude < element_count(imm) ? (unsigned)magnitude : element_count(imm);
}

/* Whether element j of b satisfies the aggregation with all of a. */
static bool element_matches(const V128 *a, unsigned a_length, const V128 *b, unsigned b_length,
                            unsigned j, unsigned imm) {
    unsigned count = element_count(imm);
    int32_t x = element(b, j, imm);
    switch ((enum aggregation)(imm >> 2 & 3)) {
    case EQUAL_ANY:
        for (unsigned n = 0; n < a_length && j < b_length; n++) {
            if (element(a, n, imm) == x)
                return true;
        }
        return false;
    case RANGES:
        for (unsigned n = 0; n + 1 < a_length && j < b_length; n += 2) {
            if (element(a, n, imm) <= x && x <= element(a, n + 1, imm))
                return true;
        }
        return false;
    case EQUAL_EACH:
        if (j >= a_length || j >= b_length)
            return j >= a_length && j >= b_length;
        return element(a, j, imm) == x;
    case EQUAL_ORDERED: /* a is found in b from j on, as far as b goes */
        for (unsigned n = 0; n < a_length && j + n < count; n++) {
            if (j + n >= b_length || element(a, n, imm) != element(b, j + n, imm))
                return false;
        }
        return true;
    }
    return false;
}

struct string_compare x86_compare_strings(V128 a, unsigned a_length, V128 b, unsigned b_length,
                                          unsigned imm) {
    unsigned count = element_count(imm);
    uint32_t result = 0;
    for (unsigned j = 0; j < count; j++)
        result |= (uint32_t)element_matches(&a, a_length, &b, b_length, j, imm) << j;
    uint32_t negated = (1u << count) - 1;
    if (imm & 0x20 && imm & 0x10) /* masked: only elements of b */
        negated = (1u << b_length) - 1;
    if (imm & 0x10)
        result ^= negated;
    uint32_t flags = (result ? RFLAGS_CF : 0) | (b_length < count ? RFLAGS_ZF : 0) |
                     (a_length < count ? RFLAGS_SF : 0) | (result & 1 ? RFLAGS_OF : 0);
    return (struct string_compare){result, flags};
}

unsigned x86_string_index(uint32_t result, unsigned imm) {
    if (result == 0)
        return element_count(imm);
    return imm & 0x40 ? 31 - (unsigned)__builtin_clz(result) : (unsigned)__builtin_ctz(result);
}

V128 x86_string_mask(uint32_t result, unsigned imm) {
    V128 mask = {.u64 = {0, 0}};
    if (!(imm & 0x40)) {
        mask.u32[0] = result;
        return mask;
    }
    for (unsigned n = 0; n < element_count(imm); n++) {
        if (imm & 1)
            mask.u16[n] = result >> n & 1 ? 0xffff : 0;
        else
            mask.u8[n] = result >> n & 1 ? 0xff : 0;
    }
    return mask;
}
