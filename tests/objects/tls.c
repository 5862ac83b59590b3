/* SPDX-License-Identifier: MIT */
/* Refused: thread-local storage. */
static __thread int counter;

int tls_count(void);
int tls_count(void)
{
    return ++counter;
}
