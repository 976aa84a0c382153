/* A shared library, built twice: libfirst.so (LIBRARY=first) needs libsecond.so (LIBRARY=second).
 * Constructors and destructors, data with relocations, thread-local variables of two TLS models, an
 * IFUNC, calls through the PLT to the program and to the other library. */
#include "library.h"

#include <stdio.h>
#include <unistd.h>

#define PASTE(a, b) a##_##b
#define NAME2(library, name) PASTE(library, name)
#define NAME(name) NAME2(LIBRARY, name)
#define TEXT2(library) #library
#define TEXT(library) TEXT2(library)

/* Unbuffered, so that the order is that of the calls. */
static void say(const char *what) {
    char line[80];
    int length = snprintf(line, sizeof line, "%s %s\n", TEXT(LIBRARY), what);
    if (write(1, line, (size_t)length) != length)
        _exit(100);
}

int NAME(data) = 10;
int NAME(zero)[5000];
static int hidden = 7;
int *const NAME(pointer) = &NAME(data); /* relative and symbolic relocations */
int *NAME(hidden_pointer) = &hidden;
static __thread int local = 5; /* general dynamic */
__thread int NAME(counter) __attribute__((tls_model("initial-exec"))) = 100;

__attribute__((constructor)) static void start(void) {
    say("constructor");
    hidden++;
}
__attribute__((constructor(200))) static void start_early(void) { say("constructor 200"); }
__attribute__((destructor)) static void stop(void) { say("destructor"); }

int NAME(next)(void) { return ++local * 1000 + NAME(counter)++; }

static int slow(int x) { return x + 1; }
static int fast(int x) { return x + 2; }
int (*NAME(choose)(void))(int) asm(TEXT(LIBRARY) "_choose") __attribute__((visibility("hidden")));
int (*NAME(choose)(void))(int) { return sizeof(void *) == 8 ? fast : slow; }
int NAME(indirect)(int x) __attribute__((ifunc(TEXT(LIBRARY) "_choose")));
int NAME(call_indirect)(int x) { return NAME(indirect)(x) * 10; }

/* Both libraries and the program define it: the program's is called. */
int interposed(void) { return -1; }
int NAME(call_interposed)(void) { return interposed(); }
int NAME(same_address)(int (*of_the_program)(void)) { return of_the_program == interposed; }

extern int missing_everywhere(int) __attribute__((weak));
int NAME(weak)(void) { return missing_everywhere ? 1 : 0; }

int NAME(fold)(int (*call)(int), int depth) {
    return depth == 0 ? 0 : call(depth) + NAME(fold)(call, depth - 1);
}
