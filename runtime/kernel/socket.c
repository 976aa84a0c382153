/* Sockets of AF_UNIX: pairs of connected streams, and sockets that find nobody to connect to, as in
 * a container without services (unix(7)). */
#include <string.h>

#include "pages.h"
#include "vfs.h"

#define BUFFER_SIZE 65536u
#define ADDRESS_MAX 110u /* sizeof(struct sockaddr_un) */
#define PATH_OFFSET 2u   /* of sun_path in it */

struct socket {
    int32_t type;
    struct socket *peer; /* NULL: never connected, or the peer is closed */
    bool was_connected;
    bool no_reading, no_writing; /* by shutdown on either side */
    int32_t error;               /* for the next read */
    uint8_t *buffer;             /* what was sent to it: a ring; NULL until something was */
    uint32_t start, used;
    uint64_t events;
    struct wait_queue changed;
};

static void notify(struct socket *socket) {
    socket->events++;
    wake_all(&socket->changed);
}

static struct socket *socket_of(const struct file *file) { return file->private_data; }

static int64_t wait_unless(bool nonblocking, struct socket *socket) {
    if (nonblocking)
        return -EAGAIN;
    wait_on(&socket->changed);
    return -EBLOCK;
}

static int64_t receive(struct socket *socket, void *to, size_t length, bool nonblocking,
                       bool peek) {
    if (!socket->was_connected)
        return -EINVAL;
    if (length == 0)
        return 0;
    if (socket->used == 0) {
        if (socket->error) {
            int32_t error = socket->error;
            socket->error = 0;
            return -error;
        }
        return socket->no_reading ? 0 : wait_unless(nonblocking, socket);
    }
    if (length > socket->used)
        length = socket->used;
    size_t first = BUFFER_SIZE - socket->start < length ? BUFFER_SIZE - socket->start : length;
    memcpy(to, socket->buffer + socket->start, first);
    memcpy((uint8_t *)to + first, socket->buffer, length - first);
    if (!peek) {
        socket->start = (uint32_t)((socket->start + length) % BUFFER_SIZE);
        socket->used -= (uint32_t)length;
        if (socket->peer)
            notify(socket->peer);
    }
    return (int64_t)length;
}

static int64_t send(struct socket *socket, const void *from, size_t length, bool nonblocking,
                    bool quiet) {
    struct socket *to = socket->peer;
    if (!socket->was_connected)
        return -ENOTCONN;
    if (socket->no_writing || !to) {
        if (!quiet)
            signal_task(current, SIGPIPE, NULL);
        return -EPIPE;
    }
    if (length == 0)
        return 0;
    if (!to->buffer && !(to->buffer = pages_alloc(BUFFER_SIZE)))
        return -ENOMEM;
    uint32_t room = BUFFER_SIZE - to->used;
    if (room == 0)
        return wait_unless(nonblocking, socket);
    if (length > room)
        length = room;
    uint32_t end = (to->start + to->used) % BUFFER_SIZE;
    size_t first = BUFFER_SIZE - end < length ? BUFFER_SIZE - end : length;
    memcpy(to->buffer + end, from, first);
    memcpy(to->buffer, (const uint8_t *)from + first, length - first);
    to->used += (uint32_t)length;
    notify(to);
    return (int64_t)length;
}

static int64_t socket_read(struct file *file, void *to, size_t length, uint64_t offset) {
    (void)offset;
    return receive(socket_of(file), to, length, file->flags & O_NONBLOCK, false);
}

static int64_t socket_write(struct file *file, const void *from, size_t length, uint64_t offset) {
    (void)offset;
    return send(socket_of(file), from, length, file->flags & O_NONBLOCK, false);
}

static uint32_t socket_poll(struct file *file, bool wait) {
    struct socket *socket = socket_of(file);
    bool connected = socket->was_connected;
    uint32_t ready = 0;
    if (socket->error)
        ready |= POLLERR;
    if ((socket->no_reading && socket->no_writing) || (!connected && socket->type != SOCK_DGRAM))
        ready |= POLLHUP;
    if (socket->no_reading)
        ready |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (socket->used)
        ready |= POLLIN | POLLRDNORM;
    if (!socket->peer || socket->peer->used < BUFFER_SIZE / 2)
        ready |= POLLOUT | POLLWRNORM | POLLWRBAND;
    if (wait)
        wait_on(&socket->changed);
    return ready;
}

static uint64_t socket_edges(struct file *file) { return socket_of(file)->events; }

static int64_t socket_ioctl(struct file *file, uint32_t request, uint64_t argument) {
    int32_t used = (int32_t)socket_of(file)->used;
    return request == FIONREAD ? user_write(argument, &used, sizeof used) : -ENOTTY;
}

static void socket_release(struct file *file) {
    struct socket *socket = socket_of(file), *peer = socket->peer;
    if (peer) {
        peer->peer = NULL;
        peer->no_reading = peer->no_writing = true;
        peer->error = socket->used ? ECONNRESET : 0; /* what it sent was not read */
        notify(peer);
    }
    wake_all(&socket->changed);
    if (socket->buffer)
        pages_free(socket->buffer, BUFFER_SIZE);
    heap_free(socket);
}

static const struct file_ops socket_ops = {
    .read = socket_read,
    .write = socket_write,
    .poll = socket_poll,
    .edges = socket_edges,
    .ioctl = socket_ioctl,
    .release = socket_release,
};

/* --- making --- */

static const struct inode_ops socket_inode_ops = {0};

static struct file *make(int32_t type, uint32_t flags) {
    struct filesystem *fs = kernel.vfs->anonymous_fs;
    struct inode *inode = inode_new(fs, &socket_inode_ops, S_IFSOCK | 0777);
    struct text name = {0};
    inode->ino = fs->next_ino++;
    inode->uid = current->process->creds.fsuid;
    inode->gid = current->process->creds.fsgid;
    text_printf(&name, "socket:[%llu]", (unsigned long long)inode->ino);
    struct path_node *node = node_anonymous(inode, name.bytes);
    heap_free(name.bytes);
    struct file *file = file_new_inode(&socket_ops, O_RDWR | (flags & O_NONBLOCK), inode, node);
    node_put(node);
    struct socket *socket = heap_alloc(sizeof *socket);
    socket->type = type;
    file->private_data = socket;
    return file;
}

/* Checks the arguments of socket and socketpair. */
static int check(uint64_t family, uint64_t type, uint64_t protocol) {
    uint32_t kind = (uint32_t)type & SOCK_TYPE_MASK;
    if ((uint32_t)type & ~(uint32_t)(SOCK_TYPE_MASK | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (kind > SOCK_PACKET)
        return -EINVAL;
    if ((uint32_t)family != AF_UNIX)
        return -EAFNOSUPPORT;
    if ((uint32_t)protocol != 0 && (uint32_t)protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    return kind == SOCK_STREAM || kind == SOCK_DGRAM || kind == SOCK_SEQPACKET ? 0
                                                                               : -ESOCKTNOSUPPORT;
}

int64_t sys_socket(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[1];
    int error = check(a[0], a[1], a[2]);
    if (error)
        return error;
    return fd_install(make((int32_t)(flags & SOCK_TYPE_MASK), flags), 0, flags & O_CLOEXEC);
}

int64_t sys_socketpair(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[1];
    int error = check(a[0], a[1], a[2]);
    if (error)
        return error;
    if ((flags & SOCK_TYPE_MASK) != SOCK_STREAM)
        return -EOPNOTSUPP; /* no boundaries of messages */
    struct file *files[2] = {make(SOCK_STREAM, flags), make(SOCK_STREAM, flags)};
    for (int i = 0; i < 2; i++) {
        socket_of(files[i])->peer = socket_of(files[1 - i]);
        socket_of(files[i])->was_connected = true;
    }
    int32_t fds[2] = {fd_install(files[0], 0, flags & O_CLOEXEC), -1};
    if (fds[0] < 0) {
        file_put(files[1]);
        return fds[0];
    }
    fds[1] = fd_install(files[1], 0, flags & O_CLOEXEC);
    int64_t result = fds[1] < 0 ? fds[1] : user_write(a[3], fds, sizeof fds);
    for (int i = 0; i < 2 && result; i++)
        if (fds[i] >= 0)
            fd_close((uint32_t)fds[i]);
    return result;
}

/* --- calls on a socket --- */

static int64_t get_socket(uint64_t fd, struct file **file) {
    int64_t error = file_check((int64_t)fd, 0, file);
    if (error)
        return error;
    return (*file)->ops == &socket_ops ? 0 : -ENOTSOCK;
}

/* Nobody listens here: an address is looked up to say why nobody answers. */
int64_t sys_connect(const uint64_t *a) {
    struct file *file;
    uint8_t address[ADDRESS_MAX + 1] = {0};
    uint32_t length = (uint32_t)a[2];
    uint16_t family;
    int64_t error = get_socket(a[0], &file);
    if (error)
        return error;
    if (length > 128) /* sizeof(struct sockaddr_storage) */
        return -EINVAL;
    if (user_read(address, a[1], length < ADDRESS_MAX ? length : ADDRESS_MAX))
        return -EFAULT;
    memcpy(&family, address, sizeof family);
    if (length <= PATH_OFFSET || length > ADDRESS_MAX || family != AF_UNIX)
        return -EINVAL;
    if (!address[PATH_OFFSET])
        return -ECONNREFUSED; /* an abstract name */
    struct lookup at;
    error = path_lookup_name(AT_FDCWD, (const char *)address + PATH_OFFSET, LOOKUP_FOLLOW, &at);
    if (error)
        return error;
    error = inode_permission(at.node->inode, W_OK);
    lookup_put(&at);
    return error ? error : -ECONNREFUSED;
}

/* Neither side has a name. */
static int64_t write_address(uint64_t address, uint64_t length_va) {
    uint16_t family = AF_UNIX;
    int32_t room, length = sizeof family;
    if (user_read(&room, length_va, sizeof room))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (user_write(address, &family, room < length ? (size_t)room : sizeof family))
        return -EFAULT;
    return user_write(length_va, &length, sizeof length);
}

int64_t sys_getsockname(const uint64_t *a) {
    struct file *file;
    int64_t error = get_socket(a[0], &file);
    return error ? error : write_address(a[1], a[2]);
}

int64_t sys_getpeername(const uint64_t *a) {
    struct file *file;
    int64_t error = get_socket(a[0], &file);
    if (error)
        return error;
    return socket_of(file)->peer ? write_address(a[1], a[2]) : -ENOTCONN;
}

int64_t sys_sendto(const uint64_t *a) {
    struct file *file;
    uint32_t flags = (uint32_t)a[3];
    int64_t error = get_socket(a[0], &file);
    if (error)
        return error;
    if (flags & ~(uint32_t)(MSG_DONTWAIT | MSG_NOSIGNAL))
        return -EOPNOTSUPP;
    struct socket *socket = socket_of(file);
    if (a[4]) /* a stream has one peer */
        return socket->was_connected ? -EISCONN : -EOPNOTSUPP;
    uint64_t done = current->call.done; /* all of it is sent, in as many tries as that takes */
    const uint8_t *from = user_pointer(a[1] + done, a[2] - done, PROT_READ);
    if (!from)
        return -EFAULT;
    bool nonblocking = (flags & MSG_DONTWAIT) || (file->flags & O_NONBLOCK);
    int64_t n = send(socket, from, a[2] - done, nonblocking, flags & MSG_NOSIGNAL);
    if (n < 0)
        return done && n != -EBLOCK ? (int64_t)done : n;
    done += (uint64_t)n;
    if (done < a[2] && !nonblocking) {
        current->call.done = done;
        wait_on(&socket->changed);
        return -EBLOCK;
    }
    return (int64_t)done;
}

int64_t sys_recvfrom(const uint64_t *a) {
    struct file *file;
    uint32_t flags = (uint32_t)a[3];
    int32_t none = 0;
    int64_t error = get_socket(a[0], &file);
    if (error)
        return error;
    if (flags & ~(uint32_t)(MSG_PEEK | MSG_DONTWAIT | MSG_NOSIGNAL))
        return -EOPNOTSUPP;
    void *to = user_pointer(a[1], a[2], PROT_WRITE);
    if (!to && socket_of(file)->used) /* only a transfer looks at the buffer */
        return -EFAULT;
    int64_t n = receive(socket_of(file), to, a[2],
                        (flags & MSG_DONTWAIT) || (file->flags & O_NONBLOCK), flags & MSG_PEEK);
    if (n >= 0 && a[4] && user_write(a[5], &none, sizeof none)) /* the sender has no name */
        return -EFAULT;
    return n;
}

int64_t sys_shutdown(const uint64_t *a) {
    struct file *file;
    int64_t error = get_socket(a[0], &file);
    if (error)
        return error;
    if (a[1] > 2)
        return -EINVAL;
    struct socket *socket = socket_of(file), *peer = socket->peer;
    bool reading = a[1] != 1, writing = a[1] != 0;
    socket->no_reading |= reading;
    socket->no_writing |= writing;
    notify(socket);
    if (peer) {
        peer->no_reading |= writing;
        peer->no_writing |= reading;
        notify(peer);
    }
    return 0;
}

int64_t sys_getsockopt(const uint64_t *a) {
    struct file *file;
    int32_t room, value;
    int64_t error = get_socket(a[0], &file);
    if (error)
        return error;
    struct socket *socket = socket_of(file);
    if (user_read(&room, a[4], sizeof room))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (a[1] != SOL_SOCKET)
        return -EOPNOTSUPP;
    switch (a[2]) {
    case SO_TYPE:
        value = socket->type;
        break;
    case SO_ERROR:
        value = socket->error;
        socket->error = 0;
        break;
    case SO_DOMAIN:
        value = AF_UNIX;
        break;
    case SO_PROTOCOL:
    case SO_ACCEPTCONN:
        value = 0;
        break;
    default:
        return -ENOPROTOOPT;
    }
    int32_t length = room < (int32_t)sizeof value ? room : (int32_t)sizeof value;
    if (user_write(a[3], &value, (size_t)length))
        return -EFAULT;
    return user_write(a[4], &length, sizeof length);
}
