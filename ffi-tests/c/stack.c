/* How deep each exported function digs, by painting the stack below the call and looking what is
 * left. Prints `stack <function> <bytes>`, the most of all its calls, the callbacks of world.h
 * included, which weir_mesh_poll calls, and what the compiler pushes for the call itself. The
 * limits are in ffi-tests/src/bill. */
#include <stddef.h>
#include <stdint.h>

#define ROOM 4096u /* words */
#define PAINT 0xa5a5a5a5u

static void note(const char *name, size_t depth);

/* Both functions have the same caller and the same frame, so they see the same bytes. */
static __attribute__((noinline)) void paint_below(void)
{
    volatile uint32_t room[ROOM];
    size_t at;
    for (at = 0; at < ROOM; at++) {
        room[at] = PAINT;
    }
    (void)room[0];
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
static __attribute__((noinline)) size_t depth_below(void)
{
    volatile uint32_t room[ROOM];
    size_t at = 0;
    while (at < ROOM && room[at] == PAINT) {
        at++;
    }
    return sizeof room - at * sizeof room[0];
}
#pragma GCC diagnostic pop

static int32_t measured_status;

#define MEASURED(name, call) \
    (paint_below(), measured_status = (int32_t)(call), note(name, depth_below()), measured_status)

#include "world.h"

#define NAMES 96
static struct {
    const char *name;
    size_t depth;
} table[NAMES];

static void note(const char *name, size_t depth)
{
    size_t at;
    for (at = 0; at < NAMES && table[at].name && strcmp(table[at].name, name) != 0; at++) {
    }
    /* Deeper than the paint would be read as the whole room. */
    if (CHECK(at < NAMES && depth < ROOM * sizeof(uint32_t))) {
        table[at].name = name;
        if (depth > table[at].depth) {
            table[at].depth = depth;
        }
    }
}

/* A call made once, by its own name. */
#define DEPTH(function, arguments) (void)CHECK(MEASURED(#function, function arguments) >= 0)
/* The same for what returns no number. */
#define DEPTH_OF(function, call) (paint_below(), (void)(call), note(#function, depth_below()))

static struct world world;

static void the_mesh(void)
{
    struct node *node = &world.node[0];
    uint8_t bytes[1024];
    size_t len = 0;
    uint32_t cursor = 0;
    weir_mesh_config config;
    weir_mesh_event event;
    weir_record record;
    weir_neighbour neighbour;
    weir_mesh_stats stats;
    weir_mesh_load load;

    memset(&event, 0, sizeof event);
    memset(&record, 0, sizeof record);
    memset(&neighbour, 0, sizeof neighbour);
    memset(&stats, 0, sizeof stats);
    memset(&load, 0, sizeof load);
    event.size = sizeof event;
    record.size = sizeof record;
    neighbour.size = sizeof neighbour;
    stats.size = sizeof stats;
    load.size = sizeof load;
    world_start(&world);
    world_run(&world, 40000, 1);
    DEPTH(weir_mesh_set_work, (node->mesh, 90, 0));
    DEPTH(weir_mesh_set_load, (world.node[1].mesh, 5));
    DEPTH(weir_mesh_set_capacity, (node->mesh, 3));
    DEPTH(weir_mesh_record, (world.node[1].mesh, WEIR_KIND_NOTE, 0, bytes, WORLD_NOTE_BYTES));
    world_isolate(&world, 0, 1);
    world_run(&world, 80000, 1);
    world_isolate(&world, 0, 0);
    world_run(&world, 160000, 1);
    (void)world_state(node);
    DEPTH(weir_mesh_next_event, (node->mesh, &event));
    DEPTH(weir_mesh_next_record, (node->mesh, &cursor, &record));
    DEPTH(weir_mesh_get_neighbour, (node->mesh, 0, &neighbour));
    DEPTH(weir_mesh_get_stats, (node->mesh, &stats));
    DEPTH(weir_mesh_get_load, (node->mesh, &load));
    DEPTH(weir_mesh_snapshot, (node->mesh, bytes, sizeof bytes, &len));
    DEPTH(weir_mesh_block, (node->mesh, 2, 1));
    GIVES(weir_mesh_set_key(node->mesh, 1, world_key, 8), WEIR_OK);
    DEPTH(weir_mesh_set_sending_key, (node->mesh, 0));
    DEPTH(weir_mesh_remove_key, (node->mesh, 1));
    DEPTH(weir_mesh_resume, (node->mesh, world.now_ms));
    DEPTH(weir_mesh_leave, (node->mesh));
    DEPTH(weir_mesh_detach_complex, (node->mesh));
    DEPTH(weir_mesh_attach_complex, (node->mesh, node->complex));
    DEPTH(weir_mesh_reset, (node->mesh, 2));
    DEPTH(weir_mesh_deinit, (node->mesh));
    config = world_config(node);
    DEPTH(weir_mesh_storage_size, (&config));
    DEPTH(weir_mesh_init, (&node->mesh, node->mesh_memory, sizeof node->mesh_memory, &config));
    DEPTH(weir_mesh_restore, (node->mesh, bytes, len));
    DEPTH(weir_mesh_set_key, (node->mesh, 0, world_key, 8));
}

static void the_complex(void)
{
    static WEIR_COMPLEX_STORAGE(memory, 16, 48, 80, 6);
    static weir_q16 flow[48], out[48], gradient[48], circulation[48];
    static int32_t load[16], ship[48];
    static uint8_t trust[48];
    weir_complex_parts parts;
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    weir_complex_report report;
    weir_complex *c = NULL;
    uint16_t a, b;
    size_t edges = 0;

    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    config.max_nodes = 16;
    config.max_edges = 48;
    config.max_triangles = 80;
    DEPTH(weir_complex_storage_size, (&config));
    DEPTH(weir_complex_init, (&c, memory, sizeof memory, &config));
    for (a = 1; a <= 16; a++) {
        DEPTH(weir_complex_add_node, (c, a));
    }
    for (a = 1; a <= 16; a++) {
        for (b = 1; b <= 3; b++) {
            DEPTH(weir_complex_add_edge, (c, a, (uint16_t)((a + b - 1) % 16 + 1)));
            edges++;
        }
    }
    for (a = 1; a <= 16; a++) {
        DEPTH(weir_complex_add_triangle,
              (c, a, (uint16_t)(a % 16 + 1), (uint16_t)((a + 1) % 16 + 1)));
    }
    for (a = 0; a < edges; a++) {
        flow[a] = (weir_q16)(a * 977u % 65536u * 16u);
    }
    for (a = 0; a < 16; a++) {
        load[a] = (int32_t)(a * 37 % 101);
    }
    DEPTH(weir_complex_settle, (c, flow, out, edges, &report));
    DEPTH(weir_complex_plan, (c, load, NULL, 16, ship, edges));
    DEPTH(weir_complex_get_edge, (c, 0, &a, &b));
    for (a = 0; a < edges; a++) {
        trust[a] = (uint8_t)(a * 31 + 1);
    }
    memset(&parts, 0, sizeof parts);
    parts.size = sizeof parts;
    DEPTH(weir_complex_decompose, (c, flow, gradient, circulation, out, edges, &parts));
    DEPTH(weir_complex_settle_trusted, (c, flow, trust, out, edges, &report));
    DEPTH(weir_complex_remove_edge, (c, 1, 2));
    DEPTH(weir_complex_remove_node, (c, 9));
    DEPTH(weir_complex_reset, (c));
    DEPTH(weir_complex_deinit, (c));
}

static void the_balance(void)
{
    static WEIR_COMPLEX_STORAGE(memory, 16, 48, 80, 6);
    static weir_q16 flow[48];
    static weir_seat seats[16];
    static int64_t work[32];
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    weir_complex *c = NULL;
    weir_forest forest;
    weir_pace pace;
    weir_cost cost[WEIR_BALANCE_WAYS];
    weir_channel channel;
    weir_across across = { 5, 77, 0 };
    weir_sweep_up up = { 1, 2, 100 };
    weir_sweep_down down = { 1, 4, 0, 0, 300 };
    const weir_ends ends = { { 900, 5 }, { 1, 1 } };
    uint16_t a, b, corner[16];
    uint32_t way;
    int64_t next;
    int32_t moved;

    memset(&forest, 0, sizeof forest);
    memset(&pace, 0, sizeof pace);
    memset(&channel, 0, sizeof channel);
    forest.size = sizeof forest;
    pace.size = sizeof pace;
    GIVES(weir_complex_init(&c, memory, sizeof memory, &config), WEIR_OK);
    for (a = 1; a <= 16; a++) {
        GIVES(weir_complex_add_node(c, a), WEIR_OK);
    }
    for (a = 1; a <= 16; a++) {
        for (b = 1; b <= 3; b++) {
            GIVES(weir_complex_add_edge(c, a, (uint16_t)((a + b - 1) % 16 + 1)), WEIR_OK);
        }
        flow[a] = (weir_q16)(a * 977u);
    }
    DEPTH(weir_complex_get_corners, (c, 1, corner, 6, &a));
    DEPTH(weir_complex_relax, (c, flow, 48, 9, NULL));
    DEPTH(weir_complex_seat, (c, NULL, NULL, seats, 16, &forest));
    DEPTH(weir_complex_pace, (c, NULL, NULL, seats, 16, work, &pace));
    DEPTH(weir_balance_choose, (&forest, &pace, 1, 16, 15, NULL, cost, &way));
    DEPTH(weir_diffusion_step, (&channel, &ends, &pace, &moved));
    DEPTH(weir_potential_relax, (0, &across, 1, &next));
    DEPTH(weir_potential_flow, (0, next, &moved));
    DEPTH(weir_sweep_gather, (1, 5, 1, &up, 1, &up));
    up.load = 100;
    DEPTH(weir_sweep_pass, (&down, 1, &up, 1, 0, &down));
    DEPTH(weir_sweep_flow, (&up, &down, &next));
}

/* A frame of known size, so that the paint is known to tell. */
static __attribute__((noinline)) int fill_512(void)
{
    volatile uint8_t room[512];
    size_t at;
    for (at = 0; at < sizeof room; at++) {
        room[at] = (uint8_t)at;
    }
    return room[511];
}

static void the_paint_tells(void)
{
    size_t depth;
    paint_below();
    CHECK(fill_512() == 255);
    depth = depth_below();
    CHECK(depth >= 512 && depth < 512 + 192);
}

static void the_words(void)
{
    static weir_mesh_config mesh;
    static weir_complex_config map;

    DEPTH_OF(weir_version, weir_version());
    DEPTH_OF(weir_status_name, weir_status_name(WEIR_ERR_FULL));
    DEPTH_OF(weir_refusal_name, weir_refusal_name(0));
    DEPTH_OF(weir_mesh_config_default, weir_mesh_config_default(&mesh));
    DEPTH_OF(weir_complex_config_default, weir_complex_config_default(&map));
    DEPTH(weir_mesh_complex_config, (&mesh, &map));
}

int main(void)
{
    size_t at;
    the_paint_tells();
    the_mesh();
    the_complex();
    the_balance();
    the_words();
    for (at = 0; at < NAMES && table[at].name; at++) {
        printf("stack %s %lu\n", table[at].name, (unsigned long)table[at].depth);
    }
    return checks_done("stack");
}
