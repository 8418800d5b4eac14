/* What every node of this mesh has in common. Nodes with other mesh parameters refuse each other,
 * so the application, the liar and the replay all take their configuration from here. */
#ifndef MESH_CONFIG_H
#define MESH_CONFIG_H

#include <weir.h>

enum {
    MESH_NODES = 64,  /* the map has 54; room for a few more */
    MESH_DEGREE = 12, /* the densest mote hears 10 others at 8 m */
    MESH_FILL = 6,
    MESH_NEIGHBOURS = 24,    /* radios heard, listed or not */
    MESH_INBOX = 32,         /* frames that may arrive between two polls */
    MESH_FRAME = 250,        /* what ESP-NOW carries */
    MESH_NOTES = MESH_NODES, /* one signed note of everybody */
    MESH_NOTE_BYTES = 32
};

/* Memory for one node, and for the map of the mesh that it works with. */
#define MESH_SPACE(name)                                                                           \
    static WEIR_MESH_SIGNED_STORAGE(name, MESH_NODES, MESH_DEGREE, MESH_NEIGHBOURS, MESH_INBOX,    \
                                    MESH_FRAME, MESH_NOTES, MESH_NOTE_BYTES)
#define MAP_SPACE(name) static WEIR_MESH_COMPLEX_STORAGE(name, MESH_NODES, MESH_DEGREE, MESH_FILL)

#define MESH_ID UINT64_C(0x6c61622d35342d31)

/* Members share this key. A product would provision its own and keep it off the wire. */
static const uint8_t mesh_key[16] = { 0x77, 0x65, 0x69, 0x72, 0x20, 0x64, 0x65, 0x6d,
                                      0x6f, 0x20, 0x6b, 0x65, 0x79, 0x2e, 0x30, 0x31 };

/* Seven days pass in half a minute, so every clock of the mesh runs faster than on a battery. */
static inline void mesh_configure(weir_mesh_config *config, uint16_t id, uint32_t boot)
{
    weir_mesh_config_default(config);
    config->id = id;
    config->boot = boot;
    config->mesh_id = MESH_ID;
    config->max_nodes = MESH_NODES;
    config->max_degree = MESH_DEGREE;
    config->fill = MESH_FILL;
    config->max_neighbours = MESH_NEIGHBOURS;
    config->inbox_frames = MESH_INBOX;
    config->frame_max = MESH_FRAME;
    config->signed_records = MESH_NOTES;
    config->signed_bytes = MESH_NOTE_BYTES;
    config->trickle_min_ms = 400;
    config->trickle_doublings = 2;
    config->trickle_k = 2;
    config->heartbeat_max_ms = 500;
    config->link_hold_ms = 1000;
    config->learn_ms = 700;
}

#endif
