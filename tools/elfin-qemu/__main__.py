# SPDX-License-Identifier: MIT
"""elfin-qemu: see options.py."""

import signal
import sys
import tempfile

from failure import OWN_FAILURE, Failure
from machine import find_elfin
from options import parse_arguments
from run import run_qemu
from volume import check_names, make_volume, read_script, system_files


def main():
    arguments = parse_arguments()
    # A signal that ends us must not leave QEMU and the volume behind: let `finally` run.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(OWN_FAILURE))
    try:
        check_names(arguments.files)
        elfin = find_elfin()
        script = read_script(arguments)
        with tempfile.TemporaryDirectory(prefix='elfin-qemu-') as folder:
            volume = make_volume(folder, elfin, arguments.files, system_files(arguments, script))
            return run_qemu(arguments, folder, volume)
    except (Failure, OSError) as error:
        print(f'elfin-qemu: {error}', file=sys.stderr)
        return OWN_FAILURE
    except KeyboardInterrupt:
        return 0 if arguments.watch else OWN_FAILURE


if __name__ == '__main__':
    sys.exit(main())
