/* c2w-aot: container images to WebAssembly modules. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frontend.h"

static void print_help(const struct verb *const *verbs, size_t count) {
    printf("Usage: c2w-aot VERB ...\n\n"
           "Compiles a Linux container image (linux/amd64, linux/riscv64) to one WebAssembly module\n"
           "that needs nothing but wasi_snapshot_preview1, and runs it.\n\nVerbs:\n");
    for (size_t i = 0; i < count; i++)
        printf("  %-8s %s\n", verbs[i]->name, verbs[i]->summary);
    printf("\n  c2w-aot VERB --help    options of a verb\n"
           "  c2w-aot --version      version of the tool\n\n"
           "IMAGE is a docker-save tar, an OCI archive or layout directory (layers plain, gzip or\n"
           "zstd), a root file system as directory or tar, a single ELF file, or - for standard\n"
           "input.\n\n"
           "Exit status: 0, or 1 after an error, or 2 for a wrong command line; run: that of the\n"
           "container.\n");
}

/* A closed descriptor 0-2 would be given to the next file that is opened. */
static bool stdio_is_open(void) {
    return fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0;
}

int main(int argc, char **argv) {
    static const struct verb *const verbs[] = {&build_verb, &run_verb, &inspect_verb, &cache_verb,
                                               &doctor_verb};
    const size_t count = sizeof verbs / sizeof verbs[0];
    struct tool tool = {.program = "c2w-aot", .spool = -1, .progress_shown = -1};
    if (!stdio_is_open())
        return 1;
    /* Names in pax headers are UTF-8; libarchive converts them to the locale's charset. */
    setlocale(LC_CTYPE, "C.UTF-8");
    tool.terminal = isatty(STDERR_FILENO);
    find_tool_files(&tool);
    const char *name = argc > 1 ? argv[1] : "";
    if (!*name)
        return usage_error(&tool, "", "no verb given");
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(verbs, count);
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        puts("c2w-aot " C2W_VERSION);
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, verbs[i]->name) == 0) {
            int status = verbs[i]->run(&tool, verbs[i], argc - 2, argv + 2);
            if (fflush(stdout) || ferror(stdout))
                return fail(&tool, "standard output", "cannot write"), status ? status : 1;
            return status;
        }
    return usage_error(&tool, "", "unknown verb %s", name);
}
