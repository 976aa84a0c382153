/* Arithmetic and logic on general registers; included by sem.h. */

/* --- addition, subtraction, logic --- */

#define DEFINE(W)                                                                                  \
    SEM(add##W) {                                                                                  \
        I##W b = SRC(W);                                                                           \
        I##W a = DST(W);                                                                           \
        WRITE_DST(W, ADD##W(a, b));                                                                \
        SET_ADD(W, a, b);                                                                          \
    }                                                                                              \
    SEM(sub##W) {                                                                                  \
        I##W b = SRC(W);                                                                           \
        I##W a = DST(W);                                                                           \
        WRITE_DST(W, SUB##W(a, b));                                                                \
        SET_SUB(W, a, b);                                                                          \
    }                                                                                              \
    SEM(adc##W) {                                                                                  \
        I##W b = SRC(W);                                                                           \
        I##W a = DST(W);                                                                           \
        Bool carry = CARRY();                                                                      \
        WRITE_DST(W, ADD##W(ADD##W(a, b), TR##W(BOOL64(carry))));                                  \
        SET_ADC(W, a, b, carry);                                                                   \
    }                                                                                              \
    SEM(sbb##W) {                                                                                  \
        I##W b = SRC(W);                                                                           \
        I##W a = DST(W);                                                                           \
        Bool carry = CARRY();                                                                      \
        WRITE_DST(W, SUB##W(SUB##W(a, b), TR##W(BOOL64(carry))));                                  \
        SET_SBB(W, a, b, carry);                                                                   \
    }                                                                                              \
    SEM(cmp##W) {                                                                                  \
        I##W b = SRC(W);                                                                           \
        I##W a = DST(W);                                                                           \
        SET_SUB(W, a, b);                                                                          \
    }                                                                                              \
    SEM(and##W) {                                                                                  \
        I##W b = SRC(W);                                                                           \
        I##W result = AND##W(DST(W), b);                                                           \
        WRITE_DST(W, result);                                                                      \
        SET_LOGIC(W, result);                                                                      \
    }                                                                                              \
    SEM(or ##W) {                                                                                  \
        I##W b = SRC(W);                                                                           \
        I##W result = OR##W(DST(W), b);                                                            \
        WRITE_DST(W, result);                                                                      \
        SET_LOGIC(W, result);                                                                      \
    }                                                                                              \
    SEM(xor##W) {                                                                                  \
        I##W b = SRC(W);                                                                           \
        I##W result = XOR##W(DST(W), b);                                                           \
        WRITE_DST(W, result);                                                                      \
        SET_LOGIC(W, result);                                                                      \
    }                                                                                              \
    SEM(test##W) {                                                                                 \
        I##W b = SRC(W);                                                                           \
        I##W result = AND##W(DST(W), b);                                                           \
        SET_LOGIC(W, result);                                                                      \
    }                                                                                              \
    SEM(inc##W) {                                                                                  \
        I##W result = ADD##W(DST(W), C##W(1));                                                     \
        Bool carry = CARRY();                                                                      \
        WRITE_DST(W, result);                                                                      \
        SET_INC(W, result, carry);                                                                 \
    }                                                                                              \
    SEM(dec##W) {                                                                                  \
        I##W result = SUB##W(DST(W), C##W(1));                                                     \
        Bool carry = CARRY();                                                                      \
        WRITE_DST(W, result);                                                                      \
        SET_DEC(W, result, carry);                                                                 \
    }                                                                                              \
    SEM(not##W) {                                                                                  \
        I##W result = NOT##W(DST(W));                                                              \
        WRITE_DST(W, result);                                                                      \
    }                                                                                              \
    SEM(neg##W) {                                                                                  \
        I##W a = DST(W);                                                                           \
        WRITE_DST(W, NEG##W(a));                                                                   \
        SET_SUB(W, C##W(0), a);                                                                    \
    }                                                                                              \
    /* A register that is not exchanged keeps its upper half, too. */                              \
    SEM(cmpxchg##W) {                                                                              \
        I##W old = DST(W);                                                                         \
        I##W expected = CMPXCHG_ACCUMULATOR(W);                                                    \
        Bool equal = EQ##W(expected, old);                                                         \
        if (form & FORM_MEMORY_DST) {                                                              \
            STORE##W(ADDRESS(), SEL##W(equal, R##W(i->rm), old));                                  \
        } else {                                                                                   \
            CMPXCHG_DESTINATION(W, equal);                                                         \
        }                                                                                          \
        CMPXCHG_WRITE(W, equal, old);                                                              \
        SET_SUB(W, expected, old);                                                                 \
    }
#define CMPXCHG_DESTINATION(W, equal) CMPXCHG_DESTINATION_##W(equal)
#define CMPXCHG_DESTINATION_8(equal) WR8(i->reg, SEL8(equal, R8(i->rm), R8(i->reg)))
#define CMPXCHG_DESTINATION_16(equal) WR16(i->reg, SEL16(equal, R16(i->rm), R16(i->reg)))
#define CMPXCHG_DESTINATION_32(equal) WR64(i->reg, SEL64(equal, ZX32_64(R32(i->rm)), R64(i->reg)))
#define CMPXCHG_DESTINATION_64(equal) WR64(i->reg, SEL64(equal, R64(i->rm), R64(i->reg)))
#define CMPXCHG_ACCUMULATOR(W) TR##W(R64(REG_RAX))
#define CMPXCHG_WRITE(W, equal, old)                                                               \
    WR64(REG_RAX, SEL64(equal, R64(REG_RAX), CMPXCHG_MERGE_##W(R64(REG_RAX), old)))
#define CMPXCHG_MERGE_8(all, v) OR64(AND64(all, C64(~(uint64_t)0xff)), ZX8_64(v))
#define CMPXCHG_MERGE_16(all, v) OR64(AND64(all, C64(~(uint64_t)0xffff)), ZX16_64(v))
#define CMPXCHG_MERGE_32(all, v) ZX32_64(v)
#define CMPXCHG_MERGE_64(all, v) (v)
WIDTHS_B(DEFINE)
#undef DEFINE
#undef CMPXCHG_ACCUMULATOR
#undef CMPXCHG_WRITE

/* Memory is written also when it is not equal. */
SEM(cmpxchg8b) {
    I64 address = ADDRESS();
    I64 old = LOAD64(address);
    I64 expected = OR64(SHL64(R64(REG_RDX), C64(32)), ZX32_64(R32(REG_RAX)));
    I64 value = OR64(SHL64(R64(REG_RCX), C64(32)), ZX32_64(R32(REG_RBX)));
    Bool equal = EQ64(old, expected);
    STORE64(address, SEL64(equal, value, old));
    WR64(REG_RAX, SEL64(equal, R64(REG_RAX), ZX32_64(TR32(old))));
    WR64(REG_RDX, SEL64(equal, R64(REG_RDX), SHR64(old, C64(32))));
    SET_FLAGS(OR64(AND64(RFLAGS(), C64(RFLAGS_ARITHMETIC & ~RFLAGS_ZF)),
                   SEL64(equal, C64(RFLAGS_ZF), C64(0))));
}
SEM(cmpxchg16b) {
    I64 address = ADDRESS();
    CHECK_ALIGNED16(address);
    I64 low = LOAD64(address);
    I64 high = LOAD64(ADD64(address, C64(8)));
    Bool equal = AND1(EQ64(low, R64(REG_RAX)), EQ64(high, R64(REG_RDX)));
    STORE64(address, SEL64(equal, R64(REG_RBX), low));
    STORE64(ADD64(address, C64(8)), SEL64(equal, R64(REG_RCX), high));
    WR64(REG_RAX, low); /* when equal, they are the same */
    WR64(REG_RDX, high);
    SET_FLAGS(OR64(AND64(RFLAGS(), C64(RFLAGS_ARITHMETIC & ~RFLAGS_ZF)),
                   SEL64(equal, C64(RFLAGS_ZF), C64(0))));
}

/* --- multiplication: CF and OF say that the upper half is needed --- */

#define MULTIPLY(W, x, y)                                                                          \
    I##W b = y;                                                                                    \
    I##W a = x;                                                                                    \
    I##W result = MUL##W(a, b);                                                                    \
    Bool wide = NE##W(MULHS##W(a, b), SAR##W(result, C##W(W - 1)));                                \
    WR##W(i->reg, result);                                                                         \
    SET_RESULT(W, result, wide, wide)
#define DEFINE(W)                                                                                  \
    SEM(imul##W) { MULTIPLY(W, R##W(i->reg), SRC(W)); }                                            \
    SEM(imul_imm##W) { MULTIPLY(W, C##W(i->imm), SRC(W)); }                                        \
    SEM(mul_wide##W) {                                                                             \
        I##W b = SRC(W);                                                                           \
        I##W a = R##W(REG_RAX);                                                                    \
        I##W high = MULHU##W(a, b);                                                                \
        I##W low = MUL##W(a, b);                                                                   \
        Bool wide = NE##W(high, C##W(0));                                                          \
        WR##W(REG_RAX, low);                                                                       \
        WR##W(REG_RDX, high);                                                                      \
        SET_RESULT(W, low, wide, wide);                                                            \
    }                                                                                              \
    SEM(imul_wide##W) {                                                                            \
        I##W b = SRC(W);                                                                           \
        I##W a = R##W(REG_RAX);                                                                    \
        I##W high = MULHS##W(a, b);                                                                \
        I##W low = MUL##W(a, b);                                                                   \
        Bool wide = NE##W(high, SAR##W(low, C##W(W - 1)));                                         \
        WR##W(REG_RAX, low);                                                                       \
        WR##W(REG_RDX, high);                                                                      \
        SET_RESULT(W, low, wide, wide);                                                            \
    }
WIDTHS_V(DEFINE)
#undef DEFINE
#undef MULTIPLY

/* ax = al * source */
SEM(mul_wide8) {
    I64 b = ZX8_64(SRC(8));
    I64 product = MUL64(ZX8_64(R8(BYTE_REGISTER(REG_RAX, 0))), b);
    Bool wide = NE64(SHR64(product, C64(8)), C64(0));
    WR16(REG_RAX, TR16(product));
    SET_RESULT(8, TR8(product), wide, wide);
}
SEM(imul_wide8) {
    I64 b = SX8_64(SRC(8));
    I64 product = MUL64(SX8_64(R8(BYTE_REGISTER(REG_RAX, 0))), b);
    Bool wide = NE64(product, SX8_64(TR8(product)));
    WR16(REG_RAX, TR16(product));
    SET_RESULT(8, TR8(product), wide, wide);
}

/* --- division: a quotient that does not fit is the same fault as a divisor of 0; the flags, which
 * are undefined, stay --- */

/* The divisor with 1 in place of what the primitives must not see. */
#define NONZERO(b) SEL64(EQ64(b, C64(0)), C64(1), b)
#define DIVIDE_UNSIGNED(W, dividend)                                                               \
    I64 b = ZX##W##_64(SRC(W));                                                                    \
    I64 a = dividend;                                                                              \
    I64 quotient = DIVU64(a, NONZERO(b));                                                          \
    I64 remainder = REMU64(a, NONZERO(b));                                                         \
    DIVIDE_ERROR_IF(OR1(EQ64(b, C64(0)), NE64(quotient, ZX##W##_64(TR##W(quotient)))))
/* A 64-bit dividend of INT64_MIN divided by -1 does not fit either. */
#define DIVIDE_SIGNED(W, dividend)                                                                 \
    I64 b = SX##W##_64(SRC(W));                                                                    \
    I64 a = dividend;                                                                              \
    Bool negated = EQ64(b, C64(-1));                                                               \
    I64 divisor = SEL64(negated, C64(1), NONZERO(b));                                              \
    I64 quotient = SEL64(negated, NEG64(a), DIVS64(a, divisor));                                   \
    I64 remainder = SEL64(negated, C64(0), REMS64(a, divisor));                                    \
    DIVIDE_ERROR_IF(OR1(OR1(EQ64(b, C64(0)), NE64(quotient, SX##W##_64(TR##W(quotient)))),         \
                        AND1(negated, EQ64(a, C64(INT64_MIN)))))
#define DIVIDEND_16 OR64(SHL64(ZX16_64(R16(REG_RDX)), C64(16)), ZX16_64(R16(REG_RAX)))
#define DIVIDEND_32 OR64(SHL64(R64(REG_RDX), C64(32)), ZX32_64(R32(REG_RAX)))

SEM(div8) {
    DIVIDE_UNSIGNED(8, ZX16_64(R16(REG_RAX)));
    WR16(REG_RAX, TR16(OR64(SHL64(remainder, C64(8)), quotient)));
}
SEM(idiv8) {
    DIVIDE_SIGNED(8, SX16_64(R16(REG_RAX)));
    WR16(REG_RAX, TR16(OR64(SHL64(remainder, C64(8)), AND64(quotient, C64(0xff)))));
}
SEM(div16) {
    DIVIDE_UNSIGNED(16, DIVIDEND_16);
    WR16(REG_RAX, TR16(quotient));
    WR16(REG_RDX, TR16(remainder));
}
SEM(idiv16) {
    DIVIDE_SIGNED(16, SX32_64(TR32(DIVIDEND_16)));
    WR16(REG_RAX, TR16(quotient));
    WR16(REG_RDX, TR16(remainder));
}
SEM(div32) {
    DIVIDE_UNSIGNED(32, DIVIDEND_32);
    WR32(REG_RAX, TR32(quotient));
    WR32(REG_RDX, TR32(remainder));
}
SEM(idiv32) {
    DIVIDE_SIGNED(32, DIVIDEND_32);
    WR32(REG_RAX, TR32(quotient));
    WR32(REG_RDX, TR32(remainder));
}
SEM(div64) {
    I64 b = SRC(64);
    I64 high = R64(REG_RDX);
    I64 low = R64(REG_RAX);
    DIVIDE_ERROR_IF(GEU64(high, b));
    I64 quotient = DIVU128(high, low, b);
    I64 remainder = REMU128(high, low, b);
    WR64(REG_RAX, quotient);
    WR64(REG_RDX, remainder);
}
SEM(idiv64) {
    I64 b = SRC(64);
    I64 high = R64(REG_RDX);
    I64 low = R64(REG_RAX);
    DIVIDE_ERROR_IF(DIVS128_OVERFLOWS(high, low, b));
    I64 quotient = DIVS128(high, low, b);
    I64 remainder = REMS128(high, low, b);
    WR64(REG_RAX, quotient);
    WR64(REG_RDX, remainder);
}
#undef NONZERO
#undef DIVIDE_UNSIGNED
#undef DIVIDE_SIGNED
#undef DIVIDEND_16
#undef DIVIDEND_32
