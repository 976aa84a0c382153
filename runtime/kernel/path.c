/* Path walk: path_resolution(7). */
#include <string.h>

#include "vfs.h"

#define LINKS_MAX 40

struct walk {
    struct path_node *root, *at;
    char *text; /* heap: what is left of the path is text[position...] */
    size_t position;
    unsigned links;
};

static void move_to(struct walk *walk, struct path_node *node) {
    node_get(node);
    node_put(walk->at);
    walk->at = node;
}

static void go_up(struct walk *walk) {
    struct path_node *node = walk->at;
    while (node != walk->root && node->covered)
        node = node->covered;
    if (node == walk->root || !node->parent)
        return;
    node = node->parent;
    while (node->mounted)
        node = node->mounted;
    move_to(walk, node);
}

/* Puts a link's target in front of the rest of the path. */
static int follow_link(struct walk *walk, struct path_node *link, const char *rest) {
    struct inode *inode = link->inode;
    if (++walk->links > LINKS_MAX)
        return -ELOOP;
    if (inode->ops->follow) {
        struct path_node *target;
        int error = inode->ops->follow(inode, &target);
        if (error == 0) {
            move_to(walk, target);
            node_put(target);
            walk->position = (size_t)(rest - walk->text);
        }
        if (error != -EINVAL) /* -EINVAL: an ordinary link of a file system that also has others */
            return error;
    }
    size_t rest_length = strlen(rest);
    char *text = heap_alloc(LINUX_PATH_MAX + rest_length + 2);
    int64_t length = inode->ops->readlink(inode, text, LINUX_PATH_MAX);
    if (length <= 0) {
        heap_free(text);
        return length < 0 ? (int)length : -ENOENT;
    }
    text[length] = 0;
    if (rest_length) {
        text[length] = '/';
        memcpy(text + length + 1, rest, rest_length + 1);
    }
    touch_accessed(inode);
    heap_free(walk->text);
    walk->text = text;
    walk->position = 0;
    if (text[0] == '/')
        move_to(walk, walk->root);
    return 0;
}

static void skip_slashes(struct walk *walk) {
    while (walk->text[walk->position] == '/')
        walk->position++;
}

/* One component; *finished when it was the last one and `result` is complete. */
static int step(struct walk *walk, unsigned flags, struct lookup *result, bool *finished) {
    const char *name = walk->text + walk->position;
    size_t length = strcspn(name, "/");
    const char *rest = name + length + strspn(name + length, "/");
    bool last = *rest == 0, slash = name[length] == '/';
    if (!S_ISDIR(walk->at->inode->mode))
        return -ENOTDIR;
    int error = inode_refresh(walk->at->inode);
    if (!error)
        error = inode_permission(walk->at->inode, X_OK);
    if (error)
        return error;
    if (length > LINUX_NAME_MAX)
        return -ENAMETOOLONG;
    bool dot = length == 1 && name[0] == '.', dotdot = length == 2 && memcmp(name, "..", 2) == 0;
    if (dot || dotdot) {
        if (dotdot)
            go_up(walk);
        if (last)
            result->last = dot ? LAST_DOT : LAST_DOTDOT;
        walk->position = (size_t)(rest - walk->text);
        return 0;
    }

    struct path_node *child;
    error = node_child(walk->at, name, length, &child);
    if (error == -ENOENT && last && (flags & LOOKUP_MISSING))
        child = NULL;
    else if (error)
        return error;
    while (child && child->mounted) {
        struct path_node *mounted = node_get(child->mounted);
        node_put(child);
        child = mounted;
    }
    bool follow = !last || (!(flags & LOOKUP_RAW) && ((flags & LOOKUP_FOLLOW) || slash));
    if (child && S_ISLNK(child->inode->mode) && follow) {
        /* "link/" means what the link points to, which must be a directory then */
        error = follow_link(walk, child, last && slash ? name + length : rest);
        node_put(child);
        if (last)
            result->last = LAST_ROOT;
        return error;
    }
    walk->position = (size_t)(rest - walk->text);
    if (last) {
        result->last = LAST_NAME;
        result->length = length;
        memcpy(result->name, name, length);
        result->name[length] = 0;
        result->trailing_slash = slash;
        result->parent = node_get(walk->at);
        result->node = child;
        *finished = true;
        if (slash && child && !(flags & LOOKUP_RAW) && !S_ISDIR(child->inode->mode))
            return -ENOTDIR;
        return 0;
    }
    move_to(walk, child);
    node_put(child);
    return 0;
}

int path_walk(struct path_node *start, const char *path, unsigned flags, struct lookup *result) {
    memset(result, 0, sizeof *result);
    result->last = LAST_ROOT;
    if (!*path && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    size_t length = strlen(path);
    struct fs_context *fs = current->process->fs;
    struct walk walk = {.root = fs ? fs->root : kernel.vfs->root};
    walk.text = heap_alloc(length + 1);
    memcpy(walk.text, path, length + 1);
    walk.at = node_get(*path == '/' ? walk.root : start);
    bool finished = false;
    int error = 0;
    if (*path && !S_ISDIR(walk.at->inode->mode))
        error = -ENOTDIR;
    while (!error && !finished) {
        skip_slashes(&walk);
        if (!walk.text[walk.position]) {
            bool slash = walk.position && walk.text[walk.position - 1] == '/';
            if (slash && !S_ISDIR(walk.at->inode->mode))
                error = -ENOTDIR;
            result->node = node_get(walk.at);
            break;
        }
        error = step(&walk, flags, result, &finished);
    }
    heap_free(walk.text);
    node_put(walk.at);
    if (error)
        lookup_put(result);
    return error;
}

void lookup_put(struct lookup *lookup) {
    node_put(lookup->node);
    node_put(lookup->parent);
    lookup->node = lookup->parent = NULL;
}

int path_lookup_name(int dirfd, const char *path, unsigned flags, struct lookup *result) {
    struct path_node *start = current->process->fs->cwd;
    memset(result, 0, sizeof *result);
    if (dirfd != AT_FDCWD && *path != '/') {
        if (!*path && !(flags & LOOKUP_EMPTY))
            return -ENOENT;
        struct file *file = file_of(dirfd);
        if (!file || !file->path)
            return file ? -ENOTDIR : -EBADF;
        start = file->path;
    }
    return path_walk(start, path, flags, result);
}

int path_lookup_at(int dirfd, uint64_t path, unsigned flags, struct lookup *result) {
    char *text = heap_alloc(LINUX_PATH_MAX);
    int64_t error = user_string(text, LINUX_PATH_MAX, path);
    memset(result, 0, sizeof *result);
    if (error >= 0)
        error = path_lookup_name(dirfd, text, flags, result);
    heap_free(text);
    return (int)error;
}
