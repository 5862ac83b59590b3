#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The example in Rust in firmware, with the toolchain's own archives: the same text as on the build
machine, from below and above 4 GiB. Debian's compiler always; another rustc too if there is one.
"""

import glob
import os
import shutil
import subprocess
import sys

from boot import BUILD, ROOT, Boot, Cases

DEBIAN = '/usr/bin/rustc'
SWITCHES = ('--edition', '2021', '--crate-type', 'lib', '--emit', 'obj', '-C', 'panic=abort')
# How the module is compiled -> where it is loaded. Position-dependent code must lie low.
KINDS = {'rust': (('-O',), 'min=0x100000000'),
         'debug': (('-C', 'opt-level=0', '-C', 'relocation-model=static'), 'max=0x7fffffff')}
NUMBERS = ('42', '0', '18446744073709551615')
PANICS = ('1 0 0', '1 1 7')  # division by zero, an index out of bounds


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, errors='replace', cwd=ROOT,
                          check=False)
    return done.stdout, done.returncode, done.stderr


def compilers():
    """Paths: Debian's first, then one of another version that the path names."""
    found = [DEBIAN]
    other = shutil.which('rustc')
    if other and output(other, '--version')[:2] not in (output(DEBIAN, '--version')[:2], ('', 1)):
        found.append(other)
    return found


class Toolchain:
    """What one compiler makes of the example."""

    def __init__(self, rustc):
        self.rustc = rustc
        self.version = output(rustc, '--version')[0].split()[1]
        libraries = output(rustc, '--print', 'target-libdir')[0].strip()
        self.archives = [glob.glob(f'{libraries}/lib{name}-*.rlib')[0]
                         for name in ('core', 'compiler_builtins')]
        self.folder = os.path.join(BUILD, 'tests-qemu', f'rust-{self.version}')
        os.makedirs(self.folder, exist_ok=True)

    def module(self, kind):
        path = os.path.join(self.folder, f'{kind}.o')
        subprocess.run([self.rustc, *SWITCHES, *KINDS[kind][0], 'examples/rust.rs', '-o', path],
                       check=True, cwd=ROOT)
        return path

    def host_program(self, module):
        path = os.path.join(self.folder, 'host')
        subprocess.run([os.environ.get('CC', 'gcc'), '-O2', 'tests-qemu/host_rust.c', module,
                        *self.archives, '-o', path], check=True, cwd=ROOT)
        return path

    def boot(self):
        core, builtins = (os.path.basename(path) for path in self.archives)
        lines = ['! load rust.o', f'library {core}', '! load rust.o', f'library {builtins}']
        for kind, (_, where) in KINDS.items():
            lines += [f'load {kind}.o name={kind} {where} -- Ada',
                      *(f'call {kind}:show {number}' for number in NUMBERS),
                      *(f'! call {kind}:divide {words}' for words in PANICS),
                      f'call {kind}:divide 41 2 1']
        lines += ['list', '! unload rust', 'unload debug', 'unload rust', 'list']
        return Boot('\n'.join(lines), [*map(self.module, KINDS), *self.archives],
                    ['--machine', 'pc', '--memory', '6G', '--timeout', '400'])


def check_text(name, kind, host, boot, cases):
    for number in NUMBERS:
        command = f'call {kind}:show {number}'
        wanted = output(host, number)[0] + '=> 1 (0x1)'
        cases.equal(f'{name}: {kind}: the host\'s text for {number}', boot.said(command), wanted)
    for words in PANICS:
        said = boot.said(f'! call {kind}:divide {words}').splitlines()
        wanted = output(host, *words.split())[0].splitlines()
        cases.check(f'{name}: {kind}: panic for {words}',
                    wanted and said[:len(wanted)] == wanted and 'calls abort' in said[len(wanted)],
                    f'got {said}, wanted {wanted}')
    cases.equal(f'{name}: {kind}: goes on after panics', boot.result(f'call {kind}:divide 41 2 1'), 1)


def check(toolchain, cases):
    name = f'rustc {toolchain.version}'
    boot = toolchain.boot()
    if not cases.equal(f'{name}: the script runs to its end', boot.status, 0):
        print(boot.output[-3000:] + boot.errors, file=sys.stderr)
    host = toolchain.host_program(os.path.join(toolchain.folder, 'rust.o'))
    text = output(host, '42')[0]  # the reference is no empty one
    cases.check(f'{name}: the host formats', '0.30000000000000004 1000000000000000000000 ' in text
                and 'Err(ParseIntError { kind: InvalidDigit })' in text, text)
    for kind in KINDS:
        check_text(name, kind, host, boot, cases)
    boot.expect(cases, f'{name}: without core nothing of it is there', '! load rust.o', 'core.*fmt')
    boot.expect(cases, f'{name}: members need compiler_builtins', '! load rust.o', '__floatuntidf',
                occurrence=1)
    boot.expect(cases, f'{name}: words for init', f'load rust.o name=rust {KINDS["rust"][1]} -- Ada',
                '^hello, Ada$')
    boot.expect(cases, f'{name}: members are modules, far above 4 GiB', 'list',
                r'^rust 1\.0 at 0x[0-9a-f]{9,16},', r'^libcore.*\.rlib\(.*\.o\) at 0x[0-9a-f]{9,16},',
                r'^libcompiler_builtins.*\.rlib\(.*\.o\) at 0x[0-9a-f]{9,16},',
                r'^debug 1\.0 at 0x[0-7]?[0-9a-f]{1,7},')
    boot.expect(cases, f'{name}: the second module uses the members of the first', '! unload rust',
                'still use', 'debug')
    cases.equal(f'{name}: nothing stays', boot.said('list', 1), '')


def main():
    cases = Cases()
    for rustc in compilers():
        check(Toolchain(rustc), cases)
    if len(compilers()) == 1:
        print('# no other rustc than Debian\'s is in the path: not tested with a newer one')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
