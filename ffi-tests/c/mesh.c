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

static weir_neighbour neighbour_of(struct node *node, uint16_t id)
{
    weir_neighbour found;
    size_t index = 0;
    memset(&found, 0, sizeof found);
    found.size = sizeof found;
    while (weir_mesh_get_neighbour(node->mesh, index, &found) == WEIR_OK && found.id != id) {
        index++;
    }
    CHECK(found.id == id);
    return found;
}

/* The flags say what the ear, the records and the wall say; the rest is from the last frame. */
static void neighbours_are_shown_as_they_are(void)
{
    const uint8_t met = WEIR_NEIGHBOUR_LIVE | WEIR_NEIGHBOUR_LISTED | WEIR_NEIGHBOUR_UP;
    struct node *node = &world.node[0];
    weir_neighbour two, three;
    world_start(&world);
    world_run(&world, 40000, 0);
    two = neighbour_of(node, 2);
    three = neighbour_of(node, 3);
    CHECK(two.flags == met && three.flags == met);
    CHECK(two.rssi_dbm == -60 && two.silent_ms < 4000);
    CHECK(two.digest == world_state(&world.node[1]).digest);
    world_isolate(&world, 1, 1);
    GIVES(weir_mesh_block(node->mesh, 3, 1), WEIR_OK);
    CHECK(neighbour_of(node, 3).flags & WEIR_NEIGHBOUR_BLOCKED);
    world_run(&world, 100000, 0);
    two = neighbour_of(node, 2);
    three = neighbour_of(node, 3);
    CHECK((two.flags & (WEIR_NEIGHBOUR_LIVE | WEIR_NEIGHBOUR_UP)) == 0);
    CHECK(!(two.flags & WEIR_NEIGHBOUR_BLOCKED) && two.silent_ms > 50000);
    CHECK(three.flags & WEIR_NEIGHBOUR_BLOCKED && !(three.flags & WEIR_NEIGHBOUR_UP));
    GIVES(weir_mesh_block(node->mesh, 3, 0), WEIR_OK);
    CHECK(!(neighbour_of(node, 3).flags & WEIR_NEIGHBOUR_BLOCKED));
    world_isolate(&world, 1, 0);
    world_run(&world, 140000, 0);
    CHECK(neighbour_of(node, 2).flags == met && neighbour_of(node, 3).flags == met);
}

/* What the nodes counted is what went through the air. */
static void counters_count(void)
{
    weir_mesh_stats stats;
    uint64_t bytes_sent = 0, bytes_received = 0;
    uint32_t sent = 0, received = 0;
    unsigned index;
    world_start(&world);
    world.node[1].fail_transmit = 5;
    world_run(&world, 40000, 1);
    for (index = 0; index < WORLD_NODES; index++) {
        memset(&stats, 0, sizeof stats);
        stats.size = sizeof stats;
        GIVES(weir_mesh_get_stats(world.node[index].mesh, &stats), WEIR_OK);
        sent += stats.frames_sent;
        received += stats.frames_received;
        bytes_sent += stats.bytes_sent;
        bytes_received += stats.bytes_received;
        CHECK(stats.busy == (index == 1) && stats.inbox_dropped == 0 && stats.backwards == 0);
        CHECK(stats.beacons_sent > 0 && stats.beacons_sent <= stats.frames_sent);
        CHECK(stats.records_written >= 2 && stats.records_merged >= 4);
        CHECK(stats.link_changes >= 2);
    }
    CHECK(sent == world.frames && bytes_sent > 20u * (uint64_t)sent);
    /* Two hear each frame; those of the last polls may still wait. */
    CHECK(received <= 2 * sent && received + 12 >= 2 * sent && bytes_received > bytes_sent);
}

/* Events come once, the oldest first. */
static void events_tell_what_happened(void)
{
    weir_mesh_event event;
    unsigned seen[16];
    memset(seen, 0, sizeof seen);
    world_start(&world);
    world_run(&world, 20000, 0);
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    while (weir_mesh_next_event(world.node[0].mesh, &event) == WEIR_OK) {
        CHECK(event.code > 0 && event.code < 16 && event.size == sizeof event);
        seen[event.code & 15]++;
        if (event.code == WEIR_EVENT_LINK_UP) {
            CHECK(event.peer == 2 || event.peer == 3);
        }
    }
    CHECK(seen[WEIR_EVENT_LEARNED] == 1 && seen[WEIR_EVENT_LINK_UP] == 2);
    CHECK(seen[WEIR_EVENT_AGREED] >= 2);
    GIVES(weir_mesh_next_event(world.node[0].mesh, &event), WEIR_END);
    GIVES(weir_mesh_leave(world.node[1].mesh), WEIR_OK);
    world_run(&world, 21000, 0);
    GIVES(weir_mesh_next_event(world.node[0].mesh, &event), WEIR_OK);
    CHECK(event.code == WEIR_EVENT_LINK_DOWN && event.peer == 2);
}

/* Each flag of `due` while it is true and not after. */
static void due_says_what_is_to_be_done(void)
{
    struct node *node = &world.node[0];
    static uint8_t image[1024];
    weir_mesh_due due;
    size_t len = 0;
    memset(&due, 0, sizeof due);
    due.size = sizeof due;
    world_start(&world);
    GIVES(weir_mesh_poll(node->mesh, 0, &due), WEIR_OK);
    CHECK(due.flags == WEIR_DUE_LEARNING && due.listen_until_ms == WEIR_NEVER);
    world_run(&world, 20000, 0);
    GIVES(weir_mesh_poll(node->mesh, world.now_ms, &due), WEIR_OK);
    CHECK(due.flags == WEIR_DUE_SNAPSHOT && due.next_ms > world.now_ms);
    GIVES(weir_mesh_snapshot(node->mesh, image, sizeof image, &len), WEIR_OK);
    GIVES(weir_mesh_poll(node->mesh, world.now_ms, &due), WEIR_OK);
    CHECK(due.flags == 0);
}

/* One poll hears 32 frames, and says so if that was the end of its patience. */
static void a_full_inbox_asks_for_another_poll(void)
{
    struct node *node = &world.node[0];
    weir_mesh_config config;
    weir_mesh_due due;
    unsigned frame;
    memset(&world, 0, sizeof world);
    node->world = &world;
    config = world_config(node);
    config.inbox_frames = 33;
    config.frame_max = 80;
    GIVES(weir_mesh_init(&node->mesh, node->mesh_memory, sizeof node->mesh_memory, &config),
          WEIR_OK);
    GIVES(weir_mesh_set_key(node->mesh, 0, world_key, 8), WEIR_OK);
    memset(&due, 0, sizeof due);
    due.size = sizeof due;
    for (frame = 0; frame < 33; frame++) {
        GIVES(weir_mesh_receive_isr(node->mesh, world_key, sizeof world_key, 0), WEIR_OK);
    }
    GIVES(weir_mesh_receive_isr(node->mesh, world_key, sizeof world_key, 0), WEIR_ERR_FULL);
    GIVES(weir_mesh_poll(node->mesh, 0, &due), WEIR_OK);
    CHECK(due.flags == (WEIR_DUE_MORE | WEIR_DUE_LEARNING));
    GIVES(weir_mesh_poll(node->mesh, 0, &due), WEIR_OK);
    CHECK(due.flags == WEIR_DUE_LEARNING);
}

int main(void)
{
    attached_complex_belongs_to_the_mesh();
    a_note_that_is_not_signed_is_not_published();
    a_note_that_does_not_verify_is_refused_and_counted();
    entropy_fails_closed();
    three_nodes_agree_and_share();
    a_cut_heals();
    neighbours_are_shown_as_they_are();
    counters_count();
    events_tell_what_happened();
    due_says_what_is_to_be_done();
    a_full_inbox_asks_for_another_poll();
    return checks_done("mesh");
}
