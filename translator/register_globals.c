#include "register_globals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasm_bytes.h"

#define REGISTERS 32
#define FIRST_ADDRESS (REGISTERS_ADDRESS + 8 * 1)
#define END_ADDRESS (REGISTERS_ADDRESS + 8 * REGISTERS)
#define LIFTED_PREFIX "lifted_"
#define GLOBAL_PREFIX "c2w_x"

/* --- instructions (core specification 2.0, section 5.4) --- */

enum immediate {
    IMMEDIATE_NONE,
    IMMEDIATE_BLOCK,  /* block type */
    IMMEDIATE_INDEX,  /* label, function, local, global */
    IMMEDIATE_TABLE,  /* br_table's labels */
    IMMEDIATE_TYPE,   /* type and table of an indirect call */
    IMMEDIATE_MEMORY, /* alignment and offset */
    IMMEDIATE_BYTE,
    IMMEDIATE_I32,
    IMMEDIATE_I64,
    IMMEDIATE_4,
    IMMEDIATE_8,
};

enum opcode {
    OP_UNREACHABLE = 0x00,
    OP_ELSE = 0x05,
    OP_END = 0x0b,
    OP_BR = 0x0c,
    OP_BR_TABLE = 0x0e,
    OP_RETURN = 0x0f,
    OP_CALL = 0x10,
    OP_CALL_INDIRECT = 0x11,
    OP_GLOBAL_GET = 0x23,
    OP_GLOBAL_SET = 0x24,
    OP_FIRST_STORE = 0x36,
    OP_I64_CONST = 0x42,
    OP_I64_AND = 0x83,
    OP_I64_OR = 0x84,
    OP_I64_SHL = 0x86,
    OP_I64_SHR_U = 0x88,
    OP_I32_WRAP_I64 = 0xa7,
    OP_I64_EXTEND_I32_U = 0xad,
    OP_I32_REINTERPRET_F32 = 0xbc,
    OP_I64_REINTERPRET_F64 = 0xbd,
    OP_F32_REINTERPRET_I32 = 0xbe,
    OP_F64_REINTERPRET_I64 = 0xbf,
    OP_I64_EXTEND8_S = 0xc2,
    OP_I64_EXTEND16_S = 0xc3,
    OP_I64_EXTEND32_S = 0xc4,
    OP_PREFIX_FC = 0xfc,
};

/* Ranges of opcodes with the same shape; blocks, branches and calls are handled by themselves. */
static const struct shape {
    unsigned char first, last;
    enum immediate immediate;
    unsigned char pops, pushes;
} shapes[] = {
    {0x00, 0x01, IMMEDIATE_NONE, 0, 0},  /* unreachable, nop */
    {0x02, 0x03, IMMEDIATE_BLOCK, 0, 0}, /* block, loop */
    {0x04, 0x04, IMMEDIATE_BLOCK, 1, 0}, /* if */
    {0x05, 0x05, IMMEDIATE_NONE, 0, 0},  /* else */
    {0x0b, 0x0b, IMMEDIATE_NONE, 0, 0},  /* end */
    {0x0c, 0x0c, IMMEDIATE_INDEX, 0, 0}, /* br */
    {0x0d, 0x0d, IMMEDIATE_INDEX, 1, 0}, /* br_if */
    {0x0e, 0x0e, IMMEDIATE_TABLE, 1, 0}, /* br_table */
    {0x0f, 0x0f, IMMEDIATE_NONE, 0, 0},  /* return */
    {0x10, 0x10, IMMEDIATE_INDEX, 0, 0}, /* call: and its type */
    {0x11, 0x11, IMMEDIATE_TYPE, 1, 0},  /* call_indirect: and its type */
    {0x1a, 0x1a, IMMEDIATE_NONE, 1, 0},  /* drop */
    {0x1b, 0x1b, IMMEDIATE_NONE, 3, 1},  /* select */
    {0x20, 0x20, IMMEDIATE_INDEX, 0, 1}, /* local.get */
    {0x21, 0x21, IMMEDIATE_INDEX, 1, 0}, /* local.set */
    {0x22, 0x22, IMMEDIATE_INDEX, 1, 1}, /* local.tee */
    {0x23, 0x23, IMMEDIATE_INDEX, 0, 1}, /* global.get */
    {0x24, 0x24, IMMEDIATE_INDEX, 1, 0}, /* global.set */
    {0x28, 0x35, IMMEDIATE_MEMORY, 1, 1}, /* loads */
    {0x36, 0x3e, IMMEDIATE_MEMORY, 2, 0}, /* stores */
    {0x3f, 0x3f, IMMEDIATE_BYTE, 0, 1},  /* memory.size */
    {0x40, 0x40, IMMEDIATE_BYTE, 1, 1},  /* memory.grow */
    {0x41, 0x41, IMMEDIATE_I32, 0, 1},
    {0x42, 0x42, IMMEDIATE_I64, 0, 1},
    {0x43, 0x43, IMMEDIATE_4, 0, 1},    /* f32.const */
    {0x44, 0x44, IMMEDIATE_8, 0, 1},    /* f64.const */
    {0x45, 0x45, IMMEDIATE_NONE, 1, 1}, /* i32.eqz */
    {0x46, 0x4f, IMMEDIATE_NONE, 2, 1}, /* i32 comparisons */
    {0x50, 0x50, IMMEDIATE_NONE, 1, 1}, /* i64.eqz */
    {0x51, 0x66, IMMEDIATE_NONE, 2, 1}, /* comparisons */
    {0x67, 0x69, IMMEDIATE_NONE, 1, 1}, /* i32 clz, ctz, popcnt */
    {0x6a, 0x78, IMMEDIATE_NONE, 2, 1}, /* i32 arithmetic */
    {0x79, 0x7b, IMMEDIATE_NONE, 1, 1}, /* i64 clz, ctz, popcnt */
    {0x7c, 0x8a, IMMEDIATE_NONE, 2, 1}, /* i64 arithmetic */
    {0x8b, 0x91, IMMEDIATE_NONE, 1, 1}, /* f32 abs to sqrt */
    {0x92, 0x98, IMMEDIATE_NONE, 2, 1}, /* f32 add to copysign */
    {0x99, 0x9f, IMMEDIATE_NONE, 1, 1}, /* f64 abs to sqrt */
    {0xa0, 0xa6, IMMEDIATE_NONE, 2, 1}, /* f64 add to copysign */
    {0xa7, 0xc4, IMMEDIATE_NONE, 1, 1}, /* conversions, sign extensions */
};

/* How a load or store uses the bits of a 64-bit register. */
static const struct access {
    unsigned char bytes;
    bool is_signed;
    unsigned char type; /* of the value: 'i' and 'I' integers, 'f' and 'F' floats, of 32 and 64 bits */
} accesses[] = {
    [0x28] = {4, false, 'i'}, [0x29] = {8, false, 'I'}, [0x2a] = {4, false, 'f'},
    [0x2b] = {8, false, 'F'}, [0x2c] = {1, true, 'i'},  [0x2d] = {1, false, 'i'},
    [0x2e] = {2, true, 'i'},  [0x2f] = {2, false, 'i'}, [0x30] = {1, true, 'I'},
    [0x31] = {1, false, 'I'}, [0x32] = {2, true, 'I'},  [0x33] = {2, false, 'I'},
    [0x34] = {4, true, 'I'},  [0x35] = {4, false, 'I'}, [0x36] = {4, false, 'i'},
    [0x37] = {8, false, 'I'}, [0x38] = {4, false, 'f'}, [0x39] = {8, false, 'F'},
    [0x3a] = {1, false, 'i'}, [0x3b] = {2, false, 'i'}, [0x3c] = {1, false, 'I'},
    [0x3d] = {2, false, 'I'}, [0x3e] = {4, false, 'I'},
};

/* --- the module --- */

struct function_type {
    uint32_t parameters, results;
};

struct module {
    struct function_type *types;
    uint32_t type_count;
    uint32_t *functions; /* type of each, imports first */
    uint32_t function_count, import_count;
    bool *is_lifted;            /* by function */
    uint32_t globals[REGISTERS]; /* index of c2w_x<n> */
    unsigned global_mask;
    struct reader code;
};

struct output {
    unsigned char *bytes;
    size_t size, room;
};

static void put_bytes(struct output *out, const void *bytes, size_t size) {
    if (size > out->room - out->size) {
        out->room = 2 * (out->size + size) + 4096;
        out->bytes = realloc(out->bytes, out->room);
        if (!out->bytes)
            abort();
    }
    if (size)
        memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_byte(struct output *out, unsigned byte) {
    put_bytes(out, &(unsigned char){(unsigned char)byte}, 1);
}

static void put_leb(struct output *out, uint32_t value) {
    unsigned char bytes[LEB_MAX];
    put_bytes(out, bytes, encode_leb(bytes, value));
}

static void put_i64_const(struct output *out, int64_t value) {
    put_byte(out, OP_I64_CONST);
    for (;;) {
        unsigned byte = value & 0x7f;
        value >>= 7;
        bool last = value == (byte & 0x40 ? -1 : 0);
        put_byte(out, last ? byte : byte | 0x80);
        if (last)
            return;
    }
}

/* Grows an array of `count` elements that starts empty. */
static void *new_array(size_t count, size_t size) {
    void *array = calloc(count + 1, size);
    if (!array)
        abort();
    return array;
}

static void read_types(struct module *module, struct reader section) {
    module->type_count = read_leb(&section);
    if (module->type_count > bytes_left(&section))
        return;
    module->types = new_array(module->type_count, sizeof *module->types);
    for (uint32_t i = 0; i < module->type_count && !section.bad; i++) {
        read_byte(&section); /* func */
        module->types[i].parameters = read_leb(&section);
        read_bytes(&section, module->types[i].parameters);
        module->types[i].results = read_leb(&section);
        read_bytes(&section, module->types[i].results);
    }
}

static void read_limits(struct reader *reader) {
    bool has_maximum = read_byte(reader) & 1;
    read_leb(reader);
    if (has_maximum)
        read_leb(reader);
}

static void add_function(struct module *module, uint32_t type) {
    if ((module->function_count & (module->function_count - 1)) == 0) {
        size_t room = module->function_count ? 2 * (size_t)module->function_count : 1;
        module->functions = realloc(module->functions, room * sizeof *module->functions);
        if (!module->functions)
            abort();
    }
    module->functions[module->function_count++] = type;
}

static void read_imports(struct module *module, struct reader section) {
    uint32_t count = read_leb(&section);
    while (count-- && !section.bad) {
        read_bytes(&section, read_leb(&section));
        read_bytes(&section, read_leb(&section));
        switch (read_byte(&section)) {
        case 0:
            add_function(module, read_leb(&section));
            break;
        case 1:
            read_byte(&section);
            read_limits(&section);
            break;
        case 2:
            read_limits(&section);
            break;
        default:
            read_bytes(&section, 2);
            break;
        }
    }
    module->import_count = module->function_count;
}

static void read_functions(struct module *module, struct reader section) {
    uint32_t count = read_leb(&section);
    while (count-- && !section.bad)
        add_function(module, read_leb(&section));
}

static bool starts_with(const unsigned char *bytes, size_t size, const char *prefix) {
    size_t length = strlen(prefix);
    return size >= length && memcmp(bytes, prefix, length) == 0;
}

#define NAMES_FUNCTIONS 1
#define NAMES_GLOBALS 7 /* extended name section proposal */
static void read_names(struct module *module, struct reader section) {
    static const unsigned char title[] = {4, 'n', 'a', 'm', 'e'};
    if (bytes_left(&section) < sizeof title || memcmp(section.next, title, sizeof title) != 0)
        return;
    read_bytes(&section, sizeof title);
    while (bytes_left(&section)) {
        unsigned id = read_byte(&section);
        uint32_t size = read_leb(&section);
        struct reader names = read_part(&section, size);
        uint32_t count = id == NAMES_FUNCTIONS || id == NAMES_GLOBALS ? read_leb(&names) : 0;
        while (count-- && !names.bad) {
            uint32_t index = read_leb(&names);
            uint32_t length = read_leb(&names);
            const unsigned char *name = read_bytes(&names, length);
            if (!name)
                break;
            if (id == NAMES_FUNCTIONS && index < module->function_count) {
                module->is_lifted[index] = starts_with(name, length, LIFTED_PREFIX);
            } else if (id == NAMES_GLOBALS && starts_with(name, length, GLOBAL_PREFIX)) {
                unsigned n = 0;
                for (size_t i = strlen(GLOBAL_PREFIX); i < length && n < REGISTERS; i++)
                    n = 10 * n + (name[i] - '0');
                if (n < REGISTERS) {
                    module->globals[n] = index;
                    module->global_mask |= 1u << n;
                }
            }
        }
    }
}

/* False when it is malformed. */
static bool read_module(struct module *module, const unsigned char *bytes, size_t size) {
    struct reader reader = {bytes + 8, bytes + size, false};
    while (bytes_left(&reader)) {
        unsigned id = read_byte(&reader);
        uint32_t length = read_leb(&reader);
        struct reader section = read_part(&reader, length);
        switch (id) {
        case 0:
            if (!module->is_lifted)
                module->is_lifted = new_array(module->function_count, sizeof *module->is_lifted);
            read_names(module, section);
            break;
        case 1:
            read_types(module, section);
            break;
        case 2:
            read_imports(module, section);
            break;
        case 3:
            read_functions(module, section);
            break;
        case 10:
            module->code = section;
            break;
        }
        if (section.bad)
            return false;
    }
    return !reader.bad && module->code.next;
}

/* --- one function --- */

struct instruction {
    const unsigned char *start;
    uint32_t size;
    bool removed;      /* the address of an access that became one to a global */
    uint32_t address;  /* that access's: FIRST_ADDRESS <= address < END_ADDRESS; else 0 */
};

/* What is known of the value in a stack slot. */
struct origin {
    bool is_constant;
    uint32_t value;       /* 0 if it is no constant */
    uint32_t instruction; /* of the constant */
};

struct control {
    size_t height; /* of the stack below its parameters */
    uint32_t results;
};

/* The arrays are reused from function to function. */
struct body {
    const struct module *module;
    const struct shape *shapes[256]; /* by opcode; NULL = unknown */
    struct instruction *instructions;
    size_t count, room;
    struct origin *stack;
    size_t depth, stack_room;
    struct control *controls;
    size_t control_count, control_room;
    bool unreachable;        /* up to the next end or else */
    const char *failure;
};

#define GROW(array, used, room)                                                                    \
    do {                                                                                           \
        if ((used) == (room)) {                                                                    \
            (room) = (room) ? 2 * (room) : 256;                                                    \
            (array) = realloc((array), (room) * sizeof *(array));                                  \
            if (!(array))                                                                          \
                abort();                                                                           \
        }                                                                                          \
    } while (0)

static void push(struct body *body, struct origin origin) {
    GROW(body->stack, body->depth, body->stack_room);
    body->stack[body->depth++] = origin;
}

static struct origin pop(struct body *body) {
    size_t floor = body->control_count ? body->controls[body->control_count - 1].height : 0;
    if (body->depth > floor)
        return body->stack[--body->depth];
    if (!body->unreachable)
        body->failure = "a value is missing";
    return (struct origin){0};
}

static void pop_many(struct body *body, uint32_t count) {
    while (count--)
        pop(body);
}

static void push_many(struct body *body, uint32_t count) {
    while (count--)
        push(body, (struct origin){0});
}

static void call(struct body *body, uint32_t type) {
    if (type >= body->module->type_count) {
        body->failure = "a type is missing";
        return;
    }
    pop_many(body, body->module->types[type].parameters);
    push_many(body, body->module->types[type].results);
}

static void enter_block(struct body *body, uint32_t parameters, uint32_t results) {
    GROW(body->controls, body->control_count, body->control_room);
    body->controls[body->control_count++] =
        (struct control){body->depth >= parameters ? body->depth - parameters : 0, results};
}

static void leave_block(struct body *body, bool is_else) {
    if (!body->control_count) {
        body->failure = "a block is missing";
        return;
    }
    const struct control *control = &body->controls[body->control_count - 1];
    body->depth = control->height;
    body->unreachable = false;
    if (!is_else) {
        push_many(body, control->results);
        body->control_count--;
    }
}

/* A load or store: does its address lie in a register? */
static void find_register(struct body *body, struct instruction *insn, struct origin address,
                          uint32_t offset, unsigned bytes) {
    uint64_t at = (uint64_t)address.value + offset;
    if (at + bytes <= FIRST_ADDRESS || at >= END_ADDRESS)
        return;
    if (!address.is_constant)
        body->failure = "the address of a register is no constant";
    else if (at < FIRST_ADDRESS || at % 8 + bytes > 8)
        body->failure = "an access goes across registers";
    insn->address = (uint32_t)at;
    body->instructions[address.instruction].removed = address.is_constant;
}

static uint32_t read_signed(struct reader *reader) {
    uint64_t value = 0;
    unsigned shift = 0, byte;
    do {
        byte = read_byte(reader);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && byte & 0x40)
        value |= ~(uint64_t)0 << shift;
    return (uint32_t)value;
}

static void read_block_type(struct body *body, struct reader *reader) {
    unsigned byte = reader->next < reader->end ? *reader->next : 0x40;
    if (byte == 0x40 || byte >= 0x6f) { /* none, or one value */
        read_byte(reader);
        enter_block(body, 0, byte != 0x40);
        return;
    }
    uint32_t type = read_signed(reader);
    if (type >= body->module->type_count)
        body->failure = "a type is missing";
    else
        enter_block(body, body->module->types[type].parameters, body->module->types[type].results);
}

/* fc instructions: saturating conversions, bulk memory. */
static void read_prefixed(struct body *body, struct reader *reader) {
    uint32_t number = read_leb(reader);
    if (number < 8) {
        pop(body);
        push_many(body, 1);
    } else if (number == 10 || number == 11) { /* memory.copy, memory.fill */
        read_bytes(reader, number == 10 ? 2 : 1);
        pop_many(body, 3);
    } else {
        body->failure = "an instruction is unknown";
    }
}

static void read_instruction(struct body *body, struct reader *reader) {
    GROW(body->instructions, body->count, body->room);
    uint32_t number = (uint32_t)body->count++;
    struct instruction *insn = &body->instructions[number];
    *insn = (struct instruction){.start = reader->next};
    unsigned opcode = read_byte(reader);
    if (opcode == OP_PREFIX_FC) {
        read_prefixed(body, reader);
        insn->size = (uint32_t)(reader->next - insn->start);
        return;
    }
    const struct shape *shape = body->shapes[opcode];
    if (!shape) {
        body->failure = "an instruction is unknown";
        return;
    }
    struct origin lowest = {0}; /* of the operands: an access's address */
    for (unsigned i = 0; i < shape->pops; i++)
        lowest = pop(body);
    struct origin result = {0};
    uint32_t index = 0;
    switch (shape->immediate) {
    case IMMEDIATE_NONE:
        break;
    case IMMEDIATE_BLOCK:
        read_block_type(body, reader);
        break;
    case IMMEDIATE_INDEX:
        index = read_leb(reader);
        break;
    case IMMEDIATE_TABLE:
        for (uint32_t left = read_leb(reader) + 1; left && !reader->bad; left--)
            read_leb(reader);
        break;
    case IMMEDIATE_TYPE:
        index = read_leb(reader);
        read_leb(reader);
        break;
    case IMMEDIATE_MEMORY:
        read_leb(reader);
        find_register(body, insn, lowest, read_leb(reader), accesses[opcode].bytes);
        break;
    case IMMEDIATE_BYTE:
        read_byte(reader);
        break;
    case IMMEDIATE_I32:
        result = (struct origin){true, read_signed(reader), number};
        break;
    case IMMEDIATE_I64:
        read_signed(reader);
        break;
    case IMMEDIATE_4:
        read_bytes(reader, 4);
        break;
    case IMMEDIATE_8:
        read_bytes(reader, 8);
        break;
    }
    switch (opcode) {
    case OP_CALL:
        if (index < body->module->function_count)
            call(body, body->module->functions[index]);
        else
            body->failure = "a function is missing";
        break;
    case OP_CALL_INDIRECT:
        call(body, index);
        break;
    case OP_ELSE:
    case OP_END:
        leave_block(body, opcode == OP_ELSE);
        break;
    case OP_UNREACHABLE:
    case OP_BR:
    case OP_BR_TABLE:
    case OP_RETURN:
        body->unreachable = true;
        break;
    }
    if (shape->pushes)
        push(body, result);
    body->instructions[number].size = (uint32_t)(reader->next - body->instructions[number].start);
}

static uint64_t access_mask(const struct access *access) {
    return access->bytes == 8 ? ~(uint64_t)0 : ((uint64_t)1 << 8 * access->bytes) - 1;
}

static void put_load(struct output *out, unsigned opcode, uint32_t global, unsigned shift) {
    const struct access *access = &accesses[opcode];
    put_byte(out, OP_GLOBAL_GET);
    put_leb(out, global);
    if (shift) {
        put_i64_const(out, shift);
        put_byte(out, OP_I64_SHR_U);
    }
    bool is_word = access->bytes == 4 && (access->type == 'i' || access->type == 'f');
    if (access->is_signed) {
        put_byte(out, access->bytes == 1   ? OP_I64_EXTEND8_S
                      : access->bytes == 2 ? OP_I64_EXTEND16_S
                                           : OP_I64_EXTEND32_S);
    } else if (access->bytes < 8 && !is_word) {
        put_i64_const(out, (int64_t)access_mask(access));
        put_byte(out, OP_I64_AND);
    }
    if (access->type == 'i' || access->type == 'f')
        put_byte(out, OP_I32_WRAP_I64);
    if (access->type == 'f')
        put_byte(out, OP_F32_REINTERPRET_I32);
    if (access->type == 'F')
        put_byte(out, OP_F64_REINTERPRET_I64);
}

static void put_store(struct output *out, unsigned opcode, uint32_t global, unsigned shift) {
    const struct access *access = &accesses[opcode];
    if (access->type == 'f')
        put_byte(out, OP_I32_REINTERPRET_F32);
    if (access->type == 'F')
        put_byte(out, OP_I64_REINTERPRET_F64);
    if (access->type == 'i' || access->type == 'f')
        put_byte(out, OP_I64_EXTEND_I32_U);
    if (access->bytes < 8) { /* the other bytes stay */
        uint64_t mask = access_mask(access);
        put_i64_const(out, (int64_t)mask);
        put_byte(out, OP_I64_AND);
        if (shift) {
            put_i64_const(out, shift);
            put_byte(out, OP_I64_SHL);
        }
        put_byte(out, OP_GLOBAL_GET);
        put_leb(out, global);
        put_i64_const(out, (int64_t) ~(mask << shift));
        put_byte(out, OP_I64_AND);
        put_byte(out, OP_I64_OR);
    }
    put_byte(out, OP_GLOBAL_SET);
    put_leb(out, global);
}

static void put_body(const struct body *body, const unsigned char *locals, size_t locals_size,
                     struct output *out) {
    put_bytes(out, locals, locals_size);
    for (size_t i = 0; i < body->count; i++) {
        const struct instruction *insn = &body->instructions[i];
        if (insn->removed)
            continue;
        if (!insn->address) {
            put_bytes(out, insn->start, insn->size);
            continue;
        }
        unsigned opcode = *insn->start;
        uint32_t in_registers = insn->address - REGISTERS_ADDRESS;
        uint32_t global = body->module->globals[in_registers / 8];
        unsigned shift = 8 * (in_registers % 8);
        if (opcode >= OP_FIRST_STORE)
            put_store(out, opcode, global, shift);
        else
            put_load(out, opcode, global, shift);
    }
}

static bool promote_function(struct body *body, uint32_t type, struct reader code,
                             struct output *out) {
    const unsigned char *start = code.next;
    uint32_t groups = read_leb(&code);
    while (groups-- && !code.bad) {
        read_leb(&code);
        read_byte(&code);
    }
    size_t locals_size = (size_t)(code.next - start);
    body->count = body->depth = body->control_count = 0;
    body->unreachable = false;
    enter_block(body, 0, type < body->module->type_count ? body->module->types[type].results : 0);
    while (bytes_left(&code) && !body->failure)
        read_instruction(body, &code);
    if (code.bad || body->failure)
        return false;
    put_body(body, start, locals_size, out);
    return true;
}

bool promote_registers(const unsigned char *bytes, size_t size, unsigned char **code,
                       size_t *code_size, char *error, size_t error_size) {
    struct module module = {0};
    struct body body = {.module = &module};
    struct output section = {0}, function = {0};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (unsigned opcode = shapes[i].first; opcode <= shapes[i].last; opcode++)
            body.shapes[opcode] = &shapes[i];
    *code = NULL;
    *code_size = 0;
    bool good = read_module(&module, bytes, size);
    if (!good) {
        snprintf(error, error_size, "the linked module is malformed");
    } else if (module.global_mask == ~1u) {
        struct reader reader = module.code;
        uint32_t count = read_leb(&reader);
        put_leb(&section, count);
        for (uint32_t i = 0; i < count && good; i++) {
            uint32_t number = module.import_count + i, length = read_leb(&reader);
            struct reader part = read_part(&reader, length);
            bool known = number < module.function_count && module.is_lifted;
            if (known && module.is_lifted[number]) {
                function.size = 0;
                good = promote_function(&body, module.functions[number], part, &function);
                put_leb(&section, (uint32_t)function.size);
                put_bytes(&section, function.bytes, function.size);
            } else {
                put_leb(&section, length);
                put_bytes(&section, part.next, bytes_left(&part));
            }
            if (!good || reader.bad) {
                good = false;
                snprintf(error, error_size, "internal error: lifted function %u: %s", number,
                         body.failure ? body.failure : "malformed");
            }
        }
        *code = section.bytes;
        *code_size = section.size;
    }
    if (!good) {
        free(section.bytes);
        *code = NULL;
    }
    free(function.bytes);
    free(body.instructions);
    free(body.stack);
    free(body.controls);
    free(module.types);
    free(module.functions);
    free(module.is_lifted);
    return good;
}
