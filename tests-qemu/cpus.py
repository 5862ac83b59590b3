#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A group that is large enough for all CPUs of the machine: it comes out the same with one, two and
four of them, again and again, and the others do take part."""

import os
import re
import subprocess
import sys

from boot import BUILD, Boot, Cases, built

OUTPUT = os.path.join(BUILD, 'tests-qemu', 'cpus')
OBJECTS, WORDS, CALLS = 5, 80000, 60000
PLACE, SIZE = 0x8000000, 4 << 20  # less than the group takes
FILES = [os.path.join(OUTPUT, f'part{i}.o') for i in range(OBJECTS)]


def source(number):
    """Words and calls that refer to every object of the group, in a pattern of their own."""
    yield f'.globl f{number}\n.text\nf{number}: ret\n'
    for i in range(CALLS):
        yield f' call f{(i * 7 + number) % OBJECTS}\n'
    yield f'.data\n.globl v{number}\nv{number}:\n'
    for i in range(WORDS):
        yield f' .quad v{(i * 3 + number) % OBJECTS} + {i % 1000}\n'


def build():
    os.makedirs(OUTPUT, exist_ok=True)
    for number, path in enumerate(FILES):
        if not os.path.exists(path):
            subprocess.run(['as', '-o', path], input=''.join(source(number)), text=True, check=True)
    assert sum(map(os.path.getsize, FILES)) > 16 << 20


def script(counts):
    names = ' '.join(map(os.path.basename, FILES))
    lines = ['load digest.o', 'load other_cpus.o', 'call other_cpus:count_cpus']
    for count in counts:
        lines += [f'cpus {count}', f'load {names} at={PLACE:#x}', 'cpus',
                  f'call digest:digest {PLACE:#x} {SIZE:#x}', 'unload part0']
    return '\n'.join(lines) + '\n! cpus 0\n! cpus 5\nquit\n'


def joined(text):
    found = re.search(r'joined in (\d+) times', text)
    return int(found.group(1)) if found else -1


def boot(cases, machine, counts):
    run = Boot(script(counts), [*FILES, built('digest.o'), built('other_cpus.o')], ['--cpus', str(machine)])
    digest = f'call digest:digest {PLACE:#x} {SIZE:#x}'
    told = [run.said(digest, i) for i in range(len(counts))]
    cases.equal(f'cpus: a machine with {machine} ends well', run.status, 0)
    cases.check(f'cpus: memory is the same for {counts} of {machine}',
                re.search('0x[0-9a-f]{6}', told[0]) and len(set(told)) == 1,
                f'{told} {run.output[-300:]} {run.errors[-300:]}')
    if machine > 1:
        cases.equal(f'cpus: a module has all of {machine}', run.result('call other_cpus:count_cpus'), machine - 1)
    before = 0
    for i, count in enumerate(counts):
        after = joined(run.said('cpus', i))
        if count == 1:
            cases.equal(f'cpus: load {i}, one of {machine}: no other joins in', after, before)
        else:
            cases.check(f'cpus: load {i}, {count} of {machine}: others join in', after > before,
                        f'{before} times before, {after} after')
        before = after
    return told[0]


def main():
    cases = Cases()
    build()
    first = boot(cases, 1, [1])
    cases.equal('cpus: the same on a machine with two', boot(cases, 2, [1, 2, 2, 1]), first)
    cases.equal('cpus: the same on a machine with four', boot(cases, 4, [1, 2, 3, 4]), first)
    return cases.status()


sys.exit(main())
