#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Unwind tables as libelfin-debug.a reads them, against `readelf --debug-dump=frames-interp`: at the
first, a middle and the last address of every row, the CFA and the rule of every register. Objects of
gcc, clang and rustc, members of Debian's static libraries; shared objects by their .eh_frame_hdr.

usage: rows.py [--all]      all members of the large archives, more shared objects"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUILD = Path(os.environ.get('ELFIN_BUILD', 'build'))
LIBRARIES = Path('/usr/lib/x86_64-linux-gnu')
SMALL = ('libz.a', 'liblua5.4.a', 'libbz2.a')
LARGE = ('libgcc.a', 'libgcc_eh.a', 'libsupc++.a', 'libstdc++.a', 'libc.a', 'libm-2.36.a')
SHARED = ('libc.so.6', 'libgcc_s.so.1')
MORE_SHARED = ('libstdc++.so.6', 'libm.so.6', 'libcrypto.so.3', 'libpython3.11.so.1.0')
SHARE = 12  # of the members of large archives, every so many-th; and of the rows of shared objects

HEAD = re.compile(r'^([0-9a-f]{8}) [0-9a-f]{16} [0-9a-f]{8} (CIE|FDE)(?: cie=[0-9a-f]+ pc=([0-9a-f]+)\.\.([0-9a-f]+))?')
ROW = re.compile(r'^[0-9a-f]{16} ')


def expected_rows(path):
    """(offset of the FDE, distance, distance of the next row, {column: rule})."""
    text = subprocess.run(['readelf', '--debug-dump=frames-interp', path], capture_output=True, text=True).stdout
    offset = start = end = None
    columns, rows, found = [], [], []

    def finish():
        for i, (at, row) in enumerate(rows):
            to = rows[i + 1][0] if i + 1 < len(rows) else end - start
            if to > at:
                found.append((offset, at, to, row))
        rows.clear()
    in_frames = False
    for line in text.splitlines():
        if line.startswith('Contents of the'):
            in_frames = '.eh_frame section' in line
        head = HEAD.match(line)
        if head:
            finish()
            offset = int(head[1], 16) if head[2] == 'FDE' and in_frames else None
            if offset is not None:
                start, end = int(head[3], 16), int(head[4], 16)
        elif offset is not None and line.lstrip().startswith('LOC'):
            columns = line.split()[1:]
        elif offset is not None and ROW.match(line):
            fields = re.sub(r'\br\d+ \((\w+)\)', r'\1', line).split()  # of another register: "r2 (rcx)"
            rows.append((int(fields[0], 16) - start, dict(zip(columns, fields[1:]))))
    finish()
    return found


def plain(row):
    """What readelf can tell: of a register, 'u' is also that nothing was said; no expressions."""
    return {name: rule for name, rule in row.items() if rule != 'u'}


def our_row(line):
    cfa, *rules = line.replace(' signal', '').split()
    row = {'CFA': 'exp' if cfa.startswith('exp') else cfa}
    for rule in rules:
        name, how = rule.split(':', 1)
        row[name] = re.sub(r'exp:.*', 'exp', how)
    return row


REGISTERS = {'rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp', 'ra', 'CFA', *(f'r{i}' for i in range(8, 16))}


def compare(path, share=1):
    """(rows, addresses, expressions, complaints)"""
    rows = expected_rows(path)[::share]
    queries = [(offset, at, row) for offset, begin, end, row in rows for at in sorted({begin, (begin + end) // 2, end - 1})]
    run = subprocess.run([BUILD / 'tests/frames/rows', path], input=''.join(f'{o:x} {at:x}\n' for o, at, _ in queries),
                         capture_output=True, text=True)
    lines = run.stdout.splitlines()
    if run.returncode != 0 or len(lines) != len(queries):
        return len(rows), 0, 0, [f'{path}: {run.stderr[-300:]}']
    faults, expressions = [], 0
    for (offset, at, row), line in zip(queries, lines):
        wanted = {k: v for k, v in plain(row).items() if k in REGISTERS}
        got = plain(our_row(line)) if ' ' in line or '+' in line else line
        expressions += 'exp' in line
        if got != wanted:
            faults.append(f'{path}: FDE {offset:#x}+{at:#x}: {line}, wanted {row}')
    return len(rows), len(queries), expressions, faults


def members(archive, every, work):
    folder = Path(work) / archive.name
    folder.mkdir()
    subprocess.run(['ar', 'x', archive], cwd=folder, check=True)
    return sorted(folder.glob('*.o'))[::every]


def rust_archives():
    root = subprocess.run(['/usr/bin/rustc', '--print', 'sysroot'], check=True, capture_output=True, text=True).stdout.strip()
    return sorted(Path(root, 'lib/rustlib/x86_64-unknown-linux-gnu/lib').glob('*.rlib'))


def subjects(everything, work):
    """(name, files, share)"""
    every = 1 if everything else SHARE
    yield 'gcc', sorted((BUILD / 'tests/objects').glob('*.o')), 1
    diff = sorted(Path(BUILD, 'tests/diff').rglob('*.o'))
    if diff:
        yield 'compilers', diff[::1 if everything else 8], 1
    for name in SMALL:
        yield name, members(LIBRARIES / name, 1, work), 1
    for name in LARGE:
        path = LIBRARIES / name
        path = path if path.exists() else next(Path('/usr/lib/gcc/x86_64-linux-gnu').glob(f'*/{name}'))
        yield name, members(path, every, work), 1
    archives = rust_archives()
    for path in archives if everything else [a for a in archives if a.name.startswith(('libcore', 'liballoc-'))]:
        yield path.name.split('-')[0], members(path, every, work), 1
    for name in SHARED + (MORE_SHARED if everything else ()):
        if (LIBRARIES / name).exists():
            yield name, [LIBRARIES / name], every


def main():
    everything = sys.argv[1:] == ['--all']
    status, total = 0, [0, 0, 0]
    work = tempfile.mkdtemp()
    try:
        with ThreadPoolExecutor(2) as pool:
            for name, files, share in subjects(everything, work):
                faults, sums = [], [0, 0, 0]
                for *numbers, more in pool.map(lambda f, s=share: compare(f, s), files):
                    faults += more
                    sums = [a + b for a, b in zip(sums, numbers)]
                total = [a + b for a, b in zip(total, sums)]
                if faults or (not sums[1] and not everything):
                    status = 1
                    print(f'not ok frames.rows_{name}: {len(faults)} of {sums[1]}: {(faults or ["nothing was compared"])[0]}')
                    print('\n'.join(faults[:20]), file=sys.stderr)
                else:
                    print(f'ok frames.rows_{name}')
                print(f'# {name}: {len(files)} files, {sums[0]} rows, {sums[1]} addresses, {sums[2]} with expressions')
    finally:
        shutil.rmtree(work)
    print(f'# frames: {total[0]} rows, {total[1]} addresses, {total[2]} with expressions')
    return status


if __name__ == '__main__':
    sys.exit(main())
