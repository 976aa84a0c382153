/* Sections of a linked module and the root file system image in it (WebAssembly 2.0, section 5.5).
 */
#include <string.h>

#include "../runtime/rootfs.h"
#include "frontend.h"

struct reader {
    const uint8_t *at, *end;
    bool ok;
};

static uint64_t read_leb(struct reader *reader) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (reader->at >= reader->end)
            break;
        uint8_t byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    reader->ok = false;
    return 0;
}

bool module_is_wasm(const uint8_t *bytes, uint64_t size) {
    return size >= 8 && memcmp(bytes, "\0asm\1\0\0\0", 8) == 0;
}

static const char *section_name(unsigned id, struct reader section) {
    static const char *const names[] = {"custom", "type",   "import",    "function", "table",
                                        "memory", "global", "export",    "start",    "element",
                                        "code",   "data",   "data count"};
    if (id == 0) {
        uint64_t length = read_leb(&section);
        if (section.ok && length < 64 && length <= (uint64_t)(section.end - section.at))
            return format_string("custom \"%.*s\"", (int)length, (const char *)section.at);
    }
    return id < sizeof names / sizeof names[0] ? names[id] : "unknown";
}

/* The tool puts the image into the first, passive, data segment. */
static void find_rootfs(struct module *module, struct reader data) {
    uint64_t count = read_leb(&data), flags = read_leb(&data), size = read_leb(&data);
    if (!data.ok || count == 0 || flags != 1 || size > (uint64_t)(data.end - data.at) ||
        size < sizeof(struct rootfs_header) || memcmp(data.at, ROOTFS_MAGIC, 8) != 0)
        return;
    module->rootfs = data.at;
    module->rootfs_size = size;
}

bool module_read(struct tool *tool, const char *name, const uint8_t *bytes, uint64_t size,
                 struct module *module) {
    *module = (struct module){0};
    struct reader reader = {bytes + 8, bytes + size, true};
    while (reader.ok && reader.at < reader.end) {
        unsigned id = *reader.at++;
        uint64_t length = read_leb(&reader);
        if (!reader.ok || length > (uint64_t)(reader.end - reader.at)) {
            reader.ok = false;
            break;
        }
        struct reader section = {reader.at, reader.at + length, true};
        if (module->section_count < sizeof module->sections / sizeof module->sections[0])
            module->sections[module->section_count++] =
                (struct module_section){section_name(id, section), length};
        if (id == 10)
            module->function_count = (uint32_t)read_leb(&section);
        if (id == 11)
            find_rootfs(module, section);
        reader.at += length;
    }
    if (!reader.ok)
        return fail(tool, name, "is a truncated or damaged module (build it again)");
    return true;
}
