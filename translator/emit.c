/* One shard: regions -> LLVM module -> wasm object file; and the tables of entries. */
#include <errno.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lift.h"

#define WASM_TRIPLE "wasm32-unknown-wasi"
#define WASM_FEATURES                                                                              \
    "+bulk-memory,+bulk-memory-opt,+sign-ext,+nontrapping-fptoint,+mutable-globals"
/* The plain form of instcombine can abort the process when it does not reach a fixpoint. */
#define PASSES                                                                                     \
    "function(sroa,early-cse,instcombine<no-verify-fixpoint>,simplifycfg,early-cse,"               \
    "instcombine<no-verify-fixpoint>,simplifycfg,dce)"

static pthread_once_t target_once = PTHREAD_ONCE_INIT;

static void initialize_target(void) {
    LLVMInitializeWebAssemblyTargetInfo();
    LLVMInitializeWebAssemblyTarget();
    LLVMInitializeWebAssemblyTargetMC();
    LLVMInitializeWebAssemblyAsmPrinter();
}

static LLVMTargetMachineRef create_machine(char *error, size_t error_size) {
    pthread_once(&target_once, initialize_target);
    LLVMTargetRef target;
    char *message = NULL;
    if (LLVMGetTargetFromTriple(WASM_TRIPLE, &target, &message)) {
        snprintf(error, error_size, "LLVM has no WebAssembly target: %s", message);
        LLVMDisposeMessage(message);
        return NULL;
    }
    return LLVMCreateTargetMachine(target, WASM_TRIPLE, "generic", WASM_FEATURES,
                                   LLVMCodeGenLevelDefault, LLVMRelocStatic, LLVMCodeModelDefault);
}

static bool write_file(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool ok = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && ok;
}

/* Optimises the module and writes the object. */
static bool write_object(LLVMModuleRef module, LLVMTargetMachineRef machine, const char *path,
                         char *error, size_t error_size) {
    char *message = NULL;
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef failed = LLVMRunPasses(module, PASSES, machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (failed) {
        message = LLVMGetErrorMessage(failed);
        snprintf(error, error_size, "LLVM: %s", message);
        LLVMDisposeErrorMessage(message);
        return false;
    }
    /* Through memory: LLVM ends the process when it cannot write a file. */
    LLVMMemoryBufferRef object;
    if (LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile, &message, &object)) {
        snprintf(error, error_size, "LLVM: %s", message);
        LLVMDisposeMessage(message);
        return false;
    }
    bool ok = write_file(path, LLVMGetBufferStart(object), LLVMGetBufferSize(object));
    if (!ok)
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    LLVMDisposeMemoryBuffer(object);
    return ok;
}

static void prepare_module(LLVMModuleRef module, LLVMTargetMachineRef machine) {
    LLVMSetTarget(module, WASM_TRIPLE);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
    LLVMSetModuleDataLayout(module, layout);
    LLVMDisposeTargetData(layout);
}

static void lift_function(struct lift *l, const struct lifted_function *function) {
    const struct program *program = &l->plan->programs[function->file];
    struct arena scratch = {0};
    struct region region, loop;
    region_build(&scratch, program, function->entry, REGION_INSNS_MAX, &region);
    lift_region(l, &scratch, function, &region);
    for (uint32_t i = 0; i < function->resume_count; i++) {
        uint32_t pc = l->plan->resume_points[function->resume_first + i];
        region_build_loop(&scratch, program, &region, pc, &loop);
        lift_region(l, &scratch, function, &loop);
    }
    arena_free(&scratch);
}

bool emit_shard(const struct plan *plan, const struct translator_options *options, size_t first,
                size_t end, const char *path, char *error, size_t error_size) {
    LLVMTargetMachineRef machine = create_machine(error, error_size);
    if (!machine)
        return false;
    struct lift l;
    lift_begin_module(&l, options, plan, "lifted");
    prepare_module(l.module, machine);
    for (size_t i = first; i < end; i++)
        lift_function(&l, &plan->functions[i]);
    bool ok = true;
    char *message = NULL;
    if (options->dump_ir && LLVMPrintModuleToFile(l.module, options->dump_ir, &message)) {
        snprintf(error, error_size, "%s: %s", options->dump_ir, message);
        ok = false;
    } else if (LLVMVerifyModule(l.module, LLVMReturnStatusAction, &message)) {
        snprintf(error, error_size, "internal error: lifted code is not valid IR: %.300s", message);
        ok = false;
    }
    LLVMDisposeMessage(message);
    ok = ok && write_object(l.module, machine, path, error, error_size);
    lift_end_module(&l);
    LLVMDisposeTargetMachine(machine);
    return ok;
}

/* --- tables --- */

struct entry {
    uint32_t file, pc;
};

static int compare_entries(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static struct entry *collect_entries(const struct plan *plan, size_t *count) {
    *count = 0;
    struct entry *entries =
        malloc((plan->function_count + plan->resume_count + 1) * sizeof *entries);
    if (!entries)
        abort();
    for (size_t i = 0; i < plan->function_count; i++) {
        const struct lifted_function *function = &plan->functions[i];
        entries[(*count)++] = (struct entry){function->file, function->entry};
        for (uint32_t r = 0; r < function->resume_count; r++)
            entries[(*count)++] =
                (struct entry){function->file, plan->resume_points[function->resume_first + r]};
    }
    qsort(entries, *count, sizeof *entries, compare_entries);
    return entries;
}

bool emit_tables(const struct plan *plan, const char *path, char *error, size_t error_size) {
    LLVMTargetMachineRef machine = create_machine(error, error_size);
    if (!machine)
        return false;
    struct translator_options options = {0};
    struct lift l;
    lift_begin_module(&l, &options, plan, "tables");
    prepare_module(l.module, machine);
    LLVMTypeRef entry_type =
        LLVMStructTypeInContext(l.context, (LLVMTypeRef[]){l.i32, l.pointer}, 2, false);
    LLVMTypeRef file_type = LLVMStructTypeInContext(
        l.context, (LLVMTypeRef[]){l.i32, l.i32, l.i32, l.i32, l.i32, l.i32, l.pointer}, 7, false);

    size_t entry_count, file_count = 0;
    struct entry *entries = collect_entries(plan, &entry_count);
    LLVMValueRef *files = calloc(entry_count + 1, sizeof *files);
    LLVMValueRef *values = calloc(entry_count + 1, sizeof *values);
    if (!files || !values)
        abort();
    /* One row for each executable segment that has entries. */
    size_t at = 0;
    while (at < entry_count) {
        const struct translator_input *input = plan->programs[entries[at].file].input;
        const struct code_segment *segment = NULL;
        for (size_t i = 0; i < input->segment_count; i++)
            if (entries[at].pc - input->segments[i].address < input->segments[i].size)
                segment = &input->segments[i];
        size_t first = at, n = 0;
        while (at < entry_count && entries[at].file == entries[first].file &&
               entries[at].pc - segment->address < segment->size) {
            char name[40];
            lifted_symbol(name, sizeof name, entries[at].file, entries[at].pc);
            LLVMValueRef row[] = {LLVMConstInt(l.i32, entries[at].pc, false),
                                  LLVMAddFunction(l.module, name, l.lifted_type)};
            values[n++] = LLVMConstNamedStruct(entry_type, row, 2);
            at++;
        }
        LLVMTypeRef array_type = LLVMArrayType2(entry_type, n);
        LLVMValueRef array = LLVMAddGlobal(l.module, array_type, "");
        LLVMSetInitializer(array, LLVMConstArray2(entry_type, values, n));
        LLVMSetGlobalConstant(array, true);
        LLVMSetLinkage(array, LLVMInternalLinkage);
        uint32_t numbers[] = {input->inode,
                              input->load_base,
                              segment->address,
                              segment->address + segment->size,
                              (uint32_t)segment->file_offset,
                              (uint32_t)n};
        LLVMValueRef row[7];
        for (int i = 0; i < 6; i++)
            row[i] = LLVMConstInt(l.i32, numbers[i], false);
        row[6] = array;
        files[file_count++] = LLVMConstNamedStruct(file_type, row, 7);
    }
    LLVMValueRef table =
        LLVMAddGlobal(l.module, LLVMArrayType2(file_type, file_count), "c2w_lifted_files");
    LLVMSetInitializer(table, LLVMConstArray2(file_type, files, file_count));
    LLVMSetGlobalConstant(table, true);
    LLVMValueRef count = LLVMAddGlobal(l.module, l.i32, "c2w_lifted_file_count");
    LLVMSetInitializer(count, LLVMConstInt(l.i32, file_count, false));
    LLVMSetGlobalConstant(count, true);
    free(entries);
    free(files);
    free(values);
    bool ok = write_object(l.module, machine, path, error, error_size);
    lift_end_module(&l);
    LLVMDisposeTargetMachine(machine);
    return ok;
}
