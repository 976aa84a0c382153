/* c2w-aot inspect: what is in an image or module, and what will not run as it does elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend.h"

struct inspect_command {
    struct tool *tool;
    const struct verb *verb;
    const char *image, *platform;
    bool json;
};

enum { INSPECT_JSON = 1, INSPECT_PLATFORM, INSPECT_QUIET };

static const char *elf_kind_name(enum elf_kind kind) {
    static const char *const names[] = {"program", "position-independent program", "shared library",
                                        "object"};
    return names[kind];
}

/* Text of an image may be any bytes; JSON is UTF-8. */
static json_t *json_text(const char *text) {
    json_t *value = json_string(text);
    if (value)
        return value;
    char *clean = copy_string(text);
    for (char *c = clean; *c; c++)
        if ((unsigned char)*c >= 128)
            *c = '?';
    value = json_string(clean);
    free(clean);
    return value;
}

static json_t *json_words(const struct words *words) {
    json_t *array = json_array();
    for (size_t i = 0; i < words->count; i++)
        json_array_append_new(array, json_text(words->items[i]));
    return array;
}

static void set_text(json_t *object, const char *key, const char *text) {
    json_object_set_new(object, key, text ? json_text(text) : json_null());
}

static void set_number(json_t *object, const char *key, uint64_t value) {
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *describe_container(const struct container *container) {
    json_t *object = json_object();
    json_object_set_new(object, "Entrypoint", json_words(&container->entrypoint));
    json_object_set_new(object, "Cmd", json_words(&container->cmd));
    json_object_set_new(object, "Env", json_words(&container->env));
    set_text(object, "WorkingDir", container->working_directory);
    set_text(object, "User", container->user);
    set_text(object, "Hostname", container->host_name);
    set_number(object, "uid", container->uid);
    set_number(object, "gid", container->gid);
    return object;
}

static json_t *describe_elf(const struct elf_file *file) {
    char machine[32];
    json_t *object = json_object();
    set_text(object, "path", file->path);
    set_text(object, "type", file->bad ? "damaged" : elf_kind_name(file->kind));
    set_text(object, "machine",
             file->bad && !file->machine ? NULL : elf_machine_name(file->machine, machine));
    set_number(object, "bits", file->class);
    set_number(object, "text", file->text_bytes);
    set_text(object, "interpreter", file->interpreter);
    json_object_set_new(object, "needed", json_words(&file->needed));
    json_object_set_new(object, "lifted", json_boolean(file->reason[0] == 0));
    set_text(object, "reason", file->reason[0] ? file->reason : NULL);
    return object;
}

static void add_gap(json_t *gaps, const char *format, const char *path, const char *what) {
    char *text = format_string(format, path, what);
    json_array_append_new(gaps, json_text(text));
    free(text);
}

/* What can be seen from outside that will be slower or missing. */
static json_t *predict_gaps(const struct image *image, const struct inventory *inventory) {
    json_t *gaps = json_array();
    if (!image->container.entrypoint.count && !image->container.cmd.count)
        json_array_append_new(gaps,
                              json_text("no program to start is named: build needs --entrypoint"));
    for (size_t i = 0; i < inventory->count; i++) {
        const struct elf_file *file = &inventory->files[i];
        char machine[32];
        const char *reason;
        if (file->bad)
            add_gap(gaps, "%s cannot run: %s", file->path, file->reason);
        else if (!file->right_machine)
            add_gap(gaps, "%s cannot run: it is for %s", file->path,
                    elf_machine_name(file->machine, machine));
        else if (file->interpreter &&
                 !tree_find(image->tree, image->tree->root, file->interpreter, true, &reason))
            add_gap(gaps, "%s cannot run: %s is missing", file->path, file->interpreter);
        if (file->node->inode->mode & (S_ISUID | S_ISGID))
            add_gap(gaps, "%s is set-id%s", file->path, "");
    }
    if (inventory->limited)
        json_array_append_new(gaps, json_text("too much code to lift all of it: only the "
                                              "entrypoint's file and its libraries are lifted"));
    return gaps;
}

static json_t *describe_module(const struct module *module, uint64_t size) {
    json_t *object = json_object(), *sections = json_array();
    set_number(object, "bytes", size);
    set_number(object, "functions", module->function_count);
    set_number(object, "rootfs", module->rootfs_size);
    for (size_t i = 0; i < module->section_count; i++) {
        json_t *section = json_object();
        set_text(section, "name", module->sections[i].name);
        set_number(section, "bytes", module->sections[i].size);
        json_array_append_new(sections, section);
    }
    json_object_set_new(object, "sections", sections);
    return object;
}

/* --- text --- */

static void print_words(const char *label, const json_t *words) {
    size_t i;
    json_t *word;
    printf("%-12s", label);
    json_array_foreach(words, i, word) printf(" %s", json_string_value(word));
    putchar('\n');
}

static uint64_t number_of(const json_t *object, const char *key) {
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_text(const json_t *report) {
    char a[32];
    size_t i;
    json_t *item;
    const json_t *config = json_object_get(report, "config");
    const json_t *module = json_object_get(report, "module");
    printf("%s: %s\n", text_of(report, "name"), text_of(report, "kind"));
    printf("%-12s %s\n", "platform", text_of(report, "platform"));
    printf("%-12s %llu files and directories, %s\n", "contents",
           (unsigned long long)number_of(report, "files"),
           size_text(number_of(report, "bytes"), a));
    print_words("Entrypoint", json_object_get(config, "Entrypoint"));
    print_words("Cmd", json_object_get(config, "Cmd"));
    json_array_foreach(json_object_get(config, "Env"), i, item)
        printf("%-12s %s\n", i ? "" : "Env", json_string_value(item));
    printf("%-12s %s\n", "WorkingDir", text_of(config, "WorkingDir"));
    printf("%-12s %llu:%llu\n", "User", (unsigned long long)number_of(config, "uid"),
           (unsigned long long)number_of(config, "gid"));
    if (module) {
        printf("\nModule: %s, %llu functions\n", size_text(number_of(module, "bytes"), a),
               (unsigned long long)number_of(module, "functions"));
        json_array_foreach(json_object_get(module, "sections"), i, item)
            printf("  %10s  %s\n", size_text(number_of(item, "bytes"), a), text_of(item, "name"));
        printf("  %10s  of data: root file system\n", size_text(number_of(module, "rootfs"), a));
    }
    printf("\nELF files: %zu\n", json_array_size(json_object_get(report, "elf")));
    json_array_foreach(json_object_get(report, "elf"), i, item) {
        printf("  %s: %s, %s, %s of code\n", text_of(item, "path"), text_of(item, "type"),
               text_of(item, "machine"), size_text(number_of(item, "text"), a));
        if (*text_of(item, "interpreter"))
            printf("      interpreter %s\n", text_of(item, "interpreter"));
        if (json_array_size(json_object_get(item, "needed")))
            print_words("      needed ", json_object_get(item, "needed"));
    }
    if (json_array_size(json_object_get(report, "gaps")))
        printf("\nGaps:\n");
    json_array_foreach(json_object_get(report, "gaps"), i, item)
        printf("  %s\n", json_string_value(item));
}

static int print_report(struct inspect_command *command, const struct image *image,
                        const char *kind, json_t *module) {
    struct inventory inventory;
    inventory_scan(image, &inventory);
    inventory_select(image, &inventory, LIFT_ALL, NULL);
    json_t *report = json_object(), *files = json_array();
    for (size_t i = 0; i < inventory.count; i++)
        json_array_append_new(files, describe_elf(&inventory.files[i]));
    set_text(report, "name", image->name);
    set_text(report, "kind", kind);
    set_text(report, "platform", image->guest->platform);
    set_number(report, "layers", image->layer_count);
    set_number(report, "files", image->tree->node_count);
    set_number(report, "bytes", image->tree->file_bytes);
    json_object_set_new(report, "config", describe_container(&image->container));
    if (module)
        json_object_set_new(report, "module", module);
    json_object_set_new(report, "elf", files);
    json_object_set_new(report, "gaps", predict_gaps(image, &inventory));
    if (command->json) {
        json_dumpf(report, stdout, JSON_INDENT(2));
        putchar('\n');
    } else
        print_text(report);
    json_decref(report);
    return 0;
}

static int inspect_module(struct inspect_command *command, const uint8_t *bytes, uint64_t size) {
    struct module module;
    struct image image = {.kind = IMAGE_ELF};
    if (!module_read(command->tool, command->image, bytes, size, &module))
        return 1;
    if (!module.rootfs)
        return fail(command->tool, command->image, "is a module that c2w-aot did not build"), 1;
    if (!rootfs_read(command->tool, command->image, module.rootfs, module.rootfs_size, &image))
        return 1;
    image.guest = command->platform ? guest_of_platform(command->platform) : guest_of_tree(image.tree);
    return print_report(command, &image, "module", describe_module(&module, size));
}

static int inspect_work(void *context) {
    struct inspect_command *command = context;
    struct tool *tool = command->tool;
    struct stat st;
    if (strcmp(command->image, "-") != 0 && stat(command->image, &st) == 0 && S_ISREG(st.st_mode)) {
        uint64_t size;
        const uint8_t *bytes = map_file(tool, command->image, &size);
        if (!bytes)
            return 1;
        if (module_is_wasm(bytes, size))
            return inspect_module(command, bytes, size);
    }
    struct image image;
    struct container_overrides none = {.inspect = true};
    if (!image_load(tool, command->image, guest_of_platform(command->platform), &image))
        return 1;
    if (!container_finish(tool, &image, &none))
        return 1;
    tree_number(image.tree);
    return print_report(command, &image, image_kind_name(image.kind), NULL);
}

static bool inspect_option(void *context, int id, const char *value) {
    struct inspect_command *command = context;
    if (id == INSPECT_JSON)
        command->json = true;
    else if (id == INSPECT_PLATFORM)
        command->platform = value;
    else
        command->tool->quiet = true;
    return true;
}

static bool inspect_operand(void *context, const char *word) {
    struct inspect_command *command = context;
    if (command->image) {
        usage_error(command->tool, "inspect", "more than one IMAGE (%s)", word);
        return false;
    }
    command->image = word;
    return true;
}

static int run_inspect(struct tool *tool, const struct verb *verb, int argc, char **argv) {
    struct inspect_command command = {.tool = tool, .verb = verb};
    struct words rest = {0};
    int stop =
        parse_options(tool, verb, argc, argv, inspect_option, inspect_operand, &rest, &command);
    if (stop)
        return stop - 1;
    if (!command.image)
        return usage_error(tool, "inspect", "no IMAGE given");
    if (rest.count)
        return usage_error(tool, "inspect", "words behind -- have no use here");
    if (!platform_supported(tool, command.platform) || !check_image_argument(tool, command.image))
        return 1;
    int status = scratch_create(tool) ? supervise(tool, inspect_work, &command, NULL) : 1;
    scratch_remove(tool);
    return status;
}

static const struct option_spec inspect_options[] = {
    {0, "json", NULL, "print JSON", INSPECT_JSON},
    {0, "platform", "OS/ARCH",
     "linux/amd64 or linux/riscv64; default: what the image is for, amd64 if\nthat is both",
     INSPECT_PLATFORM},
    {'q', "quiet", NULL, "print no progress", INSPECT_QUIET},
};

const struct verb inspect_verb = {
    .name = "inspect",
    .synopsis = "IMAGE|MODULE [OPTION]...",
    .summary = "show configuration, ELF files and size split of an image or module",
    .details =
        "Gaps are what can be told in advance: files that cannot run, and what is interpreted.",
    .options = inspect_options,
    .option_count = sizeof inspect_options / sizeof inspect_options[0],
    .run = run_inspect,
};
