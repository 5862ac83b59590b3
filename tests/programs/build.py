# SPDX-License-Identifier: MIT
"""Links the programs of src/ with each compiler and linker, in the forms that they offer."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent / 'src'
BUILD = ROOT / os.environ.get('ELFIN_BUILD', 'build')
OUTPUT = BUILD / 'tests' / 'programs'
ELFIN = Path(os.environ.get('ELFIN', BUILD / 'elfin'))

TOOLCHAINS = {
    'gcc-ld': ['gcc'],
    'clang-lld': [os.environ.get('CLANG19', 'clang-19'), '-fuse-ld=lld-19'],
}
COMPILE = ['-O1', '-ffreestanding', '-fno-stack-protector', '-mno-red-zone', '-nostdlib', '-Wall',
           '-Wextra', '-Werror', '-Wno-unused-command-line-argument']

# name: how the linker is asked
EXECUTABLES = {
    'exec': ['-fno-pie', '-static', '-no-pie'],
    'exec-high': ['-fno-pie', '-static', '-no-pie'],
    'exec-indirect': ['-fno-pie', '-static', '-no-pie', '-DWITH_INDIRECT'],
    'pie': ['-fpie', '-static-pie'],
    'pie-relr': ['-fpie', '-static-pie', '-Wl,-z,pack-relative-relocs'],
    'pie-norelro': ['-fpie', '-static-pie', '-Wl,-z,norelro'],
    'pie-indirect': ['-fpie', '-static-pie', '-DWITH_INDIRECT'],
    'pie-large-pages': ['-fpie', '-static-pie', '-Wl,-z,max-page-size=0x200000'],
}
SHARED = {
    'plain': [],
    'lazy-sysv': ['-Wl,-z,lazy', '-Wl,--hash-style=sysv'],
    'now-gnu': ['-Wl,-z,now', '-Wl,--hash-style=gnu'],
    'relr': ['-Wl,-z,pack-relative-relocs'],
    'symbolic': ['-Wl,-Bsymbolic'],
    'noseparate': ['-Wl,-z,noseparate-code'],
    'no-plt': ['-fno-plt'],
}
ADDRESS = {'exec': 0x5000000, 'exec-indirect': 0x6000000, 'exec-high': 0x7e0000000000}


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f'{" ".join(map(str, command))}: {done.stderr.strip()[:600]}')
    return done.stdout


def link(toolchain, folder, target, sources, flags):
    """OUTPUT/TOOLCHAIN/FOLDER/TARGET, made anew when a source or this file is younger."""
    path = OUTPUT / toolchain / folder / target
    inputs = [SOURCES / s if isinstance(s, str) else s for s in sources]
    newest = max(p.stat().st_mtime for p in [*inputs, Path(__file__), *SOURCES.iterdir()])
    if path.exists() and path.stat().st_mtime > newest:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f'{path.name}.{os.getpid()}')
    run([*TOOLCHAINS[toolchain], *COMPILE, *flags, '-o', fresh, *inputs])
    fresh.replace(path)
    return path


def executable(toolchain, form):
    flags = list(EXECUTABLES[form])
    address = ADDRESS.get(form)
    if address:
        flags.append(f'-Wl,-Ttext-segment={address:#x}' if toolchain == 'gcc-ld' else
                     f'-Wl,--image-base={address:#x}')
        if address > 1 << 32:
            flags += ['-mcmodel=large']
    return link(toolchain, form, 'main.elf', ['main.c'], flags)


def libraries(toolchain, form):
    """libbase.so and libuser.so, which needs it."""
    flags = ['-fpic', '-fsemantic-interposition', '-shared', *SHARED[form]]
    base = link(toolchain, form, 'libbase.so', ['base.c'], [*flags, '-Wl,-soname,libbase.so'])
    user = link(toolchain, form, 'libuser.so', ['user.c', base],
                [*flags, '-Wl,-soname,libuser.so', '-Wl,-rpath,$ORIGIN'])
    return base, user


def preempt(toolchain):
    return link(toolchain, 'preempt', 'libpreempt.so', ['preempt.c'], ['-fpic', '-shared'])


def versions(toolchain):
    return link(toolchain, 'versions', 'libversions.so', ['versions.c'],
                ['-fpic', '-shared', f'-Wl,--version-script={SOURCES / "versions.map"}'])


def choose(toolchain):
    return link(toolchain, 'choose', 'libchoose.so', ['choose.c'], ['-fpic', '-shared'])


def every():
    for toolchain in TOOLCHAINS:
        for form in EXECUTABLES:
            executable(toolchain, form)
        for form in SHARED:
            libraries(toolchain, form)
        preempt(toolchain)
        versions(toolchain)
        choose(toolchain)


if __name__ == '__main__':
    every()
