#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The kernel: booted by elfin.efi, it loads modules of its own."""

import itertools
import os
import re
import sys

from boot import BUILD, Boot, Cases, built
from faults import FAULTS, expect_faults, lines_for

# Each pair of compiler, memory and CPU; with `all` as argument, each combination.
COMPILERS = {'gcc': 'kernel.elf', 'clang': 'kernel-clang.elf'}
MEMORY = {'512 MiB': '512M', '6 GiB': '6G'}
PROTECTIONS = {'max': 'WP on, NXE on, SMEP on, SMAP on, UMIP on',
               'qemu64': 'WP on, NXE on, SMEP absent, SMAP absent, UMIP absent'}
PAIRS = [('gcc', '512 MiB', 'max'), ('gcc', '6 GiB', 'qemu64'), ('clang', '512 MiB', 'qemu64'),
         ('clang', '6 GiB', 'max')]

def boot(machine, script, files):
    compiler, memory, cpu = machine
    return Boot(script, files, ('--kernel', os.path.join(BUILD, COMPILERS[compiler]), '--memory',
                                MEMORY[memory], '--cpu', cpu))


def check_machine(axes, cases):
    machine = ', '.join(axes)
    steps = ['load even.o odd.o', 'call odd:is_odd 7', 'load hello.o -- world', 'list',
             'unload hello', 'unload even', *lines_for('faults', FAULTS), 'load faults.o',
             '! call faults:fault_guard 8', 'trace 1', 'unload faults', 'load faults.o',
             'call faults:fault_none 7', 'unload faults']
    script = ['memory', 'cpu', 'check', *(line for step in steps for line in (step, '@check')),
              'memory', 'quit 42']
    run = boot(axes, '\n'.join(script), [built('even.o'), built('odd.o'), built('hello.o'),
                                         built('faults.o')])

    cases.equal(f'kernel ({machine}): the status of quit', run.status, 42)
    cases.check(f'kernel ({machine}): the first line is the script\'s', run.output.startswith('> memory\n'),
                run.output[:300] + run.errors[-300:])
    cases.equal(f'kernel ({machine}): protections', run.said('cpu'), PROTECTIONS[axes[2]])
    cases.equal(f'kernel ({machine}): modules that call each other', run.result('call odd:is_odd 7'), 1)
    run.expect(cases, f'kernel ({machine}): words reach init', 'load hello.o -- world',
               r'^hello, world$', r'^loaded hello at 0xf\w+$')
    run.expect(cases, f'kernel ({machine}): list', 'list', r'^hello 1.0 at', r'^odd at')
    expect_faults(run, cases, f'kernel ({machine})', 'faults', FAULTS)
    run.expect(cases, f'kernel ({machine}): the page before a module', '! call faults:fault_guard 8',
               r'^error: page fault at faults:fault_guard\+0x\w+: reading unmapped')
    run.expect(cases, f'kernel ({machine}): a fault is traced', 'trace 1',
               r'^\d+\.\d{6} fault faults: page fault at 0x\w+, 0x\w+$')
    cases.equal(f'kernel ({machine}): the next instance works', run.result('call faults:fault_none 7'), 14)
    cases.equal(f'kernel ({machine}): everything is given back',
                re.sub(r'\d+ record bytes|heap.*', '', run.said('memory', 1)),
                re.sub(r'\d+ record bytes|heap.*', '', run.said('memory')))


# What tables.c breaks, in its order.
BROKEN = ['writable and executable: 0x10000', r'writable and executable: 0x1\w000',
          r"not the right of the module's part: 0x1\w000", r"not the right of the module's part",
          'pages of modules are missing', "not the right of the module's part",
          'an entry that the kernel does not make', 'page 0 is mapped',
          "not the right of the module's part: 0xf000", "not the kernel's right: 0xffffffff80000000",
          "not the kernel's right: 0xffffffff80000000", 'not the second mapping of memory',
          "nobody's page: 0x50000", 'an empty table: 0x40000000', 'WP', 'SMEP']

LINE = re.compile(r'^(0x[0-9a-f]+)-(0x[0-9a-f]+) (R|RW|RX) memory (0x[0-9a-f]+)$')


def ranges(text):
    """(first, last, rights) of the lines of `tables`."""
    found = [LINE.match(line) for line in text.splitlines()]
    return [(int(m[1], 16), int(m[2], 16), m[3]) for m in found if m]


def check_rights(cases):
    """What is mapped after each step: nothing below the kernel's half, page 0 least of all; text RX,
    constants R, data RW, nothing else; and nothing when it is unloaded."""
    script = []
    steps = ['load even.o odd.o', 'load faults.o at=0x200000', 'load hello.o', 'unload even',
             '! call faults:fault_write_text', 'unload faults', 'load faults.o at=0x7ffffffe0000',
             'unload hello', 'unload faults']
    for step in ['tables', *steps]:
        script += [step, f'echo after {step}', 'tables']
    run = Boot('\n'.join([*script, 'ticks', 'quit']), [built(f'{name}.o') for name in
                                                      ('even', 'odd', 'faults', 'hello')],
               ('--kernel', os.path.join(BUILD, 'kernel.elf')))
    cases.equal('kernel rights: the script runs to its end', run.status, 0)
    seen = [ranges(run.said('tables', i)) for i in range(len(steps) + 2)]
    rights = [sorted(r for _, last, r in tables if last < 1 << 47) for tables in seen[1:]]
    module = ['R', 'RW', 'RX']
    cases.equal('kernel rights: of modules in the lower half, step by step', rights,
                [[], [], module, module, module, module, [], module, module, []])
    cases.equal('kernel rights: at the end they are as in the beginning', seen[-1], seen[0])
    cases.check('kernel rights: exactly the kernel\'s text and the modules\' are executable',
                all(sum(r == 'RX' for *_, r in tables) == 1 + n for tables, n in
                    zip(seen[1:], (0, 1, 2, 3, 2, 2, 1, 2, 1, 0))),
                [[r for *_, r in tables] for tables in seen])
    run.expect(cases, 'kernel: the timer ticks', 'ticks', r'^[1-9]\d* ticks, 100 a second$')


def check_the_check(cases):
    """`check` finds each thing that the module does to the page tables and to the CPU."""
    script = ['load tables.o at=0x10000', 'check']
    for what in range(len(BROKEN)):
        script += [f'call tables:tables_break {what}', '! check', 'call tables:tables_mend',
                   '@check']
    script += ['load watch.o', 'replace watch watch.o at=0x140000000', 'call watch:watch_count',
               'retire', 'call tables:tables_break 0', 'call watch:watch_count',
               'call tables:tables_mend', 'unload watch']
    run = Boot('\n'.join(script), [built('tables.o'), built('watch.o')],
               ('--kernel', os.path.join(BUILD, 'kernel.elf')))
    cases.equal('kernel check: what is mended is no longer found', run.status, 0)
    looks = [line for line in run.output.splitlines() if line.startswith('watch: ')]
    cases.equal('kernel: during loads, in init and exit too, nothing is writable and executable',
                looks, [f'watch: {when}, {int(when == "call" and i > 6)} bad pages' for i, when in
                        enumerate(('constructor', 'init', 'constructor', 'init', 'save', 'restore',
                                   'call', 'destructor', 'call', 'exit', 'destructor'))])
    for what, wanted in enumerate(BROKEN):
        run.expect(cases, f'kernel check: {wanted}', '! check', '^error: check: ' + wanted,
                   occurrence=what)


def main():
    cases = Cases()
    every = itertools.product(COMPILERS, MEMORY, PROTECTIONS)
    for machine in every if sys.argv[1:] == ['all'] else PAIRS:
        check_machine(machine, cases)
    check_rights(cases)
    check_the_check(cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
