/* /proc/cpuinfo as arch/riscv/kernel/cpu.c writes it, for the one hart of the guest. */
#include "proc.h"

void cpuinfo_text(struct text *text) {
    text_printf(text, "processor\t: 0\nhart\t\t: 0\n"
                      "isa\t\t: rv64imafdc_zicsr_zifencei_zba_zbb_zbs_zicond\n"
                      "mmu\t\t: sv39\nmvendorid\t: 0x0\nmarchid\t\t: 0x0\nmimpid\t\t: 0x0\n\n");
}
