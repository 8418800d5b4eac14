/* The command line of a node: what its board, its job and this run would have fixed. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "port_linux.h"

typedef struct options {
    port_options port;
    uint16_t id;
    uint32_t boot;        /* how often this node has started; firmware keeps it in flash */
    const char *arrivals; /* CSV: ms,units, oldest first */
    const char *log;      /* what happened, one fact per line */
    const char *dump;     /* prefix of the audit files */
    const char *snapshot; /* own records are kept in this file, and read from it at start */
    const char *record;   /* journal of every call, for the replay */
    const char *forge;    /* a liar: ids to forge, separated by commas */
    uint32_t rate;        /* units of work per second */
    uint32_t tick_ms;
    uint64_t work_until_ms; /* then the node rests, so that the books can be compared */
    uint64_t end_ms;
    uint64_t audit_ms; /* distance between audits */
} options;

/* 0, or -1 after a message. */
int options_read(options *out, int argc, char **argv);

#endif
