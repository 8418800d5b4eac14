/* Everything a node believes, written down so that an independent program can check it. */
#ifndef DUMP_H
#define DUMP_H

#include "app.h"

/* One audit: state, plan, neighbours, counters and all records, as JSON lines, in a file of that
 * name. 0, or -1. */
int dump_audit(app *self, uint64_t now_ms, const char *name);

/* This node's own record of a kind in hexadecimal, as a line of the log. */
void dump_own(app *self, uint64_t now_ms, uint8_t kind);

#endif
