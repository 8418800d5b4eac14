/* Calls of weir_mesh that are refused: bad configs, bad arguments, dead handles, no key, learning,
 * calls from inside callbacks; and ports that fail at every call. */
#include "air.h"

static void config_refused(struct station *station, const weir_mesh_config *config)
{
    struct trace *trace = station->air->trace;
    weir_mesh *none = NULL;
    DID(weir_mesh_init(&none, station->mesh_memory, sizeof station->mesh_memory, config));
    note(trace, weir_mesh_storage_size(config) != 0);
    CHECK(none == NULL || none == (weir_mesh *)(void *)station->mesh_memory);
}

static void init_refuses(struct air *air, struct trace *trace)
{
    struct station *station = &air->station[0];
    weir_mesh_config good, bad;
    weir_complex_config complex;
    weir_mesh_port port;
    weir_mesh *none = NULL;
    uint8_t elsewhere = 1;
    size_t need, shift, len = sizeof station->mesh_memory;
    struct {
        weir_mesh_config known;
        uint64_t later;
    } larger;

    air_start(air, trace, 1, NULL);
    good = station->config;
    need = weir_mesh_storage_size(&good);
    paint(station->mesh_memory, len);
    note(trace, weir_mesh_storage_size(NULL));
    DID(weir_mesh_init(NULL, station->mesh_memory, len, &good));
    DID(weir_mesh_init(&none, NULL, len, &good));
    DID(weir_mesh_init(&none, station->mesh_memory, len, NULL));
    DID(weir_mesh_init(&none, station->mesh_memory, need - 1, &good));
    for (shift = 1; shift < 8; shift++) {
        DID(weir_mesh_init(&none, (uint8_t *)station->mesh_memory + shift, need, &good));
    }
    bad = good;
    bad.abi = &elsewhere;
    config_refused(station, &bad);
    bad = good;
    bad.size -= 1;
    config_refused(station, &bad);
    DID(weir_mesh_complex_config(&bad, &complex));
    DID(weir_mesh_complex_config(NULL, &complex));
    DID(weir_mesh_complex_config(&good, NULL));
    bad = good;
    bad.port = NULL;
    config_refused(station, &bad);
    bad.port = &port;
    port = *good.port;
    port.size = 4;
    config_refused(station, &bad);
    port = *good.port;
    port.transmit = NULL;
    config_refused(station, &bad);
    port = *good.port;
    port.entropy = NULL;
    config_refused(station, &bad);
#define BAD(field, value)                                                     \
    bad = good;                                                               \
    bad.field = (value);                                                      \
    config_refused(station, &bad)
    BAD(id, 0);
    BAD(id, 65535);
    BAD(max_nodes, 1);
    BAD(max_nodes, 129);
    BAD(max_degree, 0);
    BAD(max_degree, 47);
    BAD(fill, 0);
    BAD(fill, AIR_NODES + 1);
    BAD(max_neighbours, AIR_DEGREE - 1);
    BAD(max_neighbours, 1025);
    BAD(inbox_frames, 0);
    BAD(inbox_frames, 1025);
    BAD(frame_max, 79);
    BAD(frame_max, 1025);
    BAD(signed_records, 1025);
    BAD(signed_bytes, 513);
    BAD(trickle_min_ms, 3);
    BAD(trickle_min_ms, (UINT32_C(1) << 28) + 1);
    BAD(heartbeat_max_ms, 3);
    BAD(link_hold_ms, (UINT32_C(1) << 28) + 1);
    BAD(learn_ms, 3);
    BAD(trickle_doublings, 25);
    /* Good, but too large for this storage. */
    BAD(max_nodes, 128);
    BAD(signed_records, 1024);
#undef BAD
    CHECK(is_painted(station->mesh_memory, len));
    memset(&larger, 0, sizeof larger);
    larger.known = good;
    larger.known.size = sizeof larger;
    config_refused(station, &larger.known);
    chapter(trace, "configs");
}

/* Every function that takes the handle, with good arguments; what it writes was painted and is
 * noted. */
static void every_call(struct trace *trace, weir_mesh *mesh, weir_complex *map)
{
    static uint8_t bytes[2048];
    weir_shipment shipment[2];
    weir_mesh_due due;
    weir_mesh_event event;
    weir_record record;
    weir_neighbour neighbour;
    weir_mesh_stats stats;
    weir_mesh_load load;
    weir_mesh_state state;
    uint32_t cursor = 0;
    int32_t amount = 77;
    size_t len = 77;

    paint(bytes, sizeof bytes);
    paint(shipment, sizeof shipment);
    paint(&due, sizeof due);
    paint(&event, sizeof event);
    paint(&record, sizeof record);
    paint(&neighbour, sizeof neighbour);
    paint(&stats, sizeof stats);
    paint(&load, sizeof load);
    paint(&state, sizeof state);
    due.size = sizeof due;
    event.size = sizeof event;
    record.size = sizeof record;
    neighbour.size = sizeof neighbour;
    stats.size = sizeof stats;
    load.size = sizeof load;
    state.size = sizeof state;
    DID(weir_mesh_set_key(mesh, 1, air_key, 8));
    DID(weir_mesh_set_sending_key(mesh, 1));
    DID(weir_mesh_remove_key(mesh, 0));
    DID(weir_mesh_get_load(mesh, &load));
    note_signed(trace, load.queued);
    DID(weir_mesh_get_received(mesh, &amount));
    note_signed(trace, amount);
    DID(weir_mesh_set_load(mesh, 5));
    DID(weir_mesh_set_work(mesh, 6, 1));
    DID(weir_mesh_set_capacity(mesh, 2));
    DID(weir_mesh_ship(mesh, 17, 1));
    DID(weir_mesh_record(mesh, WEIR_KIND_NOTE, 0, bytes, 4));
    DID(weir_mesh_attach_complex(mesh, map));
    DID(weir_mesh_settle(mesh, &state));
    note(trace, state.digest);
    DID(weir_mesh_settle(mesh, NULL));
    DID(weir_mesh_plan(mesh, shipment, 2, &len));
    note(trace, len);
    note(trace, shipment[0].to);
    DID(weir_mesh_detach_complex(mesh));
    DID(weir_mesh_next_event(mesh, &event));
    note(trace, event.code);
    DID(weir_mesh_next_record(mesh, &cursor, &record));
    note(trace, cursor);
    note(trace, record.hash);
    DID(weir_mesh_get_neighbour(mesh, 0, &neighbour));
    note(trace, neighbour.digest);
    DID(weir_mesh_get_stats(mesh, &stats));
    note(trace, stats.bytes_sent);
    DID(weir_mesh_block(mesh, 999, 1));
    DID(weir_mesh_leave(mesh));
    len = 77;
    DID(weir_mesh_snapshot(mesh, bytes, sizeof bytes, &len));
    note(trace, len);
    DID(weir_mesh_restore(mesh, bytes, len < sizeof bytes ? len : 0));
    DID(weir_mesh_resume(mesh, 5));
    DID(weir_mesh_poll(mesh, 1, &due));
    note(trace, due.next_ms);
    DID(weir_mesh_poll(mesh, 2, NULL));
    DID(weir_mesh_receive_isr(mesh, bytes, 20, -1));
    DID(weir_mesh_reset(mesh, 9));
    DID(weir_mesh_deinit(mesh));
}

static void dead_and_young(struct air *air, struct trace *trace)
{
    static uint64_t plain[8];
    struct station *station = &air->station[0];
    weir_mesh *mesh;
    air_start(air, trace, 2, NULL);
    every_call(trace, NULL, station->map);
    every_call(trace, (weir_mesh *)(void *)plain, station->map);
    every_call(trace, station->mesh, station->map); /* before the first poll */
    every_call(trace, station->mesh, station->map); /* given back */
    chapter(trace, "dead");

    (void)air_boot(air, 0, 2);
    DID(weir_mesh_deinit(station->mesh));
    DID(weir_mesh_init(&station->mesh, station->mesh_memory, sizeof station->mesh_memory,
                       &station->config));
    (void)air_poll(station); /* no key, no complex */
    (void)air_boot(air, 0, 2);
    mesh = station->mesh;
    (void)air_poll(station);
    DID(weir_mesh_record(mesh, WEIR_KIND_NOTE, 0, air_key, 4)); /* learning */
    DID(weir_mesh_set_load(mesh, 5));
    DID(weir_mesh_ship(mesh, 17, 1));
    air_note_station(station);
    chapter(trace, "young");
}

/* Bad arguments to a node that runs; nothing of it may change what comes after. */
static void arguments(struct air *air, struct trace *trace)
{
    struct station *station = &air->station[0];
    weir_mesh *mesh;
    uint8_t bytes[64];
    uint32_t cursor = 0;
    size_t len = 77;
    weir_shipment shipment[1];
    /* Long enough for any of them, with a size too small for all. */
    union {
        uint32_t size;
        weir_mesh_due due;
        weir_mesh_event event;
        weir_record record;
        weir_neighbour neighbour;
        weir_mesh_stats stats;
        weir_mesh_load load;
        weir_mesh_state state;
    } small;

    air_start(air, trace, 3, NULL);
    air_run(air, 15000);
    mesh = station->mesh;
    paint(bytes, sizeof bytes);
    paint(&small, sizeof small);
    small.size = 8;
    DID(weir_mesh_poll(mesh, air_clock(station), &small.due));
    DID(weir_mesh_next_event(mesh, &small.event));
    DID(weir_mesh_next_event(mesh, NULL));
    DID(weir_mesh_next_record(mesh, &cursor, &small.record));
    DID(weir_mesh_next_record(mesh, &cursor, NULL));
    DID(weir_mesh_next_record(mesh, NULL, &small.record));
    cursor = UINT32_MAX;
    small.size = sizeof small;
    DID(weir_mesh_next_record(mesh, &cursor, &small.record));
    DID(weir_mesh_get_neighbour(mesh, SIZE_MAX, &small.neighbour));
    small.size = 8;
    DID(weir_mesh_get_neighbour(mesh, 0, &small.neighbour));
    DID(weir_mesh_get_neighbour(mesh, 0, NULL));
    DID(weir_mesh_get_stats(mesh, &small.stats));
    DID(weir_mesh_get_stats(mesh, NULL));
    DID(weir_mesh_get_load(mesh, &small.load));
    DID(weir_mesh_get_load(mesh, NULL));
    DID(weir_mesh_get_received(mesh, NULL));
    DID(weir_mesh_settle(mesh, &small.state));
    DID(weir_mesh_set_key(mesh, 1, NULL, 8));
    DID(weir_mesh_set_key(mesh, 4, air_key, 8));
    DID(weir_mesh_set_key(mesh, 1, air_key, 0));
    DID(weir_mesh_set_sending_key(mesh, 255));
    DID(weir_mesh_remove_key(mesh, 255));
    DID(weir_mesh_receive_isr(mesh, NULL, 20, 0));
    DID(weir_mesh_receive_isr(mesh, bytes, 0, 0));
    DID(weir_mesh_receive_isr(mesh, station->said, AIR_FRAME + 1, 0));
    DID(weir_mesh_snapshot(mesh, NULL, 1, &len));
    DID(weir_mesh_snapshot(mesh, bytes, sizeof bytes, NULL));
    DID(weir_mesh_snapshot(mesh, bytes, 0, &len));
    DID(weir_mesh_restore(mesh, NULL, 1));
    DID(weir_mesh_restore(mesh, bytes, sizeof bytes));
    DID(weir_mesh_record(mesh, WEIR_KIND_NOTE, 0, NULL, 1));
    DID(weir_mesh_record(mesh, WEIR_KIND_LOAD, 0, bytes, 18));
    DID(weir_mesh_record(mesh, 255, 0, bytes, 1));
    DID(weir_mesh_plan(mesh, NULL, 1, &len));
    DID(weir_mesh_plan(mesh, shipment, 1, NULL));
    DID(weir_mesh_plan(mesh, shipment, 0, &len));
    note(trace, len);
    DID(weir_mesh_ship(mesh, 1, 0));
    DID(weir_mesh_ship(mesh, 999, 0));
    DID(weir_mesh_ship(mesh, 17, UINT32_MAX));
    DID(weir_mesh_ship(mesh, 17, 0));
    DID(weir_mesh_reset(mesh, 0));
    DID(weir_mesh_reset(mesh, 1));
    DID(weir_mesh_attach_complex(mesh, NULL));
    air_run(air, 5000);
    CHECK(air_agrees(air));
    air_note(air);
    chapter(trace, "arguments");
}

/* The complex while it is lent, of a wrong shape, and after it came back. */
static void lent(struct air *air, struct trace *trace)
{
    static WEIR_COMPLEX_STORAGE(memory, 16, 48, 80, 6);
    struct station *station = &air->station[0];
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    weir_complex *other = NULL;
    weir_mesh *mesh;
    uint16_t a = 0, b = 0;
    air_start(air, trace, 3, NULL);
    air_run(air, 12000);
    mesh = station->mesh;
    DID(weir_complex_init(&other, memory, sizeof memory, &config));
    DID(weir_mesh_attach_complex(mesh, station->map));
    DID(weir_mesh_attach_complex(air->station[1].mesh, station->map));
    DID(weir_complex_add_node(station->map, 1));
    DID(weir_complex_add_edge(station->map, 1, 17));
    DID(weir_complex_remove_node(station->map, 1));
    DID(weir_complex_remove_edge(station->map, 1, 17));
    DID(weir_complex_add_triangle(station->map, 1, 17, 40000));
    DID(weir_complex_reset(station->map));
    DID(weir_complex_deinit(station->map));
    DID(weir_complex_get_edge(station->map, 0, &a, &b));
    note(trace, (uint64_t)a << 16 | b);
    DID(weir_mesh_detach_complex(mesh));
    DID(weir_mesh_detach_complex(mesh));
    DID(weir_mesh_attach_complex(mesh, other));
    DID(weir_complex_deinit(other));
    DID(weir_mesh_attach_complex(mesh, other));
    air_note_station(station); /* nothing to settle with */
    DID(weir_complex_remove_node(station->map, 17));
    DID(weir_mesh_attach_complex(mesh, station->map));
    air_run(air, 12000);
    CHECK(air_agrees(air));
    air_note(air);
    DID(weir_mesh_deinit(mesh));
    DID(weir_complex_reset(station->map));
    chapter(trace, "lent");
}

static unsigned entered[CALLBACKS];

static void reenter(struct station *station, unsigned callback)
{
    struct trace *trace = station->air->trace;
    if (entered[callback]++ < 2) {
        every_call(trace, station->mesh, station->map);
    }
}

/* Every callback calls every function of its own handle, and a frame comes in while it does. */
static void reentry(struct air *air, struct trace *trace)
{
    unsigned callback;
    air_start(air, trace, 3, NULL);
    air->station[0].inside = reenter;
    air_run(air, 12000);
    DID(weir_mesh_record(air->station[0].mesh, WEIR_KIND_NOTE, 1, air_key, 16));
    DID(weir_mesh_record(air->station[1].mesh, WEIR_KIND_NOTE, 2, air_key, 16));
    air_run(air, 12000);
    for (callback = 0; callback < CALLBACKS; callback++) {
        CHECK(entered[callback] > 0);
    }
    CHECK(air_agrees(air));
    air_note(air);
    chapter(trace, "reentry");
}

/* The n-th call of each callback fails, for every n of a start. */
static void failing(struct air *air, struct trace *trace)
{
    unsigned nth;
    for (nth = 1; nth <= 10; nth++) {
        air_start(air, trace, 3, NULL);
        air->station[0].fail[ENTROPY] = nth;
        air->station[1].fail[TRANSMIT] = nth;
        air->station[2].fail[SIGN] = nth % 2 + 1;
        air->station[0].fail[VERIFY] = nth % 3 + 1;
        air_run(air, 6000);
        DID(weir_mesh_record(air->station[2].mesh, WEIR_KIND_NOTE, 1, air_key, 16));
        DID(weir_mesh_record(air->station[2].mesh, WEIR_KIND_NOTE, 2, air_key, 16));
        DID(weir_mesh_set_work(air->station[1].mesh, 30, 0));
        air_run(air, 12000);
        CHECK(air_agrees(air));
        air_note(air);
    }
    chapter(trace, "failing");
}

unsigned mesh_calls(struct air *air, struct trace *trace)
{
    init_refuses(air, trace);
    dead_and_young(air, trace);
    arguments(air, trace);
    lent(air, trace);
    reentry(air, trace);
    failing(air, trace);
    return checks_failed;
}
