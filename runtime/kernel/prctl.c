/* prctl(2): attributes of the process. */
#include <string.h>

#include "kernel.h"

#define PR_SET_PDEATHSIG 1
#define PR_GET_PDEATHSIG 2
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_GET_KEEPCAPS 7
#define PR_SET_KEEPCAPS 8
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_CAPBSET_READ 23
#define PR_SET_TIMERSLACK 29
#define PR_GET_TIMERSLACK 30
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39
#define CAP_LAST 40

static int64_t set_name(uint64_t va) {
    char name[16];
    int64_t length = user_string(name, sizeof name, va);
    if (length == -EFAULT)
        return -EFAULT;
    name[15] = 0;
    memset(current->comm, 0, sizeof current->comm);
    strcpy(current->comm, name);
    if (current->tid == current->process->pid)
        memcpy(current->process->comm, current->comm, sizeof current->comm);
    return 0;
}

int64_t sys_prctl(const uint64_t *a) {
    struct process *process = current->process;
    int32_t number;
    switch ((int32_t)a[0]) {
    case PR_SET_PDEATHSIG:
        if (a[1] > SIGNAL_COUNT)
            return -EINVAL;
        process->parent_death_signal = (int32_t)a[1];
        return 0;
    case PR_GET_PDEATHSIG:
        return user_write(a[1], &process->parent_death_signal, sizeof number);
    case PR_GET_DUMPABLE:
        return process->dumpable;
    case PR_SET_DUMPABLE:
        if (a[1] > 1)
            return -EINVAL;
        process->dumpable = a[1];
        return 0;
    case PR_GET_KEEPCAPS:
        return process->keep_capabilities;
    case PR_SET_KEEPCAPS:
        if (a[1] > 1)
            return -EINVAL;
        process->keep_capabilities = a[1];
        return 0;
    case PR_SET_NAME:
        return set_name(a[1]);
    case PR_GET_NAME:
        return user_write(a[1], current->comm, sizeof current->comm);
    case PR_CAPBSET_READ:
        return a[1] <= CAP_LAST ? 1 : -EINVAL;
    case PR_SET_TIMERSLACK:
        process->timer_slack = a[1] ? a[1] : process->default_timer_slack;
        return 0;
    case PR_GET_TIMERSLACK:
        return (int64_t)process->timer_slack;
    case PR_SET_CHILD_SUBREAPER:
        process->child_subreaper = a[1] != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        number = process->child_subreaper;
        return user_write(a[1], &number, sizeof number);
    case PR_SET_NO_NEW_PRIVS:
        if (a[1] != 1 || a[2] || a[3] || a[4])
            return -EINVAL;
        process->no_new_privileges = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return a[1] || a[2] || a[3] || a[4] ? -EINVAL : process->no_new_privileges;
    default:
        return -EINVAL;
    }
}

/* --- capabilities (capabilities(7)): user 0 has all, others none --- */

#define CAPABILITY_VERSION_1 0x19980330u
#define CAPABILITY_VERSION_2 0x20071026u
#define CAPABILITY_VERSION_3 0x20080522u

struct capability_header {
    uint32_t version;
    int32_t pid;
};
struct capability_data {
    uint32_t effective, permitted, inheritable;
};

/* Number of 32-bit words of the header's version, 0 after writing the newest one back. */
static int read_header(uint64_t va, struct capability_header *header) {
    if (user_read(header, va, sizeof *header))
        return -EFAULT;
    if (header->version == CAPABILITY_VERSION_1)
        return 1;
    if (header->version == CAPABILITY_VERSION_2 || header->version == CAPABILITY_VERSION_3)
        return 2;
    header->version = CAPABILITY_VERSION_3;
    return user_write(va, header, sizeof *header) ? -EFAULT : 0;
}

static uint64_t capabilities_of(const struct process *process) {
    return process->creds.euid == 0 ? (1ull << (CAP_LAST + 1)) - 1 : 0;
}

int64_t sys_capget(const uint64_t *a) {
    struct capability_header header;
    int words = read_header(a[0], &header);
    if (words <= 0)
        return words < 0 ? words : a[1] ? -EINVAL : 0;
    if (header.pid < 0)
        return -EINVAL;
    struct process *process = header.pid ? process_find(header.pid) : current->process;
    if (!process)
        return -ESRCH;
    if (!a[1])
        return 0;
    uint64_t set = capabilities_of(process);
    for (int i = 0; i < words; i++, set >>= 32) {
        struct capability_data data = {(uint32_t)set, (uint32_t)set, 0};
        if (user_write(a[1] + (uint64_t)i * sizeof data, &data, sizeof data))
            return -EFAULT;
    }
    return 0;
}

int64_t sys_capset(const uint64_t *a) {
    struct capability_header header;
    int words = read_header(a[0], &header);
    if (words <= 0)
        return words < 0 ? words : -EINVAL;
    if (header.pid && header.pid != current->process->pid)
        return -EPERM;
    uint64_t set = capabilities_of(current->process);
    for (int i = 0; i < words; i++, set >>= 32) {
        struct capability_data data;
        if (user_read(&data, a[1] + (uint64_t)i * sizeof data, sizeof data))
            return -EFAULT;
        /* The sets are fixed by the user id: only exactly that state can be set. */
        if (data.effective != (uint32_t)set || data.permitted != (uint32_t)set)
            return -EPERM;
    }
    return 0;
}
