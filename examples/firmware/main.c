/* A sensor that calibrates itself: at every tick a reading and a reference come in, and a network of
   fixed size takes a step along its gradient. All memory is static; nothing is allocated. */

#include "sensor.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

#define WORK 2052 /* what sensor_work gives */

static double weights[12], offsets[4], shares[4];
static double weights_bar[12], offsets_bar[4], shares_bar[4];
static double work[WORK];
static const sensor_params params = {weights, offsets, shares};
static const sensor_params grad = {weights_bar, offsets_bar, shares_bar};
static const sensor_sizes sizes = {0};

/* The next number from -1 to 1 of a generator of 32 bits, as a microcontroller has it. */
static double drawn(void)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (double)state / 2147483648.0 - 1.0;
}

static void step(double *value, const double *slope, int count)
{
    for (int i = 0; i < count; i++) {
        value[i] -= 0.05 * slope[i];
    }
}

int main(void)
{
    double error = 0.0;
    if (sensor_work(&sizes) > WORK) {
        return 1;
    }
    for (int i = 0; i < 12; i++) {
        weights[i] = drawn();
    }
    for (int i = 0; i < 4; i++) {
        shares[i] = drawn();
    }
    for (int tick = 1; tick <= 40000; tick++) {
        const double x[3] = {drawn(), drawn(), drawn()};
        const double y = 0.5 * sin(x[0]) - 0.25 * x[1] * x[2];
        const sensor_inputs inputs = {x, &y};
        error += 0.001 * (sensor_value_and_grad(&sizes, &params, &inputs, 1, &grad, work) - error);
        step(weights, weights_bar, 12);
        step(offsets, offsets_bar, 4);
        step(shares, shares_bar, 4);
        if (tick % 10000 == 0) {
            printf("tick %d: mean loss %.5f\n", tick, error);
        }
    }
    return error < 0.002 ? 0 : 1;
}
