/* SPDX-License-Identifier: MIT */
/* A module with parts of every kind, whose init and exit say what they find. */
#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("first", .version = "2.1", .description = "is handed over");

unsigned long timer_ticks(void);
unsigned long member_value(unsigned long);
unsigned long first_sum(void);
unsigned long first_ticks(void);
extern unsigned long member_data[4];
extern unsigned long nobody_has_this __attribute__((weak));

static unsigned long constructed[2], zeros[1000];
unsigned long common_words[3];

/* Addresses of this module, of another and of the kernel, in constants and in data. */
static unsigned long *const constants[] = { &member_data[3], &common_words[1], zeros,
                                            &nobody_has_this };
static void *pointers[] = { (void *)timer_ticks, (void *)member_value, (void *)first_sum,
                            &pointers[2] };

/* What only init needs is given back after it. */
__attribute__((section(".init.data"))) static unsigned long starting[600] = { 5, 6 };
__attribute__((section(".init.text"), noinline)) static unsigned long add_up(void)
{
    return starting[0] + starting[1] + member_value(3);
}

__attribute__((constructor(200))) static void second_constructor(void)
{
    constructed[1] = constructed[0] + 1;
}

__attribute__((constructor(101))) static void first_constructor(void)
{
    constructed[0] = 40;
}

static int start(int argc, char **argv)
{
    zeros[999] = add_up();
    elfin_print("first: %lu, %lu, %d words%s%s\n", constructed[1], zeros[999], argc,
                argc > 0 ? ": " : "", argc > 0 ? argv[0] : "");
    return 0;
}
ELFIN_INIT(start);

static void stop(void)
{
    elfin_print("first: exit\n");
}
ELFIN_EXIT(stop);

unsigned long first_sum(void)
{
    unsigned long *const volatile *at = constants;

    return *at[0] + *at[1] + at[2][999] + (at[3] == 0) + (pointers[3] == &pointers[2]);
}
ELFIN_EXPORT(first_sum);

unsigned long first_ticks(void)
{
    return ((unsigned long (*)(void))pointers[0])();
}
