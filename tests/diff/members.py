# SPDX-License-Identifier: MIT
"""
The members of archives that nobody here wrote: which of them the loader refuses and why, which of
them to link in a short run, and which of them can share one link.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from elfobj import Object
from insn import Wrong
from toolchain import ELFIN, run, scratch

MAGIC, HEADER = b"!<arch>\n", 60
# What elfin says when it meets something that it does not know: never right for these archives.
UNKNOWN = ("the relocation type is not supported", "a section of this kind is not supported")
EVERY = 12  # in a short run, besides those that are the first with something


@dataclass(frozen=True)
class Member:
    name: str
    offset: int
    size: int


def read_archive(path: Path) -> list[Member]:
    """The object members, in the archive's order (GNU format)."""
    members, long_names = [], b""
    with path.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise Wrong(f"{path} is no archive")
        while len(header := stream.read(HEADER)) == HEADER:
            offset, size, name = stream.tell(), int(header[48:58]), header[:16].decode().rstrip()
            if name == "//":
                long_names = stream.read(size)
            elif name not in ("/", "/SYM64/"):
                if name[0] == "/":
                    name = long_names[int(name[1:]):].partition(b"\n")[0].decode()
                members.append(Member(name.removesuffix("/"), offset, size))
            stream.seek(offset + size + size % 2)
    return members


@dataclass
class Inspected:
    """What `elfin inspect` says of an archive, member by member."""

    corpus: str
    archive: Path
    members: list[Member]
    empty: int = 0  # members without a section in memory: nothing to link
    linkable: list[int] = field(default_factory=list)  # positions
    chosen: list[int] = field(default_factory=list)  # of them, those of a short run
    refusals: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def _reason(error: str) -> str:
    """The report is "FILE: the reason in section NAME (INDEX): the detail; symbol …"."""
    text = error.partition(": ")[2]
    return re.sub(r" in section .*?(?=: |;|$)", "", text).partition(";")[0]


def _features(entry: dict) -> set[str]:
    return {*entry["relocation_types"], *(d["demand"] for d in entry["demands"]),
            *(section["part"] for section in entry["sections"])}


def inspect(which: tuple[str, Path]) -> Inspected:
    """which: the name of the corpus, and one of its archives."""
    archive = which[1]
    found = Inspected(*which, read_archive(archive))
    entries = json.loads(run([ELFIN, "inspect", "--json", archive]).stdout)["objects"]
    if len(entries) != len(found.members):
        raise Wrong(f"{archive}: {len(entries)} members, not {len(found.members)}")
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        if "error" in entry:
            reason = _reason(entry["error"])
            found.refusals[reason] += 1
            if reason.startswith(UNKNOWN):
                found.faults.append(entry["error"])
        elif not entry["sections"]:
            found.empty += 1
        else:
            found.linkable.append(position)
            if _features(entry) - seen or position % EVERY == 0:
                found.chosen.append(position)
                seen |= _features(entry)
    return found


def write_members(archive: Path, members: list[Member], positions: tuple[int, ...]) -> list[Path]:
    """As files in the scratch folder, each with a name of its own."""
    paths = []
    with archive.open("rb") as stream:
        for position in positions:
            member = members[position]
            stream.seek(member.offset)
            paths.append(scratch() / f"{position:04}-{Path(member.name).stem}.o")
            paths[-1].write_bytes(stream.read(member.size))
    return paths


def batches(objects: list[Object]) -> Iterator[list[Object]]:
    """
    Neighbours that define nothing twice, so that one group of them drops nothing: every COMDAT
    section stays, and every symbol means what it means in its own object.
    """
    batch: list[Object] = []
    names: set[str] = set()
    for obj in objects:
        own = {*obj.definitions, *obj.comdats}
        if batch and names & own:
            yield batch
            batch, names = [], set()
        batch.append(obj)
        names |= own
    if batch:
        yield batch
