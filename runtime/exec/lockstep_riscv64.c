/* Lock-step mode (--lockstep): lifted code calls c2w_lockstep() at the start of every basic block
 * with all state stored.  There the code up to the next control transfer is run on a shadow CPU,
 * whose stores are only recorded; at the next call the lifted code must have come to a PC on that
 * path with the registers and the memory that the shadow has there.  fflags are not compared:
 * lifted code may leave them out. */
#include <stdio.h>
#include <string.h>

#include "../guest_memory.h"
#include "../host/heap.h"
#include "../host/host.h"
#include "../isa/riscv64/insn.h"
#include "exec.h"

static struct cpu shadow;
static bool stopped; /* the path cannot be followed: a fault, a system call, a CSR */

/* Recorded stores of the path, in order. */
#define MAX_STEPS 512
static struct store {
    uint64_t address, value;
    unsigned size;
} *stores;
static unsigned store_count;

/* The states before each instruction of the path and behind the last one. */
static struct step {
    struct cpu cpu;
    unsigned store_count;
} *steps;
static unsigned step_count;
static bool path_complete; /* it ends with a control transfer, not where it could not be followed */
static uint64_t path_interpreted; /* interpreted_instructions when it was made */

static bool allowed(uint64_t address, unsigned size, int prot) {
    return address + size - 1 <= UINT32_MAX && (page_prot[address / PAGE_SIZE] & prot) &&
           (page_prot[(address + size - 1) / PAGE_SIZE] & prot);
}

/* The bytes of memory as the first `count` recorded stores leave them. */
static uint64_t read_through(uint64_t address, unsigned size, unsigned count) {
    uint8_t bytes[8] = {0};
    memcpy(bytes, guest_pointer(address), size);
    for (unsigned s = 0; s < count; s++) {
        for (unsigned b = 0; b < stores[s].size; b++) {
            uint64_t at = stores[s].address + b - address;
            if (at < size)
                bytes[at] = (uint8_t)(stores[s].value >> (8 * b));
        }
    }
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint64_t shadow_load(uint64_t address, unsigned size) {
    stopped = !allowed(address, size, 1);
    return stopped ? 0 : read_through(address, size, store_count);
}

static void shadow_store(uint64_t address, unsigned size, uint64_t value) {
    stopped = !allowed(address, size, 2);
    if (!stopped)
        stores[store_count++] = (struct store){address, value, size};
}

static uint64_t stop(void) {
    stopped = true;
    return 0;
}

#define EVAL_CPU shadow
#define EVAL_DIRECT_MEMORY 0
#define EVAL_LOAD(i, address, size) shadow_load(address, size)
#define EVAL_STORE(i, address, size, value) shadow_store(address, size, value)
#define EVAL_FAULTED stopped
#define EVAL_RAISE(i, signal, code, address) ((void)(address), stop())
#define EVAL_SYSCALL(i) stop()
#define EVAL_FENCE_I() stop()
#define EVAL_CSR_READ(i, n) stop()
#define EVAL_CSR_WRITE(i, n, v) ((void)(v), stop())
#include "../isa/riscv64/sem_eval.h"

#include "../isa/riscv64/sem.h"

/* Executes one instruction on the shadow; true when it transfers control. */
static bool step(const struct insn *insn) {
    struct eval c = {.taken = false};
    uint64_t next = shadow.pc + insn->len;
    switch (insn->op) {
#define OP(id, mnemonic, form, match, mask, class)                                                 \
    case OP_##id:                                                                                  \
        sem_##id(&c, insn);                                                                        \
        break;
#include "../isa/riscv64/ops.def"
#undef OP
    }
    if (stopped)
        return true;
    switch ((enum op_class)op_table[insn->op].class) {
    case CLASS_BRANCH:
    case CLASS_JUMP:
        shadow.pc = c.taken ? shadow.pc + (uint64_t)(int64_t)insn->imm : next;
        return true;
    case CLASS_JUMP_REGISTER:
        shadow.pc = c.target;
        return true;
    default:
        shadow.pc = next;
        return false;
    }
}

static bool decode_at(uint64_t pc, struct insn *insn) {
    uint8_t bytes[4];
    if (!allowed(pc, 2, 4))
        return false;
    size_t available = allowed(pc, 4, 4) ? 4 : 2;
    memcpy(bytes, guest_pointer(pc), available);
    if (!insn_decode(bytes, available, insn))
        return false;
    insn->pc = (uint32_t)pc;
    return true;
}

static void follow(uint32_t pc) {
    bool end = false;
    shadow = c2w_cpu;
    shadow.pc = pc;
    stopped = false;
    store_count = step_count = 0;
    steps[step_count++] = (struct step){shadow, 0};
    while (!end && step_count < MAX_STEPS) {
        struct insn insn;
        if (!decode_at(shadow.pc, &insn))
            break;
        end = step(&insn);
        if (!stopped)
            steps[step_count++] = (struct step){shadow, store_count};
    }
    path_complete = end && !stopped;
    path_interpreted = interpreted_instructions;
}

/* --- comparison --- */

static void report_path(unsigned last) {
    char line[160];
    for (unsigned s = 0; s < last; s++) {
        struct insn insn;
        if (!decode_at(steps[s].cpu.pc, &insn))
            continue;
        int length = snprintf(line, sizeof line, "  %8llx  ", (unsigned long long)steps[s].cpu.pc);
        length += (int)insn_format(&insn, line + length, sizeof line - (size_t)length - 1);
        line[length++] = '\n';
        host_log(line, (size_t)length);
    }
}

static void differ(const char *what, unsigned number, uint64_t interpreted, uint64_t lifted,
                   unsigned last) {
    char line[160];
    int length =
        snprintf(line, sizeof line, "lock-step: %s%u is %llx interpreted, %llx lifted behind\n",
                 what, number, (unsigned long long)interpreted, (unsigned long long)lifted);
    host_log(line, (size_t)length);
    report_path(last);
    host_panic("lock-step: lifted code differs from the interpreter");
}

static void compare(uint32_t pc) {
    /* The first time the path comes to pc: a lifted block ends where another one starts. */
    unsigned last = 1;
    while (last < step_count && steps[last].cpu.pc != pc)
        last++;
    if (last == step_count) {
        if (path_complete)
            differ("pc", 0, steps[last - 1].cpu.pc, pc, last - 1);
        return;
    }
    const struct step *want = &steps[last];
    for (unsigned n = 0; n < 32; n++) {
        if (c2w_cpu.x[n] != want->cpu.x[n])
            differ("x", n, want->cpu.x[n], c2w_cpu.x[n], last);
    }
    for (unsigned n = 0; n < 32; n++) {
        if (c2w_cpu.f[n] != want->cpu.f[n])
            differ("f", n, want->cpu.f[n], c2w_cpu.f[n], last);
    }
    for (unsigned s = 0; s < want->store_count; s++) {
        uint64_t expected = read_through(stores[s].address, stores[s].size, want->store_count);
        uint64_t found = read_through(stores[s].address, stores[s].size, 0);
        if (expected != found)
            differ("memory of store ", s, expected, found, last);
    }
}

void lockstep_forget(void) { step_count = 0; }

void c2w_lockstep(uint32_t pc) {
    registers_from_globals();
    if (!steps) {
        steps = heap_alloc((MAX_STEPS + 1) * sizeof *steps);
        stores = heap_alloc(MAX_STEPS * sizeof *stores);
    }
    if (step_count != 0 && path_interpreted == interpreted_instructions)
        compare(pc);
    follow(pc);
}
