/* Flags, strings, control transfers and system instructions; included by sem.h. */

/* --- flags --- */

SEM(clc) { SET_CARRY(C1(0)); }
SEM(stc) { SET_CARRY(C1(1)); }
SEM(cmc) { SET_CARRY(NOT1(CARRY())); }
SEM(cld) { DIRECTION(0); }
SEM(std) { DIRECTION(1); }

#define LAHF_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF)
SEM(lahf) { WR8(BYTE_REGISTER(REG_RAX, 1), TR8(RFLAGS())); }
SEM(sahf) {
    I64 set = AND64(ZX8_64(R8(BYTE_REGISTER(REG_RAX, 1))), C64(LAHF_FLAGS));
    I64 kept = AND64(RFLAGS(), C64(RFLAGS_OF));
    SET_FLAGS(OR64(kept, set));
}

/* --- strings --- */

SEM(xlat) {
    I64 address = OFFSET_ADDRESS(ADD64(R64(REG_RBX), ZX8_64(R8(BYTE_REGISTER(REG_RAX, 0)))));
    I8 value = LOAD8(address);
    WR8(BYTE_REGISTER(REG_RAX, 0), value);
}

#define DEFINE(W)                                                                                  \
    SEM(movs##W) { STRING(STRING_MOVS, W / 8); }                                                   \
    SEM(stos##W) { STRING(STRING_STOS, W / 8); }                                                   \
    SEM(lods##W) { STRING(STRING_LODS, W / 8); }                                                   \
    SEM(scas##W) { STRING(STRING_SCAS, W / 8); }                                                   \
    SEM(cmps##W) { STRING(STRING_CMPS, W / 8); }
WIDTHS_B(DEFINE)
#undef DEFINE

/* --- control --- */

#define DEFINE(name, cc, W)                                                                        \
    SEM(j##name) { BRANCH(CONDITION(cc)); }
CONDITIONS(DEFINE, )
#undef DEFINE

SEM(jrcxz) { BRANCH(EQ64(R64(REG_RCX), C64(0))); }
SEM(jecxz) { BRANCH(EQ32(R32(REG_RCX), C32(0))); }
/* The branch depends on the flags of before, which counting leaves alone. */
#define LOOP(W, condition)                                                                         \
    I##W count = SUB##W(R##W(REG_RCX), C##W(1));                                                   \
    WR##W(REG_RCX, count);                                                                         \
    BRANCH(AND1(NE##W(count, C##W(0)), condition))
SEM(loop64) { LOOP(64, C1(1)); }
SEM(loop32) { LOOP(32, C1(1)); }
SEM(loope64) { LOOP(64, ZERO()); }
SEM(loope32) { LOOP(32, ZERO()); }
SEM(loopne64) { LOOP(64, NOT1(ZERO())); }
SEM(loopne32) { LOOP(32, NOT1(ZERO())); }
#undef LOOP

SEM(jmp) { JUMP(); }
SEM(jmp_indirect) {
    I64 target = SRC(64);
    CHECK_CANONICAL(target);
    JUMP_REGISTER(target);
}
#define PUSH_RETURN_ADDRESS()                                                                      \
    I64 top = SUB64(R64(REG_RSP), C64(8));                                                         \
    STORE64(top, C64(NEXT_PC_CONST));                                                              \
    WR64(REG_RSP, top)
SEM(call) {
    PUSH_RETURN_ADDRESS();
    JUMP();
}
SEM(call_indirect) {
    I64 target = SRC(64);
    CHECK_CANONICAL(target);
    PUSH_RETURN_ADDRESS();
    JUMP_REGISTER(target);
}
#undef PUSH_RETURN_ADDRESS
SEM(ret) {
    I64 top = R64(REG_RSP);
    I64 target = LOAD64(top);
    CHECK_CANONICAL(target);
    WR64(REG_RSP, ADD64(top, C64(8 + i->imm)));
    JUMP_REGISTER(target);
}

/* --- system --- */

/* The kernel finds the return address in rcx and the flags in r11, as the program does. */
SEM(syscall) {
    WR64(REG_RCX, C64(NEXT_PC_CONST));
    WR64(REG_R11, RFLAGS());
    SYSCALL();
}
SEM(int3) { TRAP(); }
SEM(int1) { TRAP(); }
SEM(int_imm) {
    if (i->imm == 3) {
        TRAP();
    } else {
        GENERAL_PROTECTION();
    }
}
SEM(ud) { ILLEGAL(); }
SEM(privileged) { GENERAL_PROTECTION(); }
SEM(nop) {}
SEM(fence) {}
SEM(clflush) {
    I8 ignored = LOAD8(ADDRESS());
    (void)ignored;
}
SEM(cpuid) { CPUID(); }
SEM(rdtsc) {
    I64 cycles = CYCLES();
    WR64(REG_RAX, ZX32_64(TR32(cycles)));
    WR64(REG_RDX, SHR64(cycles, C64(32)));
}
SEM(ldmxcsr) {
    I32 value = SRC(32);
    WRITE_MXCSR(value);
}
SEM(stmxcsr) { STORE32(ADDRESS(), MXCSR()); }
#define DEFINE(name, OPERATION, wide)                                                              \
    SEM(name) {                                                                                    \
        I64 address = ADDRESS();                                                                   \
        CHECK_ALIGNED16(address);                                                                  \
        OPERATION(address, wide);                                                                  \
    }
DEFINE(fxsave, FXSAVE, false)
DEFINE(fxsave64, FXSAVE, true)
DEFINE(fxrstor, FXRSTOR, false)
DEFINE(fxrstor64, FXRSTOR, true)
#undef DEFINE
