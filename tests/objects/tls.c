/* SPDX-License-Identifier: MIT */
/* Thread-local storage, which a host without an area for it refuses. */
static __thread int counter;

int tls_count(void);
int tls_count(void)
{
    return ++counter;
}
