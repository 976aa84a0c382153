#include "register_globals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/guest_memory.h"
#include "lifted_names.h"
#include "register_access.h"
#include "wasm_bytes.h"
#include "wasm_instructions.h"

#define REGISTERS 32
#define FIRST_ADDRESS REGISTERS_ADDRESS
#define END_ADDRESS (REGISTERS_ADDRESS + 8 * REGISTERS)
#define GLOBAL_PREFIX "c2w_x"

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
    bool removed;      /* the address of an access that became one to a global; see block_to_if */
    bool becomes_if;
    bool is_memory;
    uint32_t more_offset; /* of an access to guest memory: see fold_offset */
    uint32_t address;  /* that access's: FIRST_ADDRESS <= address < END_ADDRESS; else 0 */
};

/* What is known of the value in a stack slot. */
struct origin {
    bool is_constant;
    bool is_sum;          /* of something and a constant */
    uint32_t value;       /* the constant, 0 if there is none; also one that a select may give */
    uint32_t instruction; /* of the constant */
    uint32_t add;         /* of the sum */
};

struct control {
    size_t height; /* of the stack below its parameters */
    uint32_t results;
    bool is_block;       /* without parameters and results */
    uint32_t start;      /* its instruction */
    unsigned branches;   /* to it, 2 for any number more than one */
    uint32_t branch;     /* a br_if to it in the block itself, with nothing on the stack; or 0 */
};

/* The arrays are reused from function to function. */
struct body {
    const struct module *module;
    const struct shape *shapes[256];                                /* by opcode; NULL = unknown */
    const struct shape *vector_shapes[sizeof vector_forms - 1]; /* by number behind OP_PREFIX_FD */
    bool needs_local;        /* some access does */
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
    uint32_t start = (uint32_t)body->count - 1;
    body->controls[body->control_count++] = (struct control){
        .height = body->depth >= parameters ? body->depth - parameters : 0,
        .results = results,
        .is_block = parameters + results == 0 && body->count && *body->instructions[start].start == OP_BLOCK,
        .start = start,
    };
}

static void branch_to(struct body *body, uint32_t label) {
    if (label >= body->control_count) {
        body->failure = "a label is missing";
        return;
    }
    struct control *control = &body->controls[body->control_count - 1 - label];
    if (control->branches < 2)
        control->branches++;
}

static void branch_if(struct body *body, uint32_t label) {
    branch_to(body, label);
    if (label == 0 && body->control_count && !body->unreachable) {
        struct control *control = &body->controls[body->control_count - 1];
        if (body->depth == control->height)
            control->branch = (uint32_t)body->count - 1;
    }
}

/* block A; condition; br_if 0; B; end is A; not condition; if B; end, a byte or two shorter, when no
 * other branch goes to that end. */
static void block_to_if(struct body *body, const struct control *control) {
    if (!control->is_block || control->branches != 1 || !control->branch)
        return;
    body->instructions[control->start].removed = true;
    body->instructions[control->branch].becomes_if = true;
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
        block_to_if(body, control);
        push_many(body, control->results);
        body->control_count--;
    }
}

static bool is_register(uint64_t address) {
    return address >= FIRST_ADDRESS && address < END_ADDRESS;
}

/* A load or store: does its address lie in a register? */
static void find_register(struct body *body, struct instruction *insn, struct origin address,
                          uint32_t offset, unsigned opcode, unsigned number) {
    uint64_t at = (uint64_t)address.value + offset;
    unsigned bytes = access_size(opcode, number);
    if (at + bytes <= FIRST_ADDRESS || at >= END_ADDRESS)
        return;
    struct register_access access = {opcode, number, 0, (uint32_t)at - REGISTERS_ADDRESS};
    if (!address.is_constant)
        body->failure = "the address of a register is no constant";
    else if (at < FIRST_ADDRESS || at + bytes > END_ADDRESS || !access_fits(&access))
        body->failure = "an access goes across registers";
    else if (!(body->module->global_mask >> (at - REGISTERS_ADDRESS) / 8 & 1))
        body->failure = "a register has no global";
    body->needs_local |= access_needs_local(&access);
    insn->address = (uint32_t)at;
    body->instructions[address.instruction].removed = address.is_constant;
}

/* Vector loads that are more than a load.  V8 computes the sum of memory's start and their offset
 * apart, once outside of a loop, and then has no registers for all these sums: an addition of the
 * offset is better. */
static bool wants_no_offset(unsigned opcode, unsigned number) {
    return opcode == OP_PREFIX_FD && ((number >= V128_LOAD8X8_S && number <= V128_LOAD64_SPLAT) ||
                                      number == V128_LOAD32_ZERO || number == V128_LOAD64_ZERO);
}

/* An address in guest memory is a sum with GUEST_BASE plus a displacement, where guest_memory.h
 * allows that as offset of the access; LLVM can have lost sight of that it is. */
static void fold_offset(struct body *body, struct instruction *insn, struct origin address) {
    if (!address.is_sum || address.value < GUEST_BASE_WASM - GUEST_GUARD ||
        address.value >= GUEST_BASE_WASM + GUEST_MIN)
        return;
    body->instructions[address.instruction].removed = true;
    body->instructions[address.add].removed = true;
    insn->more_offset = address.value;
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
    uint32_t vector = opcode == OP_PREFIX_FD ? read_leb(reader) : 0;
    if (opcode == OP_PREFIX_FD && vector < sizeof vector_forms - 1)
        shape = body->vector_shapes[vector];
    if (!shape) {
        body->failure = "an instruction is unknown";
        return;
    }
    struct origin lowest = {0}, next = {0}; /* of the operands; the lowest is an access's address */
    for (unsigned i = 0; i < shape->pops; i++) {
        next = lowest;
        lowest = pop(body);
    }
    struct origin result = {0};
    if (opcode == OP_SELECT)
        result.value = is_register(lowest.value) ? lowest.value : next.value;
    if (opcode == OP_I32_ADD && (lowest.is_constant || next.is_constant)) {
        result = lowest.is_constant ? lowest : next;
        result.is_constant = false;
        result.is_sum = true;
        result.add = number;
    }
    uint32_t index = 0;
    switch ((enum immediate)shape->immediate) {
    case IMMEDIATE_NONE:
        break;
    case IMMEDIATE_BLOCK:
        read_block_type(body, reader);
        break;
    case IMMEDIATE_INDEX:
        index = read_leb(reader);
        break;
    case IMMEDIATE_TABLE:
        for (uint32_t left = read_leb(reader) + 1; left && !reader->bad; left--) {
            uint32_t label = read_leb(reader);
            branch_to(body, label);
            branch_to(body, label); /* it cannot become another instruction */
        }
        break;
    case IMMEDIATE_TYPE:
        index = read_leb(reader);
        read_leb(reader);
        break;
    case IMMEDIATE_MEMORY:
    case IMMEDIATE_MEMORY_LANE:
        read_leb(reader);
        insn->is_memory = true;
        find_register(body, insn, lowest, read_leb(reader), opcode, vector);
        if (!wants_no_offset(opcode, vector))
            fold_offset(body, insn, lowest);
        if (shape->immediate == IMMEDIATE_MEMORY_LANE)
            read_byte(reader);
        break;
    case IMMEDIATE_BYTE:
        read_byte(reader);
        break;
    case IMMEDIATE_I32:
        result.is_constant = true;
        result.value = read_signed(reader);
        result.instruction = number;
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
    case IMMEDIATE_16:
        read_bytes(reader, 16);
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
    case OP_BR_IF:
        branch_if(body, index);
        break;
    case OP_BR:
        branch_to(body, index);
        body->unreachable = true;
        break;
    case OP_UNREACHABLE:
    case OP_BR_TABLE:
    case OP_RETURN:
        body->unreachable = true;
        break;
    }
    if (shape->pushes)
        push(body, result);
    body->instructions[number].size = (uint32_t)(reader->next - body->instructions[number].start);
}

/* The instruction, which accesses a register, from its bytes. */
static struct register_access read_access(const struct instruction *insn) {
    struct register_access access = {.offset = insn->address - REGISTERS_ADDRESS};
    struct reader reader = {insn->start, insn->start + insn->size, false};
    access.opcode = read_byte(&reader);
    if (access.opcode == OP_PREFIX_FD)
        access.number = read_leb(&reader);
    read_leb(&reader); /* alignment */
    read_leb(&reader); /* offset */
    if (bytes_left(&reader))
        access.lane = read_byte(&reader);
    return access;
}

/* An access to memory, with another offset where that is better. */
static void put_memory_access(const struct instruction *insn, struct code_output *out) {
    struct reader reader = {insn->start, insn->start + insn->size, false};
    unsigned opcode = read_byte(&reader), number = opcode == OP_PREFIX_FD ? read_leb(&reader) : 0;
    uint32_t alignment = read_leb(&reader), offset = read_leb(&reader) + insn->more_offset;
    if (offset && wants_no_offset(opcode, number)) {
        put_byte(out, OP_I32_CONST);
        put_signed_leb(out, (int32_t)offset);
        put_byte(out, OP_I32_ADD);
        offset = 0;
    }
    put_byte(out, opcode);
    if (opcode == OP_PREFIX_FD)
        put_leb(out, number);
    put_leb(out, alignment);
    put_leb(out, offset);
    put_bytes(out, reader.next, bytes_left(&reader));
}

/* Copies the declarations of locals.  The number of a local for a vector, if one is needed. */
static uint32_t put_locals(const struct body *body, uint32_t parameters, struct reader *code,
                           struct code_output *out) {
    uint32_t groups = read_leb(code), count = parameters;
    const unsigned char *start = code->next;
    for (uint32_t i = 0; i < groups && !code->bad; i++) {
        count += read_leb(code);
        read_byte(code);
    }
    put_leb(out, groups + body->needs_local);
    put_bytes(out, start, (size_t)(code->next - start));
    if (body->needs_local)
        put_bytes(out, (unsigned char[]){1, TYPE_V128}, 2);
    return count;
}

/* The opcode of the opposite comparison, or 0. */
static unsigned opposite(unsigned opcode) {
    static const unsigned char pairs[][2] = {
        {0x46, 0x47}, {0x48, 0x4e}, {0x49, 0x4f}, {0x4a, 0x4c}, {0x4b, 0x4d}, /* i32 */
        {0x51, 0x52}, {0x53, 0x59}, {0x54, 0x5a}, {0x55, 0x57}, {0x56, 0x58}, /* i64 */
        {0x5b, 0x5c}, {0x61, 0x62},                                           /* f32, f64: eq, ne */
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        for (unsigned j = 0; j < 2; j++)
            if (pairs[i][j] == opcode)
                return pairs[i][1 - j];
    return 0;
}

/* Labels that stand open: blocks that are removed count only from their `if` on. */
struct labels {
    bool *counts; /* body.control_room */
    size_t open;
};

static uint32_t new_label(const struct labels *labels, uint32_t label) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < label; i++)
        kept += labels->counts[labels->open - 1 - i];
    return kept;
}

static void put_branch(const struct instruction *insn, const struct labels *labels,
                       struct code_output *out) {
    struct reader reader = {insn->start, insn->start + insn->size, false};
    unsigned opcode = read_byte(&reader);
    put_byte(out, opcode);
    uint32_t count = 1;
    if (opcode == OP_BR_TABLE) {
        count += read_leb(&reader);
        put_leb(out, count - 1);
    }
    while (count--)
        put_leb(out, new_label(labels, read_leb(&reader)));
}

/* The condition was the last instruction put out. */
static void put_if(const struct instruction *condition, struct code_output *out) {
    unsigned last = condition->size == 1 ? *condition->start : 0, other = opposite(last);
    if (last == OP_I32_EQZ)
        out->size--;
    else if (other)
        out->bytes[out->size - 1] = (unsigned char)other;
    else
        put_byte(out, OP_I32_EQZ);
    put_bytes(out, (unsigned char[]){OP_IF, TYPE_NONE}, 2);
}

static void put_code(struct body *body, uint32_t local, struct code_output *out) {
    struct labels labels = {.counts = new_array(body->control_room, sizeof *labels.counts)};
    labels.counts[labels.open++] = true;
    for (size_t i = 0; i < body->count; i++) {
        const struct instruction *insn = &body->instructions[i];
        unsigned opcode = *insn->start;
        switch (opcode) {
        case OP_BLOCK:
        case OP_LOOP:
        case OP_IF:
            labels.counts[labels.open++] = !insn->removed;
            break;
        case OP_END:
            labels.open--;
            break;
        case OP_BR:
        case OP_BR_IF:
        case OP_BR_TABLE:
            if (insn->becomes_if) {
                put_if(insn - 1, out);
                labels.counts[labels.open - 1] = true;
            } else {
                put_branch(insn, &labels, out);
            }
            continue;
        }
        if (insn->removed)
            continue;
        if (insn->address) {
            struct register_access access = read_access(insn);
            put_access(out, &access, body->module->globals, local);
        } else if (insn->is_memory) {
            put_memory_access(insn, out);
        } else {
            put_bytes(out, insn->start, insn->size);
        }
    }
    free(labels.counts);
}

static void skip_locals(struct reader *code) {
    uint32_t groups = read_leb(code);
    while (groups-- && !code->bad) {
        read_leb(code);
        read_byte(code);
    }
}

static bool promote_function(struct body *body, uint32_t type, struct reader code,
                             struct code_output *out) {
    if (type >= body->module->type_count) {
        body->failure = "a type is missing";
        return false;
    }
    const struct function_type *signature = &body->module->types[type];
    struct reader locals = code;
    skip_locals(&code);
    body->count = body->depth = body->control_count = 0;
    body->unreachable = body->needs_local = false;
    enter_block(body, 0, signature->results);
    while (bytes_left(&code) && !body->failure)
        read_instruction(body, &code);
    if (code.bad || body->failure)
        return false;
    put_code(body, put_locals(body, signature->parameters, &locals, out), out);
    return true;
}

static void find_shapes(struct body *body) {
    for (size_t i = 0; i < sizeof shape_ranges / sizeof shape_ranges[0]; i++)
        for (unsigned opcode = shape_ranges[i].first; opcode <= shape_ranges[i].last; opcode++)
            body->shapes[opcode] = &shape_ranges[i].shape;
    for (size_t n = 0; n < sizeof vector_forms - 1; n++)
        for (size_t i = 0; i < sizeof vector_shapes / sizeof vector_shapes[0]; i++)
            if (vector_shapes[i].form == vector_forms[n])
                body->vector_shapes[n] = &vector_shapes[i].shape;
}

bool promote_registers(const unsigned char *bytes, size_t size, unsigned char **code,
                       size_t *code_size, char *error, size_t error_size) {
    struct module module = {0};
    struct body body = {.module = &module};
    struct code_output section = {0}, function = {0};
    find_shapes(&body);
    *code = NULL;
    *code_size = 0;
    bool good = read_module(&module, bytes, size);
    if (!good) {
        snprintf(error, error_size, "the linked module is malformed");
    } else if (module.global_mask != 0) {
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
