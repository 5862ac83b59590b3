# SPDX-License-Identifier: MIT
"""How elfin-qemu itself fails."""

import os

TIMED_OUT = 124
OWN_FAILURE = 125


class Failure(Exception):
    """Something that is neither the script's nor the loader's fault."""


def find_file(variable, candidates, what):
    """The file the environment names, else the first candidate that exists."""
    if os.environ.get(variable):
        candidates = [os.environ[variable]]
    for path in candidates:
        if os.path.isfile(path):
            return path
    raise Failure(f'{what} not found: {candidates[0]} (set {variable})')
