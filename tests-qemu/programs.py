#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Executables and shared objects in firmware, by two compilers and linkers: loaded, called, unloaded."""

import os
import shutil
import sys
import tempfile

from boot import ROOT, Boot, Cases

sys.path.insert(0, os.path.join(ROOT, 'tests', 'programs'))
import build  # noqa: E402

USER = '''
long base_add(long, long);
extern long base_value;
static long value = 3;
long *object_pointer = &value;
long object_sum(void) { return base_add(10, 20) + base_value; }
'''

SCRIPT = '''
load {t}-exec.elf
call {t}-exec:main_bump 10
call {t}-exec:main_function 2 100
call {t}-exec:main_letter 1
call {t}-exec:main_check
list
map {t}-exec
! load {t}-exec.elf at=0x6000000
! load {t}-exec.elf name=second
! load {t}-exec.elf name=second min=0x6000000
unload {t}-exec
! load {t}-high.elf
load {t}-pie.elf at=0x4000000
call {t}-pie:main_check
load {t}-relr.elf max=0x3ffffff
call {t}-relr:main_check
call {t}-relr:main_function 1 7
load {t}-indirect.elf
call {t}-indirect:main_indirect 14
unload {t}-indirect
load {t}-fixed.elf
call {t}-fixed:main_indirect 5
unload {t}-fixed
unload {t}-pie
! load libuser.so
load libuser.so libbase.so
deps
call libuser:user_sum
call libuser:user_same
call libuser:user_count
call libbase:base_check
call libbase:base_absent
call libbase:base_protected
load user.o
call user:object_sum
! unload libbase
unload user
unload libuser
load libbase.so
load libuser.so
call libuser:user_sum
unload libuser
unload libbase
load libpreempt.so libbase.so libuser.so
call libbase:base_calls_preempted
call libuser:user_preempted
unload libuser
load libchoose.so
call libchoose:choose_call 3
call libchoose:choose 4
unload libchoose
memory
'''


def files(toolchain, folder):
    """Copies under names of their own; the volume has one folder."""
    copies = {f'{toolchain}-{name}.elf': build.executable(toolchain, form)
              for name, form in (('exec', 'exec'), ('high', 'exec-high'), ('pie', 'pie'),
                                 ('relr', 'pie-relr'), ('indirect', 'pie-indirect'),
                                 ('fixed', 'exec-indirect'))}
    base, user = build.libraries(toolchain, 'relr')
    copies |= {'libbase.so': base, 'libuser.so': user, 'libpreempt.so': build.preempt(toolchain),
               'libchoose.so': build.choose(toolchain)}
    for name, path in copies.items():
        shutil.copy(path, os.path.join(folder, name))
    source = os.path.join(folder, 'user.c')
    with open(source, 'w', encoding='ascii') as file:
        file.write(USER)
    build.run([build.TOOLCHAINS[toolchain][0], '-O1', '-ffreestanding', '-c', source, '-o',
               os.path.join(folder, 'user.o')])
    return [os.path.join(folder, name) for name in [*copies, 'user.o']]


def check_executables(t, boot, cases):
    boot.expect(cases, f'{t}: an executable lies where it is linked for', f'load {t}-exec.elf',
                rf'^loaded {t}-exec at 0x5000000$')
    boot.expect(cases, f'{t}: list', 'list', rf'^{t}-exec at 0x5000000, \d+ bytes, executable, '
                                             r'entry 0x500\w+$')
    boot.expect(cases, f'{t}: map', f'map {t}-exec', r'rodata +R +0x0*5000000 ', r'text +RX +0x0*500',
                'LOAD RX', 'LOAD RW')
    for call, wanted in (('exec:main_bump 10', 15), ('exec:main_function 2 100', 115),
                         ('exec:main_letter 1', ord('s')), ('exec:main_check', 1),
                         ('pie:main_check', 1), ('relr:main_check', 1),
                         ('relr:main_function 1 7', 12), ('indirect:main_indirect 14', 42),
                         ('fixed:main_indirect 5', 15)):
        cases.equal(f'{t}: {call}', boot.result(f'call {t}-{call}'), wanted)
    boot.expect(cases, f'{t}: another address', f'! load {t}-exec.elf at=0x6000000',
                'address of its own', 'static-pie')
    boot.expect(cases, f'{t}: the address is taken', f'! load {t}-exec.elf name=second',
                'the memory asked for is not free')
    boot.expect(cases, f'{t}: an address below min', f'! load {t}-exec.elf name=second min=0x6000000',
                'below min')
    boot.expect(cases, f'{t}: an address that does not exist', f'! load {t}-high.elf',
                'the memory asked for is not free', '0x7e0000000000')
    boot.expect(cases, f'{t}: a static-pie at', f'load {t}-pie.elf at=0x4000000', ' at 0x4000000$')


def check_shared(t, boot, cases):
    boot.expect(cases, f'{t}: a needed module is missing', '! load libuser.so',
                'a module that this one needs', 'libbase')
    boot.expect(cases, f'{t}: init in order of need', 'load libuser.so libbase.so',
                r'base: constructor\nuser: constructor', 'loaded libuser, libbase')
    boot.expect(cases, f'{t}: deps', 'deps', '^libuser uses libbase$')
    boot.expect(cases, f'{t}: fini in reverse', 'unload libuser', r'user: destructor\nbase: destructor')
    for call, wanted in (('libuser:user_sum', 18), ('libuser:user_same', 1),
                         ('libuser:user_count', 102), ('libbase:base_check', 1),
                         ('libbase:base_absent', 0), ('libbase:base_protected', 11),
                         ('user:object_sum', 44), ('libbase:base_calls_preempted', 2),
                         ('libuser:user_preempted', 2), ('libchoose:choose_call 3', 30),
                         ('libchoose:choose 4', 20)):
        cases.equal(f'{t}: {call}', boot.result(f'call {call}'), wanted)
    cases.equal(f'{t}: loaded one after the other', boot.result('call libuser:user_sum', 1), 18)
    boot.expect(cases, f'{t}: in use', '! unload libbase', 'other modules still use it', 'user')


def main():
    cases = Cases()
    for toolchain in build.TOOLCHAINS:
        with tempfile.TemporaryDirectory() as folder:
            script = SCRIPT.replace('{t}', toolchain) + 'quit\n'
            boot = Boot(script, files(toolchain, folder))
        if not cases.equal(f'{toolchain}: status', boot.status, 0):
            print(boot.output[-3000:], boot.errors[-500:], file=sys.stderr)
        check_executables(toolchain, boot, cases)
        check_shared(toolchain, boot, cases)
        boot.expect(cases, f'{toolchain}: everything else is given back', 'memory',
                    '^space: 1 groups, 1 modules')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
