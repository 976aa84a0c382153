/* Values of the options that `build` and `run` share. */
#include <stdlib.h>
#include <string.h>

#include "frontend.h"

const struct option_spec shared_options[] = {
    {0, "platform", "OS/ARCH",
     "linux/amd64 or linux/riscv64; default: what the image is for, amd64 if\nthat is both",
     BUILD_PLATFORM},
    {0, "lift", "all|none", "compile the image's programs (default) or interpret everything",
     BUILD_LIFT},
    {0, "profile", "FILE",
     "compile what a profile saw (C2W_PROFILE=FILE c2w-aot run); may be given\nmore than once",
     BUILD_PROFILE},
    {0, "count", NULL, "count instructions in compiled code for C2W_STATS=1 (slower)", BUILD_COUNT},
    {0, "fma", "exact|relaxed|unfused",
     "fused multiply-add: exact (default); the engine's relaxed SIMD, exact\nand fast where it "
     "fuses (checked at start); or multiply and add, which\ndiffers in the last bit",
     BUILD_FMA},
    {0, "fflags", "exact|read",
     "keep floating point exception flags in all lifted code, or only\nwhere they can be read "
     "(default)",
     BUILD_FFLAGS},
    {0, "null-check", "auto|on|off",
     "in lifted code, make accesses through a null pointer SIGSEGV: auto\n(default) in "
     "Go programs, which rely on it",
     BUILD_NULL_CHECK},
    {0, "checked", NULL, "compute guest addresses without folding (finds compiler faults)",
     BUILD_CHECKED},
    {0, "lockstep", NULL, "compare lifted code with the interpreter while it runs (slow)",
     BUILD_LOCKSTEP},
    {'j', "jobs", "N", "compile with N threads (default: number of CPUs)", BUILD_JOBS},
    {0, "cache", "DIR|off",
     "keep compiled functions there (default: $C2W_CACHE,\n$XDG_CACHE_HOME/c2w-aot, "
     "~/.cache/c2w-aot; see c2w-aot cache)",
     BUILD_CACHE},
    {0, "dump-ir", "FILE", "write the LLVM IR before optimisation", BUILD_DUMP_IR},
    {'s', "strip", NULL, "leave out the names of functions (a smaller module)", BUILD_STRIP},
    {0, "entrypoint", "PATH", "replace the image's Entrypoint and drop its Cmd", BUILD_ENTRYPOINT},
    {'e', "env", "K=V", "set an environment variable; K alone takes it from here", BUILD_ENV},
    {'w', "workdir", "DIR", "working directory in the container", BUILD_WORKDIR},
    {'u', "user", "USER[:GROUP]", "user, by name or number", BUILD_USER},
    {0, "hostname", "NAME", "host name in the container (default: localhost)", BUILD_HOSTNAME},
    {'q', "quiet", NULL, "print errors only", BUILD_QUIET},
};
const size_t shared_option_count = sizeof shared_options / sizeof shared_options[0];

void build_options_default(struct build_options *options) {
    *options = (struct build_options){.lift = LIFT_ALL};
    options->translator.fma = FMA_EXACT;
}

char *environment_item(const char *value) {
    if (*value == '=' || !*value)
        return NULL;
    if (strchr(value, '='))
        return copy_string(value);
    const char *here = getenv(value);
    return here ? format_string("%s=%s", value, here) : NULL;
}

static bool wrong_value(struct tool *tool, const struct verb *verb, const char *option,
                        const char *value, const char *known) {
    usage_error(tool, verb->name, "--%s=%s: must be %s", option, value, known);
    return false;
}

static bool set_jobs(struct tool *tool, const struct verb *verb, struct build_options *options,
                     const char *value) {
    char *end;
    unsigned long jobs = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || jobs < 1 || jobs > 1024)
        return wrong_value(tool, verb, "jobs", value, "a number from 1 to 1024");
    options->translator.jobs = (unsigned)jobs;
    return true;
}

static bool set_fma(struct tool *tool, const struct verb *verb, struct build_options *options,
                    const char *value) {
    static const char *const names[] = {
        [FMA_EXACT] = "exact", [FMA_RELAXED] = "relaxed", [FMA_UNFUSED] = "unfused"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(value, names[i]) == 0) {
            options->translator.fma = (enum fma_mode)i;
            return true;
        }
    return wrong_value(tool, verb, "fma", value, "exact, relaxed or unfused");
}

static bool set_null_check(struct tool *tool, const struct verb *verb,
                           struct build_options *options, const char *value) {
    static const char *const names[] = {
        [NULL_CHECK_AUTO] = "auto", [NULL_CHECK_ON] = "on", [NULL_CHECK_OFF] = "off"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(value, names[i]) == 0) {
            options->null_check = (enum null_check)i;
            return true;
        }
    return wrong_value(tool, verb, "null-check", value, "auto, on or off");
}

bool build_option_set(struct tool *tool, const struct verb *verb, struct build_options *options,
                      int id, const char *value) {
    struct container_overrides *overrides = &options->overrides;
    switch ((enum shared_option)id) {
    case BUILD_OUTPUT:
        options->output = value;
        if (!*value)
            return wrong_value(tool, verb, "output", value, "a file name");
        return true;
    case BUILD_PLATFORM:
        options->platform = value;
        return true;
    case BUILD_LIFT:
        options->lift = strcmp(value, "none") == 0 ? LIFT_NONE : LIFT_ALL;
        return options->lift == LIFT_NONE || strcmp(value, "all") == 0 ||
               wrong_value(tool, verb, "lift", value, "all or none");
    case BUILD_PROFILE:
        words_add(&options->profiles, value);
        return true;
    case BUILD_COUNT:
        options->translator.count_instructions = true;
        return true;
    case BUILD_FMA:
        return set_fma(tool, verb, options, value);
    case BUILD_FFLAGS:
        options->translator.exact_fflags = strcmp(value, "exact") == 0;
        return options->translator.exact_fflags || strcmp(value, "read") == 0 ||
               wrong_value(tool, verb, "fflags", value, "exact or read");
    case BUILD_NULL_CHECK:
        return set_null_check(tool, verb, options, value);
    case BUILD_CHECKED:
        options->translator.checked = true;
        return true;
    case BUILD_LOCKSTEP:
        options->translator.lockstep = true;
        return true;
    case BUILD_JOBS:
        return set_jobs(tool, verb, options, value);
    case BUILD_CACHE:
        options->cache = value;
        return *value || wrong_value(tool, verb, "cache", value, "a directory or off");
    case BUILD_DUMP_IR:
        options->translator.dump_ir = value;
        return true;
    case BUILD_STRIP:
        options->strip = true;
        return true;
    case BUILD_KEEP:
        options->keep_temporaries = true;
        return true;
    case BUILD_QUIET:
        tool->quiet = true;
        return true;
    case BUILD_ENTRYPOINT:
        overrides->entrypoint = value;
        return true;
    case BUILD_ENV: {
        char *item = environment_item(value);
        if (item)
            words_add(&overrides->env, item);
        else if (strchr(value, '=') || !*value)
            return wrong_value(tool, verb, "env", value, "NAME=VALUE");
        free(item);
        return true; /* as docker: a name that is not set here is left out */
    }
    case BUILD_WORKDIR:
        overrides->working_directory = value;
        return true;
    case BUILD_USER:
        overrides->user = value;
        return true;
    case BUILD_HOSTNAME:
        overrides->host_name = value;
        return true;
    case SHARED_OPTION_END:
        break;
    }
    return false;
}
