/* c2w-aot run: starts a module in an engine; an image is built into a temporary module first. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../runtime/profile.h"
#include "frontend.h"

struct run_command {
    struct tool *tool;
    const struct verb *verb;
    struct build_options build;
    struct engine_start start;
    const char *engine;
    bool terminal;
    char *target; /* temporary module or root file system image */
    bool native;
    const struct guest **image_guest; /* native: set by the worker */
};

enum { RUN_ENGINE = SHARED_OPTION_END, RUN_VOLUME, RUN_INTERACTIVE, RUN_TERMINAL, RUN_REMOVE };

/* HOST:GUEST with an absolute guest path; the host directory must exist, as with docker --mount. */
static bool add_volume(struct run_command *command, const char *value) {
    struct tool *tool = command->tool;
    char *host = copy_string(value), *colon = strchr(host, ':');
    if (!colon || colon == host || colon[1] != '/') {
        usage_error(tool, "run", "--volume=%s: must be HOST:/GUEST", value);
        return false;
    }
    *colon = 0;
    char *mode = strchr(colon + 1, ':');
    if (mode && strcmp(mode, ":rw") != 0) {
        usage_error(tool, "run", "--volume=%s: only rw is supported", value);
        return false;
    }
    if (mode)
        *mode = 0;
    char *path = realpath(host, NULL);
    struct stat st;
    if (!path || stat(path, &st) || !S_ISDIR(st.st_mode)) {
        usage_error(tool, "run", "--volume=%s: %s is no directory", value, host);
        return false;
    }
    if (strchr(path, ':')) {
        usage_error(tool, "run", "--volume=%s: a path with a colon cannot be given to an engine",
                    value);
        return false;
    }
    char *mount = format_string("%s:%s", path, colon + 1);
    words_add(&command->start.mounts, mount);
    free(mount);
    free(path);
    free(host);
    return true;
}

static bool run_option(void *context, int id, const char *value) {
    struct run_command *command = context;
    switch (id) {
    case RUN_ENGINE:
        command->engine = value;
        if (!engine_named(value)) {
            usage_error(command->tool, "run",
                        "--engine=%s: must be node, wasmtime, wasmedge, wazero, "
                        "iwasm, wasmer or native",
                        value);
            return false;
        }
        return true;
    case RUN_VOLUME:
        return add_volume(command, value);
    case RUN_INTERACTIVE:
    case RUN_REMOVE:
        return true;
    case RUN_TERMINAL:
        command->terminal = true;
        return true;
    default:
        return build_option_set(command->tool, command->verb, &command->build, id, value);
    }
}

static bool run_operand(void *context, const char *word) {
    struct run_command *command = context;
    if (command->build.image) {
        usage_error(command->tool, "run", "more than one IMAGE (%s; put the command behind --)",
                    word);
        return false;
    }
    command->build.image = word;
    return true;
}

static const struct engine *choose_engine(struct run_command *command, char **path) {
    struct tool *tool = command->tool;
    for (size_t i = 0; i < engine_count; i++) {
        const struct engine *engine = &engines[i];
        bool wasm = engine->version_argument;
        if (command->engine ? strcmp(command->engine, engine->name) != 0 : !wasm)
            continue;
        *path = engine_path(tool, engine, &guests[0]);
        if (*path)
            return engine;
        if (command->engine) {
            fail(tool, engine->program, "is not installed (%s)", engine->how);
            return NULL;
        }
    }
    fail(tool, NULL, "no engine is installed (tools/engines.sh, or use --engine native)");
    return NULL;
}

static int run_work(void *context) {
    struct run_command *command = context;
    struct build_report report = {0};
    struct image image;
    if (!command->native)
        return build_module(command->tool, &command->build, command->target, &report) ? 0 : 1;
    if (!build_rootfs(command->tool, &command->build, command->target, &image))
        return 1;
    *command->image_guest = image.guest;
    return 0;
}

/* Memory that the worker process shares. */
static void *shared_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* The terminal sends Ctrl-C to the engine too; the tool stays to clean up and forwards the rest. */
static int start_and_wait(struct tool *tool, char **words) {
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &old);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &old);
    extern char **environ;
    pid_t pid;
    int error = posix_spawn(&pid, words[0], NULL, &attributes, words, environ), status = 0;
    posix_spawnattr_destroy(&attributes);
    if (error)
        return fail(tool, words[0], "cannot start: %s", strerror(error)), 1;
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(&set, &info);
        if (signal == SIGCHLD && waitpid(pid, &status, WNOHANG) == pid)
            break;
        /* From the terminal's driver the whole group got it; from a process only the tool did. */
        if (signal > 0 && signal != SIGCHLD && info.si_code <= 0)
            kill(pid, signal);
        else if (signal == SIGHUP)
            kill(pid, SIGHUP);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The runtime's diagnostics are switched on by the environment. */
static void pass_diagnostics(struct words *env) {
    static const char *const names[] = {"C2W_STRACE", "C2W_STATS"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *item = environment_item(names[i]);
        if (item)
            words_add(env, item);
        free(item);
    }
}

/* C2W_PROFILE names a file of this machine: the runtime gets its directory, which the guest does not
 * see. */
static bool pass_profile(struct tool *tool, struct engine_start *start) {
    const char *file = getenv("C2W_PROFILE");
    if (!file || !*file)
        return true;
    char *copy = copy_string(file), *slash = strrchr(copy, '/');
    const char *name = slash ? slash + 1 : copy;
    if (slash)
        *slash = 0;
    char *directory = realpath(!slash ? "." : *copy ? copy : "/", NULL);
    if (!directory || !*name || strchr(directory, ':'))
        return fail(tool, file, "cannot be a profile: %s",
                    !directory ? strerror(errno)
                    : !*name   ? "it names a directory"
                               : "a path with a colon cannot be given to an engine");
    words_add(&start->mounts, format_string("%s:" PROFILE_MOUNT, directory));
    words_add(&start->env, format_string("C2W_PROFILE=" PROFILE_MOUNT "/%s", name));
    unsetenv("C2W_PROFILE"); /* the native engine would read it from here */
    free(directory);
    free(copy);
    return true;
}

/* Whether the operand is a module; false after a message when it cannot be read. */
static bool is_module(struct tool *tool, const char *path, bool *module) {
    *module = false;
    struct stat st;
    if (strcmp(path, "-") == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t magic[8] = {0};
    if (fd < 0 || pread(fd, magic, sizeof magic, 0) < 0) {
        fail(tool, path, "cannot open: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    close(fd);
    *module = module_is_wasm(magic, sizeof magic);
    return true;
}

static bool check_module_options(struct run_command *command) {
    const struct container_overrides *overrides = &command->build.overrides;
    const char *path = command->build.image;
    if (command->native)
        return fail(command->tool, path,
                    "is a module; the native engine runs images (choose a "
                    "WebAssembly engine)");
    if (overrides->entrypoint || overrides->working_directory || overrides->user ||
        overrides->host_name)
        return fail(command->tool, path,
                    "is a module: --entrypoint, --workdir, --user and --hostname "
                    "are fixed when it is built (give them to build)");
    return true;
}

static int run_run(struct tool *tool, const struct verb *verb, int argc, char **argv) {
    struct run_command command = {.tool = tool, .verb = verb};
    struct words rest = {0}, words = {0};
    build_options_default(&command.build);
    int stop = parse_options(tool, verb, argc, argv, run_option, run_operand, &rest, &command);
    if (stop)
        return stop - 1;
    if (!command.build.image)
        return usage_error(tool, "run", "no IMAGE given");
    command.native = command.engine && strcmp(command.engine, "native") == 0;
    if (!platform_supported(tool, command.build.platform) ||
        !check_image_argument(tool, command.build.image))
        return 1;

    bool module;
    char *path;
    if (!is_module(tool, command.build.image, &module))
        return 1;
    if (module && !check_module_options(&command))
        return 1;
    const struct engine *engine = choose_engine(&command, &path);
    if (!engine)
        return 1;
    if (engine->command == engines[0].command && !library_file(tool, "web/run.mjs"))
        return fail(tool, "web/run.mjs", "is missing (build or install the tool again)"), 1;

    struct engine_start *start = &command.start;
    const char *terminal = getenv("TERM");
    if (command.terminal)
        words_add(&start->env,
                  format_string("TERM=%s", terminal && *terminal ? terminal : "xterm"));
    for (size_t i = 0; module && i < command.build.overrides.env.count; i++)
        words_add(&start->env, command.build.overrides.env.items[i]);
    pass_diagnostics(&start->env);
    if (!pass_profile(tool, start))
        return 1;
    start->args = rest;
    if (module) {
        start->module = command.build.image;
        engine_command(tool, engine, path, start, &words);
        execv(path, words.items);
        return fail(tool, path, "cannot start: %s", strerror(errno)), 1;
    }

    if (!scratch_create(tool))
        return 1;
    command.target = scratch_path(tool, command.native ? "rootfs.img" : "module.wasm");
    /* The words replace Cmd when the guest starts; at build time they only name the program. */
    command.build.overrides.cmd = rest;
    command.build.overrides.replace_cmd = rest.count > 0;
    command.build.output = command.target;
    command.image_guest = shared_memory(sizeof *command.image_guest);
    if (!command.image_guest)
        return fail(tool, NULL, "out of memory"), 1;
    int status = supervise(tool, run_work, &command, command.target);
    if (status == 0) {
        if (command.native && !(path = engine_path(tool, engine, *command.image_guest)))
            return fail(tool, (*command.image_guest)->native, "is missing (%s)", engine->how), 1;
        start->module = command.target;
        start->args = (struct words){0};
        engine_command(tool, engine, path, start, &words);
        status = start_and_wait(tool, words.items);
    }
    if (!command.build.keep_temporaries)
        scratch_remove(tool);
    return status;
}

static const struct option_spec run_options[] = {
    {0, "engine", "NAME",
     "node, wasmtime, wasmedge, wazero, iwasm, wasmer, or native (runs an\n"
     "IMAGE without WebAssembly); default: the first that is installed",
     RUN_ENGINE},
    {'v', "volume", "HOST:GUEST", "give the container a directory of this machine", RUN_VOLUME},
    {'i', "interactive", NULL, "accepted; standard input is always connected", RUN_INTERACTIVE},
    {'t', "tty", NULL, "set TERM; a terminal on standard input is one for the guest", RUN_TERMINAL},
    {0, "rm", NULL, "accepted; nothing of a container stays", RUN_REMOVE},
};

const struct verb run_verb = {
    .name = "run",
    .synopsis = "IMAGE|MODULE [OPTION]... [-- ARG...]",
    .summary = "run a module, or an image, in a WebAssembly engine",
    .details =
        "Words behind -- replace the image's Cmd.  An IMAGE is compiled to a temporary module\n"
        "first; the options from --platform on are those of build and concern this step, so\n"
        "for a MODULE only --env counts.  C2W_STRACE=1 (system calls, on stderr) and\n"
        "C2W_STATS=1 (a summary at the end) are passed on to the runtime; C2W_PROFILE=FILE makes\n"
        "it write a profile for build --profile.  The exit status is the container's.",
    .options = run_options,
    .option_count = sizeof run_options / sizeof run_options[0],
    .shared = true,
    .run = run_run,
};
