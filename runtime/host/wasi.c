/* WASI preview 1 backend: start, memory, image, clocks and descriptors (host.h).  What engines do
 * differently is listed in README.md; the code that copes with it says so. */
#include "host.h"

#include <string.h>

#include "../guest_memory.h"
#include "../kernel/linux_abi.h"
#include "../rootfs.h"
#include "heap.h"
#include "wasi_api.h"

#define WASM_PAGE 65536u

int kernel_main(void);
/* memory.init from data segment 0, the root file system image (image_init.s). */
void host_image_init(void *to, uint32_t offset, uint32_t length);

static struct {
    bool ready;
    struct host_strings args, env;
    uint64_t image_size;
} host;

/* Indexed by the preview 1 errno. */
static const uint8_t linux_errors[] = {
    0,
    E2BIG,
    EACCES,
    EADDRINUSE,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    EAGAIN,
    EALREADY,
    EBADF,
    EBADMSG,
    EBUSY,
    ECANCELED,
    ECHILD,
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EDEADLK,
    EDESTADDRREQ,
    EDOM,
    EDQUOT,
    EEXIST,
    EFAULT,
    EFBIG,
    EHOSTUNREACH,
    43 /* EIDRM */,
    84 /* EILSEQ */,
    EINPROGRESS,
    EINTR,
    EINVAL,
    EIO,
    EISCONN,
    EISDIR,
    ELOOP,
    EMFILE,
    EMLINK,
    EMSGSIZE,
    72 /* EMULTIHOP */,
    ENAMETOOLONG,
    ENETDOWN,
    102 /* ENETRESET */,
    ENETUNREACH,
    ENFILE,
    ENOBUFS,
    ENODEV,
    ENOENT,
    ENOEXEC,
    ENOLCK,
    67 /* ENOLINK */,
    ENOMEM,
    42 /* ENOMSG */,
    ENOPROTOOPT,
    ENOSPC,
    ENOSYS,
    ENOTCONN,
    ENOTDIR,
    ENOTEMPTY,
    ENOTRECOVERABLE,
    ENOTSOCK,
    EOPNOTSUPP,
    ENOTTY,
    ENXIO,
    EOVERFLOW,
    EOWNERDEAD,
    EPERM,
    EPIPE,
    EPROTO,
    EPROTONOSUPPORT,
    EPROTOTYPE,
    ERANGE,
    EROFS,
    ESPIPE,
    ESRCH,
    ESTALE,
    ETIMEDOUT,
    ETXTBSY,
    EXDEV,
    EPERM /* ENOTCAPABLE: the directory's rights do not allow it */,
};
_Static_assert(sizeof linux_errors == 77, "preview 1 has 77 error numbers");

int wasi_error(wasi_errno error) {
    return error < sizeof linux_errors ? -(int)linux_errors[error] : -EIO;
}

void host_log(const char *text, size_t length) {
    while (length) {
        struct wasi_iovec iov = {(void *)(uintptr_t)text, length};
        size_t written = 0;
        if (wasi_fd_write(2, &iov, 1, &written) != WASI_ESUCCESS || !written)
            return;
        text += written;
        length -= written;
    }
}

void host_panic(const char *message) {
    host_log("c2w: ", 5);
    host_log(message, strlen(message));
    host_log("\n", 1);
    __builtin_trap();
}

void host_exit(int status) { wasi_proc_exit((uint32_t)status); }

/* Arguments or environment: pointers and strings in heap blocks of their own. */
static struct host_strings read_strings(wasi_errno (*sizes)(size_t *, size_t *),
                                        wasi_errno (*get)(char **, char *)) {
    size_t count = 0, size = 0;
    if (sizes(&count, &size) != WASI_ESUCCESS)
        host_panic("no arguments or environment");
    /* wazero and others write nothing for a count of 0, where the pointers do not matter. */
    char **pointers = heap_alloc((count + 1) * sizeof *pointers);
    if (get(pointers, heap_alloc(size + 1)) != WASI_ESUCCESS)
        host_panic("no arguments or environment");
    return (struct host_strings){(uint32_t)count, pointers};
}

void host_init(void) {
    if (host.ready)
        return;
    host.ready = true;
    if (host_grow_memory(0) < 0)
        host_panic("the engine gives no memory");
    host.args = read_strings(wasi_args_sizes_get, wasi_args_get);
    if (host.args.count)
        host.args = (struct host_strings){host.args.count - 1, host.args.strings + 1};
    host.env = read_strings(wasi_environ_sizes_get, wasi_environ_get);
    struct rootfs_header header;
    host_image_init(&header, 0, sizeof header);
    if (memcmp(header.magic, ROOTFS_MAGIC, sizeof header.magic) != 0)
        host_panic("the module has no root file system image");
    host.image_size = header.size;
}

/* Made by wasm-ld.  There is no constructor; but where nobody calls this, wasm-ld wraps exports in
 * calls of it and of wasi-libc's exit handlers. */
void __wasm_call_ctors(void);

__attribute__((export_name("_start"))) void _start(void) {
    __wasm_call_ctors();
    host_init();
    host_exit(kernel_main());
}

struct host_strings host_args(void) { return host.args; }
struct host_strings host_env(void) { return host.env; }

int host_grow_memory(uint64_t guest_end) {
    uint64_t end = GUEST_BASE + guest_end,
             size = (uint64_t)__builtin_wasm_memory_size(0) * WASM_PAGE;
    if (end <= size)
        return 0;
    size_t needed = (size_t)((end - size + WASM_PAGE - 1) / WASM_PAGE);
    /* Some engines copy the whole memory to grow it: grow in proportion while that is possible. */
    size_t ahead = (size_t)(size / 8 / WASM_PAGE);
    if (ahead > needed && __builtin_wasm_memory_grow(0, ahead) != SIZE_MAX)
        return 0;
    return __builtin_wasm_memory_grow(0, needed) == SIZE_MAX ? -ENOMEM : 0;
}

uint64_t host_image_size(void) { return host.image_size; }

void host_image_read(void *to, uint64_t offset, uint32_t length) {
    if (offset > host.image_size || length > host.image_size - offset)
        host_panic("read behind the end of the root file system image");
    host_image_init(to, (uint32_t)offset, length);
}

uint64_t host_clock(int clock) {
    uint64_t time;
    uint32_t id = clock ? WASI_CLOCK_MONOTONIC : WASI_CLOCK_REALTIME;
    if (wasi_clock_time_get(id, 1, &time) != WASI_ESUCCESS)
        host_panic("the engine has no clock");
    return time;
}

void host_random(void *to, size_t length) {
    /* Some engines limit one request to 64 KiB. */
    for (unsigned char *next = to; length;) {
        size_t part = length < 65536 ? length : 65536;
        if (wasi_random_get(next, part) != WASI_ESUCCESS)
            host_panic("the engine has no entropy");
        next += part;
        length -= part;
    }
}

/* Waits for a descriptor that refused to block: standard streams may have been made non-blocking by
 * whoever shares them. */
static void wait_ready(int fd, bool input) {
    struct wasi_subscription in = {.type = WASI_EVENT_FD_READ, .fd = (uint32_t)fd};
    struct wasi_event out;
    size_t events;
    if (input && wasi_poll_oneoff(&in, &out, 1, &events) == WASI_ESUCCESS)
        return;
    in = (struct wasi_subscription){.type = WASI_EVENT_CLOCK,
                                    .clock = {WASI_CLOCK_MONOTONIC, 1000000, 1, 0}};
    wasi_poll_oneoff(&in, &out, 1, &events);
}

int64_t host_read(int fd, void *to, size_t length) {
    struct wasi_iovec iov = {to, length};
    for (;;) {
        size_t n = 0;
        wasi_errno error = wasi_fd_read(fd, &iov, 1, &n);
        if (error != WASI_EAGAIN || fd > 2)
            return error ? wasi_error(error) : (int64_t)n;
        wait_ready(fd, true);
    }
}

int64_t host_write(int fd, const void *from, size_t length) {
    struct wasi_iovec iov = {(void *)(uintptr_t)from, length};
    for (;;) {
        size_t n = 0;
        wasi_errno error = wasi_fd_write(fd, &iov, 1, &n);
        if (error != WASI_EAGAIN || fd > 2)
            return error ? wasi_error(error) : (int64_t)n;
        wait_ready(fd, false);
    }
}

int64_t host_pread(int fd, void *to, size_t length, uint64_t offset) {
    struct wasi_iovec iov = {to, length};
    size_t n = 0;
    wasi_errno error = wasi_fd_pread(fd, &iov, 1, offset, &n);
    return error ? wasi_error(error) : (int64_t)n;
}

int64_t host_pwrite(int fd, const void *from, size_t length, uint64_t offset) {
    struct wasi_iovec iov = {(void *)(uintptr_t)from, length};
    size_t n = 0;
    wasi_errno error = wasi_fd_pwrite(fd, &iov, 1, offset, &n);
    return error ? wasi_error(error) : (int64_t)n;
}

int64_t host_seek(int fd, int64_t offset, int whence) {
    uint64_t position = 0;
    if (whence < 0 || whence > 2)
        return -EINVAL;
    wasi_errno error = wasi_fd_seek(fd, offset, (uint8_t)whence, &position);
    return error ? wasi_error(error) : (int64_t)position;
}

int host_close(int fd) { return wasi_error(wasi_fd_close(fd)); }
int host_sync(int fd) { return wasi_error(wasi_fd_sync(fd)); }

/* As wasi-libc's isatty: a character device without seek rights. */
bool host_is_tty(int fd) {
    struct wasi_fdstat stat;
    return wasi_fd_fdstat_get(fd, &stat) == WASI_ESUCCESS &&
           stat.filetype == WASI_CHARACTER_DEVICE &&
           !(stat.rights_base & (WASI_FD_SEEK | WASI_FD_TELL));
}

/* Preview 1 has no permission bits and no pipes.  Regular files are executable, else nothing in a
 * mounted directory could be run. */
static const uint32_t file_modes[] = {
    [WASI_UNKNOWN] = 0010600,          [WASI_BLOCK_DEVICE] = 0060600,
    [WASI_CHARACTER_DEVICE] = 0020620, [WASI_DIRECTORY] = 0040755,
    [WASI_REGULAR_FILE] = 0100755,     [WASI_SOCKET_DGRAM] = 0140755,
    [WASI_SOCKET_STREAM] = 0140755,    [WASI_SYMBOLIC_LINK] = 0120777,
};

uint32_t wasi_mode(uint8_t filetype) {
    return file_modes[filetype <= WASI_SYMBOLIC_LINK ? filetype : WASI_UNKNOWN];
}

void wasi_convert_stat(const struct wasi_filestat *from, struct host_stat *to) {
    *to = (struct host_stat){.ino = from->ino,
                             .size = from->size,
                             .atime = from->atim,
                             .mtime = from->mtim,
                             .ctime = from->ctim,
                             .mode = wasi_mode(from->filetype),
                             .nlink = from->nlink ? (uint32_t)from->nlink : 1};
}

int host_fstat(int fd, struct host_stat *st) {
    struct wasi_filestat stat;
    wasi_errno error = wasi_fd_filestat_get(fd, &stat);
    if (error)
        return wasi_error(error);
    /* A pipe on a standard stream is a socket to some engines. */
    if (fd <= 2 && stat.filetype == WASI_SOCKET_STREAM)
        stat.filetype = WASI_UNKNOWN;
    wasi_convert_stat(&stat, st);
    return 0;
}

int host_truncate(int fd, uint64_t size) { return wasi_error(wasi_fd_filestat_set_size(fd, size)); }

int host_set_times(int fd, uint64_t atime, uint64_t mtime) {
    unsigned flags =
        (atime != UINT64_MAX ? WASI_SET_ATIM : 0) | (mtime != UINT64_MAX ? WASI_SET_MTIM : 0);
    return wasi_error(wasi_fd_filestat_set_times(
        fd, flags & WASI_SET_ATIM ? atime : 0, flags & WASI_SET_MTIM ? mtime : 0, (uint16_t)flags));
}

int host_accept(int fd) {
    int accepted = -1;
    wasi_errno error = wasi_sock_accept(fd, 0, &accepted);
    return error ? wasi_error(error) : accepted;
}

int host_shutdown(int fd, int how) {
    static const uint8_t directions[] = {WASI_SHUTDOWN_READ, WASI_SHUTDOWN_WRITE,
                                         WASI_SHUTDOWN_READ | WASI_SHUTDOWN_WRITE};
    if (how < 0 || how > 2)
        return -EINVAL;
    return wasi_error(wasi_sock_shutdown(fd, directions[how]));
}

enum { POLL_READ = 1, POLL_WRITE = 4, POLL_HANGUP = 16 };

/* Whether polling would be wrong or not work: files are always ready, and engines that ask epoll
 * refuse them; standard output is not polled. */
static bool always_ready(int fd) {
    if (fd == 1 || fd == 2)
        return true;
    struct wasi_fdstat stat;
    return wasi_fd_fdstat_get(fd, &stat) != WASI_ESUCCESS || stat.filetype == WASI_REGULAR_FILE ||
           stat.filetype == WASI_DIRECTORY;
}

int host_poll(struct host_poll *polls, unsigned count, uint64_t timeout) {
    enum { POLL_MAX = 64 };
    static struct wasi_subscription in[2 * POLL_MAX + 1];
    static struct wasi_event out[2 * POLL_MAX + 1];
    if (count > POLL_MAX)
        return -EINVAL;
    size_t asked = 0, events = 0;
    bool ready_now = false;
    for (unsigned i = 0; i < count; i++) {
        const struct host_poll *p = &polls[i];
        polls[i].ready = always_ready(p->fd) ? p->want & (POLL_READ | POLL_WRITE) : 0;
        ready_now |= polls[i].ready != 0;
        uint16_t want = p->want & (uint16_t)~p->ready;
        for (unsigned type = WASI_EVENT_FD_READ; type <= WASI_EVENT_FD_WRITE; type++)
            if (want & (type == WASI_EVENT_FD_READ ? POLL_READ : POLL_WRITE))
                in[asked++] = (struct wasi_subscription){i, (uint8_t)type, .fd = (uint32_t)p->fd};
    }
    if (ready_now)
        timeout = 0;
    if (timeout != UINT64_MAX && (asked || timeout))
        in[asked++] = (struct wasi_subscription){count, WASI_EVENT_CLOCK,
                                                 .clock = {WASI_CLOCK_MONOTONIC, timeout, 1, 0}};
    if (asked && wasi_poll_oneoff(in, out, asked, &events) != WASI_ESUCCESS) {
        /* The engine cannot poll these descriptors (epoll refuses /dev/null): reading tells. */
        for (size_t i = 0; i < asked; i++)
            out[i] = (struct wasi_event){.userdata = in[i].userdata, .type = in[i].type};
        events = asked;
    }
    for (size_t i = 0; i < events; i++) {
        if (out[i].type == WASI_EVENT_CLOCK || out[i].userdata >= count)
            continue;
        struct host_poll *p = &polls[out[i].userdata];
        p->ready |= out[i].type == WASI_EVENT_FD_READ ? POLL_READ : POLL_WRITE;
        if (out[i].flags & WASI_EVENT_HANGUP)
            p->ready |= POLL_HANGUP;
    }
    int ready = 0;
    for (unsigned i = 0; i < count; i++)
        ready += polls[i].ready != 0;
    return ready;
}
