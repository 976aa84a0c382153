/* The translator: machine code of one ELF file in, wasm objects out.  Knows instructions and LLVM;
 * images and command lines are the frontend's. */
#ifndef C2W_TRANSLATOR_H
#define C2W_TRANSLATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum guest_isa { GUEST_RISCV64, GUEST_X86_64 };

/* Why an address is believed to start a function, or to be code.  A wrong guess costs time only. */
enum code_evidence {
    EVIDENCE_ENTRY,      /* ELF entry point */
    EVIDENCE_INIT,       /* init/fini arrays, DT_INIT, DT_FINI */
    EVIDENCE_SYMBOL,     /* STT_FUNC or STT_GNU_IFUNC symbol */
    EVIDENCE_FDE,        /* .eh_frame FDE: start and size are both believed */
    EVIDENCE_RELOCATION, /* relocation addend or slot that points into text */
    EVIDENCE_CALL,       /* target of a direct call (translator) */
    EVIDENCE_ADDRESS,    /* address taken by code (translator) */
    EVIDENCE_PROFILE,    /* a profile saw it executed */
};

struct code_hint {
    uint32_t address; /* guest address (load address included) */
    uint32_t size;    /* bytes, 0 = unknown */
    enum code_evidence evidence;
    const char *name; /* symbol or NULL; owned by the input */
};

struct code_segment {
    uint32_t address;     /* guest address (load address included) */
    uint32_t size;        /* bytes in the file */
    uint64_t file_offset; /* of the first byte */
    const uint8_t *bytes; /* owned by the input */
    bool executable, writable;
};

/* What a profile counted: a piece of straight-line code that was executed. */
struct code_count {
    uint32_t address;
    uint32_t instructions; /* 0: an entry of code that was lifted */
    uint64_t weight;       /* instructions executed there */
};

/* One ELF file, as the frontend's inventory gives it. */
struct translator_input {
    const char *path;     /* in the image, for messages */
    enum guest_isa isa;
    uint32_t inode;       /* number in the root file system */
    uint32_t load_base;   /* 0 for ET_EXEC */
    uint32_t image_end;   /* guest address behind its memory */
    uint64_t file_size;   /* bytes */
    bool null_check;      /* accesses through a pointer below 64 KiB fault precisely */
    const struct code_segment *segments;
    size_t segment_count;
    const struct code_hint *hints;
    size_t hint_count;
    const struct code_count *counts;
    size_t count_count;
};

enum fma_mode { FMA_EXACT, FMA_RELAXED, FMA_UNFUSED };

struct translator_options {
    enum fma_mode fma;
    bool exact_fflags;     /* --fflags=exact */
    bool checked;          /* opaque guest address computation (--checked) */
    bool count_instructions; /* add up c2w_lifted_instructions (--count) */
    bool use_counts;       /* lift only the functions that the inputs' counts are in */
    bool lockstep;         /* compare every block with the interpreter (--lockstep) */
    unsigned jobs;         /* worker threads, 0 = number of CPUs */
    const char *work_directory; /* objects are written here; owned by the caller */
    const char *dump_ir;   /* file for the IR before optimisation, or NULL */
    const char *cache_directory; /* objects of earlier builds (object_cache.h), or NULL */
    uint64_t cache_limit;        /* bytes that the cache may take */
    /* Progress: done of total guest instructions; called from one thread at a time. */
    void (*progress)(void *context, size_t done, size_t total);
    void *progress_context;
};

struct translator_report {
    size_t functions, resume_points, blocks, instructions;
    size_t cached;          /* functions whose code came from the cache */
    char cache_problem[200]; /* why the cache could not be used or written, "" = it could */
    size_t text_bytes;      /* bytes in executable segments' code sections */
    size_t lifted_bytes;    /* distinct bytes of them that were lifted */
    size_t unlifted;        /* entries given up, with the interpreter left to run them */
    uint64_t counted_lifted; /* use_counts: weight of what is lifted */
    double llvm_seconds;    /* CPU time over all workers */
};

/* What translate() wrote; the paths are heap blocks of the caller. */
struct translated {
    char *archive; /* of objects, all of which are to be linked */
    char *tables;  /* object with the table of entries, c2w_lifted_files */
};

/* Lifts the files (also none at all) and writes wasm objects below work_directory.  On failure
 * returns false with one line of reason in error. */
bool translate(enum guest_isa isa, const struct translator_input *inputs, size_t count,
               const struct translator_options *options, struct translated *translated,
               struct translator_report *report, char *error, size_t error_size);

/* Links runtime object(s), translated objects and a root file system image into a module: runs
 * wasm-ld, then adds the image as passive data segment 0 and a DataCount section (module.c).
 * The caller renames `output` when it is complete; it is removed when linking fails. */
struct link_options {
    const char *wasm_ld;        /* program */
    const char *const *objects; /* NULL-terminated: runtime, libraries, tables */
    const char *archive;        /* of lifted code: every member is linked; or NULL */
    const char *rootfs_image;   /* file */
    const char *output;         /* created or overwritten */
    const char *work_directory; /* for the module without the image */
    bool strip_names;           /* leave out the names of functions */
};
struct link_report {
    size_t module_bytes;
    size_t code_bytes, data_bytes; /* sections; data without the image */
    size_t rootfs_bytes;
};
bool link_module(const struct link_options *options, struct link_report *report, char *error,
                 size_t error_size);
/* The sizes of a module in a file, whoever linked it. */
bool measure_module(const char *path, struct link_report *report, char *error, size_t error_size);

#endif
