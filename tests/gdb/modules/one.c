/* SPDX-License-Identifier: MIT */
/* Code for GDB to stop in; the lines it stops at have a mark. */
struct point {
    int x, y;
    const char *name;
};

int two(int value);

int entered;
static struct point origin = { 3, 4, "origin" };

static int sum_of(const struct point *point, int times)
{
    int sum = point->x + point->y;
    int result = sum * times; /* mark: sum */

    return result;
}

int enter(int times)
{
    int total = sum_of(&origin, times);

    entered++;
    total += two(total); /* mark: call */
    return total;
}
