/* WebAssembly engines and how each spells environment, directories and arguments. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend.h"

static void split_mount(const char *mount, char **host, const char **guest) {
    *host = copy_string(mount);
    char *colon = strrchr(*host, ':');
    *guest = colon ? colon + 1 : *host;
    if (colon)
        *colon = 0;
}

/* Adds `option`, then K=V, as two words, or as one when the option ends with '='. */
static void add_option(struct words *words, const char *option, const char *value) {
    size_t length = strlen(option);
    if (option[length - 1] == '=') {
        char *word = format_string("%s%s", option, value);
        words_add(words, word);
        free(word);
        return;
    }
    words_add(words, option);
    words_add(words, value);
}

static void add_common(const struct engine_start *start, struct words *words, const char *env,
                       const char *mount, const char *mount_format, bool guest_first) {
    for (size_t i = 0; i < start->env.count; i++)
        add_option(words, env, start->env.items[i]);
    for (size_t i = 0; i < start->mounts.count; i++) {
        char *host;
        const char *guest;
        split_mount(start->mounts.items[i], &host, &guest);
        char *value = format_string("%s%s%s", guest_first ? guest : host, mount_format,
                                    guest_first ? host : guest);
        add_option(words, mount, value);
        free(value);
        free(host);
    }
}

static void add_args(const struct engine_start *start, struct words *words, const char *separator) {
    words_add(words, start->module);
    if (separator && start->args.count)
        words_add(words, separator);
    for (size_t i = 0; i < start->args.count; i++)
        words_add(words, start->args.items[i]);
}

static void node_command(const struct tool *tool, const struct engine_start *start,
                         struct words *words) {
    char *script = library_file(tool, "web/run.mjs");
    words_add(words, script ? script : "web/run.mjs");
    free(script);
    add_common(start, words, "--env", "--dir", ":", false);
    add_args(start, words, NULL);
}

static void wasmtime_command(const struct tool *tool, const struct engine_start *start,
                             struct words *words) {
    (void)tool;
    words_add(words, "run");
    add_common(start, words, "--env", "--dir", "::", false);
    add_args(start, words, NULL);
}

static void wasmedge_command(const struct tool *tool, const struct engine_start *start,
                             struct words *words) {
    (void)tool;
    add_common(start, words, "--env", "--dir", ":", true);
    add_args(start, words, NULL);
}

static void wazero_command(const struct tool *tool, const struct engine_start *start,
                           struct words *words) {
    (void)tool;
    words_add(words, "run");
    add_common(start, words, "-env=", "-mount=", ":", false);
    add_args(start, words, NULL);
}

/* iwasm's own default stack is too small for the interpreter's and lifted code's frames. */
static void iwasm_command(const struct tool *tool, const struct engine_start *start,
                          struct words *words) {
    (void)tool;
    words_add(words, "--stack-size=8388608");
    add_common(start, words, "--env=", "--map-dir=", "::", true);
    add_args(start, words, NULL);
}

static void wasmer_command(const struct tool *tool, const struct engine_start *start,
                           struct words *words) {
    (void)tool;
    words_add(words, "run");
    add_common(start, words, "--env", "--volume", ":", false);
    add_args(start, words, "--");
}

static void native_command(const struct tool *tool, const struct engine_start *start,
                           struct words *words) {
    (void)tool;
    words_add(words, "--image");
    words_add(words, start->module);
    add_common(start, words, "--env", "--dir", ":", false);
    words_add(words, "--");
    for (size_t i = 0; i < start->args.count; i++)
        words_add(words, start->args.items[i]);
}

const struct engine engines[] = {
    {"node", "node", "--version", "Debian package nodejs", node_command},
    {"wasmtime", "wasmtime", "--version", "tools/engines.sh", wasmtime_command},
    {"wasmedge", "wasmedge", "--version", "tools/engines.sh, or Debian 13's package wasmedge",
     wasmedge_command},
    {"wazero", "wazero", "version", "tools/engines.sh, or Go's github.com/tetratelabs/wazero",
     wazero_command},
    {"iwasm", "iwasm", "--version", "tools/engines.sh, or WAMR from source", iwasm_command},
    {"wasmer", "wasmer", "--version", "tools/engines.sh", wasmer_command},
    {"native", "the native runtime", NULL, "comes with c2w-aot", native_command},
};
const size_t engine_count = sizeof engines / sizeof engines[0];

const struct engine *engine_named(const char *name) {
    for (size_t i = 0; i < engine_count; i++)
        if (strcmp(engines[i].name, name) == 0)
            return &engines[i];
    return NULL;
}

/* The native runtime belongs to the tool: beside the binary, or with its library files. */
static char *native_path(const struct tool *tool, const char *name) {
    char *path = library_file(tool, name);
    if (path || !tool->directory)
        return path;
    path = format_string("%s/%s", tool->directory, name);
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *engine_path(const struct tool *tool, const struct engine *engine,
                  const struct guest *guest) {
    return engine->version_argument ? find_program(tool, engine->program)
                                    : native_path(tool, guest->native);
}

void engine_command(const struct tool *tool, const struct engine *engine, const char *program,
                    const struct engine_start *start, struct words *words) {
    words_add(words, program);
    engine->command(tool, start, words);
}
