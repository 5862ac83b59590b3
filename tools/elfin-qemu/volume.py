# SPDX-License-Identifier: MIT
"""The boot volume: elfin.efi, the script, the files."""

import os
import re
import subprocess

from failure import Failure

# Where elfin.efi writes the script's status.
EXIT_PORT = 0x501

# QEMU's user-mode network.
SERVER_ADDRESS, GUEST_ADDRESS, NETWORK_MASK = '10.0.2.2', '10.0.2.15', '255.255.255.0'

SECTOR = 512
FAT32_MIN_SECTORS = 70000  # FAT32 needs 65525 clusters, of one sector here, and room for two tables
ARCHIVES = ('.a', '.rlib')
FORBIDDEN = set('"*/:<>?\\|')


def check_names(files):
    """Base names that the volume can hold, each once."""
    seen = {'efi': 'the boot folder', 'elfin': 'the folder of the script'}
    for path in files:
        name = os.path.basename(path)
        if not os.path.isfile(path):
            raise Failure(f'{path}: no such file')
        if not name.isascii() or not name.isprintable() or FORBIDDEN & set(name) or \
                name[-1] in '. ':
            raise Failure(f'{path}: the name cannot stand on a FAT volume')
        other = seen.setdefault(name.lower(), path)
        if other is not path:
            raise Failure(f'{path}: the volume has this name already, from {other}')


def load_word(name):
    """The word for a file of the root; what looks like an option becomes a path."""
    return f'"\\{name}"' if '=' in name or name == '--' else f'"{name}"'


def default_script(files, linked):
    """`linked` are there already."""
    names = [name for name in map(os.path.basename, files) if name not in linked]
    objects = [name for name in names if not name.endswith(ARCHIVES)]
    lines = [f'library "{name}"' for name in names if name.endswith(ARCHIVES)]
    if objects:
        lines.append('load ' + ' '.join(map(load_word, objects)))
    return '\n'.join(lines) + '\n'


def read_script(arguments):
    if arguments.script == '-':
        return ''
    if arguments.script:
        with open(arguments.script, encoding='utf-8', errors='surrogateescape') as file:
            text = file.read()
    else:
        text = default_script(arguments.files, arguments.hand_over.replace('"', '').split())
    return text if arguments.interactive or arguments.watch else text + '\nquit\n'


def boot_command(arguments):
    """What elfin.efi runs instead of the script, without a trace in the output."""
    modules, *words = re.split(r'(?:^|\s)--(?:\s|$)', arguments.hand_over,
                               maxsplit=1)
    files = ' '.join(f'"file={os.path.basename(path)}"' for path in arguments.files)
    return (f'@boot elfin/kernel.elf {modules} {files} script=elfin/script.elfin '
            f'-- exit={EXIT_PORT:#x} {"".join(words)}\n')


def system_files(arguments, script):
    """What lies in the volume's folder elfin."""
    text = script.encode('utf-8', errors='surrogateescape')
    system = {'startup.elfin': text, 'qemu-exit': f'{EXIT_PORT:#x}\n'.encode()}
    if arguments.live:
        system['from'] = f'tftp: {SERVER_ADDRESS} {GUEST_ADDRESS} {NETWORK_MASK}\n'.encode()
    if arguments.kernel:
        with open(arguments.kernel, 'rb') as file:
            system['kernel.elf'] = file.read()
        system['script.elfin'] = text
        system['startup.elfin'] = boot_command(arguments).encode('utf-8', errors='surrogateescape')
    return system


def run_tool(command):
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, env={**os.environ, 'MTOOLS_SKIP_CHECK': '1'})
    except FileNotFoundError as error:
        raise Failure(f'{command[0]} is not installed (Debian package mtools)') from error
    except subprocess.CalledProcessError as error:
        raise Failure(f'{command[0]}: {error.stderr.decode(errors="replace").strip()}') from error


def make_volume(folder, elfin, files, system):
    """A FAT32 image with elfin.efi as its boot loader, `system` (name to bytes) in its folder elfin,
    and the files in the root. The host's file may have holes."""
    image = os.path.join(folder, 'volume.img')
    system_files = [os.path.join(folder, name) for name in system]
    for path, content in zip(system_files, system.values()):
        with open(path, 'wb') as file:
            file.write(content)
    content = sum(os.path.getsize(path) + SECTOR for path in [elfin, *system_files, *files])
    sectors = FAT32_MIN_SECTORS + content * 11 // 10 // SECTOR
    with open(image, 'wb') as file:
        file.truncate(sectors * SECTOR)
    run_tool(['mformat', '-i', image, '-F', '-c', '1', '-T', str(sectors), '::'])
    run_tool(['mmd', '-i', image, '::/EFI', '::/EFI/BOOT', '::/elfin'])
    run_tool(['mcopy', '-i', image, elfin, '::/EFI/BOOT/BOOTX64.EFI'])
    run_tool(['mcopy', '-i', image, *system_files, '::/elfin/'])
    if files:
        # Absolute paths look neither like options nor like drive letters.
        run_tool(['mcopy', '-i', image, *map(os.path.abspath, files), '::/'])
    return image
