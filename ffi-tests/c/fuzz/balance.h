/* Target: balance. The calls that keep nothing, with any numbers; what fails must write nothing. */
#ifndef FUZZ_BALANCE_H
#define FUZZ_BALANCE_H

#include "input.h"

/* Any bytes, but often such as the struct would hold. */
static inline void some_bytes(struct input *in, void *out, size_t len)
{
    uint8_t *bytes = (uint8_t *)out, how = take8(in);
    size_t at;
    for (at = 0; at < len; at++) {
        bytes[at] = how & 1 ? take8(in) : (uint8_t)(at % 4 == 0 ? take8(in) & 15 : 0);
    }
}

static inline void fuzz_sweep(struct input *in)
{
    weir_sweep_up children[4], up;
    weir_sweep_down told, down;
    uint32_t turn = (uint32_t)take_number(in);
    int32_t load = (int32_t)take_number(in);
    uint16_t capacity = (uint16_t)take_number(in);
    size_t count = take8(in) % 5, at, index = take8(in) & 7;
    int64_t flow, sum = load;
    uint64_t weight = capacity;
    weir_status status;
    for (at = 0; at < count; at++) {
        some_bytes(in, &children[at], sizeof children[at]);
        children[at].turn = take8(in) & 7 ? turn : children[at].turn;
        sum = (int64_t)((uint64_t)sum + (uint64_t)children[at].load);
        weight += children[at].capacity;
    }
    paint(&up, sizeof up);
    status = weir_sweep_gather(turn, load, capacity, children, count, &up);
    if (status == WEIR_OK) {
        HOLDS(up.turn == turn && turn != 0 && up.load == sum && up.capacity == weight);
    } else {
        HOLDS(status == WEIR_ERR_RANGE || status == WEIR_PENDING);
        HOLDS(is_painted(&up, sizeof up));
        return;
    }
    /* As the root tells itself, or as anybody might. */
    memset(&told, 0, sizeof told);
    told.turn = turn;
    told.capacity = up.capacity;
    told.total = up.load;
    if (take8(in) & 1) {
        some_bytes(in, &told, sizeof told);
    }
    paint(&down, sizeof down);
    status = weir_sweep_pass(&told, capacity, children, count, index, &down);
    if (status != WEIR_OK) {
        HOLDS(status == WEIR_ERR_RANGE && is_painted(&down, sizeof down));
        return;
    }
    HOLDS(index < count && down.total == told.total && down.capacity == told.capacity);
    paint(&flow, sizeof flow);
    status = weir_sweep_flow(&children[index], &down, &flow);
    HOLDS(status == WEIR_OK || (status == WEIR_ERR_RANGE && is_painted(&flow, sizeof flow)));
}

static inline void fuzz_diffusion(struct input *in)
{
    weir_channel channel, before;
    weir_ends ends;
    weir_pace pace;
    int32_t flow;
    unsigned rounds;
    some_bytes(in, &channel, sizeof channel);
    some_bytes(in, &pace, sizeof pace);
    pace.size = take8(in) & 7 ? sizeof pace : pace.size % (uint32_t)sizeof pace;
    for (rounds = take8(in) & 7; rounds; rounds--) {
        weir_status status;
        ends.load[0] = (int32_t)take_number(in);
        ends.load[1] = (int32_t)take_number(in);
        ends.capacity[0] = (uint16_t)take_number(in);
        ends.capacity[1] = (uint16_t)take_number(in);
        before = channel;
        paint(&flow, sizeof flow);
        status = weir_diffusion_step(&channel, &ends, &pace, &flow);
        if (status != WEIR_OK) {
            HOLDS(status == WEIR_ERR_RANGE || status == WEIR_ERR_ABI);
            HOLDS(memcmp(&before, &channel, sizeof channel) == 0);
            HOLDS(is_painted(&flow, sizeof flow));
        } else {
            HOLDS((ends.capacity[0] && ends.capacity[1]) || flow == 0);
        }
    }
}

static inline void fuzz_choice(struct input *in)
{
    weir_forest forest;
    weir_pace pace;
    weir_sizes sizes;
    weir_cost cost[WEIR_BALANCE_WAYS];
    uint8_t how = take8(in), halvings = take8(in);
    uint32_t way = 77, among = take8(in) & 15, at;
    uint16_t changed = take16(in);
    weir_status status;
    some_bytes(in, &forest, sizeof forest);
    some_bytes(in, &pace, sizeof pace);
    some_bytes(in, &sizes, sizeof sizes);
    forest.size = how & 1 ? sizeof forest : forest.size % (uint32_t)sizeof forest;
    pace.size = how & 2 ? sizeof pace : pace.size % (uint32_t)sizeof pace;
    paint(cost, sizeof cost);
    status = weir_balance_choose(&forest, how & 4 ? &pace : NULL, changed, halvings, among,
                                 how & 8 ? &sizes : NULL, cost, &way);
    if (status != WEIR_OK) {
        HOLDS(status == WEIR_ERR_RANGE || status == WEIR_ERR_ABI);
        HOLDS(way == 77 && is_painted(cost, sizeof cost));
        return;
    }
    HOLDS(way < WEIR_BALANCE_WAYS && (among >> way) & 1);
    for (at = 0; at < WEIR_BALANCE_WAYS; at++) {
        HOLDS(!((among >> at) & 1) || cost[way].bytes <= cost[at].bytes ||
              (at == WEIR_BALANCE_DIFFUSION && !(how & 4)));
    }
}

static inline void fuzz_potential(struct input *in)
{
    weir_across edges[6];
    int64_t own = take_number(in), next;
    size_t count = take8(in) % 7, at;
    weir_q16 flow, back;
    weir_status status, other;
    for (at = 0; at < count; at++) {
        memset(&edges[at], 0, sizeof edges[at]);
        edges[at].potential = take_number(in);
        edges[at].inflow = (weir_q16)take_number(in);
    }
    paint(&next, sizeof next);
    status = weir_potential_relax(own, edges, count, &next);
    HOLDS(status == WEIR_OK || ((status == WEIR_END || status == WEIR_ERR_RANGE) &&
                                is_painted(&next, sizeof next)));
    own = take_number(in);
    next = take_number(in);
    paint(&flow, sizeof flow);
    paint(&back, sizeof back);
    status = weir_potential_flow(own, next, &flow);
    HOLDS(status == WEIR_OK || (status == WEIR_ERR_RANGE && is_painted(&flow, sizeof flow)));
    other = weir_potential_flow(own, own, &back);
    HOLDS(other == WEIR_OK ? back == 0 : other == WEIR_ERR_RANGE);
}

static inline void fuzz_balance(struct input *in)
{
    while (in->left) {
        switch (take8(in) & 3) {
        case 0:
            fuzz_sweep(in);
            break;
        case 1:
            fuzz_diffusion(in);
            break;
        case 2:
            fuzz_choice(in);
            break;
        default:
            fuzz_potential(in);
        }
    }
}

#endif
