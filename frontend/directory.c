/* Copies a host directory into the tree.  Links are not followed; what is no file of an image
 * (sockets, other mounted file systems' contents) is left out with a note. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "frontend.h"

#define COPY_SIZE (256 * 1024)

/* Inodes with several names, to find hard links again. */
struct seen {
    dev_t device;
    ino_t inode;
    struct tree_inode *copy;
};
struct walk {
    struct tool *tool;
    struct tree *tree;
    const char *root;
    dev_t device;
    uid_t user;
    struct seen *seen; /* open hash table, capacity a power of two */
    size_t seen_count, seen_capacity;
    uint64_t total;
    uint8_t buffer[COPY_SIZE];
};

static struct seen *find_seen(struct walk *walk, dev_t device, ino_t inode) {
    size_t mask = walk->seen_capacity - 1;
    size_t place = (size_t)(inode * 0x9e3779b97f4a7c15u >> 20) & mask;
    while (walk->seen[place].copy &&
           (walk->seen[place].device != device || walk->seen[place].inode != inode))
        place = (place + 1) & mask;
    return &walk->seen[place];
}

static void remember(struct walk *walk, dev_t device, ino_t inode, struct tree_inode *copy) {
    if (2 * walk->seen_count >= walk->seen_capacity) {
        struct seen *old = walk->seen;
        size_t count = walk->seen_capacity;
        walk->seen_capacity = count ? 2 * count : 256;
        walk->seen = allocate(walk->seen_capacity * sizeof *walk->seen);
        for (size_t i = 0; i < count; i++)
            if (old[i].copy)
                *find_seen(walk, old[i].device, old[i].inode) = old[i];
        free(old);
    }
    *find_seen(walk, device, inode) = (struct seen){device, inode, copy};
    walk->seen_count++;
}

static void copy_xattrs(const char *path, struct tree_inode *inode) {
    ssize_t size = llistxattr(path, NULL, 0);
    if (size <= 0)
        return;
    char *names = allocate((size_t)size);
    size = llistxattr(path, names, (size_t)size);
    for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
        ssize_t length = lgetxattr(path, name, NULL, 0);
        if (length < 0 || length > 65536)
            continue;
        char *value = allocate((size_t)length);
        if (lgetxattr(path, name, value, (size_t)length) == length)
            tree_add_xattr(inode, name, value, (size_t)length);
        free(value);
    }
    free(names);
}

/* Copies data ranges only, so that holes stay holes in the spool. */
static bool copy_file(struct walk *walk, int fd, const char *path, struct tree_inode *inode) {
    struct tool *tool = walk->tool;
    inode->data = spool_align(tool);
    uint64_t at = 0;
    while (at < inode->size) {
        off_t start = lseek(fd, (off_t)at, SEEK_DATA);
        if (start < 0 && errno == ENXIO)
            break;
        if (start < 0)
            start = (off_t)at;
        at = (uint64_t)start;
        size_t want = inode->size - at < COPY_SIZE ? (size_t)(inode->size - at) : COPY_SIZE;
        ssize_t got = pread(fd, walk->buffer, want, start);
        if (got < 0)
            return fail(tool, path, "cannot read: %s", strerror(errno));
        if (got == 0)
            return fail(tool, path, "became shorter while it was read");
        if (!spool_write_at(tool, inode->data + at, walk->buffer, (size_t)got))
            return false;
        at += (uint64_t)got;
    }
    return spool_extend(tool, inode->data + inode->size);
}

static struct tree_inode *copy_inode(struct walk *walk, int directory, const char *name,
                                     const char *path, const struct stat *st) {
    struct tree_inode *inode = tree_inode_new(st->st_mode);
    /* A user without privilege owns every file unpacked here; in the guest that is root. */
    inode->uid = walk->user && st->st_uid == walk->user ? 0 : st->st_uid;
    inode->gid = walk->user && st->st_uid == walk->user ? 0 : st->st_gid;
    inode->mtime = st->st_mtim.tv_sec;
    inode->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
    copy_xattrs(path, inode);
    if (S_ISREG(st->st_mode)) {
        walk->total += (uint64_t)st->st_size;
        if (walk->total > IMAGE_MAX_BYTES) {
            fail(walk->tool, walk->root, "holds more than %u GiB (at %s)",
                 (unsigned)(IMAGE_MAX_BYTES >> 30), path);
            return NULL;
        }
        inode->size = (uint64_t)st->st_size;
        int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) {
            fail(walk->tool, path, "cannot open: %s", strerror(errno));
            return NULL;
        }
        bool ok = copy_file(walk, fd, path, inode);
        close(fd);
        return ok ? inode : NULL;
    }
    if (S_ISLNK(st->st_mode)) {
        char target[4097];
        ssize_t length = readlinkat(directory, name, target, sizeof target - 1);
        if (length < 0) {
            fail(walk->tool, path, "cannot read the link: %s", strerror(errno));
            return NULL;
        }
        target[length] = 0;
        inode->target = copy_string(target);
    } else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
        uint32_t major = major(st->st_rdev), minor = minor(st->st_rdev);
        inode->rdev = (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
    }
    return inode;
}

static bool copy_directory(struct walk *walk, int fd, const char *path, struct tree_node *node) {
    DIR *stream = fdopendir(fd);
    if (!stream)
        return fail(walk->tool, path, "cannot read: %s", strerror(errno));
    bool ok = true;
    struct dirent *entry;
    while (ok && (errno = 0, entry = readdir(stream))) {
        const char *name = entry->d_name;
        struct stat st;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        char *inner = format_string("%s/%s", path, name);
        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
            ok = fail(walk->tool, inner, "cannot read: %s", strerror(errno));
            break;
        }
        if (S_ISSOCK(st.st_mode)) {
            note(walk->tool, "%s is a socket and left out", inner);
            free(inner);
            continue;
        }
        bool shared = !S_ISDIR(st.st_mode) && st.st_nlink > 1;
        struct tree_inode *inode = NULL;
        if (shared && walk->seen_capacity)
            inode = find_seen(walk, st.st_dev, st.st_ino)->copy;
        if (!inode) {
            inode = copy_inode(walk, fd, name, inner, &st);
            if (inode && shared)
                remember(walk, st.st_dev, st.st_ino, inode);
        }
        struct tree_node *child =
            inode ? tree_put(walk->tree, node, name, strlen(name), inode, 1) : NULL;
        if (inode && !child)
            fail(walk->tool, inner, "is one file too many, or nested too deeply");
        ok = child;
        if (ok && S_ISDIR(st.st_mode) && st.st_dev != walk->device)
            note(walk->tool, "%s is another file system; its contents are left out", inner);
        else if (ok && S_ISDIR(st.st_mode)) {
            int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            ok = below >= 0 ? copy_directory(walk, below, inner, child)
                            : fail(walk->tool, inner, "cannot open: %s", strerror(errno));
        }
        free(inner);
    }
    if (ok && errno)
        ok = fail(walk->tool, path, "cannot read: %s", strerror(errno));
    closedir(stream);
    return ok;
}

bool directory_load(struct tool *tool, const char *path, struct tree *tree) {
    struct walk *walk = allocate(sizeof *walk);
    walk->tool = tool;
    walk->tree = tree;
    walk->root = path;
    walk->user = geteuid();
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    if (!ok)
        fail(tool, path, "cannot open: %s", strerror(errno));
    else {
        walk->device = st.st_dev;
        tree->root->inode->mode = S_IFDIR | (st.st_mode & 07777);
        ok = copy_directory(walk, fd, path, tree->root);
    }
    free(walk->seen);
    free(walk);
    return ok;
}
