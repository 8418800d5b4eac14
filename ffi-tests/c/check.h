/* What every conformance program shares: counted checks, and bytes that show who wrote them. */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <weir.h>

static unsigned checks_passed;
static unsigned checks_failed;

static inline int check(int holds, const char *what, const char *file, int line)
{
    if (holds) {
        checks_passed++;
    } else {
        checks_failed++;
        printf("%s:%d: %s does not hold\n", file, line, what);
    }
    return holds;
}

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

/* The status of a call, by its number: failures then say what came instead. */
static inline int check_status(weir_status status, weir_status expected, const char *call,
                               const char *file, int line)
{
    if (status == expected) {
        checks_passed++;
        return 1;
    }
    checks_failed++;
    printf("%s:%d: %s gave %ld, expected %ld\n", file, line, call, (long)status, (long)expected);
    return 0;
}

#define GIVES(call, expected) check_status((call), (expected), #call, __FILE__, __LINE__)

/* The last line of every program, and its exit status. */
static inline int checks_done(const char *name)
{
    printf("%s: %u passed, %u failed\n", name, checks_passed, checks_failed);
    return checks_failed != 0;
}

static inline void paint(void *memory, size_t len)
{
    memset(memory, 0xa5, len);
}

static inline int is_painted(const void *memory, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)memory;
    size_t at;
    for (at = 0; at < len; at++) {
        if (bytes[at] != 0xa5) {
            return 0;
        }
    }
    return 1;
}

/* FNV-1a: short, and the same everywhere. Values go in as little-endian bytes by arithmetic. */
static inline uint64_t digest_start(void)
{
    return UINT64_C(0xcbf29ce484222325);
}

static inline uint64_t digest_bytes(uint64_t digest, const void *memory, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)memory;
    size_t at;
    for (at = 0; at < len; at++) {
        digest = (digest ^ bytes[at]) * UINT64_C(0x100000001b3);
    }
    return digest;
}

static inline uint64_t digest_value(uint64_t digest, uint64_t value)
{
    uint8_t bytes[8];
    size_t at;
    for (at = 0; at < 8; at++) {
        bytes[at] = (uint8_t)(value >> (8 * at));
    }
    return digest_bytes(digest, bytes, 8);
}

/* Small C libraries leave 64-bit numbers out of printf. */
static inline void print_digest(const char *name, uint64_t digest)
{
    printf("%s %08lx%08lx\n", name, (unsigned long)(digest >> 32),
           (unsigned long)(digest & UINT32_MAX));
}

/* The reproducible stream of these tests (SplitMix64). */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif
