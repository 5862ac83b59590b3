# SPDX-License-Identifier: MIT
"""Who types at the console for the user."""

import os
import sys
import time

# What the console prints when it waits for the keyboard, and the key for which it reloads.
PROMPT = b'elfin> '
RELOAD_KEY = b'\x12'
# A compiler writes in pieces, and a build several files: seconds without a change.
SETTLE = 0.5


class Watcher:
    """Tells when files have changed, and are as they are for some time."""

    def __init__(self, files):
        self.files = files
        self.known = self.seen = self.look()
        self.since = time.monotonic()

    def look(self):
        """What a write, a truncation and a rename over the file change."""
        states = {}
        for path in self.files:
            try:
                state = os.stat(path)
                states[path] = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
            except OSError:
                pass  # it is being replaced; or gone, which nobody can reload
        return states

    def changed(self):
        """The files that are others than when this returned some last."""
        states = self.look()
        if states != self.seen:
            self.seen = states
            self.since = time.monotonic()
            return []
        paths = [path for path in states if states[path] != self.known.get(path)]
        if not paths or time.monotonic() - self.since < SETTLE:
            return []
        self.known = {**self.known, **states}
        return paths


class Typist:
    """Types at the console's prompt: a line of standard input, or, when files have changed, the key
    for reload."""

    def __init__(self, press, files=None, lines=None):
        """files: those to watch; lines: a descriptor that lines come from. None: none."""
        self.press = press
        self.watcher = Watcher(files) if files is not None else None
        self.lines = lines
        self.text = b''
        self.is_ready = False

    def see(self, text):
        """The end of the console's text: is it waiting for the keyboard?"""
        self.is_ready = text.endswith(b'\n' + PROMPT)

    def read(self):
        """There is something to read, or the end. Who watches goes on then, others quit."""
        data = os.read(self.lines, 65536)
        self.text += data
        if not data:
            self.lines = None
            self.text += b'' if self.watcher else b'\nquit\n'

    def poll(self):
        if self.is_ready and b'\n' in self.text:
            line, self.text = self.text.split(b'\n', 1)
            self.type(line + b'\r')
        elif self.is_ready and self.watcher:
            paths = self.watcher.changed()
            if paths:
                print('elfin-qemu: changed: ' + ' '.join(map(os.path.basename, paths)),
                      end='\r\n', file=sys.stderr)
                self.type(RELOAD_KEY)

    def type(self, keys):
        self.is_ready = False
        self.press(keys)
