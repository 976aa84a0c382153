/* System information: uname, sysinfo, getrandom, RISC-V's own calls. */
#include <string.h>

#include "../exec/exec.h"
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

/* arch/riscv/include/uapi/asm/hwprobe.h */
int64_t sys_riscv_hwprobe(const uint64_t *a) {
    enum {
        BASE_BEHAVIOR_IMA = 1,
        IMA_FD = 1 << 0,
        IMA_C = 1 << 1,
        EXT_ZBA = 1 << 3,
        EXT_ZBB = 1 << 4,
        EXT_ZBS = 1 << 5,
        MISALIGNED_FAST = 3,
    };
    const uint64_t zicond = 1ull << 35;
    struct pair {
        int64_t key;
        uint64_t value;
    } pair;
    uint64_t cpus = 0;
    /* flags: only RISCV_HWPROBE_WHICH_CPUS exists, which is newer than the kernel we report */
    if (a[4])
        return -EINVAL;
    if (a[2] || a[3]) {
        uint64_t size = a[2] < sizeof cpus ? a[2] : sizeof cpus;
        if (user_read(&cpus, a[3], size))
            return -EFAULT;
        if (!(cpus & 1))
            return -EINVAL;
    }
    for (uint64_t i = 0; i < a[1]; i++) {
        uint64_t va = a[0] + i * sizeof pair;
        if (user_read(&pair, va, sizeof pair))
            return -EFAULT;
        switch (pair.key) {
        case 0: /* MVENDORID, MARCHID, MIMPID */
        case 1:
        case 2:
            pair.value = 0;
            break;
        case 3:
            pair.value = BASE_BEHAVIOR_IMA;
            break;
        case 4: /* IMA_EXT_0 */
            pair.value = IMA_FD | IMA_C | EXT_ZBA | EXT_ZBB | EXT_ZBS | zicond;
            break;
        case 5: /* CPUPERF_0 */
            pair.value = MISALIGNED_FAST;
            break;
        default:
            pair.key = -1;
            pair.value = 0;
        }
        if (user_write(va, &pair, sizeof pair))
            return -EFAULT;
    }
    return 0;
}

int64_t sys_riscv_flush_icache(const uint64_t *a) {
    if (a[2] & ~1ull) /* SYS_RISCV_FLUSH_ICACHE_LOCAL */
        return -EINVAL;
    exec_flush_all();
    c2w_cpu.event |= EVENT_RESCHED; /* lifted callers must not go on with stale code */
    return 0;
}
