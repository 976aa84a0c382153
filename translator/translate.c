/* translate(): discovery, plan, shards on worker threads, tables. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lift.h"

/* Guest instructions in a shard: large enough that LLVM's set-up does not matter, small enough that
 * all workers end at about the same time. */
#define SHARD_INSNS 20000

struct shard {
    size_t first, end; /* functions of the plan */
    size_t insn_count;
    char *path;
};

struct work {
    const struct plan *plan;
    const struct translator_options *options;
    struct shard *shards;
    size_t shard_count;
    pthread_mutex_t lock; /* guards the rest */
    size_t next, done, total;
    double seconds;
    bool failed;
    char *error;
    size_t error_size;
};

static double thread_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *work_on_shards(void *context) {
    struct work *work = context;
    double start = thread_seconds();
    pthread_mutex_lock(&work->lock);
    while (!work->failed && work->next < work->shard_count) {
        struct shard *shard = &work->shards[work->next++];
        pthread_mutex_unlock(&work->lock);
        char error[512] = "";
        bool ok = emit_shard(work->plan, work->options, shard->first, shard->end, shard->path,
                             error, sizeof error);
        pthread_mutex_lock(&work->lock);
        if (!ok && !work->failed) {
            work->failed = true;
            snprintf(work->error, work->error_size, "%s", error);
        }
        work->done += shard->insn_count;
        if (work->options->progress)
            work->options->progress(work->options->progress_context, work->done, work->total);
    }
    work->seconds += thread_seconds() - start;
    pthread_mutex_unlock(&work->lock);
    return NULL;
}

static char *object_path(const char *directory, const char *name, size_t number) {
    size_t size = strlen(directory) + strlen(name) + 32;
    char *path = malloc(size);
    if (!path)
        abort();
    snprintf(path, size, "%s/%s%zu.o", directory, name, number);
    return path;
}

static void cut_shards(struct work *work) {
    const struct plan *plan = work->plan;
    work->shards = calloc(plan->function_count + 1, sizeof *work->shards);
    if (!work->shards)
        abort();
    for (size_t i = 0; i < plan->function_count;) {
        struct shard *shard = &work->shards[work->shard_count];
        shard->first = i;
        while (i < plan->function_count && shard->insn_count < SHARD_INSNS)
            shard->insn_count += plan->functions[i++].insn_count;
        shard->end = i;
        shard->path = object_path(work->options->work_directory, "lifted", work->shard_count++);
        work->total += shard->insn_count;
    }
}

static bool emit_all(struct work *work) {
    const struct translator_options *options = work->options;
    cut_shards(work);
    pthread_mutex_init(&work->lock, NULL);
    long jobs = options->jobs ? (long)options->jobs : sysconf(_SC_NPROCESSORS_ONLN);
    if (options->dump_ir || jobs < 1)
        jobs = 1;
    if ((size_t)jobs > work->shard_count)
        jobs = (long)work->shard_count;
    pthread_t *threads = calloc((size_t)jobs + 1, sizeof *threads);
    if (!threads)
        abort();
    long started = 0;
    while (started + 1 < jobs && !pthread_create(&threads[started], NULL, work_on_shards, work))
        started++;
    work_on_shards(work);
    for (long i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    pthread_mutex_destroy(&work->lock);
    return !work->failed;
}

static void count_code(const struct plan *plan, struct translator_report *report) {
    report->functions = plan->function_count;
    report->resume_points = plan->resume_count;
    for (size_t p = 0; p < plan->program_count; p++) {
        const struct program *program = &plan->programs[p];
        report->blocks += program->block_count;
        uint32_t covered = 0; /* blocks ascend by start and may overlap */
        for (size_t b = 0; b < program->block_count; b++) {
            const struct block *block = &program->blocks[b];
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
    report->unlifted -= plan->function_count;
}

/* The array and its strings in one block. */
static char **list_objects(const struct work *work, const char *tables) {
    size_t size = (work->shard_count + 2) * sizeof(char *) + strlen(tables) + 1;
    for (size_t i = 0; i < work->shard_count; i++)
        size += strlen(work->shards[i].path) + 1;
    char **list = malloc(size);
    if (!list)
        abort();
    char *text = (char *)(list + work->shard_count + 2);
    for (size_t i = 0; i <= work->shard_count; i++) {
        list[i] = strcpy(text, i < work->shard_count ? work->shards[i].path : tables);
        text += strlen(text) + 1;
    }
    list[work->shard_count + 1] = NULL;
    return list;
}

bool translate(const struct translator_input *inputs, size_t count,
               const struct translator_options *options, char ***objects,
               struct translator_report *report, char *error, size_t error_size) {
    memset(report, 0, sizeof *report);
    struct program *programs = calloc(count + 1, sizeof *programs);
    if (!programs)
        abort();
    size_t found = 0;
    bool ok = true;
    while (ok && found < count) {
        ok = discover(&inputs[found], &programs[found], error, error_size);
        found += ok;
    }
    if (ok) {
        struct plan plan;
        plan_all(&plan, programs, count);
        struct work work = {
            .plan = &plan, .options = options, .error = error, .error_size = error_size};
        char *tables = object_path(options->work_directory, "tables", 0);
        ok = emit_all(&work) && emit_tables(&plan, tables, error, error_size);
        if (ok) {
            count_code(&plan, report);
            report->llvm_seconds = work.seconds;
            *objects = list_objects(&work, tables);
        }
        for (size_t i = 0; i < work.shard_count; i++)
            free(work.shards[i].path);
        free(work.shards);
        free(tables);
        plan_free(&plan);
    }
    for (size_t i = 0; i < found; i++)
        program_free(&programs[i]);
    free(programs);
    return ok;
}
