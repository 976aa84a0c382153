/* Messages, progress, memory and small text helpers. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "frontend.h"

/* One write per line, so that lines of two processes do not mix. */
static void print_line(struct tool *tool, const char *file, const char *format, va_list arguments) {
    char line[2048];
    int used = snprintf(line, sizeof line, "%s%s: ", tool->progress_shown >= 0 ? "\r\033[K" : "",
                        tool->program);
    tool->progress_shown = -1;
    if (file)
        used += snprintf(line + used, 1024, "%.1000s: ", file);
    int length = vsnprintf(line + used, sizeof line - 1 - (size_t)used, format, arguments);
    used = length < 0 ? used : used + length;
    if ((size_t)used > sizeof line - 2)
        used = sizeof line - 2;
    /* Names from images may hold control characters; a message is one line of text. */
    for (int i = line[0] == '\r' ? 4 : 0; i < used; i++)
        if ((unsigned char)line[i] < 32 || line[i] == 127)
            line[i] = '?';
    line[used++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)used) < 0)
        return; /* nowhere left to complain */
}

bool fail(struct tool *tool, const char *file, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line(tool, file, format, arguments);
    va_end(arguments);
    return false;
}

void note(struct tool *tool, const char *format, ...) {
    if (tool->quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    print_line(tool, NULL, format, arguments);
    va_end(arguments);
}

double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void draw_bar(struct tool *tool, const char *step, int percent) {
    char bar[31];
    if (percent == tool->progress_shown)
        return;
    tool->progress_shown = percent;
    memset(bar, '.', 30);
    memset(bar, '#', (size_t)(percent * 30 / 100));
    bar[30] = 0;
    fprintf(stderr, "\r%-24.24s [%s] %3d %%", step, bar, percent);
    fflush(stderr);
}

void show_progress(struct tool *tool, const char *step, uint64_t done, uint64_t total) {
    if (tool->quiet || total == 0)
        return;
    double now = seconds_now();
    bool ended = done >= total;
    int percent = ended ? 100 : (int)((double)done * 100 / (double)total);
    if (strncmp(tool->step, step, sizeof tool->step - 1) != 0) {
        snprintf(tool->step, sizeof tool->step, "%s", step);
        tool->step_start = tool->step_printed = now;
    }
    if (tool->terminal && !ended)
        draw_bar(tool, step, percent);
    else if (tool->terminal) {
        fprintf(stderr, "\r\033[K");
        tool->progress_shown = -1;
    } else if (ended && now - tool->step_start >= 2)
        note(tool, "%s: done in %.1f s", step, now - tool->step_start);
    else if (!ended && now - tool->step_printed >= 10) {
        note(tool, "%s: %d %%", step, percent);
        tool->step_printed = now;
    }
    if (ended)
        tool->step[0] = 0;
}

static _Noreturn void memory_exhausted(void) {
    static const char text[] = "c2w-aot: out of memory (close other programs or add swap)\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(1);
    _exit(1);
}

void *allocate(size_t size) {
    void *block = calloc(1, size ? size : 1);
    if (!block)
        memory_exhausted();
    return block;
}

void *reallocate(void *block, size_t size) {
    block = realloc(block, size ? size : 1);
    if (!block)
        memory_exhausted();
    return block;
}

char *copy_string(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(allocate(size), text, size);
}

char *format_string(const char *format, ...) {
    char *text;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        memory_exhausted();
    va_end(arguments);
    return text;
}

const char *size_text(uint64_t bytes, char to[32]) {
    if (bytes < 10000)
        snprintf(to, 32, "%llu bytes", (unsigned long long)bytes);
    else if (bytes < 1000000)
        snprintf(to, 32, "%.0f KB", (double)bytes / 1e3);
    else if (bytes < 1000000000)
        snprintf(to, 32, "%.2f MB", (double)bytes / 1e6);
    else
        snprintf(to, 32, "%.2f GB", (double)bytes / 1e9);
    return to;
}

void words_add(struct words *words, const char *text) {
    words->items = reallocate(words->items, (words->count + 2) * sizeof *words->items);
    words->items[words->count++] = copy_string(text);
    words->items[words->count] = NULL;
}
