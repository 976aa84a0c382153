/* The guest architectures, as images and ELF files name them. */
#include <elf.h>
#include <string.h>

#include "frontend.h"

static const struct guest guests[] = {
    {.platform = "linux/riscv64",
     .name = "riscv64",
     .machine = EM_RISCV,
     .isa = GUEST_RISCV64,
     .runtime = "runtime-riscv64.o",
     .native = "c2w-native-riscv64",
     .libraries = {"/lib/riscv64-linux-gnu", "/usr/lib/riscv64-linux-gnu", "/lib64/lp64d"}},
    {.platform = "linux/amd64",
     .name = "x86_64",
     .machine = EM_X86_64,
     .isa = GUEST_X86_64,
     .runtime = "runtime-x86_64.o",
     .native = "c2w-native-x86_64",
     .libraries = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"}},
};

const struct guest *guest_of_platform(const char *platform) {
    if (strcmp(platform, "linux/x86_64") == 0)
        platform = "linux/amd64";
    for (size_t i = 0; i < sizeof guests / sizeof guests[0]; i++)
        if (strcmp(guests[i].platform, platform) == 0)
            return &guests[i];
    return NULL;
}

bool platform_supported(struct tool *tool, const char *platform) {
    return guest_of_platform(platform) ||
           fail(tool, NULL, "platform %s is unknown (use linux/riscv64 or linux/amd64)", platform);
}
