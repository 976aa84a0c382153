/* String instructions (SDM volume 1, 7.3.9) on c2w_cpu and guest memory; included by the x86-64
 * interpreter.  A repetition is done in slices, so that a long one does not hold up signals. */
#define STRING_SLICE 65536 /* repetitions */

/* Whether all bytes of a run of elements are in pages with `prot`; the run is in one page. */
static bool run_allowed(uint64_t address, int prot) {
    return address <= UINT32_MAX && (page_prot[address / PAGE_SIZE] & prot);
}

/* How many elements from `address` on, at most `count`, lie in its page as a whole. */
static uint64_t elements_in_page(uint64_t address, unsigned size, bool down, uint64_t count) {
    uint64_t offset = address % PAGE_SIZE;
    if (offset > PAGE_SIZE - size)
        return 0;
    uint64_t fitting = down ? offset / size + 1 : (PAGE_SIZE - offset) / size;
    return fitting < count ? fitting : count;
}

static uint64_t read_element(const void *at, unsigned size) {
    uint64_t value = 0;
    memcpy(&value, at, size);
    return value;
}

/* One element through the checked accesses; false after a fault. */
static bool string_step(const struct insn *insn, enum string_operation operation, unsigned size,
                        uint64_t source, uint64_t destination) {
    uint64_t *rax = &c2w_cpu.r[REG_RAX], value;
    switch (operation) {
    case STRING_MOVS:
        value = load(insn, source, size);
        if (!faulted)
            store(insn, destination, size, value);
        return !faulted;
    case STRING_STOS:
        store(insn, destination, size, *rax);
        return !faulted;
    case STRING_LODS:
        value = load(insn, source, size);
        if (faulted)
            return false;
        if (size == 4)
            *rax = 0;
        memcpy(rax, &value, size);
        return true;
    case STRING_SCAS:
        value = load(insn, destination, size);
        if (!faulted)
            x86_set_compare(&c2w_cpu, *rax, value, size);
        return !faulted;
    case STRING_CMPS: {
        value = load(insn, destination, size);
        if (faulted)
            return false;
        uint64_t first = load(insn, source, size);
        if (!faulted)
            x86_set_compare(&c2w_cpu, first, value, size);
        return !faulted;
    }
    }
    return false;
}

/* Elements of movs and stos inside pages at once; how many were done, 0 where the steps have to. */
static uint64_t string_run(enum string_operation operation, unsigned size, uint64_t source,
                           uint64_t destination, bool down, uint64_t count) {
    count = elements_in_page(destination, size, down, count);
    if (operation == STRING_MOVS)
        count = elements_in_page(source, size, down, count);
    if (count < 2 || !run_allowed(destination, PAGE_WRITE) ||
        (operation == STRING_MOVS && !run_allowed(source, PAGE_READ)))
        return 0;
    uint64_t bytes = count * size, back = down ? bytes - size : 0;
    uint8_t *to = guest_pointer(destination - back);
    if (operation == STRING_STOS) {
        for (uint64_t at = 0; at < bytes; at += size)
            memcpy(to + at, &c2w_cpu.r[REG_RAX], size);
        return count;
    }
    const uint8_t *from = guest_pointer(source - back);
    if (to + bytes <= from || from + bytes <= to) {
        memcpy(to, from, bytes);
    } else { /* element by element: what is written may be read again */
        for (uint64_t n = 0; n < count; n++) {
            uint64_t at = (down ? count - 1 - n : n) * size;
            uint64_t value = read_element(from + at, size);
            memcpy(to + at, &value, size);
        }
    }
    return count;
}

/* True when the instruction is done; false with cpu.pc set after a fault and between slices. */
static bool string_instruction(const struct insn *insn, enum string_operation operation,
                               unsigned size) {
    bool address32 = insn->flags & INSN_ADDRESS32, down = c2w_cpu.direction;
    bool uses_source = operation != STRING_STOS && operation != STRING_SCAS;
    bool uses_destination = operation != STRING_LODS;
    bool compares = operation == STRING_SCAS || operation == STRING_CMPS;
    uint64_t mask = address32 ? UINT32_MAX : UINT64_MAX;
    uint64_t segment = insn->flags & INSN_FS   ? c2w_cpu.r[REG_FS_BASE]
                       : insn->flags & INSN_GS ? c2w_cpu.r[REG_GS_BASE]
                                               : 0;
    uint64_t *rsi = &c2w_cpu.r[REG_RSI], *rdi = &c2w_cpu.r[REG_RDI], *rcx = &c2w_cpu.r[REG_RCX];
    /* A fault leaves the flags of before. */
    struct cpu *cpu = &c2w_cpu;
    uint32_t flags_op = cpu->flags_op;
    uint64_t flags_a = cpu->flags_a, flags_b = cpu->flags_b;
    uint64_t left = insn->repeat ? *rcx & mask : 1, slice = STRING_SLICE;
    if (address32 && insn->repeat) { /* what processors do before the first element */
        *rcx = left;
        if (operation == STRING_MOVS)
            *rsi &= mask;
        if (operation == STRING_MOVS || operation == STRING_STOS)
            *rdi &= mask;
    }
    while (left != 0) {
        if (slice == 0) {
            c2w_cpu.pc = insn->pc;
            return false;
        }
        uint64_t source = (*rsi & mask) + segment, destination = *rdi & mask, done = 0;
        if (left > 1 && (operation == STRING_MOVS || operation == STRING_STOS))
            done =
                string_run(operation, size, source, destination, down, left < slice ? left : slice);
        if (done == 0) {
            if (!string_step(insn, operation, size, source, destination)) {
                cpu->flags_op = flags_op;
                cpu->flags_a = flags_a;
                cpu->flags_b = flags_b;
                return false;
            }
            done = 1;
        }
        uint64_t distance = down ? -(done * size) : done * size;
        if (uses_source)
            *rsi = (*rsi + distance) & mask;
        if (uses_destination)
            *rdi = (*rdi + distance) & mask;
        left -= done;
        slice -= done;
        if (insn->repeat)
            *rcx = address32 ? left : *rcx - done;
        if (compares && insn->repeat &&
            flags_zero(c2w_cpu.flags_op, c2w_cpu.flags_a, c2w_cpu.flags_b) !=
                (insn->repeat == REPEAT_EQUAL))
            break;
    }
    return true;
}
