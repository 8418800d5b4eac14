/* Targets: configs. Any values in the structs that make a handle: what is accepted must live, what
 * is refused must leave no trace. The ranges are those of the header's comments, written again. */
#ifndef FUZZ_CONFIG_H
#define FUZZ_CONFIG_H

#include "complex.h"
#include "frames.h"

#define STORAGE_MOST ((size_t)4 << 20)

/* Changes some bytes of the fields between `from` and `to`. */
static inline void some_fields(struct input *in, uint8_t *bytes, size_t from, size_t to)
{
    unsigned changes = take8(in) & 7;
    while (changes--) {
        size_t at = from + take8(in) * 7u % (to - from), wide = (size_t)1 << (take8(in) & 3);
        int64_t value = take_number(in), near = take8(in);
        at -= at % wide;
        if (near & 128 && at + wide <= to) {
            /* A little more or less than what is there. */
            value = (int64_t)(get64(bytes + at, wide) + (uint64_t)(near & 127) - 64u);
        }
        if (at >= from && at + wide <= to) {
            put(bytes + at, (uint64_t)value, wide);
        }
    }
}

static inline int in_range(uint64_t value, uint64_t least, uint64_t most)
{
    return value >= least && value <= most;
}

static inline int mesh_ranges(const weir_mesh_config *c)
{
    const uint64_t longest = UINT64_C(1) << 28;
    return in_range(c->id, 1, 65534) && in_range(c->max_nodes, 2, 128) &&
           in_range(c->max_degree, 1, 46) && in_range(c->fill, 1, c->max_nodes) &&
           in_range(c->max_neighbours, c->max_degree, 1024) && in_range(c->inbox_frames, 1, 1024) &&
           in_range(c->frame_max, 80, 1024) && c->signed_records <= 1024 &&
           c->signed_bytes <= 512 && in_range(c->trickle_min_ms, 4, longest) &&
           in_range(c->heartbeat_max_ms, 4, longest) && c->link_hold_ms <= longest &&
           in_range(c->learn_ms, 4, longest) && c->trickle_doublings <= 24;
}

/* A copy that is `size` bytes long, as its first fields say, with `tail` behind what is known. */
static inline void *sized_copy(const void *from, size_t known, size_t size, uint8_t tail)
{
    uint8_t *copy = (uint8_t *)malloc(size < 16 ? 16 : size);
    memset(copy, tail, size < 16 ? 16 : size);
    memcpy(copy, from, size < 16 ? 16 : size < known ? size : known);
    return copy;
}

/* Too little storage, or storage at an odd address: refused, and not a byte of it is touched. */
static inline void mesh_storage_refused(const weir_mesh_config *config, size_t bytes, uint8_t off)
{
    uint64_t *memory = exact(bytes + 8);
    weir_mesh *mesh = NULL;
    uint8_t *odd = (uint8_t *)memory + 1 + off % 7;
    MUST_GIVE(weir_mesh_init(&mesh, memory, bytes - 1, config), WEIR_ERR_STORAGE);
    MUST_GIVE(weir_mesh_init(&mesh, odd, bytes, config), WEIR_ERR_STORAGE);
    HOLDS(mesh == NULL && is_painted(memory, bytes + 8));
    free(memory);
}

static inline void mesh_sizes_must_hold(const weir_mesh_config *c, size_t bytes)
{
    size_t said = WEIR_MESH_BYTES((size_t)c->max_nodes, (size_t)c->max_degree,
                                  (size_t)c->max_neighbours, (size_t)c->inbox_frames,
                                  (size_t)c->frame_max) +
                  WEIR_MESH_SIGNED((size_t)c->signed_records, (size_t)c->signed_bytes);
    HOLDS(bytes != 0 && bytes <= said);
}

static inline void fuzz_mesh_config(struct input *in)
{
    static struct attack attack;
    weir_mesh_config config = small_config(1, take8(in)), *copy;
    weir_mesh_port port = { sizeof port, host_transmit, host_entropy, host_sign, host_verify };
    uint8_t how = take8(in), byte = 0;
    size_t bytes, size = sizeof config;
    int fits, made, called;
    weir_mesh *mesh = NULL;
    weir_status status;
    config.port = &port;
    some_fields(in, (uint8_t *)&config, offsetof(weir_mesh_config, boot),
                offsetof(weir_mesh_config, port));
    if ((how & 7) == 1) {
        size = 12u + take8(in);
    }
    config.size = (uint32_t)size;
    if ((how & 56) == 8) {
        config.abi = how & 64 ? NULL : &byte;
    }
    port.size = (how & 56) == 16 ? take8(in) % (uint32_t)sizeof port : port.size;
    port.transmit = (how & 56) == 24 ? NULL : port.transmit;
    port.entropy = (how & 56) == 32 ? NULL : port.entropy;
    config.port = (how & 56) == 40 ? NULL : config.port;
    copy = (weir_mesh_config *)sized_copy(&config, sizeof config, size, 0xee);
    fits = mesh_ranges(&config);
    made = size >= sizeof config && config.abi == &weir_abi_epoch_1;
    called = (how & 56) < 16 || (how & 56) > 40;
    bytes = weir_mesh_storage_size(copy);
    if (!made || !fits || !called) {
        uint64_t *memory = exact(STORAGE_MOST / 64);
        HOLDS(bytes == 0 || (made && (fits || config.id == 0 || config.id == 65535 || !called)));
        status = weir_mesh_init(&mesh, memory, STORAGE_MOST / 64, copy);
        HOLDS((!made && status == WEIR_ERR_ABI) || (!fits && status == WEIR_ERR_RANGE) ||
              (!called && (status == WEIR_ERR_NULL || status == WEIR_ERR_ABI)));
        HOLDS(mesh == NULL && is_painted(memory, STORAGE_MOST / 64));
        free(memory);
    } else {
        mesh_sizes_must_hold(&config, bytes);
        mesh_storage_refused(copy, bytes, take8(in));
        config.size = (uint32_t)sizeof config;
        attack_start(&attack, &config);
        attack_run(&attack, in, 6);
    }
    free(copy);
}

static inline void complex_life(const weir_complex_config *config, size_t bytes, struct input *in)
{
    uint64_t *memory = exact(bytes);
    weir_complex *map = NULL;
    int32_t flow[64] = { 0 }, out[64];
    size_t at;
    uint16_t a, b;
    MUST_GIVE(weir_complex_init(&map, memory, bytes - 1, config), WEIR_ERR_STORAGE);
    MUST_GIVE(weir_complex_init(&map, (uint8_t *)memory + 4, bytes - 4, config), WEIR_ERR_STORAGE);
    HOLDS(map == NULL && is_painted(memory, bytes));
    MUST_GIVE(weir_complex_init(&map, memory, bytes, config), WEIR_OK);
    for (at = 0; at < 16; at++) {
        uint8_t ends = take8(in);
        (void)!weir_complex_add_node(map, ends & 15);
        (void)!weir_complex_add_node(map, ends >> 4);
        (void)!weir_complex_add_edge(map, ends & 15, ends >> 4);
    }
    for (at = 0; weir_complex_get_edge(map, at, &a, &b) == WEIR_OK; at++) {
        HOLDS(at < config->max_edges && at < 16 && a < b);
        flow[at] = (int32_t)take16(in);
    }
    MUST_GIVE(weir_complex_settle(map, flow, out, at, NULL), WEIR_OK);
    MUST_GIVE(weir_complex_deinit(map), WEIR_OK);
    HOLDS(is_zero(memory, bytes));
    free(memory);
}

static inline void fuzz_complex_config(struct input *in)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT, *copy;
    uint8_t how = take8(in), byte = 0;
    size_t bytes, size = sizeof config;
    weir_complex *map = NULL;
    int made;
    some_fields(in, (uint8_t *)&config, offsetof(weir_complex_config, max_nodes),
                offsetof(weir_complex_config, flags) + 4);
    if ((how & 7) == 1) {
        size = 12u + take8(in);
    }
    config.size = (uint32_t)size;
    if ((how & 56) == 8) {
        config.abi = how & 64 ? NULL : &byte;
    }
    copy = (weir_complex_config *)sized_copy(&config, sizeof config, size, 0xee);
    made = size >= sizeof config && config.abi == &weir_abi_epoch_1;
    bytes = weir_complex_storage_size(copy);
    if (!made || config.max_nodes == 0 || !in_range(config.max_edges, 1, 32767) ||
        config.fill == 0 || config.flags > 3) {
        uint64_t *memory = exact(4096);
        HOLDS(bytes == 0);
        MUST_GIVE(weir_complex_init(&map, memory, 4096, copy),
                  made ? WEIR_ERR_RANGE : WEIR_ERR_ABI);
        HOLDS(map == NULL && is_painted(memory, 4096));
        free(memory);
    } else {
        size_t said = WEIR_COMPLEX_BYTES((size_t)config.max_nodes, (size_t)config.max_edges,
                                         (size_t)config.max_triangles, (size_t)config.fill);
        if (config.flags & WEIR_COMPLEX_FOR_MESH) {
            said += WEIR_DESK_FIXED_BYTES + (size_t)WEIR_DESK_NODE_BYTES * config.max_nodes +
                    (size_t)WEIR_DESK_EDGE_BYTES * config.max_edges;
        }
        HOLDS(bytes != 0 && bytes <= said);
        if (bytes <= STORAGE_MOST) {
            complex_life(copy, bytes, in);
        }
    }
    free(copy);
}

#endif
