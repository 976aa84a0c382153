/* Names: mkdirat(2), mknodat(2), symlinkat(2), linkat(2), unlinkat(2), renameat2(2). */
#include <string.h>

#include "vfs.h"

/* The place of a name that is to be made; -EEXIST when it is there. */
static int check_new(const struct lookup *at, bool directory) {
    if (at->last != LAST_NAME || at->node)
        return -EEXIST;
    if (at->trailing_slash && !directory)
        return -ENOENT;
    struct inode *parent = at->parent->inode;
    if (!parent->ops->create)
        return -ENOENT; /* /proc: the look-up itself fails */
    if (parent->nlink == 0)
        return -ENOENT;
    return inode_permission(parent, W_OK | X_OK);
}

static int64_t make(uint64_t dirfd, uint64_t path, uint32_t mode, uint64_t rdev,
                    const char *target) {
    struct lookup at;
    struct inode *made;
    int error = path_lookup_at((int)dirfd, path, LOOKUP_MISSING | LOOKUP_RAW, &at);
    if (error)
        return error;
    error = check_new(&at, S_ISDIR(mode));
    if (!error) {
        struct inode *parent = at.parent->inode;
        error = parent->ops->create(parent, at.name, at.length, mode, rdev, target, &made);
    }
    if (!error)
        inode_put(made);
    lookup_put(&at);
    return error;
}

int64_t sys_mkdirat(const uint64_t *a) {
    uint32_t mode = (uint32_t)a[2] & 01777 & ~current->process->fs->umask;
    return make(a[0], a[1], mode | S_IFDIR, 0, NULL);
}

int64_t sys_mknodat(const uint64_t *a) {
    uint32_t mode = (uint32_t)a[2] & ~current->process->fs->umask, type = mode & S_IFMT;
    switch (type) {
    case 0:
        mode |= S_IFREG;
        break;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    case S_IFCHR:
    case S_IFBLK:
        if (current->process->creds.euid != 0)
            return -EPERM;
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    bool device = type == S_IFCHR || type == S_IFBLK;
    return make(a[0], a[1], mode, device ? (uint32_t)a[3] : 0, NULL);
}

int64_t sys_symlinkat(const uint64_t *a) {
    char *target = heap_alloc(LINUX_PATH_MAX);
    int64_t result = user_string(target, LINUX_PATH_MAX, a[0]);
    if (result == 0)
        result = -ENOENT;
    if (result > 0)
        result = make(a[1], a[2], S_IFLNK | 0777, 0, target);
    heap_free(target);
    return result;
}

int64_t sys_linkat(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[4];
    if (flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    struct lookup from, to;
    unsigned walk = (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) |
                    (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
    int error = path_lookup_at((int)a[0], a[1], walk, &from);
    if (error)
        return error;
    error = path_lookup_at((int)a[2], a[3], LOOKUP_MISSING | LOOKUP_RAW, &to);
    if (error) {
        lookup_put(&from);
        return error;
    }
    struct inode *inode = from.node->inode;
    error = check_new(&to, false);
    if (!error && to.parent->inode->fs != inode->fs)
        error = -EXDEV;
    if (!error && S_ISDIR(inode->mode))
        error = -EPERM;
    /* A nameless file may get a name only while it is open by O_TMPFILE. */
    if (!error && inode->nlink == 0 && !(from.node->name && from.node->name[0] == '#'))
        error = -ENOENT;
    if (!error && !to.parent->inode->ops->link)
        error = -EPERM;
    if (!error)
        error = to.parent->inode->ops->link(to.parent->inode, to.name, to.length, inode);
    lookup_put(&from);
    lookup_put(&to);
    return error;
}

static bool is_busy(const struct path_node *node) {
    return node->mounted || node->covered || node == kernel.vfs->root ||
           node == current->process->fs->root;
}

static int check_remove(const struct lookup *at) {
    struct inode *parent = at->parent->inode;
    int error = inode_permission(parent, W_OK | X_OK);
    if (!error)
        error = may_delete(parent, at->node->inode);
    if (!error && !parent->ops->unlink)
        error = -EPERM;
    return error;
}

int64_t sys_unlinkat(const uint64_t *a) {
    struct lookup at;
    if (a[2] & ~(uint64_t)AT_REMOVEDIR)
        return -EINVAL;
    bool directory = a[2] & AT_REMOVEDIR;
    int error = path_lookup_at((int)a[0], a[1], LOOKUP_RAW, &at);
    if (error)
        return error;
    if (at.last != LAST_NAME) {
        error = !directory               ? -EISDIR
                : at.last == LAST_DOT    ? -EINVAL
                : at.last == LAST_DOTDOT ? -ENOTEMPTY
                                         : -EBUSY;
        lookup_put(&at);
        return error;
    }
    bool is_directory = S_ISDIR(at.node->inode->mode);
    error = check_remove(&at);
    if (!error && directory && !is_directory)
        error = -ENOTDIR;
    if (!error && !directory && is_directory)
        error = -EISDIR;
    if (!error && !directory && at.trailing_slash)
        error = -ENOTDIR;
    if (!error && is_busy(at.node))
        error = -EBUSY;
    if (!error) {
        struct inode *parent = at.parent->inode;
        error = parent->ops->unlink(parent, at.name, at.length, at.node->inode);
    }
    if (!error)
        node_unlinked(at.node);
    lookup_put(&at);
    return error;
}

static int check_rename(const struct lookup *from, const struct lookup *to, unsigned flags) {
    if (from->last != LAST_NAME || to->last != LAST_NAME)
        return -EBUSY;
    if (to->node && (flags & RENAME_NOREPLACE))
        return -EEXIST;
    if (from->parent->inode->fs != to->parent->inode->fs)
        return -EXDEV;
    if (!to->node && (flags & RENAME_EXCHANGE))
        return -ENOENT;
    bool directory = S_ISDIR(from->node->inode->mode);
    if (!directory && (from->trailing_slash || to->trailing_slash))
        return -ENOTDIR;
    /* An ancestor cannot move below itself, nor be replaced by its descendant. */
    if (node_is_below(to->parent, from->node))
        return -EINVAL;
    if (to->node && node_is_below(from->parent, to->node))
        return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
    int error = check_remove(from);
    if (!error)
        error = to->node ? check_remove(to) : inode_permission(to->parent->inode, W_OK | X_OK);
    if (error)
        return error;
    if (directory && from->parent != to->parent)
        error = inode_permission(from->node->inode, W_OK); /* its ".." changes */
    if (error)
        return error;
    if (is_busy(from->node) || (to->node && is_busy(to->node)))
        return -EBUSY;
    if (to->node && !(flags & RENAME_EXCHANGE)) {
        bool to_directory = S_ISDIR(to->node->inode->mode);
        if (directory && !to_directory)
            return -ENOTDIR;
        if (!directory && to_directory)
            return -EISDIR;
    }
    if (!to->node && to->parent->inode->nlink == 0)
        return -ENOENT;
    return from->parent->inode->ops->rename ? 0 : -EPERM;
}

static int rename_found(struct lookup *from, struct lookup *to, unsigned flags) {
    int error = check_rename(from, to, flags);
    if (error)
        return error;
    if (to->node && from->node->inode == to->node->inode)
        return 0; /* two links to one file: nothing happens, rename(2) */
    struct inode *parent = from->parent->inode;
    error =
        parent->ops->rename(parent, from->name, from->length, from->node->inode, to->parent->inode,
                            to->name, to->length, to->node ? to->node->inode : NULL, flags);
    if (error)
        return error;
    if (flags & RENAME_EXCHANGE)
        node_moved(to->node, from->parent, from->name, from->length);
    else if (to->node)
        node_unlinked(to->node);
    node_moved(from->node, to->parent, to->name, to->length);
    return 0;
}

int64_t sys_renameat2(const uint64_t *a) {
    unsigned flags = (unsigned)a[4];
    if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    struct lookup from, to;
    int error = path_lookup_at((int)a[0], a[1], LOOKUP_RAW, &from);
    if (error)
        return error;
    error = path_lookup_at((int)a[2], a[3], LOOKUP_RAW | LOOKUP_MISSING, &to);
    if (!error) {
        error = rename_found(&from, &to, flags);
        lookup_put(&to);
    }
    lookup_put(&from);
    return error;
}
