#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Init and exit, failures and their statuses, interrupts and canaries, loading over and over."""

import sys

from boot import Boot, Cases, built

RELOADS = 500
REFUSALS = 100

SCRIPT = f'''
! load status.o -- 19
! load status.o -- -3
! load status.o -- 124
! load status.o -- abort
! load even.o
load even.o odd.o
call even:is_even 10
call odd:is_odd 10
deps
unload odd
! unload even
load status.o
unload status
load hello.o -- Ada
call hello:hello_times 2
load sum.o
call sum:sum 1 2 3 4 5 6
call sum:sum_calls
load machine.o
call machine:interrupts_enabled
call machine:interrupts_after_exports
call machine:canary
call machine:misalignment
call machine:red_zone 20000000
call machine:smash 16
! call machine:smash 64
call machine:smash 16
load interrupts.o
call interrupts:interrupts_enabled
call interrupts:red_zone 20000000
load runtime.o
call runtime:wrong_helpers
call runtime:wrong_division
call runtime:wrong_strings
call runtime:wrong_print
call runtime:wrong_streams
call runtime:wrong_memory
unload runtime
repeat 2 load reload.o && unload reload
memory
repeat {RELOADS} load reload.o && call reload:reload_sum && unload reload
memory
repeat {REFUSALS} ! load missing.o
memory
load status.o name=last
quit
'''


def check_init(boot, cases):
    for number, shown in ((19, '0x13'), (-3, '-0x3'), (124, '0x7c')):
        boot.expect(cases, f'init returns {number}', f'! load status.o -- {number}',
                    'init function failed', rf'value ({number}|{shown})\b')
    boot.expect(cases, 'init calls abort', '! load status.o -- abort', 'a module calls abort',
                'did not return')
    boot.expect(cases, 'exit is run at unload', 'unload status', '^status: exit$')
    boot.expect(cases, 'hello: init', 'load hello.o -- Ada', '^hello, Ada$')
    cases.equal('hello: call', boot.result('call hello:hello_times 2'), 2)
    said = boot.said('quit')
    cases.check('quit runs the exits of what is loaded, newest first',
                said == 'status: exit\ngood-bye after 2 greetings', said)


def check_group(boot, cases):
    boot.expect(cases, 'half of a cycle cannot be loaded', '! load even.o', 'is_odd')
    cases.equal('a cycle works', (boot.result('call even:is_even 10'),
                                  boot.result('call odd:is_odd 10')), (1, 0))
    boot.expect(cases, 'a cycle in deps', 'deps', '^even uses odd$', '^odd uses even$')
    boot.expect(cases, 'a group is unloaded as a whole', '! unload even', 'no module even')
    cases.equal('assembly', (boot.result('call sum:sum 1 2 3 4 5 6'),
                             boot.result('call sum:sum_calls')), (21, 1))


def check_state(boot, cases):
    for name, call, wanted in (
            ('interrupts are masked in module code', 'machine:interrupts_enabled', 0),
            ('interrupts are masked after exports', 'machine:interrupts_after_exports', 0),
            ('ELFIN_INTERRUPTS leaves them enabled', 'interrupts:interrupts_enabled', 1),
            ('there is a canary', 'machine:canary', 1),
            ('the stack is aligned', 'machine:misalignment', 0),
            ('the red zone survives timer interrupts', 'machine:red_zone 20000000', 0),
            ('a canary that is intact', 'machine:smash 16', ord('x'))):
        cases.equal(name, boot.result('call ' + call), wanted)
    cases.equal('with interrupts enabled it does so, too', boot.result('call interrupts:red_zone 20000000'), 0)
    boot.expect(cases, 'an overwritten canary ends the call', '! call machine:smash 64',
                'stack canary', 'did not return')
    cases.equal('and the module still works', boot.result('call machine:smash 16', 1), ord('x'))
    for part in ('helpers', 'division', 'strings', 'print', 'streams', 'memory'):
        cases.equal(f'exports: {part}', boot.result(f'call runtime:wrong_{part}'), 0)


def totals(text):
    """What is elfin's, but for the room for the firmware's map, which grows with that; and the pages
    that the firmware has free."""
    ours, _, free = text.partition(' for the memory map; firmware has ')
    return ours.rpartition(', ')[0], int(free.split()[0]) if free else None


def check_totals(boot, cases):
    """The firmware's own pools take a page now and then; a leak would be one for each load."""
    before, *later = (totals(boot.said('memory', i)) for i in range(3))
    for name, after in zip((f'{RELOADS} reloads', f'{REFUSALS} failing loads'), later):
        cases.check(f'{name} leave all totals unchanged',
                    before[1] is not None and before[0] == after[0] and abs(before[1] - after[1]) < 4,
                    f'before {before}, after {after}')


def check_statuses(cases):
    """What a script's end means for the exit status; one short boot each."""
    status = built('status.o')
    for name, script, wanted in (
            ('quit without a status', 'quit\n', 0),
            ('a script without quit', 'echo end\n', 0),
            ('a failing command', 'echo a\n\n# nothing\nload nowhere.o\necho b\n', 1),
            ('`!` and a success', '! quit 5\necho b\n', 1),
            ('init that returned 77', 'load status.o -- 77\n', 77)):
        boot = Boot(script, [status])
        if name == 'a failing command':
            cases.check('the line that failed is named', 'stops at line 4 with status 1'
                        in boot.output, boot.output)
        cases.check(f'status {wanted}: {name}',
                    boot.status == wanted and '> echo b' not in boot.output, f'{boot.status}, {boot.output}, {boot.errors}')


def main():
    cases = Cases()
    names = ('status.o', 'even.o', 'odd.o', 'hello.o', 'sum.o', 'machine.o', 'interrupts.o',
             'runtime.o', 'reload.o', 'missing.o')
    boot = Boot(SCRIPT, [built(name) for name in names], ['--timeout', '300'])
    if not cases.equal('the script runs to its end', boot.status, 0):
        print(boot.output[-3000:] + boot.errors, file=sys.stderr)
    for check in (check_init, check_group, check_state, check_totals):
        check(boot, cases)
    check_statuses(cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
