/* Targets that must fail: defects planted behind what a fuzzer has to find by itself. A run that
 * does not end in a finding here says nothing about the other targets. */
#ifndef FUZZ_CANARY_H
#define FUZZ_CANARY_H

#include "host.h"

/* A word in front: only feedback leads to it byte by byte. */
static inline void canary_word(struct input *in)
{
    static const char planted[] = "weir";
    unsigned met = 0;
    while (met < 4 && take8(in) == (uint8_t)planted[met]) {
        met++;
    }
    HOLDS(met < 4);
}

/* Three calls in this order, with arguments that belong together, break what must hold. */
static inline void canary_calls(struct input *in)
{
    uint8_t opened = 0, filled = 0, place = 0;
    unsigned steps;
    for (steps = 0; in->left && steps < 32; steps++) {
        uint8_t op = take8(in) & 7, argument = take8(in) & 15;
        if (op == 1 && !opened) {
            opened = 1;
            place = argument;
        } else if (op == 2 && opened && argument == place) {
            filled = 1;
        } else if (op == 3) {
            HOLDS(!(filled && argument == place));
        }
    }
}

/* C writes one byte too far. */
static inline void canary_heap_of_c(struct input *in)
{
    /* So that the compiler does not know what is behind it. */
    uint8_t *volatile bytes = (uint8_t *)malloc(8);
    size_t at;
    for (at = 0; at <= 8; at++) {
        bytes[at] = take8(in);
    }
    free(bytes);
}

/* C overflows a signed number. */
static inline void canary_overflow_of_c(struct input *in)
{
    volatile int32_t most = INT32_MAX;
    volatile int32_t sum = most + 1 + take8(in);
    (void)sum;
}

/* The library writes where the caller's array ends too soon. */
static inline void canary_heap_of_rust(struct input *in)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    size_t bytes = weir_complex_storage_size(&config);
    uint64_t *memory = exact(bytes);
    int32_t flow[2] = { 5, 7 };
    int32_t *out = (int32_t *)malloc(sizeof *out);
    weir_complex *map;
    (void)in;
    MUST_GIVE(weir_complex_init(&map, memory, bytes, &config), WEIR_OK);
    MUST_GIVE(weir_complex_add_node(map, 1), WEIR_OK);
    MUST_GIVE(weir_complex_add_node(map, 2), WEIR_OK);
    MUST_GIVE(weir_complex_add_node(map, 3), WEIR_OK);
    MUST_GIVE(weir_complex_add_edge(map, 1, 2), WEIR_OK);
    MUST_GIVE(weir_complex_add_edge(map, 2, 3), WEIR_OK);
    MUST_GIVE(weir_complex_settle(map, flow, out, 2, NULL), WEIR_OK);
    printf("%ld\n", (long)out[0]);
    free(out);
    free(memory);
}

#endif
