# SPDX-License-Identifier: MIT
"""Inside GDB: the backtrace at each stop of a plan, as a line of JSON.

ELFIN_PLAN: a file with a line "STEP PC" for each stop, in the order in which they come; STEP counts
instructions. A stop that is not one instruction behind the one before is the first at that address.
ELFIN_FRAMES: where the lines go: [PC, [frame...]]; a frame is
    [PC, [registers], name, linkage name, [file, line], [file, line] of the line table, inlined, tail calls, begins, start]
inlined: inlined functions that are merged into it; tail calls: frames before it that GDB deduces
from descriptions of calls; begins: an inlined function begins at this address;
start: of the function.
The last line has the rows of the modules' line tables: [address, file, line, is_stmt]."""
import json
import os

import gdb

REGISTERS = ('rsp', 'rbp', 'rbx', 'r12', 'r13', 'r14', 'r15')
MAX_FRAMES = 70


def place(sal):
    return [os.path.basename(sal.symtab.filename), sal.line] if sal.symtab and sal.line else ['-', 0]


def register(frame, name):
    value = frame.read_register(name)
    return None if value.is_optimized_out else int(value) & 0xffffffffffffffff


def begins(frame, lookup):
    try:
        block = frame.block()
    except RuntimeError:
        return False
    while block and not block.is_static and not block.is_global:
        if block.start == lookup:
            return True
        block = block.superblock
    return gdb.block_for_pc(lookup) is not None and gdb.block_for_pc(lookup).start == lookup


def frames(leave):
    """From the innermost to the call into the module, or "end" where GDB knows no further."""
    rows = []
    try:
        add_frames(rows, leave)
    except gdb.MemoryError:
        rows.append(['end'])
    return rows


def add_frames(rows, leave):
    frame, innermost, inlined, tail = gdb.newest_frame(), None, 0, 0
    while frame is not None and frame.pc() != leave and frame.pc() >= 0 and len(rows) < MAX_FRAMES:
        kind = frame.type()
        innermost = innermost or (frame if kind != gdb.TAILCALL_FRAME else None)
        if kind == gdb.TAILCALL_FRAME:
            tail += 1
        elif kind == gdb.INLINE_FRAME:
            inlined += 1
        else:
            lookup = max(frame.pc() - bool(rows), 0)
            function = frame.function()
            rows.append([frame.pc(), [register(frame, name) for name in REGISTERS], frame.name(),
                         function.linkage_name if function else None, place(innermost.find_sal()),
                         place(gdb.find_pc_line(lookup)), inlined, tail, begins(innermost, lookup),
                         int(function.value().address) if function else 0])
            innermost, inlined, tail = None, 0, 0
        frame = frame.older()
    if frame is None or frame.pc() != leave:
        rows.append(['end'])


def line_tables():
    """[[address, file, line, is_stmt]...] of the modules"""
    rows, file = [], '-'
    for line in gdb.execute('maint info line-table', to_string=True).splitlines():
        words = line.split()
        if line.startswith('objfile:'):
            module = 'in-memory' in line
        elif line.startswith('symtab:'):
            file = os.path.basename(words[1])
        elif module and len(words) >= 3 and words[0].isdigit() and words[2].startswith('0x'):
            rows.append([int(words[2], 16), file, int(words[1]) if words[1] != 'END' else 0, 'Y' in words[3:]])
    return rows


def to(pc):
    gdb.execute(f'tbreak *{pc:#x}', to_string=True)
    gdb.execute('continue', to_string=True)
    return gdb.newest_frame().pc()


def main():
    for line in ('pagination off', 'width 0', 'confirm off', 'debuginfod enabled off', 'startup-with-shell off',
                 'disable-randomization on', 'environment LD_BIND_NOW=1', 'breakpoint always-inserted on'):
        gdb.execute('set ' + line)
    for name in list(os.environ):
        gdb.execute(f'unset environment {name}')
    gdb.execute('unset environment LINES')
    gdb.execute('unset environment COLUMNS')
    gdb.execute('break steps_call', to_string=True)
    gdb.execute('run', to_string=True)
    gdb.execute('set var steps_plain = 1')
    leave, last = None, None
    with open(os.environ['ELFIN_PLAN'], encoding='ascii') as plan, open(os.environ['ELFIN_FRAMES'], 'w', encoding='utf-8') as out:
        for line in plan:
            step, pc = (int(word) for word in line.split())
            if last is not None and step == last + 1:
                gdb.execute('stepi', to_string=True)
                now = gdb.newest_frame().pc()
            else:
                now = to(pc)
            if now != pc:
                now = to(pc)
            if leave is None:
                leave = gdb.newest_frame().older().pc()
            print(json.dumps([now, frames(leave)]), file=out)
            if now != pc:
                print(f'step {step} was to come at {pc:#x}, but not {now:#x}')
                break
            last = step
        print(json.dumps(line_tables()), file=out)
    gdb.execute('kill')


try:
    main()
except (gdb.error, RuntimeError) as error:
    print(f'stops.py: {error!r}')
    gdb.execute('quit 1')
