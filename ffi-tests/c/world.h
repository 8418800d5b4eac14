/* A few nodes in one program: a radio without loss, one clock, entropy that can be repeated. */
#ifndef WORLD_H
#define WORLD_H

#include "check.h"

#define WORLD_NODES 3
#define WORLD_MAX_NODES 16
#define WORLD_DEGREE 6
#define WORLD_NEIGHBOURS 12
#define WORLD_INBOX 16
#define WORLD_FRAME 250
#define WORLD_FILL 6
#define WORLD_NOTES 4
#define WORLD_NOTE_BYTES 32

/* Frames in flight: they arrive when the sender's call has returned. */
#define WORLD_AIR 64

/* stack.c measures each call; everybody else just calls. */
#ifndef MEASURED
#define MEASURED(name, call) (call)
#endif

struct world;

struct node {
    struct world *world;
    unsigned index;
    weir_mesh *mesh;
    weir_complex *complex;
    uint64_t entropy;
    uint64_t next_ms;
    unsigned received;
    /* A callback fails when its countdown reaches 1; 0 never fails. */
    unsigned fail_transmit;
    unsigned fail_entropy;
    unsigned fail_sign;
    unsigned fail_verify;
    /* Called from inside each callback, for the tests of re-entry. */
    void (*inside)(struct node *node, const char *callback);
    WEIR_MESH_SIGNED_STORAGE(mesh_memory, WORLD_MAX_NODES, WORLD_DEGREE, WORLD_NEIGHBOURS,
                             WORLD_INBOX, WORLD_FRAME, WORLD_NOTES, WORLD_NOTE_BYTES);
    WEIR_MESH_COMPLEX_STORAGE(complex_memory, WORLD_MAX_NODES, WORLD_DEGREE, WORLD_FILL);
};

struct world {
    struct node node[WORLD_NODES];
    uint64_t now_ms;
    uint64_t air; /* digest of every frame ever sent */
    unsigned frames;
    unsigned in_air;
    struct {
        unsigned from;
        size_t len;
        uint8_t bytes[WORLD_FRAME];
    } flight[WORLD_AIR];
    uint8_t cut[WORLD_NODES][WORLD_NODES];
};

static inline int countdown(unsigned *left)
{
    if (*left == 0) {
        return 0;
    }
    *left -= 1;
    return *left == 0;
}

static inline weir_status world_transmit(void *ctx, const uint8_t *frame, size_t len)
{
    struct node *self = (struct node *)ctx;
    struct world *world = self->world;
    if (self->inside) {
        self->inside(self, "transmit");
    }
    if (countdown(&self->fail_transmit) || world->in_air == WORLD_AIR || len > WORLD_FRAME) {
        return WEIR_ERR_BUSY;
    }
    world->air = digest_bytes(digest_value(world->air, len), frame, len);
    world->frames++;
    world->flight[world->in_air].from = self->index;
    world->flight[world->in_air].len = len;
    memcpy(world->flight[world->in_air].bytes, frame, len);
    world->in_air++;
    return WEIR_OK;
}

static inline void world_deliver(struct world *world)
{
    unsigned at, to;
    for (at = 0; at < world->in_air; at++) {
        for (to = 0; to < WORLD_NODES; to++) {
            unsigned from = world->flight[at].from;
            if (to != from && world->node[to].mesh && !world->cut[from][to]) {
                (void)!MEASURED("weir_mesh_receive_isr",
                                weir_mesh_receive_isr(world->node[to].mesh, world->flight[at].bytes,
                                                      world->flight[at].len, -60));
            }
        }
    }
    world->in_air = 0;
}

static inline weir_status world_entropy(void *ctx, uint8_t *out, size_t len)
{
    struct node *self = (struct node *)ctx;
    size_t at;
    if (self->inside) {
        self->inside(self, "entropy");
    }
    if (countdown(&self->fail_entropy)) {
        return -1000;
    }
    for (at = 0; at < len; at++) {
        out[at] = (uint8_t)next_random(&self->entropy);
    }
    return WEIR_OK;
}

/* No signature at all, only its shape: what is tested is when it is asked for and what follows. */
static inline void world_signature(unsigned author, const uint8_t *message, size_t len,
                                   uint8_t *signature)
{
    uint64_t state = digest_bytes(digest_value(digest_start(), author), message, len);
    size_t at;
    for (at = 0; at < 64; at++) {
        signature[at] = (uint8_t)next_random(&state);
    }
}

static inline weir_status world_sign(void *ctx, const uint8_t *message, size_t len,
                                     uint8_t *signature)
{
    struct node *self = (struct node *)ctx;
    if (self->inside) {
        self->inside(self, "sign");
    }
    if (countdown(&self->fail_sign)) {
        return -1000;
    }
    world_signature(self->index + 1, message, len, signature);
    return WEIR_OK;
}

static inline weir_status world_verify(void *ctx, uint16_t author, const uint8_t *message,
                                       size_t len, const uint8_t *signature)
{
    struct node *self = (struct node *)ctx;
    uint8_t expected[64];
    if (self->inside) {
        self->inside(self, "verify");
    }
    world_signature(author, message, len, expected);
    if (countdown(&self->fail_verify) || memcmp(expected, signature, 64) != 0) {
        return -1000;
    }
    return WEIR_OK;
}

static const weir_mesh_port world_port = {
    sizeof(weir_mesh_port), world_transmit, world_entropy, world_sign, world_verify,
};
static const uint8_t world_key[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static inline weir_mesh_config world_config(struct node *node)
{
    weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
    config.id = (uint16_t)(node->index + 1);
    config.max_nodes = WORLD_MAX_NODES;
    config.max_degree = WORLD_DEGREE;
    config.fill = WORLD_FILL;
    config.max_neighbours = WORLD_NEIGHBOURS;
    config.inbox_frames = WORLD_INBOX;
    config.frame_max = WORLD_FRAME;
    config.signed_records = WORLD_NOTES;
    config.signed_bytes = WORLD_NOTE_BYTES;
    config.mesh_id = 7;
    config.boot = 1;
    /* Faster than on a battery, so that a minute shows links going down and coming back. */
    config.trickle_min_ms = 200;
    config.trickle_doublings = 4;
    config.heartbeat_max_ms = 3000;
    config.link_hold_ms = 2000;
    config.learn_ms = 1000;
    config.port = &world_port;
    config.ctx = node;
    return config;
}

static inline void world_start_node(struct world *world, unsigned index)
{
    struct node *node = &world->node[index];
    weir_mesh_config config;
    weir_complex_config complex;
    node->world = world;
    node->index = index;
    node->entropy = index + 1;
    node->next_ms = 0;
    config = world_config(node);
    GIVES(weir_mesh_init(&node->mesh, node->mesh_memory, sizeof node->mesh_memory, &config),
          WEIR_OK);
    GIVES(weir_mesh_complex_config(&config, &complex), WEIR_OK);
    GIVES(weir_complex_init(&node->complex, node->complex_memory, sizeof node->complex_memory,
                            &complex),
          WEIR_OK);
    GIVES(weir_mesh_set_key(node->mesh, 0, world_key, 8), WEIR_OK);
    GIVES(weir_mesh_attach_complex(node->mesh, node->complex), WEIR_OK);
}

static inline void world_start(struct world *world)
{
    unsigned index;
    memset(world, 0, sizeof *world);
    world->air = digest_start();
    for (index = 0; index < WORLD_NODES; index++) {
        world_start_node(world, index);
    }
}

/* Moves work over every plan and takes what came. Called after each poll. */
static inline void world_work(struct node *node)
{
    weir_shipment shipment[WORLD_DEGREE];
    size_t count = 0, at;
    int32_t amount = 0;
    if (MEASURED("weir_mesh_plan",
                 weir_mesh_plan(node->mesh, shipment, WORLD_DEGREE, &count)) == WEIR_OK) {
        for (at = 0; at < count; at++) {
            (void)!MEASURED("weir_mesh_ship", weir_mesh_ship(node->mesh, shipment[at].to,
                                                             shipment[at].amount));
        }
    }
    if (MEASURED("weir_mesh_get_received",
                 weir_mesh_get_received(node->mesh, &amount)) == WEIR_OK) {
        node->received += (unsigned)amount;
    }
}

/* Polls whoever is due until the clock shows `until_ms`; `work`: also ship. */
static inline void world_run(struct world *world, uint64_t until_ms, int work)
{
    unsigned index;
    while (world->now_ms < until_ms) {
        uint64_t next = until_ms;
        for (index = 0; index < WORLD_NODES; index++) {
            struct node *node = &world->node[index];
            weir_mesh_due due;
            memset(&due, 0, sizeof due);
            due.size = sizeof due;
            if (!node->mesh) {
                continue;
            }
            if (MEASURED("weir_mesh_poll", weir_mesh_poll(node->mesh, world->now_ms, &due)) < 0) {
                due.next_ms = world->now_ms + 1;
            }
            world_deliver(world);
            if (work) {
                world_work(node);
            }
            node->next_ms = due.next_ms;
            if (due.next_ms < next) {
                next = due.next_ms;
            }
        }
        /* Frames wake a sleeping node: here simply by looking every 100 ms. */
        if (next > world->now_ms + 100) {
            next = world->now_ms + 100;
        }
        world->now_ms = next > world->now_ms ? next : world->now_ms + 1;
    }
}

static inline weir_mesh_state world_state(struct node *node)
{
    weir_mesh_state state;
    memset(&state, 0, sizeof state);
    state.size = sizeof state;
    CHECK(MEASURED("weir_mesh_settle", weir_mesh_settle(node->mesh, &state)) >= 0);
    return state;
}

/* Cuts node `index` off, or lets it back. */
static inline void world_isolate(struct world *world, unsigned index, uint8_t cut)
{
    unsigned other;
    for (other = 0; other < WORLD_NODES; other++) {
        world->cut[index][other] = world->cut[other][index] = cut;
    }
}

static inline int world_agrees(struct world *world)
{
    unsigned index;
    uint64_t digest = world_state(&world->node[0]).digest;
    for (index = 1; index < WORLD_NODES; index++) {
        if (world_state(&world->node[index]).digest != digest) {
            return 0;
        }
    }
    return 1;
}

#endif
