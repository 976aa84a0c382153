/* Files of /proc that are about the machine, /proc/sys, and the little of /sys that programs ask
 * for: proc(5), sysfs(5). */
#include <string.h>

#include "pages.h"
#include "proc.h"

#define MEMORY_TOTAL (2ull << 30) /* the arena's limit */
#define NS_PER_SECOND 1000000000u

typedef unsigned long long ull;

static void show_self(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    text_printf(text, "%d", current->process->pid);
}

static void show_thread_self(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    text_printf(text, "%d/task/%d", current->process->pid, current->tid);
}

static void show_own_mounts(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    text_printf(text, "self/mounts");
}

static void show_cpuinfo(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    cpuinfo_text(text);
}

static void show_meminfo(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    uint64_t files, total, pages = pages_used();
    file_data_usage(&files, &total);
    uint64_t used = pages + heap_used();
    ull available = (MEMORY_TOTAL > used ? MEMORY_TOTAL - used : 0) / 1024;
    text_printf(text, "MemTotal:       %8llu kB\nMemFree:        %8llu kB\n", MEMORY_TOTAL / 1024,
                available);
    text_printf(text, "MemAvailable:   %8llu kB\nBuffers:        %8llu kB\n", available, 0ull);
    text_printf(text, "Cached:         %8llu kB\nSwapCached:     %8llu kB\n", (ull)files / 1024,
                0ull);
    text_printf(text, "Shmem:          %8llu kB\nSlab:           %8llu kB\n", (ull)files / 1024,
                (ull)heap_used() / 1024);
    text_printf(text, "SReclaimable:   %8llu kB\nSwapTotal:      %8llu kB\n", 0ull, 0ull);
    text_printf(text, "SwapFree:       %8llu kB\n", 0ull);
}

static void times(uint64_t *user, uint64_t *system) {
    *user = *system = 0;
    for (const struct process *p = kernel.processes; p; p = p->next) {
        *user += p->user_ns;
        *system += p->system_ns;
    }
    if (kernel.init) { /* what ended counts through its parents */
        *user += kernel.init->children_user_ns;
        *system += kernel.init->children_system_ns;
    }
}

static unsigned running(void) {
    unsigned count = 0;
    for (const struct process *p = kernel.processes; p; p = p->next) {
        for (const struct task *task = p->tasks; task; task = task->next_in_process)
            count += task->state == TASK_RUNNABLE;
    }
    return count;
}

static void show_stat(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    uint64_t user, system, up = host_clock(1) - kernel.boot_time, tick = NS_PER_SECOND / 100;
    times(&user, &system);
    uint64_t idle = up > user + system ? up - user - system : 0;
    for (int i = 0; i < 2; i++)
        text_printf(text, "cpu%s %llu 0 %llu %llu 0 0 0 0 0 0\n", i ? "0" : " ", (ull)(user / tick),
                    (ull)(system / tick), (ull)(idle / tick));
    text_printf(text,
                "intr 0\nctxt 0\nbtime %llu\nprocesses %d\nprocs_running %u\n"
                "procs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
                (ull)((host_clock(0) - up) / NS_PER_SECOND), kernel.next_pid, running());
}

static void show_uptime(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    uint64_t user, system, up = host_clock(1) - kernel.boot_time;
    times(&user, &system);
    uint64_t idle = up > user + system ? up - user - system : 0;
    text_printf(text, "%llu.%02llu %llu.%02llu\n", (ull)(up / NS_PER_SECOND),
                (ull)(up / 10000000 % 100), (ull)(idle / NS_PER_SECOND),
                (ull)(idle / 10000000 % 100));
}

static void show_loadavg(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    unsigned tasks = 0;
    for (const struct process *p = kernel.processes; p; p = p->next) {
        for (const struct task *task = p->tasks; task; task = task->next_in_process)
            tasks++;
    }
    text_printf(text, "0.00 0.00 0.00 %u/%u %d\n", running(), tasks, kernel.next_pid - 1);
}

static void show_version(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    text_printf(text, "Linux version %s (c2w-aot) %s\n", LINUX_RELEASE, LINUX_VERSION);
}

static void show_filesystems(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    text_printf(text, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tpipefs\nnodev\toverlay\n");
}

/* --- mounts --- */

void mounts_text(struct text *text, bool mountinfo) {
    char *path = heap_alloc(LINUX_PATH_MAX);
    for (const struct filesystem *fs = kernel.vfs->filesystems; fs; fs = fs->next) {
        if (!fs->root || (fs != kernel.vfs->root_fs && !fs->root->covered))
            continue;
        node_path(fs->root, kernel.vfs->root, false, path, LINUX_PATH_MAX);
        if (mountinfo) {
            const struct path_node *above = fs->root->covered;
            uint32_t parent = above ? above->inode->fs->device : kernel.vfs->root_fs->device - 1;
            text_printf(text, "%u %u 0:%u / %s %s - %s %s rw\n", fs->device, parent, fs->device,
                        path, fs->options, fs->type, fs->source);
        } else {
            text_printf(text, "%s %s %s %s 0 0\n", fs->source, path, fs->type, fs->options);
        }
    }
    heap_free(path);
}

/* --- /proc/sys --- */

static void show_hostname(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    text_printf(text, "%s\n", kernel.host_name);
}

static void add_uuid(struct text *text, const uint8_t *b) {
    for (int i = 0; i < 16; i++)
        text_printf(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
    text_printf(text, "\n");
}

static void random_uuid(uint8_t bytes[16]) {
    host_random(bytes, 16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40; /* RFC 4122: version 4, variant 1 */
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
}

static void show_uuid(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    uint8_t bytes[16];
    random_uuid(bytes);
    add_uuid(text, bytes);
}

static void show_boot_id(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    if (!kernel.vfs->boot_id[6])
        random_uuid(kernel.vfs->boot_id);
    add_uuid(text, kernel.vfs->boot_id);
}

#define CONSTANT(function, value)                                                                  \
    static void function(struct text *text, const struct proc_subject *subject) {                  \
        (void)subject;                                                                             \
        text_printf(text, "%s\n", value);                                                          \
    }
CONSTANT(show_osrelease, LINUX_RELEASE)
CONSTANT(show_ostype, "Linux")
CONSTANT(show_os_version, LINUX_VERSION)
CONSTANT(show_pid_max, "32768")
CONSTANT(show_last_capability, "40")
CONSTANT(show_groups_max, "65536")
CONSTANT(show_overflow_id, "65534")
CONSTANT(show_threads_max, "32768")
CONSTANT(show_entropy, "256")
CONSTANT(show_zero, "0")
CONSTANT(show_one, "1")
CONSTANT(show_map_count, "65530")
CONSTANT(show_mmap_min, "65536")
CONSTANT(show_swappiness, "60")
CONSTANT(show_file_max, "1048576")
CONSTANT(show_pipe_max, "65536")
CONSTANT(show_somaxconn, "4096")
CONSTANT(show_huge_pages, "always madvise [never]")

#define TEXT(name, function) {name, PROC_TEXT, 0444, function, NULL, NULL, NULL}
#define DIRECTORY(name, children) {name, PROC_DIRECTORY, 0555, NULL, children, NULL, NULL}
#define LINK(name, function) {name, PROC_LINK, 0777, function, NULL, NULL, NULL}
#define END {.name = NULL}

static const struct proc_entry random_entries[] = {
    TEXT("boot_id", show_boot_id),
    TEXT("entropy_avail", show_entropy),
    TEXT("poolsize", show_entropy),
    TEXT("uuid", show_uuid),
    END,
};
static const struct proc_entry kernel_entries[] = {
    TEXT("cap_last_cap", show_last_capability),
    TEXT("hostname", show_hostname),
    TEXT("ngroups_max", show_groups_max),
    TEXT("osrelease", show_osrelease),
    TEXT("ostype", show_ostype),
    TEXT("overflowgid", show_overflow_id),
    TEXT("overflowuid", show_overflow_id),
    TEXT("pid_max", show_pid_max),
    DIRECTORY("random", random_entries),
    TEXT("randomize_va_space", show_zero),
    TEXT("threads-max", show_threads_max),
    TEXT("version", show_os_version),
    END,
};
static const struct proc_entry vm_entries[] = {
    TEXT("max_map_count", show_map_count),
    TEXT("mmap_min_addr", show_mmap_min),
    TEXT("overcommit_memory", show_one),
    TEXT("swappiness", show_swappiness),
    END,
};
static const struct proc_entry fs_entries[] = {
    TEXT("file-max", show_file_max),
    TEXT("nr_open", show_file_max),
    TEXT("pipe-max-size", show_pipe_max),
    END,
};
static const struct proc_entry net_core_entries[] = {TEXT("somaxconn", show_somaxconn), END};
static const struct proc_entry net_entries[] = {DIRECTORY("core", net_core_entries), END};
static const struct proc_entry sysctl_entries[] = {
    DIRECTORY("fs", fs_entries),
    DIRECTORY("kernel", kernel_entries),
    DIRECTORY("net", net_entries),
    DIRECTORY("vm", vm_entries),
    END,
};

const struct proc_entry proc_system_entries[] = {
    TEXT("cpuinfo", show_cpuinfo),
    TEXT("filesystems", show_filesystems),
    TEXT("loadavg", show_loadavg),
    TEXT("meminfo", show_meminfo),
    LINK("mounts", show_own_mounts),
    LINK("self", show_self),
    TEXT("stat", show_stat),
    DIRECTORY("sys", sysctl_entries),
    LINK("thread-self", show_thread_self),
    TEXT("uptime", show_uptime),
    TEXT("version", show_version),
    END,
};

/* --- /sys --- */

static const struct proc_entry empty_entries[] = {END};
static const struct proc_entry cpu_entries[] = {
    DIRECTORY("cpu0", empty_entries), TEXT("kernel_max", show_zero), TEXT("online", show_zero),
    TEXT("possible", show_zero),      TEXT("present", show_zero),    END,
};
static const struct proc_entry system_entries[] = {DIRECTORY("cpu", cpu_entries), END};
static const struct proc_entry devices_entries[] = {DIRECTORY("system", system_entries), END};
static const struct proc_entry huge_entries[] = {TEXT("enabled", show_huge_pages), END};
static const struct proc_entry mm_entries[] = {DIRECTORY("transparent_hugepage", huge_entries),
                                               END};
static const struct proc_entry sys_kernel_entries[] = {DIRECTORY("mm", mm_entries), END};
static const struct proc_entry sys_fs_entries[] = {DIRECTORY("cgroup", empty_entries), END};
const struct proc_entry sys_entries[] = {
    DIRECTORY("devices", devices_entries),
    DIRECTORY("fs", sys_fs_entries),
    DIRECTORY("kernel", sys_kernel_entries),
    END,
};
