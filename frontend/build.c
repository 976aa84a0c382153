/* c2w-aot build: image -> root file system image + lifted code + runtime -> module. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend.h"

bool check_image_argument(struct tool *tool, const char *argument) {
    bool input = strcmp(argument, "-") == 0;
    tool->image = input ? "standard input" : argument;
    if (input && isatty(STDIN_FILENO))
        return fail(tool, tool->image, "is a terminal (pipe an image into it)");
    return true;
}

bool build_rootfs(struct tool *tool, const struct build_options *options, const char *path,
                  struct image *image) {
    if (!image_load(tool, options->image, guest_of_platform(options->platform), image) ||
        !container_finish(tool, image, &options->overrides))
        return false;
    tree_number(image->tree);
    return rootfs_write(tool, image, path);
}

static void translation_progress(void *context, size_t done, size_t total) {
    show_progress(context, "lifting", done < total ? done : total - 1, total);
}

static bool checks_null(const struct build_options *options, const struct elf_file *file) {
    return options->null_check == NULL_CHECK_ON ||
           (options->null_check == NULL_CHECK_AUTO && file->catches_null);
}

static bool translate_files(struct tool *tool, const struct build_options *options,
                            const struct guest *guest, struct build_report *report,
                            struct translated *translated) {
    struct inventory *inventory = &report->inventory;
    struct translator_input *inputs = allocate((inventory->count + 1) * sizeof *inputs);
    size_t count = 0;
    for (size_t i = 0; i < inventory->count; i++) {
        const struct elf_file *file = &inventory->files[i];
        if (file->lift)
            inputs[count++] = (struct translator_input){.path = file->path,
                                                        .isa = guest->isa,
                                                        .inode = file->node->inode->number,
                                                        .load_base = file->load_base,
                                                        .image_end = (uint32_t)elf_image_end(file),
                                                        .file_size = file->size,
                                                        .null_check = checks_null(options, file),
                                                        .segments = file->code,
                                                        .segment_count = file->code_count,
                                                        .hints = file->hints,
                                                        .hint_count = file->hint_count,
                                                        .counts = file->counts,
                                                        .count_count = file->count_count};
    }
    struct translator_options translator = options->translator;
    char error[512] = "";
    char *cache;
    if (!find_cache(tool, options->cache, &cache, &translator.cache_limit))
        return false;
    translator.cache_directory = cache;
    translator.use_counts = options->profiles.count > 0;
    translator.work_directory = tool->scratch;
    translator.progress = translation_progress;
    translator.progress_context = tool;
    bool ok = translate(guest->isa, inputs, count, &translator, translated, &report->translation,
                        error, sizeof error);
    show_progress(tool, "lifting", 1, 1);
    if (report->translation.cache_problem[0])
        note(tool, "%s: the translation cache cannot be used: %s (see --cache)",
             translator.cache_directory, report->translation.cache_problem);
    return ok || fail(tool, options->image, "cannot lift: %s", error);
}

static bool link_files(struct tool *tool, const struct build_options *options,
                       const struct guest *guest, const struct translated *translated, const char *rootfs,
                       const char *module, struct build_report *report) {
    const char *const names[] = {guest->runtime, "libc.a", "libbuiltins.a"};
    enum { LIBRARY_FILES = sizeof names / sizeof names[0] };
    const char *objects[LIBRARY_FILES + 2] = {0};
    char *linker = find_wasm_ld(tool);
    if (!linker)
        return fail(tool, "wasm-ld", "is not installed (install lld-22; see c2w-aot doctor)");
    for (size_t i = 0; i < LIBRARY_FILES; i++) {
        objects[i] = library_file(tool, names[i]);
        if (!objects[i])
            return fail(tool, tool->library ? tool->library : tool->directory,
                        "%s is missing (build or install the tool again)", names[i]);
    }
    objects[LIBRARY_FILES] = translated->tables;
    struct link_options link = {.wasm_ld = linker,
                                .objects = objects,
                                .archive = translated->archive,
                                .rootfs_image = rootfs,
                                .output = module,
                                .work_directory = tool->scratch,
                                .strip_names = options->strip};
    char error[512] = "";
    if (!link_module(&link, &report->link, error, sizeof error))
        return fail(tool, options->output, "cannot link: %s", error);
    return true;
}

bool build_module(struct tool *tool, const struct build_options *options, const char *module,
                  struct build_report *report) {
    struct image image;
    struct stat st;
    struct translated translated;
    char *rootfs = scratch_path(tool, "rootfs.img");
    if (!find_wasm_ld(tool)) /* said before the long work */
        return fail(tool, "wasm-ld", "is not installed (install lld-22; see c2w-aot doctor)");
    if (!build_rootfs(tool, options, rootfs, &image))
        return false;
    report->rootfs_bytes = stat(rootfs, &st) == 0 ? (uint64_t)st.st_size : 0;
    inventory_scan(&image, &report->inventory);
    for (size_t i = 0; i < options->profiles.count; i++)
        if (!profile_read(tool, options->profiles.items[i], &report->profile))
            return false;
    bool profiled = options->profiles.count && options->lift != LIFT_NONE;
    if (profiled)
        profile_match(tool, &report->profile, &report->inventory);
    inventory_select(&image, &report->inventory, options->lift,
                     profiled ? &report->profile : NULL);
    if (report->inventory.limited)
        note(tool,
             "more than %u MiB of code: only the entrypoint's file and its libraries are lifted",
             (unsigned)(LIFT_MAX_TEXT >> 20));
    return translate_files(tool, options, image.guest, report, &translated) &&
           link_files(tool, options, image.guest, &translated, rootfs, module, report);
}

/* --- the verb --- */

struct build_command {
    struct tool *tool;
    const struct verb *verb;
    struct build_options options;
    bool rootfs_only;
    const char *figures; /* file for the report, or NULL */
    char *unfinished; /* temporary name beside the output */
};

enum { BUILD_ROOTFS_ONLY = SHARED_OPTION_END, BUILD_FIGURES };

static bool build_option(void *context, int id, const char *value) {
    struct build_command *command = context;
    if (id == BUILD_ROOTFS_ONLY)
        return command->rootfs_only = true;
    if (id == BUILD_FIGURES) {
        command->figures = value;
        return true;
    }
    return build_option_set(command->tool, command->verb, &command->options, id, value);
}

static bool build_operand(void *context, const char *word) {
    struct build_command *command = context;
    if (command->options.image) {
        usage_error(command->tool, command->verb->name, "more than one IMAGE (%s)", word);
        return false;
    }
    command->options.image = word;
    return true;
}

static int build_work(void *context) {
    struct build_command *command = context;
    struct build_report report = {0};
    double start = seconds_now();
    struct image image;
    bool ok = command->rootfs_only
                  ? build_rootfs(command->tool, &command->options, command->unfinished, &image)
                  : build_module(command->tool, &command->options, command->unfinished, &report);
    if (!ok)
        return 1;
    report.seconds = seconds_now() - start;
    if (command->figures && !write_build_figures(command->tool, command->figures, &report))
        return 1;
    if (rename(command->unfinished, command->options.output)) {
        fail(command->tool, command->options.output, "cannot write: %s", strerror(errno));
        return 1;
    }
    if (!command->tool->quiet && !command->rootfs_only)
        print_build_report(command->tool, &command->options, &report);
    return 0;
}

/* Claims the temporary name, so that an unwritable place is known before the work. */
static bool claim_output(struct tool *tool, struct build_command *command) {
    const char *output = command->options.output;
    struct stat st;
    if (stat(output, &st) == 0 && !S_ISREG(st.st_mode))
        return fail(tool, output, "is no regular file (choose another -o)");
    command->unfinished = format_string("%s.%d.tmp", output, (int)getpid());
    int fd = open(command->unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail(tool, output, "cannot write: %s (choose another -o)", strerror(errno));
    close(fd);
    return true;
}

/* "busybox.tar" -> "busybox.wasm", in the current directory. */
static char *default_output(const char *image) {
    static const char *const endings[] = {".tar", ".tar.gz", ".tgz", ".tar.zst", ".oci", ".elf"};
    if (strcmp(image, "-") == 0)
        return copy_string("out.wasm");
    char *name = copy_string(image);
    size_t length = strlen(name);
    while (length > 1 && name[length - 1] == '/')
        name[--length] = 0;
    char *slash = strrchr(name, '/');
    char *base = slash && slash[1] ? slash + 1 : name;
    length = strlen(base);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(base + length - ending, endings[i]) == 0)
            base[length - ending] = 0;
    }
    bool dots = strspn(base, "./") == strlen(base);
    char *output = format_string("%s.wasm", dots ? "out" : base);
    free(name);
    return output;
}

static int run_build(struct tool *tool, const struct verb *verb, int argc, char **argv) {
    struct build_command command = {.tool = tool, .verb = verb};
    struct words rest = {0};
    build_options_default(&command.options);
    int stop = parse_options(tool, verb, argc, argv, build_option, build_operand, &rest, &command);
    if (stop)
        return stop - 1;
    struct build_options *options = &command.options;
    if (!options->image)
        return usage_error(tool, verb->name, "no IMAGE given");
    if (rest.count) {
        options->overrides.cmd = rest;
        options->overrides.replace_cmd = true;
    }
    if (!options->output)
        options->output = default_output(options->image);
    if (!platform_supported(tool, options->platform) || !check_image_argument(tool, options->image))
        return 1;
    if (!claim_output(tool, &command))
        return 1;
    int status =
        scratch_create(tool) ? supervise(tool, build_work, &command, command.unfinished) : 1;
    if (status)
        unlink(command.unfinished);
    if (options->keep_temporaries && tool->scratch)
        note(tool, "temporary files are in %s", tool->scratch);
    else
        scratch_remove(tool);
    return status;
}

static const struct option_spec build_options_table[] = {
    {'o', "output", "FILE",
     "the module (default: IMAGE's name with .wasm, in the current directory)", BUILD_OUTPUT},
    {0, "rootfs-only", NULL, "write the root file system image that the native runtime takes",
     BUILD_ROOTFS_ONLY},
    {0, "figures", "FILE", "write sizes, counts and times of the build as JSON", BUILD_FIGURES},
    {0, "keep-temps", NULL, "keep the temporary directory and say where it is", BUILD_KEEP},
};

const struct verb build_verb = {
    .name = "build",
    .synopsis = "IMAGE [OPTION]... [-- CMD...]",
    .summary = "compile a container image to a WebAssembly module",
    .details =
        "Words behind -- replace the image's Cmd.  The module takes words that replace Cmd, too,\n"
        "as its own arguments.  A root directory or archive starts /bin/sh unless --entrypoint\n"
        "or words behind -- say otherwise.  Equal images and options give equal modules, byte\n"
        "for byte.  Temporary files go to TMPDIR, or /tmp.",
    .options = build_options_table,
    .option_count = sizeof build_options_table / sizeof build_options_table[0],
    .shared = true,
    .run = run_build,
};
