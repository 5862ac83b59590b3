/* SPDX-License-Identifier: MIT */
#include "monitor/channel.h"

#include <stdint.h>

enum {
    DEBUG_CONSOLE_PORT = 0xe9,
    DEBUG_CONSOLE_ANSWER = 0xe9,
    EXIT_STATUS_BASE = 2
};

static bool present;

static void port_write(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t port_read(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void channel_init(void)
{
    present = port_read(DEBUG_CONSOLE_PORT) == DEBUG_CONSOLE_ANSWER;
}

void channel_write(const char *text, size_t length)
{
    if (!present)
        return;
    for (size_t i = 0; i < length; i++)
        port_write(DEBUG_CONSOLE_PORT, (uint8_t)text[i]);
}

void channel_exit_machine(unsigned port, unsigned status)
{
    if (port != 0)
        port_write((uint16_t)port, (uint8_t)(status + EXIT_STATUS_BASE));
}
