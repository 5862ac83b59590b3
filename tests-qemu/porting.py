#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""docs/PORTING.md, followed by a stranger: its code with a page allocator and page tables round it, in a
folder elsewhere, with nothing but the headers and the archives, is a kernel that loads a module."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from boot import BUILD, ROOT, Boot, Cases, built

SOURCES = os.path.join(ROOT, 'tests-qemu', 'porting')
ARCHIVES = ('elfin-report', 'elfin-features', 'elfin', 'elfin-alloc', 'elfin-cpu', 'mini')
CFLAGS = ('-std=c11 -Wall -Wextra -Werror -O2 -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone '
          '-mgeneral-regs-only -fno-stack-protector -fcf-protection=none').split()
INCLUDE = [f'-I{ROOT}/include', f'-I{ROOT}']


def examples():
    with open(os.path.join(ROOT, 'docs', 'PORTING.md'), encoding='utf-8') as file:
        return re.findall(r'^```c\n(.*?)^```$', file.read(), re.M | re.S)


def link(folder):
    """What the manual says to link, in its order."""
    host, load = examples()
    for name, text in (('host.inc', host), ('load.inc', load)):
        with open(os.path.join(folder, name), 'w', encoding='ascii') as file:
            file.write(text)
    for name in ('main.c', 'greet.c', 'kernel.ld'):
        shutil.copy(os.path.join(SOURCES, name), folder)
    shutil.copytree(os.path.join(ROOT, 'linker-scripts'), os.path.join(folder, 'linker-scripts'))
    archives = [os.path.join(BUILD, f'lib{name}.a') for name in ARCHIVES]
    for command in (['gcc', *CFLAGS, *INCLUDE, '-c', 'main.c'],
                    ['gcc', '-O2', *INCLUDE, '-c', 'greet.c'],
                    ['ld', '-nostdlib', '-static', '-z', 'max-page-size=4096', '-T', 'kernel.ld',
                     'main.o', *archives, '-o', 'kernel.elf']):
        subprocess.run(command, check=True, cwd=folder)


def main():
    cases = Cases()
    host = [line for line in examples()[0].splitlines() if line.strip()]
    cases.check('porting: the host is less than 50 lines', len(host) < 50, len(host))
    with tempfile.TemporaryDirectory() as folder:
        link(folder)
        kernel = ['--kernel', os.path.join(folder, 'kernel.elf')]
        boot = Boot('', [os.path.join(folder, 'greet.o'), built('hello.o')], kernel)
        cases.check('porting: a module runs, and one that needs more is refused with the reason',
                    boot.status == 41 and re.match('hello from a module\n.*elfin_print', boot.output),
                    f'{boot.status}: {boot.output} {boot.errors}')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
