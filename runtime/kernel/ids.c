/* User and group ids: bookkeeping with Linux' rules; user 0 has all rights. */
#include "kernel.h"

#define KEEP 0xffffffffu /* -1: leave it as it is */

static struct credentials *own(void) { return &current->process->creds; }

static bool is_privileged(void) { return own()->euid == 0; }

int64_t sys_getuid(const uint64_t *a) {
    (void)a;
    return own()->uid;
}

int64_t sys_geteuid(const uint64_t *a) {
    (void)a;
    return own()->euid;
}

int64_t sys_getgid(const uint64_t *a) {
    (void)a;
    return own()->gid;
}

int64_t sys_getegid(const uint64_t *a) {
    (void)a;
    return own()->egid;
}

static bool is_own_uid(uint32_t uid) {
    return uid == own()->uid || uid == own()->euid || uid == own()->suid;
}

static bool is_own_gid(uint32_t gid) {
    return gid == own()->gid || gid == own()->egid || gid == own()->sgid;
}

int64_t sys_setuid(const uint64_t *a) {
    uint32_t uid = (uint32_t)a[0];
    if (uid == KEEP)
        return -EINVAL;
    if (is_privileged())
        own()->uid = own()->suid = uid;
    else if (uid != own()->uid && uid != own()->suid)
        return -EPERM;
    own()->euid = own()->fsuid = uid;
    return 0;
}

int64_t sys_setgid(const uint64_t *a) {
    uint32_t gid = (uint32_t)a[0];
    if (gid == KEEP)
        return -EINVAL;
    if (is_privileged())
        own()->gid = own()->sgid = gid;
    else if (gid != own()->gid && gid != own()->sgid)
        return -EPERM;
    own()->egid = own()->fsgid = gid;
    return 0;
}

int64_t sys_setreuid(const uint64_t *a) {
    uint32_t real = (uint32_t)a[0], effective = (uint32_t)a[1], old = own()->uid;
    if (!is_privileged()) {
        if (real != KEEP && real != own()->uid && real != own()->euid)
            return -EPERM;
        if (effective != KEEP && !is_own_uid(effective))
            return -EPERM;
    }
    if (real != KEEP)
        own()->uid = real;
    if (effective != KEEP)
        own()->euid = effective;
    if (real != KEEP || (effective != KEEP && effective != old))
        own()->suid = own()->euid;
    own()->fsuid = own()->euid;
    return 0;
}

int64_t sys_setregid(const uint64_t *a) {
    uint32_t real = (uint32_t)a[0], effective = (uint32_t)a[1], old = own()->gid;
    if (!is_privileged()) {
        if (real != KEEP && real != own()->gid && real != own()->egid)
            return -EPERM;
        if (effective != KEEP && !is_own_gid(effective))
            return -EPERM;
    }
    if (real != KEEP)
        own()->gid = real;
    if (effective != KEEP)
        own()->egid = effective;
    if (real != KEEP || (effective != KEEP && effective != old))
        own()->sgid = own()->egid;
    own()->fsgid = own()->egid;
    return 0;
}

int64_t sys_setresuid(const uint64_t *a) {
    for (int i = 0; i < 3; i++)
        if (!is_privileged() && (uint32_t)a[i] != KEEP && !is_own_uid((uint32_t)a[i]))
            return -EPERM;
    uint32_t *ids[] = {&own()->uid, &own()->euid, &own()->suid};
    for (int i = 0; i < 3; i++)
        if ((uint32_t)a[i] != KEEP)
            *ids[i] = (uint32_t)a[i];
    own()->fsuid = own()->euid;
    return 0;
}

int64_t sys_setresgid(const uint64_t *a) {
    for (int i = 0; i < 3; i++)
        if (!is_privileged() && (uint32_t)a[i] != KEEP && !is_own_gid((uint32_t)a[i]))
            return -EPERM;
    uint32_t *ids[] = {&own()->gid, &own()->egid, &own()->sgid};
    for (int i = 0; i < 3; i++)
        if ((uint32_t)a[i] != KEEP)
            *ids[i] = (uint32_t)a[i];
    own()->fsgid = own()->egid;
    return 0;
}

static int64_t write_three(const uint64_t *a, uint32_t first, uint32_t second, uint32_t third) {
    if (user_write(a[0], &first, sizeof first) || user_write(a[1], &second, sizeof second) ||
        user_write(a[2], &third, sizeof third))
        return -EFAULT;
    return 0;
}

int64_t sys_getresuid(const uint64_t *a) {
    return write_three(a, own()->uid, own()->euid, own()->suid);
}

int64_t sys_getresgid(const uint64_t *a) {
    return write_three(a, own()->gid, own()->egid, own()->sgid);
}

/* These two return the old value and report no errors (setfsuid(2)). */
int64_t sys_setfsuid(const uint64_t *a) {
    uint32_t old = own()->fsuid, uid = (uint32_t)a[0];
    if (uid != KEEP && (is_privileged() || is_own_uid(uid) || uid == old))
        own()->fsuid = uid;
    return old;
}

int64_t sys_setfsgid(const uint64_t *a) {
    uint32_t old = own()->fsgid, gid = (uint32_t)a[0];
    if (gid != KEEP && (is_privileged() || is_own_gid(gid) || gid == old))
        own()->fsgid = gid;
    return old;
}

int64_t sys_getgroups(const uint64_t *a) {
    int32_t size = (int32_t)a[0];
    uint32_t count = own()->group_count;
    if (size < 0)
        return -EINVAL;
    if (size == 0)
        return count;
    if ((uint32_t)size < count)
        return -EINVAL;
    return user_write(a[1], own()->groups, count * sizeof(uint32_t)) ? -EFAULT : (int64_t)count;
}

int64_t sys_setgroups(const uint64_t *a) {
    uint32_t count = (uint32_t)a[0];
    if (!is_privileged())
        return -EPERM;
    if (count > sizeof own()->groups / sizeof(uint32_t))
        return -EINVAL;
    uint32_t groups[sizeof own()->groups / sizeof(uint32_t)];
    if (user_read(groups, a[1], count * sizeof(uint32_t)))
        return -EFAULT;
    for (uint32_t i = 0; i < count; i++)
        own()->groups[i] = groups[i];
    own()->group_count = count;
    return 0;
}
