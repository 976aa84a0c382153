/* System calls that only riscv64 has. */
#include "../exec/exec.h"
#include "kernel.h"

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
