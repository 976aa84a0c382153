/* flock and fcntl record locks. */
#include "guest.h"

#include <sys/file.h>

static long lock(int fd, int command, int type, long start, long length) {
    struct flock request = {.l_type = (short)type, .l_start = start, .l_len = length};
    return fcntl(fd, command, &request);
}

static void print_holder(const char *name, int fd, int type, long start, long length) {
    struct flock request = {.l_type = (short)type, .l_start = start, .l_len = length};
    if (fcntl(fd, F_GETLK, &request))
        printf("%s: %s\n", name, error_name(errno));
    else if (request.l_type == F_UNLCK)
        printf("%s: free\n", name);
    else
        printf("%s: type %d start %ld length %ld parent %d\n", name, request.l_type,
               (long)request.l_start, (long)request.l_len, request.l_pid == getppid());
}

int main(void) {
    closefrom(3); /* of whoever started it */
    int fd = open("/tmp/lock", O_RDWR | O_CREAT, 0600), other = open("/tmp/lock", O_RDWR);
    result("shared", flock(fd, LOCK_SH));
    result("second shared", flock(other, LOCK_SH | LOCK_NB));
    result("exclusive", flock(other, LOCK_EX | LOCK_NB));
    result("unlock", flock(fd, LOCK_UN));
    result("exclusive now", flock(other, LOCK_EX | LOCK_NB));
    result("bad operation", flock(fd, 64));
    result("bad descriptor", flock(99, LOCK_SH));
    close(other);
    result("released by close", flock(fd, LOCK_EX | LOCK_NB));
    flock(fd, LOCK_UN);

    result("write lock", lock(fd, F_SETLK, F_WRLCK, 10, 20));
    result("split", lock(fd, F_SETLK, F_UNLCK, 15, 5));
    result("read-only write lock", lock(open("/tmp/lock", O_RDONLY), F_SETLK, F_WRLCK, 0, 1));
    result("write lock again", lock(fd, F_SETLK, F_WRLCK, 10, 20));
    lock(fd, F_SETLK, F_UNLCK, 15, 5);
    result("bad type", lock(fd, F_SETLK, 9, 0, 1));
    result("negative", lock(fd, F_SETLK, F_RDLCK, -5, 1));
    int ready[2];
    pipe(ready);
    pid_t child = fork_flushed();
    if (child == 0) {
        print_holder("first part", fd, F_RDLCK, 0, 12);
        print_holder("hole", fd, F_WRLCK, 15, 5);
        print_holder("second part", fd, F_WRLCK, 16, 0);
        result("conflict", lock(fd, F_SETLK, F_RDLCK, 0, 0));
        result("before", lock(fd, F_SETLK, F_WRLCK, 0, 10));
        fflush(NULL);
        write(ready[1], "x", 1);
        _exit(lock(fd, F_SETLKW, F_WRLCK, 10, 5) == 0 ? 0 : 1); /* waits */
    }
    char byte;
    read(ready[0], &byte, 1);
    usleep(30000);
    result("give it up", lock(fd, F_SETLK, F_UNLCK, 10, 5));
    fflush(NULL);
    reap("child", child);
    result("its locks are gone", lock(fd, F_SETLK, F_WRLCK, 0, 0));
    close(open("/tmp/lock", O_RDONLY)); /* drops this process' locks */
    child = fork_flushed();
    if (child == 0) {
        print_holder("after a close", fd, F_WRLCK, 0, 0);
        fflush(NULL);
        _exit(0);
    }
    reap("child", child);
    other = open("/tmp/lock", O_RDWR);
    result("OFD", lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
    result("OFD conflict", lock(other, F_OFD_SETLK, F_WRLCK, 5, 10));
    result("OFD beside", lock(other, F_OFD_SETLK, F_WRLCK, 10, 10));
    return 0;
}
