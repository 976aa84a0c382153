/* Load addresses of the files that are lifted and may lie anywhere: the runtime maps them there, as
 * if they had been prelinked, so that lifted code holds constant addresses.
 *
 * Well-known libraries have fixed places, which makes their code the same in all images and lets
 * images share it in the translation cache.  The others follow one after the other, in the order in
 * which the entrypoint needs them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"

#define PAGE UINT64_C(4096)
#define GAP (UINT64_C(16) * PAGE) /* a stray pointer behind one file does not hit the next */
#define FIRST_SLOT UINT64_C(0x05000000) /* above the main stack (runtime/kernel/mm.h) */
#define FIRST_OTHER UINT64_C(0x09000000)
#define LAST_ADDRESS UINT64_C(0x38000000) /* what is above it is left to the guest's mappings */

/* Slots follow each other from FIRST_SLOT on: a row's place depends on those above it, so new ones
 * go to the end.  Sizes are generous for riscv64 and x86_64 builds; the loaders of both
 * architectures and of musl never meet and share a slot.  A trailing * stands for any version. */
struct slot {
    const char *sonames[3];
    unsigned kilobytes;
};
static const struct slot slots[] = {
    {{"ld-linux-riscv64-lp64d.so.1", "ld-linux-x86-64.so.2"}, 1024},
    {{"libc.so.6", "libc.musl-*"}, 4096},
    {{"libm.so.6"}, 2048},
    {{"libgcc_s.so.1"}, 512},
    {{"libstdc++.so.6"}, 4096},
    {{"libpthread.so.0"}, 512},
    {{"libdl.so.2"}, 256},
    {{"librt.so.1"}, 256},
    {{"libutil.so.1"}, 256},
    {{"libresolv.so.2"}, 512},
    {{"libz.so.1"}, 512},
    {{"libtinfo.so.6"}, 512},
    {{"libreadline.so.8"}, 1024},
    {{"libselinux.so.1"}, 512},
    {{"libpcre2-8.so.0"}, 1024},
    {{"liblua5.*", "liblua.so.5.*"}, 1024},
    {{"libsqlite3.so.0"}, 4096},
    {{"libcrypto.so.3"}, 10240},
    {{"libssl.so.3"}, 2048},
    {{"libpython3.*"}, 16384},
    {{"libexpat.so.1"}, 512},
    {{"libffi.so.8"}, 256},
    {{"libbz2.so.1.0"}, 256},
    {{"liblzma.so.5"}, 512},
    {{"libzstd.so.1"}, 1536},
    {{"libncursesw.so.6"}, 512},
    {{"libuuid.so.1"}, 256},
    {{"libcrypt.so.1"}, 512},
    {{"libacl.so.1"}, 256},
    {{"libattr.so.1"}, 256},
    {{"libcap.so.2"}, 256},
    {{"libgmp.so.10"}, 1024},
    {{"libatomic.so.1"}, 256},
};
enum { SLOT_COUNT = sizeof slots / sizeof slots[0] };

static bool has_name(const struct slot *slot, const char *soname) {
    for (size_t i = 0; i < sizeof slot->sonames / sizeof slot->sonames[0]; i++) {
        const char *name = slot->sonames[i];
        size_t length = name ? strcspn(name, "*") : 0;
        if (name && strncmp(name, soname, length) == 0 && (name[length] || !soname[length]))
            return true;
    }
    return false;
}

uint64_t elf_image_end(const struct elf_file *file) {
    const struct elf_segment *last = &file->segments[file->segment_count - 1];
    return file->load_base + ((last->address + last->memory_size + PAGE - 1) & ~(PAGE - 1));
}

static const char *soname_of(const struct elf_file *file) {
    const char *slash = strrchr(file->path, '/');
    return file->soname ? file->soname : slash + 1;
}

/* The well-known place of a library, or 0.  The first file of the inventory gets it. */
static uint32_t take_slot(const struct elf_file *file, bool *taken) {
    uint64_t address = FIRST_SLOT;
    for (size_t i = 0; file->kind == ELF_SHARED && i < SLOT_COUNT; i++) {
        uint64_t size = (uint64_t)slots[i].kilobytes << 10;
        if (has_name(&slots[i], soname_of(file)) && !taken[i] && elf_image_end(file) <= size) {
            taken[i] = true;
            return (uint32_t)address;
        }
        address += size;
    }
    return 0;
}

void assign_load_addresses(struct inventory *inventory) {
    bool taken[SLOT_COUNT] = {false};
    uint64_t next = FIRST_OTHER;
    for (size_t i = 0; i < inventory->count; i++) {
        struct elf_file *file = inventory->order[i];
        if (!file->lift || file->kind == ELF_PROGRAM)
            continue;
        file->load_base = take_slot(file, taken);
        if (file->load_base)
            continue;
        uint64_t span = elf_image_end(file); /* its base is 0 so far */
        if (span > LAST_ADDRESS || span > LAST_ADDRESS - next) { /* interpreted instead */
            file->lift = false;
            snprintf(file->reason, sizeof file->reason, "no address space left for it");
            continue;
        }
        file->load_base = (uint32_t)next;
        next += span + GAP;
    }
}
