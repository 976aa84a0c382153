/* mmap and its relatives. */
#include "guest.h"

#include <sys/mman.h>

#define PAGE 4096

static char *map(size_t pages, int protection, int flags) {
    return mmap(NULL, pages * PAGE, protection, flags | MAP_ANONYMOUS, -1, 0);
}

static void errors(char *page) {
    result("length 0", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    result("no sharing mode", (long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
    result("bad descriptor", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 77, 0));
    result("unaligned offset", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 0, 5));
    result("unaligned fixed address",
           (long)mmap(page + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    result("fixed, no replace",
           (long)mmap(page, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                      0));
    int directory = open("/data", O_RDONLY | O_DIRECTORY);
    result("a directory", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0));
    close(directory);
    int write_only = open("/tmp/write-only", O_WRONLY | O_CREAT, 0600);
    result("write-only file", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, write_only, 0));
    close(write_only);
    int read_only = open("/data/lines", O_RDONLY);
    result("shared writable mapping of a read-only file",
           (long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0));
    close(read_only);
    result("munmap unaligned", munmap(page + 1, PAGE));
    result("munmap length 0", munmap(page, 0));
    result("munmap of nothing", munmap((void *)0x70000000, PAGE));
    result("mprotect unaligned", mprotect(page + 1, PAGE, PROT_READ));
    result("mprotect of nothing", mprotect((void *)0x70000000, PAGE, PROT_READ));
    result("mprotect bad bits", mprotect(page, PAGE, 0x1000));
    result("madvise bad advice", madvise(page, PAGE, 12345));
    result("madvise unaligned", madvise(page + 1, PAGE, MADV_DONTNEED));
    result("write from an unmapped address", write(1, (void *)0x70000000, 5));
    result("read to address 1", read(0, (void *)1, 5));
}

static void anonymous(void) {
    char *a = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    bool zero = true;
    for (int i = 0; i < 4 * PAGE; i++)
        zero = zero && a[i] == 0;
    check("fresh pages are zero", zero);
    memset(a, 'a', 4 * PAGE);
    result("split by munmap", munmap(a + PAGE, PAGE));
    printf("neighbours stay: %c %c\n", a[0], a[2 * PAGE]);
    char *b = mmap(a + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                   -1, 0);
    check("fixed address", b == a + PAGE);
    printf("new page is zero: %d\n", b[0]);
    b = mmap(a + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0);
    check("replaced", b == a + PAGE && b[0] == 0);
    result("MADV_DONTNEED", madvise(a, PAGE, MADV_DONTNEED));
    printf("dropped page is zero: %d, next: %d %c\n", a[0], a[PAGE], a[2 * PAGE]);
    result("mprotect over several", mprotect(a, 4 * PAGE, PROT_READ));
    result("munmap all", munmap(a, 4 * PAGE));
    errors(map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE));
}

static void moving(void) {
    char *a = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    strcpy(a, "moved");
    strcpy(a + PAGE, "second");
    char *b = mremap(a, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    printf("grown: %s %s %d\n", b, b + PAGE, b[63 * PAGE]);
    char *c = mremap(b, 64 * PAGE, PAGE, 0);
    check("shrunk in place", c == b);
    char *wall = mmap(c + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    check("wall", wall == c + PAGE);
    result("cannot grow in place", (long)mremap(c, PAGE, 2 * PAGE, 0));
    result("mremap length 0", (long)mremap(c, PAGE, 0, 0));
    result("mremap unaligned", (long)mremap(c + 1, PAGE, PAGE, 0));
    result("mremap of nothing", (long)mremap((void *)0x70000000, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    printf("still there: %s\n", c);
}

static void files(void) {
    int fd = open("/data/numbers", O_RDONLY);
    char *a = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
    char buffer[16];
    result("pread", pread(fd, buffer, 8, PAGE));
    check("same bytes", !memcmp(a, buffer, 8));
    a[0] = '!';
    result("pread", pread(fd, buffer, 1, PAGE));
    check("private write stays private", buffer[0] != '!');
    close(fd);
    check("mapping outlives the descriptor", a[0] == '!');
    munmap(a, 3 * PAGE);

    fd = open("/tmp/shared", O_RDWR | O_CREAT | O_TRUNC, 0600);
    result("ftruncate", ftruncate(fd, PAGE + 100));
    char *s = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    succeeds("shared file mapping", s == MAP_FAILED ? -1 : 0);
    if (s != MAP_FAILED) {
        strcpy(s + 10, "through the mapping");
        result("msync", msync(s, 2 * PAGE, MS_SYNC));
        memset(buffer, 0, sizeof buffer);
        result("pread", pread(fd, buffer, 7, 10));
        printf("file has: %s\n", buffer);
        result("pwrite", pwrite(fd, "through write()", 15, 200));
        printf("mapping has: %.15s\n", s + 200);
        pid_t pid = fork_flushed();
        if (pid == 0) {
            strcpy(s + 300, "from the child");
            _exit(0);
        }
        reap("child", pid);
        printf("parent sees: %s\n", s + 300);
        result("munmap", munmap(s, 2 * PAGE));
    }
    result("pread", pread(fd, buffer, 4, 300));
    printf("%.4s\n", buffer);
    close(fd);
}

static void print_page(const char *name, const char *page) {
    printf("%s: %d %d\n", name, page[0], page[PAGE - 1]);
}

/* Shared mappings and the other ways to change the file. */
static void shared_files(void) {
    char page[PAGE];
    int fd = open("/tmp/pages", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < 4; i++) {
        memset(page, 'a' + i, PAGE);
        pwrite(fd, page, PAGE, i * PAGE);
    }
    const char *s = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    print_page("mapping of a written file", s + PAGE);
    memset(page, 'X', PAGE);
    pwrite(fd, page, PAGE, PAGE);
    print_page("after pwrite", s + PAGE);
    result("ftruncate", ftruncate(fd, PAGE + 1));
    result("ftruncate", ftruncate(fd, 3 * PAGE));
    print_page("after truncation", s + PAGE);
    result("pread", pread(fd, page, PAGE, PAGE));
    print_page("file after truncation", page);
    result("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, PAGE));
    print_page("after the hole", s);
    munmap((void *)s, 4 * PAGE);
    s = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    print_page("mapped again", s);
    munmap((void *)s, 2 * PAGE);

    int reader = open("/tmp/pages", O_RDONLY);
    char *r = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
    pwrite(fd, "seen", 4, 0);
    printf("file opened for reading: %.4s\n", r);
    result("mprotect", mprotect(r, PAGE, PROT_READ | PROT_WRITE));
    pid_t pid = fork_flushed();
    if (pid == 0) {
        munmap(r, PAGE);
        char *w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        succeeds("another process writes", w == MAP_FAILED ? -1 : 0);
        if (w != MAP_FAILED)
            memcpy(w, "both", 4);
        fflush(stdout);
        _exit(0);
    }
    reap("child", pid);
    printf("through its mapping: %.4s\n", r);
    result("pread", pread(reader, page, 4, 0));
    printf("in the file: %.4s\n", page);
    munmap(r, PAGE);
    close(reader);
    close(fd);
}

static void shared_anonymous(void) {
    volatile int *shared = (int *)map(1, PROT_READ | PROT_WRITE, MAP_SHARED);
    volatile int *private_page = (int *)map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    *shared = 1;
    *private_page = 1;
    pid_t pid = fork_flushed();
    if (pid == 0) {
        *shared += 10;
        *private_page += 10;
        pid_t grandchild = fork();
        if (grandchild == 0) {
            *shared += 100;
            *private_page += 100;
            _exit(*private_page & 127);
        }
        int status;
        waitpid(grandchild, &status, 0);
        printf("grandchild %d, child sees private %d\n", WEXITSTATUS(status), *private_page);
        fflush(stdout);
        _exit(0);
    }
    reap("child", pid);
    printf("shared %d, private %d\n", *shared, *private_page);
}

static void heap(void) {
    char *start = sbrk(0);
    check("grow", sbrk(3 * PAGE) == start);
    memset(start, 'h', 3 * PAGE);
    check("end", sbrk(0) == start + 3 * PAGE);
    check("shrink", brk(start + PAGE) == 0);
    check("grow again", brk(start + 2 * PAGE) == 0);
    printf("kept %c, fresh %d\n", start[0], start[PAGE + 10]);
    char *big = malloc(30 << 20);
    check("large malloc", big != NULL);
    memset(big, 1, 30 << 20);
    big = realloc(big, 50 << 20);
    check("large realloc", big && big[(30 << 20) - 1] == 1);
    free(big);
}

int main(void) {
    anonymous();
    moving();
    files();
    shared_files();
    shared_anonymous();
    heap();
    return 0;
}
