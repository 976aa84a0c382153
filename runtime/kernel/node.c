/* Path nodes: the part of the directory tree that is in use, mounts, absolute paths. */
#include <string.h>

#include "vfs.h"

/* Nodes used last keep a reference here, so that a path that is walked again and again is found
 * without asking the file system. */
#define RECENT 256
struct recent_nodes {
    struct path_node *nodes[RECENT];
    unsigned next;
};

struct path_node *node_get(struct path_node *node) {
    if (node)
        node->references++;
    return node;
}

static void unlink_from_parent(struct path_node *node) {
    if (!node->previous)
        return;
    *node->previous = node->next;
    if (node->next)
        node->next->previous = node->previous;
    node->next = NULL;
    node->previous = NULL;
}

static void link_to_parent(struct path_node *node, struct path_node *parent) {
    node->next = parent->children;
    if (node->next)
        node->next->previous = &node->next;
    node->previous = &parent->children;
    parent->children = node;
}

void node_put(struct path_node *node) {
    while (node && --node->references == 0) {
        struct path_node *parent = node->parent;
        unlink_from_parent(node);
        inode_put(node->inode);
        heap_free(node->name);
        heap_free(node);
        node = parent;
    }
}

static struct path_node *node_new(struct inode *inode, const char *name, size_t length) {
    struct path_node *node = heap_alloc(sizeof *node);
    node->references = 1;
    node->inode = inode;
    node->length = (uint32_t)length;
    node->name = heap_alloc(length + 1);
    memcpy(node->name, name, length);
    return node;
}

struct path_node *node_new_root(struct inode *inode) { return node_new(inode, "", 0); }

struct path_node *node_anonymous(struct inode *inode, const char *name) {
    struct path_node *node = node_new(inode, name, strlen(name));
    node->anonymous = true;
    return node;
}

struct path_node *node_attach(struct path_node *directory, const char *name, size_t length,
                              struct inode *inode) {
    struct path_node *node = node_new(inode, name, length);
    node->parent = node_get(directory);
    link_to_parent(node, directory);
    return node;
}

static void remember(struct path_node *node) {
    if (!kernel.vfs->recent)
        kernel.vfs->recent = heap_alloc(sizeof *kernel.vfs->recent);
    struct recent_nodes *recent = kernel.vfs->recent;
    unsigned slot = recent->next++ % RECENT;
    node_put(recent->nodes[slot]);
    recent->nodes[slot] = node_get(node);
}

static void forget(struct path_node *node) {
    struct recent_nodes *recent = kernel.vfs->recent;
    for (unsigned i = 0; recent && i < RECENT; i++) {
        if (recent->nodes[i] == node) {
            recent->nodes[i] = NULL;
            node_put(node);
        }
    }
}

int node_child(struct path_node *directory, const char *name, size_t length,
               struct path_node **child) {
    for (struct path_node *node = directory->children; node; node = node->next) {
        if (node->length == length && memcmp(node->name, name, length) == 0) {
            if (!directory->inode->fs->cached && !node->mounted && inode_refresh(node->inode) < 0) {
                node_unlinked(node); /* went away behind our back */
                break;
            }
            *child = node_get(node);
            return 0;
        }
    }
    struct inode *inode;
    int error = directory->inode->ops->lookup(directory->inode, name, length, &inode);
    if (error)
        return error;
    *child = node_attach(directory, name, length, inode);
    if (directory->inode->fs->cached)
        remember(*child);
    return 0;
}

void node_unlinked(struct path_node *node) {
    node->unlinked = true;
    unlink_from_parent(node);
    forget(node);
}

void node_moved(struct path_node *node, struct path_node *directory, const char *name,
                size_t length) {
    struct path_node *old_parent = node->parent;
    unlink_from_parent(node);
    node->parent = node_get(directory);
    link_to_parent(node, directory);
    heap_free(node->name);
    node->name = heap_alloc(length + 1);
    memcpy(node->name, name, length);
    node->length = (uint32_t)length;
    node_put(old_parent);
}

struct path_node *node_parent(struct path_node *node) {
    while (node->covered)
        node = node->covered;
    return node->parent ? node->parent : node;
}

bool node_is_below(const struct path_node *node, const struct path_node *ancestor) {
    while (node) {
        if (node == ancestor)
            return true;
        node = node->covered ? node->covered : node->parent;
    }
    return false;
}

int64_t node_path(struct path_node *node, const struct path_node *root, bool mark, char *to,
                  size_t size) {
    static const char deleted[] = " (deleted)";
    size_t end = size, tail = mark && node->unlinked && !node->anonymous ? sizeof deleted - 1 : 0;
    if (node->anonymous) {
        if (node->length + 1 > size)
            return -ENAMETOOLONG;
        memcpy(to, node->name, node->length + 1);
        return node->length;
    }
    if (tail + 2 > size)
        return -ENAMETOOLONG;
    to[--end] = 0;
    end -= tail;
    memcpy(to + end, deleted, tail);
    size_t before = end;
    while (node != root) {
        if (node->covered) {
            node = node->covered;
            continue;
        }
        if (!node->parent)
            break; /* outside of root: the path from the real root */
        if (node->length + 1 > end)
            return -ENAMETOOLONG;
        end -= node->length;
        memcpy(to + end, node->name, node->length);
        to[--end] = '/';
        node = node->parent;
    }
    if (end == before) {
        if (end == 0)
            return -ENAMETOOLONG;
        to[--end] = '/';
    }
    memmove(to, to + end, size - end);
    return (int64_t)(size - end - 1);
}

int mount_at(const char *path, struct filesystem *fs) {
    struct lookup found;
    int error = path_walk(kernel.vfs->root, path, LOOKUP_FOLLOW, &found);
    if (error)
        return error;
    if (!S_ISDIR(found.node->inode->mode) || found.node == kernel.vfs->root)
        error = -EBUSY;
    if (!error) {
        found.node->mounted = fs->root;
        fs->root->covered = node_get(found.node); /* mounts are for ever */
    }
    lookup_put(&found);
    return error;
}
