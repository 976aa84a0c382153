/* LD_PRELOAD=/lib/preload.so: a function of the program's libraries is replaced, another wrapped. */
#define _GNU_SOURCE
#include <dlfcn.h>

int first_next(void) {
    int (*original)(void) = (int (*)(void))dlsym(RTLD_NEXT, "first_next");
    return original() + 1000000;
}
