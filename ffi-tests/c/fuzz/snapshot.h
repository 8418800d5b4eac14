/* Target: snapshots. Bytes that were kept over a restart, whole, made up or damaged. */
#ifndef FUZZ_SNAPSHOT_H
#define FUZZ_SNAPSHOT_H

#include "host.h"

#define SNAPSHOT_MOST 4096

/* Ends a snapshot with its hash. */
static inline size_t snapshot_seal(const weir_mesh_config *config, uint8_t *bytes, size_t len)
{
    put(bytes + len, keyed_hash(config->mesh_id, bytes, len), 8);
    return len + 8;
}

/* The head of a snapshot of this node; sealed as it is, an empty one, from which a node can start
 * though it hears nobody. */
static inline size_t snapshot_head(const weir_mesh_config *config, uint8_t *bytes)
{
    memcpy(bytes, "weirsn1", 8);
    put(put(bytes + 8, config->mesh_id, 8), config->id, 2);
    return 18;
}

/* One record with a header that may be anything, and a value of its length or nearly. */
static inline size_t snapshot_record(const struct host *self, struct input *in, uint8_t *at)
{
    static const uint8_t kinds[4] = { WEIR_KIND_LOAD, WEIR_KIND_LINKS, WEIR_KIND_NOTE, 77 };
    uint8_t how = take8(in), kind = kinds[(how & 7) == 7 ? 3 : (how & 7) % 3], *start = at;
    uint64_t len = kind == WEIR_KIND_LOAD ? 18 : take8(in), note = kind == WEIR_KIND_NOTE;
    uint64_t fill;
    uint16_t neighbour = 1;
    if (kind == WEIR_KIND_LINKS) {
        len = 4 + 11 * (len % 6);
    }
    len += how >= 240 ? 1 : 0;
    at = put(at, how & 8 && how & 16 ? take16(in) : self->config.id, 2);
    at = put(at, kind, 1);
    at = put(at, kind == WEIR_KIND_NOTE ? how >> 5 : how >= 224, 1);
    at = put(at, how & 32 ? take32(in) : 1, 4);
    at = put(at, how & 64 ? take32(in) : 1 + (how & 3u), 4);
    at = put(at, len | note << 14, 2);
    at = put(at, (how & 24) == 16 ? take8(in) : 0, 1);
    for (fill = 0; fill < len + 64 * note; fill++) {
        *at++ = kind == WEIR_KIND_LINKS && fill < 4 ? 0 : take8(in);
    }
    if (kind == WEIR_KIND_LINKS && !(how & 4)) {
        for (fill = 4; fill + 11 <= len; fill += 11) {
            neighbour = (uint16_t)(neighbour + 1 + (start[15 + fill] & 1));
            put(start + 15 + fill, neighbour, 2);
        }
    }
    return (size_t)(at - start);
}

/* The node after it took a snapshot: it starts, holds what it took, and gives it back. */
static inline void snapshot_life(struct host *self)
{
    static struct host other;
    uint8_t *out = (uint8_t *)malloc(SNAPSHOT_MOST);
    size_t len = 0, again = 0, at;
    uint64_t digest[2];
    host_must_hold(self);
    records_must_hold(self, &digest[0]);
    MUST_GIVE(weir_mesh_snapshot(self->mesh, out, SNAPSHOT_MOST, &len), WEIR_OK);
    host_init(&other, &self->config);
    other.unchecked = 1;
    MUST_GIVE(weir_mesh_restore(other.mesh, out, len), WEIR_OK);
    records_must_hold(&other, &digest[1]);
    HOLDS(digest[0] == digest[1]);
    MUST_GIVE(weir_mesh_snapshot(other.mesh, out, SNAPSHOT_MOST, &again), WEIR_OK);
    HOLDS(again == len);
    MUST_GIVE(weir_mesh_snapshot(other.mesh, out, len - 1, &again), WEIR_ERR_RANGE);
    host_end(&other);
    MUST_GIVE(weir_mesh_set_key(self->mesh, 0, fuzz_key, 8), WEIR_OK);
    MUST_GIVE(weir_mesh_attach_complex(self->mesh, self->map), WEIR_OK);
    for (at = 0; at < 8; at++) {
        weir_status status;
        weir_mesh_load load;
        self->now_ms += 100;
        MUST_GIVE(host_poll(self), WEIR_OK);
        self->said = 0;
        load = host_load(self, &status);
        HOLDS(at < 7 || status == WEIR_OK);
        if (status == WEIR_OK) {
            (void)!weir_mesh_set_load(self->mesh, (int32_t)load.done + 5);
        }
        host_must_hold(self);
        results_must_hold(self);
    }
    MUST_GIVE(weir_mesh_snapshot(self->mesh, out, SNAPSHOT_MOST, &again), WEIR_OK);
    HOLDS(again >= 26);
    free(out);
}

static inline void fuzz_snapshot(struct input *in)
{
    static struct host host;
    static uint8_t bytes[16 * 1024];
    struct host *self = &host;
    uint8_t shape = take8(in), how = take8(in), *tight, *before;
    weir_mesh_config config = small_config(1, shape);
    size_t len, records, flips;
    weir_status status;
    host_init(self, &config);
    self->unchecked = 1;
    if ((how & 7) == 0) {
        len = in->left < sizeof bytes ? in->left : sizeof bytes;
        memcpy(bytes, in->at, len);
    } else {
        len = snapshot_head(&self->config, bytes);
        for (records = how >> 5; records && in->left; records--) {
            len += snapshot_record(self, in, bytes + len);
        }
        if ((how & 7) == 1) {
            for (flips = 1 + (take8(in) & 3); flips; flips--) {
                bytes[take16(in) % len] ^= (uint8_t)(1u << (take8(in) & 7));
            }
            len -= take8(in) % len;
        }
        len = snapshot_seal(&self->config, bytes, len);
        if ((how & 7) == 2) {
            bytes[len - 1 - (how >> 5)] ^= (uint8_t)(1u << ((how >> 3) & 3));
        }
    }
    tight = (uint8_t *)malloc(len + 1);
    memcpy(tight, bytes, len);
    before = (uint8_t *)malloc(self->bytes);
    memcpy(before, self->memory, self->bytes);
    status = weir_mesh_restore(self->mesh, tight, len);
    HOLDS(status == WEIR_OK || status == WEIR_ERR_RANGE);
    HOLDS(status != WEIR_OK || (len >= 26 && memcmp(tight, "weirsn1", 8) == 0 &&
                                get64(tight + 8, 8) == self->config.mesh_id &&
                                get64(tight + 16, 2) == self->config.id &&
                                get64(tight + len - 8, 8) ==
                                    keyed_hash(self->config.mesh_id, tight, len - 8)));
    if (status != WEIR_OK) {
        HOLDS(memcmp(before, self->memory, self->bytes) == 0);
        len = snapshot_seal(&self->config, bytes, snapshot_head(&self->config, bytes));
        MUST_GIVE(weir_mesh_restore(self->mesh, bytes, len), WEIR_OK);
    }
    MUST_GIVE(weir_mesh_restore(self->mesh, tight, len), WEIR_ERR_STATE);
    free(before);
    free(tight);
    snapshot_life(self);
    host_end(self);
}

#endif
