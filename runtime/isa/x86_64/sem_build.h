/* The primitives of x86-64's sem.h for the lifter (../sem_build.h has those of every guest); included
 * by translator/semantics_x86_64.c.  SSE's are in sse_build.h. */
#ifndef C2W_X86_64_SEM_BUILD_H
#define C2W_X86_64_SEM_BUILD_H

#include "../sem_build.h"
#include "flags.h"

#define SEM(name)                                                                                  \
    static void sem_##name(__attribute__((unused)) struct lift *l,                                 \
                           __attribute__((unused)) const struct insn *i,                           \
                           __attribute__((unused)) unsigned form,                                  \
                           __attribute__((unused)) bool segmented)

typedef LLVMValueRef I8, I16, V128;

/* The type of the operands is the width. */
#define C1(n) LLVMConstInt(l->i1, n, false)
#define C8(n) LLVMConstInt(l->i8, (uint8_t)(n), false)
#define C16(n) LLVMConstInt(l->i16, (uint16_t)(n), false)
#define ADD8 ADD64
#define ADD16 ADD64
#define SUB8 SUB64
#define SUB16 SUB64
#define MUL8 MUL64
#define MUL16 MUL64
#define AND8 AND64
#define AND16 AND64
#define OR8 OR64
#define OR16 OR64
#define XOR8 XOR64
#define XOR16 XOR64
#define XOR1 XOR64
#define NOT8 NOT64
#define NOT16 NOT64
#define NEG8 NEG64
#define NEG16 NEG64
#define SHL8 SHL64
#define SHL16 SHL64
#define SHR8 SHR64
#define SHR16 SHR64
#define SAR8 SAR64
#define SAR16 SAR64
#define ROTL8 ROTL64
#define ROTL16 ROTL64
#define ROTR8 ROTR64
#define ROTR16 ROTR64
#define EQ8 EQ64
#define EQ16 EQ64
#define NE8 NE64
#define NE16 NE64
#define NE32 NE64
#define LTS8 LTS64
#define LTS16 LTS64
#define LTS32 LTS64
#define SEL8 SEL64
#define SEL16 SEL64

static inline LLVMValueRef build_extend(struct lift *l, LLVMValueRef a, bool is_signed) {
    if (LLVMTypeOf(a) == l->i64)
        return a;
    return is_signed ? LLVMBuildSExt(l->builder, a, l->i64, "")
                     : LLVMBuildZExt(l->builder, a, l->i64, "");
}
#define SX8_64(a) build_extend(l, a, true)
#define SX16_64 SX8_64
#define SX32_64 SX8_64
#define SX64_64(a) (a)
#define ZX8_64(a) build_extend(l, a, false)
#define ZX16_64 ZX8_64
#define ZX32_64 ZX8_64
#define ZX64_64(a) (a)
#define TR8(a) LLVMBuildTrunc(l->builder, a, l->i8, "")
#define TR16(a) LLVMBuildTrunc(l->builder, a, l->i16, "")
#define TR32(a) LLVMBuildTrunc(l->builder, a, l->i32, "")
#define TR64(a) (a)
#define BOOL8(a) LLVMBuildZExt(l->builder, a, l->i8, "")

/* Registers: a 32-bit write clears the upper half, narrower ones keep the rest. */
static inline void build_write_low16(struct lift *l, unsigned n, LLVMValueRef value) {
    LLVMValueRef old = AND64(read_register(l, n), C64(~(uint64_t)0xffff));
    write_register(l, n, OR64(old, LLVMBuildZExt(l->builder, value, l->i64, "")));
}
#define R8(n) read_byte_register(l, n)
#define R16(n) TR16(read_register(l, n))
#define R32(n) TR32(read_register(l, n))
#define R64(n) read_register(l, n)
#define WR8(n, v) write_byte_register(l, n, v)
#define WR16(n, v) build_write_low16(l, n, v)
#define WR32(n, v) write_register(l, n, LLVMBuildZExt(l->builder, v, l->i64, ""))
#define WR64(n, v) write_register(l, n, v)

/* --- memory --- */

static inline LLVMValueRef build_segment_base(struct lift *l, unsigned reg) {
    return load_state(l, l->i64, offsetof(struct cpu, r) + 8 * reg);
}

/* A register of an address, NULL where it is 0. */
static inline LLVMValueRef build_address_register(struct lift *l, unsigned reg) {
    if (reg == REG_ZERO)
        return NULL;
    if (reg == REG_4GIB)
        return C64((uint64_t)1 << 32);
    return reg > REG_4GIB ? build_segment_base(l, reg) : read_register(l, reg);
}

static inline LLVMValueRef build_in_segment(struct lift *l, const struct insn *i,
                                            LLVMValueRef offset) {
    if (i->flags & INSN_ADDRESS32)
        offset = LLVMBuildZExt(l->builder, TR32(offset), l->i64, "");
    if (i->flags & INSN_FS)
        offset = ADD64(offset, build_segment_base(l, REG_FS_BASE));
    if (i->flags & INSN_GS)
        offset = ADD64(offset, build_segment_base(l, REG_GS_BASE));
    return offset;
}

/* The address of the memory operand, `distance` (or NULL) added where the address wraps. */
static inline LLVMValueRef build_operand(struct lift *l, const struct insn *i, bool segmented,
                                         LLVMValueRef distance) {
    LLVMValueRef sum;
    if (segmented && i->flags & INSN_ABSOLUTE64) {
        sum = C64((uint64_t)(uint32_t)i->imm << 32 | (uint32_t)i->disp);
    } else {
        LLVMValueRef base = build_address_register(l, i->base);
        LLVMValueRef index = build_address_register(l, i->index);
        if (index && i->scale)
            index = SHL64(index, C64(i->scale));
        sum = base && index ? ADD64(base, index) : base ? base : index ? index : C64(0);
        if (i->disp)
            sum = ADD64(sum, C64((int64_t)i->disp));
    }
    if (distance)
        sum = ADD64(sum, distance);
    return segmented ? build_in_segment(l, i, sum) : sum;
}
#define ADDRESS() build_operand(l, i, segmented, NULL)
#define ADDRESS_PLUS(distance) build_operand(l, i, segmented, distance)
#define OFFSET_ADDRESS(offset) (segmented ? build_in_segment(l, i, offset) : (offset))

/* An address is an i64: a constant that was added to it last is found again, to be folded into the
 * access. */
struct operand_address {
    LLVMValueRef base;
    int32_t displacement;
};
static inline struct operand_address build_split(LLVMValueRef address) {
    if (LLVMIsAInstruction(address) && LLVMGetInstructionOpcode(address) == LLVMAdd) {
        LLVMValueRef constant = LLVMGetOperand(address, 1);
        if (LLVMIsAConstantInt(constant)) {
            int64_t value = LLVMConstIntGetSExtValue(constant);
            if (value >= 0 && value < (int64_t)GUEST_MIN)
                return (struct operand_address){LLVMGetOperand(address, 0), (int32_t)value};
        }
    }
    return (struct operand_address){address, 0};
}
static inline LLVMValueRef build_load_at(struct lift *l, LLVMTypeRef type, LLVMValueRef address) {
    struct operand_address at = build_split(address);
    return build_load(l, type, at.base, at.displacement);
}
static inline void build_store_at(struct lift *l, LLVMValueRef address, LLVMValueRef value) {
    struct operand_address at = build_split(address);
    LLVMValueRef pointer = build_address(l, at.base, at.displacement);
    LLVMValueRef store = LLVMBuildStore(l->builder, value, pointer);
    LLVMSetAlignment(store, 1);
    LLVMSetMetadata(store, l->tbaa_kind, l->tbaa_guest);
}
#define LOAD8(address) build_load_at(l, l->i8, address)
#define LOAD16(address) build_load_at(l, l->i16, address)
#define LOAD32(address) build_load_at(l, l->i32, address)
#define LOAD64(address) build_load_at(l, l->i64, address)
#define STORE8(address, value) build_store_at(l, address, value)
#define STORE16 STORE8
#define STORE32 STORE8
#define STORE64 STORE8

/* --- flags: SSA values in the format of the CPU state; where the kind is known, conditions are
 * comparisons of the operands --- */

static inline void build_flags(struct lift *l, enum flags_kind kind, unsigned width, LLVMValueRef a,
                               LLVMValueRef b) {
    l->guest.facts.flags_known = true;
    l->guest.facts.flags_op = FLAGS_OP(kind, width);
    write_register(l, REGISTER_FLAGS_OP, C64(FLAGS_OP(kind, width)));
    write_register(l, REGISTER_FLAGS_A, a);
    write_register(l, REGISTER_FLAGS_B, b);
}

/* A flag as its bit of rflags. */
static inline LLVMValueRef build_flag_bit(struct lift *l, LLVMValueRef flag, uint64_t bit) {
    return SEL64(flag, C64(bit), C64(0));
}

static inline void build_result_flags(struct lift *l, unsigned width, LLVMValueRef result,
                                      LLVMValueRef carry, LLVMValueRef overflow,
                                      LLVMValueRef adjust_bit) {
    LLVMValueRef b =
        OR64(build_flag_bit(l, carry, RFLAGS_CF), build_flag_bit(l, overflow, RFLAGS_OF));
    if (adjust_bit)
        b = OR64(b, adjust_bit);
    build_flags(l, FLAGS_RESULT, width, build_extend(l, result, true), b);
}

static inline LLVMTypeRef build_width_type(struct lift *l, unsigned width) {
    return width == 8 ? l->i8 : width == 16 ? l->i16 : width == 32 ? l->i32 : l->i64;
}

/* The operands and result of the operation that set the flags, in its width; the kind is known and
 * not FLAGS_BITS. */
struct build_flag_operands {
    LLVMValueRef a, b, result;
    LLVMTypeRef type;
};
static inline struct build_flag_operands build_flag_operands(struct lift *l) {
    struct build_flag_operands o;
    o.type = build_width_type(l, 64 - (l->guest.facts.flags_op & 63));
    o.a = read_register(l, REGISTER_FLAGS_A);
    o.b = read_register(l, REGISTER_FLAGS_B);
    if (o.type != l->i64) {
        o.a = LLVMBuildTrunc(l->builder, o.a, o.type, "");
        o.b = LLVMBuildTrunc(l->builder, o.b, o.type, "");
    }
    switch (FLAGS_KIND(l->guest.facts.flags_op)) {
    case FLAGS_SUB:
        o.result = SUB64(o.a, o.b);
        break;
    case FLAGS_ADD:
        o.result = ADD64(o.a, o.b);
        break;
    default: /* the lifter makes no FLAGS_ADD_CARRY and FLAGS_SUB_BORROW */
        o.result = o.a;
        break;
    }
    return o;
}

static inline LLVMValueRef build_b_flag(struct lift *l, uint64_t bit) {
    return NE64(AND64(read_register(l, REGISTER_FLAGS_B), C64(bit)), C64(0));
}
static inline LLVMValueRef build_a_flag(struct lift *l, uint64_t bit) {
    return NE64(AND64(read_register(l, REGISTER_FLAGS_A), C64(bit)), C64(0));
}
static inline bool build_kind_is(struct lift *l, enum flags_kind kind) {
    return FLAGS_KIND(l->guest.facts.flags_op) == kind;
}
static inline LLVMValueRef build_smallest(LLVMTypeRef type) {
    return LLVMConstInt(type, (uint64_t)1 << (LLVMGetIntTypeWidth(type) - 1), false);
}

static inline LLVMValueRef build_carry(struct lift *l) {
    struct build_flag_operands o = build_flag_operands(l);
    if (build_kind_is(l, FLAGS_SUB))
        return LTU64(o.a, o.b);
    if (build_kind_is(l, FLAGS_ADD))
        return LTU64(o.result, o.a);
    return build_b_flag(l, RFLAGS_CF);
}
static inline LLVMValueRef build_overflow(struct lift *l) {
    struct build_flag_operands o = build_flag_operands(l);
    LLVMValueRef zero = LLVMConstNull(o.type);
    if (build_kind_is(l, FLAGS_SUB)) /* the form that folds with the sign to one comparison */
        return XOR1(LTS64(o.result, zero), LTS64(o.a, o.b));
    if (build_kind_is(l, FLAGS_ADD))
        return LTS64(AND64(XOR64(o.a, o.result), XOR64(o.b, o.result)), zero);
    if (build_kind_is(l, FLAGS_INC))
        return EQ64(o.a, build_smallest(o.type));
    if (build_kind_is(l, FLAGS_DEC))
        return EQ64(o.a, SUB64(build_smallest(o.type), LLVMConstInt(o.type, 1, false)));
    return build_b_flag(l, RFLAGS_OF);
}
static inline LLVMValueRef build_zero(struct lift *l) {
    struct build_flag_operands o = build_flag_operands(l);
    return build_kind_is(l, FLAGS_SUB) ? EQ64(o.a, o.b) : EQ64(o.result, LLVMConstNull(o.type));
}
static inline LLVMValueRef build_sign(struct lift *l) {
    struct build_flag_operands o = build_flag_operands(l);
    return LTS64(o.result, LLVMConstNull(o.type));
}
static inline LLVMValueRef build_parity(struct lift *l) {
    struct build_flag_operands o = build_flag_operands(l);
    LLVMValueRef low = o.type == l->i8 ? o.result : TR8(o.result);
    LLVMValueRef ones = build_unary(l, "llvm.ctpop", LLVMBuildZExt(l->builder, low, l->i32, ""));
    return EQ32(AND32(ones, C32(1)), C32(0));
}
/* AF as its bit. */
static inline LLVMValueRef build_adjust_bit(struct lift *l) {
    struct build_flag_operands o = build_flag_operands(l);
    LLVMValueRef a = read_register(l, REGISTER_FLAGS_A), b = read_register(l, REGISTER_FLAGS_B);
    LLVMValueRef low = AND64(a, C64(15));
    if (build_kind_is(l, FLAGS_INC))
        return build_flag_bit(l, EQ64(low, C64(0)), RFLAGS_AF);
    if (build_kind_is(l, FLAGS_DEC))
        return build_flag_bit(l, EQ64(low, C64(15)), RFLAGS_AF);
    if (build_kind_is(l, FLAGS_RESULT))
        return AND64(b, C64(RFLAGS_AF));
    return AND64(XOR64(XOR64(a, b), build_extend(l, o.result, true)), C64(RFLAGS_AF));
}

/* The condition of an even code; the kind is known and not FLAGS_BITS. */
static inline LLVMValueRef build_known_condition(struct lift *l, enum condition cc) {
    struct build_flag_operands o = build_flag_operands(l);
    bool is_sub = build_kind_is(l, FLAGS_SUB);
    switch (cc) {
    case CC_O:
        return build_overflow(l);
    case CC_B:
        return build_carry(l);
    case CC_E:
        return build_zero(l);
    case CC_BE:
        return is_sub ? LLVMBuildICmp(l->builder, LLVMIntULE, o.a, o.b, "")
                      : OR1(build_carry(l), build_zero(l));
    case CC_S:
        return build_sign(l);
    case CC_P:
        return build_parity(l);
    case CC_L:
        return is_sub ? LTS64(o.a, o.b) : XOR1(build_sign(l), build_overflow(l));
    default: /* CC_LE */
        return is_sub ? LLVMBuildICmp(l->builder, LLVMIntSLE, o.a, o.b, "")
                      : OR1(build_zero(l), XOR1(build_sign(l), build_overflow(l)));
    }
}
/* ... of FLAGS_BITS, which keeps the flags as in rflags. */
static inline LLVMValueRef build_bits_condition(struct lift *l, enum condition cc) {
    switch (cc) {
    case CC_O:
        return build_a_flag(l, RFLAGS_OF);
    case CC_B:
        return build_a_flag(l, RFLAGS_CF);
    case CC_E:
        return build_a_flag(l, RFLAGS_ZF);
    case CC_BE:
        return OR1(build_a_flag(l, RFLAGS_CF), build_a_flag(l, RFLAGS_ZF));
    case CC_S:
        return build_a_flag(l, RFLAGS_SF);
    case CC_P:
        return build_a_flag(l, RFLAGS_PF);
    case CC_L:
        return XOR1(build_a_flag(l, RFLAGS_SF), build_a_flag(l, RFLAGS_OF));
    default: /* CC_LE */
        return OR1(build_a_flag(l, RFLAGS_ZF),
                   XOR1(build_a_flag(l, RFLAGS_SF), build_a_flag(l, RFLAGS_OF)));
    }
}

/* The flags as arguments of a function of the runtime. */
static inline LLVMValueRef build_flags_call(struct lift *l, const char *name, LLVMTypeRef result,
                                            int cc) {
    LLVMValueRef arguments[4] = {TR32(read_register(l, REGISTER_FLAGS_OP)),
                                 read_register(l, REGISTER_FLAGS_A),
                                 read_register(l, REGISTER_FLAGS_B), C32(cc)};
    return call_runtime(l, name, result, arguments, cc < 0 ? 3 : 4);
}

static inline LLVMValueRef build_condition(struct lift *l, enum condition cc) {
    if (!l->guest.facts.flags_known)
        return NE32(build_flags_call(l, "c2w_flags_condition", l->i32, cc), C32(0));
    enum condition even = cc & ~1u;
    LLVMValueRef value = build_kind_is(l, FLAGS_BITS) ? build_bits_condition(l, even)
                                                      : build_known_condition(l, even);
    return cc & 1 ? NOT1(value) : value;
}

/* CF PF AF ZF SF OF as in rflags. */
static inline LLVMValueRef build_arithmetic_flags(struct lift *l) {
    if (l->guest.facts.flags_known && build_kind_is(l, FLAGS_BITS))
        return read_register(l, REGISTER_FLAGS_A);
    return build_flags_call(l, "c2w_flags_arithmetic", l->i64, -1);
}

#define SET_SUB(W, a, b) build_flags(l, FLAGS_SUB, W, SX##W##_64(a), SX##W##_64(b))
#define SET_ADD(W, a, b) build_flags(l, FLAGS_ADD, W, SX##W##_64(a), SX##W##_64(b))
#define SET_LOGIC(W, result) build_flags(l, FLAGS_SUB, W, SX##W##_64(result), C64(0))
#define SET_INC(W, result, carry)                                                                  \
    build_flags(l, FLAGS_INC, W, SX##W##_64(result), build_flag_bit(l, carry, RFLAGS_CF))
#define SET_DEC(W, result, carry)                                                                  \
    build_flags(l, FLAGS_DEC, W, SX##W##_64(result), build_flag_bit(l, carry, RFLAGS_CF))
#define SET_RESULT(W, result, carry, overflow)                                                     \
    build_result_flags(l, W, result, carry, overflow, NULL)

/* a + b + carry and a - b - carry, with all flags worked out. */
static inline void build_set_adc(struct lift *l, unsigned width, LLVMValueRef a, LLVMValueRef b,
                                 LLVMValueRef carry, bool is_add) {
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef extra = LLVMBuildZExt(l->builder, carry, type, ""), zero = LLVMConstNull(type);
    LLVMValueRef result = is_add ? ADD64(ADD64(a, b), extra) : SUB64(SUB64(a, b), extra);
    LLVMValueRef small = is_add ? result : a, large = is_add ? a : b;
    LLVMValueRef out = SEL64(carry, LLVMBuildICmp(l->builder, LLVMIntULE, small, large, ""),
                             LTU64(small, large));
    LLVMValueRef signs = is_add ? AND64(XOR64(a, result), XOR64(b, result))
                                : AND64(XOR64(a, b), XOR64(a, result));
    LLVMValueRef adjust = XOR64(XOR64(a, b), result);
    build_result_flags(l, width, result, out, LTS64(signs, zero),
                       AND64(build_extend(l, adjust, false), C64(RFLAGS_AF)));
}
#define SET_ADC(W, a, b, carry) build_set_adc(l, W, a, b, carry, true)
#define SET_SBB(W, a, b, carry) build_set_adc(l, W, a, b, carry, false)

/* Flags that stay as they are unless `changed` holds. */
static inline void build_keep_or_set(struct lift *l, LLVMValueRef changed, LLVMValueRef op,
                                     LLVMValueRef a, LLVMValueRef b) {
    write_register(l, REGISTER_FLAGS_OP, SEL64(changed, op, read_register(l, REGISTER_FLAGS_OP)));
    write_register(l, REGISTER_FLAGS_A, SEL64(changed, a, read_register(l, REGISTER_FLAGS_A)));
    write_register(l, REGISTER_FLAGS_B, SEL64(changed, b, read_register(l, REGISTER_FLAGS_B)));
    l->guest.facts.flags_known = false;
}
static inline void build_keep_or_set_result(struct lift *l, unsigned width, LLVMValueRef changed,
                                            LLVMValueRef result, LLVMValueRef carry,
                                            LLVMValueRef overflow) {
    if (LLVMIsAConstantInt(changed)) {
        if (LLVMConstIntGetZExtValue(changed))
            build_result_flags(l, width, result, carry, overflow, NULL);
        return;
    }
    LLVMValueRef b =
        OR64(build_flag_bit(l, carry, RFLAGS_CF), build_flag_bit(l, overflow, RFLAGS_OF));
    build_keep_or_set(l, changed, C64(FLAGS_OP(FLAGS_RESULT, width)), build_extend(l, result, true),
                      b);
}
#define KEEP_OR_SET_RESULT(W, changed, result, carry, overflow)                                    \
    build_keep_or_set_result(l, W, changed, result, carry, overflow)

/* Other values of CF, and of OF unless it is NULL; the rest stays. */
static inline void build_change_carry(struct lift *l, LLVMValueRef carry, LLVMValueRef overflow) {
    if (l->guest.facts.flags_known && !build_kind_is(l, FLAGS_BITS)) {
        struct build_flag_operands o = build_flag_operands(l);
        unsigned width = 64 - (l->guest.facts.flags_op & 63);
        LLVMValueRef adjust = build_adjust_bit(l);
        build_result_flags(l, width, o.result, carry, overflow ? overflow : build_overflow(l),
                           adjust);
        return;
    }
    uint64_t mask = RFLAGS_CF | (overflow ? RFLAGS_OF : 0);
    LLVMValueRef bits = AND64(build_arithmetic_flags(l), C64(~mask));
    bits = OR64(bits, build_flag_bit(l, carry, RFLAGS_CF));
    if (overflow)
        bits = OR64(bits, build_flag_bit(l, overflow, RFLAGS_OF));
    build_flags(l, FLAGS_BITS, 64, bits, C64(0));
}
static inline void build_keep_or_set_carry(struct lift *l, LLVMValueRef changed, LLVMValueRef carry,
                                           LLVMValueRef overflow) {
    if (LLVMIsAConstantInt(changed)) {
        if (LLVMConstIntGetZExtValue(changed))
            build_change_carry(l, carry, overflow);
        return;
    }
    LLVMValueRef op = read_register(l, REGISTER_FLAGS_OP), a = read_register(l, REGISTER_FLAGS_A),
                 b = read_register(l, REGISTER_FLAGS_B);
    build_change_carry(l, carry, overflow);
    LLVMValueRef new_op = read_register(l, REGISTER_FLAGS_OP);
    LLVMValueRef new_a = read_register(l, REGISTER_FLAGS_A);
    LLVMValueRef new_b = read_register(l, REGISTER_FLAGS_B);
    write_register(l, REGISTER_FLAGS_OP, op);
    write_register(l, REGISTER_FLAGS_A, a);
    write_register(l, REGISTER_FLAGS_B, b);
    build_keep_or_set(l, changed, new_op, new_a, new_b);
}
#define KEEP_OR_SET_CARRY_OVERFLOW(changed, carry, overflow)                                       \
    build_keep_or_set_carry(l, changed, carry, overflow)
#define SET_CARRY(carry) build_change_carry(l, carry, NULL)
#define SET_FLAGS(bits) build_flags(l, FLAGS_BITS, 64, bits, C64(0))
#define CONDITION(cc) build_condition(l, cc)
#define CARRY() build_condition(l, CC_B)
#define ZERO() build_condition(l, CC_E)
#define RFLAGS() build_flags_call(l, "c2w_rflags", l->i64, -1)
static inline void build_write_rflags(struct lift *l, LLVMValueRef value) {
    call_runtime(l, "c2w_write_other_flags", LLVMVoidTypeInContext(l->context), &value, 1);
    build_flags(l, FLAGS_BITS, 64, AND64(value, C64(RFLAGS_ARITHMETIC)), C64(0));
}
#define WRITE_RFLAGS(value) build_write_rflags(l, value)
#define DIRECTION(n) store_state(l, C32(n), offsetof(struct cpu, direction))

/* --- arithmetic --- */

/* The upper half of a product that fits 64 bits. */
static inline LLVMValueRef build_high_product(struct lift *l, LLVMValueRef a, LLVMValueRef b,
                                              bool is_signed) {
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef product = MUL64(build_extend(l, a, is_signed), build_extend(l, b, is_signed));
    return LLVMBuildTrunc(l->builder, SHR64(product, C64(LLVMGetIntTypeWidth(type))), type, "");
}
#define MULHU8(a, b) build_high_product(l, a, b, false)
#define MULHU16 MULHU8
#define MULHU32 MULHU8
#define MULHS8(a, b) build_high_product(l, a, b, true)
#define MULHS16 MULHS8
#define MULHS32 MULHS8

/* 128 by 64 bits: the dividend nearly always is a 64-bit number that was extended, which needs no
 * function of the runtime. */
static inline LLVMValueRef build_wide_division(struct lift *l, const char *name, LLVMOpcode opcode,
                                               LLVMValueRef high, LLVMValueRef low,
                                               LLVMValueRef divisor) {
    bool is_signed = opcode == LLVMSDiv || opcode == LLVMSRem;
    LLVMValueRef extension = is_signed ? SAR64(low, C64(63)) : C64(0);
    struct choice choice = begin_choice(l, EQ64(high, extension));
    LLVMValueRef narrow = LLVMBuildBinOp(l->builder, opcode, low, divisor, "");
    otherwise(l, &choice, narrow);
    LLVMValueRef arguments[] = {high, low, divisor};
    return end_choice(l, &choice, call_runtime(l, name, l->i64, arguments, 3));
}
#define DIVU128(high, low, divisor)                                                                \
    build_wide_division(l, "x86_divu128", LLVMUDiv, high, low, divisor)
#define REMU128(high, low, divisor)                                                                \
    build_wide_division(l, "x86_remu128", LLVMURem, high, low, divisor)
#define DIVS128(high, low, divisor)                                                                \
    build_wide_division(l, "x86_divs128", LLVMSDiv, high, low, divisor)
#define REMS128(high, low, divisor)                                                                \
    build_wide_division(l, "x86_rems128", LLVMSRem, high, low, divisor)
static inline LLVMValueRef build_division_overflows(struct lift *l, LLVMValueRef high,
                                                    LLVMValueRef low, LLVMValueRef divisor) {
    struct choice choice = begin_choice(l, EQ64(high, SAR64(low, C64(63))));
    LLVMValueRef smallest = AND1(EQ64(low, C64(INT64_MIN)), EQ64(divisor, C64(-1)));
    otherwise(l, &choice, OR1(EQ64(divisor, C64(0)), smallest));
    LLVMValueRef arguments[] = {high, low, divisor};
    return end_choice(
        l, &choice, NE32(call_runtime(l, "c2w_divs128_overflows", l->i32, arguments, 3), C32(0)));
}
#define DIVS128_OVERFLOWS(high, low, divisor) build_division_overflows(l, high, low, divisor)
static inline LLVMValueRef build_crc32(struct lift *l, LLVMValueRef crc, LLVMValueRef data,
                                       unsigned bytes) {
    LLVMValueRef arguments[] = {crc, data, C32(bytes)};
    return call_runtime(l, "x86_crc32", l->i32, arguments, 3);
}
#define CRC32(crc, data, bytes) build_crc32(l, crc, data, bytes)

/* --- control, faults, system --- */

#define DIVIDE_ERROR_IF(condition) leave_to_interpreter_if(l, condition)
/* A misaligned operand of an SSE instruction does not fault in lifted code. */
#define CHECK_ALIGNED16(address) ((void)(address))
#define CHECK_CANONICAL(address) ((void)(address))
#define SYSCALL() build_syscall(l)

/* What has no IR (uses_x86_64.c): never built. */
static inline LLVMValueRef build_nothing(void) { abort(); }
#define GENERAL_PROTECTION() ((void)build_nothing())
#define ILLEGAL() ((void)build_nothing())
#define TRAP() ((void)build_nothing())
#define STRING(operation, size) ((void)build_nothing())
#define CPUID() ((void)build_nothing())
#define CYCLES() build_nothing()
#define FXSAVE(address, wide) ((void)(address), (void)build_nothing())
#define FXRSTOR(address, wide) ((void)(address), (void)build_nothing())
#define MXCSR() build_nothing()
#define WRITE_MXCSR(value) ((void)(value), (void)build_nothing())
#define RCL8(a, n, c) ((void)(a), (void)(n), (void)(c), build_nothing())
#include "rotate_carry.h"

#include "sse_build.h"

#endif
