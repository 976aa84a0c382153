/* Stands in for the kernel: calls every function of host.h and prints what came of it.  Linked with
 * the native backend it gives the expected output, with the WASI backend that of an engine.  Only
 * what all hosts can agree on is printed (no inode numbers, no permission bits). */
#include "../../runtime/host/host.h"

#include <stdio.h>
#include <string.h>

#include "../../runtime/guest_memory.h"
#include "../../runtime/host/heap.h"

int kernel_main(void);

enum { RDONLY = 0, WRONLY = 1, RDWR = 2, CREAT = 0100, EXCL = 0200, TRUNC = 01000, APPEND = 02000 };
enum { DIRECTORY = 0200000, TYPE_MASK = 0170000 };
#define SECOND 1000000000ull

static void say(const char *text) { host_write(1, text, strlen(text)); }

static void say_number(int64_t value) {
    char digits[24];
    int at = sizeof digits - 1;
    bool negative = value < 0;
    uint64_t rest = negative ? 0 - (uint64_t)value : (uint64_t)value;
    digits[at] = 0;
    do
        digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (negative)
        digits[--at] = '-';
    say(digits + at);
}

static void show(const char *what, int64_t value) {
    say(what);
    say(": ");
    say_number(value);
    say("\n");
}

static void show_text(const char *what, const char *text) {
    say(what);
    say(": ");
    say(text);
    say("\n");
}

/* A descriptor's number differs between hosts; whether there is one does not. */
static int show_open(const char *what, int fd) {
    show(what, fd < 0 ? fd : 0);
    return fd;
}

static void probe_start(void) {
    struct host_strings args = host_args(), env = host_env();
    for (uint32_t i = 0; i < args.count; i++)
        show_text("argument", args.strings[i]);
    for (uint32_t i = 0; i < env.count; i++)
        show_text("environment", env.strings[i]);
    char end[9] = "";
    show("image", (int64_t)host_image_size());
    host_image_read(end, host_image_size() - 8, 8);
    show_text("its end", end);
    unsigned char random[300] = {0};
    host_random(random, sizeof random);
    unsigned zeros = 0;
    for (unsigned i = 0; i < sizeof random; i++)
        zeros += random[i] == 0;
    show("random bytes", zeros < 30);
}

/* Grows in many steps and uses every host call's pointers in between. */
static void probe_memory(void) {
    for (uint64_t size = 1 << 20; size <= 200u << 20; size += 1 << 20) {
        if (host_grow_memory(size) < 0)
            show("cannot grow", (int64_t)size);
        volatile unsigned char *last = guest_pointer(size - 1);
        if (*last)
            show("not zero", (int64_t)size);
        *last = 1;
        uint64_t bytes[2] = {0, 0};
        host_random(bytes, sizeof bytes);
        if (!bytes[0] && !bytes[1])
            show("random bytes lost", (int64_t)size);
    }
    show("over the limit", host_grow_memory(3ull << 30));
}

static void probe_time(void) {
    uint64_t wall = host_clock(0), start = host_clock(1);
    show("year is plausible", wall > 1700000000 * SECOND && wall < 4000000000 * SECOND);
    show("sleep", host_poll(NULL, 0, 30000000));
    uint64_t slept = host_clock(1) - start;
    show("long enough", slept >= 30000000 && slept < 3 * SECOND);
    struct host_poll output = {1, 4, 0};
    show("output is writable", host_poll(&output, 1, UINT64_MAX));
    show("ready bits", output.ready);
}

/* The wasm build has a snprintf of its own. */
static void probe_format(void) {
    char line[200];
    int length = 0;
#define FORMAT(...)                                                                                \
    do {                                                                                           \
        length = snprintf(line, sizeof line, __VA_ARGS__);                                         \
        show_text("format", line);                                                                 \
        show("length", length);                                                                    \
    } while (0)
    FORMAT("%d|%5d|%-5d|%05d|%i", -3, 42, 42, -42, 0);
    FORMAT("%x %08x %X %o %u", 255u, 0xabcu, 0xabcu, 8u, ~0u);
    FORMAT("%llu %16llx|%016llx|%-20llu|", ~0ull, 0x1234ull, 0x1234ull, 7ull);
    FORMAT("%lld %lld", (long long)INT64_MIN, (long long)INT64_MAX);
    FORMAT("%.*s|%-10s|%10s|%.3s|%s", 2, "abcd", "ab", "cd", "efgh", "");
    FORMAT("%c%%%3c|%-3c|", 'x', 'y', 'z');
    FORMAT("%hhu %hd %hu", (unsigned char)200, (short)-4, (unsigned short)60000);
    FORMAT("%zu %.5d|%.0d|%8.3u|%*d|%-*d|", sizeof(int), 42, 0, 7u, 6, 1, 6, 2);
    char small[20];
    volatile size_t room = 5; /* or the compiler warns */
    length = snprintf(small, room, "%s", "does not fit");
    show_text("cut off", small);
    show("whole length", length);
}

static bool list_entry(void *context, const char *name, uint64_t ino, uint32_t mode_type) {
    (void)ino;
    uint32_t *names = context;
    /* Order differs between hosts: a sum stands for the set. */
    for (const char *c = name; *c; c++)
        *names += (uint32_t)(unsigned char)*c * 31u;
    *names += mode_type;
    return true;
}

static bool stop_listing(void *context, const char *name, uint64_t ino, uint32_t mode_type) {
    (void)name, (void)ino, (void)mode_type;
    ++*(uint32_t *)context;
    return false;
}

static void probe_directories(int dir) {
    show("mkdir", host_mkdir(dir, "d"));
    show("mkdir again", host_mkdir(dir, "d"));
    show("mkdir below nothing", host_mkdir(dir, "none/d"));
    uint32_t sum = 0, count = 0;
    char name[] = "d/file000";
    for (int i = 0; i < 600; i++) {
        name[6] = (char)('0' + i / 100), name[7] = (char)('0' + i / 10 % 10);
        name[8] = (char)('0' + i % 10);
        int fd = host_open(dir, name, WRONLY | CREAT | EXCL, 0644);
        if (fd < 0)
            show("create", fd);
        host_close(fd);
    }
    int fd = show_open("open directory", host_open(dir, "d", RDONLY | DIRECTORY, 0));
    show("list", host_read_directory(fd, list_entry, &sum));
    show("names", sum);
    show("list until stopped", host_read_directory(fd, stop_listing, &count));
    show("stopped after", count);
    show("rmdir not empty", host_unlink(dir, "d", true));
    show("file below directory",
         show_open("open below it", host_open(fd, "file007", RDONLY, 0)) < 0);
    show("close", host_close(fd));
    for (int i = 0; i < 600; i++) {
        name[6] = (char)('0' + i / 100), name[7] = (char)('0' + i / 10 % 10);
        name[8] = (char)('0' + i % 10);
        if (host_unlink(dir, name, false) < 0)
            show("cannot remove", i);
    }
    show("rmdir", host_unlink(dir, "d", true));
    show("rmdir again", host_unlink(dir, "d", true));
    show_open("directory for writing", host_open(dir, ".", WRONLY, 0));
    show_open("file as directory", host_open(dir, "given", RDONLY | DIRECTORY, 0));
    show_open("below a file", host_open(dir, "given/x", RDONLY, 0));
}

static void probe_files(int dir) {
    char buffer[64];
    struct host_stat st;
    int fd = show_open("create", host_open(dir, "f", RDWR | CREAT | EXCL, 0644));
    show("write", host_write(fd, "0123456789", 10));
    show("position", host_seek(fd, 0, 1));
    show("seek", host_seek(fd, 4, 0));
    memset(buffer, 0, sizeof buffer);
    show("read", host_read(fd, buffer, 3));
    show_text("bytes", buffer);
    show("position", host_seek(fd, 0, 1));
    show("seek from end", host_seek(fd, -2, 2));
    show("read", host_read(fd, buffer, 30));
    show("read at end", host_read(fd, buffer, 30));
    show("seek before start", host_seek(fd, -20, 1));
    show("pwrite", host_pwrite(fd, "abc", 3, 12));
    show("pread", host_pread(fd, buffer, 8, 8));
    show("hole", buffer[2] | buffer[3]);
    show("position", host_seek(fd, 0, 1));
    show("fstat", host_fstat(fd, &st));
    show("size", (int64_t)st.size);
    show("type", st.mode & TYPE_MASK);
    show("truncate", host_truncate(fd, 5));
    show("set times", host_set_times(fd, 100 * SECOND, 200 * SECOND));
    show("set one time", host_set_times(fd, UINT64_MAX, 300 * SECOND));
    show("fstat", host_fstat(fd, &st));
    show("size", (int64_t)st.size);
    show("atime", (int64_t)(st.atime / SECOND));
    show("mtime", (int64_t)(st.mtime / SECOND));
    show("sync", host_sync(fd));
    struct host_poll poll = {fd, 1, 0};
    show("a file is readable", host_poll(&poll, 1, UINT64_MAX));
    show("is a terminal", host_is_tty(fd));
    show("close", host_close(fd));

    show_open("create again", host_open(dir, "f", RDWR | CREAT | EXCL, 0644));
    fd = show_open("append", host_open(dir, "f", WRONLY | APPEND, 0));
    show("write", host_write(fd, "xyz", 3));
    show("write", host_write(fd, "xyz", 3));
    host_close(fd);
    show("stat", host_stat(dir, "f", &st));
    show("size", (int64_t)st.size);
    fd = show_open("truncating", host_open(dir, "f", WRONLY | TRUNC, 0));
    host_close(fd);
    host_stat(dir, "f", &st);
    show("size", (int64_t)st.size);
    fd = show_open("read only", host_open(dir, "f", RDONLY, 0));
    show("write is refused", host_write(fd, "x", 1) < 0);
    host_close(fd);
    show("unlink", host_unlink(dir, "f", false));
    show("unlink again", host_unlink(dir, "f", false));
    show("stat of nothing", host_stat(dir, "f", &st));
    show_open("open of nothing", host_open(dir, "f", RDONLY, 0));
    show("closed descriptor", host_read(fd, buffer, 1));
}

static void probe_links(int dir) {
    char buffer[64] = "";
    struct host_stat st;
    show("symlink", host_symlink("given", dir, "s"));
    show("symlink again", host_symlink("given", dir, "s"));
    show("readlink", host_readlink(dir, "s", buffer, sizeof buffer));
    show_text("target", buffer);
    show("readlink of a file", host_readlink(dir, "given", buffer, sizeof buffer));
    show("lstat", host_stat(dir, "s", &st));
    show("type", st.mode & TYPE_MASK);
    show("not followed", host_open(dir, "s", RDONLY, 0) < 0);
    show("link", host_link(dir, "given", dir, "l"));
    show("link again", host_link(dir, "given", dir, "l"));
    host_stat(dir, "l", &st);
    show("links", st.nlink);
    show("rename", host_rename(dir, "l", dir, "m"));
    show("source is gone", host_stat(dir, "l", &st));
    show("rename of nothing", host_rename(dir, "l", dir, "m"));
    show("mkdir", host_mkdir(dir, "e"));
    show("directory over file", host_rename(dir, "e", dir, "m"));
    show("file over directory", host_rename(dir, "m", dir, "e"));
    show("rmdir of a file", host_unlink(dir, "m", true));
    show("unlink of a directory", host_unlink(dir, "e", false) < 0);
    show("rmdir", host_unlink(dir, "e", true));
    show("unlink", host_unlink(dir, "m", false));
    show("unlink", host_unlink(dir, "s", false));
}

static void probe_confinement(int dir) {
    struct host_stat st;
    show("..", host_stat(dir, "..", &st) < 0);
    show("../x", host_open(dir, "../outside", RDONLY, 0) < 0);
    show("create outside", host_open(dir, "../created", WRONLY | CREAT, 0644) < 0);
    show("through a link", host_open(dir, "out/outside", RDONLY, 0) < 0);
}

/* Copies standard input to standard output, as it is. */
static void probe_streams(void) {
    static unsigned char buffer[40000];
    struct host_poll input = {0, 1, 0};
    int64_t n;
    do {
        if (host_poll(&input, 1, UINT64_MAX) != 1)
            show("no input", input.ready);
        n = host_read(0, buffer, sizeof buffer);
        for (int64_t done = 0; done < n;) {
            int64_t written = host_write(1, buffer + done, (size_t)(n - done));
            if (written <= 0) {
                host_log("write failed\n", 13);
                host_exit(3);
            }
            done += written;
        }
    } while (n > 0);
}

int kernel_main(void) {
    struct host_strings args = host_args();
    if (args.count && strcmp(args.strings[0], "copy") == 0) {
        probe_streams();
        return 0;
    }
    if (args.count && strcmp(args.strings[0], "panic") == 0)
        host_panic("as it was told");
    probe_start();
    probe_memory();
    probe_time();
    probe_format();
    int dir = -1;
    const char *name = "none";
    bool mounted = host_preopen(0, &dir, &name) == 0;
    if (mounted) {
        show_text("preopen", name);
        probe_directories(dir);
        probe_files(dir);
        probe_links(dir);
        probe_confinement(dir);
    }
    show_open("second preopen", host_preopen(1, &dir, &name));
    heap_free(heap_alloc(100000));
    host_log("diagnostics\n", 12);
    return 42;
}
