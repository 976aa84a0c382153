/* The guest's Linux kernel: shared declarations.
 *
 * Everything runs in one host thread.  A task is a guest thread; the scheduler (sched.c) copies its
 * CPU state into c2w_cpu and runs it until cpu.event is set.
 *
 * System calls are rows of syscalls.def; a handler gets the argument registers and returns the
 * value for the guest, or -errno with Linux' numbers.  A call runs to completion inside the
 * handler, or blocks:
 *
 *   A handler that cannot finish calls wait_on() for each queue whose wake-up may let it finish,
 *   sleep_until() for a time limit, and returns -EBLOCK.
 *   The scheduler then runs other tasks.  After a wake-up or at the deadline the same call is
 *   executed AGAIN from its start with the same arguments; `current->call` keeps what it must
 *   remember between tries (deadline, bytes done).
 *   When a signal handler has to run, the wait ends without another try: the call returns call.done
 *   if that is not 0, what call.on_interrupt() returns if that is set, else -EINTR, or it is
 * restarted after the handler when the handler has SA_RESTART and call.no_restart is not set (poll,
 * select, epoll_wait, sleeps, sigsuspend set it).  Handlers never return -EINTR themselves. */
#ifndef C2W_KERNEL_H
#define C2W_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../guest_memory.h"
#include "../host/heap.h"
#include "../host/host.h"
#include "../isa/state.h"
#include "linux_abi.h" /* errno numbers, structs and constants of the guest's Linux ABI */
#include "linux_process.h"

/* What uname(2) and /proc say. */
#define LINUX_RELEASE "6.1.0"
#define LINUX_VERSION "#1 SMP PREEMPT_DYNAMIC"

#define EBLOCK 4095 /* internal: the call waits; never seen by the guest */

/* --- wait queues (sched.c) --- */
struct task;
struct process;
struct wait_queue {
    struct waiter *first;
};
struct waiter {
    struct waiter *next, **previous; /* in the queue */
    struct waiter *next_of_task;
    struct task *task;
};
void wait_on(struct wait_queue *queue);  /* current waits; may be called for several queues */
void sleep_until(uint64_t monotonic_ns); /* current also wakes at that time */
void wake_all(struct wait_queue *queue); /* also before the memory of a queue is freed */
void wake_task(struct task *task);
/* For calls with a time limit: nanoseconds -> call.deadline at the first try.  True when it has
 * passed; else sleep_until() it. */
bool call_timed_out(uint64_t timeout_ns);

/* One row of the system call table. */
typedef int64_t syscall_handler(const uint64_t *arguments);

/* --- files (file.c, path.c, overlay.c, pipe.c, ...; what only they need is in vfs.h) --- */
struct inode;
struct file;
struct path_node;
struct directory_sink;
struct tty;

struct file_ops {
    /* `to` and `from` are host pointers, mostly into guest memory.  Files with a position get it as
     * `offset`; the caller advances it. */
    int64_t (*read)(struct file *, void *to, size_t length, uint64_t offset);
    int64_t (*write)(struct file *, const void *from, size_t length, uint64_t offset);
    int64_t (*seek)(struct file *, int64_t offset, int whence); /* NULL: ESPIPE */
    int64_t (*ioctl)(struct file *, uint32_t request, uint64_t argument);
    int (*read_directory)(struct file *, struct directory_sink *);
    /* Returns the ready POLL* bits; when `wait` is set, also wait_on()s the queues that change
     * them. NULL: always ready for reading and writing. */
    uint32_t (*poll)(struct file *, bool wait);
    /* A number that changes with every event poll could report (edge-triggered epoll). */
    uint64_t (*edges)(struct file *);
    void (*release)(struct file *); /* last reference is gone */
};

/* An open file description; shared by dup and fork. */
struct file {
    uint32_t references;
    uint32_t flags; /* O_ACCMODE, O_APPEND, O_NONBLOCK, ... */
    uint64_t position;
    const struct file_ops *ops;
    struct inode *inode; /* reference held; NULL for event fds and such: stat comes from `mode` */
    struct path_node *path; /* reference held; NULL for pipes and such */
    uint32_t mode;
    void *private_data;
    struct epoll_item *watchers; /* epoll instances that watch it */
};
struct file *file_new(const struct file_ops *ops, uint32_t flags);
struct file *file_get(struct file *file); /* takes a reference */
void file_put(struct file *file);

/* Descriptor table, shared by threads. */
struct files {
    uint32_t references, size;
    struct descriptor {
        struct file *file;
        bool close_on_exec;
    } *descriptors;
};
struct files *files_new(void);
struct files *files_copy(const struct files *files);
void files_put(struct files *files);
void files_close_on_exec(struct files *files);
struct file *file_of(int64_t fd); /* of the current process, borrowed; NULL = EBADF */
int fd_install(struct file *file, int lowest,
               bool close_on_exec); /* takes the reference; fd or -errno */

/* Root, working directory and umask, shared by CLONE_FS threads. */
struct fs_context {
    uint32_t references, umask;
    struct path_node *root, *cwd;
};
struct fs_context *fs_copy(const struct fs_context *fs);
void fs_put(struct fs_context *fs);

/* Opens a file for the kernel itself (exec, the loader, mmap): follows links from the current
 * task's cwd, checks permissions for it.  Returns the file or sets *error to -errno. */
struct file *vfs_open(const char *path, int linux_flags, uint32_t mode, int *error);
/* The same relative to a directory descriptor or AT_FDCWD (execveat).  lookup_flags: AT_EMPTY_PATH,
 * AT_SYMLINK_NOFOLLOW. */
struct file *vfs_open_at(int dirfd, const char *path, int lookup_flags, int linux_flags,
                         uint32_t mode, int *error);
/* 0 when the current process may do `want` (R_OK | W_OK | X_OK) with the file, else -EACCES. */
int file_permission(struct file *file, int want);
/* Mode, owner and group of a file (set-user-ID bits for exec). */
void file_owner(struct file *file, uint32_t *mode, uint32_t *uid, uint32_t *gid);
/* Read and write at an offset, whatever the file's position and access mode. */
int64_t file_read_at(struct file *file, void *to, size_t length, uint64_t offset);
int64_t file_write_at(struct file *file, const void *from, size_t length, uint64_t offset);
uint64_t file_size(struct file *file);
/* Identity of the file behind a mapping (/proc/PID/maps, equality of mapped files). */
void file_identity(struct file *file, uint64_t *device, uint64_t *inode);
/* Inode number in the read-only root file system if the file is that file, unmodified; else 0. */
uint32_t file_rootfs_inode(struct file *file);
/* Absolute path of an open file as the guest sees it ("/usr/bin/x", "pipe:[7]"); its length. */
size_t file_path(struct file *file, char *to, size_t size);
/* A file of zeroes without a name: shared anonymous memory, memfd_create. */
struct file *file_anonymous(const char *name, uint64_t size);
/* The image's configuration (rootfs.h), read into the heap; NULL when there is no image.  May be
 * called before vfs_init. */
struct rootfs_config *rootfs_read_config(void);
/* Mounts the root file system, /proc, /dev, /sys and the preopens; gives the current process its
 * descriptors 0-2 and its root and working directory "/". */
void vfs_init(void);
/* Makes the directory if it is missing and works there (the image's WorkingDir).  0 or -errno. */
int fs_enter(const char *path);

/* Tasks that wait for host descriptors (stdio.c).  The idle loop collects them, calls host_poll
 * with the nearest deadline, and wakes them; while other tasks run the scheduler does the same now
 * and then with timeout 0. */
#define HOST_WAITS_MAX 16
unsigned host_waits_collect(struct host_poll polls[HOST_WAITS_MAX]);
void host_waits_wake(const struct host_poll *polls, unsigned count);

/* --- memory of a process (mm.c, fork.c) --- */
struct mm;
struct vma {
    struct vma *next;
    uint32_t start, end; /* end is exclusive; page aligned */
    uint8_t prot;        /* PROT_* bits */
    bool shared, stack, reserved;
    bool ever_writable; /* private pages of it may differ from the file */
    bool dont_fork;     /* MADV_DONTFORK */
    /* 1 + index of the lifted file whose bytes it shows (exec/entries.c), or 0, and what
     * file_rootfs_inode() said then. */
    uint16_t lifted;
    uint32_t lifted_inode;
    struct file *file;  /* reference held, or NULL for anonymous memory */
    uint64_t file_offset;
};
const struct vma *vma_find(const struct mm *mm, uint64_t va);

const struct vma *mm_first_vma(const struct mm *mm); /* ascending; mm.h has the rest */

/* Access to guest memory of the current process.  -EFAULT when a byte is not mapped accordingly.
 * user_pointer: a host pointer to the range itself, or NULL; valid until the task switches. */
int user_read(void *to, uint64_t va, size_t length);
int user_write(uint64_t va, const void *from, size_t length);
void *user_pointer(uint64_t va, uint64_t length, int prot);
/* Copies a NUL-terminated string; length without NUL, -EFAULT, or -ENAMETOOLONG. */
int64_t user_string(char *to, size_t size, uint64_t va);

/* Shared mappings of a regular file: called before its contents are read and after a write. */
void shared_before_read(struct file *file);
void shared_after_write(struct file *file, const void *from, uint64_t length, uint64_t offset);
/* [offset, offset + length) of the file is zeroes now, or behind its end. */
void shared_after_cut(const struct inode *inode, uint64_t offset, uint64_t length);

/* --- processes and tasks (task.c, exec.c, signal.c, wait.c) --- */
#define SIGNAL_COUNT 64
#define DEFAULT_TIMER_SLACK 50000u /* ns */

struct credentials {
    uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    uint32_t group_count, groups[32];
};

struct signal_action {
    uint64_t handler, flags, restorer, mask;
};
struct signal_actions {
    uint32_t references;
    struct signal_action actions[SIGNAL_COUNT + 1]; /* by signal number */
};

struct rlimit64 {
    uint64_t soft, hard;
};

struct process {
    struct process *next; /* list of all processes, in the order of their creation */
    int32_t pid, pgid, sid;
    struct process *parent;
    struct mm *mm; /* NULL once it is a zombie */
    struct files *files;
    struct fs_context *fs;
    struct credentials creds;
    struct signal_actions *actions; /* shared by CLONE_SIGHAND */
    uint64_t pending;               /* process-directed signals, bit n-1 for signal n */
    struct queued_signal *queued;   /* their siginfo */
    struct task *tasks;             /* its threads; the first is the thread group's leader */
    char *exe_path;
    char comm[16];
    char *command_line; /* NUL-separated argv, command_line_size bytes */
    size_t command_line_size;
    char *environment; /* the same of the environment execve got */
    size_t environment_size;
    struct tty *controlling_tty;
    struct rlimit64 limits[16];
    enum process_state { PROCESS_ALIVE, PROCESS_STOPPED, PROCESS_ZOMBIE } state;
    int32_t exit_status; /* wait status word: of a zombie, or of the last stop */
    int32_t exit_signal; /* to the parent; SIGCHLD, 0 = none */
    bool group_exiting;  /* exit_group or a fatal signal: its threads only end */
    bool stop_reported, continue_pending, reap_now, has_execed, keep_capabilities, dumpable,
        child_subreaper;
    int32_t parent_death_signal;
    struct wait_queue child_changed; /* a child of it stopped, continued or ended */
    struct wait_queue vfork_done; /* this process gave back the memory it shares with its parent */
    struct wait_queue signal_arrived; /* any signal was sent to it (sigtimedwait, signalfd) */
    bool vforked;
    uint64_t start_time; /* monotonic ns */
    uint64_t user_ns, system_ns, children_user_ns, children_system_ns;
    struct timer *interval_timers[3];        /* by ITIMER_ number; NULL: never set */
    struct posix_timer *posix_timers;
    int32_t next_timer_id;
    int32_t oom_score_adjust, nice;
    uint64_t timer_slack, default_timer_slack; /* ns */
    bool no_new_privileges;
};

/* What the call being executed keeps between tries; cleared when it finishes. */
struct call_state {
    bool restarted;       /* this is not the first try */
    bool uninterruptible; /* only SIGKILL ends the wait (vfork) */
    bool no_restart;      /* -EINTR whatever the handler's SA_RESTART says */
    uint64_t deadline;    /* absolute monotonic ns, 0 = not set yet */
    uint64_t done;        /* bytes or items already transferred */
    void *data;           /* heap block, freed when the call ends */
    int64_t (*on_interrupt)(const uint64_t *arguments); /* result when a signal handler ends it */
};

struct task {
    struct task *next_in_process, *next_runnable;
    struct process *process;
    int32_t tid;
    struct cpu cpu; /* saved state while not running */
    enum task_state { TASK_RUNNABLE, TASK_WAITING, TASK_DEAD } state;
    bool in_call;      /* the system call at cpu.pc blocked and has to be tried again */
    bool restore_mask; /* saved_mask replaces signal_mask at the end of the call */
    char comm[16];
    uint64_t signal_mask, saved_mask, pending;
    struct queued_signal *queued;
    uint64_t alternate_stack, alternate_stack_size;
    uint32_t alternate_stack_flags;
    uint64_t set_child_tid, clear_child_tid, robust_list;
    uint64_t wake_time; /* monotonic ns, UINT64_MAX = none */
    struct waiter *waiters;
    struct futex_wait *futex; /* futex.c */
    int32_t forced_signal;    /* a fault: kills PID 1 too when it has no handler */
    struct call_state call;
    uint64_t user_ns, system_ns;
};

/* All state of the kernel (one struct, so that a snapshot can rely on it). */
struct kernel {
    struct task *current;
    struct process *processes;
    struct process *init; /* PID 1 */
    int32_t next_pid;
    bool strace;        /* C2W_STRACE */
    bool stats;         /* C2W_STATS */
    uint64_t boot_time; /* monotonic ns at start */
    struct timer *timers; /* those that are armed (timer.c) */
    char host_name[65];
    /* Each file owns a part it adds here. */
    struct vfs *vfs;
    struct memory *memory;
    struct scheduler *scheduler;
    struct call_statistics *calls;
    struct profile *profile; /* C2W_PROFILE; NULL = nothing is counted */
};
extern struct kernel kernel;
#define current (kernel.current)

struct process *process_find(int32_t pid);
struct task *task_find(int32_t tid);
bool process_is_alive(const struct process *process);     /* not a zombie */
uint64_t process_cpu_time(const struct process *process); /* ns, up to now */
uint64_t task_cpu_time(const struct task *task);

/* Sends a signal to a process (info may be NULL: SI_USER from the current process). */
void signal_process(struct process *process, int signal, const void *siginfo);
void signal_task(struct task *task, int signal, const void *siginfo);
void signal_group(int32_t pgid, int signal);
/* A fault of the running instruction at cpu.pc (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP). */
void signal_fault(int signal, int code, uint64_t address);
bool signal_pending(const struct task *task);
/* For ppoll, pselect6, epoll_pwait: the signal mask while the call waits.  Reads it from the guest
 * (mask_va 0: nothing to do); may be called again at every try.  -EFAULT, -EINVAL for a bad size.
 */
int signal_mask_for_call(uint64_t mask_va, uint64_t mask_size);

/* --- entry points --- */
/* Called by the interpreter and by lifted code for the system call instruction at cpu.pc: executes
 * it, writes the result, advances cpu.pc.  Returns true when cpu.event is set: unwind. */
bool kernel_syscall(void);
/* Called when code at pc cannot be fetched: executes what exists in the kernel only (the vsyscall
 * page) and sets cpu.pc.  False: there is nothing. */
bool kernel_emulate(uint64_t pc);
/* Called by the dispatcher every few million guest instructions: checks timers and other tasks;
 * sets cpu.event when the current task has to give up the CPU. */
void kernel_tick(void);
/* Starts PID 1 from the image's configuration and runs until it ends.  Returns the exit status. */
int kernel_main(void);

#endif
