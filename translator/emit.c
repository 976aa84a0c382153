/* A function: regions -> LLVM module -> wasm object.  One module a function: LLVM's set-up costs less
 * than 2 % of its work and wasm-ld takes thousands of objects in a fraction of a second, and every
 * function can be kept in the cache by itself. */
#include <errno.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/Support.h>
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
    "+bulk-memory,+bulk-memory-opt,+sign-ext,+nontrapping-fptoint,+mutable-globals" GUEST_FEATURES
#if defined(C2W_GUEST_X86_64)
#define GUEST_FEATURES ",+simd128"
#else
#define GUEST_FEATURES ""
#endif
/* The plain form of instcombine can abort the process when it does not reach a fixpoint. */
#define PASSES                                                                                     \
    "function(sroa,early-cse,instcombine<no-verify-fixpoint>,simplifycfg,early-cse,"               \
    "instcombine<no-verify-fixpoint>,simplifycfg,dce)"

static pthread_once_t target_once = PTHREAD_ONCE_INIT;

/* Loop strength reduction takes the offset out of memory accesses, for the sake of machines whose
 * additions are not free of charge there. */
static const char *const llvm_options[] = {"c2w-aot", "-disable-lsr"};

static void initialize_target(void) {
    LLVMParseCommandLineOptions(sizeof llvm_options / sizeof llvm_options[0], llvm_options, NULL);
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

struct emitter {
    LLVMTargetMachineRef machine;
};

struct emitter *emitter_new(char *error, size_t error_size) {
    LLVMTargetMachineRef machine = create_machine(error, error_size);
    if (!machine)
        return NULL;
    struct emitter *emitter = malloc(sizeof *emitter);
    if (!emitter)
        abort();
    emitter->machine = machine;
    return emitter;
}

void emitter_free(struct emitter *emitter) {
    LLVMDisposeTargetMachine(emitter->machine);
    free(emitter);
}

void prepare_module(struct emitter *emitter, LLVMModuleRef module) {
    LLVMSetTarget(module, WASM_TRIPLE);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(emitter->machine);
    LLVMSetModuleDataLayout(module, layout);
    LLVMDisposeTargetData(layout);
}

/* Whether the first operand of an instruction is computed after the second, in the same block. */
static bool first_is_later(LLVMValueRef insn) {
    LLVMValueRef first = LLVMGetOperand(insn, 0), second = LLVMGetOperand(insn, 1);
    while ((insn = LLVMGetPreviousInstruction(insn)) && insn != second)
        if (insn == first)
            return true;
    return false;
}

/* In stack code the first operand is computed first.  Machine code often has the running total of a
 * long sum second: then all terms would be computed, and held, before the first addition. */
static void order_operands(LLVMModuleRef module) {
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
        for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
            for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) {
                LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
                if ((opcode != LLVMFAdd && opcode != LLVMFMul) || !first_is_later(i))
                    continue;
                LLVMValueRef first = LLVMGetOperand(i, 0);
                LLVMSetOperand(i, 0, LLVMGetOperand(i, 1));
                LLVMSetOperand(i, 1, first);
            }
}

void *compile_module(struct emitter *emitter, LLVMModuleRef module, size_t *size, char *error,
                     size_t error_size) {
    char *message = NULL;
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef failed = LLVMRunPasses(module, PASSES, emitter->machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (failed) {
        message = LLVMGetErrorMessage(failed);
        snprintf(error, error_size, "LLVM: %s", message);
        LLVMDisposeErrorMessage(message);
        return NULL;
    }
    order_operands(module);
    LLVMMemoryBufferRef object;
    if (LLVMTargetMachineEmitToMemoryBuffer(emitter->machine, module, LLVMObjectFile, &message,
                                            &object)) {
        snprintf(error, error_size, "LLVM: %s", message);
        LLVMDisposeMessage(message);
        return NULL;
    }
    *size = LLVMGetBufferSize(object);
    void *bytes = malloc(*size + 1);
    if (!bytes)
        abort();
    memcpy(bytes, LLVMGetBufferStart(object), *size);
    LLVMDisposeMemoryBuffer(object);
    return bytes;
}

/* Appends the module's IR: each function has a module of its own. */
static bool dump_ir(LLVMModuleRef module, const char *path, char *error, size_t error_size) {
    char *text = LLVMPrintModuleToString(module);
    FILE *file = fopen(path, "ae");
    bool good = file && fputs(text, file) >= 0;
    if (file && fclose(file))
        good = false;
    if (!good)
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    LLVMDisposeMessage(text);
    return good;
}

static void lift_function(struct lift *l, const struct lifted_function *function,
                          const struct region *region) {
    const struct program *program = &l->plan->programs[function->file];
    const struct resume_point *points = l->plan->resume_points + function->resume_first;
    struct arena scratch = {0};
    struct region part;
    region_build_part(&scratch, program, region, points, function->resume_count, function->entry,
                      &part);
    lift_region(l, &scratch, function, &part);
    for (uint32_t i = 0; i < function->resume_count; i++) {
        if (points[i].kind == RESUME_WITHIN) {
            lift_entry_within(l, &points[i]);
            continue;
        }
        region_build_part(&scratch, program, region, points, function->resume_count, points[i].pc,
                          &part);
        lift_region(l, &scratch, function, &part);
    }
    arena_free(&scratch);
}

void *emit_function(struct emitter *emitter, const struct plan *plan,
                    const struct translator_options *options,
                    const struct lifted_function *function, const struct region *region,
                    size_t *size, char *error, size_t error_size) {
    struct lift l;
    lift_begin_module(&l, options, plan, "lifted");
    prepare_module(emitter, l.module);
    lift_function(&l, function, region);
    bool good = !options->dump_ir || dump_ir(l.module, options->dump_ir, error, error_size);
    char *message = NULL;
    if (good && LLVMVerifyModule(l.module, LLVMReturnStatusAction, &message)) {
        snprintf(error, error_size, "internal error: lifted code is not valid IR: %.300s", message);
        good = false;
    }
    LLVMDisposeMessage(message);
    void *object = good ? compile_module(emitter, l.module, size, error, error_size) : NULL;
    lift_end_module(&l);
    return object;
}
