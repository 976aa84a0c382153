/* /bin/guest NAME ARG...: runs the program NAME of this folder.  programs.inc is made by the test:
 * one line PROGRAM(name) for each file. */
#include <stdio.h>
#include <string.h>

#define PROGRAM(name) int name##_main(int argc, char **argv);
#include "programs.inc"
#undef PROGRAM

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } programs[] = {
#define PROGRAM(name) {#name, name##_main},
#include "programs.inc"
#undef PROGRAM
    };
    for (size_t i = 0; argc > 1 && i < sizeof programs / sizeof *programs; i++) {
        if (!strcmp(programs[i].name, argv[1]))
            return programs[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "usage: guest NAME ARG... (no program %s)\n", argc > 1 ? argv[1] : "given");
    return 2;
}
