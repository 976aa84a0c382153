// What the WASI host (wasi.mjs) needs of Node: clocks, entropy, sleeping, standard streams, files.
import fs from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { isatty } from 'node:tty';
import { Errno, FILETYPE, RIGHTS } from './wasi.mjs';

const { constants } = fs;

// Strings whose characters are bytes, as wasi.mjs has them, so that no name is too odd.
export const byteString = text => Buffer.from(text, 'utf8').toString('latin1');
const hostPath = bytes => Buffer.from(bytes, 'latin1');

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const wallOffset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

export const platform = {
    // The wall clock has milliseconds; the monotonic clock's finer digits make it strictly rising
    // in between.  A difference means that somebody has set the clock.
    now(clock) {
        const monotonic = process.hrtime.bigint();
        if (clock === 1) return monotonic;
        const fine = monotonic + wallOffset, coarse = BigInt(Date.now()) * 1_000_000n;
        const difference = fine - coarse;
        return difference > -2_000_000n && difference < 3_000_000n ? fine : coarse;
    },
    random: bytes => randomFillSync(bytes),
    sleep(nanoseconds) {
        const end = process.hrtime.bigint() + nanoseconds;
        for (let rest = nanoseconds; rest > 0n; rest = end - process.hrtime.bigint())
            Atomics.wait(sleeper, 0, 0, Math.min(Number(rest) / 1e6, 2 ** 30));
    },
};

function filetypeOf(stats) {
    if (stats.isFile()) return FILETYPE.regular;
    if (stats.isDirectory()) return FILETYPE.directory;
    if (stats.isSymbolicLink()) return FILETYPE.symlink;
    if (stats.isCharacterDevice()) return FILETYPE.character;
    if (stats.isBlockDevice()) return FILETYPE.block;
    if (stats.isSocket()) return FILETYPE.socket;
    return FILETYPE.unknown; // a FIFO: preview 1 has none
}

function toStat(stats) {
    return { dev: stats.dev, ino: stats.ino, filetype: filetypeOf(stats), nlink: stats.nlink,
        size: stats.size, atime: stats.atimeNs, mtime: stats.mtimeNs, ctime: stats.ctimeNs };
}

/** An open file or standard stream; `position` is null while the system's own one counts. */
class File {
    constructor(fd, stats, { append = false, position = 0n } = {}) {
        this.fd = fd;
        this.filetype = filetypeOf(stats);
        this.flags = append ? 1 : 0;
        this.append = append;
        const seekable = this.filetype === FILETYPE.regular || this.filetype === FILETYPE.block;
        this.position = seekable ? position : null;
        this.seekable = seekable;
        // Modules know a terminal as a character device without seek rights.
        const streams = !seekable && (this.filetype !== FILETYPE.character || isatty(fd));
        this.rights = streams ? RIGHTS.all & ~(RIGHTS.seek | RIGHTS.tell) : RIGHTS.all;
        this.inheriting = 0n;
    }

    stat() { return toStat(fs.fstatSync(this.fd, { bigint: true })); }

    read(bytes) {
        const n = this.transfer(() => fs.readSync(this.fd, bytes, 0, bytes.length, this.position));
        if (this.position !== null) this.position += BigInt(n);
        return n;
    }

    write(bytes) {
        const position = this.append || this.position === null ? null : Number(this.position);
        const n = this.transfer(() => fs.writeSync(this.fd, bytes, 0, bytes.length, position));
        if (this.append && this.position !== null)
            this.position = fs.fstatSync(this.fd, { bigint: true }).size;
        else if (this.position !== null)
            this.position += BigInt(n);
        return n;
    }

    /** Calls `operation` until it does not say EAGAIN: whoever shares a stream with us may have
     * made it non-blocking. */
    transfer(operation) {
        for (let pause = 100_000n;; pause = pause < 10_000_000n ? pause * 2n : pause) {
            try {
                return operation();
            } catch (error) {
                if (error.code === 'EOF') return 0;
                if (error.code !== 'EAGAIN') throw error;
            }
            platform.sleep(pause);
        }
    }

    requireSeekable() {
        if (!this.seekable) throw new Errno('ESPIPE');
    }

    readAt(bytes, offset) {
        this.requireSeekable();
        return fs.readSync(this.fd, bytes, 0, bytes.length, offset);
    }

    writeAt(bytes, offset) {
        this.requireSeekable();
        return fs.writeSync(this.fd, bytes, 0, bytes.length, Number(offset));
    }

    seek(offset, whence) {
        this.requireSeekable();
        const start = [() => 0n, () => this.position ?? this.systemPosition(),
            () => fs.fstatSync(this.fd, { bigint: true }).size][whence];
        if (!start) throw new Errno('EINVAL');
        const position = start() + offset;
        if (position < 0n) throw new Errno('EINVAL');
        if (whence !== 1 || offset !== 0n) this.position = position;
        return position;
    }

    /** The offset that this process shares with others; Node has no lseek. */
    systemPosition() {
        const match = /^pos:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${this.fd}`, 'latin1'));
        if (!match) throw new Errno('ESPIPE');
        return BigInt(match[1]);
    }

    truncate(size) { fs.ftruncateSync(this.fd, size); }

    setTimes(atime, mtime) {
        const stats = fs.fstatSync(this.fd, { bigint: true });
        const seconds = time => Number(time) / 1e9;
        fs.futimesSync(this.fd, seconds(atime ?? stats.atimeNs), seconds(mtime ?? stats.mtimeNs));
    }

    sync() { fs.fsyncSync(this.fd); }
    close() { fs.closeSync(this.fd); }
    ready() { return true; }
}

/** Standard input from a pipe or terminal.  Whether it has data is found out by reading one byte
 * through a second, non-blocking descriptor of the same stream; that byte is kept for the next
 * read.  Where the stream cannot be opened again (a socket), it counts as ready and reading waits. */
class InputStream extends File {
    held = null; // a byte, or -1 for the end
    probe = undefined; // descriptor, null: none

    openProbe() {
        if (this.probe !== undefined) return;
        try {
            const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
            this.probe = fs.openSync(`/proc/self/fd/${this.fd}`, flags);
        } catch {
            this.probe = null;
        }
    }

    ready(write) {
        if (write || this.held !== null) return true;
        this.openProbe();
        if (this.probe === null) return true;
        const byte = new Uint8Array(1);
        try {
            this.held = fs.readSync(this.probe, byte, 0, 1, null) ? byte[0] : -1;
        } catch (error) {
            return error.code !== 'EAGAIN';
        }
        return true;
    }

    read(bytes) {
        if (this.held === null) return super.read(bytes);
        const held = this.held;
        this.held = null;
        if (held < 0) return 0;
        bytes[0] = held;
        if (bytes.length === 1) return 1;
        try {
            return 1 + fs.readSync(this.probe, bytes, 1, bytes.length - 1, null);
        } catch {
            return 1; // the error, if it is one, comes again
        }
    }
}

const MAX_LINKS = 40;

/** A directory: its own path stays fixed; paths below it are walked here, since Node has no openat.
 * They cannot leave it by "..", by a link, or by an absolute path. */
class Directory {
    constructor(path, fd, preopen) {
        this.path = path;
        this.fd = fd;
        this.preopen = preopen;
        this.filetype = FILETYPE.directory;
        this.flags = 0;
        this.rights = RIGHTS.all & ~(RIGHTS.seek | RIGHTS.tell | RIGHTS.read | RIGHTS.write);
        this.inheriting = RIGHTS.all;
        this.listing = null;
    }

    /** The host path that `path` names; links in it are followed, the last one only on demand. */
    resolve(path, follow) {
        if (path.startsWith('/')) throw new Errno('ENOTCAPABLE');
        if (path === '') throw new Errno('ENOENT');
        const open = path.split('/').reverse(), walked = [];
        let links = 0;
        while (open.length) {
            const name = open.pop();
            if (name === '' || name === '.') continue;
            if (name.includes('\0')) throw new Errno('EILSEQ');
            if (name === '..') {
                if (!walked.length) throw new Errno('ENOTCAPABLE');
                walked.pop();
                continue;
            }
            walked.push(name);
            const last = open.every(part => part === '' || part === '.');
            if (last && !follow) continue;
            const target = this.linkTarget(walked);
            if (target === null) continue;
            if (++links > MAX_LINKS) throw new Errno('ELOOP');
            if (target.startsWith('/')) throw new Errno('ENOTCAPABLE');
            walked.pop();
            open.push(...target.split('/').reverse());
        }
        return hostPath([this.path, ...walked].join('/'));
    }

    linkTarget(walked) {
        try {
            const path = hostPath([this.path, ...walked].join('/'));
            return fs.readlinkSync(path, { encoding: 'buffer' }).toString('latin1');
        } catch (error) {
            if (error.code === 'EINVAL' || error.code === 'ENOENT') return null;
            throw error;
        }
    }

    open(path, options) {
        const place = this.resolve(path, options.follow);
        let flags = options.write ? options.read ? constants.O_RDWR : constants.O_WRONLY
            : constants.O_RDONLY;
        if (options.create) flags |= constants.O_CREAT;
        if (options.exclusive) flags |= constants.O_EXCL;
        if (options.truncate) flags |= constants.O_TRUNC;
        if (options.append) flags |= constants.O_APPEND;
        if (options.directory) flags |= constants.O_DIRECTORY;
        // A FIFO without a peer must not stop everything.
        const fd = fs.openSync(place, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o666);
        const stats = fs.fstatSync(fd, { bigint: true });
        return stats.isDirectory() ? new Directory(place.toString('latin1'), fd)
            : new File(fd, stats, { append: options.append });
    }

    entries() {
        const listing = [];
        for (const name of fs.readdirSync(hostPath(this.path), { encoding: 'buffer' })) {
            const text = name.toString('latin1');
            try {
                const stats = fs.lstatSync(hostPath(`${this.path}/${text}`), { bigint: true });
                listing.push({ name: text, ino: stats.ino, filetype: filetypeOf(stats) });
            } catch (error) {
                if (error.code !== 'ENOENT') throw error; // removed meanwhile
            }
        }
        return listing;
    }

    stat() { return toStat(fs.fstatSync(this.fd, { bigint: true })); }
    statPath(path, follow) {
        return toStat(fs.lstatSync(this.resolve(path, follow), { bigint: true }));
    }
    makeDirectory(path) { fs.mkdirSync(this.resolve(path, false)); }
    removeDirectory(path) { fs.rmdirSync(this.resolve(path, false)); }
    unlink(path) { fs.unlinkSync(this.resolve(path, false)); }
    rename(path, toDirectory, to) {
        fs.renameSync(this.resolve(path, false), toDirectory.resolve(to, false));
    }
    link(path, toDirectory, to) {
        fs.linkSync(this.resolve(path, false), toDirectory.resolve(to, false));
    }
    symlink(target, path) { fs.symlinkSync(hostPath(target), this.resolve(path, false)); }
    readlink(path) {
        return fs.readlinkSync(this.resolve(path, false), { encoding: 'buffer' }).toString('latin1');
    }

    read() { throw new Errno('EISDIR'); }
    write() { throw new Errno('EBADF'); }
    readAt() { throw new Errno('EISDIR'); }
    writeAt() { throw new Errno('EBADF'); }
    seek() { throw new Errno('EISDIR'); }
    truncate() { throw new Errno('EINVAL'); }
    setTimes(atime, mtime) { File.prototype.setTimes.call(this, atime, mtime); }
    sync() { fs.fsyncSync(this.fd); }
    close() { fs.closeSync(this.fd); }
    ready() { return true; }
}

/** A standard stream; one that is closed reads as empty and refuses writing. */
export function standardStream(fd) {
    let stats;
    try {
        stats = fs.fstatSync(fd, { bigint: true });
    } catch {
        return undefined;
    }
    const waits = stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice();
    return fd === 0 && waits ? new InputStream(fd, stats) : new File(fd, stats, { position: null });
}

/** A host directory under its guest name.  Throws the system's error if it cannot be opened. */
export function preopenDirectory(path, guestName) {
    const real = fs.realpathSync(path, { encoding: 'buffer' });
    const fd = fs.openSync(real, constants.O_RDONLY | constants.O_DIRECTORY);
    return new Directory(real.toString('latin1'), fd, byteString(guestName));
}
