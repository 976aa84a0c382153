/* The guest architectures, as images and ELF files name them, and which of them an image is for. */
#include <elf.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend.h"

/* Of an image that is for several, the first. */
const struct guest guests[GUEST_COUNT] = {
    {.platform = "linux/amd64",
     .name = "x86_64",
     .machine = EM_X86_64,
     .isa = GUEST_X86_64,
     .runtime = "runtime-x86_64.o",
     .native = "c2w-native-x86_64",
     .libraries = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"}},
    {.platform = "linux/riscv64",
     .name = "riscv64",
     .machine = EM_RISCV,
     .isa = GUEST_RISCV64,
     .runtime = "runtime-riscv64.o",
     .native = "c2w-native-riscv64",
     .libraries = {"/lib/riscv64-linux-gnu", "/usr/lib/riscv64-linux-gnu", "/lib64/lp64d"}},
};

const struct guest *guest_of_platform(const char *platform) {
    if (!platform)
        return NULL;
    if (strcmp(platform, "linux/x86_64") == 0)
        platform = "linux/amd64";
    for (size_t i = 0; i < GUEST_COUNT; i++)
        if (strcmp(guests[i].platform, platform) == 0)
            return &guests[i];
    return NULL;
}

bool platform_supported(struct tool *tool, const char *platform) {
    return !platform || guest_of_platform(platform) ||
           fail(tool, NULL, "platform %s is unknown (use linux/amd64 or linux/riscv64)", platform);
}

static void count_machines(const struct tree *tree, const struct tree_node *node,
                           size_t counts[GUEST_COUNT]) {
    const struct tree_inode *inode = node->inode;
    for (uint32_t i = 0; i < node->child_count; i++)
        count_machines(tree, node->children[i], counts);
    const uint8_t *bytes = S_ISREG(inode->mode) ? tree_bytes(tree, inode) : NULL;
    if (!bytes || inode->size < sizeof(Elf64_Ehdr) || !elf_is_elf(bytes, inode->size) ||
        bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB)
        return;
    Elf64_Ehdr header;
    memcpy(&header, bytes, sizeof header);
    for (size_t i = 0; i < GUEST_COUNT; i++)
        counts[i] += header.e_machine == guests[i].machine;
}

const struct guest *guest_of_tree(const struct tree *tree) {
    size_t counts[GUEST_COUNT] = {0}, most = 0;
    count_machines(tree, tree->root, counts);
    for (size_t i = 1; i < GUEST_COUNT; i++)
        if (counts[i] > counts[most])
            most = i;
    return &guests[most];
}
