/* SPDX-License-Identifier: MIT */
#include "libmini/mem.h"
#include "libmini/mem_word.h"

void *memset(void *dst, int value, size_t size)
{
    unsigned char *to = dst;
    unsigned char byte = (unsigned char)value;

#if MINI_MEM_STRING_OPS
    if (size >= MINI_MEM_STRING_MIN) {
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
        return dst;
    }
#endif
    struct mini_word word = { byte * UINT64_C(0x0101010101010101) };
    for (; size >= sizeof(word); size -= sizeof(word)) {
        *(struct mini_word *)to = word;
        to += sizeof(word);
        MINI_MEM_KEEP_LOOP();
    }
    while (size-- > 0) {
        *to++ = byte;
        MINI_MEM_KEEP_LOOP();
    }
    return dst;
}
