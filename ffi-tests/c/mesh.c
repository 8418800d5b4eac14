/* The handle weir_mesh from C: what callbacks decide, three nodes that agree. What holds for every
 * function alike is in contract.c, reentry.c, callbacks.c and clock.c. */
#include "world.h"

static struct world world;
static uint8_t before[sizeof world.node[0].mesh_memory];

static void attached_complex_belongs_to_the_mesh(void)
{
    struct node *node = &world.node[0];
    world_start(&world);
    GIVES(weir_complex_add_node(node->complex, 1), WEIR_ERR_STATE);
    GIVES(weir_complex_reset(node->complex), WEIR_ERR_STATE);
    GIVES(weir_mesh_detach_complex(node->mesh), WEIR_OK);
    GIVES(weir_complex_add_node(node->complex, 1), WEIR_OK);
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

int main(void)
{
    attached_complex_belongs_to_the_mesh();
    a_note_that_is_not_signed_is_not_published();
    a_note_that_does_not_verify_is_refused_and_counted();
    entropy_fails_closed();
    three_nodes_agree_and_share();
    a_cut_heals();
    return checks_done("mesh");
}
