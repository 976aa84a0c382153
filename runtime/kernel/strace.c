/* Lines in the manner of strace: "[pid] name(arguments) = result".  The line is written when the
 * call starts up to its arguments only if it cannot return (exit, execve), else when it ends. */
#include "strace.h"

#include <stdio.h>
#include <string.h>

#include "sched.h"

#define LINE_SIZE 512
#define STRING_LIMIT 64

struct line {
    char text[LINE_SIZE];
    size_t length;
};

static void put_text(struct line *line, const char *text) {
    size_t length = strlen(text);
    if (length > LINE_SIZE - line->length)
        length = LINE_SIZE - line->length;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void put_number(struct line *line, const char *format, uint64_t value) {
    char text[32];
    snprintf(text, sizeof text, format, (unsigned long long)value);
    put_text(line, text);
}

static void put_string(struct line *line, uint64_t va) {
    char text[STRING_LIMIT + 1];
    int64_t length = user_string(text, sizeof text, va);
    if (length == -EFAULT) {
        put_number(line, "0x%llx", va);
        return;
    }
    text[STRING_LIMIT] = 0;
    put_text(line, "\"");
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    put_text(line, text);
    put_text(line, length < 0 ? "\"..." : "\"");
}

static void put_call(struct line *line, const struct syscall_row *row, uint64_t number,
                     const uint64_t *arguments) {
    put_number(line, "[%lld] ", (uint64_t)current->tid);
    if (!row) {
        put_number(line, "syscall_%llu(", number);
    } else {
        put_text(line, row->name);
        put_text(line, "(");
    }
    const char *letters = row ? row->arguments : "xxxxxx";
    for (int i = 0; letters[i]; i++) {
        if (i)
            put_text(line, ", ");
        switch (letters[i]) {
        case 's':
            put_string(line, arguments[i]);
            break;
        case 'd':
        case 'f':
            put_number(line, "%lld", (uint64_t)(int64_t)(int32_t)arguments[i]);
            break;
        case 'u':
            put_number(line, "%llu", arguments[i]);
            break;
        case 'o':
            put_number(line, "0%llo", arguments[i]);
            break;
        default:
            put_number(line, arguments[i] ? "0x%llx" : "%llu", arguments[i]);
        }
    }
    put_text(line, ")");
}

static void flush(struct line *line) {
    put_text(line, "\n");
    line->text[line->length - 1] = '\n';
    host_log(line->text, line->length);
}

/* exit, exit_group, execve: their arguments are gone, or nobody is there, when they end. */
static bool is_printed_at_start(const struct syscall_row *row) {
    return row && (strncmp(row->name, "exit", 4) == 0 || strncmp(row->name, "execve", 6) == 0 ||
                   strcmp(row->name, "rt_sigreturn") == 0);
}

void strace_enter(const struct syscall_row *row, uint64_t number, const uint64_t *arguments) {
    if (!is_printed_at_start(row))
        return;
    struct line line = {.length = 0};
    put_call(&line, row, number, arguments);
    flush(&line);
}

const char *error_name(int error) {
    static const char *const names[] = {
        [EPERM] = "EPERM",
        [ENOENT] = "ENOENT",
        [ESRCH] = "ESRCH",
        [EINTR] = "EINTR",
        [EIO] = "EIO",
        [ENXIO] = "ENXIO",
        [E2BIG] = "E2BIG",
        [ENOEXEC] = "ENOEXEC",
        [EBADF] = "EBADF",
        [ECHILD] = "ECHILD",
        [EAGAIN] = "EAGAIN",
        [ENOMEM] = "ENOMEM",
        [EACCES] = "EACCES",
        [EFAULT] = "EFAULT",
        [EBUSY] = "EBUSY",
        [EEXIST] = "EEXIST",
        [EXDEV] = "EXDEV",
        [ENODEV] = "ENODEV",
        [ENOTDIR] = "ENOTDIR",
        [EISDIR] = "EISDIR",
        [EINVAL] = "EINVAL",
        [EMFILE] = "EMFILE",
        [ENOTTY] = "ENOTTY",
        [ETXTBSY] = "ETXTBSY",
        [ENOSPC] = "ENOSPC",
        [ESPIPE] = "ESPIPE",
        [EROFS] = "EROFS",
        [EPIPE] = "EPIPE",
        [ERANGE] = "ERANGE",
        [ENOSYS] = "ENOSYS",
        [ELOOP] = "ELOOP",
        [ETIMEDOUT] = "ETIMEDOUT",
        [ENOTEMPTY] = "ENOTEMPTY",
        [ENAMETOOLONG] = "ENAMETOOLONG",
    };
    return error > 0 && (size_t)error < sizeof names / sizeof *names ? names[error] : NULL;
}

void strace_exit(const struct syscall_row *row, uint64_t number, const uint64_t *arguments,
                 int64_t result) {
    if (result == -ENORESULT)
        return;
    struct line line = {.length = 0};
    put_call(&line, row, number, arguments);
    if (result == -ERESTARTSYS) {
        put_text(&line, " = ? (restarted after the signal)");
    } else if (result < 0 && result > -4096) {
        put_number(&line, " = -%llu", (uint64_t)-result);
        const char *name = error_name((int)-result);
        if (name) {
            put_text(&line, " ");
            put_text(&line, name);
        }
    } else {
        put_number(&line, (uint64_t)result > 0xffff ? " = 0x%llx" : " = %llu", (uint64_t)result);
    }
    flush(&line);
}

void strace_signal(int signal) {
    struct line line = {.length = 0};
    put_number(&line, "[%lld] ", (uint64_t)current->tid);
    put_number(&line, "--- signal %llu ---", (uint64_t)signal);
    flush(&line);
}
