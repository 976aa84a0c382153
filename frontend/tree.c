/* The merged root file system: directories with sorted children over shared inodes. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend.h"

#define MAX_LINKS 40 /* as Linux' MAXSYMLINKS */

struct tree_inode *tree_inode_new(uint32_t mode) {
    struct tree_inode *inode = allocate(sizeof *inode);
    inode->mode = mode;
    return inode;
}

struct tree_inode *tree_directory_inode(void) { return tree_inode_new(S_IFDIR | 0755); }

static void inode_put(struct tree_inode *inode) {
    if (--inode->references)
        return;
    for (uint32_t i = 0; i < inode->xattr_count; i++) {
        free(inode->xattrs[i].name);
        free(inode->xattrs[i].value);
    }
    free(inode->xattrs);
    free(inode->target);
    free(inode);
}

void tree_add_xattr(struct tree_inode *inode, const char *name, const void *value, size_t size) {
    inode->xattrs = reallocate(inode->xattrs, (inode->xattr_count + 1) * sizeof *inode->xattrs);
    uint32_t place = inode->xattr_count++;
    while (place && strcmp(inode->xattrs[place - 1].name, name) > 0) {
        inode->xattrs[place] = inode->xattrs[place - 1];
        place--;
    }
    inode->xattrs[place] = (struct xattr){copy_string(name), allocate(size), (uint32_t)size};
    if (size)
        memcpy(inode->xattrs[place].value, value, size);
}

struct tree *tree_new(void) {
    struct tree *tree = allocate(sizeof *tree);
    struct tree_node *root = allocate(sizeof *root);
    root->name = copy_string("");
    root->parent = root;
    root->inode = tree_directory_inode();
    root->inode->references = 1;
    tree->root = root;
    tree->node_count = 1;
    return tree;
}

/* Index of the first child whose name is not below `name`. */
static uint32_t child_place(const struct tree_node *directory, const char *name, size_t length,
                            bool *found) {
    uint32_t low = 0, high = directory->child_count;
    *found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *other = directory->children[middle]->name;
        int order = strncmp(other, name, length);
        if (order == 0 && other[length])
            order = 1;
        if (order == 0)
            *found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct tree_node *tree_child(const struct tree_node *directory, const char *name, size_t length) {
    bool found;
    uint32_t place = child_place(directory, name, length, &found);
    return found ? directory->children[place] : NULL;
}

static void free_node(struct tree *tree, struct tree_node *node) {
    for (uint32_t i = 0; i < node->child_count; i++)
        free_node(tree, node->children[i]);
    inode_put(node->inode);
    free(node->children);
    free(node->name);
    free(node);
    tree->node_count--;
}

void tree_remove(struct tree *tree, struct tree_node *node) {
    struct tree_node *parent = node->parent;
    bool found;
    uint32_t place = child_place(parent, node->name, strlen(node->name), &found);
    memmove(&parent->children[place], &parent->children[place + 1],
            (parent->child_count - place - 1) * sizeof parent->children[0]);
    parent->child_count--;
    free_node(tree, node);
}

struct tree_node *tree_put(struct tree *tree, struct tree_node *directory, const char *name,
                           size_t length, struct tree_inode *inode, uint32_t layer) {
    bool found;
    inode->references++; /* first: the replaced node may hold the last other reference */
    uint32_t place = child_place(directory, name, length, &found);
    if (found) {
        struct tree_node *node = directory->children[place];
        if (S_ISDIR(node->inode->mode) && S_ISDIR(inode->mode)) {
            inode_put(node->inode);
            node->inode = inode;
            node->layer = layer;
            return node;
        }
        tree_remove(tree, node);
    }
    if (tree->node_count >= TREE_MAX_NODES || directory->depth >= TREE_MAX_DEPTH) {
        inode_put(inode);
        return NULL;
    }
    if (directory->child_count == directory->child_capacity) {
        directory->child_capacity = directory->child_capacity ? directory->child_capacity * 2 : 4;
        directory->children =
            reallocate(directory->children, directory->child_capacity * sizeof(struct tree_node *));
    }
    memmove(&directory->children[place + 1], &directory->children[place],
            (directory->child_count - place) * sizeof directory->children[0]);
    directory->child_count++;
    struct tree_node *node = allocate(sizeof *node);
    node->name = allocate(length + 1);
    memcpy(node->name, name, length);
    node->parent = directory;
    node->depth = directory->depth + 1;
    node->inode = inode;
    node->layer = layer;
    directory->children[place] = node;
    tree->node_count++;
    return node;
}

/* Walks one path.  `make` (layer + 1, or 0) creates missing directories on the way. */
static struct tree_node *walk(struct tree *tree, struct tree_node *from, const char *path,
                              bool follow_last, uint32_t make, unsigned *links,
                              const char **reason) {
    struct tree_node *node = *path == '/' ? tree->root : from;
    for (;;) {
        path += strspn(path, "/");
        if (!*path)
            return node;
        size_t length = strcspn(path, "/");
        if (!S_ISDIR(node->inode->mode)) {
            *reason = "goes through something that is no directory";
            return NULL;
        }
        const char *rest = path + length;
        bool last = rest[strspn(rest, "/")] == 0;
        if (length == 1 && path[0] == '.') {
            path = rest;
            continue;
        }
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            node = node->parent;
            path = rest;
            continue;
        }
        struct tree_node *child = tree_child(node, path, length);
        if (!child && make) {
            child = tree_put(tree, node, path, length, tree_directory_inode(), make - 1);
            if (!child) {
                *reason = "is nested too deeply, or the image has too many files";
                return NULL;
            }
        }
        if (!child) {
            *reason = "does not exist";
            return NULL;
        }
        if (S_ISLNK(child->inode->mode) && (!last || follow_last || *rest == '/')) {
            if (++*links > MAX_LINKS) {
                *reason = "is a loop of symbolic links";
                return NULL;
            }
            child = walk(tree, node, child->inode->target, true, make, links, reason);
            if (!child)
                return NULL;
        }
        node = child;
        path = rest;
    }
}

struct tree_node *tree_find(const struct tree *tree, struct tree_node *from, const char *path,
                            bool follow_last, const char **reason) {
    unsigned links = 0;
    /* Without `make` the tree is not changed. */
    return walk((struct tree *)tree, from, path, follow_last, 0, &links, reason);
}

struct tree_node *tree_make_directories(struct tree *tree, const char *path, uint32_t layer,
                                        const char **reason) {
    unsigned links = 0;
    struct tree_node *node = walk(tree, tree->root, path, true, layer + 1, &links, reason);
    if (node && !S_ISDIR(node->inode->mode)) {
        *reason = "is no directory";
        return NULL;
    }
    return node;
}

char *tree_path(const struct tree_node *node) {
    if (node->parent == node)
        return copy_string("/");
    size_t length = 0;
    for (const struct tree_node *n = node; n->parent != n; n = n->parent)
        length += strlen(n->name) + 1;
    char *path = allocate(length + 1);
    for (const struct tree_node *n = node; n->parent != n; n = n->parent) {
        size_t part = strlen(n->name);
        length -= part + 1;
        path[length] = '/';
        memcpy(path + length + 1, n->name, part);
    }
    return path;
}

static void reset_numbers(struct tree_node *node) {
    node->inode->number = 0;
    for (uint32_t i = 0; i < node->child_count; i++)
        reset_numbers(node->children[i]);
}

static void number_node(struct tree *tree, struct tree_node *node) {
    struct tree_inode *inode = node->inode;
    if (!inode->number) {
        inode->number = ++tree->inode_count;
        inode->nlink = S_ISDIR(inode->mode) ? 2 : 0;
        if (S_ISREG(inode->mode))
            tree->file_bytes += inode->size;
    }
    if (!S_ISDIR(inode->mode))
        inode->nlink++;
    for (uint32_t i = 0; i < node->child_count; i++) {
        number_node(tree, node->children[i]);
        if (S_ISDIR(node->children[i]->inode->mode))
            inode->nlink++; /* its ".." */
    }
}

void tree_number(struct tree *tree) {
    tree->inode_count = 0;
    tree->file_bytes = 0;
    reset_numbers(tree->root);
    number_node(tree, tree->root);
}
