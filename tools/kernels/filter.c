/* An image filter in single precision written with vector intrinsics: 5 x 5 convolution of three
 * channels, four pixels at a time, with SSE, WebAssembly SIMD or (elsewhere) four scalars. */
#include <string.h>

#include "kernel.h"

enum { WIDTH = 128, HEIGHT = 64, CHANNELS = 3, TAPS = 5 };
enum { OUT_WIDTH = WIDTH - TAPS + 1, OUT_HEIGHT = HEIGHT - TAPS + 1 };
_Static_assert(OUT_WIDTH % 4 == 0, "whole vectors");

#if defined(__SSE__)
#include <xmmintrin.h>
typedef __m128 float4;
#define LOAD(from) _mm_loadu_ps(from)
#define STORE(to, v) _mm_storeu_ps(to, v)
#define SPLAT(f) _mm_set1_ps(f)
#define ADD(a, b) _mm_add_ps(a, b)
#define MUL(a, b) _mm_mul_ps(a, b)
#define BELOW(a, b) _mm_movemask_ps(_mm_cmplt_ps(a, b))
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
typedef v128_t float4;
#define LOAD(from) wasm_v128_load(from)
#define STORE(to, v) wasm_v128_store(to, v)
#define SPLAT(f) wasm_f32x4_splat(f)
#define ADD(a, b) wasm_f32x4_add(a, b)
#define MUL(a, b) wasm_f32x4_mul(a, b)
#define BELOW(a, b) wasm_i32x4_bitmask(wasm_f32x4_lt(a, b))
#else
typedef struct {
    float f[4];
} float4;
#define LANES(value)                                                                               \
    float4 result;                                                                                 \
    for (int n = 0; n < 4; n++)                                                                    \
        result.f[n] = (value);                                                                     \
    return result
static inline float4 LOAD(const float *from) { LANES(from[n]); }
static inline void STORE(float *to, float4 v) { memcpy(to, v.f, sizeof v.f); }
static inline float4 SPLAT(float f) { LANES(f); }
static inline float4 ADD(float4 a, float4 b) { LANES(a.f[n] + b.f[n]); }
static inline float4 MUL(float4 a, float4 b) { LANES(a.f[n] * b.f[n]); }
static inline int BELOW(float4 a, float4 b) {
    int mask = 0;
    for (int n = 0; n < 4; n++)
        mask |= (a.f[n] < b.f[n]) << n;
    return mask;
}
#endif

static float image[CHANNELS][HEIGHT][WIDTH], weights[CHANNELS][TAPS][TAPS];
static float out[OUT_HEIGHT][OUT_WIDTH];

static float random_float(uint64_t *state) {
    return (float)((int32_t)(random_next(state) >> 40) - (1 << 23)) / 8388608.0f;
}

/* The number of results below zero. */
__attribute__((noinline)) static unsigned filter(float bias) {
    unsigned below = 0;
    float4 zero = SPLAT(0);
    for (int y = 0; y < OUT_HEIGHT; y++)
        for (int x = 0; x < OUT_WIDTH; x += 4) {
            float4 sum = SPLAT(bias);
            for (int c = 0; c < CHANNELS; c++)
                for (int dy = 0; dy < TAPS; dy++)
                    for (int dx = 0; dx < TAPS; dx++)
                        sum = ADD(sum, MUL(LOAD(&image[c][y + dy][x + dx]), SPLAT(weights[c][dy][dx])));
            STORE(&out[y][x], sum);
            below += (unsigned)__builtin_popcount((unsigned)BELOW(sum, zero));
        }
    return below;
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (int c = 0; c < CHANNELS; c++)
        for (int n = 0; n < TAPS * TAPS; n++)
            weights[c][n / TAPS][n % TAPS] = random_float(&state);
    for (unsigned r = 0; r < rounds; r++) {
        for (int n = 0; n < CHANNELS * HEIGHT * WIDTH; n += 37)
            (&image[0][0][0])[n] = random_float(&state);
        sum = mix(sum, filter(random_float(&state)));
        for (int y = 0; y < OUT_HEIGHT; y++) {
            uint32_t bits;
            memcpy(&bits, &out[y][y % OUT_WIDTH], sizeof bits);
            sum = mix(sum, bits);
        }
    }
    return sum;
}
