/* SPDX-License-Identifier: MIT */
/*
 * An inline function that every object brings along, compiled for patching at its entry: g++ lists
 * the places in a section that describes another one (SHF_LINK_ORDER).
 */
inline __attribute__((noinline)) int shared(int x)
{
    static int calls;

    return x + ++calls;
}

extern "C" int NAME(int x)
{
    return shared(x);
}
