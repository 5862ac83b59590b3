/* SPDX-License-Identifier: MIT */
/* from volume:|tftp: [SERVER [ADDRESS MASK]] */
#include "libmini/str.h"
#include "uefi/commands.h"
#include "uefi/network.h"
#include "uefi/platform.h"

int command_from(struct session *session, int count, char **words)
{
    bool network = mini_str_equal(words[1], SOURCE_NETWORK);

    (void)session;
    if (!network && !mini_str_equal(words[1], SOURCE_VOLUME))
        return command_error("%s: neither %s nor %s", words[1], SOURCE_VOLUME, SOURCE_NETWORK);
    if (count > 2 && !network)
        return command_error("addresses are for %s", SOURCE_NETWORK);
    if (network && !network_configure(count - 2, words + 2))
        return command_error("usage: from tftp: [SERVER [ADDRESS MASK]], as in 10.0.2.2 10.0.2.15 "
                             "255.255.255.0");
    platform_set_source(network);
    return STATUS_SUCCESS;
}
