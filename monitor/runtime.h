/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_RUNTIME_H
#define MONITOR_RUNTIME_H

#include <stdint.h>

/*
 * The helpers that compilers call for integer arithmetic they do not want to expand: exported as
 * __udivti3 for runtime_udivti3 and so on. The semantics are those of libgcc.
 */
typedef __int128 int128;
typedef unsigned __int128 uint128;

uint128 runtime_udivmodti4(uint128 a, uint128 b, uint128 *rest);
uint128 runtime_udivti3(uint128 a, uint128 b);
uint128 runtime_umodti3(uint128 a, uint128 b);
int128 runtime_divmodti4(int128 a, int128 b, int128 *rest);
int128 runtime_divti3(int128 a, int128 b);
int128 runtime_modti3(int128 a, int128 b);
int128 runtime_multi3(int128 a, int128 b);
int128 runtime_negti2(int128 a);
int128 runtime_ashlti3(int128 a, int count);
int128 runtime_ashrti3(int128 a, int count);
int128 runtime_lshrti3(int128 a, int count);
int64_t runtime_mulodi4(int64_t a, int64_t b, int *overflow);
int128 runtime_muloti4(int128 a, int128 b, int *overflow);
int runtime_popcountsi2(uint32_t a);
int runtime_popcountdi2(uint64_t a);
int runtime_popcountti2(uint128 a);
int runtime_paritydi2(uint64_t a);
int runtime_clzsi2(uint32_t a);
int runtime_clzdi2(uint64_t a);
int runtime_clzti2(uint128 a);
int runtime_ctzsi2(uint32_t a);
int runtime_ctzdi2(uint64_t a);
int runtime_ctzti2(uint128 a);
int runtime_ffsdi2(uint64_t a);
uint32_t runtime_bswapsi2(uint32_t a);
uint64_t runtime_bswapdi2(uint64_t a);

#endif
