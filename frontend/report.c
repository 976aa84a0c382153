/* What `build` says at its end. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"

/* A word as a shell needs it. */
static void print_word(const char *word) {
    if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "_-./=:,+@%")]) {
        fputs(word, stdout);
        return;
    }
    putchar('\'');
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*word);
    putchar('\'');
}

static void print_commands(struct tool *tool, const char *module) {
    printf("run it with\n");
    for (size_t i = 0; i < engine_count; i++) {
        const struct engine *engine = &engines[i];
        if (strcmp(engine->name, "native") == 0)
            continue;
        char *path = engine_path(tool, engine, NULL);
        struct engine_start start = {.module = module};
        struct words words = {0};
        engine_command(tool, engine, engine->program, &start, &words);
        printf("  %-9s", engine->name);
        for (size_t w = 0; w < words.count; w++) {
            putchar(' ');
            print_word(words.items[w]);
        }
        puts(path ? "" : "   (not installed here)");
        free(path);
    }
}

void print_build_report(struct tool *tool, const struct build_options *options,
                        const struct build_report *report) {
    const struct inventory *inventory = &report->inventory;
    const struct translator_report *translation = &report->translation;
    char a[32], b[32], c[32], d[32];
    size_t lifted = 0;
    uint64_t text = 0;
    for (size_t i = 0; i < inventory->count; i++) {
        const struct elf_file *file = &inventory->files[i];
        lifted += file->lift;
        text += file->bad || !file->right_machine ? 0 : file->text_bytes;
    }
    printf("%s: %s in %.1f s\n", options->output, size_text(report->link.module_bytes, a),
           report->seconds);
    printf("  ELF files   %zu, %zu lifted\n", inventory->count, lifted);
    if (lifted)
        printf("  functions   %zu lifted (%zu from the cache), %zu resume points, %zu left to the "
               "interpreter\n",
               translation->functions, translation->cached, translation->resume_points,
               translation->unlifted);
    if (options->profiles.count && report->profile.total)
        printf("  profile     %.2f %% of its instructions are in lifted functions\n",
               100.0 * (double)translation->counted_lifted / (double)report->profile.total);
    if (text)
        printf("  code        %s lifted of %s (%.0f %%)\n", size_text(translation->lifted_bytes, a),
               size_text(text, b), 100.0 * (double)translation->lifted_bytes / (double)text);
    printf("  module      code %s, data %s, root file system %s\n",
           size_text(report->link.code_bytes, b), size_text(report->link.data_bytes, c),
           size_text(report->link.rootfs_bytes, d));
    unsigned shown = 0, hidden = 0;
    for (size_t i = 0; i < inventory->count && options->lift == LIFT_ALL; i++) {
        const struct elf_file *file = &inventory->files[i];
        if (file->lift || !file->reason[0] || file->kind == ELF_OBJECT)
            continue;
        if (shown < 10) {
            printf("  not lifted  %s: %s\n", file->path, file->reason);
            shown++;
        } else
            hidden++;
    }
    if (hidden)
        printf("  not lifted  %u more (c2w-aot inspect lists them)\n", hidden);
    print_commands(tool, options->output);
}

bool write_build_figures(struct tool *tool, const char *path, const struct build_report *report) {
    const struct translator_report *translation = &report->translation;
    const struct link_report *link = &report->link;
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"functions", translation->functions},
        {"functions_from_cache", translation->cached},
        {"functions_left", translation->unlifted},
        {"resume_points", translation->resume_points},
        {"lifted_instructions", translation->instructions},
        {"lifted_bytes", translation->lifted_bytes},
        {"text_bytes", translation->text_bytes},
        {"module_bytes", link->module_bytes},
        {"code_bytes", link->code_bytes},
        {"data_bytes", link->data_bytes},
        {"rootfs_bytes", link->rootfs_bytes},
    };
    json_t *figures = json_object();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        json_object_set_new(figures, counts[i].name, json_integer((json_int_t)counts[i].value));
    json_object_set_new(figures, "llvm_seconds", json_real(translation->llvm_seconds));
    json_object_set_new(figures, "seconds", json_real(report->seconds));
    bool good = json_dump_file(figures, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0;
    json_decref(figures);
    return good || fail(tool, path, "cannot write: %s", strerror(errno));
}
