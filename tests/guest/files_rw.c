/* read, write, vectors, positions, truncate, holes, sendfile, copy_file_range. */
#include "guest.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

static char buffer[100000];
static void *volatile bad_pointer = (void *)8;

static void print_file(const char *name, int fd) {
    ssize_t n = pread(fd, buffer, 200, 0);
    printf("%s: %ld \"", name, (long)n);
    for (ssize_t i = 0; i < n; i++)
        putchar(buffer[i] >= ' ' && buffer[i] <= '~' ? buffer[i] : '.');
    puts("\"");
}

static long size_of(int fd) {
    struct stat st;
    fstat(fd, &st);
    return st.st_size;
}

static void positions(void) {
    int fd = open("/data/lines", O_RDWR);
    result("read", read(fd, buffer, 6));
    result("SEEK_CUR", lseek(fd, 0, SEEK_CUR));
    result("SEEK_END", lseek(fd, -5, SEEK_END));
    result("read to the end", read(fd, buffer, 100));
    result("read at the end", read(fd, buffer, 100));
    result("beyond", lseek(fd, 1000, SEEK_SET));
    result("read beyond", read(fd, buffer, 100));
    result("negative", lseek(fd, -1, SEEK_SET));
    result("bad whence", lseek(fd, 0, 9));
    result("pread", pread(fd, buffer, 5, 6));
    result("position stays", lseek(fd, 0, SEEK_CUR));
    result("pread negative", pread(fd, buffer, 5, -1));
    result("pwrite", pwrite(fd, "FIRST", 5, 0));
    print_file("image file changed", fd);
    result("hard link sees it", open("/data/hard", O_RDONLY) >= 0);
    print_file("other name", fd + 1);
    result("write-only read", read(open("/data/lines", O_WRONLY), buffer, 1));
    result("read-only write", write(open("/data/lines", O_RDONLY), "x", 1));
    result("bad pointer", read(fd, bad_pointer, 1));
    lseek(fd, 0, SEEK_SET);
    result("bad pointer at data", read(fd, bad_pointer, 1));
    result("bad pointer write", write(fd, bad_pointer, 1));
    result("zero bytes", write(fd, NULL, 0));
    result("directory", read(open("/data", O_RDONLY), buffer, 1));
    result("bad descriptor", read(99, buffer, 1));
    closefrom(3);
}

static void writing(void) {
    int fd = open("/tmp/written", O_RDWR | O_CREAT, 0600),
        append = open("/tmp/written", O_WRONLY | O_APPEND);
    result("write", write(fd, "0123456789", 10));
    result("append", write(append, "AB", 2));
    result("its position", lseek(append, 0, SEEK_CUR));
    result("pwrite appends too", pwrite(append, "C", 1, 0));
    print_file("now", fd);
    result("hole", pwrite(fd, "end", 3, 9000));
    printf("size %ld\n", size_of(fd));
    memset(buffer, 1, sizeof buffer);
    result("read the hole", pread(fd, buffer, 20, 4090));
    printf("%d %d\n", buffer[0], buffer[19]);
    result("ftruncate", ftruncate(fd, 5));
    result("and longer", ftruncate(fd, 20));
    print_file("zeroes", fd);
    result("ftruncate negative", ftruncate(fd, -1));
    result("ftruncate read-only", ftruncate(open("/tmp/written", O_RDONLY), 1));
    result("truncate", truncate("/tmp/written", 3));
    result("truncate a directory", truncate("/tmp", 3));
    result("truncate missing", truncate("/tmp/no", 3));
    print_file("now", fd);
    result("fallocate", fallocate(fd, 0, 0, 10000));
    printf("size %ld\n", size_of(fd));
    result("keep size", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20000));
    printf("size %ld\n", size_of(fd));
    result("fallocate zero", fallocate(fd, 0, 0, 0));
    pwrite(fd, "xxxxxxxx", 8, 4094);
    result("punch", fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 4096, 4096));
    pread(fd, buffer, 8, 4094);
    printf("%d %d %d\n", buffer[0], buffer[1], buffer[2]);
    for (int i = 0; i < 100; i++)
        memset(buffer + i * 1000, 'a' + i % 26, 1000);
    result("large", pwrite(fd, buffer, sizeof buffer, 12345));
    memset(buffer, 0, sizeof buffer);
    result("large", pread(fd, buffer, sizeof buffer, 12345));
    int good = 1;
    for (int i = 0; i < 100000; i++)
        good &= buffer[i] == 'a' + i / 1000 % 26;
    check("contents", good);
    closefrom(3);
}

static void vectors(void) {
    int fd = open("/tmp/v", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct iovec out[3] = {{"one ", 4}, {NULL, 0}, {"two", 3}};
    result("writev", writev(fd, out, 3));
    result("pwritev", pwritev(fd, out, 3, 20));
    result("position", lseek(fd, 0, SEEK_CUR));
    print_file("now", fd);
    char a[3], b[10];
    struct iovec in[2] = {{a, 3}, {b, 10}};
    result("readv at the end", readv(fd, in, 2));
    result("preadv", preadv(fd, in, 2, 2));
    printf("%.3s %.2s\n", a, b);
    result("preadv2 -1", preadv2(fd, in, 2, -1, 0));
    result("pwritev2 append", pwritev2(fd, out, 1, 0, RWF_APPEND));
    result("preadv2 flags", preadv2(fd, in, 2, 0, 0x4000));
    result("too many", syscall(SYS_readv, fd, in, 1025));
    result("none", readv(fd, in, 0));
    in[1].iov_len = (size_t)-1;
    result("negative length", readv(fd, in, 2));
    in[1].iov_base = bad_pointer;
    in[1].iov_len = 5;
    lseek(fd, 0, SEEK_SET);
    result("bad second buffer", readv(fd, in, 2));
    close(fd);
}

static void copies(void) {
    int in = open("/data/lines", O_RDONLY), out = open("/tmp/c", O_RDWR | O_CREAT | O_TRUNC, 0600);
    result("sendfile", sendfile(out, in, NULL, 11));
    result("position", lseek(in, 0, SEEK_CUR));
    off_t offset = 6;
    result("sendfile offset", sendfile(out, in, &offset, 100));
    printf("offset %ld position %ld\n", (long)offset, (long)lseek(in, 0, SEEK_CUR));
    print_file("copied", out);
    result("sendfile from a bad descriptor", sendfile(out, 99, NULL, 1));
    int ends[2];
    pipe(ends);
    result("sendfile from a pipe", sendfile(out, ends[0], NULL, 1));
    result("sendfile to a pipe", sendfile(ends[1], in, NULL, 1000));
    result("it came", read(ends[0], buffer, 1000));
    int file = open("/tmp/c2", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t from = 0, to = 100;
    result("copy_file_range", copy_file_range(out, &from, file, &to, 17, 0));
    printf("%ld %ld %ld\n", (long)from, (long)to, size_of(file));
    result("flags", copy_file_range(out, &from, file, &to, 17, 1));
    from = 0, to = 5;
    result("overlap", copy_file_range(out, &from, out, &to, 10, 0));
    closefrom(3);
}

static void devices(void) {
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR),
        full = open("/dev/full", O_RDWR), urandom = open("/dev/urandom", O_RDONLY);
    result("null read", read(null, buffer, 10));
    result("null write", write(null, buffer, 10));
    memset(buffer, 1, 10);
    result("zero read", read(zero, buffer, 10));
    printf("%d\n", buffer[9]);
    result("zero write", write(zero, buffer, 10));
    result("full read", read(full, buffer, 10));
    result("full write", write(full, buffer, 10));
    result("urandom", read(urandom, buffer, 300));
    result("lseek null", lseek(null, 100, SEEK_SET));
    result("TCGETS null", isatty(null) ? 0 : -1);
    closefrom(3);
}

int main(void) {
    closefrom(3); /* of whoever started it */
    positions();
    writing();
    vectors();
    copies();
    devices();
    return 0;
}
