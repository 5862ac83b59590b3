/* SPDX-License-Identifier: MIT */
#include "libmini/mem.h"
#include "libmini/mem_word.h"

#include <stdint.h>

static void move_up(unsigned char *to, const unsigned char *from, size_t size)
{
#if MINI_MEM_STRING_OPS
    if (size >= MINI_MEM_STRING_MIN) {
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
        return;
    }
#endif
    /* Each word is read whole before it is written, and the next one read lies above all bytes
     * written so far. */
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
}

/* By words, not by the string instruction with the direction flag set: that one goes byte by byte.
 */
static void move_down(unsigned char *to, const unsigned char *from, size_t size)
{
    while (size >= sizeof(struct mini_word)) {
        size -= sizeof(struct mini_word);
        *(struct mini_word *)(to + size) = *(const struct mini_word *)(from + size);
        MINI_MEM_KEEP_LOOP();
    }
    while (size-- > 0) {
        to[size] = from[size];
        MINI_MEM_KEEP_LOOP();
    }
}

void *memmove(void *dst, const void *src, size_t size)
{
    /* One unsigned comparison: below `size` only when dst lies inside the source, above its start.
     */
    if ((uintptr_t)dst - (uintptr_t)src >= size)
        move_up(dst, src, size);
    else if (dst != src)
        move_down(dst, src, size);
    return dst;
}
