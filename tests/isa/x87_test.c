/* The x87 unit against this machine's: every instruction with random and edge operands, control
 * words, stacks and exception masks.  Everything must agree to the bit (values, status and tag
 * words, stored operands), but for the transcendental functions, whose processors differ: their
 * results may be one unit in the last place away, and C1, which follows the rounding, is free. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if !defined(__x86_64__)
int main(void) {
    printf("skip x87: the host is no x86_64 machine\n");
    return 0;
}
#else

#include <sys/mman.h>

#include "../../runtime/isa/x86_64/x87.h"
#include "vendor.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- random numbers --- */

static uint64_t random_state = 88172645463325252u;

static uint64_t random_bits(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 2685821657736338717u;
}
static unsigned below(unsigned limit) { return (unsigned)((random_bits() >> 32) % limit); }

static const uint64_t edge_significands[] = {
    0x8000000000000000, 0x8000000000000001, 0x80000000000007ff, 0x8000000000000400,
    0x8000000000000c00, 0x8000008000000000, 0x8000018000000000, 0x800000ffffffffff,
    0xfffffffffffff800, 0xfffffffffffffc00, 0xfffffffffffffbff, 0xfffffffffffffc01,
    0xffffff0000000000, 0xffffff8000000000, 0xffffff7fffffffff, 0xffffff8000000001,
    0xffffffffffffffff, 0xfffffffffffffffe, 0xc000000000000000, 0xa000000000000000,
    0xc90fdaa22168c234, 0xc90fdaa22168c235, 0xb504f333f9de6484, 0xb504f333f9de6485,
};
static const uint16_t edge_exponents[] = {
    0x0001, 0x0002, 0x0040, 0x3f80, 0x3f81, 0x3f6a, 0x3c00, 0x3c01, 0x3bcd, 0x3fbe, 0x3fc0,
    0x3ffd, 0x3ffe, 0x3fff, 0x4000, 0x400d, 0x400e, 0x401d, 0x401e, 0x403a, 0x403c, 0x403d,
    0x403e, 0x403f, 0x407e, 0x407f, 0x43fe, 0x43ff, 0x7ffd, 0x7ffe,
};

static uint64_t random_significand(void) {
    uint64_t bits = random_bits();
    switch (below(4)) {
    case 0:
        return edge_significands[bits % COUNT(edge_significands)];
    case 1: /* few bits: exact results */
        return (bits | 1u << 31) << 32 >> below(9) << 9 | 1ull << 63;
    case 2: /* the end of a single or double is a tie, or nearly */
        return (bits & ~(bits >> 8 & 1 ? 0x7ffull : 0xffffffffffull)) |
               ((bits >> 8 & 1 ? 0x3ff : 0x7fffffffff) + below(3)) | 1ull << 63;
    default:
        return bits | 1ull << 63;
    }
}

/* `centre`: exponent that many operands are near to, so that pairs interact. */
static struct floatx80 random_value(unsigned centre) {
    uint64_t bits = random_bits();
    uint16_t sign = bits & 1 ? 0x8000 : 0;
    switch (below(24)) {
    case 0:
        return (struct floatx80){0, sign};
    case 1: /* infinity and pseudo-infinity */
        return (struct floatx80){below(4) ? 1ull << 63 : 0, sign | 0x7fff};
    case 2: /* NaNs and pseudo-NaNs */
        return (struct floatx80){
            (bits & 7) << 60 | (below(6) ? 1ull << 63 : 0) | (below(2) ? bits >> 8 & 3 : bits >> 8),
            sign | 0x7fff};
    case 3: /* denormal and pseudo-denormal */
        return (struct floatx80){bits >> below(64), sign};
    case 4: /* unnormal */
        return (struct floatx80){bits >> (1 + below(63)),
                                 sign | (uint16_t)(1 + random_bits() % 0x7ffe)};
    case 5:
        return (struct floatx80){random_significand(), sign | (1 + random_bits() % 0x7ffe)};
    case 6:
    case 7:
    case 8:
        return (struct floatx80){random_significand(),
                                 sign | edge_exponents[random_bits() % COUNT(edge_exponents)]};
    case 9: /* an integer or half of one */
    case 10: {
        unsigned width = 1 + below(64);
        return (struct floatx80){(bits | 1ull << 63) >> (64 - width) << (64 - width),
                                 sign | (uint16_t)(0x3ffe + width - below(2))};
    }
    default: {
        int exponent = (int)centre + (int)below(70) - 35;
        exponent = exponent < 0 ? 0 : exponent > 0x7ffe ? 0x7ffe : exponent;
        uint64_t significand = random_significand();
        if (exponent == 0)
            significand &= ~(1ull << 63);
        return (struct floatx80){significand, (uint16_t)(sign | exponent)};
    }
    }
}

static unsigned random_centre(void) {
    static const uint16_t centres[] = {0x3fff, 0x3fff, 0x4010, 0x403f, 0x3ff0, 0x20,
                                       0x2000, 0x5fff, 0x7fe0, 0x3f80, 0x3c00};
    return centres[below(COUNT(centres))];
}

static void random_unit(struct x87 *x87) {
    memset(x87, 0, sizeof *x87);
    unsigned masks = below(5) ? 0x3f : (unsigned)random_bits() & 0x3f;
    unsigned precision = below(4) == 0 ? below(4) : 3;
    x87->control = (uint16_t)(0x40 | masks | precision << 8 | below(4) << 10);
    unsigned top = below(8);
    unsigned sticky = below(4) ? 0 : (unsigned)random_bits() & masks;
    x87->status = (uint16_t)(top << 11 | sticky | ((unsigned)random_bits() & 0x4700));
    unsigned depth = below(4) ? 2 + below(6) : below(9), centre = random_centre();
    for (unsigned i = 0; i < depth; i++)
        x87->occupied |= (uint16_t)(1u << (top + i) % 8);
    if (below(16) == 0)
        x87->occupied = (uint8_t)random_bits();
    for (unsigned i = 0; i < 8; i++) {
        struct floatx80 value = random_value(centre);
        x87->significand[i] = value.significand;
        x87->sign_exponent[i] = value.sign_exponent;
    }
}

/* --- memory operands --- */

static void random_operand(const char *type, uint8_t operand[X87_OPERAND_MAX]) {
    uint64_t bits = random_bits(), sign = bits << 63;
    struct floatx80 value = random_value(random_centre());
    memset(operand, 0xa5, X87_OPERAND_MAX);
    if (!strcmp(type, "f32")) {
        uint32_t single = (uint32_t)bits;
        if (below(3)) /* denormal, infinity, NaN, or near 1 */
            single = (uint32_t)(sign >> 32) |
                     (below(2) ? below(2) * 0xffu << 23 : (100 + below(56)) << 23) |
                     (below(3) ? (uint32_t)(bits >> 9) & 0x7fffff : below(2) << 22);
        memcpy(operand, &single, sizeof single);
    } else if (!strcmp(type, "f64")) {
        uint64_t number = bits;
        if (below(3))
            number = sign | (below(2) ? below(2) * 0x7ffull << 52 : (1000ull + below(46)) << 52) |
                     (below(3) ? bits >> 12 : (uint64_t)below(2) << 51);
        memcpy(operand, &number, sizeof number);
    } else if (!strcmp(type, "f80")) {
        memcpy(operand, &value.significand, 8);
        memcpy(operand + 8, &value.sign_exponent, 2);
    } else if (!strcmp(type, "bcd")) {
        for (int i = 0; i < 9; i++)
            operand[i] = (uint8_t)(below(10) | below(10) << 4);
        for (int i = 8; i >= (int)below(18); i--)
            operand[i] = 0;
        operand[9] = (uint8_t)(bits & 0x80);
    } else if (!strcmp(type, "int")) {
        bits = below(2) ? bits : (uint64_t)((int64_t)bits >> below(64));
        memcpy(operand, &bits, sizeof bits);
    } else if (!strcmp(type, "control")) {
        operand[0] = (uint8_t)bits;
        operand[1] = (uint8_t)(bits >> 8);
    } else if (!strcmp(type, "state")) { /* also FLDENV's: its beginning */
        struct x87 unit;
        bool narrow = bits & 1;
        random_unit(&unit);
        x87_memory(&unit, 0xdd, 0x32, narrow, operand);
    }
}

/* --- this machine's unit --- */

static uint8_t *code;

static void assemble(bool narrow, unsigned escape, unsigned modrm) {
    static const uint8_t restore[] = {0x48, 0x0f, 0xae, 0x0f}; /* fxrstor64 (%rdi) */
    static const uint8_t flags[] = {0x68, 0xd7, 0x08, 0, 0, 0x9d}; /* push $0x8d7; popf */
    static const uint8_t get_flags[] = {0x9c, 0x58};           /* pushf; pop %rax */
    static const uint8_t save[] = {0x48, 0x0f, 0xae, 0x06, 0xdb, 0xe3, 0xc3}; /* fxsave64 (%rsi);
                                                                               fninit; ret */
    uint8_t *p = code;
    memcpy(p, restore, sizeof restore), p += sizeof restore;
    memcpy(p, flags, sizeof flags), p += sizeof flags;
    if (narrow)
        *p++ = 0x66;
    *p++ = (uint8_t)escape, *p++ = (uint8_t)modrm;
    memcpy(p, get_flags, sizeof get_flags), p += sizeof get_flags;
    memcpy(p, save, sizeof save);
}

static uint32_t execute(struct x87 *x87, uint8_t *operand) {
    static uint8_t image[2][512] __attribute__((aligned(16)));
    uint32_t mxcsr = 0x1f80;
    memcpy(image[0] + 24, &mxcsr, sizeof mxcsr);
    x87_save(x87, image[0]);
    /* (state, state after, operand in rdx) -> flags */
    uint64_t (*function)(void *, void *, void *) = (uint64_t (*)(void *, void *, void *))code;
    uint64_t flags = function(image[0], image[1], operand);
    x87_restore(x87, image[1]);
    return (uint32_t)flags;
}

/* --- comparison --- */

static void print_unit(const char *name, const struct x87 *x87) {
    printf("#   %s: control %03x status %04x occupied %02x\n#    ", name, x87->control, x87->status,
           x87->occupied);
    for (unsigned i = 0; i < 8; i++) {
        unsigned n = ((x87->status >> 11) + i) & 7;
        printf(" %04x:%016llx", x87->sign_exponent[n], (unsigned long long)x87->significand[n]);
    }
    printf("\n");
}

/* Whether two values are at most one unit in the last place apart. */
static bool neighbours(const struct x87 *a, const struct x87 *b, unsigned n, unsigned *exact) {
    if (a->significand[n] == b->significand[n] && a->sign_exponent[n] == b->sign_exponent[n]) {
        ++*exact;
        return true;
    }
    if ((a->sign_exponent[n] ^ b->sign_exponent[n]) & 0x8000)
        return false;
    /* Without the integer bit, exponent and significand count as one number. */
    __int128 a_order = (__int128)(a->sign_exponent[n] & 0x7fff) << 63 | a->significand[n] << 1 >> 1;
    __int128 b_order = (__int128)(b->sign_exponent[n] & 0x7fff) << 63 | b->significand[n] << 1 >> 1;
    return a_order - b_order >= -1 && a_order - b_order <= 1;
}

struct agreement {
    unsigned cases, failed, values, exact;
};

static bool agree(const struct x87 *ours, const struct x87 *theirs, bool transcendental,
                  struct agreement *agreement) {
    unsigned status = ours->status ^ theirs->status;
    if (transcendental)
        status &= ~(unsigned)X87_C1;
    bool same = status == 0 && ours->control == theirs->control &&
                ours->occupied == theirs->occupied;
    for (unsigned n = 0; n < 8 && same; n++) {
        agreement->values++;
        unsigned exact = 0;
        same = neighbours(ours, theirs, n, &exact) && (exact || transcendental);
        agreement->exact += exact;
    }
    return same;
}

static struct row {
    const char *name;
    uint8_t escape, first, last; /* ModRM from first to last; memory forms: (%rdx) */
    const char *operand;         /* type of a memory operand that is read */
    bool narrow, transcendental;
} rows[] = {
#define REGISTERS(name, escape, first) {name, escape, first, (first) + 7, NULL, false, false}
#define SINGLE(name, escape, modrm) {name, escape, modrm, modrm, NULL, false, false}
#define APPROXIMATE(name, escape, modrm) {name, escape, modrm, modrm, NULL, false, true}
#define MEMORY(name, escape, reg, type)                                                            \
    {name, escape, (reg) << 3 | 2, (reg) << 3 | 2, type, false, false}
#define NARROW(name, escape, reg, type)                                                            \
    {name, escape, (reg) << 3 | 2, (reg) << 3 | 2, type, true, false}
    REGISTERS("fadd st0", 0xd8, 0xc0),
    REGISTERS("fmul st0", 0xd8, 0xc8),
    REGISTERS("fcom", 0xd8, 0xd0),
    REGISTERS("fcomp", 0xd8, 0xd8),
    REGISTERS("fsub st0", 0xd8, 0xe0),
    REGISTERS("fsubr st0", 0xd8, 0xe8),
    REGISTERS("fdiv st0", 0xd8, 0xf0),
    REGISTERS("fdivr st0", 0xd8, 0xf8),
    REGISTERS("fadd sti", 0xdc, 0xc0),
    REGISTERS("fmul sti", 0xdc, 0xc8),
    REGISTERS("fcom alias", 0xdc, 0xd0),
    REGISTERS("fcomp alias", 0xdc, 0xd8),
    REGISTERS("fsubr sti", 0xdc, 0xe0),
    REGISTERS("fsub sti", 0xdc, 0xe8),
    REGISTERS("fdivr sti", 0xdc, 0xf0),
    REGISTERS("fdiv sti", 0xdc, 0xf8),
    REGISTERS("faddp", 0xde, 0xc0),
    REGISTERS("fmulp", 0xde, 0xc8),
    REGISTERS("fcomp second alias", 0xde, 0xd0),
    SINGLE("fcompp", 0xde, 0xd9),
    REGISTERS("fsubrp", 0xde, 0xe0),
    REGISTERS("fsubp", 0xde, 0xe8),
    REGISTERS("fdivrp", 0xde, 0xf0),
    REGISTERS("fdivp", 0xde, 0xf8),
    REGISTERS("fld sti", 0xd9, 0xc0),
    REGISTERS("fxch", 0xd9, 0xc8),
    REGISTERS("fxch alias", 0xdd, 0xc8),
    REGISTERS("fxch second alias", 0xdf, 0xc8),
    SINGLE("fnop", 0xd9, 0xd0),
    REGISTERS("fstp alias", 0xd9, 0xd8),
    REGISTERS("fstp second alias", 0xdf, 0xd0),
    REGISTERS("fstp third alias", 0xdf, 0xd8),
    SINGLE("fchs", 0xd9, 0xe0),
    SINGLE("fabs", 0xd9, 0xe1),
    SINGLE("ftst", 0xd9, 0xe4),
    SINGLE("fxam", 0xd9, 0xe5),
    {"constants", 0xd9, 0xe8, 0xee, NULL, false, false},
    APPROXIMATE("f2xm1", 0xd9, 0xf0),
    APPROXIMATE("fyl2x", 0xd9, 0xf1),
    APPROXIMATE("fptan", 0xd9, 0xf2),
    APPROXIMATE("fpatan", 0xd9, 0xf3),
    SINGLE("fxtract", 0xd9, 0xf4),
    SINGLE("fprem1", 0xd9, 0xf5),
    SINGLE("fdecstp", 0xd9, 0xf6),
    SINGLE("fincstp", 0xd9, 0xf7),
    SINGLE("fprem", 0xd9, 0xf8),
    APPROXIMATE("fyl2xp1", 0xd9, 0xf9),
    SINGLE("fsqrt", 0xd9, 0xfa),
    APPROXIMATE("fsincos", 0xd9, 0xfb),
    SINGLE("frndint", 0xd9, 0xfc),
    SINGLE("fscale", 0xd9, 0xfd),
    APPROXIMATE("fsin", 0xd9, 0xfe),
    APPROXIMATE("fcos", 0xd9, 0xff),
    SINGLE("fucompp", 0xda, 0xe9),
    {"fnclex and obsolete", 0xdb, 0xe0, 0xe4, NULL, false, false},
    REGISTERS("ffree", 0xdd, 0xc0),
    REGISTERS("ffreep", 0xdf, 0xc0),
    REGISTERS("fst sti", 0xdd, 0xd0),
    REGISTERS("fstp sti", 0xdd, 0xd8),
    REGISTERS("fucom", 0xdd, 0xe0),
    REGISTERS("fucomp", 0xdd, 0xe8),
    REGISTERS("fcmovb", 0xda, 0xc0),
    REGISTERS("fcmove", 0xda, 0xc8),
    REGISTERS("fcmovnb", 0xdb, 0xc0),
    REGISTERS("fcmovne", 0xdb, 0xc8),
    REGISTERS("fucomi", 0xdb, 0xe8),
    REGISTERS("fcomi", 0xdb, 0xf0),
    REGISTERS("fucomip", 0xdf, 0xe8),
    REGISTERS("fcomip", 0xdf, 0xf0),
    MEMORY("fadd m32", 0xd8, 0, "f32"),
    MEMORY("fmul m32", 0xd8, 1, "f32"),
    MEMORY("fcom m32", 0xd8, 2, "f32"),
    MEMORY("fcomp m32", 0xd8, 3, "f32"),
    MEMORY("fsub m32", 0xd8, 4, "f32"),
    MEMORY("fsubr m32", 0xd8, 5, "f32"),
    MEMORY("fdiv m32", 0xd8, 6, "f32"),
    MEMORY("fdivr m32", 0xd8, 7, "f32"),
    MEMORY("fadd m64", 0xdc, 0, "f64"),
    MEMORY("fmul m64", 0xdc, 1, "f64"),
    MEMORY("fcom m64", 0xdc, 2, "f64"),
    MEMORY("fcomp m64", 0xdc, 3, "f64"),
    MEMORY("fsub m64", 0xdc, 4, "f64"),
    MEMORY("fsubr m64", 0xdc, 5, "f64"),
    MEMORY("fdiv m64", 0xdc, 6, "f64"),
    MEMORY("fdivr m64", 0xdc, 7, "f64"),
    MEMORY("fiadd m32", 0xda, 0, "int"),
    MEMORY("fimul m32", 0xda, 1, "int"),
    MEMORY("ficom m32", 0xda, 2, "int"),
    MEMORY("ficomp m32", 0xda, 3, "int"),
    MEMORY("fisub m32", 0xda, 4, "int"),
    MEMORY("fisubr m32", 0xda, 5, "int"),
    MEMORY("fidiv m32", 0xda, 6, "int"),
    MEMORY("fidivr m32", 0xda, 7, "int"),
    MEMORY("fiadd m16", 0xde, 0, "int"),
    MEMORY("fimul m16", 0xde, 1, "int"),
    MEMORY("ficom m16", 0xde, 2, "int"),
    MEMORY("ficomp m16", 0xde, 3, "int"),
    MEMORY("fisub m16", 0xde, 4, "int"),
    MEMORY("fisubr m16", 0xde, 5, "int"),
    MEMORY("fidiv m16", 0xde, 6, "int"),
    MEMORY("fidivr m16", 0xde, 7, "int"),
    MEMORY("fld m32", 0xd9, 0, "f32"),
    MEMORY("fld m64", 0xdd, 0, "f64"),
    MEMORY("fld m80", 0xdb, 5, "f80"),
    MEMORY("fild m16", 0xdf, 0, "int"),
    MEMORY("fild m32", 0xdb, 0, "int"),
    MEMORY("fild m64", 0xdf, 5, "int"),
    MEMORY("fbld", 0xdf, 4, "bcd"),
    MEMORY("fst m32", 0xd9, 2, NULL),
    MEMORY("fstp m32", 0xd9, 3, NULL),
    MEMORY("fst m64", 0xdd, 2, NULL),
    MEMORY("fstp m64", 0xdd, 3, NULL),
    MEMORY("fstp m80", 0xdb, 7, NULL),
    MEMORY("fist m16", 0xdf, 2, NULL),
    MEMORY("fistp m16", 0xdf, 3, NULL),
    MEMORY("fist m32", 0xdb, 2, NULL),
    MEMORY("fistp m32", 0xdb, 3, NULL),
    MEMORY("fistp m64", 0xdf, 7, NULL),
    MEMORY("fisttp m16", 0xdf, 1, NULL),
    MEMORY("fisttp m32", 0xdb, 1, NULL),
    MEMORY("fisttp m64", 0xdd, 1, NULL),
    MEMORY("fbstp", 0xdf, 6, NULL),
    MEMORY("fldcw", 0xd9, 5, "control"),
    MEMORY("fnstcw", 0xd9, 7, NULL),
    MEMORY("fnstsw", 0xdd, 7, NULL),
    MEMORY("fldenv", 0xd9, 4, "state"),
    MEMORY("fnstenv", 0xd9, 6, NULL),
    MEMORY("frstor", 0xdd, 4, "state"),
    MEMORY("fnsave", 0xdd, 6, NULL),
    NARROW("fldenv 16", 0xd9, 4, "state"),
    NARROW("fnstenv 16", 0xd9, 6, NULL),
    NARROW("frstor 16", 0xdd, 4, "state"),
    NARROW("fnsave 16", 0xdd, 6, NULL),
};

/* The pointers and the opcode of the last instruction are not modelled. */
static void clear_pointers(const struct row *row, uint8_t *operand) {
    unsigned reg = row->first >> 3 & 7;
    if (row->first < 0xc0 && (row->escape == 0xd9 || row->escape == 0xdd) && reg == 6)
        memset(operand + (row->narrow ? 6 : 12), 0, row->narrow ? 8 : 16);
}

static uint32_t operate(const struct row *row, struct x87 *x87, unsigned modrm, uint32_t flags,
                        uint8_t *operand) {
    if (modrm < 0xc0) {
        x87_memory(x87, row->escape, modrm, row->narrow, operand);
    } else if (!strncmp(row->name, "fcmov", 5)) { /* CF and ZF are set */
        x87_conditional_move(x87, modrm, row->escape == 0xda);
    } else if (strstr(row->name, "comi")) {
        flags = x87_compare_flags(x87, row->escape, modrm);
    } else {
        x87_operate(x87, row->escape, modrm);
    }
    return flags;
}

/* Two functions are defined for a part of the numbers only. */
static void keep_domain(const char *name, struct x87 *x87) {
    uint16_t *exponent = &x87->sign_exponent[x87->status >> 11 & 7];
    unsigned limit = !strcmp(name, "fyl2xp1") ? 0x3ffc : !strcmp(name, "f2xm1") ? 0x3ffe : 0x7fff;
    if ((*exponent & 0x7fff) > limit && (*exponent & 0x7fff) != 0x7fff)
        *exponent = (uint16_t)((*exponent & 0x8000) | (limit - below(below(64) + 1u)));
}

static void check(const struct row *row, unsigned cases, bool verbose) {
    struct agreement agreement = {0, 0, 0, 0};
    for (unsigned i = 0; i < cases; i++) {
        unsigned modrm = row->first + below(row->last - row->first + 1u);
        struct x87 before, ours, theirs;
        uint8_t operand_before[X87_OPERAND_MAX], our_operand[X87_OPERAND_MAX],
            their_operand[X87_OPERAND_MAX];
        random_unit(&before);
        keep_domain(row->name, &before);
        random_operand(row->operand ? row->operand : "", operand_before);
        ours = theirs = before;
        memcpy(our_operand, operand_before, sizeof our_operand);
        memcpy(their_operand, operand_before, sizeof their_operand);
        assemble(row->narrow, row->escape, modrm);
        const uint32_t all_flags = 0x8d5;
        uint32_t their_flags = execute(&theirs, their_operand) & all_flags;
        uint32_t our_flags = operate(row, &ours, modrm, all_flags, our_operand) & all_flags;
        clear_pointers(row, our_operand);
        clear_pointers(row, their_operand);
        agreement.cases++;
        if (agree(&ours, &theirs, row->transcendental, &agreement) && our_flags == their_flags &&
            !memcmp(our_operand, their_operand, sizeof our_operand))
            continue;
        if (agreement.failed++ < (verbose ? 8 : 1)) {
            printf("# %s, ModRM %02x, flags ours %x theirs %x\n", row->name, modrm, our_flags,
                   their_flags);
            print_unit("before", &before);
            print_unit("ours  ", &ours);
            print_unit("theirs", &theirs);
            const uint8_t *operands[3] = {operand_before, our_operand, their_operand};
            for (unsigned j = 0; j < 3 && modrm < 0xc0; j++) {
                printf("#   operand:");
                for (unsigned k = 0; k < 28; k++)
                    printf(" %02x", operands[j][k]);
                printf("\n");
            }
        }
    }
    if (verbose && row->transcendental)
        printf("# %s: %u values not exact in %u cases\n", row->name,
               agreement.values - agreement.exact, agreement.cases);
    if (agreement.failed)
        printf("not ok %s: %u of %u cases differ\n", row->name, agreement.failed, agreement.cases);
    else
        printf("ok %s\n", row->name);
}

/* Results that are the processor's own: approximations, and the steps in which it divides. */
static bool differs_by_vendor(const struct row *row) {
    return row->transcendental || !strncmp(row->name, "fprem", 5) ||
           !strcmp(row->name, "fscale") || !strcmp(row->name, "fxtract");
}

/* Encodings: those without a row must not exist, those with one must. */
static void check_encodings(void) {
    unsigned wrong = 0;
    for (unsigned escape = 0xd8; escape <= 0xdf; escape++)
        for (unsigned modrm = 0; modrm < 256; modrm += modrm < 0xc0 ? 8 : 1) {
            bool known = (escape == 0xdf && modrm == 0xe0) || /* FNSTSW AX */
                         ((escape == 0xda || escape == 0xdb) && modrm >= 0xd0 && modrm < 0xe0);
            unsigned canonical = modrm < 0xc0 ? (modrm & 0x38) | 2 : modrm;
            for (unsigned i = 0; i < COUNT(rows); i++)
                known |= rows[i].escape == escape && rows[i].first <= canonical &&
                         canonical <= rows[i].last;
            if (known != x87_defined(escape, modrm)) {
                printf("# %02x %02x\n", escape, modrm);
                wrong++;
            }
        }
    if (wrong)
        printf("not ok encodings: %u are wrong\n", wrong);
    else
        printf("ok encodings\n");
}

int main(int argc, char **argv) {
    const char *tier = getenv("TIER");
    unsigned cases = tier && !strcmp(tier, "full") ? 200000 : 20000;
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) {
        printf("not ok x87: no executable memory\n");
        return 1;
    }
    check_encodings();
    bool intel = cpu_is_intel();
    for (unsigned i = 0; i < COUNT(rows); i++) {
        if (argc > 1 && !strstr(rows[i].name, argv[1]))
            continue;
        if (!intel && differs_by_vendor(&rows[i]))
            printf("skip %s: this CPU is not one of Intel's\n", rows[i].name);
        else
            check(&rows[i], cases, argc > 1);
    }
    return 0;
}
#endif
