/* SSE to SSE4.2 and MMX; included by sem.h. */

/* The source operand: memory of 128 bits is aligned unless an instruction is made for other
 * addresses; narrower memory is zero-extended. */
#define SRC128() (form & FORM_MEMORY_SRC ? LOAD128_ALIGNED(ADDRESS()) : XMM(i->rm))
#define LOAD128_ALIGNED(address)                                                                   \
    ({                                                                                             \
        I64 aligned_address = address;                                                             \
        CHECK_ALIGNED16(aligned_address);                                                          \
        LOAD128(aligned_address);                                                                  \
    })
#define SRC128_ANY() (form & FORM_MEMORY_SRC ? LOAD128(ADDRESS()) : XMM(i->rm))
#define SRC128_LOW64() (form & FORM_MEMORY_SRC ? LOW64(LOAD64(ADDRESS())) : XMM(i->rm))
#define SRC128_LOW32() (form & FORM_MEMORY_SRC ? LOW32(LOAD32(ADDRESS())) : XMM(i->rm))
#define SRC128_LOW16() (form & FORM_MEMORY_SRC ? LOW64(ZX16_64(LOAD16(ADDRESS()))) : XMM(i->rm))
#define SRC_MM() (form & FORM_MEMORY_SRC ? LOW64(LOAD64(ADDRESS())) : MM(i->rm))

/* --- moves --- */

#define MOVE(name, CHECK)                                                                          \
    SEM(name) {                                                                                    \
        if (form & FORM_MEMORY) {                                                                  \
            I64 address = ADDRESS();                                                               \
            CHECK(address);                                                                        \
            if (form & FORM_MEMORY_DST) {                                                          \
                STORE128(address, XMM(i->rm));                                                     \
            } else {                                                                               \
                V128 value = LOAD128(address);                                                     \
                WXMM(i->reg, value);                                                               \
            }                                                                                      \
        } else {                                                                                   \
            WXMM(i->reg, XMM(i->rm));                                                              \
        }                                                                                          \
    }
#define ANY_ADDRESS(address) (void)0
MOVE(movups, ANY_ADDRESS)
MOVE(movupd, ANY_ADDRESS)
MOVE(movdqu, ANY_ADDRESS)
MOVE(lddqu, ANY_ADDRESS)
MOVE(movaps, CHECK_ALIGNED16)
MOVE(movapd, CHECK_ALIGNED16)
MOVE(movdqa, CHECK_ALIGNED16)
MOVE(movntps, CHECK_ALIGNED16)
MOVE(movntpd, CHECK_ALIGNED16)
MOVE(movntdq, CHECK_ALIGNED16)
MOVE(movntdqa, CHECK_ALIGNED16)
#undef MOVE

/* A load clears the rest, a move between registers keeps it. */
#define MOVE_SCALAR(name, W)                                                                       \
    SEM(name) {                                                                                    \
        if (form & FORM_MEMORY_DST) {                                                              \
            STORE##W(ADDRESS(), LANE##W(XMM(i->rm), 0));                                           \
        } else if (form & FORM_MEMORY_SRC) {                                                       \
            I##W value = LOAD##W(ADDRESS());                                                       \
            WXMM(i->reg, LOW##W(value));                                                           \
        } else {                                                                                   \
            WXMM(i->reg, WITH##W(XMM(i->reg), 0, LANE##W(XMM(i->rm), 0)));                         \
        }                                                                                          \
    }
MOVE_SCALAR(movss, 32)
MOVE_SCALAR(movsd, 64)
#undef MOVE_SCALAR

SEM(movq) {
    if (form & FORM_MEMORY_DST) {
        STORE64(ADDRESS(), LANE64(XMM(i->rm), 0));
    } else {
        V128 value = SRC128_LOW64();
        WXMM(i->reg, LOW64(LANE64(value, 0)));
    }
}

#define MOVE_HALF(name, n)                                                                         \
    SEM(name) {                                                                                    \
        if (form & FORM_MEMORY_DST) {                                                              \
            STORE64(ADDRESS(), LANE64(XMM(i->rm), n));                                             \
        } else {                                                                                   \
            I64 value = LOAD64(ADDRESS());                                                         \
            WXMM(i->reg, WITH64(XMM(i->reg), n, value));                                           \
        }                                                                                          \
    }
MOVE_HALF(movlps, 0)
MOVE_HALF(movlpd, 0)
MOVE_HALF(movhps, 1)
MOVE_HALF(movhpd, 1)
#undef MOVE_HALF
SEM(movhlps) { WXMM(i->reg, WITH64(XMM(i->reg), 0, LANE64(XMM(i->rm), 1))); }
SEM(movlhps) { WXMM(i->reg, WITH64(XMM(i->reg), 1, LANE64(XMM(i->rm), 0))); }

SEM(movddup) {
    V128 b = SRC128_LOW64();
    WXMM(i->reg, JOIN64(LANE64(b, 0), LANE64(b, 0)));
}
SEM(movsldup) {
    V128 b = SRC128();
    WXMM(i->reg, vector_pshufd(b, 0xa0));
}
SEM(movshdup) {
    V128 b = SRC128();
    WXMM(i->reg, vector_pshufd(b, 0xf5));
}

SEM(movd_xmm_r) {
    I32 value = SRC(32);
    WXMM(i->reg, LOW32(value));
}
SEM(movq_xmm_r) {
    I64 value = SRC(64);
    WXMM(i->reg, LOW64(value));
}
SEM(movd_r_xmm) { WRITE_DST(32, LANE32(XMM(i->rm), 0)); }
SEM(movq_r_xmm) { WRITE_DST(64, LANE64(XMM(i->rm), 0)); }
SEM(m_movd_r) {
    I32 value = SRC(32);
    ENTER_MMX();
    WMM(i->reg, LOW64(ZX32_64(value)));
}
SEM(m_movq_r) {
    I64 value = SRC(64);
    ENTER_MMX();
    WMM(i->reg, LOW64(value));
}
SEM(movd_r_m) {
    X87_WAIT();
    WRITE_DST(32, LANE32(MM(i->rm), 0));
    ENTER_MMX();
}
SEM(movq_r_m) {
    X87_WAIT();
    WRITE_DST(64, LANE64(MM(i->rm), 0));
    ENTER_MMX();
}
SEM(m_movq) {
    if (form & FORM_MEMORY_DST) {
        X87_WAIT();
        STORE64(ADDRESS(), LANE64(MM(i->rm), 0));
        ENTER_MMX();
    } else {
        V128 value = SRC_MM();
        ENTER_MMX();
        WMM(i->reg, value);
    }
}
SEM(m_movntq) {
    X87_WAIT();
    STORE64(ADDRESS(), LANE64(MM(i->rm), 0));
    ENTER_MMX();
}
SEM(movq2dq) {
    V128 value = MM(i->rm);
    ENTER_MMX();
    WXMM(i->reg, value);
}
SEM(movdq2q) {
    V128 value = XMM(i->rm);
    ENTER_MMX();
    WMM(i->reg, value);
}

/* Bytes of the first operand where the second's top bits are set, to ds:rdi. */
SEM(maskmovdqu) {
    I64 address = OFFSET_ADDRESS(R64(REG_RDI));
    STORE_BYTES(address, XMM(i->reg), XMM(i->rm), 16);
}
SEM(m_maskmovq) {
    I64 address = OFFSET_ADDRESS(R64(REG_RDI));
    ENTER_MMX();
    STORE_BYTES(address, MM(i->reg), MM(i->rm), 8);
}

/* --- integer vectors --- */

#define VECTOR(name)                                                                               \
    SEM(name) {                                                                                    \
        V128 b = SRC128();                                                                         \
        WXMM(i->reg, V_(name, XMM(i->reg), b));                                                    \
    }
#define VECTOR_MMX(name)                                                                           \
    VECTOR(name)                                                                                   \
    SEM(m_##name) {                                                                                \
        V128 b = SRC_MM();                                                                         \
        ENTER_MMX();                                                                               \
        WMM(i->reg, V_(name, MM(i->reg), b));                                                      \
    }
#define VECTOR_SIZED(name)                                                                         \
    SEM(name) {                                                                                    \
        V128 b = SRC128();                                                                         \
        WXMM(i->reg, vector_##name(XMM(i->reg), b, 16));                                           \
    }
#define VECTOR_SIZED_MMX(name)                                                                     \
    VECTOR_SIZED(name)                                                                             \
    SEM(m_##name) {                                                                                \
        V128 b = SRC_MM();                                                                         \
        ENTER_MMX();                                                                               \
        WMM(i->reg, vector_##name(MM(i->reg), b, 8));                                              \
    }
VECTOR_MMX(paddb)
VECTOR_MMX(paddw)
VECTOR_MMX(paddd)
VECTOR_MMX(paddq)
VECTOR_MMX(paddsb)
VECTOR_MMX(paddsw)
VECTOR_MMX(paddusb)
VECTOR_MMX(paddusw)
VECTOR_MMX(psubb)
VECTOR_MMX(psubw)
VECTOR_MMX(psubd)
VECTOR_MMX(psubq)
VECTOR_MMX(psubsb)
VECTOR_MMX(psubsw)
VECTOR_MMX(psubusb)
VECTOR_MMX(psubusw)
VECTOR_MMX(pmullw)
VECTOR_MMX(pmulhw)
VECTOR_MMX(pmulhuw)
VECTOR_MMX(pmulhrsw)
VECTOR_MMX(pmuludq)
VECTOR_MMX(pmaddwd)
VECTOR_MMX(pmaddubsw)
VECTOR_MMX(psadbw)
VECTOR_MMX(pavgb)
VECTOR_MMX(pavgw)
VECTOR_MMX(pminub)
VECTOR_MMX(pmaxub)
VECTOR_MMX(pminsw)
VECTOR_MMX(pmaxsw)
VECTOR_MMX(pand)
VECTOR_MMX(pandn)
VECTOR_MMX(por)
VECTOR_MMX(pxor)
VECTOR_MMX(pcmpeqb)
VECTOR_MMX(pcmpeqw)
VECTOR_MMX(pcmpeqd)
VECTOR_MMX(pcmpgtb)
VECTOR_MMX(pcmpgtw)
VECTOR_MMX(pcmpgtd)
VECTOR_MMX(psignb)
VECTOR_MMX(psignw)
VECTOR_MMX(psignd)
VECTOR_MMX(pabsb)
VECTOR_MMX(pabsw)
VECTOR_MMX(pabsd)
VECTOR(pmulld)
VECTOR(pmuldq)
VECTOR(pminuw)
VECTOR(pminud)
VECTOR(pminsb)
VECTOR(pminsd)
VECTOR(pmaxuw)
VECTOR(pmaxud)
VECTOR(pmaxsb)
VECTOR(pmaxsd)
VECTOR(pcmpeqq)
VECTOR(pcmpgtq)
VECTOR_SIZED_MMX(phaddw)
VECTOR_SIZED_MMX(phaddd)
VECTOR_SIZED_MMX(phaddsw)
VECTOR_SIZED_MMX(phsubw)
VECTOR_SIZED_MMX(phsubd)
VECTOR_SIZED_MMX(phsubsw)
VECTOR_SIZED_MMX(packsswb)
VECTOR_SIZED_MMX(packssdw)
VECTOR_SIZED_MMX(packuswb)
VECTOR_SIZED(packusdw)
VECTOR_SIZED_MMX(punpckhbw)
VECTOR_SIZED_MMX(punpckhwd)
VECTOR_SIZED_MMX(punpckhdq)
VECTOR_SIZED(punpckhqdq)
VECTOR_SIZED(punpcklbw)
VECTOR_SIZED(punpcklwd)
VECTOR_SIZED(punpckldq)
VECTOR_SIZED(punpcklqdq)
VECTOR_SIZED_MMX(pshufb)

/* The MMX forms that take the low half read only 32 bits of memory. */
#define UNPACK_LOW_MMX(name)                                                                       \
    SEM(m_##name) {                                                                                \
        V128 b = form & FORM_MEMORY_SRC ? LOW32(LOAD32(ADDRESS())) : MM(i->rm);                    \
        ENTER_MMX();                                                                               \
        WMM(i->reg, vector_##name(MM(i->reg), b, 8));                                              \
    }
UNPACK_LOW_MMX(punpcklbw)
UNPACK_LOW_MMX(punpcklwd)
UNPACK_LOW_MMX(punpckldq)
#undef UNPACK_LOW_MMX

#define SHIFT(name)                                                                                \
    SEM(name) {                                                                                    \
        V128 b = SRC128();                                                                         \
        WXMM(i->reg, vector_##name(XMM(i->reg), LANE64(b, 0)));                                    \
    }                                                                                              \
    SEM(m_##name) {                                                                                \
        V128 b = SRC_MM();                                                                         \
        ENTER_MMX();                                                                               \
        WMM(i->reg, vector_##name(MM(i->reg), LANE64(b, 0)));                                      \
    }                                                                                              \
    SEM(name##_imm) { WXMM(i->reg, vector_##name(XMM(i->reg), C64(i->imm))); }                     \
    SEM(m_##name##_imm) {                                                                          \
        ENTER_MMX();                                                                               \
        WMM(i->reg, vector_##name(MM(i->reg), C64(i->imm)));                                       \
    }
SHIFT(psllw)
SHIFT(pslld)
SHIFT(psllq)
SHIFT(psrlw)
SHIFT(psrld)
SHIFT(psrlq)
SHIFT(psraw)
SHIFT(psrad)
#undef SHIFT
SEM(pslldq_imm) { WXMM(i->reg, vector_pslldq(XMM(i->reg), (unsigned)i->imm)); }
SEM(psrldq_imm) { WXMM(i->reg, vector_psrldq(XMM(i->reg), (unsigned)i->imm)); }

/* What a shuffle makes of a (the destination), b and the immediate. */
#define SHUFFLE(name, value)                                                                       \
    SEM(name) {                                                                                    \
        unsigned imm = (unsigned)i->imm;                                                           \
        V128 b = SRC128();                                                                         \
        V128 a = XMM(i->reg);                                                                      \
        (void)a;                                                                                   \
        WXMM(i->reg, value);                                                                       \
    }
SHUFFLE(pshufd, vector_pshufd(b, imm))
SHUFFLE(pshuflw, vector_pshufw(b, imm, 0))
SHUFFLE(pshufhw, vector_pshufw(b, imm, 4))
SHUFFLE(shufps, vector_shufps(a, b, imm))
SHUFFLE(shufpd, vector_shufpd(a, b, imm))
SHUFFLE(blendps, vector_blendps(a, b, imm))
SHUFFLE(blendpd, vector_blendpd(a, b, imm))
SHUFFLE(pblendw, vector_pblendw(a, b, imm))
SHUFFLE(palignr, vector_palignr(a, b, imm, 16))
SHUFFLE(mpsadbw, vector_mpsadbw(a, b, imm))
#undef SHUFFLE
SEM(m_pshufw) {
    V128 b = SRC_MM();
    ENTER_MMX();
    WMM(i->reg, vector_pshufw(b, (unsigned)i->imm, 0));
}
SEM(m_palignr) {
    V128 b = SRC_MM();
    ENTER_MMX();
    WMM(i->reg, vector_palignr(MM(i->reg), b, (unsigned)i->imm, 8));
}

/* The mask is xmm0. */
#define BLEND_VARIABLE(name)                                                                       \
    SEM(name) {                                                                                    \
        V128 b = SRC128();                                                                         \
        WXMM(i->reg, vector_##name(XMM(i->reg), b, XMM(0)));                                       \
    }
BLEND_VARIABLE(blendvps)
BLEND_VARIABLE(blendvpd)
BLEND_VARIABLE(pblendvb)
#undef BLEND_VARIABLE

#define WIDEN(name, SOURCE)                                                                        \
    SEM(name) {                                                                                    \
        V128 b = SOURCE();                                                                         \
        WXMM(i->reg, V1_(name, b));                                                                 \
    }
WIDEN(pmovsxbw, SRC128_LOW64)
WIDEN(pmovsxbd, SRC128_LOW32)
WIDEN(pmovsxbq, SRC128_LOW16)
WIDEN(pmovsxwd, SRC128_LOW64)
WIDEN(pmovsxwq, SRC128_LOW32)
WIDEN(pmovsxdq, SRC128_LOW64)
WIDEN(pmovzxbw, SRC128_LOW64)
WIDEN(pmovzxbd, SRC128_LOW32)
WIDEN(pmovzxbq, SRC128_LOW16)
WIDEN(pmovzxwd, SRC128_LOW64)
WIDEN(pmovzxwq, SRC128_LOW32)
WIDEN(pmovzxdq, SRC128_LOW64)
WIDEN(phminposuw, SRC128)
#undef WIDEN

SEM(ptest) {
    V128 b = SRC128();
    V128 a = XMM(i->reg);
    SET_FLAGS(PTEST_FLAGS(a, b));
}

/* Lanes from and to general registers and memory. */
#define INSERT(name, W)                                                                            \
    SEM(name) {                                                                                    \
        I##W value = form & FORM_MEMORY_SRC ? LOAD##W(ADDRESS()) : TR##W(R64(i->rm));              \
        WXMM(i->reg, WITH##W(XMM(i->reg), (unsigned)i->imm & (128 / W - 1), value));               \
    }
INSERT(pinsrb, 8)
INSERT(pinsrw, 16)
INSERT(pinsrd, 32)
INSERT(pinsrq, 64)
#undef INSERT
#define EXTRACT(name, W, register_width)                                                           \
    SEM(name) {                                                                                    \
        I##W value = LANE##W(XMM(i->rm), (unsigned)i->imm & (128 / W - 1));                        \
        if (form & FORM_MEMORY_DST)                                                                \
            STORE##W(ADDRESS(), value);                                                            \
        else                                                                                       \
            WR##register_width(i->reg, value);                                                     \
    }
EXTRACT(pextrb, 8, 32)
EXTRACT(pextrw, 16, 32)
EXTRACT(pextrd, 32, 32)
EXTRACT(pextrq, 64, 64)
EXTRACT(extractps, 32, 32)
#undef EXTRACT
SEM(m_pinsrw) {
    I16 value = form & FORM_MEMORY_SRC ? LOAD16(ADDRESS()) : TR16(R64(i->rm));
    ENTER_MMX();
    WMM(i->reg, WITH16(MM(i->reg), (unsigned)i->imm & 3, value));
}
SEM(m_pextrw) {
    ENTER_MMX();
    WR32(i->reg, LANE16(MM(i->rm), (unsigned)i->imm & 3));
}
SEM(insertps) {
    unsigned imm = (unsigned)i->imm;
    I32 lane = form & FORM_MEMORY_SRC ? LOAD32(ADDRESS()) : LANE32(XMM(i->rm), imm >> 6);
    WXMM(i->reg, vector_insertps(XMM(i->reg), lane, imm));
}
SEM(pmovmskb) { WR64(i->reg, vector_pmovmskb(XMM(i->rm), 16)); }
SEM(m_pmovmskb) {
    ENTER_MMX();
    WR64(i->reg, vector_pmovmskb(MM(i->rm), 8));
}
SEM(movmskps) { WR32(i->reg, MOVMSKPS(XMM(i->rm))); }
SEM(movmskpd) { WR32(i->reg, MOVMSKPD(XMM(i->rm))); }

/* --- string comparisons --- */

#define COMPARE_STRINGS(a_length, b_length)                                                        \
    unsigned imm = (unsigned)i->imm;                                                               \
    V128 b = SRC128_ANY();                                                                         \
    V128 a = XMM(i->reg);                                                                          \
    struct string_compare compared = x86_compare_strings(a, a_length, b, b_length, imm)
#define IMPLICIT(v) x86_implicit_length(v, imm)
#define EXPLICIT(n) x86_explicit_length(R64(n), imm)
#define EXPLICIT32(n) x86_explicit_length(SX32_64(R32(n)), imm)
SEM(pcmpistri) {
    COMPARE_STRINGS(IMPLICIT(a), IMPLICIT(b));
    WR32(REG_RCX, x86_string_index(compared.result, imm));
    SET_FLAGS(compared.flags);
}
SEM(pcmpistrm) {
    COMPARE_STRINGS(IMPLICIT(a), IMPLICIT(b));
    WXMM(0, x86_string_mask(compared.result, imm));
    SET_FLAGS(compared.flags);
}
/* With REX.W the lengths are the whole registers. */
SEM(pcmpestri) {
    bool wide = i->flags & INSN_SIZE;
    COMPARE_STRINGS(wide ? EXPLICIT(REG_RAX) : EXPLICIT32(REG_RAX),
                    wide ? EXPLICIT(REG_RDX) : EXPLICIT32(REG_RDX));
    WR32(REG_RCX, x86_string_index(compared.result, imm));
    SET_FLAGS(compared.flags);
}
SEM(pcmpestrm) {
    bool wide = i->flags & INSN_SIZE;
    COMPARE_STRINGS(wide ? EXPLICIT(REG_RAX) : EXPLICIT32(REG_RAX),
                    wide ? EXPLICIT(REG_RDX) : EXPLICIT32(REG_RDX));
    WXMM(0, x86_string_mask(compared.result, imm));
    SET_FLAGS(compared.flags);
}
#undef COMPARE_STRINGS
#undef IMPLICIT
#undef EXPLICIT
#undef EXPLICIT32

/* --- floating point --- */

#define FLOAT_BINARY(name, SOURCE)                                                                 \
    SEM(name) {                                                                                    \
        V128 b = SOURCE();                                                                         \
        SSE_BEGIN();                                                                               \
        V128 result = F_(name, XMM(i->reg), b);                                                    \
        SSE_END();                                                                                 \
        WXMM(i->reg, result);                                                                      \
    }
#define FLOAT_FOUR(name)                                                                           \
    FLOAT_BINARY(name##ps, SRC128)                                                                 \
    FLOAT_BINARY(name##pd, SRC128)                                                                 \
    FLOAT_BINARY(name##ss, SRC128_LOW32)                                                           \
    FLOAT_BINARY(name##sd, SRC128_LOW64)
FLOAT_FOUR(add)
FLOAT_FOUR(sub)
FLOAT_FOUR(mul)
FLOAT_FOUR(div)
FLOAT_FOUR(min)
FLOAT_FOUR(max)
FLOAT_BINARY(addsubps, SRC128)
FLOAT_BINARY(addsubpd, SRC128)
FLOAT_BINARY(haddps, SRC128)
FLOAT_BINARY(haddpd, SRC128)
FLOAT_BINARY(hsubps, SRC128)
FLOAT_BINARY(hsubpd, SRC128)
#undef FLOAT_BINARY

#define FLOAT_IMMEDIATE(name, SOURCE)                                                              \
    SEM(name) {                                                                                    \
        V128 b = SOURCE();                                                                         \
        SSE_BEGIN();                                                                               \
        V128 result = FU_(name, XMM(i->reg), b, (unsigned)i->imm);                                 \
        SSE_END();                                                                                 \
        WXMM(i->reg, result);                                                                      \
    }
#undef FLOAT_FOUR
#define FLOAT_FOUR(name)                                                                           \
    FLOAT_IMMEDIATE(name##ps, SRC128)                                                              \
    FLOAT_IMMEDIATE(name##pd, SRC128)                                                              \
    FLOAT_IMMEDIATE(name##ss, SRC128_LOW32)                                                        \
    FLOAT_IMMEDIATE(name##sd, SRC128_LOW64)
FLOAT_FOUR(sqrt)
FLOAT_FOUR(round)
FLOAT_FOUR(cmp)
FLOAT_IMMEDIATE(dpps, SRC128)
FLOAT_IMMEDIATE(dppd, SRC128)
#undef FLOAT_FOUR
#undef FLOAT_IMMEDIATE

SEM(rcpps) {
    V128 b = SRC128();
    WXMM(i->reg, V_rcpps(b));
}
SEM(rsqrtps) {
    V128 b = SRC128();
    WXMM(i->reg, V_rsqrtps(b));
}
SEM(rcpss) {
    V128 b = SRC128_LOW32();
    WXMM(i->reg, WITH32(XMM(i->reg), 0, RECIPROCAL32(LANE32(b, 0))));
}
SEM(rsqrtss) {
    V128 b = SRC128_LOW32();
    WXMM(i->reg, WITH32(XMM(i->reg), 0, RECIPROCAL_SQRT32(LANE32(b, 0))));
}

#define LOGIC(name, operation)                                                                     \
    SEM(name) {                                                                                    \
        V128 b = SRC128();                                                                         \
        WXMM(i->reg, V_(operation, XMM(i->reg), b));                                               \
    }
LOGIC(andps, pand)
LOGIC(andpd, pand)
LOGIC(andnps, pandn)
LOGIC(andnpd, pandn)
LOGIC(orps, por)
LOGIC(orpd, por)
LOGIC(xorps, pxor)
LOGIC(xorpd, pxor)
#undef LOGIC
#define UNPACK(name, operation)                                                                    \
    SEM(name) {                                                                                    \
        V128 b = SRC128();                                                                         \
        WXMM(i->reg, operation(XMM(i->reg), b, 16));                                               \
    }
UNPACK(unpcklps, vector_punpckldq)
UNPACK(unpcklpd, vector_punpcklqdq)
UNPACK(unpckhps, vector_punpckhdq)
UNPACK(unpckhpd, vector_punpckhqdq)
#undef UNPACK

#define COMPARE(name, W, SOURCE, signal)                                                           \
    SEM(name) {                                                                                    \
        V128 b = SOURCE();                                                                         \
        SSE_BEGIN();                                                                               \
        I64 flags = ORDER##W(LANE##W(XMM(i->reg), 0), LANE##W(b, 0), signal);                      \
        SSE_END();                                                                                 \
        SET_FLAGS(flags);                                                                          \
    }
COMPARE(ucomiss, 32, SRC128_LOW32, false)
COMPARE(ucomisd, 64, SRC128_LOW64, false)
COMPARE(comiss, 32, SRC128_LOW32, true)
COMPARE(comisd, 64, SRC128_LOW64, true)
#undef COMPARE

/* --- conversions --- */

#define CONVERT(name, SOURCE)                                                                      \
    SEM(name) {                                                                                    \
        V128 b = SOURCE();                                                                         \
        SSE_BEGIN();                                                                               \
        V128 result = FC_(name, b);                                                                \
        SSE_END();                                                                                 \
        WXMM(i->reg, result);                                                                      \
    }
CONVERT(cvtps2pd, SRC128_LOW64)
CONVERT(cvtpd2ps, SRC128)
CONVERT(cvtdq2ps, SRC128)
CONVERT(cvtps2dq, SRC128)
CONVERT(cvttps2dq, SRC128)
CONVERT(cvtdq2pd, SRC128_LOW64)
CONVERT(cvtpd2dq, SRC128)
CONVERT(cvttpd2dq, SRC128)
#undef CONVERT
#define CONVERT_TO_MMX(name, SOURCE, operation)                                                    \
    SEM(name) {                                                                                    \
        V128 b = SOURCE();                                                                         \
        ENTER_MMX();                                                                               \
        SSE_BEGIN();                                                                               \
        V128 result = FC_(operation, b);                                                           \
        SSE_END();                                                                                 \
        WMM(i->reg, result);                                                                       \
    }
CONVERT_TO_MMX(cvtps2pi, SRC128_LOW64, cvtps2pi)
CONVERT_TO_MMX(cvttps2pi, SRC128_LOW64, cvttps2pi)
CONVERT_TO_MMX(cvtpd2pi, SRC128, cvtpd2dq)
CONVERT_TO_MMX(cvttpd2pi, SRC128, cvttpd2dq)
#undef CONVERT_TO_MMX
/* From memory these two are no MMX instructions. */
SEM(cvtpi2ps) {
    V128 b = SRC_MM();
    if (!(form & FORM_MEMORY_SRC))
        ENTER_MMX();
    SSE_BEGIN();
    V128 result = FC_(cvtpi2ps, b);
    SSE_END();
    WXMM(i->reg, WITH64(XMM(i->reg), 0, LANE64(result, 0)));
}
SEM(cvtpi2pd) {
    V128 b = SRC_MM();
    if (!(form & FORM_MEMORY_SRC))
        ENTER_MMX();
    SSE_BEGIN();
    V128 result = FC_(cvtdq2pd, b);
    SSE_END();
    WXMM(i->reg, result);
}

SEM(cvtss2sd) {
    V128 b = SRC128_LOW32();
    SSE_BEGIN();
    I64 result = CVT_F32_F64(LANE32(b, 0));
    SSE_END();
    WXMM(i->reg, WITH64(XMM(i->reg), 0, result));
}
SEM(cvtsd2ss) {
    V128 b = SRC128_LOW64();
    SSE_BEGIN();
    I32 result = CVT_F64_F32(LANE64(b, 0));
    SSE_END();
    WXMM(i->reg, WITH32(XMM(i->reg), 0, result));
}
#define FROM_INTEGER(name, W, lane, operation)                                                     \
    SEM(name##_##W) {                                                                              \
        I##W value = SRC(W);                                                                       \
        SSE_BEGIN();                                                                               \
        I##lane result = operation(SX##W##_64(value));                                             \
        SSE_END();                                                                                 \
        WXMM(i->reg, WITH##lane(XMM(i->reg), 0, result));                                          \
    }
FROM_INTEGER(cvtsi2ss, 32, 32, CVT_I64_F32)
FROM_INTEGER(cvtsi2ss, 64, 32, CVT_I64_F32)
FROM_INTEGER(cvtsi2sd, 32, 64, CVT_I64_F64)
FROM_INTEGER(cvtsi2sd, 64, 64, CVT_I64_F64)
#undef FROM_INTEGER
#define TO_INTEGER(name, W, lane, truncate)                                                        \
    SEM(name##_##W) {                                                                              \
        V128 b = SRC128_LOW##lane();                                                               \
        SSE_BEGIN();                                                                               \
        I##W result = CVT_F##lane##_I##W(LANE##lane(b, 0), truncate);                              \
        SSE_END();                                                                                 \
        WR##W(i->reg, result);                                                                     \
    }
TO_INTEGER(cvtss2si, 32, 32, false)
TO_INTEGER(cvtss2si, 64, 32, false)
TO_INTEGER(cvttss2si, 32, 32, true)
TO_INTEGER(cvttss2si, 64, 32, true)
TO_INTEGER(cvtsd2si, 32, 64, false)
TO_INTEGER(cvtsd2si, 64, 64, false)
TO_INTEGER(cvttsd2si, 32, 64, true)
TO_INTEGER(cvttsd2si, 64, 64, true)
#undef TO_INTEGER

SEM(emms) { EMMS(); }
