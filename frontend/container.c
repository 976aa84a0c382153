/* What the container runs: configuration, command line and docker's defaults put together, and
 * checked against the tree, so that a module that cannot start is not built. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define MAX_SCRIPTS 5 /* as Linux' limit of interpreters of interpreters */

static const char *environment(const struct container *container, const char *key) {
    size_t length = strlen(key);
    for (size_t i = container->env.count; i-- > 0;)
        if (strncmp(container->env.items[i], key, length) == 0 &&
            container->env.items[i][length] == '=')
            return container->env.items[i] + length + 1;
    return NULL;
}

/* Replaces the variable of the same name or appends. */
static void set_environment(struct words *env, const char *item) {
    size_t length = strcspn(item, "=") + 1;
    for (size_t i = 0; i < env->count; i++)
        if (strncmp(env->items[i], item, length) == 0) {
            free(env->items[i]);
            env->items[i] = copy_string(item);
            return;
        }
    words_add(env, item);
}

/* Docker's order: PATH, HOSTNAME, the image's own, the command line's, HOME. */
static void finish_environment(struct container *container, const struct words *extra,
                               const char *home) {
    struct words env = {0};
    set_environment(&env, "PATH=" DEFAULT_PATH);
    char *name = format_string("HOSTNAME=%s", container->host_name);
    set_environment(&env, name);
    free(name);
    for (size_t i = 0; i < container->env.count; i++)
        if (strchr(container->env.items[i], '='))
            set_environment(&env, container->env.items[i]);
    for (size_t i = 0; i < extra->count; i++)
        set_environment(&env, extra->items[i]);
    container->env = env;
    const char *given = environment(container, "HOME");
    if (!given || !*given) {
        name = format_string("HOME=%s", home);
        set_environment(&container->env, name);
        free(name);
    }
}

static bool may_execute(const struct container *container, const struct tree_inode *inode) {
    if (container->uid == 0)
        return inode->mode & 0111;
    if (inode->uid == container->uid)
        return inode->mode & 0100;
    bool member = inode->gid == container->gid;
    for (uint32_t i = 0; i < container->group_count; i++)
        member |= inode->gid == container->groups[i];
    return inode->mode & (member ? 0010 : 0001);
}

/* Finds a program as execvp does. */
static struct tree_node *find_program_file(const struct image *image, const char *word,
                                           const char **reason) {
    const struct tree *tree = image->tree;
    const struct container *container = &image->container;
    struct tree_node *cwd = tree_find(tree, tree->root, container->working_directory, true, reason);
    if (strchr(word, '/'))
        return tree_find(tree, cwd ? cwd : tree->root, word, true, reason);
    const char *path = environment(container, "PATH");
    struct tree_node *found = NULL;
    *reason = "is not on the container's PATH";
    while (path && *path) {
        size_t length = strcspn(path, ":");
        const char *ignored;
        char *candidate = format_string("%.*s/%s", (int)length, length ? path : ".", word);
        struct tree_node *node = tree_find(tree, cwd ? cwd : tree->root, candidate, true, &ignored);
        free(candidate);
        if (node && S_ISREG(node->inode->mode)) {
            if (may_execute(container, node->inode))
                return node;
            found = node; /* reported as not executable */
        }
        path += length + (path[length] == ':');
    }
    return found;
}

/* The interpreter word of "#!interpreter [argument]"; NULL when the line is no such line. */
static char *script_interpreter(const uint8_t *bytes, uint64_t size) {
    char line[256];
    size_t length = size < sizeof line - 1 ? (size_t)size : sizeof line - 1;
    memcpy(line, bytes, length);
    line[length] = 0;
    if (strncmp(line, "#!", 2) != 0)
        return NULL;
    char *start = line + 2;
    start += strspn(start, " \t");
    start[strcspn(start, " \t\r\n")] = 0;
    return *start ? copy_string(start) : NULL;
}

static bool check_elf(struct tool *tool, const struct image *image, struct tree_node *node,
                      const char *path, bool interpreter) {
    struct elf_file file = {.node = node};
    elf_read(&file, image->guest, tree_bytes(image->tree, node->inode), node->inode->size);
    const char *what = interpreter ? "program interpreter" : "program";
    if (file.bad)
        return fail(tool, image->name, "the %s %s is damaged: %s", what, path, file.reason);
    if (!file.right_machine) {
        char machine[32];
        return fail(tool, image->name,
                    "the %s %s is for %s (%u-bit), not for %s (get the image for %s, or see "
                    "--platform)",
                    what, path, elf_machine_name(file.machine, machine), file.class,
                    image->guest->name, image->guest->platform);
    }
    if (file.kind == ELF_OBJECT)
        return fail(tool, image->name, "the %s %s is an object file or core dump, not a program",
                    what, path);
    if (!file.interpreter || interpreter)
        return true;
    const char *reason;
    struct tree_node *loader =
        tree_find(image->tree, image->tree->root, file.interpreter, true, &reason);
    if (!loader)
        return fail(tool, image->name,
                    "the program %s needs %s, which %s (use a complete root file system)", path,
                    file.interpreter, reason);
    if (!S_ISREG(loader->inode->mode) ||
        !elf_is_elf(tree_bytes(image->tree, loader->inode), loader->inode->size))
        return fail(tool, image->name, "%s, which %s needs, is no ELF file", file.interpreter,
                    path);
    return check_elf(tool, image, loader, file.interpreter, true);
}

static bool check_program(struct tool *tool, struct image *image, const char *word) {
    struct container *container = &image->container;
    char *name = copy_string(word);
    for (unsigned depth = 0; depth <= MAX_SCRIPTS; depth++) {
        const char *reason = "";
        const char *what = depth ? "script interpreter" : "entrypoint";
        struct tree_node *node = find_program_file(image, name, &reason);
        if (!node)
            return fail(tool, image->name, "%s %.300s %s (use --entrypoint)", what, name, reason);
        if (!S_ISREG(node->inode->mode))
            return fail(tool, image->name, "%s %.300s is no regular file (use --entrypoint)", what,
                        name);
        if (!may_execute(container, node->inode))
            return fail(tool, image->name,
                        "%s %.300s is not executable for uid %u (use --entrypoint)", what, name,
                        container->uid);
        const uint8_t *bytes = tree_bytes(image->tree, node->inode);
        container->program = node;
        if (elf_is_elf(bytes, node->inode->size))
            return check_elf(tool, image, node, name, false);
        char *next = script_interpreter(bytes, node->inode->size);
        if (!next)
            return fail(tool, image->name, "%s %.300s is neither an ELF file nor a script with #!",
                        what, name);
        name = next;
    }
    return fail(tool, image->name, "entrypoint %.300s: scripts run scripts too deeply", word);
}

/* Directories that the runtime mounts on, and the working directory, which docker makes too. */
static bool make_directories(struct tool *tool, struct image *image) {
    static const char *const mounts[] = {"/dev", "/proc", "/sys"};
    const char *reason;
    for (size_t i = 0; i < 3; i++)
        if (!tree_make_directories(image->tree, mounts[i], 0, &reason))
            return fail(tool, image->name, "%s %s (it must be a directory)", mounts[i], reason);
    const char *directory = image->container.working_directory;
    if (!tree_make_directories(image->tree, directory, 0, &reason))
        return fail(tool, image->name, "working directory %.300s %s (use --workdir)", directory,
                    reason);
    return true;
}

bool container_finish(struct tool *tool, struct image *image,
                      const struct container_overrides *overrides) {
    struct container *container = &image->container;
    if (overrides->entrypoint) { /* as docker: the image's Cmd goes with its Entrypoint */
        container->entrypoint = (struct words){0};
        container->cmd = (struct words){0};
        if (*overrides->entrypoint)
            words_add(&container->entrypoint, overrides->entrypoint);
    }
    if (overrides->replace_cmd)
        container->cmd = overrides->cmd;
    if (overrides->user)
        container->user = copy_string(overrides->user);
    const char *directory =
        overrides->working_directory ? overrides->working_directory : container->working_directory;
    container->working_directory =
        *directory == '/' ? copy_string(directory) : format_string("/%s", directory);
    container->host_name = copy_string(overrides->host_name ? overrides->host_name : "localhost");

    const char *reason;
    bool plain_root = image->kind == IMAGE_ROOT_TAR || image->kind == IMAGE_ROOT_DIRECTORY;
    if (!container->entrypoint.count && !container->cmd.count && plain_root &&
        tree_find(image->tree, image->tree->root, "/bin/sh", true, &reason))
        words_add(&container->cmd, "/bin/sh");
    if (!overrides->inspect && !container->entrypoint.count && !container->cmd.count)
        return fail(tool, image->name, "names no program to start (use --entrypoint PATH)");

    char *home;
    if (!make_directories(tool, image) || !user_resolve(tool, image, container, &home))
        return false;
    finish_environment(container, &overrides->env, home);
    if (overrides->inspect)
        return true;
    return check_program(tool, image,
                         container->entrypoint.count ? container->entrypoint.items[0]
                                                     : container->cmd.items[0]);
}
