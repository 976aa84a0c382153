/* What the kernel says of itself and of the process; random numbers, personality, capabilities. */
#include "guest.h"

#include <sys/personality.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

static void information(void) {
    struct utsname name;
    struct sysinfo info;
    struct rusage usage;
    struct tms times_now;
    result("uname", uname(&name));
    printf("system %s\n", name.sysname);
    check("release", name.release[0] >= '4' && strchr(name.release, '.'));
    check("machine", name.machine[0] != 0);
    result("uname, bad pointer", syscall(SYS_uname, (void *)8));
    result("sysinfo", sysinfo(&info));
    check("memory", info.totalram > 0 && info.freeram <= info.totalram && info.mem_unit > 0);
    check("processes", info.procs > 0);
    result("sysinfo, bad pointer", syscall(SYS_sysinfo, (void *)8));
    for (int who = -2; who <= 2; who++)
        result("getrusage", getrusage(who, &usage));
    getrusage(RUSAGE_SELF, &usage);
    check("resident size", usage.ru_maxrss > 0);
    result("getrusage, bad pointer", syscall(SYS_getrusage, 0, (void *)8));
    check("times", times(&times_now) != (clock_t)-1);
    check("times of nobody", syscall(SYS_times, NULL) > 0);
    result("times, bad pointer", syscall(SYS_times, (void *)8));
    unsigned cpu = 99, node = 99;
    result("getcpu", syscall(SYS_getcpu, &cpu, &node, NULL));
    check("cpu", cpu < 4096 && node < 64);
    result("getcpu of nothing", syscall(SYS_getcpu, NULL, NULL, NULL));
    result("getcpu, bad pointer", syscall(SYS_getcpu, (void *)8, NULL, NULL));
    check("ids", getpid() > 0 && gettid() == getpid());
    check("page size", sysconf(_SC_PAGESIZE) == 4096);
    check("processors", sysconf(_SC_NPROCESSORS_ONLN) > 0);
}

static void random_numbers(void) {
    unsigned char a[64] = {0}, b[64] = {0};
    result("getrandom", getrandom(a, sizeof a, 0));
    result("GRND_NONBLOCK", getrandom(b, sizeof b, GRND_NONBLOCK));
    check("differ", memcmp(a, b, sizeof a) != 0);
    result("GRND_RANDOM", getrandom(b, 16, GRND_RANDOM));
    result("GRND_INSECURE", getrandom(b, 16, GRND_INSECURE));
    result("both", getrandom(b, 16, GRND_INSECURE | GRND_RANDOM));
    result("bad flag", getrandom(b, 16, 8));
    result("nothing", getrandom(b, 0, 0));
    result("bad pointer", getrandom((void *)8, 16, 0));
    static char large[100000];
    result("large", getrandom(large, sizeof large, 0));
}

static void personalities(void) {
    result("personality", personality(0xffffffff));
    result("PER_LINUX", personality(PER_LINUX));
    result("still", personality(0xffffffff));
}

static void capabilities(void) {
    struct {
        unsigned version;
        int pid;
    } header = {0x20080522, 0};
    struct {
        unsigned effective, permitted, inheritable;
    } data[2] = {0};
    result("capget", syscall(SYS_capget, &header, data));
    check("root has some", data[0].effective != 0);
    header.version = 1;
    result("bad version", syscall(SYS_capget, &header, data));
    printf("version %x\n", header.version);
    header.version = 1;
    result("version query", syscall(SYS_capget, &header, NULL));
    header.version = 0x20080522;
    header.pid = 99999;
    result("nobody", syscall(SYS_capget, &header, data));
    header.pid = -1;
    result("negative", syscall(SYS_capget, &header, data));
    header.pid = 0;
    result("bad pointer", syscall(SYS_capget, &header, (void *)8));
    result("bad header", syscall(SYS_capget, (void *)8, data));
    pid_t pid = fork_flushed();
    if (pid == 0) {
        (void)!setuid(1000);
        result("capget", syscall(SYS_capget, &header, data));
        printf("user has %x %x\n", data[0].effective, data[0].permitted);
        data[0].effective = data[0].permitted = 1;
        result("gain one", syscall(SYS_capset, &header, data));
        fflush(NULL);
        _exit(0);
    }
    reap("user", pid);
}

static void threads(void) {
    long tid = 0, *list = NULL;
    size_t size = 0;
    check("set_tid_address", syscall(SYS_set_tid_address, &tid) == gettid());
    result("get_robust_list", syscall(SYS_get_robust_list, 0, &list, &size));
    check("libc's list", list != NULL && size == 24);
    result("set_robust_list, bad size", syscall(SYS_set_robust_list, list, 23));
    result("set_robust_list", syscall(SYS_set_robust_list, list, 24));
    result("of nobody", syscall(SYS_get_robust_list, 99999, &list, &size));
    result("bad pointer", syscall(SYS_get_robust_list, 0, (void *)8, &size));
    result("yield", syscall(SYS_sched_yield));
}

int main(void) {
    information();
    random_numbers();
    personalities();
    capabilities();
    threads();
    return 0;
}
