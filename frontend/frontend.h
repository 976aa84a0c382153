/* Structures shared by the files of the frontend, which knows images, ELF files and the command
 * line, and nothing of instructions:
 *
 *   main.c, options.c       verbs, option tables, --help
 *   message.c, program.c    messages and progress; files and programs that belong to the tool
 *   scratch.c, supervise.c  temporary files; work in a child process, so that they never stay
 *   image.c                 IMAGE argument -> what kind of image it is -> tree + container
 *   store.c                 named blobs of an archive or layout directory
 *   manifest.c, digest.c    OCI and docker-save metadata -> layers + configuration
 *   layer.c, directory.c    layer archive, host directory -> tree
 *   tree.c                  the merged root file system
 *   container.c, user.c     configuration of the container, checked against the tree
 *   rootfs_write.c, rootfs_read.c  tree <-> root file system image (runtime/rootfs.h)
 *   elf_file.c, elf_hints.c, eh_frame.c, load_address.c, inventory.c  ELF files of the tree
 *   build.c, build_options.c, report.c, run.c, engines.c, inspect.c, module_read.c, cache.c,
 *   profile.c, doctor.c              the verbs
 *
 * Errors: a function that can fail prints its one line with fail() and returns false (or NULL);
 * callers pass the failure on without another message.  Memory of one command is not returned
 * before it ends, except buffers that grow with the input. */
#ifndef C2W_FRONTEND_H
#define C2W_FRONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../translator/translator.h"

/* --- the running tool --- */

struct tool {
    const char *program; /* for messages: "c2w-aot" */
    bool quiet;
    bool terminal;   /* stderr is a terminal: progress is a bar */
    char *directory; /* that holds the running binary */
    char *library;   /* runtime objects, web/run.mjs, native program; NULL = not found */
    char *scratch;   /* private temporary directory, or NULL */
    int spool;       /* file in scratch that collects file data, or -1 */
    uint64_t spool_size;
    const char *image;  /* the IMAGE argument, for messages */
    int progress_shown; /* percentage on the terminal's line, -1 = none */
    char step[32];      /* that show_progress reports, and when it began and was last printed */
    double step_start, step_printed;
};

/* Prints `c2w-aot: FILE: message` (FILE may be NULL); returns false. */
bool fail(struct tool *tool, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line of progress, not printed when quiet. */
void note(struct tool *tool, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Progress of one step; done == total ends it.  A bar on a terminal; otherwise lines, and only for
 * steps that take seconds. */
void show_progress(struct tool *tool, const char *step, uint64_t done, uint64_t total);

/* Memory that is never NULL: exhausted memory ends the tool with a message. */
void *allocate(size_t size); /* zeroed */
void *reallocate(void *block, size_t size);
char *copy_string(const char *text);
char *format_string(const char *format, ...) __attribute__((format(printf, 1, 2)));
double seconds_now(void);
/* Text of a size: "1.2 MB". */
const char *size_text(uint64_t bytes, char to[32]);

/* A growing list of strings; items[count] is NULL once there is an item. */
struct words {
    char **items;
    size_t count;
};
void words_add(struct words *words, const char *text); /* copies */

/* --- options.c --- */

enum option_kind { OPTION_FLAG, OPTION_VALUE };
struct option_spec {
    char letter;       /* 0 = none */
    const char *name;  /* without --, NULL = only a letter */
    const char *value; /* metavariable, NULL for a flag */
    const char *help;  /* lines separated by \n */
    int id;            /* given to the verb's callback */
};
struct verb {
    const char *name, *synopsis, *summary;
    const char *details; /* printed behind the options, or NULL */
    const struct option_spec *options;
    size_t option_count;
    bool shared; /* takes shared_options too */
    int (*run)(struct tool *tool, const struct verb *verb, int argc, char **argv);
};
/* Parses argv[0..argc): calls `option` for each option and `operand` for each word; words behind
 * "--" go to `rest`.  A callback returns false after printing why.  Returns 0, or the exit status
 * to stop with (plus 1): usage errors are printed, --help too. */
int parse_options(struct tool *tool, const struct verb *verb, int argc, char **argv,
                  bool (*option)(void *context, int id, const char *value),
                  bool (*operand)(void *context, const char *word), struct words *rest,
                  void *context);
void print_verb_help(const struct verb *verb);
/* Prints a usage error and returns the status 2. */
int usage_error(struct tool *tool, const char *verb, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

extern const struct verb build_verb, run_verb, inspect_verb, cache_verb, doctor_verb;

/* --- program.c --- */

void find_tool_files(struct tool *tool);
/* Path of a program: in the tool's own directory, engines/bin below it, or on PATH; NULL = none. */
char *find_program(const struct tool *tool, const char *name);
/* First line that `path argument` prints, or NULL; at most `size` bytes. */
bool program_version(const char *path, const char *argument, char *to, size_t size);
char *find_wasm_ld(const struct tool *tool);
/* A file of the tool's library directory; NULL when it is not there. */
char *library_file(const struct tool *tool, const char *name);

/* --- cache.c --- */

/* The cache's directory (NULL = none) and size in bytes, from the value of --cache (may be NULL) and
 * the environment; false after a message. */
bool find_cache(struct tool *tool, const char *option, char **directory, uint64_t *limit);
/* Reads "500M"; false when it is no size. */
bool parse_size(const char *text, uint64_t *bytes);

/* --- scratch.c, supervise.c --- */

bool scratch_create(struct tool *tool);
void scratch_remove(struct tool *tool);
char *scratch_path(const struct tool *tool, const char *name);
/* The spool grows at its end: spool_align says where the next file begins.  Blocks of zeros and
 * what spool_extend adds are holes that take no disk. */
bool spool_open(struct tool *tool);
uint64_t spool_align(struct tool *tool);
bool spool_write_at(struct tool *tool, uint64_t offset, const void *bytes, size_t size);
bool spool_extend(struct tool *tool, uint64_t size);
/* Maps a file for reading; an empty file gives a valid pointer.  NULL after a message. */
const uint8_t *map_file(struct tool *tool, const char *path, uint64_t *size);
const uint8_t *map_descriptor(struct tool *tool, int fd, const char *path, uint64_t *size);
bool write_all(int fd, const void *bytes, size_t size);

/* Runs work(context) in a child process and waits.  When the child ends badly or a signal asks the
 * tool to stop, its processes are killed, `unfinished` (may be NULL) is removed and the exit status
 * tells.  The caller removes the scratch directory. */
int supervise(struct tool *tool, int (*work)(void *context), void *context, const char *unfinished);

/* --- tree.c: the merged root file system --- */

struct xattr {
    char *name;
    uint8_t *value;
    uint32_t size;
};
struct tree_inode {
    uint32_t mode, uid, gid, nlink; /* nlink: see tree_number */
    uint64_t size;                  /* regular files */
    uint64_t data;                  /* regular files: offset in tree.bytes */
    uint32_t rdev;                  /* devices, as Linux encodes it */
    uint32_t mtime_ns;
    int64_t mtime;
    char *target;         /* symbolic links */
    struct xattr *xattrs; /* ascending by name */
    uint32_t xattr_count;
    uint32_t number;     /* in the root file system image, by tree_number */
    uint32_t references; /* nodes that name it */
};
struct tree_node {
    char *name;
    struct tree_node *parent; /* the root is its own parent */
    struct tree_inode *inode;
    struct tree_node **children; /* ascending by name (bytewise) */
    uint32_t child_count, child_capacity;
    uint32_t depth;
    uint32_t layer; /* that wrote it last */
    bool declared;  /* an archive entry exists, not only files below it */
};
struct tree {
    struct tree_node *root;
    uint64_t node_count;
    uint32_t inode_count; /* by tree_number */
    uint64_t file_bytes;  /* by tree_number: sum of the regular files' sizes */
    const uint8_t *bytes; /* what tree_inode.data counts from */
    uint64_t bytes_size;
};

#define TREE_MAX_NODES 4000000u
#define TREE_MAX_DEPTH 1024u
/* A wasm module is below 4 GiB and engines refuse far smaller ones. */
#define IMAGE_MAX_BYTES (UINT64_C(2) << 30)
/* All that an image's layers may unpack to, deleted files included. */
#define LAYERS_MAX_BYTES (UINT64_C(4) << 30)

struct tree *tree_new(void);
struct tree_node *tree_child(const struct tree_node *directory, const char *name, size_t length);
/* Adds or replaces a child; the inode gains a reference.  NULL when the tree is too large. */
struct tree_node *tree_put(struct tree *tree, struct tree_node *directory, const char *name,
                           size_t length, struct tree_inode *inode, uint32_t layer);
void tree_remove(struct tree *tree, struct tree_node *node);
struct tree_inode *tree_inode_new(uint32_t mode);
struct tree_inode *tree_directory_inode(void); /* root's, mode 0755 */
void tree_add_xattr(struct tree_inode *inode, const char *name, const void *value, size_t size);
/* Finds a path below `from` as the guest's kernel does: links stay inside the root.  NULL with a
 * reason ("does not exist", ...). */
struct tree_node *tree_find(const struct tree *tree, struct tree_node *from, const char *path,
                            bool follow_last, const char **reason);
/* Makes missing directories; NULL with a reason. */
struct tree_node *tree_make_directories(struct tree *tree, const char *path, uint32_t layer,
                                        const char **reason);
char *tree_path(const struct tree_node *node); /* absolute */
/* Gives inodes their numbers (depth first, by name; the root is 1) and link counts. */
void tree_number(struct tree *tree);
static inline const uint8_t *tree_bytes(const struct tree *tree, const struct tree_inode *inode) {
    return tree->bytes + inode->data;
}

/* --- images --- */

struct container {
    bool has_entrypoint; /* config or command line names one */
    struct words entrypoint, cmd, env;
    char *working_directory, *user, *host_name;
    /* by container_finish: */
    uint32_t uid, gid, group_count, groups[32];
    struct tree_node *program; /* the file that starts (a script's interpreter, last) */
};
/* --entrypoint, -w, -u, -e, --hostname, words after "--" of the command line. */
struct container_overrides {
    const char *entrypoint, *working_directory, *user, *host_name;
    struct words env, cmd;
    bool replace_cmd;
    bool inspect; /* nothing is started: the program is not checked */
};

struct guest {
    const char *platform; /* "linux/amd64" */
    const char *name;     /* "x86_64" */
    uint16_t machine;     /* EM_* of its ELF files */
    enum guest_isa isa;
    const char *runtime, *native; /* file names */
    const char *libraries[4];     /* where its dynamic linker looks first; ends with NULL */
};
#define GUEST_COUNT 2
extern const struct guest guests[GUEST_COUNT];
/* NULL when it is unknown, or NULL. */
const struct guest *guest_of_platform(const char *platform);
/* The one that most ELF files are for. */
struct tree;
const struct guest *guest_of_tree(const struct tree *tree);

enum image_kind { IMAGE_OCI, IMAGE_DOCKER, IMAGE_ROOT_TAR, IMAGE_ROOT_DIRECTORY, IMAGE_ELF };
struct image {
    enum image_kind kind;
    char *name; /* for messages: the argument or "standard input" */
    const struct guest *guest;
    struct tree *tree;
    struct container container;
    size_t layer_count;
};
/* Reads IMAGE into image->tree (file data in the spool) and image->container.  guest NULL: the one
 * that the image is for. */
bool image_load(struct tool *tool, const char *argument, const struct guest *guest,
                struct image *image);
const char *image_kind_name(enum image_kind kind);

struct blob {
    int fd;
    uint64_t offset, size;
};
struct store;
/* Opens an archive file (members are copied into the spool) or a directory. */
struct store *store_open_archive(struct tool *tool, const char *name, int fd);
struct store *store_open_directory(struct tool *tool, const char *path);
bool store_has(struct store *store, const char *member);
/* false without a message when there is no such member. */
bool store_find(struct store *store, const char *member, struct blob *blob, const char **reason);
/* Whether an archive looks like an image, a root file system or nothing known. */
enum archive_kind { ARCHIVE_BAD, ARCHIVE_OCI, ARCHIVE_DOCKER, ARCHIVE_NO_MANIFEST, ARCHIVE_ROOT };
enum archive_kind archive_classify(struct tool *tool, const char *name, int fd);

bool manifest_load(struct tool *tool, struct store *store, struct image *image);

struct digest {
    bool known;
    uint8_t bytes[32];
};
struct hash;
struct hash *hash_new(void);
void hash_add(struct hash *hash, const void *bytes, size_t size);
bool hash_matches(struct hash *hash, const struct digest *digest); /* frees it */
bool digest_parse(const char *text, struct digest *digest);        /* "sha256:HEX" */
void digest_hex(const struct digest *digest, char to[65]);

struct layer {
    struct blob blob;
    struct digest digest;  /* of the blob */
    struct digest diff_id; /* of the unpacked archive */
    char *name;            /* for messages: "layer 1 of 2" */
};
/* Applies a layer to the tree: entries, whiteouts, opaque directories. */
bool layer_apply(struct tool *tool, const char *image, const struct layer *layer, uint32_t number,
                 struct tree *tree, uint64_t *unpacked);
/* Copies a host directory into the tree. */
bool directory_load(struct tool *tool, const char *path, struct tree *tree);

/* Applies the command line, docker's defaults (PATH, HOME, HOSTNAME), finds user and program. */
bool container_finish(struct tool *tool, struct image *image,
                      const struct container_overrides *overrides);
bool user_resolve(struct tool *tool, const struct image *image, struct container *container,
                  char **home);

bool rootfs_write(struct tool *tool, const struct image *image, const char *path);
/* Makes a tree and container of a root file system image in memory, which must stay. */
bool rootfs_read(struct tool *tool, const char *name, const uint8_t *bytes, uint64_t size,
                 struct image *image);

/* --- ELF files --- */

enum elf_kind { ELF_PROGRAM, ELF_PIE, ELF_SHARED, ELF_OBJECT };
/* File offsets and link-time addresses of one PT_LOAD. */
struct elf_segment {
    uint64_t offset, file_size, address, memory_size;
    uint64_t code, code_end; /* addresses between which its code lies */
    bool executable, writable;
};
struct elf_file {
    struct tree_node *node;
    char *path;
    const uint8_t *bytes;
    uint64_t size;
    enum elf_kind kind;
    uint16_t machine;
    uint8_t class;      /* 32 or 64 */
    bool right_machine; /* class, byte order and machine of the guest */
    bool bad;           /* headers cannot be trusted: `reason` */
    char reason[160];   /* why it is not lifted, "" = it can be */
    char *interpreter;  /* or NULL */
    char *soname;       /* or NULL */
    struct words needed, run_path;
    uint64_t entry, text_bytes;
    struct elf_segment *segments;
    size_t segment_count;
    uint32_t load_base; /* given by assign_load_addresses */
    bool lift;
    /* translator input, by elf_collect_hints */
    struct code_segment *code;
    size_t code_count;
    struct code_hint *hints;
    size_t hint_count, hint_capacity;
    bool catches_null; /* of a language whose run-time system handles null pointers by SIGSEGV */
    /* what a profile says about it */
    uint64_t content_hash; /* 0 = not computed */
    bool profiled;
    struct code_count *counts;
    size_t count_count;
};
bool elf_is_elf(const uint8_t *bytes, uint64_t size);
/* Reads headers; never fails: what is wrong is in `bad` and `reason`. */
void elf_read(struct elf_file *file, const struct guest *guest, const uint8_t *bytes,
              uint64_t size);
const char *elf_machine_name(uint16_t machine, char to[32]);
void elf_collect_hints(struct elf_file *file);
void elf_add_hint(struct elf_file *file, uint64_t address, uint64_t size,
                  enum code_evidence evidence, const char *name);
/* Bytes at a link-time address and how many follow in its segment; NULL when not in the file. */
const uint8_t *elf_at(const struct elf_file *file, uint64_t address, uint64_t *available);
bool elf_executable_address(const struct elf_file *file, uint64_t address);
/* Address behind the memory of the loaded file, whole pages. */
uint64_t elf_image_end(const struct elf_file *file);
/* Adds a hint for each FDE of .eh_frame at a link-time address. */
void eh_frame_hints(struct elf_file *file, uint64_t address, uint64_t size);
/* The address of .eh_frame that .eh_frame_hdr names; false when it cannot be read. */
bool eh_frame_from_header(const struct elf_file *file, uint64_t address, uint64_t size,
                          uint64_t *eh_frame);

enum lift_mode { LIFT_ALL, LIFT_NONE };
#define LIFT_MAX_TEXT (UINT64_C(8) << 20)
struct inventory {
    struct elf_file *files; /* ascending by path */
    struct elf_file **order; /* the same: the entrypoint's file and what it needs, other programs
                                and what they need, the others */
    size_t count;
    size_t entrypoint_count, needed_count; /* how many of `order` the first, the first two are */
    bool limited; /* text above LIFT_MAX_TEXT: only the program's closure is lifted */
};
void inventory_scan(const struct image *image, struct inventory *inventory);
struct profile;
/* With a profile (or NULL) the files that it knows are lifted. */
void inventory_select(const struct image *image, struct inventory *inventory, enum lift_mode mode,
                      const struct profile *profile);
void assign_load_addresses(struct inventory *inventory);

/* --- profile.c: what profile.md describes --- */

struct profile_block {
    uint64_t offset, executions;
    uint64_t instructions; /* 0: entries of lifted code */
};
struct profile_file {
    uint64_t hash, size;
    char *path;
    struct profile_block *blocks;
    size_t block_count;
};
struct profile {
    struct profile_file *files;
    size_t file_count;
    uint64_t elsewhere;
    uint64_t total; /* by profile_match: all instructions that were counted */
};
/* Adds what a file says. */
bool profile_read(struct tool *tool, const char *path, struct profile *profile);
/* Marks the files that are profiled; notes those that are not in the image as they were. */
void profile_match(struct tool *tool, struct profile *profile, struct inventory *inventory);
/* Fills file->counts, when its load address is known. */
void profile_counts(const struct profile *profile, struct elf_file *file);

/* --- verbs --- */

struct build_options {
    const char *image, *output, *platform;
    struct container_overrides overrides;
    enum lift_mode lift;
    enum null_check { NULL_CHECK_AUTO, NULL_CHECK_ON, NULL_CHECK_OFF } null_check;
    struct translator_options translator;
    const char *cache; /* --cache: directory, "off", or NULL */
    struct words profiles;
    bool keep_temporaries, strip;
};
/* What build reports. */
struct build_report {
    struct inventory inventory;
    struct translator_report translation;
    struct link_report link;
    struct profile profile;
    uint64_t rootfs_bytes;
    double seconds;
};
void print_build_report(struct tool *tool, const struct build_options *options,
                        const struct build_report *report);
/* The same in full, as a JSON object; false after a message. */
bool write_build_figures(struct tool *tool, const char *path, const struct build_report *report);
/* In the worker: image -> module at `module`. */
bool build_module(struct tool *tool, const struct build_options *options, const char *module,
                  struct build_report *report);
/* In the worker: image -> root file system image at `path`. */
bool build_rootfs(struct tool *tool, const struct build_options *options, const char *path,
                  struct image *image);

/* The options that `build IMAGE` and `run IMAGE` share: build_options.c. */
enum shared_option {
    BUILD_OUTPUT = 1,
    BUILD_PLATFORM,
    BUILD_LIFT,
    BUILD_PROFILE,
    BUILD_COUNT,
    BUILD_FMA,
    BUILD_FFLAGS,
    BUILD_NULL_CHECK,
    BUILD_CHECKED,
    BUILD_LOCKSTEP,
    BUILD_JOBS,
    BUILD_CACHE,
    BUILD_DUMP_IR,
    BUILD_STRIP,
    BUILD_KEEP,
    BUILD_QUIET,
    BUILD_ENTRYPOINT,
    BUILD_ENV,
    BUILD_WORKDIR,
    BUILD_USER,
    BUILD_HOSTNAME,
    SHARED_OPTION_END,
};
extern const struct option_spec shared_options[];
extern const size_t shared_option_count;
void build_options_default(struct build_options *options);
/* Sets one option; false after a usage error. */
bool build_option_set(struct tool *tool, const struct verb *verb, struct build_options *options,
                      int id, const char *value);
/* "K=V", or "K" with the value of this process; NULL when that is not set, or no name. */
char *environment_item(const char *value);
/* The IMAGE argument as messages name it; false after a message when it is a terminal. */
bool check_image_argument(struct tool *tool, const char *argument);
/* NULL: the image's own. */
bool platform_supported(struct tool *tool, const char *platform);

struct engine_start {
    const char *module; /* or root file system image for the native engine */
    struct words env;
    struct words mounts; /* HOST:GUEST */
    struct words args;   /* replace Cmd unless empty */
};
struct engine {
    const char *name, *program;
    const char *version_argument; /* NULL: the native runtime */
    const char *how;              /* to get it */
    void (*command)(const struct tool *tool, const struct engine_start *start, struct words *words);
};
extern const struct engine engines[];
extern const size_t engine_count;
const struct engine *engine_named(const char *name);
/* The guest matters for the native engine only. */
char *engine_path(const struct tool *tool, const struct engine *engine,
                  const struct guest *guest);
/* The whole command line, program first. */
void engine_command(const struct tool *tool, const struct engine *engine, const char *program,
                    const struct engine_start *start, struct words *words);

/* A linked module in memory. */
struct module_section {
    const char *name;
    uint64_t size;
};
struct module {
    struct module_section sections[64];
    size_t section_count;
    const uint8_t *rootfs; /* inside the file's bytes, NULL = none */
    uint64_t rootfs_size;
    uint32_t function_count;
};
bool module_is_wasm(const uint8_t *bytes, uint64_t size);
bool module_read(struct tool *tool, const char *name, const uint8_t *bytes, uint64_t size,
                 struct module *module);

#endif
