/* All ELF files of an image, and which of them are lifted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend.h"

static void scan_node(const struct image *image, struct inventory *inventory,
                      struct tree_node *node, bool *seen) {
    const struct tree_inode *inode = node->inode;
    for (uint32_t i = 0; i < node->child_count; i++)
        scan_node(image, inventory, node->children[i], seen);
    if (!S_ISREG(inode->mode) || seen[inode->number])
        return;
    seen[inode->number] = true; /* a file with several names is listed once */
    const uint8_t *bytes = tree_bytes(image->tree, inode);
    if (!elf_is_elf(bytes, inode->size))
        return;
    if (inventory->count % 64 == 0)
        inventory->files =
            reallocate(inventory->files, (inventory->count + 64) * sizeof *inventory->files);
    struct elf_file *file = &inventory->files[inventory->count++];
    *file = (struct elf_file){.node = node, .path = tree_path(node)};
    elf_read(file, image->guest, bytes, inode->size);
}

void inventory_scan(const struct image *image, struct inventory *inventory) {
    *inventory = (struct inventory){0};
    bool *seen = allocate(image->tree->inode_count + 1);
    scan_node(image, inventory, image->tree->root, seen);
    free(seen);
}

static struct elf_file *file_of_node(struct inventory *inventory, const struct tree_node *node) {
    for (size_t i = 0; node && i < inventory->count; i++)
        if (inventory->files[i].node->inode == node->inode)
            return &inventory->files[i];
    return NULL;
}

/* Finds a DT_NEEDED name as the dynamic linker does without a cache: run path ($ORIGIN is the
 * file's directory), then the usual directories. */
static struct elf_file *find_needed(const struct image *image, struct inventory *inventory,
                                    const struct elf_file *user, const char *name) {
    static const char *const usual[] = {"/lib64",   "/usr/lib64",     "/lib",
                                        "/usr/lib", "/usr/local/lib", NULL};
    const char *const *const lists[] = {(const char *const *)user->run_path.items,
                                        image->guest->libraries, usual};
    for (size_t list = 0, i = 0; list < sizeof lists / sizeof lists[0];) {
        const char *directory = lists[list] ? lists[list][i++] : NULL;
        if (!directory) {
            list++;
            i = 0;
            continue;
        }
        const char *reason;
        struct tree_node *from = user->node->parent;
        if (strncmp(directory, "$ORIGIN", 7) == 0)
            directory += 7 + strspn(directory + 7, "/");
        char *path = format_string("%s%s%s", directory, *directory ? "/" : "", name);
        struct tree_node *node = tree_find(image->tree, from, path, true, &reason);
        free(path);
        struct elf_file *found = file_of_node(inventory, node);
        if (found && found->right_machine)
            return found;
    }
    return NULL;
}

static void mark_closure(const struct image *image, struct inventory *inventory,
                         struct elf_file *file, bool *wanted) {
    if (!file || wanted[file - inventory->files])
        return;
    wanted[file - inventory->files] = true;
    for (size_t i = 0; i < file->needed.count; i++)
        mark_closure(image, inventory, find_needed(image, inventory, file, file->needed.items[i]),
                     wanted);
}

void inventory_select(const struct image *image, struct inventory *inventory, enum lift_mode mode) {
    if (mode == LIFT_NONE)
        return;
    uint64_t text = 0;
    for (size_t i = 0; i < inventory->count; i++) {
        struct elf_file *file = &inventory->files[i];
        file->lift = file->reason[0] == 0;
        if (file->lift)
            text += file->text_bytes;
    }
    if (text > LIFT_MAX_TEXT) {
        inventory->limited = true;
        bool *wanted = allocate(inventory->count + 1);
        mark_closure(image, inventory, file_of_node(inventory, image->container.program), wanted);
        for (size_t i = 0; i < inventory->count; i++)
            if (inventory->files[i].lift && !wanted[i]) {
                inventory->files[i].lift = false;
                snprintf(inventory->files[i].reason, sizeof inventory->files[i].reason,
                         "the image has too much code; only the entrypoint's is lifted");
            }
        free(wanted);
    }
    assign_load_addresses(inventory);
    for (size_t i = 0; i < inventory->count; i++)
        if (inventory->files[i].lift)
            elf_collect_hints(&inventory->files[i]);
}
