/* SPDX-License-Identifier: MIT */
/* Code that several objects have: one of them is kept. */
template <typename T> struct box {
    T content;
    __attribute__((noinline)) T twice() const
    {
        T doubled = content + content; /* mark: twice */
        return doubled;
    }
};
