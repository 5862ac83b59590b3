# SPDX-License-Identifier: MIT
"""What the boot tests share: run elfin-qemu, split what it prints by command, report cases."""

import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get('ELFIN_BUILD', 'build'))
ELFIN_QEMU = os.path.join(BUILD, 'elfin-qemu')
# Tests that do not care who loads run in a kernel when the environment names one.
IN_KERNEL = [word for name in os.environ.get('ELFIN_IN_KERNEL', '').split()
             for word in ('--kernel', os.path.join(BUILD, name))]


def built(name):
    """A test module, or an example."""
    for folder in ('tests-qemu', 'examples'):
        path = os.path.join(BUILD, folder, name)
        if os.path.exists(path):
            return path
    raise FileNotFoundError(name)


class Cases:
    """Prints one line for each case; exit with status()."""

    def __init__(self):
        self.failed = 0

    def check(self, name, condition, reason=''):
        if condition:
            print(f'ok {name}')
        else:
            self.failed += 1
            print(f'not ok {name}: {" / ".join(str(reason).splitlines())[:600]}')
        sys.stdout.flush()
        return bool(condition)

    def equal(self, name, got, wanted):
        return self.check(name, got == wanted, f'got {got!r}, wanted {wanted!r}')

    def status(self):
        return 1 if self.failed else 0


class Boot:
    """One run of elfin-qemu: its status, and what each command printed."""

    def __init__(self, script, files=(), arguments=(), environment=None, directory=None):
        command = [ELFIN_QEMU, *IN_KERNEL, *arguments]
        if IN_KERNEL and script:
            script = '@limit 0\n' + script  # machines may be slow
        with tempfile.NamedTemporaryFile('w', suffix='.elfin') as file:
            if script is not None:
                file.write(script)
                file.flush()
                command += ['--script', file.name]
            done = subprocess.run(command + list(files), stdin=subprocess.DEVNULL, cwd=directory,
                                  capture_output=True, text=True, errors='replace',
                                  env={**os.environ, **(environment or {})}, check=False)
        self.status = done.returncode
        self.output = done.stdout
        self.errors = done.stderr
        self.commands = []
        self.frames = []  # of the stack, by command
        for line in self.output.splitlines():
            if line.startswith('> '):
                self.commands.append((line[2:], []))
                self.frames.append((line[2:], []))
            elif self.commands:
                (self.frames if re.match(r'#\d+ ', line) else self.commands)[-1][1].append(line)

    def said(self, command, occurrence=0):
        """What the command printed, as one text; empty when it was not run."""
        found = [lines for text, lines in self.commands if text == command]
        return '\n'.join(found[occurrence]) if occurrence < len(found) else ''

    def stack(self, command, occurrence=0):
        """The frames that a report of the command's told, without their numbers."""
        found = [lines for text, lines in self.frames if text == command]
        return [line.split(' ', 1)[1] for line in found[occurrence]] if occurrence < len(found) else []

    def expect(self, cases, name, command, *wanted, occurrence=0):
        """A case: the command printed something that each regular expression finds."""
        text = self.said(command, occurrence)
        for pattern in wanted:
            if not re.search(pattern, text, re.MULTILINE):
                return cases.check(name, False, f'{command!r} printed {text!r}, no {pattern!r}; '
                                                f'status {self.status}, {self.errors[-300:]}')
        return cases.check(name, True)

    def result(self, command, occurrence=0):
        """The number that a call printed, or None."""
        match = re.search(r'^=> (\d+) \(0x[0-9a-f]+\)$', self.said(command, occurrence), re.M)
        return int(match.group(1)) if match else None
