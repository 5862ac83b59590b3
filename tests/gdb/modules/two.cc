/* SPDX-License-Identifier: MIT */
#include "box.h"

extern "C" int three(int value);
extern "C" int four(int value);

namespace shapes
{
class square
{
  public:
    explicit square(int side) : side_(side) {}
    int area() const
    {
        return side_ * side_; /* mark: area */
    }

  private:
    int side_;
};
} // namespace shapes

#ifdef LATER
static int later(int value)
{
    return value + LATER;
}
#endif

extern "C" int two(int value)
{
    box<int> held{ value };
    shapes::square square(2);
    int result = held.twice() + square.area();

#ifdef LATER
    result = later(result);
#endif
    return result + three(result) + four(1); /* mark: two */
}
