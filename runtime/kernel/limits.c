/* Resource limits (getrlimit(2)). */
#include "limits.h"

#define STACK_LIMIT                                                                                \
    0x200000u /* libc sizes thread stacks by it; the main stack really has 8 MiB                   \
               */

void limits_init(struct process *process) {
    for (int i = 0; i < RLIMIT_COUNT; i++)
        process->limits[i] = (struct rlimit64){RLIM_INFINITY, RLIM_INFINITY};
    process->limits[RLIMIT_STACK].soft = STACK_LIMIT;
    process->limits[RLIMIT_CORE].soft = 0;
    process->limits[RLIMIT_NPROC] = (struct rlimit64){4096, 4096};
    process->limits[RLIMIT_NOFILE] = (struct rlimit64){1024, 1048576};
    process->limits[RLIMIT_MEMLOCK] = (struct rlimit64){8388608, 8388608};
    process->limits[RLIMIT_SIGPENDING] = (struct rlimit64){4096, 4096};
    process->limits[RLIMIT_MSGQUEUE] = (struct rlimit64){819200, 819200};
    process->limits[RLIMIT_NICE] = (struct rlimit64){0, 0};
    process->limits[RLIMIT_RTPRIO] = (struct rlimit64){0, 0};
}

static int64_t set_limit(struct process *process, uint32_t resource, const struct rlimit64 *new) {
    if (new->soft > new->hard)
        return -EINVAL;
    if (new->hard > process->limits[resource].hard && current->process->creds.euid != 0)
        return -EPERM;
    process->limits[resource] = *new;
    return 0;
}

int64_t sys_prlimit64(const uint64_t *a) {
    int32_t pid = (int32_t)a[0];
    uint32_t resource = (uint32_t)a[1];
    struct rlimit64 new;
    if (resource >= RLIMIT_COUNT)
        return -EINVAL;
    if (a[2] && user_read(&new, a[2], sizeof new))
        return -EFAULT;
    struct process *process = pid == 0 ? current->process : process_find(pid);
    if (!process || process->state == PROCESS_ZOMBIE)
        return -ESRCH;
    const struct credentials *self = &current->process->creds, *other = &process->creds;
    if (process != current->process && self->euid != 0 &&
        (self->uid != other->uid || self->uid != other->euid || self->uid != other->suid ||
         self->gid != other->gid || self->gid != other->egid || self->gid != other->sgid))
        return -EPERM;
    struct rlimit64 old = process->limits[resource];
    int64_t error = a[2] ? set_limit(process, resource, &new) : 0;
    if (error)
        return error;
    return a[3] ? user_write(a[3], &old, sizeof old) : 0;
}

int64_t sys_getrlimit(const uint64_t *a) {
    if ((uint32_t)a[0] >= RLIMIT_COUNT)
        return -EINVAL;
    return user_write(a[1], &current->process->limits[(uint32_t)a[0]], sizeof(struct rlimit64));
}

int64_t sys_setrlimit(const uint64_t *a) {
    struct rlimit64 new;
    if ((uint32_t)a[0] >= RLIMIT_COUNT)
        return -EINVAL;
    if (user_read(&new, a[1], sizeof new))
        return -EFAULT;
    return set_limit(current->process, (uint32_t)a[0], &new);
}
