/* Native Linux backend: paths below an open directory (host.h). */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "posix.h"

/* The directory that holds a path's last component. */
struct parent {
    int fd;
    bool opened; /* by us: to be closed */
    char name[NAME_MAX + 1];
};

/* Walks to the parent of `path`.  No component may be "..", or a symbolic link except the last: the
 * guest kernel resolves links itself, so a link here was put there meanwhile.  Returns 0 or
 * -errno. */
static int open_parent(int dirfd, const char *path, struct parent *parent) {
    *parent = (struct parent){.fd = dirfd};
    for (;;) {
        while (*path == '/')
            path++;
        size_t length = strcspn(path, "/");
        int error = 0;
        if (length > NAME_MAX)
            error = -ENAMETOOLONG;
        if (length == 2 && memcmp(path, "..", 2) == 0)
            error = -EPERM;
        if (!error) {
            memcpy(parent->name, path, length);
            parent->name[length] = 0;
            path += length;
            if (!path[strspn(path, "/")]) {
                if (!length)
                    strcpy(parent->name, ".");
                return 0;
            }
        }
        int next =
            error ? -1
                  : openat(parent->fd, parent->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (!error && next < 0)
            error = -errno;
        if (parent->opened)
            close(parent->fd);
        if (error)
            return error;
        parent->fd = next;
        parent->opened = true;
    }
}

/* The result of a call, after which the parent is closed. */
static int finish(struct parent *parent, int result) {
    int value = result < 0 ? -errno : result;
    if (parent->opened)
        close(parent->fd);
    return value;
}

int host_open(int dirfd, const char *path, int linux_flags, int mode) {
    const int known = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY;
    struct parent parent;
    int error = open_parent(dirfd, path, &parent);
    if (error)
        return error;
    /* O_NONBLOCK: opening a host FIFO must not stop the runtime. */
    int flags = (linux_flags & known) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    return finish(&parent, openat(parent.fd, parent.name, flags, mode));
}

int host_stat(int dirfd, const char *path, struct host_stat *st) {
    struct parent parent;
    int error = open_parent(dirfd, path, &parent);
    if (error)
        return error;
    struct stat host_st;
    error = finish(&parent, fstatat(parent.fd, parent.name, &host_st, AT_SYMLINK_NOFOLLOW));
    if (!error)
        posix_convert_stat(&host_st, st);
    return error;
}

int host_mkdir(int dirfd, const char *path) {
    struct parent parent;
    int error = open_parent(dirfd, path, &parent);
    return error ? error : finish(&parent, mkdirat(parent.fd, parent.name, 0777));
}

int host_unlink(int dirfd, const char *path, bool directory) {
    struct parent parent;
    int error = open_parent(dirfd, path, &parent);
    if (error)
        return error;
    return finish(&parent, unlinkat(parent.fd, parent.name, directory ? AT_REMOVEDIR : 0));
}

typedef int two_path_call(int, const char *, int, const char *);

static int link_without_following(int from_fd, const char *from, int to_fd, const char *to) {
    return linkat(from_fd, from, to_fd, to, 0);
}

static int with_two_parents(two_path_call *call, int from_dirfd, const char *from, int to_dirfd,
                            const char *to) {
    struct parent old, new;
    int error = open_parent(from_dirfd, from, &old);
    if (error)
        return error;
    error = open_parent(to_dirfd, to, &new);
    if (!error)
        error = finish(&new, call(old.fd, old.name, new.fd, new.name));
    if (old.opened)
        close(old.fd);
    return error;
}

int host_rename(int from_dirfd, const char *from, int to_dirfd, const char *to) {
    return with_two_parents(renameat, from_dirfd, from, to_dirfd, to);
}

int host_link(int from_dirfd, const char *from, int to_dirfd, const char *to) {
    return with_two_parents(link_without_following, from_dirfd, from, to_dirfd, to);
}

int host_symlink(const char *target, int dirfd, const char *path) {
    struct parent parent;
    int error = open_parent(dirfd, path, &parent);
    return error ? error : finish(&parent, symlinkat(target, parent.fd, parent.name));
}

int64_t host_readlink(int dirfd, const char *path, char *to, size_t size) {
    struct parent parent;
    int error = open_parent(dirfd, path, &parent);
    return error ? error : finish(&parent, (int)readlinkat(parent.fd, parent.name, to, size));
}

int host_read_directory(int fd,
                        bool (*entry)(void *context, const char *name, uint64_t ino,
                                      uint32_t mode_type),
                        void *context) {
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = copy < 0 ? NULL : fdopendir(copy);
    if (!directory) {
        int error = -errno;
        if (copy >= 0)
            close(copy);
        return error;
    }
    const struct dirent *next;
    errno = 0;
    bool more = true;
    while (more && (next = readdir(directory))) {
        if (strcmp(next->d_name, ".") != 0 && strcmp(next->d_name, "..") != 0)
            more = entry(context, next->d_name, next->d_ino, (uint32_t)DTTOIF(next->d_type));
        errno = 0;
    }
    int error = more ? -errno : 0;
    closedir(directory);
    return error;
}
