# SPDX-License-Identifier: MIT
"""
The code around TLS records, read with capstone: which bytes belong to one, and what they do. Linkers
fill up with different no-ops; what stays without them is compared.
"""

from capstone import CS_ARCH_X86, CS_MODE_64, Cs
from capstone.x86 import X86_OP_IMM, X86_OP_MEM, X86_OP_REG, X86_REG_FS

from insn import MASK64, Wrong
from relocs import TLSDESC_CALL, TLSGD, TLSLD

_decoder = Cs(CS_ARCH_X86, CS_MODE_64)
_decoder.detail = True

THREAD_POINTER = "mov rax, fs:[0]"


def _operand(instruction: object, operand: object) -> tuple[str, int]:
    """Its text with C in place of a constant, and that constant."""
    if operand.type == X86_OP_REG:
        return instruction.reg_name(operand.reg), 0
    if operand.type == X86_OP_IMM:
        return "C", operand.imm
    assert operand.type == X86_OP_MEM
    memory = operand.mem
    if memory.segment == X86_REG_FS:
        return f"fs:[{memory.disp}]", 0
    base = instruction.reg_name(memory.base) if memory.base else ""
    index = f" + {instruction.reg_name(memory.index)}" if memory.index else ""
    return f"[{base}{index} + C]", memory.disp


def meaning(code: bytes) -> tuple[str, int]:
    """What the instructions do, no-ops left out, and the constant that they contain."""
    texts, constant, end = [], 0, 0
    for instruction in _decoder.disasm(code, 0):
        end = instruction.address + instruction.size
        if instruction.mnemonic == "nop" or instruction.op_str == "ax, ax":
            continue
        parts = [_operand(instruction, operand) for operand in instruction.operands]
        constant += sum(value for _, value in parts)
        mnemonic = instruction.mnemonic.removeprefix("data16 ").replace("movabs", "mov")
        texts.append(f"{mnemonic} " + ", ".join(text for text, _ in parts))
    if end != len(code):
        raise Wrong(f"{code.hex(' ')} is not made of whole instructions")
    return "; ".join(texts), constant & MASK64


def _end_of_call(code: bytes, start: int) -> int:
    for instruction in _decoder.disasm(code[start:start + 32], start):
        if instruction.mnemonic.removeprefix("data16 ").startswith("call"):
            return instruction.address + instruction.size
    raise Wrong(f"no call follows in {code[start:start + 32].hex(' ')}")


def span(code: bytes, offset: int, kind: int) -> tuple[int, int]:
    """The bytes that a linker may write for the record."""
    if kind == TLSDESC_CALL:
        return offset, offset + 2
    if kind not in (TLSGD, TLSLD):
        return offset - 3, offset + 4
    start = offset - (4 if kind == TLSGD and offset >= 4 and code[offset - 4] == 0x66 else 3)
    return start, _end_of_call(code, start)


def local_exec(code: bytes, offset: int, kind: int, value: int) -> tuple[str, int]:
    """What the code must mean in the end; value: the variable's offset from the thread pointer."""
    if kind == TLSDESC_CALL:
        return "", 0
    if kind == TLSLD:
        return THREAD_POINTER, 0
    if kind == TLSGD:
        return THREAD_POINTER + "; lea rax, [rax + C]", value & MASK64
    instruction = next(_decoder.disasm(code[offset - 3:offset + 4], 0))
    register = instruction.reg_name(instruction.operands[0].reg)
    if instruction.mnemonic in ("mov", "lea"):
        return f"mov {register}, C", value & MASK64
    if instruction.mnemonic == "add" and register in ("rsp", "r12"):
        return f"add {register}, C", value & MASK64
    if instruction.mnemonic == "add":
        return f"lea {register}, [{register} + C]", value & MASK64
    raise Wrong(f"no linker rewrites {instruction.mnemonic} {instruction.op_str}")
