/* Function starts and sizes from call frame information: LSB Core 5.0 "Exception Frames", DWARF 5
 * section 6.4.1.  Only the addresses of FDEs are read, not their rules. */
#include <string.h>

#include "frontend.h"

/* DW_EH_PE_*: the low nibble is the format, bits 4-6 what the value is relative to. */
enum {
    PE_ABSPTR = 0x00,
    PE_ULEB128 = 0x01,
    PE_UDATA2 = 0x02,
    PE_UDATA4 = 0x03,
    PE_UDATA8 = 0x04,
    PE_SLEB128 = 0x09,
    PE_SDATA2 = 0x0a,
    PE_SDATA4 = 0x0b,
    PE_SDATA8 = 0x0c,
    PE_PCREL = 0x10,
    PE_DATAREL = 0x30,
    PE_INDIRECT = 0x80,
    PE_OMIT = 0xff,
};

/* A part of the file that is read from front to back; `ok` falls when it ends too early. */
struct cursor {
    const uint8_t *at, *end;
    uint64_t address; /* link-time address of `at` */
    bool ok;
};

static uint64_t read_fixed(struct cursor *cursor, size_t size) {
    uint64_t value = 0;
    if ((size_t)(cursor->end - cursor->at) < size) {
        cursor->ok = false;
        cursor->at = cursor->end;
        return 0;
    }
    memcpy(&value, cursor->at, size); /* guest and tool are little endian */
    cursor->at += size;
    cursor->address += size;
    return value;
}

static uint64_t read_leb128(struct cursor *cursor, bool is_signed) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint64_t byte;
    do {
        byte = read_fixed(cursor, 1);
        if (shift < 64)
            value |= (byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) && cursor->ok);
    if (is_signed && (byte & 0x40) && shift < 64)
        value |= ~UINT64_C(0) << shift;
    return value;
}

static uint64_t read_encoded(struct cursor *cursor, uint8_t encoding, uint64_t data_base) {
    uint64_t base = 0, value = 0;
    switch (encoding & 0x70) {
    case 0:
        break;
    case PE_PCREL:
        base = cursor->address;
        break;
    case PE_DATAREL:
        base = data_base;
        break;
    default:
        cursor->ok = false; /* text- and function-relative: not in ELF executables */
    }
    switch (encoding & 0x0f) {
    case PE_ABSPTR:
    case PE_UDATA8:
    case PE_SDATA8:
        value = read_fixed(cursor, 8);
        break;
    case PE_ULEB128:
        value = read_leb128(cursor, false);
        break;
    case PE_SLEB128:
        value = read_leb128(cursor, true);
        break;
    case PE_UDATA2:
        value = read_fixed(cursor, 2);
        break;
    case PE_SDATA2:
        value = (uint64_t)(int16_t)read_fixed(cursor, 2);
        break;
    case PE_UDATA4:
        value = read_fixed(cursor, 4);
        break;
    case PE_SDATA4:
        value = (uint64_t)(int32_t)read_fixed(cursor, 4);
        break;
    default:
        cursor->ok = false;
    }
    return base + value;
}

/* The pointer encoding that a CIE gives its FDEs. */
static bool read_cie(struct cursor cie, uint8_t *encoding) {
    uint64_t version = read_fixed(&cie, 1);
    const char *augmentation = (const char *)cie.at;
    const uint8_t *end = memchr(cie.at, 0, (size_t)(cie.end - cie.at));
    *encoding = PE_ABSPTR;
    if ((version != 1 && version != 3 && version != 4) || !end)
        return false;
    cie.address += (uint64_t)(end + 1 - cie.at);
    cie.at = end + 1;
    if (version == 4)
        read_fixed(&cie, 2);  /* address and segment selector size */
    read_leb128(&cie, false); /* code alignment */
    read_leb128(&cie, true);  /* data alignment */
    if (version == 1)
        read_fixed(&cie, 1); /* return address register */
    else
        read_leb128(&cie, false);
    if (augmentation[0] != 'z')
        return cie.ok && augmentation[0] == 0;
    read_leb128(&cie, false); /* length of the augmentation data */
    for (const char *letter = augmentation + 1; *letter; letter++) {
        if (*letter == 'R')
            *encoding = (uint8_t)read_fixed(&cie, 1);
        else if (*letter == 'L')
            read_fixed(&cie, 1);
        else if (*letter == 'P') {
            uint8_t personality = (uint8_t)read_fixed(&cie, 1);
            if (personality != PE_OMIT)
                read_encoded(&cie, personality, 0);
        } else if (*letter != 'S' && *letter != 'B')
            return false; /* unknown letters have unknown data */
    }
    return cie.ok;
}

void eh_frame_hints(struct elf_file *file, uint64_t address, uint64_t size) {
    uint64_t available;
    const uint8_t *start = elf_at(file, address, &available);
    if (!start)
        return;
    if (size > available)
        size = available;
    struct cursor frame = {start, start + size, address, true};
    while (frame.ok && frame.at < frame.end) {
        uint64_t length = read_fixed(&frame, 4);
        if (length == 0)
            break; /* terminator */
        if (length == 0xffffffff)
            length = read_fixed(&frame, 8);
        if (!frame.ok || length < 4 || length > (uint64_t)(frame.end - frame.at))
            break;
        struct cursor entry = {frame.at, frame.at + length, frame.address, true};
        frame.at += length;
        frame.address += length;
        uint64_t here = entry.address;
        uint64_t id = read_fixed(&entry, 4);
        uint8_t encoding;
        if (id == 0 || id > here - address)
            continue; /* a CIE, or an FDE of none */
        /* id counts back from its own place to the CIE, which begins with its length and id 0. */
        struct cursor cie = {start + (here - id - address), start + size, here - id, true};
        uint64_t cie_length = read_fixed(&cie, 4);
        if (cie_length == 0xffffffff)
            cie_length = read_fixed(&cie, 8);
        if (!cie.ok || cie_length < 4 || cie_length > (uint64_t)(cie.end - cie.at))
            continue;
        cie.end = cie.at + cie_length;
        if (read_fixed(&cie, 4) != 0 || !read_cie(cie, &encoding) || encoding == PE_OMIT ||
            (encoding & PE_INDIRECT))
            continue;
        uint64_t begin = read_encoded(&entry, encoding, 0);
        uint64_t range = read_encoded(&entry, encoding & 0x0f, 0);
        if (entry.ok && range)
            elf_add_hint(file, begin, range, EVIDENCE_FDE, NULL);
    }
}

bool eh_frame_from_header(const struct elf_file *file, uint64_t address, uint64_t size,
                          uint64_t *eh_frame) {
    uint64_t available;
    const uint8_t *start = elf_at(file, address, &available);
    if (!start)
        return false;
    struct cursor header = {start, start + (size < available ? size : available), address, true};
    uint64_t version = read_fixed(&header, 1);
    uint8_t pointer = (uint8_t)read_fixed(&header, 1);
    read_fixed(&header, 2); /* encodings of the search table */
    if (version != 1 || pointer == PE_OMIT || (pointer & PE_INDIRECT))
        return false;
    *eh_frame = read_encoded(&header, pointer, address);
    return header.ok;
}
