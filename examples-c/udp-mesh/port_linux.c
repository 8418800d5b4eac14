/* See port_linux.h. */
#define _GNU_SOURCE

#include "port_linux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct mote {
    unsigned id;
    double x, y;
} mote;

enum { MOTES_MAX = 256 };

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

uint64_t port_now_ms(const port *self)
{
    uint64_t now = monotonic_ms();
    return now > self->options.origin_ms ? now - self->options.origin_ms : 0;
}

/* xorshift64*: repeatable for a seed, which is all that a played loss needs. */
static uint32_t draw_permille(port *self)
{
    self->draw ^= self->draw >> 12;
    self->draw ^= self->draw << 25;
    self->draw ^= self->draw >> 27;
    return (uint32_t)((self->draw * UINT64_C(2685821657736338717)) >> 33) % 1000u;
}

static size_t read_map(const char *path, mote *motes)
{
    char line[128];
    size_t count = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        (void)fprintf(stderr, "cannot read the map %s: %s\n", path, strerror(errno));
        return 0;
    }
    while (count < MOTES_MAX && fgets(line, sizeof line, file) != NULL) {
        mote *m = &motes[count];
        if (sscanf(line, "%u,%lf,%lf", &m->id, &m->x, &m->y) == 3) {
            count++;
        }
    }
    (void)fclose(file);
    return count;
}

static struct sockaddr_in address_of(const port *self, unsigned id)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)(self->options.base + id));
    return address;
}

static int find_peers(port *self, uint16_t id, const mote *motes, size_t count)
{
    const double range2 = self->options.range_m * self->options.range_m;
    const mote *me = NULL;
    for (size_t i = 0; i < count; i++) {
        if (motes[i].id == id) {
            me = &motes[i];
        }
    }
    if (me == NULL) {
        (void)fprintf(stderr, "mote %u is not on the map\n", (unsigned)id);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        const double dx = motes[i].x - me->x;
        const double dy = motes[i].y - me->y;
        if (&motes[i] == me || dx * dx + dy * dy > range2) {
            continue;
        }
        if (self->peers == PORT_IN_RANGE) {
            (void)fprintf(stderr, "mote %u has too many others in range\n", (unsigned)id);
            return -1;
        }
        self->peer[self->peers++] = (port_peer){
            .id = (uint16_t)motes[i].id,
            .beyond = (motes[i].x < self->options.cut_x) != (me->x < self->options.cut_x),
            .address = address_of(self, motes[i].id),
        };
    }
    return 0;
}

int port_open(port *self, uint16_t id, const port_options *options)
{
    mote motes[MOTES_MAX];
    memset(self, 0, sizeof *self);
    self->options = *options;
    self->draw = (uint64_t)options->seed * 65537u + id + UINT64_C(0x9e3779b97f4a7c15);
    if (find_peers(self, id, motes, read_map(options->map, motes)) != 0) {
        return -1;
    }
    struct sockaddr_in address = address_of(self, id);
    self->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->socket < 0 ||
        bind(self->socket, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)fprintf(stderr, "UDP port %u: %s\n", options->base + (unsigned)id, strerror(errno));
        return -1;
    }
    return 0;
}

void port_sleep(const port *self, uint64_t until_ms)
{
    const uint64_t now = port_now_ms(self);
    const uint64_t wait = until_ms > now ? until_ms - now : 0;
    struct pollfd wake = { .fd = self->socket, .events = POLLIN };
    (void)poll(&wake, 1, wait > 1000 ? 1000 : (int)wait);
}

static const port_peer *peer_at(const port *self, in_port_t udp_port)
{
    for (size_t i = 0; i < self->peers; i++) {
        if (self->peer[i].address.sin_port == udp_port) {
            return &self->peer[i];
        }
    }
    return NULL;
}

size_t port_receive(port *self, uint8_t *frame, size_t capacity)
{
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_len = sizeof from;
        ssize_t got =
            recvfrom(self->socket, frame, capacity, 0, (struct sockaddr *)&from, &from_len);
        if (got <= 0) {
            return 0;
        }
        const port_peer *peer = peer_at(self, from.sin_port);
        const uint64_t now = port_now_ms(self);
        if (peer == NULL) {
            continue;
        }
        if (peer->beyond && now >= self->options.cut_from_ms && now < self->options.cut_to_ms) {
            self->cut_frames++;
        } else if (draw_permille(self) < self->options.loss_permille) {
            self->lost_frames++;
        } else {
            self->heard_frames++;
            return (size_t)got;
        }
    }
}

weir_status port_transmit(void *ctx, const uint8_t *frame, size_t len)
{
    port *self = ctx;
    self->air_frames++;
    self->air_bytes += len;
    for (size_t i = 0; i < self->peers; i++) {
        /* A full or closed socket at the other end is a lost frame, as on the air. */
        (void)sendto(self->socket, frame, len, 0, (const struct sockaddr *)&self->peer[i].address,
                     sizeof self->peer[i].address);
    }
    return WEIR_OK;
}

weir_status port_entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    return getrandom(out, len, 0) == (ssize_t)len ? WEIR_OK : WEIR_ERR_ENTROPY;
}
