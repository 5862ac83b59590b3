/* SPDX-License-Identifier: MIT */
/* usage: peer_dlopen DEFINITIONS.so OBJECT.so: nanoseconds that opening the second one takes */
#include <dlfcn.h>
#include <stdio.h>

#include "bench/lib/clock.h"

int main(int argc, char **argv)
{
    uint64_t ticks;

    bench_clock_init();
    if (argc < 3 || !dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL)) {
        puts(argc < 3 ? "usage: peer_dlopen DEFINITIONS.so OBJECT.so" : dlerror());
        return 1;
    }
    ticks = bench_ticks();
    if (!dlopen(argv[2], RTLD_NOW)) {
        puts(dlerror());
        return 1;
    }
    ticks = bench_ticks() - ticks;
    printf("%.0f\n", bench_ns(ticks));
    return 0;
}
