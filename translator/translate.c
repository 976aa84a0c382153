/* translate_GUEST(): discovery, plan, objects from the cache or from worker threads, tables. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lift.h"
#include "translate.h"

struct object {
    uint8_t *bytes;
    size_t size;
};

struct work {
    const struct plan *plan;
    const struct translator_options *options;
    struct object_cache *cache; /* or NULL */
    struct object *objects;     /* per function of the plan */
    unsigned char *referenced;  /* per function: lifted code calls it or jumps to it */
    unsigned char **lifted;     /* per program and block: it is in lifted code */
    size_t total;               /* instructions */
    pthread_mutex_t lock;       /* guards the rest */
    size_t next, done, cached, chosen;
    double seconds; /* CPU time in LLVM */
    bool failed;
    char *error;
    size_t error_size;
};

static double thread_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void refer(struct work *work, uint32_t file, uint32_t pc) {
    const struct lifted_function *function = plan_function(work->plan, file, pc);
    if (function)
        __atomic_store_n(&work->referenced[function - work->plan->functions], 1, __ATOMIC_RELAXED);
}

static void find_references(struct work *work, uint32_t file, const struct region *region) {
    for (size_t b = 0; b < region->block_count; b++) {
        const struct block *block = region->blocks[b];
        size_t number = (size_t)(block - work->plan->programs[file].blocks);
        __atomic_store_n(&work->lifted[file][number], 1, __ATOMIC_RELAXED);
        if (block->end == BLOCK_CALL)
            refer(work, file, block->target);
        for (unsigned i = 0; i < block_successor_count(block); i++)
            refer(work, file, block_successor(block, i));
    }
}

/* The worker's emitter is made when the first function is not in the cache. */
struct worker {
    struct work *work;
    struct emitter *emitter;
    double seconds;
    bool failed;
    char error[512];
};

static void *emit(struct worker *worker, const struct lifted_function *function,
                  const struct region *region, size_t *size) {
    struct work *work = worker->work;
    double start = thread_seconds();
    if (!worker->emitter)
        worker->emitter = emitter_new(worker->error, sizeof worker->error);
    void *bytes = NULL;
    if (worker->emitter)
        bytes = emit_function(worker->emitter, work->plan, work->options, function, region, size,
                              worker->error, sizeof worker->error);
    worker->failed = !bytes;
    worker->seconds += thread_seconds() - start;
    return bytes;
}

/* Returns whether the cache had the function. */
static bool make_object(struct worker *worker, const struct lifted_function *function,
                        struct object *object) {
    struct work *work = worker->work;
    struct arena scratch = {0};
    struct region region;
    struct cache_key key;
    region_build(&scratch, &work->plan->programs[function->file], function->entry,
                 REGION_INSNS_MAX, &region);
    find_references(work, function->file, &region);
    if (work->cache) {
        unit_key(work->plan, work->options, function, &region, &key);
        object->bytes = cache_get(work->cache, &key, &object->size);
    }
    bool cached = object->bytes;
    if (!cached) {
        object->bytes = emit(worker, function, &region, &object->size);
        if (object->bytes && work->cache)
            cache_put(work->cache, &key, object->bytes, object->size);
    }
    arena_free(&scratch);
    return cached;
}

static void *work_on_functions(void *context) {
    struct work *work = context;
    struct worker worker = {.work = work};
    pthread_mutex_lock(&work->lock);
    while (!work->failed && work->next < work->plan->function_count) {
        size_t i = work->next++;
        const struct lifted_function *function = &work->plan->functions[i];
        if (!function->chosen)
            continue;
        pthread_mutex_unlock(&work->lock);
        bool cached = make_object(&worker, function, &work->objects[i]);
        pthread_mutex_lock(&work->lock);
        work->cached += cached;
        work->chosen++;
        work->done += function->insn_count;
        if (work->options->progress)
            work->options->progress(work->options->progress_context, work->done, work->total);
        if (worker.failed && !work->failed) {
            work->failed = true;
            snprintf(work->error, work->error_size, "%s", worker.error);
        }
    }
    work->seconds += worker.seconds;
    pthread_mutex_unlock(&work->lock);
    if (worker.emitter)
        emitter_free(worker.emitter);
    return NULL;
}

static bool make_objects(struct work *work) {
    const struct plan *plan = work->plan;
    for (size_t i = 0; i < plan->function_count; i++)
        work->total += plan->functions[i].chosen ? plan->functions[i].insn_count : 0;
    pthread_mutex_init(&work->lock, NULL);
    long jobs = work->options->jobs ? (long)work->options->jobs : sysconf(_SC_NPROCESSORS_ONLN);
    if (work->options->dump_ir || jobs < 1)
        jobs = 1;
    if ((size_t)jobs > plan->function_count)
        jobs = (long)plan->function_count;
    pthread_t *threads = calloc((size_t)jobs + 1, sizeof *threads);
    if (!threads)
        abort();
    long started = 0;
    while (started + 1 < jobs && !pthread_create(&threads[started], NULL, work_on_functions, work))
        started++;
    work_on_functions(work);
    for (long i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    pthread_mutex_destroy(&work->lock);
    return !work->failed;
}

static bool write_archive(struct work *work, const char *path) {
    struct object_archive *archive = archive_create(path, work->error, work->error_size);
    if (!archive)
        return false;
    bool good = true;
    for (size_t i = 0; good && i < work->plan->function_count; i++)
        if (work->objects[i].bytes)
            good = archive_add(archive, work->plan->functions[i].file, work->objects[i].bytes,
                               work->objects[i].size);
    if (!good)
        snprintf(work->error, work->error_size, "internal error: LLVM made no wasm object");
    return archive_close(archive, work->error, work->error_size) && good;
}

static void count_code(const struct work *work, struct translator_report *report) {
    const struct plan *plan = work->plan;
    for (size_t i = 0; i < plan->function_count; i++)
        report->resume_points += plan->functions[i].chosen ? plan->functions[i].resume_count : 0;
    for (size_t p = 0; p < plan->program_count; p++) {
        const struct program *program = &plan->programs[p];
        uint32_t covered = 0; /* blocks ascend by start and may overlap */
        for (size_t b = 0; b < program->block_count; b++) {
            const struct block *block = &program->blocks[b];
            if (!work->lifted[p][b])
                continue;
            report->blocks++;
            report->instructions += block->insn_count;
            uint32_t from = block->start > covered ? block->start : covered;
            if (block->next > from) {
                report->lifted_bytes += block->next - from;
                covered = block->next;
            }
        }
        for (size_t s = 0; s < program->input->segment_count; s++)
            if (program->input->segments[s].executable)
                report->text_bytes += program->input->segments[s].size;
        report->unlifted += program->function_count;
    }
    report->unlifted -= report->functions;
}

static char *join(const char *directory, const char *name) {
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);
    if (!path)
        abort();
    snprintf(path, size, "%s/%s", directory, name);
    return path;
}

static struct object_cache *open_cache(const struct translator_options *options,
                                       struct translator_report *report) {
    if (!options->cache_directory || options->dump_ir)
        return NULL;
    return cache_open(options->cache_directory, report->cache_problem,
                      sizeof report->cache_problem);
}

static void close_cache(const struct work *work, struct translator_report *report) {
    if (!work->cache)
        return;
    snprintf(report->cache_problem, sizeof report->cache_problem, "%s",
             cache_problem(work->cache));
    cache_close(work->cache, work->options->cache_limit, work->chosen, work->cached);
}

static bool lift_plan(const struct plan *plan, const struct translator_options *options,
                      struct translated *translated, struct translator_report *report, char *error,
                      size_t error_size) {
    struct work work = {.plan = plan,
                        .options = options,
                        .cache = open_cache(options, report),
                        .error = error,
                        .error_size = error_size};
    work.objects = calloc(plan->function_count + 1, sizeof *work.objects);
    work.referenced = calloc(plan->function_count + 1, 1);
    work.lifted = calloc(plan->program_count + 1, sizeof *work.lifted);
    if (!work.objects || !work.referenced || !work.lifted)
        abort();
    for (size_t p = 0; p < plan->program_count; p++)
        if (!(work.lifted[p] = calloc(plan->programs[p].block_count + 1, 1)))
            abort();
    if (options->dump_ir)
        unlink(options->dump_ir);
    translated->archive = join(options->work_directory, "lifted.a");
    translated->tables = join(options->work_directory, "tables.o");
    bool good = make_objects(&work) && write_archive(&work, translated->archive) &&
                emit_tables(plan, options, work.referenced, translated->tables, error, error_size);
    close_cache(&work, report);
    report->functions = work.chosen;
    report->cached = work.cached;
    report->llvm_seconds = work.seconds;
    count_code(&work, report);
    for (size_t p = 0; p < plan->program_count; p++)
        free(work.lifted[p]);
    free(work.lifted);
    for (size_t i = 0; i < plan->function_count; i++)
        free(work.objects[i].bytes);
    free(work.objects);
    free(work.referenced);
    return good;
}

/* Discovery, once more with what it did not find though a profile saw it executed. */
static bool discover_counted(const struct translator_input *input, struct program *program,
                             struct translator_input *counted, char *error, size_t error_size) {
    if (!discover(input, program, error, error_size))
        return false;
    if (input->count_count == 0)
        return true;
    *counted = *input;
    counted->hints = hints_from_counts(program, &counted->hint_count);
    if (counted->hint_count == input->hint_count)
        return true;
    program_free(program);
    return discover(counted, program, error, error_size);
}

bool TRANSLATE_GUEST(const struct translator_input *inputs, size_t count,
                     const struct translator_options *options, struct translated *translated,
                     struct translator_report *report, char *error, size_t error_size) {
    if (count > LIFTED_FILES_MAX) {
        snprintf(error, error_size, "more than %u files", LIFTED_FILES_MAX);
        return false;
    }
    struct program *programs = calloc(count + 1, sizeof *programs);
    /* Inputs with what a profile adds to their hints. */
    struct translator_input *counted = calloc(count + 1, sizeof *counted);
    if (!programs || !counted)
        abort();
    size_t found = 0;
    bool ok = true;
    while (ok && found < count) {
        ok = discover_counted(&inputs[found], &programs[found], &counted[found], error, error_size);
        found += ok;
    }
    if (ok) {
        struct plan plan;
        plan_all(&plan, programs, count);
        if (options->use_counts)
            report->counted_lifted = choose_counted(&plan);
        ok = lift_plan(&plan, options, translated, report, error, error_size);
        plan_free(&plan);
    }
    for (size_t i = 0; i < found; i++) {
        program_free(&programs[i]);
        free((void *)(uintptr_t)counted[i].hints);
    }
    free(programs);
    free(counted);
    return ok;
}
