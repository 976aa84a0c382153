/* What x86-64 instructions do to registers: the semantics of runtime/isa/x86_64/sem.h once more, over
 * values that are nothing and primitives that note which registers are read and written.  Also tells
 * which instructions have no IR: those that use a primitive marked STEP here. */
#include "isa.h"
#include "lift.h"

typedef unsigned Bool, I8, I16, I32, I64, V128;

#define SEM(name)                                                                                  \
    static void use_##name(__attribute__((unused)) struct register_use *u,                         \
                           __attribute__((unused)) const struct insn *i,                           \
                           __attribute__((unused)) unsigned form,                                  \
                           __attribute__((unused)) bool segmented)

static unsigned reads(struct register_use *u, unsigned reg) {
    if (reg < REGISTER_COUNT)
        u->reads |= (register_mask)1 << reg;
    return 0;
}
static void writes(struct register_use *u, unsigned reg) { u->writes |= (register_mask)1 << reg; }
static unsigned reads_flags(struct register_use *u) {
    u->reads |= FLAG_REGISTERS;
    return 0;
}
static unsigned step(struct register_use *u) {
    u->is_stepped = true;
    return 0;
}

/* Arguments are evaluated for the registers in them. */
static unsigned one(unsigned a) { return a & 0; }
static unsigned two(unsigned a, unsigned b) { return (a | b) & 0; }
static unsigned three(unsigned a, unsigned b, unsigned c) { return (a | b | c) & 0; }
#define STEP(value) (step(u) | (value))

#define C1(n) 0u
#define C8(n) 0u
#define C16(n) 0u
#define C32(n) 0u
#define C64(n) 0u
#define PC_CONST 0u
#define NEXT_PC_CONST 0u

#define R8(n) reads(u, (n) / 8)
#define R16(n) reads(u, n)
#define R32 R16
#define R64 R16
/* Narrow writes keep the rest. */
#define WR8(n, v) (two(reads(u, (n) / 8), v), writes(u, (n) / 8))
#define WR16(n, v) (two(reads(u, n), v), writes(u, n))
#define WR32(n, v) (one(v), writes(u, n))
#define WR64 WR32

/* Registers behind the general ones only add to addresses. */
static unsigned read_address(struct register_use *u, const struct insn *i) {
    if (i->base < REGISTER_XMM)
        reads(u, i->base);
    if (i->index < REGISTER_XMM)
        reads(u, i->index);
    return 0;
}
#define ADDRESS() read_address(u, i)
#define ADDRESS_PLUS(offset) (one(offset) | read_address(u, i))
#define OFFSET_ADDRESS(offset) one(offset)
#define LOAD8(a) one(a)
#define LOAD16 LOAD8
#define LOAD32 LOAD8
#define LOAD64 LOAD8
#define LOAD128 LOAD8
#define STORE8(a, v) ((void)two(a, v))
#define STORE16 STORE8
#define STORE32 STORE8
#define STORE64 STORE8
#define STORE128 STORE8

#define OF_WIDTH(W)                                                                                \
    static inline unsigned ADD##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned SUB##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned MUL##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned AND##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned OR##W(unsigned a, unsigned b) { return two(a, b); }                     \
    static inline unsigned XOR##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned NOT##W(unsigned a) { return one(a); }                                   \
    static inline unsigned NEG##W(unsigned a) { return one(a); }                                   \
    static inline unsigned SHL##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned SHR##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned SAR##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned ROTL##W(unsigned a, unsigned b) { return two(a, b); }                   \
    static inline unsigned ROTR##W(unsigned a, unsigned b) { return two(a, b); }                   \
    static inline unsigned MULHU##W(unsigned a, unsigned b) { return two(a, b); }                  \
    static inline unsigned MULHS##W(unsigned a, unsigned b) { return two(a, b); }                  \
    static inline unsigned EQ##W(unsigned a, unsigned b) { return two(a, b); }                     \
    static inline unsigned NE##W(unsigned a, unsigned b) { return two(a, b); }                     \
    static inline unsigned LTS##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned GEU##W(unsigned a, unsigned b) { return two(a, b); }                    \
    static inline unsigned SEL##W(unsigned a, unsigned b, unsigned c) { return three(a, b, c); }   \
    static inline unsigned SX##W##_64(unsigned a) { return one(a); }                               \
    static inline unsigned ZX##W##_64(unsigned a) { return one(a); }                               \
    static inline unsigned TR##W(unsigned a) { return one(a); }                                    \
    static inline unsigned LANE##W(unsigned v, unsigned n) { return two(v, n); }                   \
    static inline unsigned WITH##W(unsigned v, unsigned n, unsigned a) { return three(v, n, a); }
OF_WIDTH(8)
OF_WIDTH(16)
OF_WIDTH(32)
OF_WIDTH(64)
#undef OF_WIDTH
#define AND1 two
#define OR1 two
#define XOR1 two
#define NOT1 one
#define BOOL8 one
#define BOOL64 one
#define DIVU64 two
#define DIVS64 two
#define REMU64 two
#define REMS64 two
#define CTZ64 one
#define CLZ64 one
#define POPCNT64 one
#define BSWAP64 one
#define DIVU128 three
#define REMU128 three
#define DIVS128 three
#define REMS128 three
#define DIVS128_OVERFLOWS three
#define CRC32 three
#define RCL8(a, n, c) STEP(three(a, n, c))
#include "../runtime/isa/x86_64/rotate_carry.h"

static void set_flags(struct register_use *u, unsigned value) {
    u->writes |= FLAG_REGISTERS | value;
}
#define SET_SUB(W, a, b) set_flags(u, two(a, b))
#define SET_ADD SET_SUB
#define SET_ADC(W, a, b, c) set_flags(u, three(a, b, c))
#define SET_SBB SET_ADC
#define SET_LOGIC(W, a) set_flags(u, one(a))
#define SET_INC SET_SUB
#define SET_DEC SET_SUB
#define SET_RESULT SET_ADC
#define KEEP_OR_SET_RESULT(W, changed, a, c, o)                                                    \
    (reads_flags(u), set_flags(u, two(changed, three(a, c, o))))
#define KEEP_OR_SET_CARRY_OVERFLOW(changed, c, o) (reads_flags(u), set_flags(u, three(changed, c, o)))
#define SET_CARRY(c) (reads_flags(u), set_flags(u, one(c)))
#define SET_FLAGS(a) set_flags(u, one(a))
#define CONDITION(cc) reads_flags(u)
#define CARRY() reads_flags(u)
#define ZERO() reads_flags(u)
#define RFLAGS() reads_flags(u)
#define WRITE_RFLAGS(a) set_flags(u, one(a))
#define DIRECTION(n) (void)0

#define DIVIDE_ERROR_IF(c) ((void)one(c))
#define GENERAL_PROTECTION() ((void)step(u))
#define CHECK_ALIGNED16(a) ((void)one(a))
#define CHECK_CANONICAL(a) ((void)one(a))
#define ILLEGAL() ((void)step(u))
#define TRAP() ((void)step(u))
#define SYSCALL() writes(u, REG_RAX)
#define CYCLES() STEP(0)
#define BRANCH(c) ((void)one(c))
#define JUMP() (void)0
#define JUMP_REGISTER(a) ((void)one(a))

static void use_string(struct register_use *u) {
    step(u);
    u->writes |= FLAG_REGISTERS | 1u << REG_RAX | 1u << REG_RCX | 1u << REG_RSI | 1u << REG_RDI;
}
#define STRING(operation, size) use_string(u)
#define CPUID()                                                                                    \
    (step(u), (void)(u->writes |= 1u << REG_RAX | 1u << REG_RBX | 1u << REG_RCX | 1u << REG_RDX))
#define FXSAVE(address, wide) (one(address), (void)step(u))
#define FXRSTOR(address, wide) (one(address), step(u), (void)(u->writes |= 0xffff0000u))
#define MXCSR() STEP(0)
#define WRITE_MXCSR(value) (one(value), (void)step(u))

/* --- vectors --- */

#define XMM(n) reads(u, REGISTER_XMM + (n))
#define WXMM(n, v) (one(v), writes(u, REGISTER_XMM + (n)))
#define MM(n) STEP(0)
#define WMM(n, v) ((void)STEP(one(v)))
#define ENTER_MMX() ((void)step(u))
#define X87_WAIT() ((void)step(u))
#define EMMS() ((void)step(u))
#define LOW64 one
#define LOW32 one
#define JOIN64 two
#define STORE_BYTES(address, value, mask, size) ((void)STEP(three(address, value, mask)))

#define LANES(name, lanes, instruction) static inline V128 V_##name(V128 a, V128 b) { return two(a, b); }
#define INTRINSIC LANES
#define COMPARE LANES
#define WIDEN(name, from, to, extension) static inline V128 V_##name(V128 a) { return one(a); }
#define SPECIAL(name) LANES(name, , )
#include "vectors_x86_64.def"
#undef LANES
#undef INTRINSIC
#undef COMPARE
#undef WIDEN
#undef SPECIAL
#define V_(name, a, b) V_##name(a, b)
#define V1_(name, a) V_##name(a)
#define V_phminposuw(a) STEP(one(a))
#define V_rcpps V_phminposuw
#define V_rsqrtps V_phminposuw
#define RECIPROCAL32 V_phminposuw
#define RECIPROCAL_SQRT32 V_phminposuw
#define vector_phaddw(a, b, size) two(a, b)
#define vector_phaddd vector_phaddw
#define vector_phaddsw vector_phaddw
#define vector_phsubw vector_phaddw
#define vector_phsubd vector_phaddw
#define vector_phsubsw vector_phaddw
#define vector_packsswb(a, b, size) two(a, b)
#define vector_packssdw vector_packsswb
#define vector_packuswb vector_packsswb
#define vector_packusdw vector_packsswb
#define vector_punpckhbw vector_packsswb
#define vector_punpckhwd vector_packsswb
#define vector_punpckhdq vector_packsswb
#define vector_punpckhqdq vector_packsswb
#define vector_punpcklbw vector_packsswb
#define vector_punpcklwd vector_packsswb
#define vector_punpckldq vector_packsswb
#define vector_punpcklqdq vector_packsswb
#define vector_pshufb vector_packsswb
#define vector_psllw two
#define vector_pslld two
#define vector_psllq two
#define vector_psrlw two
#define vector_psrld two
#define vector_psrlq two
#define vector_psraw two
#define vector_psrad two
#define vector_pslldq(a, imm) (one(a) | ((imm) & 0))
#define vector_psrldq(a, imm) (one(a) | ((imm) & 0))
#define vector_pshufd(a, imm) (one(a) | ((imm) & 0))
#define vector_pshufw(a, imm, first) (one(a) | ((imm) & 0))
#define vector_shufps(a, b, imm) (two(a, b) | ((imm) & 0))
#define vector_shufpd(a, b, imm) (two(a, b) | ((imm) & 0))
#define vector_blendps(a, b, imm) (two(a, b) | ((imm) & 0))
#define vector_blendpd(a, b, imm) (two(a, b) | ((imm) & 0))
#define vector_pblendw(a, b, imm) (two(a, b) | ((imm) & 0))
#define vector_palignr(a, b, imm, size) (two(a, b) | ((imm) & 0))
#define vector_mpsadbw(a, b, imm) (STEP(two(a, b)) | ((imm) & 0))
#define vector_insertps(a, b, imm) (two(a, b) | ((imm) & 0))
#define vector_blendvps(a, b, mask) three(a, b, mask)
#define vector_blendvpd(a, b, mask) three(a, b, mask)
#define vector_pblendvb(a, b, mask) three(a, b, mask)
#define vector_pmovmskb(a, size) one(a)
#define PTEST_FLAGS two
#define MOVMSKPS one
#define MOVMSKPD one

struct string_compare {
    unsigned result, flags;
};
#define EQUAL_EACH 2
#define x86_compare_strings(a, a_length, b, b_length, imm)                                         \
    ((struct string_compare){two(two(a, a_length), two(b, b_length)) |                             \
                                 ((imm >> 2 & 3) == EQUAL_EACH ? 0 : step(u)),                     \
                             0})
#define x86_implicit_length(v, imm) one(v)
#define x86_explicit_length(n, imm) ((unsigned)(n) & (imm) & 0)
#define x86_string_index(result, imm) ((result) & (imm) & 0)
#define x86_string_mask(result, imm) ((result) & (imm) & 0)

#define SSE_BEGIN() ((void)(u->raises_exceptions = true))
#define SSE_END() (void)0
#define F_(name, a, b) two(a, b)
#define FU_(name, a, b, argument) (two(a, b) | ((argument) & 0))
/* Step or not, by name. */
#define FC_(name, a) (one(a) | FC_STEP_##name)
#define FC_STEP_cvtps2pd 0
#define FC_STEP_cvtpd2ps 0
#define FC_STEP_cvtdq2ps 0
#define FC_STEP_cvtdq2pd 0
#define FC_STEP_cvtps2dq 0
#define FC_STEP_cvttps2dq 0
#define FC_STEP_cvtpd2dq 0
#define FC_STEP_cvttpd2dq 0
#define FC_STEP_cvtps2pi step(u)
#define FC_STEP_cvttps2pi step(u)
#define FC_STEP_cvtpi2ps step(u)
#define CVT_F32_F64 one
#define CVT_F64_F32 one
#define CVT_I64_F32 one
#define CVT_I64_F64 one
#define CVT_F32_I32(a, truncate) one(a)
#define CVT_F32_I64(a, truncate) one(a)
#define CVT_F64_I32(a, truncate) one(a)
#define CVT_F64_I64(a, truncate) one(a)
#define ORDER32(a, b, signal) two(a, b)
#define ORDER64(a, b, signal) two(a, b)

#define SEM_WITHOUT_X87
#include "../runtime/isa/x86_64/sem.h"

/* The x87 unit's registers stay in memory; fnstsw and comparisons write others. */
#define OP(id, mnemonic, class, attributes)                                                        \
    SEM(id) {                                                                                      \
        step(u);                                                                                   \
        u->writes |= FLAG_REGISTERS | 1u << REG_RAX;                                               \
    }
#include "../runtime/isa/x86_64/ops_x87.def"
#undef OP

struct register_use insn_registers(const struct insn *insn) {
    typedef void uses(struct register_use *, const struct insn *, unsigned, bool);
    static uses *const table[OP_COUNT] = {
#define OP(id, mnemonic, class, attributes) [OP_##id] = use_##id,
#include "../runtime/isa/x86_64/ops.def"
#undef OP
    };
    struct register_use use = {0};
    table[insn->op](&use, insn, insn->form, insn->flags & INSN_ADDRESS_FLAGS);
    return use;
}

/* Instructions that leave some flags as they are count by the flags they are used for; those that may
 * leave all, shifts by CL, as nothing, as does SYSCALL's copy in r11. */
enum flag_use insn_flag_use(const struct insn *insn) {
    unsigned op = insn->op;
    if ((op >= OP_inc8 && op <= OP_dec64) || (op >= OP_bt16 && op <= OP_btc64))
        return FLAGS_WRITTEN;
    if (op >= OP_shl8 && op <= OP_sar64)
        return insn->form & FORM_IMMEDIATE ? FLAGS_WRITTEN : FLAGS_UNTOUCHED;
    if ((op >= OP_rol8 && op <= OP_ror64) || (op >= OP_shld16 && op <= OP_shrd_cl64) ||
        op == OP_syscall)
        return FLAGS_UNTOUCHED;
    struct register_use use = insn_registers(insn);
    return use.reads & FLAG_REGISTERS    ? FLAGS_READ
           : use.writes & FLAG_REGISTERS ? FLAGS_WRITTEN
                                         : FLAGS_UNTOUCHED;
}
