#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""elfin-qemu --watch: what a compiler writes is reloaded in the running machine, under GDB too."""

import os
import signal
import subprocess
import sys
import tempfile
import threading

from boot import ROOT, Cases
from gdb import SCRIPT, Session, free_port
from reload import COUNTER, USER, Machine, compile_to, counter


def check_watch(cases, folder):
    """A real compiler, while the machine runs."""
    script = os.path.join(folder, 'script.elfin')
    with open(script, 'w', encoding='utf-8') as file:
        file.write('load counter.o\nload user.o\ncall user:twice\n')
    objects = [os.path.join(folder, name) for name in ('counter.o', 'user.o')]
    counter(objects[0])
    compile_to(objects[1], USER)
    machine = Machine(folder, ['--watch', '--script', script], objects)
    said = machine.read()
    cases.check('--watch: the script, then the prompt', '=> 2 (0x2)' in said, said)
    counter(objects[0], version=2, step=10)
    said = machine.read()
    cases.check('--watch: compiled, reloaded', '> reload\nreloaded counter at' in said, said)
    with open(objects[0], 'wb') as file:
        file.write(b'no object')
    said = machine.read()
    cases.check('--watch: what is broken is told, and nothing else happens',
                '> reload\nerror: counter.o: ' in said, said)
    counter(objects[0] + '.new', version=3)
    os.rename(objects[0] + '.new', objects[0])
    compile_to(objects[1], USER.replace('return 0', 'return 1'))
    said = machine.read()
    cases.check('--watch: a rename over the file; two files, one reload',
                said.count('> reload') == 1 and 'reloaded counter' in said and
                'reloaded user' in said, said)
    machine.process.send_signal(signal.SIGINT)
    cases.equal('--watch: an interrupt ends it', machine.end(), 0)
    machine.errors.seek(0)
    text = machine.errors.read()
    cases.check('--watch: says what has changed',
                'elfin-qemu: changed: counter.o' in text and 'counter.o user.o' in text, text)


def counter_with_lines(folder, version, *statements):
    """The counter with a body of several lines, in a file that GDB can name; the last line's number."""
    text = COUNTER.format(version=version, step=0, extra='', refusal=0)
    body = ''.join(f'\n    {statement}' for statement in (*statements, 'return count;'))
    text = text.replace(' return count += 0; ', body + '\n')
    path = os.path.join(folder, 'counter.c')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    subprocess.run(['gcc', '-g', '-O0', '-w', '-I', os.path.join(ROOT, 'include'), '-c', path, '-o',
                    os.path.join(folder, 'counter.o')], check=True)
    return text[:text.index('return count;')].count('\n') + 1


def check_gdb(cases, folder):
    """Breakpoints follow a module that --watch reloads: by function, and by line where the line is now."""
    line = counter_with_lines(folder, 1, 'count += 1;')
    objects = [os.path.join(folder, name) for name in ('counter.o', 'user.o')]
    compile_to(objects[1], USER)
    port, sessions = free_port(), []
    machine = Machine(folder, ['--watch', '--gdb', str(port), '--script', '-'], objects)
    thread = threading.Thread(target=lambda: sessions.append(Session([
        'set tcp auto-retry on', f'source {SCRIPT}', f'target remote 127.0.0.1:{port}',
        'break counter_next', f'break counter.c:{line}', ('first', 'continue'), ('first.line', 'continue'),
        ('first.value', 'print count'), ('second', 'continue'), ('second.line', 'continue'),
        'break take_over', ('taken', 'continue'), ('old', 'print *(int *)old'), ('where', 'bt'),
        ('trace', 'info elfin trace 1'), 'delete 3', ('new', 'continue'), ('new.value', 'print count'),
        ('new.line', 'continue'), ('new.line.value', 'print count'), ('breakpoints', 'info breakpoints'), 'detach'],
        timeout=300)))
    thread.start()
    machine.read()
    machine.say('load counter.o')
    machine.say('load user.o')
    cases.equal('--watch --gdb: before', machine.result('call user:twice'), 2)
    counter_with_lines(folder, 2, 'count += 10;', 'count += 10;')
    said = machine.read()
    cases.check('--watch --gdb: reloaded under GDB', 'reloaded counter' in said, said)
    cases.equal('--watch --gdb: after', machine.result('call user:twice'), 42)
    thread.join()
    machine.process.send_signal(signal.SIGINT)
    cases.equal('--watch --gdb: an interrupt ends it', machine.end(), 0)
    at_line = fr'Breakpoint 2, counter_next \(\) at .*counter\.c:{line}\n'
    misses = sessions[0].misses({
        'first': 'Breakpoint 1, counter_next', 'first.line': at_line + r'.*return count;', 'first.value': '= 1$',
        'second': 'Breakpoint 1, counter_next', 'second.line': at_line,
        'taken': r'Breakpoint 3(\.\d)?, take_over \(old=', 'old': '= 2', 'where': [r'elfin_replace', r'efi_main'],
        'trace': 'bind user to counter', 'new': 'Breakpoint 1, counter_next', 'new.value': '= 2$',
        'new.line': at_line, 'new.line.value': '= 12$',
        'breakpoints': [r'^1 .* in counter_next', fr'^2 .* in counter_next at .*:{line}$', '!MULTIPLE', '!PENDING']})
    cases.check('--watch --gdb: breakpoints follow, and are hit', not misses, '\n'.join(misses))


def main():
    cases = Cases()
    for check in (check_watch, check_gdb):
        with tempfile.TemporaryDirectory() as folder:
            check(cases, folder)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
