/* The translation cache: objects of lifted functions in a directory, named by what they were made
 * from.  Any number of processes may use one directory at the same time.  Nothing in it is
 * believed: an entry carries a digest of its bytes, and a damaged one is as good as none. */
#ifndef C2W_OBJECT_CACHE_H
#define C2W_OBJECT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CACHE_SIZE_DEFAULT (UINT64_C(2) << 30) /* bytes on disk */

struct cache_key {
    uint8_t bytes[32]; /* SHA-256 */
};

struct object_cache;
/* Makes the directory and those above it as needed.  NULL with a line in error when there can be
 * no cache. */
struct object_cache *cache_open(const char *directory, char *error, size_t error_size);
/* The object, as one heap block that the caller frees, or NULL.  Thread-safe, as is cache_put. */
void *cache_get(struct object_cache *cache, const struct cache_key *key, size_t *size);
/* Keeps a copy; not being able to is remembered for cache_problem. */
void cache_put(struct object_cache *cache, const struct cache_key *key, const void *bytes,
               size_t size);
/* Why entries could not be written, "" when all were. */
const char *cache_problem(const struct object_cache *cache);
/* Leaves a line for cache_last_build, and prunes to `limit` bytes if entries were added. */
void cache_close(struct object_cache *cache, uint64_t limit, size_t functions, size_t cached);

struct cache_usage {
    size_t entries;
    uint64_t bytes; /* on disk */
};
/* What a directory holds: nothing when it does not exist.  False with errno set when it cannot be
 * read. */
bool cache_measure(const char *directory, struct cache_usage *usage);
/* Removes the entries that were not used for the longest time until at most `limit` bytes are left,
 * which *usage tells; false with errno set when that cannot be done. */
bool cache_prune(const char *directory, uint64_t limit, struct cache_usage *usage);
/* Functions of the newest build, and how many of them the cache had; false when not known. */
bool cache_last_build(const char *directory, size_t *functions, size_t *cached);

#endif
