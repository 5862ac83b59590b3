#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The relocation matrix in firmware: one module of two objects for every compiler, code model, kind
of position independence and optimisation, each computing a number that is right only if every fixup
is. Once near elfin.efi, once beyond 4 GiB, where objects that cannot be right must be refused."""

import itertools
import os
import subprocess
import sys

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

from boot import BUILD, ROOT, Boot, Cases

SOURCES = os.path.join(ROOT, 'tests-qemu', 'matrix')
OUTPUT = os.path.join(BUILD, 'tests-qemu', 'matrix')
COMPILERS = {'gcc': os.environ.get('CC', 'gcc'), 'clang': os.environ.get('CLANG', 'clang-14'),
             'clang19': os.environ.get('CLANG19', 'clang-19')}
MODELS = ('small', 'medium', 'large', 'kernel')
MODES = {'nopic': ('-fno-pic', '-fno-pie'), 'pie': ('-fpie',), 'pic': ('-fpic',),
         'noplt': ('-fpic', '-fno-plt')}
SEEDS = (1, 2, 3)
FAR = '0x100000000'
ABSOLUTE_32 = {10, 11}  # R_X86_64_32, R_X86_64_32S
PC32 = 2
BRANCHES = (0xe8, 0xe9)


def compile_object(compiler, flags, source, output):
    """False: the compiler refuses these flags."""
    command = [compiler, '-c', '-fcommon', *flags, os.path.join(SOURCES, source), '-o', output]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def relocations(path):
    """(type, symbol name, undefined?, byte before the field) of all allocated sections."""
    with open(path, 'rb') as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name('.symtab')
        for section in elf.iter_sections():
            if not isinstance(section, RelocationSection):
                continue
            target = elf.get_section(section['sh_info'])
            if not target['sh_flags'] & 2:
                continue
            data = target.data()
            for entry in section.iter_relocations():
                symbol = symbols.get_symbol(entry['r_info_sym'])
                offset = entry['r_offset']
                before = data[offset - 1] if offset and target['sh_type'] != 'SHT_NOBITS' else 0
                yield (entry['r_info_type'], symbol.name, symbol['st_shndx'] == 'SHN_UNDEF', before)


HOST_OR_NOBODY = {'nobody', 'nobody_data', 'strlen', 'memcpy'}


def fits_far(paths):
    """Whether all fields can hold addresses above 4 GiB while the host is below: no absolute 32-bit
    field, and no direct reference to what lies low that is not a branch."""
    for path in paths:
        for kind, name, undefined, before in relocations(path):
            if kind in ABSOLUTE_32:
                return False
            if kind == PC32 and undefined and name in HOST_OR_NOBODY and before not in BRANCHES:
                return False
    return True


class Variant:
    def __init__(self, compiler, model, mode, level):
        self.name = f'{compiler}-{model}-{mode}-{level}'
        flags = (f'-mcmodel={model}', *MODES[mode], f'-{level}')
        self.paths = [os.path.join(OUTPUT, f'{self.name}{part}.o') for part in ('', '.part')]
        self.compiled = all(compile_object(COMPILERS[compiler], flags, source, path)
                            for source, path in zip(('main.c', 'part.c'), self.paths))
        self.far = self.compiled and fits_far(self.paths)

    def load(self, where=''):
        return f'load {self.name}.o {self.name}.part.o{where}'

    def calls(self):
        return [f'call {self.name}:matrix_run {seed}' for seed in SEEDS]


def expected():
    """What the same sources compute when the system's linker links them."""
    program = os.path.join(OUTPUT, 'native')
    sources = [os.path.join(SOURCES, f'{name}.c') for name in ('native', 'main', 'part', 'peer')]
    subprocess.run([COMPILERS['gcc'], '-fcommon', '-O1', *sources, '-o', program], check=True)
    out = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return [int(line) for line in out.split()]


def near(cases, variants, peer, wanted):
    lines = ['load peer.o']
    for variant in variants:
        lines += [variant.load(), *variant.calls()]
    lines += ['unload ' + variant.name for variant in variants]
    boot = Boot('\n'.join(lines), [peer, *(path for v in variants for path in v.paths)],
                ['--timeout', '400'])
    cases.check('near: the script runs to its end', boot.status == 0,
                f'{boot.status}: {boot.output[-500:]} {boot.errors[-500:]}')
    for variant in variants:
        got = [boot.result(call) for call in variant.calls()]
        cases.equal(f'near: {variant.name}', got, wanted)


def far(cases, variants, peer, wanted):
    where = f' min={FAR}'
    lines = ['load peer.o' + where]
    for variant in variants:
        if variant.far:
            lines += [variant.load(where), *variant.calls(), 'unload ' + variant.name]
        else:
            lines.append('! ' + variant.load(where))
    boot = Boot('\n'.join(lines), [peer, *(path for v in variants for path in v.paths)],
                ['--timeout', '400', '--memory', '6G'])
    cases.check('far: the script runs to its end', boot.status == 0,
                f'{boot.status}: {boot.output[-500:]} {boot.errors[-500:]}')
    for variant in variants:
        if variant.far:
            got = [boot.result(call) for call in variant.calls()]
            cases.equal(f'far: {variant.name}', got, wanted)
        else:
            boot.expect(cases, f'far: {variant.name} is refused with its reason',
                        '! ' + variant.load(where), r'R_X86_64_(32|32S|PC32)\b')


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    cases = Cases()
    peer = os.path.join(OUTPUT, 'peer.o')
    assert compile_object(COMPILERS['gcc'], ('-O2', '-fpic'), 'peer.c', peer)
    tried = [Variant(*axes) for axes in itertools.product(COMPILERS, MODELS, MODES, ('O0', 'O2'))]
    variants = [variant for variant in tried if variant.compiled]
    wanted = expected()
    cases.check('the compilers take most of the matrix', len(variants) >= 80, len(variants))
    kinds = {kind for v in variants for path in v.paths for kind, *_ in relocations(path)}
    print(f'# matrix: {len(variants)} of {len(tried)} variants compiled, {len(kinds)} relocation '
          f'types, {sum(1 for v in variants for p in v.paths for _ in relocations(p))} relocations, '
          f'{sum(v.far for v in variants)} variants fit beyond 4 GiB')
    near(cases, variants, peer, wanted)
    far(cases, variants, peer, wanted)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
