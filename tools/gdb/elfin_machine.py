# SPDX-License-Identifier: MIT
"""The machine behind QEMU's stub: its memory, what firmware and files say, what GDB knows."""
import base64
import contextlib
import json
import os
import re
import struct
import zlib

import gdb

MEBI = 1 << 20
# UEFI specification, "EFI Debug Support Protocol": EFI_SYSTEM_TABLE_POINTER, and the GUID of the
# table of images.
TABLE_STEP = 4 * MEBI
TABLE_SIGNATURE = b'IBI SYST'
IMAGES_GUID = bytes.fromhex('772e1549da1a6447b7a27afefed95e8b')
IMAGES_MAX = 4096
# include/elfin/kernel.h
KERNEL_MAGIC = b'elkernel'
KERNEL_SIZE_MAX = 64 * MEBI
PAGE = 4096


def quoted(path):
    return '"' + path.replace('\\', '\\\\').replace('"', '\\"') + '"'


def read(address, size):
    """Bytes of memory; None: they are not there."""
    try:
        return gdb.selected_inferior().read_memory(address, size).tobytes()
    except gdb.error:
        return None


def read_word(address):
    data = read(address, 8)
    return int.from_bytes(data, 'little') if data else 0


def evaluate(expression):
    """Of a C expression, whatever language the code is in that the machine has stopped in."""
    language = gdb.parameter('language')
    gdb.execute('set language c', to_string=True)
    try:
        return gdb.parse_and_eval(expression)
    finally:
        gdb.execute(f'set language {language}', to_string=True)


def register(name):
    return int(evaluate('$' + name)) & 0xffffffffffffffff


# ---- QEMU


def monitor(command):
    try:
        return gdb.execute('monitor ' + command, to_string=True)
    except gdb.error:
        return None


def names():
    """What elfin-qemu has written into the machine's name; None: this is no QEMU."""
    text = monitor('info name')
    if text is None:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(text.strip().removeprefix('elfin-')))
    except ValueError:
        return {}


@contextlib.contextmanager
def physical():
    """Addresses are physical ones meanwhile."""
    def switch(on):
        gdb.execute(f'maintenance packet Qqemu.PhyMemMode:{on}', to_string=True)
        gdb.execute('maintenance flush dcache', to_string=True)

    switch(1)
    try:
        yield
    finally:
        switch(0)


# ---- The firmware


def table_places():
    """Physical addresses where EFI_SYSTEM_TABLE_POINTER may be, from 4 GiB downwards, then above."""
    text = monitor('info memory_size_summary') or ''
    size = sum(map(int, re.findall(r'memory: (\d+)', text))) or 4096 * MEBI
    yield from range(min(size, 4096 * MEBI) - TABLE_STEP, 0, -TABLE_STEP)
    if size > 2048 * MEBI:
        yield from range(4096 * MEBI + size, 4096 * MEBI - TABLE_STEP, -TABLE_STEP)


def system_table():
    for place in table_places():
        data = read(place, 24)
        if not data or data[:8] != TABLE_SIGNATURE:
            continue
        checked = data[:16] + bytes(4)
        if zlib.crc32(checked + data[20:24]) == int.from_bytes(data[16:20], 'little'):
            return int.from_bytes(data[8:16], 'little')
    return None


def efi_images():
    """Base addresses of the images that the firmware has loaded, the latest first."""
    table = system_table()
    if table is None or read(table, 8) != TABLE_SIGNATURE:
        return
    count, rows = struct.unpack('<QQ', read(table + 104, 16) or bytes(16))
    rows = read(rows, 24 * min(count, 256)) or b''
    for guid, images in struct.iter_unpack('<16sQ', rows):
        if guid != IMAGES_GUID:
            continue
        size, images = struct.unpack('<4xIQ', read(images, 16) or bytes(16))
        infos = struct.unpack(f'<{min(size, IMAGES_MAX)}Q', read(images, 8 * min(size, IMAGES_MAX)) or b'')
        for info in filter(None, reversed(infos)):
            kind, protocol = struct.unpack('<IxxxxQ', read(info, 16) or bytes(16))
            if kind == 1:  # EFI_DEBUG_IMAGE_INFO_TYPE_NORMAL
                yield read_word(protocol + 64)  # EFI_LOADED_IMAGE_PROTOCOL.ImageBase


# ---- Kernels


def find_kernel(files):
    """The lowest address of the kernel that the machine runs, or None. It is asked for at the
    addresses of these files first, then looked for below the interrupt table, which is in its data."""
    for elf in files:
        if not elf.moves and elf.matches(0):
            return elf.lowest
    found = re.search(r'^IDT=\s*([0-9a-f]+)', monitor('info registers') or '', re.MULTILINE)
    page = int(found.group(1), 16) & -PAGE if found else 0
    for base in range(page, max(page - KERNEL_SIZE_MAX, 0), -PAGE):
        data = read(base, PAGE)
        if not data:
            return None
        if data.find(KERNEL_MAGIC) % 8 == 0:
            return base
    return None


_FILES = {}


class Elf:
    """What we need to know of an ELF64 file: where its code is, and whether it is what runs."""

    def __init__(self, path):
        self.path = path
        with open(path, 'rb') as file:
            header = file.read(64)
            if header[:5] != b'\x7fELF\x02':
                raise ValueError
            kind, phoff, shoff = struct.unpack_from('<H', header, 16) + struct.unpack_from('<QQ', header, 32)
            phnum, shnum = struct.unpack_from('<H2xH', header, 56)
            file.seek(phoff)
            segments = [struct.unpack('<IIQQQQQQ', file.read(56)) for _ in range(phnum)]
            file.seek(shoff)
            sections = [struct.unpack('<IIQQQQIIQQ', file.read(64)) for _ in range(shnum)]
            code = next((s for s in sections if s[1] == 1 and s[2] & 4), None)
            self.text, self.code = 0, b''
            if code:
                file.seek(code[4])
                self.text, self.code = code[3], file.read(code[5])
        self.moves = kind == 3
        self.lowest = min((s[3] for s in segments if s[0] == 1), default=0)

    def matches(self, offset):
        """Some samples of the code, which no relocation changes, are in memory."""
        size = len(self.code)
        samples = [0, size // 4 & -16, size // 2 & -16, size * 3 // 4 & -16, max(size - 64, 0)]
        return size > 0 and all(read(self.text + offset + at, len(self.code[at:at + 64])) == self.code[at:at + 64]
                                for at in samples)


def elf_files(paths):
    """Those of them that are there; each is read once."""
    found = []
    for path in filter(None, paths):
        with contextlib.suppress(OSError, struct.error, ValueError):
            key = (path, os.stat(path).st_mtime_ns)
            if key not in _FILES:
                _FILES[key] = Elf(path)
            found.append(_FILES[key])
    return found


# ---- GDB


def is_known(path, offset):
    """The user has told GDB of the file, which cannot be moved."""
    return offset == 0 and any(o.filename and os.path.realpath(o.filename) == os.path.realpath(path)
                               for o in gdb.objfiles())


def has_modules():
    """Modules were registered before we came."""
    try:
        return int(evaluate('__jit_debug_descriptor.first_entry')) != 0
    except gdb.error:
        return False


_reconnecting = False


def reconnecting():
    return _reconnecting


def reconnect():
    """GDB reads the list of modules when it connects, and only then: with symbols it finds the list."""
    global _reconnecting
    details = gdb.selected_inferior().connection.details
    kind = gdb.selected_inferior().connection.type
    _reconnecting = True
    try:
        gdb.execute('disconnect', to_string=True)
        gdb.execute(f'target {kind} {details}', to_string=True)
    finally:
        _reconnecting = False
