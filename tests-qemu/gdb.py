#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A real GDB at QEMU's stub: modules of three languages in elfin.efi and in the kernel.

usage: gdb.py [all]     (all: more combinations, 1,000 loads and unloads)
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from boot import BUILD, ELFIN_QEMU, ROOT, Cases

sys.path.insert(0, os.path.join(ROOT, 'tests/gdb'))
from session import COUNT_ENTRIES, NAMES, Session, build, mark, tried  # noqa: E402

SCRIPT = os.path.join(ROOT, 'tools/gdb/elfin.py')
# Flags of C and C++, and of Rust.
PIC = ['-fPIC'], ['-Crelocation-model=pic']
LARGE = ['-fno-pic', '-mcmodel=large', '-gz'], ['-Crelocation-model=pic', '-Ccode-model=large']
KERNEL = ['-fno-pic', '-mcmodel=kernel'], ['-Crelocation-model=static', '-Ccode-model=kernel']
PIC_GZ = [*PIC[0], '-gz'], PIC[1]


def objects_in(folder, compiler, dwarf, model, names=NAMES, prefix=''):
    """Their names there."""
    return [os.path.basename(path) for path in build(folder, compiler, dwarf, *model, names, prefix)]


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Machine:
    """elfin-qemu --gdb, whose output is gathered meanwhile."""

    def __init__(self, folder, script, objects, arguments=()):
        self.port = free_port()
        path = os.path.join(folder, 'script.elfin')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(script)
        self.process = subprocess.Popen([ELFIN_QEMU, '--gdb', str(self.port), '--timeout', '500', '--script', path,
                                         *arguments, *objects], cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace')
        self.output, self.grown = '', threading.Condition()
        threading.Thread(target=self.gather, daemon=True).start()
        for line in self.process.stderr:
            if 'waiting for a debugger' in line:
                break

    def gather(self):
        while text := os.read(self.process.stdout.fileno(), 65536).decode(errors='replace'):
            with self.grown:
                self.output += text
                self.grown.notify_all()

    def wait_for(self, text, seconds=200):
        with self.grown:
            return self.grown.wait_for(lambda: text in self.output, seconds)

    def gdb(self, *steps):
        """The stub listens a little after QEMU has begun, so GDB tries for a while."""
        return Session(['set tcp auto-retry on', f'source {SCRIPT}', *steps], timeout=300)

    def end(self):
        """Its exit status."""
        try:
            return self.process.wait(200)
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()


BREAKPOINTS = [f'break one.c:{mark("one.c", "sum")}', 'break prepared', f'break three.rs:{mark("three.rs", "total")}',
               f'break box.h:{mark("box.h", "twice")}']


def stops(prefix, loader):
    """Steps through one load and call, and what they must show."""
    steps = [
        (prefix + 'prepared', 'continue'), (prefix + 'prepared.bt', 'bt'), (prefix + 'prepared.value', 'print value'),
        (prefix + 'sum', 'continue'), (prefix + 'sum.bt', 'bt'), (prefix + 'sum.locals', 'info locals'),
        (prefix + 'sum.struct', 'print *point'), (prefix + 'sum.list', 'list'), (prefix + 'sum.finish', 'finish'),
        (prefix + 'next', 'next'), (prefix + 'next2', 'next'), (prefix + 'step', 'step'),
        (prefix + 'twice', 'continue'), (prefix + 'twice.bt', 'bt'), (prefix + 'twice.this', 'print *this'),
        (prefix + 'total', 'continue'), (prefix + 'total.bt', 'bt'), (prefix + 'total.pair', 'print *pair'),
        (prefix + 'info', 'info elfin'), (prefix + 'breakpoints', 'info breakpoints'),
        (prefix + 'again', 'continue'),
    ]
    return steps, {
        prefix + 'prepared': r'prepared \(value=4\) at .*four\.cc:\d+', prefix + 'prepared.value': '= 4',
        prefix + 'prepared.bt': loader, prefix + 'sum': r'sum_of \(point=0x\w+.*times=5\) at .*one\.c',
        prefix + 'sum.locals': ['sum = 7', 'result = '], prefix + 'sum.struct': 'x = 3, y = 4, name = 0x.*"origin"',
        prefix + 'sum.bt': [r'^#1 .*enter \(times=5\)', *loader], prefix + 'sum.list': 'mark: sum',
        prefix + 'sum.finish': 'Value returned is .* = 35', prefix + 'step': r'two \(value=35\) at .*two\.cc',
        prefix + 'twice': r'box<int>::twice', prefix + 'twice.this': 'content = 35',
        prefix + 'twice.bt': [r'^#1 .*two \(value=35\)', r'^#2 .*enter', *loader],
        prefix + 'total': r'total \(pair=', prefix + 'total.pair': 'half: 37, whole: 74',
        prefix + 'total.bt': [r'^#1 .*three', r'^#2 .*two \(value=35\)', r'^#3 .*enter', *loader],
        prefix + 'info': [r'^\w*one +0x\w+ .*uses \w*two', r'^\w*two .*uses .*three.* used by \w*one'],
        prefix + 'breakpoints': ['!MULTIPLE', r'in \w*box<int>::twice'],
        prefix + 'again': r'box<int>::twice',
    }


def show(cases, name, session, wanted):
    misses = session.misses(wanted)
    cases.check(name, not misses, '\n'.join(misses))


def check_elfin_efi(cases, cycles):
    """Two groups, near elfin.efi and above 4 GiB; then loads and unloads; then GDB comes back."""
    loader = [r' efi_main \(']
    with tempfile.TemporaryDirectory() as folder:
        near = objects_in(folder, 'gcc', 5, PIC)
        far = objects_in(folder, 'clang19', 4, LARGE, prefix='far_')
        wait = objects_in(folder, 'clang14', 5, PIC, ['wait.c'])
        machine = Machine(folder, f"""limit 0
load {' '.join(near)}
call one:enter 5
unload one
load {' '.join(far)} min=0x100000000
call far_one:enter 5
unload far_one
repeat {cycles} load {' '.join(near)} && unload one
load {' '.join(near)}
load wait.o
call wait:wait_here 7
""", near + far + wait, ['--memory', '5G'])
        first, wanted = stops('near.', loader)
        second, more = stops('far.', loader)
        session = machine.gdb(f'target remote 127.0.0.1:{machine.port}', *BREAKPOINTS, 'break command_unload', *first,
                              ('near.unload', 'continue'), ('near.unload.bt', 'bt'), *second,
                              ('far.address', 'info symbol $pc'), ('far.where', 'print $pc > 0x100000000'),
                              ('far.unload', 'continue'), ('unloaded', 'finish'),
                              ('gone', 'info breakpoints'), ('detach', 'detach'))
        wanted |= more | {'near.unload': 'command_unload', 'near.unload.bt': [r'efi_main'], 'far.where': '= true',
                          'far.unload': 'command_unload', 'unloaded': 'Value returned is .* = 0',
                          'gone': [r'<PENDING> +.*one\.c', r'<PENDING> +prepared', r'<PENDING> +.*three\.rs',
                                   r'<PENDING> +.*box\.h', '!MULTIPLE'], 'detach': 'detached'}
        show(cases, 'gdb.elfin_efi', session, wanted)
        cases.check('gdb.elfin_efi.goes_on_without_gdb', machine.wait_for('> call wait:wait_here'), machine.output)
        session = machine.gdb(('attach', f'target remote 127.0.0.1:{machine.port}'), ('bt', 'bt'),
                              ('locals', 'info locals'),
                              'set elfin-efi /nonexistent', ('attach.again', 'elfin-attach'), ('bt.again', 'bt'),
                              f'set elfin-efi {BUILD}/elfin.efi.debug', ('attach.named', 'elfin-attach'),
                              ('bt.named', 'bt'), ('info', 'info elfin'), ('wait', 'info elfin wait'),
                              ('count', COUNT_ENTRIES), ('list', 'list enter'), ('set', 'set var released = 1'),
                              'break two', ('finish', 'finish'), ('end', tried('continue')))
        show(cases, 'gdb.attach', session, {
            **{bt: [r'wait_here \(value=7\)', *loader] for bt in ('bt', 'bt.again', 'bt.named')},
            'attach.again': r'elfin\.efi', 'attach.named': r'elfin\.efi\.debug', 'locals': r'rounds = \d+', 'list': 'mark: call|sum_of',
            'info': [r'^one .*uses two', r'^two .*used by one', r'^wait +0x'], 'wait': [r' RX +\.text', ' RW +'],
            'count': r'entries 5 objfiles 5', 'finish': 'Value returned is .* = 7'})
        cases.equal('gdb.elfin_efi.status', machine.end(), 0)


def check_kernel(cases, kernel):
    """Modules that are handed over, stopped at in their init functions, and loaded by the kernel."""
    loader = [r' kernel_main \(']
    with tempfile.TemporaryDirectory() as folder:
        given = objects_in(folder, 'clang14', 4, KERNEL)
        loaded = objects_in(folder, 'gcc', 5, PIC_GZ, prefix='own_')
        machine = Machine(folder, f"""limit 0
call one:enter 5
unload one
load {' '.join(loaded)} at=0x200000000000
call own_one:enter 5
unload own_one
""", given + loaded, ['--kernel', os.path.join(BUILD, kernel), '--hand-over', ' '.join(given)])
        first, wanted = stops('given.', loader)
        second, more = stops('own.', loader)
        session = machine.gdb(f'target remote 127.0.0.1:{machine.port}', *BREAKPOINTS, 'break command_unload', *first,
                              ('unload', 'continue'), ('unload.bt', 'bt'), *second,
                              ('count', COUNT_ENTRIES), ('last', 'continue'), 'delete', 'tbreak platform_end',
                              ('end', 'continue'), ('left', COUNT_ENTRIES), ('detach', 'detach'))
        wanted |= more | {'unload': 'command_unload', 'unload.bt': 'kernel_main', 'count': 'entries 4 objfiles 4',
                          'given.breakpoints': r'<PENDING> +prepared', 'own.breakpoints': r'<PENDING> +prepared',
                          'last': 'command_unload', 'end': r'platform_end \(.*=0\)', 'left': 'entries 0 objfiles 0'}
        show(cases, f'gdb.{kernel}', session, wanted)
        cases.equal(f'gdb.{kernel}.status', machine.end(), 0)


def manual():
    """Of docs/DEBUGGING.md: the files of the case, and its commands with what they print."""
    with open(os.path.join(ROOT, 'docs/DEBUGGING.md'), encoding='utf-8') as file:
        text = file.read().split('## One case\n')[1].split('\n## ')[0]
    files = {}
    for language, title in (('c', r'/\* ([\w.]+) \*/\n'), ('gdb', r'# ([\w.]+)\n')):
        parts = re.split(title, text.split(f'```{language}\n')[1].split('```')[0])[1:]
        files.update(zip(parts[::2], parts[1::2]))
    shown = re.sub(r'```.*?```', '', text, flags=re.DOTALL)
    lines = ''.join(line[4:] + '\n' for line in shown.splitlines() if line.startswith('    '))
    parts = re.split(r'^\$ (.*)\n', lines, flags=re.MULTILINE)[1:]
    return files, list(zip(parts[::2], parts[1::2]))


def check_manual(cases):
    """The case of the manual goes as it says."""
    files, commands = manual()
    cases.check('gdb.manual.is_whole', len(files) == 4 and len(commands) == 4, str(files.keys()))
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(content)
        environment = {**os.environ, 'ELFIN': ROOT, 'PORT': str(free_port()),
                       'PATH': f'{BUILD}:{os.environ["PATH"]}'}
        for command, output in commands:
            if command.startswith('gdb') or ' gdb ' in command:
                command = command.replace('gdb -nx', 'gdb -nx -ex "set tcp auto-retry on"', 1)
            done = subprocess.run(['sh', '-c', command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
            cases.equal('gdb.manual: ' + command.split()[0], re.sub(r'0x[0-9a-f]{4,}', '0x...', done.stdout), output)


def main():
    cases, every = Cases(), 'all' in sys.argv[1:]
    check_elfin_efi(cases, 1000 if every else 100)
    check_manual(cases)
    for kernel in ('kernel.elf', 'kernel-pie.elf', 'kernel-clang.elf') if every else ('kernel.elf',):
        check_kernel(cases, kernel)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
