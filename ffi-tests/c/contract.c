/* Every function called in every way to fail: the documented status, and not a byte changed. */
#include "fixture.h"

/* Only the functions whose name has this in it. */
#ifndef ONLY
#define ONLY "weir_"
#endif

static unsigned pairs, changed;

static void first_change(void)
{
    const uint8_t *now = (const uint8_t *)&f, *then = (const uint8_t *)&before;
    size_t at = 0, first;
    while (at < sizeof f && now[at] == then[at]) {
        at++;
    }
    first = at;
    for (at = sizeof f; at > first && now[at - 1] == then[at - 1]; at--) {
    }
    printf("  bytes %lu to %lu of the fixture changed\n", (unsigned long)first, (unsigned long)at);
}

static void try(const struct call *call, unsigned number)
{
    const struct way *way = &call->ways[number];
    const unsigned failed = checks_failed;
    long got;
    memcpy(&f, &fresh, sizeof f);
    watched = 1;
    got = call->make(number);
    watched = 0;
    if (got == way->status) {
        checks_passed++;
    } else {
        checks_failed++;
        printf("gave %ld, expected %ld\n", got, way->status);
    }
    if (!way->works) {
        pairs++;
        if (memcmp(&f, &before, sizeof f) != 0) {
            changed++;
            checks_failed++;
            first_change();
        }
    }
    if (checks_failed != failed) {
        printf("%s: %s\n", call->name, way->text);
    }
}

int main(void)
{
    size_t at;
    unsigned number;
    make_fixture();
    for (at = 0; at < CALLS; at++) {
        if (!strstr(calls[at].name, ONLY)) {
            continue;
        }
        for (number = 0; number < calls[at].count; number++) {
            try(&calls[at], number);
        }
        /* The handle was left: a call that worked can be made again. */
        memcpy(&f, &fresh, sizeof f);
        (void)calls[at].make(0);
        CHECK(calls[at].make(0) != WEIR_ERR_BUSY);
    }
    printf("pairs %u\nchanged %u\n", pairs, changed);
    return checks_done("contract");
}
