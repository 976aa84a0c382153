/* Pseudo-terminals: pty(7), ptmx(4), the directory /dev/pts. */
#include <string.h>

#include "line.h"
#include "vfs.h"

#define DEVPTS_MAGIC 0x1cd1
#define SLAVE_MAJOR 136u
#define PTMX DEVICE(5, 2)
#define TTY_GROUP 5 /* mount options of /dev/pts: mode=620,gid=5 */
#define PTY_MAX 64u

struct pty {
    struct tty tty; /* first: what the slave side is */
    struct line line;
    uint32_t number, slaves; /* open files of the slave */
    bool master;             /* is open */
    bool locked, slave_was_open;
    uint64_t events;
    struct wait_queue slave_changed, master_changed;
};

struct pty_system {
    struct pty *ptys[PTY_MAX];
    struct filesystem *fs;
};

static struct pty *pty_of(const struct file *file) { return file->private_data; }

bool pty_is(const struct tty *tty) { return tty && tty != kernel.vfs->console; }

uint64_t pty_device(const struct tty *tty) {
    return pty_is(tty) ? DEVICE(SLAVE_MAJOR, ((const struct pty *)tty)->number) : DEVICE(5, 1);
}

static void changed(struct pty *pty) {
    pty->events++;
    wake_all(&pty->slave_changed);
    wake_all(&pty->master_changed);
    wake_all(&pty->tty.foreground_changed);
}

static void free_unused(struct pty *pty) {
    if (pty->master || pty->slaves)
        return;
    changed(pty);
    kernel.vfs->ptys->ptys[pty->number] = NULL;
    heap_free(pty);
}

void pty_session_ended(struct tty *tty) {
    if (tty->foreground)
        signal_group(tty->foreground, SIGHUP);
    tty_leave_session(tty);
}

/* The other end of the line is gone: the session leader is told, nobody else. */
static void signal_leader(const struct tty *tty) {
    static const int signals[] = {SIGHUP, SIGCONT};
    struct process *leader = tty->session ? process_find(tty->session) : NULL;
    for (int i = 0; leader && leader->controlling_tty == tty && i < 2; i++) {
        struct linux_siginfo info = {.signal = signals[i], .code = SI_KERNEL};
        signal_process(leader, signals[i], &info);
    }
}

/* --- requests of both sides --- */

static int64_t change_settings(struct pty *pty, uint32_t request, uint64_t argument) {
    struct linux_termios old = pty->tty.termios;
    int64_t error = tty_change_settings(&pty->tty, argument);
    if (error)
        return error;
    if (request == TCSETSF)
        line_flush_input(&pty->line);
    line_settings_changed(&pty->line, &old);
    changed(pty);
    return 0;
}

static int64_t flush(struct pty *pty, uint64_t which) {
    if (which > TCIOFLUSH)
        return -EINVAL;
    if (which != TCOFLUSH)
        line_flush_input(&pty->line);
    if (which != TCIFLUSH)
        line_flush_output(&pty->line);
    changed(pty);
    return 0;
}

static int64_t control_flow(struct pty *pty, uint64_t action) {
    const uint8_t *control = pty->tty.termios.cc;
    if (action > TCION)
        return -EINVAL;
    if (action == TCOOFF || action == TCOON)
        pty->line.stopped = action == TCOOFF;
    else if (control[action == TCION ? VSTART : VSTOP])
        line_print_raw(&pty->line, control[action == TCION ? VSTART : VSTOP]);
    changed(pty);
    return 0;
}

static int64_t pty_ioctl(struct pty *pty, struct file *file, uint32_t request, uint64_t argument) {
    int error;
    switch (request) {
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return change_settings(pty, request, argument);
    case TCFLSH:
    case TCXONC:
        error = tty_check_foreground(&pty->tty, SIGTTOU);
        if (error)
            return error;
        return request == TCFLSH ? flush(pty, argument) : control_flow(pty, argument);
    default:
        return tty_ioctl(&pty->tty, file, request, argument);
    }
}

static int64_t write_count(uint64_t argument, uint32_t count) {
    int32_t number = (int32_t)count;
    return user_write(argument, &number, sizeof number);
}

/* --- the slave --- */

static int64_t wait_to_read(struct pty *pty, const struct file *file) {
    if (file->flags & O_NONBLOCK)
        return -EAGAIN;
    wait_on(&pty->slave_changed);
    return -EBLOCK;
}

/* A read in noncanonical mode: VMIN bytes, with VTIME as time limit of the whole (VMIN 0) or
 * between two bytes (termios(3)). */
static int64_t read_raw(struct pty *pty, const struct file *file, uint8_t *to, size_t length) {
    struct line *line = &pty->line;
    uint32_t least = pty->tty.termios.cc[VMIN], there = line->input_count;
    uint64_t limit = pty->tty.termios.cc[VTIME] * 100000000ull;
    if (there > 0 && (there >= least || there >= length))
        return line_read(line, to, length);
    if (least == 0 && limit == 0)
        return 0;
    if (file->flags & O_NONBLOCK)
        return there ? line_read(line, to, length) : -EAGAIN;
    uint32_t *seen = current->call.data; /* bytes at the last try */
    if (!seen)
        seen = current->call.data = heap_alloc(sizeof *seen);
    if (*seen != there)
        current->call.deadline = 0;
    *seen = there;
    if (limit && (there || least == 0) && call_timed_out(limit))
        return line_read(line, to, length);
    return wait_to_read(pty, file);
}

static int64_t slave_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)offset;
    struct pty *pty = pty_of(file);
    if (!pty->master) /* an error for who has waited */
        return current->call.restarted ? -EIO : 0;
    if (length == 0)
        return 0;
    int64_t n = tty_check_foreground(&pty->tty, SIGTTIN);
    if (n)
        return n;
    if (line_is_canonical(&pty->line)) {
        n = line_read(&pty->line, to, length);
        if (n < 0)
            n = wait_to_read(pty, file);
    } else {
        n = read_raw(pty, file, to, length);
    }
    if (n >= 0)
        wake_all(&pty->master_changed); /* there is room to type */
    return n;
}

static int64_t slave_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    (void)offset;
    struct pty *pty = pty_of(file);
    if (!pty->master)
        return -EIO;
    if (pty->tty.termios.lflag & TOSTOP) {
        int error = tty_check_foreground(&pty->tty, SIGTTOU);
        if (error)
            return error;
    }
    size_t done = line_print(&pty->line, from, length);
    if (done == 0 && length > 0)
        return wait_to_read(pty, file);
    pty->events++;
    wake_all(&pty->master_changed);
    return (int64_t)done;
}

static uint32_t slave_poll(struct file *file, bool wait) {
    struct pty *pty = pty_of(file);
    const uint8_t *control = pty->tty.termios.cc;
    uint32_t ready = 0;
    if (!pty->master)
        return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
    uint32_t least = control[VTIME] || !control[VMIN] ? 1 : control[VMIN];
    if (line_is_canonical(&pty->line) ? pty->line.lines > 0 : pty->line.input_count >= least)
        ready |= POLLIN | POLLRDNORM;
    if (!pty->line.stopped && pty->line.output_count < LINE_OUTPUT_SIZE / 2)
        ready |= POLLOUT | POLLWRNORM;
    if (wait)
        wait_on(&pty->slave_changed);
    return ready;
}

static uint64_t slave_edges(struct file *file) { return pty_of(file)->events; }

static int64_t slave_ioctl(struct file *file, uint32_t request, uint64_t argument) {
    struct pty *pty = pty_of(file);
    if (!pty->master)
        return -EIO;
    if (request == FIONREAD)
        return write_count(argument, line_readable(&pty->line));
    return pty_ioctl(pty, file, request, argument);
}

static void slave_release(struct file *file) {
    struct pty *pty = pty_of(file);
    pty->slaves--;
    changed(pty);
    free_unused(pty);
}

static const struct file_ops slave_ops = {
    .read = slave_read,
    .write = slave_write,
    .poll = slave_poll,
    .edges = slave_edges,
    .ioctl = slave_ioctl,
    .release = slave_release,
};

int pty_open_slave(struct tty *tty, struct file *file) {
    struct pty *pty = (struct pty *)tty;
    const struct process *process = current->process;
    if (!pty->master || pty->locked)
        return -EIO;
    file->private_data = pty;
    file->ops = &slave_ops;
    pty->slaves++;
    pty->slave_was_open = true;
    if (!(file->flags & O_NOCTTY) && process->sid == process->pid && !process->controlling_tty &&
        !tty->session)
        tty_make_controlling(tty);
    changed(pty);
    return 0;
}

/* --- the master --- */

static bool slaves_are_gone(const struct pty *pty) {
    return pty->slave_was_open && pty->slaves == 0;
}

static int64_t wait_for_slave(struct pty *pty, const struct file *file) {
    if (file->flags & O_NONBLOCK)
        return -EAGAIN;
    wait_on(&pty->master_changed);
    return -EBLOCK;
}

static int64_t master_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)offset;
    struct pty *pty = pty_of(file);
    if (length == 0)
        return 0;
    size_t done = line_take_output(&pty->line, to, length);
    if (done) {
        wake_all(&pty->slave_changed);
        return (int64_t)done;
    }
    return slaves_are_gone(pty) ? -EIO : wait_for_slave(pty, file);
}

static int64_t master_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    (void)offset;
    struct pty *pty = pty_of(file);
    const uint8_t *bytes = from;
    size_t done = 0;
    if (slaves_are_gone(pty))
        return -EIO;
    while (done < length && line_type(&pty->line, bytes[done]))
        done++;
    changed(pty);
    return done || !length ? (int64_t)done : wait_for_slave(pty, file);
}

static uint32_t master_poll(struct file *file, bool wait) {
    struct pty *pty = pty_of(file);
    uint32_t ready = 0;
    if (pty->line.output_count)
        ready |= POLLIN | POLLRDNORM;
    if (slaves_are_gone(pty))
        ready |= POLLHUP;
    if (pty->line.input_count < LINE_INPUT_SIZE - 1)
        ready |= POLLOUT | POLLWRNORM;
    if (wait)
        wait_on(&pty->master_changed);
    return ready;
}

static uint64_t master_edges(struct file *file) { return pty_of(file)->events; }

static struct path_node *slave_node(struct pty *pty) {
    struct path_node *node;
    struct text name = {0};
    text_printf(&name, "%u", pty->number);
    int error = node_child(kernel.vfs->ptys->fs->root, name.bytes, name.length, &node);
    heap_free(name.bytes);
    return error ? NULL : node;
}

static int64_t open_peer(struct pty *pty, uint32_t flags) {
    int error;
    struct path_node *node = slave_node(pty);
    if (!node)
        return -EIO;
    struct file *file = open_node(node, (int)flags, &error);
    node_put(node);
    return file ? fd_install(file, 0, flags & O_CLOEXEC) : error;
}

static int64_t set_lock(struct pty *pty, uint64_t argument) {
    int32_t locked;
    if (user_read(&locked, argument, sizeof locked))
        return -EFAULT;
    pty->locked = locked != 0;
    return 0;
}

static int64_t master_ioctl(struct file *file, uint32_t request, uint64_t argument) {
    struct pty *pty = pty_of(file);
    switch (request) {
    case TIOCGPTN:
        return write_count(argument, pty->number);
    case TIOCSPTLCK:
        return set_lock(pty, argument);
    case TIOCGPTLCK:
        return write_count(argument, pty->locked);
    case TIOCGPTPEER:
        return open_peer(pty, (uint32_t)argument);
    case FIONREAD:
        return write_count(argument, pty->line.output_count);
    case TIOCGPGRP: /* whoever asks */
        return write_count(argument, (uint32_t)pty->tty.foreground);
    case TIOCGSID:
        return pty->tty.session ? write_count(argument, (uint32_t)pty->tty.session) : -ENOTTY;
    default:
        return pty_ioctl(pty, file, request, argument);
    }
}

static void master_release(struct file *file) {
    struct pty *pty = pty_of(file);
    struct inode *directory = kernel.vfs->ptys->fs->root->inode;
    struct path_node *node = slave_node(pty);
    pty->master = false;
    if (node) {
        directory->ops->unlink(directory, node->name, node->length, node->inode);
        node_unlinked(node);
        node_put(node);
    }
    signal_leader(&pty->tty);
    tty_leave_session(&pty->tty);
    changed(pty);
    free_unused(pty);
}

static const struct file_ops master_ops = {
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .edges = master_edges,
    .ioctl = master_ioctl,
    .release = master_release,
};

static int open_master(struct file *file) {
    struct pty_system *system = kernel.vfs->ptys;
    uint32_t number = 0;
    while (number < PTY_MAX && system->ptys[number])
        number++;
    if (number == PTY_MAX)
        return -ENOSPC;
    struct pty *pty = heap_alloc(sizeof *pty);
    tty_init(&pty->tty);
    pty->line.tty = &pty->tty;
    pty->number = number;
    pty->master = pty->locked = true;
    system->ptys[number] = pty;
    struct text name = {0};
    text_printf(&name, "%u", number);
    struct inode *inode = make_name(system->fs->root->inode, name.bytes, S_IFCHR | 0620,
                                    DEVICE(SLAVE_MAJOR, number), NULL);
    heap_free(name.bytes);
    inode->uid = current->process->creds.fsuid;
    inode->gid = TTY_GROUP;
    inode_put(inode);
    file->private_data = pty;
    file->ops = &master_ops;
    return 0;
}

int pty_open(struct inode *inode, struct file *file) {
    uint64_t number = inode->rdev - DEVICE(SLAVE_MAJOR, 0);
    if (inode->rdev == PTMX)
        return open_master(file);
    if (number >= PTY_MAX || !kernel.vfs->ptys->ptys[number])
        return number < 256 ? -EIO : -ENXIO;
    return pty_open_slave(&kernel.vfs->ptys->ptys[number]->tty, file);
}

void pty_mount(void) {
    struct pty_system *system = kernel.vfs->ptys = heap_alloc(sizeof *system);
    system->fs =
        overlay_new("devpts", "devpts", "rw,gid=5,mode=620,ptmxmode=666", DEVPTS_MAGIC, false);
    inode_put(make_name(system->fs->root->inode, "ptmx", S_IFCHR | 0666, PTMX, NULL));
    mount_at("/dev/pts", system->fs);
}
