/* execve and execveat: scripts, the new address space, the initial stack. */
#include "exec.h"

#include <string.h>

#include "abi.h"
#include "sched.h"
#include "signal.h"
#include "task.h"
#include "timer.h"

#define SCRIPT_LINE 256       /* BINPRM_BUF_SIZE */
#define SCRIPT_DEPTH 5        /* interpreters of interpreters */
#define STRINGS_MAX 0x200000u /* arguments and environment: a quarter of an 8 MiB stack */
#define STRING_MAX 0x20000u   /* one of them: MAX_ARG_STRLEN */
#define INITIAL_STACK 0x20000u

/* --- string lists --- */

static void reserve(struct string_list *list, size_t more) {
    if (list->size + more <= list->capacity)
        return;
    list->capacity = (list->size + more) * 2;
    list->text = heap_resize(list->text, list->capacity);
}

void strings_add(struct string_list *list, const char *text) {
    size_t size = strlen(text) + 1;
    reserve(list, size);
    memcpy(list->text + list->size, text, size);
    list->size += size;
    list->count++;
}

void strings_add_first(struct string_list *list, const char *text) {
    size_t size = strlen(text) + 1;
    reserve(list, size);
    memmove(list->text + size, list->text, list->size);
    memcpy(list->text, text, size);
    list->size += size;
    list->count++;
}

void strings_drop_first(struct string_list *list) {
    if (!list->count)
        return;
    size_t size = strlen(list->text) + 1;
    list->size -= size;
    memmove(list->text, list->text + size, list->size);
    list->count--;
}

void strings_free(struct string_list *list) {
    heap_free(list->text);
    *list = (struct string_list){0};
}

/* Copies a NULL-terminated array of string pointers. */
static int read_strings(struct string_list *list, uint64_t va, size_t already) {
    for (uint64_t i = 0; va; i++) {
        uint64_t pointer;
        if (user_read(&pointer, va + i * 8, sizeof pointer))
            return -EFAULT;
        if (!pointer)
            break;
        char *text = heap_alloc(STRING_MAX);
        int64_t length = user_string(text, STRING_MAX, pointer);
        if (length >= 0)
            strings_add(list, text);
        heap_free(text);
        if (length < 0)
            return length == -ENAMETOOLONG ? -E2BIG : (int)length;
        if (already + list->size + list->count * 8u > STRINGS_MAX)
            return -E2BIG;
    }
    return 0;
}

/* --- scripts --- */

/* "#! interpreter [argument]": the argument is the rest of the line without blanks around it.
 * Returns 1 with the two parts inside `line`, 0 when it is no script. */
static int parse_script(char *line, int64_t length, char **interpreter, char **argument) {
    if (length < 2 || line[0] != '#' || line[1] != '!')
        return 0;
    char *end = memchr(line, '\n', (size_t)length);
    bool truncated = !end && length == SCRIPT_LINE;
    if (!end) /* the last byte of a full buffer is not looked at */
        end = line + (truncated ? length - 1 : length);
    while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = 0;
    char *start = line + 2;
    start += strspn(start, " \t");
    if (!*start)
        return -ENOEXEC;
    char *blank = strpbrk(start, " \t");
    if (!blank && truncated)
        return -ENOEXEC; /* the interpreter's name does not fit */
    *interpreter = start;
    *argument = NULL;
    if (blank) {
        *blank = 0;
        *argument = blank + 1 + strspn(blank + 1, " \t");
        if (!**argument)
            *argument = NULL;
    }
    return 1;
}

static int check_executable(struct file *file) {
    if (!S_ISREG(file->mode))
        return -EACCES;
    return file_permission(file, X_OK);
}

/* Replaces a script by its interpreter as often as needed.  *file is taken and replaced. */
static int resolve_scripts(struct file **file, const char *path, struct string_list *arguments) {
    char name[LINUX_PATH_MAX];
    strncpy(name, path, sizeof name - 1);
    name[sizeof name - 1] = 0;
    for (int depth = 0;; depth++) {
        char line[SCRIPT_LINE + 1], *interpreter, *argument;
        int64_t length = file_read_at(*file, line, SCRIPT_LINE, 0);
        if (length < 0)
            return (int)length;
        int script = parse_script(line, length, &interpreter, &argument);
        if (script <= 0)
            return script;
        if (depth == SCRIPT_DEPTH)
            return -ELOOP;
        strings_drop_first(arguments);
        strings_add_first(arguments, name);
        if (argument)
            strings_add_first(arguments, argument);
        strings_add_first(arguments, interpreter);
        strncpy(name, interpreter, sizeof name - 1);
        file_put(*file);
        int error = 0;
        *file = vfs_open(interpreter, O_RDONLY, 0, &error);
        if (!*file)
            return error;
        error = check_executable(*file);
        if (error)
            return error;
    }
}

/* --- the initial stack --- */

struct stack_builder {
    uint64_t sp;
    bool overflow;
};

static uint64_t push(struct stack_builder *stack, const void *data, size_t size) {
    stack->sp -= size;
    if (user_write(stack->sp, data, size))
        stack->overflow = true;
    return stack->sp;
}

/* argc, argv, envp, auxv and their strings (System V ABI, process initialisation). */
static int build_stack(struct mm *mm, uint32_t top, const char *path, bool secure,
                       const struct elf_program *program, const struct elf_program *interpreter,
                       const struct string_list *arguments, const struct string_list *environment,
                       uint64_t *sp) {
    const struct credentials *creds = &current->process->creds;
    struct stack_builder stack = {.sp = top - 8};
    uint64_t execfn = push(&stack, path, strlen(path) + 1);
    uint64_t platform = abi_platform ? push(&stack, abi_platform, strlen(abi_platform) + 1) : 0;
    uint64_t env = push(&stack, environment->text, environment->size);
    uint64_t argv = push(&stack, arguments->text, arguments->size);
    mm->arguments_start = (uint32_t)argv;
    mm->arguments_end = (uint32_t)(argv + arguments->size);
    mm->environment_start = (uint32_t)env;
    mm->environment_end = (uint32_t)(env + environment->size);
    uint8_t random[16];
    host_random(random, sizeof random);
    stack.sp &= ~15ull;
    uint64_t random_va = push(&stack, random, sizeof random);
    uint64_t phdr = program->base + program->low + program->header.program_headers;
    for (unsigned i = 0; i < program->header.program_header_count; i++) {
        const struct elf64_program_header *ph = &program->program_headers[i];
        if (ph->type == PT_LOAD && program->header.program_headers >= ph->offset &&
            program->header.program_headers < ph->offset + ph->file_size)
            phdr = program->base + ph->vaddr + (program->header.program_headers - ph->offset);
    }
    const struct auxiliary auxv[] = {
        {AT_HWCAP, abi_hwcap()},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, USER_HZ},
        {AT_PHDR, phdr},
        {AT_PHENT, sizeof(struct elf64_program_header)},
        {AT_PHNUM, program->header.program_header_count},
        {AT_BASE, interpreter ? interpreter->base : 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, program->base + program->header.entry},
        {AT_UID, creds->uid},
        {AT_EUID, creds->euid},
        {AT_GID, creds->gid},
        {AT_EGID, creds->egid},
        {AT_SECURE, secure},
        {AT_RANDOM, random_va},
        {AT_HWCAP2, 0},
        {AT_EXECFN, execfn},
        {platform ? AT_PLATFORM : AT_NULL, platform}, /* without it this is the end */
        {AT_MINSIGSTKSZ, MINSIGSTKSZ},
        {AT_NULL, 0},
    };
    _Static_assert(sizeof auxv <= sizeof mm->auxiliary, "AUXILIARY_MAX");
    memcpy(mm->auxiliary, auxv, sizeof auxv);
    size_t words = 1 + arguments->count + 1 + environment->count + 1;
    size_t size = words * 8 + sizeof auxv;
    uint64_t start = (stack.sp - size) & ~15ull;
    uint64_t *vector = heap_alloc(size);
    size_t n = 0;
    vector[n++] = arguments->count;
    const char *text = arguments->text;
    for (uint32_t i = 0; i < arguments->count; i++, text += strlen(text) + 1)
        vector[n++] = argv + (uint64_t)(text - arguments->text);
    vector[n++] = 0;
    text = environment->text;
    for (uint32_t i = 0; i < environment->count; i++, text += strlen(text) + 1)
        vector[n++] = env + (uint64_t)(text - environment->text);
    vector[n++] = 0;
    memcpy(vector + n, auxv, sizeof auxv);
    if (user_write(start, vector, size))
        stack.overflow = true;
    heap_free(vector);
    *sp = start;
    return stack.overflow ? -EFAULT : 0;
}

/* The main stack: at its usual place unless the program is there. */
static int map_stack(struct mm *mm, uint8_t prot) {
    uint32_t bottom = STACK_BOTTOM;
    if (!mm_is_free(mm, STACK_BOTTOM, STACK_TOP) || !mm_is_available(STACK_BOTTOM, STACK_TOP))
        bottom = mm_find_gap(mm, STACK_SIZE, false);
    if (!bottom)
        return -ENOMEM;
    uint32_t top = bottom + STACK_SIZE;
    struct mapping mapping = {.prot = prot, .stack = true};
    if (host_grow_memory(top) || mm_map(mm, top - INITIAL_STACK, top, &mapping))
        return -ENOMEM;
    mm->stack_bottom = bottom;
    mm->start_stack = top;
    main_stack_reserve(mm);
    return 0;
}

/* The page with the code that handlers return to. */
static int map_trampoline(struct mm *mm) {
    if (!abi_trampoline_size)
        return 0;
    uint32_t start = STACK_TOP;
    if (!mm_is_free(mm, start, start + PAGE_SIZE) || !mm_is_available(start, start + PAGE_SIZE))
        start = mm_find_gap(mm, PAGE_SIZE, false);
    struct mapping mapping = {.prot = PROT_READ | PROT_EXEC};
    mm->trampoline = start;
    if (!start || mm_map(mm, start, start + PAGE_SIZE, &mapping))
        return -ENOMEM;
    memcpy(guest_pointer(start), abi_trampoline_code, abi_trampoline_size);
    return 0;
}

static uint8_t stack_protection(const struct elf_program *program) {
    for (unsigned i = 0; i < program->header.program_header_count; i++)
        if (program->program_headers[i].type == PT_GNU_STACK &&
            !(program->program_headers[i].flags & PF_X))
            return PROT_READ | PROT_WRITE;
    return PROT_READ | PROT_WRITE | PROT_EXEC;
}

/* --- the change of programs --- */

/* Set-user-ID and set-group-ID bits.  True when the program gains rights (AT_SECURE). */
static bool change_credentials(struct file *file) {
    struct credentials *creds = &current->process->creds;
    uint32_t mode, uid, gid;
    file_owner(file, &mode, &uid, &gid);
    if (mode & S_ISUID)
        creds->euid = uid;
    if ((mode & S_ISGID) && (mode & 0010))
        creds->egid = gid;
    creds->suid = creds->fsuid = creds->euid;
    creds->sgid = creds->fsgid = creds->egid;
    return creds->uid != creds->euid || creds->gid != creds->egid;
}

static void set_name(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    if (length > sizeof current->comm - 1)
        length = sizeof current->comm - 1;
    memset(current->comm, 0, sizeof current->comm);
    memcpy(current->comm, name, length);
    memcpy(current->process->comm, current->comm, sizeof current->comm);
}

static void keep_strings(char **to, size_t *to_size, const struct string_list *list) {
    heap_free(*to);
    *to = heap_alloc(list->size ? list->size : 1);
    memcpy(*to, list->text, list->size);
    *to_size = list->size;
}

static void set_exe_path(struct file *file) {
    char path[LINUX_PATH_MAX];
    size_t length = file_path(file, path, sizeof path);
    if (length >= sizeof path)
        length = sizeof path - 1;
    heap_free(current->process->exe_path);
    current->process->exe_path = heap_alloc(length + 1);
    memcpy(current->process->exe_path, path, length);
}

/* What stays behind in the old program goes. */
static void leave_old_program(void) {
    struct process *process = current->process;
    end_other_threads();
    current->tid = process->pid;
    if (process->mm)
        task_release_memory(current);
    if (process->files->references > 1) {
        struct files *own = files_copy(process->files);
        files_put(process->files);
        process->files = own;
    }
    files_close_on_exec(process->files);
    signal_actions_reset(process);
    posix_timers_drop(process);
    current->alternate_stack = current->alternate_stack_size = 0;
    current->alternate_stack_flags = SS_DISABLE;
    current->clear_child_tid = current->robust_list = current->set_child_tid = 0;
    process->exit_signal = process->exit_signal ? SIGCHLD : 0;
    process->has_execed = true;
}

/* Maps everything into the new address space, which is resident. */
static int load(struct mm *mm, const char *path, bool secure, struct elf_program *program,
                struct elf_program *interpreter, const struct string_list *arguments,
                const struct string_list *environment, uint64_t *entry, uint64_t *sp) {
    int error = elf_map(program, mm, true);
    if (!error)
        error = map_stack(mm, stack_protection(program));
    if (!error)
        error = map_trampoline(mm);
    if (!error && interpreter)
        error = elf_map(interpreter, mm, false);
    if (error)
        return error;
    uint32_t end = program->base + (uint32_t)program->high;
    mm->brk_start = mm->brk = end < BRK_END ? end : BRK_START;
    if (program->header.type == ET_DYN)
        mm->brk_start = mm->brk = BRK_START;
    *entry = interpreter ? interpreter->base + interpreter->header.entry
                         : program->base + program->header.entry;
    return build_stack(mm, mm->start_stack, path, secure, program, interpreter, arguments,
                       environment, sp);
}

/* Opens the program behind any scripts and its ELF interpreter.  Takes *file. */
static int open_images(struct file *file, const char *path, struct string_list *arguments,
                       struct elf_program *program, struct elf_program *interpreter) {
    char *interpreter_path = NULL;
    int error = check_executable(file);
    if (!error)
        error = resolve_scripts(&file, path, arguments);
    if (error) {
        if (file)
            file_put(file);
        return error;
    }
    error = elf_open(program, file, &interpreter_path);
    if (!error && interpreter_path) {
        struct file *other = vfs_open(interpreter_path, O_RDONLY, 0, &error);
        char *none = NULL;
        if (other) {
            error = check_executable(other);
            int bad = elf_open(interpreter, other, &none);
            if (!error && bad)
                error = bad == -ENOEXEC ? -ELIBBAD : bad;
        }
        heap_free(none);
    }
    heap_free(interpreter_path);
    return error;
}

int exec_program(struct file *file, const char *path, struct string_list *arguments,
                 struct string_list *environment) {
    struct process *process = current->process;
    struct elf_program program = {0}, interpreter = {0};
    if (arguments->count == 0)
        strings_add(arguments, ""); /* Linux 5.18: argv[0] always exists */
    int error = open_images(file, path, arguments, &program, &interpreter);
    if (error) {
        elf_close(&program);
        elf_close(&interpreter);
        return error;
    }
    /* From here on an error ends the process. */
    leave_old_program();
    set_exe_path(program.file);
    set_name(path);
    bool secure = change_credentials(program.file);
    if (secure)
        process->parent_death_signal = 0;
    keep_strings(&process->command_line, &process->command_line_size, arguments);
    keep_strings(&process->environment, &process->environment_size, environment);
    struct mm *old = process->mm, *mm = mm_new();
    process->mm = mm;
    uint64_t entry = 0, sp = 0;
    mm_start(mm);
    if (old)
        mm_put(old);
    vfork_release(process);
    error = load(mm, path, secure, &program, interpreter.file ? &interpreter : NULL, arguments,
                 environment, &entry, &sp);
    mm_started(mm);
    elf_close(&program);
    elf_close(&interpreter);
    if (error) {
        process_exit(SIGKILL);
        return -ENORESULT;
    }
    abi_start_registers(entry, sp);
    return -ENORESULT;
}

/* --- system calls --- */

static int64_t do_execve(int dirfd, uint64_t path_va, uint64_t argv, uint64_t envp,
                         uint32_t flags) {
    char *path = heap_alloc(LINUX_PATH_MAX);
    struct string_list arguments = {0}, environment = {0};
    int64_t result = user_string(path, LINUX_PATH_MAX, path_va);
    struct file *file = NULL;
    if (result == 0 && !(flags & AT_EMPTY_PATH))
        result = -ENOENT;
    if (result >= 0) {
        int error = read_strings(&arguments, argv, 0);
        if (!error)
            error = read_strings(&environment, envp, arguments.size);
        if (!error)
            file = vfs_open_at(dirfd, path, (int)flags, O_RDONLY, 0, &error);
        result = error;
    }
    if (file) {
        if (!*path)
            file_path(file, path, LINUX_PATH_MAX);
        result = exec_program(file, path, &arguments, &environment);
    }
    strings_free(&arguments);
    strings_free(&environment);
    heap_free(path);
    return result;
}

int64_t sys_execve(const uint64_t *a) { return do_execve(AT_FDCWD, a[0], a[1], a[2], 0); }

int64_t sys_execveat(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[4];
    if (flags & ~(uint32_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    return do_execve((int)a[0], a[1], a[2], a[3], flags);
}
