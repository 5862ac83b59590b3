/* SPDX-License-Identifier: MIT */
/*
 * Compresses and inflates data with Debian's unmodified libz.a (package zlib1g-dev), and prints
 * checksums. Members of the archive are loaded as they are needed. They were built for user space,
 * with a red zone and stack canaries: docs/MODULES.md says why that is safe here.
 *
 *     gcc -O2 -Iinclude -c examples/zip.c
 *
 *     elfin> library libz.a
 *     elfin> load zip.o
 *     elfin> call zip:roundtrip 1000000 9
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("zip", .version = ZLIB_VERSION, .description = "compresses with zlib");

unsigned long roundtrip(unsigned long size, unsigned long level);

/* Text of a small vocabulary: compressible, and the same everywhere. */
static void fill(unsigned char *data, unsigned long size)
{
    static const char *const words[] = { "load ", "scan ", "resolve ", "place ", "copy ", "init " };
    uint32_t state = 1;

    for (unsigned long i = 0; i < size;) {
        const char *word;
        state = state * 1664525 + 1013904223;
        word = words[(state >> 16) % (sizeof(words) / sizeof(words[0]))];
        while (*word != '\0' && i < size)
            data[i++] = (unsigned char)*word++;
    }
}

static unsigned long compress_and_compare(unsigned char *data, unsigned char *again,
                                          unsigned char *packed, unsigned long size, int level)
{
    unsigned long packed_size = compressBound(size), again_size = size;

    fill(data, size);
    if (compress2(packed, &packed_size, data, size, level) != Z_OK ||
        uncompress(again, &again_size, packed, packed_size) != Z_OK || again_size != size ||
        memcmp(data, again, size) != 0)
        return 0;
    elfin_print("zlib %s level %d: %lu bytes to %lu, crc32 %08lx and %08lx, adler32 %08lx\n",
                zlibVersion(), level, size, packed_size, crc32(0, data, (unsigned)size),
                crc32(0, packed, (unsigned)packed_size), adler32(1, again, (unsigned)size));
    return crc32(0, packed, (unsigned)packed_size) << 32 | adler32(1, again, (unsigned)size);
}

/* The crc32 of the compressed data and the adler32 of the plain; 0 when anything went wrong. */
unsigned long roundtrip(unsigned long size, unsigned long level)
{
    unsigned char *data = malloc(size), *again = malloc(size),
                  *packed = malloc(compressBound(size));
    unsigned long result = 0;

    if (data != NULL && again != NULL && packed != NULL)
        result = compress_and_compare(data, again, packed, size, (int)level);
    free(packed);
    free(again);
    free(data);
    return result;
}
