/* Files of /proc/PID: proc(5). */
#include <string.h>

#include "mm.h"
#include "proc.h"
#include "signal.h"

#define CLOCK_TICKS 100 /* sysconf(_SC_CLK_TCK) */
#define NS_PER_TICK (1000000000u / CLOCK_TICKS)
#define PROT_READ_BIT 1
#define PROT_WRITE_BIT 2
#define PROT_EXEC_BIT 4

typedef unsigned long long ull;

struct memory_sizes {
    uint64_t total, code, data, stack, shared; /* bytes */
};

static struct memory_sizes sizes_of(const struct process *process) {
    struct memory_sizes sizes = {0};
    const struct vma *vma = process->mm ? mm_first_vma(process->mm) : NULL;
    for (; vma; vma = vma->next) {
        uint64_t size = vma->end - vma->start;
        if (vma->reserved)
            continue;
        sizes.total += size;
        if (vma->stack)
            sizes.stack += size;
        else if (vma->file && (vma->prot & PROT_EXEC_BIT))
            sizes.code += size;
        else if (!vma->shared && (vma->prot & PROT_WRITE_BIT))
            sizes.data += size;
        if (vma->shared)
            sizes.shared += size;
    }
    return sizes;
}

static char state_of(const struct process *process, const struct task *task) {
    if (process->state == PROCESS_ZOMBIE)
        return 'Z';
    if (process->state == PROCESS_STOPPED)
        return 'T';
    return task && task->state == TASK_RUNNABLE ? 'R' : 'S';
}

static const char *state_name(char state) {
    switch (state) {
    case 'Z':
        return "Z (zombie)";
    case 'T':
        return "T (stopped)";
    case 'R':
        return "R (running)";
    default:
        return "S (sleeping)";
    }
}

static const char *name_of(const struct proc_subject *subject) {
    return subject->task && subject->task->comm[0] ? subject->task->comm : subject->process->comm;
}

static unsigned thread_count(const struct process *process) {
    unsigned count = 0;
    for (const struct task *task = process->tasks; task; task = task->next_in_process)
        count++;
    return count ? count : 1;
}

static int32_t parent_of(const struct process *process) {
    return process->parent ? process->parent->pid : 0;
}

static void signal_sets(const struct process *process, uint64_t *ignored, uint64_t *caught) {
    *ignored = *caught = 0;
    for (int signal = 1; process->actions && signal <= SIGNAL_COUNT; signal++) {
        uint64_t handler = process->actions->actions[signal].handler;
        if (handler == SIG_IGN)
            *ignored |= SIGNAL_BIT(signal);
        else if (handler != SIG_DFL)
            *caught |= SIGNAL_BIT(signal);
    }
}

/* --- files --- */

static void show_cmdline(struct text *text, const struct proc_subject *subject) {
    if (subject->process->state != PROCESS_ZOMBIE && subject->process->command_line)
        text_add(text, subject->process->command_line, subject->process->command_line_size);
}

static void show_environ(struct text *text, const struct proc_subject *subject) {
    if (subject->process->state != PROCESS_ZOMBIE && subject->process->environment)
        text_add(text, subject->process->environment, subject->process->environment_size);
}

static void show_auxv(struct text *text, const struct proc_subject *subject) {
    const struct mm *mm = subject->process->mm;
    size_t count = 1; /* with AT_NULL */
    while (mm && mm->auxiliary[count - 1].type != AT_NULL)
        count++;
    if (mm)
        text_add(text, (const char *)mm->auxiliary, count * sizeof mm->auxiliary[0]);
}

static void show_comm(struct text *text, const struct proc_subject *subject) {
    text_printf(text, "%s\n", name_of(subject));
}

static int64_t store_comm(const struct proc_subject *subject, const char *from, size_t length) {
    char name[16] = {0};
    memcpy(name, from, length < sizeof name - 1 ? length : sizeof name - 1);
    if (subject->process != current->process)
        return -EINVAL; /* only one's own threads, proc(5) */
    memcpy(subject->task->comm, name, sizeof name);
    if (subject->task == subject->process->tasks)
        memcpy(subject->process->comm, name, sizeof name);
    return (int64_t)length;
}

static void show_stat(struct text *text, const struct proc_subject *subject) {
    const struct process *p = subject->process;
    const struct task *task = subject->task;
    struct memory_sizes sizes = sizes_of(p);
    uint64_t ignored, caught;
    signal_sets(p, &ignored, &caught);
    int terminal = p->controlling_tty ? (int)pty_device(p->controlling_tty) : 0;
    int foreground = p->controlling_tty ? p->controlling_tty->foreground : -1;
    text_printf(text, "%d (%s) %c %d %d %d %d %d 4194304 0 0 0 0 ", task ? task->tid : p->pid,
                name_of(subject), state_of(p, task), parent_of(p), p->pgid, p->sid, terminal,
                foreground);
    text_printf(text, "%llu %llu %llu %llu 20 0 %u 0 %llu ", (ull)(p->user_ns / NS_PER_TICK),
                (ull)(p->system_ns / NS_PER_TICK), (ull)(p->children_user_ns / NS_PER_TICK),
                (ull)(p->children_system_ns / NS_PER_TICK), thread_count(p),
                (ull)((p->start_time - kernel.boot_time) / NS_PER_TICK));
    const struct mm *mm = p->mm;
    text_printf(text, "%llu %llu %llu %u %u %u 0 0 ", (ull)sizes.total,
                (ull)(sizes.total / PAGE_SIZE), (ull)p->limits[5].soft, mm ? mm->start_code : 0,
                mm ? mm->end_code : 0, mm ? mm->start_stack : 0);
    text_printf(text, "%llu %llu %llu %llu 0 0 0 %d 0 0 0 0 0 0 ",
                (ull)((task ? task->pending : 0) & 0x7fffffff),
                (ull)((task ? task->signal_mask : 0) & 0x7fffffff), (ull)(ignored & 0x7fffffff),
                (ull)(caught & 0x7fffffff), p->exit_signal);
    text_printf(text, "%u %u %u %u %u %u %u %d\n", mm ? mm->start_data : 0, mm ? mm->end_data : 0,
                mm ? mm->brk_start : 0, mm ? mm->arguments_start : 0, mm ? mm->arguments_end : 0,
                mm ? mm->environment_start : 0, mm ? mm->environment_end : 0,
                p->state == PROCESS_ZOMBIE ? p->exit_status : 0);
}

static void show_statm(struct text *text, const struct proc_subject *subject) {
    struct memory_sizes sizes = sizes_of(subject->process);
    text_printf(text, "%llu %llu %llu %llu 0 %llu 0\n", (ull)(sizes.total / PAGE_SIZE),
                (ull)(sizes.total / PAGE_SIZE), (ull)(sizes.shared / PAGE_SIZE),
                (ull)(sizes.code / PAGE_SIZE), (ull)((sizes.data + sizes.stack) / PAGE_SIZE));
}

static void show_status(struct text *text, const struct proc_subject *subject) {
    const struct process *p = subject->process;
    const struct task *task = subject->task;
    const struct credentials *c = &p->creds;
    struct memory_sizes sizes = sizes_of(p);
    uint64_t ignored, caught;
    signal_sets(p, &ignored, &caught);
    text_printf(text, "Name:\t%s\n", name_of(subject));
    if (p->fs)
        text_printf(text, "Umask:\t%04o\n", p->fs->umask);
    text_printf(text, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
                state_name(state_of(p, task)), p->pid, task ? task->tid : p->pid, parent_of(p));
    text_printf(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t", c->uid,
                c->euid, c->suid, c->fsuid, c->gid, c->egid, c->sgid, c->fsgid,
                p->files ? p->files->size : 0);
    for (uint32_t i = 0; i < c->group_count; i++)
        text_printf(text, "%u ", c->groups[i]);
    text_printf(text, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", p->pid,
                task ? task->tid : p->pid, p->pgid, p->sid);
    if (p->mm) {
        text_printf(text, "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t       0 kB\n",
                    (ull)sizes.total / 1024, (ull)sizes.total / 1024);
        text_printf(text, "VmPin:\t       0 kB\nVmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\n",
                    (ull)sizes.total / 1024, (ull)sizes.total / 1024);
        text_printf(text, "VmData:\t%8llu kB\nVmStk:\t%8llu kB\nVmExe:\t%8llu kB\n",
                    (ull)sizes.data / 1024, (ull)sizes.stack / 1024, (ull)sizes.code / 1024);
        text_printf(text, "VmLib:\t       0 kB\nVmPTE:\t       0 kB\nVmSwap:\t       0 kB\n");
    }
    text_printf(text, "Threads:\t%u\nSigQ:\t0/%llu\n", thread_count(p), (ull)p->limits[11].soft);
    text_printf(text, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n",
                (ull)(task ? task->pending : 0), (ull)p->pending,
                (ull)(task ? task->signal_mask : 0));
    text_printf(text, "SigIgn:\t%016llx\nSigCgt:\t%016llx\n", (ull)ignored, (ull)caught);
    ull capabilities = c->euid == 0 ? 0x00000000a80425fbull : 0; /* a container's default set */
    text_printf(text, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n", 0ull, capabilities,
                capabilities);
    text_printf(text, "CapBnd:\t%016llx\nCapAmb:\t%016llx\n", 0xa80425fbull, 0ull);
    text_printf(text, "NoNewPrivs:\t0\nSeccomp:\t0\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n"
                      "Mems_allowed:\t1\nMems_allowed_list:\t0\n"
                      "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
}

/* The name column starts where the kernel's seq_pad puts it. */
#define MAPS_COLUMN 73

static void show_maps(struct text *text, const struct proc_subject *subject) {
    const struct mm *mm = subject->process->mm;
    char *path = heap_alloc(LINUX_PATH_MAX);
    for (const struct vma *vma = mm ? mm_first_vma(mm) : NULL; vma; vma = vma->next) {
        uint64_t device = 0, inode = 0;
        const char *name = "";
        if (vma->file) {
            file_identity(vma->file, &device, &inode);
            file_path(vma->file, path, LINUX_PATH_MAX);
            name = path;
        } else if (vma->stack) {
            name = "[stack]";
        } else if (vma->start >= mm->brk_start && vma->end <= PAGE_UP(mm->brk) &&
                   mm->brk > mm->brk_start) {
            name = "[heap]";
        }
        size_t line = text->length;
        text_printf(text, "%08x-%08x %c%c%c%c %08llx %02x:%02x %llu ", vma->start, vma->end,
                    vma->prot & PROT_READ_BIT ? 'r' : '-', vma->prot & PROT_WRITE_BIT ? 'w' : '-',
                    vma->prot & PROT_EXEC_BIT ? 'x' : '-', vma->shared ? 's' : 'p',
                    (ull)vma->file_offset, (unsigned)(device >> 8), (unsigned)(device & 0xff),
                    (ull)inode);
        while (*name && text->length - line < MAPS_COLUMN)
            text_add(text, " ", 1);
        text_printf(text, "%s\n", name);
    }
    heap_free(path);
}

static void show_limits(struct text *text, const struct proc_subject *subject) {
    static const struct {
        const char *name, *unit;
    } rows[16] = {
        {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
        {"Max data size", "bytes"},      {"Max stack size", "bytes"},
        {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"},  {"Max open files", "files"},
        {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
        {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
        {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
    };
    text_printf(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (int i = 0; i < 16; i++) {
        const struct rlimit64 *limit = &subject->process->limits[i];
        uint64_t values[2] = {limit->soft, limit->hard};
        text_printf(text, "%-25s ", rows[i].name);
        for (int j = 0; j < 2; j++) {
            if (values[j] == UINT64_MAX)
                text_printf(text, "%-20s ", "unlimited");
            else
                text_printf(text, "%-20llu ", (ull)values[j]);
        }
        text_printf(text, "%-10s\n", rows[i].unit);
    }
}

static void show_mounts(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    mounts_text(text, false);
}

static void show_mountinfo(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    mounts_text(text, true);
}

static void show_cgroup(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    text_printf(text, "0::/\n");
}

static void show_oom_score(struct text *text, const struct proc_subject *subject) {
    (void)subject;
    text_printf(text, "0\n");
}

static void show_oom_adjust(struct text *text, const struct proc_subject *subject) {
    text_printf(text, "%lld\n", (long long)(int64_t)subject->process->oom_score_adjust);
}

static int64_t store_oom_adjust(const struct proc_subject *subject, const char *from,
                                size_t length) {
    int64_t value = 0;
    bool negative = length && from[0] == '-';
    size_t digits = 0;
    for (size_t i = negative; i < length && from[i] >= '0' && from[i] <= '9' && digits < 6; i++) {
        value = value * 10 + (from[i] - '0');
        digits++;
    }
    value = negative ? -value : value;
    if (!digits || value < -1000 || value > 1000)
        return -EINVAL;
    if (value < (int64_t)subject->process->oom_score_adjust && current->process->creds.euid != 0)
        return -EACCES;
    subject->process->oom_score_adjust = (uint64_t)value;
    return (int64_t)length;
}

/* --- links --- */

static void show_node(struct text *text, struct path_node *node) {
    char *path = heap_alloc(LINUX_PATH_MAX);
    int64_t length = node_path(node, kernel.vfs->root, true, path, LINUX_PATH_MAX);
    if (length > 0)
        text_add(text, path, (size_t)length);
    heap_free(path);
}

static void show_exe(struct text *text, const struct proc_subject *subject) {
    if (subject->process->state != PROCESS_ZOMBIE && subject->process->exe_path)
        text_printf(text, "%s", subject->process->exe_path);
}

static struct path_node *follow_exe(const struct proc_subject *subject) {
    struct lookup at;
    if (subject->process->state == PROCESS_ZOMBIE || !subject->process->exe_path ||
        path_walk(kernel.vfs->root, subject->process->exe_path, LOOKUP_FOLLOW, &at))
        return NULL;
    struct path_node *node = node_get(at.node);
    lookup_put(&at);
    return node;
}

static void show_cwd(struct text *text, const struct proc_subject *subject) {
    if (subject->process->fs)
        show_node(text, subject->process->fs->cwd);
}
static struct path_node *follow_cwd(const struct proc_subject *subject) {
    return subject->process->fs ? node_get(subject->process->fs->cwd) : NULL;
}

static void show_root(struct text *text, const struct proc_subject *subject) {
    if (subject->process->fs)
        show_node(text, subject->process->fs->root);
}
static struct path_node *follow_root(const struct proc_subject *subject) {
    return subject->process->fs ? node_get(subject->process->fs->root) : NULL;
}

static struct file *descriptor_file(const struct proc_subject *subject) {
    return subject->process->files->descriptors[subject->fd].file;
}

static void show_fd(struct text *text, const struct proc_subject *subject) {
    struct file *file = descriptor_file(subject);
    if (file->path)
        show_node(text, file->path);
    else
        text_printf(text, "anon_inode:[file]");
}
static struct path_node *follow_fd(const struct proc_subject *subject) {
    return node_get(descriptor_file(subject)->path);
}

static void show_fdinfo(struct text *text, const struct proc_subject *subject) {
    const struct file *file = descriptor_file(subject);
    bool cloexec = subject->process->files->descriptors[subject->fd].close_on_exec;
    text_printf(text, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n", (ull)file->position,
                file->flags | O_LARGEFILE | (cloexec ? O_CLOEXEC : 0),
                file->inode ? file->inode->fs->device : 0,
                (ull)(file->inode ? file->inode->ino : 0));
}

static const struct proc_entry fd_link = {"", PROC_LINK, 0700, show_fd, NULL, follow_fd, NULL};
static const struct proc_entry fdinfo_file = {"", PROC_TEXT, 0444, show_fdinfo, NULL, NULL, NULL};

#define COMMON_ENTRIES                                                                             \
    {"auxv", PROC_TEXT, 0400, show_auxv, NULL, NULL, NULL},                                        \
        {"cgroup", PROC_TEXT, 0444, show_cgroup, NULL, NULL, NULL},                                \
        {"cmdline", PROC_TEXT, 0444, show_cmdline, NULL, NULL, NULL},                              \
        {"comm", PROC_TEXT, 0644, show_comm, NULL, NULL, store_comm},                              \
        {"cwd", PROC_LINK, 0777, show_cwd, NULL, follow_cwd, NULL},                                \
        {"environ", PROC_TEXT, 0400, show_environ, NULL, NULL, NULL},                              \
        {"exe", PROC_LINK, 0777, show_exe, NULL, follow_exe, NULL},                                \
        {"fd", PROC_FDS, 0500, NULL, &fd_link, NULL, NULL},                                        \
        {"fdinfo", PROC_FDS, 0555, NULL, &fdinfo_file, NULL, NULL},                                \
        {"limits", PROC_TEXT, 0444, show_limits, NULL, NULL, NULL},                                \
        {"maps", PROC_TEXT, 0444, show_maps, NULL, NULL, NULL},                                    \
        {"mountinfo", PROC_TEXT, 0444, show_mountinfo, NULL, NULL, NULL},                          \
        {"mounts", PROC_TEXT, 0444, show_mounts, NULL, NULL, NULL},                                \
        {"oom_score", PROC_TEXT, 0444, show_oom_score, NULL, NULL, NULL},                          \
        {"oom_score_adj", PROC_TEXT, 0644, show_oom_adjust, NULL, NULL, store_oom_adjust},         \
        {"root", PROC_LINK, 0777, show_root, NULL, follow_root, NULL},                             \
        {"stat", PROC_TEXT, 0444, show_stat, NULL, NULL, NULL},                                    \
        {"statm", PROC_TEXT, 0444, show_statm, NULL, NULL, NULL}, {                                \
        "status", PROC_TEXT, 0444, show_status, NULL, NULL, NULL                                   \
    }

static const struct proc_entry task_entries[] = {COMMON_ENTRIES, {.name = NULL}};
static const struct proc_entry task_directory = {"",           PROC_DIRECTORY, 0555, NULL,
                                                 task_entries, NULL,           NULL};

const struct proc_entry proc_process_entries[] = {
    COMMON_ENTRIES,
    {"task", PROC_TASKS, 0555, NULL, &task_directory, NULL, NULL},
    {.name = NULL},
};
