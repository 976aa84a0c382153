/* Terminals: the host's, as tty_ioctl(4) shows it.
 *
 * Line editing and echo are done by the host's terminal; the settings are kept so that a program
 * reads back what it set. */
#include <string.h>

#include "signal.h"
#include "vfs.h"

#define B38400_CS8_CREAD 0xbfu
#define HUPCL 0x400u

void tty_init(struct tty *tty) {
    static const uint8_t control[19] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22};
    tty->termios.iflag = ICRNL | IXON;
    tty->termios.oflag = OPOST | ONLCR;
    tty->termios.cflag = B38400_CS8_CREAD;
    tty->termios.lflag =
        ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    memcpy(tty->termios.cc, control, sizeof control);
}

struct tty *tty_new(void) {
    struct tty *tty = heap_alloc(sizeof *tty);
    tty_init(tty);
    tty->termios.cflag |= HUPCL;
    tty->size = (struct linux_winsize){24, 80, 0, 0};
    return tty;
}

static bool controls(const struct tty *tty) { return current->process->controlling_tty == tty; }

void tty_make_controlling(struct tty *tty) {
    struct process *process = current->process;
    process->controlling_tty = tty;
    tty->session = process->sid;
    tty->foreground = process->pgid;
}

static bool is_blocked_or_ignored(int signal) {
    return (current->signal_mask & SIGNAL_BIT(signal)) ||
           current->process->actions->actions[signal].handler == SIG_IGN;
}

int tty_check_foreground(struct tty *tty, int signal) {
    const struct process *process = current->process;
    if (!controls(tty) || !tty->foreground || process->pgid == tty->foreground)
        return 0;
    if (is_blocked_or_ignored(signal))
        return signal == SIGTTIN ? -EIO : 0;
    if (process_is_orphaned(process))
        return -EIO;
    signal_group(process->pgid, signal);
    wait_on(&tty->foreground_changed); /* again after SIGCONT */
    return -EBLOCK;
}

static int64_t set_group(struct tty *tty, uint64_t argument) {
    int32_t group;
    if (!controls(tty) || tty->session != current->process->sid)
        return -ENOTTY;
    if (user_read(&group, argument, sizeof group))
        return -EFAULT;
    if (group < 0)
        return -EINVAL;
    int error = tty_check_foreground(tty, SIGTTOU);
    if (error)
        return error;
    error = -ESRCH;
    for (const struct process *p = kernel.processes; p; p = p->next) {
        if (p->pgid == group && p->sid == current->process->sid) {
            tty->foreground = group;
            wake_all(&tty->foreground_changed);
            return 0;
        }
        if (p->pgid == group)
            error = -EPERM;
    }
    return error;
}

static int64_t set_controlling(struct tty *tty, uint64_t steal) {
    const struct process *process = current->process;
    if (process->sid != process->pid || (process->controlling_tty && !controls(tty)))
        return -EPERM;
    if (controls(tty) && tty->session == process->sid)
        return 0;
    if (tty->session && !(steal == 1 && process->creds.euid == 0))
        return -EPERM;
    for (struct process *p = kernel.processes; p && tty->session; p = p->next) {
        if (p->controlling_tty == tty)
            p->controlling_tty = NULL;
    }
    tty_make_controlling(tty);
    return 0;
}

void tty_leave_session(struct tty *tty) {
    tty->session = tty->foreground = 0;
    for (struct process *p = kernel.processes; p; p = p->next) {
        if (p->controlling_tty == tty)
            p->controlling_tty = NULL;
    }
}

static int64_t give_up(struct tty *tty) {
    struct process *process = current->process;
    if (!controls(tty))
        return -ENOTTY;
    if (process->sid == process->pid) { /* the session leader: for all of the session */
        signal_group(tty->foreground, SIGHUP);
        signal_group(tty->foreground, SIGCONT);
        tty_leave_session(tty);
    }
    process->controlling_tty = NULL;
    return 0;
}

static int64_t set_size(struct tty *tty, uint64_t argument) {
    struct linux_winsize size;
    if (user_read(&size, argument, sizeof size))
        return -EFAULT;
    if (memcmp(&size, &tty->size, sizeof size) == 0)
        return 0;
    tty->size = size;
    if (tty->foreground)
        signal_group(tty->foreground, SIGWINCH);
    return 0;
}

static int64_t get_id(const struct tty *tty, int32_t id, uint64_t argument) {
    return controls(tty) ? user_write(argument, &id, sizeof id) : -ENOTTY;
}

int64_t tty_change_settings(struct tty *tty, uint64_t argument) {
    int error = tty_check_foreground(tty, SIGTTOU);
    return error ? error : user_read(&tty->termios, argument, sizeof tty->termios);
}

int64_t tty_ioctl(struct tty *tty, struct file *file, uint32_t request, uint64_t argument) {
    (void)file;
    int32_t zero = 0;
    switch (request) {
    case TCGETS:
        return user_write(argument, &tty->termios, sizeof tty->termios);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return tty_change_settings(tty, argument);
    case TIOCGWINSZ:
        return user_write(argument, &tty->size, sizeof tty->size);
    case TIOCSWINSZ:
        return set_size(tty, argument);
    case TIOCGPGRP:
        return get_id(tty, tty->foreground, argument);
    case TIOCGSID:
        return get_id(tty, tty->session, argument);
    case TIOCSPGRP:
        return set_group(tty, argument);
    case TIOCSCTTY:
        return set_controlling(tty, argument);
    case TIOCNOTTY:
        return give_up(tty);
    case TIOCOUTQ: /* output is written at once */
        return user_write(argument, &zero, sizeof zero);
    case TCSBRK:
    case TCFLSH: /* nothing is queued here */
        return 0;
    default:
        return -ENOTTY;
    }
}
