/* x87 instructions with a memory operand, and the forms in which the unit's state is saved. */
#include <string.h>

#include "x87_stack.h"

/* --- operands --- */

enum memory_form {
    MEMORY_NONE,
    MEMORY_ARITHMETIC, /* of the escape's type */
    MEMORY_LOAD,
    MEMORY_STORE,
    MEMORY_STORE_POP,
    MEMORY_TRUNCATE_POP, /* FISTTP */
    MEMORY_LOAD_ENVIRONMENT,
    MEMORY_LOAD_CONTROL,
    MEMORY_STORE_ENVIRONMENT,
    MEMORY_STORE_CONTROL,
    MEMORY_RESTORE,
    MEMORY_SAVE,
    MEMORY_STORE_STATUS,
};

enum operand_type {
    TYPE_F32,
    TYPE_F64,
    TYPE_F80,
    TYPE_I16,
    TYPE_I32,
    TYPE_I64,
    TYPE_BCD,
    TYPE_OTHER,
};
static const uint8_t type_size[] = {4, 8, 10, 2, 4, 8, 10, 0};

static const struct memory_row {
    uint8_t form, type;
} memory_rows[8][8] = {
#define ALL_ARITHMETIC(type)                                                                       \
    {MEMORY_ARITHMETIC, type}, {MEMORY_ARITHMETIC, type}, {MEMORY_ARITHMETIC, type},               \
        {MEMORY_ARITHMETIC, type}, {MEMORY_ARITHMETIC, type}, {MEMORY_ARITHMETIC, type},           \
        {MEMORY_ARITHMETIC, type}, {                                                               \
        MEMORY_ARITHMETIC, type                                                                    \
    }
    {ALL_ARITHMETIC(TYPE_F32)},
    {{MEMORY_LOAD, TYPE_F32},
     {MEMORY_NONE, TYPE_OTHER},
     {MEMORY_STORE, TYPE_F32},
     {MEMORY_STORE_POP, TYPE_F32},
     {MEMORY_LOAD_ENVIRONMENT, TYPE_OTHER},
     {MEMORY_LOAD_CONTROL, TYPE_OTHER},
     {MEMORY_STORE_ENVIRONMENT, TYPE_OTHER},
     {MEMORY_STORE_CONTROL, TYPE_OTHER}},
    {ALL_ARITHMETIC(TYPE_I32)},
    {{MEMORY_LOAD, TYPE_I32},
     {MEMORY_TRUNCATE_POP, TYPE_I32},
     {MEMORY_STORE, TYPE_I32},
     {MEMORY_STORE_POP, TYPE_I32},
     {MEMORY_NONE, TYPE_OTHER},
     {MEMORY_LOAD, TYPE_F80},
     {MEMORY_NONE, TYPE_OTHER},
     {MEMORY_STORE_POP, TYPE_F80}},
    {ALL_ARITHMETIC(TYPE_F64)},
    {{MEMORY_LOAD, TYPE_F64},
     {MEMORY_TRUNCATE_POP, TYPE_I64},
     {MEMORY_STORE, TYPE_F64},
     {MEMORY_STORE_POP, TYPE_F64},
     {MEMORY_RESTORE, TYPE_OTHER},
     {MEMORY_NONE, TYPE_OTHER},
     {MEMORY_SAVE, TYPE_OTHER},
     {MEMORY_STORE_STATUS, TYPE_OTHER}},
    {ALL_ARITHMETIC(TYPE_I16)},
    {{MEMORY_LOAD, TYPE_I16},
     {MEMORY_TRUNCATE_POP, TYPE_I16},
     {MEMORY_STORE, TYPE_I16},
     {MEMORY_STORE_POP, TYPE_I16},
     {MEMORY_LOAD, TYPE_BCD},
     {MEMORY_LOAD, TYPE_I64},
     {MEMORY_STORE_POP, TYPE_BCD},
     {MEMORY_STORE_POP, TYPE_I64}},
};

static struct memory_row memory_row(unsigned escape, unsigned modrm) {
    return memory_rows[escape & 7][modrm >> 3 & 7];
}

#define ENVIRONMENT_SIZE(narrow) ((narrow) ? 14 : 28)
#define SAVE_SIZE(narrow) (ENVIRONMENT_SIZE(narrow) + 80)

struct x87_operand x87_operand_size(unsigned escape, unsigned modrm, bool narrow) {
    struct memory_row row = memory_row(escape, modrm);
    switch (row.form) {
    case MEMORY_NONE:
        return (struct x87_operand){0, 0};
    case MEMORY_ARITHMETIC:
    case MEMORY_LOAD:
        return (struct x87_operand){type_size[row.type], 0};
    case MEMORY_STORE:
    case MEMORY_STORE_POP:
    case MEMORY_TRUNCATE_POP:
        return (struct x87_operand){0, type_size[row.type]};
    case MEMORY_LOAD_ENVIRONMENT:
        return (struct x87_operand){ENVIRONMENT_SIZE(narrow), 0};
    case MEMORY_STORE_ENVIRONMENT:
        return (struct x87_operand){0, ENVIRONMENT_SIZE(narrow)};
    case MEMORY_RESTORE:
        return (struct x87_operand){SAVE_SIZE(narrow), 0};
    case MEMORY_SAVE:
        return (struct x87_operand){0, SAVE_SIZE(narrow)};
    case MEMORY_LOAD_CONTROL:
        return (struct x87_operand){2, 0};
    default:
        return (struct x87_operand){0, 2};
    }
}

static uint16_t get16(const uint8_t *bytes) {
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}
static uint32_t get32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}
static uint64_t get64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}
static void put16(uint8_t *bytes, unsigned value) {
    memcpy(bytes, &(uint16_t){(uint16_t)value}, 2);
}
static void put32(uint8_t *bytes, uint32_t value) { memcpy(bytes, &value, sizeof value); }
static void put64(uint8_t *bytes, uint64_t value) { memcpy(bytes, &value, sizeof value); }

static struct floatx80 get_operand(enum operand_type type, const uint8_t *operand, bool *denormal) {
    switch (type) {
    case TYPE_F32:
        return floatx80_from_f32(get32(operand), denormal);
    case TYPE_F64:
        return floatx80_from_f64(get64(operand), denormal);
    case TYPE_F80:
        return (struct floatx80){get64(operand), get16(operand + 8)};
    case TYPE_I16:
        return floatx80_from_i64((int16_t)get16(operand));
    case TYPE_I32:
        return floatx80_from_i64((int32_t)get32(operand));
    case TYPE_I64:
        return floatx80_from_i64((int64_t)get64(operand));
    default:
        return floatx80_from_bcd(operand);
    }
}

static void put_operand(enum operand_type type, struct floatx80 value, bool truncate,
                        uint8_t *operand, struct float_env *env) {
    switch (type) {
    case TYPE_F32:
        put32(operand, floatx80_to_f32(value, env));
        break;
    case TYPE_F64:
        put64(operand, floatx80_to_f64(value, env));
        break;
    case TYPE_F80:
        put64(operand, value.significand);
        put16(operand + 8, value.sign_exponent);
        break;
    case TYPE_I16:
        put16(operand, (unsigned)floatx80_to_integer(value, 16, truncate, env));
        break;
    case TYPE_I32:
        put32(operand, (uint32_t)floatx80_to_integer(value, 32, truncate, env));
        break;
    case TYPE_I64:
        put64(operand, (uint64_t)floatx80_to_integer(value, 64, truncate, env));
        break;
    default:
        floatx80_to_bcd(value, operand, env);
        break;
    }
}

static void load(struct x87 *x87, enum operand_type type, const uint8_t *operand) {
    struct float_env env = x87_env(x87);
    bool denormal = false;
    struct floatx80 value = get_operand(type, operand, &denormal);
    bool is_nan = (value.sign_exponent & 0x7fff) == 0x7fff && value.significand << 1;
    if (is_nan && type != TYPE_F80)
        value = floatx80_quiet(value, &env);
    x87_push(x87, value, &env);
    if (denormal && !(env.raised & X87_STACK_FAULT)) { /* loaded even if this is not masked */
        x87->status |= X87_DENORMAL;
        x87_summarise(x87);
    }
}

/* Nothing is stored, and the stack not popped, after an unmasked exception other than inexact. */
static void store(struct x87 *x87, enum operand_type type, bool truncate, bool pop,
                  uint8_t *operand) {
    uint8_t result[10];
    struct float_env env = x87_env(x87);
    struct floatx80 value = x87_read(x87, 0);
    bool empty = x87_empty(x87, 0);
    if (empty)
        value = FLOATX80_INDEFINITE;
    put_operand(type, value, truncate, result, &env);
    if (empty)
        env_underflow_stack(&env);
    if (!x87_raise(x87, &env) || x87_unmasked(&env, X87_OVERFLOW | X87_UNDERFLOW))
        return;
    memcpy(operand, result, type_size[type]);
    if (pop)
        x87_pop(x87);
}

/* --- environment and state --- */

/* Two bits a register: 0 valid, 1 zero, 2 special, 3 empty. */
static unsigned full_tags(const struct x87 *x87) {
    unsigned tags = 0;
    for (unsigned n = 0; n < 8; n++) {
        unsigned exponent = x87->sign_exponent[n] & 0x7fff, tag = 0;
        if (!(x87->occupied >> n & 1))
            tag = 3;
        else if (exponent == 0 && x87->significand[n] == 0)
            tag = 1;
        else if (exponent == 0 || exponent == 0x7fff || !(x87->significand[n] >> 63))
            tag = 2;
        tags |= tag << 2 * n;
    }
    return tags;
}

static void set_tags(struct x87 *x87, unsigned tags) {
    x87->occupied = 0;
    for (unsigned n = 0; n < 8; n++)
        if ((tags >> 2 * n & 3) != 3)
            x87->occupied |= (uint16_t)(1u << n);
}

#define CONTROL_DEFINED 0x1f7f /* bit 6 always reads 1 */
static void set_control(struct x87 *x87, unsigned control) {
    x87->control = (uint16_t)((control & CONTROL_DEFINED) | 0x40);
    x87_summarise(x87);
}

/* SDM volume 1, figures 8-9 and 8-12 (protected mode); selectors are 0. */
static void store_environment(struct x87 *x87, bool narrow, uint8_t *bytes) {
    unsigned tags = full_tags(x87);
    if (narrow) {
        const uint16_t words[7] = {x87->control,       x87->status, (uint16_t)tags,
                                   (uint16_t)x87->ip,  0,           (uint16_t)x87->dp, 0};
        memcpy(bytes, words, sizeof words);
    } else {
        const uint32_t words[7] = {0xffff0000 | x87->control,
                                   0xffff0000 | x87->status,
                                   0xffff0000 | tags,
                                   (uint32_t)x87->ip,
                                   (uint32_t)x87->opcode << 16,
                                   (uint32_t)x87->dp,
                                   0xffff0000};
        memcpy(bytes, words, sizeof words);
    }
}

static void load_environment(struct x87 *x87, bool narrow, const uint8_t *bytes) {
    unsigned step = narrow ? 2 : 4;
    x87->status = get16(bytes + step);
    set_tags(x87, get16(bytes + 2 * step));
    set_control(x87, get16(bytes));
    x87->ip = narrow ? get16(bytes + 6) : get32(bytes + 12);
    x87->dp = narrow ? get16(bytes + 10) : get32(bytes + 20);
    x87->opcode = narrow ? 0 : get16(bytes + 18) & 0x7ff;
}

static void save_registers(const struct x87 *x87, uint8_t *bytes, unsigned stride) {
    for (unsigned i = 0; i < 8; i++) {
        struct floatx80 value = x87_read(x87, i);
        put64(bytes + i * stride, value.significand);
        put16(bytes + i * stride + 8, value.sign_exponent);
    }
}

static void restore_registers(struct x87 *x87, const uint8_t *bytes, unsigned stride) {
    for (unsigned i = 0; i < 8; i++) {
        unsigned n = x87_register(x87, i);
        x87->significand[n] = get64(bytes + i * stride);
        x87->sign_exponent[n] = get16(bytes + i * stride + 8);
    }
}

void x87_save(const struct x87 *x87, uint8_t image[X87_FXSAVE_SIZE]) {
    put16(image, x87->control);
    put16(image + 2, x87->status);
    put16(image + 4, x87->occupied);
    put16(image + 6, x87->opcode);
    put64(image + 8, x87->ip);
    put64(image + 16, x87->dp);
    for (unsigned i = 0; i < 8; i++)
        memset(image + 32 + i * 16 + 10, 0, 6);
    save_registers(x87, image + 32, 16);
}

void x87_restore(struct x87 *x87, const uint8_t image[X87_FXSAVE_SIZE]) {
    x87->status = get16(image + 2);
    x87->occupied = image[4];
    x87->opcode = get16(image + 6) & 0x7ff;
    x87->ip = get64(image + 8);
    x87->dp = get64(image + 16);
    set_control(x87, get16(image));
    restore_registers(x87, image + 32, 16);
}

void x87_memory(struct x87 *x87, unsigned escape, unsigned modrm, bool narrow, uint8_t *operand) {
    struct memory_row row = memory_row(escape, modrm);
    switch (row.form) {
    case MEMORY_ARITHMETIC: {
        struct float_env env = x87_env(x87);
        struct floatx80 value = get_operand(row.type, operand, &env.denormal);
        x87_arithmetic(x87, modrm >> 3 & 7, value, false, 0, &env);
        break;
    }
    case MEMORY_LOAD:
        load(x87, row.type, operand);
        break;
    case MEMORY_STORE:
        store(x87, row.type, false, false, operand);
        break;
    case MEMORY_STORE_POP:
        store(x87, row.type, false, true, operand);
        break;
    case MEMORY_TRUNCATE_POP:
        store(x87, row.type, true, true, operand);
        break;
    case MEMORY_LOAD_ENVIRONMENT:
        load_environment(x87, narrow, operand);
        break;
    case MEMORY_LOAD_CONTROL:
        set_control(x87, get16(operand));
        break;
    case MEMORY_STORE_ENVIRONMENT:
        store_environment(x87, narrow, operand);
        set_control(x87, x87->control | X87_EXCEPTIONS);
        break;
    case MEMORY_STORE_CONTROL:
        put16(operand, x87->control);
        break;
    case MEMORY_RESTORE:
        load_environment(x87, narrow, operand);
        restore_registers(x87, operand + ENVIRONMENT_SIZE(narrow), 10);
        break;
    case MEMORY_SAVE:
        store_environment(x87, narrow, operand);
        save_registers(x87, operand + ENVIRONMENT_SIZE(narrow), 10);
        x87_initialise(x87);
        break;
    default:
        put16(operand, x87->status);
        break;
    }
}
