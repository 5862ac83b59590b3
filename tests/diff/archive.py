# SPDX-License-Identifier: MIT
"""Archives: their members as files, and which of them a root object pulls in."""

from pathlib import Path

from elfobj import Object
from insn import Wrong
from toolchain import BUILD, compile_object, run


def _folder(archive: Path) -> Path:
    return BUILD / "obj" / archive.name


def extract(archive: Path) -> list[Path]:
    """In the archive's order; binutils' ar does the reading."""
    folder = _folder(archive)
    listing = run(["ar", "t", archive])
    names = listing.stdout.split()
    if listing.returncode or not names or len(set(names)) != len(names):
        raise Wrong(f"cannot list {archive}: {listing.stderr.strip()}")
    paths = [folder / name for name in names]
    newest = archive.stat().st_mtime
    if not all(path.exists() and path.stat().st_mtime >= newest for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        run(["ar", "x", archive], cwd=folder)
    return paths


def write_root(archive: Path, names: list[str], label: str) -> Path:
    """An object that refers to the names."""
    source = _folder(archive) / f"root-{label}.S"
    source.write_text("    .data\n" + "".join(f"    .quad {name}\n" for name in names))
    return compile_object("gcc", [], source, archive.name)


def write_stand_in(member: Path, functions: list[str], variables: list[str], folder: str) -> Path:
    """
    An object that defines hidden symbols and thread-local variables which the member takes from its
    siblings.
    """
    source = BUILD / "obj" / folder / f"for-{member.stem}.S"
    source.parent.mkdir(parents=True, exist_ok=True)
    lines = ["    .text"]
    for name in functions:
        lines += [f'    .globl "{name}"', f'    .hidden "{name}"', f'"{name}":', "    ret"]
    if variables:
        lines += ['    .section .tbss, "awT", @nobits']
    for name in variables:
        lines += [f'    .globl "{name}"', f'    .type "{name}", @tls_object', f'"{name}":',
                  "    .zero 8"]
    source.write_text("\n".join(lines) + "\n")
    return compile_object("gcc", [], source, folder)


def pulled_members(root: Object, members: list[Object]) -> list[Object]:
    """The members that a linker takes: those that define what is still undefined, transitively."""
    definers: dict[str, Object] = {}
    for member in members:
        for name in member.definitions:
            definers.setdefault(name, member)
    taken: list[Object] = []
    wanted = [root]
    while wanted:
        for name, symbol in wanted.pop().undefined.items():
            member = definers.get(name)
            if member and member not in taken and not symbol.is_weak and member.sections:
                taken.append(member)
                wanted.append(member)
    return taken
