/* Where the translation cache is and how large it may be; c2w-aot cache. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../translator/object_cache.h"
#include "frontend.h"

bool parse_size(const char *text, uint64_t *bytes) {
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"", 0}, {"B", 0}, {"K", 10}, {"M", 20}, {"G", 30}};
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || errno)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0 && value <= UINT64_MAX >> units[i].shift) {
            *bytes = (uint64_t)value << units[i].shift;
            return true;
        }
    return false;
}

static char *default_directory(void) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/') /* the XDG specification: relative paths are ignored */
        return format_string("%s/c2w-aot", cache);
    return home && *home == '/' ? format_string("%s/.cache/c2w-aot", home) : NULL;
}

bool find_cache(struct tool *tool, const char *option, char **directory, uint64_t *limit) {
    const char *choice = option ? option : getenv("C2W_CACHE"), *size = getenv("C2W_CACHE_SIZE");
    *limit = CACHE_SIZE_DEFAULT;
    if (size && *size && !parse_size(size, limit))
        return fail(tool, NULL, "C2W_CACHE_SIZE=%s: must be a size like 500M or 2G", size);
    if (!choice || !*choice)
        *directory = default_directory();
    else
        *directory = strcmp(choice, "off") == 0 ? NULL : copy_string(choice);
    return true;
}

/* --- the verb --- */

enum { CACHE_DIRECTORY = 1, CACHE_ALL, CACHE_SIZE };

struct cache_command {
    struct tool *tool;
    const struct verb *verb;
    const char *directory_option, *action;
    bool all, has_size;
    uint64_t size;
};

static bool cache_option(void *context, int id, const char *value) {
    struct cache_command *command = context;
    switch (id) {
    case CACHE_DIRECTORY:
        command->directory_option = value;
        return true;
    case CACHE_ALL:
        return command->all = true;
    case CACHE_SIZE:
        command->has_size = true;
        if (parse_size(value, &command->size))
            return true;
        usage_error(command->tool, command->verb->name, "--size=%s: must be a size like 500M or 2G",
                    value);
        return false;
    }
    return false;
}

static bool cache_operand(void *context, const char *word) {
    struct cache_command *command = context;
    if (command->action || (strcmp(word, "show") != 0 && strcmp(word, "prune") != 0)) {
        usage_error(command->tool, command->verb->name, "%s: must be show or prune", word);
        return false;
    }
    command->action = word;
    return true;
}

static int run_cache(struct tool *tool, const struct verb *verb, int argc, char **argv) {
    struct cache_command command = {.tool = tool, .verb = verb};
    struct words rest = {0};
    int stop = parse_options(tool, verb, argc, argv, cache_option, cache_operand, &rest, &command);
    if (stop)
        return stop - 1;
    bool prune = command.action && strcmp(command.action, "prune") == 0;
    if (rest.count || ((command.all || command.has_size) && !prune))
        return usage_error(tool, verb->name, rest.count ? "takes no words behind --"
                                                        : "--all and --size go with prune");
    char *directory;
    uint64_t limit;
    if (!find_cache(tool, command.directory_option, &directory, &limit))
        return 1;
    if (!directory) {
        puts("the translation cache is off");
        return 0;
    }
    struct cache_usage usage;
    if (command.all)
        limit = 0;
    else if (command.has_size)
        limit = command.size;
    if (prune ? !cache_prune(directory, limit, &usage) : !cache_measure(directory, &usage)) {
        fail(tool, directory, "cannot %s: %s", prune ? "prune" : "read", strerror(errno));
        return 1;
    }
    char size[32], limit_text[32];
    size_t functions, cached;
    printf("%s: %zu entries, %s", directory, usage.entries, size_text(usage.bytes, size));
    if (!command.all)
        printf(" of %s", size_text(limit, limit_text));
    putchar('\n');
    if (!prune && cache_last_build(directory, &functions, &cached))
        printf("last build: %zu of %zu functions from the cache\n", cached, functions);
    return 0;
}

static const struct option_spec cache_options[] = {
    {0, "cache", "DIR", "the cache (default: $C2W_CACHE, $XDG_CACHE_HOME/c2w-aot,\n~/.cache/c2w-aot)",
     CACHE_DIRECTORY},
    {0, "all", NULL, "prune: remove everything", CACHE_ALL},
    {0, "size", "SIZE", "prune: down to SIZE (like 500M; default: $C2W_CACHE_SIZE, or 2G)",
     CACHE_SIZE},
};

const struct verb cache_verb = {
    .name = "cache",
    .synopsis = "[show|prune] [OPTION]...",
    .summary = "show or prune what earlier builds compiled",
    .details = "Builds keep the code of every function, so that a function that was compiled before,\n"
               "in any image, at the same address and with the same options, is not compiled again.\n"
               "Builds prune the cache themselves: what was not used for the longest time goes first.",
    .options = cache_options,
    .option_count = sizeof cache_options / sizeof cache_options[0],
    .run = run_cache,
};
