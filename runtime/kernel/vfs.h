/* Inside the file half of the kernel: inodes, path nodes, file systems.
 *
 * A path node is a name in a directory tree (Linux' dentry); an inode is a file.  Path nodes exist
 * only while something holds a reference (an open file, a working directory, a child node, the ring
 * of recent look-ups); file systems find inodes by name again at any time.  A file system is
 * mounted at one path node and never unmounted, so that a path node alone says where something is.
 */
#ifndef C2W_VFS_H
#define C2W_VFS_H

#include "kernel.h"

struct inode_ops;
struct pipe;
struct file_data;
struct directory;

struct filesystem {
    struct filesystem *next; /* in mount order */
    const char *type, *source, *options;
    uint32_t device; /* st_dev: minor number under major 0 */
    uint32_t magic;  /* statfs f_type */
    bool cached; /* recently used path nodes may be kept: names change only through this kernel */
    uint64_t next_ino;
    struct path_node *root;
    void *private_data;
};

struct inode {
    uint32_t references;
    uint32_t mode, uid, gid, nlink;
    uint64_t ino, rdev, size;
    struct linux_timespec atime, mtime, ctime;
    const struct inode_ops *ops;
    struct filesystem *fs;
    struct pipe *pipe;       /* FIFO that is open, or the pipe itself */
    struct file_lock *locks; /* fcntl and flock locks (lock.c) */
    /* overlay.c */
    struct inode *next_hash; /* in the table of image inodes */
    uint32_t image;          /* inode number in the image, 0 = made here */
    bool pinned;             /* differs from the image: lives until its last link is gone */
    bool data_changed;
    struct file_data *data;    /* regular file */
    uint32_t readers;          /* directory: open file descriptions */
    struct directory *entries; /* directory that differs from the image */
    char *target;              /* symlink made here */
    void *private_data;        /* other file systems */
};

/* One answer of a directory: next_position continues after this entry.  Returns false when the
 * reader's buffer is full; the entry was then not taken. */
struct directory_sink {
    bool (*emit)(struct directory_sink *, const char *name, size_t length, uint64_t ino,
                 uint32_t mode, uint64_t next_position);
};

enum attribute {
    ATTRIBUTE_MODE = 1,
    ATTRIBUTE_OWNER = 2,
    ATTRIBUTE_TIMES = 4,
    ATTRIBUTE_LINKS = 8,
};

/* Operations return 0 or -errno; callers have checked permissions and file types.  A NULL operation
 * is not possible on that file system. */
struct inode_ops {
    /* *found with a new reference, or -ENOENT */
    int (*lookup)(struct inode *directory, const char *name, size_t length, struct inode **found);
    /* Makes a file of any type; target for symlinks only. */
    int (*create)(struct inode *directory, const char *name, size_t length, uint32_t mode,
                  uint64_t rdev, const char *target, struct inode **made);
    int (*link)(struct inode *directory, const char *name, size_t length, struct inode *inode);
    int (*unlink)(struct inode *directory, const char *name, size_t length, struct inode *victim);
    /* With RENAME_EXCHANGE both exist; else `replaced` is NULL or gives way. */
    int (*rename)(struct inode *from, const char *from_name, size_t from_length,
                  struct inode *moved, struct inode *to, const char *to_name, size_t to_length,
                  struct inode *replaced, unsigned flags);
    int64_t (*readlink)(struct inode *inode, char *to, size_t size); /* length, no NUL */
    /* Magic link: the node itself, with a new reference. */
    int (*follow)(struct inode *inode, struct path_node **node);
    int (*refresh)(struct inode *inode); /* brings the attributes up to date */
    /* Attributes (bits of enum attribute) were set in the inode and have to be kept. */
    int (*changed)(struct inode *inode, unsigned attributes);
    int (*truncate)(struct inode *inode, uint64_t size);
    int (*sync)(struct file *file); /* NULL: nothing to do */
    int (*allocate)(struct inode *inode, uint64_t offset, uint64_t length, unsigned mode);
    int (*open)(struct inode *inode, struct file *file); /* regular file, directory: sets ops */
    /* The same for a file that is not what its type says, such as the host's standard input. */
    int (*open_special)(struct inode *inode, struct file *file);
    uint64_t (*blocks)(struct inode *inode); /* of 512 bytes; NULL: from size */
    void (*drop)(struct inode *inode);       /* last reference is gone; frees nothing else */
    /* Extended attributes: the value's or the list's size; copied when it fits into `size`. */
    int64_t (*get_xattr)(struct inode *inode, const char *name, void *to, size_t size);
    int64_t (*list_xattr)(struct inode *inode, char *to, size_t size);
};

struct path_node {
    uint32_t references;
    struct path_node *parent; /* reference held; NULL: root of a file system, or no directory */
    struct path_node *children, *next, **previous;
    struct inode *inode;
    struct path_node *mounted; /* root of the file system mounted here */
    struct path_node *covered; /* of a root: the node it is mounted on */
    bool unlinked;
    bool anonymous; /* a file outside of every directory: the name is all of its path */
    uint32_t length;
    char *name;
};

/* All state of the file half that is not in tasks. */
struct vfs {
    struct filesystem *filesystems, *root_fs;
    struct path_node *root;
    struct filesystem *anonymous_fs; /* pipes, nameless shared memory */
    uint32_t next_device;
    struct rootfs *rootfs;
    struct block_store *blocks;
    struct tty *console;
    struct pty_system *ptys;
    struct stdio *stdio;
    struct wait_queue lock_released;
    uint8_t boot_id[16];
    struct recent_nodes *recent;
};

/* --- inode.c --- */
struct linux_timespec time_now(void);
struct filesystem *filesystem_new(const char *type, const char *source, const char *options,
                                  uint32_t magic);
struct inode *inode_new(struct filesystem *fs, const struct inode_ops *ops, uint32_t mode);
struct inode *inode_get(struct inode *inode);
void inode_put(struct inode *inode);
int inode_refresh(struct inode *inode);
/* 0, or -EACCES (-EROFS) when the credentials do not give the R_OK, W_OK, X_OK bits in `want`. */
int inode_permission(const struct inode *inode, int want);
int credentials_permission(const struct inode *inode, int want, uint32_t uid, uint32_t gid);
bool in_group(uint32_t gid);
bool owner_or_root(const struct inode *inode);
/* -EPERM when a sticky directory protects the victim. */
int may_delete(const struct inode *directory, const struct inode *victim);
void touch_modified(struct inode *inode); /* mtime and ctime; kept by the caller */
void touch_accessed(struct inode *inode); /* relatime */
uint64_t inode_device_number(const struct inode *inode);

/* --- node.c --- */
struct path_node *node_get(struct path_node *node);
void node_put(struct path_node *node);
struct path_node *node_new_root(struct inode *inode);
struct path_node *node_anonymous(struct inode *inode, const char *name);
/* Child by name with a new reference, not crossing mounts; -ENOENT when there is none. */
int node_child(struct path_node *directory, const char *name, size_t length,
               struct path_node **child);
struct path_node *node_attach(struct path_node *directory, const char *name, size_t length,
                              struct inode *inode);
void node_unlinked(struct path_node *node); /* its name was removed */
void node_moved(struct path_node *node, struct path_node *directory, const char *name,
                size_t length);
/* Absolute path from `root`; "(deleted)" is appended when `mark`.  -ENAMETOOLONG, or the length. */
int64_t node_path(struct path_node *node, const struct path_node *root, bool mark, char *to,
                  size_t size);
bool node_is_below(const struct path_node *node, const struct path_node *ancestor);
struct path_node *node_parent(struct path_node *node); /* crossing mounts; borrowed */
int mount_at(const char *path, struct filesystem *fs);

/* --- path.c --- */
#define LOOKUP_FOLLOW 1u  /* follow a symlink in the last component */
#define LOOKUP_MISSING 2u /* the last component may be missing: node is NULL then */
#define LOOKUP_RAW 4u     /* the name itself is meant (unlink, rename, mkdir): never follow it */
#define LOOKUP_EMPTY 8u   /* "" is the start (AT_EMPTY_PATH) */

struct lookup {
    struct path_node *parent; /* directory of the last component; NULL for "/" and "" */
    struct path_node *node;   /* what was found */
    enum { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_ROOT } last;
    bool trailing_slash;
    size_t length;
    char name[LINUX_NAME_MAX + 1];
};
int path_walk(struct path_node *start, const char *path, unsigned flags, struct lookup *result);
void lookup_put(struct lookup *lookup);
/* From system call arguments. */
int path_lookup_at(int dirfd, uint64_t path, unsigned flags, struct lookup *result);
int path_lookup_name(int dirfd, const char *path, unsigned flags, struct lookup *result);

/* --- open.c --- */
bool inode_is_executing(const struct inode *inode); /* the program of some process */
struct file *open_node(struct path_node *node, int flags, int *error);
struct file *open_path(int dirfd, const char *path, unsigned lookup, int flags, uint32_t mode,
                       int *error);

/* --- overlay.c, directory_table.c --- */
struct filesystem *overlay_new(const char *type, const char *source, const char *options,
                               uint32_t magic, bool from_image);
bool overlay_is_image_file(const struct inode *inode); /* and its contents are still the image's */
struct inode *overlay_nameless(struct filesystem *fs, uint32_t mode); /* in no directory */

/* --- rootfs.c --- */
struct rootfs_inode;
struct rootfs_entry;
bool rootfs_open(void); /* false: there is no image */
uint32_t rootfs_inode_count(void);
void rootfs_read_inode(uint32_t number, struct rootfs_inode *inode);
/* Entry of a directory by name: inode number or 0. */
uint32_t rootfs_find(const struct rootfs_inode *directory, const char *name, size_t length);
/* Entry `index` of a directory; name must hold 256 bytes.  Inode number; *length is set. */
uint32_t rootfs_entry_at(const struct rootfs_inode *directory, uint32_t index, char *name,
                         size_t *length);
void rootfs_read_string(uint64_t offset, void *to, size_t length);
void rootfs_read_data(uint64_t offset, void *to, size_t length);

/* --- file_data.c --- */
struct file_data *file_data_new(uint64_t image_offset, uint64_t image_size);
void file_data_free(struct file_data *data);
void file_data_read(const struct file_data *data, void *to, size_t length, uint64_t offset);
int64_t file_data_write(struct file_data *data, const void *from, size_t length, uint64_t offset);
void file_data_truncate(struct file_data *data, uint64_t size);
void file_data_punch(struct file_data *data, uint64_t offset, uint64_t length);
int file_data_reserve(struct file_data *data, uint64_t offset, uint64_t length);
uint64_t file_data_blocks(const struct file_data *data);
/* First offset >= `offset` that holds data (hole = false) or none (hole = true); `size` at most. */
uint64_t file_data_seek(const struct file_data *data, uint64_t offset, uint64_t size, bool hole);
void file_data_usage(uint64_t *used, uint64_t *total); /* bytes of all files in memory */

/* --- file.c --- */
struct file *file_new_inode(const struct file_ops *ops, uint32_t flags, struct inode *inode,
                            struct path_node *path);
void fd_close(uint32_t fd); /* an open one */
/* A file that is in no directory and has no type: event counters, epoll. */
struct file *file_anonymous_inode(const char *name, const struct file_ops *ops, uint32_t flags);
int64_t file_check(int64_t fd, int want, struct file **file); /* EBADF unless readable/writable */
/* For streams on which lseek succeeds and does nothing (event counters). */
int64_t seek_nowhere(struct file *file, int64_t offset, int whence);
int64_t seek_with_size(struct file *file, int64_t offset, int whence, uint64_t size);

/* --- poll.c, epoll.c --- */
uint32_t poll_file(struct file *file, bool wait);
struct time_limit {
    uint64_t va; /* of the guest's timespec, 0: none */
    uint64_t nanoseconds;
};
int read_limit(struct time_limit *limit, uint64_t va);
/* Has the limit passed?  Else the task also wakes then. */
bool limit_passed(const struct time_limit *limit);
void epoll_forget(struct file *file); /* it is closed */

/* --- pipe.c --- */
int fifo_open(struct inode *inode, struct file *file);
int64_t pipe_fcntl(struct file *file, int command, uint64_t argument);
void pipe_free(struct pipe *pipe);

/* --- dev.c, sys.c, proc.c, preopen.c, tty.c, stdio.c --- */
#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))
int device_open(struct inode *inode, struct file *file);
void dev_mount(void);
void proc_mount(void);
void preopen_mount(void);
/* Lines of /proc/PID/mounts or mountinfo. */
struct text;
void mounts_text(struct text *text, bool mountinfo);

struct tty {
    struct linux_termios termios;
    struct linux_winsize size;
    int32_t session, foreground; /* 0: none */
    struct wait_queue foreground_changed;
    struct inode *inode;
};
struct tty *tty_new(void);
void tty_init(struct tty *tty); /* the settings of a new terminal */
int64_t tty_ioctl(struct tty *tty, struct file *file, uint32_t request, uint64_t argument);
/* 0, or what a read (SIGTTIN) or write (SIGTTOU) from the background gives. */
int tty_check_foreground(struct tty *tty, int signal);
void tty_make_controlling(struct tty *tty);
/* TCSETS*: also for terminals that do more with the new settings. */
int64_t tty_change_settings(struct tty *tty, uint64_t argument);
/* No process has it as its controlling terminal any more. */
void tty_leave_session(struct tty *tty);

/* --- pty.c --- */
void pty_mount(void); /* /dev/pts */
int pty_open(struct inode *inode, struct file *file);
int pty_open_slave(struct tty *tty, struct file *file); /* a controlling terminal, for /dev/tty */
bool pty_is(const struct tty *tty);                     /* not the host's terminal */
uint64_t pty_device(const struct tty *tty);
void pty_session_ended(struct tty *tty); /* its leader has ended */

void stdio_init(void);
int console_open(struct inode *inode, struct file *file);
struct file *stdio_file(int fd); /* opens the host's descriptor 0, 1 or 2 */

/* --- vfs.c --- */
/* Makes a name in a directory for the kernel itself, owned by root, whatever the umask. */
struct inode *make_name(struct inode *directory, const char *name, uint32_t mode, uint64_t rdev,
                        const char *target);
int make_directories(const char *path);

/* --- lock.c --- */
void locks_drop_owner(struct inode *inode, const void *owner);
int64_t fcntl_lock(struct file *file, int command, uint64_t argument);

/* --- text.c: formatted text in a growing buffer --- */
struct text {
    char *bytes;
    size_t length, capacity;
};
void text_add(struct text *text, const char *bytes, size_t length);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
