# SPDX-License-Identifier: MIT
"""The tests' one output protocol, and the pool that runs their cases."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import Pool
from typing import TypeVar

from toolchain import remove_scratch

Case = TypeVar("Case")
Result = TypeVar("Result")

WORKERS = 2
SHOWN_FAULTS = 8


class Report:
    """ok / not ok lines; the exit status follows from them."""

    def __init__(self) -> None:
        self._failed = 0

    def case(self, name: str, faults: list[str]) -> None:
        if not faults:
            print(f"ok {name}", flush=True)
            return
        self._failed += 1
        print(f"not ok {name}: {faults[0]}", flush=True)
        for fault in faults[1:SHOWN_FAULTS]:
            self.note(f"  {name}: {fault}")
        if len(faults) > SHOWN_FAULTS:
            self.note(f"  {name}: {len(faults) - SHOWN_FAULTS} more")

    def note(self, text: str) -> None:
        print(f"# {text}", flush=True)

    def types(self, name: str, counts: Counter[str] | None) -> None:
        shown = [f"{kind.removeprefix('R_X86_64_')} {number}"
                 for kind, number in sorted((counts or {}).items())]
        self.note(f"{name}: by type: {', '.join(shown)}")

    def status(self) -> int:
        remove_scratch()
        return 1 if self._failed else 0


def parallel(work: Callable[[Case], Result], cases: Iterable[Case]) -> Iterator[Result]:
    """Results in the order of the cases."""
    with Pool(WORKERS) as pool:
        yield from pool.imap(work, cases)
