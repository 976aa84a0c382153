/* System calls of signals. */
#include "abi.h"
#include "sched.h"
#include "signal.h"
#include "task.h"

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define KNOWN_FLAGS                                                                                \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |             \
     SA_RESETHAND | ABI_SA_FLAGS)

static bool is_signal(int32_t signal) { return signal >= 1 && signal <= SIGNAL_COUNT; }

int64_t sys_rt_sigaction(const uint64_t *a) {
    int32_t signal = (int32_t)a[0];
    struct signal_action new;
    if (a[3] != 8 || !is_signal(signal))
        return -EINVAL;
    if (a[1] && abi_read_action(&new, a[1]))
        return -EFAULT;
    if (a[1] && (SIGNAL_BIT(signal) & UNBLOCKABLE))
        return -EINVAL;
    struct process *process = current->process;
    struct signal_action *action = &process->actions->actions[signal];
    if (a[2] && abi_write_action(action, a[2]))
        return -EFAULT;
    if (!a[1])
        return 0;
    /* Unknown flags read back as 0: that is how programs probe for them (SA_UNSUPPORTED). */
    new.flags &= KNOWN_FLAGS;
    new.mask &= ~UNBLOCKABLE;
    *action = new;
    bool ignored = new.handler == SIG_IGN ||
                   (new.handler == SIG_DFL && (signal == SIGCHLD || signal == SIGCONT ||
                                               signal == SIGURG || signal == SIGWINCH));
    if (ignored)
        signals_drop(process, SIGNAL_BIT(signal));
    return 0;
}

int64_t sys_rt_sigprocmask(const uint64_t *a) {
    uint64_t old = current->signal_mask, set;
    if (a[3] != 8)
        return -EINVAL;
    if (a[1]) {
        if (user_read(&set, a[1], sizeof set))
            return -EFAULT;
        switch ((int32_t)a[0]) {
        case SIG_BLOCK:
            signal_set_mask(old | set);
            break;
        case SIG_UNBLOCK:
            signal_set_mask(old & ~set);
            break;
        case SIG_SETMASK:
            signal_set_mask(set);
            break;
        default:
            return -EINVAL;
        }
    }
    if (a[2] && user_write(a[2], &old, sizeof old))
        return -EFAULT;
    return 0;
}

int64_t sys_rt_sigpending(const uint64_t *a) {
    uint64_t set = (current->pending | current->process->pending) & current->signal_mask;
    if (a[1] > 8)
        return -EINVAL;
    return user_write(a[0], &set, a[1]);
}

static int64_t always_interrupted(const uint64_t *a) {
    (void)a;
    return -EINTR;
}

int64_t sys_rt_sigsuspend(const uint64_t *a) {
    if (a[1] != 8)
        return -EINVAL;
    if (!a[0])
        return -EFAULT;
    int error = signal_mask_for_call(a[0], a[1]);
    if (error)
        return error;
    current->call.on_interrupt = always_interrupted;
    return -EBLOCK;
}

int64_t sys_pause(const uint64_t *a) {
    (void)a;
    current->call.on_interrupt = always_interrupted;
    return -EBLOCK;
}

int64_t sys_rt_sigtimedwait(const uint64_t *a) {
    uint64_t set, timeout = UINT64_MAX;
    struct linux_siginfo info;
    if (a[3] != 8)
        return -EINVAL;
    if (user_read(&set, a[0], sizeof set))
        return -EFAULT;
    if (a[2]) {
        struct linux_timespec ts;
        if (user_read(&ts, a[2], sizeof ts))
            return -EFAULT;
        if (ts.seconds < 0 || ts.nanoseconds < 0 || ts.nanoseconds >= 1000000000)
            return -EINVAL;
        if ((uint64_t)ts.seconds < UINT64_MAX / 1000000000u - 1)
            timeout = (uint64_t)ts.seconds * 1000000000u + (uint64_t)ts.nanoseconds;
    }
    int signal = signal_dequeue(set & ~UNBLOCKABLE, &info);
    if (signal) {
        if (a[1] && user_write(a[1], &info, sizeof info))
            return -EFAULT;
        return signal;
    }
    if (timeout == 0 || (a[2] && call_timed_out(timeout)))
        return -EAGAIN;
    current->call.on_interrupt = always_interrupted;
    wait_on(&current->process->signal_arrived);
    return -EBLOCK;
}

int64_t sys_sigaltstack(const uint64_t *a) {
    struct linux_sigaltstack new, old;
    uint64_t sp = abi_stack_pointer(&c2w_cpu);
    if (a[0] && user_read(&new, a[0], sizeof new))
        return -EFAULT;
    signal_get_altstack(&old, sp);
    if (a[0]) {
        int64_t error = signal_set_altstack(&new, sp);
        if (error)
            return error;
    }
    return a[1] && user_write(a[1], &old, sizeof old) ? -EFAULT : 0;
}

int64_t sys_rt_sigreturn(const uint64_t *a) {
    (void)a;
    uint64_t mask;
    struct linux_sigaltstack stack;
    if (!abi_pop_signal_frame(&mask, &stack)) {
        signal_fault(SIGSEGV, SI_KERNEL, 0);
        return -ENORESULT;
    }
    signal_set_mask(mask);
    signal_set_altstack(&stack, abi_stack_pointer(&c2w_cpu));
    return -ENORESULT;
}

/* --- sending --- */

static bool may_signal(const struct process *target, int signal) {
    const struct credentials *self = &current->process->creds, *other = &target->creds;
    return self->euid == 0 || self->euid == other->suid || self->euid == other->uid ||
           self->uid == other->suid || self->uid == other->uid ||
           (signal == SIGCONT && target->sid == current->process->sid);
}

int64_t sys_kill(const uint64_t *a) {
    int32_t pid = (int32_t)a[0], signal = (int32_t)a[1];
    struct process *self = current->process;
    if (signal < 0 || signal > SIGNAL_COUNT)
        return -EINVAL;
    if (pid > 0) {
        struct task *task = task_find(pid);
        struct process *process = task ? task->process : process_find(pid);
        if (!process)
            return -ESRCH;
        if (!may_signal(process, signal))
            return -EPERM;
        signal_process(process, signal, NULL);
        return 0;
    }
    if (pid == INT32_MIN)
        return -ESRCH;
    int32_t group = pid == 0 ? self->pgid : -pid;
    bool found = false, sent = false;
    for (struct process *p = kernel.processes; p; p = p->next) {
        if (pid == -1 ? p == kernel.init || p == self : p->pgid != group)
            continue;
        found = true;
        if (!may_signal(p, signal))
            continue;
        sent = true;
        signal_process(p, signal, NULL);
    }
    return !found ? -ESRCH : sent ? 0 : -EPERM;
}

static int64_t send_to_task(int32_t tgid, int32_t tid, int32_t signal,
                            const struct linux_siginfo *info) {
    if (signal < 0 || signal > SIGNAL_COUNT || tid <= 0 || tgid == 0)
        return -EINVAL;
    struct task *task = task_find(tid);
    if (!task || (tgid > 0 && task->process->pid != tgid))
        return -ESRCH;
    if (!may_signal(task->process, signal))
        return -EPERM;
    if (signal)
        signal_task(task, signal, info);
    return 0;
}

static struct linux_siginfo tkill_info(int32_t signal) {
    struct linux_siginfo info = {.signal = signal, .code = SI_TKILL};
    info.sender.pid = current->process->pid;
    info.sender.uid = current->process->creds.uid;
    return info;
}

int64_t sys_tkill(const uint64_t *a) {
    struct linux_siginfo info = tkill_info((int32_t)a[1]);
    return send_to_task(-1, (int32_t)a[0], (int32_t)a[1], &info);
}

int64_t sys_tgkill(const uint64_t *a) {
    struct linux_siginfo info = tkill_info((int32_t)a[2]);
    if ((int32_t)a[0] <= 0)
        return -EINVAL;
    return send_to_task((int32_t)a[0], (int32_t)a[1], (int32_t)a[2], &info);
}

/* Only the kernel may claim to be the kernel, kill or tgkill towards others. */
static bool is_forged(const struct linux_siginfo *info, int32_t pid) {
    return (info->code >= 0 || info->code == SI_TKILL) && pid != current->process->pid;
}

int64_t sys_rt_sigqueueinfo(const uint64_t *a) {
    int32_t pid = (int32_t)a[0], signal = (int32_t)a[1];
    struct linux_siginfo info;
    if (user_read(&info, a[2], sizeof info))
        return -EFAULT;
    if (is_forged(&info, pid))
        return -EPERM;
    if (signal < 0 || signal > SIGNAL_COUNT)
        return -EINVAL;
    struct process *process = process_find(pid);
    if (!process)
        return -ESRCH;
    if (!may_signal(process, signal))
        return -EPERM;
    info.signal = signal;
    signal_process(process, signal, &info);
    return 0;
}

int64_t sys_rt_tgsigqueueinfo(const uint64_t *a) {
    int32_t tgid = (int32_t)a[0], tid = (int32_t)a[1], signal = (int32_t)a[2];
    struct linux_siginfo info;
    if (user_read(&info, a[3], sizeof info))
        return -EFAULT;
    if (tgid <= 0)
        return -EINVAL;
    if (is_forged(&info, tgid))
        return -EPERM;
    info.signal = signal;
    return send_to_task(tgid, tid, signal, &info);
}
