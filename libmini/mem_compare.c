/* SPDX-License-Identifier: MIT */
#include "libmini/mem.h"
#include "libmini/mem_word.h"

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a;
    const unsigned char *right = b;

    /* Words only find out where the difference is; its sign is the first differing byte's. */
    while (size >= sizeof(struct mini_word) &&
           ((const struct mini_word *)left)->value == ((const struct mini_word *)right)->value) {
        left += sizeof(struct mini_word);
        right += sizeof(struct mini_word);
        size -= sizeof(struct mini_word);
    }
    for (; size > 0; size--, left++, right++) {
        if (*left != *right)
            return *left < *right ? -1 : 1;
        MINI_MEM_KEEP_LOOP();
    }
    return 0;
}
