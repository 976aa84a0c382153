/* The interpreter without a kernel: what it needs of one, and execution of a test's code. */
#include "interpreted_x86_64.h"

#include <string.h>
#include <sys/mman.h>

#include "../../runtime/exec/exec.h"
#include "../../runtime/exec/profile.h"
#include "../../runtime/guest_memory.h"
#include "../../runtime/isa/x86_64/flags.h"
#include "../../runtime/isa/x86_64/helpers.h"

struct cpu c2w_cpu;
uint8_t page_prot[1u << 20];
static struct machine_state *running;

void signal_fault(int signal, int code, uint64_t address) {
    running->signal = signal;
    running->code = code;
    running->address = address;
    c2w_cpu.event |= EVENT_SIGNAL;
}
uint32_t kernel_syscall(void) { __builtin_trap(); } /* tests have no system calls */
uint64_t host_clock(int clock) { return (uint64_t)clock; }
uint32_t profile_row(uint32_t pc, uint32_t instructions) {
    (void)pc, (void)instructions;
    return 0;
}

void profile_count(uint32_t row) { (void)row; }

lifted_function *lifted_lookup(uint32_t pc) {
    (void)pc;
    return NULL;
}
bool kernel_emulate(uint64_t pc) {
    (void)pc;
    return false;
}
void entries_flush(void) {}

static uint8_t *map_guest(uint32_t start, uint32_t size, int prot) {
    for (uint32_t page = start / PAGE_SIZE; page < (start + size) / PAGE_SIZE; page++)
        page_prot[page] = (uint8_t)prot;
    return mmap(guest_pointer(start), size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

bool interpreted_start(uint8_t **code, uint8_t **data) {
    *code = map_guest(CODE_START, CODE_SIZE, PAGE_READ | PAGE_EXECUTE);
    *data = map_guest(DATA_START, DATA_SIZE, PAGE_READ | PAGE_WRITE);
    uint8_t *constant = map_guest(CONSTANT_START, CONSTANT_SIZE, PAGE_READ);
    return *code != MAP_FAILED && *data != MAP_FAILED && constant == *data + DATA_SIZE;
}

void interpreted_run(struct machine_state *state) {
    running = state;
    memset(&c2w_cpu, 0, sizeof c2w_cpu);
    memcpy(c2w_cpu.r, state->r, sizeof state->r);
    c2w_cpu.r[REG_4GIB] = (uint64_t)1 << 32;
    c2w_cpu.r[REG_FS_BASE] = state->fs_base;
    c2w_cpu.r[REG_GS_BASE] = state->gs_base;
    c2w_cpu.pc = state->rip;
    rflags_write(&c2w_cpu, state->rflags);
    x86_fxrstor(&c2w_cpu, (const uint8_t *)&state->fp, true);
    state->signal = 0;
    exec_flush_all();
    while (!c2w_cpu.event)
        interpret(0, 0, 1000);
    memcpy(state->r, c2w_cpu.r, sizeof state->r);
    state->rip = c2w_cpu.pc;
    state->rflags = rflags_read(&c2w_cpu);
    x86_fxsave(&c2w_cpu, (uint8_t *)&state->fp, true);
}
