/* SPDX-License-Identifier: MIT */
/* Needs three names that nobody has. */
extern int missing_data;
int missing_one(int);
int missing_two(int);
int missing_all(void);

int missing_all(void)
{
    return missing_one(missing_data) + missing_two(missing_data);
}
