#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Debian's unmodified libz.a and libbz2.a in firmware: the same numbers as on the build machine."""

import os
import re
import subprocess
import sys

from boot import BUILD, ROOT, Boot, Cases, built

LIBZ = os.environ.get('LIBZ') or '/usr/lib/x86_64-linux-gnu/libz.a'
LIBBZ2 = os.path.join(os.path.dirname(LIBZ), 'libbz2.a')
ROUNDTRIPS = ((0, 6), (1, 9), (1000, 0), (100000, 1), (1000000, 6), (3000000, 9))

SCRIPT = '\n'.join((
    '! load zip.o',
    'library libz.a',
    'library libbz2.a',
    'memory',
    'library /LIBZ.A',
    '! library \\zip.o',
    'memory',
    'load zip.o',
    *(f'call zip:roundtrip {size} {level}' for size, level in ROUNDTRIPS),
    'deps',
    'load bzip.o',
    'call bzip:bzip 300000',
    'load every_zlib.o',
    'call every_zlib:files_fail',
    '! unload libz.a(crc32.o)',
    'unload every_zlib',
    'unload zip',
    '! call zip:roundtrip 1 1',
    'load zip.o name=again',
    'call again:roundtrip 100000 1',
    'list'))


def host_program(name, sources, *flags):
    program = os.path.join(BUILD, 'tests-qemu', name)
    compiler = os.environ.get('CC', 'gcc')
    subprocess.run([compiler, '-O2', '-Iinclude', *sources, *flags, '-o', program], check=True,
                   cwd=ROOT)
    return program


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def check_zlib(boot, cases):
    host = host_program('host_zip', ['tests-qemu/host_zip.c', 'examples/zip.c'], LIBZ)
    for size, level in ROUNDTRIPS:
        command = f'call zip:roundtrip {size} {level}'
        text, number = output(host, str(size), str(level))
        cases.check(f'zlib: {size} bytes at level {level}: checksums equal the host\'s',
                    boot.result(command) == int(number) and text in boot.said(command),
                    f'host {text} {number}, module {boot.said(command)}')
    boot.expect(cases, 'a library', 'library libz.a', r'^library libz\.a: 15 members$')
    boot.expect(cases, 'the same library again', 'library /LIBZ.A',
                r'^library libz\.a: 15 members, in place of the former$')
    kept = [re.search(r'^heap: \d+ objects, \d+ bytes', boot.said('memory', i), re.M).group(0)
            for i in range(2)]
    cases.equal('a library is kept once', kept[1], kept[0])
    boot.expect(cases, 'without the library, what zip needs is missing', '! load zip.o',
                'compress2', 'uncompress', 'crc32', 'adler32', 'zlibVersion')
    boot.expect(cases, 'members are modules', 'load zip.o', r'libz\.a\(deflate\.o\)',
                r'libz\.a\(inftrees\.o\)')
    cases.check('members that nobody needs stay out', 'gzlib.o' not in boot.said('load zip.o'))
    boot.expect(cases, 'deps of members', 'deps', r'^zip uses .*libz\.a\(compress\.o\)',
                r'^libz\.a\(deflate\.o\) uses .*libz\.a\(trees\.o\)')
    cases.equal('libz.a: functions for files load, and fail',
                boot.result('call every_zlib:files_fail'), 1)
    boot.expect(cases, 'members in use cannot be unloaded', '! unload libz.a(crc32.o)', 'still use',
                'every_zlib|bzip|gz')
    cases.equal('members are loaded again', boot.result('call again:roundtrip 100000 1'),
                boot.result('call zip:roundtrip 100000 1'))


def check_bzip(boot, cases):
    flags = ('-DNATIVE', LIBBZ2)
    host = host_program('host_bzip', ['tests-qemu/modules/bzip.c'], *flags)
    cases.equal('bzip2: the compressed size equals the host\'s',
                boot.result('call bzip:bzip 300000'), int(output(host)[0]))


def main():
    cases = Cases()
    boot = Boot(SCRIPT, [built('zip.o'), built('bzip.o'), built('every_zlib.o'), LIBZ, LIBBZ2],
                ['--timeout', '300'])
    if not cases.equal('the script runs to its end', boot.status, 0):
        print(boot.output[-3000:] + boot.errors, file=sys.stderr)
    check_zlib(boot, cases)
    check_bzip(boot, cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
