# SPDX-License-Identifier: MIT
"""`info elfin`: what is loaded, read from the machine's memory."""
import struct

import gdb

from elfin_machine import evaluate

# Where the programs of this project have their struct elfin_space.
SPACES = ('kernel_main::session.space', 'efi_main::session.space')
GROUPS_MAX = MODULES_MAX = 100000
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_TLS = 1, 2, 4, 0x400


def space_of(expression):
    for text in [expression] if expression else SPACES:
        try:
            value = evaluate(text)
        except gdb.error:
            if expression:
                raise
            continue
        return value.dereference() if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR else value
    raise gdb.GdbError('no elfin_space here; info elfin EXPRESSION says where one is')


def groups_of(space):
    group = space['first']
    for _ in range(GROUPS_MAX):
        if not group:
            return
        yield group
        group = group['next']


def modules_of(group):
    for i in range(min(int(group['module_count']), MODULES_MAX)):
        yield group['modules'][i]


def text_at(pointer):
    return pointer.string(errors='replace') if pointer else ''


def name_of(module):
    """struct record lies this far before its name."""
    record = module['self']
    address = int(record.address) + int(record['name'])
    return gdb.Value(address).cast(gdb.lookup_type('char').pointer()).string(errors='replace')


# ---- Sections


def rights_of(flags):
    return 'RW' if flags & SHF_WRITE else 'RX' if flags & SHF_EXECINSTR else 'R'


def copied_sections(module):
    """Of the object that GDB got: its section headers say where each lies."""
    copy = module['debug']['part'][0] if module['debug'] else 0
    if not copy:
        return
    entry = copy.cast(gdb.lookup_type('struct gdb_copy').pointer())['entry']
    data = gdb.selected_inferior().read_memory(int(entry['symfile_addr']), int(entry['symfile_size']))
    shoff = struct.unpack_from('<Q', data, 40)[0]
    count, names = struct.unpack_from('<HH', data, 60)
    headers = [struct.unpack_from('<IIQQQQ', data, shoff + 64 * i) for i in range(count)]
    strings = headers[names][4] if names < count else 0
    for name, _, flags, address, _, size in headers:
        if flags & SHF_ALLOC and address and size:
            end = data.tobytes().index(b'\0', strings + name)
            kind = 'TLS' if flags & SHF_TLS else rights_of(flags)
            yield data[strings + name:end].tobytes().decode(errors='replace'), address, size, kind


def kept_sections(module):
    parts = {0: 'RX', 1: 'R', 2: 'R', 3: 'RW', 4: 'RX', 5: 'RW'}
    for i in range(int(module['section_count'])):
        section = module['sections'][i]
        if int(section['size']):
            yield (text_at(section['name']), int(section['address']), int(section['size']),
                   'TLS' if section['tls'] else parts.get(int(section['part']), '?'))


def sections_of(module):
    kept = list(kept_sections(module))
    return sorted(kept or copied_sections(module), key=lambda s: s[1])


# ---- The command


def users_of(space):
    """By name: who uses it."""
    users = {}
    for group in groups_of(space):
        for module in modules_of(group):
            for i in range(int(module['uses_count'])):
                users.setdefault(int(module['uses'][i]), []).append(name_of(module))
    return users


def describe(module, users, retired, long):
    used = [name_of(module['uses'][i].dereference()) for i in range(int(module['uses_count']))]
    by = users.get(int(module.address), [])
    text = f'{name_of(module):<16} {int(module["address"]):#018x} {int(module["size"]):>8}'
    text += ' (replaced)' if retired else ''
    text += f'  uses {", ".join(used)}' if used else ''
    text += f'  used by {", ".join(by)}' if by else ''
    gdb.write(text.rstrip() + '\n')
    for name, address, size, kind in sections_of(module) if long else []:
        gdb.write(f'    {address:#018x} {size:>8} {kind:<3} {name}\n')


class InfoElfin(gdb.Command):
    """info elfin [MODULE | EXPRESSION]: the modules that elfin has loaded, and who uses whom.

With the name of a module: its sections and their rights too. With `/s`: of all modules.
EXPRESSION is a struct elfin_space, or a pointer to one, of a program that this script does not know."""

    def __init__(self):
        super().__init__('info elfin', gdb.COMMAND_STATUS, prefix=True)

    def invoke(self, argument, _from_tty):
        words = gdb.string_to_argv(argument)
        long = '/s' in words
        words = [word for word in words if word != '/s']
        space, wanted = self.understand(words)
        users = users_of(space)
        count = 0
        for group in groups_of(space):
            for module in modules_of(group):
                if wanted in (None, name_of(module)):
                    describe(module, users, bool(group['retired']), long or wanted)
                    count += 1
        if not count:
            gdb.write(f'no module {wanted}\n' if wanted else 'no modules\n')

    @staticmethod
    def understand(words):
        if not words:
            return space_of(None), None
        try:
            space = space_of(words[0])
            if {'first', 'host'} <= {field.name for field in space.type.strip_typedefs().fields()}:
                return space, words[1] if len(words) > 1 else None
        except (gdb.error, TypeError):
            pass
        return space_of(None), words[0]


InfoElfin()
