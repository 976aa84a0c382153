/* What the guest programs share.
 *
 * Every .c file of this folder is a program `main`, compiled into one multi-call binary /bin/guest
 * (main.c); its name without .c is argv[0] there and the first argument of /bin/guest.  So
 * everything but main is static.  A program prints one line per case, only facts that are the same
 * on every Linux machine: no pids, addresses, times or inode numbers. */
#ifndef C2W_TESTS_GUEST_H
#define C2W_TESTS_GUEST_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Name of an errno value ("ENOENT"). */
static inline const char *error_name(int error) {
    const char *name = strerrorname_np(error);
    return name ? name : "?";
}

/* Prints `case: 3`, or `case: -1 ENOENT` for a failed call, and returns the result. */
static inline long result(const char *name, long value) {
    if (value == -1)
        printf("%s: -1 %s\n", name, error_name(errno));
    else
        printf("%s: %ld\n", name, value);
    return value;
}

/* The same where the value itself differs between machines (descriptors of no interest, addresses,
 * pids): prints `case: ok` or the error. */
static inline long succeeds(const char *name, long value) {
    if (value == -1)
        printf("%s: -1 %s\n", name, error_name(errno));
    else
        printf("%s: ok\n", name);
    return value;
}

static inline void check(const char *name, bool value) {
    printf("%s: %s\n", name, value ? "true" : "FALSE");
}

/* Prints how a child ended: `case: exit 3` or `case: signal 9 (core)`. */
static inline void print_status(const char *name, int status) {
    if (WIFEXITED(status))
        printf("%s: exit %d\n", name, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        printf("%s: signal %d\n", name, WTERMSIG(status));
    else if (WIFSTOPPED(status))
        printf("%s: stopped %d\n", name, WSTOPSIG(status));
    else if (WIFCONTINUED(status))
        printf("%s: continued\n", name);
    else
        printf("%s: status %#x\n", name, status);
}

/* Forks with flushed streams, so that nothing is printed twice. */
static inline pid_t fork_flushed(void) {
    fflush(NULL);
    return fork();
}

/* Waits for a child and prints how it ended. */
static inline void reap(const char *name, pid_t pid) {
    int status = 0;
    if (waitpid(pid, &status, 0) != pid)
        printf("%s: waitpid %s\n", name, error_name(errno));
    else
        print_status(name, status);
}

#endif
