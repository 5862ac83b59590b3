#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files change on the host while the machine runs: reload, by hand; reload_watch.py has --watch."""

import os
import re
import signal
import subprocess
import sys
import tempfile

from boot import ELFIN_QEMU, ROOT, Cases, built

PROMPT = 'elfin> '

COUNTER = '''
#include <elfin/module.h>
ELFIN_MODULE("counter", .version = "{version}");
static int count;
static void *save(void) {{ return &count; }}
static int take_over(void *old, uint32_t version)
{{
    count = *(int *)old;
    return {refusal} * (int)version;
}}
ELFIN_STATE(1, save, take_over);
{extra}
int counter_next(void);
int counter_next(void) {{ return count += {step}; }}
'''
USER = '''
#include <elfin/module.h>
int counter_next(void);
int twice(void);
int (*pointer)(void) = counter_next;
int other(void) { return 0; }
int forget(void);
int forget(void) { pointer = (int (*)(void))((char *)pointer + 1); return 0; }
int through_pointer(void) { return pointer(); }
int twice(void) { counter_next(); return counter_next(); }
'''


def hear_interrupts():
    """What a shell starts in the background ignores them, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Machine:
    """elfin-qemu whose standard input is typed at the console."""

    def __init__(self, folder, arguments, files):
        self.errors = open(os.path.join(folder, 'errors'), 'w+', encoding='utf-8')
        self.process = subprocess.Popen([ELFIN_QEMU, *arguments, *files], cwd=folder, bufsize=0,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, preexec_fn=hear_interrupts)

    def read(self, end=PROMPT):
        """What comes until the prompt, or the end."""
        text = b''
        while not text.endswith(end.encode()):
            data = self.process.stdout.read(65536)
            if not data:
                break
            text += data
        return text.decode(errors='replace')

    def say(self, line):
        """What the command prints."""
        self.process.stdin.write(line.encode() + b'\n')
        return self.read()[:-len(PROMPT)]

    def result(self, line):
        match = re.search(r'^=> (\d+)', self.say(line), re.M)
        return int(match.group(1)) if match else None

    def end(self):
        self.process.stdin.close()
        self.read('never')
        self.process.stdout.close()
        return self.process.wait()


def compile_to(path, source, flags=()):
    """As compilers do: the file is written in place."""
    subprocess.run(['gcc', '-O1', '-w', *flags, '-I', os.path.join(ROOT, 'include'), '-x', 'c', '-c', '-',
                    '-o', path], input=source, text=True, check=True)


def counter(path, version=1, step=1, extra='', refusal=0, flags=()):
    compile_to(path, COUNTER.format(version=version, step=step, extra=extra, refusal=refusal), flags)


def archive(path, member, source):
    with tempfile.TemporaryDirectory() as folder:
        compile_to(os.path.join(folder, member), source)
        if os.path.exists(path):
            os.unlink(path)
        subprocess.run(['ar', 'rcs', path, os.path.join(folder, member)], check=True)


def check_state(cases, machine, path):
    machine.say('load counter.o')
    machine.say('load user.o')
    cases.equal('reload: before', machine.result('call user:twice'), 2)
    for name, wanted in (('counter_next', r'counter:counter_next\+0x0 at \S*:\d+$'),
                         ('elfin_print', r'elfin\.efi:export_elfin_print\+0x0$')):
        address = re.search(rf'^(0x[0-9a-f]+) {name} ', machine.say(f'lookup {name}'), re.M)
        said = machine.say(f'where {address and address[1]}')
        cases.check(f'where: {name}', address and re.search(rf'^{address[1]} {wanted}', said, re.M), said)
    counter(path('counter.o'), version=2, step=10)
    said = machine.say('reload counter')
    cases.check('reload: one line tells', re.search(r'\nreloaded counter at 0x', said), said)
    cases.equal('reload: the state goes on, the user goes on with the new one',
                [machine.result(f'call user:{name}') for name in ('twice', 'through_pointer')],
                [22, 32])
    said = machine.say('list')
    cases.check('reload: the old one is gone', 'counter 2' in said and 'retired' not in said, said)


def check_failures(cases, machine, path):
    """Whatever fails, all is as before: code, data, users, memory."""
    def state():
        return [re.sub(r', \d+ for the memory map.*', '', machine.say(command).split('\n', 1)[1])
                for command in ('list', 'digest', 'deps', 'memory')]

    with open(path('counter.o'), 'rb') as file:
        good = file.read()
    with open(built('hello.o'), 'rb') as file:
        hello = file.read()
    counter(path('x.o'), extra='int nowhere(void); int f(void) { return nowhere(); }')
    with open(path('x.o'), 'rb') as file:
        missing = file.read()
    counter(path('x.o'), extra='static int start(int n, char **v) { return 7; } ELFIN_INIT(start);')
    with open(path('x.o'), 'rb') as file:
        failing = file.read()
    counter(path('x.o'), refusal=5)
    with open(path('x.o'), 'rb') as file:
        refusing = file.read()
    compile_to(path('x.o'), '#include <elfin/module.h>\nELFIN_MODULE("counter");\n'
                            'int counter_next(void) { return 1; }')
    with open(path('x.o'), 'rb') as file:
        stateless = file.read()
    before = state()
    for name, content, reason in (
            ('file gone', None, 'counter.o: the server says: '),
            ('empty file', b'', 'counter.o: '),
            ('broken object', good[:64] + b'\xff' * 64 + good[128:], 'counter.o: '),
            ('cut object', good[:len(good) // 2], 'counter.o: '),
            ('another module', hello, 'module hello now, and no more counter'),
            ('an archive', b'!<arch>\n', 'an archive now'),
            ('missing import', missing, 'nowhere'),
            ('init fails', failing, 'value 7'),
            ('the state is refused', refusing, "state cannot be handed over"),
            ('no state any more', stateless, "state cannot be handed over")):
        os.unlink(path('counter.o'))
        if content is not None:
            with open(path('counter.o'), 'wb') as file:
                file.write(content)
        by_name, by_change = machine.say('! reload counter'), machine.say('! reload')
        after = state()
        cases.check(f'reload fails, nothing changes: {name}',
                    reason in by_name and reason in by_change and
                    'expected to fail' not in by_name + by_change and before == after,
                    f'{by_name}{by_change}{before}{after}')
        with open(path('counter.o'), 'wb') as file:
            file.write(good)
    cases.equal('reload fails: the user goes on', machine.result('call user:twice'), 52)


def check_left(cases, machine, path):
    said = machine.say('reload')
    cases.check('reload: nothing has changed', 'no module\'s files have changed' in said, said)
    machine.say('call user:forget')
    counter(path('counter.o'), version=3)
    said = machine.say('reload')
    cases.check('reload: a pointer into the old one is told, and that stays',
                'reloaded counter' in said and 'left: user' in said and
                'the old one stays until retire' in said, said)
    said = machine.say('retire')
    cases.check('reload: retire gives it back', 'retired 1' in said, said)
    said = machine.say('reload counter fresh')
    cases.check('reload: a pointer to anything else is told',
                'left: user' in said and 'stays' not in said, said)
    machine.say('reload user')
    said = machine.say('reload counter fresh keep')
    cases.check('reload keep: the old one stays until retire',
                'the old one stays until retire' in said and 'left' not in said, said)
    said = machine.say('retire counter')
    cases.check('reload keep: retire', 'retired 1' in said, said)
    cases.equal('reload fresh: the count begins anew', machine.result('call user:twice'), 2)
    said = machine.say('echo hel\x12lo')
    said += machine.read() if '\nhello' not in said else ''
    cases.check('Ctrl-R reloads, and what has been typed stays',
                '> reload\nno module' in said and '\nhello\n' in said, said)


def check_together(cases, machine, path):
    """Files that change together."""
    compile_to(path('low.o'), 'int one(void) { return 1; } int two(void) { return 2; }')
    compile_to(path('high.o'), 'int one(void); int high(void) { return one(); }')
    machine.say('load low.o at=0x8000000')
    machine.say('load high.o')
    compile_to(path('low.o'), 'int two(void) { return 2; }')
    said = machine.say('! reload')
    cases.check('reload: what others use cannot go', "'one'" in said or 'one' in said, said)
    compile_to(path('high.o'), 'int two(void); int high(void) { return two(); }')
    said = machine.say('reload')
    cases.check('reload: the last use and the export go in one command, in whatever order',
                'reloaded low' in said and 'reloaded high' in said and 'error' not in said and
                'at 0x8000000 is the old one' in said, said)
    cases.equal('reload: both are new', machine.result('call high:high'), 2)
    compile_to(path('a.o'), 'int b(void); int a(void) { return b(); }')
    compile_to(path('b.o'), 'int b(void) { return 1; }')
    machine.say('load b.o a.o max=0xffffffff -- word')
    compile_to(path('b.o'), 'int b(void) { return 5; }')
    said = machine.say('reload a')
    cases.check('reload: all files of a group', 'reloaded b, a at' in said, said)
    cases.equal('reload: a group is linked anew', machine.result('call a:a'), 5)


def check_archives(cases, machine, path):
    archive(path('lib.a'), 'part.o', 'int part(void) { return 1; }')
    compile_to(path('whole.o'), 'int part(void); int whole(void) { return part(); }')
    machine.say('library lib.a')
    said = machine.say('load whole.o')
    cases.check('a member is loaded', 'lib.a(part.o)' in said, said)
    archive(path('lib.a'), 'part.o', 'int part(void) { return 2; }')
    said = machine.say('reload')
    cases.check('reload: the library has changed', 'reloaded whole, lib.a(part.o)' in said, said)
    cases.equal('reload: a new member', machine.result('call whole:whole'), 2)
    archive(path('lib.a'), 'part.o', 'int party(void) { return 3; }')
    said = machine.say('! reload lib.a(part.o)')
    cases.check('reload: a member that is no more', 'part' in said and 'error' in said, said)
    cases.equal('reload: the former member goes on', machine.result('call whole:whole'), 2)
    archive(path('lib.a'), 'part.o', 'int part(void) { return 4; }')
    said = machine.say('reload lib.a(part.o)')
    cases.equal('reload: a member by name', machine.result('call whole:whole'), 4)


def check_many(cases, machine):
    def memory():
        # Where the rest of a free block would be too small, the heap gives all of it: bytes may differ.
        return re.sub(r', \d+ for the memory map.*|(?<=objects), \d+ bytes', '', machine.say('memory').split('\n', 1)[1])

    machine.say('repeat 2 reload counter')
    before = memory()
    machine.say('repeat 60 reload counter && reload whole')
    cases.equal('120 reloads leave nothing', memory(), before)


def check_trace(cases, machine):
    """What happened to modules; a fault; and the ring is full by now."""
    machine.say('load faults.o')
    machine.say('! call faults:fault_write_text')
    machine.say('unload faults')
    machine.say('! load nothing.o')
    machine.say('! load broken.o')
    said = machine.say('trace 4').split('\n')
    cases.check('trace: a load, a fault, an end, a failure',
                re.search(r' load faults at 0x[0-9a-f]+, \d+ bytes, file faults.o$', said[2]) and
                re.search(r' fault faults: page fault at (0x[0-9a-f]+), 0x[0-9a-f]+$', said[3]) and
                re.search(r' unload faults at 0x', said[4]) and
                re.search(r' load failed in phase object: broken.o: ', said[5]), said)
    said = machine.say('trace').split('\n')[1:-1]
    count = re.match(r'(\d+) events, (\d+) of them overwritten', said[0])
    cases.check('trace: the ring is full, and what is lost is counted',
                count and int(count[2]) > 100 and int(count[1]) - int(count[2]) == len(said) - 1 == 256,
                said[0])


def check_by_hand(cases, folder):
    def path(name):
        return os.path.join(folder, name)

    names = ['counter.o', 'user.o', 'low.o', 'high.o', 'a.o', 'b.o', 'whole.o', 'lib.a', 'broken.o']
    for name in names:
        with open(path(name), 'wb'):
            pass
    counter(path('counter.o'), flags=['-g'])
    compile_to(path('user.o'), USER)
    machine = Machine(folder, ['--live', '--script', '-'], [*names, built('faults.o')])
    machine.read()
    check_state(cases, machine, path)
    check_failures(cases, machine, path)
    check_left(cases, machine, path)
    check_together(cases, machine, path)
    check_archives(cases, machine, path)
    check_many(cases, machine)
    check_trace(cases, machine)
    for wrong, reason in (('reload nothing', 'there is no module nothing'),
                          ('reload counter now', 'now: neither fresh nor keep'),
                          ('load http:x.o', 'files come from volume: and tftp:'),
                          ('load volume:counter.o', 'a module of this name exists'),
                          ('from nowhere', 'neither volume: nor tftp:'),
                          ('from tftp: 10.0.2', 'usage: from'),
                          ('from tftp: 10.0.2.2 10.0.2.256 255.0.0.0', 'usage: from'),
                          ('from volume: 10.0.2.2', 'addresses are for tftp:')):
        said = machine.say('! ' + wrong)
        cases.check(f'refused: {wrong}', reason in said and 'expected' not in said, said)
    status = machine.end()
    machine.errors.seek(0)
    cases.equal('the end of standard input is quit', (status, machine.errors.read()), (0, ''))


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as folder:
        check_by_hand(cases, folder)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
