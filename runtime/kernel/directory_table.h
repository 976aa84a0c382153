/* Entries of a directory in memory: slots in creation order, found by a hash of the name.
 *
 * A slot's number is its position for getdents64 and stays while somebody has the directory open; a
 * removed entry leaves its slot empty, so that a directory can be read while it is emptied. */
#ifndef C2W_DIRECTORY_TABLE_H
#define C2W_DIRECTORY_TABLE_H

#include "vfs.h"

struct slot {
    char *name; /* NULL: empty */
    uint32_t length, hash;
    uint32_t image;      /* inode number in the image, or 0 */
    struct inode *inode; /* reference held when image is 0 */
};

struct directory {
    struct slot *slots;
    uint32_t count, capacity; /* slots in use, live or empty; allocated */
    uint32_t live;
    uint32_t *table; /* slot number + 1; open addressing, a power of two of entries */
    uint32_t table_size, filled;
};

struct directory *directory_new(void);
void directory_free(struct directory *directory);
struct slot *directory_find(struct directory *directory, const char *name, size_t length);
/* Takes the reference to `inode` when image is 0.  `being_read`: slots must keep their numbers. */
void directory_insert(struct directory *directory, const char *name, size_t length, uint32_t image,
                      struct inode *inode, bool being_read);
void directory_remove(struct directory *directory, struct slot *slot);

#endif
