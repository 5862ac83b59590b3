#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every kind of fault of a module, in elfin.efi and in the kernel, from the same modules: the call
ends with a report, the module has failed, and nothing is left of it. With a service of the firmware
on the stack only the console is left."""

import os
import re
import sys

from boot import BUILD, ROOT, Boot, Cases, built

HOSTS = {
    'elfin.efi': (),
    'kernel': ('--kernel', os.path.join(BUILD, os.environ.get('ELFIN_TEST_KERNEL', 'kernel.elf'))),
}

# What is called, and what is reported; @ is the module.
FAULTS = {
    'fault_read_null': r'page fault at @:fault_read_null\+0x\w+: reading unmapped 0x0$',
    'fault_write_constant': r'page fault at @:fault_write_constant\+0x\w+: writing protected 0x\w+ \(@',
    'fault_write_text': r'page fault at @:fault_write_text\+0x\w+: writing protected 0x\w+ \(@:fault_none\+0x0\)',
    'fault_execute_data': r'page fault at @:variable\+0x0, called from @:fault_execute_data\+0x\w+: executing protected 0x\w+ \(@',
    'fault_execute_stack': r'page fault at \S*0x\w+, called from @:fault_execute_stack\+0x\w+: executing protected 0x',
    'fault_frame': r'stack overflow at @:fault_frame\+0x\w+: writing unmapped 0x',
    'fault_static': r'page fault at @:read_static\+0x\w+: reading unmapped 0x10$',
    'fault_jump_null': r'page fault at 0x0, called from @:fault_jump_null\+0x\w+: executing unmapped 0x0',
    'fault_jump_far': r'general protection at (@:fault_jump_far|0x8000000000001000, called from @:fault_jump_far)\+0x\w+',
    'fault_general': r'general protection at @:fault_general\+0x\w+',
    'fault_opcode': r'invalid opcode at @:fault_opcode\+0x\w+',
    'fault_divide': r'divide error at @:fault_divide\+0x\w+',
    'fault_breakpoint': r'breakpoint at @:fault_breakpoint\+0x\w+',
    'fault_step': r'debug exception at @:fault_step\+0x\w+',
    'fault_x87': r'x87 error at @:fault_x87\+0x\w+',
    'fault_stack 0': r'stack overflow at @:fault_stack\+0x\w+: writing unmapped 0x\w+',
    'fault_stack_pointer': r'page fault at @:fault_stack_pointer\+0x\w+',
    'fault_allocate 0': r'stack overflow at (@:fault_allocate|\S*0x\w+, called from @:fault_allocate)\+0x',
    'fault_copy': r'page fault at \S*0x\w+, called from @:fault_copy\+0x\w+: reading unmapped 0x0',
    'fault_print': r'general protection at \S*0x\w+, called from @:fault_print\+0x\w+',
    'fault_state': r'invalid opcode at @:fault_state\+0x\w+',
}

# Frames of the module's where they are not just the function that is called; OWN: some of the loader's.
OWN = None
FRAMES = {
    'fault_execute_data': [r'\S+ \(@(\(\S+\))?\+0x\w+\)', 'fault_execute_data'],
    'fault_execute_stack': [r'0x\w+', 'fault_execute_stack'],
    'fault_static': ['read_static', 'fault_static'],
    'fault_jump_null': ['0x0', 'fault_jump_null'],
    'fault_jump_far': [r'.*', 'fault_jump_far'],
    'fault_stack 0': ['fault_stack', r'fault_stack .*, \d\d\d+ times'],
    'fault_allocate 0': [OWN, 'fault_allocate', r'fault_allocate .*, \d\d\d+ times'],
    'fault_copy': [OWN, 'fault_copy'],
    'fault_print': [OWN, 'fault_print'],
    'fault_loop_exports': [OWN, 'fault_loop_exports'],
    'fault_loop_print': [OWN, 'fault_loop_print'],
}
NO_FRAMES = ('fault_stack_pointer',)  # the stack pointer is lost

# Time limits. In elfin.efi they hold for modules that allow interrupts, and for others in exports.
LOOP = {'fault_loop': r'time limit exceeded at @:fault_loop\+0x\w+$'}
LOOP_EXPORTS = {'fault_loop_exports': r'time limit exceeded at (@:fault_loop_exports|\S*0x\w+, called from '
                                      r'@:fault_loop_exports)\+0x\w+$',
                'fault_loop_print': r'time limit exceeded at \S*0x\w+, called from @:fault_loop_print\+0x\w+$'}

# Phases that fault, by the first word of init: what is run, what it prints.
OPCODE = r'^error: invalid opcode at phases:\w+\+0x\w+$'
LIMIT = r'^error: time limit exceeded at phases:\w+\+0x\w+$'
ENDS = r'phases: destroyed\nphases: registered\nunloaded phases\Z'
PHASES = (
    ('! load faults_phases.o -- c', OPCODE, 'did not return normally'),
    ('! load faults_phases.o -- i', OPCODE, 'did not return normally'),
    ('! load faults_resolver.o', r'^error: page fault at resolver:\w+\+0x\w+: reading unmapped 0x0$',
     'resolver of an indirect function'),
    ('load faults_phases.o -- x', r'^loaded phases'),
    ('! unload phases', r'\A' + OPCODE + r'\nunloaded phases\Z'),  # no destructor after it
    ('load faults_phases.o -- d', r'^loaded phases'),
    ('! unload phases', r'\Aphases: exit\n' + OPCODE[1:] + r'\nunloaded phases\Z'),
    ('load faults_phases.o -- a', r'^loaded phases'),
    ('! unload phases', r'\Aphases: exit\nphases: destroyed\n' + OPCODE[1:] + r'\nunloaded phases\Z'),
    ('load faults_phases.o', r'^loaded phases'),
    ('unload phases', r'\Aphases: exit\n' + ENDS),  # what failed ones have registered is forgotten
    ('limit 1', 'may take 1 s'),
    ('! load faults_phases.o -- C', LIMIT, 'did not return normally'),
    ('! load faults_phases.o -- I', LIMIT, 'did not return normally'),
    ('load faults_phases.o -- X', r'^loaded phases'),
    ('! unload phases', r'\A' + LIMIT + r'\nunloaded phases\Z'),
    ('limit 0', 'for ever'),
    ('load faults_phases.o -- s', r'^loaded phases'),
    ('! replace phases faults_phases.o', OPCODE, 'did not return normally: save'),
    ('list', '^phases .*, failed$'),
    ('replace phases faults_phases.o', '^phases: it has failed, its state is lost$', '^replaced phases'),
    ('retire', r'\Aretired 1\Z'),  # nothing of the old one is run
    ('! replace phases faults_phases.o -- r', OPCODE, 'did not return normally: restore'),
    ('list', r'\Aphases .* bytes\Z'),  # the old one goes on
    ('load faults_caller.o', '^loaded caller'),
    ('! call caller:call_fault', r'^error: invalid opcode at phases:fault_now\+0x'),
    ('list', r'\Aphases .*, failed\ncaller .*, failed\Z'),  # the one that was called, and the one that faults
    ('unload caller', 'had failed'),
    ('unload phases', r'\Aunloaded phases, which had failed'),
    ('load faults_phases.o', r'^loaded phases'),
    ('unload phases', r'\Aphases: exit\n' + ENDS),
)

# With a service on the stack, each in a boot of its own: what is called, what is reported.
SERVICES = {
    'fault_in_service': r'general protection at \S*0x\w+, called from services:fault_in_service\+0x\w+',
    'break_screen': r'general protection at \S*0x\w+, called from services:(break_screen|fault_in_service)\+0x\w+',
    'fault_in_event': r'page fault at services:\w+\+0x\w+: reading unmapped 0x0',
    'fault_in_timer': r'page fault at services:\w+\+0x\w+: reading unmapped 0x0',
    'abort_in_event': 'a module calls abort',
    'abort_in_timer': 'a module calls abort',
    'print_in_timer': r'time limit exceeded at (\S*0x\w+, called from )?services[:(].*\+0x\w+$',
    'loop_in_event': r'time limit exceeded at services:\w+\+0x\w+$',
    'loop_in_service': r'time limit exceeded at (\S*0x\w+, called from )?services:loop_in_service\+0x\w+$',
}


def lines_for(module, faults):
    """Each fault in an instance of its own."""
    for fault in faults:
        yield from (f'load {module}.o', f'! call {module}:{fault}', f'! call {module}:fault_none 6', f'unload {module}')


def lines_for_loops(module, faults):
    return ['limit 1', *lines_for(module, faults), 'limit 0']


def expect_faults(run, cases, name, module, faults):
    for fault, wanted in faults.items():
        run.expect(cases, f'{name}: {fault}', f'! call {module}:{fault}',
                   '^error: ' + wanted.replace('@', module), 'the function did not return')
    refused = [text for command, text in run.commands if command == f'! call {module}:fault_none 6']
    cases.equal(f'{name}: failed modules are not called', [line for text in refused for line in text],
                [f'error: {module}: the module has failed; unload or replace it'] * len(refused))


def is_own(line):
    return re.search(r'(^|\()(elfin\.efi|kernel)\+0x\w+\)?$', line) is not None


def is_core(line):
    """An address in the firmware's core, which calls applications and has the services."""
    return re.fullmatch(r'DxeCore\+0x\w+', line) is not None


def body_of(function):
    """The first and last line of the function's definition, and the texts of all lines."""
    with open(os.path.join(ROOT, 'tests-qemu/modules/faults.c'), encoding='utf-8') as file:
        lines = file.read().split('\n')
    first = next(i for i, line in enumerate(lines) if re.match(rf'\w.*\b{function}\(.*\)$', line))
    return first + 1, lines.index('}', first) + 1, lines


def is_line_of(function, line, called):
    """It may be reported: of what has called, it is the line of a call."""
    first, last, lines = body_of(function)
    return first <= line <= last and (not called or first < line and '(' in lines[line - 1])


def expect_stack(run, cases, name, module, fault, bottom):
    """The module's frames, and below them always the same ones of the loader's."""
    lines, place = run.stack(f'! call {module}:{fault}'), 0
    for wanted in FRAMES.get(fault, [fault]):
        if wanted is OWN:  # optional: where an export's time was over, or what had no stack left, may be the module
            while place < len(lines) and is_own(lines[place]):
                place += 1
            continue
        function = wanted.split(' ')[0]
        if re.fullmatch('[a-z_]+', wanted):
            wanted += r' (at \S*faults\.c:\d+ )' + ('' if module == 'faults_open' else '?') + r'\(@\+0x\w+\)'
        if place == len(lines) or not re.match(wanted.replace('@', module), lines[place]):
            return cases.check(f'{name}: {fault}: the frames', False, lines)
        number = re.search(r' at \S*faults\.c:(\d+) ', lines[place])
        if number and not is_line_of(function, int(number[1]), place > 0):
            return cases.check(f'{name}: {fault}: the lines of the source', False, lines)
        place += 1
    cases.equal(f'{name}: {fault}: the frames', lines[place:], bottom)


def totals(text):
    return re.sub(r'\d+ record bytes|in \d+ chunks of \d+ bytes|firmware has .*|, \d+ free in .*', '', text)


# In the kernel only: interrupts, which have a stack of their own, leave red zones alone.
KERNEL = (
    ('load machine.o', 'loaded'),
    ('call machine:interrupts_enabled', '=> 1 '),
    ('call machine:red_zone 20000000', '=> 0 '),
    ('unload machine', 'unloaded'),
    ('load faults_phases.o', '^loaded phases'),
    ('load faults_caller.o', '^loaded caller'),
    ('! call caller:overrun_heap', r'^error: overwritten heap found at \S*0x\w+, called from caller:overrun_heap\+0x\w+$',
     'the heap was being changed: only'),
    ('list', '^caller .*, failed$'),
    ('! memory', 'not safe any more'),
)

# In elfin.efi only: the task priority, which is 4 for applications; and rights by the page tables: 5
# is RX, 1 R, 3 RW, 0 nothing. What init may write is read-only afterwards.
FIRMWARE = (
    ('load services.o', 'loaded'),
    ('call services:priority', '=> 4 '),
    ('! call services:exit_application', 'a module calls exit\nerror: .*the function did not return'),
    ('! call services:fault_at_high_priority', 'page fault at services:fault_at_high_priority'),
    ('unload services', 'had failed'),
    ('load services.o', 'loaded'),
    ('call services:priority', '=> 4 '),
    ('! call services:fault_after_service', 'page fault at services:fault_after_service'),
    ('unload services', 'had failed'),
    ('load rights.o', 'loaded'),
    ('call rights:parts_in_init', '=> 513330 '),
    ('call rights:parts', '=> 511330 '),
    ('call rights:look_later', '=> 0 '),
    ('repeat 20 memory', ''),
    ('call rights:seen_later', '=> 7 '),
    ('call rights:parts', '=> 511330 '),
    ('call rights:null_in_interrupt', '=> 7 '),  # the firmware needs the page: it stays
    ('call rights:parts', '=> 511337 '),
    ('unload rights', 'unloaded rights'),
)


def expect_lines(run, cases, name, rows):
    """What was run, in this order, printed what its row says."""
    ran = [command for command, _ in run.commands]
    first = [command for command, *_ in rows]
    at = next((i for i in range(len(ran)) if ran[i:i + len(first)] == first), None)
    if at is None:
        cases.check(f'{name}: all of it is run', False, run.output[-600:])
        return
    for (command, *wanted), (_, lines) in zip(rows, run.commands[at:]):
        said = '\n'.join(lines)
        cases.check(f'{name}: {command}', all(re.search(w, said, re.M) for w in wanted), said)


def check_host(host, cases):
    """All in one boot; what restricts the console is last."""
    in_firmware = host == 'elfin.efi'
    loops = {'faults': {**LOOP_EXPORTS, **({} if in_firmware else LOOP)}, 'faults_open': {**LOOP_EXPORTS, **LOOP}}
    script = [f'{line} {module}{rest}' for module in loops for line, rest in
              (('load', '.o'), ('call', ':fault_none 5'), ('unload', ''))] + ['memory']
    for module, kinds in loops.items():
        script += [*lines_for(module, FAULTS), *lines_for_loops(module, kinds)]
    script += ['load faults.o', 'call faults:state_changed', 'call faults:fault_none 7', 'list', 'unload faults',
               *(command for command, *_ in PHASES), 'memory', *(command for command, *_ in (FIRMWARE if in_firmware else KERNEL))]
    script += service_lines('fault_in_service') if in_firmware else ['quit 43']
    names = ('faults', 'faults_open', 'faults_phases', 'faults_resolver', 'faults_caller', 'services', 'rights',
             'machine')
    run = Boot('\n'.join(script), [built(f'{name}.o') for name in names], HOSTS[host])
    cases.equal(f'{host}: the script runs to its end', run.status, 43)
    for module, kinds in loops.items():
        expect_faults(run, cases, f'{host}, {module}', module, {**FAULTS, **kinds})
        bottom = run.stack(f'! call {module}:fault_opcode')[1:]
        cases.check(f'{host}: frames of the loader', len(bottom) > 5 and all(map(is_own, bottom[:-1])), bottom)
        cases.check(f'{host}: the caller of it', is_core(bottom[-1]) if in_firmware else is_own(bottom[-1]), bottom)
        for fault in sorted({**FAULTS, **kinds}.keys() - set(NO_FRAMES)):
            expect_stack(run, cases, f'{host}, {module}', module, fault, bottom)
    cases.equal(f'{host}: a call begins in the state that it should', run.result('call faults:state_changed'), 0)
    cases.equal(f'{host}: the next instance works', run.result('call faults:fault_none 7'), 14)
    expect_lines(run, cases, host, PHASES)
    cases.equal(f'{host}: everything is given back', totals(run.said('memory', 1)), totals(run.said('memory')))
    expect_lines(run, cases, host, FIRMWARE if in_firmware else KERNEL)
    if in_firmware:
        expect_service('fault_in_service', run, cases)
        expect_image(run, cases)
    restricted = run.output.count('only commands that show something')
    cases.equal(f'{host}: the console is restricted once, at the end', restricted, 1)


def service_lines(name):
    return ['limit 1', 'load services.o', f'! call services:{name}', 'list', 'lookup memcpy', 'where 0x1000', '! memory',
            '! load services.o name=more', '! unload services', 'help', '! call services:priority', 'quit 43']


def expect_service(name, run, cases):
    call = f'! call services:{name}'
    cases.equal(f'{name}: the status of quit', run.status, 43)
    run.expect(cases, f'{name}: the report', call, '^error: ' + SERVICES[name],
               'a service of the machine was on the stack: only', 'the function did not return')
    lines = [(command, said) for command, said in run.commands]
    lines = lines[[command for command, _ in lines].index(call) + 1:] if call in dict(lines) else []
    cases.equal(f'{name}: what is not safe is refused', [said for command, said in lines if command.startswith('!')],
                [[f'error: {command}: not safe any more'] for command in ('memory', 'load', 'unload', 'call')])
    cases.check(f'{name}: the rest goes on', any(command == 'list' and said for command, said in lines), lines)


def expect_image(run, cases):
    """A frame of the service's, then, behind what cannot be walked, that of its caller."""
    lines = run.stack('! call services:fault_in_service')
    cases.check('fault_in_service: the frames', len(lines) > 2 and is_core(lines[0]) and
                re.match(r'fault_in_service .*, found on the stack', lines[1]) and is_core(lines[-1]), lines)
    run.expect(cases, 'fault_in_service: the place', '! call services:fault_in_service',
               r'^error: general protection at DxeCore\+0x\w+, called from services:fault_in_service\+0x')


def check_service(name, cases):
    run = Boot('\n'.join(service_lines(name)), [built('services.o')])
    expect_service(name, run, cases)
    stop = Boot(f'limit 1\nload services.o\n! call services:{name}\nmemory', [built('services.o')])
    cases.equal(f'{name}: a script that fails ends with its status', stop.status, 1)


def check_heap(host, cases):
    call = '! call caller:break_heap'
    run = Boot(f'load faults_phases.o\nload faults_caller.o\n{call}\nlist\n! memory\nquit 44',
               [built('faults_phases.o'), built('faults_caller.o')], HOSTS[host])
    cases.equal(f'{host}, a damaged heap: the status of quit', run.status, 44)
    run.expect(cases, f'{host}, a damaged heap: the report', call, r'called from caller:break_heap\+0x\w+',
               'the heap was being changed: only')
    run.expect(cases, f'{host}, a damaged heap: list', 'list', '^caller .*, failed$')
    run.expect(cases, f'{host}, a damaged heap: it is not used', '! memory', 'not safe any more')
    run = Boot('load faults_phases.o\nload faults_caller.o -- break\nquit 45', [built('faults_phases.o'), built('faults_caller.o')], HOSTS[host])
    cases.equal(f'{host}, a heap damaged at the end: the status of quit', run.status, 45)


def check_handed_over(cases):
    """Modules that elfin.efi has linked for the kernel."""
    names = ('faults_phases.o', 'faults.o', 'faults_resolver.o')

    def boot(modules, script):
        return Boot(script, [built(name) for name in names], (*HOSTS['kernel'], '--hand-over', modules))
    rows = (('! call phases:fault_now', r'^error: invalid opcode at phases:fault_now\+0x'), ('list', '^phases .*, failed$'),
            ('unload phases', 'had failed'), ('! call faults:fault_stack 1', '^error: stack overflow at faults:fault_stack'),
            ('unload faults', 'had failed'), ('list', r'\A\Z'), ('check', r'\A\Z'))
    run = boot('faults_phases.o + faults.o', '\n'.join(command for command, _ in rows))
    cases.equal('handed over: the script runs to its end', run.status, 0)
    expect_lines(run, cases, 'handed over', rows)
    for modules, wanted in (('faults_phases.o -- i', 'invalid opcode at phases'), ('faults_phases.o -- c', 'invalid opcode at phases'),
                            ('faults_resolver.o', 'page fault at resolver')):
        run = boot(modules, 'list\ncheck\nquit 45')
        cases.check(f'handed over: {modules}: nothing of it stays', run.status == 45 and wanted in run.output and
                    run.said('list') == '', run.output + run.errors)


def main():
    cases = Cases()
    if sys.argv[1:]:
        for name in SERVICES if sys.argv[1:] == ['all'] else sys.argv[1:]:
            check_service(name, cases)
        for host in HOSTS:
            check_heap(host, cases)
        check_handed_over(cases)
    else:
        for host in HOSTS:
            check_host(host, cases)
    return cases.status()


if __name__ == '__main__':
    sys.exit(main())
