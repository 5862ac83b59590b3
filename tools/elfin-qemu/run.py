# SPDX-License-Identifier: MIT
"""A run of QEMU: its console copied, its keyboard fed, its status."""

import os
import select
import socket
import subprocess
import sys
import termios
import time
import tty

from failure import OWN_FAILURE, TIMED_OUT, Failure
from machine import console_log, qemu_command
from typist import Typist

# elfin.efi writes status + 2 to the exit device, and QEMU exits with twice that and one: odd, and
# above what QEMU itself exits with.
EXIT_STATUS_BASE = 2

POLL = 0.1  # seconds between two looks at files that are watched


def has_crashed(folder):
    """The firmware reports an exception and then stands still."""
    try:
        with open(os.path.join(folder, 'firmware.log'), 'rb') as file:
            return b'!!!! X64 Exception Type - ' in file.read()
    except OSError:
        return False


def copy_output(process, deadline, folder, screen=None, typist=None):
    """Copies the console to standard output until QEMU closes it, the firmware has crashed or the
    time is over. True: QEMU has closed it. screen: a socket that nobody else reads."""
    output, tail = process.stdout.fileno(), b'\n'
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        lines = [typist.lines] if typist and typist.lines is not None else []
        ready = select.select([output, *([screen] if screen else []), *lines], [], [],
                              min(left, POLL if typist else 1))[0]
        if not ready and has_crashed(folder):
            return False
        if screen in ready and not screen.recv(65536):
            screen = None
        if lines and lines[0] in ready:
            typist.read()
        if output in ready:
            data = os.read(output, 65536)
            if not data:
                return True
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            tail = (tail + data)[-64:]
            if typist:
                typist.see(tail)
        elif typist:
            typist.poll()


def wait_for(process, deadline):
    try:
        return process.wait(max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        return None


def show_firmware_log(folder):
    """The end of what the firmware said: its exception reports, mostly."""
    try:
        with open(os.path.join(folder, 'firmware.log'), 'rb') as file:
            text = file.read().decode('ascii', errors='replace')
    except OSError:
        return
    lines = [''.join(c for c in line if c.isprintable()) for line in text.splitlines()]
    for line in [line for line in lines if line.strip()][-25:]:
        print(f'firmware: {line}', file=sys.stderr)


def exit_status(code, folder):
    if code is not None and code & 1 and code > 2 * EXIT_STATUS_BASE:
        return code // 2 - EXIT_STATUS_BASE
    show_firmware_log(folder)
    print(f'elfin-qemu: QEMU ended with {code} before elfin.efi gave a status', file=sys.stderr)
    return OWN_FAILURE


def read_end(path):
    """The last bytes of a file, and a newline before them."""
    with open(path, 'rb') as file:
        file.seek(max(os.path.getsize(path) - 64, 0))
        return b'\n' + file.read()


def feed_keyboard(process, folder, files):
    """Copies keys to QEMU until it ends. What terminals send for backspace, the firmware takes for
    the delete key. files: those to watch, or None."""
    def press(keys):
        try:
            process.stdin.write(keys)
        except BrokenPipeError:
            pass

    typist = Typist(press, files) if files is not None else None
    streams = [sys.stdin]
    while process.poll() is None:
        if not select.select(streams, [], [], POLL)[0]:
            if typist:
                typist.see(read_end(console_log(folder)))
                typist.poll()
            continue
        keys = os.read(sys.stdin.fileno(), 1024)
        if keys:
            press(keys.replace(b'\x7f', b'\b'))
        elif typist:
            streams = []
        else:
            process.stdin.close()
            break
    return process.wait()


def run_interactive(process, folder, files):
    if not sys.stdin.isatty():
        return feed_keyboard(process, folder, files)
    settings = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        return feed_keyboard(process, folder, files)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)


def start_qemu(command, **streams):
    try:
        return subprocess.Popen(command, bufsize=0, **streams)
    except OSError as error:
        raise Failure(f'{command[0]}: {error.strerror}') from error


def run_qemu(arguments, folder, volume):
    deadline = time.monotonic() + arguments.timeout
    ours = theirs = typist = None
    files = arguments.files if arguments.watch else None
    if (arguments.watch or arguments.script == '-') and not arguments.interactive:
        ours, theirs = socket.socketpair()
        typist = Typist(ours.sendall, files,
                        sys.stdin.fileno() if arguments.script == '-' else None)
    command = qemu_command(arguments, folder, volume, theirs)
    if arguments.interactive:
        process = start_qemu(command, stdin=subprocess.PIPE)
    else:
        process = start_qemu(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             pass_fds=[theirs.fileno()] if theirs else [])
    try:
        if arguments.interactive:
            return exit_status(run_interactive(process, folder, files), folder)
        if copy_output(process, deadline, folder, ours, typist):
            code = wait_for(process, deadline)
            if code is not None:
                return exit_status(code, folder)
        show_firmware_log(folder)
        if has_crashed(folder):
            print('elfin-qemu: the machine crashed: an exception in the firmware or a module',
                  file=sys.stderr)
            return OWN_FAILURE
        print(f'elfin-qemu: no end after {arguments.timeout:g} seconds', file=sys.stderr)
        return TIMED_OUT
    finally:
        process.kill()
        process.wait()
