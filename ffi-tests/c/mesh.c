/* The handle weir_mesh from C: refusals, re-entry, failing callbacks, three nodes that agree. */
#include "world.h"

static struct world world;
static struct world spare;
static uint8_t before[sizeof world.node[0].mesh_memory];

static void init_rejects(void)
{
    struct node *node = &world.node[0];
    uint64_t *memory = node->mesh_memory;
    const size_t len = sizeof node->mesh_memory;
    weir_mesh *const mark = (weir_mesh *)(void *)before;
    weir_mesh *out = mark;
    weir_mesh_config config, bad;
    weir_mesh_port port;
    size_t need, shift;
    struct {
        weir_mesh_config known;
        uint64_t later;
    } larger;

    memset(&world, 0, sizeof world);
    node->world = &world;
    config = world_config(node);
    need = weir_mesh_storage_size(&config);
    CHECK(need > 0 && need <= len);
    CHECK(weir_mesh_storage_size(NULL) == 0);
    paint(memory, len);
    GIVES(weir_mesh_init(NULL, memory, len, &config), WEIR_ERR_NULL);
    GIVES(weir_mesh_init(&out, NULL, len, &config), WEIR_ERR_NULL);
    GIVES(weir_mesh_init(&out, memory, len, NULL), WEIR_ERR_NULL);
    GIVES(weir_mesh_init(&out, memory, need - 1, &config), WEIR_ERR_STORAGE);
    for (shift = 1; shift < 8; shift++) {
        GIVES(weir_mesh_init(&out, (uint8_t *)memory + shift, len - 8, &config), WEIR_ERR_STORAGE);
    }
    memset(&bad, 0, sizeof bad);
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_ABI);
    bad = config;
    bad.abi = before;
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_ABI);
    bad = config;
    bad.size = 8;
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_ABI);
    bad = config;
    bad.port = NULL;
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_NULL);
    bad = config;
    bad.id = 0;
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_RANGE);
    bad = config;
    bad.id = 65535;
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_RANGE);
    bad = config;
    bad.frame_max = 79;
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_RANGE);
    bad = config;
    bad.max_neighbours = (uint16_t)(bad.max_degree - 1);
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_RANGE);
    port = world_port;
    port.size = 4;
    bad = config;
    bad.port = &port;
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_ABI);
    port = world_port;
    port.entropy = NULL;
    GIVES(weir_mesh_init(&out, memory, len, &bad), WEIR_ERR_NULL);
    CHECK(is_painted(memory, len));
    CHECK(out == mark);

    memset(&larger, 0, sizeof larger);
    larger.known = config;
    larger.known.size = sizeof larger;
    GIVES(weir_mesh_init(&out, memory, len, &larger.known), WEIR_OK);
    GIVES(weir_mesh_deinit(out), WEIR_OK);
    GIVES(weir_mesh_init(&out, memory, need, &config), WEIR_OK);
    GIVES(weir_mesh_deinit(out), WEIR_OK);
}

/* Every function that takes the handle, once; `expect` checks what it answers. */
static void call_every_function(weir_mesh *mesh, struct node *node, weir_status expected)
{
    uint8_t bytes[16];
    uint32_t cursor = 0;
    size_t len = 0;
    int32_t amount = 0;
    weir_shipment shipment[WORLD_DEGREE];
    weir_mesh_due due;
    weir_mesh_event event;
    weir_record record;
    weir_neighbour neighbour;
    weir_mesh_stats stats;
    weir_mesh_load load;
    weir_mesh_state state;

    paint(bytes, sizeof bytes);
    paint(&due, sizeof due);
    paint(&event, sizeof event);
    paint(&record, sizeof record);
    paint(&neighbour, sizeof neighbour);
    paint(&stats, sizeof stats);
    paint(&load, sizeof load);
    paint(&state, sizeof state);
    paint(shipment, sizeof shipment);
    due.size = sizeof due;
    event.size = sizeof event;
    record.size = sizeof record;
    neighbour.size = sizeof neighbour;
    stats.size = sizeof stats;
    load.size = sizeof load;
    state.size = sizeof state;

    GIVES(weir_mesh_reset(mesh, 9), expected);
    GIVES(weir_mesh_deinit(mesh), expected);
    GIVES(weir_mesh_set_key(mesh, 1, world_key, 8), expected);
    GIVES(weir_mesh_set_sending_key(mesh, 0), expected);
    GIVES(weir_mesh_remove_key(mesh, 1), expected);
    GIVES(weir_mesh_poll(mesh, 1, &due), expected);
    GIVES(weir_mesh_resume(mesh, 1), expected);
    GIVES(weir_mesh_next_event(mesh, &event), expected);
    GIVES(weir_mesh_next_record(mesh, &cursor, &record), expected);
    GIVES(weir_mesh_get_neighbour(mesh, 0, &neighbour), expected);
    GIVES(weir_mesh_get_stats(mesh, &stats), expected);
    GIVES(weir_mesh_block(mesh, 2, 1), expected);
    GIVES(weir_mesh_leave(mesh), expected);
    GIVES(weir_mesh_snapshot(mesh, bytes, sizeof bytes, &len), expected);
    GIVES(weir_mesh_restore(mesh, bytes, sizeof bytes), expected);
    GIVES(weir_mesh_record(mesh, 1, 0, bytes, 4), expected);
    GIVES(weir_mesh_attach_complex(mesh, node->complex), expected);
    GIVES(weir_mesh_detach_complex(mesh), expected);
    GIVES(weir_mesh_set_load(mesh, 1), expected);
    GIVES(weir_mesh_set_work(mesh, 1, 0), expected);
    GIVES(weir_mesh_set_capacity(mesh, 1), expected);
    GIVES(weir_mesh_get_load(mesh, &load), expected);
    GIVES(weir_mesh_settle(mesh, &state), expected);
    GIVES(weir_mesh_plan(mesh, shipment, WORLD_DEGREE, &len), expected);
    GIVES(weir_mesh_ship(mesh, 2, 1), expected);
    GIVES(weir_mesh_get_received(mesh, &amount), expected);

    /* Nothing was written, save the sizes the caller set. */
    CHECK(is_painted(bytes, sizeof bytes) && is_painted(shipment, sizeof shipment));
    CHECK(cursor == 0 && len == 0 && amount == 0);
    paint(&due.size, sizeof due.size);
    paint(&event.size, sizeof event.size);
    paint(&record.size, sizeof record.size);
    paint(&neighbour.size, sizeof neighbour.size);
    paint(&stats.size, sizeof stats.size);
    paint(&load.size, sizeof load.size);
    paint(&state.size, sizeof state.size);
    CHECK(is_painted(&due, sizeof due) && is_painted(&event, sizeof event));
    CHECK(is_painted(&record, sizeof record) && is_painted(&neighbour, sizeof neighbour));
    CHECK(is_painted(&stats, sizeof stats) && is_painted(&load, sizeof load));
    CHECK(is_painted(&state, sizeof state));
}

static const char *const callbacks[4] = { "transmit", "entropy", "sign", "verify" };
static unsigned entered[4];

static void reenter(struct node *node, const char *callback)
{
    unsigned *seen = entered;
    while (strcmp(callback, callbacks[seen - entered]) != 0) {
        seen++;
    }
    if (node->mesh && (*seen)++ < 2) {
        call_every_function(node->mesh, node, WEIR_ERR_BUSY);
        /* The one function an interrupt may call works all the same. */
        CHECK(weir_mesh_receive_isr(node->mesh, world_key, sizeof world_key, 0) != WEIR_ERR_BUSY);
    }
}

static void reentry_is_busy(void)
{
    unsigned callback;
    world_start(&world);
    world.node[0].inside = reenter;
    world_run(&world, 20000, 0);
    GIVES(weir_mesh_record(world.node[0].mesh, WEIR_KIND_NOTE, 1, world_key, 16), WEIR_OK);
    GIVES(weir_mesh_record(world.node[1].mesh, WEIR_KIND_NOTE, 1, world_key, 16), WEIR_OK);
    world_run(&world, 40000, 0);
    for (callback = 0; callback < 4; callback++) {
        if (!CHECK(entered[callback] > 0)) {
            printf("%s was never called\n", callbacks[callback]);
        }
    }
    world.node[0].inside = NULL;
    world_run(&world, 60000, 0);
    CHECK(world_agrees(&world));
    CHECK(world_state(&world.node[2]).records == 2 * WORLD_NODES + 2);
}

static void dead_handles_are_refused(void)
{
    struct node *node = &world.node[0];
    world_start(&world);
    call_every_function(NULL, node, WEIR_ERR_NULL);
    GIVES(weir_mesh_receive_isr(NULL, world_key, sizeof world_key, 0), WEIR_ERR_NULL);
    GIVES(weir_mesh_deinit(node->mesh), WEIR_OK);
    call_every_function(node->mesh, node, WEIR_ERR_STATE);
    GIVES(weir_mesh_receive_isr(node->mesh, world_key, sizeof world_key, 0), WEIR_ERR_STATE);
}

#define REFUSED(call, code)                                                        \
    do {                                                                           \
        memcpy(before, node->mesh_memory, sizeof before);                          \
        GIVES(call, code);                                                         \
        CHECK(memcmp(before, node->mesh_memory, sizeof before) == 0);              \
    } while (0)

static void errors_change_nothing(void)
{
    struct node *node = &world.node[0];
    uint8_t image[16];
    size_t len;
    uint32_t cursor = 0;
    world_start(&world);
    world_run(&world, 20000, 0);
    paint(image, sizeof image);
    paint(&len, sizeof len);
    REFUSED(weir_mesh_set_key(node->mesh, 4, world_key, 8), WEIR_ERR_RANGE);
    REFUSED(weir_mesh_set_key(node->mesh, 1, world_key, 9), WEIR_ERR_RANGE);
    REFUSED(weir_mesh_set_key(node->mesh, 1, NULL, 8), WEIR_ERR_NULL);
    REFUSED(weir_mesh_remove_key(node->mesh, 9), WEIR_ERR_RANGE);
    REFUSED(weir_mesh_next_event(node->mesh, NULL), WEIR_ERR_NULL);
    REFUSED(weir_mesh_next_record(node->mesh, &cursor, NULL), WEIR_ERR_NULL);
    REFUSED(weir_mesh_next_record(node->mesh, NULL, NULL), WEIR_ERR_NULL);
    REFUSED(weir_mesh_get_neighbour(node->mesh, 0, NULL), WEIR_ERR_NULL);
    REFUSED(weir_mesh_get_stats(node->mesh, NULL), WEIR_ERR_NULL);
    REFUSED(weir_mesh_get_load(node->mesh, NULL), WEIR_ERR_NULL);
    REFUSED(weir_mesh_get_received(node->mesh, NULL), WEIR_ERR_NULL);
    REFUSED(weir_mesh_snapshot(node->mesh, image, 1, NULL), WEIR_ERR_NULL);
    REFUSED(weir_mesh_snapshot(node->mesh, NULL, 1, &len), WEIR_ERR_NULL);
    REFUSED(weir_mesh_restore(node->mesh, image, sizeof image), WEIR_ERR_STATE);
    REFUSED(weir_mesh_ship(node->mesh, 999, 1), WEIR_ERR_STATE);
    REFUSED(weir_mesh_ship(node->mesh, 2, 1000000), WEIR_ERR_RANGE);
    REFUSED(weir_mesh_reset(node->mesh, 1), WEIR_ERR_RANGE);
    REFUSED(weir_mesh_record(node->mesh, WEIR_KIND_LOAD, 0, image, 4), WEIR_ERR_RANGE);
    REFUSED(weir_mesh_record(node->mesh, 99, 0, image, 4), WEIR_ERR_RANGE);
    REFUSED(weir_mesh_record(node->mesh, WEIR_KIND_NOTE, 0, NULL, 4), WEIR_ERR_NULL);
    REFUSED(weir_mesh_receive_isr(node->mesh, NULL, 20, 0), WEIR_ERR_NULL);
    CHECK(is_painted(image, sizeof image) && is_painted(&len, sizeof len) && cursor == 0);
}

static void attached_complex_belongs_to_the_mesh(void)
{
    struct node *node = &world.node[0];
    world_start(&world);
    GIVES(weir_complex_add_node(node->complex, 1), WEIR_ERR_STATE);
    GIVES(weir_complex_reset(node->complex), WEIR_ERR_STATE);
    GIVES(weir_mesh_detach_complex(node->mesh), WEIR_OK);
    GIVES(weir_complex_add_node(node->complex, 1), WEIR_OK);
}

/* Whatever callback fails, the mesh goes on afterwards as if it had been late. */
static void callback_failures(void)
{
    unsigned nth;
    for (nth = 1; nth <= 12; nth++) {
        world_start(&world);
        world.node[0].fail_entropy = nth;
        world.node[1].fail_transmit = nth;
        world_run(&world, 60000, 0);
        CHECK(world_agrees(&world));
    }
}

static void a_note_that_is_not_signed_is_not_published(void)
{
    struct node *node = &world.node[0];
    world_start(&world);
    world_run(&world, 20000, 0);
    node->fail_sign = 1;
    memcpy(before, node->mesh_memory, sizeof before);
    GIVES(weir_mesh_record(node->mesh, WEIR_KIND_NOTE, 0, world_key, 16), WEIR_ERR_STATE);
    CHECK(memcmp(before, node->mesh_memory, sizeof before) == 0);
    world_run(&world, 30000, 0);
    CHECK(world_state(node).records == 2 * WORLD_NODES);
}

/* A signature that does not verify is refused and counted; the record comes again and is taken. */
static void a_note_that_does_not_verify_is_refused_and_counted(void)
{
    weir_mesh_stats stats;
    unsigned reason, refused = 0;
    world_start(&world);
    world_run(&world, 20000, 0);
    world.node[1].fail_verify = 1;
    GIVES(weir_mesh_record(world.node[0].mesh, WEIR_KIND_NOTE, 0, world_key, 16), WEIR_OK);
    world_run(&world, 50000, 0);
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    GIVES(weir_mesh_get_stats(world.node[1].mesh, &stats), WEIR_OK);
    for (reason = 0; weir_refusal_name(reason); reason++) {
        if (strstr(weir_refusal_name(reason), "sign")) {
            refused += stats.refused[reason];
        }
    }
    CHECK(refused == 1);
    CHECK(world_agrees(&world));
    CHECK(world_state(&world.node[1]).records == 2 * WORLD_NODES + 1);
}

static void entropy_fails_closed(void)
{
    struct node *node = &world.node[0];
    weir_mesh_config config;
    weir_mesh_due due;
    unsigned frames, poll;
    memset(&world, 0, sizeof world);
    node->world = &world;
    config = world_config(node);
    config.boot = 0; /* no flash: the session number must come from entropy */
    GIVES(weir_mesh_init(&node->mesh, node->mesh_memory, sizeof node->mesh_memory, &config),
          WEIR_OK);
    GIVES(weir_mesh_set_key(node->mesh, 0, world_key, 8), WEIR_OK);
    frames = world.frames;
    for (poll = 0; poll < 20; poll++) {
        paint(&due, sizeof due);
        due.size = sizeof due;
        node->fail_entropy = 1;
        GIVES(weir_mesh_poll(node->mesh, poll * 1000u, &due), WEIR_ERR_ENTROPY);
        due.size = UINT32_C(0xa5a5a5a5);
        CHECK(is_painted(&due, sizeof due));
    }
    CHECK(world.frames == frames);
}

static void three_nodes_agree_and_share(void)
{
    unsigned index;
    int64_t queued = 0;
    weir_mesh_state state;
    world_start(&world);
    world_run(&world, 40000, 1);
    CHECK(world_agrees(&world));
    GIVES(weir_mesh_set_work(world.node[0].mesh, 90, 0), WEIR_OK);
    world_run(&world, 160000, 1);
    CHECK(world_agrees(&world));
    state = world_state(&world.node[0]);
    CHECK(state.nodes == WORLD_NODES && state.edges == 3 && state.triangles == 1);
    CHECK(state.arrived == 90 && state.done == 0);
    CHECK(state.arrived == state.done + state.queued + state.in_flight);
    CHECK(state.circulation_after == 0 && state.agreed == 1 && state.in_flight == 0);
    for (index = 0; index < WORLD_NODES; index++) {
        weir_mesh_load load;
        memset(&load, 0, sizeof load);
        load.size = sizeof load;
        GIVES(weir_mesh_get_load(world.node[index].mesh, &load), WEIR_OK);
        CHECK(load.queued >= 28 && load.queued <= 32); /* one unit per edge of the node */
        queued += load.queued;
    }
    CHECK(queued == 90);
    CHECK(world.node[1].received + world.node[2].received >= 56);
}

static void a_cut_heals(void)
{
    world_start(&world);
    world_run(&world, 40000, 1);
    world_isolate(&world, 0, 1);
    GIVES(weir_mesh_set_work(world.node[0].mesh, 30, 0), WEIR_OK);
    GIVES(weir_mesh_set_work(world.node[2].mesh, 60, 0), WEIR_OK);
    world_run(&world, 80000, 1);
    CHECK(!world_agrees(&world));
    CHECK(world_state(&world.node[1]).edges == 1); /* silence took the links of node 0 down */
    world_isolate(&world, 0, 0);
    world_run(&world, 120000, 1);
    CHECK(world_agrees(&world));
    CHECK(world_state(&world.node[1]).arrived == 90);
    CHECK(world_state(&world.node[1]).edges == 3);
}

static void two_meshes_are_independent(void)
{
    uint64_t alone;
    world_start(&world);
    world_run(&world, 30000, 1);
    alone = world.air;
    world_start(&world);
    world_start(&spare);
    GIVES(weir_mesh_set_work(spare.node[1].mesh, 7, 0) < 0, 0);
    world_run(&world, 15000, 1);
    world_run(&spare, 25000, 1);
    world_run(&world, 30000, 1);
    CHECK(world.air == alone);
}

static void time_backwards_counts_as_no_time(void)
{
    struct node *node = &world.node[0];
    weir_mesh_due due;
    weir_mesh_stats stats;
    world_start(&world);
    memset(&due, 0, sizeof due);
    due.size = sizeof due;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    CHECK(weir_mesh_poll(node->mesh, 5000, &due) >= 0);
    CHECK(weir_mesh_poll(node->mesh, 4000, &due) >= 0);
    GIVES(weir_mesh_get_stats(node->mesh, &stats), WEIR_OK);
    CHECK(stats.backwards == 1);
    GIVES(weir_mesh_resume(node->mesh, 100), WEIR_OK);
    CHECK(weir_mesh_poll(node->mesh, 200, &due) >= 0);
    GIVES(weir_mesh_get_stats(node->mesh, &stats), WEIR_OK);
    CHECK(stats.backwards == 1);
}

int main(void)
{
    init_rejects();
    dead_handles_are_refused();
    reentry_is_busy();
    errors_change_nothing();
    attached_complex_belongs_to_the_mesh();
    callback_failures();
    a_note_that_is_not_signed_is_not_published();
    a_note_that_does_not_verify_is_refused_and_counted();
    entropy_fails_closed();
    three_nodes_agree_and_share();
    a_cut_heals();
    two_meshes_are_independent();
    time_backwards_counts_as_no_time();
    return checks_done("mesh");
}
