"""Prints parts of a WebAssembly module: its imports, exports, memory, or the names of functions.

usage: module_parts.py imports|exports|memory|functions MODULE
"""
import sys


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def leb(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def take(self, size):
        self.at += size
        return self.data[self.at - size : self.at]

    def name(self):
        return self.take(self.leb()).decode()


def limits(reader):
    flags = reader.leb()
    return [reader.leb()] + ([reader.leb()] if flags & 1 else [])


def sections(data):
    reader = Reader(data)
    assert reader.take(8) == b"\0asm\1\0\0\0", "not a module"
    while reader.at < len(data):
        kind = reader.byte()
        yield kind, Reader(reader.take(reader.leb()))


def imports(kind, section):
    if kind != 2:
        return
    for _ in range(section.leb()):
        module, name, what = section.name(), section.name(), section.byte()
        if what == 0:
            section.leb()
            print(module, name)
        else:
            sys.exit(f"import of something else than a function: {module} {name}")


def exports(kind, section):
    if kind != 7:
        return
    for _ in range(section.leb()):
        name, what = section.name(), section.byte()
        section.leb()
        print(["function", "table", "memory", "global"][what], name)


def memory(kind, section):
    if kind == 5:
        for _ in range(section.leb()):
            print(*limits(section))


def functions(kind, section):
    if kind != 0 or section.name() != "name":
        return
    while section.at < len(section.data):
        subsection, part = section.byte(), Reader(section.take(section.leb()))
        if subsection == 1:
            for _ in range(part.leb()):
                part.leb()
                print(part.name())


show = {"imports": imports, "exports": exports, "memory": memory, "functions": functions}[sys.argv[1]]
with open(sys.argv[2], "rb") as module:
    for kind, section in sections(module.read()):
        show(kind, section)
