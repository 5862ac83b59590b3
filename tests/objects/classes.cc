/* SPDX-License-Identifier: MIT */
/*
 * C++ whose definitions every object brings along (COMDAT groups): compiled as PART 1 and PART 2,
 * loaded as one group or as two. Functions are name_PART.
 */
extern "C" void trace(int id);

#define JOIN_(a, b) a##_##b
#define JOIN(a, b)  JOIN_(a, b)
#define EACH(type, name) extern "C" __attribute__((noinline)) type JOIN(name, PART)

struct Traced {
    int id;
    explicit Traced(int i) : id(i) { trace(id); }
    ~Traced() { trace(100 + id); }
};

struct Base {
    virtual ~Base() {}
    virtual int kind() { return 1; }
};

struct Derived : Base {
    int number;
    explicit Derived(int n) : number(n) {}
    int kind() override { return 2; }
};

template <typename T> struct Counter {
    static T count;
};
template <typename T> T Counter<T>::count;

inline int &inline_static()
{
    static Traced first(90); /* made once, by whoever comes first */
    static int calls;

    return calls;
}

inline Traced inline_object(1);

static Traced last(10 * PART + 3), later(10 * PART + 4);
__attribute__((init_priority(500))) static Traced middle(10 * PART + 2);
__attribute__((init_priority(200))) static Traced early(10 * PART + 1);

EACH(int, bump)()
{
    return ++inline_static();
}

EACH(int *, counter)()
{
    return &Counter<int>::count;
}

EACH(Traced *, shared_object)()
{
    return &inline_object;
}

EACH(Base *, make)(int n)
{
    return new Derived(n);
}

EACH(void, destroy)(Base *base)
{
    delete base;
}

/* The number when the object is a Derived of this object's reckoning; -1 otherwise. */
EACH(int, ask)(Base *base)
{
    Derived *derived = dynamic_cast<Derived *>(base);

    return derived ? derived->number + 10 * base->kind() : -1;
}

/* Compilers differ in whether this is one type in two objects; it is in one. */
namespace
{
struct Private {
    int number;
};
}

EACH(void, fail)(int n)
{
    Traced here(70 + PART);

    if (n < 0)
        throw Private{ n };
    throw Derived(n);
}

/* Throws on its way, too: what was caught is thrown again, and destroyed once. */
static void pass_on(void (*thrower)(int), int n)
{
    Traced here(80 + PART);

    try {
        thrower(n);
    } catch (Base &) {
        trace(85);
        throw;
    }
}

EACH(int, attempt)(void (*thrower)(int), int n)
{
    try {
        pass_on(thrower, n);
    } catch (Private &p) {
        return 1000 + p.number;
    } catch (Derived &d) {
        return d.number;
    } catch (...) {
        return -2;
    }
    return -1;
}
