/* The system call dispatcher: the table of syscalls.def, blocking, statistics. */
#include <stdio.h>
#include <string.h>

#include "../exec/exec.h"
#include "abi.h"
#include "sched.h"
#include "strace.h"

#define SYSCALL(number, name, handler, arguments, status, note)                                    \
    int64_t handler(const uint64_t *arguments_);
#include "syscalls.def"
#include ABI_SYSCALLS
#undef SYSCALL

enum { FULL, PARTIAL, NONE };

#define TABLE_SIZE 512
static const struct syscall_row table[TABLE_SIZE] = {
#define SYSCALL(number, name, handler, arguments, status, note)                                    \
    [ABI_SYSCALL_NUMBER(number, name)] = {#name, handler, arguments, status},
#include "syscalls.def"
#undef SYSCALL
#define SYSCALL(number, name, handler, arguments, status, note)                                    \
    [number] = {#name, handler, arguments, status},
#include ABI_SYSCALLS
#undef SYSCALL
};

/* Calls the guest made that the table does not have, or that always fail. */
struct call_statistics {
    uint64_t calls;
    uint32_t unsupported[TABLE_SIZE];
};

static const struct syscall_row *find_row(uint64_t number) {
    return number < TABLE_SIZE && table[number].handler ? &table[number] : NULL;
}

static void count_call(uint64_t number, const struct syscall_row *row) {
    if (!kernel.calls)
        kernel.calls = heap_alloc(sizeof *kernel.calls);
    kernel.calls->calls++;
    if ((!row || row->status == NONE) && number < TABLE_SIZE)
        kernel.calls->unsupported[number]++;
}

/* The call of the current task is over; what it kept between tries goes. */
static void end_call(struct task *task) {
    task->in_call = false;
    if (task->call.data)
        heap_free(task->call.data);
    memset(&task->call, 0, sizeof task->call);
    if (task->restore_mask) {
        task->restore_mask = false;
        task->signal_mask = task->saved_mask;
    }
}

/* Executes the call at c2w_cpu.pc, first or again. */
static void execute(void) {
    struct task *task = current;
    uint64_t arguments[6];
    uint64_t number = abi_syscall_number();
    const struct syscall_row *row = find_row(number);
    abi_syscall_arguments(arguments);
    if (kernel.strace && !task->call.restarted)
        strace_enter(row, number, arguments);
    if (!task->call.restarted)
        count_call(number, row);
    int64_t result = row ? row->handler(arguments) : -ENOSYS;
    if (result == -EBLOCK) {
        task->call.restarted = true;
        task->in_call = true;
        if (task->state == TASK_RUNNABLE)
            task->state = TASK_WAITING;
        c2w_cpu.event |= EVENT_RESCHED;
        return;
    }
    task_cancel_waits(task);
    if (kernel.strace)
        strace_exit(row, number, arguments, result);
    if (result == -ENORESULT) {
        c2w_cpu.event |= EVENT_RESCHED;
        if (task->state != TASK_DEAD)
            end_call(task);
        return;
    }
    end_call(task);
    abi_syscall_return(result);
}

bool kernel_syscall(void) {
    execute();
    if (signal_pending(current))
        c2w_cpu.event |= EVENT_SIGNAL;
    return c2w_cpu.event != 0;
}

void syscall_retry(void) { execute(); }

void syscall_interrupt(bool restart) {
    struct task *task = current;
    uint64_t arguments[6];
    abi_syscall_arguments(arguments);
    task_cancel_waits(task);
    int64_t result = -EINTR;
    bool again = false;
    if (task->call.done)
        result = (int64_t)task->call.done;
    else if (task->call.on_interrupt)
        result = task->call.on_interrupt(arguments);
    else
        again = restart && !task->call.no_restart;
    if (kernel.strace)
        strace_exit(find_row(abi_syscall_number()), abi_syscall_number(), arguments,
                    again ? -ERESTARTSYS : result);
    /* The frame that is pushed next restores saved_mask, so that it stays set here. */
    bool restore_mask = task->restore_mask;
    task->restore_mask = false;
    end_call(task);
    task->restore_mask = restore_mask;
    if (!again)
        abi_syscall_return(result);
}

void syscall_abandon(struct task *task) {
    task_cancel_waits(task);
    task->restore_mask = false;
    end_call(task);
}

void syscall_report_statistics(void) {
    char line[128];
    int length =
        snprintf(line, sizeof line, "c2w: interpreted instructions %llu, system calls %llu\n",
                 (unsigned long long)interpreted_instructions,
                 (unsigned long long)(kernel.calls ? kernel.calls->calls : 0));
    host_log(line, (size_t)length);
    if (c2w_lifted_code_counts) {
        uint64_t all = c2w_lifted_instructions + interpreted_instructions;
        uint64_t share = all ? (c2w_lifted_instructions * UINT64_C(10000) + all / 2) / all : 0;
        length = snprintf(line, sizeof line, "c2w: lifted instructions %llu, %u.%02u %% of all\n",
                          (unsigned long long)c2w_lifted_instructions, (unsigned)(share / 100),
                          (unsigned)(share % 100));
        host_log(line, (size_t)length);
    }
    for (uint32_t i = 0; kernel.calls && i < TABLE_SIZE; i++) {
        if (!kernel.calls->unsupported[i])
            continue;
        length = snprintf(line, sizeof line, "c2w: unsupported system call %u (%s), %u times\n", i,
                          table[i].name ? table[i].name : "unknown", kernel.calls->unsupported[i]);
        host_log(line, (size_t)length);
    }
}
