/* Sums of products in single precision: two layers of a neural network, 3 x 3 convolutions over
 * several channels with bias, rectification and pooling. */
#include <string.h>

#include "kernel.h"

enum { SIZE = 34, INPUTS = 4, MIDDLE = 8, OUTPUTS = 8 };
enum { INNER = SIZE - 2, HALF = INNER / 2, LAST = HALF - 2 };

static float image[INPUTS][SIZE][SIZE], weights1[MIDDLE][INPUTS][3][3], bias1[MIDDLE];
static float first[MIDDLE][INNER][INNER], pooled[MIDDLE][HALF][HALF];
static float weights2[OUTPUTS][MIDDLE][3][3], bias2[OUTPUTS], last[OUTPUTS][LAST][LAST];

static void fill(float *to, size_t count, float scale, uint64_t *state) {
    for (size_t i = 0; i < count; i++)
        to[i] = scale * (float)((int32_t)(random_next(state) >> 40) - (1 << 23)) / 8388608.0f;
}

/* in[channels][size][size] -> out[size - 2][size - 2], one output channel. */
__attribute__((noinline)) static void convolve(const float *in, int channels, int size,
                                               const float *weights, float bias, float *out) {
    int inner = size - 2;
    for (int y = 0; y < inner; y++)
        for (int x = 0; x < inner; x++) {
            float total = bias;
            for (int c = 0; c < channels; c++)
                for (int dy = 0; dy < 3; dy++) {
                    const float *row = in + (c * size + y + dy) * size + x;
                    const float *w = weights + (c * 3 + dy) * 3;
                    total += row[0] * w[0] + row[1] * w[1] + row[2] * w[2];
                }
            out[y * inner + x] = total > 0 ? total : total * 0.125f;
        }
}

static void pool(void) {
    for (int c = 0; c < MIDDLE; c++)
        for (int y = 0; y < HALF; y++)
            for (int x = 0; x < HALF; x++) {
                float most = first[c][2 * y][2 * x];
                for (int n = 1; n < 4; n++) {
                    float value = first[c][2 * y + (n >> 1)][2 * x + (n & 1)];
                    most = value > most ? value : most;
                }
                pooled[c][y][x] = most;
            }
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    fill(&weights1[0][0][0][0], sizeof weights1 / sizeof(float), 0.25f, &state);
    fill(&weights2[0][0][0][0], sizeof weights2 / sizeof(float), 0.25f, &state);
    fill(bias1, MIDDLE, 0.5f, &state);
    fill(bias2, OUTPUTS, 0.5f, &state);
    for (unsigned r = 0; r < rounds; r++) {
        fill(&image[0][0][0], sizeof image / sizeof(float), 1, &state);
        for (int c = 0; c < MIDDLE; c++)
            convolve(&image[0][0][0], INPUTS, SIZE, &weights1[c][0][0][0], bias1[c],
                     &first[c][0][0]);
        pool();
        for (int c = 0; c < OUTPUTS; c++)
            convolve(&pooled[0][0][0], MIDDLE, HALF, &weights2[c][0][0][0], bias2[c],
                     &last[c][0][0]);
        for (int c = 0; c < OUTPUTS; c++)
            for (int y = 0; y < LAST; y++)
                for (int x = 0; x < LAST; x++) {
                    uint32_t bits;
                    memcpy(&bits, &last[c][y][x], sizeof bits);
                    sum = mix(sum, bits);
                }
    }
    return sum;
}
