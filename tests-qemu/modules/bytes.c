/* SPDX-License-Identifier: MIT */
/* Prints bytes that are no text, in pieces and whole. */
#include <elfin/efi.h>

int putchar(int c);
int print_bytes(void);

static void print_each(const char *text)
{
    for (; *text != '\0'; text++)
        putchar((unsigned char)*text);
}

int print_bytes(void)
{
    elfin_print("[a\x1b\r\bb\t[2J\x7f"
                "c]\n");
    elfin_print("[\x9b"
                "31m]\n");
    elfin_print("[\xc2\x9b"
                "31m]\n");
    print_each("[\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80]\n");
    elfin_print("[\xff\xc0\xaf\xed\xa0x]\n");
    print_each("[\xe2\x82]\n");
    elfin_print("[\xc2\xa0]\n");
    return 0;
}
