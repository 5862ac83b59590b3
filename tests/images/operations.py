#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""
Runs `operations` over GRUB's modules and small libraries; with --all (`make corpus`) over the large
archives too, and over what `make bench` has fetched: Linux's modules, libcrypto, musl.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("ELFIN_BUILD", "build")
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
SMALL = ["libz.a", "liblua5.4.a", "libbz2.a"]
GCC = ["libgcc.a", "libgcc_eh.a", "libsupc++.a", "libstdc++.a"]
LIBC = ["libc.a", "libm-2.36.a"]
RUSTC = ["/usr/bin/rustc", "rustc"]  # Debian's always, another one if the path has it
FETCHED = {"linux": ("ko", "*.ko"), "libcrypto": ("crypto", "libcrypto.a"),
           "musl": ("musl", "libc.a")}


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _of_gcc(names: list[str]) -> list[Path]:
    return [Path(_said("gcc", f"-print-file-name={name}")) for name in names]


def sample() -> dict[str, list[Path]]:
    return {"grub": sorted(Path("/usr/lib/grub/x86_64-efi").glob("*.mod")),
            "libz, liblua5.4, libbz2": [LIBRARIES / name for name in SMALL]}


def corpora() -> dict[str, list[Path]]:
    found = sample() | {"libgcc, libsupc++, libstdc++": _of_gcc(GCC), "libc, libm": _of_gcc(LIBC)}
    for compiler in filter(shutil.which, RUSTC):
        folder = Path(_said(compiler, "--print", "target-libdir"))
        found[f"rustc {_said(compiler, '--version').split()[1]}"] = sorted(folder.glob("*.rlib"))
    for name, (folder, pattern) in FETCHED.items():
        found[name] = sorted((BUILD / "bench" / "corpus" / folder).rglob(pattern))
    return found


def check(program: Path, name: str, files: list[Path]) -> bool:
    if not files and name in FETCHED:
        print(f"# operations: {name}: not compared: `make bench` fetches it", flush=True)
        return True
    with tempfile.NamedTemporaryFile("w") as listed:
        listed.writelines(f"{path}\n" for path in files)
        listed.flush()
        status = subprocess.run([program, name, "-l", listed.name], check=False).returncode
    if status not in (0, 1):  # it has not said so itself
        print(f"not ok operations/{name}: ended with {status}", flush=True)
    return status == 0


def main() -> int:
    complete = "--all" in sys.argv[1:]
    program = BUILD / "tests" / "images" / ("operations-fast" if complete else "operations")
    todo = corpora() if complete else sample()
    return 0 if all([check(program, name, files) for name, files in todo.items()]) else 1


if __name__ == "__main__":
    sys.exit(main())
