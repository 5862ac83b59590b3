/* SPDX-License-Identifier: MIT */
/*
 * Thread-local variables of every kind that one object can have by itself, reached by the ways the
 * compiler chooses and by the ways an attribute asks for. No call leads outside.
 */
#define MODEL(name) __attribute__((tls_model(name)))

_Thread_local int first = 1;
_Thread_local long wide[5] = { 1, 2, 3 };
_Thread_local char odd[3];
_Alignas(64) _Thread_local int aligned;
static _Thread_local short hidden_number = 7;
static _Thread_local long hidden_zero[3];
__attribute__((visibility("hidden"))) _Thread_local int unseen = 9;
__attribute__((weak)) _Thread_local int weak_number = 11;

int plain = 13;
_Thread_local int *pointer = &plain;
static _Thread_local int (*callback)(int);

MODEL("global-dynamic") _Thread_local int dynamic = 17;
MODEL("local-dynamic") static _Thread_local int local_dynamic = 19;
MODEL("local-dynamic") static _Thread_local int local_dynamic_zero[7];
MODEL("initial-exec") _Thread_local int initial = 23;
MODEL("initial-exec") _Thread_local char initial_text[30];
MODEL("local-exec") _Thread_local int local = 29;

int *address_of_first(void);
int sum(void);
long index_wide(int index, long add);
void set(int value);
int *choose(int which);
int follow(int value);

int *address_of_first(void)
{
    return &first;
}

int sum(void)
{
    return first + odd[2] + aligned + hidden_number + (int)hidden_zero[1] + unseen + weak_number +
           dynamic + local_dynamic + local_dynamic_zero[6] + initial + initial_text[29] + local;
}

long index_wide(int index, long add)
{
    wide[index] += add;
    return wide[index] + wide[4] + (add ? hidden_zero[index] : *pointer);
}

void set(int value)
{
    first = value;
    hidden_number = (short)value;
    local_dynamic = value;
    local_dynamic_zero[value & 3] = value;
    initial = value;
    initial_text[value & 7] = 1;
    local = value;
    unseen = value;
}

int *choose(int which)
{
    switch (which) {
    case 0:
        return &local_dynamic;
    case 1:
        return &initial;
    case 2:
        return &local;
    case 3:
        return &aligned;
    default:
        return &dynamic + which;
    }
}

static int twice(int value)
{
    return 2 * value;
}

int follow(int value)
{
    if (!callback)
        callback = twice;
    pointer = &plain;
    return callback(value) + *pointer;
}
