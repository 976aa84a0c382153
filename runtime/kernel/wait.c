/* wait4 and waitid: children that ended, stopped or continued. */
#include "sched.h"
#include "signal.h"
#include "task.h"

struct wait_request {
    int type; /* P_ALL, P_PID, P_PGID */
    int32_t id;
    uint32_t options;
};

struct wait_result {
    int32_t pid;
    uint32_t uid;
    int32_t status_word, code, status;
    uint64_t user_ns, system_ns;
};

static bool is_wanted(const struct wait_request *request, const struct process *child) {
    if (child->parent != current->process)
        return false;
    if (request->type == P_PID && child->pid != request->id)
        return false;
    if (request->type == P_PGID && child->pgid != request->id)
        return false;
    /* Children with another exit signal than SIGCHLD are waited for with __WCLONE or __WALL. */
    if (request->options & WALL)
        return true;
    return (child->exit_signal != SIGCHLD) == ((request->options & WCLONE) != 0);
}

static void fill_result(struct wait_result *result, const struct process *child, int code,
                        int status, int status_word) {
    *result = (struct wait_result){child->pid,
                                   child->creds.uid,
                                   status_word,
                                   code,
                                   status,
                                   child->user_ns + child->children_user_ns,
                                   child->system_ns + child->children_system_ns};
}

/* Takes what `child` has to report, if it is asked for. */
static bool take_report(const struct wait_request *request, struct process *child,
                        struct wait_result *result) {
    bool keep = request->options & WNOWAIT;
    if (child->state == PROCESS_ZOMBIE) {
        if (!(request->options & WEXITED))
            return false;
        int word = child->exit_status;
        int signal = word & 0x7f;
        fill_result(result, child, signal ? (word & 0x80 ? CLD_DUMPED : CLD_KILLED) : CLD_EXITED,
                    signal ? signal : word >> 8 & 0xff, word);
        if (!keep) {
            child->parent->children_user_ns += child->user_ns + child->children_user_ns;
            child->parent->children_system_ns += child->system_ns + child->children_system_ns;
            process_free(child);
        }
        return true;
    }
    if (child->state == PROCESS_STOPPED && !child->stop_reported &&
        (request->options & WUNTRACED)) {
        fill_result(result, child, CLD_STOPPED, child->exit_status >> 8, child->exit_status);
        if (!keep)
            child->stop_reported = true;
        return true;
    }
    if (child->continue_pending && (request->options & WCONTINUED)) {
        fill_result(result, child, CLD_CONTINUED, SIGCONT, 0xffff);
        if (!keep)
            child->continue_pending = false;
        return true;
    }
    return false;
}

/* 1 with a result, 0 when WNOHANG finds nothing to report, -ECHILD, -EBLOCK. */
static int64_t wait_for_child(const struct wait_request *request, struct wait_result *result) {
    bool any = false;
    for (struct process *child = kernel.processes; child; child = child->next) {
        if (!is_wanted(request, child))
            continue;
        any = true;
        if (take_report(request, child, result))
            return 1;
    }
    if (!any)
        return -ECHILD;
    if (request->options & WNOHANG)
        return 0;
    wait_on(&current->process->child_changed);
    return -EBLOCK;
}

static struct linux_timeval to_timeval(uint64_t ns) {
    return (struct linux_timeval){(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000 / 1000)};
}

static int write_usage(uint64_t va, const struct wait_result *result) {
    struct linux_rusage usage = {.utime = to_timeval(result->user_ns),
                                 .stime = to_timeval(result->system_ns)};
    return va ? user_write(va, &usage, sizeof usage) : 0;
}

int64_t sys_wait4(const uint64_t *a) {
    int32_t pid = (int32_t)a[0];
    uint32_t options = (uint32_t)a[2];
    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WCLONE | WALL))
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    struct wait_request request = {
        .type = pid == -1 ? P_ALL
                : pid > 0 ? P_PID
                          : P_PGID,
        .id = pid > 0    ? pid
              : pid == 0 ? current->process->pgid
                         : -pid,
        .options = options | WEXITED,
    };
    struct wait_result result;
    int64_t found = wait_for_child(&request, &result);
    if (found <= 0)
        return found;
    if (a[1] && user_write(a[1], &result.status_word, sizeof result.status_word))
        return -EFAULT;
    if (write_usage(a[3], &result))
        return -EFAULT;
    return result.pid;
}

int64_t sys_waitid(const uint64_t *a) {
    int type = (int)a[0];
    int32_t id = (int32_t)a[1];
    uint32_t options = (uint32_t)a[3];
    if (options &
        ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WNOTHREAD | WCLONE | WALL))
        return -EINVAL;
    if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    if (type != P_ALL && type != P_PID && type != P_PGID)
        return -EINVAL;
    if ((type == P_PID && id <= 0) || (type == P_PGID && id < 0))
        return -EINVAL;
    struct wait_request request = {type, id, options};
    if (type == P_PGID && id == 0)
        request.id = current->process->pgid;
    struct wait_result result = {0};
    int64_t found = wait_for_child(&request, &result);
    if (found < 0)
        return found;
    if (write_usage(a[4], &result))
        return -EFAULT;
    if (a[2]) {
        /* The members that waitid defines; the rest of the guest's siginfo_t stays. */
        struct linux_siginfo info = {0};
        if (found) {
            info.signal = SIGCHLD;
            info.code = result.code;
            info.child.pid = result.pid;
            info.child.uid = result.uid;
            info.child.status = result.status;
        }
        if (user_write(a[2], &info, 28))
            return -EFAULT;
    }
    return 0;
}
