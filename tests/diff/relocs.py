# SPDX-License-Identifier: MIT
"""
The relocation types, written down from the psABI for this test alone.

`form` says how the field's value comes about; S symbol, A addend, P place, G offset of the symbol's
slot from the GOT base, GOT that base, L branch target that leads to S (S itself or a stub), Z
symbol size.
"""

from dataclasses import dataclass
from enum import Enum, auto


class Form(Enum):
    NONE = auto()
    ABS = auto()       # S + A
    PC = auto()        # S + A - P
    PLT = auto()       # L + A - P
    SLOT = auto()      # G + A
    SLOT_PC = auto()   # G + GOT + A - P
    GOT_OFF = auto()   # S + A - GOT
    GOT_PC = auto()    # GOT + A - P
    PLT_OFF = auto()   # L + A - GOT
    SIZE = auto()      # Z + A
    TLS = auto()       # S + A; S is an offset from the thread pointer, here and below
    TLS_CODE = auto()  # instructions that a static linker rewrites; see tlscode.py


class Range(Enum):
    """What a field may hold; n is its width in bits."""

    ANY = auto()       # 64 bits hold every value
    UNSIGNED = auto()  # 0 .. 2^n - 1
    SIGNED = auto()    # -2^(n-1) .. 2^(n-1) - 1
    EITHER = auto()    # -2^(n-1) .. 2^n - 1


@dataclass(frozen=True)
class RelType:
    number: int
    name: str
    width: int  # bytes
    form: Form
    range: Range

    @property
    def is_tls(self) -> bool:
        return self.form in (Form.TLS, Form.TLS_CODE)

    @property
    def low(self) -> int:
        return 0 if self.range is Range.UNSIGNED else -(1 << (8 * self.width - 1))

    @property
    def high(self) -> int:
        return (1 << (8 * self.width - (self.range is Range.SIGNED))) - 1

    def holds(self, value: int) -> bool:
        """value is taken modulo 2^64: as an unsigned or a signed number, whichever fits."""
        if self.range is Range.ANY:
            return True
        value &= (1 << 64) - 1
        signed = value - (1 << 64) if value >> 63 else value
        return self.low <= value <= self.high or self.low <= signed <= self.high


def _types() -> dict[int, RelType]:
    rows = """
         0 NONE           0 NONE    ANY
         1 64             8 ABS     ANY
         2 PC32           4 PC      SIGNED
         3 GOT32          4 SLOT    SIGNED
         4 PLT32          4 PLT     SIGNED
         9 GOTPCREL       4 SLOT_PC SIGNED
        10 32             4 ABS     UNSIGNED
        11 32S            4 ABS     SIGNED
        12 16             2 ABS     EITHER
        13 PC16           2 PC      SIGNED
        14 8              1 ABS     EITHER
        15 PC8            1 PC      SIGNED
        17 DTPOFF64       8 TLS     ANY
        18 TPOFF64        8 TLS     ANY
        19 TLSGD          4 TLS_CODE SIGNED
        20 TLSLD          4 TLS_CODE SIGNED
        21 DTPOFF32       4 TLS     SIGNED
        22 GOTTPOFF       4 TLS_CODE SIGNED
        23 TPOFF32        4 TLS     SIGNED
        24 PC64           8 PC      ANY
        25 GOTOFF64       8 GOT_OFF ANY
        26 GOTPC32        4 GOT_PC  SIGNED
        27 GOT64          8 SLOT    ANY
        28 GOTPCREL64     8 SLOT_PC ANY
        29 GOTPC64        8 GOT_PC  ANY
        30 GOTPLT64       8 SLOT    ANY
        31 PLTOFF64       8 PLT_OFF ANY
        32 SIZE32         4 SIZE    UNSIGNED
        33 SIZE64         8 SIZE    ANY
        34 GOTPC32_TLSDESC 4 TLS_CODE SIGNED
        35 TLSDESC_CALL   2 TLS_CODE ANY
        41 GOTPCRELX      4 SLOT_PC SIGNED
        42 REX_GOTPCRELX  4 SLOT_PC SIGNED
    """
    table = {}
    for row in rows.split("\n"):
        if row.strip():
            number, name, width, form, limits = row.split()
            table[int(number)] = RelType(int(number), "R_X86_64_" + name, int(width), Form[form],
                                         Range[limits])
    return table


TYPES = _types()
GOTPCREL, REX_GOTPCRELX = 9, 42
TLSGD, TLSLD, GOTTPOFF, TLSDESC_CALL = 19, 20, 22, 35
