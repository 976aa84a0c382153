/* timerfd_create(2): timers that are read from a descriptor. */
#include <string.h>

#include "timer.h"
#include "vfs.h"

struct timer_file {
    struct timer timer; /* first, so that expire finds the rest */
    int32_t clock;
    uint64_t expired, events;
    struct wait_queue changed;
};

static void expire(struct timer *timer, uint64_t times) {
    struct timer_file *own = (struct timer_file *)timer;
    if (own->expired == 0) /* until it is read, further ones are no events */
        own->events++;
    own->expired += times;
    wake_all(&own->changed);
}

static int64_t timer_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)offset;
    struct timer_file *own = file->private_data;
    if (length < sizeof own->expired)
        return -EINVAL;
    uint64_t now = host_clock(1);
    if (own->timer.previous && own->timer.deadline <= now)
        timer_expire(&own->timer, now); /* due, but not noticed yet */
    if (own->expired == 0) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        wait_on(&own->changed);
        return -EBLOCK;
    }
    memcpy(to, &own->expired, sizeof own->expired);
    own->expired = 0;
    return sizeof own->expired;
}

static uint32_t timer_poll(struct file *file, bool wait) {
    struct timer_file *own = file->private_data;
    if (wait)
        wait_on(&own->changed);
    return own->expired ? POLLIN | POLLRDNORM : 0;
}

static uint64_t timer_edges(struct file *file) {
    return ((struct timer_file *)file->private_data)->events;
}

static void timer_release(struct file *file) {
    struct timer_file *own = file->private_data;
    timer_disarm(&own->timer);
    wake_all(&own->changed);
    heap_free(own);
}

static const struct file_ops timer_ops = {
    .read = timer_read,
    .seek = seek_nowhere,
    .poll = timer_poll,
    .edges = timer_edges,
    .release = timer_release,
};

int64_t sys_timerfd_create(const uint64_t *a) {
    int32_t clock = (int32_t)a[0];
    uint32_t flags = (uint32_t)a[1];
    if (flags & ~(uint32_t)(O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    if (clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM) {
        if (current->process->creds.euid != 0)
            return -EPERM;
        clock = clock == CLOCK_REALTIME_ALARM ? CLOCK_REALTIME : CLOCK_BOOTTIME;
    }
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    struct timer_file *own = heap_alloc(sizeof *own);
    own->clock = clock;
    own->timer.expire = expire;
    struct file *file =
        file_anonymous_inode("[timerfd]", &timer_ops, O_RDWR | (flags & O_NONBLOCK));
    file->private_data = own;
    return fd_install(file, 0, flags & O_CLOEXEC);
}

static int64_t get_timer(uint64_t fd, struct timer_file **timer) {
    struct file *file;
    int64_t error = file_check((int64_t)fd, 0, &file);
    if (error)
        return error;
    if (file->ops != &timer_ops)
        return -EINVAL;
    *timer = file->private_data;
    return 0;
}

int64_t sys_timerfd_settime(const uint64_t *a) {
    struct linux_itimerspec new, old;
    struct timer_file *own;
    if (user_read(&new, a[2], sizeof new))
        return -EFAULT;
    /* The host's clock is not set by the guest: nothing is ever cancelled. */
    if (a[1] & ~(uint64_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    int64_t error = get_timer(a[0], &own);
    if (error)
        return error;
    timer_get_spec(&own->timer, &old);
    error = timer_set_spec(&own->timer, own->clock, a[1] & TFD_TIMER_ABSTIME, &new);
    if (error)
        return error;
    own->expired = 0;
    return a[3] ? user_write(a[3], &old, sizeof old) : 0;
}

int64_t sys_timerfd_gettime(const uint64_t *a) {
    struct linux_itimerspec spec;
    struct timer_file *own;
    int64_t error = get_timer(a[0], &own);
    if (error)
        return error;
    timer_get_spec(&own->timer, &spec);
    return user_write(a[1], &spec, sizeof spec);
}
