/* Flags of x86-64 for lifted code, where it does not know which operation set them. */
#include "../isa/x86_64/flags.h"
#include "../isa/x86_64/helpers.h"

uint32_t c2w_flags_condition(uint32_t op, uint64_t a, uint64_t b, uint32_t cc);
uint64_t c2w_flags_arithmetic(uint32_t op, uint64_t a, uint64_t b);
uint64_t c2w_rflags(uint32_t op, uint64_t a, uint64_t b);
void c2w_write_other_flags(uint64_t value);
uint32_t c2w_divs128_overflows(uint64_t high, uint64_t low, uint64_t divisor);

uint32_t c2w_flags_condition(uint32_t op, uint64_t a, uint64_t b, uint32_t cc) {
    return flags_condition((enum condition)cc, op, a, b);
}

uint64_t c2w_flags_arithmetic(uint32_t op, uint64_t a, uint64_t b) {
    return flags_arithmetic(op, a, b);
}

/* All of rflags; those that are not arithmetic are in the CPU state. */
uint64_t c2w_rflags(uint32_t op, uint64_t a, uint64_t b) {
    struct cpu cpu = {.flags_op = op, .flags_a = a, .flags_b = b};
    cpu.direction = c2w_cpu.direction;
    cpu.other_flags = c2w_cpu.other_flags;
    return rflags_read(&cpu);
}

/* ... and sets those. */
void c2w_write_other_flags(uint64_t value) {
    struct cpu cpu;
    rflags_write(&cpu, value);
    c2w_cpu.direction = cpu.direction;
    c2w_cpu.other_flags = cpu.other_flags;
}

uint32_t c2w_divs128_overflows(uint64_t high, uint64_t low, uint64_t divisor) {
    return x86_divs128_overflows(high, low, divisor);
}
