/* eventfd(2): a counter that can be waited for. */
#include <string.h>

#include "vfs.h"

#define COUNTER_MAX (UINT64_MAX - 1)

struct event_counter {
    uint64_t count, events;
    bool semaphore;
    struct wait_queue changed;
};

static int64_t event_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)offset;
    struct event_counter *counter = file->private_data;
    if (length < sizeof counter->count)
        return -EINVAL;
    if (counter->count == 0) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        wait_on(&counter->changed);
        return -EBLOCK;
    }
    uint64_t value = counter->semaphore ? 1 : counter->count;
    counter->count -= value;
    counter->events++;
    memcpy(to, &value, sizeof value);
    wake_all(&counter->changed);
    return sizeof value;
}

static int64_t event_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    (void)offset;
    struct event_counter *counter = file->private_data;
    uint64_t value;
    if (length < sizeof value)
        return -EINVAL;
    memcpy(&value, from, sizeof value);
    if (value == UINT64_MAX)
        return -EINVAL;
    if (value > COUNTER_MAX - counter->count) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        wait_on(&counter->changed);
        return -EBLOCK;
    }
    counter->count += value;
    counter->events++;
    wake_all(&counter->changed);
    return (int64_t)length; /* all of it is taken, also what follows the 8 bytes */
}

static uint32_t event_poll(struct file *file, bool wait) {
    struct event_counter *counter = file->private_data;
    if (wait)
        wait_on(&counter->changed);
    return (counter->count ? POLLIN | POLLRDNORM : 0) |
           (counter->count < COUNTER_MAX ? POLLOUT | POLLWRNORM : 0);
}

static uint64_t event_edges(struct file *file) {
    return ((struct event_counter *)file->private_data)->events;
}

static void event_release(struct file *file) {
    struct event_counter *counter = file->private_data;
    wake_all(&counter->changed);
    heap_free(counter);
}

static const struct file_ops event_ops = {
    .read = event_read,
    .write = event_write,
    .seek = seek_nowhere,
    .poll = event_poll,
    .edges = event_edges,
    .release = event_release,
};

int64_t sys_eventfd2(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[1];
    if (flags & ~(uint32_t)(EFD_SEMAPHORE | O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    struct event_counter *counter = heap_alloc(sizeof *counter);
    counter->count = (uint32_t)a[0];
    counter->semaphore = flags & EFD_SEMAPHORE;
    struct file *file =
        file_anonymous_inode("[eventfd]", &event_ops, O_RDWR | (flags & O_NONBLOCK));
    file->private_data = counter;
    return fd_install(file, 0, flags & O_CLOEXEC);
}
