# SPDX-License-Identifier: MIT
"""The command line."""

import argparse
import sys

from failure import OWN_FAILURE

DESCRIPTION = 'Boot elfin.efi in QEMU with some files, run a script, hand its output and status on.'


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        print(f'{self.prog}: {message}', file=sys.stderr)
        sys.exit(OWN_FAILURE)


def parse_arguments(words=None):
    """words: those of the command line, unless there are others."""
    parser = Parser(
        prog='elfin-qemu', description=DESCRIPTION,
        epilog='Exit status: that of the script (0 to 123), 124 on time-out, 125 when elfin-qemu '
               'itself fails. Environment: QEMU (program), ELFIN_ACCEL (tcg, kvm), ELFIN_EFI '
               '(elfin.efi to boot), ELFIN_OVMF_CODE and ELFIN_OVMF_VARS (firmware).')
    parser.add_argument('--script', metavar='FILE',
                        help='commands to run; without it: library for each archive, one load of '
                             'all other files, quit; -: lines of standard input, typed at the '
                             'console one by one, then quit')
    parser.add_argument('--memory', metavar='SIZE', default='512M',
                        help='memory of the machine, as for qemu -m (default: %(default)s)')
    parser.add_argument('--cpus', metavar='COUNT', type=int, default=1,
                        help='CPUs of the machine (default: %(default)s)')
    parser.add_argument('--machine', metavar='TYPE', default='q35',
                        help='machine type, as for qemu -machine (default: %(default)s)')
    parser.add_argument('--cpu', metavar='MODEL', default='max',
                        help='CPU model, as for qemu -cpu (default: %(default)s; with kvm: host)')
    parser.add_argument('--kernel', metavar='FILE',
                        help='a kernel that elfin.efi boots; the script runs in it')
    parser.add_argument('--hand-over', metavar='WORDS', default='',
                        help='with --kernel: modules that elfin.efi links for it, as the words of '
                             'boot: FILE... [at=ADDR] [+ FILE...] [-- WORD...]')
    parser.add_argument('--gdb', metavar='PORT', type=int,
                        help='wait at the first instruction for a debugger at 127.0.0.1:PORT; see '
                             'docs/DEBUGGING.md')
    parser.add_argument('--timeout', metavar='SECONDS', type=float,
                        help='give up after this time (default: 180; with --watch or --gdb: never)')
    parser.add_argument('--interactive', action='store_true',
                        help='connect the terminal to the console; when the script has ended, '
                             'commands come from the keyboard')
    parser.add_argument('--live', action='store_true',
                        help='files come from the host over TFTP at the moment they are read, so '
                             'that reload finds newer ones')
    parser.add_argument('--watch', action='store_true',
                        help='--live, and whenever files change on the host, have the console '
                             'reload them; the console does not quit at the end of the script')
    parser.add_argument('files', metavar='FILE', nargs='*',
                        help='files for the root of the boot volume')
    arguments = parser.parse_args(words)
    if not arguments.files and not arguments.script and not arguments.interactive:
        parser.error('no file and no script')
    if arguments.script == '-' and arguments.interactive:
        parser.error('--script - and --interactive both want standard input')
    if arguments.hand_over and not arguments.kernel:
        parser.error('--hand-over needs --kernel')
    arguments.live = arguments.live or arguments.watch
    if arguments.live and arguments.kernel:
        parser.error('--live and --watch do not go with --kernel: it has no network')
    if not 1 <= arguments.cpus <= 255:
        parser.error('--cpus must be from 1 to 255')
    if arguments.timeout is None:
        arguments.timeout = float('inf') if arguments.watch or arguments.interactive or \
            arguments.gdb is not None else 180
    if not arguments.timeout > 0:
        parser.error('--timeout must be above 0')
    if arguments.gdb is not None and not 1 <= arguments.gdb <= 65535:
        parser.error('--gdb must be from 1 to 65535')
    return arguments
