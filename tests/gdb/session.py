# SPDX-License-Identifier: MIT
"""What tests with a real GDB share: a script with labels, and what each part of it printed."""
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODULES = os.path.join(ROOT, 'tests/gdb/modules')
BEGIN = ['set pagination off', 'set width 0', 'set confirm off', 'set breakpoint pending on',
         'set debuginfod enabled off', 'set print frame-arguments all']


def mark(name, text):
    """The number of the line with that mark."""
    with open(os.path.join(MODULES, name), encoding='utf-8') as file:
        return next(number for number, line in enumerate(file, 1) if f'mark: {text} ' in line + ' ' or
                    line.rstrip().endswith(f'mark: {text}'))


class Session:
    """One run of GDB in batch mode. steps: (label, command) or a command alone."""

    def __init__(self, steps, arguments=(), timeout=120):
        lines = list(BEGIN)
        for step in steps:
            label, command = step if isinstance(step, tuple) else (None, step)
            lines += [f'echo \\n@@{label}\\n'] if label else ['echo \\n@@\\n']
            lines.append(command)
        with tempfile.NamedTemporaryFile('w', suffix='.gdb') as file:
            file.write('\n'.join(lines) + '\n')
            file.flush()
            try:
                done = subprocess.run(['gdb', '-nx', '--batch', '-x', file.name, *arguments],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, errors='replace',
                                      timeout=timeout, check=False, cwd=ROOT)
                self.output, self.errors = done.stdout, done.stderr
            except subprocess.TimeoutExpired as error:
                self.output = (error.stdout or b'').decode(errors='replace')
                self.errors = 'GDB did not end'
        self.said = {}
        for part in self.output.split('\n@@')[1:]:
            label, _, text = part.partition('\n')
            if label:
                self.said[label] = text.strip()

    def misses(self, wanted):
        """Of {label: regular expression, or several}: what did not come, as text."""
        found = []
        for label, patterns in wanted.items():
            for pattern in [patterns] if isinstance(patterns, str) else patterns:
                forbidden = pattern.startswith('!')
                text = self.said.get(label, f'(nothing; GDB said: {self.errors[-300:]})')
                if bool(re.search(pattern.lstrip('!'), text, re.MULTILINE)) == forbidden:
                    found.append(f'{label}: {"found" if forbidden else "no"} {pattern.lstrip("!")!r} in {text[-400:]!r}')
        return found
