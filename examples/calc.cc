// SPDX-License-Identifier: MIT
//
// C++ with all of the language: virtual functions, run-time types, objects with constructors and destructors at file scope and
// in functions, new and delete, and exceptions that unwind several frames, destroying what these hold. The run-time library
// is Debian's own: libsupc++.a and libgcc_eh.a (package g++-12), member by member; docs/MODULES.md says what they need.
//
//     g++ -O2 -Iinclude -c examples/calc.cc
//
//     elfin> library libsupc++.a
//     elfin> library libgcc_eh.a
//     elfin> load calc.o -- 6*(3+4) 1/0 2*)
//     elfin> call calc:calc_sum_to 100
//     elfin> unload calc
#include <exception>
#include <new>

#include <elfin/efi.h>
#include <elfin/module.h>

ELFIN_MODULE("calc", .version = "1.0", .description = "evaluates expressions, in C++");

namespace
{

// Constructed when the module is loaded, destroyed when it is unloaded.
struct Journal {
    unsigned long made = 0, destroyed = 0;

    Journal() { elfin_print("calc: the journal is open\n"); }
    ~Journal() { elfin_print("calc: %lu nodes made, %lu destroyed\n", made, destroyed); }
};

Journal journal;

class Error : public std::exception
{
public:
    explicit Error(const char *what) : text(what) {}
    const char *what() const noexcept override { return text; }

private:
    const char *text;
};

class SyntaxError : public Error
{
public:
    SyntaxError(const char *what, unsigned long where) : Error(what), position(where) {}

    const unsigned long position;
};

// Owns one object; what the standard's unique_ptr does, whose header is not for freestanding code.
template <typename T> class Owner
{
public:
    explicit Owner(T *object = nullptr) : held(object) {}
    Owner(Owner &&other) noexcept : held(other.release()) {}
    Owner(const Owner &) = delete;
    Owner &operator=(const Owner &) = delete;
    ~Owner() { delete held; }

    T *operator->() const { return held; }
    T *get() const { return held; }
    T *release()
    {
        T *object = held;
        held = nullptr;
        return object;
    }

private:
    T *held;
};

class Node
{
public:
    Node() { journal.made++; }
    virtual ~Node() { journal.destroyed++; }
    virtual long value() const = 0;
};

class Number : public Node
{
public:
    explicit Number(long n) : number(n) {}
    long value() const override { return number; }

private:
    long number;
};

class Operation : public Node
{
public:
    Operation(char op, Owner<Node> &left, Owner<Node> &right) : sign(op), a(left.release()), b(right.release()) {}

    long value() const override
    {
        long x = a->value(), y = b->value();

        switch (sign) {
        case '+':
            return x + y;
        case '-':
            return x - y;
        case '*':
            return x * y;
        default:
            if (y == 0)
                throw Error("division by zero");
            return x / y;
        }
    }

    const char sign;

private:
    Owner<Node> a, b;
};

// Made when it is asked for the first time.
struct Limits {
    int depth = 64;

    Limits() { elfin_print("calc: expressions may be %d levels deep\n", depth); }
    ~Limits() { elfin_print("calc: no limits any more\n"); }
};

const Limits &limits()
{
    static Limits instance;

    return instance;
}

class Parser
{
public:
    explicit Parser(const char *text) : start(text), at(text) {}

    Node *parse()
    {
        Owner<Node> whole(sum(0));

        if (*at)
            fail("an operator is missing");
        return whole.release();
    }

private:
    const char *const start, *at;

    [[noreturn]] void fail(const char *what) const
    {
        throw SyntaxError(what, static_cast<unsigned long>(at - start));
    }

    Node *sum(int depth)
    {
        Owner<Node> *left = new Owner<Node>(product(depth));

        try {
            while (*at == '+' || *at == '-') {
                char sign = *at++;
                Owner<Node> right(product(depth));
                Owner<Node> *both = new Owner<Node>(new Operation(sign, *left, right));
                delete left;
                left = both;
            }
        } catch (...) {
            delete left;
            throw;
        }
        Node *node = left->release();
        delete left;
        return node;
    }

    Node *product(int depth)
    {
        Owner<Node> left(factor(depth));

        if (*at != '*' && *at != '/')
            return left.release();
        char sign = *at++;
        Owner<Node> right(product(depth));
        return new Operation(sign, left, right);
    }

    Node *factor(int depth)
    {
        if (depth >= limits().depth)
            fail("too deep");
        if (*at == '(') {
            at++;
            Owner<Node> inner(sum(depth + 1));
            if (*at++ != ')')
                fail("a parenthesis is missing");
            return inner.release();
        }
        if (*at < '0' || *at > '9')
            fail("a number is missing");
        long number = 0;
        while (*at >= '0' && *at <= '9')
            number = 10 * number + (*at++ - '0');
        return new Number(number);
    }
};

// Whether an operation is on top: asked of the object itself.
char kind_of(const Node &node)
{
    const Operation *operation = dynamic_cast<const Operation *>(&node);

    return operation ? operation->sign : '#';
}

void show(const char *text)
{
    try {
        Owner<Node> whole(Parser(text).parse());
        elfin_print("%s = %ld (%c)\n", text, whole->value(), kind_of(*whole.get()));
    } catch (const SyntaxError &error) {
        elfin_print("%s: %s, at %lu\n", text, error.what(), error.position);
    } catch (const std::exception &error) {
        elfin_print("%s: %s\n", text, error.what());
    }
}

// Throws from the depth of as many frames as it is asked for.
long dive(unsigned long depth)
{
    Owner<Node> held(new Number(static_cast<long>(depth)));

    if (depth == 0)
        throw 0L;
    try {
        return dive(depth - 1) + held->value();
    } catch (long sum) {
        throw sum + held->value();
    }
}

int start(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        show(argv[i]);
    return 0;
}

} // namespace

ELFIN_INIT(start);

extern "C" long calc_sum_to(unsigned long n)
{
    try {
        return dive(n);
    } catch (long sum) {
        return sum;
    }
}

extern "C" long calc_nodes(void)
{
    return static_cast<long>(journal.made - journal.destroyed);
}

extern "C" void calc_uncaught(void)
{
    throw SyntaxError("nobody catches this", 0);
}
