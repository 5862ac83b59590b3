/* SPDX-License-Identifier: MIT */
/* Prints what matrix_run gives for the seeds 1, 2, 3 in a row, when a linker of the system links
 * it. */
#include <stdio.h>

#include "matrix.h"

int main(void)
{
    for (u64 seed = 1; seed <= 3; seed++)
        printf("%lu\n", matrix_run(seed));
    return 0;
}
