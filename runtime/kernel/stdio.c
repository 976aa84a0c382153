/* Descriptors 0-2: the host's standard input, output and error.
 *
 * As in a container they are a terminal or pipes, whatever the host's files are (a redirected
 * output must not be truncated by `> /dev/stdout`).  Each pipe is an inode of its own, so that it
 * can be opened again through /dev/stdin or /proc/self/fd.  Reading never blocks in the host while
 * it would stop other tasks: the task waits, and the idle loop polls the host for it. */
#include <string.h>

#include "vfs.h"

#define STREAMS 3

struct stdio {
    struct stream {
        int fd;
        bool never_waits; /* a file, or the host has no poll for it: read at once */
        struct wait_queue readable;
        struct inode *inode;
        struct path_node *node;
    } streams[STREAMS];
};

static struct stream *stream_of(const struct file *file) { return file->private_data; }

/* POLLIN and POLLHUP as far as they hold now. */
static uint32_t ready_to_read(struct stream *stream) {
    struct host_poll poll = {.fd = stream->fd, .want = POLLIN};
    if (!stream->never_waits && host_poll(&poll, 1, 0) < 0)
        stream->never_waits = true;
    return stream->never_waits ? POLLIN : poll.ready & (POLLIN | POLLHUP);
}

static int64_t read_stream(struct stream *stream, const struct file *file, void *to,
                           size_t length) {
    int64_t result = 0;
    if (length == 0)
        return 0;
    bool ready = ready_to_read(stream) != 0;
    if (ready)
        result = host_read(stream->fd, to, length);
    if (!ready || result == -EAGAIN) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        wait_on(&stream->readable);
        return -EBLOCK;
    }
    return result;
}

static int64_t stream_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)offset;
    return read_stream(stream_of(file), file, to, length);
}

static int64_t stream_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    (void)offset;
    int64_t result = host_write(stream_of(file)->fd, from, length);
    if (result == -EPIPE)
        signal_task(current, SIGPIPE, NULL);
    return result;
}

static uint32_t poll_stream(struct stream *stream, const struct file *file, bool wait) {
    uint32_t access = file->flags & O_ACCMODE, ready = 0;
    if (access != O_RDONLY)
        ready |= POLLOUT | POLLWRNORM; /* the host may make the write wait */
    if (access != O_WRONLY) {
        uint32_t readable = ready_to_read(stream);
        ready |= readable | (readable & POLLIN ? POLLRDNORM : 0);
        if (wait && !readable) /* once it is ready the host has nothing new to tell */
            wait_on(&stream->readable);
    }
    return ready;
}

static uint32_t stream_poll(struct file *file, bool wait) {
    return poll_stream(stream_of(file), file, wait);
}

static const struct file_ops stream_ops = {
    .read = stream_read,
    .write = stream_write,
    .poll = stream_poll,
};

/* --- the terminal: one file, of which each stream that is a terminal is a side --- */

static struct stream *terminal_stream(int first) {
    struct stream *streams = kernel.vfs->stdio->streams;
    for (int i = 0; i < STREAMS; i++) {
        struct stream *stream = &streams[(first + i) % STREAMS];
        if (host_is_tty(stream->fd))
            return stream;
    }
    return NULL;
}

static int64_t terminal_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)offset;
    int error = tty_check_foreground(kernel.vfs->console, SIGTTIN);
    return error ? error : read_stream(terminal_stream(0), file, to, length);
}

static uint32_t terminal_poll(struct file *file, bool wait) {
    return poll_stream(terminal_stream(0), file, wait);
}

static int64_t terminal_ioctl(struct file *file, uint32_t request, uint64_t argument) {
    return tty_ioctl(kernel.vfs->console, file, request, argument);
}

static const struct file_ops terminal_ops = {
    .read = terminal_read,
    .write = stream_write,
    .poll = terminal_poll,
    .ioctl = terminal_ioctl,
};

int console_open(struct inode *inode, struct file *file) {
    (void)inode;
    struct stream *stream = kernel.vfs->console ? terminal_stream(1) : NULL;
    if (!stream)
        return -ENXIO;
    file->private_data = stream; /* what is written to */
    file->ops = &terminal_ops;
    return 0;
}

/* --- inodes of the streams --- */

/* The first process' user owns them, and may open /dev/stdout. */
static int stream_refresh(struct inode *inode) {
    if (kernel.init) {
        inode->uid = kernel.init->creds.uid;
        inode->gid = kernel.init->creds.gid;
    }
    return 0;
}

static int stream_open(struct inode *inode, struct file *file) {
    file->private_data = inode->private_data;
    file->ops = &stream_ops;
    return 0;
}

static const struct inode_ops stream_inode_ops = {
    .refresh = stream_refresh,
    .open_special = stream_open,
};

void stdio_init(void) {
    struct filesystem *fs = kernel.vfs->anonymous_fs;
    struct stdio *stdio = kernel.vfs->stdio = heap_alloc(sizeof *stdio);
    for (int fd = 0; fd < STREAMS; fd++) {
        struct stream *stream = &stdio->streams[fd];
        struct host_stat st;
        stream->fd = fd;
        stream->never_waits = host_fstat(fd, &st) == 0 && S_ISREG(st.mode);
        stream->inode = inode_new(fs, &stream_inode_ops, S_IFIFO | 0600);
        stream->inode->private_data = stream;
        stream->inode->ino = fs->next_ino++;
        struct text name = {0};
        text_printf(&name, "pipe:[%llu]", (unsigned long long)stream->inode->ino);
        stream->node = node_anonymous(stream->inode, name.bytes);
        heap_free(name.bytes);
        if (host_is_tty(fd) && !kernel.vfs->console)
            kernel.vfs->console = tty_new();
    }
}

struct file *stdio_file(int fd) {
    int error, flags = fd == 0 ? O_RDONLY : O_WRONLY;
    if (host_is_tty(fd)) {
        /* As a terminal that a container gets: one file, open for both. */
        struct file *file = vfs_open("/dev/console", O_RDWR | O_NOCTTY, 0, &error);
        if (file) {
            if (fd != 0) /* the host may not let descriptor 0 be written to */
                file->private_data = &kernel.vfs->stdio->streams[fd];
            return file;
        }
    }
    struct stream *stream = &kernel.vfs->stdio->streams[fd];
    return open_node(stream->node, flags, &error);
}

/* --- waiting for the host --- */

unsigned host_waits_collect(struct host_poll polls[HOST_WAITS_MAX]) {
    unsigned count = 0;
    for (int i = 0; i < STREAMS; i++) {
        struct stream *stream = &kernel.vfs->stdio->streams[i];
        if (stream->readable.first)
            polls[count++] = (struct host_poll){.fd = stream->fd, .want = POLLIN};
    }
    return count;
}

void host_waits_wake(const struct host_poll *polls, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (polls[i].ready && polls[i].fd < STREAMS)
            wake_all(&kernel.vfs->stdio->streams[polls[i].fd].readable);
    }
}
