/* Moves between registers, memory and the stack; included by sem.h. */

/* --- moves --- */

#define DEFINE(W)                                                                                  \
    SEM(mov##W) {                                                                                  \
        I##W value = SRC(W);                                                                       \
        WRITE_DST(W, value);                                                                       \
    }
WIDTHS_B(DEFINE)
#undef DEFINE

SEM(mov_imm64) { WR64(i->reg, C64((uint64_t)(uint32_t)i->imm << 32 | (uint32_t)i->disp)); }

/* The memory operand is the destination; the other one is always register rm. */
#define DEFINE(W)                                                                                  \
    SEM(xchg##W) {                                                                                 \
        I##W old = DST(W);                                                                         \
        I##W value = R##W(i->rm);                                                                  \
        WRITE_DST(W, value);                                                                       \
        WR##W(i->rm, old);                                                                         \
    }                                                                                              \
    SEM(xadd##W) {                                                                                 \
        I##W a = DST(W);                                                                           \
        I##W b = R##W(i->rm);                                                                      \
        if (form & FORM_MEMORY_DST) {                                                              \
            STORE##W(ADDRESS(), ADD##W(a, b));                                                     \
            WR##W(i->rm, a);                                                                       \
        } else {                                                                                   \
            WR##W(i->rm, a);                                                                       \
            WR##W(i->reg, ADD##W(a, b));                                                           \
        }                                                                                          \
        SET_ADD(W, a, b);                                                                          \
    }
WIDTHS_B(DEFINE)
#undef DEFINE

#define DEFINE(W)                                                                                  \
    SEM(movzx8_##W) {                                                                              \
        I8 value = SRC(8);                                                                         \
        WR##W(i->reg, TR##W(ZX8_64(value)));                                                       \
    }                                                                                              \
    SEM(movzx16_##W) {                                                                             \
        I16 value = SRC(16);                                                                       \
        WR##W(i->reg, TR##W(ZX16_64(value)));                                                      \
    }                                                                                              \
    SEM(movsx8_##W) {                                                                              \
        I8 value = SRC(8);                                                                         \
        WR##W(i->reg, TR##W(SX8_64(value)));                                                       \
    }                                                                                              \
    SEM(movsx16_##W) {                                                                             \
        I16 value = SRC(16);                                                                       \
        WR##W(i->reg, TR##W(SX16_64(value)));                                                      \
    }                                                                                              \
    SEM(lea##W) { WR##W(i->reg, TR##W(ADDRESS())); }
WIDTHS_V(DEFINE)
#undef DEFINE

SEM(movsxd16) {
    I16 value = SRC(16);
    WR16(i->reg, value);
}
SEM(movsxd32) {
    I32 value = SRC(32);
    WR32(i->reg, value);
}
SEM(movsxd64) {
    I32 value = SRC(32);
    WR64(i->reg, SX32_64(value));
}

/* Undefined by the manuals; processors clear the register. */
SEM(bswap16) { WR16(i->reg, C16(0)); }
SEM(bswap32) { WR32(i->reg, TR32(SHR64(BSWAP64(ZX32_64(R32(i->reg))), C64(32)))); }
SEM(bswap64) { WR64(i->reg, BSWAP64(R64(i->reg))); }

SEM(cbw16) { WR16(REG_RAX, TR16(SX8_64(R8(BYTE_REGISTER(REG_RAX, 0))))); }
SEM(cbw32) { WR32(REG_RAX, TR32(SX16_64(R16(REG_RAX)))); }
SEM(cbw64) { WR64(REG_RAX, SX32_64(R32(REG_RAX))); }
SEM(cwd16) { WR16(REG_RDX, SAR16(R16(REG_RAX), C16(15))); }
SEM(cwd32) { WR32(REG_RDX, SAR32(R32(REG_RAX), C32(31))); }
SEM(cwd64) { WR64(REG_RDX, SAR64(R64(REG_RAX), C64(63))); }

SEM(movnti32) { STORE32(ADDRESS(), R32(i->rm)); }
SEM(movnti64) { STORE64(ADDRESS(), R64(i->rm)); }

#define DEFINE(name, cc, W)                                                                        \
    SEM(cmov##name##W) {                                                                           \
        I##W value = SRC(W);                                                                       \
        Bool condition = CONDITION(cc);                                                            \
        WR##W(i->reg, SEL##W(condition, value, R##W(i->reg)));                                     \
    }
CONDITIONS(DEFINE, 16)
CONDITIONS(DEFINE, 32)
CONDITIONS(DEFINE, 64)
#undef DEFINE
#define DEFINE(name, cc, W)                                                                        \
    SEM(set##name) {                                                                               \
        I8 value = BOOL8(CONDITION(cc));                                                           \
        WRITE_DST(8, value);                                                                       \
    }
CONDITIONS(DEFINE, )
#undef DEFINE

/* --- the stack --- */

SEM(push64) {
    I64 value = SRC(64);
    I64 top = SUB64(R64(REG_RSP), C64(8));
    STORE64(top, value);
    WR64(REG_RSP, top);
}
SEM(push16) {
    I16 value = SRC(16);
    I64 top = SUB64(R64(REG_RSP), C64(2));
    STORE16(top, value);
    WR64(REG_RSP, top);
}

/* The address of a memory operand based on rsp counts from its value behind the pop. */
#define POP(W, bytes)                                                                              \
    I64 top = R64(REG_RSP);                                                                        \
    I##W value = LOAD##W(top);                                                                     \
    if (form & FORM_MEMORY_DST)                                                                    \
        STORE##W(ADDRESS_PLUS(C64(i->base == REG_RSP ? (bytes) : 0)), value);                      \
    WR64(REG_RSP, ADD64(top, C64(bytes)));                                                         \
    if (!(form & FORM_MEMORY_DST))                                                                 \
    WR##W(i->reg, value)
SEM(pop64) { POP(64, 8); }
SEM(pop16) { POP(16, 2); }
#undef POP

SEM(pushf64) {
    I64 top = SUB64(R64(REG_RSP), C64(8));
    STORE64(top, RFLAGS());
    WR64(REG_RSP, top);
}
SEM(pushf16) {
    I64 top = SUB64(R64(REG_RSP), C64(2));
    STORE16(top, TR16(RFLAGS()));
    WR64(REG_RSP, top);
}
SEM(popf64) {
    I64 top = R64(REG_RSP);
    I64 value = LOAD64(top);
    WR64(REG_RSP, ADD64(top, C64(8)));
    WRITE_RFLAGS(value);
}
SEM(popf16) {
    I64 top = R64(REG_RSP);
    I16 value = LOAD16(top);
    I64 upper = AND64(RFLAGS(), C64(~(uint64_t)0xffff));
    WR64(REG_RSP, ADD64(top, C64(2)));
    WRITE_RFLAGS(OR64(upper, ZX16_64(value)));
}

/* A nested frame of level n copies n - 1 frame pointers of the enclosing ones and adds its own. The
 * end of the frame has to be writable. */
#define ENTER(W, bytes)                                                                            \
    I64 top = SUB64(R64(REG_RSP), C64(bytes));                                                     \
    int level = i->imm >> 16 & 31;                                                                 \
    STORE##W(top, R##W(REG_RBP));                                                                  \
    for (int n = 1; n < level; n++) {                                                              \
        I##W pointer = LOAD##W(SUB64(R64(REG_RBP), C64((bytes) * n)));                             \
        STORE##W(SUB64(top, C64((bytes) * n)), pointer);                                           \
    }                                                                                              \
    if (level != 0)                                                                                \
        STORE##W(SUB64(top, C64((bytes) * level)), TR##W(top));                                    \
    I64 end = SUB64(top, C64((bytes) * level + (i->imm & 0xffff)));                                \
    I##W touched = LOAD##W(end);                                                                   \
    STORE##W(end, touched);                                                                        \
    WR64(REG_RSP, end);                                                                            \
    WR##W(REG_RBP, TR##W(top))
SEM(enter64) { ENTER(64, 8); }
SEM(enter16) { ENTER(16, 2); }
#undef ENTER

SEM(leave64) {
    I64 frame = R64(REG_RBP);
    I64 value = LOAD64(frame);
    WR64(REG_RSP, ADD64(frame, C64(8)));
    WR64(REG_RBP, value);
}
SEM(leave16) {
    I64 frame = R64(REG_RBP);
    I16 value = LOAD16(frame);
    WR64(REG_RSP, ADD64(frame, C64(2)));
    WR16(REG_RBP, value);
}
