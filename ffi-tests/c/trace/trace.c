/* Every handle through a long fixed scenario, and one digest for each. What this prints is the text
 * of docs/abi/trace.txt on every machine.
 *
 * A new handle is a file beside this one with one function, its declaration in trace.h, and one
 * line of the table below. */
#include "trace.h"

static const struct {
    const char *handle;
    unsigned (*run)(struct trace *trace);
} handles[] = {
    { "library", trace_library },
    { "complex", trace_complex },
    { "balance", trace_balance },
    { "mesh", trace_mesh },
};

int main(void)
{
    static const weir_status statuses[] = {
        WEIR_OK,        WEIR_PENDING,     WEIR_END,     WEIR_ERR_NULL,
        WEIR_ERR_RANGE, WEIR_ERR_STORAGE, WEIR_ERR_ABI, WEIR_ERR_STATE,
        WEIR_ERR_BUSY,  WEIR_ERR_FULL,    WEIR_ERR_ENTROPY,
    };
    uint64_t all = digest_start();
    uint64_t digest[sizeof handles / sizeof handles[0]];
    uint32_t seen = 0;
    size_t at;
    for (at = 0; at < sizeof handles / sizeof handles[0]; at++) {
        struct trace trace;
        trace.handle = handles[at].handle;
        trace.digest = digest_start();
        trace.seen = 0;
        checks_failed += handles[at].run(&trace);
        seen |= trace.seen;
        digest[at] = trace.digest;
        all = digest_value(all, trace.digest);
    }
    for (at = 0; at < sizeof statuses / sizeof statuses[0]; at++) {
        if (!CHECK((seen & status_bit(statuses[at])) != 0)) {
            printf("%s never came back\n", weir_status_name(statuses[at]));
        }
    }
    for (at = 0; at < sizeof handles / sizeof handles[0]; at++) {
        printf("trace ");
        print_digest(handles[at].handle, digest[at]);
    }
    print_digest("trace all", all);
    return checks_failed != 0;
}
