# SPDX-License-Identifier: MIT
"""GDB and elfin: `source tools/gdb/elfin.py`, then `target remote` to QEMU. See docs/DEBUGGING.md.

Finds elfin.efi, or the kernel that it has booted, in the machine's memory, or notices when they
start, and adds their symbols; GDB's own JIT interface then shows it the modules. `info elfin` lists
them.
"""
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import elfin_info  # noqa: E402, F401
import elfin_trace  # noqa: E402, F401
import elfin_machine as machine  # noqa: E402

# uefi/debugger.c
ANNOUNCE_MAGIC = 0x696665206e69666c
ANNOUNCE_BYTE = 0xffffffff

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, 'build')


def say(text):
    gdb.write(f'elfin: {text}\n')


class FileParameter(gdb.Parameter):
    """A file with symbols, instead of the one that elfin-qemu names and those in build/."""

    def __init__(self, name, what):
        self.set_doc = self.show_doc = f'File with the symbols of {what}.'
        super().__init__(name, gdb.COMMAND_FILES, gdb.PARAM_OPTIONAL_FILENAME)

    def get_set_string(self):
        return ''


EFI_FILE = FileParameter('elfin-efi', 'elfin.efi')
KERNEL_FILE = FileParameter('elfin-kernel', 'the kernel')


class Program:
    """Whose symbols GDB has: elfin.efi or a kernel. One at a time."""

    def __init__(self):
        self.file = self.offset = self.address = None

    def add(self, what, file, text, offset):
        """`text`: address of its code in the file, the file's elf.text."""
        if (self.file, self.offset) == (file, offset):
            return
        self.drop()
        self.file, self.offset, self.address = file, offset, text + offset
        if machine.is_known(file, offset):
            self.file = None  # the user's own
        else:
            gdb.execute(f'add-symbol-file {machine.quoted(file)} -o {offset:#x}', to_string=True)
        say(f'{what} at {text + offset:#x}, symbols of {file}')

    def drop(self):
        if self.file:
            gdb.execute(f'remove-symbol-file -a {self.address:#x}', to_string=True)
        self.file = None


class Watcher:
    """What is going on in the machine."""

    def __init__(self):
        self.program = Program()
        self.names = {}
        self.announcement = None
        self.leaving = None
        self.obsolete = []

    # ---- Files

    def files(self, key, parameter, *built):
        """Where the symbols may be, the likeliest first."""
        named = self.names.get(key)
        found = [parameter.value, named and named + '.debug', named]
        return machine.elf_files(found + [os.path.join(BUILD, name) for name in built])

    def efi_files(self):
        return self.files('efi', EFI_FILE, 'elfin.efi.debug')

    def kernel_files(self):
        return self.files('kernel', KERNEL_FILE, 'kernel.elf', 'kernel-pie.elf', 'kernel-clang.elf')

    # ---- elfin.efi

    def is_efi(self, base):
        return any(elf.matches(base) for elf in self.efi_files())

    def add_efi(self, base):
        elf = next((elf for elf in self.efi_files() if elf.matches(base)), None)
        if elf:
            self.program.add('elfin.efi', elf.path, elf.text, base)
            self.watch_boot()
        else:
            say(f'elfin.efi at {base:#x} is of another build; set elfin-efi FILE')

    def watch_boot(self):
        symbol = gdb.lookup_global_symbol('boot_leave')
        if symbol is None:
            return
        self.drop_later(self.leaving)
        self.leaving = Leaving(f'*{int(symbol.value().address):#x}', internal=True)

    # ---- The kernel

    def add_kernel(self, base):
        """`base`: its lowest address."""
        for elf in self.kernel_files():
            offset = base - elf.lowest if elf.moves else 0
            if elf.matches(offset):
                self.program.add('kernel', elf.path, elf.text, offset)
                return
        say(f'the kernel at {base:#x} is of another build; set elfin-kernel FILE')

    # ---- Breakpoints of our own

    def drop_later(self, breakpoint):
        """Breakpoints cannot go while GDB looks at one of them."""
        if breakpoint is not None and breakpoint.is_valid():
            breakpoint.enabled = False
            self.obsolete.append(breakpoint)

    def stopped(self, _event=None):
        for breakpoint in self.obsolete:
            if breakpoint.is_valid():
                breakpoint.delete()
        self.obsolete = []

    # ---- A new connection

    def look_for_efi(self):
        with machine.physical():
            base = next(filter(self.is_efi, machine.efi_images()), None)
        if base is None:
            say('elfin.efi does not run yet')
        else:
            self.add_efi(base)

    def attach(self):
        self.program.drop()
        self.stopped()
        self.names = machine.names()
        if self.names is None:
            return  # it is no QEMU
        kernel = machine.find_kernel(self.kernel_files())
        if kernel is not None:
            self.add_kernel(kernel)
        else:
            self.look_for_efi()
        if kernel is None and self.announcement is None:
            self.announcement = Announcement(f'*(unsigned char *){ANNOUNCE_BYTE:#x}',
                                             gdb.BP_WATCHPOINT, gdb.WP_READ, internal=True)
        if machine.has_modules():
            machine.reconnect()


class Announcement(gdb.Breakpoint):
    """elfin.efi has just begun; or the firmware reads its own last byte."""

    def stop(self):
        if machine.register('rax') == ANNOUNCE_MAGIC:
            WATCHER.add_efi(machine.register('rdx'))
        return False


class Leaving(gdb.Breakpoint):
    """boot_leave(struct boot_jump *): elfin.efi is about to jump to a kernel."""

    def stop(self):
        jump = gdb.Value(machine.register('rdi')).cast(gdb.lookup_type('struct boot_jump').pointer())
        Entering(int(jump['entry']), int(jump['boot']['kernel']))
        return False


class Entering(gdb.Breakpoint):
    """The first instruction of a kernel: elfin.efi and its modules are gone."""

    def __init__(self, entry, base):
        super().__init__(f'*{entry:#x}', gdb.BP_HARDWARE_BREAKPOINT, internal=True)
        self.base = base

    def stop(self):
        WATCHER.drop_later(WATCHER.leaving)
        WATCHER.drop_later(WATCHER.announcement)
        WATCHER.leaving = WATCHER.announcement = None
        WATCHER.drop_later(self)
        WATCHER.add_kernel(self.base)
        return False


class Unregistered(gdb.Breakpoint):
    """A module is going, in any program with libelfin-debug.a. GDB would keep breakpoints in it,
    inserted, until it reads other symbols; this makes it look at all of them again."""

    FUNCTION = 'elfin_debug_unregistered'
    only = None

    def stop(self):
        path = gdb.parameter('solib-search-path') or ''
        gdb.execute(f'set solib-search-path {path}', to_string=True)
        return False

    @classmethod
    def look(cls, _event=None):
        if cls.only is None or not cls.only.is_valid():
            cls.only = cls(cls.FUNCTION, internal=True)


WATCHER = Watcher()
Unregistered.look()


class Attach(gdb.Command):
    """elfin-attach: look for elfin.efi or its kernel in the machine. `target remote` does it."""

    def __init__(self):
        super().__init__('elfin-attach', gdb.COMMAND_FILES)

    def invoke(self, _argument, _from_tty):
        self.dont_repeat()
        if not machine.reconnecting():
            WATCHER.attach()


Attach()
gdb.events.stop.connect(WATCHER.stopped)
gdb.execute('set breakpoint pending on')
for kind in ('remote', 'extended-remote'):
    gdb.execute(f'define target hookpost-{kind}\nelfin-attach\nend')
