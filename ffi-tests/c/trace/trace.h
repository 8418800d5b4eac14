/* What the files of the trace share: how statuses, values and texts go into the digest.
 *
 * Only values go in, never the bytes of a struct, so that byte order, padding and the size of a
 * pointer do not matter. What a machine may say differently, such as storage sizes, stays out. */
#ifndef TRACE_H
#define TRACE_H

#include "../check.h"

struct trace {
    const char *handle;
    uint64_t digest;
    uint32_t seen; /* one bit per status that came back */
};

static inline void note(struct trace *trace, uint64_t value)
{
    trace->digest = digest_value(trace->digest, value);
}

static inline void note_signed(struct trace *trace, int64_t value)
{
    note(trace, (uint64_t)value);
}

static inline void note_bytes(struct trace *trace, const void *bytes, size_t len)
{
    note(trace, len);
    trace->digest = digest_bytes(trace->digest, bytes, len);
}

static inline void note_text(struct trace *trace, const char *text)
{
    size_t len;
    for (len = 0; text[len] != 0; len++) {
        trace->digest = digest_bytes(trace->digest, text + len, 1);
    }
    note(trace, len);
}

static inline void note_words(struct trace *trace, const int32_t *words, size_t count)
{
    size_t at;
    for (at = 0; at < count; at++) {
        note_signed(trace, words[at]);
    }
}

static inline uint32_t status_bit(weir_status status)
{
    return UINT32_C(1) << (status < 0 ? 16 - status : status);
}

static inline weir_status note_status(struct trace *trace, weir_status status)
{
    trace->seen |= status_bit(status);
    note_signed(trace, status);
    return status;
}

/* Makes a call whose status goes into the digest. */
#define DID(call) note_status(trace, (call))

/* The digest so far: two machines that part say with these lines where they did. */
static inline void chapter(const struct trace *trace, const char *name)
{
    printf("chapter %s.%s %08lx%08lx\n", trace->handle, name,
           (unsigned long)(trace->digest >> 32), (unsigned long)(trace->digest & UINT32_MAX));
}

/* One function per handle. It returns how many checks of the scenario itself failed: that it
 * reaches what it was written to reach. */
unsigned trace_library(struct trace *trace);
unsigned trace_complex(struct trace *trace);
unsigned trace_balance(struct trace *trace);
unsigned trace_mesh(struct trace *trace);

#endif
