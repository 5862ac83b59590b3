#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A random life of the kernel: loads, calls, faults, unloads, replacements, moves, imports bound anew.
A model says what must become of each command; after each, `check` walks the page tables. At the end
everything is unloaded, and memory must be what it was. Arguments: steps, seed."""

import os
import random
import re
import subprocess
import sys

from boot import BUILD, ROOT, Boot, Cases

OUTPUT = os.path.join(BUILD, 'tests-qemu', 'kernel-steps')
KERNEL = os.path.join(BUILD, os.environ.get('ELFIN_TEST_KERNEL', 'kernel.elf'))
STEPS, SEED = 2500, 1

# Module -> the one that it imports from, by default.
USES = {0: None, 1: 0, 2: 0, 3: 1, 4: 1, 5: 2, 6: None, 7: None}
VERSIONS = (1, 2)
WAYS = ('gcc -O2 -fpic', 'gcc -O1 -fno-pic -mcmodel=large', 'clang-14 -O2 -fpic',
        'gcc -O2 -fno-pic -mcmodel=kernel', 'clang-19 -O2 -fpic', 'gcc -O0 -fpie',
        'clang-14 -O1 -fno-pic -mcmodel=kernel', 'gcc -O2 -fpic -mcmodel=large')
FAULTS = 8
# Run addresses that nobody but one group at a time asks for.
PLACES = [0x1000, 0x10000000, 0x7ffff000, 0x140000000, 0x7fff00000000, 0x7ffffff00000,
          0xffff808000000000, 0xffffc00000000000, 0xfffffffe00000000, 0xffffffffc0000000]
WINDOWS = (' min=0xffffffff00000000 max=0xffffffffafffffff', ' min=0x20000000 max=0x5fffffff')
LIST = re.compile(r'^(c\d) (\d) at (0x[0-9a-f]+), (\d+) bytes(, failed)?(, retired)?(, failed)?$')


class File:
    """An object, or the image of one."""

    def __init__(self, cell, version, path, anywhere, image):
        self.cell, self.version, self.anywhere, self.image = cell, version, anywhere, image
        self.path, self.name = path, os.path.basename(path)


def compile_files():
    """(cell, version) -> an object and its image."""
    files = {}
    for i, (cell, version) in enumerate((c, v) for v in VERSIONS for c in USES):
        way = WAYS[(i + version) % len(WAYS)]
        path = os.path.join(OUTPUT, f'c{cell}v{version}')
        used = [] if USES[cell] is None else [f'-DUSES={USES[cell]}']
        subprocess.run([*way.split(), '-Iinclude', '-ffreestanding', f'-DCELL={cell}',
                        f'-DVERSION={version}', *used, '-c', 'tests-qemu/steps/cell.c', '-o',
                        path + '.o'], check=True, cwd=ROOT)
        subprocess.run([os.path.join(BUILD, 'elfin'), 'prepare', '--free-init', path + '.o', '-o',
                        path + '.img'], check=True)
        anywhere = '-mcmodel=kernel' not in way
        files[cell, version] = [File(cell, version, path + end, anywhere, end == '.img')
                                for end in ('.o', '.img')]
    return files


class Group:
    """A loaded module. `target`: what its import is bound to, a group and a function of that."""

    def __init__(self, file, place, target):
        self.file, self.cell, self.place, self.target = file, file.cell, place, target
        self.count, self.local = 0, 10 * file.cell
        self.armed, self.failed, self.retired = False, False, False

    def value(self, function, x):
        version, cell = self.file.version, self.cell
        return x * (cell + 3) + version * 1000 if function == 'cell' else \
            x * 7 + version * 10000 + cell


class Model:
    """What is loaded. Methods named as commands return whether the command succeeds."""

    def __init__(self):
        self.groups = []  # in the order of `list`

    def live(self, cell):
        return next((g for g in self.groups if g.cell == cell and not g.retired), None)

    def used(self, group):
        return any(g.target and g.target[0] is group for g in self.groups)

    def reaches(self, start, group):
        while start:
            if start is group:
                return True
            start = start.target[0] if start.target else None
        return False

    def bind(self, cell):
        """What a load binds the module's import to: None if it has none, False if nobody has it."""
        if USES[cell] is None:
            return None
        owner = self.live(USES[cell])
        return (owner, 'cell') if owner else False

    def fits(self, file, place):
        reach = file.anywhere or place is None or not 0x7ff00000 < place < 0xffffffff80000000
        return reach and (place is None or all(g.place != place for g in self.groups))

    def load(self, file, place, word):
        target = self.bind(file.cell)
        if self.live(file.cell) or target is False or not self.fits(file, place) or word:
            return False
        self.groups.append(Group(file, place, target))
        return True

    def unload(self, cell):
        group = self.live(cell)
        if not group or self.used(group):
            return False
        self.groups.remove(group)
        return not self.exit_faults(group)

    @staticmethod
    def exit_faults(group):
        """It is gone all the same, but the command fails. Of what has failed before no exit is run."""
        return group.armed and not group.failed

    def replace(self, cell, file, place, fresh, move=False):
        old, target = self.live(cell), self.bind(cell)
        if not old or target is False or not self.fits(file, place):
            return False
        if not fresh and not old.failed and file.version < old.file.version:
            return False  # restore refuses
        new = Group(file, place, target)
        targets = {}
        for user in self.groups:
            if user.retired or not user.target or user.target[0] is not old:
                continue
            if self.reaches(new, user):
                return False
            # An exported name is looked for as a load would; others in the module of the same name.
            targets[user] = (new, user.target[1])
            if user.target[1] == 'cell' and USES[user.cell] != cell:
                targets[user] = self.bind(user.cell)
            if targets[user] is False or self.reaches(targets[user][0], user):
                return False
        for user, bound in targets.items():
            user.target = bound
        new.count = 0 if fresh or old.failed else old.count
        old.retired, old.armed = True, old.armed and (fresh and not old.failed)
        self.groups.append(new)
        return True

    def move(self, cell, place):
        old = self.live(cell)
        return bool(old) and self.replace(cell, old.file, place, False, True)

    def retire(self, cell):
        """All of one module, or of all, oldest first. None: there is nothing to retire."""
        good, found = True, False
        for group in list(self.groups):
            if not group.retired or cell not in (None, group.cell):
                continue
            found = True
            if self.used(group):
                good = False
            else:
                self.groups.remove(group)
                good = good and not self.exit_faults(group)
        return good and (found or cell is None)

    def rebind(self, cell, owner, function):
        """owner None: as a load would bind it."""
        group = self.live(cell)
        if not group or USES[cell] is None:
            return False
        if owner is None:
            target = self.bind(cell)
        else:
            target = (self.live(owner), function) if self.live(owner) else False
        if target is False or self.reaches(target[0], group):
            return False
        group.target = target
        return True

    def call(self, cell, function, x):
        """The result, or None: it fails."""
        group = self.live(cell)
        if not group or group.failed:
            return None
        if function == 'count':
            group.count += 1
            return group.count
        if function == 'local':
            group.local += 1
            return group.local
        if function == 'arm':
            group.armed = True
            return 1
        if function == 'other':
            return group.value('other', x)
        if group.target is None:
            return None  # not defined
        value = group.target[0].value(group.target[1], x)
        return value + 1 if function == 'use' else 2 * value

    def fault(self, cell):
        group = self.live(cell)
        if group:
            group.failed = True

    def listed(self):
        return [(f'c{g.cell}', g.file.version, g.failed, g.retired) for g in self.groups]


class Script:
    """Commands, and what each must give."""

    def __init__(self, files, seed):
        self.files, self.random = files, random.Random(seed)
        self.model = Model()
        self.lines, self.expected = [], []  # pairs of a command and what it must give
        self.count = {}

    def add(self, command, good, wanted=None):
        command = command if good else '! ' + command
        self.lines += [command, '@check']
        self.expected.append((command, wanted))
        kind = command.split()[0] if good else 'refused'
        self.count[kind] = self.count.get(kind, 0) + 1

    def pick_file(self, cell):
        return self.random.choice(self.files[cell, self.random.choice(VERSIONS)])

    def pick_place(self, file):
        """Half of the time the kernel's choice; mostly one that is possible."""
        place = self.random.choice(PLACES) if self.random.random() < 0.5 else None
        mostly = self.random.random() < 0.9
        return place if not mostly or self.model.fits(file, place) else None

    def where(self, file, place):
        """Without an address, limits: the loader would go near what the module uses, where others
        ask for an address."""
        if place is not None:
            return f' at={place:#x}'
        return self.random.choice(WINDOWS[:1 + file.anywhere])

    def load(self, cell):
        file = self.pick_file(cell)
        place = self.pick_place(file)
        word = self.random.choice([''] * 18 + [' -- return', ' -- fault'])
        self.add(f'load {file.name}{self.where(file, place)}{word}', self.model.load(file, place, word), ('at', place))

    def unload(self, cell):
        self.add(f'unload c{cell}', self.model.unload(cell))

    def replace(self, cell):
        file = self.pick_file(cell)
        place = self.pick_place(file)
        fresh = self.random.random() < 0.3
        good = self.model.replace(cell, file, place, fresh)
        self.add(f'replace c{cell} {file.name}{" fresh" * fresh}{self.where(file, place)}', good,
                 ('at', place))

    def move(self, cell):
        old = self.model.live(cell)
        file = old.file if old else self.files[cell, 1][0]
        place = self.pick_place(file)
        self.add(f'move c{cell} {file.name}{self.where(file, place)}', self.model.move(cell, place),
                 ('at', place))

    def retire(self, cell):
        if self.random.random() < 0.5:
            return self.add('retire', self.model.retire(None))
        return self.add(f'retire c{cell}', self.model.retire(cell))

    def rebind(self, cell):
        owner = self.random.choice([None, *(c for c in USES if c != cell)])
        function = self.random.choice(['cell', 'other'])
        target = '' if owner is None else \
            f' c{owner}:' + (f'cell_{owner}' if function == 'cell' else 'other')
        self.add(f'rebind c{cell}:cell_{USES[cell]}{target}',
                 self.model.rebind(cell, owner, function))

    def call(self, cell):
        function = self.random.choice(['count', 'count', 'use', 'use', 'through', 'other', 'local', 'local', 'arm'])
        x = self.random.randrange(1000)
        result = self.model.call(cell, function, x)
        self.add(f'call c{cell}:{function} {x}', result is not None, ('result', result))

    def fault(self, cell):
        self.add(f'call c{cell}:fault {self.random.randrange(FAULTS)}', False)
        self.model.fault(cell)

    def list(self, _):
        self.add('list', True, ('list', self.model.listed()))

    def sensible(self, action):
        """Modules with which it has something to do."""
        model, live = self.model, [cell for cell in USES if self.model.live(cell)]
        chosen = [cell for cell in live if not model.live(cell).failed]
        if action is Script.load:
            chosen = [c for c in USES if c not in live and model.bind(c) is not False]
        elif action is Script.unload:
            chosen = [c for c in live if not model.used(model.live(c))]
        elif action is Script.rebind:
            chosen = [c for c in live if USES[c] is not None]
        elif action is Script.retire:
            chosen = [g.cell for g in model.groups if g.retired]
        elif action in (Script.replace, Script.move):
            chosen = live
        return chosen or list(USES)

    WEIGHTS = {load: 24, unload: 10, replace: 12, move: 6, retire: 8, rebind: 10, call: 22,
               fault: 6, list: 2}

    def step(self):
        action, = self.random.choices(list(self.WEIGHTS), self.WEIGHTS.values())
        mostly = self.random.random() < 0.9
        action(self, self.random.choice(self.sensible(action) if mostly else list(USES)))

    def finish(self):
        """Users go before what they use: retired ones may be users, too."""
        while self.model.groups:
            self.add('retire', self.model.retire(None))
            for cell in reversed(USES):
                if self.model.live(cell):
                    self.unload(cell)

    def peak(self):
        """As many modules at once as there will ever be, and more: the index of names, and the
        allocators' records, keep the room that they had."""
        name = self.files[7, 1][0].name
        names = [f'x{i}' for i in range(200)]
        self.lines += [*(f'load {name} name={n}' for n in names), '@check',
                       *(f'unload {n}' for n in names), '@check']


def check_one(cases, command, lines, wanted):
    """Only what is wrong is a case of its own."""
    text = '\n'.join(lines)
    if wanted is None or command.startswith('!'):
        return
    kind, value = wanted
    if kind == 'result':
        got = re.search(r'^=> (\d+) ', text, re.M)
        good = got and int(got.group(1)) == value
    elif kind == 'at':
        good = value is None or re.search(rf'^\w+ c\d at {value:#x}$', text, re.M)
    else:
        rows = [LIST.match(line) for line in lines]
        got = [(r[1], int(r[2]), bool(r[5] or r[7]), bool(r[6])) if r else None for r in rows]
        good = got == value
        text = f'{got}, wanted {value}'
    if not good:
        cases.check(f'steps: {command}', False, f'{text}; wanted {wanted}')


def numbers(text):
    """Objects and bytes of the heap; pages that are free, hold records, and are the heap's."""
    heap = re.search(r'heap: (\d+) objects, (\d+) bytes, in \d+ chunks of (\d+) bytes; 0 dam', text)
    pages = re.search(r'(\d+) free in \d+ runs, (\d+) with the allocators', text)
    runs = re.search(r'(\d+) images have run', text)
    objects, size, chunks = map(int, heap.groups())
    return objects, size, sum(map(int, pages.groups())) + chunks // 4096, int(runs.group(1))


def main():
    steps, seed = [int(word) for word in sys.argv[1:]] + [STEPS, SEED][len(sys.argv) - 1:]
    os.makedirs(OUTPUT, exist_ok=True)
    cases = Cases()
    files = compile_files()
    script = Script(files, seed)
    script.peak()
    script.lines += ['memory', 'tables']
    while len(script.expected) < steps:
        script.step()
    script.finish()
    script.lines += ['memory', 'tables']
    boot = Boot('\n'.join(script.lines), [file.path for pair in files.values() for file in pair],
                ('--kernel', KERNEL, '--timeout', '1200'))
    cases.check('steps: the script runs to its end', boot.status == 0,
                f'{boot.status}: {boot.output[-300:]} {boot.errors[-300:]}')
    commands = [c for c in boot.commands if c[0].split()[-1] not in ('memory', 'tables')]
    commands = commands[len(commands) - len(script.expected) - 1:] if boot.status == 0 else []
    for (command, lines), (wanted_command, wanted) in zip(commands, script.expected):
        assert command == wanted_command, (command, wanted_command)
        check_one(cases, command, lines, wanted)
    cases.check('steps: every result, list and address is the model\'s', cases.failed == 0)
    if boot.status == 0:
        cases.equal('steps: heap, memory and run addresses as before',
                    numbers(boot.said('memory', 1)), numbers(boot.said('memory')))
        cases.equal('steps: the page tables map what they did', boot.said('tables', 1),
                    boot.said('tables'))
    kinds = ', '.join(f'{n} {kind}' for kind, n in sorted(script.count.items()))
    print(f'# kernel steps: {len(script.expected)} ({kinds}), {script.lines.count("@check")} walks '
          f'through the page tables, seed {seed}')
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
