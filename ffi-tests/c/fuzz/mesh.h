/* Target: mesh. Any sequence of calls on three nodes that hear each other badly, against what each
 * caller knows: which keys it set, what it attached, and where its units are. */
#ifndef FUZZ_MESH_H
#define FUZZ_MESH_H

#include "host.h"

#define HOSTS 3
#define SAVED 4096

/* What the caller of one node knows. */
struct known {
    uint8_t tag[4];
    uint8_t sending, attached, polled, restored, running;
    uint16_t capacity;
    int64_t injected, done;
    uint32_t queued;
    size_t saved_len;
    uint8_t saved[SAVED];
};

struct team {
    struct host host[HOSTS];
    struct known known[HOSTS];
    uint64_t now_ms;
    uint32_t shipped, received;
    /* Somebody restarted without its last rows; they may never hear each other again. */
    int forgot, apart;
    /* Notes that were published, a bit for each node and slot. */
    uint32_t notes;
    /* Nodes wake up for each frame, as they should, and not only when it is their turn. */
    int awake;
};

static inline unsigned keys_set(const struct known *k)
{
    unsigned slot, count = 0;
    for (slot = 0; slot < 4; slot++) {
        count += k->tag[slot] != 0;
    }
    return count;
}

/* The node says of its units what its caller counted. */
static inline void units_must_hold(struct team *t, unsigned at)
{
    struct host *self = &t->host[at];
    struct known *k = &t->known[at];
    weir_status status;
    weir_mesh_load load = host_load(self, &status);
    int32_t received;
    MUST_GIVE(weir_mesh_get_received(self->mesh, &received), WEIR_OK);
    HOLDS(status == WEIR_OK || received == 0);
    t->received += (uint32_t)received;
    k->queued += (uint32_t)received;
    HOLDS(!k->running || status == WEIR_OK);
    k->running = status == WEIR_OK;
    if (!k->running) {
        return;
    }
    if (t->forgot) {
        k->injected = load.injected;
        k->done = load.done;
        k->capacity = load.capacity;
        k->queued = (uint32_t)load.queued;
    }
    HOLDS(load.injected == k->injected && load.done == k->done);
    HOLDS(load.capacity == k->capacity && (uint32_t)load.queued == k->queued);
}

static inline void team_poll(struct team *t, unsigned at, uint8_t lost)
{
    struct host *self = &t->host[at];
    struct known *k = &t->known[at];
    weir_status expected = keys_set(k) == 0 ? WEIR_ERR_STATE : WEIR_OK;
    size_t frame;
    unsigned to;
    if (expected == WEIR_OK && !k->polled && self->no_entropy) {
        expected = WEIR_ERR_ENTROPY;
    }
    self->now_ms = t->now_ms;
    MUST_GIVE(host_poll(self), expected);
    k->polled |= expected == WEIR_OK;
    for (frame = 0; frame < self->said; frame++) {
        for (to = 0; to < HOSTS; to++) {
            if (to != at && !((lost >> (frame + 2 * to)) & 1)) {
                (void)!weir_mesh_receive_isr(t->host[to].mesh, self->air[frame].bytes,
                                             self->air[frame].len, -70);
                if (t->awake && t->known[to].polled) {
                    t->host[to].now_ms = t->now_ms;
                    MUST_GIVE(host_poll(&t->host[to]), WEIR_OK);
                    units_must_hold(t, to);
                }
            }
        }
    }
    self->said = 0;
    units_must_hold(t, at);
}

static inline void team_run(struct team *t, unsigned rounds, uint32_t step_ms, uint8_t lost)
{
    unsigned at;
    while (rounds--) {
        t->now_ms += step_ms;
        for (at = 0; at < HOSTS; at++) {
            team_poll(t, at, lost);
        }
    }
}

static inline void team_set(struct team *t, unsigned at, struct input *in, uint8_t how)
{
    struct host *self = &t->host[at];
    struct known *k = &t->known[at];
    weir_status expected = k->running ? WEIR_OK : WEIR_PENDING;
    int64_t injected = take_number(in), done = take_number(in);
    if (how == 0) {
        MUST_GIVE(weir_mesh_set_work(self->mesh, injected, done), expected);
        if (k->running) {
            k->queued += (uint32_t)((uint64_t)injected - (uint64_t)k->injected);
            k->queued -= (uint32_t)((uint64_t)done - (uint64_t)k->done);
            k->injected = injected;
            k->done = done;
        }
    } else if (how == 1) {
        MUST_GIVE(weir_mesh_set_load(self->mesh, (int32_t)injected), expected);
        if (k->running) {
            int32_t more = (int32_t)((uint32_t)injected - k->queued);
            k->injected = (int64_t)((uint64_t)k->injected + (uint64_t)(int64_t)more);
            k->queued = (uint32_t)injected;
        }
    } else {
        MUST_GIVE(weir_mesh_set_capacity(self->mesh, (uint16_t)injected), expected);
        k->capacity = k->running ? (uint16_t)injected : k->capacity;
    }
    units_must_hold(t, at);
}

static inline weir_status team_ship(struct team *t, unsigned at, uint16_t to, uint32_t amount)
{
    struct known *k = &t->known[at];
    weir_status status = weir_mesh_ship(t->host[at].mesh, to, amount);
    if (!k->running) {
        HOLDS(status == WEIR_PENDING);
    } else if (status == WEIR_OK) {
        HOLDS(to >= 1 && to <= HOSTS && to != t->host[at].config.id);
        HOLDS((int64_t)amount <= (int32_t)k->queued);
        k->queued -= amount;
        t->shipped += amount;
    } else if (status == WEIR_ERR_RANGE) {
        HOLDS((int64_t)amount > (int32_t)k->queued);
    } else {
        HOLDS(status == WEIR_ERR_STATE);
    }
    units_must_hold(t, at);
    return status;
}

/* What the plan says can be shipped. */
static inline void team_plan(struct team *t, unsigned at)
{
    weir_shipment shipment[64];
    size_t count = 0;
    weir_status expected = t->known[at].attached ? WEIR_OK : WEIR_ERR_STATE;
    MUST_GIVE(weir_mesh_plan(t->host[at].mesh, shipment, 64, &count), expected);
    while (count) {
        count--;
        MUST_GIVE(team_ship(t, at, shipment[count].to, shipment[count].amount), WEIR_OK);
    }
}

static inline void team_keys(struct team *t, unsigned at, struct input *in)
{
    struct host *self = &t->host[at];
    struct known *k = &t->known[at];
    uint8_t op = take8(in), slot = (op >> 2) % 5, tag = op & 128 ? 8 : op & 64 ? 16 : take8(in);
    uint8_t key[16];
    int there = slot < 4 && k->tag[slot] != 0;
    weir_status expected;
    memset(key, op >> 5, sizeof key);
    switch (op & 3) {
    case 0:
        expected = slot < 4 && (tag == 8 || tag == 16) && (there || keys_set(k) < 2)
                       ? WEIR_OK : WEIR_ERR_RANGE;
        MUST_GIVE(weir_mesh_set_key(self->mesh, slot, key, tag), expected);
        if (expected == WEIR_OK) {
            k->sending = keys_set(k) == 0 ? slot : k->sending;
            k->tag[slot] = tag;
            t->apart = self->key_changed = 1;
        }
        break;
    case 1:
        MUST_GIVE(weir_mesh_set_sending_key(self->mesh, slot), there ? WEIR_OK : WEIR_ERR_RANGE);
        k->sending = there ? slot : k->sending;
        t->apart |= there;
        self->key_changed |= there;
        break;
    default:
        there = there && slot != k->sending;
        MUST_GIVE(weir_mesh_remove_key(self->mesh, slot), there ? WEIR_OK : WEIR_ERR_RANGE);
        if (there) {
            k->tag[slot] = 0;
        }
    }
}

static inline void team_record(struct team *t, unsigned at, struct input *in)
{
    struct host *self = &t->host[at];
    uint8_t kind = take8(in), slot = take8(in) & 3, *payload;
    size_t len;
    uint32_t bit;
    weir_status status, expected = WEIR_OK;
    kind = kind & 3 ? WEIR_KIND_NOTE : (uint8_t)(kind >> 2);
    payload = take_bytes(in, take8(in) & 63, &len);
    if (kind != WEIR_KIND_NOTE && kind != WEIR_KIND_LOAD && kind != WEIR_KIND_LINKS) {
        expected = WEIR_ERR_RANGE;
    } else if (!t->known[at].running) {
        expected = WEIR_PENDING;
    } else if (kind != WEIR_KIND_NOTE || len > self->config.signed_bytes) {
        expected = WEIR_ERR_RANGE;
    }
    status = weir_mesh_record(self->mesh, kind, slot, payload, len);
    HOLDS(status == expected || (expected == WEIR_OK && status == WEIR_ERR_FULL));
    if (status == WEIR_OK) {
        t->notes |= 1u << (4 * at + slot);
        for (expected = 0, bit = t->notes; bit; bit &= bit - 1) {
            expected++;
        }
        /* Where all notes have no place, not all hold the same. */
        t->apart |= expected > self->config.signed_records;
    }
    free(payload);
}

/* Saves into memory of exactly the size that is said to be enough. */
static inline void team_save(struct team *t, unsigned at, size_t cap)
{
    struct known *k = &t->known[at];
    uint8_t *out = (uint8_t *)malloc(cap ? cap : 1);
    size_t len = 12345;
    weir_status status = weir_mesh_snapshot(t->host[at].mesh, out, cap, &len);
    HOLDS(status == WEIR_OK || (status == WEIR_ERR_RANGE && cap < SAVED && len == 12345));
    if (status == WEIR_OK) {
        HOLDS(len >= 26 && len <= cap);
        memcpy(k->saved, out, len);
        k->saved_len = len;
    }
    free(out);
}

/* A restart: with what was saved just before, with something older, or with nothing. */
static inline void team_restart(struct team *t, unsigned at, uint8_t how)
{
    struct host *self = &t->host[at];
    struct known *k = &t->known[at];
    uint32_t boot = self->config.boot + (how >> 4);
    weir_status expected = boot > self->config.boot ? WEIR_OK : WEIR_ERR_RANGE;
    if ((how & 3) != 0) {
        team_save(t, at, SAVED);
    } else if (expected == WEIR_OK) {
        t->forgot = 1;
    }
    MUST_GIVE(weir_mesh_reset(self->mesh, boot), expected);
    if (expected != WEIR_OK) {
        return;
    }
    self->config.boot = boot;
    self->last_sequence = 0;
    self->key_changed = 0;
    self->kept = 0;
    memset(k->tag, 0, sizeof k->tag);
    k->polled = k->running = 0;
    if (k->saved_len && !(how & 8)) {
        MUST_GIVE(weir_mesh_restore(self->mesh, k->saved, k->saved_len), WEIR_OK);
        MUST_GIVE(weir_mesh_restore(self->mesh, k->saved, k->saved_len), WEIR_ERR_STATE);
    } else {
        t->forgot = 1;
    }
    MUST_GIVE(weir_mesh_set_key(self->mesh, 0, fuzz_key, 8), WEIR_OK);
    k->sending = 0;
    k->tag[0] = 8;
}

static inline void team_attach(struct team *t, unsigned at, uint8_t how)
{
    struct host *self = &t->host[at];
    struct known *k = &t->known[at];
    weir_mesh_state state;
    memset(&state, 0, sizeof state);
    state.size = sizeof state;
    MUST_GIVE(weir_complex_add_node(self->map, 1), k->attached ? WEIR_ERR_STATE : WEIR_OK);
    MUST_GIVE(weir_complex_reset(self->map), k->attached ? WEIR_ERR_STATE : WEIR_OK);
    MUST_GIVE(weir_mesh_settle(self->mesh, &state), k->attached ? WEIR_OK : WEIR_ERR_STATE);
    if (how & 1) {
        MUST_GIVE(weir_mesh_attach_complex(self->mesh, self->map),
                  k->attached ? WEIR_ERR_STATE : WEIR_OK);
    } else {
        MUST_GIVE(weir_mesh_detach_complex(self->mesh), k->attached ? WEIR_OK : WEIR_ERR_STATE);
    }
    k->attached = how & 1;
}

/* Everything that only looks, with arguments from anywhere. */
static inline void team_look(struct team *t, unsigned at, struct input *in)
{
    struct host *self = &t->host[at];
    weir_mesh_event event;
    weir_mesh_stats stats;
    weir_neighbour radio;
    weir_record record;
    uint32_t cursor = (uint32_t)take_number(in), size = take8(in);
    memset(&event, 0, sizeof event);
    memset(&stats, 0, sizeof stats);
    memset(&radio, 0, sizeof radio);
    memset(&record, 0, sizeof record);
    event.size = size % sizeof event;
    MUST_GIVE(weir_mesh_next_event(self->mesh, &event), WEIR_ERR_ABI);
    event.size = sizeof event;
    while (weir_mesh_next_event(self->mesh, &event) == WEIR_OK) {
        HOLDS(event.code >= WEIR_EVENT_LINK_UP && event.code <= WEIR_EVENT_ROLLBACK);
        HOLDS(t->forgot || event.code != WEIR_EVENT_EQUIVOCATION);
        HOLDS(t->forgot || event.code != WEIR_EVENT_ROLLBACK);
    }
    stats.size = size % sizeof stats;
    MUST_GIVE(weir_mesh_get_stats(self->mesh, &stats), WEIR_ERR_ABI);
    HOLDS(is_zero((const uint8_t *)&stats + 4, sizeof stats - 4));
    radio.size = sizeof radio;
    (void)!weir_mesh_get_neighbour(self->mesh, (size_t)take_number(in), &radio);
    record.size = sizeof record;
    (void)!weir_mesh_next_record(self->mesh, &cursor, &record);
    neighbours_must_hold(self);
    host_must_hold(self);
    if (t->known[at].attached) {
        results_must_hold(self);
    }
}

/* Once all hear each other again: equal records everywhere, and every unit has arrived. */
static inline void team_heals(struct team *t)
{
    weir_mesh_state state[HOSTS];
    uint32_t queued = 0, come = 0;
    unsigned at, to;
    for (at = 0; at < HOSTS; at++) {
        t->host[at].no_entropy = 0;
        t->host[at].radio_busy = 0;
        for (to = 0; to < HOSTS; to++) {
            (void)!weir_mesh_block(t->host[at].mesh, t->host[to].config.id, 0);
        }
        if (!t->known[at].attached) {
            team_attach(t, at, 1);
        }
    }
    t->awake = 1;
    team_run(t, 150, 200, 0);
    for (at = 0; at < HOSTS; at++) {
        HOLDS(t->known[at].running);
        memset(&state[at], 0, sizeof state[at]);
        state[at].size = sizeof state[at];
        MUST_GIVE(weir_mesh_settle(t->host[at].mesh, &state[at]), WEIR_OK);
        queued += t->known[at].queued;
        come += (uint32_t)((uint64_t)t->known[at].injected - (uint64_t)t->known[at].done);
    }
    team_run(t, 50, 200, 0);
    for (at = 0; at < HOSTS; at++) {
        MUST_GIVE(weir_mesh_settle(t->host[at].mesh, &state[at]), WEIR_OK);
        HOLDS(state[at].digest == state[0].digest && state[at].agreed);
        HOLDS(state[at].nodes == HOSTS && state[at].edges == HOSTS && state[at].triangles == 1);
    }
    HOLDS(t->shipped == t->received && queued == come);
}

static inline void fuzz_mesh(struct input *in)
{
    static struct team team;
    struct team *t = &team;
    uint8_t shape = take8(in), ending = take8(in);
    unsigned steps, at;
    t->now_ms = 0;
    t->shipped = t->received = 0;
    t->forgot = t->awake = 0;
    t->notes = 0;
    /* With room for one frame they can drop each other's for ever. */
    t->apart = shape & 16;
    for (at = 0; at < HOSTS; at++) {
        weir_mesh_config config = small_config((uint16_t)(at + 1), shape);
        struct known *k = &t->known[at];
        host_start(&t->host[at], &config);
        memset(k, 0, offsetof(struct known, saved));
        k->tag[0] = 8;
        k->attached = 1;
        k->capacity = 1;
    }
    team_run(t, (ending >> 4) * 4u, 100, 0);
    for (steps = 0; in->left && steps < 60; steps++) {
        uint8_t op = take8(in), how;
        struct host *self;
        at = ((unsigned)op >> 6) % HOSTS;
        self = &t->host[at];
        switch (op & 31) {
        case 0:
        case 1:
        case 2:
            team_set(t, at, in, op & 31);
            break;
        case 3:
        case 4:
            team_plan(t, at);
            break;
        case 5:
            (void)team_ship(t, at, take8(in) & 3, (uint32_t)take_number(in));
            break;
        case 6:
            team_record(t, at, in);
            break;
        case 7:
            how = take8(in);
            t->apart |= how & 1 && (how & 128 || ((how >> 1) & 3) == 0);
            (void)!weir_mesh_block(self->mesh, how & 128 ? take16(in) : (how >> 1) & 3, how & 1);
            break;
        case 8:
            for (how = take8(in) & 7; how; how--) {
                team_keys(t, at, in);
            }
            break;
        case 9:
            team_save(t, at, take8(in) * 5u);
            break;
        case 10:
            team_restart(t, at, take8(in));
            break;
        case 11:
            MUST_GIVE(weir_mesh_leave(self->mesh), WEIR_OK);
            break;
        case 12:
            team_attach(t, at, take8(in));
            break;
        case 13:
            team_look(t, at, in);
            break;
        case 14:
            how = take8(in);
            self->no_entropy = how & 1;
            self->radio_busy = how >> 1;
            break;
        case 15: /* a clock that jumps back, and one that starts again */
            if (keys_set(&t->known[at]) && t->known[at].polled) {
                MUST_GIVE(weir_mesh_poll(self->mesh, take32(in), NULL), WEIR_OK);
                MUST_GIVE(weir_mesh_resume(self->mesh, t->now_ms), WEIR_OK);
                self->said = 0;
                units_must_hold(t, at);
            }
            break;
        case 16:
        case 17:
        case 18:
            t->now_ms += take16(in) & 4095;
            team_poll(t, at, take8(in));
            break;
        default:
            how = take8(in);
            team_run(t, 1 + (how & 15), 20u << (how >> 5), how & 16 ? take8(in) : 0);
        }
    }
    if (!t->apart && !t->forgot && (ending & 3) == 3) {
        team_heals(t);
    }
    for (at = 0; at < HOSTS; at++) {
        units_must_hold(t, at);
        host_must_hold(&t->host[at]);
        host_end(&t->host[at]);
    }
}

#endif
