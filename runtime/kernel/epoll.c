/* epoll(7).
 *
 * A wait asks every watched file; no ready list is kept.  An item goes with the last reference to
 * its file. */
#include <string.h>

#include "vfs.h"

#define NESTING_MAX 5
#define EVENTS_MAX (INT32_MAX / 16)
#define CONTROL_BITS (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

struct epoll_item {
    struct epoll_item *next;         /* of the instance, in the order of EPOLL_CTL_ADD */
    struct epoll_item *next_watcher; /* of the file */
    struct epoll *epoll;
    struct file *file; /* not referenced */
    int32_t fd;
    uint32_t events;
    uint64_t data;
    bool disabled;  /* EPOLLONESHOT, reported */
    uint32_t known; /* EPOLLET: what was reported, at `edges` */
    uint64_t edges;
};

struct epoll {
    struct epoll_item *items;
    struct wait_queue changed; /* an item was added or modified while somebody waits */
};

static const struct file_ops epoll_ops;

static uint32_t ready_bits(const struct epoll_item *item, bool wait) {
    if (item->disabled)
        return 0;
    uint32_t ready = poll_file(item->file, wait);
    return ready & ((item->events & ~CONTROL_BITS) | POLLERR | POLLHUP);
}

/* Is there something to report that an edge-triggered item has not reported yet? */
static bool is_new(const struct epoll_item *item, uint32_t ready) {
    if (!(item->events & EPOLLET))
        return ready != 0;
    bool counts = item->file->ops->edges;
    bool edge = counts && item->file->ops->edges(item->file) != item->edges;
    return ready && (edge || !counts || (ready & ~item->known));
}

static void was_reported(struct epoll_item *item, uint32_t ready) {
    item->known = ready;
    if (item->file->ops->edges)
        item->edges = item->file->ops->edges(item->file);
    if (item->events & EPOLLONESHOT)
        item->disabled = true;
}

static struct epoll_item **find_item(struct epoll *epoll, const struct file *file, int32_t fd) {
    struct epoll_item **at = &epoll->items;
    while (*at && ((*at)->file != file || (*at)->fd != fd))
        at = &(*at)->next;
    return at;
}

static void remove_item(struct epoll_item **at) {
    struct epoll_item *item = *at, **watcher = &item->file->watchers;
    *at = item->next;
    while (*watcher != item)
        watcher = &(*watcher)->next_watcher;
    *watcher = item->next_watcher;
    heap_free(item);
}

void epoll_forget(struct file *file) {
    while (file->watchers)
        remove_item(find_item(file->watchers->epoll, file, file->watchers->fd));
}

static void epoll_release(struct file *file) {
    struct epoll *epoll = file->private_data;
    while (epoll->items)
        remove_item(&epoll->items);
    wake_all(&epoll->changed);
    heap_free(epoll);
}

static uint32_t epoll_poll(struct file *file, bool wait) {
    struct epoll *epoll = file->private_data;
    uint32_t ready = 0;
    if (wait)
        wait_on(&epoll->changed);
    for (struct epoll_item *item = epoll->items; item; item = item->next) {
        if (is_new(item, ready_bits(item, wait)))
            ready = POLLIN | POLLRDNORM;
    }
    return ready;
}

static const struct file_ops epoll_ops = {
    .seek = seek_nowhere,
    .poll = epoll_poll,
    .release = epoll_release,
};

int64_t sys_epoll_create1(const uint64_t *a) {
    if (a[0] & ~(uint64_t)O_CLOEXEC)
        return -EINVAL;
    struct file *file = file_anonymous_inode("[eventpoll]", &epoll_ops, O_RDWR);
    file->private_data = heap_alloc(sizeof(struct epoll));
    return fd_install(file, 0, a[0] & O_CLOEXEC);
}

/* Does `file`, an instance, watch `target` directly or through others?  Also true when the chain is
 * longer than allowed. */
static bool watches(const struct file *file, const struct file *target, int depth) {
    if (file == target || depth > NESTING_MAX)
        return true;
    if (file->ops != &epoll_ops)
        return false;
    for (const struct epoll_item *item = ((struct epoll *)file->private_data)->items; item;
         item = item->next) {
        if (item->file->ops == &epoll_ops && watches(item->file, target, depth + 1))
            return true;
    }
    return false;
}

static int64_t add_item(struct file *file, struct epoll *epoll, struct file *target, int32_t fd,
                        const struct linux_epoll_event *event) {
    if (target->ops == &epoll_ops && ((event->events & EPOLLEXCLUSIVE) || watches(target, file, 1)))
        return event->events & EPOLLEXCLUSIVE ? -EINVAL : -ELOOP;
    struct epoll_item **end = &epoll->items;
    while (*end)
        end = &(*end)->next;
    struct epoll_item *item = *end = heap_alloc(sizeof *item);
    *item = (struct epoll_item){.next_watcher = target->watchers,
                                .epoll = epoll,
                                .file = target,
                                .fd = fd,
                                .events = event->events,
                                .data = event->data};
    target->watchers = item;
    wake_all(&epoll->changed);
    return 0;
}

static int64_t modify_item(struct epoll *epoll, struct epoll_item *item,
                           const struct linux_epoll_event *event) {
    if ((item->events | event->events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    item->events = event->events;
    item->data = event->data;
    item->disabled = false;
    item->known = 0;
    wake_all(&epoll->changed);
    return 0;
}

int64_t sys_epoll_ctl(const uint64_t *a) {
    struct linux_epoll_event event = {0};
    int operation = (int)a[1];
    if (operation != EPOLL_CTL_DEL && user_read(&event, a[3], sizeof event))
        return -EFAULT;
    struct file *file = file_of((int64_t)a[0]), *target = file_of((int64_t)a[2]);
    if (!file || !target)
        return -EBADF;
    if ((target->flags & O_PATH) || !target->ops->poll)
        return -EPERM;
    if (file == target || file->ops != &epoll_ops)
        return -EINVAL;
    struct epoll *epoll = file->private_data;
    struct epoll_item **at = find_item(epoll, target, (int32_t)a[2]);
    switch (operation) {
    case EPOLL_CTL_ADD:
        return *at ? -EEXIST : add_item(file, epoll, target, (int32_t)a[2], &event);
    case EPOLL_CTL_MOD:
        return *at ? modify_item(epoll, *at, &event) : -ENOENT;
    case EPOLL_CTL_DEL:
        if (!*at)
            return -ENOENT;
        remove_item(at);
        return 0;
    default:
        return -EINVAL;
    }
}

/* Reports up to `maximum` items and moves them behind the others, so that all get their turn. */
static int64_t collect(struct epoll *epoll, uint64_t va, int32_t maximum) {
    int32_t count = 0;
    struct epoll_item *reported = NULL, **last = &reported, **at = &epoll->items;
    int64_t error = 0;
    while (*at && count < maximum && !error) {
        struct epoll_item *item = *at;
        uint32_t ready = ready_bits(item, false);
        if (!is_new(item, ready)) {
            at = &item->next;
            continue;
        }
        struct linux_epoll_event event = {.events = ready, .data = item->data};
        error = user_write(va + (uint64_t)count * sizeof event, &event, sizeof event);
        if (error)
            break;
        was_reported(item, ready);
        count++;
        *at = item->next;
        *last = item;
        last = &item->next;
        *last = NULL;
    }
    while (*at)
        at = &(*at)->next;
    *at = reported;
    return count ? count : error;
}

static int64_t wait_for_events(const uint64_t *a, const struct time_limit *limit) {
    struct file *file = file_of((int64_t)a[0]);
    int32_t maximum = (int32_t)a[2];
    if (maximum <= 0 || maximum > EVENTS_MAX)
        return -EINVAL;
    if (!file)
        return -EBADF;
    if (file->ops != &epoll_ops)
        return -EINVAL;
    int error = signal_mask_for_call(a[4], a[5]);
    if (error)
        return error;
    current->call.no_restart = true;
    int64_t count = collect(file->private_data, a[1], maximum);
    if (count || limit_passed(limit))
        return count;
    epoll_poll(file, true);
    return -EBLOCK;
}

int64_t sys_epoll_pwait(const uint64_t *a) {
    int32_t milliseconds = (int32_t)a[3];
    struct time_limit limit = {.nanoseconds = UINT64_MAX};
    if (milliseconds >= 0)
        limit.nanoseconds = (uint64_t)milliseconds * 1000000u;
    return wait_for_events(a, &limit);
}

int64_t sys_epoll_pwait2(const uint64_t *a) {
    struct time_limit limit;
    int error = read_limit(&limit, a[3]);
    return error ? error : wait_for_events(a, &limit);
}
