/* Start of the container: the image's configuration, PID 1, the exit status. */
#include <stdio.h>
#include <string.h>

#include "../exec/exec.h"
#include "../exec/profile.h"
#include "../rootfs.h"
#include "exec.h"
#include "limits.h"
#include "sched.h"
#include "signal.h"
#include "strace.h"
#include "task.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127
#define EXIT_DEADLOCK 125
#define EXIT_CANNOT_RUN 125 /* as docker's own failures */

/* What is started and how: the image's configuration, changed by arguments and environment. */
struct start {
    struct string_list words, environment;
    const char *directory, *host_name;
    const char *profile; /* C2W_PROFILE, or NULL */
    uint32_t uid, gid, group_count;
    const uint32_t *groups;
    bool no_stdin;
};

static void complain(const char *format, const char *what, const char *why) {
    char line[512];
    int length = snprintf(line, sizeof line, format, what, why);
    if (length >= (int)sizeof line)
        length = sizeof line - 1;
    host_log(line, (size_t)length);
}

static size_t name_length(const char *entry) {
    const char *equals = strchr(entry, '=');
    return equals ? (size_t)(equals - entry) : strlen(entry);
}

/* Adds K=V; a variable of that name that is there already is replaced in its place. */
static void set_variable(struct string_list *list, const char *entry) {
    struct string_list result = {0};
    size_t length = name_length(entry);
    bool found = false;
    const char *old = list->text;
    for (uint32_t i = 0; i < list->count; i++, old += strlen(old) + 1) {
        bool same = name_length(old) == length && memcmp(old, entry, length) == 0;
        if (!same || !found)
            strings_add(&result, same ? entry : old);
        found |= same;
    }
    if (!found)
        strings_add(&result, entry);
    strings_free(list);
    *list = result;
}

static const char *get_variable(const struct string_list *list, const char *name) {
    size_t length = strlen(name);
    const char *entry = list->text;
    for (uint32_t i = 0; i < list->count; i++, entry += strlen(entry) + 1)
        if (name_length(entry) == length && memcmp(entry, name, length) == 0 && entry[length])
            return entry + length + 1;
    return NULL;
}

/* The host's arguments: container2wasm's flags, then words that replace the image's CMD. */
static uint32_t parse_flags(struct host_strings args, struct start *start,
                            const char **entrypoint) {
    uint32_t i = 0;
    for (; i < args.count && args.strings[i][0] == '-'; i++) {
        const char *arg = args.strings[i];
        if (strcmp(arg, "--") == 0)
            return i + 1;
        const char *name = arg[1] == '-' ? arg + 2 : arg + 1;
        if (strncmp(name, "entrypoint=", 11) == 0)
            *entrypoint = name + 11;
        else if (strcmp(name, "entrypoint") == 0 && i + 1 < args.count)
            *entrypoint = args.strings[++i];
        else if (strcmp(name, "no-stdin") == 0)
            start->no_stdin = true;
        else
            break;
    }
    return i;
}

static void configure(struct start *start, const struct rootfs_config *config) {
    const char *entrypoint = NULL, *text = config->strings;
    struct host_strings args = host_args(), env = host_env();
    uint32_t first = parse_flags(args, start, &entrypoint);
    if (entrypoint)
        strings_add(&start->words, entrypoint);
    for (uint32_t i = 0; i < config->entrypoint_count; i++, text += strlen(text) + 1)
        if (!entrypoint)
            strings_add(&start->words, text);
    /* As docker: another entrypoint or other words replace the image's CMD. */
    for (uint32_t i = 0; i < config->cmd_count; i++, text += strlen(text) + 1)
        if (!entrypoint && first >= args.count)
            strings_add(&start->words, text);
    for (uint32_t i = first; i < args.count; i++)
        strings_add(&start->words, args.strings[i]);
    set_variable(&start->environment, DEFAULT_PATH);
    for (uint32_t i = 0; i < config->env_count; i++, text += strlen(text) + 1)
        set_variable(&start->environment, text);
    start->directory = text;
    text += strlen(text) + 1;
    start->host_name = *text ? text : "localhost";
    for (uint32_t i = 0; i < env.count; i++)
        if (strncmp(env.strings[i], "C2W_", 4) != 0)
            set_variable(&start->environment, env.strings[i]);
        else if (strcmp(env.strings[i], "C2W_STRACE=1") == 0)
            kernel.strace = true;
        else if (strcmp(env.strings[i], "C2W_STATS=1") == 0)
            kernel.stats = true;
        else if (strncmp(env.strings[i], "C2W_PROFILE=", 12) == 0 && env.strings[i][12])
            start->profile = env.strings[i] + 12;
    start->uid = config->uid;
    start->gid = config->gid;
    start->group_count = config->group_count;
    start->groups = config->groups;
}

static void create_init(const struct start *start) {
    struct process *init = process_new(NULL);
    kernel.init = init;
    kernel.next_pid = 1;
    init->pid = init->pgid = init->sid = 1;
    init->actions = heap_alloc(sizeof *init->actions);
    init->actions->references = 1;
    limits_init(init);
    struct task *task = task_new(init, 1);
    current = task;
    c2w_cpu = task->cpu;
    kernel.scheduler->loaded = task;
    size_t length = strlen(start->host_name);
    if (length >= sizeof kernel.host_name)
        length = sizeof kernel.host_name - 1;
    memcpy(kernel.host_name, start->host_name, length);
}

static void set_credentials(const struct start *start) {
    struct credentials *creds = &current->process->creds;
    creds->uid = creds->euid = creds->suid = creds->fsuid = start->uid;
    creds->gid = creds->egid = creds->sgid = creds->fsgid = start->gid;
    uint32_t limit = sizeof creds->groups / sizeof *creds->groups;
    creds->group_count = start->group_count < limit ? start->group_count : limit;
    memcpy(creds->groups, start->groups, creds->group_count * sizeof *creds->groups);
}

/* Descriptor 0 reads nothing (--no-stdin). */
static void close_stdin(void) {
    int error = 0;
    struct file *null = vfs_open("/dev/null", O_RDONLY, 0, &error);
    if (!null)
        return;
    struct descriptor *descriptor = &current->process->files->descriptors[0];
    file_put(descriptor->file);
    descriptor->file = null;
}

/* Finds the program as execvp does; its path in `path`.  -errno of the most telling failure. */
static int find_program(const char *word, const char *search, char *path, size_t size,
                        struct file **file) {
    int error = -ENOENT, worst = -ENOENT;
    if (strchr(word, '/')) {
        snprintf(path, size, "%s", word);
        *file = vfs_open(path, O_RDONLY, 0, &error);
        return *file ? 0 : error;
    }
    while (search) {
        const char *colon = strchr(search, ':');
        int length = colon ? (int)(colon - search) : (int)strlen(search);
        snprintf(path, size, "%.*s%s%s", length, search, length ? "/" : "", word);
        *file = vfs_open(path, O_RDONLY, 0, &error);
        if (*file && S_ISREG((*file)->mode) && file_permission(*file, X_OK) == 0)
            return 0;
        if (*file) {
            file_put(*file);
            *file = NULL;
            worst = -EACCES;
        } else if (error == -EACCES) {
            worst = -EACCES;
        }
        search = colon ? colon + 1 : NULL;
    }
    return worst;
}

static const char *explain(int error) {
    switch (-error) {
    case ENOENT:
        return "no such file or directory";
    case EACCES:
        return "permission denied";
    case ENOEXEC:
        return "exec format error";
    case EISDIR:
        return "is a directory";
    case ENOTDIR:
        return "not a directory";
    case ENOMEM:
        return "out of memory";
    case ELOOP:
        return "too many levels of symbolic links or interpreters";
    case ELIBBAD:
        return "its ELF interpreter is damaged";
    }
    const char *name = error_name(-error);
    return name ? name : "error";
}

/* 0, or the exit status when the program cannot be started. */
static int start_program(struct start *start) {
    char path[LINUX_PATH_MAX];
    struct file *file = NULL;
    if (start->words.count == 0) {
        complain("c2w: the image has no command%s%s\n", "", "");
        return EXIT_NOT_FOUND;
    }
    const char *word = start->words.text;
    int error =
        find_program(word, get_variable(&start->environment, "PATH"), path, sizeof path, &file);
    if (!error)
        error = exec_program(file, path, &start->words, &start->environment);
    if (error && error != -ENORESULT) {
        complain("c2w: cannot start %s: %s\n", word, explain(error));
        return error == -ENOENT || error == -ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
    }
    return 0;
}

static int exit_code(int status_word) {
    int signal = status_word & 0x7f;
    return signal ? 128 + signal : status_word >> 8 & 0xff;
}

int kernel_main(void) {
    if (!relaxed_fma_is_exact()) {
        complain("c2w: %s: results would differ (build with --fma=exact)%s\n",
                 "this engine does not fuse multiply-add", "");
        return EXIT_CANNOT_RUN;
    }
    struct rootfs_config *config = rootfs_read_config();
    if (!config) {
        complain("c2w: the module has no root file system%s%s\n", "", "");
        return EXIT_DEADLOCK;
    }
    struct start start = {0};
    kernel.boot_time = host_clock(1);
    kernel.scheduler = heap_alloc(sizeof *kernel.scheduler);
    configure(&start, config);
    create_init(&start);
    set_credentials(&start);
    vfs_init();
    int profile_error = start.profile ? profile_start(start.profile) : 0;
    if (profile_error) {
        complain("c2w: cannot write the profile %s: %s\n", start.profile,
                 explain(profile_error));
        return EXIT_NOT_FOUND;
    }
    if (*start.directory && fs_enter(start.directory)) {
        complain("c2w: cannot use the working directory %s%s\n", start.directory, "");
        return EXIT_NOT_FOUND;
    }
    if (!get_variable(&start.environment, "HOME"))
        set_variable(&start.environment, start.uid == 0 ? "HOME=/root" : "HOME=/");
    if (start.no_stdin)
        close_stdin();
    int status = start_program(&start);
    strings_free(&start.words);
    strings_free(&start.environment);
    if (status)
        return status;
    if (kernel.init->state == PROCESS_ZOMBIE) {
        complain("c2w: the program does not fit into memory%s%s\n", "", "");
        return EXIT_NOT_EXECUTABLE;
    }
    task_enqueue(kernel.init->tasks);
    current = NULL;
    scheduler_run();
    if (kernel.stats)
        syscall_report_statistics();
    int error = kernel.profile ? profile_write() : 0;
    if (error)
        complain("c2w: cannot write the whole profile %s: %s\n", start.profile, explain(error));
    return kernel.scheduler->deadlock ? EXIT_DEADLOCK : exit_code(kernel.init->exit_status);
}
