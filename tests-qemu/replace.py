#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A module is replaced, moved and bound anew while others use it, and goes on where it was."""

import re
import sys

from boot import Boot, Cases, built

SCRIPT = '''
load counter.o
load count_user.o at=0x140000000
call count_user:twice
call count_user:through_pointer
replace counter counter_two.o
list
call count_user:twice
call count_user:through_pointer
call count_user:through_constant
! replace counter counter.o
call count_user:through_pointer
retire
move counter counter_two.o at=0x150000000
call count_user:twice
call count_user:through_pointer
call count_user:through_constant
retire counter
! unload counter
call count_user:forget
replace counter counter_two.o fresh max=0xffffffff
call count_user:through_pointer
call count_user:twice
retire
! retire counter
rebind count_user:counter_next count_user:seven
call count_user:twice
rebind all:counter_next
call count_user:twice
! rebind all:nothing 16
! rebind count_user:counter_next 0
! move count_user count_user.o
unload count_user
unload counter
trace
quit
'''


# What happened, as `trace` tells it: verb and module. Of loads and changes that failed, too.
EVENTS = '''
load counter, load count_user, bind count_user,
rebind count_user, replace counter, replace failed, retire counter,
rebind count_user, move counter, retire counter,
rebind count_user, replace counter, retire counter,
rebind count_user, rebind count_user, move failed,
unload count_user, unload counter
'''


def events(text):
    found = re.findall(r'^\d+\.\d{6} (\w+) (\w+)', text, re.MULTILINE)
    return [' '.join(words) for words in found]


RESULTS = [2, 3, 23, 33, 43, 53, 73, 83, 93, 0, 7, 20, 7, 40]


def main():
    cases = Cases()
    boot = Boot(SCRIPT, [built(name) for name in ('counter.o', 'counter_two.o', 'count_user.o')],
                ['--machine', 'pc', '--memory', '6G', '--timeout', '300'])
    if not cases.equal('the script runs to its end', boot.status, 0):
        print(boot.output[-3000:] + boot.errors, file=sys.stderr)
    results = [int(n) for n in re.findall(r'^=> (\d+)', boot.output, re.MULTILINE)]
    cases.equal('the count goes on through replace and move', results, RESULTS)
    wanted = [event.strip() for event in EVENTS.split(',')]
    told = boot.said('trace')
    cases.equal('trace: all that happened, in order, once', events(told), wanted)
    times = [float(time) for time in re.findall(r'^(\d+\.\d{6}) ', told, re.MULTILINE)]
    cases.check('trace: times rise', times == sorted(times) and times[-1] > 0, told)
    cases.check('trace: why a replacement failed',
                'replace failed in phase rebind: counter: a module\'s state cannot be handed over' in told,
                told)
    cases.check('trace: from where to where',
                re.search(r'^\d+\.\d+ rebind count_user: counter_next to 0x[0-9a-f]+, before 0x', told,
                          re.MULTILINE) and 'move counter at 0x150000000, in place of 0x' in told, told)
    boot.expect(cases, 'the new one is initialised, then takes over',
                'replace counter counter_two.o', '^counter 2: init$', '^counter 2 goes on at 3$',
                '^replaced counter at 0x')
    boot.expect(cases, 'the old one is listed until it is retired', 'list', r'retired')
    boot.expect(cases, 'an older version refuses the state', '! replace counter counter.o',
                "state cannot be handed over", 'value 0x9')
    boot.expect(cases, 'a pointer that was changed is told',
                'replace counter counter_two.o fresh max=0xffffffff', r'left: count_user, \.data',
                'counter_next')
    boot.expect(cases, 'without state, there is no moving', '! move count_user count_user.o',
                'no ELFIN_STATE')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
