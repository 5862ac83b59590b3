/* SPDX-License-Identifier: MIT */
/* The member of an archive. */
unsigned long member_data[4] = { 1, 2, 3, 4 };
unsigned long member_value(unsigned long index);

unsigned long member_value(unsigned long index)
{
    return 10 * member_data[index];
}
