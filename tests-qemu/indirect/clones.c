/* SPDX-License-Identifier: MIT */
/* The compiler writes the resolver; it asks __cpu_model of the compiler's run-time library. */
__attribute__((target_clones("avx2", "sse4.2", "default"))) long sum(const int *numbers, int count)
{
    long total = 0;

    for (int i = 0; i < count; i++)
        total += numbers[i] * numbers[i];
    return total;
}

long sum_of_squares(int count)
{
    int numbers[256];

    for (int i = 0; i < count; i++)
        numbers[i] = i + 1;
    return sum(numbers, count);
}
