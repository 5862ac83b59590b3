/* SPDX-License-Identifier: MIT */
/* Images as objects of a load: the functions that the phases call. */
#include "loader/image.h"

static bool is_one(const elfin_input *input)
{
    return input->image || elfin_image_begins((struct span){ input->data, input->size });
}

const struct elfin_images elfin_images = {
    .is_one = is_one,
    .open = elfin_image_object_open,
    .scan = elfin_image_object_scan,
    .check = elfin_image_bound_check,
    .check_tls = elfin_image_bound_check_tls,
    .measure = elfin_image_object_measure,
    .layout = elfin_image_object_layout,
    .place = elfin_image_place,
    .share = elfin_image_share,
    .fixup = elfin_image_fixup,
    .follow = elfin_image_follow,
    .symbol_count = elfin_image_own_count,
    .symbol = elfin_image_own_symbol,
    .tally = elfin_image_tally,
    .each_demand = elfin_image_each_demand,
    .diag_demand = elfin_image_diag_demand,
};
