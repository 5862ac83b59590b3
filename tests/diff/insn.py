# SPDX-License-Identifier: MIT
"""
Evaluates the few instructions that linkers may write or rewrite: direct branches, stubs, and users
of a GOT slot in the slot form or in one of the direct forms.
"""

from dataclasses import dataclass
from typing import Protocol

from relocs import GOTPCREL, REX_GOTPCRELX

MASK64 = (1 << 64) - 1
TRAP = -1  # a stub that leads nowhere, on purpose
INDIRECT = 1 << 64  # plus the address of a resolver: whatever that will return


class Wrong(Exception):
    """What was found cannot be right, whatever the target."""


class Memory(Protocol):
    """A linked program: memory by run address."""

    def read(self, address: int, size: int) -> bytes: ...
    def in_stubs(self, address: int) -> bool: ...
    def in_slots(self, address: int) -> bool: ...
    indirect: dict[int, int]


def read_u64(memory: Memory, address: int) -> int:
    return int.from_bytes(memory.read(address, 8), "little")


def read_s32(data: bytes) -> int:
    return int.from_bytes(data[:4], "little", signed=True)


def slot_content(memory: Memory, address: int) -> int:
    address &= MASK64
    if address % 8 or not memory.in_slots(address):
        raise Wrong(f"0x{address:x} is no GOT slot")
    if address in memory.indirect:
        return INDIRECT | memory.indirect[address]
    return function_at(memory, read_u64(memory, address))


def function_at(memory: Memory, address: int) -> int:
    """The address itself, unless it is the stub of an indirect function."""
    if memory.indirect and memory.in_stubs(address) and memory.read(address, 2) == b"\xff\x25":
        slot = (address + 6 + read_s32(memory.read(address + 2, 4))) & MASK64
        if slot in memory.indirect:
            return INDIRECT | memory.indirect[slot]
    return address


def is_branch(code: bytes, offset: int) -> bool:
    """Is the 32-bit field at offset the displacement of call, jmp or jcc?"""
    if offset >= 1 and code[offset - 1] in (0xE8, 0xE9):
        return True
    return offset >= 2 and code[offset - 2] == 0x0F and code[offset - 1] & 0xF0 == 0x80


def follow(memory: Memory, target: int) -> int:
    """Where a branch to target ends up: target itself unless it is a stub."""
    target &= MASK64
    if not memory.in_stubs(target):
        return target
    code = memory.read(target, 2)
    if code == b"\x0f\x0b":  # ud2
        return TRAP
    if code == b"\xff\x25":  # jmp *slot(%rip)
        return slot_content(memory, target + 6 + read_s32(memory.read(target + 2, 4)))
    if code[:1] == b"\xe9":  # jmp target
        return function_at(memory, (target + 5 + read_s32(memory.read(target + 1, 4))) & MASK64)
    raise Wrong(f"no known stub at 0x{target:x}: {code.hex(' ')}")


@dataclass(frozen=True)
class GotUse:
    """An instruction with a RIP-relative GOT operand; head = its bytes before the field."""

    head: bytes
    rex: int     # 0 if none or unknown
    narrow: bool  # uses only 32 bits of the slot

    @property
    def size(self) -> int:
        return len(self.head)

    @property
    def register(self) -> int:
        return (self.rex >> 2 & 1) << 3 | self.head[-1] >> 3 & 7


_ARITHMETIC = (0x03, 0x0B, 0x13, 0x1B, 0x23, 0x2B, 0x33, 0x3B)


def got_use(code: bytes, offset: int, reloc_type: int) -> GotUse | None:
    """
    The instruction around a GOTPCREL-like field, or None if it is not one that can be rewritten.
    Only REX_GOTPCRELX promises a REX prefix; the byte before the opcode is left alone otherwise.
    """
    has_rex = reloc_type == REX_GOTPCRELX
    start = offset - (3 if has_rex else 2)
    if start < 0 or offset + 4 > len(code):
        return None
    head = code[start:offset]
    opcode, modrm = head[-2], head[-1]
    if opcode == 0xFF and modrm in (0x15, 0x25):
        return GotUse(head, head[0] if has_rex else 0, False)
    if modrm & 0xC7 != 0x05 or opcode not in (0x8B, 0x85, *_ARITHMETIC):
        return None
    if has_rex and head[0] & 0xF0 != 0x40:
        return None
    rex = head[0] if has_rex else 0
    return GotUse(head, rex, not rex & 8 and reloc_type != GOTPCREL)


def rewritten_value(use: GotUse, code: bytes, place: int) -> int:
    """
    The address that the rewritten instruction uses. code begins with the instruction and ends with
    the field, which lies at place.
    """
    head, field = code[:use.size], code[use.size:]
    direct = (place + 4 + read_s32(field)) & MASK64
    opcode = use.head[-2]
    if opcode == 0x8B and head == use.head[:-2] + bytes([0x8D, use.head[-1]]):  # mov -> lea
        return direct
    if opcode == 0xFF:
        branch = 0xE8 if use.head[-1] == 0x15 else 0xE9
        if head[-1] == branch and head[-2] in (0x67, 0x90):  # addr32 or nop before it
            return direct
        if head[-2] == branch and code[-1] == 0x90:  # nop after it: the field is one byte earlier
            return (place + 3 + read_s32(code[use.size - 1:])) & MASK64
    elif _is_immediate_form(use, head):
        wide = len(head) == 3 and head[0] & 8
        return (read_s32(field) if wide else int.from_bytes(field, "little")) & MASK64
    raise Wrong(f"{use.head.hex(' ')} became {code.hex(' ')}, which is no direct form of it")


def _is_immediate_form(use: GotUse, head: bytes) -> bool:
    opcode, modrm = head[-2], head[-1]
    if use.head[-2] == 0x8B:
        expected, extension = 0xC7, 0
    elif use.head[-2] == 0x85:
        expected, extension = 0xF7, 0
    else:
        expected, extension = 0x81, use.head[-2] >> 3 & 7
    rex = head[0] if len(head) == 3 else 0
    register = (rex & 1) << 3 | modrm & 7
    same_width = rex & 8 == use.rex & 8 or opcode == 0xC7  # mov: zero-extension serves too
    return (opcode == expected and modrm >> 6 == 3 and modrm >> 3 & 7 == extension
            and rex & 0xF6 == (0x40 if use.rex else 0)
            and register == use.register and same_width)
