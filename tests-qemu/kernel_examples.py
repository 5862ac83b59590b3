#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every example in the kernel and in elfin.efi: what they print is the same, but for addresses. As
objects, with members of Debian's and Rust's archives, and as images."""

import os
import re
import subprocess
import sys

import rust
from boot import BUILD, ROOT, Boot, Cases, built

OUTPUT = os.path.join(BUILD, 'tests-qemu', 'kernel-examples')
EXAMPLES = ('calc', 'even', 'hello', 'odd', 'refuse', 'sum', 'zip')
IMAGES = ('even', 'hello', 'odd', 'refuse', 'sum')
KERNEL = ('--kernel', os.path.join(BUILD, 'kernel.elf'))

REST = '''
call calc:calc_sum_to 200
call calc:calc_nodes
! call calc:calc_uncaught
unload calc
unload even
unload sum
unload zip
library {core}
library {builtins}
load rust.o -- Ada
call rust:show 42
! call rust:divide 1 0 0
call rust:divide 41 2 1
unload rust
load hello.img -- Grace
call hello:hello_times 1
! load even.img
load even.img odd.img
call odd:is_odd 9
load sum.img
call sum:sum 1 2 3 4 5 6
! load refuse.img
unload hello
deps
lookup is_even
'''
# What cannot be without firmware.
FIRMWARE = (('! load memory_map.o', 'elfin_system_table'), ('! cpus', 'unknown command: cpus'),
            ('! boot kernel.elf', 'unknown command: boot'))
# What the comparison cannot tell: that both are right.
WANTED = (('load hello.o -- elfin', '^hello, elfin$'), ('call hello:hello_times 2', '^hello number 2$'),
          ('! load even.o', 'is_odd'), ('call even:is_even 10', '^=> 1 '),
          ('call sum:sum 1 2 3 4 5 6', '^=> 21 '), ('call zip:roundtrip 100000 9', '^=> [1-9]'),
          ('load calc.o -- 6*(3+4) 1/0 2*)', r'^6\*\(3\+4\) = 42 \(\*\)$'),
          ('call calc:calc_sum_to 200', '^=> 20100 '), ('! load refuse.o', 'init function failed'),
          ('! call calc:calc_uncaught', "instance of '.*SyntaxError'"),
          ('load rust.o -- Ada', '^hello, Ada$'), ('! call rust:divide 1 0 0', 'divide by zero'),
          ('load hello.img -- Grace', '^hello, Grace$'), ('call odd:is_odd 9', '^=> 1 '))


def images():
    os.makedirs(OUTPUT, exist_ok=True)
    for name in IMAGES:
        path = os.path.join(OUTPUT, name + '.img')
        subprocess.run([os.path.join(BUILD, 'elfin'), 'prepare', '--free-init', built(name + '.o'),
                        '-o', path], check=True)
        yield path


def archives():
    libgcc = subprocess.run(['gcc', '-print-libgcc-file-name'], check=True, capture_output=True,
                            text=True).stdout.strip()
    return [os.environ.get('LIBZ') or '/usr/lib/x86_64-linux-gnu/libz.a',
            *(os.path.join(os.path.dirname(libgcc), name) for name in ('libsupc++.a', 'libgcc_eh.a'))]


def plain(lines):
    """Without what differs for good reasons; on a slow machine, loads tell how far they are."""
    return [re.sub(r'\((elfin\.efi|kernel)\)', '(host)', re.sub(r'0x[0-9a-f]+', 'ADDRESS', line))
            for line in lines if not line.startswith('... ')]


def main():
    cases = Cases()
    toolchain = rust.Toolchain(rust.DEBIAN)
    with open(os.path.join(ROOT, 'examples', 'demo.elfin'), encoding='utf-8') as file:
        script = file.read()
    core, builtins = (os.path.basename(path) for path in toolchain.archives)
    script += REST.format(core=core, builtins=builtins)
    files = [*(built(f'{name}.o') for name in EXAMPLES), built('rust.o'), *images(), *archives(),
             *toolchain.archives]
    firmware = Boot(script, files)
    script += '\n'.join(command for command, _ in FIRMWARE)
    kernel = Boot(script, [*files, built('memory_map.o')], KERNEL)
    for name, boot in (('elfin.efi', firmware), ('kernel', kernel)):
        cases.check(f'examples: the script runs to its end in {name}', boot.status == 0,
                    boot.output[-500:] + boot.errors[-300:])
    for command, wanted in WANTED:
        kernel.expect(cases, f'examples: {command}', command, wanted)
    for command, wanted in FIRMWARE:
        kernel.expect(cases, f'kernel: {command} says so', command, wanted)
    same = [c for c in kernel.commands if c[0] not in dict(FIRMWARE)]
    for (command, said), (_, wanted) in zip(same, firmware.commands):
        if plain(said) != plain(wanted):
            cases.equal(f'examples: {command}', plain(said), plain(wanted))
    cases.equal('examples: all commands and their output are elfin.efi\'s, but for addresses',
                [(command, plain(said)) for command, said in same] ==
                [(command, plain(said)) for command, said in firmware.commands], True)
    print(f'# kernel examples: {len(kernel.commands)} commands, {len(EXAMPLES) + 1} examples, '
          f'{len(IMAGES)} images')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
