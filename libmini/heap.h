/* SPDX-License-Identifier: MIT */
#ifndef LIBMINI_HEAP_H
#define LIBMINI_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libmini/tree.h"

/*
 * The heap: objects of any size out of chunks of memory that a callback provides, typically from
 * the page allocator.
 *
 * Shape: two-level segregated lists. Free blocks of similar size share a list, and a bitmap tells
 * which lists are not empty, so the search for a block is two bit scans. Neighbouring free blocks
 * are joined at once. A chunk without any block in use is given back, except for one of the least
 * size that is kept lest one object, made and freed in turn, cost the callback each time;
 * mini_heap_trim gives back that one too.
 *
 * Cost: constant time, but that an object to be freed or resized is first looked up among the
 * chunks, in O(log c). Resizing may copy. 16 bytes for each object, 96 for each chunk.
 *
 * Errors are found, not followed. A pointer is looked up among the chunks before anything near it
 * is read. Each block's header carries a seal, a checksum of its place, sizes and state (and of the
 * list links of a free block), which is checked before any of these is used. So freeing what is not
 * an object in use is refused, and so is freeing next to a header that was overwritten. What was
 * found damaged is left alone for good: never handed out again, nor is its chunk given back. This
 * is about accidents; it does not stop somebody who computes seals, and the headers of the chunks
 * themselves, which no object precedes, have none.
 *
 * Not thread-safe: the caller locks, or has one thread.
 */

enum {
    MINI_HEAP_ALIGN = 16,        /* of every object */
    MINI_HEAP_CHUNK = 64 * 1024, /* a chunk's least size, if the limit allows */
    MINI_HEAP_GRAIN = 4096,      /* chunk sizes are multiples of this */
    MINI_HEAP_CLASSES = 29,      /* first level: by power of two */
    MINI_HEAP_SUBCLASSES = 16,   /* second level: equal parts of a class */
};

enum mini_heap_status {
    MINI_HEAP_OK,
    MINI_HEAP_FOREIGN,     /* not in any chunk (any more), or not the start of an object */
    MINI_HEAP_DOUBLE_FREE, /* freed already, and its memory is not in use again */
    MINI_HEAP_DAMAGED,     /* the header of the object or of a neighbour was overwritten */
};

/*
 * grow gives size bytes (a multiple of MINI_HEAP_GRAIN), aligned to at least MINI_HEAP_ALIGN, or
 * NULL. The memory is the heap's until it calls shrink with the same address and size. A heap never
 * writes outside of its chunks.
 */
typedef void *mini_heap_grow(void *ctx, size_t size);
typedef void mini_heap_shrink(void *ctx, void *chunk, size_t size);

struct mini_heap_block;
struct mini_heap_chunk;

struct mini_heap_statistics {
    size_t used;     /* bytes in objects in use, each rounded up to what it may use */
    size_t peak;     /* the highest `used` so far */
    size_t reserved; /* bytes in chunks, at most the limit */
    size_t limit;
    size_t count; /* objects in use */
    size_t chunks;
    size_t failed;  /* requests answered by NULL */
    size_t damaged; /* times that an overwritten block was met */
};

struct mini_heap {
    mini_heap_grow *grow;
    mini_heap_shrink *shrink;
    void *ctx;
    struct mini_tree chunks;
    struct mini_heap_chunk *spare; /* the one empty chunk that is kept, or NULL */
    struct mini_heap_statistics statistics;
    uint32_t classes;                       /* bit: some list of the class has a block */
    uint32_t subclasses[MINI_HEAP_CLASSES]; /* bit: the list has a block */
    struct mini_heap_block *lists[MINI_HEAP_CLASSES][MINI_HEAP_SUBCLASSES];
};

/*
 * An empty heap; nothing is asked of grow yet. `limit` is a hard limit for the bytes in chunks, so
 * for all that is ever taken from grow. shrink may be NULL: then chunks are kept until
 * mini_heap_drop, which forgets them.
 */
void mini_heap_init(struct mini_heap *heap, size_t limit, mini_heap_grow *grow,
                    mini_heap_shrink *shrink, void *ctx);

/*
 * An object of at least size bytes (of 0 bytes too, with an address of its own), with undefined
 * content. NULL when grow or the limit say no, or size is about 64 GiB or more.
 */
void *mini_heap_alloc(struct mini_heap *heap, size_t size);

/* The same at a multiple of align, a power of two; NULL also for any other align. */
void *mini_heap_alloc_aligned(struct mini_heap *heap, size_t align, size_t size);

/*
 * Resizes in place where that is possible, else moves (then with MINI_HEAP_ALIGN only). NULL: not
 * possible, or object is not one in use; it is unchanged then. A NULL object makes it
 * mini_heap_alloc. Size 0 is a size like others.
 */
void *mini_heap_realloc(struct mini_heap *heap, void *object, size_t size);

/*
 * Frees an object; on error nothing is changed. NULL is fine. Telling why a pointer is not an
 * object takes time by the number of blocks in its chunk.
 */
enum mini_heap_status mini_heap_free(struct mini_heap *heap, void *object);

/* Bytes the object may use, at least those asked for; 0 when it is not an object in use. */
size_t mini_heap_size(struct mini_heap *heap, const void *object);

/* Gives back the empty chunk that is kept, if any. */
void mini_heap_trim(struct mini_heap *heap);

/* Gives back all chunks, objects in use included, and leaves an empty heap with the same limit and
 * callbacks. */
void mini_heap_drop(struct mini_heap *heap);

struct mini_heap_statistics mini_heap_statistics(const struct mini_heap *heap);

/* Walks all chunks, blocks and lists: true when all is consistent. O(blocks); for tests and
 * debugging. */
bool mini_heap_check(struct mini_heap *heap);

#endif
