# SPDX-License-Identifier: MIT
"""QEMU's command line."""

import base64
import json
import os
import shutil
import sys

from failure import find_file
from tpm import tpm_options
from volume import EXIT_PORT

DEBUG_CONSOLE_PORT = 0xE9


def find_elfin():
    """It lies beside the file or folder that this program is, or in the build folder beside it."""
    here = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    return find_file('ELFIN_EFI', [os.path.join(here, 'elfin.efi'),
                                   os.path.join(here, '..', 'build', 'elfin.efi')], 'elfin.efi')


def serve(folder, files):
    """A folder of links to the files, for QEMU's TFTP server: what the names mean at the moment."""
    served = os.path.join(folder, 'served')
    os.mkdir(served)
    for path in files:
        os.symlink(os.path.abspath(path), os.path.join(served, os.path.basename(path)))
    return served


def network(arguments, folder):
    """A network that ends at the TFTP server. The card's own ROM would only take time."""
    if not arguments.live:
        return []
    return ['-netdev', f'user,id=host,restrict=on,tftp={serve(folder, arguments.files)}',
            '-device', 'virtio-net-pci,netdev=host,romfile=']


def machine_name(arguments):
    """What tools/gdb/elfin.py reads of a machine: which files have its symbols."""
    files = {'efi': find_elfin(), 'kernel': arguments.kernel}
    text = json.dumps({key: os.path.abspath(path) for key, path in files.items() if path})
    return 'guest=elfin-' + base64.urlsafe_b64encode(text.encode(errors='surrogateescape')).decode()


def console_log(folder):
    """The console's text, when standard output has the screen's."""
    return os.path.join(folder, 'console.log')


def qemu_command(arguments, folder, volume, keyboard=None):
    """keyboard: a socket for the first serial port, or None."""
    code = find_file('ELFIN_OVMF_CODE', ['/usr/share/OVMF/OVMF_CODE_4M.fd'], 'OVMF')
    variables = find_file('ELFIN_OVMF_VARS', ['/usr/share/OVMF/OVMF_VARS_4M.fd'], 'OVMF')
    private = os.path.join(folder, 'vars.fd')
    shutil.copyfile(variables, private)
    accel = os.environ.get('ELFIN_ACCEL', 'tcg')
    command = [
        os.environ.get('QEMU', 'qemu-system-x86_64'), '-nodefaults', '-no-user-config',
        '-no-reboot', '-display', 'none', '-machine', arguments.machine, '-accel', accel,
        '-cpu', 'host' if accel == 'kvm' and arguments.cpu == 'max' else arguments.cpu,
        '-m', arguments.memory, '-smp', str(arguments.cpus),
        '-drive', f'if=pflash,format=raw,unit=0,readonly=on,file={code}',
        '-drive', f'if=pflash,format=raw,unit=1,file={private}',
        '-drive', f'if=none,id=volume,format=raw,file={volume}',
        '-device', 'virtio-blk-pci,drive=volume,bootindex=0',
        *tpm_options(folder),
        '-device', f'isa-debug-exit,iobase={EXIT_PORT:#x}',
        *network(arguments, folder),
    ]
    debug_console = ['-device', f'isa-debugcon,iobase={DEBUG_CONSOLE_PORT:#x},chardev=console']
    log = os.path.join(folder, 'firmware.log')
    if arguments.gdb is not None:
        command += ['-gdb', f'tcp:127.0.0.1:{arguments.gdb}', '-S', '-name', machine_name(arguments)]
        print(f'elfin-qemu: waiting for a debugger at 127.0.0.1:{arguments.gdb}', file=sys.stderr)
    if arguments.interactive:
        print('elfin-qemu: Ctrl-A x ends QEMU', file=sys.stderr)
        command += ['-chardev', 'stdio,id=terminal,mux=on,signal=off',
                    '-serial', 'chardev:terminal']
        if arguments.watch:
            command += ['-chardev', f'file,id=console,path={console_log(folder)}', *debug_console]
        return command
    command += ['-chardev', 'stdio,id=console,signal=off', *debug_console]
    if keyboard is None:
        return command + ['-serial', 'file:' + log]
    return command + ['-chardev', f'socket,id=keyboard,fd={keyboard.fileno()},logfile={log}',
                      '-serial', 'chardev:keyboard']
