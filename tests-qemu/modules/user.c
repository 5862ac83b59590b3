/* SPDX-License-Identifier: MIT */
/* Uses `six` of the module arguments. */
#include <stdint.h>

uint64_t six(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
uint64_t use_six(uint64_t a);

uint64_t use_six(uint64_t a)
{
    return six(a, a, a, a, a, a);
}
