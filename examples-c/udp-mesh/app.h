/* One mote of the demo: work arrives, is done at a fixed rate, and weir says what to hand to whom.
 */
#ifndef APP_H
#define APP_H

#include "options.h"

#include <stdio.h>

typedef struct app {
    options opt;
    port port;
    weir_mesh *mesh;
    weir_complex *map;
    FILE *arrivals; /* the work that will come: in a product, a sensor or a queue */
    FILE *log;
    uint64_t coming_ms; /* the next arrival in that file */
    int64_t coming_units;
    int64_t injected, done; /* totals since the beginning of time, also across restarts */
    int64_t at_hand;        /* what was queued here when the last tick ended */
    uint64_t carry;         /* part of a unit of work already paid for, in 1/1000 */
    uint32_t ticks;
    uint64_t ticked_ms, next_tick_ms, next_audit_ms;
    uint32_t overflow; /* frames that came faster than they were worked on */
    uint8_t learned;   /* weir knows what we published before this start */
    uint8_t noted;
} app;

/* Units by which a queue must change before it is told again. */
uint32_t app_gate(const app *self);

#endif
