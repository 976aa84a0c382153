/* One large switch in a loop: an interpreter of a register machine runs programs that sort, sum and
 * search. */
#include "kernel.h"

enum { MEMORY = 256, CODE = 64 };

enum operation {
    HALT,
    LOAD_CONSTANT, /* a = b:c */
    MOVE,          /* a = b */
    ADD,           /* a = b + c */
    SUBTRACT,
    MULTIPLY,
    AND,
    XOR,
    SHIFT_LEFT,
    SHIFT_RIGHT,
    ADD_CONSTANT, /* a = b + signed c */
    LOAD,         /* a = memory[b + c] */
    STORE,        /* memory[b + c] = a */
    JUMP,         /* to c */
    JUMP_IF_ZERO, /* a */
    JUMP_IF_LESS, /* a < b */
    JUMP_IF_EQUAL,
    CALL, /* a = return address, to c */
    RETURN,
};

struct instruction {
    uint8_t operation, a, b, c;
};

/* Register 0 stays 0; 1 is the length of the array.  Bubble sort, then a checksum with a call. */
static const struct instruction program[CODE] = {
    {ADD_CONSTANT, 2, 1, 255},   /*  0: end = length - 1 */
    {JUMP_IF_ZERO, 2, 0, 13},    /*  1 */
    {MOVE, 3, 0, 0},             /*  2: i = 0 */
    {JUMP_IF_EQUAL, 3, 2, 11},   /*  3 */
    {LOAD, 4, 3, 0},             /*  4 */
    {LOAD, 5, 3, 1},             /*  5 */
    {JUMP_IF_LESS, 4, 5, 9},     /*  6 */
    {STORE, 5, 3, 0},            /*  7 */
    {STORE, 4, 3, 1},            /*  8 */
    {ADD_CONSTANT, 3, 3, 1},     /*  9 */
    {JUMP, 0, 0, 3},             /* 10 */
    {ADD_CONSTANT, 2, 2, 255},   /* 11 */
    {JUMP, 0, 0, 1},             /* 12 */
    {MOVE, 3, 0, 0},             /* 13: i = 0 */
    {LOAD_CONSTANT, 6, 0, 31},   /* 14 */
    {LOAD_CONSTANT, 7, 0, 1},    /* 15 */
    {JUMP_IF_EQUAL, 3, 1, 20},   /* 16 */
    {CALL, 8, 0, 21},            /* 17 */
    {ADD_CONSTANT, 3, 3, 1},     /* 18 */
    {JUMP, 0, 0, 16},            /* 19 */
    {HALT, 0, 0, 0},             /* 20 */
    {LOAD, 4, 3, 0},             /* 21: result = result * 31 ^ memory[i], mixed */
    {MULTIPLY, 7, 7, 6},         /* 22 */
    {XOR, 7, 7, 4},              /* 23 */
    {LOAD_CONSTANT, 9, 0, 7},    /* 24 */
    {SHIFT_RIGHT, 10, 7, 9},     /* 25 */
    {AND, 10, 10, 6},            /* 26 */
    {ADD, 7, 7, 10},             /* 27 */
    {SHIFT_LEFT, 10, 10, 9},     /* 28 */
    {SUBTRACT, 7, 7, 10},        /* 29 */
    {RETURN, 8, 0, 0},           /* 30 */
};

static uint32_t memory[MEMORY], registers[16];
static struct instruction code[CODE];

/* The number of instructions; results are in the registers. */
__attribute__((noinline)) static uint64_t execute(void) {
    uint32_t pc = 0;
    for (uint64_t count = 1;; count++) {
        struct instruction i = code[pc++ % CODE];
        uint32_t *a = &registers[i.a & 15], b = registers[i.b & 15], c = registers[i.c & 15];
        switch ((enum operation)i.operation) {
        case HALT:
            return count;
        case LOAD_CONSTANT:
            *a = (uint32_t)i.b << 8 | i.c;
            break;
        case MOVE:
            *a = b;
            break;
        case ADD:
            *a = b + c;
            break;
        case SUBTRACT:
            *a = b - c;
            break;
        case MULTIPLY:
            *a = b * c;
            break;
        case AND:
            *a = b & c;
            break;
        case XOR:
            *a = b ^ c;
            break;
        case SHIFT_LEFT:
            *a = b << (c & 31);
            break;
        case SHIFT_RIGHT:
            *a = b >> (c & 31);
            break;
        case ADD_CONSTANT:
            *a = b + (uint32_t)(int8_t)i.c;
            break;
        case LOAD:
            *a = memory[(b + i.c) % MEMORY];
            break;
        case STORE:
            memory[(b + i.c) % MEMORY] = *a;
            break;
        case JUMP:
            pc = i.c;
            break;
        case JUMP_IF_ZERO:
            pc = *a ? pc : i.c;
            break;
        case JUMP_IF_LESS:
            pc = *a < b ? i.c : pc;
            break;
        case JUMP_IF_EQUAL:
            pc = *a == b ? i.c : pc;
            break;
        case CALL:
            *a = pc;
            pc = i.c;
            break;
        case RETURN:
            pc = *a;
            break;
        }
    }
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (int i = 0; i < CODE; i++)
        code[i] = program[i];
    for (unsigned r = 0; r < rounds; r++) {
        for (int i = 0; i < MEMORY; i++)
            memory[i] = (uint32_t)(random_next(&state) >> 32);
        for (int i = 0; i < 16; i++)
            registers[i] = 0;
        registers[1] = MEMORY - (r & 15);
        sum = mix(sum, execute() << 32 | registers[7]);
    }
    return sum;
}
