#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The memory of executables and shared objects as `elfin link` leaves it, against what a dynamic linker
would store (reference.py), and against what glibc's has stored in a process of its own.
"""

import ctypes
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile

import build
from reference import Program, scope_of

FAR = 0x7f1234560000
EXPORTS = {'puts': 0x123456789abc}


def elfin(*words):
    return subprocess.run([build.ELFIN, *map(str, words)], capture_output=True, text=True, check=False)


def link(placed, exports):
    """Pairs of path and address (None: its own) -> per module its map entry, and the image."""
    with tempfile.TemporaryDirectory() as folder:
        listed, image, out = (os.path.join(folder, n) for n in ('exports', 'image', 'map'))
        with open(listed, 'w', encoding='ascii') as file:
            file.writelines(f'{name} {value:#x}\n' for name, value in exports.items())
        words = ['link', '--exports', listed, '--image', image, '--map', out]
        for path, address in placed:
            words += ['--at', hex(address), path] if address is not None else [path]
        done = elfin(*words)
        if done.returncode:
            raise AssertionError(done.stderr.strip())
        with open(image, 'rb') as file:
            data = file.read()
        with open(out, encoding='ascii') as file:
            return json.load(file)['modules'], data


def memories(modules, image):
    """Of each module the run address of its first page, and the image from there to the next."""
    begins = []
    for module in modules:
        first = module['sections'][0]
        start = int(first['address'], 16)
        begins.append((start & -4096, first['image_offset'] - start % 4096))
    ends = sorted(offset for _, offset in begins) + [len(image)]
    return [(page, image[at:ends[ends.index(at) + 1]]) for page, at in begins]


def differences(got, wanted, skip=()):
    """Places where they differ; what the image leaves out at its end is zero."""
    places = []
    for at in range(0, len(wanted), 8):
        piece = got[at:at + 8].ljust(8, b'\0')
        if piece != wanted[at:at + 8] and not any(low <= at < high for low, high in skip):
            places.append(f'+{at:#x}: {piece.hex()}, not {wanted[at:at + 8].hex()}')
    return places


def compare(placed, exports):
    """The number of relocated words; AssertionError with the first difference."""
    modules, image = link(placed, exports)
    starts = memories(modules, image)
    programs = [Program(path, start) for (path, _), (start, _) in zip(placed, starts)]
    scope = scope_of(programs, exports)
    for program, module, (start, got) in zip(programs, modules, starts):
        wanted = program.memory(scope)
        others = [s for s, _ in starts if s > start]
        assert not others or start + program.size <= min(others), 'modules overlap'
        found = differences(got[:program.size], wanted)
        assert not found, f'{program.path.name}: {len(found)} words differ, {found[0]}'
        for name, _, value in program.definitions():
            listed = [s for s in module['symbols'] if s['name'] == name]
            assert [int(s['address'], 16) for s in listed] == [value], f'{name}: {listed}'
    return sum(p.relocated() for p in programs)


def loaded(paths, queue):
    """In a process of its own: where glibc has put the files, and their memory."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    handles = [ctypes.CDLL(str(p), os.RTLD_NOW | os.RTLD_GLOBAL) for p in paths]
    puts = ctypes.cast(ctypes.CDLL(None).puts, ctypes.c_void_p).value
    found = []
    with open('/proc/self/maps', encoding='utf-8') as maps:
        lines = maps.readlines()
    for path, _ in zip(paths, handles):
        start = min(int(l.split('-')[0], 16) for l in lines if l.strip().endswith(str(path)))
        program = Program(path, start)
        pieces = [(s['p_vaddr'] - program.base,
                   ctypes.string_at(start + s['p_vaddr'] - program.base, s['p_memsz']))
                  for s in program.loads]
        found.append((start, pieces))
    queue.put((puts, found))


def compare_with_glibc(paths):
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=loaded, args=(paths, queue))
    process.start()
    puts, found = queue.get(timeout=60)
    process.join()
    modules, image = link([(p, start) for p, (start, _) in zip(paths, found)], {'puts': puts})
    for path, (page, got), (start, pieces) in zip(paths, memories(modules, image), found):
        program = Program(path, start)
        assert page == start
        # glibc notes addresses in the dynamic section; nobody else reads them there.
        skip = [tuple(address - program.base for address in program.dynamic)]
        wanted = bytearray(program.size)
        for offset, piece in pieces:
            wanted[offset:offset + len(piece)] = piece
        places = differences(got[:program.size], bytes(wanted), skip)
        assert not places, f'{path.name}: {len(places)} words differ from glibc, {places[0]}'
    return sum(Program(p).relocated() for p in paths)


class Suite:
    def __init__(self):
        self.failed = False
        self.words = 0

    def case(self, name, work, *arguments):
        try:
            self.words += work(*arguments)
            print(f'ok programs.{name}')
        except Exception as reason:  # pylint: disable=broad-except
            self.failed = True
            print(f'not ok programs.{name}: {" / ".join(str(reason).splitlines())[:500]}')
        sys.stdout.flush()


def main():
    suite = Suite()
    for t in build.TOOLCHAINS:
        for form in build.EXECUTABLES:
            path = build.executable(t, form)
            fixed = form in build.ADDRESS
            suite.case(f'{t}.{form}', compare, [(path, None)], {})
            if not fixed:
                suite.case(f'{t}.{form}.far', compare, [(path, FAR & -0x200000)], {})
        for form in build.SHARED:
            base, user = build.libraries(t, form)
            suite.case(f'{t}.{form}', compare, [(base, FAR), (user, 0x10000)], EXPORTS)
            suite.case(f'{t}.{form}.anywhere', compare, [(user, None), (base, None)], {})
            suite.case(f'{t}.{form}.glibc', compare_with_glibc, [base, user])
            suite.case(f'{t}.{form}.preempted', compare_with_glibc, [build.preempt(t), base, user])
        suite.case(f'{t}.versions', compare, [(build.versions(t), FAR)], {})
        suite.case(f'{t}.versions.glibc', compare_with_glibc, [build.versions(t)])
    print(f'# programs: {suite.words} relocated words compared')
    return 1 if suite.failed else 0


if __name__ == '__main__':
    sys.exit(main())
