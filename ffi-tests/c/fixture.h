/* Handles in the middle of their lives and everything a call may touch, in one struct that can be
 * copied and compared: for the calls that ffi-tests/src/contract makes. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "world.h"

#define NODES 7
#define USED 6  /* nodes of `map` */
#define EDGES 6 /* of `map`; max_edges is 8 */
#define TRIANGLES 2
#define FILL 6

#define NOTHING 0
#define GIVEN 1

struct fixture {
    struct world world; /* three nodes that met and share work */
    weir_mesh *mesh;    /* the first of them; events wait, and a complex is attached */
    struct node newborn; /* keyed, never polled; a complex to be attached */
    struct node nomad;   /* without a key, without a boot number; another mesh */
    struct node poor;    /* without places for signed records */
    weir_complex *map, *named, *large;
    WEIR_COMPLEX_STORAGE(map_memory, NODES, 8, TRIANGLES, FILL);
    WEIR_COMPLEX_STORAGE(named_memory, NODES, 8, TRIANGLES, FILL);
    WEIR_MESH_COMPLEX_STORAGE(large_memory, WORLD_MAX_NODES, WORLD_DEGREE + 1, WORLD_FILL);
    uint64_t zeroed[64], painted[64], crooked[2048];
    /* What follows is what calls read and write. */
    uint64_t room[2048];
    weir_complex_config complex_config;
    weir_mesh_config config;
    weir_mesh_port port;
    weir_complex *made_map;
    weir_mesh *made_mesh;
    weir_q16 flow[EDGES], settled[EDGES], gradient[EDGES], harmonic[EDGES];
    int32_t load[NODES], ship[EDGES];
    uint8_t up[EDGES], trust[EDGES], key[16], bytes[1024], image[1024];
    uint16_t a, b, count16, capacity[NODES], corner[NODES];
    size_t len, count, image_len;
    weir_seat seats[NODES], seated[NODES];
    int64_t work[2 * NODES], moved, next;
    weir_sizes sizes;
    weir_cost cost[WEIR_BALANCE_WAYS];
    uint32_t way, cursor;
    weir_sweep_up children[2], sum;
    weir_sweep_down told, down;
    weir_channel channel;
    weir_ends ends;
    weir_across across[3];
    weir_q16 q16;
    int32_t step, amount;
    weir_shipment shipment[WORLD_DEGREE];
    /* Structs with a size, 8 bytes apart: a longer one is written as far as it is known. */
#define SIZED(type, name) type name; uint64_t after_##name
    SIZED(weir_complex_report, report);
    SIZED(weir_complex_parts, parts);
    SIZED(weir_relax_report, relaxed);
    SIZED(weir_forest, forest);
    SIZED(weir_forest, known_forest);
    SIZED(weir_pace, pace);
    SIZED(weir_pace, known_pace);
    SIZED(weir_mesh_due, due);
    SIZED(weir_mesh_event, event);
    SIZED(weir_record, record);
    SIZED(weir_neighbour, neighbour);
    SIZED(weir_mesh_stats, stats);
    SIZED(weir_mesh_load, mesh_load);
    SIZED(weir_mesh_state, state);
#undef SIZED
};

/* More edges than a vertex ever has; only read. */
static weir_across many[32767];

/* The fixture, what it was before the call, and what it was at first. */
static struct fixture f, before, fresh;

struct way {
    const char *text;
    long status;
    int works; /* the call does its work; else it may change nothing */
};

struct call {
    const char *name;
    long (*make)(unsigned way);
    const struct way *ways;
    unsigned count;
    unsigned takes; /* bits TAKES_weir_... */
};

/* The last moment before a call. */
static void hold(void)
{
    memcpy(&before, &f, sizeof f);
}

static size_t place(const void *inside)
{
    return (size_t)((const uint8_t *)inside - (const uint8_t *)&f);
}

static int same(const void *inside, size_t len)
{
    return memcmp(inside, (const uint8_t *)&before + place(inside), len) == 0;
}

/* Whether outputs are to be looked at: a call that is made again writes the same. */
static int watched;

/* A call that works writes its outputs. */
static void written(long got, const void *output, size_t len, const char *name)
{
    if (watched && got >= 0 && same(output, len)) {
        checks_failed++;
        printf("%s was not written\n", name);
    }
}

static void untouched(const void *inside, size_t len)
{
    CHECK(same(inside, len));
}

static void make_busy(void *handle)
{
    ((uint32_t *)handle)[1] = 1; /* a handle begins with its magic number and this mark */
}

/* A copy of what a handle begins with, off an aligned address. */
static void *crooked(const void *handle, size_t shift)
{
    uint8_t *to = (uint8_t *)f.crooked + shift;
    memcpy(to, handle, sizeof f.crooked - 8);
    return to;
}

static void fill_nodes(weir_complex *map)
{
    uint16_t id = 100;
    while (weir_complex_add_node(map, id) == WEIR_OK) {
        id++;
    }
}

static void fill_edges(weir_complex *map)
{
    (void)!weir_complex_add_edge(map, 1, 6);
    (void)!weir_complex_add_edge(map, 3, 6);
}

static void fill_triangles(weir_complex *map)
{
    (void)!weir_complex_add_triangle(map, 1, 2, 4);
}

static void fill_inbox(weir_mesh *mesh)
{
    while (weir_mesh_receive_isr(mesh, f.bytes, 20, -60) == WEIR_OK) {
    }
}

static void fill_neighbours(weir_mesh *mesh)
{
    uint16_t id = 100;
    while (weir_mesh_block(mesh, id, 1) == WEIR_OK) {
        id++;
    }
}

static void fill_notes(weir_mesh *mesh)
{
    uint8_t slot = 100;
    while (weir_mesh_record(mesh, WEIR_KIND_NOTE, slot, f.bytes, 4) == WEIR_OK) {
        slot++;
    }
}

/* Rows of its own that were not written yet. */
static void changes(weir_mesh *mesh)
{
    GIVES(weir_mesh_set_work(mesh, 1000, 3), WEIR_OK);
    GIVES(weir_mesh_ship(mesh, 2, 5), WEIR_OK);
}

/* Round the triangle 1, 2, 5: what settling would put on the first edge does not fit. */
static void too_much(weir_q16 *flow)
{
    flow[0] = flow[2] = INT32_MAX;
    flow[4] = -INT32_MAX;
}

/* What a call has to make resident before it can refuse stays so; here it is already. */
static void settled(weir_complex *map)
{
    GIVES(weir_complex_settle(map, f.flow, f.settled, EDGES, NULL), WEIR_OK);
}

static void empty(weir_complex *map)
{
    GIVES(weir_complex_reset(map), WEIR_OK);
}

static void planned(weir_complex *map)
{
    GIVES(weir_complex_plan(map, f.load, f.capacity, USED, f.ship, EDGES), WEIR_OK);
}

/* Loads whose levelling does not fit an edge. */
static void tear(int32_t *load)
{
    load[0] = load[3] = load[4] = INT32_MIN;
    load[2] = INT32_MAX;
}

/* The potential at which a vertex stays. */
static int64_t rest(const weir_across *edges)
{
    int64_t value = 0;
    CHECK(weir_potential_relax(5, edges, 3, &value) == WEIR_OK);
    return value;
}

static uint32_t dropped(void)
{
    weir_mesh_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    GIVES(weir_mesh_get_stats(f.mesh, &stats), WEIR_OK);
    return stats.inbox_dropped;
}

/* One counter of the first node went up by one, and it is the documented one: put it back. */
static void counted_as_dropped(void)
{
    uint32_t *now = (uint32_t *)(void *)f.world.node[0].mesh_memory;
    uint32_t *then = (uint32_t *)(void *)before.world.node[0].mesh_memory;
    const size_t words = sizeof f.world.node[0].mesh_memory / 4;
    const uint32_t count = dropped();
    size_t at = 0;
    while (at < words && now[at] == then[at]) {
        at++;
    }
    if (CHECK(at < words && now[at] == then[at] + 1)) {
        now[at]--;
        CHECK(dropped() == count - 1);
    }
}

static void start_map(weir_complex **out, void *memory, size_t len, uint32_t flags)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    config.max_nodes = NODES;
    config.max_edges = 8;
    config.max_triangles = TRIANGLES;
    config.fill = FILL;
    config.flags = flags;
    GIVES(weir_complex_init(out, memory, len, &config), WEIR_OK);
}

/* A ring 1, 2, 3, 4, which is a hole; a triangle 1, 2, 5; a node 6 alone. */
static void make_map(void)
{
    static const uint16_t edge[EDGES][2] = {
        { 1, 2 }, { 2, 3 }, { 3, 4 }, { 4, 1 }, { 1, 5 }, { 2, 5 },
    };
    uint16_t node, other;
    size_t at;
    start_map(&f.map, f.map_memory, sizeof f.map_memory, 0);
    for (node = 1; node <= USED; node++) {
        GIVES(weir_complex_add_node(f.map, node), WEIR_OK);
    }
    for (at = 0; at < EDGES; at++) {
        GIVES(weir_complex_add_edge(f.map, edge[at][0], edge[at][1]), WEIR_OK);
    }
    start_map(&f.named, f.named_memory, sizeof f.named_memory, WEIR_COMPLEX_NAMED_ONLY);
    for (node = 1; node <= 5; node++) {
        GIVES(weir_complex_add_node(f.named, node), WEIR_OK);
        for (other = 1; other < node && node < 5; other++) {
            GIVES(weir_complex_add_edge(f.named, other, node), WEIR_OK);
        }
    }
    GIVES(weir_complex_add_triangle(f.named, 1, 2, 3), WEIR_OK);
}

static void make_inputs(void)
{
    size_t at;
    for (at = 0; at < EDGES; at++) {
        f.flow[at] = (weir_q16)(at * 70001) - 90000;
        f.up[at] = f.trust[at] = (uint8_t)(at + 1);
    }
    for (at = 0; at < NODES; at++) {
        f.load[at] = (int32_t)(at * at * 10);
        f.capacity[at] = (uint16_t)(1 + at % 2);
    }
    for (at = 0; at < 3; at++) {
        f.across[at].potential = (int64_t)at << 30;
        f.across[at].inflow = 7;
        f.across[at].reserved = 0;
    }
    memcpy(f.key, world_key, sizeof f.key);
    f.sizes.entry = f.sizes.sum = 10;
    f.sizes.value = 5;
    f.sizes.reserved = 0;
    for (at = 0; at < 2; at++) {
        f.children[at].turn = 1;
        f.children[at].capacity = 2;
        f.children[at].load = 30 + (int64_t)at;
    }
    f.told.turn = 1;
    f.told.capacity = 6;
    f.told.before = f.told.reserved = 0;
    f.told.total = 71;
    memset(&f.channel, 0, sizeof f.channel);
    f.ends.load[0] = 500;
    f.ends.load[1] = 20;
    f.ends.capacity[0] = f.ends.capacity[1] = 1;
    f.cursor = 1;
}

static void make_structs(void)
{
    f.report.size = sizeof f.report;
    f.parts.size = sizeof f.parts;
    f.relaxed.size = sizeof f.relaxed;
    f.forest.size = f.known_forest.size = sizeof f.forest;
    f.pace.size = f.known_pace.size = sizeof f.pace;
    f.due.size = sizeof f.due;
    f.event.size = sizeof f.event;
    f.record.size = sizeof f.record;
    f.neighbour.size = sizeof f.neighbour;
    f.stats.size = sizeof f.stats;
    f.mesh_load.size = sizeof f.mesh_load;
    f.state.size = sizeof f.state;
    weir_complex_config_default(&f.complex_config);
    f.complex_config.flags = 0;
    f.port = world_port;
    f.config = world_config(&f.newborn);
    f.config.port = &f.port;
    GIVES(weir_complex_seat(f.map, f.up, f.capacity, f.seated, USED, &f.known_forest), WEIR_OK);
    GIVES(weir_complex_pace(f.map, f.up, f.capacity, f.seated, USED, f.work, &f.known_pace),
          WEIR_OK);
    paint(f.work, sizeof f.work);
}

/* A node that is not in the world of the three. */
static void make_node(struct node *node, uint64_t mesh_id, uint32_t boot, uint16_t notes)
{
    weir_mesh_config config;
    weir_complex_config complex;
    memset(node, 0, sizeof *node);
    node->world = &f.world;
    config = world_config(node);
    config.mesh_id = mesh_id;
    config.boot = boot;
    config.signed_records = notes;
    GIVES(weir_mesh_init(&node->mesh, node->mesh_memory, sizeof node->mesh_memory, &config),
          WEIR_OK);
    GIVES(weir_mesh_complex_config(&config, &complex), WEIR_OK);
    GIVES(weir_complex_init(&node->complex, node->complex_memory, sizeof node->complex_memory,
                            &complex),
          WEIR_OK);
}

static void make_large(void)
{
    weir_mesh_config config = world_config(&f.newborn);
    weir_complex_config complex;
    config.max_degree++;
    GIVES(weir_mesh_complex_config(&config, &complex), WEIR_OK);
    GIVES(weir_complex_init(&f.large, f.large_memory, sizeof f.large_memory, &complex), WEIR_OK);
}

/* Every call on the maps once, so that what they compute is there already. */
static void settle_maps(void)
{
    GIVES(weir_complex_settle(f.map, f.flow, f.settled, EDGES, NULL), WEIR_OK);
    GIVES(weir_complex_plan(f.map, f.load, f.capacity, USED, f.ship, EDGES), WEIR_OK);
    GIVES(weir_complex_decompose(f.map, f.flow, f.gradient, f.settled, f.harmonic, EDGES, NULL),
          WEIR_OK);
}

static void make_fixture(void)
{
    unsigned node;
    paint(&f, sizeof f);
    memset(f.zeroed, 0, sizeof f.zeroed);
    world_start(&f.world);
    f.mesh = f.world.node[0].mesh;
    world_run(&f.world, 40000, 1);
    GIVES(weir_mesh_set_key(f.mesh, 1, world_key, 8), WEIR_OK);
    GIVES(weir_mesh_set_work(f.mesh, 90, 0), WEIR_OK);
    GIVES(weir_mesh_record(f.mesh, WEIR_KIND_NOTE, 3, world_key, 11), WEIR_OK);
    world_run(&f.world, 60000, 0);
    GIVES(weir_mesh_ship(f.mesh, 2, 20), WEIR_OK);
    world_run(&f.world, 80000, 0);
    GIVES(weir_mesh_ship(f.world.node[1].mesh, 1, 3), WEIR_OK);
    world_run(&f.world, 100000, 0);
    for (node = 0; node < WORLD_NODES; node++) {
        CHECK(world_state(&f.world.node[node]).agreed);
    }
    make_node(&f.newborn, 7, 1, WORLD_NOTES);
    GIVES(weir_mesh_set_key(f.newborn.mesh, 0, world_key, 8), WEIR_OK);
    make_node(&f.nomad, 8, 0, WORLD_NOTES);
    make_node(&f.poor, 7, 1, 0);
    make_map();
    make_large();
    make_inputs();
    settle_maps();
    make_structs();
    GIVES(weir_mesh_snapshot(f.mesh, f.image, sizeof f.image, &f.image_len), WEIR_OK);
    paint(f.settled, sizeof f.settled);
    paint(f.gradient, sizeof f.gradient);
    paint(f.harmonic, sizeof f.harmonic);
    paint(f.ship, sizeof f.ship);
    memcpy(&fresh, &f, sizeof f);
}

#include "calls.h"

#define CALLS (sizeof calls / sizeof calls[0])

#endif
