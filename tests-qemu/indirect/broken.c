/* SPDX-License-Identifier: MIT */
/* A resolver that knows no implementation. */
#include <elfin/efi.h>
#include <elfin/module.h>

typedef long function(long);

__attribute__((used)) static function *choose(void)
{
    elfin_print("broken: resolver\n");
    return 0;
}

function scale __attribute__((ifunc("choose")));

static int start(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    elfin_print("broken: init\n");
    return 0;
}
ELFIN_INIT(start);
