# SPDX-License-Identifier: MIT
"""The examples of docs/elfin.md print what the manual says."""

import os
import re
import subprocess

from support import ROOT, Bench, case, equal, expect


def examples() -> str:
    return (ROOT / "docs" / "elfin.md").read_text().split("## Examples\n")[1]


def sources(text: str) -> dict[str, str]:
    """The C block, cut at the comments that name its files."""
    block = text.split("```c\n")[1].split("```")[0]
    parts = re.split(r"/\* (\w+\.c) \*/\n", block)[1:]
    return dict(zip(parts[::2], parts[1::2]))


def commands(text: str) -> list[tuple[str, str]]:
    """Each command with the output below it."""
    indented = "\n".join(line[4:] for line in text.split("```")[2].splitlines()
                         if line.startswith("    "))
    parts = re.split(r"^\$ (.*)\n?", indented + "\n", flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2]))


@case
def examples_are_true(bench: Bench) -> None:
    text = examples()
    for name, source in sources(text).items():
        bench.write(name, source)
    table = next(output for command, output in commands(text) if command == "cat System.map")
    bench.write("System.map", table)
    environment = {**os.environ, "ELFIN": str(ROOT),
                   "PATH": f"{bench.program.parent}:{os.environ['PATH']}"}
    done = 0
    for command, output in commands(text):
        result = subprocess.run(command, shell=True, cwd=bench.folder, env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                check=False, timeout=120)
        equal(result.stdout, output, command)
        done += 1
    expect(done >= 10, f"only {done} commands were found")
