/* ioctl(2): requests that every descriptor has, the rest goes to the file. */
#include "vfs.h"

static int64_t set_nonblocking(struct file *file, uint64_t argument) {
    int32_t on;
    if (user_read(&on, argument, sizeof on))
        return -EFAULT;
    file->flags = on ? file->flags | O_NONBLOCK : file->flags & ~(uint32_t)O_NONBLOCK;
    return 0;
}

int64_t sys_ioctl(const uint64_t *a) {
    struct file *file;
    uint32_t request = (uint32_t)a[1];
    int64_t error = file_check((int64_t)a[0], 0, &file);
    if (error)
        return error;
    switch (request) {
    case FIOCLEX:
    case FIONCLEX:
        current->process->files->descriptors[(uint32_t)a[0]].close_on_exec = request == FIOCLEX;
        return 0;
    case FIONBIO:
        return set_nonblocking(file, a[2]);
    default:
        break;
    }
    if (request == FIONREAD && file->inode && S_ISREG(file->inode->mode)) {
        int32_t left = (int32_t)(file_size(file) - file->position);
        return user_write(a[2], &left, sizeof left);
    }
    return file->ops->ioctl ? file->ops->ioctl(file, request, a[2]) : -ENOTTY;
}
