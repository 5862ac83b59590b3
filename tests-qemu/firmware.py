#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How elfin.efi is started: by its load options from the UEFI shell, by \\elfin\\startup.elfin, by
both; how it ends; and the example application. Boots volumes that elfin-qemu would not make."""

import os
import subprocess
import sys
import tempfile

from boot import BUILD, ELFIN_QEMU, Cases, built

# elfin-qemu knows how to make a volume and to start QEMU.
sys.path.insert(0, ELFIN_QEMU)
from machine import qemu_command
from options import parse_arguments
from run import EXIT_STATUS_BASE
from volume import make_volume, system_files

TIMEOUT = 90


def mtools(image, *command):
    subprocess.run([command[0], '-i', image, *command[1:]], check=True, stdin=subprocess.DEVNULL,
                   env={**os.environ, 'MTOOLS_SKIP_CHECK': '1'})


def boot(files, script=None, shell=None, loader='elfin.efi'):
    """Boots; with a shell script, only the firmware's own shell starts things. Returns the status
    (or None), the console's text, the firmware's text."""
    elfin = os.path.join(BUILD, loader)
    with tempfile.TemporaryDirectory(prefix='elfin-test-') as folder:
        arguments = parse_arguments(['its', 'files'])
        image = make_volume(folder, elfin, files, system_files(arguments, script or ''))
        if script is None:
            mtools(image, 'mdel', '::/elfin/startup.elfin')
        if shell is not None:
            mtools(image, 'mdel', '::/EFI/BOOT/BOOTX64.EFI')
            mtools(image, 'mcopy', elfin, '::/')
            path = os.path.join(folder, 'startup.nsh')
            with open(path, 'w', encoding='ascii', newline='\r\n') as file:
                file.write(shell)
            mtools(image, 'mcopy', path, '::/')
        command = qemu_command(arguments, folder, image)
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors='replace',
                                  stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
            text, status = done.stdout, done.returncode // 2 - EXIT_STATUS_BASE
        except subprocess.TimeoutExpired as expired:
            text, status = (expired.stdout or b'').decode(errors='replace'), None
        with open(os.path.join(folder, 'firmware.log'), encoding='ascii', errors='replace') as file:
            return status, text, file.read()


def check_load_options(cases):
    shell = 'fs0:\nelfin.efi load even.o odd.o; call odd:is_odd 7 ; echo "a;b"; quit 33\n'
    status, text, _ = boot([built('even.o'), built('odd.o')], 'echo startup\nquit 44\n',
                           shell)
    cases.check('load options: commands between semicolons, the image\'s name skipped',
                status == 33 and '=> 1 (0x1)' in text and '\na;b\n' in text, f'{status}: {text}')
    cases.check('load options go before startup.elfin', 'startup' not in text, text)


def check_startup(cases):
    shell = 'fs0:\nelfin.efi\n'
    status, text, _ = boot([], 'echo startup\nquit 44\n', shell)
    cases.check('only the image\'s name as load options: startup.elfin', status == 44,
                f'{status}: {text}')
    cases.equal('the channel has the console\'s text and nothing else', text,
                '> echo startup\nstartup\n> quit 44\n')


def check_return(cases):
    """Without the exit device, quit returns to the firmware with the status; the shell shows it."""
    shell = ('fs0:\nrm \\elfin\\qemu-exit\n'
             'elfin.efi load faults.o; ! call faults:fault_stack 0; unload faults; quit 7\necho status %lasterror%\n'
             'elfin.efi load faults.o; call faults:fault_none 1; quit\necho status %lasterror%\nreset -s\n')
    _, _, log = boot([built('faults.o')], None, shell)
    cases.check('quit returns the status to the firmware, also after a fault',
                'stack overflow at faults' in log and 'status 0x7' in log and 'status 0x0' in log, log[-900:])


def check_example(cases):
    with tempfile.TemporaryDirectory() as folder:
        module = os.path.join(folder, 'module.o')
        subprocess.run([os.environ.get('CC', 'gcc'), '-c', '-x', 'c', '-', '-o', module],
                       check=True, input='static int *p, v = 6; int answer(void) { p = &v; '
                       'return *p * 7; }', text=True)
        shell = 'fs0:\nexample.efi\necho status %lasterror%\nreset -s\n'
        _, _, log = boot([module], None, shell, 'example.efi')
    cases.check('the example application loads a module', 'status 0x0' in log, log[-600:])


def main():
    cases = Cases()
    for check in (check_load_options, check_startup, check_return, check_example):
        check(cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
