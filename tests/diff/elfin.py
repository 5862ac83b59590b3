# SPDX-License-Identifier: MIT
"""Runs `elfin link`."""

from dataclasses import dataclass
from pathlib import Path

from linked import ElfinProgram
from toolchain import ELFIN, run, scratch

Exports = dict[str, int]
Input = tuple[int | None, Path]  # --at, file


@dataclass
class ElfinResult:
    status: int
    report: str  # standard error
    program: ElfinProgram | None

    @property
    def reason(self) -> str:
        """The report's first line."""
        return (self.report.strip().splitlines() or ["no report"])[0]


def link(inputs: list[Input], exports: Exports) -> ElfinResult:
    folder = scratch()
    exports_path, image, map_path = folder / "exports", folder / "image", folder / "map.json"
    exports_path.write_text("".join(f"{name} 0x{address:x}\n" for name, address in exports.items()))
    command: list[str | Path] = [ELFIN, "link", "--exports", exports_path, "--image", image,
                                 "--map", map_path]
    for at, path in inputs:
        command += [path] if at is None else ["--at", hex(at), path]
    for stale in (image, map_path):
        stale.unlink(missing_ok=True)
    result = run(command)
    program = ElfinProgram(map_path, image) if result.returncode == 0 else None
    return ElfinResult(result.returncode, result.stderr, program)
