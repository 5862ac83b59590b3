# SPDX-License-Identifier: MIT
"""Runs compilers and keeps what they made: an object is compiled again only if its inputs change."""

import hashlib
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent / "src"
BUILD = Path(os.environ.get("BUILD", ROOT / "build")).resolve() / "tests" / "diff"
ELFIN = Path(os.environ.get("ELFIN", ROOT / "build" / "elfin"))
GNU_LD, LLD = "ld", "ld.lld-19"


class Refused(Exception):
    """The compiler does not do this combination of options."""


def run(command: list[str | Path], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True,
                          errors="replace", timeout=120)


@lru_cache
def version(compiler: str) -> str:
    return run([compiler, "--version"]).stdout


@lru_cache
def _shared_headers() -> bytes:
    return b"".join(path.read_bytes() for path in sorted(SOURCES.glob("*.h")))


def compile_object(compiler: str, flags: list[str], source: Path, folder: str) -> Path:
    """
    Returns build/tests/diff/obj/FOLDER/NAME.o. Raises Refused if the compiler refuses the flags, and
    remembers that too.
    """
    target = BUILD / "obj" / folder / (source.stem + ".o")
    key = hashlib.sha256("\0".join([version(compiler), *flags]).encode() + source.read_bytes()
                         + _shared_headers()).hexdigest()
    stamp = target.with_suffix(".key")
    if stamp.exists():
        kept, _, message = stamp.read_text().partition("\n")
        if kept == key and message:
            raise Refused(message)
        if kept == key and target.exists():
            return target
    target.parent.mkdir(parents=True, exist_ok=True)
    result = run([compiler, *flags, "-c", source, "-o", target])
    message = "" if result.returncode == 0 else result.stderr.strip().splitlines()[0]
    stamp.write_text(f"{key}\n{message}")
    if message:
        raise Refused(message)
    return target


_WORK = BUILD / "work" / str(os.getpid())  # of the main process: workers inherit it by fork


def scratch() -> Path:
    """A folder for this process's short-lived files."""
    folder = _WORK / str(os.getpid())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def remove_scratch() -> None:
    shutil.rmtree(_WORK, ignore_errors=True)
