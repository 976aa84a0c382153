/* The integer operations of SSE to SSE4.1 on vectors of 128 bits, as plain C over lanes.  MMX
 * registers are the low half; operations that are not lane by lane have a second form for them. */
#ifndef C2W_X86_64_VECTOR_H
#define C2W_X86_64_VECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef union {
    uint8_t u8[16];
    int8_t s8[16];
    uint16_t u16[8];
    int16_t s16[8];
    uint32_t u32[4];
    int32_t s32[4];
    uint64_t u64[2];
    int64_t s64[2];
} V128;

#define VECTOR_INLINE static inline __attribute__((always_inline, unused))

VECTOR_INLINE int8_t saturate_s8(int a) { return (int8_t)(a < -128 ? -128 : a > 127 ? 127 : a); }
VECTOR_INLINE uint8_t saturate_u8(int a) { return (uint8_t)(a < 0 ? 0 : a > 255 ? 255 : a); }
VECTOR_INLINE int16_t saturate_s16(int a) {
    return (int16_t)(a < -32768 ? -32768 : a > 32767 ? 32767 : a);
}
VECTOR_INLINE uint16_t saturate_u16(int a) { return (uint16_t)(a < 0 ? 0 : a > 65535 ? 65535 : a); }

/* Lane by lane: x and y are the lanes of a and b. */
#define LANES(name, count, lane, type, expression)                                                 \
    VECTOR_INLINE V128 V_##name(V128 a, V128 b) {                                                  \
        V128 r;                                                                                    \
        for (unsigned n = 0; n < count; n++) {                                                     \
            __typeof__(a.lane[0]) x = a.lane[n], y = b.lane[n];                                    \
            (void)x, (void)y;                                                                      \
            r.lane[n] = (type)(expression);                                                        \
        }                                                                                          \
        return r;                                                                                  \
    }
LANES(paddb, 16, u8, uint8_t, x + y)
LANES(paddw, 8, u16, uint16_t, x + y)
LANES(paddd, 4, u32, uint32_t, x + y)
LANES(paddq, 2, u64, uint64_t, x + y)
LANES(paddsb, 16, s8, int8_t, saturate_s8(x + y))
LANES(paddsw, 8, s16, int16_t, saturate_s16(x + y))
LANES(paddusb, 16, u8, uint8_t, saturate_u8(x + y))
LANES(paddusw, 8, u16, uint16_t, saturate_u16(x + y))
LANES(psubb, 16, u8, uint8_t, x - y)
LANES(psubw, 8, u16, uint16_t, x - y)
LANES(psubd, 4, u32, uint32_t, x - y)
LANES(psubq, 2, u64, uint64_t, x - y)
LANES(psubsb, 16, s8, int8_t, saturate_s8(x - y))
LANES(psubsw, 8, s16, int16_t, saturate_s16(x - y))
LANES(psubusb, 16, u8, uint8_t, saturate_u8(x - y))
LANES(psubusw, 8, u16, uint16_t, saturate_u16(x - y))
LANES(pmullw, 8, s16, int16_t, x *y)
LANES(pmulhw, 8, s16, int16_t, x *y >> 16)
LANES(pmulhuw, 8, u16, uint16_t, (uint32_t)x *y >> 16)
LANES(pmulhrsw, 8, s16, int16_t, ((x * y >> 14) + 1) >> 1)
LANES(pmulld, 4, u32, uint32_t, x *y)
LANES(pmuludq, 2, u64, uint64_t, (uint64_t)(uint32_t)x *(uint32_t)y)
LANES(pmuldq, 2, s64, int64_t, (int64_t)(int32_t)x *(int32_t)y)
LANES(pavgb, 16, u8, uint8_t, (x + y + 1) >> 1)
LANES(pavgw, 8, u16, uint16_t, (x + y + 1) >> 1)
LANES(pminub, 16, u8, uint8_t, x < y ? x : y)
LANES(pminuw, 8, u16, uint16_t, x < y ? x : y)
LANES(pminud, 4, u32, uint32_t, x < y ? x : y)
LANES(pminsb, 16, s8, int8_t, x < y ? x : y)
LANES(pminsw, 8, s16, int16_t, x < y ? x : y)
LANES(pminsd, 4, s32, int32_t, x < y ? x : y)
LANES(pmaxub, 16, u8, uint8_t, x > y ? x : y)
LANES(pmaxuw, 8, u16, uint16_t, x > y ? x : y)
LANES(pmaxud, 4, u32, uint32_t, x > y ? x : y)
LANES(pmaxsb, 16, s8, int8_t, x > y ? x : y)
LANES(pmaxsw, 8, s16, int16_t, x > y ? x : y)
LANES(pmaxsd, 4, s32, int32_t, x > y ? x : y)
LANES(pand, 2, u64, uint64_t, x &y)
LANES(pandn, 2, u64, uint64_t, ~x &y)
LANES(por, 2, u64, uint64_t, x | y)
LANES(pxor, 2, u64, uint64_t, x ^ y)
LANES(pcmpeqb, 16, u8, uint8_t, x == y ? -1 : 0)
LANES(pcmpeqw, 8, u16, uint16_t, x == y ? -1 : 0)
LANES(pcmpeqd, 4, u32, uint32_t, x == y ? -1 : 0)
LANES(pcmpeqq, 2, u64, uint64_t, x == y ? -1 : 0)
LANES(pcmpgtb, 16, s8, int8_t, x > y ? -1 : 0)
LANES(pcmpgtw, 8, s16, int16_t, x > y ? -1 : 0)
LANES(pcmpgtd, 4, s32, int32_t, x > y ? -1 : 0)
LANES(pcmpgtq, 2, s64, int64_t, x > y ? -1 : 0)
LANES(psignb, 16, s8, int8_t, y < 0 ? -x : y == 0 ? 0 : x)
LANES(psignw, 8, s16, int16_t, y < 0 ? -x : y == 0 ? 0 : x)
LANES(psignd, 4, s32, int32_t, y < 0 ? 0 - (uint32_t)x : y == 0 ? 0 : (uint32_t)x)
LANES(pabsb, 16, s8, int8_t, y < 0 ? -y : y) /* of the source */
LANES(pabsw, 8, s16, int16_t, y < 0 ? -y : y)
LANES(pabsd, 4, s32, int32_t, y < 0 ? 0 - (uint32_t)y : (uint32_t)y)
#undef LANES

/* Pairs of lanes. */
VECTOR_INLINE V128 V_pmaddwd(V128 a, V128 b) {
    V128 r;
    for (unsigned n = 0; n < 4; n++)
        r.u32[n] = (uint32_t)(a.s16[2 * n] * b.s16[2 * n]) +
                   (uint32_t)(a.s16[2 * n + 1] * b.s16[2 * n + 1]);
    return r;
}
VECTOR_INLINE V128 V_pmaddubsw(V128 a, V128 b) {
    V128 r;
    for (unsigned n = 0; n < 8; n++)
        r.s16[n] = saturate_s16(a.u8[2 * n] * b.s8[2 * n] + a.u8[2 * n + 1] * b.s8[2 * n + 1]);
    return r;
}
VECTOR_INLINE V128 V_psadbw(V128 a, V128 b) {
    V128 r = {.u64 = {0, 0}};
    for (unsigned n = 0; n < 16; n++)
        r.u64[n / 8] += (uint64_t)(a.u8[n] > b.u8[n] ? a.u8[n] - b.u8[n] : b.u8[n] - a.u8[n]);
    return r;
}

/* What is not lane by lane takes the number of bytes of the registers: 16 or 8. */

#define HORIZONTAL(name, lane, width, expression)                                                  \
    VECTOR_INLINE V128 vector_##name(V128 a, V128 b, unsigned size) {                              \
        V128 r = {.u64 = {0, 0}};                                                                  \
        unsigned pairs = size / width / 2;                                                         \
        for (unsigned n = 0; n < pairs; n++) {                                                     \
            __typeof__(a.lane[0]) x = a.lane[2 * n], y = a.lane[2 * n + 1];                        \
            r.lane[n] = (__typeof__(a.lane[0]))(expression);                                       \
            x = b.lane[2 * n], y = b.lane[2 * n + 1];                                              \
            r.lane[pairs + n] = (__typeof__(a.lane[0]))(expression);                               \
        }                                                                                          \
        return r;                                                                                  \
    }
HORIZONTAL(phaddw, u16, 2, x + y)
HORIZONTAL(phaddd, u32, 4, x + y)
HORIZONTAL(phaddsw, s16, 2, saturate_s16(x + y))
HORIZONTAL(phsubw, u16, 2, x - y)
HORIZONTAL(phsubd, u32, 4, x - y)
HORIZONTAL(phsubsw, s16, 2, saturate_s16(x - y))
#undef HORIZONTAL

#define PACK(name, to, from, width, saturate)                                                      \
    VECTOR_INLINE V128 vector_##name(V128 a, V128 b, unsigned size) {                              \
        V128 r = {.u64 = {0, 0}};                                                                  \
        unsigned count = size / width;                                                             \
        for (unsigned n = 0; n < count; n++) {                                                     \
            r.to[n] = saturate(a.from[n]);                                                         \
            r.to[count + n] = saturate(b.from[n]);                                                 \
        }                                                                                          \
        return r;                                                                                  \
    }
PACK(packsswb, s8, s16, 2, saturate_s8)
PACK(packssdw, s16, s32, 4, saturate_s16)
PACK(packuswb, u8, s16, 2, saturate_u8)
PACK(packusdw, u16, s32, 4, saturate_u16)
#undef PACK

#define INTERLEAVE(suffix, lane, width)                                                            \
    VECTOR_INLINE V128 vector_punpckl##suffix(V128 a, V128 b, unsigned size) {                     \
        V128 r = {.u64 = {0, 0}};                                                                  \
        for (unsigned n = 0; n < size / width / 2; n++) {                                          \
            r.lane[2 * n] = a.lane[n];                                                             \
            r.lane[2 * n + 1] = b.lane[n];                                                         \
        }                                                                                          \
        return r;                                                                                  \
    }                                                                                              \
    VECTOR_INLINE V128 vector_punpckh##suffix(V128 a, V128 b, unsigned size) {                     \
        V128 r = {.u64 = {0, 0}};                                                                  \
        unsigned half = size / width / 2;                                                          \
        for (unsigned n = 0; n < half; n++) {                                                      \
            r.lane[2 * n] = a.lane[half + n];                                                      \
            r.lane[2 * n + 1] = b.lane[half + n];                                                  \
        }                                                                                          \
        return r;                                                                                  \
    }
INTERLEAVE(bw, u8, 1)
INTERLEAVE(wd, u16, 2)
INTERLEAVE(dq, u32, 4)
INTERLEAVE(qdq, u64, 8)
#undef INTERLEAVE

VECTOR_INLINE V128 vector_pshufb(V128 a, V128 b, unsigned size) {
    V128 r = {.u64 = {0, 0}};
    for (unsigned n = 0; n < size; n++)
        r.u8[n] = b.u8[n] & 0x80 ? 0 : a.u8[b.u8[n] & (size - 1)];
    return r;
}
VECTOR_INLINE V128 vector_palignr(V128 a, V128 b, unsigned bytes, unsigned size) {
    uint8_t joined[64] = {0};
    V128 r = {.u64 = {0, 0}};
    memcpy(joined, &b, size);
    memcpy(joined + size, &a, size);
    if (bytes < 32)
        memcpy(&r, joined + bytes, size);
    return r;
}
VECTOR_INLINE uint64_t vector_pmovmskb(V128 a, unsigned size) {
    uint64_t mask = 0;
    for (unsigned n = 0; n < size; n++)
        mask |= (uint64_t)(a.u8[n] >> 7) << n;
    return mask;
}

/* Shifts: all lanes by the same count, which may be too large. */
#define SHIFT(name, count, lane, type, in_range, too_large)                                        \
    VECTOR_INLINE V128 vector_##name(V128 a, uint64_t by) {                                        \
        V128 r;                                                                                    \
        for (unsigned n = 0; n < count; n++) {                                                     \
            __typeof__(a.lane[0]) x = a.lane[n];                                                   \
            (void)x;                                                                               \
            r.lane[n] = (type)(by < 8 * sizeof x ? (in_range) : (too_large));                      \
        }                                                                                          \
        return r;                                                                                  \
    }
SHIFT(psllw, 8, u16, uint16_t, x << by, 0)
SHIFT(pslld, 4, u32, uint32_t, x << by, 0)
SHIFT(psllq, 2, u64, uint64_t, x << by, 0)
SHIFT(psrlw, 8, u16, uint16_t, x >> by, 0)
SHIFT(psrld, 4, u32, uint32_t, x >> by, 0)
SHIFT(psrlq, 2, u64, uint64_t, x >> by, 0)
SHIFT(psraw, 8, s16, int16_t, x >> by, x >> 15)
SHIFT(psrad, 4, s32, int32_t, x >> by, x >> 31)
#undef SHIFT
VECTOR_INLINE V128 vector_pslldq(V128 a, unsigned bytes) {
    V128 r = {.u64 = {0, 0}};
    for (unsigned n = bytes; n < 16; n++)
        r.u8[n] = a.u8[n - bytes];
    return r;
}
VECTOR_INLINE V128 vector_psrldq(V128 a, unsigned bytes) {
    V128 r = {.u64 = {0, 0}};
    for (unsigned n = bytes; n < 16; n++)
        r.u8[n - bytes] = a.u8[n];
    return r;
}

/* Shuffles by an immediate: two bits for each of four lanes. */
VECTOR_INLINE V128 vector_pshufd(V128 a, unsigned imm) {
    V128 r;
    for (unsigned n = 0; n < 4; n++)
        r.u32[n] = a.u32[imm >> 2 * n & 3];
    return r;
}
VECTOR_INLINE V128 vector_pshufw(V128 a, unsigned imm, unsigned first) {
    V128 r = a;
    for (unsigned n = 0; n < 4; n++)
        r.u16[first + n] = a.u16[first + (imm >> 2 * n & 3)];
    return r;
}
VECTOR_INLINE V128 vector_shufps(V128 a, V128 b, unsigned imm) {
    return (V128){
        .u32 = {a.u32[imm & 3], a.u32[imm >> 2 & 3], b.u32[imm >> 4 & 3], b.u32[imm >> 6 & 3]}};
}
VECTOR_INLINE V128 vector_shufpd(V128 a, V128 b, unsigned imm) {
    return (V128){.u64 = {a.u64[imm & 1], b.u64[imm >> 1 & 1]}};
}
/* Lanes of b where the bit of the immediate, or the top bit of the mask's lane, is set. */
#define BLEND(name, count, lane)                                                                   \
    VECTOR_INLINE V128 vector_##name(V128 a, V128 b, unsigned imm) {                               \
        for (unsigned n = 0; n < count; n++)                                                       \
            a.lane[n] = imm >> n & 1 ? b.lane[n] : a.lane[n];                                      \
        return a;                                                                                  \
    }
BLEND(blendps, 4, u32)
BLEND(blendpd, 2, u64)
BLEND(pblendw, 8, u16)
#undef BLEND
#define BLENDV(name, count, lane, signed_lane)                                                     \
    VECTOR_INLINE V128 vector_##name(V128 a, V128 b, V128 mask) {                                  \
        for (unsigned n = 0; n < count; n++)                                                       \
            a.lane[n] = mask.signed_lane[n] < 0 ? b.lane[n] : a.lane[n];                           \
        return a;                                                                                  \
    }
BLENDV(blendvps, 4, u32, s32)
BLENDV(blendvpd, 2, u64, s64)
BLENDV(pblendvb, 16, u8, s8)
#undef BLENDV

/* Widening of the low lanes. */
#define WIDEN(name, count, to, from)                                                               \
    VECTOR_INLINE V128 V_##name(V128 a) {                                                          \
        V128 r;                                                                                    \
        for (unsigned n = 0; n < count; n++)                                                       \
            r.to[n] = a.from[n];                                                                   \
        return r;                                                                                  \
    }
WIDEN(pmovsxbw, 8, s16, s8)
WIDEN(pmovsxbd, 4, s32, s8)
WIDEN(pmovsxbq, 2, s64, s8)
WIDEN(pmovsxwd, 4, s32, s16)
WIDEN(pmovsxwq, 2, s64, s16)
WIDEN(pmovsxdq, 2, s64, s32)
WIDEN(pmovzxbw, 8, u16, u8)
WIDEN(pmovzxbd, 4, u32, u8)
WIDEN(pmovzxbq, 2, u64, u8)
WIDEN(pmovzxwd, 4, u32, u16)
WIDEN(pmovzxwq, 2, u64, u16)
WIDEN(pmovzxdq, 2, u64, u32)
#undef WIDEN

VECTOR_INLINE V128 vector_mpsadbw(V128 a, V128 b, unsigned imm) {
    unsigned from = imm >> 2 & 1 ? 4 : 0, block = (imm & 3) * 4;
    V128 r;
    for (unsigned n = 0; n < 8; n++) {
        unsigned sum = 0;
        for (unsigned k = 0; k < 4; k++) {
            int difference = a.u8[from + n + k] - b.u8[block + k];
            sum += (unsigned)(difference < 0 ? -difference : difference);
        }
        r.u16[n] = (uint16_t)sum;
    }
    return r;
}
VECTOR_INLINE V128 V_phminposuw(V128 a) {
    unsigned best = 0;
    for (unsigned n = 1; n < 8; n++)
        best = a.u16[n] < a.u16[best] ? n : best;
    return (V128){.u16 = {a.u16[best], (uint16_t)best}};
}
/* The lane of b that bits 7:6 choose goes to the lane of bits 5:4; lanes in bits 3:0 become 0. */
VECTOR_INLINE V128 vector_insertps(V128 a, uint32_t lane, unsigned imm) {
    a.u32[imm >> 4 & 3] = lane;
    for (unsigned n = 0; n < 4; n++)
        a.u32[n] = imm >> n & 1 ? 0 : a.u32[n];
    return a;
}

#endif
