/* SPDX-License-Identifier: MIT */
/* Runs code of libbz2. */
#include <stdlib.h>
#include <string.h>

int BZ2_bzBuffToBuffCompress(char *to, unsigned *to_size, char *from, unsigned size, int block,
                             int verbosity, int work);
int BZ2_bzBuffToBuffDecompress(char *to, unsigned *to_size, char *from, unsigned size, int small,
                               int verbosity);
int library_run(int rounds);

int library_run(int rounds)
{
    static char text[3000], packed[4000], again[3000];
    int failed = 0;

    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = (char)("abracadabra"[i % 11] + i / 100 * (i % 3));
    for (int small = 0; small < 2; small++) {
        unsigned size = sizeof(packed), back = sizeof(again);

        failed += BZ2_bzBuffToBuffCompress(packed, &size, text, sizeof(text), 1, 0, rounds);
        failed += BZ2_bzBuffToBuffDecompress(again, &back, packed, size, small, 0);
        failed += memcmp(text, again, sizeof(text)) != 0;
    }
    return failed;
}
