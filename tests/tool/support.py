# SPDX-License-Identifier: MIT
"""What the cases share: running elfin and compilers, and the protocol of `ok` and `not ok`."""

import json
import os
import re
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("ELFIN_BUILD", "build")  # an absolute path replaces ROOT
SCRATCH = BUILD / "tests" / "tool"

# Objects that have nothing in them but what the source says.
PLAIN = ["-O1", "-ffreestanding", "-fno-pie", "-fno-stack-protector", "-fcf-protection=none",
         "-fno-asynchronous-unwind-tables", "-fno-common", "-Wno-all"]
PIC = PLAIN + ["-fPIC"]


class Failed(Exception):
    """A check does not hold."""


def expect(condition: object, message: str) -> None:
    if not condition:
        raise Failed(message)


def equal(got: object, want: object, what: str) -> None:
    expect(got == want, f"{what}: {got!r} instead of {want!r}")


class Result:
    def __init__(self, done: subprocess.CompletedProcess) -> None:
        self.status = done.returncode
        self.out = done.stdout.decode(errors="surrogateescape")
        self.err = done.stderr.decode(errors="surrogateescape")


class Bench:
    """One program under test, and an empty folder for one case."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.iterdir():
            stale.unlink()

    def elfin(self, *words: object, status: int | None = 0, stdout=subprocess.PIPE) -> Result:
        """Runs elfin in the folder. status: what it must exit with, None for whatever."""
        done = subprocess.run([str(self.program), *map(str, words)], cwd=self.folder, stdout=stdout,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=120)
        if stdout != subprocess.PIPE:
            done.stdout = b""
        result = Result(done)
        # Sanitizers have statuses of their own, and must not hide behind one that is expected.
        expect("Sanitizer" not in result.err and "runtime error:" not in result.err, result.err)
        if status is not None:
            command = " ".join(map(str, words))
            equal(result.status, status, f"status of elfin {command}\n{result.err}")
        return result

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def compile(self, name: str, source: str | bytes, flags: list[str] = PLAIN,
                compiler: str = "gcc") -> Path:
        """NAME is that of the object; the source is C, or assembly if NAME ends in .s.o."""
        path = self.write(name.removesuffix(".o") + ("" if name.endswith(".s.o") else ".c"), source)
        target = self.folder / name
        subprocess.run([compiler, *flags, "-c", str(path), "-o", str(target)], check=True,
                       cwd=self.folder)
        return target

    def link(self, *words: object, status: int = 0) -> "Linked":
        result = self.elfin("link", "--image", "image", "--map", "map.json", *words, status=status)
        return Linked(json.loads((self.folder / "map.json").read_text()),
                      (self.folder / "image").read_bytes(), result)


class Linked:
    """A map and an image."""

    def __init__(self, tree: dict, image: bytes, result: Result) -> None:
        self.tree = tree
        self.image = image
        self.result = result
        self.modules = {module["name"]: module for module in tree["modules"]}

    def sections(self, module: str) -> dict[str, dict]:
        entry = self.modules[module]
        return {section["name"]: section for section in entry["sections"] + entry["synthetic"]}

    def all_sections(self) -> list[dict]:
        return [section for module in self.modules for section in self.sections(module).values()]

    def symbol(self, module: str, name: str) -> int:
        return next(int(symbol["address"], 16) for symbol in self.modules[module]["symbols"]
                    if symbol["name"] == name)

    def read(self, address: int, size: int) -> bytes:
        for section in self.all_sections():
            offset = address - int(section["address"], 16)
            if 0 <= offset and offset + size <= section["size"]:
                if section["image_offset"] is None:
                    return bytes(size)
                start = section["image_offset"] + offset
                return self.image[start:start + size]
        raise Failed(f"no section at 0x{address:x}")

    def quad(self, module: str, name: str) -> int:
        """The 64-bit value of a variable."""
        return int.from_bytes(self.read(self.symbol(module, name), 8), "little")


def lines_with(text: str, *words: str) -> list[str]:
    return [line for line in text.splitlines() if all(word in line for word in words)]


def header_string(name: str) -> str:
    text = (ROOT / "include" / "elfin" / "elfin.h").read_text()
    found = re.search(rf'#define {name}\s+"([^"]*)"', text)
    expect(found, f"{name} is not in elfin.h")
    return found.group(1)


CASES: list[tuple[str, Callable[[Bench], None]]] = []


def case(function: Callable[[Bench], None]) -> Callable[[Bench], None]:
    group = function.__module__.removeprefix("test_")
    CASES.append((f"{group}.{function.__name__}", function))
    return function


def run_case(prefix: str, program: Path, name: str, function: Callable[[Bench], None]) -> bool:
    try:
        function(Bench(program, SCRATCH / prefix / name))
    except Exception as error:  # noqa: BLE001  (whatever it is, it is this case that failed)
        where = traceback.extract_tb(error.__traceback__)[1]
        reason = " | ".join(str(error).splitlines()) or type(error).__name__
        print(f"not ok {prefix}.{name}: line {where.lineno}: {reason}", flush=True)
        return False
    print(f"ok {prefix}.{name}", flush=True)
    return True


def main(words: list[str]) -> int:
    """words: parts of the names of cases to run, or none for all."""
    good = True
    for prefix, program in (("tool", BUILD / "elfin"), ("tool-asan", BUILD / "asan" / "elfin")):
        for name, function in CASES:
            if not words or any(word in name for word in words):
                good &= run_case(prefix, program, name, function)
    return 0 if good else 1
