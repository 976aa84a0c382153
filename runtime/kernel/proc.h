/* Generated file trees (/proc, /sys): tables of names, and what their files say. */
#ifndef C2W_PROC_H
#define C2W_PROC_H

#include "vfs.h"

/* Whose file it is; process is NULL outside of /proc/PID. */
struct proc_subject {
    struct process *process;
    struct task *task;
    int32_t fd; /* below fd/ */
};

enum proc_kind {
    PROC_TEXT,      /* a file whose text `show` writes when it is read */
    PROC_LINK,      /* a symlink whose target `show` writes; `follow` makes it a magic link */
    PROC_DIRECTORY, /* `children` */
    PROC_PIDS,      /* `children` and a directory for each process */
    PROC_TASKS,     /* a directory with `children` for each thread */
    PROC_FDS,       /* an entry as `children` for each descriptor */
};

struct proc_entry {
    const char *name; /* NULL ends a table */
    enum proc_kind kind;
    uint32_t mode; /* permission bits */
    void (*show)(struct text *, const struct proc_subject *);
    const struct proc_entry *children;
    struct path_node *(*follow)(const struct proc_subject *); /* new reference, or NULL */
    int64_t (*store)(const struct proc_subject *, const char *text, size_t length);
};

extern const struct proc_entry proc_process_entries[]; /* of /proc/PID (proc_process.c) */
extern const struct proc_entry proc_system_entries[];  /* of /proc (proc_system.c) */
extern const struct proc_entry sys_entries[];          /* of /sys (proc_system.c) */

/* /proc/cpuinfo of the guest architecture. */
void cpuinfo_text(struct text *text);

#endif
