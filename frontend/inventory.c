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

/* Appends a file and what it needs to the order: its interpreter, then DT_NEEDED, depth first. */
static void add_closure(const struct image *image, struct inventory *inventory,
                        struct elf_file *file, bool *added) {
    const char *reason;
    if (!file || added[file - inventory->files])
        return;
    added[file - inventory->files] = true;
    inventory->order[inventory->needed_count++] = file;
    if (file->interpreter) {
        struct tree_node *node =
            tree_find(image->tree, image->tree->root, file->interpreter, true, &reason);
        add_closure(image, inventory, file_of_node(inventory, node), added);
    }
    for (size_t i = 0; i < file->needed.count; i++)
        add_closure(image, inventory, find_needed(image, inventory, file, file->needed.items[i]),
                    added);
}

static void order_files(const struct image *image, struct inventory *inventory) {
    bool *added = allocate(inventory->count + 1);
    inventory->order = allocate((inventory->count + 1) * sizeof *inventory->order);
    add_closure(image, inventory, file_of_node(inventory, image->container.program), added);
    inventory->entrypoint_count = inventory->needed_count;
    for (size_t i = 0; i < inventory->count; i++)
        if (inventory->files[i].kind == ELF_PROGRAM || inventory->files[i].kind == ELF_PIE)
            add_closure(image, inventory, &inventory->files[i], added);
    size_t at = inventory->needed_count;
    for (size_t i = 0; i < inventory->count; i++)
        if (!added[i])
            inventory->order[at++] = &inventory->files[i];
    free(added);
}

/* What cannot be lifted has a reason already. */
static void select_profiled(struct inventory *inventory) {
    for (size_t i = 0; i < inventory->count; i++) {
        struct elf_file *file = &inventory->files[i];
        if (file->reason[0])
            continue;
        file->lift = file->profiled;
        if (!file->lift)
            snprintf(file->reason, sizeof file->reason, "not in the profile");
    }
}

static void select_needed(struct inventory *inventory) {
    uint64_t text = 0;
    for (size_t i = 0; i < inventory->needed_count; i++)
        if (!inventory->order[i]->reason[0])
            text += inventory->order[i]->text_bytes;
    inventory->limited = text > LIFT_MAX_TEXT;
    size_t lifted = inventory->limited ? inventory->entrypoint_count : inventory->needed_count;
    for (size_t i = 0; i < inventory->count; i++) {
        struct elf_file *file = inventory->order[i];
        if (file->reason[0])
            continue;
        file->lift = i < lifted;
        if (i >= inventory->needed_count)
            snprintf(file->reason, sizeof file->reason, "no program names it");
        else if (!file->lift)
            snprintf(file->reason, sizeof file->reason,
                     "the image has too much code; only the entrypoint's is lifted");
    }
}

void inventory_select(const struct image *image, struct inventory *inventory, enum lift_mode mode,
                      const struct profile *profile) {
    if (mode == LIFT_NONE)
        return;
    order_files(image, inventory);
    if (profile)
        select_profiled(inventory);
    else
        select_needed(inventory);
    assign_load_addresses(inventory);
    for (size_t i = 0; i < inventory->count; i++) {
        struct elf_file *file = &inventory->files[i];
        if (!file->lift)
            continue;
        elf_collect_hints(file);
        if (profile)
            profile_counts(profile, file);
    }
}
