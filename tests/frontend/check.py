"""Cases of the front end's tests (protocol: tests/README.md) and a reader of root file system images."""
import os
import re
import struct
import subprocess
import sys

C2W = os.environ['C2W']


def ok(name): print('ok', name, flush=True)
def not_ok(name, why): print('not ok %s: %s' % (name, why), flush=True)
def skip(name, why): print('skip %s: %s' % (name, why), flush=True)


def check(name, condition, why=''):
    ok(name) if condition else not_ok(name, why or 'does not hold')


def same(name, expected, actual):
    check(name, expected == actual, 'expected %r, got %r' % (expected, actual))


def write(path, data, mode=None):
    with open(path, 'wb') as out:
        out.write(data)
    if mode is not None:
        os.chmod(path, mode)
    return path


def tool(*words, **kw):
    kw.setdefault('stdin', subprocess.DEVNULL)
    return subprocess.run([C2W, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100, **kw)


def leftovers(before):
    """What is new in the scratch folder, which is TMPDIR too."""
    return sorted(set(os.listdir('.')) - set(before))


def fails(name, pattern, *words, status=1, **kw):
    """The tool says one line that matches, ends with the status and leaves nothing behind."""
    before = os.listdir('.')
    done = tool(*words, **kw)
    errors = done.stderr.decode(errors='replace')
    if done.returncode != status:
        not_ok(name, 'exit status %d, not %d: %r' % (done.returncode, status, errors[-400:]))
    elif errors.count('\n') != 1 or not errors.startswith('c2w-aot: '):
        not_ok(name, 'not one line: %r' % errors[-600:])
    elif not re.search(pattern, errors):
        not_ok(name, 'the message does not say %r: %r' % (pattern, errors))
    elif leftovers(before):
        not_ok(name, 'left behind: %s' % leftovers(before))
    else:
        ok(name)


def bad_image(name, pattern, data, *options):
    """An image that the tool refuses, as a file."""
    write('bad.img', data)
    fails(name, pattern, 'build', '-q', '--rootfs-only', 'bad.img', '-o', 'out', *options)
    os.unlink('bad.img')


class Inode:
    def __init__(self, number, fields):
        self.number = number
        (self.mode, self.uid, self.gid, self.nlink, self.size, self.data, self.mtime, self.mtime_ns,
         self.entry_count, self.parent, self.xattr_count, self.xattrs) = fields
        self.content = None


class Rootfs:
    """runtime/rootfs.h, read independently of the tool; files by path."""
    INODE, ENTRY = '<IIIIQQqIIIIQ', '<IHHI'

    def __init__(self, data):
        self.data = data
        (magic, self.size, self.inode_count, self.entry_count, self.inodes, self.entries, self.strings,
         self.start, self.strings_size, self.config_at, self.config_size) = struct.unpack_from(
             '<8sQIIQQQQQQQ', data)
        assert magic == b'C2WROOT1' and self.size == len(data), (magic, self.size, len(data))
        self.files = {}
        self.walk(1, '')
        self.read_config()

    def text(self, offset, length):
        return self.data[self.strings + offset:self.strings + offset + length].decode('utf-8', 'surrogateescape')

    def inode(self, number):
        size = struct.calcsize(self.INODE)
        inode = Inode(number, struct.unpack_from(self.INODE, self.data, self.inodes + (number - 1) * size))
        kind = inode.mode & 0o170000
        if kind == 0o100000:
            assert inode.data % 8 == 0
            inode.content = self.data[inode.data:inode.data + inode.size]
        elif kind == 0o120000:
            inode.content = self.text(inode.data, inode.size)
        at, inode.attributes = self.strings + inode.xattrs, {}
        for _ in range(inode.xattr_count):
            end = self.data.index(0, at)
            length, = struct.unpack_from('<I', self.data, end + 1)
            inode.attributes[self.data[at:end].decode()] = self.data[end + 5:end + 5 + length]
            at = end + 5 + length
        return inode

    def walk(self, number, path):
        inode = self.inode(number)
        self.files[path or '/'] = inode
        if inode.mode & 0o170000 != 0o040000:
            return
        size, names = struct.calcsize(self.ENTRY), []
        for i in range(inode.data, inode.data + inode.entry_count):
            name, length, _, child = struct.unpack_from(self.ENTRY, self.data, self.entries + i * size)
            names.append(self.text(name, length))
            self.walk(child, path + '/' + names[-1])
        assert names == sorted(names, key=lambda n: n.encode('utf-8', 'surrogateescape'))

    def read_config(self):
        fixed = struct.unpack_from('<38I', self.data, self.config_at)
        counts, (self.uid, self.gid, group_count) = fixed[:3], fixed[3:6]
        self.groups = list(fixed[6:6 + group_count])
        words = self.data[self.config_at + 152:self.config_at + self.config_size].decode().split('\0')
        self.entrypoint, words = words[:counts[0]], words[counts[0]:]
        self.cmd, words = words[:counts[1]], words[counts[1]:]
        self.env, words = words[:counts[2]], words[counts[2]:]
        self.working_directory, self.host_name = words[0], words[1]


def build(image, *options, **kw):
    """The root file system image of an image (a path); raises with the tool's message."""
    done = tool('build', '--rootfs-only', image, '-o', 'out.img', *options, **kw)
    if done.returncode:
        raise AssertionError(done.stderr.decode(errors='replace'))
    with open('out.img', 'rb') as data:
        result = data.read()
    os.unlink('out.img')
    return Rootfs(result)


def case(function):
    """Runs a function as a case: an assertion that fails or an exception is its reason."""
    name = function.__name__.replace('_', ' ')
    try:
        function()
    except Exception as error:  # reported, whatever it is
        not_ok(name, ('%s: %s' % (type(error).__name__, error)).replace('\n', ' ')[:600])
    else:
        ok(name)
    return function
