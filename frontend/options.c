/* Command lines: options come from a table, which is their help text too. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"

int usage_error(struct tool *tool, const char *verb, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail(tool, NULL, "%s%s%s (see c2w-aot %s%s--help)", verb, *verb ? ": " : "", text, verb,
         *verb ? " " : "");
    return 2;
}

/* Row i of a verb's options: its own, the shared ones, --help; NULL at the end. */
static const struct option_spec *option_row(const struct verb *verb, size_t i) {
    static const struct option_spec help = {'h', "help", NULL, "print this text", 0};
    if (i < verb->option_count)
        return &verb->options[i];
    i -= verb->option_count;
    size_t shared = verb->shared ? shared_option_count : 0;
    return i < shared ? &shared_options[i] : i == shared ? &help : NULL;
}

void print_verb_help(const struct verb *verb) {
    const struct option_spec *option;
    printf("Usage: c2w-aot %s %s\n\n%s\n\nOptions:\n", verb->name, verb->synopsis, verb->summary);
    for (size_t i = 0; (option = option_row(verb, i)); i++) {
        char left[64], letter[3] = {'-', option->letter, 0};
        snprintf(left, sizeof left, "  %s%s%s%s%s", option->letter ? letter : "  ",
                 !option->name    ? ""
                 : option->letter ? ", --"
                                  : "  --",
                 option->name ? option->name : "",
                 !option->value ? ""
                 : option->name ? "="
                                : " ",
                 option->value ? option->value : "");
        printf("%-28s ", left);
        if (strlen(left) > 28)
            printf("\n%29s", "");
        for (const char *text = option->help; *text;) {
            size_t length = strcspn(text, "\n");
            printf("%.*s\n", (int)length, text);
            text += length + (text[length] == '\n');
            if (*text)
                printf("%29s", "");
        }
    }
    if (verb->details)
        printf("\n%s\n", verb->details);
}

static const struct option_spec *find_option(const struct verb *verb, const char *name,
                                             size_t length, char letter) {
    const struct option_spec *option;
    for (size_t i = 0; (option = option_row(verb, i)); i++)
        if (name ? option->name && strlen(option->name) == length &&
                       memcmp(option->name, name, length) == 0
                 : option->letter == letter)
            return option;
    return NULL;
}

int parse_options(struct tool *tool, const struct verb *verb, int argc, char **argv,
                  bool (*option)(void *context, int id, const char *value),
                  bool (*operand)(void *context, const char *word), struct words *rest,
                  void *context) {
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--") == 0) {
            for (i++; i < argc; i++)
                words_add(rest, argv[i]);
            break;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            print_verb_help(verb);
            return 1;
        }
        if (word[0] != '-' || word[1] == 0) {
            if (!operand(context, word))
                return 3;
        } else if (word[1] == '-') {
            size_t length = strcspn(word + 2, "=");
            const struct option_spec *spec = find_option(verb, word + 2, length, 0);
            const char *value = word[2 + length] == '=' ? word + 3 + length : NULL;
            if (!spec)
                return 1 + usage_error(tool, verb->name, "unknown option %s", word);
            if (!spec->value && value)
                return 1 + usage_error(tool, verb->name, "--%s takes no value", spec->name);
            if (spec->value && !value && ++i == argc)
                return 1 + usage_error(tool, verb->name, "%s needs %s", word, spec->value);
            if (spec->value && !value)
                value = argv[i];
            if (!option(context, spec->id, value))
                return 3;
        } else {
            for (const char *letter = word + 1; *letter; letter++) { /* -it is -i -t */
                const struct option_spec *spec = find_option(verb, NULL, 0, *letter);
                const char *value = NULL;
                if (!spec)
                    return 1 + usage_error(tool, verb->name, "unknown option -%c", *letter);
                if (spec->value) {
                    value = letter[1] ? letter + 1 : ++i < argc ? argv[i] : NULL;
                    if (!value)
                        return 1 +
                               usage_error(tool, verb->name, "-%c needs %s", *letter, spec->value);
                }
                if (!option(context, spec->id, value))
                    return 3;
                if (value)
                    break;
            }
        }
    }
    return 0;
}
