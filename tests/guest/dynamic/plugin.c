/* A library for dlopen.  VERSION tells two builds apart; UNRESOLVED has a function that nothing
 * defines. */
#include <stdio.h>
#include <unistd.h>

extern int of_the_program(int); /* from the program that loads it */
#ifdef UNRESOLVED
extern int defined_nowhere(void);
int call_it(void) { return defined_nowhere(); }
#endif

static int count;
__thread int per_thread = 40;
__thread char big_tls[3000];
int table[20000] = {1, 2, 3};

static void say(const char *what) {
    char line[80];
    int length = snprintf(line, sizeof line, "plugin %d %s\n", VERSION, what);
    if (write(1, line, (size_t)length) != length)
        _exit(100);
}
__attribute__((constructor)) static void start(void) { say("loaded"); }
__attribute__((destructor)) static void stop(void) { say("unloaded"); }

int version(void) { return VERSION; }
int increment(void) { return ++count; }
int thread_increment(void) { return ++big_tls[2999] + ++per_thread; }
int call_back(int x) { return of_the_program(x) + VERSION; }
