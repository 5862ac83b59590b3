/* SPDX-License-Identifier: MIT */
/* Compresses and expands with Debian's libbz2.a; the result is the compressed size, 0 on failure.
 */
#include <stdlib.h>
#include <string.h>
#include <bzlib.h>

unsigned bzip(unsigned size);

unsigned bzip(unsigned size)
{
    unsigned packed_size = size + 1000, again_size = size;
    char *data = malloc(size), *packed = malloc(packed_size), *again = malloc(size);
    unsigned result = 0;

    for (unsigned i = 0; data != NULL && i < size; i++)
        data[i] = (char)(i * i >> 9);
    if (data != NULL && packed != NULL && again != NULL &&
        BZ2_bzBuffToBuffCompress(packed, &packed_size, data, size, 9, 0, 0) == BZ_OK &&
        BZ2_bzBuffToBuffDecompress(again, &again_size, packed, packed_size, 0, 0) == BZ_OK &&
        again_size == size && memcmp(data, again, size) == 0)
        result = packed_size;
    free(again);
    free(packed);
    free(data);
    return result;
}

#ifdef NATIVE
#include <stdio.h>

int main(void)
{
    printf("%u\n", bzip(300000));
    return 0;
}
#endif
