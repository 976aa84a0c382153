/* Small pieces of RISC-V code and the blocks that discovery makes of them. */
#include "blocks.h"

enum { MAX_WORDS = 8 };

static const struct {
    const char *name;
    uint32_t code[MAX_WORDS];
    size_t functions;
    const char *blocks;
} rows[] = {
    {"return", {0x00008067 /* ret */}, 1, "0-4 return"},
    {"call",
     {0x008000ef /* jal ra, 8 */, 0x00008067 /* ret */, 0x00008067 /* ret */},
     2,
     "0-4 call 8; 4-8 return; 8-c return"},
    {"far call",
     {0x00000097 /* auipc ra, 0 */, 0x00c080e7 /* jalr 12(ra) */, 0x00008067, 0x00008067},
     2,
     "0-8 call c; 8-c return; c-10 return"},
    {"far tail jump",
     {0x00000317 /* auipc t1, 0 */, 0x00830067 /* jr 8(t1) */, 0x00008067},
     1,
     "0-8 jump 8; 8-c return"},
    {"indirect call", {0x000780e7 /* jalr a5 */, 0x00008067}, 1, "0-4 call_indirect; 4-8 return"},
    {"PLT stub",
     {0x00000e17 /* auipc t3, 0 */, 0x000e3e03 /* ld t3, 0(t3) */, 0x000e0367 /* jalr t1, t3 */},
     1,
     "0-c jump_indirect"},
    {"millicode call and return",
     {0x008002ef /* jal t0, 8 */, 0x00008067, 0x00028067 /* jr t0 */},
     2,
     "0-4 call 8; 4-8 return; 8-c return"},
    {"reading the program counter",
     {0x004002ef /* jal t0, 4 */, 0x00008067},
     1,
     "0-4 call 4; 4-8 return"},
    {"unknown jump", {0x00078067 /* jr a5 */}, 1, "0-4 jump_indirect"},
    {"loop",
     {0xfff50513 /* addi a0, a0, -1 */, 0xfe051ee3 /* bnez a0, -4 */, 0x00008067},
     1,
     "0-8 branch 0; 8-c return"},
    {"system call", {0x00000073 /* ecall */, 0x00008067}, 1, "0-4 fall; 4-8 return"},
    {"breakpoint", {0x00000013 /* nop */, 0x00100073 /* ebreak */}, 1, "0-4 stop"},
    {"bytes that are no instruction", {0x00000013, 0xffffffff}, 1, "0-4 stop"},
    {"the end of the segment",
     {[0] = 0x00000013,
      0x00000013,
      0x00000013,
      0x00000013,
      0x00000013,
      0x00000013,
      0x00000013,
      0x00000013},
     1,
     "0-20 stop"},
    {"call that does not return",
     {0x008000ef /* jal ra, 8 */, 0xffffffff, 0x0000006f /* j . */},
     2,
     "0-4 call 8 !; 8-c jump 8"},
};

int main(void) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[4 * MAX_WORDS];
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (uint8_t)(rows[i].code[j / 4] >> 8 * (j % 4));
        check_blocks(rows[i].name, bytes, sizeof bytes, rows[i].functions, rows[i].blocks);
    }
    return 0;
}
