#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""6 GiB of memory: objects of every compiler, code model and kind of position independence below 2
GiB, between 2 and 4 GiB and above 4 GiB. What must run and what must be refused, and because of
which relocations, is computed here from the objects and from where the machine has memory. Then
modules that call and change each other's data over a distance of 5 GiB."""

import itertools
import os
import re
import subprocess
import sys

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

from boot import BUILD, ROOT, Boot, Cases, built

SOURCES = os.path.join(ROOT, 'tests-qemu', 'zones')
OUTPUT = os.path.join(BUILD, 'tests-qemu', 'zones')
COMPILERS = {'gcc': os.environ.get('CC', 'gcc'), 'clang': os.environ.get('CLANG', 'clang-14'),
             'clang19': os.environ.get('CLANG19', 'clang-19')}
MODELS = ('small', 'medium', 'large', 'kernel')
MODES = {'nopic': ('-fno-pic', '-fno-pie'), 'pie': ('-fpie',), 'pic': ('-fpic',),
         'noplt': ('-fpic', '-fno-plt')}
# Not q35: there nothing is between 2 and 4 GiB.
MACHINE = ['--machine', 'pc', '--memory', '6G', '--timeout', '300']

GIB = 1 << 30
PAGE = 4096
MODULE_SIZE = 1 << 20  # more than any module here has; no zone ends so near to a place of memory
CONVENTIONAL = 7
BELOW, ABOVE, AGAIN = 100 << 20, 5 * GIB, 110 << 20

# Zone: the words of load, the first and last address that they permit for all bytes.
ZONES = {
    'low': (('at=0x8000000', 0x8000000, None), ('max=0x7fffffff', 0, 2 * GIB - 1)),
    'middle': (('at=0x98000000', 0x98000000, None),
               ('min=0x80000000 max=0xffffffff', 2 * GIB, 4 * GIB - 1)),
    'high': (('at=0x140000000', 0x140000000, None), ('min=0x100000000', 4 * GIB, 1 << 64)),
}

# Relocations, by what their field can hold. The psABI's numbers.
ABS32, ABS32S, PC32, PLT32 = 10, 11, 2, 4
ANYWHERE = {
    1,           # 64
    9, 41, 42,   # GOTPCREL, GOTPCRELX, REX_GOTPCRELX: the slot is the module's own
    24,          # PC64
    25, 26, 29,  # GOTOFF64, GOTPC32, GOTPC64
    27, 28, 31,  # GOT64, GOTPCREL64, PLTOFF64
}
HINTS = {ABS32: r'-fpie or -mcmodel=large', ABS32S: r'-fpie or -mcmodel=large',
         PC32: r'-fpic or -mcmodel=large'}
WHERE = re.compile(r'in section (\S+)\+0x([0-9a-f]+): .*?R_X86_64_(\w+);')
NAMES = {'32': ABS32, '32S': ABS32S, 'PC32': PC32}


class Record:
    """One relocation, and whether its field fits, wherever the module is."""

    def __init__(self, kind, section, offset, symbol, undefined, addend, branch):
        self.kind, self.section, self.offset = kind, section, offset
        self.symbol, self.undefined = symbol, undefined
        self.addend, self.branch = addend, branch

    def fits(self, base, imports):
        """For a module at base; its own addresses are about base."""
        if self.kind in ANYWHERE or self.kind == PLT32 or self.branch:
            return True
        target = (imports.get(self.symbol, 0) if self.undefined else base) + self.addend
        if self.kind == ABS32:
            return 0 <= target < 1 << 32
        if self.kind == ABS32S:
            return target < 2 * GIB or target >= (1 << 64) - 2 * GIB
        assert self.kind == PC32, f'relocation type {self.kind}: not known here'
        # As the processor adds: what lies at the top is near address 0.
        return not self.undefined or (target - base + 2 * GIB) % (1 << 64) < 4 * GIB

    def key(self):
        return self.kind, self.section, self.offset


def records(path):
    with open(path, 'rb') as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name('.symtab')
        for table in elf.iter_sections():
            if not isinstance(table, RelocationSection):
                continue
            target = elf.get_section(table['sh_info'])
            if not target['sh_flags'] & 2:
                continue
            data = target.data()
            for entry in table.iter_relocations():
                symbol = symbols.get_symbol(entry['r_info_sym'])
                offset, addend = entry['r_offset'], entry['r_addend']
                branch = bool(target['sh_flags'] & 4) and addend == -4 and \
                    (data[offset - 1] in (0xe8, 0xe9) or
                     (data[offset - 2] == 0x0f and data[offset - 1] & 0xf0 == 0x80))
                yield Record(entry['r_info_type'], target.name, offset, symbol.name,
                             symbol['st_shndx'] == 'SHN_UNDEF', addend,
                             branch and entry['r_info_type'] == PC32)


def compile_object(compiler, flags, source, output):
    """False: the compiler refuses these flags."""
    command = [compiler, '-c', '-O1', '-fno-builtin', '-fno-asynchronous-unwind-tables', *flags,
               os.path.join(SOURCES, source), '-o', output]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def addresses(low, high):
    """A window's, at distances that no limit of relocations slips through: below 8 GiB and at the
    top."""
    if high is None:
        yield low
        return
    for first, last in ((0, 8 * GIB), ((1 << 64) - 4 * GIB, (1 << 64) - MODULE_SIZE)):
        yield from range(max(first, low), min(last, high), 16 << 20)


class Machine:
    """What the first boot tells: free memory, and where elfin.efi's exports are."""

    def __init__(self):
        boot = Boot('load memory_map.o\ncall memory_map:print_memory_map\nunload memory_map\n'
                    'exports\n', [built('memory_map.o')], MACHINE)
        said = boot.said('call memory_map:print_memory_map')
        entries = re.findall(r'^(\d+) (0x[0-9a-f]+) (\d+)$', said, re.M)
        self.boot = boot
        self.free = [(int(base, 16), int(base, 16) + int(pages) * PAGE)
                     for kind, base, pages in entries if int(kind) == CONVENTIONAL]
        self.imports = {name: int(address, 16) for address, name in
                        re.findall(r'^(0x[0-9a-f]+) (\S+) \(elfin\.efi\)$', boot.said('exports'),
                                   re.M)}

    def candidates(self, low, high):
        """Addresses for a module in the window: the ends of what is free, and many between."""
        if high is None:
            yield low
            return
        for base, end in self.free:
            first, last = max(base, low), min(end, high + 1) - MODULE_SIZE
            if first <= last:
                yield from range(first, last, 16 << 20)
                yield last


class Variant:
    """One object, and what must become of it in each zone."""

    def __init__(self, compiler, model, mode):
        self.name = f'{compiler}-{model}-{mode}'
        self.path = os.path.join(OUTPUT, f'{self.name}.o')
        self.compiled = compile_object(COMPILERS[compiler],
                                       (f'-mcmodel={model}', *MODES[mode]), 'variant.c', self.path)
        self.records = list(records(self.path)) if self.compiled else []

    def lands(self, machine, imports, low, high):
        """Some place at which every field fits."""
        return any(all(record.fits(base, imports) for record in self.records)
                   for base in machine.candidates(low, high))

    def blockers(self, machine, imports, low, high):
        """The relocations that fit nowhere in the window, each taken alone; if there are none,
        those that fit nowhere where there is memory."""
        for places in (list(addresses(low, high)), list(machine.candidates(low, high))):
            blocking = {record.key() for record in self.records
                        if not any(record.fits(base, imports) for base in places)}
            if blocking:
                break
        return blocking

    def choosy(self, imports):
        """The relocations that do not fit everywhere."""
        places = (PAGE, 3 * GIB, 5 * GIB, 1 << 40)
        return {record.key() for record in self.records
                if not all(record.fits(place, imports) for place in places)}


class Trial:
    """One variant in one zone."""

    def __init__(self, variant, zone, way, machine, imports):
        word, low, high = ZONES[zone][way]
        self.name, self.zone = variant.name, zone
        self.title = f'{variant.name} {word}'
        self.command = f'load {variant.name}.o {word}'
        self.low, self.high = low, high if high is not None else low + MODULE_SIZE
        self.runs = variant.lands(machine, imports, low, high)
        self.blockers = variant.blockers(machine, imports, low, high)
        self.choosy = variant.choosy(imports)
        if not self.runs:
            self.command = '! ' + self.command

    def lines(self):
        if not self.runs:
            return [self.command]
        return [self.command, f'call {self.name}:variant_run 1', f'unload {self.name}',
                'unload below', f'load below.o at={BELOW:#x}']

    def check(self, boot, cases, wanted, nth):
        said = boot.said(self.command)
        if self.runs:
            place = re.search(r'^loaded \S+ at (0x[0-9a-f]+)$', said, re.M)
            place = int(place.group(1), 16) if place else -1
            got = boot.result(f'call {self.name}:variant_run 1', nth)
            cases.check(f'zones: {self.title} runs', self.low <= place <= self.high and
                        got == wanted, f'at {place:#x}: {got}, wanted {wanted}; {said}')
            return
        named = {(NAMES[kind], section, int(offset, 16))
                 for section, offset, kind in WHERE.findall(said)}
        hints = {kind for kind, *_ in named if not re.search(HINTS[kind], said)}
        cases.check(f'zones: {self.title} is refused, because of '
                    f'{len(self.blockers)} relocations',
                    named and self.blockers <= named <= self.choosy and not hints,
                    f'named {sorted(named)}, wanted {sorted(self.blockers)} of '
                    f'{sorted(self.choosy)}; no hint for {hints}: {said[:300]}')


def native(*arguments):
    """What the same sources compute as a program of the build machine."""
    program = os.path.join(OUTPUT, 'native')
    sources = [os.path.join(SOURCES, f'{name}.c')
               for name in ('native', 'below', 'above', 'again', 'variant')]
    subprocess.run([COMPILERS['gcc'], '-O1', *sources, '-o', program], check=True)
    out = subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout
    return [int(line) for line in out.split()]


class Chain:
    """Three modules, gigabytes apart, that use each other."""

    def __init__(self, compiler, model, mode):
        self.kind = f'{compiler}-{model}-{mode}'
        self.paths = []
        for source in ('below', 'above', 'again'):
            path = os.path.join(OUTPUT, f'{source}-{self.kind}.o')
            assert compile_object(COMPILERS[compiler], (f'-mcmodel={model}', *MODES[mode]),
                                  f'{source}.c', path), path
            self.paths.append(path)

    def lines(self):
        below, above, again = (f'{name}-{self.kind}' for name in ('below', 'above', 'again'))
        return [f'load {below}.o at={BELOW:#x}', f'load {above}.o at={ABOVE:#x}',
                f'load {again}.o at={AGAIN:#x}', f'call {above}:above_run 1',
                f'call {again}:again_run 2', f'call {again}:again_run 3',
                f'! unload {below}', f'! unload {above}',
                f'unload {again}', f'unload {above}', f'unload {below}']

    def check(self, boot, cases, wanted):
        lines = self.lines()
        cases.equal(f'zones: {self.kind}: calls, callbacks and data between 100 MiB and 5 GiB',
                    [boot.result(line) for line in lines[3:6]], wanted)
        boot.expect(cases, f'zones: {self.kind}: what is used over 5 GiB stays', lines[6],
                    f'above-{self.kind}')


PAGES = ['call pages:pages_wrong_' + what for what in ('places', 'exhaustion', 'frees')]


def check_pages(boot, cases):
    for call in PAGES:
        cases.equal(f'zones: elfin_pages_alloc: {call[23:]}', boot.result(call), 0)
    reports = re.findall(r'^error: a module frees pages at 0x[0-9a-f]+: (.*)$', boot.said(PAGES[2]),
                         re.M)
    nobody = 'they are not in use by a module'
    cases.equal('zones: wrong frees of pages are reported', reports,
                ['the run has another number of pages', 'the run begins before them', nobody,
                 nobody, nobody])


def make_trials(machine, variants):
    """Each variant in each zone; by its address and by limits in turn, so that of each model and
    each mode both are tried everywhere."""
    imports = dict(machine.imports)
    for name in ('below_data', 'below_step', 'below_call', 'below_pointer', 'below_hook'):
        imports[name] = BELOW
    for i, variant in enumerate(variants):
        for j, zone in enumerate(ZONES):
            yield Trial(variant, zone, (i + i // 4 + j) % 2, machine, imports)


# Pages that the firmware's file system driver may keep for itself.
KEPT = 8


def own(text):
    """What elfin.efi tells of its own memory, without the firmware's, and without the room for the
    firmware's map, which grows with that."""
    return re.sub(r', \d+ for the memory map.*', '', text)


def free_pages(text):
    return int(re.search(r'firmware has (\d+) free', text).group(1))


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    cases = Cases()
    machine = Machine()
    cases.check('zones: there is memory in each zone', machine.boot.status == 0 and
                all(list(machine.candidates(zone[1][1], zone[1][2])) for zone in ZONES.values()) and
                'strlen' in machine.imports, machine.boot.output[-500:] + machine.boot.errors)
    tried = [Variant(*axes) for axes in itertools.product(COMPILERS, MODELS, MODES)]
    variants = [variant for variant in tried if variant.compiled]
    trials = list(make_trials(machine, variants))
    chains = [Chain(*axes) for axes in itertools.product(
        COMPILERS, ('small', 'large'), ('pic', 'noplt'))]
    below = os.path.join(OUTPUT, 'below.o')
    assert compile_object(COMPILERS['gcc'], ('-fpic',), 'below.c', below)

    files = [built('pages.o'), below, *(v.path for v in variants), *(path for c in chains for path in c.paths)]
    # Each file once before the first look at memory: the firmware keeps what it knows of files. And
    # one module: the index of names grows for it, and keeps the room.
    lines = ['lookup strlen', *(f'! load {os.path.basename(path)} max=1' for path in files)]
    lines += ['load pages.o', 'unload pages']
    lines += ['memory', 'load pages.o', *PAGES, 'unload pages']
    lines += [line for chain in chains for line in chain.lines()]
    lines += [f'load below.o at={BELOW:#x}']
    lines += [line for trial in trials for line in trial.lines()]
    lines += ['unload below', 'memory']
    boot = Boot('\n'.join(lines), files, MACHINE)

    cases.check('zones: the script runs to its end', boot.status == 0,
                f'{boot.status}: {boot.output[-500:]} {boot.errors[-500:]}')
    cases.check('zones: elfin.efi is where it was',
                boot.said('lookup strlen').startswith(f'{machine.imports["strlen"]:#x} '),
                boot.said('lookup strlen'))
    check_pages(boot, cases)
    wanted = native()
    for chain in chains:
        chain.check(boot, cases, wanted)
    wanted, = native('variant')
    seen = {}
    for trial in trials:
        trial.check(boot, cases, wanted, seen.get(trial.name, 0))
        seen[trial.name] = seen.get(trial.name, 0) + trial.runs
    cases.equal('zones: everything is given back', own(boot.said('memory', 1)), own(boot.said('memory')))
    cases.equal('zones: firmware has what it had, but for what it keeps of the files that it read',
                free_pages(boot.said('memory')) - free_pages(boot.said('memory', 1)) < KEPT, True)
    print(f'# zones: {len(variants)} of {len(tried)} variants, {len(trials)} loads, of which '
          f'{sum(not trial.runs for trial in trials)} must be refused; {len(chains)} chains')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
