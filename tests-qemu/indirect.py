#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Indirect functions in firmware: gcc's and clang's, called near and from beyond 4 GiB."""

import os
import subprocess
import sys

from boot import BUILD, ROOT, Boot, Cases

SOURCES = os.path.join(ROOT, 'tests-qemu', 'indirect')
OUTPUT = os.path.join(BUILD, 'tests-qemu', 'indirect')
COMPILERS = {'gcc': os.environ.get('CC', 'gcc'), 'clang': os.environ.get('CLANG', 'clang-14'),
             'clang19': os.environ.get('CLANG19', 'clang-19')}
LEVELS = ('O0', 'O2')
FAR = '0x100000000'


def compile_object(compiler, level, source, name):
    path = os.path.join(OUTPUT, f'{name}.o')
    subprocess.run([COMPILERS[compiler], f'-{level}', '-fpic', '-Iinclude', '-c',
                    os.path.join(SOURCES, source), '-o', path], check=True, cwd=ROOT)
    return path


def libgcc():
    return subprocess.run(['gcc', '-print-libgcc-file-name'], capture_output=True, text=True,
                          check=True).stdout.strip()


class Variant:
    """One owner; users near it and far from it; target_clones beside."""

    def __init__(self, compiler, level):
        self.name = f'{compiler}-{level}'
        self.paths = [compile_object(compiler, level, source, f'{part}-{self.name}')
                      for part, source in (('owner', 'owner.c'), ('near', 'user.c'),
                                           ('far', 'user.c'), ('clones', 'clones.c'))]

    def script(self):
        owner, near, far, clones = (f'{part}-{self.name}'
                                    for part in ('owner', 'near', 'far', 'clones'))
        lines = [f'load {owner}.o', f'call {owner}:resolvers_run', f'call {owner}:seen_at_start',
                 f'call {owner}:by_table 1', f'call {owner}:by_name 1',
                 f'call {owner}:same_pointers', f'call {owner}:scale 21',
                 f'call {owner}:inner 14', 'lookup scale', f'load {near}.o',
                 f'load {far}.o min={FAR}']
        for user in (near, far):
            lines += [f'call {user}:call_directly 5', f'call {user}:call_at_the_end 5',
                      f'call {user}:call_by_pointer 5', f'call {user}:same_pointers']
        return lines + [f'unload {near}', f'unload {far}', f'unload {owner}',
                        f'load {clones}.o', f'call {clones}:sum_of_squares 100',
                        f'unload {clones}']

    def check(self, boot, cases):
        owner, name = f'owner-{self.name}', self.name
        got = [boot.result(f'call {owner}:{call}') for call in
               ('resolvers_run', 'seen_at_start', 'by_table 1', 'by_name 1', 'same_pointers',
                'scale 21', 'inner 14')]
        cases.equal(f'indirect: {name}: owner', got, [4, 320, 23332, 2333, 1, 42, 42])
        for user in ('near', 'far'):
            got = [boot.result(f'call {user}-{name}:{call}') for call in
                   ('call_directly 5', 'call_at_the_end 5', 'call_by_pointer 5', 'same_pointers')]
            cases.equal(f'indirect: {name}: {user}', got, [11, 12, 30, 1])
        cases.equal(f'indirect: {name}: target_clones',
                    boot.result(f'call clones-{name}:sum_of_squares 100'), 338350)


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    cases = Cases()
    variants = [Variant(compiler, level) for compiler in COMPILERS for level in LEVELS]
    broken = compile_object('gcc', 'O2', 'broken.c', 'broken')
    lines = [f'! load clones-{variants[0].name}.o', 'library libgcc.a', '! load broken.o',
             '! lookup scale']
    for variant in variants:
        lines += variant.script()
    boot = Boot('\n'.join(lines), [broken, libgcc(), *(p for v in variants for p in v.paths)],
                ['--timeout', '200', '--memory', '6G'])
    cases.check('indirect: the script runs to its end', boot.status == 0,
                f'{boot.status}: {boot.output[-500:]} {boot.errors[-500:]}')
    boot.expect(cases, 'indirect: target_clones needs libgcc.a', lines[0],
                '__cpu_indicator_init', '__cpu_model')
    boot.expect(cases, 'indirect: a resolver that returns 0 ends the load', '! load broken.o',
                '^broken: resolver$', 'resolver of an indirect function returned 0', 'scale')
    cases.check('indirect: and no init function ran',
                'broken: init' not in boot.said('! load broken.o'))
    for variant in variants:
        variant.check(boot, cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
