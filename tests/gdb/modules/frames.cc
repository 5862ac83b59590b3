/* SPDX-License-Identifier: MIT */
/* Virtual calls, templates and callbacks, in both directions between this file and frames.c. */
#include <algorithm>
#include <array>

using change_fn = int(int);

extern "C" int frames_twice(int value);
extern "C" int shapes_sum(int count, change_fn *change);
extern "C" int shapes_sorted(int count);

namespace shapes
{
struct shape {
    virtual int area(int scale) const
    {
        return scale;
    }

  protected:
    ~shape() = default;
};

struct named {
    virtual int name() const
    {
        return 7;
    }
};

class square : public shape
{
  public:
    explicit square(int side) : side_(side)
    {
    }
    int area(int scale) const override
    {
        return side_ * side_ * scale;
    }

  private:
    int side_;
};

/* Calls through its second base come by way of a thunk. */
class circle final : public named, public shape
{
  public:
    explicit circle(int radius) : radius_(radius)
    {
    }
    int area(int scale) const override
    {
        return 3 * radius_ * frames_twice(scale) + name();
    }

  private:
    int radius_;
};

template <typename Each> __attribute__((noinline)) int each_of(int count, const Each &each)
{
    int sum = 0;

    for (int i = 0; i < count; i++)
        sum += each(i);
    return sum;
}
} // namespace shapes

extern "C" int shapes_sum(int count, change_fn *change)
{
    shapes::square square(count);
    shapes::circle circle(count + 1);
    std::array<shapes::shape *volatile, 2> all{ &square, &circle };

    return shapes::each_of(count, [&](int i) { return all[i % 2]->area(i) + change(i); });
}

extern "C" int shapes_sorted(int count)
{
    std::array<int, 20> values{};

    for (int i = 0; i < count; i++)
        values[i] = i * 5 % 7;
    std::sort(values.begin(), values.begin() + count, [](int a, int b) { return a % 5 < b % 5; });
    return shapes::each_of(count, [&](int i) { return frames_twice(values[i]); });
}
