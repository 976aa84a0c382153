/* System information: uname, sysinfo, getrandom. */
#include <string.h>

#include "abi.h"
#include "pages.h"

#define MEMORY_TOTAL 0x80000000ull /* what a guest may use: 2 GiB */

int64_t sys_uname(const uint64_t *a) {
    struct linux_utsname name = {
        .sysname = "Linux",
        .release = LINUX_RELEASE,
        .version = LINUX_VERSION,
        .machine = ABI_MACHINE_NAME,
        .domainname = "(none)",
    };
    memcpy(name.nodename, kernel.host_name, sizeof name.nodename);
    return user_write(a[0], &name, sizeof name);
}

int64_t sys_sethostname(const uint64_t *a) {
    char name[sizeof kernel.host_name] = {0};
    if (current->process->creds.euid != 0)
        return -EPERM;
    if (a[1] >= sizeof name)
        return -EINVAL;
    if (user_read(name, a[0], a[1]))
        return -EFAULT;
    memcpy(kernel.host_name, name, sizeof name);
    return 0;
}

int64_t sys_sysinfo(const uint64_t *a) {
    struct linux_sysinfo info = {
        .uptime = (int64_t)((host_clock(1) - kernel.boot_time) / 1000000000),
        .totalram = MEMORY_TOTAL,
        .freeram = MEMORY_TOTAL - pages_used(),
        .unit = 1,
    };
    for (const struct process *p = kernel.processes; p; p = p->next)
        info.procs++;
    return user_write(a[0], &info, sizeof info);
}

int64_t sys_getrandom(const uint64_t *a) {
    enum { NONBLOCK = 1, RANDOM = 2, INSECURE = 4 };
    uint64_t flags = a[2], length = a[1] < LINUX_RW_MAX ? a[1] : LINUX_RW_MAX;
    if ((flags & ~(uint64_t)(NONBLOCK | RANDOM | INSECURE)) ||
        (flags & (RANDOM | INSECURE)) == (RANDOM | INSECURE))
        return -EINVAL;
    void *to = user_pointer(a[0], length, PROT_WRITE);
    if (!to)
        return -EFAULT;
    host_random(to, length);
    return (int64_t)length;
}

int64_t sys_personality(const uint64_t *a) {
    uint32_t want = (uint32_t)a[0];
    return want == 0xffffffff || want == 0 ? 0 : -EINVAL;
}
