/* futex(2): waiters by key.  A key is (address space, address) for private memory and the home
 * address for shared memory, which is the same everywhere. */
#include "futex.h"

#include "mm.h"
#include "sched.h"

struct futex_wait {
    struct futex_wait *next; /* in the order they came */
    struct task *task;
    const struct mm *mm; /* NULL for shared memory */
    uint32_t address, bitset;
    bool woken;
};

static struct futex_wait *waits;

struct futex_key {
    const struct mm *mm;
    uint32_t address;
};

static struct futex_key key_of(uint64_t va) {
    const struct vma *vma = vma_find(current->process->mm, va);
    return (struct futex_key){vma && vma->shared ? NULL : current->process->mm, (uint32_t)va};
}

static int check_address(uint64_t va) {
    if (va & 3)
        return -EINVAL;
    return user_pointer(va, 4, PROT_READ) ? 0 : -EFAULT;
}

void futex_forget(struct task *task) {
    if (!task->futex)
        return;
    struct futex_wait **link = &waits;
    while (*link && *link != task->futex)
        link = &(*link)->next;
    if (*link)
        *link = task->futex->next;
    heap_free(task->futex);
    task->futex = NULL;
}

static int wake(struct futex_key key, int count, uint32_t bitset) {
    int woken = 0;
    for (struct futex_wait *wait = waits; wait && woken < count; wait = wait->next) {
        if (wait->woken || wait->mm != key.mm || wait->address != key.address ||
            !(wait->bitset & bitset))
            continue;
        wait->woken = true;
        wake_task(wait->task);
        woken++;
    }
    return woken;
}

int futex_wake_address(uint64_t va, int count) { return wake(key_of(va), count, ~0u); }

static int requeue(struct futex_key from, struct futex_key to, int count) {
    int moved = 0;
    for (struct futex_wait *wait = waits; wait && moved < count; wait = wait->next) {
        if (wait->woken || wait->mm != from.mm || wait->address != from.address)
            continue;
        wait->mm = to.mm;
        wait->address = to.address;
        moved++;
    }
    return moved;
}

static int64_t interrupted(const uint64_t *a) {
    (void)a;
    futex_forget(current);
    return -EINTR;
}

/* FUTEX_WAIT restarts after a handler with SA_RESTART only without a time limit. */
static int64_t wait_for_wake(uint64_t va, uint32_t value, uint32_t bitset, bool has_timeout,
                             uint64_t timeout) {
    if (bitset == 0)
        return -EINVAL;
    struct futex_wait *wait = current->futex;
    if (!wait) {
        if (current->call.restarted)
            return -EAGAIN;
        int error = check_address(va);
        if (error)
            return error;
        uint32_t now;
        if (user_read(&now, va, sizeof now))
            return -EFAULT;
        if (now != value)
            return -EAGAIN;
        struct futex_key key = key_of(va);
        wait = heap_alloc(sizeof *wait);
        *wait = (struct futex_wait){NULL, current, key.mm, key.address, bitset, false};
        struct futex_wait **link = &waits;
        while (*link)
            link = &(*link)->next;
        *link = wait;
        current->futex = wait;
        if (has_timeout)
            current->call.no_restart = true;
        current->call.on_interrupt = interrupted;
    }
    if (wait->woken) {
        futex_forget(current);
        return 0;
    }
    if (has_timeout && call_timed_out(timeout)) {
        futex_forget(current);
        return -ETIMEDOUT;
    }
    return -EBLOCK;
}

/* linux/futex.h: FUTEX_OP */
static int64_t wake_op(uint64_t va, int count, uint64_t va2, int count2, uint32_t operation) {
    int error = check_address(va);
    if (!error)
        error = check_address(va2);
    if (error)
        return error;
    uint32_t op = operation >> 28 & 7, compare = operation >> 24 & 15;
    int32_t op_argument = (int32_t)(operation << 8) >> 20;
    int32_t compare_argument = (int32_t)(operation << 20) >> 20;
    if (operation >> 31)
        op_argument = (int32_t)(1u << (op_argument & 31));
    uint32_t *word = user_pointer(va2, 4, PROT_READ | PROT_WRITE);
    if (!word)
        return -EFAULT;
    int32_t old = (int32_t)*word;
    switch (op) {
    case 0:
        *word = (uint32_t)op_argument;
        break;
    case 1:
        *word += (uint32_t)op_argument;
        break;
    case 2:
        *word |= (uint32_t)op_argument;
        break;
    case 3:
        *word &= ~(uint32_t)op_argument;
        break;
    case 4:
        *word ^= (uint32_t)op_argument;
        break;
    default:
        return -ENOSYS;
    }
    const bool results[] = {old == compare_argument, old != compare_argument,
                            old<compare_argument, old <= compare_argument, old> compare_argument,
                            old >= compare_argument};
    if (compare > 5)
        return -ENOSYS;
    int woken = wake(key_of(va), count, ~0u);
    return woken + (results[compare] ? wake(key_of(va2), count2, ~0u) : 0);
}

/* The time limit of a wait: nanoseconds from now. */
static int read_timeout(uint64_t va, bool absolute, bool realtime, uint64_t *timeout) {
    struct linux_timespec ts;
    if (user_read(&ts, va, sizeof ts))
        return -EFAULT;
    if (ts.seconds < 0 || ts.nanoseconds < 0 || ts.nanoseconds >= 1000000000)
        return -EINVAL;
    uint64_t ns = (uint64_t)ts.seconds >= UINT64_MAX / 1000000000u - 1
                      ? UINT64_MAX
                      : (uint64_t)ts.seconds * 1000000000u + (uint64_t)ts.nanoseconds;
    if (absolute) {
        uint64_t now = host_clock(realtime ? 0 : 1);
        ns = ns > now ? ns - now : 0;
    }
    *timeout = ns;
    return 0;
}

int64_t sys_futex(const uint64_t *a) {
    uint32_t operation = (uint32_t)a[1], command = operation & 127, value = (uint32_t)a[2];
    bool realtime = operation & FUTEX_CLOCK_REALTIME;
    if (operation & ~(127u | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))
        return -ENOSYS;
    if (realtime && command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: {
        uint64_t timeout = 0;
        if (a[3] && !current->call.restarted) {
            int error = read_timeout(a[3], command == FUTEX_WAIT_BITSET, realtime, &timeout);
            if (error)
                return error;
        }
        return wait_for_wake(a[0], value, command == FUTEX_WAIT ? ~0u : (uint32_t)a[5], a[3] != 0,
                             timeout);
    }
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET: {
        uint32_t bitset = command == FUTEX_WAKE ? ~0u : (uint32_t)a[5];
        int error = check_address(a[0]);
        if (error)
            return error;
        return bitset ? wake(key_of(a[0]), (int32_t)value < 1 ? 1 : (int)value, bitset) : -EINVAL;
    }
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE: {
        int error = check_address(a[0]);
        if (!error)
            error = check_address(a[4]);
        if (error)
            return error;
        if ((int32_t)value < 0 || (int32_t)a[3] < 0)
            return -EINVAL;
        uint32_t now;
        if (command == FUTEX_CMP_REQUEUE) {
            if (user_read(&now, a[0], sizeof now))
                return -EFAULT;
            if (now != (uint32_t)a[5])
                return -EAGAIN;
        }
        int woken = wake(key_of(a[0]), (int)value, ~0u);
        int moved = requeue(key_of(a[0]), key_of(a[4]), (int32_t)a[3]);
        return command == FUTEX_REQUEUE ? woken : woken + moved;
    }
    case FUTEX_WAKE_OP:
        return wake_op(a[0], (int32_t)value, a[4], (int32_t)a[3], (uint32_t)a[5]);
    default:
        return -ENOSYS;
    }
}

/* --- robust lists (linux/futex.h: struct robust_list_head) --- */

#define ROBUST_LIST_LIMIT 2048

static void handle_dead_owner(uint64_t va, int32_t tid) {
    uint32_t value;
    if ((va & 3) || user_read(&value, va, sizeof value))
        return;
    if ((value & FUTEX_TID_MASK) != (uint32_t)tid)
        return;
    uint32_t waiters = value & FUTEX_WAITERS;
    value = waiters | FUTEX_OWNER_DIED;
    if (user_write(va, &value, sizeof value) == 0 && waiters)
        futex_wake_address(va, 1);
}

void futex_exit_robust_list(struct task *task) {
    uint64_t head = task->robust_list, entry, offset, pending;
    task->robust_list = 0;
    if (!head || user_read(&entry, head, 8) || user_read(&offset, head + 8, 8) ||
        user_read(&pending, head + 16, 8))
        return;
    for (int i = 0; entry != head && i < ROBUST_LIST_LIMIT; i++) {
        uint64_t next;
        if (user_read(&next, entry & ~1ull, 8))
            break;
        if (entry != pending)
            handle_dead_owner((entry & ~1ull) + offset, task->tid);
        entry = next;
    }
    if (pending)
        handle_dead_owner((pending & ~1ull) + offset, task->tid);
}

int64_t sys_set_robust_list(const uint64_t *a) {
    if (a[1] != 24)
        return -EINVAL;
    current->robust_list = a[0];
    return 0;
}

int64_t sys_get_robust_list(const uint64_t *a) {
    struct task *task = a[0] == 0 ? current : task_find((int32_t)a[0]);
    if (!task)
        return -ESRCH;
    uint64_t size = 24;
    if (user_write(a[2], &size, sizeof size) ||
        user_write(a[1], &task->robust_list, sizeof task->robust_list))
        return -EFAULT;
    return 0;
}
