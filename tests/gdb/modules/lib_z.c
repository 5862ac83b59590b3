/* SPDX-License-Identifier: MIT */
/* Runs code of zlib. */
#include <string.h>

int compress2(unsigned char *to, unsigned long *to_size, const unsigned char *from,
              unsigned long size, int level);
int uncompress(unsigned char *to, unsigned long *to_size, const unsigned char *from,
               unsigned long size);
unsigned long crc32(unsigned long crc, const unsigned char *bytes, unsigned size);
int library_run(int rounds);

int library_run(int rounds)
{
    static unsigned char text[300], packed[600], again[300];
    int failed = 0;

    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = (unsigned char)("abracadabra"[i % 11] + i / 100 * (i % 3));
    for (int level = 1; level < 10; level += rounds) {
        unsigned long size = sizeof(packed), back = sizeof(again);

        failed += compress2(packed, &size, text, sizeof(text), level);
        failed += uncompress(again, &back, packed, size);
        failed += memcmp(text, again, sizeof(text)) != 0;
    }
    return failed + (crc32(0, text, sizeof(text)) == 0);
}
