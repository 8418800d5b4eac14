/* The board support of this demo: what weir needs from its host, made of Linux.
 *
 * A radio of limited range is played by UDP on the loopback interface: one port number per node,
 * and one datagram to each mote within range. Loss and a cut of the map are played here too, so
 * the application cannot tell them from real ones. Times are milliseconds since `origin_ms`. */
#ifndef PORT_LINUX_H
#define PORT_LINUX_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <weir.h>

enum { PORT_IN_RANGE = 24 };

typedef struct port_options {
    const char *map; /* CSV: mote,x,y in metres */
    double range_m;
    uint16_t base; /* UDP port of node n is base + n */
    uint32_t seed;
    uint32_t loss_permille; /* drawn anew by each receiver */
    double cut_x;           /* frames do not cross this line... */
    uint64_t cut_from_ms;   /* ...from here... */
    uint64_t cut_to_ms;     /* ...to here */
    uint64_t origin_ms;     /* CLOCK_MONOTONIC at run time 0, the same for all nodes */
} port_options;

typedef struct port_peer {
    uint16_t id;
    uint8_t beyond; /* on the other side of the cut */
    struct sockaddr_in address;
} port_peer;

typedef struct port {
    port_options options;
    int socket;
    uint64_t draw; /* state of the loss generator */
    size_t peers;
    port_peer peer[PORT_IN_RANGE];
    uint64_t air_frames, air_bytes; /* once per broadcast, however many hear it */
    uint64_t heard_frames, lost_frames, cut_frames;
} port;

/* 0, or -1 after a message on stderr. */
int port_open(port *self, uint16_t id, const port_options *options);

uint64_t port_now_ms(const port *self);

/* Sleep until a datagram arrives or until `until_ms`. */
void port_sleep(const port *self, uint64_t until_ms);

/* The next frame that the air let through: its length, or 0 when there is none. */
size_t port_receive(port *self, uint8_t *frame, size_t capacity);

/* The callbacks; their context is the port. */
weir_status port_transmit(void *ctx, const uint8_t *frame, size_t len);
weir_status port_entropy(void *ctx, uint8_t *out, size_t len);

#endif
