/* The native runtime as a program: the same kernel, interpreter and tables as the wasm module, with
 * the root file system image in a file. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "posix.h"

int kernel_main(void); /* kernel/kernel.h, which does not go with the host's own headers */

extern char **environ;

static const char usage[] =
    "usage: %s --image FILE [--dir HOST[:GUEST]]... [--env K=V]... [--] [ARGS]\n"
    "\n"
    "Runs a root file system image. ARGS replace the image's CMD.\n"
    "  --image FILE        the image, as `c2w-aot build --rootfs-only` writes it\n"
    "  --dir HOST[:GUEST]  mounts a host directory\n"
    "  --env K=V           adds to the image's environment\n"
    "C2W_* variables of the caller's environment reach the runtime, nothing else does.\n";

static _Noreturn void fail_usage(const char *what, const char *argument) {
    fprintf(stderr, "%s: %s%s (see --help)\n", program_invocation_short_name, what, argument);
    exit(2);
}

/* HOST:GUEST, or HOST for both; the last colon divides. */
static void add_directory(char *option) {
    char *colon = strrchr(option, ':');
    if (colon)
        *colon = 0;
    const char *name = colon ? colon + 1 : option;
    if (!*option || *name != '/')
        fail_usage("--dir needs HOST:/GUEST, not ", option);
    posix_add_preopen(option, name);
}

int main(int argc, char **argv) {
    const char *image = NULL;
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        char *option = argv[i];
        if (strcmp(option, "--") == 0) {
            i++;
            break;
        }
        if (strcmp(option, "--help") == 0) {
            printf(usage, program_invocation_short_name);
            return 0;
        }
        bool is_image = strcmp(option, "--image") == 0, is_dir = strcmp(option, "--dir") == 0;
        if (!is_image && !is_dir && strcmp(option, "--env") != 0)
            fail_usage("unknown option ", option);
        if (++i == argc)
            fail_usage("an argument is missing after ", option);
        if (is_image)
            image = argv[i];
        else if (is_dir)
            add_directory(argv[i]);
        else if (!strchr(argv[i], '='))
            fail_usage("--env needs K=V, not ", argv[i]);
        else
            posix_add_env(argv[i]);
    }
    if (!image)
        fail_usage("--image FILE is missing", "");
    posix_open_image(image);
    posix_set_args(argv + i, (unsigned)(argc - i));
    for (char **entry = environ; *entry; entry++)
        if (strncmp(*entry, "C2W_", 4) == 0)
            posix_add_env(*entry);
    host_init();
    host_exit(kernel_main());
}
