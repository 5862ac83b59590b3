#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The example in C++ in firmware, with Debian's libsupc++.a and libgcc_eh.a: exceptions inside a
module, from below and above 4 GiB and across the distance, by three compilers.
"""

import os
import subprocess
import sys

from boot import BUILD, ROOT, Boot, Cases

FOLDER = os.path.join(BUILD, 'tests-qemu', 'cxx')
COMPILERS = {'high': ('g++', '-O2', '-fpic'), 'low': ('g++', '-O1', '-fno-pic'),
             'clang14': ('clang++-14', '-O2', '-fpic'), 'clang19': ('clang++-19', '-O0', '-fpic')}
FAR = 'min=0x100000000'
NEAR = 'max=0x7fffffff'
WORDS = '6*(3+4) 1/0 2*)'

# First everything above 4 GiB; then the run-time library below 2 GiB, and modules on both sides.
SCRIPT = f'''
! load high.o name=high
library libsupc++.a
! load high.o name=high
library libgcc_eh.a
load high.o name=high {FAR} -- {WORDS}
call high:calc_sum_to 100
call high:calc_nodes
! call high:calc_uncaught
call high:calc_sum_to 1000
list
unload high
load low.o name=low {NEAR} -- {WORDS}
call low:calc_sum_to 100
load high.o name=high {FAR} -- {WORDS}
load clang14.o name=clang14 {FAR} -- {WORDS}
load clang19.o name=clang19 {FAR} -- {WORDS}
call clang14:calc_sum_to 200
call clang19:calc_sum_to 300
call high:calc_sum_to 400
call low:calc_sum_to 500
! unload low
unload clang19
quit
'''


def archives():
    folder = os.path.dirname(subprocess.run(['gcc', '-print-libgcc-file-name'], check=True,
                                            capture_output=True, text=True).stdout.strip())
    return [os.path.join(folder, name) for name in ('libsupc++.a', 'libgcc_eh.a')]


def modules():
    os.makedirs(FOLDER, exist_ok=True)
    for name, command in COMPILERS.items():
        path = os.path.join(FOLDER, name + '.o')
        subprocess.run([*command, '-Iinclude', '-c', 'examples/calc.cc', '-o', path], check=True,
                       cwd=ROOT)
        yield path


def check_load(boot, cases, command):
    boot.expect(cases, f'{command}: the journal, a value, two exceptions', command,
                '^calc: the journal is open\ncalc: expressions may be 64 levels deep\n'
                r'6\*\(3\+4\) = 42 \(\*\)' '\n1/0: division by zero\n'
                r'2\*\): a number is missing, at 2$')


def main():
    cases = Cases()
    boot = Boot(SCRIPT, [*modules(), *archives()], ['--machine', 'pc', '--memory', '6G'])
    if not cases.equal('the script runs to its end', boot.status, 0):
        print(boot.output[-3000:] + boot.errors, file=sys.stderr)
    boot.expect(cases, 'without the archives, the run-time library is missing',
                '! load high.o name=high', '__cxa_throw', '_Znwm', '__gxx_personality_v0')
    boot.expect(cases, 'the unwinder is an archive of its own', '! load high.o name=high',
                '_Unwind_Resume', occurrence=1)
    for name, where in (('high', FAR), ('low', NEAR), ('clang14', FAR), ('clang19', FAR)):
        check_load(boot, cases, f'load {name}.o name={name} {where} -- {WORDS}')
    for name, n in (('high', 100), ('high', 1000), ('low', 100), ('clang14', 200),
                    ('clang19', 300), ('high', 400), ('low', 500)):
        cases.equal(f'{name}: through {n} frames, each with a catch',
                    boot.result(f'call {name}:calc_sum_to {n}'), n * (n + 1) // 2)
    cases.equal('all that frames held is destroyed', boot.result('call high:calc_nodes'), 0)
    boot.expect(cases, 'an exception that nobody catches is named', '! call high:calc_uncaught',
                "after throwing an instance of '.*SyntaxError'", r'what\(\):  nobody catches this',
                'calls abort')
    boot.expect(cases, 'module and members above 4 GiB', 'list', '^high .*at 0x[0-9a-f]{9,16},',
                r'^libgcc_eh.a\(unwind-dw2\.o\).* at 0x[0-9a-f]{9,16},')
    boot.expect(cases, 'destructors at unload, newest first', 'unload high',
                r'^calc: no limits any more\ncalc: (\d+) nodes made, \1 destroyed$')
    boot.expect(cases, 'the members of the first module are in use', '! unload low', 'still use')
    boot.expect(cases, 'destructors of the module that goes', 'unload clang19',
                r'^calc: no limits any more\ncalc: (\d+) nodes made, \1 destroyed$')
    cases.equal('destructors of all that is left, at the end',
                boot.said('quit').count('no limits any more'), 3)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
