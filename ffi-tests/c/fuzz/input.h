/* What every fuzz target shares: bytes that never run out, and how a finding is told. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "../check.h"
#include <stdlib.h>

/* Bytes of the input that were not used yet; after the last one come zeros. */
struct input {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t take8(struct input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

static inline uint16_t take16(struct input *in)
{
    uint16_t low = take8(in);
    return (uint16_t)(low | (take8(in) << 8));
}

static inline uint32_t take32(struct input *in)
{
    uint32_t low = take16(in);
    return low | ((uint32_t)take16(in) << 16);
}

static inline uint64_t take64(struct input *in)
{
    uint64_t low = take32(in);
    return low | ((uint64_t)take32(in) << 32);
}

/* A number that is often small and sometimes at an end of the range. */
static inline int64_t take_number(struct input *in)
{
    uint8_t shape = take8(in);
    switch (shape >> 5) {
    case 0:
        return (int64_t)take64(in);
    case 1:
        return (int32_t)take32(in);
    case 2:
        return shape & 1 ? INT64_MAX : INT64_MIN;
    case 3:
        return shape & 1 ? INT32_MAX : INT32_MIN;
    case 4:
        return (int16_t)take16(in);
    default:
        return shape & 31;
    }
}

/* At most `most` bytes of the input, in memory of exactly that size. */
static inline uint8_t *take_bytes(struct input *in, size_t most, size_t *len)
{
    uint8_t *bytes;
    *len = most < in->left ? most : in->left;
    bytes = (uint8_t *)malloc(*len ? *len : 1);
    memcpy(bytes, in->at, *len);
    in->at += *len;
    in->left -= *len;
    return bytes;
}

/* The whole input, to be told with a finding. */
static const uint8_t *whole_input;
static size_t whole_len;

/* Ends the program. */
static inline void finding(void)
{
    size_t at;
    printf("input: ");
    for (at = 0; at < whole_len; at++) {
        printf("%02x", (unsigned)whole_input[at]);
    }
    printf("\n");
    fflush(stdout);
    abort();
}

/* Says what does not hold: an input that gets here is a finding. */
static inline void must_hold(int holds, const char *what, const char *file, int line)
{
    if (!holds) {
        printf("%s:%d: finding: %s does not hold\n", file, line, what);
        finding();
    }
}

#define HOLDS(condition) must_hold((condition), #condition, __FILE__, __LINE__)

/* A call whose status is known beforehand. */
static inline void must_give(weir_status status, weir_status expected, const char *call,
                             const char *file, int line)
{
    if (status != expected) {
        printf("%s:%d: finding: %s gave %s, not %s\n", file, line, call, weir_status_name(status),
               weir_status_name(expected));
        finding();
    }
}

#define MUST_GIVE(call, expected) must_give((call), (expected), #call, __FILE__, __LINE__)

/* Storage of exactly this size, so that a byte too far is seen; never clean before use. */
static inline uint64_t *exact(size_t bytes)
{
    uint64_t *memory = (uint64_t *)malloc(bytes);
    HOLDS(memory != NULL);
    paint(memory, bytes);
    return memory;
}

static inline int is_zero(const void *memory, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)memory;
    while (len && bytes[len - 1] == 0) {
        len--;
    }
    return len == 0;
}

#endif
