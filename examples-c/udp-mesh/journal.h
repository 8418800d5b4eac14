/* What the writer and the reader of a journal share; the format is in record.h. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#define JOURNAL_MAGIC "WEIRREC1"

enum { JOURNAL_ENTRY_MAX = 2048 };

static inline void journal_put(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline uint64_t journal_get(const uint8_t *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) {
        value = value << 8 | in[i];
    }
    return value;
}

/* FNV-1a: enough to notice that a frame differs. */
static inline uint32_t journal_checksum(const uint8_t *bytes, size_t len)
{
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ bytes[i]) * 16777619u;
    }
    return sum;
}

#endif
