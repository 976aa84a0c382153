/* /proc/cpuinfo as arch/x86/kernel/cpu/proc.c writes it, of what CPUID says. */
#include <string.h>

#include "../isa/x86_64/helpers.h"
#include "../isa/x86_64/insn.h"
#include "proc.h"

/* Names of feature bits (arch/x86/include/asm/cpufeatures.h). */
static const struct word {
    uint32_t leaf;
    enum reg source;
    const char *names[32];
} words[] = {
    {1,
     REG_RDX,
     {"fpu",  "vme",   "de",   "pse", "tsc",    "msr",  "pae",  "mce", "cx8", "apic",
      [11] = "sep",  "mtrr", "pge", "mca",    "cmov", "pat",  "pse36", "pn", "clflush",
      [21] = "dts",  "acpi", "mmx", "fxsr",   "sse",  "sse2", "ss",    "ht", "tm"}},
    {0x80000001, REG_RDX, {[11] = "syscall", [20] = "nx", [27] = "rdtscp", [29] = "lm"}},
    {1,
     REG_RCX,
     {[0] = "pni", [9] = "ssse3", [13] = "cx16", [19] = "sse4_1", [20] = "sse4_2",
      [23] = "popcnt", [31] = "hypervisor"}},
    {0x80000001, REG_RCX, {[0] = "lahf_lm"}},
};

static struct cpu cpuid(uint32_t leaf) {
    struct cpu cpu = {.r = {[REG_RAX] = leaf}};
    x86_cpuid(&cpu);
    return cpu;
}

static void put_vendor(struct text *text) {
    static const uint8_t order[3] = {REG_RBX, REG_RDX, REG_RCX};
    struct cpu cpu = cpuid(0);
    char name[13] = {0};
    for (int i = 0; i < 3; i++)
        memcpy(name + i * 4, &cpu.r[order[i]], 4);
    text_printf(text, "vendor_id\t: %s\n", name);
}

static void put_brand(struct text *text) {
    static const uint8_t order[4] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX};
    char name[49] = {0};
    for (uint32_t i = 0; i < 12; i++) {
        struct cpu cpu = cpuid(0x80000002 + i / 4);
        memcpy(name + i * 4, &cpu.r[order[i % 4]], 4);
    }
    text_printf(text, "model name\t: %s\n", name);
}

static void put_flags(struct text *text) {
    text_printf(text, "flags\t\t:");
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        struct cpu cpu = cpuid(words[i].leaf);
        for (unsigned bit = 0; bit < 32; bit++)
            if (words[i].names[bit] && cpu.r[words[i].source] >> bit & 1)
                text_printf(text, " %s", words[i].names[bit]);
    }
    text_printf(text, "\n");
}

void cpuinfo_text(struct text *text) {
    uint32_t signature = (uint32_t)cpuid(1).r[REG_RAX];
    uint32_t family = signature >> 8 & 15, model = (signature >> 4 & 15) | (signature >> 12 & 0xf0);
    text_printf(text, "processor\t: 0\n");
    put_vendor(text);
    text_printf(text, "cpu family\t: %u\nmodel\t\t: %u\n", family, model);
    put_brand(text);
    text_printf(text, "stepping\t: %u\nphysical id\t: 0\nsiblings\t: 1\ncore id\t\t: 0\n"
                      "cpu cores\t: 1\napicid\t\t: 0\ninitial apicid\t: 0\nfpu\t\t: yes\n"
                      "fpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n",
                signature & 15, (unsigned)cpuid(0).r[REG_RAX]);
    put_flags(text);
    text_printf(text, "bugs\t\t:\nclflush size\t: 64\ncache_alignment\t: 64\n"
                      "address sizes\t: 40 bits physical, 48 bits virtual\npower management:\n\n");
}
