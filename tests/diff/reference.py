# SPDX-License-Identifier: MIT
"""
Links objects with GNU ld or lld at addresses given from outside: one output section for each input
section, pinned by a linker script, and every symbol from outside assigned in it.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from elfin import Exports
from elfobj import Object, unique_name, write_unique_copy
from linked import Layout, LinkerProgram
from toolchain import GNU_LD, LLD, run, scratch

LINKERS = (GNU_LD, LLD)
# Both linkers keep their own slots and stubs in this many bytes below the group.
SYNTHETIC_ROOM = 0x20000

_OVERFLOW = re.compile(r"\.m(\d+)\.s(\d+)\+0x([0-9a-f]+)\): relocation "
                       r"(?:truncated to fit: (R_X86_64_\w+)|(R_X86_64_\w+) out of range)")
_UNSUPPORTED = re.compile(r"unknown relocation \((\d+)\)|unrecognized relocation|"
                          r"against STT_GNU_IFUNC symbol .* isn't supported")
_HARMLESS = re.compile(r"warning: (?!.*relocation)|in function `|additional relocation overflows")

Site = tuple[int, int, int]  # module, section, offset


@dataclass
class ReferenceResult:
    program: LinkerProgram | None
    overflows: dict[Site, str]  # -> relocation type
    unsupported: bool = False
    errors: list[str] = field(default_factory=list)


def _pinned_sections(layout: Layout) -> list[str]:
    """In the order of addresses, because lld makes file offsets of them."""
    pins = sorted((address, unique_name(number, index))
                  for number, module in enumerate(layout.modules)
                  for index, address in module.sections.items())
    return [f"  {name} 0x{address:x} : AT(0x{address:x}) {{ *({name}) }}" for address, name in pins]


def _script(layout: Layout, commons: Exports, exports: Exports) -> str:
    start = (layout.extent()[0] - SYNTHETIC_ROOM) & ~0xFFF
    lines = [f"{name} = 0x{address:x};" for name, address in commons.items()]
    lines += [f"PROVIDE({name} = 0x{address:x});" for name, address in exports.items()]
    lines += ["SECTIONS {"]
    for offset, name, inputs in ((0, ".plt", "*(.plt) *(.iplt) *(.plt.got) *(.plt.sec)"),
                                 (0x8000, ".got", "*(.got)"),
                                 (0x10000, ".got.plt", "*(.got.plt) *(.igot.plt) *(.igot)"),
                                 (0x18000, ".rela.dyn", "*(.rela.*)")):
        lines += [f"  {name} 0x{start + offset:x} : AT(0x{start + offset:x}) {{ {inputs} }}"]
    lines += _pinned_sections(layout)
    lines += ["}"]
    return "\n".join(lines) + "\n"


def prepare(objects: list[Object]) -> list[Path]:
    """Copies for the linkers, in the scratch folder; they stay valid until the next call."""
    paths = []
    for number, obj in enumerate(objects):
        paths.append(scratch() / f"u{number}.o")
        write_unique_copy(obj, number, paths[-1])
    return paths


def link(linker: str, copies: list[Path], layout: Layout, commons: Exports,
         exports: Exports) -> ReferenceResult:
    script, output = scratch() / "pinned.lds", scratch() / f"{linker}.out"
    script.write_text(_script(layout, commons, exports))
    output.unlink(missing_ok=True)
    command = [linker, "-static", "-nostdlib", "-x", "-e", "0", "--no-check-sections",
               "--noinhibit-exec", "-z", "noexecstack", "-z", "norelro", "-T", script, "-o", output, *copies]
    command += (["--verbose", "--no-warn-rwx-segments"] if linker == GNU_LD
                else ["--threads=1", "--error-limit=0", "-O0"])
    stderr = run(command, quiet=True).stderr
    if "failed to convert GOTPCREL" in stderr:
        # GNU ld decided to relax before it knew the distance. It asks for this option itself.
        stderr = run([*command, "--no-relax"], quiet=True).stderr
    return _result(linker, output, stderr)


def _result(linker: str, output: Path, stderr: str) -> ReferenceResult:
    overflows: dict[Site, str] = {}
    errors = []
    for line in stderr.splitlines():
        found = _OVERFLOW.search(line)
        if found:
            site = (int(found[1]), int(found[2]), int(found[3], 16))
            overflows[site] = found[4] or found[5]
        elif line.strip() and not line.startswith(">>>") and not _HARMLESS.search(line):
            errors.append(line)
    unsupported = any(_UNSUPPORTED.search(line) for line in errors)
    program = None
    if output.exists() and output.stat().st_size and not unsupported:
        program = LinkerProgram(linker, output)
    return ReferenceResult(program, overflows, unsupported, errors)
