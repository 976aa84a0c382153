#include "object_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* DIRECTORY/ab/cd...: an entry, named by its key in hexadecimal
 * DIRECTORY/tmp/: entries being written, renamed when they are complete
 * DIRECTORY/last-build: "FUNCTIONS CACHED" */
#define TEMPORARY "tmp"
#define LAST_BUILD "last-build"

struct header {
    char magic[8];
    uint64_t size;      /* of the object behind the header */
    uint8_t digest[32]; /* of the object */
};
static const char magic[8] = "c2wobj1\n";

/* An entry's modification time is when it was last used, to this precision. */
#define USE_PRECISION 3600 /* seconds */
/* What a build that was killed left in TEMPORARY is removed when it is older. */
#define TEMPORARY_AGE (24 * 3600)
/* Pruning leaves room, so that not every build has to prune. */
#define PRUNE_SHARE(limit) ((limit) / 10 * 9)

struct object_cache {
    int directory;
    char *path;
    pthread_mutex_t lock; /* guards the rest */
    unsigned next_temporary;
    size_t written;
    char problem[200];
};

static bool make_directories(const char *path) {
    char *copy = strdup(path);
    if (!copy)
        abort();
    for (char *slash = copy + 1; *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = 0;
        mkdir(copy, 0777); /* the last mkdir tells */
        *slash = '/';
    }
    bool made = mkdir(copy, 0700) == 0 || errno == EEXIST;
    free(copy);
    return made;
}

struct object_cache *cache_open(const char *directory, char *error, size_t error_size) {
    int fd = -1;
    if (make_directories(directory))
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        snprintf(error, error_size, "%s", strerror(errno));
        return NULL;
    }
    struct object_cache *cache = calloc(1, sizeof *cache);
    if (!cache || !(cache->path = strdup(directory)))
        abort();
    cache->directory = fd;
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

/* "ab/cdef..." */
static void entry_name(const struct cache_key *key, char to[66]) {
    char *at = to;
    for (size_t i = 0; i < sizeof key->bytes; i++) {
        *at++ = "0123456789abcdef"[key->bytes[i] >> 4];
        *at++ = "0123456789abcdef"[key->bytes[i] & 15];
        if (i == 0)
            *at++ = '/';
    }
    *at = 0;
}

static void digest_object(const void *bytes, size_t size, uint8_t digest[32]) {
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, size, bytes);
    sha256_digest(&state, 32, digest);
}

static bool read_all(int fd, void *to, size_t size) {
    char *at = to;
    while (size) {
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const void *from, size_t size) {
    const char *at = from;
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static void *read_entry(int fd, size_t *size) {
    struct stat st;
    struct header header;
    uint8_t digest[32];
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !read_all(fd, &header, sizeof header) ||
        memcmp(header.magic, magic, sizeof magic) != 0 || st.st_size < (off_t)sizeof header ||
        header.size != (uint64_t)st.st_size - sizeof header)
        return NULL;
    void *bytes = malloc(header.size + 1);
    if (!bytes)
        return NULL;
    *size = (size_t)header.size;
    if (read_all(fd, bytes, *size)) {
        digest_object(bytes, *size, digest);
        if (memcmp(digest, header.digest, sizeof digest) == 0) {
            if (time(NULL) - st.st_mtime > USE_PRECISION)
                futimens(fd, NULL);
            return bytes;
        }
    }
    free(bytes);
    return NULL;
}

void *cache_get(struct object_cache *cache, const struct cache_key *key, size_t *size) {
    char name[66];
    entry_name(key, name);
    int fd = openat(cache->directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return NULL;
    void *bytes = read_entry(fd, size);
    close(fd);
    return bytes;
}

static void remember_problem(struct object_cache *cache, int error) {
    pthread_mutex_lock(&cache->lock);
    if (!cache->problem[0])
        snprintf(cache->problem, sizeof cache->problem, "%s", strerror(error));
    pthread_mutex_unlock(&cache->lock);
}

/* Writes a file that appears with all its contents or not at all. */
static bool write_file(struct object_cache *cache, const char *name, const void *head,
                       size_t head_size, const void *bytes, size_t size) {
    pthread_mutex_lock(&cache->lock);
    unsigned number = cache->next_temporary++;
    pthread_mutex_unlock(&cache->lock);
    char temporary[64];
    snprintf(temporary, sizeof temporary, TEMPORARY "/%ld.%u", (long)getpid(), number);
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(cache->directory, temporary, flags, 0600);
    if (fd < 0 && errno == ENOENT) {
        if (mkdirat(cache->directory, TEMPORARY, 0700) && errno != EEXIST)
            return false;
        fd = openat(cache->directory, temporary, flags, 0600);
    }
    if (fd < 0)
        return false;
    bool good = write_all(fd, head, head_size) && write_all(fd, bytes, size);
    int error = errno;
    if (close(fd) && good)
        good = false, error = errno;
    if (good && renameat(cache->directory, temporary, cache->directory, name)) {
        error = errno;
        const char *slash = strchr(name, '/');
        char folder[8];
        good = false;
        if (error == ENOENT && slash) {
            snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
            good = (mkdirat(cache->directory, folder, 0700) == 0 || errno == EEXIST) &&
                   renameat(cache->directory, temporary, cache->directory, name) == 0;
            error = errno;
        }
    }
    if (!good)
        unlinkat(cache->directory, temporary, 0);
    errno = error;
    return good;
}

void cache_put(struct object_cache *cache, const struct cache_key *key, const void *bytes,
               size_t size) {
    if (cache->problem[0]) /* a full disk stays full */
        return;
    struct header header = {.size = size};
    char name[66];
    memcpy(header.magic, magic, sizeof magic);
    digest_object(bytes, size, header.digest);
    entry_name(key, name);
    if (!write_file(cache, name, &header, sizeof header, bytes, size)) {
        remember_problem(cache, errno);
        return;
    }
    pthread_mutex_lock(&cache->lock);
    cache->written++;
    pthread_mutex_unlock(&cache->lock);
}

const char *cache_problem(const struct object_cache *cache) { return cache->problem; }

void cache_close(struct object_cache *cache, uint64_t limit, size_t functions, size_t cached) {
    char text[64];
    int length = snprintf(text, sizeof text, "%zu %zu\n", functions, cached);
    write_file(cache, LAST_BUILD, text, (size_t)length, NULL, 0);
    struct cache_usage usage;
    if (cache->written)
        cache_prune(cache->path, limit, &usage);
    pthread_mutex_destroy(&cache->lock);
    close(cache->directory);
    free(cache->path);
    free(cache);
}

bool cache_last_build(const char *directory, size_t *functions, size_t *cached) {
    char path[4096];
    snprintf(path, sizeof path, "%s/" LAST_BUILD, directory);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool good = fscanf(file, "%zu %zu", functions, cached) == 2;
    fclose(file);
    return good;
}

/* --- measuring and pruning --- */

struct entry {
    char name[66];
    uint64_t bytes;
    struct timespec used;
};

struct entries {
    struct entry *list;
    size_t count, room;
    uint64_t bytes;
};

static void add_entry(struct entries *entries, const char *folder, const char *name,
                      const struct stat *st) {
    if (entries->count == entries->room) {
        entries->room = entries->room ? 2 * entries->room : 1024;
        entries->list = realloc(entries->list, entries->room * sizeof *entries->list);
        if (!entries->list)
            abort();
    }
    struct entry *entry = &entries->list[entries->count++];
    snprintf(entry->name, sizeof entry->name, "%.2s/%.62s", folder, name);
    entry->bytes = (uint64_t)st->st_blocks * 512;
    entry->used = st->st_mtim;
    entries->bytes += entry->bytes;
}

static bool is_key_part(const char *name, size_t length) {
    return strlen(name) == length && strspn(name, "0123456789abcdef") == length;
}

/* Lists a folder of entries, or removes what is old in TEMPORARY. */
static void scan_folder(int directory, const char *folder, struct entries *entries) {
    int fd = openat(directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        if (fd >= 0)
            close(fd);
        return;
    }
    bool temporary = strcmp(folder, TEMPORARY) == 0;
    struct dirent *item;
    struct stat st;
    while ((item = readdir(stream))) {
        if (item->d_name[0] == '.' || fstatat(fd, item->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
            !S_ISREG(st.st_mode))
            continue;
        if (temporary && time(NULL) - st.st_mtime > TEMPORARY_AGE)
            unlinkat(fd, item->d_name, 0);
        else if (!temporary && is_key_part(item->d_name, 62))
            add_entry(entries, folder, item->d_name, &st);
    }
    closedir(stream);
}

/* Opens the directory and lists its entries; -1 with errno set when it cannot be read. */
static int scan(const char *path, struct entries *entries) {
    *entries = (struct entries){0};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(dup(fd));
    if (!stream)
        return -1;
    struct dirent *item;
    while ((item = readdir(stream)))
        if (is_key_part(item->d_name, 2) || strcmp(item->d_name, TEMPORARY) == 0)
            scan_folder(fd, item->d_name, entries);
    closedir(stream);
    return fd;
}

bool cache_measure(const char *directory, struct cache_usage *usage) {
    struct entries entries;
    int fd = scan(directory, &entries);
    *usage = (struct cache_usage){entries.count, entries.bytes};
    free(entries.list);
    if (fd >= 0)
        close(fd);
    return fd >= 0 || errno == ENOENT;
}

static int compare_use(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec)
        return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->name, y->name);
}

bool cache_prune(const char *directory, uint64_t limit, struct cache_usage *usage) {
    struct entries entries;
    int fd = scan(directory, &entries);
    *usage = (struct cache_usage){entries.count, entries.bytes};
    if (fd < 0)
        return errno == ENOENT;
    bool good = true;
    if (entries.bytes > limit) {
        qsort(entries.list, entries.count, sizeof *entries.list, compare_use);
        for (size_t i = 0; i < entries.count && usage->bytes > PRUNE_SHARE(limit); i++) {
            if (unlinkat(fd, entries.list[i].name, 0) && errno != ENOENT) {
                good = false;
                break;
            }
            usage->bytes -= entries.list[i].bytes;
            usage->entries--;
        }
    }
    int error = errno;
    free(entries.list);
    close(fd);
    errno = error;
    return good;
}
