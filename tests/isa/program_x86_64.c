/* A program of x86-64 tests:
 *
 *   _start   calls each group, which calls each case; exit(0)
 *   case     prepare; the case's flags and stack pointer; the instructions; finish
 *   prepare  sets memory and registers from the case's record
 *   finish   writes the outcome
 *
 * Everything is called directly, so that code discovery reaches it from the entry point. */
#include <inttypes.h>
#include <string.h>

#include "test_x86_64.h"

enum { CASES_PER_GROUP = 40, PATCHES_MAX = 96 };

static FILE *out;
static unsigned case_count;
static uint8_t template[MEMORY_SIZE];

static void emit_words(const void *bytes, size_t size) {
    for (size_t n = 0; n < size; n += 8) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)bytes + n, 8);
        fprintf(out, "%s0x%" PRIx64, n % 64 ? "," : "\n.quad ", word);
    }
    fprintf(out, "\n");
}

static const char support[] =
    ".text\n"
    "prepare:\n"
    "    mov %rdi, record\n"
    "    mov $template, %esi\n"
    "    mov $window, %edi\n"
    "    mov $window_words, %ecx\n"
    "    rep movsq\n"
    "    mov record, %rsi\n"
    "    mov 136(%rsi), %rcx\n"
    "    lea 656(%rsi), %rdx\n"
    "1:  test %rcx, %rcx\n"
    "    jz 2f\n"
    "    mov (%rdx), %rax\n"
    "    mov 8(%rdx), %rdi\n"
    "    mov %rdi, window(%rax)\n"
    "    add $16, %rdx\n"
    "    dec %rcx\n"
    "    jmp 1b\n"
    "2:  fxrstor64 144(%rsi)\n"
    "    mov 32(%rsi), %rax\n"
    "    mov %rax, in_rsp\n"
    "    mov 128(%rsi), %rax\n"
    "    mov %rax, in_rflags\n"
    "    mov 0(%rsi), %rax\n"
    "    mov 8(%rsi), %rcx\n"
    "    mov 16(%rsi), %rdx\n"
    "    mov 24(%rsi), %rbx\n"
    "    mov 40(%rsi), %rbp\n"
    "    mov 56(%rsi), %rdi\n"
    "    mov 64(%rsi), %r8\n"
    "    mov 72(%rsi), %r9\n"
    "    mov 80(%rsi), %r10\n"
    "    mov 88(%rsi), %r11\n"
    "    mov 96(%rsi), %r12\n"
    "    mov 104(%rsi), %r13\n"
    "    mov 112(%rsi), %r14\n"
    "    mov 120(%rsi), %r15\n"
    "    mov 48(%rsi), %rsi\n"
    "    ret\n"
    "finish:\n"
    "    mov %rax, outcome\n"
    "    mov %rcx, outcome+8\n"
    "    mov %rdx, outcome+16\n"
    "    mov %rbx, outcome+24\n"
    "    mov %rbp, outcome+40\n"
    "    mov %rsi, outcome+48\n"
    "    mov %rdi, outcome+56\n"
    "    mov %r8, outcome+64\n"
    "    mov %r9, outcome+72\n"
    "    mov %r10, outcome+80\n"
    "    mov %r11, outcome+88\n"
    "    mov %r12, outcome+96\n"
    "    mov %r13, outcome+104\n"
    "    mov %r14, outcome+112\n"
    "    mov %r15, outcome+120\n"
    "    mov 8(%rsp), %rax\n"
    "    mov %rax, outcome+128\n"
    "    cld\n"
    "    fxsave64 outcome+144\n"
    "    fninit\n"
    "    ldmxcsr mxcsr\n"
    "    xor %eax, %eax\n" /* instruction and operand pointers, MXCSR_MASK */
    "    mov %ax, outcome+150\n"
    "    mov %rax, outcome+152\n"
    "    mov %rax, outcome+160\n"
    "    mov %eax, outcome+172\n"
    "    mov $window, %esi\n"
    "    mov $window_words+512, %ecx\n"
    "1:  imul $0x6c8e9cf5, %rax\n"
    "    add (%rsi), %rax\n"
    "    add $8, %rsi\n"
    "    dec %ecx\n"
    "    jne 1b\n"
    "    mov %rax, outcome+136\n"
    "    mov $outcome, %esi\n"
    "    mov $656, %edx\n"
    "2:  mov $1, %edi\n"
    "    mov $1, %eax\n"
    "    syscall\n"
    "    test %rax, %rax\n"
    "    jle 3f\n"
    "    add %rax, %rsi\n"
    "    sub %rax, %rdx\n"
    "    jne 2b\n"
    "    ret $8\n"
    "3:  mov $1, %edi\n"
    "    mov $231, %eax\n"
    "    syscall\n"
    "    hlt\n"
    ".data\n"
    "mxcsr: .long 0x1f80\n"
    ".balign 16\n"
    "outcome: .zero 656\n"
    "record: .quad 0\n"
    "in_rsp: .quad 0\n"
    "in_rflags: .quad 0\n"
    "own_rsp: .quad 0\n";

void program_begin(FILE *to, const uint8_t memory[MEMORY_SIZE]) {
    out = to;
    memcpy(template, memory, sizeof template);
    fputs(support, out);
    fprintf(out, ".set window_words, %u\n.balign 16\ntemplate:", DATA_SIZE / 8);
    emit_words(template, DATA_SIZE);
    fprintf(out, ".section .window, \"aw\", @nobits\nwindow: .zero %u\n", DATA_SIZE);
    fprintf(out, ".section .constant, \"a\", @progbits");
    emit_words(template + DATA_SIZE, CONSTANT_SIZE);
}

/* RIP-relative displacements are made for the place where the test was tried. */
static void emit_piece(const struct piece *piece, uint32_t tried_at) {
    unsigned at = 0;
    if (piece->insn.form & FORM_MEMORY && piece->insn.base == REG_RIP) {
        int32_t disp;
        unsigned disp_at = piece->modrm_at + 1u;
        memcpy(&disp, piece->bytes + disp_at, 4);
        int64_t target = (int64_t)tried_at + piece->length + disp;
        fprintf(out, "    .byte ");
        for (; at < disp_at; at++)
            fprintf(out, "%s%u", at ? "," : "", piece->bytes[at]);
        fprintf(out, "\n    .long window + (%" PRId64 ") - . - %u\n", target - (int64_t)DATA_START,
                piece->length - disp_at);
        at += 4;
    }
    for (unsigned n = at; n < piece->length; n++)
        fprintf(out, "%s%u", n == at ? "    .byte " : ",", piece->bytes[n]);
    fprintf(out, "\n");
}

bool program_add(const struct test *test) {
    uint64_t patches[PATCHES_MAX][2];
    uint64_t count = 0;
    for (unsigned at = 0; at < MEMORY_SIZE; at += 8) {
        if (!memcmp(template + at, test->memory + at, 8))
            continue;
        if (at >= DATA_SIZE || count == PATCHES_MAX)
            return false;
        patches[count][0] = at;
        memcpy(&patches[count++][1], test->memory + at, 8);
    }
    fprintf(out,
            ".data\n.balign 16\nrecord_%u:", case_count);
    emit_words(test->state.r, 128);
    emit_words(&test->state.rflags, 8);
    emit_words(&count, 8);
    emit_words(&test->state.fp, 512);
    emit_words(patches, count * 16);
    fprintf(out,
            ".text\ncase_%u:\n    mov $record_%u, %%edi\n    call prepare\n    mov %%rsp, own_rsp\n"
            "    pushq in_rflags\n    popfq\n    mov in_rsp, %%rsp\n",
            case_count, case_count);
    uint32_t at = CODE_START;
    for (unsigned n = 0; n < test->count; n++) {
        emit_piece(&test->pieces[n], at);
        at += test->pieces[n].length;
    }
    fprintf(out, "    mov %%rsp, outcome+32\n    mov own_rsp, %%rsp\n    pushfq\n    call finish\n"
                 "    ret\n");
    case_count++;
    return true;
}

void program_end(void) {
    unsigned groups = (case_count + CASES_PER_GROUP - 1) / CASES_PER_GROUP;
    for (unsigned group = 0; group < groups; group++) {
        fprintf(out, "group_%u:\n", group);
        for (unsigned n = group * CASES_PER_GROUP;
             n < (group + 1) * CASES_PER_GROUP && n < case_count; n++)
            fprintf(out, "    call case_%u\n", n);
        fprintf(out, "    ret\n");
    }
    fprintf(out, ".globl _start\n_start:\n");
    for (unsigned n = 0; n < 2; n++) /* ARCH_SET_FS, ARCH_SET_GS */
        fprintf(out, "    mov $158, %%eax\n    mov $%u, %%edi\n    mov $%u, %%esi\n    syscall\n",
                n ? 0x1001 : 0x1002, n ? GS_BASE : FS_BASE);
    for (unsigned group = 0; group < groups; group++)
        fprintf(out, "    call group_%u\n", group);
    fprintf(out, "    xor %%edi, %%edi\n    mov $231, %%eax\n    syscall\n    hlt\n");
    if (fclose(out) != 0)
        perror("the program");
}
