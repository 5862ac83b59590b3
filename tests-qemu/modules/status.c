/* SPDX-License-Identifier: MIT */
/* Its init returns the number that the first word spells; `abort` as the word calls abort. */
#include <elfin/efi.h>
#include <elfin/module.h>

void abort(void);

static int start(int argc, char **argv)
{
    const char *text = argc > 0 ? argv[0] : "0";
    int sign = 1, value = 0;

    if (*text == 'a')
        abort();
    if (*text == '-') {
        sign = -1;
        text++;
    }
    for (; *text != '\0'; text++)
        value = value * 10 + (*text - '0');
    return sign * value;
}
ELFIN_INIT(start);

static void stop(void)
{
    elfin_print("status: exit\n");
}
ELFIN_EXIT(stop);
