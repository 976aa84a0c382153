/* The runtime's decoder on one word of every operation, every compressed form (texts agree with
 * binutils) and reserved encodings. */
#include <stdio.h>
#include <string.h>

#include "../../runtime/isa/riscv64/insn.h"

static const struct row {
    uint32_t word;
    const char *text; /* "" = illegal */
} rows[] = {
    /* 32-bit instructions in the order of ops.def, then compressed ones. */
    {0x9f767c37, "lui x24, 0x9f767"},
    {0xfb7ff317, "auipc x6, 0xfb7ff"},
    {0xbff2916f, "jal x2, -877570"},
    {0x8b8e8f67, "jalr x30, -1864(x29)"},
    {0x26348163, "beq x9, x3, 610"},
    {0x5d099d63, "bne x19, x16, 1498"},
    {0x2a8a49e3, "blt x20, x8, 2738"},
    {0x31805c63, "bge x0, x24, 792"},
    {0xf50be263, "bltu x23, x16, -2236"},
    {0x1f33fbe3, "bgeu x7, x19, 2550"},
    {0xbeb90203, "lb x4, -1045(x18)"},
    {0x7a791f83, "lh x31, 1959(x18)"},
    {0x9f55af83, "lw x31, -1547(x11)"},
    {0x3c02b803, "ld x16, 960(x5)"},
    {0x3c2a4183, "lbu x3, 962(x20)"},
    {0x2798da83, "lhu x21, 633(x17)"},
    {0x66ace283, "lwu x5, 1642(x25)"},
    {0x3e5381a3, "sb x5, 995(x7)"},
    {0x4ebf97a3, "sh x11, 1263(x31)"},
    {0xc27caca3, "sw x7, -967(x25)"},
    {0x54933323, "sd x9, 1350(x6)"},
    {0x7b638a13, "addi x20, x7, 1974"},
    {0x9f83a413, "slti x8, x7, -1544"},
    {0x9494b893, "sltiu x17, x9, -1719"},
    {0x62fc4d93, "xori x27, x24, 1583"},
    {0x07cd6613, "ori x12, x26, 124"},
    {0xbc78fa93, "andi x21, x17, -1081"},
    {0x03c19d13, "slli x26, x3, 60"},
    {0x038f5793, "srli x15, x30, 56"},
    {0x41cb5b13, "srai x22, x22, 28"},
    {0x01520033, "add x0, x4, x21"},
    {0x012c94b3, "sll x9, x25, x18"},
    {0x015bad33, "slt x26, x23, x21"},
    {0x01b43c33, "sltu x24, x8, x27"},
    {0x01f84eb3, "xor x29, x16, x31"},
    {0x00675033, "srl x0, x14, x6"},
    {0x0089e9b3, "or x19, x19, x8"},
    {0x00bafb33, "and x22, x21, x11"},
    {0x405a8fb3, "sub x31, x21, x5"},
    {0x407f52b3, "sra x5, x30, x7"},
    {0x8905071b, "addiw x14, x10, -1904"},
    {0x008c999b, "slliw x19, x25, 8"},
    {0x00cd529b, "srliw x5, x26, 12"},
    {0x4091d21b, "sraiw x4, x3, 9"},
    {0x013183bb, "addw x7, x3, x19"},
    {0x415c84bb, "subw x9, x25, x21"},
    {0x011e93bb, "sllw x7, x29, x17"},
    {0x00d6db3b, "srlw x22, x13, x13"},
    {0x4062dc3b, "sraw x24, x5, x6"},
    {0xfd32080f, "fence 0xfd3"},
    {0x00000073, "ecall"},
    {0x00100073, "ebreak"},
    {0x4fec9f8f, "fence.i 0x4fe"},
    {0x7c3192f3, "csrrw x5, 0x7c3, x3"},
    {0xb8e322f3, "csrrs x5, 0xb8e, x6"},
    {0x881db073, "csrrc x0, 0x881, x27"},
    {0x261752f3, "csrrwi x5, 0x261, 14"},
    {0x01a2e573, "csrrsi x10, 0x1a, 5"},
    {0x07897af3, "csrrci x21, 0x78, 18"},
    {0x026e8f33, "mul x30, x29, x6"},
    {0x025c9c33, "mulh x24, x25, x5"},
    {0x03e62833, "mulhsu x16, x12, x30"},
    {0x039d3d33, "mulhu x26, x26, x25"},
    {0x0304c133, "div x2, x9, x16"},
    {0x03315733, "divu x14, x2, x19"},
    {0x03f9e033, "rem x0, x19, x31"},
    {0x039a7833, "remu x16, x20, x25"},
    {0x02e981bb, "mulw x3, x19, x14"},
    {0x02d1c83b, "divw x16, x3, x13"},
    {0x02795fbb, "divuw x31, x18, x7"},
    {0x0356e8bb, "remw x17, x13, x21"},
    {0x02c27a3b, "remuw x20, x4, x12"},
    {0x1606aeaf, "lr.w x29, (x13)"},
    {0x19bd2faf, "sc.w x31, x27, (x26)"},
    {0x0c93242f, "amoswap.w x8, x9, (x6)"},
    {0x05a7a32f, "amoadd.w x6, x26, (x15)"},
    {0x2488a7af, "amoxor.w x15, x8, (x17)"},
    {0x6757ae2f, "amoand.w x28, x21, (x15)"},
    {0x42ad22af, "amoor.w x5, x10, (x26)"},
    {0x81332caf, "amomin.w x25, x19, (x6)"},
    {0xa65e2e2f, "amomax.w x28, x5, (x28)"},
    {0xc05aa1af, "amominu.w x3, x5, (x21)"},
    {0xe2d628af, "amomaxu.w x17, x13, (x12)"},
    {0x1209b9af, "lr.d x19, (x19)"},
    {0x1cf43f2f, "sc.d x30, x15, (x8)"},
    {0x0d9c36af, "amoswap.d x13, x25, (x24)"},
    {0x04c73faf, "amoadd.d x31, x12, (x14)"},
    {0x2031b82f, "amoxor.d x16, x3, (x3)"},
    {0x667ab4af, "amoand.d x9, x7, (x21)"},
    {0x4671352f, "amoor.d x10, x7, (x2)"},
    {0x82af35af, "amomin.d x11, x10, (x30)"},
    {0xa6f0b7af, "amomax.d x15, x15, (x1)"},
    {0xc29bb6af, "amominu.d x13, x9, (x23)"},
    {0xe7513e2f, "amomaxu.d x28, x21, (x2)"},
    {0xf647a907, "flw f18, -156(x15)"},
    {0x93682aa7, "fsw f22, -1739(x16)"},
    {0xe85f2c43, "fmadd.s f24, f30, f5, f29, rdn"},
    {0xc0dbf947, "fmsub.s f18, f23, f13, f24, dyn"},
    {0xf00daccb, "fnmsub.s f25, f27, f0, f30, rdn"},
    {0xf090234f, "fnmadd.s f6, f0, f9, f30, rdn"},
    {0x00d53dd3, "fadd.s f27, f10, f13, rup"},
    {0x09dd0453, "fsub.s f8, f26, f29, rne"},
    {0x1087b153, "fmul.s f2, f15, f8, rup"},
    {0x183a9d53, "fdiv.s f26, f21, f3, rtz"},
    {0x580bbe53, "fsqrt.s f28, f23, rup"},
    {0x21fb0653, "fsgnj.s f12, f22, f31"},
    {0x21499453, "fsgnjn.s f8, f19, f20"},
    {0x2125a853, "fsgnjx.s f16, f11, f18"},
    {0x29020053, "fmin.s f0, f4, f16"},
    {0x28eb16d3, "fmax.s f13, f22, f14"},
    {0xa1c982d3, "fle.s x5, f19, f28"},
    {0xa18697d3, "flt.s x15, f13, f24"},
    {0xa1b6a5d3, "feq.s x11, f13, f27"},
    {0xe0051b53, "fclass.s x22, f10"},
    {0xc0033ed3, "fcvt.w.s x29, f6, rup"},
    {0xc0132dd3, "fcvt.wu.s x27, f6, rdn"},
    {0xc02afed3, "fcvt.l.s x29, f21, dyn"},
    {0xc03b8153, "fcvt.lu.s x2, f23, rne"},
    {0xd009f1d3, "fcvt.s.w f3, x19, dyn"},
    {0xd0114b53, "fcvt.s.wu f22, x2, rmm"},
    {0xd020b053, "fcvt.s.l f0, x1, rup"},
    {0xd035a3d3, "fcvt.s.lu f7, x11, rdn"},
    {0xe00e0853, "fmv.x.w x16, f28"},
    {0xf0028ed3, "fmv.w.x f29, x5"},
    {0xeaa9b207, "fld f4, -342(x19)"},
    {0x53fab927, "fsd f31, 1330(x21)"},
    {0x5a12a6c3, "fmadd.d f13, f5, f1, f11, rdn"},
    {0xf3100ec7, "fmsub.d f29, f0, f17, f30, rne"},
    {0xfb4dcccb, "fnmsub.d f25, f27, f20, f31, rmm"},
    {0x9bd226cf, "fnmadd.d f13, f4, f29, f19, rdn"},
    {0x023bbd53, "fadd.d f26, f23, f3, rup"},
    {0x0acab353, "fsub.d f6, f21, f12, rup"},
    {0x121d3f53, "fmul.d f30, f26, f1, rup"},
    {0x1b08cbd3, "fdiv.d f23, f17, f16, rmm"},
    {0x5a048dd3, "fsqrt.d f27, f9, rne"},
    {0x23120153, "fsgnj.d f2, f4, f17"},
    {0x235e91d3, "fsgnjn.d f3, f29, f21"},
    {0x231aa453, "fsgnjx.d f8, f21, f17"},
    {0x2a2a0bd3, "fmin.d f23, f20, f2"},
    {0x2b4b1cd3, "fmax.d f25, f22, f20"},
    {0xa2360153, "fle.d x2, f12, f3"},
    {0xa2ea9dd3, "flt.d x27, f21, f14"},
    {0xa2902c53, "feq.d x24, f0, f9"},
    {0xe20791d3, "fclass.d x3, f15"},
    {0xc2017853, "fcvt.w.d x16, f2, dyn"},
    {0xc2122cd3, "fcvt.wu.d x25, f4, rdn"},
    {0xc22a2cd3, "fcvt.l.d x25, f20, rdn"},
    {0xc23f7353, "fcvt.lu.d x6, f30, dyn"},
    {0xd20282d3, "fcvt.d.w f5, x5, rne"},
    {0xd219b753, "fcvt.d.wu f14, x19, rup"},
    {0xd2202e53, "fcvt.d.l f28, x0, rdn"},
    {0xd237c2d3, "fcvt.d.lu f5, x15, rmm"},
    {0xe2000753, "fmv.x.d x14, f0"},
    {0xf2010ed3, "fmv.d.x f29, x2"},
    {0x401788d3, "fcvt.s.d f17, f15, rne"},
    {0x4201ccd3, "fcvt.d.s f25, f3, rmm"},
    {0x095285bb, "add.uw x11, x5, x21"},
    {0x21032533, "sh1add x10, x6, x16"},
    {0x2178cab3, "sh2add x21, x17, x23"},
    {0x2063e033, "sh3add x0, x7, x6"},
    {0x216b2c3b, "sh1add.uw x24, x22, x22"},
    {0x2185c83b, "sh2add.uw x16, x11, x24"},
    {0x211d673b, "sh3add.uw x14, x26, x17"},
    {0x0b26909b, "slli.uw x1, x13, 50"},
    {0x4002fe33, "andn x28, x5, x0"},
    {0x40e6e733, "orn x14, x13, x14"},
    {0x413f4533, "xnor x10, x30, x19"},
    {0x0a8b6a33, "max x20, x22, x8"},
    {0x0b83f6b3, "maxu x13, x7, x24"},
    {0x0ae94233, "min x4, x18, x14"},
    {0x0ac25333, "minu x6, x4, x12"},
    {0x602e18b3, "rol x17, x28, x2"},
    {0x618b5333, "ror x6, x22, x24"},
    {0x60779dbb, "rolw x27, x15, x7"},
    {0x605159bb, "rorw x19, x2, x5"},
    {0x60eed393, "rori x7, x29, 14"},
    {0x6122db9b, "roriw x23, x5, 18"},
    {0x600e1793, "clz x15, x28"},
    {0x601e9593, "ctz x11, x29"},
    {0x602b1113, "cpop x2, x22"},
    {0x6008171b, "clzw x14, x16"},
    {0x60179b1b, "ctzw x22, x15"},
    {0x6021931b, "cpopw x6, x3"},
    {0x60429e13, "sext.b x28, x5"},
    {0x60551b93, "sext.h x23, x10"},
    {0x080fc83b, "zext.h x16, x31"},
    {0x6b815b93, "rev8 x23, x2"},
    {0x28705393, "orc.b x7, x0"},
    {0x48bb1133, "bclr x2, x22, x11"},
    {0x49485ab3, "bext x21, x16, x20"},
    {0x684a17b3, "binv x15, x20, x4"},
    {0x282e9633, "bset x12, x29, x2"},
    {0x4a689b93, "bclri x23, x17, 38"},
    {0x4b94d393, "bexti x7, x9, 57"},
    {0x6b149313, "binvi x6, x9, 49"},
    {0x28039493, "bseti x9, x7, 0"},
    {0x0ede5533, "czero.eqz x10, x28, x13"},
    {0x0eb55533, "czero.eqz x10, x10, x11"},
    {0x0eb57533, "czero.nez x10, x10, x11"},
    {0x0ef0, "addi x12, x2, 860"},
    {0x13bc, "addi x15, x2, 488"},
    {0x37e4, "fld f9, 232(x15)"},
    {0x3118, "fld f14, 32(x10)"},
    {0x48dc, "lw x15, 20(x9)"},
    {0x4be8, "lw x10, 84(x15)"},
    {0x6068, "ld x10, 192(x8)"},
    {0x75a4, "ld x9, 104(x11)"},
    {0xbdac, "fsd f11, 120(x11)"},
    {0xa52c, "fsd f11, 72(x10)"},
    {0xd560, "sw x8, 108(x10)"},
    {0xc29c, "sw x15, 0(x13)"},
    {0xf840, "sd x8, 176(x8)"},
    {0xead4, "sd x13, 144(x13)"},
    {0x1ced, "addi x25, x25, -5"},
    {0x1b09, "addi x22, x22, -30"},
    {0x2585, "addiw x11, x11, 1"},
    {0x25e1, "addiw x11, x11, 24"},
    {0x4f39, "addi x30, x0, 14"},
    {0x4349, "addi x6, x0, 18"},
    {0x6121, "addi x2, x2, 64"},
    {0x6125, "addi x2, x2, 96"},
    {0x71ad, "lui x3, 0xfffeb"},
    {0x7d61, "lui x26, 0xffff8"},
    {0x8101, "srli x10, x10, 0"},
    {0x9221, "srli x12, x12, 40"},
    {0x85a1, "srai x11, x11, 8"},
    {0x94a9, "srai x9, x9, 42"},
    {0x8b45, "andi x14, x14, 17"},
    {0x8b95, "andi x15, x15, 5"},
    {0x8f15, "sub x14, x14, x13"},
    {0x8c8d, "sub x9, x9, x11"},
    {0x8e29, "xor x12, x12, x10"},
    {0x8da9, "xor x11, x11, x10"},
    {0x8f49, "or x14, x14, x10"},
    {0x8e4d, "or x12, x12, x11"},
    {0x8eed, "and x13, x13, x11"},
    {0x8c75, "and x8, x8, x13"},
    {0x9d85, "subw x11, x11, x9"},
    {0x9c01, "subw x8, x8, x8"},
    {0x9f31, "addw x14, x14, x12"},
    {0x9c3d, "addw x8, x8, x15"},
    {0xb83d, "jal x0, -1986"},
    {0xbf79, "jal x0, -98"},
    {0xc8e5, "beq x9, x0, 240"},
    {0xc181, "beq x11, x0, 0"},
    {0xef25, "bne x14, x0, 120"},
    {0xfb2d, "bne x14, x0, -142"},
    {0x072a, "slli x14, x14, 10"},
    {0x003e, "slli x0, x0, 15"},
    {0x27c2, "fld f15, 16(x2)"},
    {0x2ca6, "fld f25, 72(x2)"},
    {0x5da6, "lw x27, 104(x2)"},
    {0x5c46, "lw x24, 112(x2)"},
    {0x66fe, "ld x13, 472(x2)"},
    {0x6b12, "ld x22, 256(x2)"},
    {0x8082, "jalr x0, 0(x1)"},
    {0x8e82, "jalr x0, 0(x29)"},
    {0x8162, "add x2, x0, x24"},
    {0x8236, "add x4, x0, x13"},
    {0x9002, "ebreak"},
    {0x9902, "jalr x1, 0(x18)"},
    {0x9f02, "jalr x1, 0(x30)"},
    {0x904a, "add x0, x0, x18"},
    {0x9846, "add x16, x16, x17"},
    {0xa56e, "fsd f27, 136(x2)"},
    {0xbfca, "fsd f18, 504(x2)"},
    {0xccae, "sw x11, 88(x2)"},
    {0xdae2, "sw x24, 116(x2)"},
    {0xe466, "sd x25, 8(x2)"},
    {0xf97a, "sd x30, 176(x2)"},
    /* Reserved. */
    {0x0000, ""},     /* defined to be illegal */
    {0x2001, ""},     /* c.addiw x0 */
    {0x6101, ""},     /* c.addi16sp of 0 */
    {0x6081, ""},     /* c.lui of 0 */
    {0x4002, ""},     /* c.lwsp to x0 */
    {0x6002, ""},     /* c.ldsp to x0 */
    {0x8002, ""},     /* c.jr x0 */
    {0x8000, ""},     /* reserved for Zcb */
    {0x9c41, ""},     /* reserved ALU operation */
    {0xffffffff, ""}, /* longer than 32 bits */
    {0x00005053, ""}, /* rounding mode 5 */
    {0x02b56553, ""}, /* rounding mode 6 */
    {0x42051513, ""}, /* slli with another function's bits */
    {0x0205151b, ""}, /* slliw by 32 */
    {0x30200073, ""}, /* mret */
    {0x00004073, ""}, /* SYSTEM, funct3 4 */
    {0x1030202f, ""}, /* lr.w with rs2 */
    {0x2800302f, ""}, /* reserved AMO */
    {0x00007003, ""}, /* load, funct3 7 */
    {0x00004023, ""}, /* store, funct3 4 */
    {0xd2451553, ""}, /* conversion from a reserved integer type */
    {0x04b50553, ""}, /* half precision */
};

static unsigned failures;

static void check(const struct row *row) {
    uint8_t bytes[4] = {(uint8_t)row->word, (uint8_t)(row->word >> 8), (uint8_t)(row->word >> 16),
                        (uint8_t)(row->word >> 24)};
    unsigned length = (row->word & 3) == 3 ? 4 : 2;
    struct insn insn;
    char text[80] = "";
    bool valid = insn_decode(bytes, 4, &insn);
    if (valid)
        insn_format(&insn, text, sizeof text);
    bool same = strcmp(text, row->text) == 0 && (!valid || insn.len == length);
    /* The bytes that are there decide, never those behind them. */
    if (valid)
        same &= insn_decode(bytes, length, &insn) && !insn_decode(bytes, length - 1, &insn);
    if (same)
        return;
    failures++;
    printf("# %08x: \"%s\", expected \"%s\"\n", row->word, text, row->text);
}

int main(void) {
    bool seen[OP_COUNT] = {false};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(&rows[i]);
        struct insn insn;
        uint8_t bytes[4];
        memcpy(bytes, &rows[i].word, 4);
        if (insn_decode(bytes, 4, &insn))
            seen[insn.op] = true;
    }
    for (unsigned op = 1; op < OP_COUNT; op++) {
        if (!seen[op]) {
            failures++;
            printf("# no row has %s\n", op_table[op].mnemonic);
        }
    }
    if (failures)
        printf("not ok decoder: %u rows\n", failures);
    else
        puts("ok decoder");
    return 0;
}
