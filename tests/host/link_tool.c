/* Command line for tests: link_module() and measure_module() of the translator.
 *   link_tool WASM-LD IMAGE OUTPUT WORK-DIRECTORY OBJECTS...
 *   link_tool --sizes MODULE */
#include <stdio.h>
#include <string.h>

#include "../../translator/translator.h"

static int print_result(bool good, const struct link_report *report, const char *error) {
    if (!good) {
        fprintf(stderr, "link_tool: %s\n", error);
        return 1;
    }
    printf("module %zu code %zu data %zu rootfs %zu\n", report->module_bytes, report->code_bytes,
           report->data_bytes, report->rootfs_bytes);
    return 0;
}

int main(int argc, char **argv) {
    char error[512] = "";
    struct link_report report;
    if (argc == 3 && strcmp(argv[1], "--sizes") == 0)
        return print_result(measure_module(argv[2], &report, error, sizeof error), &report, error);
    if (argc < 6)
        return 2;
    const struct link_options options = {.wasm_ld = argv[1],
                                         .objects = (const char *const *)argv + 5,
                                         .rootfs_image = argv[2],
                                         .output = argv[3],
                                         .work_directory = argv[4]};
    return print_result(link_module(&options, &report, error, sizeof error), &report, error);
}
