/* Semantics of RV64GC, Zba, Zbb, Zbs and Zicond, written once against the abstract values Bool,
 * I32, I64, F32 and F64.  Included by the interpreter (sem_eval.h: values are numbers) and by the
 * lifter (sem_build.h: values are LLVM values).  The primitives are listed in sem_eval.h.
 *
 * Rules: one effectful primitive a statement (C leaves argument order open); every load, store and
 * check that can fault comes before the first register write; a C `if` only on what is known when
 * decoding (fields of i), otherwise SEL; operand widths are part of the primitive's name.
 * `i` is the decoded instruction. */

#define IMM C64((int64_t)i->imm)
#define RS1 X(i->rs1)
#define RS2 X(i->rs2)
#define RS1_32 TRUNC32(X(i->rs1))
#define RS2_32 TRUNC32(X(i->rs2))

/* --- RV64I --- */

SEM(lui) { WX(i->rd, IMM); }
SEM(auipc) { WX(i->rd, C64(PC_CONST + (uint64_t)(int64_t)i->imm)); }

SEM(jal) {
    WX(i->rd, C64(NEXT_PC_CONST));
    JUMP();
}
SEM(jalr) {
    I64 target = AND64(ADD64(RS1, IMM), C64(~(uint64_t)1));
    WX(i->rd, C64(NEXT_PC_CONST));
    JUMP_REGISTER(target);
}

SEM(beq) { BRANCH(EQ64(RS1, RS2)); }
SEM(bne) { BRANCH(NE64(RS1, RS2)); }
SEM(blt) { BRANCH(LTS64(RS1, RS2)); }
SEM(bge) { BRANCH(GES64(RS1, RS2)); }
SEM(bltu) { BRANCH(LTU64(RS1, RS2)); }
SEM(bgeu) { BRANCH(GEU64(RS1, RS2)); }

SEM(lb) {
    I64 value = LOAD8S(RS1, i->imm);
    WX(i->rd, value);
}
SEM(lh) {
    I64 value = LOAD16S(RS1, i->imm);
    WX(i->rd, value);
}
SEM(lw) {
    I64 value = LOAD32S(RS1, i->imm);
    WX(i->rd, value);
}
SEM(ld) {
    I64 value = LOAD64(RS1, i->imm);
    WX(i->rd, value);
}
SEM(lbu) {
    I64 value = LOAD8U(RS1, i->imm);
    WX(i->rd, value);
}
SEM(lhu) {
    I64 value = LOAD16U(RS1, i->imm);
    WX(i->rd, value);
}
SEM(lwu) {
    I64 value = LOAD32U(RS1, i->imm);
    WX(i->rd, value);
}
SEM(sb) { STORE8(RS1, i->imm, RS2); }
SEM(sh) { STORE16(RS1, i->imm, RS2); }
SEM(sw) { STORE32(RS1, i->imm, RS2); }
SEM(sd) { STORE64(RS1, i->imm, RS2); }

SEM(addi) { WX(i->rd, ADD64(RS1, IMM)); }
SEM(slti) { WX(i->rd, BOOL64(LTS64(RS1, IMM))); }
SEM(sltiu) { WX(i->rd, BOOL64(LTU64(RS1, IMM))); }
SEM(xori) { WX(i->rd, XOR64(RS1, IMM)); }
SEM(ori) { WX(i->rd, OR64(RS1, IMM)); }
SEM(andi) { WX(i->rd, AND64(RS1, IMM)); }
SEM(slli) { WX(i->rd, SHL64(RS1, IMM)); }
SEM(srli) { WX(i->rd, SHR64(RS1, IMM)); }
SEM(srai) { WX(i->rd, SAR64(RS1, IMM)); }
SEM(add) { WX(i->rd, ADD64(RS1, RS2)); }
SEM(sub) { WX(i->rd, SUB64(RS1, RS2)); }
SEM(sll) { WX(i->rd, SHL64(RS1, AND64(RS2, C64(63)))); }
SEM(slt) { WX(i->rd, BOOL64(LTS64(RS1, RS2))); }
SEM(sltu) { WX(i->rd, BOOL64(LTU64(RS1, RS2))); }
SEM(xor) { WX(i->rd, XOR64(RS1, RS2)); }
SEM(srl) { WX(i->rd, SHR64(RS1, AND64(RS2, C64(63)))); }
SEM(sra) { WX(i->rd, SAR64(RS1, AND64(RS2, C64(63)))); }
SEM(or) { WX(i->rd, OR64(RS1, RS2)); }
SEM(and) { WX(i->rd, AND64(RS1, RS2)); }

SEM(addiw) { WX(i->rd, SEXT32_64(ADD32(RS1_32, C32(i->imm)))); }
SEM(slliw) { WX(i->rd, SEXT32_64(SHL32(RS1_32, C32(i->imm)))); }
SEM(srliw) { WX(i->rd, SEXT32_64(SHR32(RS1_32, C32(i->imm)))); }
SEM(sraiw) { WX(i->rd, SEXT32_64(SAR32(RS1_32, C32(i->imm)))); }
SEM(addw) { WX(i->rd, SEXT32_64(ADD32(RS1_32, RS2_32))); }
SEM(subw) { WX(i->rd, SEXT32_64(SUB32(RS1_32, RS2_32))); }
SEM(sllw) { WX(i->rd, SEXT32_64(SHL32(RS1_32, AND32(RS2_32, C32(31))))); }
SEM(srlw) { WX(i->rd, SEXT32_64(SHR32(RS1_32, AND32(RS2_32, C32(31))))); }
SEM(sraw) { WX(i->rd, SEXT32_64(SAR32(RS1_32, AND32(RS2_32, C32(31))))); }

SEM(fence) { FENCE(); }
SEM(fence_i) { FENCE_I(); }
SEM(ecall) { ECALL(); }
SEM(ebreak) { EBREAK(); }

/* --- Zicsr: rd = x0 does not read with csrrw, rs1 = x0 does not write with csrrs and csrrc --- */

#define CSR_SWAP(value)                                                                            \
    I64 written = value;                                                                           \
    if (i->rd == INSN_SINK) {                                                                      \
        CSR_WRITE(i->imm, written);                                                                \
    } else {                                                                                       \
        I64 old = CSR_READ(i->imm);                                                                \
        CSR_WRITE(i->imm, written);                                                                \
        WX(i->rd, old);                                                                            \
    }                                                                                              \
    (void)0
#define CSR_MODIFY(changed)                                                                        \
    I64 old = CSR_READ(i->imm);                                                                    \
    if (i->rs1 != 0) {                                                                             \
        I64 written = changed;                                                                     \
        CSR_WRITE(i->imm, written);                                                                \
    }                                                                                              \
    WX(i->rd, old)

SEM(csrrw) { CSR_SWAP(RS1); }
SEM(csrrs) { CSR_MODIFY(OR64(old, RS1)); }
SEM(csrrc) { CSR_MODIFY(AND64(old, NOT64(RS1))); }
SEM(csrrwi) { CSR_SWAP(C64(i->rs1)); }
SEM(csrrsi) { CSR_MODIFY(OR64(old, C64(i->rs1))); }
SEM(csrrci) { CSR_MODIFY(AND64(old, C64(~(uint64_t)i->rs1))); }

#undef CSR_SWAP
#undef CSR_MODIFY

/* --- RV64M: a division by zero gives -1, remainder the dividend; the most negative number divided
 * by -1 gives itself, remainder 0 --- */

SEM(mul) { WX(i->rd, MUL64(RS1, RS2)); }
SEM(mulh) { WX(i->rd, MULHS64(RS1, RS2)); }
SEM(mulhsu) { WX(i->rd, MULHSU64(RS1, RS2)); }
SEM(mulhu) { WX(i->rd, MULHU64(RS1, RS2)); }
SEM(mulw) { WX(i->rd, SEXT32_64(MUL32(RS1_32, RS2_32))); }

/* The divisor with 1 in place of what the primitives must not see. */
#define DIVIDE_SIGNED(W, a, b, smallest)                                                           \
    Bool by_zero = EQ##W(b, C##W(0));                                                              \
    Bool overflow = AND1(EQ##W(a, C##W(smallest)), EQ##W(b, C##W(-1)));                            \
    I##W divisor = SEL##W(OR1(by_zero, overflow), C##W(1), b)
#define DIVIDE_UNSIGNED(W, a, b)                                                                   \
    Bool by_zero = EQ##W(b, C##W(0));                                                              \
    I##W divisor = SEL##W(by_zero, C##W(1), b)

SEM(div) {
    I64 a = RS1;
    I64 b = RS2;
    DIVIDE_SIGNED(64, a, b, INT64_MIN);
    WX(i->rd, SEL64(by_zero, C64(-1), DIVS64(a, divisor)));
}
SEM(divu) {
    I64 a = RS1;
    I64 b = RS2;
    DIVIDE_UNSIGNED(64, a, b);
    WX(i->rd, SEL64(by_zero, C64(-1), DIVU64(a, divisor)));
}
SEM(rem) {
    I64 a = RS1;
    I64 b = RS2;
    DIVIDE_SIGNED(64, a, b, INT64_MIN);
    WX(i->rd, SEL64(by_zero, a, REMS64(a, divisor)));
}
SEM(remu) {
    I64 a = RS1;
    I64 b = RS2;
    DIVIDE_UNSIGNED(64, a, b);
    WX(i->rd, SEL64(by_zero, a, REMU64(a, divisor)));
}
SEM(divw) {
    I32 a = RS1_32;
    I32 b = RS2_32;
    DIVIDE_SIGNED(32, a, b, INT32_MIN);
    WX(i->rd, SEXT32_64(SEL32(by_zero, C32(-1), DIVS32(a, divisor))));
}
SEM(divuw) {
    I32 a = RS1_32;
    I32 b = RS2_32;
    DIVIDE_UNSIGNED(32, a, b);
    WX(i->rd, SEXT32_64(SEL32(by_zero, C32(-1), DIVU32(a, divisor))));
}
SEM(remw) {
    I32 a = RS1_32;
    I32 b = RS2_32;
    DIVIDE_SIGNED(32, a, b, INT32_MIN);
    WX(i->rd, SEXT32_64(SEL32(by_zero, a, REMS32(a, divisor))));
}
SEM(remuw) {
    I32 a = RS1_32;
    I32 b = RS2_32;
    DIVIDE_UNSIGNED(32, a, b);
    WX(i->rd, SEXT32_64(SEL32(by_zero, a, REMU32(a, divisor))));
}

#undef DIVIDE_SIGNED
#undef DIVIDE_UNSIGNED

/* --- RV64A: addresses must be aligned; one hart, so an access is atomic by itself --- */

#define LOAD_RESERVED(size, LOAD)                                                                  \
    I64 address = RS1;                                                                             \
    CHECK_ALIGNED(address, size);                                                                  \
    I64 value = LOAD(address, 0);                                                                  \
    RESERVE(address, value);                                                                       \
    WX(i->rd, value)
/* A store conditional that fails stores what is there already: it may fault like any store. */
#define STORE_CONDITIONAL(size, LOAD, STORE)                                                       \
    I64 address = RS1;                                                                             \
    I64 value = RS2;                                                                               \
    CHECK_ALIGNED(address, size);                                                                  \
    I64 old = LOAD(address, 0);                                                                    \
    Bool success = RESERVED(address, old);                                                         \
    STORE(address, 0, SEL64(success, value, old));                                                 \
    UNRESERVE();                                                                                   \
    WX(i->rd, SEL64(success, C64(0), C64(1)))
/* `updated` is an expression of old (memory) and value (rs2), both sign-extended for .w. */
#define AMO32(updated)                                                                             \
    I64 address = RS1;                                                                             \
    I64 value = SEXT32_64(RS2_32);                                                                 \
    CHECK_ALIGNED(address, 4);                                                                     \
    I64 old = LOAD32S(address, 0);                                                                 \
    STORE32(address, 0, updated);                                                                  \
    WX(i->rd, old)
#define AMO64(updated)                                                                             \
    I64 address = RS1;                                                                             \
    I64 value = RS2;                                                                               \
    CHECK_ALIGNED(address, 8);                                                                     \
    I64 old = LOAD64(address, 0);                                                                  \
    STORE64(address, 0, updated);                                                                  \
    WX(i->rd, old)

SEM(lr_w) { LOAD_RESERVED(4, LOAD32S); }
SEM(lr_d) { LOAD_RESERVED(8, LOAD64); }
SEM(sc_w) { STORE_CONDITIONAL(4, LOAD32S, STORE32); }
SEM(sc_d) { STORE_CONDITIONAL(8, LOAD64, STORE64); }
SEM(amoswap_w) { AMO32(value); }
SEM(amoadd_w) { AMO32(ADD64(old, value)); }
SEM(amoxor_w) { AMO32(XOR64(old, value)); }
SEM(amoand_w) { AMO32(AND64(old, value)); }
SEM(amoor_w) { AMO32(OR64(old, value)); }
SEM(amomin_w) { AMO32(SEL64(LTS64(old, value), old, value)); }
SEM(amomax_w) { AMO32(SEL64(LTS64(old, value), value, old)); }
SEM(amominu_w) { AMO32(SEL64(LTU64(old, value), old, value)); }
SEM(amomaxu_w) { AMO32(SEL64(LTU64(old, value), value, old)); }
SEM(amoswap_d) { AMO64(value); }
SEM(amoadd_d) { AMO64(ADD64(old, value)); }
SEM(amoxor_d) { AMO64(XOR64(old, value)); }
SEM(amoand_d) { AMO64(AND64(old, value)); }
SEM(amoor_d) { AMO64(OR64(old, value)); }
SEM(amomin_d) { AMO64(SEL64(LTS64(old, value), old, value)); }
SEM(amomax_d) { AMO64(SEL64(LTS64(old, value), value, old)); }
SEM(amominu_d) { AMO64(SEL64(LTU64(old, value), old, value)); }
SEM(amomaxu_d) { AMO64(SEL64(LTU64(old, value), value, old)); }

#undef LOAD_RESERVED
#undef STORE_CONDITIONAL
#undef AMO32
#undef AMO64

/* --- RV64F and RV64D.  ROUNDING checks that a dynamic rounding mode is valid --- */

SEM(flw) {
    I64 value = LOAD32U(RS1, i->imm);
    WFRAW(i->rd, OR64(value, C64(0xffffffff00000000)));
}
SEM(fld) {
    I64 value = LOAD64(RS1, i->imm);
    WFRAW(i->rd, value);
}
SEM(fsw) { STORE32(RS1, i->imm, FRAW(i->rs2)); }
SEM(fsd) { STORE64(RS1, i->imm, FRAW(i->rs2)); }

SEM(fmv_x_w) { WX(i->rd, SEXT32_64(TRUNC32(FRAW(i->rs1)))); }
SEM(fmv_w_x) { WFS(i->rd, BITS_F32(RS1_32)); }
SEM(fmv_x_d) { WX(i->rd, FRAW(i->rs1)); }
SEM(fmv_d_x) { WFRAW(i->rd, RS1); }

/* Single precision. */
SEM(fadd_s) {
    ROUNDING(i->rm);
    WFS(i->rd, FADD32(FS(i->rs1), FS(i->rs2), i->rm));
}
SEM(fsub_s) {
    ROUNDING(i->rm);
    WFS(i->rd, FSUB32(FS(i->rs1), FS(i->rs2), i->rm));
}
SEM(fmul_s) {
    ROUNDING(i->rm);
    WFS(i->rd, FMUL32(FS(i->rs1), FS(i->rs2), i->rm));
}
SEM(fdiv_s) {
    ROUNDING(i->rm);
    WFS(i->rd, FDIV32(FS(i->rs1), FS(i->rs2), i->rm));
}
SEM(fsqrt_s) {
    ROUNDING(i->rm);
    WFS(i->rd, FSQRT32(FS(i->rs1), i->rm));
}
SEM(fmadd_s) {
    ROUNDING(i->rm);
    WFS(i->rd, FMADD32(FS(i->rs1), FS(i->rs2), FS(i->rs3), i->rm));
}
SEM(fmsub_s) {
    ROUNDING(i->rm);
    WFS(i->rd, FMADD32(FS(i->rs1), FS(i->rs2), FNEG32(FS(i->rs3)), i->rm));
}
SEM(fnmsub_s) {
    ROUNDING(i->rm);
    WFS(i->rd, FMADD32(FNEG32(FS(i->rs1)), FS(i->rs2), FS(i->rs3), i->rm));
}
SEM(fnmadd_s) {
    ROUNDING(i->rm);
    WFS(i->rd, FMADD32(FNEG32(FS(i->rs1)), FS(i->rs2), FNEG32(FS(i->rs3)), i->rm));
}
SEM(fsgnj_s) {
    I32 a = F32_BITS(FS(i->rs1));
    I32 b = F32_BITS(FS(i->rs2));
    I32 sign = AND32(b, C32(0x80000000));
    WFS(i->rd, BITS_F32(OR32(AND32(a, C32(0x7fffffff)), sign)));
}
SEM(fsgnjn_s) {
    I32 a = F32_BITS(FS(i->rs1));
    I32 b = F32_BITS(FS(i->rs2));
    I32 sign = AND32(NOT32(b), C32(0x80000000));
    WFS(i->rd, BITS_F32(OR32(AND32(a, C32(0x7fffffff)), sign)));
}
SEM(fsgnjx_s) {
    I32 a = F32_BITS(FS(i->rs1));
    I32 b = F32_BITS(FS(i->rs2));
    I32 sign = AND32(XOR32(a, b), C32(0x80000000));
    WFS(i->rd, BITS_F32(OR32(AND32(a, C32(0x7fffffff)), sign)));
}
SEM(fmin_s) { WFS(i->rd, FMIN32(FS(i->rs1), FS(i->rs2))); }
SEM(fmax_s) { WFS(i->rd, FMAX32(FS(i->rs1), FS(i->rs2))); }
SEM(feq_s) { WX(i->rd, BOOL64(FEQ32(FS(i->rs1), FS(i->rs2)))); }
SEM(flt_s) { WX(i->rd, BOOL64(FLT32(FS(i->rs1), FS(i->rs2)))); }
SEM(fle_s) { WX(i->rd, BOOL64(FLE32(FS(i->rs1), FS(i->rs2)))); }
SEM(fclass_s) { WX(i->rd, FCLASS32(FS(i->rs1))); }
SEM(fcvt_w_s) {
    ROUNDING(i->rm);
    WX(i->rd, SEXT32_64(F32_TO_I32(FS(i->rs1), i->rm)));
}
SEM(fcvt_wu_s) {
    ROUNDING(i->rm);
    WX(i->rd, SEXT32_64(F32_TO_U32(FS(i->rs1), i->rm)));
}
SEM(fcvt_l_s) {
    ROUNDING(i->rm);
    WX(i->rd, F32_TO_I64(FS(i->rs1), i->rm));
}
SEM(fcvt_lu_s) {
    ROUNDING(i->rm);
    WX(i->rd, F32_TO_U64(FS(i->rs1), i->rm));
}
SEM(fcvt_s_w) {
    ROUNDING(i->rm);
    WFS(i->rd, I32_TO_F32(RS1_32, i->rm));
}
SEM(fcvt_s_wu) {
    ROUNDING(i->rm);
    WFS(i->rd, U32_TO_F32(RS1_32, i->rm));
}
SEM(fcvt_s_l) {
    ROUNDING(i->rm);
    WFS(i->rd, I64_TO_F32(RS1, i->rm));
}
SEM(fcvt_s_lu) {
    ROUNDING(i->rm);
    WFS(i->rd, U64_TO_F32(RS1, i->rm));
}

/* Double precision. */
SEM(fadd_d) {
    ROUNDING(i->rm);
    WFD(i->rd, FADD64(FD(i->rs1), FD(i->rs2), i->rm));
}
SEM(fsub_d) {
    ROUNDING(i->rm);
    WFD(i->rd, FSUB64(FD(i->rs1), FD(i->rs2), i->rm));
}
SEM(fmul_d) {
    ROUNDING(i->rm);
    WFD(i->rd, FMUL64(FD(i->rs1), FD(i->rs2), i->rm));
}
SEM(fdiv_d) {
    ROUNDING(i->rm);
    WFD(i->rd, FDIV64(FD(i->rs1), FD(i->rs2), i->rm));
}
SEM(fsqrt_d) {
    ROUNDING(i->rm);
    WFD(i->rd, FSQRT64(FD(i->rs1), i->rm));
}
SEM(fmadd_d) {
    ROUNDING(i->rm);
    WFD(i->rd, FMADD64(FD(i->rs1), FD(i->rs2), FD(i->rs3), i->rm));
}
SEM(fmsub_d) {
    ROUNDING(i->rm);
    WFD(i->rd, FMADD64(FD(i->rs1), FD(i->rs2), FNEG64(FD(i->rs3)), i->rm));
}
SEM(fnmsub_d) {
    ROUNDING(i->rm);
    WFD(i->rd, FMADD64(FNEG64(FD(i->rs1)), FD(i->rs2), FD(i->rs3), i->rm));
}
SEM(fnmadd_d) {
    ROUNDING(i->rm);
    WFD(i->rd, FMADD64(FNEG64(FD(i->rs1)), FD(i->rs2), FNEG64(FD(i->rs3)), i->rm));
}
SEM(fsgnj_d) {
    I64 a = F64_BITS(FD(i->rs1));
    I64 b = F64_BITS(FD(i->rs2));
    I64 sign = AND64(b, C64(0x8000000000000000));
    WFD(i->rd, BITS_F64(OR64(AND64(a, C64(0x7fffffffffffffff)), sign)));
}
SEM(fsgnjn_d) {
    I64 a = F64_BITS(FD(i->rs1));
    I64 b = F64_BITS(FD(i->rs2));
    I64 sign = AND64(NOT64(b), C64(0x8000000000000000));
    WFD(i->rd, BITS_F64(OR64(AND64(a, C64(0x7fffffffffffffff)), sign)));
}
SEM(fsgnjx_d) {
    I64 a = F64_BITS(FD(i->rs1));
    I64 b = F64_BITS(FD(i->rs2));
    I64 sign = AND64(XOR64(a, b), C64(0x8000000000000000));
    WFD(i->rd, BITS_F64(OR64(AND64(a, C64(0x7fffffffffffffff)), sign)));
}
SEM(fmin_d) { WFD(i->rd, FMIN64(FD(i->rs1), FD(i->rs2))); }
SEM(fmax_d) { WFD(i->rd, FMAX64(FD(i->rs1), FD(i->rs2))); }
SEM(feq_d) { WX(i->rd, BOOL64(FEQ64(FD(i->rs1), FD(i->rs2)))); }
SEM(flt_d) { WX(i->rd, BOOL64(FLT64(FD(i->rs1), FD(i->rs2)))); }
SEM(fle_d) { WX(i->rd, BOOL64(FLE64(FD(i->rs1), FD(i->rs2)))); }
SEM(fclass_d) { WX(i->rd, FCLASS64(FD(i->rs1))); }
SEM(fcvt_w_d) {
    ROUNDING(i->rm);
    WX(i->rd, SEXT32_64(F64_TO_I32(FD(i->rs1), i->rm)));
}
SEM(fcvt_wu_d) {
    ROUNDING(i->rm);
    WX(i->rd, SEXT32_64(F64_TO_U32(FD(i->rs1), i->rm)));
}
SEM(fcvt_l_d) {
    ROUNDING(i->rm);
    WX(i->rd, F64_TO_I64(FD(i->rs1), i->rm));
}
SEM(fcvt_lu_d) {
    ROUNDING(i->rm);
    WX(i->rd, F64_TO_U64(FD(i->rs1), i->rm));
}
SEM(fcvt_d_w) {
    ROUNDING(i->rm);
    WFD(i->rd, I32_TO_F64(RS1_32, i->rm));
}
SEM(fcvt_d_wu) {
    ROUNDING(i->rm);
    WFD(i->rd, U32_TO_F64(RS1_32, i->rm));
}
SEM(fcvt_d_l) {
    ROUNDING(i->rm);
    WFD(i->rd, I64_TO_F64(RS1, i->rm));
}
SEM(fcvt_d_lu) {
    ROUNDING(i->rm);
    WFD(i->rd, U64_TO_F64(RS1, i->rm));
}

SEM(fcvt_s_d) {
    ROUNDING(i->rm);
    WFS(i->rd, F64_TO_F32(FD(i->rs1), i->rm));
}
SEM(fcvt_d_s) {
    ROUNDING(i->rm);
    WFD(i->rd, F32_TO_F64(FS(i->rs1)));
}

/* --- Zba --- */

SEM(add_uw) { WX(i->rd, ADD64(ZEXT32_64(RS1_32), RS2)); }
SEM(sh1add) { WX(i->rd, ADD64(SHL64(RS1, C64(1)), RS2)); }
SEM(sh2add) { WX(i->rd, ADD64(SHL64(RS1, C64(2)), RS2)); }
SEM(sh3add) { WX(i->rd, ADD64(SHL64(RS1, C64(3)), RS2)); }
SEM(sh1add_uw) { WX(i->rd, ADD64(SHL64(ZEXT32_64(RS1_32), C64(1)), RS2)); }
SEM(sh2add_uw) { WX(i->rd, ADD64(SHL64(ZEXT32_64(RS1_32), C64(2)), RS2)); }
SEM(sh3add_uw) { WX(i->rd, ADD64(SHL64(ZEXT32_64(RS1_32), C64(3)), RS2)); }
SEM(slli_uw) { WX(i->rd, SHL64(ZEXT32_64(RS1_32), IMM)); }

/* --- Zbb --- */

SEM(andn) { WX(i->rd, AND64(RS1, NOT64(RS2))); }
SEM(orn) { WX(i->rd, OR64(RS1, NOT64(RS2))); }
SEM(xnor) { WX(i->rd, NOT64(XOR64(RS1, RS2))); }
SEM(max) { WX(i->rd, SEL64(LTS64(RS1, RS2), RS2, RS1)); }
SEM(maxu) { WX(i->rd, SEL64(LTU64(RS1, RS2), RS2, RS1)); }
SEM(min) { WX(i->rd, SEL64(LTS64(RS1, RS2), RS1, RS2)); }
SEM(minu) { WX(i->rd, SEL64(LTU64(RS1, RS2), RS1, RS2)); }
SEM(rol) { WX(i->rd, ROTL64(RS1, AND64(RS2, C64(63)))); }
SEM(ror) { WX(i->rd, ROTR64(RS1, AND64(RS2, C64(63)))); }
SEM(rori) { WX(i->rd, ROTR64(RS1, IMM)); }
SEM(rolw) { WX(i->rd, SEXT32_64(ROTL32(RS1_32, AND32(RS2_32, C32(31))))); }
SEM(rorw) { WX(i->rd, SEXT32_64(ROTR32(RS1_32, AND32(RS2_32, C32(31))))); }
SEM(roriw) { WX(i->rd, SEXT32_64(ROTR32(RS1_32, C32(i->imm)))); }
SEM(clz) { WX(i->rd, CLZ64(RS1)); }
SEM(ctz) { WX(i->rd, CTZ64(RS1)); }
SEM(cpop) { WX(i->rd, POPCNT64(RS1)); }
SEM(clzw) { WX(i->rd, ZEXT32_64(CLZ32(RS1_32))); }
SEM(ctzw) { WX(i->rd, ZEXT32_64(CTZ32(RS1_32))); }
SEM(cpopw) { WX(i->rd, ZEXT32_64(POPCNT32(RS1_32))); }
SEM(sext_b) { WX(i->rd, SEXT8(RS1)); }
SEM(sext_h) { WX(i->rd, SEXT16(RS1)); }
SEM(zext_h) { WX(i->rd, AND64(RS1, C64(0xffff))); }
SEM(rev8) { WX(i->rd, BSWAP64(RS1)); }
SEM(orc_b) {
    /* Bit 7 of each byte that is not zero; then 0x80 becomes 0xff. */
    I64 low = C64(0x7f7f7f7f7f7f7f7f);
    I64 set = AND64(OR64(ADD64(AND64(RS1, low), low), RS1), NOT64(low));
    WX(i->rd, MUL64(SHR64(set, C64(7)), C64(0xff)));
}

/* --- Zbs --- */

SEM(bclr) { WX(i->rd, AND64(RS1, NOT64(SHL64(C64(1), AND64(RS2, C64(63)))))); }
SEM(bext) { WX(i->rd, AND64(SHR64(RS1, AND64(RS2, C64(63))), C64(1))); }
SEM(binv) { WX(i->rd, XOR64(RS1, SHL64(C64(1), AND64(RS2, C64(63))))); }
SEM(bset) { WX(i->rd, OR64(RS1, SHL64(C64(1), AND64(RS2, C64(63))))); }
SEM(bclri) { WX(i->rd, AND64(RS1, NOT64(SHL64(C64(1), IMM)))); }
SEM(bexti) { WX(i->rd, AND64(SHR64(RS1, IMM), C64(1))); }
SEM(binvi) { WX(i->rd, XOR64(RS1, SHL64(C64(1), IMM))); }
SEM(bseti) { WX(i->rd, OR64(RS1, SHL64(C64(1), IMM))); }

/* --- Zicond --- */

SEM(czero_eqz) { WX(i->rd, SEL64(EQ64(RS2, C64(0)), C64(0), RS1)); }
SEM(czero_nez) { WX(i->rd, SEL64(EQ64(RS2, C64(0)), RS1, C64(0))); }

#undef IMM
#undef RS1
#undef RS2
#undef RS1_32
#undef RS2_32
