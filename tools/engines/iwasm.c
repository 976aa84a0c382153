/* WAMR's command line program for the library that its crate carries: the options of WAMR's own
 * iwasm that running a WASI command needs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasm_export.h"

enum { MAX_OPTIONS = 64, ERROR_SIZE = 256 };

struct options {
    const char *dirs[MAX_OPTIONS], *maps[MAX_OPTIONS], *env[MAX_OPTIONS];
    uint32_t dir_count, map_count, env_count;
    uint32_t stack_size; /* bytes, of the interpreter's operand stack */
    char **command;      /* the module's path and its arguments */
    int command_count;
};

static _Noreturn void usage(int status) {
    fprintf(status ? stderr : stdout,
            "usage: iwasm [--stack-size=BYTES] [--dir=DIR] [--map-dir=GUEST::HOST] [--env=K=V]\n"
            "             MODULE [ARG...]\n"
            "       iwasm --version\n");
    exit(status);
}

static void add(const char *list[], uint32_t *count, const char *value) {
    if (*count == MAX_OPTIONS) {
        fprintf(stderr, "iwasm: more than %d options of one kind\n", MAX_OPTIONS);
        exit(2);
    }
    list[(*count)++] = value;
}

static struct options parse(int argc, char **argv) {
    struct options o = {.stack_size = 64 * 1024};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *value = strchr(argv[i], '=');
        size_t name = value ? (size_t)(value - argv[i]) : strlen(argv[i]);
        value = value ? value + 1 : "";
#define IS(option) (name == strlen(option) && memcmp(argv[i], option, name) == 0)
        if (IS("--stack-size"))
            o.stack_size = (uint32_t)strtoul(value, NULL, 0);
        else if (IS("--dir"))
            add(o.dirs, &o.dir_count, value);
        else if (IS("--map-dir"))
            add(o.maps, &o.map_count, value);
        else if (IS("--env"))
            add(o.env, &o.env_count, value);
        else if (IS("--version")) {
            uint32_t major, minor, patch;
            wasm_runtime_get_version(&major, &minor, &patch);
            printf("iwasm %u.%u.%u\n", major, minor, patch);
            exit(0);
        } else
            usage(IS("--help") ? 0 : 2);
#undef IS
    }
    if (i == argc)
        usage(2);
    o.command = argv + i;
    o.command_count = argc - i;
    return o;
}

static uint8_t *read_file(const char *path, uint32_t *size) {
    FILE *f = fopen(path, "rb");
    long length = -1;
    if (f && fseek(f, 0, SEEK_END) == 0)
        length = ftell(f);
    uint8_t *bytes = length > 0 && length <= INT32_MAX ? malloc((size_t)length) : NULL;
    if (!bytes || fseek(f, 0, SEEK_SET) != 0 || fread(bytes, (size_t)length, 1, f) != 1) {
        fprintf(stderr, "iwasm: %s: cannot be read\n", path);
        exit(1);
    }
    fclose(f);
    *size = (uint32_t)length;
    return bytes;
}

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "iwasm: %s: %s\n", what, why);
    exit(1);
}

int main(int argc, char **argv) {
    struct options o = parse(argc, argv);
    char error[ERROR_SIZE];
    uint32_t size;
    uint8_t *bytes = read_file(o.command[0], &size);
    if (!wasm_runtime_init())
        fail("runtime", "cannot start");
    wasm_module_t module = wasm_runtime_load(bytes, size, error, sizeof error);
    if (!module)
        fail(o.command[0], error);
    wasm_runtime_set_wasi_args(module, o.dirs, o.dir_count, o.maps, o.map_count, o.env, o.env_count,
                               o.command, o.command_count);
    wasm_module_inst_t instance =
        wasm_runtime_instantiate(module, o.stack_size, 0, error, sizeof error);
    if (!instance)
        fail(o.command[0], error);
    if (!wasm_application_execute_main(instance, o.command_count, o.command))
        fail(o.command[0], wasm_runtime_get_exception(instance));
    int status = (int)wasm_runtime_get_wasi_exit_code(instance);
    wasm_runtime_deinstantiate(instance);
    wasm_runtime_unload(module);
    wasm_runtime_destroy();
    free(bytes);
    return status;
}
