/* Links a module: wasm-ld joins the objects, module.c adds the root file system image. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"

/* Linear memory (runtime/guest_memory.h): stack, static data and heap below GUEST_BASE - 1 MiB, the
 * guest from GUEST_BASE = 31 MiB on.  The module starts with what static data may take at most, so
 * that wasm-ld refuses more; the runtime grows memory from there.  With the stack first, overflow
 * runs through the CPU state (runtime/isa/state.h) and below address 0, which traps, and never into
 * static data. */
static const char *const layout_options[] = {
    "--stack-first",
    "-zstack-size=1048576",      /* 1 MiB */
    "--initial-memory=16777216", /* 16 MiB: at least 14 MiB are left to the heap */
    "--max-memory=2179989504",   /* GUEST_BASE + 2 GiB */
    "--gc-sections",
    "--strip-debug", /* --compress-relocations needs it; names stay */
    "--compress-relocations",
    "-O2", /* merges strings */
    "--fatal-warnings",
    "--color-diagnostics=never",
};
#define LAYOUT_OPTION_COUNT (sizeof layout_options / sizeof layout_options[0])

struct message {
    char *text;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct message *message, const char *format,
                                                       ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message->text, message->size, format, arguments);
    va_end(arguments);
    return false;
}

/* Everything a program writes until it closes the pipe; only the beginning is kept. */
static void read_beginning(int pipe, char *to, size_t size) {
    char rest[4096];
    size_t used = 0;
    for (;;) {
        bool keep = used + 1 < size;
        ssize_t n = read(pipe, keep ? to + used : rest, keep ? size - 1 - used : sizeof rest);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (keep)
            used += (size_t)n;
    }
    to[used] = 0;
}

/* The first line that wasm-ld marks as an error (or a fatal warning), without the mark. */
static const char *error_line(char *output) {
    for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n")) {
        char *mark = strstr(line, "error: ");
        if (mark)
            return mark + strlen("error: ");
    }
    return "no reason given";
}

static _Noreturn void run_child(const char *const *arguments, int standard_error, int exec_failed) {
    dup2(standard_error, STDERR_FILENO);
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    execvp(arguments[0], (char *const *)(uintptr_t)arguments);
    int error = errno;
    ssize_t written = write(exec_failed, &error, sizeof error);
    _exit(written == (ssize_t)sizeof error ? 126 : 127);
}

/* Runs the program and waits; its standard error becomes the message when it fails. */
static bool run_linker(const char *const *arguments, struct message *message) {
    int output[2], failed[2];
    if (pipe2(output, O_CLOEXEC) < 0)
        return fail(message, "cannot make a pipe: %s", strerror(errno));
    if (pipe2(failed, O_CLOEXEC) < 0) {
        fail(message, "cannot make a pipe: %s", strerror(errno));
        close(output[0]), close(output[1]);
        return false;
    }
    pid_t child = fork();
    if (child == 0)
        run_child(arguments, output[1], failed[1]);
    int fork_error = errno;
    close(output[1]), close(failed[1]);

    char text[4096];
    int exec_error = 0, status = 0;
    bool started = child > 0;
    if (started) {
        started = read(failed[0], &exec_error, sizeof exec_error) <= 0;
        read_beginning(output[0], text, sizeof text);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    close(output[0]), close(failed[0]);
    if (!started)
        return fail(message, "cannot run %s: %s", arguments[0],
                    strerror(child < 0 ? fork_error : exec_error));
    if (WIFSIGNALED(status))
        return fail(message, "%s was killed by signal %d", arguments[0], WTERMSIG(status));
    return WEXITSTATUS(status) == 0 || fail(message, "%s", error_line(text));
}

static bool link_objects(const struct link_options *options, const char *to,
                         struct message *message) {
    size_t count = 0;
    while (options->objects[count])
        count++;
    const char **arguments = calloc(LAYOUT_OPTION_COUNT + count + 7, sizeof *arguments);
    if (!arguments)
        return fail(message, "out of memory");
    size_t used = 0;
    arguments[used++] = options->wasm_ld;
    for (size_t i = 0; i < LAYOUT_OPTION_COUNT; i++)
        arguments[used++] = layout_options[i];
    arguments[used++] = "-o";
    arguments[used++] = to;
    if (options->archive) {
        arguments[used++] = "--whole-archive";
        arguments[used++] = options->archive;
        arguments[used++] = "--no-whole-archive";
    }
    memcpy(arguments + used, options->objects, count * sizeof *arguments);
    bool good = run_linker(arguments, message);
    free(arguments);
    return good;
}

static char *join(const char *directory, const char *name) {
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", directory, name);
    return path;
}

bool link_module(const struct link_options *options, struct link_report *report, char *error,
                 size_t error_size) {
    struct message message = {error, error_size};
    char *linked = join(options->work_directory, "linked.wasm");
    if (!linked)
        return fail(&message, "out of memory");
    bool good = link_objects(options, linked, &message) &&
                module_add_image(linked, options->rootfs_image, options->strip_names,
                                 options->output, report, error, error_size);
    unlink(linked);
    free(linked);
    return good;
}
