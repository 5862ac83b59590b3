#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Modules that elfin.efi links and the kernel adopts: the same, to the byte and to the page, as those
that the kernel loads itself at the same addresses; and what goes wrong on the way does no harm.
"""

import os
import re
import shutil
import struct
import subprocess
import sys

from boot import BUILD, ROOT, Boot, Cases, built

OUTPUT = os.path.join(BUILD, 'tests-qemu', 'handover')
KERNEL = os.path.join(BUILD, 'kernel.elf')
EXIT = 'exit=0x501'  # where elfin-qemu waits for the status
KERNEL_BEGIN = 0xffffffff80000000  # the structure is its first
WORD = '2*(3+4)'

# Name, command, source. Code models that fit in any place.
OBJECTS = (
    ('first', ['gcc', '-O2', '-fno-pic', '-mcmodel=kernel', '-fno-toplevel-reorder'], 'handover/first.c'),
    ('member', ['gcc', '-O1', '-fpic'], 'handover/member.c'),
    ('fails', ['gcc', '-O1', '-fpic'], 'handover/fails.c'),
    ('crashes', ['gcc', '-O1', '-fpic'], 'handover/crashes.c'),
    ('tls_owner', ['clang-14', '-O1', '-fpic', '-ffreestanding'], 'tls/owner.c'),
    ('tls_user', ['gcc', '-O1', '-fpie', '-ffreestanding'], 'tls/user.c'),
    ('choices', ['gcc', '-O2', '-fpic'], 'indirect/owner.c'),
    ('far', ['clang-14', '-O0', '-fpic'], 'indirect/user.c'),
)

# Words of `load`, without and with what `boot` has for all groups.
GROUPS = (
    'first.o members.a tls_owner.o tls_user.o choices.o even.o odd.o at=0xffffffff90000000',
    'calc.o libsupc++.a libgcc_eh.a at=0xffffffffa0000000',
    'far.o at=0x140000000',
    'hello.img at=0xffffffffc0000000',
)


def build():
    os.makedirs(OUTPUT, exist_ok=True)
    for name, command, source in OBJECTS:
        subprocess.run([*command, '-Iinclude', '-c', os.path.join('tests-qemu', source), '-o',
                        os.path.join(OUTPUT, f'{name}.o')], check=True, cwd=ROOT)
    subprocess.run([os.path.join(BUILD, 'elfin'), 'prepare', built('hello.o'), '-o',
                    os.path.join(OUTPUT, 'hello.img')], check=True)
    archive = os.path.join(OUTPUT, 'members.a')
    subprocess.run(['rm', '-f', archive], check=True)
    subprocess.run(['ar', 'rcsD', archive, os.path.join(OUTPUT, 'member.o')], check=True)


def files():
    folder = os.path.dirname(subprocess.run(['gcc', '-print-libgcc-file-name'], check=True,
                                            capture_output=True, text=True).stdout.strip())
    own = [name for name, *_ in OBJECTS if name not in ('member', 'fails', 'crashes')]
    return [*(os.path.join(OUTPUT, f'{name}.o') for name in own),
            os.path.join(OUTPUT, 'members.a'), os.path.join(OUTPUT, 'hello.img'), built('even.o'), built('odd.o'), built('calc.o'),
            os.path.join(folder, 'libsupc++.a'), os.path.join(folder, 'libgcc_eh.a')]


# ---- The same as a load of the kernel's own ------------------------------------------------------

MODULES = ('first', 'members.a(member.o)', 'tls_owner', 'tls_user', 'choices', 'even', 'odd', 'calc',
           'libsupc++.a(eh_throw.o)', 'libgcc_eh.a(unwind-dw2.o)', 'far', 'hello')
RECORDS = ['list', 'deps', 'exports', 'digest', *(f'show "{module}"' for module in MODULES)]
CALLS = {
    'call first:first_sum': 4 + 0 + 51 + 1 + 1,
    'call odd:is_odd 7': 1,
    'call tls_owner:at_start': 157,
    'call tls_user:read_theirs': None,
    'call tls_owner:count': None,
    'call choices:resolvers_run': 4,
    'call choices:seen_at_start': 320,
    'call choices:by_table 1': 23332,
    'call far:call_directly 5': 11,
    'call far:call_by_pointer 5': 30,
    'call far:same_pointers': 1,
    'call calc:calc_sum_to 100': 5050,
    'call calc:calc_nodes': 0,
    'call hello:hello_times 2': 2,
}
UNLOAD = ['! unload first', 'unload hello', 'unload far', 'unload calc', 'unload first']


def comparable(command, text):
    """What modules of C++ have asked of the heap when they begin lies elsewhere each time."""
    return re.sub(r'(data RW 0xffffffffa\w+, \d+ bytes, crc32) \w+', r'\1', text) if command == 'digest' else text


def places(text):
    """What is mapped besides the second mapping, without the memory behind it."""
    return re.sub(r' memory 0x\w+', '', re.sub(r'0xffff8\w+-0xffff8\w+ RW.*\n', '', text))


def pages_in_use(text):
    """Those of the heap do not count: what a module has taken and kept is there."""
    total, free = map(int, re.search(r'pages: (\d+) of memory, (\d+) free', text).groups())
    return total - free - int(re.search(r'chunks of (\d+) bytes', text)[1]) // 4096


def without_heap(text):
    """elfin.efi's totals, in the same way."""
    heap = int(re.search(r'chunks of (\d+) bytes', text)[1]) // 4096
    images, data, free = map(int, re.search(r'pages: (\d+) of images, (\d+) of data, .* has (\d+) free', text).groups())
    return text.splitlines()[0], images, data - heap, free + heap


MACHINES = {
    'gcc': ('kernel.elf', ()),
    'clang, 6 GiB': ('kernel-clang.elf', ('--memory', '6G')),
    'gcc, 6 GiB, the oldest CPU': ('kernel.elf', ('--memory', '6G', '--cpu', 'qemu64')),
    'position-independent': ('kernel-pie.elf', ()),
    'position-independent, clang': ('kernel-pie-clang.elf', ()),
}


def check_same(cases, machine):
    name = f'handover ({machine})'
    phase = [*RECORDS, 'tables', 'memory', 'check', *CALLS, 'check', '! rebind first:timer_ticks 0x1000', *UNLOAD, 'memory', 'check', 'tables']
    loads = [f'load {group} fixed -- {WORD}' for group in GROUPS]
    script = [*phase, *loads, *phase, 'quit 42']
    kernel, arguments = MACHINES[machine]
    run = Boot('\n'.join(script), files(),
               ('--kernel', os.path.join(BUILD, kernel), '--hand-over', ' + '.join(GROUPS) + f' -- {WORD}', *arguments))

    if not cases.equal(f'{name}: the script runs to its end', run.status, 42):
        print(run.output[-2000:] + run.errors, file=sys.stderr)
    before = run.output[:run.output.index('> ')]
    said = ''.join(f'{run.said(load)}\n' for load in loads)
    cases.equal(f'{name}: inits and their order, and what is told of each group',
                sorted(before.splitlines()), sorted(said.splitlines()))
    cases.equal(f'{name}: inits run in the order of the groups',
                [line for line in before.splitlines() if not line.startswith('loaded')],
                [line for line in said.splitlines() if not line.startswith('loaded')])
    for command in RECORDS:
        cases.check(f'{name}: {command} says something', len(run.said(command)) > 10, run.said(command))
        cases.equal(f'{name}: the same as after a load: {command}', comparable(command, run.said(command, 1)),
                    comparable(command, run.said(command)))
    cases.equal(f'{name}: rights and places in the page tables', places(run.said('tables', 2)),
                places(run.said('tables')))
    for i, when in enumerate(('adopted', 'loaded')):
        for call, wanted in CALLS.items():
            got = run.result(call, i)
            cases.equal(f'{name}: {when}: {call}', got, got or 0 if wanted is None else wanted)
        run.expect(cases, f'{name}: {when}: imports stay as they are bound', '! rebind first:timer_ticks 0x1000',
                   'fixed|REBIND|bound', occurrence=i)
        run.expect(cases, f'{name}: {when}: users keep a group', '! unload first', 'far', occurrence=i)
        run.expect(cases, f'{name}: {when}: destructors run', 'unload calc',
                   r'^calc: no limits any more\ncalc: (\d+) nodes made, \1 destroyed$', occurrence=i)
        run.expect(cases, f'{name}: {when}: exit runs', 'unload first', '^first: exit$', occurrence=i)
    cases.equal(f'{name}: what calls return', *([run.result(call, i) for call in CALLS] for i in (1, 0)))
    memory = [run.said('memory', i) for i in range(4)]
    cases.equal(f'{name}: all memory is given back', pages_in_use(memory[1]), pages_in_use(memory[3]))
    cases.equal(f'{name}: the space is as after loads', memory[0].splitlines()[0].split(', 0x')[0].
                split(' record')[0].rsplit(',', 1)[0], memory[2].splitlines()[0].split(' record')[0].rsplit(',', 1)[0])
    cases.equal(f'{name}: nothing is mapped any more', places(run.said('tables', 1)), places(run.said('tables', 3)))
    return pages_in_use(memory[1])


# ---- What goes wrong -----------------------------------------------------------------------------

def kernel_with(name, change):
    """A file of the kernel with another struct elfin_kernel."""
    with open(KERNEL, 'rb') as file:
        content = bytearray(file.read())
    at = content.index(b'elkernel')
    fields = list(struct.unpack_from('<QIIQQQQQQII', content, at))
    names = ('magic', 'version', 'size', 'exports', 'exports_end', 'min', 'max', 'tls_size', 'tls_align', 'flags',
             'reserved')
    original, first_name = tuple(fields), change.pop('first_name', None)
    for key, value in change.items():
        fields[names.index(key)] = value(original) if callable(value) else value
    struct.pack_into('<QIIQQQQQQII', content, at, *fields)
    if first_name is not None:
        struct.pack_into('<Q', content, at + fields[3] - KERNEL_BEGIN, first_name)
    path = os.path.join(OUTPUT, name)
    with open(path, 'wb') as file:
        file.write(content)
    return path


WRONG_KERNELS = {
    'old.elf': ({'version': 1}, r'struct elfin_kernel has version 1 and \d+ bytes, not 2'),
    'short.elf': ({'size': 16}, r'struct elfin_kernel has version 2 and 16 bytes, not 2'),
    'outside.elf': ({'exports': 0x1000, 'exports_end': 0x2000}, 'is no table in the kernel'),
    'reverse.elf': ({'exports': lambda f: f[4], 'exports_end': lambda f: f[3]}, 'is no table in the kernel'),
    'uneven.elf': ({'exports_end': lambda f: f[4] - 8}, 'is no table in the kernel'),
    'names.elf': ({'exports': lambda f: f[4] - 16 * 5, 'first_name': 0x1234}, 'name of its export 0 is no text in the kernel'),
    'tls.elf': ({'tls_align': 3}, 'thread-local storage'),
    'bounds.elf': ({'min': 0x1000, 'max': 0x1fff}, 'no free memory|no address|memory'),
}

FAILURES = {
    'boot kernel.elf missing.o': 'missing_one(.|\n)*missing_two',
    'boot kernel.elf nowhere.o': '^error: nowhere.o: not found',
    'boot kernel.elf even.o odd.o + even.o odd.o': 'exists already',
    'boot kernel.elf even.o even.o odd.o': 'exists already|defined twice',
    'boot kernel.elf even.o': 'is_odd',
    'boot kernel.elf even.o + odd.o': 'is_odd',
    'boot kernel.elf even.o odd.o at=0xffff800000000000': 'memory',
    'boot kernel.elf even.o odd.o at=0xffffffff80001000': 'memory',
    'boot kernel.elf even.o odd.o name=both': 'name= is for one file',
    'boot kernel.elf +': 'no file is named',
    'boot kernel.elf at=0xffffffff90000000 script=startup.txt': 'startup.txt: not found',
    'boot kernel.elf kernel-pie.elf': 'not supported',
    'boot fails.o even.o odd.o': 'a kernel is an executable',
    'boot kernel.elf "\\file=odd.o"': 'not found',
    'boot kernel.elf base=0x100000': 'its own|address',
    'boot kernel-pie.elf base=here': 'not an address',
    'boot kernel-pie.elf base=0xffff800000000000': 'memory',
}


def check_failures(cases, in_use):
    """Each failure leaves elfin.efi as it was. In the end a kernel adopts damaged descriptions, which it refuses, and
    then one whose second module fails."""
    inner = os.path.join(OUTPUT, 'inner.txt')
    with open(inner, 'w', encoding='ascii') as file:
        file.write('list\ncheck\nmemory\ntables\nload first.o members.a\ncall first:first_sum\nunload first\ncheck\nquit\n')
    kernels = [kernel_with(name, change) for name, (change, _) in WRONG_KERNELS.items()]
    boots = [f'! boot {name} even.o odd.o' for name in WRONG_KERNELS]
    boots += [f'! {line}' for line in FAILURES]
    stays = '! boot kernel.elf even.o odd.o'
    script = ['memory', *boots, 'memory', *boots, 'memory',
              'load strict.o', 'call strict:stay 1', stays, 'memory', stays, 'memory',
              'call strict:stay 0', 'call strict:forbid', 'library members.a', f'boot kernel-damage.elf first.o at=0xffffffff90000000 + fails.o file=members.a script=inner.txt -- {EXIT} word']
    run = Boot('\n'.join(script),
               [*kernels, KERNEL, os.path.join(BUILD, 'kernel-pie.elf'), os.path.join(BUILD, 'tests-qemu/kernel-damage.elf'),
                built('even.o'), built('odd.o'), built('missing.o'), built('strict.o'), os.path.join(OUTPUT, 'first.o'),
                os.path.join(OUTPUT, 'members.a'), os.path.join(OUTPUT, 'fails.o'), inner])
    for boot, text in zip(boots, [*(text for _, text in WRONG_KERNELS.values()), *FAILURES.values()]):
        run.expect(cases, f'handover: {boot}', boot, text)
    totals = [without_heap(run.said('memory', i)) for i in range(3)]
    cases.equal('handover: a failure leaves elfin.efi as before', totals[1][:-1], totals[0][:-1])
    cases.equal('handover: and the firmware', totals[2], totals[1])
    run.expect(cases, 'handover: a firmware that stays', stays, '^error: boot: ')
    cases.equal('handover: has lost nothing', run.said('memory', 4), run.said('memory', 3))
    cases.equal('handover: the firmware lets nothing be executed in new memory', run.result('call strict:forbid'), 0)
    text = run.said(script[-1])
    cases.equal('handover: parts have their rights when the kernel begins',
                re.findall(r'^0xffffffff9000.*? (R|RX|RW) ', text, re.M), ['RX', 'R', 'RW', 'RX', 'RW'])
    refused = re.search(r'^refused: (\d+) damaged and (\d+) short of (\d+)$', text, re.M)
    cases.check('handover: each damaged description is refused', refused and int(refused[3]) > 500 and
                refused[1] == refused[2] == refused[3], run.output[-1500:] + run.errors)
    cases.check('handover: an init that fails undoes those before it',
                re.search(r'^first: 41, 51, 1 words: word\nerror: fails.o: .*init.* value 7\nfirst: exit$', text, re.M), text)
    cases.equal('handover: then there are no modules', run.said('list'), '')
    cases.equal('handover: and all memory is free', pages_in_use(run.said('memory', 5)), in_use)
    cases.equal('handover: loads go on', run.result('call first:first_sum'), 57)
    cases.equal('handover: the status is that of the init', run.status, 7)


# ---- A position-independent kernel ---------------------------------------------------------------

def check_independent(cases):
    base = 0xffffffffb0000000
    script = ['tables', 'digest', 'call first:first_sum', 'check', 'unload first', 'tables', 'check', 'quit']
    # A name that looks like an option is a path.
    shutil.copyfile(os.path.join(OUTPUT, 'first.o'), os.path.join(OUTPUT, 'at=first.o'))
    run = Boot('\n'.join(script), [os.path.join(OUTPUT, 'at=first.o'), os.path.join(OUTPUT, 'members.a')],
               ('--kernel', os.path.join(BUILD, 'kernel-pie.elf'), '--hand-over',
                f'\\at=first.o members.a base={base:#x} -- x'))
    cases.equal('handover: position-independent: the script runs to its end', run.status, 0)
    run.expect(cases, 'handover: position-independent: modules are adopted', 'digest', r'^first, members.a\(member.o\)$')
    cases.equal('handover: position-independent: they work', run.result('call first:first_sum'), 57)
    kernel = [re.match(r'(0x\w+)-(0x\w+) (\w+) ', line).groups() for line in run.said('tables', 1).splitlines()]
    kernel = [(int(first, 16) - base, right) for first, last, right in kernel if base <= int(first, 16) < base + (1 << 24)]
    cases.equal('handover: position-independent: segments with their rights', [right for _, right in kernel],
                ['R', 'RX', 'RW'])
    cases.equal('handover: position-independent: it lies where base= says', kernel[:1], [(0, 'R')])


def check_crash(cases):
    """An init function that ends in an exception fails like one that says so."""
    run = Boot('list\ncheck\ntables\nquit', [os.path.join(OUTPUT, f'{name}.o') for name in ('first', 'member', 'crashes')],
               ('--kernel', KERNEL, '--hand-over', 'first.o member.o + crashes.o'))
    cases.check('handover: an init that faults undoes those before it',
                re.match(r'first: 41, 51, 0 words\nerror: page fault at crashes(.*\n)+error: crashes.o: .*\nfirst: exit\n> list\n> check\n',
                         run.output), run.output + run.errors)
    cases.equal('handover: the status of a kernel without the modules', run.status, 1)


def main():
    cases = Cases()
    build()
    in_use = check_same(cases, 'gcc')
    check_failures(cases, in_use)
    check_independent(cases)
    if sys.argv[1:] == ['all']:
        for machine in list(MACHINES)[1:]:
            check_same(cases, machine)
        check_crash(cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
