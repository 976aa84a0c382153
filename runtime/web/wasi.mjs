// A WASI preview 1 host, the part that does not depend on where it runs.  The platform (node.mjs)
// brings clocks, entropy, sleeping and the descriptors.
//
// Every call looks at memory.buffer anew, because memory.grow replaces it.  The functions here are
// those that the runtime imports (runtime/host/wasi_api.h), no more.
//
// A descriptor is an object with
//   filetype, flags, rights, inheriting    what fd_fdstat_get reports
//   preopen                                guest path of a preopened directory, else undefined
//   stat()                                 of itself: see putStat
//   read(bytes), write(bytes), readAt(bytes, offset), writeAt(bytes, offset), seek(offset, whence),
//   truncate(size), setTimes(atime, mtime), sync(), close(), ready(write)
// and, for directories, entries(), open(path, options), statPath(path, follow) and the other path
// operations below.  Sizes are numbers, positions and times are BigInt, paths are strings whose
// characters are the path's bytes.  Operations that fail throw Errno.

export const FILETYPE = { unknown: 0, block: 1, character: 2, directory: 3, regular: 4, socket: 6,
    symlink: 7 };

export const RIGHTS = { datasync: 1n << 0n, read: 1n << 1n, seek: 1n << 2n, tell: 1n << 5n,
    write: 1n << 6n, allocate: 1n << 8n, readdir: 1n << 14n, setSize: 1n << 22n,
    all: (1n << 29n) - 1n };

export const ERRNO = Object.fromEntries(`SUCCESS E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT
EAGAIN EALREADY EBADF EBADMSG EBUSY ECANCELED ECHILD ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK
EDESTADDRREQ EDOM EDQUOT EEXIST EFAULT EFBIG EHOSTUNREACH EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO
EISCONN EISDIR ELOOP EMFILE EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH
ENFILE ENOBUFS ENODEV ENOENT ENOEXEC ENOLCK ENOLINK ENOMEM ENOMSG ENOPROTOOPT ENOSPC ENOSYS ENOTCONN
ENOTDIR ENOTEMPTY ENOTRECOVERABLE ENOTSOCK ENOTSUP ENOTTY ENXIO EOVERFLOW EOWNERDEAD EPERM EPIPE
EPROTO EPROTONOSUPPORT EPROTOTYPE ERANGE EROFS ESPIPE ESRCH ESTALE ETIMEDOUT ETXTBSY EXDEV
ENOTCAPABLE`.split(/\s+/).map((name, number) => [name, number]));

/** An error that the module gets as its number; `code` is a name in ERRNO. */
export class Errno extends Error {
    constructor(code) {
        super(code);
        this.code = code;
    }
}

/** Thrown through the module by proc_exit. */
export class Exit extends Error {
    constructor(status) {
        super(`exit ${status}`);
        this.status = status;
    }
}

function errorNumber(error) {
    const number = ERRNO[error?.code];
    if (number) return number;
    // A pointer outside of memory; but running out of stack is a RangeError, too.
    if (error instanceof RangeError && !/call stack/.test(error.message)) return ERRNO.EFAULT;
    throw error;
}

const OFLAG = { creat: 1, directory: 2, excl: 4, trunc: 8 };
const FDFLAG_APPEND = 1;
const LOOKUP_FOLLOW = 1;
const SET_TIME = { atim: 1, atimNow: 2, mtim: 4, mtimNow: 8 };
const EVENT = { clock: 0, read: 1, write: 2 };
const CLOCK_ABSOLUTE = 1;

/**
 * The imports of one module instance.
 * @param {object} options args and env (arrays of byte strings), descriptors (array, 0-2 are the
 *     standard streams), platform ({now(clock), random(bytes), sleep(nanoseconds)})
 * @returns {{imports: object, setMemory: function(WebAssembly.Memory): void}}
 */
export function createWasi({ args, env, descriptors, platform }) {
    let memory = null;
    let cachedView = null;
    const table = [...descriptors];

    function view() {
        if (cachedView?.buffer !== memory.buffer) cachedView = new DataView(memory.buffer);
        return cachedView;
    }
    const bytesAt = (at, length) => new Uint8Array(memory.buffer, at >>> 0, length >>> 0);
    const setU32 = (at, value) => view().setUint32(at >>> 0, value, true);
    const setU64 = (at, value) => view().setBigUint64(at >>> 0, value, true);

    function textAt(at, length) {
        const bytes = bytesAt(at, length);
        let text = '';
        for (const byte of bytes) text += String.fromCharCode(byte);
        return text;
    }
    function putText(text, at) {
        const bytes = bytesAt(at, text.length);
        for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    }
    function buffersAt(at, count) {
        const buffers = [];
        for (let i = 0; i < count; i++) {
            const entry = (at >>> 0) + 8 * i;
            const length = view().getUint32(entry + 4, true);
            if (length) buffers.push(bytesAt(view().getUint32(entry, true), length));
        }
        return buffers;
    }

    function descriptor(fd) {
        const found = table[fd];
        if (!found) throw new Errno('EBADF');
        return found;
    }
    function directory(fd) {
        const found = descriptor(fd);
        if (!found.open) throw new Errno('ENOTDIR');
        return found;
    }

    function putStat(at, stat) {
        bytesAt(at, 64).fill(0);
        setU64(at, stat.dev);
        setU64(at + 8, stat.ino);
        view().setUint8((at >>> 0) + 16, stat.filetype);
        setU64(at + 24, stat.nlink);
        setU64(at + 32, stat.size);
        setU64(at + 40, stat.atime);
        setU64(at + 48, stat.mtime);
        setU64(at + 56, stat.ctime);
    }

    function putStrings(strings, pointers, at) {
        for (const [i, text] of strings.entries()) {
            setU32(pointers + 4 * i, at);
            putText(text + '\0', at);
            at += text.length + 1;
        }
    }
    function putSizes(strings, countAt, sizeAt) {
        setU32(countAt, strings.length);
        setU32(sizeAt, strings.reduce((sum, text) => sum + text.length + 1, 0));
    }

    /** One transfer over all buffers; stops at the first that is not filled. */
    function transfer(buffers, one, resultAt) {
        let total = 0;
        for (const buffer of buffers) {
            const n = one(buffer, total);
            total += n;
            if (n < buffer.length) break;
        }
        setU32(resultAt, total);
    }

    function readSubscriptions(at, count) {
        const subscriptions = [];
        for (let i = 0; i < count; i++, at += 48) {
            const type = view().getUint8((at >>> 0) + 8);
            const subscription = { userdata: view().getBigUint64(at >>> 0, true), type };
            if (type === EVENT.clock) {
                const clock = view().getUint32((at >>> 0) + 16, true);
                const timeout = view().getBigUint64((at >>> 0) + 24, true);
                const absolute = view().getUint16((at >>> 0) + 40, true) & CLOCK_ABSOLUTE;
                subscription.deadline = absolute ? platform.now(1) + timeout - platform.now(clock)
                    : platform.now(1) + timeout;
            } else {
                subscription.descriptor = table[view().getUint32((at >>> 0) + 16, true)];
            }
            subscriptions.push(subscription);
        }
        return subscriptions;
    }

    function isDue(subscription) {
        if (subscription.type === EVENT.clock) return platform.now(1) >= subscription.deadline;
        return !subscription.descriptor ||
            subscription.descriptor.ready(subscription.type === EVENT.write);
    }

    /** Waits until something is due.  Descriptors can only be asked, so the pauses grow to 10 ms. */
    function waitDue(subscriptions) {
        const deadlines = subscriptions.filter(s => s.type === EVENT.clock).map(s => s.deadline);
        const onlyClocks = deadlines.length === subscriptions.length;
        for (let pause = 200_000n;; pause = pause * 2n > 10_000_000n ? 10_000_000n : pause * 2n) {
            const due = subscriptions.filter(isDue);
            if (due.length) return due;
            const now = platform.now(1);
            let rest = deadlines.reduce((least, deadline) => deadline - now < least ? deadline - now
                : least, onlyClocks ? 1n << 62n : pause);
            if (rest > 0n) platform.sleep(rest);
        }
    }

    const calls = {
        args_get: (pointers, at) => putStrings(args, pointers, at),
        args_sizes_get: (countAt, sizeAt) => putSizes(args, countAt, sizeAt),
        environ_get: (pointers, at) => putStrings(env, pointers, at),
        environ_sizes_get: (countAt, sizeAt) => putSizes(env, countAt, sizeAt),

        clock_time_get(clock, precision, at) {
            if (clock > 1) throw new Errno('EINVAL');
            setU64(at, platform.now(clock));
        },
        random_get: (at, length) => platform.random(bytesAt(at, length)),
        proc_exit(status) { throw new Exit(status >>> 0); },

        poll_oneoff(at, eventsAt, count, resultAt) {
            if (!count) throw new Errno('EINVAL');
            const due = waitDue(readSubscriptions(at, count >>> 0));
            for (const [i, event] of due.entries()) {
                const to = eventsAt + 32 * i;
                bytesAt(to, 32).fill(0);
                setU64(to, event.userdata);
                const missing = event.type !== EVENT.clock && !event.descriptor;
                view().setUint16((to >>> 0) + 8, missing ? ERRNO.EBADF : 0, true);
                view().setUint8((to >>> 0) + 10, event.type);
                if (event.type !== EVENT.clock) setU64(to + 16, 1n);
            }
            setU32(resultAt, due.length);
        },

        fd_close(fd) {
            descriptor(fd).close();
            table[fd] = undefined;
        },
        fd_fdstat_get(fd, at) {
            const { filetype, flags, rights, inheriting } = descriptor(fd);
            bytesAt(at, 24).fill(0);
            view().setUint8(at >>> 0, filetype);
            view().setUint16((at >>> 0) + 2, flags, true);
            setU64(at + 8, rights);
            setU64(at + 16, inheriting);
        },
        fd_filestat_get: (fd, at) => putStat(at, descriptor(fd).stat()),
        fd_filestat_set_size: (fd, size) => descriptor(fd).truncate(Number(size)),
        fd_filestat_set_times(fd, atime, mtime, flags) {
            const file = descriptor(fd), now = platform.now(0);
            const choose = (value, set, setNow) => flags & setNow ? now : flags & set ? value : null;
            file.setTimes(choose(atime, SET_TIME.atim, SET_TIME.atimNow),
                choose(mtime, SET_TIME.mtim, SET_TIME.mtimNow));
        },
        fd_read(fd, buffersAtAddress, count, resultAt) {
            const file = descriptor(fd);
            transfer(buffersAt(buffersAtAddress, count), buffer => file.read(buffer), resultAt);
        },
        fd_write(fd, buffersAtAddress, count, resultAt) {
            const file = descriptor(fd);
            transfer(buffersAt(buffersAtAddress, count), buffer => file.write(buffer), resultAt);
        },
        fd_pread(fd, buffersAtAddress, count, offset, resultAt) {
            const file = descriptor(fd);
            transfer(buffersAt(buffersAtAddress, count),
                (buffer, done) => file.readAt(buffer, offset + BigInt(done)), resultAt);
        },
        fd_pwrite(fd, buffersAtAddress, count, offset, resultAt) {
            const file = descriptor(fd);
            transfer(buffersAt(buffersAtAddress, count),
                (buffer, done) => file.writeAt(buffer, offset + BigInt(done)), resultAt);
        },
        fd_seek: (fd, offset, whence, at) => setU64(at, descriptor(fd).seek(offset, whence)),
        fd_sync: fd => descriptor(fd).sync(),
        fd_readdir(fd, at, size, cookie, resultAt) {
            const dir = directory(fd);
            // The listing is taken at its start, so that cookies stay valid while it changes.
            if (cookie === 0n || !dir.listing) dir.listing = dir.entries();
            const to = bytesAt(at, size);
            let used = 0;
            for (let i = Number(cookie); i < dir.listing.length && used < to.length; i++) {
                const { name, ino, filetype } = dir.listing[i];
                const entry = new Uint8Array(24 + name.length), header = new DataView(entry.buffer);
                header.setBigUint64(0, BigInt(i + 1), true);
                header.setBigUint64(8, ino, true);
                header.setUint32(16, name.length, true);
                header.setUint8(20, filetype);
                for (let j = 0; j < name.length; j++) entry[24 + j] = name.charCodeAt(j);
                // The last entry may be cut off: the caller sees that the buffer is full.
                to.set(entry.subarray(0, to.length - used), used);
                used += Math.min(entry.length, to.length - used);
            }
            setU32(resultAt, used);
        },
        fd_prestat_get(fd, at) {
            const { preopen } = descriptor(fd);
            if (preopen === undefined) throw new Errno('EBADF');
            setU32(at, 0);
            setU32(at + 4, preopen.length);
        },
        fd_prestat_dir_name(fd, at, size) {
            const { preopen } = descriptor(fd);
            if (preopen === undefined) throw new Errno('EBADF');
            if (preopen.length > size >>> 0) throw new Errno('ENAMETOOLONG');
            putText(preopen, at);
        },

        // There are no preopened sockets here.
        sock_accept(fd) {
            descriptor(fd);
            throw new Errno('ENOTSOCK');
        },
        sock_shutdown(fd) {
            descriptor(fd);
            throw new Errno('ENOTSOCK');
        },

        path_open(fd, lookup, at, length, oflags, rights, inheriting, fdflags, resultAt) {
            const dir = directory(fd);
            const writes = RIGHTS.write | RIGHTS.allocate | RIGHTS.setSize | RIGHTS.datasync;
            const opened = dir.open(textAt(at, length), {
                follow: Boolean(lookup & LOOKUP_FOLLOW),
                create: Boolean(oflags & OFLAG.creat),
                exclusive: Boolean(oflags & OFLAG.excl),
                truncate: Boolean(oflags & OFLAG.trunc),
                directory: Boolean(oflags & OFLAG.directory),
                append: Boolean(fdflags & FDFLAG_APPEND),
                read: Boolean(rights & (RIGHTS.read | RIGHTS.readdir)),
                write: Boolean(rights & writes),
            });
            opened.rights &= rights;
            let lowest = 3;
            while (table[lowest]) lowest++;
            table[lowest] = opened;
            setU32(resultAt, lowest);
        },
        path_filestat_get(fd, lookup, at, length, to) {
            const follow = Boolean(lookup & LOOKUP_FOLLOW);
            putStat(to, directory(fd).statPath(textAt(at, length), follow));
        },
        path_create_directory: (fd, at, length) => directory(fd).makeDirectory(textAt(at, length)),
        path_remove_directory: (fd, at, length) =>
            directory(fd).removeDirectory(textAt(at, length)),
        path_unlink_file: (fd, at, length) => directory(fd).unlink(textAt(at, length)),
        path_rename: (fd, at, length, toFd, toAt, toLength) =>
            directory(fd).rename(textAt(at, length), directory(toFd), textAt(toAt, toLength)),
        path_link: (fd, lookup, at, length, toFd, toAt, toLength) =>
            directory(fd).link(textAt(at, length), directory(toFd), textAt(toAt, toLength)),
        path_symlink: (targetAt, targetLength, fd, at, length) =>
            directory(fd).symlink(textAt(targetAt, targetLength), textAt(at, length)),
        path_readlink(fd, at, length, to, size, resultAt) {
            const target = directory(fd).readlink(textAt(at, length)).slice(0, size >>> 0);
            putText(target, to);
            setU32(resultAt, target.length);
        },
    };

    const imports = {};
    for (const [name, call] of Object.entries(calls))
        imports[name] = (...parameters) => {
            try {
                call(...parameters);
                return ERRNO.SUCCESS;
            } catch (error) {
                if (error instanceof Exit) throw error;
                return errorNumber(error);
            }
        };
    return {
        imports: { wasi_snapshot_preview1: imports },
        setMemory(instanceMemory) { memory = instanceMemory; },
    };
}
