/* The air of the trace: up to six stations, each a mesh with its complex, its own clock and a port
 * that can fail; between them loss, repetition, delay and bent bits, all from one seed. */
#ifndef AIR_H
#define AIR_H

#include "trace.h"

#define AIR_STATIONS 6
#define AIR_NODES 12
#define AIR_DEGREE 5
#define AIR_NEIGHBOURS 8
#define AIR_INBOX 16
#define AIR_FRAME 250
#define AIR_FILL 4
#define AIR_NOTES 6
#define AIR_NOTE_BYTES 300
#define AIR_FLIGHTS 128

struct air;

/* The callbacks of a port, as places in the arrays below. */
enum { TRANSMIT, ENTROPY, SIGN, VERIFY, CALLBACKS };

struct station {
    struct air *air;
    unsigned index;
    weir_mesh *mesh; /* NULL: switched off */
    weir_complex *map;
    weir_mesh_config config;
    uint64_t base_ms; /* what its clock showed when the air began */
    int32_t drift;    /* thousandths */
    uint64_t wake_ms;
    uint64_t entropy;
    unsigned heard;
    unsigned fail[CALLBACKS]; /* a countdown: the call that makes it 0 fails */
    void (*inside)(struct station *station, unsigned callback);
    size_t said_len; /* the last frame it sent */
    uint8_t said[AIR_FRAME];
    WEIR_MESH_SIGNED_STORAGE(mesh_memory, AIR_NODES, AIR_DEGREE, AIR_NEIGHBOURS, AIR_INBOX,
                             AIR_FRAME, AIR_NOTES, AIR_NOTE_BYTES);
    WEIR_MESH_COMPLEX_STORAGE(complex_memory, AIR_NODES, AIR_DEGREE, AIR_FILL);
};

struct flight {
    uint64_t due_ms;
    unsigned to;
    int8_t rssi;
    size_t len;
    uint8_t bytes[AIR_FRAME];
};

struct air {
    struct trace *trace;
    struct station station[AIR_STATIONS];
    unsigned stations;
    uint64_t now_ms;
    uint64_t random;
    /* Chances out of 256 for every copy of a frame. */
    unsigned lost, twice, bent, late;
    int works;    /* also ship what the plans say */
    int listens;  /* also read events */
    uint8_t wall[AIR_STATIONS][AIR_STATIONS];
    unsigned in_flight;
    struct flight flight[AIR_FLIGHTS];
    uint32_t codes;                 /* one bit per kind of event that was read */
    uint32_t refused;               /* one bit per reason that was counted */
};

extern const uint8_t air_key[16];

/* Starts a new air with some stations; `adjust` may change a config before it is used. */
void air_start(struct air *air, struct trace *trace, unsigned stations,
               void (*adjust)(weir_mesh_config *config, unsigned index));
/* Starts one station anew, as after a loss of power. */
weir_status air_boot(struct air *air, unsigned index, uint32_t boot);
/* What the clock of a station shows. */
uint64_t air_clock(const struct station *station);
/* Lets one station do what is due. */
weir_status air_poll(struct station *station);
/* Lets time pass. */
void air_run(struct air *air, uint64_t span_ms);
/* Cuts the stations of `group`, one bit each, off from the others; 0 removes all walls. */
void air_cut(struct air *air, unsigned group);
/* Everything that a station tells goes into the digest. */
void air_note_station(struct station *station);
void air_note(struct air *air);
/* Whether all stations that are on hold the same records. */
int air_agrees(struct air *air);
/* Hands a frame to one station at once. */
weir_status air_hand(struct station *station, const uint8_t *frame, size_t len);

/* Checks of this file that failed. */
unsigned air_failures(void);

/* The parts of the scenario of weir_mesh; each returns how many of its checks failed. */
unsigned mesh_calls(struct air *air, struct trace *trace);
unsigned mesh_trouble(struct air *air, struct trace *trace);
unsigned mesh_liar(struct air *air, struct trace *trace);

#endif
