/* The root file system image: what the tool writes and the runtime reads, little endian.
 *
 * header | inodes | directory entries | strings | file data.  Inode numbers start at 1, the root
 * directory is 1; hard links are entries with the same inode.  A directory's entries are contiguous
 * and sorted by name (bytewise); "." and ".." are not stored.  All offsets are from the start of
 * the image; file data is aligned to 8 bytes. */
#ifndef C2W_ROOTFS_H
#define C2W_ROOTFS_H

#include <stdint.h>

#define ROOTFS_MAGIC "C2WROOT1"

struct rootfs_header {
    char magic[8];
    uint64_t size; /* of the whole image */
    uint32_t inode_count, entry_count;
    uint64_t inodes, entries, strings, data; /* offsets */
    uint64_t strings_size;
    uint64_t config; /* offset of a struct rootfs_config */
    uint64_t config_size;
};

struct rootfs_inode {
    uint32_t mode; /* Linux st_mode with the type bits */
    uint32_t uid, gid, nlink;
    uint64_t size;        /* file: bytes; symlink: length of the target; directory: 0 */
    uint64_t data;        /* file: offset of its bytes; symlink: offset of its target in strings;
                             directory: number of its first entry; device: st_rdev as Linux
                             encodes it (major << 8 | minor for small numbers) */
    int64_t mtime;        /* seconds */
    uint32_t mtime_ns;
    uint32_t entry_count; /* directory */
    uint32_t parent;      /* directory: inode of the parent; else 0 */
    uint32_t xattr_count; /* pairs of strings at xattrs: name NUL, u32 length, value bytes */
    uint64_t xattrs;      /* offset in strings */
};

struct rootfs_entry {
    uint32_t name;        /* offset in strings, not NUL-terminated */
    uint16_t name_length;
    uint16_t reserved;
    uint32_t inode;
};

/* How to start the container: numbers, then NUL-terminated strings in this order: entrypoint words,
 * cmd words, environment entries (K=V), working directory, host name. */
struct rootfs_config {
    uint32_t entrypoint_count, cmd_count, env_count;
    uint32_t uid, gid, group_count;
    uint32_t groups[32]; /* supplementary groups */
    char strings[];
};

#endif
