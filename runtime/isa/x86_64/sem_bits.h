/* Shifts, rotations and bits of general registers; included by sem.h. */

/* --- shifts and rotations: the count is taken modulo 32, or 64 for 64-bit operands; a count of 0
 * leaves the flags.  OF is defined for a count of 1 --- */

#define COUNT_MASK(W) ((W) == 64 ? 63 : 31)
#define COUNT(W) AND64(ZX8_64(SRC(8)), C64(COUNT_MASK(W)))
/* The bit that a left shift by n moved out last; n is not 0. */
#define LEFT_CARRY(W, a, n) LEFT_CARRY_##W(a, n)
#define LEFT_CARRY_8(a, n) BIT64(SHL64(ZX8_64(a), n), C64(8))
#define LEFT_CARRY_16(a, n) BIT64(SHL64(ZX16_64(a), n), C64(16))
#define LEFT_CARRY_32(a, n) BIT64(SHL64(ZX32_64(a), n), C64(32))
#define LEFT_CARRY_64(a, n) BIT64(a, AND64(SUB64(C64(64), n), C64(63)))
/* ... and a right shift of the extended value; n - 1 is a valid amount when n is not 0. */
#define RIGHT_CARRY(a, n) BIT64(a, AND64(SUB64(n, C64(1)), C64(63)))
#define BIT64(a, n) NE64(AND64(SHR64(a, n), C64(1)), C64(0))
#define SIGN(W, a) LTS##W(a, C##W(0))

#define DEFINE(W)                                                                                  \
    SEM(shl##W) {                                                                                  \
        I64 count = COUNT(W);                                                                      \
        I##W a = DST(W);                                                                           \
        I##W result = TR##W(SHL64(ZX##W##_64(a), count));                                          \
        Bool carry = LEFT_CARRY(W, a, count);                                                      \
        Bool sign = SIGN(W, result);                                                               \
        WRITE_DST(W, result);                                                                      \
        KEEP_OR_SET_RESULT(W, NE64(count, C64(0)), result, carry, XOR1(carry, sign));              \
    }                                                                                              \
    SEM(shr##W) {                                                                                  \
        I64 count = COUNT(W);                                                                      \
        I##W a = DST(W);                                                                           \
        I##W result = TR##W(SHR64(ZX##W##_64(a), count));                                          \
        Bool carry = RIGHT_CARRY(ZX##W##_64(a), count);                                            \
        WRITE_DST(W, result);                                                                      \
        KEEP_OR_SET_RESULT(W, NE64(count, C64(0)), result, carry, SIGN(W, a));                     \
    }                                                                                              \
    SEM(sar##W) {                                                                                  \
        I64 count = COUNT(W);                                                                      \
        I##W a = DST(W);                                                                           \
        I##W result = TR##W(SAR64(SX##W##_64(a), count));                                          \
        Bool carry = RIGHT_CARRY(SX##W##_64(a), count);                                            \
        WRITE_DST(W, result);                                                                      \
        KEEP_OR_SET_RESULT(W, NE64(count, C64(0)), result, carry, C1(0));                          \
    }                                                                                              \
    SEM(rol##W) {                                                                                  \
        I64 count = COUNT(W);                                                                      \
        I##W a = DST(W);                                                                           \
        I##W result = ROTL##W(a, TR##W(AND64(count, C64(W - 1))));                                 \
        Bool carry = NE##W(AND##W(result, C##W(1)), C##W(0));                                      \
        Bool sign = SIGN(W, result);                                                               \
        WRITE_DST(W, result);                                                                      \
        KEEP_OR_SET_CARRY_OVERFLOW(NE64(count, C64(0)), carry, XOR1(carry, sign));                 \
    }                                                                                              \
    SEM(ror##W) {                                                                                  \
        I64 count = COUNT(W);                                                                      \
        I##W a = DST(W);                                                                           \
        I##W result = ROTR##W(a, TR##W(AND64(count, C64(W - 1))));                                 \
        Bool carry = SIGN(W, result);                                                              \
        Bool next = SIGN(W, SHL##W(result, C##W(1)));                                              \
        WRITE_DST(W, result);                                                                      \
        KEEP_OR_SET_CARRY_OVERFLOW(NE64(count, C64(0)), carry, XOR1(carry, next));                 \
    }                                                                                              \
    SEM(rcl##W) {                                                                                  \
        I64 count = COUNT(W);                                                                      \
        I##W a = DST(W);                                                                           \
        Bool carry = CARRY();                                                                      \
        I##W result = RCL##W(a, TR32(count), carry);                                               \
        Bool out = RCL_CARRY##W(a, TR32(count), carry);                                            \
        Bool sign = SIGN(W, result);                                                               \
        WRITE_DST(W, result);                                                                      \
        KEEP_OR_SET_CARRY_OVERFLOW(NE64(count, C64(0)), out, XOR1(out, sign));                     \
    }                                                                                              \
    SEM(rcr##W) {                                                                                  \
        I64 count = COUNT(W);                                                                      \
        I##W a = DST(W);                                                                           \
        Bool carry = CARRY();                                                                      \
        I##W result = RCR##W(a, TR32(count), carry);                                               \
        Bool out = RCR_CARRY##W(a, TR32(count), carry);                                            \
        Bool sign = SIGN(W, result);                                                               \
        Bool next = SIGN(W, SHL##W(result, C##W(1)));                                              \
        WRITE_DST(W, result);                                                                      \
        KEEP_OR_SET_CARRY_OVERFLOW(NE64(count, C64(0)), out, XOR1(sign, next));                    \
    }
WIDTHS_B(DEFINE)
#undef DEFINE

/* Double shifts: a:b to the left, b:a to the right.  For 16 bits the operands stand in 32 or 48
 * bits (a:b:a), which is what processors do for counts above 16. */
#define SHLD(W, value) SHLD_##W(value)
#define DOUBLE_SHIFT(W, amount, SHIFTED, CARRY_OUT)                                                \
    I64 count = AND64(amount, C64(COUNT_MASK(W)));                                                 \
    I##W b = R##W(i->rm);                                                                          \
    I##W a = DST(W);                                                                               \
    I##W result = SHIFTED(W, a, b, count);                                                         \
    Bool carry = CARRY_OUT(W, a, b, count);                                                        \
    Bool changed_sign = XOR1(SIGN(W, result), SIGN(W, a));                                         \
    WRITE_DST(W, result);                                                                          \
    KEEP_OR_SET_RESULT(W, NE64(count, C64(0)), result, carry, changed_sign)
#define LEFT_16(a, b) OR64(OR64(SHL64(ZX16_64(a), C64(32)), SHL64(ZX16_64(b), C64(16))), ZX16_64(a))
#define SHLD_RESULT(W, a, b, n) SHLD_RESULT_##W(a, b, n)
#define SHLD_RESULT_16(a, b, n) TR16(SHR64(SHL64(LEFT_16(a, b), n), C64(32)))
#define SHLD_RESULT_32(a, b, n)                                                                    \
    TR32(SHR64(SHL64(OR64(SHL64(ZX32_64(a), C64(32)), ZX32_64(b)), n), C64(32)))
#define SHLD_RESULT_64(a, b, n)                                                                    \
    OR64(SHL64(a, n), SHR64(SHR64(b, C64(1)), AND64(SUB64(C64(63), n), C64(63))))
#define SHLD_CARRY(W, a, b, n) SHLD_CARRY_##W(a, b, n)
#define SHLD_CARRY_16(a, b, n) BIT64(SHL64(LEFT_16(a, b), n), C64(48))
#define SHLD_CARRY_32(a, b, n) LEFT_CARRY_32(a, n)
#define SHLD_CARRY_64(a, b, n) LEFT_CARRY_64(a, n)
#define SHRD_RESULT(W, a, b, n) SHRD_RESULT_##W(a, b, n)
#define SHRD_RESULT_16(a, b, n) TR16(SHR64(LEFT_16(a, b), n))
#define SHRD_RESULT_32(a, b, n) TR32(SHR64(OR64(SHL64(ZX32_64(b), C64(32)), ZX32_64(a)), n))
#define SHRD_RESULT_64(a, b, n)                                                                    \
    OR64(SHR64(a, n), SHL64(SHL64(b, C64(1)), AND64(SUB64(C64(63), n), C64(63))))
#define SHRD_CARRY(W, a, b, n) SHRD_CARRY_##W(a, b, n)
#define SHRD_CARRY_16(a, b, n) RIGHT_CARRY(LEFT_16(a, b), n)
#define SHRD_CARRY_32(a, b, n) RIGHT_CARRY(ZX32_64(a), n)
#define SHRD_CARRY_64(a, b, n) RIGHT_CARRY(a, n)
#define DEFINE(W)                                                                                  \
    SEM(shld##W) { DOUBLE_SHIFT(W, C64(i->imm), SHLD_RESULT, SHLD_CARRY); }                        \
    SEM(shrd##W) { DOUBLE_SHIFT(W, C64(i->imm), SHRD_RESULT, SHRD_CARRY); }                        \
    SEM(shld_cl##W) {                                                                              \
        DOUBLE_SHIFT(W, ZX8_64(R8(BYTE_REGISTER(REG_RCX, 0))), SHLD_RESULT, SHLD_CARRY);           \
    }                                                                                              \
    SEM(shrd_cl##W) {                                                                              \
        DOUBLE_SHIFT(W, ZX8_64(R8(BYTE_REGISTER(REG_RCX, 0))), SHRD_RESULT, SHRD_CARRY);           \
    }
WIDTHS_V(DEFINE)
#undef DEFINE
#undef SHLD
#undef DOUBLE_SHIFT

/* --- bits --- */

/* A bit number in a register reaches beyond a memory operand, in both directions. */
#define BIT_ADDRESS(W, number)                                                                     \
    (form & FORM_IMMEDIATE ? ADDRESS()                                                             \
                           : ADDRESS_PLUS(SHL64(SAR64(SX##W##_64(number), C64(W == 64   ? 6        \
                                                                              : W == 32 ? 5        \
                                                                                        : 4)),     \
                                                C64(W == 64   ? 3                                  \
                                                    : W == 32 ? 2                                  \
                                                              : 1))))
#define BIT_OPERATION(W, changed)                                                                  \
    I##W number = form & FORM_IMMEDIATE ? C##W(i->imm) : R##W(i->rm);                              \
    I##W n = AND##W(number, C##W(W - 1));                                                          \
    I##W old = form & FORM_MEMORY_DST ? LOAD##W(BIT_ADDRESS(W, number)) : R##W(i->reg);            \
    I##W bit = SHL##W(C##W(1), n);                                                                 \
    Bool carry = NE##W(AND##W(old, bit), C##W(0));                                                 \
    changed;                                                                                       \
    SET_CARRY(carry)
#define WRITE_BIT(W, value)                                                                        \
    if (form & FORM_MEMORY_DST)                                                                    \
        STORE##W(BIT_ADDRESS(W, number), value);                                                   \
    else                                                                                           \
        WR##W(i->reg, value)
#define DEFINE(W)                                                                                  \
    SEM(bt##W) { BIT_OPERATION(W, (void)0); }                                                      \
    SEM(bts##W) { BIT_OPERATION(W, WRITE_BIT(W, OR##W(old, bit))); }                               \
    SEM(btr##W) { BIT_OPERATION(W, WRITE_BIT(W, AND##W(old, NOT##W(bit)))); }                      \
    SEM(btc##W) { BIT_OPERATION(W, WRITE_BIT(W, XOR##W(old, bit))); }                              \
    /* Of 0 nothing is written: a 32-bit destination keeps its upper half, too. */                 \
    SEM(bsf##W) {                                                                                  \
        I##W value = SRC(W);                                                                       \
        Bool none = EQ##W(value, C##W(0));                                                         \
        I64 number = CTZ64(ZX##W##_64(value));                                                     \
        WR64(i->reg, SEL64(none, R64(i->reg), MERGE_##W(R64(i->reg), number)));                    \
        SET_LOGIC(W, value);                                                                       \
    }                                                                                              \
    SEM(bsr##W) {                                                                                  \
        I##W value = SRC(W);                                                                       \
        Bool none = EQ##W(value, C##W(0));                                                         \
        I64 number = SUB64(C64(63), CLZ64(ZX##W##_64(value)));                                     \
        WR64(i->reg, SEL64(none, R64(i->reg), MERGE_##W(R64(i->reg), number)));                    \
        SET_LOGIC(W, value);                                                                       \
    }                                                                                              \
    SEM(popcnt##W) {                                                                               \
        I##W value = SRC(W);                                                                       \
        WR##W(i->reg, TR##W(POPCNT64(ZX##W##_64(value))));                                         \
        SET_FLAGS(SEL64(EQ##W(value, C##W(0)), C64(RFLAGS_ZF), C64(0)));                           \
    }
#define MERGE_16(all, v) OR64(AND64(all, C64(~(uint64_t)0xffff)), v)
#define MERGE_32(all, v) (v)
#define MERGE_64(all, v) (v)
WIDTHS_V(DEFINE)
#undef DEFINE
#undef BIT_ADDRESS
#undef BIT_OPERATION
#undef WRITE_BIT

#define DEFINE(W)                                                                                  \
    SEM(crc32_##W) {                                                                               \
        I##W value = SRC(W);                                                                       \
        WR64(i->reg, ZX32_64(CRC32(R32(i->reg), ZX##W##_64(value), W / 8)));                       \
    }
WIDTHS_B(DEFINE)
#undef DEFINE
