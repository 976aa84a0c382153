/* Pipes and FIFOs: pipe(7), fifo(7). */
#include <string.h>

#include "pages.h"
#include "vfs.h"

#define PIPE_SIZE 65536u
#define PIPE_BUF 4096u /* writes up to this size are atomic */

struct pipe {
    uint8_t *buffer; /* a ring; NULL until the first write */
    uint32_t start, used;
    uint32_t readers, writers;
    /* Counted up at every open, so that an open that waits for the other side sees one that came
     * and went. */
    uint64_t reader_opens, writer_opens;
    /* Opens that were let go on and have not run yet: they count as readers and writers. */
    uint32_t readers_to_come, writers_to_come;
    uint64_t events; /* reads, writes, opens and closes so far */
    struct wait_queue readable, writable, reader_waits, writer_waits;
};

/* What a blocked open of a FIFO remembers. */
struct fifo_wait {
    uint64_t opens;
};

static uint32_t count_waiters(const struct wait_queue *queue) {
    uint32_t count = 0;
    for (const struct waiter *waiter = queue->first; waiter; waiter = waiter->next)
        count++;
    return count;
}

void pipe_free(struct pipe *pipe) {
    if (!pipe)
        return;
    wake_all(&pipe->readable);
    wake_all(&pipe->writable);
    wake_all(&pipe->reader_waits);
    wake_all(&pipe->writer_waits);
    if (pipe->buffer)
        pages_free(pipe->buffer, PIPE_SIZE);
    heap_free(pipe);
}

static int64_t pipe_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)offset;
    struct pipe *pipe = file->inode->pipe;
    if (length == 0)
        return 0;
    if (pipe->used == 0) {
        if (pipe->writers == 0 && pipe->writers_to_come == 0)
            return 0;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        wait_on(&pipe->readable);
        return -EBLOCK;
    }
    if (length > pipe->used)
        length = pipe->used;
    size_t first = PIPE_SIZE - pipe->start < length ? PIPE_SIZE - pipe->start : length;
    memcpy(to, pipe->buffer + pipe->start, first);
    memcpy((uint8_t *)to + first, pipe->buffer, length - first);
    pipe->start = (uint32_t)((pipe->start + length) % PIPE_SIZE);
    pipe->used -= (uint32_t)length;
    if (pipe->used == 0)
        pipe->start = 0;
    file->inode->atime = time_now();
    pipe->events++;
    wake_all(&pipe->writable);
    return (int64_t)length;
}

static int64_t pipe_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    (void)offset;
    struct pipe *pipe = file->inode->pipe;
    if (pipe->readers == 0 && pipe->readers_to_come == 0) {
        signal_task(current, SIGPIPE, NULL);
        return -EPIPE;
    }
    if (length == 0)
        return 0;
    if (!pipe->buffer) {
        pipe->buffer = pages_alloc(PIPE_SIZE);
        if (!pipe->buffer)
            return -ENOMEM;
    }
    size_t room = PIPE_SIZE - pipe->used;
    /* The rest of a larger write that has begun is not atomic. */
    bool atomic = length <= PIPE_BUF && current->call.done == 0;
    if (room == 0 || (atomic && room < length)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        wait_on(&pipe->writable);
        return -EBLOCK;
    }
    if (length > room)
        length = room;
    uint32_t end = (pipe->start + pipe->used) % PIPE_SIZE;
    size_t first = PIPE_SIZE - end < length ? PIPE_SIZE - end : length;
    memcpy(pipe->buffer + end, from, first);
    memcpy(pipe->buffer, (const uint8_t *)from + first, length - first);
    pipe->used += (uint32_t)length;
    touch_modified(file->inode);
    pipe->events++;
    wake_all(&pipe->readable);
    return (int64_t)length;
}

static uint32_t pipe_poll(struct file *file, bool wait) {
    struct pipe *pipe = file->inode->pipe;
    uint32_t ready = 0, access = file->flags & O_ACCMODE;
    if (access != O_WRONLY) {
        if (pipe->used)
            ready |= POLLIN | POLLRDNORM;
        /* A FIFO that was opened with O_NONBLOCK and has had no writer since does not hang up. */
        uint64_t opens_before = (uint64_t)(uintptr_t)file->private_data;
        if (pipe->writers == 0 && (uint32_t)pipe->writer_opens != (uint32_t)opens_before)
            ready |= POLLHUP;
        if (wait)
            wait_on(&pipe->readable);
    }
    if (access != O_RDONLY) {
        if (PIPE_SIZE - pipe->used >= PIPE_BUF)
            ready |= POLLOUT | POLLWRNORM;
        if (pipe->readers == 0)
            ready |= POLLERR;
        if (wait)
            wait_on(&pipe->writable);
    }
    return ready;
}

static int64_t pipe_ioctl(struct file *file, uint32_t request, uint64_t argument) {
    if (request != FIONREAD)
        return -ENOTTY;
    int32_t used = (int32_t)file->inode->pipe->used;
    return user_write(argument, &used, sizeof used);
}

static void pipe_release(struct file *file) {
    struct pipe *pipe = file->inode->pipe;
    uint32_t access = file->flags & O_ACCMODE;
    if (access != O_WRONLY)
        pipe->readers--;
    if (access != O_RDONLY)
        pipe->writers--;
    pipe->events++;
    wake_all(&pipe->readable);
    wake_all(&pipe->writable);
    bool waited_for = pipe->reader_waits.first || pipe->writer_waits.first ||
                      pipe->readers_to_come || pipe->writers_to_come;
    if (pipe->readers == 0 && pipe->writers == 0 && !waited_for) {
        file->inode->pipe = NULL;
        pipe_free(pipe);
    }
}

static uint64_t pipe_edges(struct file *file) { return file->inode->pipe->events; }

static const struct file_ops pipe_ops = {
    .edges = pipe_edges,
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
};

/* --- open --- */

/* An open waits for the other side.  The next try finds what `opens` was in call.data. */
static int wait_for_other_side(struct inode *inode, struct wait_queue *queue, uint64_t opens) {
    struct fifo_wait *wait = current->call.data;
    if (!wait) {
        wait = current->call.data = heap_alloc(sizeof *wait);
        if (inode->ops->changed) /* the inode must stay while the task waits */
            inode->ops->changed(inode, 0);
    }
    wait->opens = opens;
    wait_on(queue);
    return -EBLOCK;
}

/* Was this open let in while it waited?  It no longer is to come then. */
static bool was_let_in(uint64_t opens, uint32_t *to_come) {
    const struct fifo_wait *wait = current->call.data;
    if (!wait || wait->opens == opens)
        return false;
    if (*to_come)
        --*to_come;
    return true;
}

static void let_in(struct wait_queue *queue, uint32_t *to_come) {
    *to_come += count_waiters(queue);
    wake_all(queue);
}

int fifo_open(struct inode *inode, struct file *file) {
    if (!inode->pipe)
        inode->pipe = heap_alloc(sizeof *inode->pipe);
    struct pipe *pipe = inode->pipe;
    uint32_t access = file->flags & O_ACCMODE;
    bool reads = access != O_WRONLY, writes = access != O_RDONLY;
    /* A pipe that is opened again, through /proc/self/fd, waits for nobody. */
    bool is_pipe = inode->fs == kernel.vfs->anonymous_fs;
    bool blocks = !is_pipe && !(file->flags & O_NONBLOCK) && access != O_RDWR;
    if (!is_pipe && !writes && !blocks && pipe->writers == 0)
        file->private_data = (void *)(uintptr_t)pipe->writer_opens;
    if (!writes && blocks && !was_let_in(pipe->writer_opens, &pipe->readers_to_come) &&
        pipe->writers == 0 && !pipe->writer_waits.first)
        return wait_for_other_side(inode, &pipe->reader_waits, pipe->writer_opens);
    if (!reads && !is_pipe && !(blocks && was_let_in(pipe->reader_opens, &pipe->writers_to_come)) &&
        pipe->readers == 0 && !pipe->reader_waits.first)
        return blocks ? wait_for_other_side(inode, &pipe->writer_waits, pipe->reader_opens)
                      : -ENXIO;
    if (reads) {
        pipe->readers++;
        pipe->reader_opens++;
        let_in(&pipe->writer_waits, &pipe->writers_to_come);
    }
    if (writes) {
        pipe->writers++;
        pipe->writer_opens++;
        let_in(&pipe->reader_waits, &pipe->readers_to_come);
    }
    file->ops = &pipe_ops;
    return 0;
}

static const struct inode_ops pipe_inode_ops = {0};

int64_t sys_pipe2(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[1];
    if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    struct inode *inode = inode_new(kernel.vfs->anonymous_fs, &pipe_inode_ops, S_IFIFO | 0600);
    inode->ino = inode->fs->next_ino++;
    inode->uid = current->process->creds.fsuid;
    inode->gid = current->process->creds.fsgid;
    inode->pipe = heap_alloc(sizeof *inode->pipe);
    inode->pipe->writer_opens = 1;
    struct text name = {0};
    text_printf(&name, "pipe:[%llu]", (unsigned long long)inode->ino);
    struct path_node *node = node_anonymous(inode, name.bytes);
    heap_free(name.bytes);
    struct file *ends[2];
    int32_t fds[2] = {-1, -1};
    for (int i = 0; i < 2; i++) {
        ends[i] = file_new_inode(&pipe_ops, (flags & O_NONBLOCK) | (i ? O_WRONLY : O_RDONLY), inode,
                                 node);
        ends[i]->private_data = NULL;
    }
    inode->pipe->readers = inode->pipe->writers = 1;
    node_put(node);
    fds[0] = fd_install(ends[0], 0, flags & O_CLOEXEC);
    if (fds[0] < 0) {
        file_put(ends[1]);
        return fds[0];
    }
    fds[1] = fd_install(ends[1], 0, flags & O_CLOEXEC);
    int64_t error = fds[1] < 0 ? fds[1] : user_write(a[0], fds, sizeof fds);
    for (int i = 0; i < 2 && error; i++) {
        if (fds[i] >= 0)
            fd_close((uint32_t)fds[i]);
    }
    return error;
}

int64_t pipe_fcntl(struct file *file, int command, uint64_t argument) {
    if (file->ops != &pipe_ops)
        return -EBADF;
    if (command == F_SETPIPE_SZ && argument > PIPE_SIZE)
        return -EPERM; /* the size is fixed */
    return PIPE_SIZE;
}
