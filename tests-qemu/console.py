#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every console command, and every refusal that a user can provoke by typing, in one boot."""

import sys

from boot import Boot, Cases, built

SCRIPT = '''
# a comment
help
echo one  "two  words" three # not this
! nonsense
! echo "not closed
! load
! load arguments.o name=
! load arguments.o at=12x
! load arguments.o user.o name=x
! load arguments.o at=0x100000 min=0x200000
! load nowhere.o
! load elfin
! load garbage.o
! load user.o
! load missing.o
! library arguments.o
! library nowhere.a
! library bad.a
! unload arguments
! call arguments:six
! lookup six
list
load bytes.o
call bytes:print_bytes
unload bytes
load arguments.o -- one "two three" 4
! load arguments.o
load /arguments.o name=second
exports
list
! call arguments
! call arguments:nothing
! call arguments:not_code
! call arguments:six 1 2 3 4 5 6 7
! call arguments:six -1
! call arguments:six 18446744073709551616
call arguments:six 1 2 3 4 5 6
call arguments:six 0x10
call arguments:six 18446744073709551615
call arguments:all_ones
call arguments:not_exported
call second:six 9 8 7 6 5 4
lookup six
! lookup not_exported
lookup elfin_print
limit
limit 7
limit 0
! limit x
! limit 18446744073709551615
where 0x10
! where nowhere
load user.o
call user:use_six 1
deps
! unload arguments
unload user
unload arguments
! unload arguments
unload second
load arguments.o at=0x8000000
lookup six
! load arguments.o name=other at=0x8000000
! load user.o at=0x8000010
load user.o min=0x4000000 max=0x5ffffff
lookup use_six
! load user.o name=third min=0x3000 max=0x3fff -- x
map
! map nobody
exports
memory
! ! echo twice
! ! ! nonsense
repeat 3 echo a && echo b
! repeat 2 nonsense
! repeat x echo
! quit 124
! quit x
quit 123
echo never
'''


def check_help(boot, cases):
    for name in ('load', 'library', 'unload', 'list', 'call', 'lookup', 'exports', 'deps', 'map',
                 'memory', 'replace', 'move', 'retire', 'rebind', 'limit', 'where', 'help', 'quit', 'repeat',
                 '!'):
        if not any(line.startswith(name) for line in boot.said('help').splitlines()):
            cases.check('help', False, f'{name} is missing')
            return
    cases.check('help names every command', True)


def check_words(boot, cases):
    boot.expect(cases, 'words, quotes, comments', 'echo one  "two  words" three # not this',
                r'^one two  words three$')
    for command, reason in (
            ('! nonsense', 'unknown command: nonsense'),
            ('! echo "not closed', 'a quote is not closed'),
            ('! load', 'usage: load FILE'),
            ('! load arguments.o at=12x', 'at=12x: not an address'),
            ('! load arguments.o user.o name=x', 'name= is for one file'),
            ('! load arguments.o at=0x100000 min=0x200000', 'at= is exact'),
            ('! quit 124', '124 is not a status'),
            ('! quit x', 'x is not a status'),
            ('! ! echo twice', '^twice$'),
            ('! repeat x echo', 'usage: repeat')):
        boot.expect(cases, f'refused: {command}', command, reason)
    cases.equal('repeat', boot.said('repeat 3 echo a && echo b'), 'a\nb\na\nb\na\nb')


def check_files(boot, cases):
    boot.expect(cases, 'load: no such file', '! load nowhere.o', r'nowhere\.o: not found')
    boot.expect(cases, 'load: a folder', '! load elfin', r'error: elfin: ')
    boot.expect(cases, 'load: not ELF', '! load garbage.o', r'garbage\.o', 'not an ELF file')
    boot.expect(cases, 'library: not an archive', '! library arguments.o', 'not an archive')
    boot.expect(cases, 'library: no such file', '! library nowhere.a', 'not found')
    boot.expect(cases, 'library: damaged', '! library bad.a', r'bad\.a.*archive is malformed')


def check_linking(boot, cases):
    boot.expect(cases, 'missing import', '! load user.o', 'six')
    boot.expect(cases, 'all missing imports are named', '! load missing.o', 'missing_one',
                'missing_two', 'missing_data')
    boot.expect(cases, 'init gets its words', 'load arguments.o -- one "two three" 4',
                r'^3 words: \[one\] \[two three\] \[4\]$')
    boot.expect(cases, 'second module of a name', '! load arguments.o', 'arguments',
                'a module of this name exists already')
    boot.expect(cases, 'load name=, path with a slash', 'load /arguments.o name=second',
                'second at 0x')
    cases.equal('list: empty at first', boot.said('list'), '')
    boot.expect(cases, 'list', 'list',
                r'^arguments 2\.5 at 0x[0-9a-f]+, \d+ bytes: shows its words$', r'^second ', occurrence=1)
    boot.expect(cases, 'deps', 'deps', r'^user uses arguments$',
                r'^arguments uses no other module$')
    boot.expect(cases, 'unload refused while in use, users named', '! unload arguments', 'user',
                'still use', occurrence=1)
    boot.expect(cases, 'unload', 'unload arguments', 'unloaded arguments')
    boot.expect(cases, 'unload twice', '! unload arguments', 'no module arguments', occurrence=2)


def check_calls(boot, cases):
    for arguments, wanted in (('1 2 3 4 5 6', 654321), ('0x10', 16),
                              ('18446744073709551615', 2**64 - 1)):
        cases.equal(f'call with {arguments}', boot.result(f'call arguments:six {arguments}'),
                    wanted)
    boot.expect(cases, 'call prints all of RAX', 'call arguments:all_ones',
                r'^=> 18446744073709551615 \(0xffffffffffffffff\)$')
    cases.equal('call of what is not exported', boot.result('call arguments:not_exported'), 77)
    cases.equal('call of a second instance', boot.result('call second:six 9 8 7 6 5 4'), 456789)
    cases.equal('call across modules', boot.result('call user:use_six 1'), 111111)
    for words, reason in (('arguments', 'no such module'), ('arguments:nothing', 'does not define'),
                          ('arguments:not_code', 'not code'),
                          ('arguments:six 1 2 3 4 5 6 7', 'more than 6'),
                          ('arguments:six -1', 'not an unsigned'),
                          ('arguments:six 18446744073709551616', 'not an unsigned')):
        boot.expect(cases, f'refused: call {words}', f'! call {words}', reason)


def check_symbols(boot, cases):
    boot.expect(cases, 'lookup of a module', 'lookup six', r'^0x[0-9a-f]+ six \(arguments\)$')
    boot.expect(cases, 'lookup of the host', 'lookup elfin_print', r'elfin_print \(elfin\.efi\)$')
    boot.expect(cases, 'limit: in the beginning', 'limit', '^calls may take 60 s$')
    boot.expect(cases, 'limit: another', 'limit 7', '^calls may take 7 s$')
    boot.expect(cases, 'limit: none', 'limit 0', '^calls may take for ever$')
    boot.expect(cases, 'refused: limit x', '! limit x', 'not a number of seconds')
    boot.expect(cases, 'refused: a limit that the clock does not reach', '! limit 18446744073709551615',
                'not a number of seconds')
    boot.expect(cases, 'where: nothing', 'where 0x10', '^0x10 no module$')
    boot.expect(cases, 'refused: where', '! where nowhere', 'not an address')
    boot.expect(cases, 'lookup: not found', '! lookup six', 'nobody exports six')
    boot.expect(cases, 'lookup: not exported', '! lookup not_exported', 'nobody exports')
    boot.expect(cases, 'exports', 'exports', r'^0x[0-9a-f]+ memcpy \(elfin\.efi\)$',
                r'^0x[0-9a-f]+ six \(arguments\)$', r'^0x[0-9a-f]+ use_six \(user\)$', occurrence=1)
    boot.expect(cases, 'exports: shadowed names', 'exports', r'^0x[0-9a-f]+ six \(arguments\)$',
                r'^0x[0-9a-f]+ six \(second, shadowed by arguments\)$')
    shown = boot.said('exports', 1)
    cases.check('exports: after unload nothing is shadowed',
                'six (arguments)' in shown and 'shadowed' not in shown, shown[-300:])


def check_bytes(boot, cases):
    """The module prints "[", bytes, "]" in turn; Python's own decoder says what is UTF-8."""
    said = boot.said('call bytes:print_bytes').splitlines()
    for number, (what, wanted) in enumerate((
            ('controls of ASCII', '[ab\t[2Jc]'), ('a raw control beyond ASCII', '[?31m]'),
            ('the same as UTF-8', '[?31m]'), ('UTF-8 in pieces', '[\u00e9\u20ac\U0001f600]'),
            ('no UTF-8', '[????x]'), ('a character that is cut', '[?]'),
            ('U+00A0', '[\u00a0]'))):
        cases.equal(f'bytes of modules: {what}', said[number] if number < len(said) else said,
                    wanted)


def check_places(boot, cases):
    boot.expect(cases, 'at=', 'load arguments.o at=0x8000000', r'arguments at 0x8000000$')
    boot.expect(cases, 'at= in use', '! load arguments.o name=other at=0x8000000', 'error')
    boot.expect(cases, 'at= not on a page', '! load user.o at=0x8000010', 'error')
    boot.expect(cases, 'min= and max=', 'lookup use_six', r'^0x[45][0-9a-f]{6} use_six')
    boot.expect(cases, 'max= without room', '! load user.o name=third min=0x3000 max=0x3fff -- x',
                'error')
    boot.expect(cases, 'map', 'map', r'^block 0x8000000-0x\w+, .*, below 2 GiB: arguments$')
    boot.expect(cases, 'map: no such module', '! map nobody', 'no module nobody')
    boot.expect(cases, 'memory', 'memory', r'^space: 2 groups, 2 modules', r'^heap: .* 0 damaged$',
                r'^pages: [1-9]\d* of images')


def main():
    cases = Cases()
    files = [built(name) for name in ('arguments.o', 'user.o', 'missing.o', 'garbage.o', 'bad.a',
                                   'bytes.o')]
    boot = Boot(SCRIPT, files)
    if not cases.equal('the script runs to its quit, with its status', boot.status, 123):
        print(boot.output[-3000:] + boot.errors, file=sys.stderr)
    cases.equal('nothing is run after quit', boot.commands[-1][0] if boot.commands else '',
                'quit 123')
    cases.check('plain text: no escape sequences, no carriage returns',
                not set('\x1b\r') & set(boot.output))
    for check in (check_help, check_words, check_bytes, check_files, check_linking, check_calls, check_symbols,
                  check_places):
        check(boot, cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
