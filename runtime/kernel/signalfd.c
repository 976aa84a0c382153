/* signalfd(2): pending signals of the reader are read from a descriptor. */
#include <string.h>

#include "signal.h"
#include "vfs.h"

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

static uint64_t *set_of(const struct file *file) { return file->private_data; }

static void describe(const struct linux_siginfo *info, struct linux_signalfd_siginfo *out) {
    *out = (struct linux_signalfd_siginfo){.signal = (uint32_t)info->signal, .code = info->code};
    if (info->code == SI_TIMER) {
        out->tid = (uint32_t)info->timer.id;
        out->overrun = (uint32_t)info->timer.overrun;
        out->pointer = info->timer.value;
        out->integer = (int32_t)info->timer.value;
        return;
    }
    if (info->signal == SIGSEGV || info->signal == SIGBUS || info->signal == SIGILL ||
        info->signal == SIGFPE || info->signal == SIGTRAP) {
        if (info->code > 0 && info->code < SI_KERNEL) {
            out->address = info->fault.address;
            return;
        }
    }
    out->pid = (uint32_t)info->sender.pid;
    out->uid = info->sender.uid;
    if (info->signal == SIGCHLD && info->code > 0) {
        out->status = info->child.status;
        out->utime = (uint64_t)info->child.utime;
        out->stime = (uint64_t)info->child.stime;
    } else if (info->code < 0) {
        out->pointer = info->sender.value;
        out->integer = (int32_t)info->sender.value;
    }
}

static int64_t signal_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)offset;
    size_t done = 0;
    if (length < sizeof(struct linux_signalfd_siginfo))
        return -EINVAL;
    while (length - done >= sizeof(struct linux_signalfd_siginfo)) {
        struct linux_siginfo info;
        struct linux_signalfd_siginfo out;
        if (!signal_dequeue(*set_of(file), &info))
            break;
        describe(&info, &out);
        memcpy((uint8_t *)to + done, &out, sizeof out);
        done += sizeof out;
    }
    if (done)
        return (int64_t)done;
    if (file->flags & O_NONBLOCK)
        return -EAGAIN;
    wait_on(&current->process->signal_arrived);
    return -EBLOCK;
}

static uint32_t signal_poll(struct file *file, bool wait) {
    if (wait)
        wait_on(&current->process->signal_arrived);
    return (current->pending | current->process->pending) & *set_of(file) ? POLLIN | POLLRDNORM : 0;
}

static void signal_release(struct file *file) { heap_free(file->private_data); }

static const struct file_ops signal_ops = {
    .read = signal_read,
    .seek = seek_nowhere,
    .poll = signal_poll,
    .release = signal_release,
};

int64_t sys_signalfd4(const uint64_t *a) {
    uint64_t set;
    uint32_t flags = (uint32_t)a[3];
    struct file *file;
    if (a[2] != sizeof set || (flags & ~(uint32_t)(O_NONBLOCK | O_CLOEXEC)))
        return -EINVAL;
    if (user_read(&set, a[1], sizeof set))
        return -EFAULT;
    set &= ~UNBLOCKABLE;
    if ((int32_t)a[0] != -1) { /* another set for the same descriptor */
        int64_t error = file_check((int32_t)a[0], 0, &file);
        if (error)
            return error;
        if (file->ops != &signal_ops)
            return -EINVAL;
        *set_of(file) = set;
        wake_all(&current->process->signal_arrived);
        return (int32_t)a[0];
    }
    file = file_anonymous_inode("[signalfd]", &signal_ops, O_RDWR | (flags & O_NONBLOCK));
    file->private_data = heap_alloc(sizeof set);
    *set_of(file) = set;
    return fd_install(file, 0, flags & O_CLOEXEC);
}
