/* SPDX-License-Identifier: MIT */
#include "kernel/serial.h"

#include "kernel/port.h"

enum {
    PORT = 0x3f8,
    DATA = PORT,
    INTERRUPTS = PORT + 1,
    FIFO = PORT + 2,
    LINE = PORT + 3,
    MODEM = PORT + 4,
    STATUS = PORT + 5,
    SCRATCH = PORT + 7,
    DIVISOR_115200 = 1,
    LINE_DIVISOR = 0x80,
    LINE_8N1 = 3,
    FIFO_ON = 7,
    MODEM_READY = 3,
    STATUS_RECEIVED = 1,
    STATUS_EMPTY = 0x20,
};

static bool present;

void serial_init(void)
{
    port_write(SCRATCH, 0x5a);
    present = port_read(SCRATCH) == 0x5a;
    port_write(INTERRUPTS, 0);
    port_write(LINE, LINE_DIVISOR);
    port_write(DATA, DIVISOR_115200);
    port_write(DATA + 1, 0);
    port_write(LINE, LINE_8N1);
    port_write(FIFO, FIFO_ON);
    port_write(MODEM, MODEM_READY);
}

void serial_put(char c)
{
    if (!present)
        return;
    while (!(port_read(STATUS) & STATUS_EMPTY))
        __asm__ volatile("pause");
    port_write(DATA, (uint8_t)c);
}

int serial_get(void)
{
    return present && port_read(STATUS) & STATUS_RECEIVED ? port_read(DATA) : -1;
}
