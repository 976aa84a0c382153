/* Waiting for descriptors: poll(2), ppoll(2), select(2), pselect6(2). */
#include <string.h>

#include "vfs.h"

#define ALWAYS_READY (POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM)
#define SELECT_IN (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_OUT (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EXCEPT POLLPRI
#define RLIMIT_NOFILE_INDEX 7

uint32_t poll_file(struct file *file, bool wait) {
    if (file->flags & O_PATH)
        return POLLNVAL;
    return file->ops->poll ? file->ops->poll(file, wait) : ALWAYS_READY;
}

/* --- time limits --- */

int read_limit(struct time_limit *limit, uint64_t va) {
    struct linux_timespec time;
    limit->va = va;
    limit->nanoseconds = UINT64_MAX;
    if (!va)
        return 0;
    if (user_read(&time, va, sizeof time))
        return -EFAULT;
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= 1000000000)
        return -EINVAL;
    if (time.seconds < (int64_t)(UINT64_MAX / 2 / 1000000000))
        limit->nanoseconds = (uint64_t)time.seconds * 1000000000u + (uint64_t)time.nanoseconds;
    return 0;
}

/* The system calls write back the time that is left. */
static void write_time_left(uint64_t va) {
    uint64_t now = host_clock(1), deadline = current->call.deadline;
    uint64_t left = deadline > now ? deadline - now : 0;
    struct linux_timespec time = {(int64_t)(left / 1000000000), (int64_t)(left % 1000000000)};
    if (va && deadline)
        user_write(va, &time, sizeof time);
}

/* The same of the struct timeval of select. */
static void write_timeval_left(uint64_t va) {
    uint64_t now = host_clock(1), deadline = current->call.deadline;
    uint64_t left = deadline > now ? (deadline - now) / 1000 : 0;
    struct linux_timeval time = {(int64_t)(left / 1000000), (int64_t)(left % 1000000)};
    if (va && deadline)
        user_write(va, &time, sizeof time);
}

static int64_t interrupted_ppoll(const uint64_t *a) {
    write_time_left(a[2]);
    return -EINTR;
}

static int64_t interrupted_select(const uint64_t *a) {
    write_timeval_left(a[4]);
    return -EINTR;
}

static int64_t interrupted_pselect(const uint64_t *a) {
    write_time_left(a[4]);
    return -EINTR;
}

bool limit_passed(const struct time_limit *limit) {
    if (limit->nanoseconds == 0)
        return true;
    return limit->nanoseconds != UINT64_MAX && call_timed_out(limit->nanoseconds);
}

/* --- ppoll --- */

static unsigned poll_all(struct linux_pollfd *fds, uint32_t count, bool wait) {
    unsigned ready = 0;
    for (uint32_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        struct file *file = file_of(fds[i].fd);
        uint32_t bits = file ? poll_file(file, wait) : POLLNVAL;
        bits &= (uint16_t)fds[i].events | POLLERR | POLLHUP | POLLNVAL;
        fds[i].revents = (int16_t)bits;
        ready += bits != 0;
    }
    return ready;
}

static int64_t poll_files(uint64_t va, uint32_t count, const struct time_limit *limit) {
    if (count > current->process->limits[RLIMIT_NOFILE_INDEX].soft)
        return -EINVAL;
    struct linux_pollfd *fds = user_pointer(va, (uint64_t)count * sizeof *fds, 3);
    if (!fds && count)
        return -EFAULT;
    current->call.no_restart = true;
    unsigned ready = poll_all(fds, count, false);
    if (!ready && !limit_passed(limit)) {
        poll_all(fds, count, true);
        return -EBLOCK;
    }
    return ready;
}

int64_t sys_ppoll(const uint64_t *a) {
    struct time_limit limit;
    int64_t result = read_limit(&limit, a[2]);
    if (!result)
        result = signal_mask_for_call(a[3], a[4]);
    if (result)
        return result;
    current->call.on_interrupt = interrupted_ppoll;
    result = poll_files(a[0], (uint32_t)a[1], &limit);
    if (result >= 0)
        write_time_left(a[2]);
    return result;
}

int64_t sys_poll(const uint64_t *a) {
    int32_t milliseconds = (int32_t)a[2];
    struct time_limit limit = {.nanoseconds = UINT64_MAX};
    if (milliseconds >= 0)
        limit.nanoseconds = (uint64_t)milliseconds * 1000000u;
    return poll_files(a[0], (uint32_t)a[1], &limit);
}

/* --- select --- */

enum { IN, OUT, EXCEPT };

struct select_sets {
    uint32_t words, count;
    uint64_t va[3];
    uint64_t *want[3], *found[3]; /* in one heap block */
};

static int read_sets(struct select_sets *sets, const uint64_t *a) {
    if ((int32_t)a[0] < 0)
        return -EINVAL;
    uint32_t size = current->process->files->size;
    sets->count = (uint32_t)a[0] < size ? (uint32_t)a[0] : size;
    sets->words = (sets->count + 63) / 64;
    uint64_t *words = heap_alloc((size_t)(sets->words + 1) * 6 * sizeof *words);
    for (int i = 0; i < 3; i++) {
        sets->want[i] = words + (size_t)i * sets->words;
        sets->found[i] = words + (size_t)(3 + i) * sets->words;
        sets->va[i] = a[1 + i];
        if (sets->va[i] && user_read(sets->want[i], sets->va[i], sets->words * sizeof *words))
            return -EFAULT;
    }
    return 0;
}

static int select_all(struct select_sets *sets, bool wait) {
    static const uint32_t bits[3] = {SELECT_IN, SELECT_OUT, SELECT_EXCEPT};
    int ready = 0;
    for (uint32_t fd = 0; fd < sets->count; fd++) {
        uint32_t word = fd / 64;
        uint64_t bit = 1ull << fd % 64;
        if (!((sets->want[IN][word] | sets->want[OUT][word] | sets->want[EXCEPT][word]) & bit))
            continue;
        struct file *file = file_of(fd);
        if (!file)
            return -EBADF;
        uint32_t now = poll_file(file, wait);
        for (int i = 0; i < 3; i++) {
            if ((sets->want[i][word] & bit) && (now & bits[i])) {
                sets->found[i][word] |= bit;
                ready++;
            }
        }
    }
    return ready;
}

static int64_t select_once(struct select_sets *sets, const struct time_limit *limit) {
    int ready = select_all(sets, false);
    if (ready < 0)
        return ready;
    if (!ready && !limit_passed(limit)) {
        select_all(sets, true);
        return -EBLOCK;
    }
    for (int i = 0; i < 3; i++) {
        if (sets->va[i] && user_write(sets->va[i], sets->found[i], sets->words * sizeof(uint64_t)))
            return -EFAULT;
    }
    return ready;
}

static int64_t select_files(const uint64_t *a, const struct time_limit *limit) {
    struct select_sets sets = {0};
    current->call.no_restart = true;
    int64_t result = read_sets(&sets, a);
    if (!result)
        result = select_once(&sets, limit);
    heap_free(sets.want[0]);
    return result;
}

int64_t sys_pselect6(const uint64_t *a) {
    struct time_limit limit;
    struct {
        uint64_t mask, size;
    } signals = {0};
    if (a[5] && user_read(&signals, a[5], sizeof signals))
        return -EFAULT;
    int64_t result = read_limit(&limit, a[4]);
    if (!result)
        result = signal_mask_for_call(signals.mask, signals.size);
    if (!result) {
        current->call.on_interrupt = interrupted_pselect;
        result = select_files(a, &limit);
        if (result != -EBLOCK)
            write_time_left(a[4]);
    }
    return result;
}

int64_t sys_select(const uint64_t *a) {
    struct time_limit limit = {.va = a[4], .nanoseconds = UINT64_MAX};
    struct linux_timeval time;
    if (a[4]) {
        if (user_read(&time, a[4], sizeof time))
            return -EFAULT;
        time.seconds += time.microseconds / 1000000;
        time.microseconds %= 1000000;
        if (time.seconds < 0 || time.microseconds < 0)
            return -EINVAL;
        if (time.seconds < (int64_t)(UINT64_MAX / 2 / 1000000000))
            limit.nanoseconds =
                (uint64_t)time.seconds * 1000000000u + (uint64_t)time.microseconds * 1000u;
    }
    current->call.on_interrupt = interrupted_select;
    int64_t result = select_files(a, &limit);
    if (result != -EBLOCK)
        write_timeval_left(a[4]);
    return result;
}
