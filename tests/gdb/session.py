# SPDX-License-Identifier: MIT
"""What tests with a real GDB share: modules of three languages; a script with labels, and what each part of it
printed."""
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODULES = os.path.join(ROOT, 'tests/gdb/modules')
NAMES = ('one.c', 'two.cc', 'three.rs', 'four.cc')
COMPILERS = {'gcc': ('gcc', 'g++'), 'clang14': ('clang-14', 'clang++-14'), 'clang19': ('clang-19', 'clang++-19')}
BEGIN = ['set pagination off', 'set width 0', 'set confirm off', 'set breakpoint pending on',
         'set debuginfod enabled off', 'set print frame-arguments all']


# Objects in the list for GDB (its descriptor: two words of 4 bytes, two pointers), and what GDB has of them.
COUNT_ENTRIES = """python
entry, count = int(gdb.parse_and_eval('*(long *)((char *)&__jit_debug_descriptor + 16)')), 0
while entry: entry, count = int(gdb.parse_and_eval(f'*(long *){entry}')), count + 1
print('entries', count, 'objfiles', sum('in-memory' in (o.filename or '') for o in gdb.objfiles()))
end"""


def mark(name, text):
    """The number of the line with that mark."""
    with open(os.path.join(MODULES, name), encoding='utf-8') as file:
        return next(number for number, line in enumerate(file, 1) if f'mark: {text} ' in line + ' ' or
                    line.rstrip().endswith(f'mark: {text}'))


def tried(command):
    """The command; an error of it is printed, and the script goes on."""
    return f'python exec("try: gdb.execute({command!r})\\nexcept gdb.error as error: print(error)")'


def build(folder, compiler, dwarf, flags, rust, names=NAMES, prefix=''):
    """The modules' objects, with debug information of that DWARF version; flags: of C and C++, rust: of Rust."""
    objects = []
    for name in names:
        objects.append(os.path.join(folder, prefix + name.split('.')[0] + '.o'))
        if name.endswith('.rs'):
            command = ['rustc', '--crate-type=lib', '--emit=obj', '-g', '-Cpanic=abort', '-Copt-level=0', *rust]
        else:
            command = [COMPILERS[compiler][name.endswith('.cc')], '-O0', '-g', f'-gdwarf-{dwarf}', '-fno-exceptions',
                       '-ffreestanding', *flags, '-c']
        subprocess.run([*command, os.path.join(MODULES, name), '-o', objects[-1]], check=True, cwd=ROOT)
    return objects


class Session:
    """One run of GDB in batch mode. steps: (label, command) or a command alone."""

    END = 'the end of the script'

    def __init__(self, steps, arguments=(), timeout=120):
        lines = list(BEGIN)
        for step in steps:
            label, command = step if isinstance(step, tuple) else (None, step)
            lines += [f'echo \\n@@{label}\\n'] if label else ['echo \\n@@\\n']
            lines.append(command)
        lines.append(f'echo \\n@@{self.END}\\n')
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
        """Of {label: regular expression, or several}: what did not come, as text. Silence is never
        an answer, not even where something is forbidden ('!' before the expression)."""
        found = [] if self.END in self.said else [f'the script was not done; GDB said: {self.errors[-300:]}']
        for label, patterns in wanted.items():
            text = self.said.get(label)
            if not text:
                found.append(f'{label}: nothing; GDB said: {self.errors[-300:]}')
                continue
            for pattern in [patterns] if isinstance(patterns, str) else patterns:
                forbidden = pattern.startswith('!')
                if bool(re.search(pattern.lstrip('!'), text, re.MULTILINE)) == forbidden:
                    found.append(f'{label}: {"found" if forbidden else "no"} {pattern.lstrip("!")!r} in {text[-400:]!r}')
        return found
