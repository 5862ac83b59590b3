# SPDX-License-Identifier: MIT
"""Reads callgrind's file: instructions of each function with all that it called.

What a function called is known by edges (caller, callee); the file of a function is where its first
instruction comes from, and functions of one name are one here.
"""
import re

NAME = re.compile(r"\((\d+)\)(?: (.*))?$")


class Profile:
    def __init__(self, path):
        self.names, self.files, self.edges, self.file_of = {}, {}, {}, {}
        self.read(path)

    def name(self, table, text):
        match = NAME.match(text)
        if not match:
            return text
        number, name = match.groups()
        if name:
            table[number] = name
        return table[number]

    def read(self, path):
        caller = callee = file = None
        is_call = False
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, equals, rest = line.rstrip().partition("=")
                if is_call:
                    cost = int(line.split()[1])
                    self.edges[caller, callee] = self.edges.get((caller, callee), 0) + cost
                    is_call = False
                elif not equals:
                    continue
                elif key == "fl":
                    file = self.name(self.files, rest)
                elif key in ("fi", "fe", "cfi", "cfl"):
                    self.name(self.files, rest)
                elif key == "fn":
                    caller = self.function(rest)
                    self.file_of.setdefault(caller, file)
                elif key == "cfn":
                    callee = self.function(rest)
                elif key == "calls":
                    is_call = True

    def function(self, text):
        """Without what compilers append to the names of copies."""
        return self.name(self.names, text).split(".")[0].split("'")[0]

    def inclusive(self):
        """Function -> instructions."""
        total = {}
        for (caller, callee), cost in self.edges.items():
            if caller != callee:
                total[callee] = total.get(callee, 0) + cost
        return total

    def copying(self, folder):
        """Instructions of memory functions that functions of a folder called."""
        return sum(cost for (caller, callee), cost in self.edges.items()
                   if f"{folder}/" in (self.file_of.get(caller) or "") and re.search("mem(cpy|move|set)", callee))
