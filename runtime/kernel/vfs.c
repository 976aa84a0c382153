/* The file half's start: mounts, and the first process' descriptors and directories. */
#include "vfs.h"

#include <string.h>

#define OVERLAYFS_MAGIC 0x794c7630
#define PIPEFS_MAGIC 0x50495045

struct inode *make_name(struct inode *directory, const char *name, uint32_t mode, uint64_t rdev,
                        const char *target) {
    struct inode *made;
    if (directory->ops->create(directory, name, strlen(name), mode, rdev, target, &made))
        host_panic("a file of the kernel's own cannot be made");
    made->uid = made->gid = 0;
    return made;
}

int make_directories(const char *path) {
    size_t length = strlen(path);
    char *part = heap_alloc(length + 1);
    int error = 0;
    for (size_t i = 1; i <= length && !error; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        struct lookup at;
        error = path_walk(kernel.vfs->root, part, LOOKUP_FOLLOW | LOOKUP_MISSING, &at);
        if (error)
            break;
        if (!at.node) {
            struct inode *directory = at.parent->inode;
            if (directory->ops->create)
                inode_put(make_name(directory, at.name, S_IFDIR | 0755, 0, NULL));
            else
                error = -EROFS;
        }
        lookup_put(&at);
    }
    heap_free(part);
    return error;
}

/* What a container's runtime puts into /etc when the image has none. */
static void make_file(const char *path, const char *content) {
    int error;
    struct file *file = vfs_open(path, O_WRONLY | O_CREAT | O_EXCL, 0644, &error);
    if (!file)
        return; /* it is there */
    file_write_at(file, content, strlen(content), 0);
    file_put(file);
}

static void make_network_files(void) {
    static const char hosts[] = "127.0.0.1\tlocalhost\n"
                                "::1\tlocalhost ip6-localhost ip6-loopback\n"
                                "fe00::0\tip6-localnet\n"
                                "ff00::0\tip6-mcastprefix\n"
                                "ff02::1\tip6-allnodes\n"
                                "ff02::2\tip6-allrouters\n";
    struct text name = {0};
    text_printf(&name, "%s\n", kernel.host_name);
    make_directories("/etc");
    make_file("/etc/hostname", name.bytes);
    make_file("/etc/hosts", hosts);
    make_file("/etc/resolv.conf", "");
    heap_free(name.bytes);
}

static void open_stdio(void) {
    for (int fd = 0; fd < 3; fd++)
        fd_install(stdio_file(fd), 0, false);
    if (kernel.vfs->console) {
        tty_make_controlling(kernel.vfs->console);
    }
}

void vfs_init(void) {
    struct process *process = current->process;
    struct credentials creds = process->creds;
    process->creds = (struct credentials){0}; /* the kernel itself does what follows */
    bool image = rootfs_open();
    struct filesystem *root =
        overlay_new("overlay", "overlay", "rw,relatime", OVERLAYFS_MAGIC, image);
    kernel.vfs->root_fs = root;
    kernel.vfs->root = root->root;
    kernel.vfs->anonymous_fs = filesystem_new("pipefs", "pipefs", "rw", PIPEFS_MAGIC);

    process->files = files_new();
    process->fs = heap_alloc(sizeof *process->fs);
    *process->fs = (struct fs_context){.references = 1, .umask = 022};
    process->fs->root = node_get(root->root);
    process->fs->cwd = node_get(root->root);

    static const char *const mount_points[] = {"/proc", "/dev", "/sys"};
    for (size_t i = 0; i < sizeof mount_points / sizeof *mount_points; i++)
        make_directories(mount_points[i]);
    make_network_files();
    stdio_init();
    proc_mount();
    dev_mount();
    pty_mount();
    preopen_mount();
    open_stdio();
    process->creds = creds;
}

int fs_enter(const char *path) {
    int error = make_directories(path);
    struct lookup at;
    if (!error)
        error = path_walk(kernel.vfs->root, path, LOOKUP_FOLLOW, &at);
    if (error)
        return error;
    if (S_ISDIR(at.node->inode->mode)) {
        node_put(current->process->fs->cwd);
        current->process->fs->cwd = node_get(at.node);
    } else {
        error = -ENOTDIR;
    }
    lookup_put(&at);
    return error;
}
