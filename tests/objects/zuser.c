/* SPDX-License-Identifier: MIT */
/* Compresses and inflates through zlib; the test links it with Debian's libz.a. */
#include <stddef.h>

unsigned long crc32(unsigned long crc, const unsigned char *data, unsigned size);
int compress2(unsigned char *to, unsigned long *to_size, const unsigned char *from,
              unsigned long from_size, int level);
int uncompress(unsigned char *to, unsigned long *to_size, const unsigned char *from,
               unsigned long from_size);

static unsigned char text[20000], packed[30000], again[20000];

unsigned long zuser_crc(void)
{
    return crc32(0, (const unsigned char *)"123456789", 9);
}

/* The number of packed bytes when all came back, else 0. */
unsigned long zuser_round_trip(void)
{
    unsigned long packed_size = sizeof packed, size = sizeof again;

    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (unsigned char)(i * i / 97 % 31 + 'A');
    }
    if (compress2(packed, &packed_size, text, sizeof text, 6) != 0 ||
        uncompress(again, &size, packed, packed_size) != 0 || size != sizeof text) {
        return 0;
    }
    for (size_t i = 0; i < sizeof text; i++) {
        if (again[i] != text[i]) {
            return 0;
        }
    }
    return packed_size;
}
