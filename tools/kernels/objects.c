/* Calls through tables of methods: shapes of several classes in one array. */
#include "kernel.h"

enum { SHAPES = 1000, KINDS = 5 };

struct shape;
struct methods {
    int64_t (*area)(const struct shape *);
    void (*move)(struct shape *, int32_t, int32_t);
    int (*contains)(const struct shape *, int32_t, int32_t);
    void (*grow)(struct shape *);
};

struct shape {
    const struct methods *methods;
    int32_t x, y, width, height;
};

static struct shape shapes[SHAPES];

static void move(struct shape *s, int32_t dx, int32_t dy) {
    s->x = (s->x + dx) & 255;
    s->y = (s->y + dy) & 255;
}
static void move_on_grid(struct shape *s, int32_t dx, int32_t dy) {
    s->x = (s->x + dx) & 0xf8;
    s->y = (s->y + dy) & 0xf8;
}
static void move_never(struct shape *s, int32_t dx, int32_t dy) { s->width ^= (dx ^ dy) & 1; }

static int64_t box_area(const struct shape *s) { return (int64_t)s->width * s->height; }
static int64_t square_area(const struct shape *s) { return (int64_t)s->width * s->width; }
static int64_t diamond_area(const struct shape *s) { return 2 * (int64_t)s->width * s->width; }
static int64_t frame_area(const struct shape *s) { return 2 * ((int64_t)s->width + s->height) - 4; }

static int box_contains(const struct shape *s, int32_t x, int32_t y) {
    return x >= s->x && x < s->x + s->width && y >= s->y && y < s->y + s->height;
}
static int square_contains(const struct shape *s, int32_t x, int32_t y) {
    return x >= s->x && x < s->x + s->width && y >= s->y && y < s->y + s->width;
}
static int diamond_contains(const struct shape *s, int32_t x, int32_t y) {
    int32_t dx = x < s->x ? s->x - x : x - s->x, dy = y < s->y ? s->y - y : y - s->y;
    return dx + dy <= s->width;
}
static int frame_contains(const struct shape *s, int32_t x, int32_t y) {
    return box_contains(s, x, y) && (x == s->x || x == s->x + s->width - 1 || y == s->y ||
                                     y == s->y + s->height - 1);
}

static void grow_wide(struct shape *s) { s->width = s->width % 97 + 1; }
static void grow_high(struct shape *s) { s->height = s->height % 89 + 2; }
static void grow_both(struct shape *s) {
    grow_wide(s);
    grow_high(s);
}

static const struct methods classes[KINDS] = {
    {box_area, move, box_contains, grow_both},
    {square_area, move_on_grid, square_contains, grow_wide},
    {diamond_area, move, diamond_contains, grow_wide},
    {frame_area, move_on_grid, frame_contains, grow_high},
    {box_area, move_never, square_contains, grow_high},
};

__attribute__((noinline)) static uint64_t step(int32_t x, int32_t y) {
    uint64_t total = 0;
    for (int i = 0; i < SHAPES; i++) {
        struct shape *s = &shapes[i];
        s->methods->move(s, (x & 3) - 1, (y & 3) - 1);
        if (s->methods->contains(s, x, y))
            s->methods->grow(s);
        total += (uint64_t)s->methods->area(s);
    }
    return total;
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (int i = 0; i < SHAPES; i++) {
        uint64_t bits = random_next(&state) >> 16;
        shapes[i] = (struct shape){&classes[bits % KINDS], (int32_t)(bits >> 8 & 255),
                                   (int32_t)(bits >> 16 & 255), 1 + (int32_t)(bits >> 24 & 63),
                                   2 + (int32_t)(bits >> 32 & 63)};
    }
    for (unsigned r = 0; r < rounds; r++) {
        uint64_t bits = random_next(&state);
        sum = mix(sum, step((int32_t)(bits >> 20 & 255), (int32_t)(bits >> 40 & 255)));
    }
    return sum;
}
