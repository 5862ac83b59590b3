# SPDX-License-Identifier: MIT
"""
Runs compilers and keeps what they made: an object is compiled again only if its inputs change.
"""

import hashlib
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent / "src"
_OUTPUT = ROOT / os.environ.get("ELFIN_BUILD", "build")
BUILD = _OUTPUT / "tests" / "diff"
ELFIN = Path(os.environ.get("ELFIN", _OUTPUT / "elfin"))
GNU_LD, LLD = "ld", "ld.lld-19"


class Refused(Exception):
    """The compiler does not do this combination of options."""


def run(command: list[str | Path], cwd: Path | None = None,
        quiet: bool = False) -> subprocess.CompletedProcess[str]:
    """quiet: standard output is of no interest."""
    return subprocess.run([str(word) for word in command], cwd=cwd, text=True, errors="replace",
                          stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)


@lru_cache
def version(compiler: str) -> str:
    return run([compiler, "--version"]).stdout


@lru_cache
def _shared_headers() -> bytes:
    return b"".join(path.read_bytes() for path in sorted(SOURCES.glob("*.h")))


def compile_object(compiler: str, flags: list[str], source: Path, folder: str) -> Path:
    """
    Returns build/tests/diff/obj/FOLDER/NAME.o. Raises Refused if the compiler refuses the flags,
    and remembers that too.
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
    fresh = target.with_suffix(f".{os.getpid()}.o")  # other tests may want the same object now
    result = run([compiler, *flags, "-c", source, "-o", fresh])
    message = "" if result.returncode == 0 else result.stderr.strip().splitlines()[0]
    if not message:
        fresh.replace(target)
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
