/* Square roots, divisions and conversions between float and double: bodies that attract each
 * other, with masses in single and motion in double precision. */
#include <math.h>
#include <string.h>

#include "kernel.h"

enum { BODIES = 12, STEPS = 100 };

static struct body {
    double place[3], speed[3];
    float mass;
} bodies[BODIES];

static double random_unit(uint64_t *state) {
    return (double)(int64_t)(random_next(state) >> 33) / 1073741824.0 - 1.0;
}

static void start(uint64_t *state) {
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].place[k] = 10 * random_unit(state);
            bodies[i].speed[k] = random_unit(state) / 8;
        }
        bodies[i].mass = (float)(1.25 + random_unit(state));
    }
}

__attribute__((noinline)) static void advance(double time) {
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            struct body *a = &bodies[i], *b = &bodies[j];
            double d[3], square = 0.0625; /* softened: no collisions */
            for (int k = 0; k < 3; k++) {
                d[k] = a->place[k] - b->place[k];
                square += d[k] * d[k];
            }
            double force = time / (square * sqrt(square));
            for (int k = 0; k < 3; k++) {
                a->speed[k] -= d[k] * b->mass * force;
                b->speed[k] += d[k] * a->mass * force;
            }
        }
    for (int i = 0; i < BODIES; i++)
        for (int k = 0; k < 3; k++)
            bodies[i].place[k] += time * bodies[i].speed[k];
}

/* In single precision. */
static float energy(void) {
    float total = 0;
    for (int i = 0; i < BODIES; i++) {
        float square = 0;
        for (int k = 0; k < 3; k++)
            square += (float)bodies[i].speed[k] * (float)bodies[i].speed[k];
        total += 0.5f * bodies[i].mass * square;
        for (int j = i + 1; j < BODIES; j++) {
            float distance = 0;
            for (int k = 0; k < 3; k++) {
                float d = (float)(bodies[i].place[k] - bodies[j].place[k]);
                distance += d * d;
            }
            total -= bodies[i].mass * bodies[j].mass / sqrtf(distance + 0.0625f);
        }
    }
    return total;
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        start(&state);
        for (int s = 0; s < STEPS; s++) {
            advance(1.0 / 64);
            float e = energy();
            uint32_t bits;
            memcpy(&bits, &e, sizeof bits);
            sum = mix(sum, bits);
        }
        for (int i = 0; i < BODIES; i++)
            for (int k = 0; k < 3; k++) {
                uint64_t bits;
                memcpy(&bits, &bodies[i].place[k], sizeof bits);
                sum = mix(sum, bits);
            }
    }
    return sum;
}
