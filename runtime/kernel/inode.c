/* Inodes: life time, permissions, timestamps. */
#include <string.h>

#include "vfs.h"

struct linux_timespec time_now(void) {
    uint64_t now = host_clock(0);
    return (struct linux_timespec){(int64_t)(now / 1000000000u), (int64_t)(now % 1000000000u)};
}

struct filesystem *filesystem_new(const char *type, const char *source, const char *options,
                                  uint32_t magic) {
    struct filesystem *fs = heap_alloc(sizeof *fs);
    fs->type = type;
    fs->source = source;
    fs->options = options;
    fs->magic = magic;
    fs->device = kernel.vfs->next_device++;
    fs->next_ino = 1;
    struct filesystem **last = &kernel.vfs->filesystems;
    while (*last)
        last = &(*last)->next;
    *last = fs;
    return fs;
}

struct inode *inode_new(struct filesystem *fs, const struct inode_ops *ops, uint32_t mode) {
    struct inode *inode = heap_alloc(sizeof *inode);
    inode->references = 1;
    inode->fs = fs;
    inode->ops = ops;
    inode->mode = mode;
    inode->nlink = 1;
    inode->atime = inode->mtime = inode->ctime = time_now();
    return inode;
}

struct inode *inode_get(struct inode *inode) {
    inode->references++;
    return inode;
}

void inode_put(struct inode *inode) {
    if (!inode || --inode->references)
        return;
    if (inode->ops->drop)
        inode->ops->drop(inode);
    pipe_free(inode->pipe);
    heap_free(inode);
}

int inode_refresh(struct inode *inode) {
    return inode->ops->refresh ? inode->ops->refresh(inode) : 0;
}

bool in_group(uint32_t gid) {
    const struct credentials *creds = &current->process->creds;
    if (creds->fsgid == gid)
        return true;
    for (uint32_t i = 0; i < creds->group_count; i++) {
        if (creds->groups[i] == gid)
            return true;
    }
    return false;
}

/* Root has CAP_DAC_OVERRIDE: everything but executing a file without any execute bit. */
int credentials_permission(const struct inode *inode, int want, uint32_t uid, uint32_t gid) {
    if (uid == 0) {
        bool executable = S_ISDIR(inode->mode) || (inode->mode & 0111);
        return (want & X_OK) && !executable ? -EACCES : 0;
    }
    unsigned bits = inode->mode;
    if (inode->uid == uid)
        bits >>= 6;
    else if (inode->gid == gid || in_group(inode->gid))
        bits >>= 3;
    return (want & 7 & ~bits) ? -EACCES : 0;
}

int inode_permission(const struct inode *inode, int want) {
    const struct credentials *creds = &current->process->creds;
    return credentials_permission(inode, want, creds->fsuid, creds->fsgid);
}

bool owner_or_root(const struct inode *inode) {
    uint32_t uid = current->process->creds.fsuid;
    return uid == 0 || uid == inode->uid;
}

int may_delete(const struct inode *directory, const struct inode *victim) {
    uint32_t uid = current->process->creds.fsuid;
    bool sticky = (directory->mode & S_ISVTX) && uid != 0 && uid != victim->uid;
    return sticky && uid != directory->uid ? -EPERM : 0;
}

void touch_modified(struct inode *inode) { inode->mtime = inode->ctime = time_now(); }

static bool not_after(struct linux_timespec a, struct linux_timespec b) {
    return a.seconds < b.seconds || (a.seconds == b.seconds && a.nanoseconds <= b.nanoseconds);
}

/* relatime, as mount(8) describes it.  A file that is still the image's keeps its access time: so
 * does a lower file of Linux' overlayfs. */
void touch_accessed(struct inode *inode) {
    if (inode->image && !inode->pinned)
        return;
    struct linux_timespec now = time_now();
    if (not_after(inode->atime, inode->mtime) || not_after(inode->atime, inode->ctime) ||
        now.seconds - inode->atime.seconds >= 24 * 60 * 60)
        inode->atime = now;
}

uint64_t inode_device_number(const struct inode *inode) { return inode->fs->device; }
