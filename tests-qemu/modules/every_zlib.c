/* SPDX-License-Identifier: MIT */
/* Needs every object of libz.a that has code: the functions for files too, which fail honestly. */
#include <stddef.h>
#include <zlib.h>

int files_fail(void);
void *every[] = { (void *)compress, (void *)uncompress, (void *)inflateBack,
                  (void *)gzgets,   (void *)gzprintf,   (void *)gzclose };

int files_fail(void)
{
    return gzopen("nowhere.gz", "rb") == NULL;
}
