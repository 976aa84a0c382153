/* Decoded instructions as text, for messages (without stdio, which the runtime does not have). */
#include "insn.h"

struct text {
    char *to;
    size_t size, length;
};

static void put_string(struct text *text, const char *string) {
    for (; *string; string++) {
        if (text->length + 1 < text->size)
            text->to[text->length++] = *string;
    }
}

static void put_hex(struct text *text, uint64_t value) {
    char digits[17];
    unsigned at = 16;
    digits[at] = 0;
    do
        digits[--at] = "0123456789abcdef"[value & 15];
    while ((value >>= 4) != 0);
    put_string(text, "0x");
    put_string(text, digits + at);
}

static void put_signed(struct text *text, int32_t value) {
    put_string(text, value < 0 ? "-" : "+");
    put_hex(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* Registers by number only: their kind follows from the operation. */
static void put_register(struct text *text, unsigned number) {
    char digits[] = {'#', (char)('0' + number / 100), (char)('0' + number / 10 % 10),
                     (char)('0' + number % 10), 0};
    put_string(text, "#");
    put_string(text, digits + (number >= 100 ? 1 : number >= 10 ? 2 : 3));
}

static void put_address(struct text *text, const struct insn *insn) {
    static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp",    "rbp",    "rsi",
                                        "rdi", "r8",  "r9",  "r10", "r11",    "r12",    "r13",
                                        "r14", "r15", "0",   "4G",  "fsbase", "gsbase", "rip"};
    static const char *const scales[] = {"", "*2", "*4", "*8"};
    put_string(text, insn->flags & INSN_FS ? "fs:" : insn->flags & INSN_GS ? "gs:" : "");
    put_string(text, insn->flags & INSN_ADDRESS32 ? "a32 [" : "[");
    put_string(text, names[insn->base]);
    if (insn->index != REG_ZERO) {
        put_string(text, "+");
        put_string(text, names[insn->index]);
        put_string(text, scales[insn->scale]);
    }
    put_signed(text, insn->disp);
    put_string(text, "]");
}

size_t insn_format(const struct insn *insn, char *to, size_t size) {
    static const char *const repeats[] = {"", "rep ", "repne ", ""};
    struct text text = {.to = to, .size = size};
    unsigned op = insn->op < OP_COUNT ? insn->op : (unsigned)OP_illegal;
    put_string(&text, repeats[insn->repeat]);
    put_string(&text, op_table[op].mnemonic);
    put_string(&text, " ");
    if (insn->form & FORM_MEMORY_DST)
        put_address(&text, insn);
    else
        put_register(&text, insn->reg);
    put_string(&text, ", ");
    if (insn->form & FORM_MEMORY_SRC)
        put_address(&text, insn);
    else if (!(insn->form & FORM_IMMEDIATE))
        put_register(&text, insn->rm);
    put_signed(&text, insn->imm);
    if (size != 0)
        to[text.length] = 0;
    return text.length;
}
