#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The objects that `make bench` loads: out of Debian packages, unpacked but not installed, and generated.

usage: corpus.py FOLDER

What is in the folder already stays. Names of sets and their files: sets(FOLDER).
"""
import pathlib
import re
import subprocess
import sys

import generate

# Set -> package, where its files are in it, and what they are called.
PACKAGES = {
    "ko": ("linux-image-amd64", "lib/modules", "*.ko"),
    "grub": ("grub-efi-amd64-bin", "usr/lib/grub/x86_64-efi", "*.mod"),
    "crypto": ("libssl-dev", "usr/lib/x86_64-linux-gnu", "libcrypto.a"),
    "musl": ("musl-dev", "usr/lib/x86_64-linux-musl", "libc.a"),
}


class NoPackage(Exception):
    pass


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise NoPackage(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}\n"
                        "bench: packages come from apt's sources; try: apt-get update")
    return done.stdout


def real_package(package):
    """linux-image-amd64 is empty: the package with the kernel is what it depends on."""
    if not package.startswith("linux-image"):
        return package
    depends = re.findall(r"^\s*Depends: (linux-image-\S+)", run("apt-cache", "depends", package), re.M)
    if not depends:
        raise NoPackage(f"{package}: depends on no linux-image package")
    return depends[0]


def fetch(name, folder):
    package, _, _ = PACKAGES[name]
    target = folder / name
    if target.is_dir():
        return
    real = real_package(package)
    print(f"bench: {name}: downloading and unpacking {real}", flush=True)
    unpacked = folder / f"{name}.new"
    subprocess.run(["rm", "-rf", str(unpacked)], check=True)
    unpacked.mkdir(parents=True)
    run("apt-get", "download", "-q", real, cwd=unpacked)
    for deb in unpacked.glob("*.deb"):
        run("dpkg-deb", "-x", str(deb), str(unpacked))
        deb.unlink()
    unpacked.rename(target)


def sets(folder):
    """Set -> list of its files."""
    folder = pathlib.Path(folder)
    found = {}
    for name, (_, where, pattern) in PACKAGES.items():
        found[name] = sorted((folder / name / where).rglob(pattern))
    for file in sorted((folder / "syn").glob("*.o")):
        found[file.stem] = [file]
    return found


def ensure(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in PACKAGES:
        fetch(name, folder)
    generate.ensure(folder / "syn")
    empty = [name for name, files in sets(folder).items() if not files]
    if empty:
        raise NoPackage(f"{folder}: no files for {', '.join(empty)}; remove the folder to fetch them again")
    return sets(folder)


if __name__ == "__main__":
    try:
        for set_name, files in ensure(sys.argv[1]).items():
            print(f"{set_name}: {len(files)} files")
    except NoPackage as error:
        sys.exit(f"bench: {error}")
