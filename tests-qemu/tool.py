#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""elfin-qemu: its default script, its options, its own failures."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from boot import BUILD, ELFIN_QEMU, ROOT, Boot, Cases, built

LIBZ = os.environ.get('LIBZ') or '/usr/lib/x86_64-linux-gnu/libz.a'


def check_default_script(cases):
    with tempfile.TemporaryDirectory() as folder:
        with open(built('hello.o'), 'rb') as source:
            with open(os.path.join(folder, 'my hello.o'), 'wb') as copy:
                copy.write(source.read())
        boot = Boot(None, ['my hello.o'], directory=folder)
        shutil.copy(built('sum.o'), os.path.join(folder, 'at=1.o'))
        option = Boot(None, ['at=1.o'], directory=folder)
    cases.check('a file whose name looks like an option',
                option.status == 0 and 'loaded at=1 at' in option.output,
                option.output + option.errors)
    cases.check('one file, from another directory, with a blank in its name',
                boot.status == 0 and re.search('^hello, world$', boot.output, re.M),
                boot.output + boot.errors)
    boot = Boot(None, [built('zip.o'), LIBZ], ['--machine', 'pc', '--memory', '256M'])
    cases.check('an object and an archive; --machine, --memory',
                boot.status == 0 and 'libz.a(deflate.o)' in boot.output, boot.output + boot.errors)
    boot = Boot(None, [built('refuse.o'), built('hello.o')])
    cases.check('the status of a failing init is handed on', boot.status == 19,
                f'{boot.status}: {boot.output}{boot.errors}')


def check_timeout(cases):
    for seconds in ('20', '90'):  # a busy machine may need the second for the firmware alone
        boot = Boot('echo before\nrepeat 1000000000 memory\n', arguments=['--timeout', seconds])
        if boot.output:
            break
    cases.check('124 on time-out, with the output so far',
                boot.status == 124 and '\nbefore\n' in boot.output,
                f'{boot.status}: {boot.output[:200]}')


def check_crash(cases):
    boot = Boot('echo before\nload crash.o\ncall crash:crash\nrepeat 1000000000 memory\n', [built('crash.o')])
    cases.check('125 and the registers when the firmware meets an exception',
                boot.status == 125 and '\nbefore\n' in boot.output and 'RIP' in boot.errors and
                'the machine crashed' in boot.errors, f'{boot.status}: {boot.errors[:400]}')


def check_failures(cases):
    hello = built('hello.o')
    with tempfile.TemporaryDirectory() as folder:
        upper = os.path.join(folder, 'HELLO.O')
        with open(upper, 'wb') as file:
            file.write(b'x')
        for name, files, arguments, environment, reason in (
                ('no file', [], [], {}, 'no file and no script'),
                ('modules for no kernel', [hello], ['--hand-over', 'hello.o'], {}, '--hand-over needs --kernel'),
                ('a network for a kernel', [hello], ['--watch', '--kernel', hello], {}, 'it has no network'),
                ('two readers of standard input', [hello], ['--script', '-', '--interactive'], {},
                 'both want standard input'),
                ('an unknown option', [hello], ['--bogus'], {}, 'bogus'),
                ('a file that is not there', ['nowhere.o'], [], {}, 'nowhere.o: no such file'),
                ('the same file twice', [hello, hello], [], {}, 'has this name already'),
                ('names that a FAT volume takes for one', [hello, upper], [], {},
                 'has this name already'),
                ('no elfin.efi', [hello], [], {'ELFIN_EFI': '/nowhere'}, 'elfin.efi not found'),
                ('no firmware', [hello], [], {'ELFIN_OVMF_CODE': '/nowhere'}, 'OVMF not found'),
                ('no QEMU', [hello], [], {'QEMU': '/nowhere/qemu'}, '/nowhere/qemu'),
                ('QEMU fails', [hello], ['--machine', 'nonsense'], {},
                 'before elfin.efi gave a status'),
                ('a bad time-out', [hello], ['--timeout', '-1'], {}, 'timeout')):
            boot = Boot(None, files, arguments, environment)
            cases.check(f'125: {name}', boot.status == 125 and reason in boot.errors,
                        f'{boot.status}: {boot.errors}')
    boot = Boot(None, [], ['--help'])
    cases.check('--help', boot.status == 0 and '--timeout' in boot.output, boot.output)


def check_interactive(cases):
    """Keys as a terminal sends them; what the screen shows is full of escape sequences."""
    keys = ('echo hexlo\x1b[D\x1b[D\x7fl\r'   # left twice, backspace
            'nonsense\r'                       # a failure does not end the keyboard
            '\x1b[A\x1b[A !\r'                 # up twice: the history
            'quit 21\r')
    process = subprocess.Popen([ELFIN_QEMU, '--interactive'], stdin=subprocess.PIPE, text=True,
                               stdout=subprocess.PIPE, errors='replace', bufsize=0)
    screen = ''
    while 'elfin> ' not in screen:
        piece = process.stdout.read(1)
        if piece == '':
            break
        screen += piece
    rest, _ = process.communicate(keys, timeout=120)
    cases.check('keyboard: editing', '\nhello\n' in rest.replace('\r', ''), repr(rest))
    cases.check('keyboard: history', '\nhello !\n' in rest.replace('\r', ''), repr(rest))
    cases.check('keyboard: quit with a status', process.returncode == 21 and 'nonsense' in rest,
                process.returncode)


def check_demonstration(cases):
    done = subprocess.run(['make', '--no-print-directory', 'demo'], cwd=ROOT, capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, check=False,
                          env={**os.environ, 'MAKEFLAGS': '',
                               'BUILD': os.path.relpath(BUILD, ROOT)})
    cases.check('make run without a terminal runs the demonstration and quits',
                done.returncode == 0 and 'crc32' in done.stdout and '=> 21 (0x15)' in done.stdout,
                done.stdout[-500:] + done.stderr[-500:])


def main():
    cases = Cases()
    for check in (check_default_script, check_timeout, check_crash, check_failures, check_interactive,
                  check_demonstration):
        check(cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
