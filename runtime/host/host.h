/* What the runtime needs of its host.  Two implementations: wasi.c (wasi_snapshot_preview1, raw
 * imports, no libc state) and posix.c (native Linux build).  Calls return >= 0 or a negative Linux
 * errno (-EIO, ...) unless said otherwise; times are nanoseconds. */
#ifndef C2W_HOST_H
#define C2W_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start and end. */
struct host_strings {
    uint32_t count;
    char **strings; /* NUL-terminated, owned by the host layer, live until exit */
};
void host_init(void);
struct host_strings host_args(void); /* without the program's name */
struct host_strings host_env(void);
_Noreturn void host_exit(int status);           /* 0..255 */
_Noreturn void host_panic(const char *message); /* internal impossibility: message, trap */
void host_log(const char *text, size_t length); /* diagnostics: unbuffered to stderr */

/* Memory: makes guest addresses [0, end) backed.  New pages are zero.  -ENOMEM at the limit. */
int host_grow_memory(uint64_t guest_end);

/* Root file system image (runtime/rootfs.h): reads bytes at an offset of the module's passive data
 * segment (wasm) or of the image file (native).  The range is inside the image. */
uint64_t host_image_size(void);
void host_image_read(void *to, uint64_t offset, uint32_t length);

/* Clocks and entropy.  clock: 0 realtime, 1 monotonic. */
uint64_t host_clock(int clock);
void host_random(void *to, size_t length);

/* Host descriptors.  0-2 are stdio; preopens follow. */
int64_t host_read(int fd, void *to, size_t length);
int64_t host_write(int fd, const void *from, size_t length);
int64_t host_pread(int fd, void *to, size_t length, uint64_t offset);
int64_t host_pwrite(int fd, const void *from, size_t length, uint64_t offset);
int64_t host_seek(int fd, int64_t offset, int whence);
int host_close(int fd);
int host_sync(int fd);
bool host_is_tty(int fd);

struct host_stat {
    uint64_t ino, size;
    uint64_t atime, mtime, ctime;
    uint32_t mode; /* Linux st_mode; without permission bits (WASI): 0755 for files */
    uint32_t nlink;
};
int host_fstat(int fd, struct host_stat *st);

/* Preopened directories.  name is the guest path.  Returns -ENOENT past the last one. */
int host_preopen(unsigned index, int *fd, const char **name);

/* Paths are relative to an open directory; they never leave it (the host refuses). */
/* Returns the descriptor; O_NOFOLLOW is implied, unknown flags are ignored. */
int host_open(int dirfd, const char *path, int linux_flags, int mode);
int host_stat(int dirfd, const char *path, struct host_stat *st); /* lstat */
int host_mkdir(int dirfd, const char *path);
int host_unlink(int dirfd, const char *path, bool directory);
int host_rename(int from_dirfd, const char *from, int to_dirfd, const char *to);
int host_symlink(const char *target, int dirfd, const char *path);
int host_link(int from_dirfd, const char *from, int to_dirfd, const char *to);
int64_t host_readlink(int dirfd, const char *path, char *to, size_t size);
int host_truncate(int fd, uint64_t size);
int host_set_times(int fd, uint64_t atime, uint64_t mtime); /* UINT64_MAX: leave as it is */
/* Calls entry for each name except "." and ".." until it returns false. */
int host_read_directory(int fd,
                        bool (*entry)(void *context, const char *name, uint64_t ino,
                                      uint32_t mode_type),
                        void *context);

/* Preopened listening sockets (WASI sock_accept); -ENOTSUP where there is none. */
int host_accept(int fd);
int host_shutdown(int fd, int how);

/* Waits until one of the descriptors is ready or `timeout` ns have passed (UINT64_MAX: no limit).
 * Sets `ready` (POLLIN 1, POLLOUT 4, POLLHUP 16 bits).  Only relative timeouts, never polls stdout
 * or stderr for writing (see the engine notes in host/README.md).  Returns the number ready. */
struct host_poll {
    int fd;
    uint16_t want, ready;
};
int host_poll(struct host_poll *polls, unsigned count, uint64_t timeout);

#endif
