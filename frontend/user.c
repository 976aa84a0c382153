/* The configuration's User ("name", "uid", "name:group", "uid:gid") looked up in the image, as runc
 * does (libcontainer/user: GetExecUser). */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend.h"

#define MAX_ID 0x7fffffff

struct account { /* one line of passwd or group: fields point into the line */
    char *fields[7];
    size_t count;
};

static bool parse_id(const char *text, uint32_t *id) {
    if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 10)
        return false;
    unsigned long long value = strtoull(text, NULL, 10);
    *id = (uint32_t)value;
    return value <= MAX_ID;
}

/* Reads a file of the image as a string; an absent file is empty. */
static char *read_text(const struct image *image, const char *path) {
    const char *reason;
    struct tree_node *node = tree_find(image->tree, image->tree->root, path, true, &reason);
    if (!node || !S_ISREG(node->inode->mode) || node->inode->size > 16u << 20)
        return copy_string("");
    char *text = allocate(node->inode->size + 1);
    memcpy(text, tree_bytes(image->tree, node->inode), node->inode->size);
    return text;
}

/* Splits the next line at colons; false at the end. */
static bool next_line(char **text, struct account *account) {
    while (**text) {
        char *line = *text, *end = strchr(line, '\n');
        *text = end ? end + 1 : line + strlen(line);
        if (end)
            *end = 0;
        account->count = 0;
        for (char *field = line; field && account->count < 7;) {
            char *colon = strchr(field, ':');
            if (colon && account->count < 6)
                *colon = 0;
            account->fields[account->count++] = field;
            field = colon ? colon + 1 : NULL;
        }
        if (*line && *line != '#' && account->count >= 3)
            return true;
    }
    return false;
}

static bool is_member(const char *list, const char *name) {
    size_t length = strlen(name);
    while (*list) {
        size_t part = strcspn(list, ",");
        if (part == length && memcmp(list, name, part) == 0)
            return true;
        list += part + (list[part] == ',');
    }
    return false;
}

bool user_resolve(struct tool *tool, const struct image *image, struct container *container,
                  char **home) {
    char *user = copy_string(container->user), *group = strchr(user, ':');
    if (group)
        *group++ = 0;
    const char *wanted = *user ? user : "0";
    char *passwd = read_text(image, "/etc/passwd"), *cursor = passwd;
    char *name = NULL;
    struct account account;
    uint32_t number, id = 0;
    bool numeric = parse_id(wanted, &number), found = false;
    container->uid = numeric ? number : 0;
    container->gid = 0;
    *home = copy_string("/");
    while (!found && next_line(&cursor, &account)) {
        if (!parse_id(account.fields[2], &id))
            continue;
        if (strcmp(account.fields[0], wanted) != 0 && !(numeric && id == number))
            continue;
        found = true;
        container->uid = id;
        name = copy_string(account.fields[0]);
        if (account.count > 3 && parse_id(account.fields[3], &id))
            container->gid = id;
        if (account.count > 5 && *account.fields[5])
            *home = copy_string(account.fields[5]);
    }
    if (!found && !numeric)
        return fail(tool, image->name,
                    "user %.100s is not in the image's /etc/passwd (use a number)", wanted);

    char *groups = read_text(image, "/etc/group");
    cursor = groups;
    container->group_count = 0;
    if (group && *group) {
        bool known = parse_id(group, &id);
        if (known)
            container->gid = id;
        while (!known && next_line(&cursor, &account))
            if (strcmp(account.fields[0], group) == 0 && parse_id(account.fields[2], &id)) {
                known = true;
                container->gid = id;
            }
        if (!known)
            return fail(tool, image->name,
                        "group %.100s is not in the image's /etc/group (use a number)", group);
    } else
        while (name && next_line(&cursor, &account))
            if (account.count > 3 && is_member(account.fields[3], name) &&
                parse_id(account.fields[2], &id) && container->group_count < 32)
                container->groups[container->group_count++] = id;
    free(passwd);
    free(groups);
    free(name);
    free(user);
    return true;
}
