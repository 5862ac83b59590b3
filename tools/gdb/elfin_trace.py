# SPDX-License-Identifier: MIT
"""`info elfin trace`: what happened to modules, from the ring in the machine's memory. Its form is that
of include/elfin/debug.h; the lines are those of the console's command trace."""
import struct

import gdb

from elfin_machine import evaluate

HEADER = struct.Struct('<IIQQQQ')  # version, record_size, capacity, written, frequency, start
HEADER_SIZE = 64
RECORD = struct.Struct('<QQQQHHI44s44s')
VERSION = 1
CAPACITY_MAX = 1 << 20
FORMS = {
    1: 'load {name} at {address:#x}, {value} bytes, file {other}',
    2: 'replace {name} at {address:#x}, in place of {value:#x}, file {other}',
    3: 'move {name} at {address:#x}, in place of {value:#x}, file {other}',
    4: 'load failed in phase {phase}: {name}: {status}, {other}',
    5: 'replace failed in phase {phase}: {name}: {status}, {other}; what is at {address:#x} stays',
    6: 'move failed in phase {phase}: {name}: {status}, {other}; what is at {address:#x} stays',
    7: 'bind {name} to {other}',
    8: 'rebind {name}: {other} to {address:#x}, before {value:#x}',
    9: 'unload {name} at {address:#x}',
    10: 'retire {name} at {address:#x}',
    11: 'fault {name}: {other} at {address:#x}, {value:#x}',
}
OTHER = 'event {kind} {name} {other} {address:#x} {value:#x}'


def text_of(data):
    return data.split(b'\0', 1)[0].decode(errors='replace')


def enumerator(kind, prefix, number):
    """elfin_status and elfin_phase, by the names that the program's own debug data has."""
    try:
        for field in gdb.lookup_type(kind).strip_typedefs().fields():
            if field.enumval == number:
                return field.name.removeprefix(prefix)
    except gdb.error:
        pass
    return str(number)


def line_of(record, start, frequency):
    _, time, address, value, kind, status, phase, name, other = record
    seconds = (time - start) / frequency if frequency else 0
    text = FORMS.get(kind, OTHER).format(
        kind=kind, address=address, value=value, name=text_of(name) or '?', other=text_of(other),
        status=enumerator('elfin_status', 'ELFIN_', status),
        phase=enumerator('elfin_phase', 'ELFIN_PHASE_', phase))
    return f'{seconds:.6f} {text}'.replace(', ;', ';').rstrip(', ')


def read_ring(address):
    """What the header says, and the records that are there, the oldest first."""
    memory = gdb.selected_inferior()
    header = HEADER.unpack(memory.read_memory(address, HEADER.size))
    version, size, capacity, written = header[:4]
    if version != VERSION or size != RECORD.size or not 0 < capacity <= CAPACITY_MAX:
        raise gdb.GdbError(f'there is no ring of records at {address:#x}')
    data = memory.read_memory(address + HEADER_SIZE, capacity * size)
    records = [RECORD.unpack_from(data, i * size) for i in range(capacity)]
    kept = range(max(written - capacity, 0) + 1, written + 1)
    found = {record[0]: record for record in records}
    return header, [found[number] for number in kept if number in found]


class InfoElfinTrace(gdb.Command):
    """info elfin trace [COUNT] [EXPRESSION]: what happened to modules, or the last COUNT events.

EXPRESSION is an elfin_trace *, of a program that this script does not know."""

    def __init__(self):
        super().__init__('info elfin trace', gdb.COMMAND_STATUS)

    def invoke(self, argument, _from_tty):
        words = gdb.string_to_argv(argument)
        most = int(words.pop(0)) if words and words[0].isdigit() else CAPACITY_MAX
        try:
            address = int(evaluate(words[0] if words else 'elfin_trace_ring'))
        except gdb.error as error:
            raise gdb.GdbError(f'no ring of records here: {error}') from error
        if not address:
            gdb.write('nothing has happened yet\n')
            return
        header, records = read_ring(address)
        capacity, written, frequency, start = header[2:6]
        gdb.write(f'{written} events, {max(written - capacity, 0)} of them overwritten\n')
        for record in records[max(len(records) - most, 0):]:
            gdb.write(line_of(record, start, frequency) + '\n')


InfoElfinTrace()
