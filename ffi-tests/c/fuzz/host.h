/* One node under fire: its storage of exactly the size it asked for, its radio, and what must hold
 * of it at any moment, whatever it heard. */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include "seal.h"

#define AIR_FRAMES 32
#define KEPT_RECORDS 512

static const uint8_t fuzz_key[16] = { 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6 };

struct host {
    weir_mesh *mesh;
    weir_complex *map;
    uint64_t *memory, *map_memory;
    size_t bytes, map_bytes;
    weir_mesh_config config;
    weir_mesh_port port;
    uint64_t entropy;
    uint64_t now_ms;
    /* Callbacks that fail: entropy while set, the radio so many times. */
    int no_entropy;
    unsigned radio_busy;
    /* Numbers of frames must grow; frames under other keys than the first are not read. */
    uint32_t last_sequence;
    int key_changed;
    /* What it restored is its own, and was not checked by others yet. */
    int unchecked;
    /* What it said and nobody took from the air yet. */
    size_t said;
    struct {
        size_t len;
        uint8_t bytes[1024];
    } air[AIR_FRAMES];
    /* Versions of records at the last look. */
    size_t kept;
    struct {
        uint64_t version, hash;
        uint32_t place;
    } keep[KEPT_RECORDS];
};

/* Stands for a signature: what only `author` can make of this message. */
static inline void fuzz_signature(uint16_t author, const uint8_t *message, size_t len, uint8_t *out)
{
    uint64_t state = digest_bytes(digest_value(digest_start(), author), message, len);
    size_t at;
    for (at = 0; at < 64; at += 8) {
        put(out + at, next_random(&state), 8);
    }
}

/* The node calls itself from inside: nothing may come of it. */
static inline void host_reenter(struct host *self)
{
    size_t len = 77;
    uint8_t byte = 0xa5;
    MUST_GIVE(weir_mesh_snapshot(self->mesh, &byte, 1, &len), WEIR_ERR_BUSY);
    MUST_GIVE(weir_mesh_poll(self->mesh, 0, NULL), WEIR_ERR_BUSY);
    HOLDS(len == 77 && byte == 0xa5);
}

static inline weir_status host_transmit(void *ctx, const uint8_t *frame, size_t len)
{
    struct host *self = (struct host *)ctx;
    host_reenter(self);
    HOLDS(len >= 18 && len <= self->config.frame_max);
    if (self->radio_busy) {
        self->radio_busy--;
        return WEIR_ERR_BUSY;
    }
    if (self->said < AIR_FRAMES) {
        self->air[self->said].len = len;
        memcpy(self->air[self->said].bytes, frame, len);
        self->said++;
    }
    HOLDS((frame[0] >> 5) == 1 && (frame[0] & 31) >= 1 && (frame[0] & 31) <= 6);
    HOLDS(get64(frame + 2, 2) == self->config.id);
    if (self->config.boot != 0 && !self->key_changed) {
        struct member reader = { self->config.mesh_id, self->config.boot, fuzz_key, 0,
                                 self->config.id, 0, 8 };
        uint8_t copy[1024];
        size_t body_len;
        memcpy(copy, frame, len);
        HOLDS(unseal(&reader, copy, len, &body_len) != 0);
        HOLDS(reader.sequence > self->last_sequence);
        self->last_sequence = reader.sequence;
    }
    return WEIR_OK;
}

static inline weir_status host_entropy(void *ctx, uint8_t *out, size_t len)
{
    struct host *self = (struct host *)ctx;
    host_reenter(self);
    while (len--) {
        *out++ = (uint8_t)next_random(&self->entropy);
    }
    return self->no_entropy ? -1000 : WEIR_OK;
}

static inline weir_status host_sign(void *ctx, const uint8_t *message, size_t len, uint8_t *out)
{
    struct host *self = (struct host *)ctx;
    host_reenter(self);
    fuzz_signature(self->config.id, message, len, out);
    return WEIR_OK;
}

static inline weir_status host_verify(void *ctx, uint16_t author, const uint8_t *message,
                                      size_t len, const uint8_t *signature)
{
    uint8_t expected[64];
    host_reenter((struct host *)ctx);
    fuzz_signature(author, message, len, expected);
    return memcmp(expected, signature, 64) == 0 ? WEIR_OK : -1000;
}

/* A small mesh, so that every table can be filled; `shape` makes it even smaller. */
static inline weir_mesh_config small_config(uint16_t id, uint8_t shape)
{
    static const uint16_t frame_max[4] = { 250, 80, 128, 1024 };
    weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
    config.id = id;
    config.boot = 1;
    config.mesh_id = 7;
    config.max_nodes = (uint16_t)(shape & 1 ? 4 : 6);
    config.max_degree = (uint16_t)(shape & 2 ? 2 : 4);
    config.fill = (uint16_t)(shape & 4 ? 1 : 4);
    config.max_neighbours = (uint16_t)(shape & 8 ? config.max_degree : 6);
    config.inbox_frames = (uint16_t)(shape & 16 ? 1 : 4);
    config.signed_records = (uint16_t)(shape & 32 ? 1 : 3);
    config.signed_bytes = (uint16_t)(shape & 32 ? 200 : 24);
    config.frame_max = frame_max[shape >> 6];
    config.trickle_min_ms = 100;
    config.trickle_doublings = 4;
    config.heartbeat_max_ms = 3000;
    config.link_hold_ms = 500;
    config.learn_ms = 400;
    return config;
}

static inline void host_init(struct host *self, const weir_mesh_config *config)
{
    weir_complex_config map;
    memset(self, 0, offsetof(struct host, air));
    self->kept = 0;
    self->config = *config;
    self->port.size = sizeof self->port;
    self->port.transmit = host_transmit;
    self->port.entropy = host_entropy;
    self->port.sign = host_sign;
    self->port.verify = host_verify;
    self->config.port = &self->port;
    self->config.ctx = self;
    self->entropy = config->id;
    self->bytes = weir_mesh_storage_size(&self->config);
    HOLDS(self->bytes != 0);
    self->memory = exact(self->bytes);
    MUST_GIVE(weir_mesh_init(&self->mesh, self->memory, self->bytes, &self->config), WEIR_OK);
    MUST_GIVE(weir_mesh_complex_config(&self->config, &map), WEIR_OK);
    self->map_bytes = weir_complex_storage_size(&map);
    HOLDS(self->map_bytes != 0);
    self->map_memory = exact(self->map_bytes);
    MUST_GIVE(weir_complex_init(&self->map, self->map_memory, self->map_bytes, &map), WEIR_OK);
}

static inline void host_start(struct host *self, const weir_mesh_config *config)
{
    host_init(self, config);
    MUST_GIVE(weir_mesh_set_key(self->mesh, 0, fuzz_key, 8), WEIR_OK);
    MUST_GIVE(weir_mesh_attach_complex(self->mesh, self->map), WEIR_OK);
}

static inline void host_end(struct host *self)
{
    MUST_GIVE(weir_mesh_deinit(self->mesh), WEIR_OK);
    HOLDS(is_zero(self->memory, self->bytes));
    MUST_GIVE(weir_complex_deinit(self->map), WEIR_OK);
    HOLDS(is_zero(self->map_memory, self->map_bytes));
    free(self->memory);
    free(self->map_memory);
}

static inline weir_status host_poll(struct host *self)
{
    weir_mesh_due due;
    weir_status status;
    memset(&due, 0, sizeof due);
    due.size = sizeof due;
    status = weir_mesh_poll(self->mesh, self->now_ms, &due);
    HOLDS(status == WEIR_OK ? due.size == sizeof due && due.next_ms >= self->now_ms
                            : due.next_ms == 0);
    return status;
}

static inline weir_mesh_load host_load(struct host *self, weir_status *status)
{
    weir_mesh_load load;
    memset(&load, 0, sizeof load);
    load.size = sizeof load;
    *status = weir_mesh_get_load(self->mesh, &load);
    HOLDS(*status == WEIR_OK || *status == WEIR_PENDING);
    return load;
}

/* A row of links: ascending neighbours, none the author, none nobody, no more than may be. */
static inline void links_must_hold(const weir_record *record, uint16_t degree)
{
    size_t at;
    uint64_t last = 0;
    HOLDS(record->len >= 4 && (record->len - 4) % 11 == 0 && (record->len - 4) / 11 <= degree);
    for (at = 4; at < record->len; at += 11) {
        uint64_t id = get64(record->payload + at, 2);
        HOLDS(id > last && id != record->author && id != 65535);
        last = id;
    }
}

static inline void record_must_hold(struct host *self, const weir_record *record)
{
    uint8_t message[8 + 8 + 12 + 2 + 512], expected[64], *at = message;
    HOLDS(record->author != 0 && record->author != 65535);
    HOLDS(record->hash == record_hash(self->config.mesh_id, record));
    switch (record->kind) {
    case WEIR_KIND_LOAD:
        HOLDS(record->len == 18 && record->slot == 0);
        break;
    case WEIR_KIND_LINKS:
        HOLDS(record->slot == 0);
        links_must_hold(record, self->config.max_degree);
        break;
    default:
        HOLDS(record->kind == WEIR_KIND_NOTE && record->len <= self->config.signed_bytes);
    }
    HOLDS((record->kind == WEIR_KIND_NOTE) == (record->signature != NULL));
    HOLDS(record->record_class == (record->signature ? WEIR_CLASS_SIGNED : WEIR_CLASS_MEMBER));
    if (record->signature && !(self->unchecked && record->author == self->config.id)) {
        memcpy(at, "weir/sig", 8);
        at = put(put(at + 8, self->config.mesh_id, 8), record->author, 2);
        at = put(put(at, record->kind, 1), record->slot, 1);
        at = put(put(put(at, record->boot, 4), record->counter, 4), record->len, 2);
        memcpy(at, record->payload, record->len);
        fuzz_signature(record->author, message, 30u + record->len, expected);
        HOLDS(memcmp(expected, record->signature, 64) == 0);
    }
}

/* No record goes back, and one version has one value unless its author lied. */
static inline void host_remember(struct host *self, const weir_record *record, size_t index)
{
    uint32_t place = (uint32_t)record->author << 16 | (uint32_t)(record->kind << 8) | record->slot;
    uint64_t version = (uint64_t)record->boot << 32 | record->counter;
    size_t at;
    for (at = 0; at < self->kept; at++) {
        if (self->keep[at].place == place && index < KEPT_RECORDS) {
            HOLDS(version >= self->keep[at].version || record->author == self->config.id);
            self->keep[at].version = version;
            return;
        }
    }
    if (self->kept < KEPT_RECORDS) {
        self->keep[self->kept].place = place;
        self->keep[self->kept].version = version;
        self->kept++;
    }
}

/* Walks over all records; gives their number and digest. */
static inline size_t records_must_hold(struct host *self, uint64_t *digest)
{
    weir_record record;
    uint32_t cursor = 0, last = 0;
    size_t count = 0, authors = 0, notes = 0;
    *digest = 0;
    memset(&record, 0, sizeof record);
    record.size = sizeof record;
    while (weir_mesh_next_record(self->mesh, &cursor, &record) == WEIR_OK) {
        uint32_t place = (uint32_t)record.author << 16 | (uint32_t)(record.kind << 8) | record.slot;
        HOLDS(cursor == ++count && place > last);
        record_must_hold(self, &record);
        host_remember(self, &record, count);
        authors += (place >> 16) != (last >> 16);
        notes += record.kind == WEIR_KIND_NOTE;
        *digest += record.hash;
        last = place;
    }
    HOLDS(cursor == count && authors <= self->config.max_nodes);
    HOLDS(notes <= self->config.signed_records);
    return count;
}

static inline void neighbours_must_hold(struct host *self)
{
    weir_neighbour radio;
    uint16_t seen[1024];
    size_t index, at;
    memset(&radio, 0, sizeof radio);
    radio.size = sizeof radio;
    for (index = 0; weir_mesh_get_neighbour(self->mesh, index, &radio) == WEIR_OK; index++) {
        HOLDS(index < self->config.max_neighbours);
        HOLDS(radio.id != 0 && radio.id != 65535);
        HOLDS(!(radio.flags & WEIR_NEIGHBOUR_UP) || radio.flags & WEIR_NEIGHBOUR_LISTED);
        for (at = 0; at < index; at++) {
            HOLDS(seen[at] != radio.id);
        }
        seen[index] = radio.id;
    }
}

/* The own rows, once they are written, say what the node says of itself. */
static inline void own_rows_must_hold(struct host *self, const weir_mesh_load *load)
{
    weir_record record;
    uint32_t cursor = 0, sum = 0;
    size_t at;
    memset(&record, 0, sizeof record);
    record.size = sizeof record;
    while (weir_mesh_next_record(self->mesh, &cursor, &record) == WEIR_OK) {
        if (record.author != self->config.id) {
            continue;
        }
        if (record.kind == WEIR_KIND_LOAD) {
            HOLDS(get64(record.payload, 8) == (uint64_t)load->injected);
            HOLDS(get64(record.payload + 8, 8) == (uint64_t)load->done);
            sum += (uint32_t)((uint64_t)load->injected - (uint64_t)load->done);
        } else if (record.kind == WEIR_KIND_LINKS) {
            sum += (uint32_t)get64(record.payload, 4);
            for (at = 4; at < record.len; at += 11) {
                sum += (uint32_t)(get64(record.payload + at + 7, 4) -
                                  get64(record.payload + at + 3, 4));
            }
        }
    }
    HOLDS((uint32_t)load->queued == sum);
}

/* What the records come to: twice the same, and never circulation. */
static inline void results_must_hold(struct host *self)
{
    weir_mesh_state state, again;
    weir_shipment shipment[64];
    uint64_t digest, given = 0;
    size_t count, records;
    weir_status status;
    weir_mesh_load load;
    memset(&state, 0, sizeof state);
    memset(&again, 0, sizeof again);
    state.size = again.size = sizeof state;
    MUST_GIVE(weir_mesh_settle(self->mesh, &state), WEIR_OK);
    records = records_must_hold(self, &digest);
    HOLDS(state.digest == digest && state.records == records);
    HOLDS(state.nodes <= self->config.max_nodes);
    HOLDS(state.edges <= state.nodes * self->config.max_degree / 2);
    HOLDS(state.circulation_after == 0);
    MUST_GIVE(weir_mesh_plan(self->mesh, shipment, 64, &count), WEIR_OK);
    HOLDS(count <= self->config.max_degree);
    load = host_load(self, &status);
    if (status == WEIR_OK) {
        own_rows_must_hold(self, &load);
    }
    while (count--) {
        HOLDS(count == 0 || shipment[count - 1].to < shipment[count].to);
        HOLDS(shipment[count].amount != 0);
        given += shipment[count].amount;
    }
    HOLDS(given == 0 || (status == WEIR_OK && (int64_t)given <= load.queued));
    MUST_GIVE(weir_mesh_settle(self->mesh, &again), WEIR_OK);
    HOLDS(memcmp(&state, &again, sizeof state) == 0);
}

static inline void host_must_hold(struct host *self)
{
    uint64_t digest;
    records_must_hold(self, &digest);
    neighbours_must_hold(self);
}

#endif
