/* SPDX-License-Identifier: MIT */
#include "libmini/mem.h"
#include "libmini/mem_word.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t size)
{
    unsigned char *to = dst;
    const unsigned char *from = src;

#if MINI_MEM_STRING_OPS
    if (size >= MINI_MEM_STRING_MIN) {
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
        return dst;
    }
#endif
    for (; size >= sizeof(struct mini_word); size -= sizeof(struct mini_word)) {
        *(struct mini_word *)to = *(const struct mini_word *)from;
        to += sizeof(struct mini_word);
        from += sizeof(struct mini_word);
        MINI_MEM_KEEP_LOOP();
    }
    while (size-- > 0) {
        *to++ = *from++;
        MINI_MEM_KEEP_LOOP();
    }
    return dst;
}
