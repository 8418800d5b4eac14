/* Target: frames. Raw bytes and sealed ones, from members that say anything, into a living node. */
#ifndef FUZZ_FRAMES_H
#define FUZZ_FRAMES_H

#include "host.h"

#define LIARS 3
#define BODY_MAX 1200

struct attack {
    struct host host;
    struct member liar[LIARS];
    uint32_t pushed, in_inbox, refused_at_once;
    /* Frames and records refused so far, and frames in the inbox that must be. */
    uint64_t refused, must_refuse;
    /* Somebody said that he took units from the node. */
    int claimed;
};

static inline void attack_push(struct attack *a, const uint8_t *frame, size_t len)
{
    size_t most = a->host.config.frame_max;
    weir_status expected = WEIR_OK;
    if (len == 0 || len > most) {
        expected = WEIR_ERR_RANGE;
    } else if (a->in_inbox == a->host.config.inbox_frames) {
        expected = WEIR_ERR_FULL;
    }
    MUST_GIVE(weir_mesh_receive_isr(a->host.mesh, frame, len, (int8_t)len), expected);
    if (expected == WEIR_OK) {
        a->pushed++;
        a->in_inbox++;
    } else {
        a->refused_at_once++;
    }
}

static inline void attack_seal(struct attack *a, struct member *liar, uint8_t kind,
                               const uint8_t *body, size_t len)
{
    uint8_t *frame = (uint8_t *)malloc(len + 64);
    size_t total = seal(liar, kind, body, len, frame);
    uint8_t *tight = (uint8_t *)malloc(total);
    memcpy(tight, frame, total);
    attack_push(a, tight, total);
    free(tight);
    free(frame);
}

static inline void attack_poll(struct attack *a, uint32_t wait_ms)
{
    struct host *self = &a->host;
    weir_mesh_stats stats;
    weir_status before, after;
    weir_mesh_load was, is;
    int32_t received, rest;
    uint64_t refused = 0;
    unsigned at;
    MUST_GIVE(weir_mesh_get_received(self->mesh, &rest), WEIR_OK);
    was = host_load(self, &before);
    self->now_ms += wait_ms;
    MUST_GIVE(host_poll(self), WEIR_OK);
    self->said = 0;
    /* A poll takes more frames than the inbox has here. */
    a->in_inbox = 0;
    is = host_load(self, &after);
    MUST_GIVE(weir_mesh_get_received(self->mesh, &received), WEIR_OK);
    if (before == WEIR_OK) {
        HOLDS(after == WEIR_OK);
        HOLDS(a->claimed || (uint32_t)is.queued == (uint32_t)was.queued + (uint32_t)received);
        HOLDS(is.injected == was.injected && is.done == was.done);
    }
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    MUST_GIVE(weir_mesh_get_stats(self->mesh, &stats), WEIR_OK);
    HOLDS(stats.frames_received + a->in_inbox == a->pushed);
    HOLDS(stats.inbox_dropped == a->refused_at_once);
    for (at = 0; at < WEIR_REFUSALS; at++) {
        HOLDS(stats.refused[at] == 0 || weir_refusal_name(at) != NULL);
        refused += stats.refused[at];
    }
    HOLDS(refused >= a->refused + a->must_refuse);
    a->refused = refused;
    a->must_refuse = 0;
    host_must_hold(self);
}

/* A good frame twice, or one of which a bit was turned: neither may pass. */
static inline void attack_tamper(struct attack *a, struct input *in, struct member *liar)
{
    uint8_t frame[64], how = take8(in);
    size_t total;
    if (a->host.config.inbox_frames - a->in_inbox < 2) {
        attack_poll(a, 1);
    }
    total = seal(liar, FRAME_GOODBYE, fuzz_key, 0, frame);
    if (how & 1) {
        frame[take8(in) % total] ^= (uint8_t)(1u << (how >> 5));
    } else if (a->host.config.inbox_frames > 1) {
        attack_push(a, frame, total);
    } else {
        return;
    }
    a->must_refuse++;
    attack_push(a, frame, total);
}

static inline uint8_t *put_header(uint8_t *at, uint16_t author, uint8_t kind, uint8_t slot,
                                  uint64_t version, size_t len, uint8_t part)
{
    at = put(put(at, author, 2), kind, 1);
    at = put(put(at, slot, 1), version >> 32, 4);
    at = put(at, version, 4);
    at = put(at, len | (kind == WEIR_KIND_NOTE ? 1u << 14 : 0), 2);
    return put(at, part, 1);
}

/* A version near the one that the node holds, or anywhere. */
static inline uint64_t near_version(struct attack *a, struct input *in, uint16_t author)
{
    uint64_t version = UINT64_C(1) << 32 | 1;
    uint32_t place = (uint32_t)author << 16;
    uint8_t how = take8(in);
    size_t at;
    for (at = 0; at < a->host.kept; at++) {
        if ((a->host.keep[at].place & 0xffff0000u) == place && a->host.keep[at].version > version) {
            version = a->host.keep[at].version;
        }
    }
    if (how >= 250) {
        return take64(in);
    }
    return version + (how & 7) + ((uint64_t)((how >> 3) & 3) << 32);
}

static inline uint16_t some_author(struct input *in)
{
    uint8_t pick = take8(in);
    return pick >= 250 ? take16(in) : (uint16_t)(pick % 9);
}

static inline size_t some_load(struct input *in, uint8_t *payload)
{
    uint8_t *at = put(payload, (uint64_t)take_number(in), 8);
    at = put(at, (uint64_t)take_number(in), 8);
    return (size_t)(put(at, (uint64_t)take_number(in), 2) - payload);
}

/* A row of links that may answer what the node itself says of its ends of edges. */
static inline size_t some_links(struct attack *a, struct input *in, uint16_t author,
                                uint8_t *payload)
{
    uint8_t *at = put(payload, (uint64_t)take_number(in), 4);
    uint8_t count = take8(in), entry;
    uint16_t neighbour = 0;
    weir_record own;
    uint32_t cursor = 0;
    memset(&own, 0, sizeof own);
    own.size = sizeof own;
    while (weir_mesh_next_record(a->host.mesh, &cursor, &own) == WEIR_OK &&
           !(own.author == a->host.config.id && own.kind == WEIR_KIND_LINKS)) {
    }
    for (entry = 0; entry < (count & 7); entry++) {
        uint8_t how = take8(in);
        uint8_t generation = how >> 4;
        uint64_t sent = (uint64_t)take_number(in), acked = (uint64_t)take_number(in);
        neighbour = (uint16_t)(neighbour + (how & 3));
        if (neighbour == a->host.config.id && own.kind == WEIR_KIND_LINKS && how & 4) {
            size_t from;
            for (from = 4; from + 11 <= own.len; from += 11) {
                if (get64(own.payload + from, 2) == author) {
                    generation = (uint8_t)(own.payload[from + 2] + (how & 8 ? 1 : 0));
                    acked = how & 16 ? get64(own.payload + from + 3, 4) : acked;
                    sent += how & 32 ? get64(own.payload + from + 7, 4) : 0;
                }
            }
        }
        at = put(put(at, neighbour, 2), generation, 1);
        at = put(put(at, sent, 4), acked, 4);
        a->claimed |= (uint32_t)acked != 0;
    }
    return (size_t)(at - payload);
}

static inline size_t some_note(struct attack *a, struct input *in, uint16_t author, uint8_t slot,
                               uint64_t version, uint8_t *payload)
{
    uint8_t message[30 + 600], *at = message;
    size_t len = take16(in) % 530, fill;
    for (fill = 0; fill < len; fill++) {
        payload[fill] = (uint8_t)(fill * 7);
    }
    memcpy(at, "weir/sig", 8);
    at = put(put(at + 8, a->host.config.mesh_id, 8), author, 2);
    at = put(put(put(at, WEIR_KIND_NOTE, 1), slot, 1), version >> 32, 4);
    at = put(put(at, version, 4), len, 2);
    memcpy(at, payload, len);
    fuzz_signature(take8(in) < 8 ? 4 : author, message, 30 + len, payload + len);
    return len;
}

/* A record with meaning; returns where it ends. Its value is whole, or one part of several. */
static inline uint8_t *some_record(struct attack *a, struct input *in, uint8_t *at, uint8_t part)
{
    uint16_t author = some_author(in);
    uint8_t what = take8(in), slot = 0, kind, value[1200];
    uint64_t version = near_version(a, in, author);
    size_t len, total, size, count = (part & 15) + 1u, index = part >> 4;
    switch (what & 3) {
    case 0:
        kind = WEIR_KIND_LOAD;
        len = total = some_load(in, value);
        break;
    case 1:
    case 2:
        kind = WEIR_KIND_LINKS;
        len = total = some_links(a, in, author, value);
        break;
    default:
        kind = WEIR_KIND_NOTE;
        slot = (uint8_t)((what >> 2) & 3);
        len = some_note(a, in, author, slot, version, value);
        total = len + 64;
    }
    slot = what >= 224 ? take8(in) : slot;
    kind = what >= 252 ? take8(in) : kind;
    at = put_header(at, author, kind, slot, version, len, part);
    size = (total + count - 1) / count;
    len = index * size >= total ? 0 : total - index * size < size ? total - index * size : size;
    memcpy(at, value + (len ? index * size : 0), len);
    return at + len;
}

static inline void some_beacon(struct attack *a, struct input *in, struct member *liar)
{
    uint8_t body[16], how = take8(in);
    uint64_t digest;
    size_t count = records_must_hold(&a->host, &digest);
    uint16_t parameters = parameters_hash(a->host.config.mesh_id, &a->host.config);
    uint8_t *at = put(body, how & 32 ? take16(in) : parameters, 2);
    at = put(at, how & 64 ? digest : digest + how, 8);
    at = put(at, count, 2);
    at = put(at, how & 128 ? take8(in) : liar->sequence, 1);
    attack_seal(a, liar, FRAME_BEACON, body, (size_t)(at - body));
}

/* A SUMMARY or LIST to the node. */
static inline void some_question(struct attack *a, struct input *in, struct member *liar)
{
    uint8_t body[512], how = take8(in), *at = put(body, how & 1 ? 9 : a->host.config.id, 2);
    uint32_t mask = 0xffff;
    unsigned bucket, entries;
    uint16_t author = 0;
    if (how & 2) {
        mask = take16(in);
        at = put(put(at, how & 4 ? 1 : 0, 1), mask, 2);
    }
    for (bucket = 0; bucket < 16; bucket++) {
        if (mask & (1u << bucket)) {
            at = put(at, how & 8 ? bucket * 65793u : take8(in), 3);
        }
    }
    for (entries = how & 2 ? how >> 4 : 0; entries; entries--) {
        uint8_t what = take8(in);
        author = (uint16_t)(author + (what & 1));
        at = put(put(at, author, 2), what & 2 ? WEIR_KIND_NOTE : 1u + ((what >> 2) & 1), 1);
        at = put(put(at, what & 2 ? what >> 3 : 0, 1), take8(in), 2);
    }
    attack_seal(a, liar, how & 2 ? FRAME_LIST : FRAME_SUMMARY, body, (size_t)(at - body));
}

static inline void attack_records(struct attack *a, struct input *in, struct member *liar)
{
    uint8_t body[4 * BODY_MAX], *at = body, count = take8(in);
    size_t room = a->host.config.frame_max - 18u;
    for (count &= 3; count != 255; count--) {
        uint8_t *end = some_record(a, in, at, 0);
        if ((size_t)(end - body) > room) {
            break;
        }
        at = end;
    }
    attack_seal(a, liar, FRAME_RECORDS, body, (size_t)(at - body));
}

/* All parts of one record, perhaps without some, perhaps in another order. */
static inline void attack_parts(struct attack *a, struct input *in, struct member *liar)
{
    uint8_t body[BODY_MAX], how = take8(in), count = how & 15, index;
    for (index = 0; index <= count; index++) {
        struct input again = *in;
        uint8_t which = (uint8_t)(how & 16 ? count - index : index);
        uint8_t *end = some_record(a, &again, body, (uint8_t)(which << 4 | count));
        attack_seal(a, liar, FRAME_PART, body, (size_t)(end - body));
        if (how & 32 || a->in_inbox == a->host.config.inbox_frames) {
            attack_poll(a, 1);
        }
        if (index == count) {
            *in = again;
        }
    }
}

static inline void attack_start(struct attack *a, const weir_mesh_config *config)
{
    unsigned at, again;
    struct input none = { NULL, 0 };
    memset(a->liar, 0, sizeof a->liar);
    a->pushed = a->in_inbox = a->refused_at_once = 0;
    a->refused = a->must_refuse = 0;
    a->claimed = 0;
    host_start(&a->host, config);
    attack_poll(a, 0);
    for (at = 0; at < LIARS; at++) {
        a->liar[at].mesh_id = config->mesh_id;
        a->liar[at].session = 1;
        a->liar[at].key = fuzz_key;
        a->liar[at].id = (uint16_t)(at + 2);
        a->liar[at].tag = 8;
        for (again = 0; at < 2 && again < 3; again++) {
            some_beacon(a, &none, &a->liar[at]);
            attack_poll(a, 150);
        }
    }
}

/* What the liars do, and the end of the node. */
static inline void attack_run(struct attack *a, struct input *in, unsigned most)
{
    unsigned steps;
    for (steps = 0; in->left && steps < most; steps++) {
        uint8_t op = take8(in);
        struct member *liar = &a->liar[(op >> 4) % LIARS];
        uint8_t *bytes;
        size_t len;
        switch (op & 15) {
        case 0: /* bytes of an outsider */
            bytes = take_bytes(in, take8(in) * 5u, &len);
            attack_push(a, bytes, len);
            free(bytes);
            break;
        case 1: /* any body, sealed */
            bytes = take_bytes(in, take8(in), &len);
            attack_seal(a, liar, take8(in), bytes, len);
            a->claimed = 1;
            free(bytes);
            break;
        case 2:
            some_beacon(a, in, liar);
            break;
        case 3:
            some_question(a, in, liar);
            break;
        case 4:
            attack_parts(a, in, liar);
            break;
        case 5: /* another id, session, number */
            liar->id = some_author(in);
            liar->session = (uint64_t)take_number(in);
            liar->sequence = (uint32_t)take_number(in);
            break;
        case 6:
            attack_seal(a, liar, FRAME_GOODBYE, fuzz_key, 0);
            break;
        case 7:
            attack_poll(a, take16(in));
            results_must_hold(&a->host);
            break;
        case 8:
            (void)!weir_mesh_set_work(a->host.mesh, take_number(in), take_number(in));
            break;
        case 9:
            (void)!weir_mesh_ship(a->host.mesh, some_author(in), take16(in));
            break;
        case 10: /* a frame under a key that is not there */
            liar->slot ^= 1;
            some_beacon(a, in, liar);
            liar->slot ^= 1;
            break;
        case 11:
        case 12:
            attack_tamper(a, in, liar);
            break;
        default:
            attack_records(a, in, liar);
        }
        if (a->in_inbox >= 4 || a->in_inbox == a->host.config.inbox_frames || op & 128) {
            attack_poll(a, 20);
        }
    }
    attack_poll(a, 1000);
    results_must_hold(&a->host);
    host_end(&a->host);
}

static inline void fuzz_frames(struct input *in)
{
    static struct attack attack;
    weir_mesh_config config = small_config(1, take8(in));
    attack_start(&attack, &config);
    attack_run(&attack, in, 48);
}

#endif
