/* Native Linux backend: start, memory, image, clocks and descriptors (host.h). */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#undef PAGE_SIZE /* of the host's limits.h */
#include "../guest_memory.h"
#include "../rootfs.h"
#include "posix.h"

#define ARENA_SIZE ((uint64_t)1 << 32)
#define MEMORY_LIMIT ((uint64_t)2 << 30) /* as the wasm module's maximum memory */
#define NS_PER_SECOND 1000000000ull

static struct {
    const unsigned char *image;
    uint64_t image_size;
    struct host_strings args, env;
    struct preopen {
        int fd;
        const char *name;
    } *preopens;
    unsigned preopen_count;
} host;

static _Noreturn void fail(const char *file, const char *what) {
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, file, what);
    exit(1);
}

static void *grow_array(void *array, size_t count, size_t size) {
    void *grown = realloc(array, count * size);
    if (!grown)
        fail("start", strerror(ENOMEM));
    return grown;
}

void posix_open_image(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        fail(path, strerror(errno));
    struct rootfs_header header;
    if (pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        memcmp(header.magic, ROOTFS_MAGIC, sizeof header.magic) != 0 ||
        header.size != (uint64_t)st.st_size)
        fail(path, "is no root file system image, or is cut off");
    host.image_size = header.size;
    host.image = mmap(NULL, host.image_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (host.image == MAP_FAILED)
        fail(path, strerror(errno));
    close(fd);
}

void posix_add_preopen(const char *directory, const char *name) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        fail(directory, strerror(errno));
    host.preopens = grow_array(host.preopens, host.preopen_count + 1u, sizeof *host.preopens);
    host.preopens[host.preopen_count++] = (struct preopen){fd, name};
}

void posix_set_args(char **args, unsigned count) { host.args = (struct host_strings){count, args}; }

void posix_add_env(char *entry) {
    host.env.strings = grow_array(host.env.strings, host.env.count + 1u, sizeof(char *));
    host.env.strings[host.env.count++] = entry;
}

void host_init(void) {
    static bool done;
    if (done)
        return;
    done = true;
    /* Writing to a closed pipe is -EPIPE here; the guest's own SIGPIPE is the kernel's. */
    signal(SIGPIPE, SIG_IGN);
    void *arena = mmap((void *)GUEST_BASE, ARENA_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (arena != (void *)GUEST_BASE)
        host_panic("the guest's address range is not free");
}

struct host_strings host_args(void) { return host.args; }
struct host_strings host_env(void) { return host.env; }

void host_exit(int status) { exit(status); }

void host_log(const char *text, size_t length) {
    while (length) {
        ssize_t n = write(STDERR_FILENO, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        length -= (size_t)n;
    }
}

void host_panic(const char *message) {
    host_log("c2w: ", 5);
    host_log(message, strlen(message));
    host_log("\n", 1);
    abort();
}

int host_grow_memory(uint64_t guest_end) { return guest_end <= MEMORY_LIMIT ? 0 : -ENOMEM; }

uint64_t host_image_size(void) { return host.image_size; }

void host_image_read(void *to, uint64_t offset, uint32_t length) {
    if (offset > host.image_size || length > host.image_size - offset)
        host_panic("read behind the end of the root file system image");
    memcpy(to, host.image + offset, length);
}

uint64_t host_clock(int clock) {
    struct timespec now;
    if (clock_gettime(clock ? CLOCK_MONOTONIC : CLOCK_REALTIME, &now) < 0)
        host_panic("no clock");
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

void host_random(void *to, size_t length) {
    for (unsigned char *next = to; length;) {
        ssize_t n = getrandom(next, length, 0);
        if (n < 0 && errno != EINTR)
            host_panic("no entropy");
        if (n <= 0)
            continue;
        next += n;
        length -= (size_t)n;
    }
}

/* The value of a system call expression that is tried again after EINTR; -errno on failure. */
#define TRY(call)                                                                                  \
    ({                                                                                             \
        int64_t result_;                                                                           \
        do                                                                                         \
            result_ = (call);                                                                      \
        while (result_ < 0 && errno == EINTR);                                                     \
        result_ < 0 ? -(int64_t)errno : result_;                                                   \
    })

/* Standard streams block, even when whoever shares them made them non-blocking. */
static bool retry_stream(int64_t result, int fd, short events) {
    if (result != -EAGAIN || fd > STDERR_FILENO)
        return false;
    struct pollfd wait = {.fd = fd, .events = events};
    poll(&wait, 1, -1);
    return true;
}

int64_t host_read(int fd, void *to, size_t length) {
    int64_t result;
    do
        result = TRY(read(fd, to, length));
    while (retry_stream(result, fd, POLLIN));
    return result;
}

int64_t host_write(int fd, const void *from, size_t length) {
    int64_t result;
    do
        result = TRY(write(fd, from, length));
    while (retry_stream(result, fd, POLLOUT));
    return result;
}

int64_t host_pread(int fd, void *to, size_t length, uint64_t offset) {
    return TRY(pread(fd, to, length, (off_t)offset));
}
int64_t host_pwrite(int fd, const void *from, size_t length, uint64_t offset) {
    return TRY(pwrite(fd, from, length, (off_t)offset));
}
int64_t host_seek(int fd, int64_t offset, int whence) { return TRY(lseek(fd, offset, whence)); }
int host_close(int fd) { return close(fd) < 0 ? -errno : 0; }
int host_sync(int fd) { return (int)TRY(fsync(fd)); }
bool host_is_tty(int fd) { return isatty(fd); }

static uint64_t nanoseconds(struct timespec time) {
    return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

void posix_convert_stat(const struct stat *from, struct host_stat *to) {
    *to = (struct host_stat){.ino = from->st_ino,
                             .size = (uint64_t)from->st_size,
                             .atime = nanoseconds(from->st_atim),
                             .mtime = nanoseconds(from->st_mtim),
                             .ctime = nanoseconds(from->st_ctim),
                             .mode = from->st_mode,
                             .nlink = (uint32_t)from->st_nlink};
}

int host_fstat(int fd, struct host_stat *st) {
    struct stat host_st;
    if (fstat(fd, &host_st) < 0)
        return -errno;
    posix_convert_stat(&host_st, st);
    return 0;
}

int host_truncate(int fd, uint64_t size) { return (int)TRY(ftruncate(fd, (off_t)size)); }

static struct timespec time_or_omit(uint64_t time) {
    if (time == UINT64_MAX)
        return (struct timespec){.tv_nsec = UTIME_OMIT};
    return (struct timespec){(time_t)(time / NS_PER_SECOND), (long)(time % NS_PER_SECOND)};
}

int host_set_times(int fd, uint64_t atime, uint64_t mtime) {
    return (int)TRY(futimens(fd, (struct timespec[2]){time_or_omit(atime), time_or_omit(mtime)}));
}

int host_preopen(unsigned index, int *fd, const char **name) {
    if (index >= host.preopen_count)
        return -ENOENT;
    *fd = host.preopens[index].fd;
    *name = host.preopens[index].name;
    return 0;
}

int host_accept(int fd) { return (int)TRY(accept4(fd, NULL, NULL, SOCK_CLOEXEC)); }
int host_shutdown(int fd, int how) { return shutdown(fd, how) < 0 ? -errno : 0; }

int host_poll(struct host_poll *polls, unsigned count, uint64_t timeout) {
    enum { POLL_MAX = 64 };
    struct pollfd fds[POLL_MAX];
    if (count > POLL_MAX)
        return -EINVAL;
    bool ready_now = false;
    for (unsigned i = 0; i < count; i++) {
        /* As in the wasm build, standard output and error always count as writable. */
        bool output = polls[i].fd == STDOUT_FILENO || polls[i].fd == STDERR_FILENO;
        polls[i].ready = output ? polls[i].want & POLLOUT : 0;
        ready_now |= polls[i].ready != 0;
        fds[i] = (struct pollfd){polls[i].fd, (short)(polls[i].want & ~polls[i].ready), 0};
        if (!fds[i].events)
            fds[i].fd = -1;
    }
    if (ready_now)
        timeout = 0;
    struct timespec limit = {(time_t)(timeout / NS_PER_SECOND), (long)(timeout % NS_PER_SECOND)};
    int n = ppoll(fds, count, timeout == UINT64_MAX ? NULL : &limit, NULL);
    if (n < 0)
        return -errno;
    int ready = 0;
    for (unsigned i = 0; i < count; i++) {
        polls[i].ready |= (uint16_t)fds[i].revents & (POLLIN | POLLOUT | POLLHUP | POLLERR);
        ready += polls[i].ready != 0;
    }
    return ready;
}
