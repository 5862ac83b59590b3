# SPDX-License-Identifier: MIT
"""A TPM that ends the firmware's wait for one."""

import os
import socket
import struct
import threading


class BrokenTpm(threading.Thread):
    """The back end of a TPM that fails every command, as QEMU's tpm-emulator speaks to one.

    Where there is no TPM, QEMU's memory reads as zero and not as the 0xFF that says so: OVMF takes
    that for a TPM that is not ready yet, and each boot begins with 1.5 seconds of polling. One that
    answers, if only with an error, is left alone at once, and OVMF goes on as without.
    """

    # Commands of the control channel that have a longer answer than a status (QEMU: tpm_ioctl.h).
    GET_CAPABILITY = 1
    GET_ESTABLISHED = 4
    SET_DATA_FD = 16
    SET_BUFFER_SIZE = 17
    BUFFER_SIZE = 4096
    FAILED = 0x101  # TPM_RC_FAILURE
    ANSWER_1, ANSWER_2 = 0x00C4, 0x8001  # tags of answers without sessions, of TPM 1.2 and TPM 2.0

    def __init__(self, path):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        try:
            self.listener.bind(path)
        except OSError:
            self.listener.close()
            raise
        self.listener.listen(1)

    def run(self):
        with self.listener, self.listener.accept()[0] as control:
            while True:
                command, handles, _, _ = socket.recv_fds(control, self.BUFFER_SIZE, 1)
                if len(command) < 4:
                    return
                control.sendall(self.answer(struct.unpack_from('>I', command)[0]))
                for handle in handles:
                    threading.Thread(target=self.fail, args=[socket.socket(fileno=handle)],
                                     daemon=True).start()

    def answer(self, command):
        if command == self.GET_CAPABILITY:
            return struct.pack('>Q', (1 << 16) - 1)
        if command == self.GET_ESTABLISHED:
            return struct.pack('>IB3x', 0, 0)
        if command == self.SET_BUFFER_SIZE:
            return struct.pack('>4I', 0, *[self.BUFFER_SIZE] * 3)
        return struct.pack('>I', 0)

    def fail(self, data):
        with data:
            while command := data.recv(self.BUFFER_SIZE):
                tag = self.ANSWER_2 if command[0] == 0x80 else self.ANSWER_1
                data.sendall(struct.pack('>HII', tag, 10, self.FAILED))


def tpm_options(folder):
    path = os.path.join(folder, 'tpm')
    try:
        BrokenTpm(path).start()
    except OSError:  # the path is too long for a socket: the boot takes longer, no more
        return []
    return ['-chardev', f'socket,id=tpm,path={path}', '-tpmdev', 'emulator,id=tpm,chardev=tpm',
            '-device', 'tpm-tis,tpmdev=tpm']
