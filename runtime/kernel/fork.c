/* fork, vfork, clone and clone3. */
#include <string.h>

#include "abi.h"
#include "mm.h"
#include "sched.h"
#include "signal.h"
#include "task.h"

#define HEAP_RESERVE (4u << 20)       /* no new tasks when less of the heap is left */
#define NAMESPACE_FLAGS 0x7e020080ull /* CLONE_NEW*: EPERM without privileges, here always */
#define SUPPORTED                                                                                  \
    (CSIGNAL | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | CLONE_PARENT |    \
     CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |    \
     CLONE_DETACHED | CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_IO | CLONE_CLEAR_SIGHAND)

static int check_flags(uint64_t flags) {
    if (flags & NAMESPACE_FLAGS)
        return -EPERM;
    if (flags & ~(uint64_t)SUPPORTED)
        return -EINVAL;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_CLEAR_SIGHAND) && (flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_PARENT) && current->process == kernel.init)
        return -EINVAL; /* init's siblings would be nobody's children */
    return 0;
}

static void *copy_block(const void *from, size_t size) {
    if (!from)
        return NULL;
    void *copy = heap_alloc(size ? size : 1);
    memcpy(copy, from, size);
    return copy;
}

/* A new process like the current one; NULL when memory is out. */
static struct process *copy_process(uint64_t flags) {
    struct process *self = current->process;
    struct mm *mm = flags & CLONE_VM ? mm_get(self->mm) : mm_fork(self->mm);
    if (!mm)
        return NULL;
    int32_t pid = allocate_pid();
    struct process *child = process_new(flags & CLONE_PARENT ? self->parent : self);
    child->pid = pid;
    child->pgid = self->pgid;
    child->sid = self->sid;
    child->mm = mm;
    child->creds = self->creds;
    child->controlling_tty = self->controlling_tty;
    child->keep_capabilities = self->keep_capabilities;
    child->dumpable = self->dumpable;
    child->oom_score_adjust = self->oom_score_adjust;
    child->nice = self->nice;
    child->timer_slack = child->default_timer_slack = self->timer_slack;
    child->no_new_privileges = self->no_new_privileges;
    memcpy(child->limits, self->limits, sizeof child->limits);
    memcpy(child->comm, current->comm, sizeof child->comm);
    child->exit_signal = flags & CLONE_PARENT ? self->exit_signal : (int32_t)(flags & CSIGNAL);
    if (flags & CLONE_FILES) {
        child->files = self->files;
        child->files->references++;
    } else {
        child->files = files_copy(self->files);
    }
    if (flags & CLONE_FS) {
        child->fs = self->fs;
        child->fs->references++;
    } else {
        child->fs = fs_copy(self->fs);
    }
    child->actions = flags & CLONE_SIGHAND ? signal_actions_get(self->actions)
                                           : signal_actions_copy(self->actions);
    if (flags & CLONE_CLEAR_SIGHAND)
        signal_actions_reset(child);
    child->exe_path = copy_block(self->exe_path, self->exe_path ? strlen(self->exe_path) + 1 : 0);
    child->command_line = copy_block(self->command_line, self->command_line_size);
    child->command_line_size = self->command_line_size;
    child->environment = copy_block(self->environment, self->environment_size);
    child->environment_size = self->environment_size;
    return child;
}

struct clone_request {
    uint64_t flags, stack, parent_tid, child_tid, tls;
};

static int64_t clone_task(const struct clone_request *request) {
    uint64_t flags = request->flags;
    struct task *self = current;
    int error = check_flags(flags);
    if (error)
        return error;
    if (heap_left() < HEAP_RESERVE)
        return -EAGAIN;
    struct process *process = self->process;
    if (!(flags & CLONE_THREAD)) {
        process = copy_process(flags);
        if (!process)
            return -ENOMEM;
    }
    struct task *task = task_new(process, flags & CLONE_THREAD ? allocate_pid() : process->pid);
    memcpy(task->comm, self->comm, sizeof task->comm);
    task->signal_mask = self->restore_mask ? self->saved_mask : self->signal_mask;
    task->cpu = c2w_cpu;
    task->cpu.event = 0;
    abi_clone_registers(&task->cpu, request->stack, flags & CLONE_SETTLS, request->tls);
    /* The alternate stack is kept by fork and vfork, not by threads (sigaltstack(2)). */
    if (!(flags & CLONE_VM) || (flags & CLONE_VFORK)) {
        task->alternate_stack = self->alternate_stack;
        task->alternate_stack_size = self->alternate_stack_size;
        task->alternate_stack_flags = self->alternate_stack_flags;
    }
    if (flags & CLONE_CHILD_CLEARTID)
        task->clear_child_tid = request->child_tid;
    if (flags & CLONE_CHILD_SETTID)
        task->set_child_tid = request->child_tid;
    if (flags & CLONE_PARENT_SETTID)
        user_write(request->parent_tid, &task->tid, sizeof task->tid);
    task_enqueue(task);
    if (flags & CLONE_VFORK) {
        process->vforked = true;
        self->call.data = heap_alloc(sizeof task->tid);
        *(int32_t *)self->call.data = task->tid;
    }
    return task->tid;
}

/* vfork: the parent waits until the child gave its memory back. */
static int64_t wait_for_vfork(int32_t pid) {
    struct process *child = process_find(pid);
    if (!child || !child->vforked)
        return pid;
    current->call.uninterruptible = true;
    wait_on(&child->vfork_done);
    return -EBLOCK;
}

static int64_t do_clone(const struct clone_request *request) {
    if (current->call.restarted)
        return wait_for_vfork(*(int32_t *)current->call.data);
    int64_t tid = clone_task(request);
    return tid > 0 && (request->flags & CLONE_VFORK) ? wait_for_vfork((int32_t)tid) : tid;
}

int64_t sys_clone(const uint64_t *a) {
    struct clone_request request = {.flags = a[0] & 0xffffffff,
                                    .stack = a[1],
                                    .parent_tid = a[2],
                                    .tls = a[CLONE_ARGUMENT_TLS],
                                    .child_tid = a[CLONE_ARGUMENT_CHILD_TID]};
    if (request.flags & CLONE_PIDFD)
        return -EINVAL;
    return do_clone(&request);
}

int64_t sys_clone3(const uint64_t *a) {
    struct linux_clone_args args;
    size_t size = a[1];
    if (size < 64)
        return -EINVAL; /* CLONE_ARGS_SIZE_VER0 */
    if (size > sizeof args)
        return size > PAGE_SIZE ? -E2BIG : -EINVAL;
    memset(&args, 0, sizeof args);
    if (user_read(&args, a[0], size))
        return -EFAULT;
    if (args.set_tid || args.set_tid_size || args.cgroup || (args.flags & CSIGNAL) ||
        args.exit_signal > SIGNAL_COUNT || (!args.stack != !args.stack_size))
        return -EINVAL;
    if ((args.flags & (CLONE_THREAD | CLONE_PARENT)) && args.exit_signal)
        return -EINVAL;
    struct clone_request request = {
        .flags = args.flags | args.exit_signal,
        .stack = args.stack ? args.stack + args.stack_size : 0,
        .parent_tid = args.parent_tid,
        .child_tid = args.child_tid,
        .tls = args.tls,
    };
    return do_clone(&request);
}
