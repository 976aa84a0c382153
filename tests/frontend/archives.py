"""Makes images of every form, good and bad, for the front end's tests."""
import gzip
import hashlib
import io
import json
import os
import struct
import subprocess
import tarfile

BLOCK = 512


# --- ELF files ---

def elf(kind=2, machine=243, elf_class=2, data=1, entry=None, segments=None, interpreter=None,
        phentsize=56, phnum=None, phoff=64, code=bytes.fromhex('9308d00573000000')):
    """A small riscv64 program: `li a7, 93; ecall`.  segments: (type, flags, offset, address,
    file size, memory size, alignment) or None for one that covers the file."""
    headers = 2 if interpreter else 1
    start = 64 + 56 * (len(segments) if segments is not None else headers)
    body = code + ((interpreter.encode() + b'\0') if interpreter else b'')
    base = 0x10000 if kind == 2 else 0
    size = start + len(body)
    if segments is None:
        segments = [(1, 5, 0, base, size, size, 0x1000)]
        if interpreter:
            segments.append((3, 4, start + len(code), base + start + len(code), len(interpreter) + 1,
                             len(interpreter) + 1, 1))
    if entry is None:
        entry = base + start
    header = b'\x7fELF' + bytes([elf_class, data, 1, 0]) + bytes(8)
    if elf_class == 1:
        return header + struct.pack('<HHIIIIIHHHHHH', kind, machine, 1, entry, 52, 0, 0, 52, 32, 0, 40,
                                    0, 0) + code
    header += struct.pack('<HHIQQQIHHHHHH', kind, machine, 1, entry, phoff, 0, 0, 64, phentsize,
                          len(segments) if phnum is None else phnum, 64, 0, 0)
    table = b''.join(struct.pack('<IIQQQQQQ', t, f, o, a, a, fs, ms, al)
                     for t, f, o, a, fs, ms, al in segments)
    return header + table + body


PROGRAM = elf()


# --- tar archives ---

def member(name, data=b'', mode=None, kind=tarfile.REGTYPE, link='', uid=0, gid=0, mtime=0,
           pax=None, device=(0, 0)):
    info = tarfile.TarInfo(name)
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    info.mode = mode if mode is not None else (0o755 if kind == tarfile.DIRTYPE else 0o644)
    info.type, info.linkname, info.uid, info.gid, info.mtime = kind, link, uid, gid, mtime
    info.devmajor, info.devminor = device
    info.pax_headers = dict(pax or {})
    return info, data


def file(name, data=b'', **kw): return member(name, data, **kw)
def program(name, **kw): return member(name, kw.pop('data', PROGRAM), mode=kw.pop('mode', 0o755), **kw)
def directory(name, **kw): return member(name, kind=tarfile.DIRTYPE, **kw)
def symlink(name, to, **kw): return member(name, kind=tarfile.SYMTYPE, link=to, **kw)
def hardlink(name, to, **kw): return member(name, kind=tarfile.LNKTYPE, link=to, **kw)
def device(name, major, minor, block=False, **kw):
    return member(name, kind=tarfile.BLKTYPE if block else tarfile.CHRTYPE, device=(major, minor), **kw)
def fifo(name, **kw): return member(name, kind=tarfile.FIFOTYPE, **kw)


def tar(*members, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=form) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def raw_header(name, size, typeflag=b'0', magic=b'ustar\x0000', checksum=None, size_field=None):
    """One ustar header, with any size."""
    field = size_field or b'%011o\0' % size
    header = bytearray(BLOCK)
    header[0:len(name)] = name
    header[100:108], header[108:116], header[116:124] = b'0000755\0', b'0000000\0', b'0000000\0'
    header[124:136], header[136:148], header[148:156] = field, b'00000000000\0', b'        '
    header[156:157], header[257:265] = typeflag, magic
    header[148:156] = checksum or b'%06o\0 ' % sum(header)
    return bytes(header)


def pad(data):
    return data + bytes(-len(data) % BLOCK)


def pack(data, how):
    if how == 'gzip':
        return gzip.compress(data, mtime=0)
    if how == 'zstd':
        return subprocess.run(['zstd', '-q', '-c'], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


# --- images ---

def sha256(data): return hashlib.sha256(data).hexdigest()


class Image:
    """An image from layer archives; every part can be spoilt before it is written."""

    def __init__(self, *layers, packing='', config=None, machine='riscv64', diff_ids=None, **more):
        self.plain = list(layers)
        self.packing = packing if isinstance(packing, (list, tuple)) else [packing] * len(layers)
        self.layers = [pack(layer, how) for layer, how in zip(layers, self.packing)]
        container = {'Entrypoint': ['/bin/program']}
        container.update(config or {})
        self.config = {'architecture': machine, 'os': 'linux', 'config': container,
                       'rootfs': {'type': 'layers',
                                  'diff_ids': diff_ids or ['sha256:' + sha256(x) for x in layers]}}
        self.config.update(more)
        self.digests = {}  # layer number -> digest said in the manifest

    def blobs(self):
        """OCI blobs by digest and the manifest's descriptor."""
        blobs = {}

        def add(data, media, **more):
            digest = sha256(data)
            blobs[digest] = data
            return {'mediaType': media, 'digest': 'sha256:' + digest, 'size': len(data), **more}
        base = 'application/vnd.oci.image.'
        suffix = {'': '', 'gzip': '+gzip', 'zstd': '+zstd'}
        layers = [add(data, base + 'layer.v1.tar' + suffix[how])
                  for data, how in zip(self.layers, self.packing)]
        for number, digest in self.digests.items():
            blobs[digest] = self.layers[number]
            layers[number]['digest'] = 'sha256:' + digest
        config = add(json.dumps(self.config).encode(), base + 'config.v1+json')
        manifest = {'schemaVersion': 2, 'mediaType': base + 'manifest.v1+json', 'config': config,
                    'layers': layers}
        platform = {'architecture': self.config['architecture'], 'os': 'linux'}
        return blobs, add(json.dumps(manifest).encode(), base + 'manifest.v1+json', platform=platform)

    def oci_files(self, *others):
        """Files of an OCI layout with this image and others in its index."""
        files = {'oci-layout': b'{"imageLayoutVersion": "1.0.0"}'}
        descriptors = []
        for image in (self,) + others:
            blobs, descriptor = image.blobs()
            descriptors.append(descriptor)
            files.update({'blobs/sha256/' + digest: data for digest, data in blobs.items()})
        files['index.json'] = json.dumps({'schemaVersion': 2, 'manifests': descriptors}).encode()
        return files

    def docker_files(self):
        """Files of `docker save` before version 25."""
        config = json.dumps(self.config).encode()
        names = [sha256(data) + '/layer.tar' for data in self.layers]
        files = {name: data for name, data in zip(names, self.layers)}
        files[sha256(config) + '.json'] = config
        files['manifest.json'] = json.dumps(
            [{'Config': sha256(config) + '.json', 'RepoTags': ['t:latest'], 'Layers': names}]).encode()
        return files


def archive_of(files):
    return tar(*(file(name, data) for name, data in sorted(files.items())))


def oci(image, *others): return archive_of(image.oci_files(*others))
def docker(image): return archive_of(image.docker_files())


def write_files(root, files):
    for name, data in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as out:
            out.write(data)


def basic(*members, **kw):
    """An image with /bin/program and these members in one layer."""
    return Image(tar(directory('bin'), program('bin/program'), *members), **kw)
