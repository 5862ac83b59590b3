#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The kernel's memory to the page: what only init needs goes, thousands of loads leave nothing, and
neither does a machine without a page to spare; a module of 30,000 sections; hostile files. With an
argument: longer."""

import os
import random
import re
import struct
import subprocess
import sys

import zones
from boot import BUILD, Boot, Cases, built
from kernel_steps import numbers

OUTPUT = os.path.join(BUILD, 'tests-qemu', 'kernel-memory')
KERNEL = os.path.join(BUILD, os.environ.get('ELFIN_TEST_KERNEL', 'kernel.elf'))
LONG = len(sys.argv) > 1
RELOADS = 4000 if LONG else 500
LARGE = range(12)  # of 64 MiB each: more than there is
LEFT = range(64) if LONG else (*range(0, 24, 2), *range(24, 64, 8))  # pages
WINDOW, WINDOW_PAGES = 0x10000000, 40
NARROW = range(8)
# Of all distances between run and physical addresses, one allows large pages.
DIVIDED = range(512 if LONG else 0)
FAR = 0x140000000
SECTIONS = 30000
HOSTILE = 1500 if LONG else 150


def tried(command):
    """Whether it succeeds does not matter: there is no such command as the second."""
    return f'! repeat 1 {command} && succeeded'


def many_sections():
    """A function and a word of data in a section each, and relocations between them."""
    source, path = (os.path.join(OUTPUT, f'many{end}') for end in ('.s', '.o'))
    with open(source, 'w', encoding='ascii') as file:
        for i in range(SECTIONS // 2):
            file.write(f'.section .text.f{i},"ax",@progbits\n.globl f{i}\n.type f{i},@function\n'
                       f'f{i}: movq d{i}(%rip), %rax\n ret\n'
                       f'.section .data.d{i},"aw",@progbits\nd{i}: .quad {i}\n')
    subprocess.run(['as', source, '-o', path], check=True)
    return path


def object_areas(data):
    """(begin, size) of headers, symbols, relocations and names of an object."""
    table, count = struct.unpack_from('<Q', data, 40)[0], struct.unpack_from('<H', data, 60)[0]
    yield from ((0, 64), (table, 64 * count))
    for i in range(count):
        _, kind, _, _, offset, size = struct.unpack_from('<IIQQQQ', data, table + 64 * i)
        if kind in (2, 3, 4) and size:  # SYMTAB, STRTAB, RELA
            yield offset, size


def image_areas(data):
    """The same of an image: header, and what lies behind the first table, but for the parts."""
    parts = [struct.unpack_from('<QQQQ', data, 160 + 32 * i)[2:] for i in range(6)]
    yield 0, 592
    end = 592
    for size, offset in sorted(parts, key=lambda part: part[1]):
        if size:
            if offset > end:
                yield end, offset - end
            end = offset + size
    if end < len(data):
        yield end, len(data) - end


def seal(data):
    """Makes the checksum right, as docs/IMAGE-FORMAT.md says."""
    if len(data) < 592:
        return
    padded = bytes(data) + bytes(-len(data) % 8)
    words = struct.unpack(f'<{len(padded) // 8}Q', padded)
    sums = [len(data), 1, 2, 3]

    def add(which, word):
        mixed = sums[which] ^ word
        mixed = (mixed << 23 | mixed >> 41) & (1 << 64) - 1
        sums[which] = mixed * 0x9e3779b97f4a7c15 % (1 << 64)

    whole = 74 + (len(data) - 592) // 32 * 4
    for i, word in enumerate(words):
        if i != 3:  # its own
            add(i % 4 if i < 74 else (i - 74) % 4 if i < whole else 0, word)
    for word in sums[1:]:
        add(0, word)
    struct.pack_into('<Q', data, 24, sums[0])


class Mutant:
    """An object or an image with one to three changes in what is not its code or data, or cut."""

    VALUES = (0, 1, 2, 3, 4, 7, 8, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0x7fffffff, 0x80000000,
              0xffffffff, 1 << 63, (1 << 64) - 1)

    def __init__(self, number, source, rng):
        self.name, end = f'm{number}', os.path.splitext(source)[1]
        self.path = os.path.join(OUTPUT, self.name + end)
        with open(source, 'rb') as file:
            data = bytearray(file.read())
        areas = list((object_areas if end == '.o' else image_areas)(data))
        for _ in range(rng.randint(1, 3)):
            start, size = rng.choice(areas)
            width = rng.choice((1, 2, 4, 8))
            place = min(start + rng.randrange(size) // width * width, len(data) - width)
            value = rng.choice((rng.getrandbits(64), *self.VALUES))
            data[place:place + width] = (value % (1 << 8 * width)).to_bytes(width, 'little')
        if rng.random() < 0.1:
            del data[rng.randrange(len(data)):]
        if end == '.img':
            seal(data)
        with open(self.path, 'wb') as file:
            file.write(data)


def hostile_files():
    """Mutants of objects without code that a load would run."""
    zones.OUTPUT = OUTPUT
    below = os.path.join(OUTPUT, 'below.o')
    assert zones.compile_object('gcc', ('-fpic',), 'below.c', below)
    sources = []
    for compiler, flags in (('gcc', ('-fpic',)), ('clang', ('-fno-pic', '-mcmodel=kernel')),
                            ('clang19', ('-fpic', '-ffunction-sections', '-fdata-sections'))):
        sources.append(os.path.join(OUTPUT, f'{compiler}.o'))
        assert zones.compile_object(zones.COMPILERS[compiler], flags, 'variant.c', sources[-1])
        image = sources[-1][:-1] + 'img'
        subprocess.run([os.path.join(BUILD, 'elfin'), 'prepare', '--free-init', sources[-1], '-o',
                        image], check=True)
        with open(image, 'rb') as file:
            data = file.read()
        sealed = bytearray(data)
        seal(sealed)
        assert sealed == data  # the checksum is the manual's
        sources.append(image)
    rng = random.Random(5)
    return below, [Mutant(i, rng.choice(sources), rng) for i in range(HOSTILE)]


def lines_of(mutants):
    """Everything is loaded once before memory is looked at for the first time."""
    yield from ('load early.o', 'unload early', 'load many.o', 'call many:f14999', '@check',
                'unload many', 'load below.o', 'load counter.o', 'load count_user.o',
                'unload count_user', 'unload counter', 'unload below', 'memory', '@check')
    yield from ('load early.o', '@check', 'call early:early_sum', 'memory',
                '! call early:early_read 0', 'unload early', 'load early.o',
                '! call early:early_run', 'unload early', '@check')
    yield f'repeat {RELOADS} load reload.o && call reload:reload_sum && unload reload'
    yield '@check'
    for i in LARGE:
        yield tried(f'load large.o name=large{i}')
    yield from ('list', 'call large0:large_at 8388607', '@check')
    for i in LARGE:
        yield tried(f'unload large{i}')
    for i in NARROW:
        yield tried(f'load reload.o name=narrow{i} min={WINDOW:#x} '
                    f'max={WINDOW + WINDOW_PAGES * zones.PAGE - 1:#x}')
    yield from ('list', 'tables', '@check')
    for i in NARROW:
        yield tried(f'unload narrow{i}')
    yield from ('memory', '@check', 'load hold.o', 'load counter.o',
                f'load count_user.o at={FAR:#x}', 'call hold:hold_all', '@check', '! load large.o',
                '@check')
    for i, pages in enumerate(LEFT):
        where = f' at={2 * FAR:#x}' if i % 2 else ''  # which takes three tables, too
        yield from (f'call hold:hold_leave {pages}', tried('load reload.o' + where), 'list',
                    tried('unload reload'), tried('replace counter counter.o' + where),
                    'call count_user:twice', 'retire')
        if pages % 8 == 0:
            yield '@check'
    yield from ('call hold:hold_nothing', 'unload hold', 'unload count_user', 'unload counter',
                'memory', '@check', 'load below.o')
    for page in DIVIDED:
        yield from (f'load divided.o at={3 * FAR + page * zones.PAGE:#x}', '@check',
                    'call divided:divided_sum', 'unload divided')
    for m in mutants:
        yield from (tried(f'load {os.path.basename(m.path)} name={m.name}'), '@check', tried(f'unload {m.name}'))
    yield from ('list', 'unload below', 'memory', '@check')


def loaded(boot, nth):
    return [line.split()[0] for line in
            [lines for command, lines in boot.commands if command == 'list'][nth]]


def image_pages(text, first):
    """Of the module whose image begins there."""
    mapped = {int(a, 16): int(b, 16) + 1 for a, b in re.findall(r'^(0x\w+)-(0x\w+) ', text, re.M)}
    end = first
    while end in mapped:
        end = mapped[end]
    return (end - first) // zones.PAGE


def check_init_parts(boot, cases):
    cases.equal('memory: code and data that only init needs', boot.result('call early:early_sum'), 6)
    for what, doing in (('read 0', 'reading'), ('run', 'executing')):
        boot.expect(cases, f'memory: after init they are not there: {what}',
                    f'! call early:early_{what}', f'{doing} unmapped')
    free = [numbers(boot.said('memory', i))[2] for i in range(2)]  # or the heap's
    cases.check('memory: and the memory behind them is free again', free[0] - free[1] < 64, free)


def check_exhaustion(boot, cases):
    large, narrow = loaded(boot, 0), loaded(boot, 1)
    cases.check('memory: modules of 64 MiB until there is none', 5 <= len(large) <= 7 and
                large == [f'large{i}' for i in range(len(large))], large)
    cases.equal('memory: its last word', boot.result('call large0:large_at 8388607'), 1)
    size = image_pages(boot.said('tables'), min(
        int(at, 16) for at in re.findall(r'^(0x1000\w{4})-', boot.said('tables'), re.M)))
    cases.equal(f'memory: in {WINDOW_PAGES} pages of addresses, modules of {size} pages with two between',
                len(narrow), (WINDOW_PAGES + 2) // (size + 2))
    lists = [loaded(boot, 2 + i) for i in range(len(LEFT))]
    fits = ['reload' in names for names in lists]
    cases.check('memory: with no page left nothing loads, with enough it does', not fits[0] and
                fits[-1], fits)
    cases.equal('memory: what cannot be replaced goes on, what was replaced too',
                [boot.result('call count_user:twice', i) for i in range(len(LEFT))],
                [2 * i + 2 for i in range(len(LEFT))])
    replaced = [lines for command, lines in boot.commands if command.startswith('! repeat 1 replace')]
    cases.check('memory: both have happened', 0 < sum(
        'error: unknown command: succeeded (try help)' in lines for lines in replaced) < len(LEFT))
    boot.expect(cases, 'memory: all is taken', 'call hold:hold_all', '^=> [1-9]')


def main():
    os.makedirs(OUTPUT, exist_ok=True)
    cases = Cases()
    below, mutants = hostile_files()
    files = [many_sections(), below, *(m.path for m in mutants),
             *(built(f'{name}.o') for name in ('early', 'reload', 'large', 'hold', 'divided', 'counter', 'count_user'))]
    boot = Boot('\n'.join(lines_of(mutants)), files, ('--kernel', KERNEL, '--timeout', '1000'))
    if cases.check('memory: the script runs to its end', boot.status == 0,
                   f'{boot.status}: {boot.output[-500:]} {boot.errors[-300:]}'):
        check_init_parts(boot, cases)
        check_exhaustion(boot, cases)
        cases.equal('memory: a module of 30,000 sections', boot.result('call many:f14999'), 14999)
        cases.equal('memory: nothing hostile stays', loaded(boot, 2 + len(LEFT)), ['below'])
        for i, what in ((2, f'{RELOADS} loads, and without memory'), (3, 'no page to spare'),
                        (4, f'{HOSTILE} hostile files')):
            cases.equal(f'memory: as before after {what}', numbers(boot.said('memory', i)),
                        numbers(boot.said('memory')))
    errors = [re.sub(r'^error: m\d+\.\w+: ([^:;]*).*', r'\1', line) for command, lines in boot.commands
              if command.startswith('! repeat 1 load m') for line in lines
              if re.match(r'error: m\d', line)]
    print(f'# kernel memory: {RELOADS} loads, {len(LEFT)} amounts of free pages, {HOSTILE} hostile '
          f'files with {len(set(errors))} kinds of error')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
