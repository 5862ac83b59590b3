#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The relocation matrix in the kernel: modules of every compiler, code model, kind of position
independence and optimisation in the top 2 GiB, below 2 GiB, between 2 and 4 GiB, and far from
everything, in both halves of the address space; what they import near and far. What must run and
what is refused, because of which relocations, is computed from the objects."""

import itertools
import os
import re
import sys

import matrix
import zones
from boot import BUILD, Boot, Cases

matrix.OUTPUT = os.path.join(BUILD, 'tests-qemu', 'kernel-matrix')
zones.OUTPUT = os.path.join(BUILD, 'tests-qemu', 'kernel-zones')

TOP, LOW, MIDDLE, FAR, UPPER = (0xffffffffa0000000, 0x10000000, 0xa0000000, 0x123456000000,
                                0xffffd23456000000)
WINDOW = 16 << 20  # for the modules; what they import lies behind it
PLACES = {'top 2 GiB': TOP, 'below 2 GiB': LOW, 'below 4 GiB': MIDDLE, 'lower half': FAR,
          'upper half': UPPER}
# Where the module lies, and where what it imports does.
TRIALS = [(name, name) for name in PLACES] + [('top 2 GiB', 'lower half'),
                                              ('lower half', 'top 2 GiB'),
                                              ('upper half', 'below 2 GiB')]
COMPLETE = len(sys.argv) > 1
if not COMPLETE:  # the three kinds of place, and one of two
    TRIALS = [TRIALS[0], TRIALS[2], TRIALS[3], TRIALS[6]]
KERNEL = os.path.join(BUILD, os.environ.get('ELFIN_TEST_KERNEL', 'kernel.elf'))
MACHINE = ['--memory', '6G', '--timeout', '400']
REPORT = re.compile(r'^error: (\S+): .* in section (\S+)\+0x([0-9a-f]+): .*?R_X86_64_(\w+);', re.M)
# What the kernel exports lies near its begin.
HOST = {'strlen': 0xffffffff80000000, 'memcpy': 0xffffffff80000000}
LEVELS = (('O2',), ('O0', 'O2'))  # with an argument: both
PEER = ('peer_mix', 'peer_call', 'peer_data', 'peer_text')
BELOW = ('below_data', 'below_step', 'below_call', 'below_pointer', 'below_hook')


def is_stuck(record, imports):
    """It fits nowhere, wherever the module lies."""
    return (record.undefined and record.kind in (zones.ABS32, zones.ABS32S) and
            not record.fits(0, imports))


class Trial:
    """One module at one place, its imports at another. `files`: pairs of a path and its records."""

    def __init__(self, title, name, files, base, where, imports):
        self.title, self.name, self.base = title, name, base
        records = [(os.path.basename(path), record) for path, found in files for record in found]
        stuck = {(path, *r.key()) for path, r in records if is_stuck(r, imports)}
        self.blockers = stuck or {(path, *r.key()) for path, r in records
                                  if not r.fits(base, imports)}
        self.choosy = {(path, *r.key()) for path, r in records
                       if not all(r.fits(place, imports) for place in PLACES.values())}
        self.runs = not self.blockers
        self.load = '! ' * (not self.runs) + ' '.join(
            ['load', *(os.path.basename(path) for path, _ in files), where])

    def check(self, cases, said, results, wanted):
        if self.runs:
            place = re.search(r'^loaded .* at (0x[0-9a-f]+)$', said, re.M)
            place = int(place.group(1), 16) if place else -1
            cases.check(f'{self.title}: runs', self.base <= place < self.base + WINDOW and
                        results == wanted, f'at {place:#x}: {results}, wanted {wanted}; {said}')
            return
        named = {(path, zones.NAMES[kind], section, int(offset, 16))
                 for path, section, offset, kind in REPORT.findall(said)}
        cases.check(f'{self.title}: is refused, because of {len(self.blockers)} relocations',
                    named and self.blockers <= named <= self.choosy,
                    f'named {sorted(named)}, wanted {sorted(self.blockers)} of '
                    f'{sorted(self.choosy)}: {said[:300]}')


class Round:
    """All modules of one kind at one place. `each`: what comes after a module that ran."""

    def __init__(self, trials, functions, wanted, before, each, after):
        self.trials, self.functions, self.wanted = trials, functions, wanted
        self.before, self.each, self.after = before, each, after

    def lines(self):
        yield self.before
        for trial in self.trials:
            yield from (trial.load, '@check')
            if trial.runs:
                yield from (f'call {trial.name}:{function}' for function in self.functions)
                yield from (f'unload {trial.name}', *self.each)
        yield self.after

    def check(self, cases, commands):
        """Takes its commands, pairs of text and lines, from the iterator."""
        for trial in self.trials:
            said = next(('\n'.join(lines) for text, lines in commands if text == trial.load), '')
            results = []
            for _ in self.functions if trial.runs else ():
                found = re.match(r'=> (\d+) ', '\n'.join(next(commands, ('', []))[1]))
                results.append(int(found.group(1)) if found else None)
            trial.check(cases, said, results, self.wanted)


def group_records(paths):
    """What one object of the group defines for the other is no import."""
    imports = {*PEER, *matrix.HOST_OR_NOBODY}
    for path in paths:
        found = list(zones.records(path))
        for record in found:
            record.undefined = record.undefined and record.symbol in imports
        yield path, found


def groups(levels):
    """Two objects and a peer, by limits: so that both lie there."""
    tried = [matrix.Variant(*axes) for axes in itertools.product(
        matrix.COMPILERS, matrix.MODELS, matrix.MODES, levels)]
    variants = [(v.name, list(group_records(v.paths))) for v in tried if v.compiled]
    wanted = matrix.expected()
    for place, imported in TRIALS:
        base, peer = PLACES[place], PLACES[imported] + WINDOW
        imports = {**HOST, **{name: peer for name in PEER}}
        where = f'min={base:#x} max={base + WINDOW - 1:#x}'
        trials = [Trial(f'{place}, imports {imported}: {name}', name, files, base, where, imports)
                  for name, files in variants]
        yield Round(trials, [f'matrix_run {seed}' for seed in matrix.SEEDS], wanted,
                    f'load peer.o at={peer:#x}', [], 'unload peer')


def singles():
    """One object, and a module whose data it changes, by address."""
    tried = [zones.Variant(*axes) for axes in itertools.product(
        zones.COMPILERS, zones.MODELS, zones.MODES)]
    wanted = zones.native('variant')
    for place, imported in TRIALS:
        base, below = PLACES[place] + WINDOW // 2, PLACES[imported] + WINDOW
        imports = {**HOST, **{name: below for name in BELOW}}
        trials = [Trial(f'{place}, imports {imported}: {v.name} by address', v.name,
                        [(v.path, v.records)], base, f'at={base:#x}', imports)
                  for v in tried if v.compiled]
        load = f'load below.o at={below:#x}'
        yield Round(trials, ['variant_run 1'], wanted, load, ['unload below', load],
                    'unload below')


# Page 1, whose guard is page 0; both ends of both halves; around memory's second mapping and the kernel.
LEGAL = (0x1000, 0x7ffff000, 0xfffff000, 0x7fff00000000, 0x7fffffff0000, 0xffff808000000000,
         0xffffc00000000000, 0xffffffff00000000, 0xffffffff7ff00000, 0xffffffffc0000000,
         0xffffffffff000000)
ILLEGAL = (0x0, 0x10000800, 0x7ffffffff000, 0x800000000000, 0x8000000000000, 0x123456789abcd000,
           0xffff7ffffffff000, 0xffff800000000000, 0xffff800000100000, 0xffff8000bffff000,
           0xffffffff7ffff000, 0xffffffff80000000, 0xffffffff80004000, 0xffffffffffffe000,
           0xfffffffffffff000)
HOLE = 0x800000000000  # what is not canonical begins here
BEFORE_HOLE = range(1, 10)  # pages


def edges():
    for address in LEGAL:
        yield from (f'load below.o at={address:#x}', '@check', 'call below:below_step 3',
                    'unload below')
    for address in ILLEGAL:
        yield from (f'! load below.o at={address:#x}', '@check')
    yield from ('load below.o', 'tables', 'unload below')
    for pages in BEFORE_HOLE:  # whether they succeed or not
        yield from (f'! repeat 1 load below.o at={HOLE - pages * zones.PAGE:#x} && succeeded',
                    '@check', 'list', '! repeat 1 unload below && succeeded')


def check_edges(boot, cases):
    for address in LEGAL:
        boot.expect(cases, f'legal: {address:#x}', f'load below.o at={address:#x}',
                    f'^loaded below at {address:#x}$')
    for address in ILLEGAL:
        boot.expect(cases, f'illegal: {address:#x}', f'! load below.o at={address:#x}',
                    '^error: below.o: .*(is not free|is not aligned as|or too high)')
    here = end = int(re.search(r'at (0x\w+)$', boot.said('load below.o'), re.M).group(1), 16)
    mapped = {int(first, 16): int(last, 16) + 1 for first, last in
              re.findall(r'^(0x\w+)-(0x\w+) ', boot.said('tables'), re.M)}
    while end in mapped:
        end = mapped[end]
    size = (end - here) // zones.PAGE
    lists = [lines for command, lines in boot.commands if command == 'list']
    cases.equal(f'before the hole there is room for {size} pages and one that is not there',
                [bool(lines) for lines in lists], [pages > size for pages in BEFORE_HOLE])


def main():
    cases = Cases()
    for folder in (matrix.OUTPUT, zones.OUTPUT):
        os.makedirs(folder, exist_ok=True)
    peer, below = os.path.join(matrix.OUTPUT, 'peer.o'), os.path.join(zones.OUTPUT, 'below.o')
    assert matrix.compile_object('gcc', ('-O2', '-fpic'), 'peer.c', peer)
    assert zones.compile_object('gcc', ('-fpic',), 'below.c', below)
    rounds = [*groups(LEVELS[COMPLETE]), *singles()]
    paths = [peer, below, *(os.path.join(folder, name) for folder in (matrix.OUTPUT, zones.OUTPUT)
                            for name in sorted(os.listdir(folder)) if re.search('-.*[.]o$', name))]
    show = [f'load peer.o at={FAR:#x}', f'tables {FAR:#x}', 'unload peer']
    lines = [*show, *edges(), 'memory', *(line for each in rounds for line in each.lines()), 'memory']
    boot = Boot('\n'.join(lines), paths, ('--kernel', KERNEL, *MACHINE))
    cases.check('the script runs to its end', boot.status == 0,
                f'{boot.status}: {boot.output[-500:]} {boot.errors[-500:]}')
    boot.expect(cases, 'the memory behind modules lies above 4 GiB', show[1],
                r' memory 0x1[0-9a-f]{8}$')
    check_edges(boot, cases)
    cases.equal('memory is as before', boot.said('memory', 1), boot.said('memory'))
    commands = iter(boot.commands)
    for each in rounds:
        each.check(cases, commands)
    trials = [trial for each in rounds for trial in each.trials]
    print(f'# kernel matrix: {len(trials)} loads at {len(TRIALS)} placements, of which '
          f'{sum(not trial.runs for trial in trials)} must be refused')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
