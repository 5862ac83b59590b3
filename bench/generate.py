# SPDX-License-Identifier: MIT
"""Objects that nobody would write, each the extreme of one thing: the set "syn" of `make bench`.

calls_*      10,000 functions with 6 calls inside and 3 outside each, compiled in four code models
abs64        a million words: addresses of 10,000 global functions in random order
abs64loc     a million words: addresses in one section
abs64ext     a million words: addresses of 1,000 imports
imports100k  a hundred thousand words, each the address of another import
inside       half a million calls inside 8 MB of code, and nothing else
sections30k  30,000 sections of code with a record each: 60,000 headers
grow_*       the same with 10 times more of one thing in each step
"""
import random
import struct
import subprocess

R_64, R_PC32 = 1, 2
PROGBITS, SYMTAB, STRTAB, RELA, SYMTAB_SHNDX = 1, 2, 3, 4, 18
WRITE, ALLOC, EXEC = 1, 2, 4
XINDEX, LORESERVE, ABS = 0xffff, 0xff00, 0xfff1
ABSOLUTE = -1  # instead of a section

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RECORD = struct.Struct("<QQq")


class Object:
    """An ELF64 relocatable object in the making."""

    def __init__(self):
        self.sections = [(0, 0, 0, b"", 0, 0, 0, 0)]
        self.names = bytearray(b"\0")
        self.symbols = []
        self.strings = bytearray(b"\0")
        self.globals = None

    def section(self, name, kind, flags, data, link=0, info=0, align=16, entry=0):
        if isinstance(name, str):
            name, offset = name.encode() + b"\0", len(self.names)
            self.names += name
        else:
            offset = name
        self.sections.append((offset, kind, flags, data, link, info, align, entry))
        return len(self.sections) - 1

    def symbol(self, name, info, section, value=0, size=0):
        """Locals first. Returns the index."""
        if info >> 4 and self.globals is None:
            self.globals = len(self.symbols) + 1
        offset = 0
        if name:
            offset = len(self.strings)
            self.strings += name.encode() + b"\0"
        self.symbols.append((offset, info, section, value, size))
        return len(self.symbols)

    def finish(self):
        """Symbol tables: the string table is the next to last section."""
        first = self.globals or len(self.symbols) + 1
        big = any(section >= LORESERVE for _, _, section, _, _ in self.symbols)
        table = bytearray(24)
        for offset, info, section, value, size in self.symbols:
            number = ABS if section == ABSOLUTE else section if section < LORESERVE else XINDEX
            table += SYMBOL.pack(offset, info, 0, number, value, size)
        at = len(self.sections)
        self.section(".symtab", SYMTAB, 0, bytes(table), at + 1, first, 8, 24)
        self.section(".strtab", STRTAB, 0, bytes(self.strings), align=1)
        if big:
            indices = struct.pack("<I", 0) + b"".join(
                struct.pack("<I", s if s >= LORESERVE else 0) for _, _, s, _, _ in self.symbols)
            self.section(".symtab_shndx", SYMTAB_SHNDX, 0, indices, at, align=4, entry=4)
        return at

    def write(self, path):
        strings = self.section(".shstrtab", STRTAB, 0, b"", align=1)
        self.sections[strings] = (*self.sections[strings][:3], bytes(self.names), *self.sections[strings][4:])
        count = len(self.sections)
        offset, table, body = HEADER.size, bytearray(), []
        for name, kind, flags, data, link, info, align, entry in self.sections:
            pad = -offset % (align or 1)
            body.append(b"\0" * pad + data)
            offset += pad
            table += SECTION.pack(name, kind, flags, 0, offset if kind else 0, len(data), link, info, align, entry)
            offset += len(data)
        if count >= LORESERVE:
            table[0:64] = SECTION.pack(0, 0, 0, 0, 0, count, strings, 0, 0, 0)
        pad = -offset % 8
        header = HEADER.pack(b"\x7fELF\2\1\1" + bytes(9), 1, 62, 1, 0, 0, offset + pad, 0, 64, 0, 0, 64,
                             count if count < LORESERVE else 0, strings if strings < LORESERVE else XINDEX)
        partial = path.with_suffix(".new")
        with open(partial, "wb") as file:
            file.write(header)
            file.writelines(body)
            file.write(b"\0" * pad + table)
        partial.rename(path)


def words(path, records, targets=0, imports=0, local=False):
    """8-byte fields in .data, each the address of a global function, of an import or in .text."""
    rng = random.Random(records + targets)
    obj = Object()
    text = obj.section(".text", PROGBITS, ALLOC | EXEC, b"\xc3" * 16 * max(targets, 1))
    data = obj.section(".data", PROGBITS, WRITE | ALLOC, bytes(8 * records))
    obj.symbol("", 3, text)
    for i in range(targets):
        obj.symbol(f"function_{i}", 0x12, text, 16 * i, 16)
    if not targets:
        obj.symbol("somewhere", 0x12, text, 0, 16)
    for i in range(imports):
        obj.symbol(f"import_of_others_{i}", 0x10, 0)
    many = targets or imports or 1
    first = 1 if local else 2 if targets else 3
    if local:
        rows = (RECORD.pack(8 * i, 1 << 32 | R_64, 8 * (i & 7)) for i in range(records))
    elif imports == records:
        rows = (RECORD.pack(8 * i, (first + i) << 32 | R_64, 0) for i in range(records))
    else:
        rows = (RECORD.pack(8 * i, (first + rng.randrange(many)) << 32 | R_64, 0) for i in range(records))
    rela = b"".join(rows)
    symtab = obj.finish()
    obj.section(".rela.data", RELA, 0, rela, symtab, data, 8, 24)
    obj.write(path)


def inside(path, count):
    """Code that calls only itself: nothing depends on where it lies."""
    obj = Object()
    text = obj.section(".text", PROGBITS, ALLOC | EXEC, b"\xe8\0\0\0\0\x0f\x1f\x84\0\0\0\0\0\xc3\xcc\xcc" * count)
    obj.symbol("", 3, text)
    obj.symbol("somewhere", 0x12, text, 0, 16)
    rela = b"".join(RECORD.pack(16 * i + 1, 1 << 32 | 4, 16 * (i * 7919 % count) - 4) for i in range(count))
    obj.section(".rela.text", RELA, 0, rela, obj.finish(), text, 8, 24)
    obj.write(path)


def sections(path, count):
    """`count` sections of one function, each with a record: a call of the next one."""
    obj = Object()
    code = [obj.section(f".rela.text.f{i}", PROGBITS, ALLOC | EXEC, b"\xe8\0\0\0\0\xc3") for i in range(count)]
    names = [obj.sections[number][0] for number in code]
    for number, name in zip(code, names):
        # The name of code is the end of its records' name.
        obj.sections[number] = (name + len(".rela"), *obj.sections[number][1:])
    for i, number in enumerate(code):
        obj.symbol(f"f{i}", 0x12, number, 0, 6)
    symtab = obj.finish()
    for i, number in enumerate(code):
        obj.section(names[i], RELA, 0, RECORD.pack(1, (1 + (i + 1) % count) << 32 | 4, -4), symtab, number, 8, 24)
    obj.write(path)


def symbols(path, count, info=0x12):
    """`count` functions that nothing refers to."""
    obj = Object()
    text = obj.section(".text", PROGBITS, ALLOC | EXEC, b"\xc3" * 4096)
    for i in range(count):
        obj.symbol(f"definition_of_ours_{i}", info, text, i % 4096, 1)
    obj.finish()
    obj.write(path)


def calls(path, *flags):
    rng = random.Random(1)
    source = [f"extern int outer_{i}(int);" for i in range(1000)]
    source += [f"int inner_{i}(int);" for i in range(10000)] + ["extern int outside[], beyond[];"]
    for i in range(10000):
        inner = " + ".join(f"inner_{rng.randrange(10000)}(x)" for _ in range(6))
        outer = " + ".join(f"outer_{rng.randrange(1000)}(x)" for _ in range(3))
        source.append(f"int inner_{i}(int x) {{ return {inner} + {outer} + outside[{i % 64}] + beyond[{i % 61}]; }}")
    file = path.with_suffix(".c")
    file.write_text("\n".join(source) + "\n")
    partial = path.with_suffix(".new")
    subprocess.run(["gcc", "-c", "-O1", "-fno-inline", "-fno-ipa-cp", "-fno-ipa-sra", "-fno-ipa-icf",
                    "-fno-asynchronous-unwind-tables", *flags,
                    str(file), "-o", str(partial)], check=True)
    file.unlink()
    partial.rename(path)


def definitions(path, names):
    """What linkers need to be given beside an object: its imports, as absolute symbols."""
    obj = Object()
    for i, name in enumerate(names):
        obj.symbol(name, 0x10, ABSOLUTE, 0x70000000 + 16 * i)
    obj.finish()
    obj.write(path)


STEPS = (1000, 10000, 100000, 1000000)
OBJECTS = {
    "calls_small": (calls, "-fno-pic", "-mcmodel=small"),
    "calls_pic": (calls, "-fPIC", "-fno-plt"),
    "calls_large": (calls, "-fno-pic", "-mcmodel=large"),
    "calls_kernel": (calls, "-fno-pic", "-mcmodel=kernel"),
    "abs64": (words, 1000000, 10000),
    "abs64loc": (words, 1000000, 0, 0, True),
    "abs64ext": (words, 1000000, 0, 1000),
    "imports100k": (words, 100000, 0, 100000),
    "sections30k": (sections, 30000),
    "inside": (inside, 500000),
    **{f"grow_relocs_{n}": (words, n, 1000) for n in STEPS},
    **{f"grow_imports_{n}": (words, n, 0, n) for n in STEPS},
    **{f"grow_symbols_{n}": (symbols, n) for n in STEPS},
    **{f"grow_locals_{n}": (symbols, n, 0x02) for n in STEPS},
    **{f"grow_sections_{n}": (sections, n) for n in (300, 1000, 3000, 10000, 30000, 40000)},
}


def ensure(folder):
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in OBJECTS if not (folder / f"{name}.o").is_file()]
    if missing:
        print(f"bench: generating {len(missing)} objects", flush=True)
    for name in missing:
        function, *arguments = OBJECTS[name]
        function(folder / f"{name}.o", *arguments)
