/* System calls of scheduling: one CPU, SCHED_OTHER. */
#include <string.h>

#include "sched.h"

#define SCHED_OTHER 0
#define SCHED_FIFO 1
#define SCHED_RR 2
#define SCHED_BATCH 3
#define SCHED_IDLE 5

int64_t sys_sched_yield(const uint64_t *a) {
    (void)a;
    c2w_cpu.event |= EVENT_RESCHED;
    return 0;
}

static int check_pid(int32_t pid) {
    if (pid < 0)
        return -EINVAL;
    return pid == 0 || task_find(pid) ? 0 : -ESRCH;
}

/* Only priority 0 is possible for SCHED_OTHER, BATCH and IDLE; real-time policies need rights that
 * containers do not have. */
static int check_policy(int32_t policy, uint64_t parameter_va) {
    int32_t priority;
    if (user_read(&priority, parameter_va, sizeof priority))
        return -EFAULT;
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return priority >= 1 && priority <= 99 ? -EPERM : -EINVAL;
    if (policy != SCHED_OTHER && policy != SCHED_BATCH && policy != SCHED_IDLE)
        return -EINVAL;
    return priority == 0 ? 0 : -EINVAL;
}

int64_t sys_sched_setparam(const uint64_t *a) {
    int error = check_pid((int32_t)a[0]);
    return error ? error : check_policy(SCHED_OTHER, a[1]);
}

int64_t sys_sched_setscheduler(const uint64_t *a) {
    int error = check_pid((int32_t)a[0]);
    if (!error)
        error = check_policy((int32_t)a[1], a[2]);
    return error ? error : (int32_t)a[1] == SCHED_OTHER ? 0 : -EPERM;
}

int64_t sys_sched_getscheduler(const uint64_t *a) {
    int error = check_pid((int32_t)a[0]);
    return error ? error : SCHED_OTHER;
}

int64_t sys_sched_getparam(const uint64_t *a) {
    int32_t priority = 0;
    int error = check_pid((int32_t)a[0]);
    return error ? error : user_write(a[1], &priority, sizeof priority);
}

int64_t sys_sched_setaffinity(const uint64_t *a) {
    uint8_t first;
    int error = check_pid((int32_t)a[0]);
    if (error)
        return error;
    if (a[1] == 0)
        return -EINVAL;
    if (user_read(&first, a[2], 1))
        return -EFAULT;
    return first & 1 ? 0 : -EINVAL;
}

int64_t sys_sched_getaffinity(const uint64_t *a) {
    uint64_t mask = 1;
    int error = check_pid((int32_t)a[0]);
    if (error)
        return error;
    if (a[1] < sizeof mask || (a[1] & 7))
        return -EINVAL;
    return user_write(a[2], &mask, sizeof mask) ? -EFAULT : (int64_t)sizeof mask;
}

static int64_t priority_limit(uint64_t policy, int64_t real_time) {
    switch (policy) {
    case SCHED_FIFO:
    case SCHED_RR:
        return real_time;
    case SCHED_OTHER:
    case SCHED_BATCH:
    case SCHED_IDLE:
        return 0;
    }
    return -EINVAL;
}

int64_t sys_sched_get_priority_max(const uint64_t *a) { return priority_limit(a[0], 99); }

int64_t sys_sched_get_priority_min(const uint64_t *a) { return priority_limit(a[0], 1); }

int64_t sys_sched_rr_get_interval(const uint64_t *a) {
    struct linux_timespec interval = {0, 4000000};
    int error = check_pid((int32_t)a[0]);
    return error ? error : user_write(a[1], &interval, sizeof interval);
}

/* --- nice values --- */

#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2

static bool is_meant(const struct process *process, int32_t which, int32_t who) {
    const struct process *self = current->process;
    if (process->state == PROCESS_ZOMBIE)
        return false;
    switch (which) {
    case PRIO_PROCESS:
        return who ? process->pid == who : process == self;
    case PRIO_PGRP:
        return process->pgid == (who ? who : self->pgid);
    default:
        return process->creds.uid == (who ? (uint32_t)who : self->creds.uid);
    }
}

int64_t sys_getpriority(const uint64_t *a) {
    int32_t which = (int32_t)a[0], best = -1;
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    for (const struct process *p = kernel.processes; p; p = p->next)
        if (is_meant(p, which, (int32_t)a[1]) && 20 - p->nice > best)
            best = 20 - p->nice;
    return best < 0 ? -ESRCH : best;
}

int64_t sys_setpriority(const uint64_t *a) {
    int32_t which = (int32_t)a[0], nice = (int32_t)a[2];
    int64_t result = -ESRCH;
    const struct credentials *creds = &current->process->creds;
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
    for (struct process *p = kernel.processes; p; p = p->next) {
        if (!is_meant(p, which, (int32_t)a[1]))
            continue;
        if (creds->euid != 0 && creds->euid != p->creds.uid && creds->euid != p->creds.euid) {
            result = -EPERM;
        } else if (creds->euid != 0 && nice < p->nice) {
            result = -EACCES;
        } else {
            p->nice = nice;
            if (result == -ESRCH)
                result = 0;
        }
    }
    return result;
}

int64_t sys_getcpu(const uint64_t *a) {
    uint32_t zero = 0;
    if ((a[0] && user_write(a[0], &zero, sizeof zero)) ||
        (a[1] && user_write(a[1], &zero, sizeof zero)))
        return -EFAULT;
    return 0;
}

/* Commands of linux/membarrier.h: with one CPU every thread is ordered with every other. */
int64_t sys_membarrier(const uint64_t *a) {
    enum {
        QUERY = 0,
        GLOBAL = 1,
        PRIVATE_EXPEDITED = 8,
        REGISTER_PRIVATE_EXPEDITED = 16,
        SUPPORTED = GLOBAL | PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED,
    };
    if (a[1])
        return -EINVAL;
    switch ((int32_t)a[0]) {
    case QUERY:
        return SUPPORTED;
    case GLOBAL:
    case PRIVATE_EXPEDITED:
    case REGISTER_PRIVATE_EXPEDITED:
        return 0;
    default:
        return -EINVAL;
    }
}
