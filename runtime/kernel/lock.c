/* Advisory locks: flock(2), fcntl(2) record locks of processes and of open file descriptions.  All
 * lockers live in this kernel. */
#include "vfs.h"

struct file_lock {
    struct file_lock *next;
    const void *owner; /* struct files: process lock; struct file: the description's */
    bool whole_file;   /* flock(2): independent of record locks */
    bool exclusive;
    uint64_t start, end; /* end is inclusive */
    int32_t pid;
};

/* One for all: lock conflicts are rare, a waiter checks again. */
static struct wait_queue *lock_queue(void) { return &kernel.vfs->lock_released; }

static bool overlaps(const struct file_lock *a, const struct file_lock *b) {
    return a->start <= b->end && b->start <= a->end;
}

static const struct file_lock *find_conflict(const struct inode *inode,
                                             const struct file_lock *wanted) {
    for (const struct file_lock *lock = inode->locks; lock; lock = lock->next) {
        if (lock->owner != wanted->owner && lock->whole_file == wanted->whole_file &&
            (lock->exclusive || wanted->exclusive) && overlaps(lock, wanted))
            return lock;
    }
    return NULL;
}

static void add_lock(struct inode *inode, struct file_lock wanted) {
    struct file_lock *lock = heap_alloc(sizeof *lock);
    *lock = wanted;
    lock->next = inode->locks;
    inode->locks = lock;
}

/* Takes [start, end] out of the owner's locks: shortens, splits or removes them. */
static void cut_range(struct inode *inode, const struct file_lock *range) {
    struct file_lock **at = &inode->locks;
    while (*at) {
        struct file_lock *lock = *at;
        if (lock->owner != range->owner || lock->whole_file != range->whole_file ||
            !overlaps(lock, range)) {
            at = &lock->next;
            continue;
        }
        bool left = lock->start<range->start, right = lock->end> range->end;
        struct file_lock rest = *lock;
        rest.start = range->end + 1;
        if (left) {
            lock->end = range->start - 1;
            at = &lock->next;
        } else {
            *at = lock->next;
            heap_free(lock);
        }
        if (right)
            add_lock(inode, rest);
    }
}

void locks_drop_owner(struct inode *inode, const void *owner) {
    bool dropped = false;
    for (struct file_lock **at = &inode->locks; *at;) {
        struct file_lock *lock = *at;
        if (lock->owner != owner) {
            at = &lock->next;
            continue;
        }
        *at = lock->next;
        heap_free(lock);
        dropped = true;
    }
    if (dropped)
        wake_all(lock_queue());
}

static int64_t set_lock(struct inode *inode, const struct file_lock *wanted, bool unlock,
                        bool wait) {
    if (!unlock && find_conflict(inode, wanted)) {
        if (!wait)
            return -EAGAIN;
        wait_on(lock_queue());
        return -EBLOCK;
    }
    cut_range(inode, wanted);
    if (!unlock)
        add_lock(inode, *wanted);
    wake_all(lock_queue());
    return 0;
}

int64_t sys_flock(const uint64_t *a) {
    uint32_t operation = (uint32_t)a[1], kind = operation & ~(uint32_t)LOCK_NB;
    struct file *file;
    if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
        return -EINVAL;
    int64_t error = file_check((int64_t)a[0], 0, &file);
    if (error || !file->inode)
        return error ? error : -EINVAL;
    struct file_lock wanted = {.owner = file,
                               .whole_file = true,
                               .exclusive = kind == LOCK_EX,
                               .end = INT64_MAX,
                               .pid = current->process->pid};
    return set_lock(file->inode, &wanted, kind == LOCK_UN, !(operation & LOCK_NB));
}

/* struct flock -> absolute range. */
static int read_range(struct file *file, const struct linux_flock *request,
                      struct file_lock *range) {
    int64_t start = request->start, end;
    if (request->whence == SEEK_CUR)
        start += (int64_t)file->position;
    else if (request->whence == SEEK_END)
        start += (int64_t)file_size(file);
    else if (request->whence != SEEK_SET)
        return -EINVAL;
    end = request->length == 0 ? INT64_MAX : start + request->length - 1;
    if (request->length < 0) {
        end = start - 1;
        start += request->length;
    }
    if (start < 0)
        return -EINVAL;
    if (end < start)
        return -EOVERFLOW;
    range->start = (uint64_t)start;
    range->end = (uint64_t)end;
    return 0;
}

int64_t fcntl_lock(struct file *file, int command, uint64_t argument) {
    struct linux_flock request;
    if (user_read(&request, argument, sizeof request))
        return -EFAULT;
    if (!file->inode)
        return -EINVAL;
    bool description = command >= F_OFD_GETLK;
    bool get = command == F_GETLK || command == F_OFD_GETLK;
    if (request.type != F_RDLCK && request.type != F_WRLCK && request.type != F_UNLCK)
        return -EINVAL;
    if ((get && request.type == F_UNLCK) || (description && request.pid != 0))
        return -EINVAL;
    const void *owner = description ? (const void *)file : (const void *)current->process->files;
    struct file_lock wanted = {.owner = owner,
                               .exclusive = request.type == F_WRLCK,
                               .pid = description ? -1 : current->process->pid};
    int error = read_range(file, &request, &wanted);
    if (error)
        return error;
    if (!get) {
        unsigned access = file->flags & O_ACCMODE;
        if ((request.type == F_RDLCK && access == O_WRONLY) ||
            (request.type == F_WRLCK && access == O_RDONLY))
            return -EBADF;
        bool wait = command == F_SETLKW || command == F_OFD_SETLKW;
        return set_lock(file->inode, &wanted, request.type == F_UNLCK, wait);
    }
    const struct file_lock *conflict = find_conflict(file->inode, &wanted);
    request.type = F_UNLCK;
    if (conflict) {
        request.type = conflict->exclusive ? F_WRLCK : F_RDLCK;
        request.whence = SEEK_SET;
        request.start = (int64_t)conflict->start;
        request.length =
            conflict->end == INT64_MAX ? 0 : (int64_t)(conflict->end - conflict->start + 1);
        request.pid = conflict->pid;
    }
    return user_write(argument, &request, sizeof request);
}
