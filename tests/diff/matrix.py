# SPDX-License-Identifier: MIT
"""The matrix of the proof: compilers, code models, PIC modes, optimisation; and the placements."""

from dataclasses import dataclass
from itertools import product

from check import Placement
from elfin import Exports
from elfobj import Object
from toolchain import SOURCES, compile_object

COMPILERS = {"gcc": "gcc", "clang": "clang-14", "clang-19": "clang-19"}
MODELS = ("small", "medium", "large", "kernel")
PICS = {"no-pic": ["-fno-pic"], "pie": ["-fpie"], "pic": ["-fpic"],
        "pic-no-plt": ["-fpic", "-fno-plt"]}
LEVELS = ("O0", "O2")

BASIC = ["-std=gnu11", "-ffreestanding", "-fno-stack-protector", "-fcommon"]
SECTIONS = ["-ffunction-sections", "-fdata-sections"]

# The order matters: placements take the first CALLERS, the first TAKERS, or all.
FILES = ("data", "calls", "flow", "rival", "take", "hiddenweak")
CALLERS = 4  # need host functions only for calls and in 64-bit data
TAKERS = 5   # take their addresses in code too
WITH_SECTIONS = ("flow", "rival")

GIB2, GIB4 = 1 << 31, 1 << 32
LOW, HIGH, TOP = 0x400000, 0x7F1234560000, 0xFFFFFFFF80200000
TEXT_MIDDLE = 0x400  # somewhere inside of the code of every set


@dataclass(frozen=True)
class Cell:
    compiler: str
    model: str
    pic: str
    level: str

    def __str__(self) -> str:
        return f"{self.compiler}/{self.model}/{self.pic}/{self.level}"

    def objects(self) -> list[Object]:
        """Raises toolchain.Refused if the compiler does not do this."""
        flags = [*BASIC, f"-mcmodel={self.model}", *PICS[self.pic], f"-{self.level}"]
        return [Object(compile_object(COMPILERS[self.compiler],
                                      flags + (SECTIONS if name in WITH_SECTIONS else []),
                                      SOURCES / f"{name}.c", str(self))) for name in FILES]


def cells() -> list[Cell]:
    return [Cell(*values) for values in product(COMPILERS, MODELS, PICS, LEVELS)]


def _exports(functions: int, data: int) -> Exports:
    """Rows 16 bytes apart. `counter` is one that the group defines itself and must prefer."""
    names = ("ext_call", "ext_tail", "ext_conditional", "ext_taken")
    table = {name: functions + 16 * number for number, name in enumerate(names)}
    return table | {"ext_word": data, "ext_array": data + 64, "counter": data + 128}


def _placement(name: str, count: int, base: int, functions: int, data: int) -> Placement:
    bases = (base,) + (None,) * (len(FILES) - 1)
    return Placement(name, count, bases, _exports(functions, data))


def _split(name: str, first: int, second: int, functions: int, data: int) -> Placement:
    """data.o and calls.o in one block, the others in a second."""
    return Placement(name, CALLERS, (first, None, second, None, None, None),
                     _exports(functions, data))


PLACEMENTS = (
    _placement("low", len(FILES), LOW, 0x2000000, 0x2100000),
    _placement("below 2 GiB", TAKERS, 0x7FE00000, 0x7F000000, 0x7F100000),
    _placement("above 2 GiB", TAKERS, 0x90000000, 0xA0000000, 0xA0100000),
    _placement("low, functions 4 GiB away", CALLERS, LOW, LOW + GIB4, 0x2100000),
    _placement("functions just inside of 2 GiB", CALLERS, LOW, LOW + GIB2 - 0x1000, 0x2100000),
    _placement("functions at 2 GiB from the text's middle", CALLERS, LOW,
               LOW + GIB2 + TEXT_MIDDLE, 0x2100000),
    _placement("functions just outside of 2 GiB", CALLERS, LOW, LOW + GIB2 + 0x200000, 0x2100000),
    _placement("high", TAKERS, HIGH, HIGH + 0x4000000, HIGH + 0x4100000),
    _placement("high, all exports 4 GiB away", TAKERS, HIGH, HIGH + GIB4, HIGH + GIB4 + 0x100000),
    _placement("high, functions at -2 GiB from the text's middle", CALLERS, HIGH,
               HIGH - GIB2 + TEXT_MIDDLE, HIGH - 0x1000000),
    _placement("high, exports low", CALLERS, HIGH, 0x400000, 0x500000),
    _placement("top", TAKERS, TOP, 0xFFFFFFFFC0000000, 0xFFFFFFFFC0100000),
    _placement("top, functions 4 GiB away", CALLERS, TOP, TOP - GIB4, 0xFFFFFFFFC0100000),
    _split("two blocks side by side", HIGH, HIGH + 0x1000000, HIGH + GIB4, HIGH + 0x4100000),
    _split("two blocks 4 GiB apart", HIGH, HIGH + GIB4, HIGH + 0x4000000, HIGH + 0x4100000),
)
