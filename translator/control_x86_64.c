/* x86-64: where instructions lead, and the addresses that code builds from lea and immediates. */
#include "control_x86_64.h"

/* ---- the registers that instructions change ---- */

/* Ranges of operations are in the order of ops.def. */

/* Operations whose destination, when it is no memory, is a general register. */
static const bool general_results[OP_COUNT] = {
    [OP_mov8 ... OP_lea64] = true,
    [OP_pop16 ... OP_pop64] = true,
    [OP_bswap16 ... OP_bswap64] = true,
    [OP_cmovo16 ... OP_setg] = true,
    [OP_add8 ... OP_xor64] = true,
    [OP_inc8 ... OP_imul_imm64] = true,
    [OP_xadd8 ... OP_cmpxchg64] = true,
    [OP_bts16 ... OP_crc32_64] = true,
    [OP_extractps ... OP_movmskpd] = true,
    [OP_pmovmskb] = true,
    [OP_movd_r_xmm ... OP_movq_r_xmm] = true,
    [OP_pextrb ... OP_pextrq] = true,
    [OP_cvtss2si_32 ... OP_cvttsd2si_64] = true,
    [OP_m_pmovmskb] = true,
    [OP_movd_r_m ... OP_movq_r_m] = true,
    [OP_m_pextrw] = true,
};

static const bool byte_results[OP_COUNT] = {
    [OP_mov8] = true,
    [OP_xchg8] = true,
    [OP_seto ... OP_setg] = true,
    [OP_add8] = true,
    [OP_or8] = true,
    [OP_adc8] = true,
    [OP_sbb8] = true,
    [OP_and8] = true,
    [OP_sub8] = true,
    [OP_xor8] = true,
    [OP_cmp8] = true,
    [OP_test8] = true,
    [OP_inc8] = true,
    [OP_dec8] = true,
    [OP_not8] = true,
    [OP_neg8] = true,
    [OP_shl8] = true,
    [OP_shr8] = true,
    [OP_sar8] = true,
    [OP_rol8] = true,
    [OP_ror8] = true,
    [OP_rcl8] = true,
    [OP_rcr8] = true,
    [OP_xadd8] = true,
    [OP_cmpxchg8] = true,
};

#define R(name) (1u << REG_##name)
/* Registers that are changed besides. */
static const uint32_t implied_results[OP_COUNT] = {
    [OP_push16 ... OP_popf64] = R(RSP),
    [OP_enter16 ... OP_leave64] = R(RSP) | R(RBP),
    [OP_cbw16 ... OP_cbw64] = R(RAX),
    [OP_cwd16 ... OP_cwd64] = R(RDX),
    [OP_lahf] = R(RAX),
    [OP_xlat] = R(RAX),
    [OP_mul_wide8 ... OP_idiv64] = R(RAX) | R(RDX),
    [OP_cmpxchg8 ... OP_cmpxchg64] = R(RAX),
    [OP_cmpxchg8b ... OP_cmpxchg16b] = R(RAX) | R(RDX),
    [OP_movs8 ... OP_movs64] = R(RSI) | R(RDI) | R(RCX),
    [OP_stos8 ... OP_stos64] = R(RDI) | R(RCX),
    [OP_lods8 ... OP_lods64] = R(RSI) | R(RAX) | R(RCX),
    [OP_scas8 ... OP_scas64] = R(RDI) | R(RCX),
    [OP_cmps8 ... OP_cmps64] = R(RSI) | R(RDI) | R(RCX),
    [OP_loop64 ... OP_loopne32] = R(RCX),
    [OP_call ... OP_ret] = R(RSP),
    [OP_syscall] = R(RAX) | R(RCX) | R(R11),
    [OP_cpuid] = R(RAX) | R(RBX) | R(RCX) | R(RDX),
    [OP_rdtsc] = R(RAX) | R(RDX),
    [OP_pcmpestri] = R(RCX),
    [OP_pcmpistri] = R(RCX),
    [OP_fnstsw_ax] = R(RAX),
};
#undef R

bool has_byte_result(const struct insn *insn) { return byte_results[insn->op]; }

int insn_result(const struct insn *insn) {
    if (insn->form & FORM_MEMORY_DST || !general_results[insn->op])
        return -1;
    return has_byte_result(insn) ? insn->reg / 8 : insn->reg;
}

uint32_t general_writes(const struct insn *insn) {
    int result = insn_result(insn);
    uint32_t writes = implied_results[insn->op] | (result < 0 ? 0 : 1u << result);
    /* Exchanges change both operands. */
    if (((insn->op >= OP_xchg8 && insn->op <= OP_xchg64) ||
         (insn->op >= OP_xadd8 && insn->op <= OP_xadd64)) &&
        !(insn->form & FORM_MEMORY_SRC))
        writes |= 1u << (has_byte_result(insn) ? insn->rm / 8 : insn->rm);
    return writes;
}

/* ---- registers with known constants ---- */

void constants_clear(struct constants *constants) {
    constants->known = 1u << REG_ZERO | 1u << REG_4GIB;
    constants->value[REG_ZERO] = 0;
    constants->value[REG_4GIB] = (uint64_t)1 << 32;
}

static bool known_address(const struct constants *constants, const struct insn *insn,
                          uint64_t *address) {
    uint32_t needed = 1u << insn->base | 1u << insn->index;
    if (insn->flags & INSN_ADDRESS_FLAGS || (constants->known & needed) != needed)
        return false;
    *address = constants->value[insn->base] + (constants->value[insn->index] << insn->scale) +
               (uint64_t)(int64_t)insn->disp;
    return true;
}

/* The source operand. */
static bool known_source(const struct constants *constants, const struct insn *insn,
                         uint64_t *value) {
    if (insn->form & FORM_MEMORY)
        return false;
    if (insn->form & FORM_IMMEDIATE) {
        *value = (uint64_t)(int64_t)insn->imm;
        return true;
    }
    *value = constants->value[insn->rm];
    return constants->known >> insn->rm & 1;
}

static bool known_result(const struct constants *constants, const struct insn *insn,
                         uint64_t *result) {
    uint64_t a = constants->value[insn->reg & 31], b = 0;
    bool known_a = constants->known >> (insn->reg & 31) & 1;
    switch ((enum op)insn->op) {
    case OP_lea32:
    case OP_lea64:
        return known_address(constants, insn, result);
    case OP_mov32:
    case OP_mov64:
        return known_source(constants, insn, result);
    case OP_mov_imm64:
        *result = (uint64_t)(uint32_t)insn->imm << 32 | (uint32_t)insn->disp;
        return true;
    case OP_add32:
    case OP_add64:
        known_a = known_a && known_source(constants, insn, &b);
        *result = a + b;
        return known_a;
    case OP_xor32:
    case OP_xor64:
    case OP_sub32:
    case OP_sub64:
        if (insn->form == FORM_REGISTERS && insn->reg == insn->rm) {
            *result = 0;
            return true;
        }
        known_a = known_a && known_source(constants, insn, &b);
        *result = insn->op <= OP_sub64 ? a - b : a ^ b;
        return known_a;
    case OP_shl32:
    case OP_shl64:
        *result = a << (insn->imm & 63);
        return known_a && insn->form == FORM_IMMEDIATE;
    default:
        return false;
    }
}

static bool has_32_bits(unsigned op) {
    return op == OP_lea32 || op == OP_mov32 || op == OP_add32 || op == OP_sub32 ||
           op == OP_xor32 || op == OP_shl32;
}

void constants_step(struct constants *constants, const struct insn *insn, uint32_t address) {
    (void)address; /* insn_place has made addresses absolute */
    uint32_t writes = general_writes(insn);
    uint64_t result = 0;
    if (!writes)
        return;
    int reg = insn_result(insn);
    bool known = reg >= 0 && known_result(constants, insn, &result);
    constants->known &= ~writes;
    if (known) {
        constants->known |= 1u << reg;
        constants->value[reg] = has_32_bits(insn->op) ? (uint32_t)result : result;
    }
}

bool insn_takes_address(const struct insn *insn, const struct constants *constants,
                        uint32_t *address) {
    uint64_t value;
    switch ((enum op)insn->op) {
    case OP_lea32:
    case OP_lea64:
        value = constants->value[insn->reg];
        if (!(constants->known >> insn->reg & 1))
            return false;
        break;
    case OP_mov32:
        value = (uint32_t)insn->imm;
        break;
    case OP_mov64:
    case OP_push64:
        value = (uint64_t)(int64_t)insn->imm;
        break;
    case OP_mov_imm64:
        value = (uint64_t)(uint32_t)insn->imm << 32 | (uint32_t)insn->disp;
        break;
    default:
        return false;
    }
    if ((insn->op < OP_lea16 || insn->op > OP_lea64) && !(insn->form & FORM_IMMEDIATE))
        return false;
    *address = (uint32_t)value;
    return value <= UINT32_MAX;
}

bool insn_names_data(const struct insn *insn, const struct constants *constants,
                     uint32_t *address) {
    if (!(insn->form & FORM_MEMORY))
        return insn_takes_address(insn, constants, address);
    bool absolute = insn->base == REG_ZERO || insn->base == REG_4GIB;
    if (!absolute || insn->flags & INSN_ADDRESS_FLAGS)
        return false;
    *address = (uint32_t)insn->disp; /* modulo 2^32 */
    return true;
}

/* ---- control ---- */

enum control_kind insn_control(const struct insn *insn) {
    switch ((enum op_class)op_table[insn->op].class) {
    case CLASS_PLAIN:
        return CONTROL_NONE;
    case CLASS_BRANCH:
        return CONTROL_BRANCH;
    case CLASS_JUMP:
        if (insn->op == OP_jmp)
            return CONTROL_JUMP;
        /* A call of what follows only pushes the program counter. */
        return insn->imm ? CONTROL_CALL : CONTROL_NONE;
    case CLASS_JUMP_REGISTER:
        return insn->op == OP_call_indirect ? CONTROL_CALL : CONTROL_JUMP;
    case CLASS_SYSTEM:
        return insn->op == OP_syscall ? CONTROL_SYSCALL : CONTROL_STOP;
    }
    return CONTROL_STOP;
}

struct jump_target insn_target(const struct insn *insn, uint32_t address,
                               const struct constants *constants) {
    if (op_table[insn->op].class != CLASS_JUMP_REGISTER)
        return (struct jump_target){.is_known = true,
                                    .address = address + insn->len + (uint32_t)insn->imm};
    if (insn->op == OP_ret)
        return (struct jump_target){.is_return = true, .may_return = true};
    uint64_t slot;
    if (insn->form & FORM_MEMORY)
        return (struct jump_target){.is_slot = known_address(constants, insn, &slot)};
    if (!(constants->known >> insn->rm & 1))
        return (struct jump_target){0};
    return (struct jump_target){.is_known = true, .address = (uint32_t)constants->value[insn->rm]};
}

bool insn_checks_bound(const struct insn *insn) {
    return insn->op == OP_ja || insn->op == OP_jae || insn->op == OP_jb || insn->op == OP_jbe;
}
