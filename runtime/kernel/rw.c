/* Transfer of bytes: read(2), write(2), readv(2), pread(2), preadv2(2), lseek(2), sendfile(2),
 * copy_file_range(2). */
#include <string.h>

#include "vfs.h"

#define GATHER_MAX 65536u /* vectors up to this size are written in one piece */
#define COPY_CHUNK 65536u
#define RLIMIT_FSIZE_INDEX 1
#define PAGE_MASK ((uint64_t)PAGE_SIZE - 1)

enum { READING = 0, WRITING = 1 };

/* Host pointer to the accessible part of a guest range; *length shrinks to what is accessible up to
 * the first page that is not.  NULL when that is nothing. */
static void *user_range(uint64_t va, size_t *length, int prot) {
    void *pointer = user_pointer(va, *length, prot);
    if (pointer || *length == 0)
        return pointer;
    size_t part = 0;
    while (part < *length) {
        size_t page = PAGE_SIZE - (size_t)((va + part) & PAGE_MASK);
        if (page > *length - part)
            page = *length - part;
        if (!user_pointer(va + part, page, prot))
            break;
        part += page;
    }
    *length = part;
    return part ? user_pointer(va, part, prot) : NULL;
}

/* A file with a position is read and written there; others are streams. */
static bool has_position(const struct file *file) {
    return file->ops->seek != NULL && file->ops->seek != seek_nowhere;
}

/* Limits a write by RLIMIT_FSIZE; -EFBIG with SIGXFSZ when nothing may be written. */
static int64_t limit_size(const struct file *file, uint64_t offset, size_t *length) {
    if (!file->inode || !S_ISREG(file->inode->mode))
        return 0;
    uint64_t limit = current->process->limits[RLIMIT_FSIZE_INDEX].soft;
    if (offset >= limit && *length) {
        signal_task(current, SIGXFSZ, NULL);
        return -EFBIG;
    }
    if (*length > limit - offset)
        *length = (size_t)(limit - offset);
    return 0;
}

static int64_t transfer_once(struct file *file, int direction, void *bytes, size_t length,
                             uint64_t offset) {
    if (direction == READING)
        return file->ops->read ? file->ops->read(file, bytes, length, offset) : -EINVAL;
    if (!file->ops->write)
        return -EINVAL;
    int64_t error = limit_size(file, offset, &length);
    return error ? error : file->ops->write(file, bytes, length, offset);
}

static uint64_t start_offset(struct file *file, int direction, uint64_t offset, bool append) {
    if (direction == WRITING && append && has_position(file)) {
        inode_refresh(file->inode);
        return file->inode->size;
    }
    return offset;
}

/* One buffer.  A blocking write goes on until everything is written: a stream may take it in parts
 * and `current->call.done` counts them over the tries of the call. */
static int64_t transfer(struct file *file, int direction, void *bytes, size_t length,
                        uint64_t offset) {
    if (direction == READING || has_position(file))
        return transfer_once(file, direction, bytes, length, offset);
    uint64_t *done = &current->call.done;
    while (*done < length || length == 0) {
        int64_t part =
            transfer_once(file, direction, (char *)bytes + *done, length - (size_t)*done, 0);
        if (part == -EBLOCK)
            return -EBLOCK;
        if (part <= 0 && *done)
            break;
        if (part <= 0)
            return part;
        *done += (uint64_t)part;
        if (file->flags & O_NONBLOCK)
            break;
    }
    return (int64_t)*done;
}

/* Reading nothing touches no buffer. */
static bool at_end(const struct file *file, int direction, uint64_t offset) {
    return direction == READING && file->inode && S_ISREG(file->inode->mode) &&
           has_position(file) && offset >= file->inode->size;
}

/* The vector form; `offset` is used when `positioned`, else the file's own position, which moves.
 */
static int64_t transfer_vector(struct file *file, int direction, const struct linux_iovec *vector,
                               unsigned count, bool positioned, uint64_t offset, bool append) {
    int prot = direction == READING ? 2 : 1; /* PROT_WRITE, PROT_READ */
    if (!positioned)
        offset = file->position;
    offset = start_offset(file, direction, offset, append);
    uint64_t total = 0, done = 0;
    int64_t result = 0;
    for (unsigned i = 0; i < count; i++)
        total += vector[i].length;

    if (direction == WRITING && !has_position(file) && count > 1 && total <= GATHER_MAX) {
        /* Streams get a vector in one piece: pipes write up to PIPE_BUF bytes atomically. */
        char *gathered = heap_alloc(total + 1);
        for (unsigned i = 0; i < count && result == 0; i++) {
            result = user_read(gathered + done, vector[i].base, vector[i].length);
            done += result == 0 ? vector[i].length : 0;
        }
        if (done || result == 0)
            result = transfer(file, direction, gathered, done, 0);
        heap_free(gathered);
        return result;
    }
    for (unsigned i = 0; i < count; i++) {
        size_t length = (size_t)vector[i].length;
        void *bytes = user_range(vector[i].base, &length, prot);
        if (!bytes && vector[i].length) {
            result = at_end(file, direction, offset + done) ? 0 : -EFAULT;
            break;
        }
        if (length == 0 && count > 1)
            continue;
        bool stream = !has_position(file);
        if (stream && done && direction == READING) {
            /* Never wait once there is something to return. */
            if (!file->ops->poll || !(file->ops->poll(file, false) & POLLIN))
                break;
        }
        result = transfer(file, direction, bytes, length, offset + done);
        if (result < 0)
            break;
        done += (uint64_t)result;
        if (stream && direction == WRITING)
            current->call.done = 0;
        if ((uint64_t)result < vector[i].length)
            break;
    }
    if (done && !positioned && has_position(file))
        file->position = offset + done;
    return done ? (int64_t)done : result;
}

static int64_t read_vector(uint64_t va, uint64_t count, struct linux_iovec **vector) {
    if (count > LINUX_IOV_MAX)
        return -EINVAL;
    *vector = heap_alloc((count + 1) * sizeof **vector);
    int64_t error = user_read(*vector, va, count * sizeof **vector);
    uint64_t total = 0;
    for (uint64_t i = 0; i < count && !error; i++) {
        if ((int64_t)(*vector)[i].length < 0)
            error = -EINVAL;
        if ((*vector)[i].length > LINUX_RW_MAX - total)
            (*vector)[i].length = LINUX_RW_MAX - total;
        total += (*vector)[i].length;
    }
    if (error)
        heap_free(*vector);
    return error;
}

static int64_t check_transfer(uint64_t fd, int direction, bool positioned, struct file **file) {
    int64_t error = file_check((int64_t)fd, direction == READING ? R_OK : W_OK, file);
    if (error)
        return error;
    if ((*file)->inode && S_ISDIR((*file)->inode->mode))
        return direction == READING ? -EISDIR : -EBADF;
    if (positioned && !has_position(*file))
        return -ESPIPE;
    return 0;
}

static int64_t transfer_call(const uint64_t *a, int direction, bool positioned) {
    struct file *file;
    if (positioned && (int64_t)a[3] < 0)
        return -EINVAL;
    int64_t error = check_transfer(a[0], direction, positioned, &file);
    if (error)
        return error;
    if ((int64_t)a[2] < 0)
        return -EINVAL;
    struct linux_iovec one = {a[1], a[2] < LINUX_RW_MAX ? a[2] : LINUX_RW_MAX};
    return transfer_vector(file, direction, &one, 1, positioned, positioned ? a[3] : 0,
                           file->flags & O_APPEND);
}

int64_t sys_read(const uint64_t *a) { return transfer_call(a, READING, false); }
int64_t sys_write(const uint64_t *a) { return transfer_call(a, WRITING, false); }
int64_t sys_pread64(const uint64_t *a) { return transfer_call(a, READING, true); }
int64_t sys_pwrite64(const uint64_t *a) { return transfer_call(a, WRITING, true); }

static int64_t vector_call(const uint64_t *a, int direction, bool positioned, uint64_t offset,
                           bool append) {
    struct file *file;
    struct linux_iovec *vector;
    int64_t error = check_transfer(a[0], direction, positioned, &file);
    if (!error)
        error = read_vector(a[1], a[2], &vector);
    if (error)
        return error;
    int64_t result = transfer_vector(file, direction, vector, (unsigned)a[2], positioned, offset,
                                     append || (file->flags & O_APPEND));
    heap_free(vector);
    return result;
}

int64_t sys_readv(const uint64_t *a) { return vector_call(a, READING, false, 0, false); }
int64_t sys_writev(const uint64_t *a) { return vector_call(a, WRITING, false, 0, false); }

/* The offset comes in two halves; on 64-bit machines the low one holds all of it. */
int64_t sys_preadv(const uint64_t *a) {
    return (int64_t)a[3] < 0 ? -EINVAL : vector_call(a, READING, true, a[3], false);
}
int64_t sys_pwritev(const uint64_t *a) {
    return (int64_t)a[3] < 0 ? -EINVAL : vector_call(a, WRITING, true, a[3], false);
}

/* preadv2(2): offset -1 means the file's position; data is always "cached", so that RWF_NOWAIT and
 * the hints change nothing on files with a position. */
static int64_t vector_call_flags(const uint64_t *a, int direction) {
    uint32_t flags = (uint32_t)a[5];
    uint32_t known = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | (direction == WRITING ? RWF_APPEND : 0);
    if (flags & ~known)
        return -EOPNOTSUPP;
    if (a[3] == UINT64_MAX)
        return vector_call(a, direction, false, 0, flags & RWF_APPEND);
    if ((int64_t)a[3] < 0)
        return -EINVAL;
    return vector_call(a, direction, true, a[3], flags & RWF_APPEND);
}
int64_t sys_preadv2(const uint64_t *a) { return vector_call_flags(a, READING); }
int64_t sys_pwritev2(const uint64_t *a) { return vector_call_flags(a, WRITING); }

/* --- positions --- */

int64_t seek_with_size(struct file *file, int64_t offset, int whence, uint64_t size) {
    int64_t base;
    switch (whence) {
    case SEEK_SET:
        base = 0;
        break;
    case SEEK_CUR:
        base = (int64_t)file->position;
        break;
    case SEEK_END:
        base = (int64_t)size;
        break;
    case LINUX_SEEK_DATA:
    case LINUX_SEEK_HOLE: /* everything is data, with a hole at the end: lseek(2) */
        if (offset < 0 || (uint64_t)offset >= size)
            return -ENXIO;
        file->position = whence == LINUX_SEEK_DATA ? (uint64_t)offset : size;
        return (int64_t)file->position;
    default:
        return -EINVAL;
    }
    int64_t position;
    if (__builtin_add_overflow(base, offset, &position))
        return -EOVERFLOW;
    if (position < 0)
        return -EINVAL;
    file->position = (uint64_t)position;
    return position;
}

int64_t seek_nowhere(struct file *file, int64_t offset, int whence) {
    (void)offset, (void)whence;
    return (int64_t)file->position;
}

int64_t sys_lseek(const uint64_t *a) {
    struct file *file;
    int64_t error = file_check((int64_t)a[0], 0, &file);
    if (error)
        return error;
    if (!file->ops->seek)
        return -ESPIPE;
    if ((uint32_t)a[2] > LINUX_SEEK_HOLE)
        return -EINVAL;
    return file->ops->seek(file, (int64_t)a[1], (int)a[2]);
}

/* --- the kernel's own transfers --- */

int64_t file_read_at(struct file *file, void *to, size_t length, uint64_t offset) {
    return file->ops->read ? file->ops->read(file, to, length, offset) : -EINVAL;
}

int64_t file_write_at(struct file *file, const void *from, size_t length, uint64_t offset) {
    return file->ops->write ? file->ops->write(file, from, length, offset) : -EINVAL;
}

uint64_t file_size(struct file *file) {
    if (!file->inode)
        return 0;
    inode_refresh(file->inode);
    return file->inode->size;
}

/* --- copies inside the kernel --- */

/* An explicit offset of the guest's, or the file's position. */
struct cursor {
    struct file *file;
    uint64_t va, offset;
};

static int64_t open_cursor(struct cursor *cursor, uint64_t fd, int want, uint64_t va) {
    int64_t error = file_check((int64_t)fd, want, &cursor->file);
    cursor->va = va;
    if (!error && va)
        error = user_read(&cursor->offset, va, sizeof cursor->offset);
    if (error)
        return error;
    if (va && !cursor->file->ops->seek)
        return -ESPIPE;
    if (va && (int64_t)cursor->offset < 0)
        return -EINVAL;
    if (!va)
        cursor->offset = cursor->file->position;
    return 0;
}

static int64_t close_cursor(const struct cursor *cursor) {
    if (cursor->va)
        return user_write(cursor->va, &cursor->offset, sizeof cursor->offset);
    cursor->file->position = cursor->offset;
    return 0;
}

/* Copies until the end of input or the first error; *copied counts what reached the output. */
static int64_t copy_bytes(struct cursor *in, struct cursor *out, uint64_t length,
                          uint64_t *copied) {
    char *buffer = heap_alloc(COPY_CHUNK);
    int64_t result = 0;
    while (*copied < length) {
        size_t part = length - *copied < COPY_CHUNK ? (size_t)(length - *copied) : COPY_CHUNK;
        int64_t taken = in->file->ops->read(in->file, buffer, part, in->offset);
        if (taken <= 0) {
            result = taken;
            break;
        }
        result = transfer_once(out->file, WRITING, buffer, (size_t)taken, out->offset);
        if (result <= 0)
            break;
        in->offset += (uint64_t)result;
        out->offset += (uint64_t)result;
        /* Reading a host's file goes on at its position, which the host counts along. */
        if (!in->va)
            in->file->position = in->offset;
        *copied += (uint64_t)result;
        if (result < taken && out->file->flags & O_NONBLOCK)
            break;
    }
    heap_free(buffer);
    return result;
}

int64_t sys_sendfile(const uint64_t *a) {
    struct cursor in, out;
    int64_t error = open_cursor(&out, a[0], W_OK, 0);
    if (!error)
        error = open_cursor(&in, a[1], R_OK, a[2]);
    if (error)
        return error;
    if (!in.file->inode || !S_ISREG(in.file->inode->mode) || !in.file->ops->read ||
        !out.file->ops->write || (out.file->flags & O_APPEND))
        return -EINVAL;
    uint64_t length = a[3] < LINUX_RW_MAX ? a[3] : LINUX_RW_MAX, copied = 0;
    int64_t result = copy_bytes(&in, &out, length, &copied);
    error = close_cursor(&in);
    out.file->position = out.file->ops->seek ? out.offset : 0;
    if (error)
        return error;
    return copied ? (int64_t)copied : result;
}

int64_t sys_copy_file_range(const uint64_t *a) {
    struct cursor in, out;
    if (a[5])
        return -EINVAL;
    int64_t error = open_cursor(&in, a[0], R_OK, a[1]);
    if (!error)
        error = open_cursor(&out, a[2], W_OK, a[3]);
    if (error)
        return error;
    if (out.file->flags & O_APPEND)
        return -EBADF;
    struct inode *from = in.file->inode, *to = out.file->inode;
    if (!from || !to)
        return -EINVAL;
    if (S_ISDIR(from->mode) || S_ISDIR(to->mode))
        return -EISDIR;
    if (!S_ISREG(from->mode) || !S_ISREG(to->mode))
        return -EINVAL;
    uint64_t length = a[4] < LINUX_RW_MAX ? a[4] : LINUX_RW_MAX, copied = 0;
    if (from == to && in.offset < out.offset + length && out.offset < in.offset + length)
        return -EINVAL;
    if (from->fs != to->fs)
        return -EXDEV;
    int64_t result = copy_bytes(&in, &out, length, &copied);
    error = close_cursor(&in);
    if (!error)
        error = close_cursor(&out);
    if (error)
        return error;
    return copied ? (int64_t)copied : result;
}
