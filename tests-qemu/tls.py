#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Thread-local variables in firmware: every compiler, dialect and code model."""

import os
import subprocess
import sys

from boot import BUILD, ROOT, Boot, Cases

SOURCES = os.path.join(ROOT, 'tests-qemu', 'tls')
OUTPUT = os.path.join(BUILD, 'tests-qemu', 'tls')
COMPILERS = {'gcc': os.environ.get('CC', 'gcc'), 'clang': os.environ.get('CLANG', 'clang-14'),
             'clang19': os.environ.get('CLANG19', 'clang-19')}
DIALECTS = {'no-pic': ['-fno-pic'], 'pie': ['-fpie'], 'pic': ['-fpic'],
            'no-plt': ['-fpic', '-fno-plt'], 'large': ['-fpic', '-mcmodel=large'],
            'gnu2': ['-fpic', '-mtls-dialect=gnu2']}
WITHOUT_GNU2 = 'clang'  # clang 14 knows no descriptors


def compile_object(compiler, flags, source, name):
    path = os.path.join(OUTPUT, f'{name}.o')
    subprocess.run([COMPILERS[compiler], '-std=gnu11', '-O1', '-ffreestanding', *flags, '-Iinclude',
                    '-c', os.path.join(SOURCES, source), '-o', path], check=True, cwd=ROOT)
    return path


class Variant:
    """A module with variables and one that uses them."""

    def __init__(self, compiler, dialect):
        self.name = f'{compiler}-{dialect}'
        self.owner, self.user = f'owner-{self.name}', f'user-{self.name}'
        self.paths = [compile_object(compiler, DIALECTS[dialect], f'{part}.c',
                                     f'{part}-{self.name}') for part in ('owner', 'user')]
        self.calls = [f'call {self.owner}:{f}' for f in
                      ('at_start', 'is_aligned', 'thread_pointer_holds_itself', 'count', 'count')]
        self.calls += [f'call {self.user}:read_theirs', f'call {self.user}:write_theirs 7',
                       f'call {self.user}:read_theirs', f'call {self.owner}:read_all']

    def script(self):
        return [f'load {self.owner}.o', f'load {self.user}.o', *self.calls, f'unload {self.user}',
                f'unload {self.owner}']

    def check(self, boot, cases):
        got = [boot.result(call) for call in self.calls[:4]]
        cases.equal(f'tls: {self.name}: its own', got, [157, 1, 1, 2 * 56 + 104])
        cases.equal(f'tls: {self.name}: values last', boot.result(self.calls[4], 1), 2 * 66 + 109)
        theirs = [boot.result(self.calls[5], occurrence) for occurrence in range(2)]
        cases.equal(f'tls: {self.name}: of another module', theirs,
                    [43 + 4 + 3 + 109 + 1000, 7 + 4 + 7 + 109 + 1001])
        cases.equal(f'tls: {self.name}: written by another module',
                    (boot.result(self.calls[6]), boot.result(self.calls[8])),
                    (2, 7 + 4 + 1 + 4 + 7 + 11 + 109))


def large(name, size):
    """A module whose thread-local data take so many bytes."""
    source = os.path.join(OUTPUT, f'{name}.c')
    with open(source, 'w', encoding='ascii') as file:
        file.write(f'_Thread_local char data[{size}];\nchar f(void) {{ return data[1]; }}\n')
    path = os.path.join(OUTPUT, f'{name}.o')
    subprocess.run(['gcc', '-fpic', '-c', source, '-o', path], check=True)
    return path


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    cases = Cases()
    variants = [Variant(compiler, dialect) for compiler in COMPILERS for dialect in DIALECTS
                if not (dialect == 'gnu2' and compiler == WITHOUT_GNU2)]
    fits, too_large = large('fits', 15000), large('toolarge', 20000)
    lines = [line for variant in variants for line in variant.script()]
    lines += ['! load toolarge.o', 'load fits.o', 'call fits:f', '! lookup data',
              '! load fits.o name=second', 'quit']
    boot = Boot('\n'.join(lines), [fits, too_large, *(p for v in variants for p in v.paths)],
                ['--timeout', '200'])
    cases.check('tls: the script runs to its end', boot.status == 0,
                f'{boot.status}: {boot.output[-500:]} {boot.errors[-500:]}')
    for variant in variants:
        variant.check(boot, cases)
    boot.expect(cases, 'tls: too much for the area', '! load toolarge.o', 'thread-local',
                r'\b(16384|0x4000)\b')
    cases.equal('tls: zero-filled data', boot.result('call fits:f'), 0)
    boot.expect(cases, 'tls: the area is exhausted', '! load fits.o name=second', 'exhausted')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
