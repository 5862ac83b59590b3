/* SPDX-License-Identifier: MIT */
#include "loader/internal.h"

void elfin_module_fail(elfin_module *module)
{
    module->flags |= ELFIN_MODULE_FAILED;
}
