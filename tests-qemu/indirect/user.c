/* SPDX-License-Identifier: MIT */
/* Uses another module's indirect function in every way that compilers know. */
typedef long function(long);

extern function scale;
extern function *table[];
function *scale_of_owner(void);

function *user_table[] = { scale, scale };
function *const user_constant = scale;

long call_directly(long x)
{
    return scale(x) + 1;
}

long call_at_the_end(long x)
{
    return scale(x + 1);
}

long call_by_pointer(long x)
{
    function *volatile pointer = scale;

    return pointer(x) + user_table[1](x) + user_constant(x);
}

/* All sides know the same address. */
int same_pointers(void)
{
    function *volatile pointer = scale;

    return pointer == scale_of_owner() && user_table[0] == table[0] && user_constant == pointer &&
           user_table[1] == pointer;
}
