/* Stations on one air: see air.h. */
#include "air.h"

const uint8_t air_key[16] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3 };

static const uint16_t ids[AIR_STATIONS] = { 1, 17, 40000, 3, 258, 65534 };

unsigned air_failures(void)
{
    return checks_failed;
}

static unsigned chance(struct air *air, unsigned of_256)
{
    return of_256 != 0 && (next_random(&air->random) >> 32) % 256 < of_256;
}

/* One call of a callback: what runs inside it, and whether it is the one to fail. */
static int fails(struct station *self, unsigned callback)
{
    note(self->air->trace, 1000 + callback);
    if (self->inside) {
        self->inside(self, callback);
    }
    if (self->fail[callback] == 0) {
        return 0;
    }
    self->fail[callback]--;
    return self->fail[callback] == 0;
}

static void fly(struct air *air, unsigned to, const uint8_t *frame, size_t len, unsigned from)
{
    struct flight *flight = &air->flight[air->in_flight];
    if (chance(air, air->lost) || air->in_flight == AIR_FLIGHTS) {
        return;
    }
    air->in_flight++;
    flight->to = to;
    flight->len = len;
    flight->rssi = (int8_t)(-40 - (int)(from * 7 + to));
    flight->due_ms = air->now_ms;
    memcpy(flight->bytes, frame, len);
    if (chance(air, air->late)) {
        flight->due_ms += next_random(&air->random) % 400;
    }
    if (chance(air, air->bent)) {
        uint64_t how = next_random(&air->random);
        if (how % 4 == 0) {
            flight->len = (size_t)((how >> 8) % len); /* cut short; 0 is refused at the door */
        } else {
            flight->bytes[(how >> 8) % len] ^= (uint8_t)(1u << (how >> 40 & 7));
        }
    }
}

static weir_status transmit(void *ctx, const uint8_t *frame, size_t len)
{
    struct station *self = (struct station *)ctx;
    struct air *air = self->air;
    unsigned to;
    if (fails(self, TRANSMIT) || len > AIR_FRAME) {
        return WEIR_ERR_BUSY;
    }
    note_bytes(air->trace, frame, len);
    memcpy(self->said, frame, len);
    self->said_len = len;
    for (to = 0; to < air->stations; to++) {
        if (to != self->index && !air->wall[self->index][to]) {
            fly(air, to, frame, len, self->index);
            if (chance(air, air->twice)) {
                fly(air, to, frame, len, self->index);
            }
        }
    }
    return WEIR_OK;
}

static weir_status entropy(void *ctx, uint8_t *out, size_t len)
{
    struct station *self = (struct station *)ctx;
    size_t at;
    if (fails(self, ENTROPY)) {
        return -1000;
    }
    note(self->air->trace, len);
    for (at = 0; at < len; at++) {
        out[at] = (uint8_t)next_random(&self->entropy);
    }
    return WEIR_OK;
}

/* No signature at all, only its shape: what counts is when it is asked for and what follows. */
static void signature_of(uint16_t author, const uint8_t *message, size_t len, uint8_t *signature)
{
    uint64_t state = digest_bytes(digest_value(digest_start(), author), message, len);
    size_t at;
    for (at = 0; at < 64; at++) {
        signature[at] = (uint8_t)next_random(&state);
    }
}

static weir_status sign(void *ctx, const uint8_t *message, size_t len, uint8_t *signature)
{
    struct station *self = (struct station *)ctx;
    if (fails(self, SIGN)) {
        return -1000;
    }
    note_bytes(self->air->trace, message, len);
    signature_of(self->config.id, message, len, signature);
    return WEIR_OK;
}

static weir_status verify(void *ctx, uint16_t author, const uint8_t *message, size_t len,
                          const uint8_t *signature)
{
    struct station *self = (struct station *)ctx;
    uint8_t expected[64];
    if (fails(self, VERIFY)) {
        return -1000;
    }
    note(self->air->trace, author);
    note_bytes(self->air->trace, message, len);
    note_bytes(self->air->trace, signature, 64);
    signature_of(author, message, len, expected);
    return memcmp(expected, signature, 64) == 0 ? WEIR_OK : WEIR_ERR_RANGE;
}

static const weir_mesh_port port = {
    sizeof(weir_mesh_port), transmit, entropy, sign, verify,
};

static void configure(struct station *station)
{
    weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
    config.id = ids[station->index];
    config.boot = 1;
    config.mesh_id = UINT64_C(0x1122334455667788);
    config.max_nodes = AIR_NODES;
    config.max_degree = AIR_DEGREE;
    config.fill = AIR_FILL;
    config.max_neighbours = AIR_NEIGHBOURS;
    config.inbox_frames = AIR_INBOX;
    config.frame_max = AIR_FRAME;
    config.signed_records = AIR_NOTES;
    config.signed_bytes = AIR_NOTE_BYTES;
    /* Faster than on a battery, so that a minute shows links going down and coming back. */
    config.trickle_min_ms = 400;
    config.trickle_doublings = 4;
    config.heartbeat_max_ms = 4000;
    config.link_hold_ms = 2000;
    config.learn_ms = 1000;
    config.port = &port;
    config.ctx = station;
    station->config = config;
}

weir_status air_boot(struct air *air, unsigned index, uint32_t boot)
{
    struct station *station = &air->station[index];
    struct trace *trace = air->trace;
    weir_complex_config complex;
    weir_status status;
    station->config.boot = boot;
    station->mesh = NULL;
    station->wake_ms = air->now_ms;
    paint(station->mesh_memory, sizeof station->mesh_memory);
    paint(station->complex_memory, sizeof station->complex_memory);
    CHECK(weir_mesh_storage_size(&station->config) <= sizeof station->mesh_memory);
    status = DID(weir_mesh_init(&station->mesh, station->mesh_memory, sizeof station->mesh_memory,
                                &station->config));
    DID(weir_mesh_complex_config(&station->config, &complex));
    note(trace, complex.max_nodes);
    note(trace, complex.max_edges);
    note(trace, complex.max_triangles);
    note(trace, complex.fill);
    note(trace, complex.flags);
    DID(weir_complex_init(&station->map, station->complex_memory, sizeof station->complex_memory,
                          &complex));
    DID(weir_mesh_set_key(station->mesh, 0, air_key, 8));
    DID(weir_mesh_attach_complex(station->mesh, station->map));
    return status;
}

void air_start(struct air *air, struct trace *trace, unsigned stations,
               void (*adjust)(weir_mesh_config *config, unsigned index))
{
    uint32_t codes = air->codes, refused = air->refused;
    unsigned index;
    memset(air, 0, sizeof *air);
    air->codes = codes;
    air->refused = refused;
    air->trace = trace;
    air->stations = stations;
    air->random = stations;
    air->works = air->listens = 1;
    for (index = 0; index < stations; index++) {
        struct station *station = &air->station[index];
        station->air = air;
        station->index = index;
        station->entropy = index + 1;
        station->base_ms = 1000 * index;
        configure(station);
        if (adjust) {
            adjust(&station->config, index);
        }
        (void)air_boot(air, index, station->config.boot);
    }
}

uint64_t air_clock(const struct station *station)
{
    uint64_t now = station->air->now_ms;
    return station->base_ms + now + now / 1000 * (uint64_t)(int64_t)station->drift;
}

static void read_events(struct station *station)
{
    struct trace *trace = station->air->trace;
    weir_mesh_event event;
    for (;;) {
        paint(&event, sizeof event);
        event.size = sizeof event;
        if (DID(weir_mesh_next_event(station->mesh, &event)) != WEIR_OK) {
            return;
        }
        station->air->codes |= UINT32_C(1) << event.code;
        note(trace, event.code);
        note(trace, event.peer);
        note_signed(trace, event.value);
        note(trace, event.kind);
        note(trace, event.slot);
    }
}

/* Moves work over every edge as planned and takes what came. */
static void work(struct station *station)
{
    struct trace *trace = station->air->trace;
    weir_shipment shipment[AIR_DEGREE];
    size_t count = 0, at;
    int32_t amount = 0;
    paint(shipment, sizeof shipment);
    DID(weir_mesh_plan(station->mesh, shipment, AIR_DEGREE, &count));
    for (at = 0; at < count; at++) {
        note(trace, shipment[at].to);
        note(trace, shipment[at].amount);
        DID(weir_mesh_ship(station->mesh, shipment[at].to, shipment[at].amount));
    }
    DID(weir_mesh_get_received(station->mesh, &amount));
    note_signed(trace, amount);
}

weir_status air_poll(struct station *station)
{
    struct air *air = station->air;
    struct trace *trace = air->trace;
    uint64_t clock = air_clock(station), wait = 50;
    weir_mesh_due due;
    weir_status status;
    paint(&due, sizeof due);
    due.size = sizeof due;
    status = DID(weir_mesh_poll(station->mesh, clock, &due));
    if (status == WEIR_OK) {
        wait = due.next_ms - clock;
        note(trace, due.flags);
        note(trace, due.next_ms);
        note(trace, due.listen_until_ms);
    }
    if (air->listens) {
        read_events(station);
    }
    if (air->works) {
        work(station);
    }
    /* A clock that ended or was set back may name a moment that never comes. */
    station->wake_ms = air->now_ms + (wait < 1000 ? wait : 1000);
    station->heard = 0;
    return status;
}

weir_status air_hand(struct station *station, const uint8_t *frame, size_t len)
{
    struct trace *trace = station->air->trace;
    station->heard = 1;
    return DID(weir_mesh_receive_isr(station->mesh, frame, len, -60));
}

static void deliver(struct air *air)
{
    struct trace *trace = air->trace;
    unsigned at, kept = 0, waiting = air->in_flight;
    for (at = 0; at < waiting; at++) {
        const struct flight *flight = &air->flight[at];
        struct station *station = &air->station[flight->to];
        if (flight->due_ms > air->now_ms) {
            air->flight[kept++] = *flight;
        } else if (station->mesh) {
            DID(weir_mesh_receive_isr(station->mesh, flight->bytes, flight->len, flight->rssi));
            station->heard = 1;
        }
    }
    air->in_flight = kept;
}

void air_run(struct air *air, uint64_t span_ms)
{
    uint64_t until = air->now_ms + span_ms;
    unsigned index;
    while (air->now_ms < until) {
        uint64_t next = air->now_ms + 100;
        deliver(air);
        for (index = 0; index < air->stations; index++) {
            struct station *station = &air->station[index];
            if (!station->mesh) {
                continue;
            }
            if (station->heard || station->wake_ms <= air->now_ms) {
                (void)air_poll(station);
            }
            if (station->wake_ms < next) {
                next = station->wake_ms;
            }
        }
        if (air->in_flight > 0 || next <= air->now_ms) {
            next = air->now_ms + 1;
        }
        air->now_ms = next;
    }
}

void air_cut(struct air *air, unsigned group)
{
    unsigned a, b;
    for (a = 0; a < AIR_STATIONS; a++) {
        for (b = 0; b < AIR_STATIONS; b++) {
            air->wall[a][b] = (group >> a & 1) != (group >> b & 1);
        }
    }
}

static void note_records(struct station *station)
{
    struct trace *trace = station->air->trace;
    uint32_t cursor = 0;
    weir_record record;
    for (;;) {
        paint(&record, sizeof record);
        record.size = sizeof record;
        if (DID(weir_mesh_next_record(station->mesh, &cursor, &record)) != WEIR_OK) {
            return;
        }
        note(trace, cursor);
        note(trace, record.author);
        note(trace, record.kind);
        note(trace, record.slot);
        note(trace, record.boot);
        note(trace, record.counter);
        note(trace, record.hash);
        note(trace, record.record_class);
        note_bytes(trace, record.payload, record.len);
        if (record.signature) {
            note_bytes(trace, record.signature, 64);
        }
    }
}

static void note_neighbours(struct station *station)
{
    struct trace *trace = station->air->trace;
    weir_neighbour neighbour;
    size_t index;
    for (index = 0;; index++) {
        paint(&neighbour, sizeof neighbour);
        neighbour.size = sizeof neighbour;
        if (DID(weir_mesh_get_neighbour(station->mesh, index, &neighbour)) != WEIR_OK) {
            return;
        }
        note(trace, neighbour.id);
        note(trace, neighbour.flags);
        note_signed(trace, neighbour.rssi_dbm);
        note(trace, neighbour.digest);
        note(trace, neighbour.silent_ms);
    }
}

static void note_stats(struct station *station)
{
    struct trace *trace = station->air->trace;
    weir_mesh_stats stats;
    unsigned reason;
    paint(&stats, sizeof stats);
    stats.size = sizeof stats;
    if (DID(weir_mesh_get_stats(station->mesh, &stats)) != WEIR_OK) {
        return;
    }
    note(trace, stats.frames_sent);
    note(trace, stats.bytes_sent);
    note(trace, stats.bytes_received);
    note(trace, stats.frames_received);
    note(trace, stats.beacons_sent);
    note(trace, stats.records_merged);
    note(trace, stats.records_written);
    note(trace, stats.link_changes);
    note(trace, stats.busy);
    note(trace, stats.events_lost);
    note(trace, stats.inbox_dropped);
    note(trace, stats.backwards);
    for (reason = 0; reason < WEIR_REFUSALS; reason++) {
        note(trace, stats.refused[reason]);
        station->air->refused |= (uint32_t)(stats.refused[reason] != 0) << reason;
    }
}

static weir_status settle(struct station *station, weir_mesh_state *state)
{
    struct trace *trace = station->air->trace;
    paint(state, sizeof *state);
    state->size = sizeof *state;
    return DID(weir_mesh_settle(station->mesh, state));
}

void air_note_station(struct station *station)
{
    struct trace *trace = station->air->trace;
    weir_mesh_state state;
    weir_mesh_load load;
    if (settle(station, &state) == WEIR_OK) {
        note(trace, state.flags);
        note(trace, state.digest);
        note_signed(trace, state.arrived);
        note_signed(trace, state.done);
        note_signed(trace, state.queued);
        note_signed(trace, state.in_flight);
        note(trace, state.circulation_before);
        note(trace, state.circulation_after);
        note(trace, state.imbalance);
        note(trace, state.records);
        note(trace, state.nodes);
        note(trace, state.edges);
        note(trace, state.triangles);
        note(trace, state.agreed);
        note(trace, state.learning);
    }
    paint(&load, sizeof load);
    load.size = sizeof load;
    if (DID(weir_mesh_get_load(station->mesh, &load)) == WEIR_OK) {
        note_signed(trace, load.queued);
        note_signed(trace, load.injected);
        note_signed(trace, load.done);
        note(trace, load.in_flight);
        note(trace, load.capacity);
    }
    note_records(station);
    note_neighbours(station);
    note_stats(station);
    read_events(station);
}

void air_note(struct air *air)
{
    unsigned index;
    note(air->trace, air->now_ms);
    for (index = 0; index < air->stations; index++) {
        if (air->station[index].mesh) {
            air_note_station(&air->station[index]);
        }
    }
}

int air_agrees(struct air *air)
{
    weir_mesh_state first, other;
    unsigned index, begun = 0;
    for (index = 0; index < air->stations; index++) {
        if (!air->station[index].mesh) {
            continue;
        }
        if (settle(&air->station[index], begun ? &other : &first) != WEIR_OK ||
            (begun && other.digest != first.digest)) {
            return 0;
        }
        begun = 1;
    }
    return 1;
}
