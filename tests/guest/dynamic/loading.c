/* dlopen and friends: modes, copies of a library, thread-local variables, what cannot be loaded. */
#include "../guest.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

int of_the_program(int x) { return 100 * x; }

static const char *last_error(void) {
    const char *error = dlerror();
    return error ? error : "no error";
}

static int call(void *handle, const char *name) {
    int (*function)(void) = (int (*)(void))dlsym(handle, name);
    return function ? function() : -1;
}

static void *load(const char *name, const char *path, int mode) {
    void *handle = dlopen(path, mode);
    if (handle)
        printf("%s: loaded\n", name);
    else
        printf("%s: %s\n", name, last_error());
    return handle;
}

static void copy(const char *from, const char *to, long skip, char patch) {
    static char bytes[1 << 20];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    long n = read(in, bytes, sizeof bytes);
    if (skip)
        bytes[skip] = patch;
    succeeds("copy", write(out, bytes, (size_t)n));
    close(in);
    close(out);
}

/* Is a file mapped here? */
static bool is_mapped(const char *path) {
    char line[512];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        found |= strstr(line, path) != NULL;
    fclose(maps);
    return found;
}

static void modes(void) {
    void *a = load("lazy", "/lib/plugin.so", RTLD_LAZY);
    check("mapped", is_mapped("/lib/plugin.so"));
    printf("version %d, count %d\n", call(a, "version"), call(a, "increment"));
    printf("count %d\n", call(a, "increment"));
    int (*call_back)(int) = (int (*)(int))dlsym(a, "call_back");
    printf("call back %d\n", call_back(7));
    void *b = load("again", "plugin.so", RTLD_NOW);
    check("the same", a == b);
    check("RTLD_NOLOAD", dlopen("/lib/plugin.so", RTLD_LAZY | RTLD_NOLOAD) == a);
    printf("close %d\n", dlclose(b));
    printf("count %d\n", call(a, "increment"));
    Dl_info info = {0};
    printf("dladdr %d", dladdr(dlsym(a, "increment"), &info));
    printf(" %s %s\n", info.dli_fname, info.dli_sname);
    printf("close %d\n", dlclose(a));
    printf("close %d\n", dlclose(a));
    check("closed", dlopen("/lib/plugin.so", RTLD_LAZY | RTLD_NOLOAD) == NULL);
    check("not mapped", !is_mapped("/lib/plugin.so"));
    a = load("fresh", "/lib/plugin.so", RTLD_NOW | RTLD_LOCAL);
    printf("count %d\n", call(a, "increment"));
    dlclose(a);
    for (int i = 0; i < 20; i++) {
        a = dlopen("/lib/plugin.so", i % 2 ? RTLD_NOW : RTLD_LAZY);
        if (call(a, "increment") != 1)
            printf("round %d: stale data\n", i);
        dlclose(a);
    }
}

static void copies(void) {
    copy("/lib/plugin.so", "/tmp/equal.so", 0, 0);
    copy("/lib/plugin2.so", "/tmp/other.so", 0, 0);
    void *a = load("original", "/lib/plugin.so", RTLD_NOW);
    void *b = load("equal copy", "/tmp/equal.so", RTLD_NOW);
    void *c = load("other version", "/tmp/other.so", RTLD_NOW);
    printf("versions %d %d %d\n", call(a, "version"), call(b, "version"), call(c, "version"));
    call(a, "increment");
    printf("counts %d %d %d\n", call(a, "increment"), call(b, "increment"), call(c, "increment"));
    dlclose(a);
    dlclose(b);
    dlclose(c);
    /* The same name with other bytes. */
    copy("/lib/plugin2.so", "/tmp/equal.so", 0, 0);
    b = load("overwritten", "/tmp/equal.so", RTLD_NOW);
    printf("version %d\n", call(b, "version"));
    dlclose(b);
    unlink("/tmp/equal.so");
    succeeds("symlink", symlink("/lib/plugin.so", "/tmp/equal.so"));
    b = load("symlink", "/tmp/equal.so", RTLD_NOW);
    printf("version %d\n", call(b, "version"));
    dlclose(b);
    succeeds("rename", rename("/lib/plugin.so", "/lib/moved.so"));
    copy("/lib/plugin2.so", "/lib/plugin.so", 0, 0);
    a = load("replaced in its place", "/lib/plugin.so", RTLD_NOW);
    b = load("moved", "/lib/moved.so", RTLD_NOW);
    printf("versions %d %d\n", call(a, "version"), call(b, "version"));
    dlclose(a);
    dlclose(b);
    rename("/lib/moved.so", "/lib/plugin.so");
}

static void *count_in_thread(void *handle) {
    int (*increment)(void) = (int (*)(void))dlsym(handle, "thread_increment");
    for (int i = 0; i < 9; i++)
        increment();
    return (void *)(intptr_t)increment();
}

static void thread_local_data(void) {
    void *a = load("TLS", "/lib/plugin.so", RTLD_NOW), *result;
    printf("main %d\n", call(a, "thread_increment"));
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, count_in_thread, a);
        pthread_join(thread, &result);
        printf("thread %d\n", (int)(intptr_t)result);
    }
    printf("main %d\n", call(a, "thread_increment"));
    dlclose(a);
}

static void failures(void) {
    load("missing", "/lib/nothing.so", RTLD_NOW);
    load("missing by name", "nothing.so", RTLD_NOW);
    load("not ELF", "/data/lines", RTLD_NOW);
    load("empty", "/data/empty", RTLD_NOW);
    load("directory", "/data", RTLD_NOW);
    copy("/lib/plugin.so", "/tmp/broken.so", 0, 0);
    succeeds("truncate", truncate("/tmp/broken.so", 300));
    load("truncated", "/tmp/broken.so", RTLD_NOW);
    copy("/lib/plugin.so", "/tmp/class.so", 4, 1);
    load("32 bit", "/tmp/class.so", RTLD_NOW);
    copy("/lib/plugin.so", "/tmp/endian.so", 5, 2);
    load("big endian", "/tmp/endian.so", RTLD_NOW);
    load("unresolved, now", "/lib/unresolved.so", RTLD_NOW);
    void *lazy = load("unresolved, lazy", "/lib/unresolved.so", RTLD_LAZY);
    printf("version %d\n", lazy ? call(lazy, "version") : -1);
    printf("no symbol: %s\n", dlsym(lazy, "nothing") ? "found" : last_error());
    pid_t pid = fork_flushed();
    if (pid == 0)
        _exit(call(lazy, "call_it"));
    reap("call of an unresolved function", pid);
    dlclose(lazy);
    load("bad mode", "/lib/plugin.so", 0);
    void *self = load("itself", NULL, RTLD_NOW);
    check("own symbol", dlsym(self, "of_the_program") == (void *)of_the_program);
    check("libc symbol", dlsym(RTLD_NEXT, "strlen") != NULL);
}

static void namespaces(void) {
    void *a = load("first namespace", "/lib/plugin.so", RTLD_NOW);
    void *b = dlmopen(LM_ID_NEWLM, "/lib/isolated.so", RTLD_NOW);
    printf("second namespace: %s\n", b ? "loaded" : last_error());
    call(a, "increment");
    if (b) {
        printf("counts %d %d\n", call(a, "increment"), call(b, "isolated"));
        dlclose(b);
    }
    dlclose(a);
}

static void after_fork(void) {
    void *a = load("before fork", "/lib/plugin.so", RTLD_NOW);
    call(a, "increment");
    pid_t pid = fork_flushed();
    if (pid == 0) {
        void *b = load("in the child", "/lib/plugin2.so", RTLD_NOW);
        printf("child %d %d\n", call(a, "increment"), call(b, "increment"));
        dlclose(a);
        dlclose(b);
        fflush(NULL);
        _exit(0);
    }
    reap("child", pid);
    printf("parent %d\n", call(a, "increment"));
    dlclose(a);
}

/* A library that the program itself finds a symbol in stays. */
static void global(void) {
    void *a = load("local", "/lib/plugin2.so", RTLD_LAZY);
    check("not global", dlsym(RTLD_DEFAULT, "increment") == NULL);
    load("made global", "/lib/plugin2.so", RTLD_LAZY | RTLD_NOLOAD | RTLD_GLOBAL);
    check("global", dlsym(RTLD_DEFAULT, "increment") == dlsym(a, "increment"));
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    modes();
    copies();
    thread_local_data();
    failures();
    namespaces();
    after_fork();
    global();
    return 0;
}
