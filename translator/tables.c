/* The object with the tables of entries, and the stubs of what lifted code calls without it being
 * lifted in this build. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/content_hash.h"
#include "lift.h"

#define FILE_FIELDS 9 /* of struct lifted_file (runtime/lifted.h), before its entries */

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
        if (!function->chosen)
            continue;
        entries[(*count)++] = (struct entry){function->file, function->entry};
        for (uint32_t r = 0; r < function->resume_count; r++)
            entries[(*count)++] =
                (struct entry){function->file, plan->resume_points[function->resume_first + r].pc};
    }
    qsort(entries, *count, sizeof *entries, compare_entries);
    return entries;
}

/* A stub returns its function's PC, where the caller's redispatch goes on. */
static void build_stubs(struct lift *l, const struct plan *plan, const unsigned char *referenced) {
    for (size_t i = 0; i < plan->function_count; i++) {
        const struct lifted_function *function = &plan->functions[i];
        if (function->chosen || !referenced[i])
            continue;
        char name[40];
        lifted_symbol_of_file(name, sizeof name, function->file, function->entry);
        LLVMValueRef stub = LLVMAddFunction(l->module, name, l->lifted_type);
        LLVMPositionBuilderAtEnd(l->builder, LLVMAppendBasicBlockInContext(l->context, stub, ""));
        LLVMBuildRet(l->builder, LLVMConstInt(l->i32, function->entry, false));
    }
}

/* What the runtime tries at start: constants, NULL unless lifted code has relaxed multiply-add. */
static void build_relaxed_operation(struct lift *l, const char *name, LLVMTypeRef type) {
    LLVMValueRef global = LLVMAddGlobal(l->module, l->pointer, name);
    LLVMSetGlobalConstant(global, true);
    LLVMSetInitializer(global, LLVMConstNull(l->pointer));
    if (l->options->fma != FMA_RELAXED)
        return;
    LLVMTypeRef function = LLVMFunctionType(type, (LLVMTypeRef[]){type, type, type}, 3, false);
    l->function = LLVMAddFunction(l->module, "", function);
    LLVMSetLinkage(l->function, LLVMInternalLinkage);
    LLVMPositionBuilderAtEnd(l->builder, LLVMAppendBasicBlockInContext(l->context, l->function, ""));
    LLVMBuildRet(l->builder,
                 build_relaxed_fma(l, LLVMGetParam(l->function, 0), LLVMGetParam(l->function, 1),
                                   LLVMGetParam(l->function, 2)));
    LLVMSetInitializer(global, l->function);
}

static bool write_file(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "wbe");
    if (!file)
        return false;
    bool ok = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && ok;
}

bool emit_tables(const struct plan *plan, const struct translator_options *options,
                 const unsigned char *referenced, const char *path, char *error,
                 size_t error_size) {
    struct emitter *emitter = emitter_new(error, error_size);
    if (!emitter)
        return false;
    struct lift l;
    lift_begin_module(&l, options, plan, "tables");
    prepare_module(emitter, l.module);
    build_stubs(&l, plan, referenced);
    build_relaxed_operation(&l, "c2w_relaxed_fma_f32", l.f32);
    build_relaxed_operation(&l, "c2w_relaxed_fma_f64", l.f64);
    LLVMTypeRef entry_type =
        LLVMStructTypeInContext(l.context, (LLVMTypeRef[]){l.i32, l.pointer}, 2, false);
    LLVMTypeRef file_type = LLVMStructTypeInContext(
        l.context,
        (LLVMTypeRef[]){l.i64, l.i32, l.i32, l.i32, l.i32, l.i32, l.i32, l.i32, l.i32, l.pointer},
        FILE_FIELDS + 1, false);

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
            lifted_symbol_of_file(name, sizeof name, entries[at].file, entries[at].pc);
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
        uint64_t numbers[FILE_FIELDS] = {content_hash_add(CONTENT_HASH_START, segment->bytes, segment->size),
                              input->inode,
                              (uint32_t)input->file_size,
                              input->load_base,
                              input->image_end,
                              segment->address,
                              segment->address + segment->size,
                              (uint32_t)segment->file_offset,
                              (uint32_t)n};
        LLVMValueRef row[FILE_FIELDS + 1];
        for (int i = 0; i < FILE_FIELDS; i++)
            row[i] = LLVMConstInt(i ? l.i32 : l.i64, numbers[i], false);
        row[FILE_FIELDS] = array;
        files[file_count++] = LLVMConstNamedStruct(file_type, row, FILE_FIELDS + 1);
    }
    LLVMValueRef table =
        LLVMAddGlobal(l.module, LLVMArrayType2(file_type, file_count), "c2w_lifted_files");
    LLVMSetInitializer(table, LLVMConstArray2(file_type, files, file_count));
    LLVMSetGlobalConstant(table, true);
    LLVMValueRef count = LLVMAddGlobal(l.module, l.i32, "c2w_lifted_file_count");
    LLVMSetInitializer(count, LLVMConstInt(l.i32, file_count, false));
    LLVMSetGlobalConstant(count, true);
    LLVMValueRef counts = LLVMAddGlobal(l.module, l.i32, "c2w_lifted_code_counts");
    LLVMSetInitializer(counts, LLVMConstInt(l.i32, options->count_instructions, false));
    LLVMSetGlobalConstant(counts, true);
    free(entries);
    free(files);
    free(values);
    size_t size = 0;
    void *object = compile_module(emitter, l.module, &size, error, error_size);
    lift_end_module(&l);
    emitter_free(emitter);
    bool good = object && write_file(path, object, size);
    if (object && !good)
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    free(object);
    return good;
}
