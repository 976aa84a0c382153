/* c2w-aot doctor: what the tool needs, what is there, how to get the rest. */
#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Core.h>

#include "frontend.h"

static void print_row(const char *name, const char *state, const char *detail) {
    printf("  %-22s %-8s %s\n", name, state, detail);
}

static bool check_program(const struct tool *tool, const char *name, char *path,
                          const char *argument, const char *how) {
    char version[256];
    (void)tool;
    if (!path) {
        print_row(name, "missing", how);
        return false;
    }
    if (!argument || !program_version(path, argument, version, sizeof version))
        version[0] = 0;
    char *detail = format_string("%s%s%s", path, *version ? ": " : "", version);
    print_row(name, "ok", detail);
    free(detail);
    free(path);
    return true;
}

static bool check_file(const struct tool *tool, const char *name) {
    char *path = library_file(tool, name);
    print_row(name, path ? "ok" : "missing", path ? path : "build or install c2w-aot again");
    free(path);
    return path;
}

static bool check_libraries(void) {
    unsigned major, minor, patch;
    char text[64];
    LLVMGetVersion(&major, &minor, &patch);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, patch);
    print_row("LLVM library", major >= 22 ? "ok" : "old", text);
    int capstone_major, capstone_minor;
    cs_version(&capstone_major, &capstone_minor);
    bool riscv = cs_support(CS_ARCH_RISCV);
    snprintf(text, sizeof text, "%d.%d%s", capstone_major, capstone_minor,
             riscv ? "" : " without RISC-V");
    print_row("capstone library", riscv && capstone_major >= 5 ? "ok" : "old", text);
    return major >= 22 && riscv && capstone_major >= 5;
}

static bool no_option(void *context, int id, const char *value) {
    (void)context, (void)id, (void)value;
    return false;
}

static bool no_operand(void *context, const char *word) {
    usage_error(context, "doctor", "takes no operand (%s)", word);
    return false;
}

static int run_doctor(struct tool *tool, const struct verb *verb, int argc, char **argv) {
    static const char *const files[] = {"runtime-x86_64.o", "runtime-riscv64.o", "libc.a", "libbuiltins.a",
                                        "web/run.mjs"};
    struct words rest = {0};
    int stop = parse_options(tool, verb, argc, argv, no_option, no_operand, &rest, tool);
    if (stop)
        return stop - 1;
    bool ready = true;
    printf("Needed to build modules:\n");
    ready &= check_libraries();
    ready &=
        check_program(tool, "wasm-ld", find_wasm_ld(tool), "--version", "Debian package lld-22");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        ready &= check_file(tool, files[i]);
    printf("\nNeeded to build c2w-aot itself:\n");
    check_program(tool, "clang", find_program(tool, "clang-22"), "--version",
                  "Debian package clang-22");
    printf("\nEngines (one is enough):\n");
    bool engine = false;
    for (size_t i = 0; i < engine_count; i++)
        engine |= check_program(tool, engines[i].name, engine_path(tool, &engines[i], &guests[0]),
                                engines[i].version_argument, engines[i].how);
    printf("\n%s\n", !ready    ? "Something needed is missing: tools/setup.sh installs it."
                     : !engine ? "Modules can be built; install an engine to run them."
                               : "Everything needed is here.");
    return ready ? 0 : 1;
}

const struct verb doctor_verb = {
    .name = "doctor",
    .synopsis = "",
    .summary = "show what is installed, what is missing and how to get it",
    .details = "Exit status 1 when modules cannot be built.",
    .run = run_doctor,
};
