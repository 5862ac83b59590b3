/* SPDX-License-Identifier: MIT */
/* Runs code of libm. */
double sin(double), cos(double), tan(double), exp(double), log(double), pow(double, double),
    atan2(double, double);
double cbrt(double), lgamma(double), erf(double), sinh(double), j0(double), fmod(double, double),
    hypot(double, double);
float sinf(float), expf(float), powf(float, float), tgammaf(float);
int library_run(int rounds);

int library_run(int rounds)
{
    volatile double sum = 0;

    for (int i = -rounds; i < rounds; i++) {
        double x = i * 1.37e1 + 0.3;

        sum += sin(x) + cos(x * 1e9) + tan(x) + exp(x / 20) + log(x + 100) + pow(2.5, x / 9) +
               atan2(x, 3);
        sum += cbrt(x) + lgamma(x) + erf(x / 30) + sinh(x / 40) + j0(x) + fmod(x * 100, 7) +
               hypot(x, 2);
        sum += sinf((float)x) + expf((float)x) + powf((float)i, 1.5f) + tgammaf((float)i / 3);
    }
    return sum > 0;
}
