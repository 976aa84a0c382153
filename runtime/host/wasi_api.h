/* The parts of wasi_snapshot_preview1 that the runtime uses, imported directly: no wasi-libc
 * wrapper keeps state about them.  Structures have the layout of the preview 1 witx documents. */
#ifndef C2W_WASI_API_H
#define C2W_WASI_API_H

#include <stddef.h>
#include <stdint.h>

typedef uint16_t wasi_errno;

enum wasi_filetype {
    WASI_UNKNOWN,
    WASI_BLOCK_DEVICE,
    WASI_CHARACTER_DEVICE,
    WASI_DIRECTORY,
    WASI_REGULAR_FILE,
    WASI_SOCKET_DGRAM,
    WASI_SOCKET_STREAM,
    WASI_SYMBOLIC_LINK,
};

enum wasi_rights {
    WASI_FD_DATASYNC = 1 << 0,
    WASI_FD_READ = 1 << 1,
    WASI_FD_SEEK = 1 << 2,
    WASI_FD_SYNC = 1 << 4,
    WASI_FD_TELL = 1 << 5,
    WASI_FD_WRITE = 1 << 6,
    WASI_FD_ALLOCATE = 1 << 8,
    WASI_PATH_CREATE_DIRECTORY = 1 << 9,
    WASI_PATH_CREATE_FILE = 1 << 10,
    WASI_PATH_LINK_SOURCE = 1 << 11,
    WASI_PATH_LINK_TARGET = 1 << 12,
    WASI_PATH_OPEN = 1 << 13,
    WASI_FD_READDIR = 1 << 14,
    WASI_PATH_READLINK = 1 << 15,
    WASI_PATH_RENAME_SOURCE = 1 << 16,
    WASI_PATH_RENAME_TARGET = 1 << 17,
    WASI_PATH_FILESTAT_GET = 1 << 18,
    WASI_PATH_FILESTAT_SET_SIZE = 1 << 19,
    WASI_PATH_FILESTAT_SET_TIMES = 1 << 20,
    WASI_FD_FILESTAT_GET = 1 << 21,
    WASI_FD_FILESTAT_SET_SIZE = 1 << 22,
    WASI_FD_FILESTAT_SET_TIMES = 1 << 23,
    WASI_PATH_SYMLINK = 1 << 24,
    WASI_PATH_REMOVE_DIRECTORY = 1 << 25,
    WASI_PATH_UNLINK_FILE = 1 << 26,
    WASI_POLL_FD_READWRITE = 1 << 27,
};

enum { WASI_OFLAG_CREAT = 1, WASI_OFLAG_DIRECTORY = 2, WASI_OFLAG_EXCL = 4, WASI_OFLAG_TRUNC = 8 };
enum { WASI_FDFLAG_APPEND = 1 };
enum { WASI_SHUTDOWN_READ = 1, WASI_SHUTDOWN_WRITE = 2 };
enum { WASI_SET_ATIM = 1, WASI_SET_MTIM = 4 };
enum { WASI_EVENT_CLOCK, WASI_EVENT_FD_READ, WASI_EVENT_FD_WRITE };
enum { WASI_EVENT_HANGUP = 1 };
enum { WASI_CLOCK_REALTIME, WASI_CLOCK_MONOTONIC };
enum { WASI_PREOPEN_DIRECTORY = 0 };
enum { WASI_ESUCCESS = 0, WASI_EAGAIN = 6 };

struct wasi_iovec {
    void *data;
    size_t length;
};

struct wasi_fdstat {
    uint8_t filetype;
    uint16_t flags;
    uint64_t rights_base, rights_inheriting;
};

struct wasi_filestat {
    uint64_t dev, ino;
    uint8_t filetype;
    uint64_t nlink, size, atim, mtim, ctim;
};

struct wasi_prestat {
    uint8_t tag;
    size_t name_length;
};

struct wasi_dirent {
    uint64_t next, ino;
    uint32_t name_length;
    uint8_t type;
};

struct wasi_subscription {
    uint64_t userdata;
    uint8_t type;
    union {
        struct {
            uint32_t id;
            uint64_t timeout, precision;
            uint16_t flags; /* 0: the timeout is relative */
        } clock;
        uint32_t fd;
    };
};

struct wasi_event {
    uint64_t userdata;
    uint16_t error;
    uint8_t type;
    uint64_t bytes;
    uint16_t flags;
};

#if defined(__wasm32__)
_Static_assert(sizeof(struct wasi_fdstat) == 24, "preview 1 fdstat");
_Static_assert(sizeof(struct wasi_filestat) == 64, "preview 1 filestat");
_Static_assert(sizeof(struct wasi_dirent) == 24, "preview 1 dirent");
_Static_assert(sizeof(struct wasi_subscription) == 48, "preview 1 subscription");
_Static_assert(offsetof(struct wasi_subscription, clock.flags) == 40, "preview 1 subscription");
_Static_assert(sizeof(struct wasi_event) == 32, "preview 1 event");
#endif

#define WASI(name)                                                                                 \
    __attribute__((import_module("wasi_snapshot_preview1"),                                        \
                   import_name(#name))) wasi_errno wasi_##name

WASI(args_get)(char **argv, char *strings);
WASI(args_sizes_get)(size_t *count, size_t *size);
WASI(environ_get)(char **environment, char *strings);
WASI(environ_sizes_get)(size_t *count, size_t *size);
WASI(clock_time_get)(uint32_t id, uint64_t precision, uint64_t *time);
WASI(random_get)(void *to, size_t length);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) _Noreturn void
wasi_proc_exit(uint32_t status);
WASI(poll_oneoff)(const struct wasi_subscription *in, struct wasi_event *out, size_t count,
                  size_t *events);

WASI(sock_accept)(int fd, uint16_t fdflags, int *accepted);
WASI(sock_shutdown)(int fd, uint8_t how);

WASI(fd_close)(int fd);
WASI(fd_fdstat_get)(int fd, struct wasi_fdstat *stat);
WASI(fd_filestat_get)(int fd, struct wasi_filestat *stat);
WASI(fd_filestat_set_size)(int fd, uint64_t size);
WASI(fd_filestat_set_times)(int fd, uint64_t atim, uint64_t mtim, uint16_t flags);
WASI(fd_pread)(int fd, const struct wasi_iovec *iov, size_t count, uint64_t offset, size_t *n);
WASI(fd_pwrite)(int fd, const struct wasi_iovec *iov, size_t count, uint64_t offset, size_t *n);
WASI(fd_read)(int fd, const struct wasi_iovec *iov, size_t count, size_t *n);
WASI(fd_write)(int fd, const struct wasi_iovec *iov, size_t count, size_t *n);
WASI(fd_seek)(int fd, int64_t offset, uint8_t whence, uint64_t *position);
WASI(fd_sync)(int fd);
WASI(fd_readdir)(int fd, void *to, size_t size, uint64_t cookie, size_t *used);
WASI(fd_prestat_get)(int fd, struct wasi_prestat *stat);
WASI(fd_prestat_dir_name)(int fd, char *name, size_t size);

WASI(path_open)(int fd, uint32_t lookup_flags, const char *path, size_t length, uint16_t oflags,
                uint64_t rights_base, uint64_t rights_inheriting, uint16_t fdflags, int *opened);
WASI(path_filestat_get)(int fd, uint32_t lookup_flags, const char *path, size_t length,
                        struct wasi_filestat *stat);
WASI(path_create_directory)(int fd, const char *path, size_t length);
WASI(path_remove_directory)(int fd, const char *path, size_t length);
WASI(path_unlink_file)(int fd, const char *path, size_t length);
WASI(path_rename)(int fd, const char *from, size_t from_length, int to_fd, const char *to,
                  size_t to_length);
WASI(path_link)(int fd, uint32_t lookup_flags, const char *from, size_t from_length, int to_fd,
                const char *to, size_t to_length);
WASI(path_symlink)(const char *target, size_t target_length, int fd, const char *path,
                   size_t length);
WASI(path_readlink)(int fd, const char *path, size_t length, char *to, size_t size, size_t *n);
#undef WASI

/* Linux errno, negative, of a preview 1 error; 0 for success (wasi.c). */
int wasi_error(wasi_errno error);
struct host_stat;
/* Linux st_mode of a file type. */
uint32_t wasi_mode(uint8_t filetype);
void wasi_convert_stat(const struct wasi_filestat *from, struct host_stat *to);

#endif
