#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The console's map, on a machine with memory below 2 GiB, between 2 and 4 GiB and above."""

import re
import sys

from boot import Boot, Cases, built

SCRIPT = '''
map
load arguments.o at=0x8000000
load user.o min=0x100000000
lookup use_six
map
map user
map arguments
unload user
unload arguments
map
quit
'''

UNITS = {'byte': 1, 'bytes': 1, 'KiB': 1 << 10, 'MiB': 1 << 20, 'GiB': 1 << 30}


def size(text):
    number, unit = text.split()
    return float(number) * UNITS[unit]


def check_overview(boot, cases):
    boot.expect(cases, 'zones', 'map', r'^below 2 GiB: free [\d.]+ [MG]iB, modules 16 KiB, ',
                r'^2 to 4 GiB: free .*program', r'^above 4 GiB: free [\d.]+ GiB, modules 12 KiB$',
                r'^top 2 GiB: nothing$', r'^  largest free run [\d.]+ [MG]iB at 0x\w+; a letter is ',
                occurrence=1)
    boot.expect(cases, 'strips', 'map', r'^  0x08000000  +m\.{31}  +arguments$',
                r'^  0x0*1\w{8} +\.*m\.*  +user$', r'^ +the same for ', occurrence=1)
    boot.expect(cases, 'ranges', 'map',
                r'^  0x0*8000000-0x0*8003fff +16 KiB  modules: arguments$',
                r'( program: | with )elfin\.efi$', r' free$', r' firmware$', occurrence=1)
    empty = boot.said('map')
    cases.check('without modules there are no blocks', 'block' not in empty and 'free' in empty,
                empty)


def check_ranges(boot, cases):
    """In order, apart from each other, as long as they say, and the same sum as the zones'."""
    rows = re.findall(r'^  0x(\w+)-0x(\w+) +([\d.]+ \w+)  ', boot.said('map', 1), re.M)
    ends = [(int(first, 16), int(last, 16)) for first, last, _ in rows]
    cases.check('ranges are in order', len(rows) > 5 and all(
        a[1] < b[0] for a, b in zip(ends, ends[1:])), ends)
    cases.check('ranges are as long as they say', all(
        abs(last + 1 - first - size(text)) <= size(text) / 8
        for (first, last), (_, _, text) in zip(ends, rows)), rows)


def check_blocks(boot, cases):
    boot.expect(cases, 'blocks', 'map',
                r'^block 0x8000000-0x8003fff, 16 KiB, below 2 GiB: arguments$',
                r'^block 0x1\w{8}-0x\w+, 12 KiB, above 4 GiB: user$',
                r'^  text      RX   0x0*8000000 +4 KiB  \[#-+\] \d+ bytes free$',
                r'^    0x0*8000000 +\d+  arguments +\.text$',
                r'^    0x0*1\w{8} +8  user +1 of 1 stubs used$',
                r'^    0x0*1\w{8} +8  user +1 of 1 slots used$', occurrence=1)
    boot.expect(cases, 'a far module', 'map user', '^module user, file user.o, ',
                r'^    six +0x8000000 +arguments +-[\d.]+ GiB +stub$', '^  uses arguments$',
                '^  below the block: .* (free|reserved|firmware), 0x', '^  above the block: ',
                r'^  its code reaches 0x\w+-0x\w+ directly$')
    place = re.search(r'^0x(\w+) use_six', boot.said('lookup use_six'), re.M)
    reach = re.search(r'reaches 0x(\w+)-0x(\w+) directly', boot.said('map user'))
    first, last = (int(text, 16) for text in reach.groups())
    cases.check('what it reaches', int(place.group(1), 16) - 2**31 <= first + 64 and
                last == int(place.group(1), 16) + 2**31 - 1 and first > 0x8000000, reach.group(0))
    boot.expect(cases, 'its far exports of elfin.efi', 'map arguments',
                r'^    elfin_print +0x\w+ +elfin\.efi +\+[\d.]+ GiB +stub$')
    cases.check('page rights are set in this firmware', 'RWX' not in boot.output)


def check_form(boot, cases):
    lines = [line for command, lines in boot.commands if command.startswith('map')
             for line in lines]
    cases.check('no line is longer than 79 columns', all(len(line) < 80 for line in lines),
                max(lines, key=len, default=''))
    cases.check('printable ASCII', all(' ' <= c <= '~' for line in lines for c in line))
    after = boot.said('map', 2)  # the heap may have kept a chunk
    cases.check('after unload there are no modules',
                'modules ' not in after.split('\n', 1)[1] and 'block' not in after and
                '2 GiB: free' in after, after)


def main():
    cases = Cases()
    boot = Boot(SCRIPT, [built('arguments.o'), built('user.o')],
                ['--machine', 'pc', '--memory', '6G'])
    if not cases.equal('the script runs to its end', boot.status, 0):
        print(boot.output[-3000:] + boot.errors, file=sys.stderr)
        return cases.status()
    for check in (check_overview, check_ranges, check_blocks, check_form):
        check(boot, cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
