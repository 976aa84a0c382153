/* WASI preview 1 backend: preopens, paths and directories (host.h). */
#include <string.h>

#include "../kernel/linux_abi.h"
#include "heap.h"
#include "host.h"
#include "wasi_api.h"

#define FIRST_PREOPEN 3

#define READ_RIGHTS (WASI_FD_READ | WASI_FD_SEEK | WASI_FD_TELL)
#define WRITE_RIGHTS                                                                               \
    (WASI_FD_WRITE | WASI_FD_SEEK | WASI_FD_TELL | WASI_FD_DATASYNC | WASI_FD_SYNC |               \
     WASI_FD_ALLOCATE | WASI_FD_FILESTAT_SET_SIZE)
#define FILE_RIGHTS (WASI_FD_FILESTAT_GET | WASI_FD_FILESTAT_SET_TIMES | WASI_POLL_FD_READWRITE)
#define DIRECTORY_RIGHTS                                                                           \
    (WASI_PATH_CREATE_DIRECTORY | WASI_PATH_CREATE_FILE | WASI_PATH_LINK_SOURCE |                  \
     WASI_PATH_LINK_TARGET | WASI_PATH_OPEN | WASI_FD_READDIR | WASI_PATH_READLINK |               \
     WASI_PATH_RENAME_SOURCE | WASI_PATH_RENAME_TARGET | WASI_PATH_FILESTAT_GET |                  \
     WASI_PATH_FILESTAT_SET_SIZE | WASI_PATH_FILESTAT_SET_TIMES | WASI_PATH_SYMLINK |              \
     WASI_PATH_REMOVE_DIRECTORY | WASI_PATH_UNLINK_FILE)

/* The guest path of a preopen: absolute (WasmEdge drops the slash, `--dir NAME` has none).  NULL
 * for the root itself and for ".", which would hide the image: wasmer preopens "/" by itself. */
static const char *read_preopen_name(int fd, size_t length) {
    char *name = heap_alloc(length + 2);
    name[0] = '/';
    if (wasi_fd_prestat_dir_name(fd, name + 1, length) != WASI_ESUCCESS)
        length = 0;
    const char *relative = name + 1 + strspn(name + 1, "/");
    if (*relative && strcmp(relative, ".") != 0 && strcmp(relative, "./") != 0)
        return relative - 1;
    heap_free(name);
    return NULL;
}

int host_preopen(unsigned index, int *fd, const char **name) {
    for (int candidate = FIRST_PREOPEN;; candidate++) {
        struct wasi_prestat stat;
        if (wasi_fd_prestat_get(candidate, &stat) != WASI_ESUCCESS)
            return -ENOENT;
        if (stat.tag != WASI_PREOPEN_DIRECTORY)
            continue;
        const char *found = read_preopen_name(candidate, stat.name_length);
        if (!found || index--)
            continue;
        *fd = candidate;
        *name = found;
        return 0;
    }
}

/* A path as the calls take it; the directory itself is ".". */
struct path {
    const char *text;
    size_t length;
};
static struct path to_path(const char *text) {
    if (!*text)
        text = ".";
    return (struct path){text, strlen(text)};
}

int host_open(int dirfd, const char *name, int linux_flags, int mode) {
    (void)mode; /* preview 1 has no permissions */
    struct wasi_fdstat directory;
    wasi_errno error = wasi_fd_fdstat_get(dirfd, &directory);
    if (error)
        return wasi_error(error);

    uint64_t rights = FILE_RIGHTS | WASI_FD_READDIR;
    int access = linux_flags & O_ACCMODE;
    if (linux_flags & O_DIRECTORY) {
        if (access != O_RDONLY)
            return -EISDIR;
        rights |= DIRECTORY_RIGHTS;
    } else {
        if (access == O_RDONLY || access == O_RDWR)
            rights |= READ_RIGHTS;
        if (access == O_WRONLY || access == O_RDWR)
            rights |= WRITE_RIGHTS;
    }
    /* Engines that check rights refuse what the directory does not pass on; some that do not check
     * report none. */
    uint64_t allowed = directory.rights_inheriting;
    if (allowed) {
        if (access != O_RDONLY && !(allowed & WASI_FD_WRITE))
            return -EROFS;
        rights &= allowed;
    }
    uint64_t inheriting = linux_flags & O_DIRECTORY ? allowed : 0;
    unsigned oflags = (linux_flags & O_CREAT ? WASI_OFLAG_CREAT : 0) |
                      (linux_flags & O_DIRECTORY ? WASI_OFLAG_DIRECTORY : 0) |
                      (linux_flags & O_EXCL ? WASI_OFLAG_EXCL : 0) |
                      (linux_flags & O_TRUNC ? WASI_OFLAG_TRUNC : 0);
    unsigned fdflags = linux_flags & O_APPEND ? WASI_FDFLAG_APPEND : 0;
    struct path path = to_path(name);
    int fd = -1;
    error = wasi_path_open(dirfd, 0, path.text, path.length, (uint16_t)oflags, rights, inheriting,
                           (uint16_t)fdflags, &fd);
    return error ? wasi_error(error) : fd;
}

int host_stat(int dirfd, const char *name, struct host_stat *st) {
    struct path path = to_path(name);
    struct wasi_filestat stat;
    wasi_errno error = wasi_path_filestat_get(dirfd, 0, path.text, path.length, &stat);
    if (!error)
        wasi_convert_stat(&stat, st);
    return wasi_error(error);
}

int host_mkdir(int dirfd, const char *name) {
    struct path path = to_path(name);
    return wasi_error(wasi_path_create_directory(dirfd, path.text, path.length));
}

int host_unlink(int dirfd, const char *name, bool directory) {
    struct path path = to_path(name);
    return wasi_error(directory ? wasi_path_remove_directory(dirfd, path.text, path.length)
                                : wasi_path_unlink_file(dirfd, path.text, path.length));
}

int host_rename(int from_dirfd, const char *from, int to_dirfd, const char *to) {
    struct path old = to_path(from), new = to_path(to);
    return wasi_error(
        wasi_path_rename(from_dirfd, old.text, old.length, to_dirfd, new.text, new.length));
}

int host_link(int from_dirfd, const char *from, int to_dirfd, const char *to) {
    struct path old = to_path(from), new = to_path(to);
    return wasi_error(
        wasi_path_link(from_dirfd, 0, old.text, old.length, to_dirfd, new.text, new.length));
}

int host_symlink(const char *target, int dirfd, const char *name) {
    struct path path = to_path(name);
    return wasi_error(wasi_path_symlink(target, strlen(target), dirfd, path.text, path.length));
}

int64_t host_readlink(int dirfd, const char *name, char *to, size_t size) {
    struct path path = to_path(name);
    size_t n = 0;
    wasi_errno error = wasi_path_readlink(dirfd, path.text, path.length, to, size, &n);
    return error ? wasi_error(error) : (int64_t)n;
}

enum { DIRECTORY_BUFFER = 16384, NAME_LIMIT = 255 };

struct directory_reader {
    bool (*entry)(void *context, const char *name, uint64_t ino, uint32_t mode_type);
    void *context;
    uint64_t cookie;
    bool stopped;
};

/* Passes on the complete entries in a buffer; the cookie is then the last one's. */
static void read_entries(struct directory_reader *reader, const unsigned char *buffer,
                         size_t used) {
    size_t at = 0;
    while (!reader->stopped && used - at >= sizeof(struct wasi_dirent)) {
        struct wasi_dirent entry;
        memcpy(&entry, buffer + at, sizeof entry);
        at += sizeof entry;
        if (entry.name_length > used - at)
            return;
        char name[NAME_LIMIT + 1];
        size_t length = entry.name_length <= NAME_LIMIT ? entry.name_length : 0;
        memcpy(name, buffer + at, length);
        name[length] = 0;
        at += entry.name_length;
        reader->cookie = entry.next;
        /* Some engines list "." and "..", some do not. */
        if (!length || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        uint32_t mode_type = wasi_mode(entry.type) & S_IFMT;
        reader->stopped = !reader->entry(reader->context, name, entry.ino, mode_type);
    }
}

int host_read_directory(int fd,
                        bool (*entry)(void *context, const char *name, uint64_t ino,
                                      uint32_t mode_type),
                        void *context) {
    struct directory_reader reader = {entry, context, 0, false};
    unsigned char *buffer = heap_alloc(DIRECTORY_BUFFER);
    for (;;) {
        size_t used = 0;
        uint64_t before = reader.cookie;
        wasi_errno error = wasi_fd_readdir(fd, buffer, DIRECTORY_BUFFER, reader.cookie, &used);
        if (!error)
            read_entries(&reader, buffer, used);
        bool more =
            !error && !reader.stopped && used == DIRECTORY_BUFFER && reader.cookie != before;
        if (more)
            continue;
        heap_free(buffer);
        return wasi_error(error);
    }
}
