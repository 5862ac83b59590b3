#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Seeds for build/fuzz/frames: unwind tables of objects, as if all functions began at one address.

usage: seeds.py FOLDER OBJECT..."""

import struct
import sys
from pathlib import Path

from elftools.elf.elffile import ELFFile

CODE, TABLES, INDEX, STACK = 0x400000, 0x500000, 0x600000, 0x700000


def records(data):
    """(offset, size of all) of each FDE."""
    at = 0
    while at + 8 <= len(data):
        length, identifier = struct.unpack_from('<II', data, at)
        if length == 0:
            return
        if identifier:
            yield at, length + 4
        at += length + 4


def seeds(path):
    with open(path, 'rb') as file:
        section = ELFFile(file).get_section_by_name('.eh_frame')
        data = bytearray(section.data()) if section else b''
    for number, (at, size) in enumerate(records(bytes(data))):
        placed = bytearray(data[:at + size])
        struct.pack_into('<i', placed, at + 8, CODE - (TABLES + at + 8))
        length = struct.unpack_from('<I', placed, at + 12)[0]
        index = struct.pack('<IIIii', 0x3b031b01, 0, 1, CODE - INDEX, TABLES + at - INDEX) if number % 2 else b''
        registers = [0] * 17
        registers[6] = registers[7] = STACK + 64
        registers[16] = CODE + length * (number % 5) // 5
        stack = struct.pack('<Q', CODE + 5) * 64
        yield struct.pack('<17QHH', *registers, len(placed), len(index)) + placed + index + stack


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path in sys.argv[2:]:
        for number, seed in enumerate(seeds(path)):
            if number < 8:
                Path(folder, f'{Path(path).stem}-{number}').write_bytes(seed)


if __name__ == '__main__':
    main()
