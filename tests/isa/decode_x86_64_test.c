/* The runtime's x86-64 decoder must read code as capstone does.
 *   decode_x86_64_test FILE...   the executable sections of ELF files, one instruction after the
 *                                other
 *   decode_x86_64_test           random encodings of every row of encodings.def and random bytes */
#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/isa/x86_64/insn.h"
#include "../../translator/mnemonics_x86_64.h"
#include "../text_sections.h"

enum { SHOWN = 20 };

struct comparison {
    csh capstone;
    cs_insn *theirs;
    uint64_t instructions, differences;
};

/* --- what capstone means, in the terms of struct insn --- */

/* The number of a register as an operand: of a byte register its offset, otherwise the number in
 * its class; -1 when it has none. */
static int register_number(x86_reg reg) {
    static const struct {
        x86_reg first;
        uint8_t count, number;
        bool byte;
    } ranges[] = {
        {X86_REG_R8, 8, 8, false},  {X86_REG_R8B, 8, 8, true},    {X86_REG_R8D, 8, 8, false},
        {X86_REG_R8W, 8, 8, false}, {X86_REG_XMM0, 16, 0, false}, {X86_REG_MM0, 8, 0, false},
        {X86_REG_ST0, 8, 0, false},
    };
    static const x86_reg named[][8] = {
        {X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX, X86_REG_RSP, X86_REG_RBP, X86_REG_RSI,
         X86_REG_RDI},
        {X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX, X86_REG_ESP, X86_REG_EBP, X86_REG_ESI,
         X86_REG_EDI},
        {X86_REG_AX, X86_REG_CX, X86_REG_DX, X86_REG_BX, X86_REG_SP, X86_REG_BP, X86_REG_SI,
         X86_REG_DI},
    };
    static const x86_reg bytes[2][8] = {
        {X86_REG_AL, X86_REG_CL, X86_REG_DL, X86_REG_BL, X86_REG_SPL, X86_REG_BPL, X86_REG_SIL,
         X86_REG_DIL},
        {X86_REG_AH, X86_REG_CH, X86_REG_DH, X86_REG_BH},
    };
    for (unsigned n = 0; n < 8; n++) {
        for (unsigned k = 0; k < 3; k++) {
            if (reg == named[k][n])
                return (int)n;
        }
        for (unsigned high = 0; high < 2; high++) {
            if (reg == bytes[high][n])
                return BYTE_REGISTER(n, high);
        }
    }
    for (size_t k = 0; k < sizeof ranges / sizeof *ranges; k++) {
        if (reg >= ranges[k].first && reg < ranges[k].first + ranges[k].count) {
            unsigned number = reg - ranges[k].first + ranges[k].number;
            return ranges[k].byte ? BYTE_REGISTER(number, 0) : (int)number;
        }
    }
    return -1;
}

static bool same_memory(const cs_x86 *x86, const x86_op_mem *mem, const struct insn *insn) {
    struct insn expected = {.base = REG_ZERO, .index = REG_ZERO};
    if (insn->flags & INSN_ABSOLUTE64)
        return (uint64_t)mem->disp == ((uint64_t)(uint32_t)insn->imm << 32 | (uint32_t)insn->disp);
    if (mem->base == X86_REG_RIP || mem->base == X86_REG_EIP)
        expected.base = REG_RIP;
    else if (mem->base != X86_REG_INVALID)
        expected.base = (uint8_t)register_number(mem->base);
    if (mem->index != X86_REG_INVALID && mem->index != X86_REG_RIZ && mem->index != X86_REG_EIZ) {
        expected.index = (uint8_t)register_number(mem->index);
        expected.scale = (uint8_t)__builtin_ctz((unsigned)mem->scale);
    }
    if (x86->addr_size == 4)
        expected.flags = INSN_ADDRESS32;
    if (mem->segment == X86_REG_FS || mem->segment == X86_REG_GS) {
        bool fs = mem->segment == X86_REG_FS;
        if (expected.index == REG_ZERO && !expected.flags)
            expected.index = fs ? REG_FS_BASE : REG_GS_BASE;
        else
            expected.flags |= fs ? INSN_FS : INSN_GS;
    }
    return expected.base == insn->base && expected.index == insn->index &&
           expected.scale == insn->scale && expected.flags == (insn->flags & INSN_ADDRESS_FLAGS) &&
           (int32_t)mem->disp == insn->disp;
}

static bool same_immediate(const cs_insn *theirs, int64_t imm, unsigned size,
                           const struct insn *insn) {
    uint64_t mask = size >= 8 ? UINT64_MAX : (1ull << 8 * size) - 1;
    switch ((enum op_class)op_table[insn->op].class) {
    case CLASS_BRANCH:
    case CLASS_JUMP:
        return imm == (int64_t)theirs->address + theirs->size + insn->imm;
    default:
        break;
    }
    if (insn->op == OP_mov_imm64)
        return (uint64_t)imm == ((uint64_t)(uint32_t)insn->imm << 32 | (uint32_t)insn->disp);
    if (insn->op == OP_enter16 || insn->op == OP_enter64)
        return (uint16_t)imm == (uint16_t)insn->imm || (uint8_t)imm == insn->imm >> 16;
    return (((uint64_t)imm ^ (uint64_t)(int64_t)insn->imm) & mask) == 0;
}

/* Operations whose operands capstone does not list as the instruction has them. */
static bool has_listed_operands(const struct insn *insn) {
    switch (insn->op) {
    case OP_nop:
    case OP_privileged:
    case OP_ud:
    case OP_xlat:
    case OP_maskmovdqu:
    case OP_m_maskmovq:
        return false;
    default:
        return !(insn->op >= OP_movs8 && insn->op <= OP_cmps64);
    }
}

static const char *wrong_operand(const cs_insn *theirs, const struct insn *insn) {
    const cs_x86 *x86 = &theirs->detail->x86;
    bool swapped = insn->op >= OP_xchg8 && insn->op <= OP_xchg64;
    if (!has_listed_operands(insn))
        return NULL;
    for (unsigned n = 0; n < x86->op_count && n < 3; n++) {
        const cs_x86_op *op = &x86->operands[n];
        if (op->type == X86_OP_IMM && !same_immediate(theirs, op->imm, op->size, insn))
            return "immediate";
        if (op->type == X86_OP_MEM) {
            if (!(insn->form & FORM_MEMORY) || !same_memory(x86, &op->mem, insn))
                return "memory";
            if (x86->op_count > 1 && !swapped &&
                !(insn->form & (n == 0 ? FORM_MEMORY_DST : FORM_MEMORY_SRC)))
                return "form";
        }
        if (op->type != X86_OP_REG || n == 2)
            continue;
        int number = register_number(op->reg);
        bool either =
            x86->op_count == 1 || swapped || (op->reg >= X86_REG_ST0 && op->reg <= X86_REG_ST7);
        bool is_reg = number == insn->reg && !(insn->form & FORM_MEMORY_DST);
        bool is_rm = number == insn->rm && !(insn->form & (FORM_MEMORY_SRC | FORM_IMMEDIATE));
        /* st(0) is implied where capstone names it */
        if (op->reg == X86_REG_ST0)
            continue;
        if (!(either ? is_reg || is_rm : n == 0 ? is_reg : is_rm))
            return n == 0 ? "first register" : "second register";
    }
    return NULL;
}

/* Where capstone does as AMD processors do (a branch with operand size 16 has a short distance), or
 * lets a segment prefix without meaning undo one that has, or gives lea a segment; and the length
 * of undefined opcodes. */
static bool is_read_differently(const cs_insn *theirs, const struct insn *insn) {
    const cs_x86 *x86 = &theirs->detail->x86;
    bool branch = op_table[insn->op].class >= CLASS_BRANCH;
    return (branch && x86->prefix[2] == 0x66) || insn->op == OP_ud ||
           !strcmp(theirs->mnemonic, "tpause") ||
           (!strcmp(theirs->mnemonic, "lea") && x86->prefix[1] != 0) ||
           (x86->prefix[1] != 0 && x86->prefix[1] != 0x64 && x86->prefix[1] != 0x65 &&
            (insn->flags & (INSN_FS | INSN_GS) || insn->index >= REG_FS_BASE));
}

/* What the level leaves out, or user mode. */
static bool is_left_out(const cs_insn *theirs) {
    static const uint8_t groups[] = {
        X86_GRP_3DNOW,  X86_GRP_AES,      X86_GRP_ADX,       X86_GRP_AVX,    X86_GRP_AVX2,
        X86_GRP_AVX512, X86_GRP_BMI,      X86_GRP_BMI2,      X86_GRP_F16C,   X86_GRP_FMA,
        X86_GRP_FMA4,   X86_GRP_FSGSBASE, X86_GRP_HLE,       X86_GRP_PCLMUL, X86_GRP_RTM,
        X86_GRP_SHA,    X86_GRP_SSE4A,    X86_GRP_TBM,       X86_GRP_XOP,    X86_GRP_VM,
        X86_GRP_TBM,    X86_GRP_CDI,      X86_GRP_DQI,       X86_GRP_BWI,    X86_GRP_PFI,
        X86_GRP_VLX,    X86_GRP_SMAP,     X86_GRP_PRIVILEGE,
    };
    static const char *const names[] = {
        "xsave",     "xsave64",      "xsavec",        "xsavec64",  "xsaveopt",   "xsaveopt64",
        "xsaves",    "xsaves64",     "xrstor",        "xrstor64",  "xrstors",    "xrstors64",
        "xgetbv",    "rdrand",       "rdseed",        "movbe",     "rdtscp",     "clflushopt",
        "clwb",      "rdpid",        "sgdt",          "sidt",      "sldt",       "smsw",
        "str",       "verr",         "verw",          "lar",       "lsl",        "ljmp",
        "lcall",     "retf",         "retfq",         "iret",      "iretd",      "iretq",
        "sysenter",  "sysexit",      "sysret",        "sysretq",   "monitor",    "mwait",
        "monitorx",  "mwaitx",       "lss",           "lfs",       "lgs",        "mov",
        "push",      "pop",          "rsm",           "getsec",    "wrpkru",     "rdpkru",
        "incsspq",   "incsspd",      "saveprevssp",   "rstorssp",  "wrssq",      "wrssd",
        "wrussq",    "wrussd",       "setssbsy",      "clrssbsy",  "vzeroupper", "xtest",
        "xabort",    "xbegin",       "xend",          "femms",     "clac",       "stac",
        "swapgs",    "invlpg",       "encls",         "enclu",     "enclv",      "clzero",
        "bnd retf",  "fstpnce",      "retfd",         "retfw",     "in",         "out",
        "cet",       "lwpins",       "pcommit",       "xsetbv",    "vmfunc",     "lldt",
        "ltr",       "lgdt",         "lidt",          "lmsw",      "invept",     "invvpid",
        "invpcid",   "feni8087_nop", "fdisi8087_nop", "fnsetpm",   "rdfsbase",   "wrfsbase",
        "rdgsbase",  "wrgsbase",     "ptwrite",       "fsetpm",    "frstpm",     "ffreep",
        "bswap",     "int1",         "xstore",        "xcryptecb", "xcryptcbc",  "xcryptctr",
        "xcryptcfb", "xcryptofb",    "xsha1",         "xsha256",   "montmul",
    };
    const uint8_t *opcode = theirs->detail->x86.opcode;
    unsigned reg = theirs->detail->x86.modrm >> 3 & 7;
    if (opcode[0] == 0xff && (reg == 3 || reg == 5)) /* far calls and jumps */
        return true;
    if (!strncmp(theirs->mnemonic, "lock ", 5) &&
        theirs->detail->x86.operands[0].type != X86_OP_MEM)
        return true;
    if (theirs->detail->x86.prefix[2] == 0x66 && opcode[0] == 0x0f &&
        (opcode[1] == 0x12 || opcode[1] == 0x16)) /* movlpd, movhpd have no register form */
        return true;
    if (theirs->mnemonic[0] == 'v' || theirs->mnemonic[0] == 'k')
        return true;
    for (unsigned n = 0; n < theirs->detail->groups_count; n++) {
        for (size_t k = 0; k < sizeof groups; k++) {
            if (theirs->detail->groups[n] == groups[k])
                return true;
        }
    }
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (!strcmp(names[k], theirs->mnemonic))
            return true;
    }
    return false;
}

/* --- comparison --- */

static void differ(struct comparison *comparison, const char *what, const uint8_t *bytes,
                   const cs_insn *theirs, bool valid, const struct insn *ours) {
    char text[160] = "illegal";
    if (comparison->differences++ >= SHOWN)
        return;
    if (valid)
        insn_format(ours, text, sizeof text);
    printf("0x%" PRIx64 ": %s:", theirs->address, what);
    for (unsigned n = 0; n < theirs->size; n++)
        printf(" %02x", bytes[n]);
    printf("\n  capstone  %s %s\n  runtime   %s (%u bytes)\n", theirs->mnemonic, theirs->op_str,
           text, valid ? ours->len : 0);
}

/* Compares the instruction at bytes; returns its length for the next one. */
static unsigned compare(struct comparison *comparison, const uint8_t *bytes, size_t available,
                        uint64_t address) {
    const uint8_t *at = bytes;
    size_t left = available;
    uint64_t next = address;
    struct insn ours;
    if (!cs_disasm_iter(comparison->capstone, &at, &left, &next, comparison->theirs))
        return 1;
    const cs_insn *theirs = comparison->theirs;
    comparison->instructions++;
    bool valid = insn_decode(bytes, available, &ours);
    if (!valid) {
        if (!is_left_out(theirs))
            differ(comparison, "illegal", bytes, theirs, valid, &ours);
    } else if (is_read_differently(theirs, &ours)) {
        return theirs->size;
    } else if (ours.len != theirs->size) {
        differ(comparison, "length", bytes, theirs, valid, &ours);
    } else if (!mnemonic_fits(theirs->mnemonic, ours.op)) {
        differ(comparison, "mnemonic", bytes, theirs, valid, &ours);
    } else {
        const char *wrong = wrong_operand(theirs, &ours);
        if (wrong)
            differ(comparison, wrong, bytes, theirs, valid, &ours);
    }
    /* Every beginning of the instruction is incomplete. */
    if (valid && comparison->instructions % 64 == 0) {
        struct insn ignored;
        for (unsigned n = 1; n < ours.len; n++) {
            if (!insn_decode(bytes, n, &ignored) && !insn_is_incomplete(bytes, n))
                differ(comparison, "beginning", bytes, theirs, valid, &ours);
        }
    }
    return theirs->size;
}

static bool start(struct comparison *comparison) {
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &comparison->capstone) != CS_ERR_OK)
        return false;
    cs_option(comparison->capstone, CS_OPT_DETAIL, CS_OPT_ON);
    comparison->theirs = cs_malloc(comparison->capstone);
    return true;
}

static void finish(struct comparison *comparison, const char *name) {
    if (comparison->differences)
        printf("not ok %s: %" PRIu64 " of %" PRIu64 " instructions decode differently\n", name,
               comparison->differences, comparison->instructions);
    else
        printf("ok %s\n", name);
    fprintf(stderr, "%s: %" PRIu64 " instructions\n", name, comparison->instructions);
    cs_free(comparison->theirs, 1);
    cs_close(&comparison->capstone);
}

static void compare_section(void *context, const uint8_t *bytes, uint64_t size, uint64_t address) {
    for (uint64_t at = 0; at < size;)
        at += compare(context, bytes + at, size - at, address + at);
}

static void compare_file(const char *path) {
    struct comparison comparison = {0};
    const char *name = strrchr(path, '/');
    char row[256];
    snprintf(row, sizeof row, "decode text of %s", name ? name + 1 : path);
    if (start(&comparison) && each_text_section(path, compare_section, &comparison))
        finish(&comparison, row);
    else
        printf("not ok %s: cannot be read\n", row);
}

/* --- generated encodings --- */

static uint64_t random_state = 0x9e3779b97f4a7c15;
static uint64_t random_bits(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void compare_generated(void) {
    static const struct {
        uint8_t map;
        uint8_t opcode;
        char prefix;
    } rows[] = {
#define ANY 0
#define NP 1
#define P66 2
#define PF3 3
#define PF2 4
#define ENCODING(map, opcode, prefix, modrm, operands, op) {map, opcode, prefix},
#include "../../runtime/isa/x86_64/encodings.def"
#undef ANY
    };
    static const uint8_t mandatory[] = {0, 0, 0x66, 0xf3, 0xf2};
    struct comparison comparison = {0};
    if (!start(&comparison))
        return;
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        for (unsigned n = 0; n < 400; n++) {
            uint8_t bytes[32];
            unsigned at = 0;
            for (unsigned k = 0; k < sizeof bytes; k++)
                bytes[k] = (uint8_t)random_bits();
            uint64_t choice = random_bits();
            if ((choice & 15) == 0)
                bytes[at++] = 0x67;
            if ((choice >> 4 & 15) == 0)
                bytes[at++] = 0x64 + (choice >> 8 & 1);
            if (rows[row].prefix > 1)
                bytes[at++] = mandatory[(unsigned)rows[row].prefix];
            else if (rows[row].prefix == 0 && (choice >> 9 & 7) == 0)
                bytes[at++] = 0x66;
            if (choice >> 12 & 1)
                bytes[at++] = (uint8_t)(0x40 | (choice >> 13 & 15));
            if (rows[row].map > 0)
                bytes[at++] = 0x0f;
            if (rows[row].map > 1)
                bytes[at++] = rows[row].map == 2 ? 0x38 : 0x3a;
            bytes[at++] = rows[row].opcode;
            compare(&comparison, bytes, 15, 0x10000);
        }
    }
    finish(&comparison, "decode generated encodings");
}

int main(int argc, char **argv) {
    if (argc == 1)
        compare_generated();
    for (int n = 1; n < argc; n++)
        compare_file(argv[n]);
    return 0;
}
