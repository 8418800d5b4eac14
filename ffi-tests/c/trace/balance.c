/* Levelling step by step: forests, sweeps, diffusion, the choice between the ways, and potentials
 * that settle with neighbours only. The network comes from a complex, the steps need no handle. */
#include "trace.h"

#define NODES 32
#define EDGES 96
#define TRIANGLES 200
#define CORNERS 192 /* at most one per end of an edge */

static WEIR_COMPLEX_STORAGE(memory, NODES, EDGES, TRIANGLES, 8);
static weir_complex *map;

/* The network as the steps see it, by places of nodes. */
static uint16_t from[EDGES], to[EDGES];
static size_t edges;

static void network(struct trace *trace, unsigned nodes, uint64_t seed, unsigned reach)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    unsigned a, b;
    config.max_nodes = NODES;
    config.max_edges = EDGES;
    config.max_triangles = TRIANGLES;
    config.fill = 8;
    DID(weir_complex_init(&map, memory, sizeof memory, &config));
    for (a = 0; a < nodes; a++) {
        DID(weir_complex_add_node(map, (uint16_t)(a + 1)));
    }
    for (a = 0; a < nodes; a++) {
        for (b = a + 1; b < nodes && b <= a + reach; b++) {
            if (b == a + 1 || next_random(&seed) % 3 == 0) {
                DID(weir_complex_add_edge(map, (uint16_t)(a + 1), (uint16_t)(b + 1)));
            }
        }
    }
    edges = 0;
    while (weir_complex_get_edge(map, edges, &from[edges], &to[edges]) == WEIR_OK) {
        note(trace, (uint64_t)from[edges] << 16 | to[edges]);
        from[edges]--;
        to[edges]--;
        edges++;
    }
}

static void note_seats(struct trace *trace, const weir_seat *seats, size_t nodes)
{
    size_t at;
    for (at = 0; at < nodes; at++) {
        note(trace, seats[at].parent);
        note(trace, seats[at].depth);
        note(trace, seats[at].root);
        note(trace, seats[at].reach);
    }
}

static void note_forest(struct trace *trace, const weir_forest *forest)
{
    note(trace, forest->branches);
    note(trace, forest->links);
    note(trace, forest->depth);
    note(trace, forest->width);
}

static void note_pace(struct trace *trace, const weir_pace *pace)
{
    note_signed(trace, pace->first);
    note_signed(trace, pace->gain);
    note_signed(trace, pace->momentum);
    note_signed(trace, pace->factor);
    note(trace, pace->capacity);
}

static void note_up(struct trace *trace, const weir_sweep_up *up)
{
    note(trace, up->turn);
    note(trace, up->capacity);
    note_signed(trace, up->load);
}

static void note_down(struct trace *trace, const weir_sweep_down *down)
{
    note(trace, down->turn);
    note(trace, down->capacity);
    note(trace, down->before);
    note_signed(trace, down->total);
}

static weir_seat seats[NODES];
static uint16_t parent[NODES];
static weir_sweep_up up[NODES], children[NODES];
static weir_sweep_down down[NODES];

static size_t gather_children(unsigned node, unsigned nodes)
{
    size_t count = 0;
    unsigned child;
    for (child = 0; child < nodes; child++) {
        if (parent[child] == node) {
            children[count++] = up[child];
        }
    }
    return count;
}

/* Subtotals up and totals down, then the flow of every branch. */
static void sweep(struct trace *trace, unsigned nodes, unsigned depth, int32_t *load,
                  const uint16_t *capacity, uint32_t turn)
{
    unsigned level, node, child;
    size_t count, index;
    for (node = 0; node < nodes; node++) {
        uint16_t edge = seats[node].parent;
        parent[node] = edge == WEIR_NONE ? WEIR_NONE : from[edge] == node ? to[edge] : from[edge];
    }
    paint(up, sizeof up);
    paint(down, sizeof down);
    for (level = depth + 1; level-- > 0;) {
        for (node = 0; node < nodes; node++) {
            if (seats[node].depth == level) {
                count = gather_children(node, nodes);
                DID(weir_sweep_gather(turn, load[node], capacity[node], children, count,
                                      &up[node]));
                note_up(trace, &up[node]);
            }
        }
    }
    for (level = 0; level <= depth; level++) {
        for (node = 0; node < nodes; node++) {
            if (seats[node].depth != level) {
                continue;
            }
            if (parent[node] == WEIR_NONE) {
                memset(&down[node], 0, sizeof down[node]);
                down[node].turn = turn;
                down[node].capacity = up[node].capacity;
                down[node].total = up[node].load;
            }
            count = gather_children(node, nodes);
            for (child = 0, index = 0; child < nodes; child++) {
                if (parent[child] == node) {
                    DID(weir_sweep_pass(&down[node], capacity[node], children, count, index++,
                                        &down[child]));
                    note_down(trace, &down[child]);
                }
            }
        }
    }
    for (node = 0; node < nodes; node++) {
        int64_t carried = 0;
        if (parent[node] != WEIR_NONE) {
            DID(weir_sweep_flow(&up[node], &down[node], &carried));
            note_signed(trace, carried);
            load[node] = (int32_t)((int64_t)load[node] - carried);
            load[parent[node]] = (int32_t)((int64_t)load[parent[node]] + carried);
        }
    }
    note_words(trace, load, nodes);
}

static weir_channel channel[EDGES];

static void diffuse(struct trace *trace, unsigned nodes, const uint8_t *live, int32_t *load,
                    const uint16_t *capacity, const weir_pace *pace, unsigned rounds)
{
    static int32_t next[NODES];
    int32_t moved;
    size_t edge;
    memset(channel, 0, sizeof channel);
    while (rounds-- > 0) {
        memcpy(next, load, sizeof next);
        for (edge = 0; edge < edges; edge++) {
            weir_ends ends;
            if (live && !live[edge]) {
                memset(&channel[edge], 0, sizeof channel[edge]);
                continue;
            }
            ends.load[0] = load[from[edge]];
            ends.load[1] = load[to[edge]];
            ends.capacity[0] = capacity[from[edge]];
            ends.capacity[1] = capacity[to[edge]];
            moved = 77;
            DID(weir_diffusion_step(&channel[edge], &ends, pace, &moved));
            note_signed(trace, moved);
            note_signed(trace, channel[edge].last);
            note_signed(trace, channel[edge].rest);
            note(trace, channel[edge].begun);
            next[from[edge]] = (int32_t)((int64_t)next[from[edge]] - moved);
            next[to[edge]] = (int32_t)((int64_t)next[to[edge]] + moved);
        }
        memcpy(load, next, sizeof next);
    }
    note_words(trace, load, nodes);
}

/* What every way would cost, for few and many changes, and each alone. */
static void choices(struct trace *trace, const weir_forest *forest, const weir_pace *pace)
{
    static const uint16_t changes[] = { 0, 1, 2, 5, 30, 65535 };
    static const weir_sizes sizes = { 12, 18, 6, 0 };
    weir_cost cost[WEIR_BALANCE_WAYS];
    uint32_t among, way;
    size_t at, kind;
    for (at = 0; at < sizeof changes / sizeof changes[0]; at++) {
        for (among = 0; among <= 16; among++) {
            paint(cost, sizeof cost);
            way = 77;
            DID(weir_balance_choose(forest, at % 2 ? pace : NULL, changes[at], (uint8_t)(at * 51),
                                    among, at % 3 ? &sizes : NULL, cost, &way));
            note(trace, way);
            for (kind = 0; kind < WEIR_BALANCE_WAYS; kind++) {
                note(trace, cost[kind].messages);
                note(trace, cost[kind].bytes);
                note(trace, cost[kind].steps);
            }
        }
    }
}

/* One network levelled by tree and by diffusion, whole and with edges down, at three weights. */
static void levelled(struct trace *trace, unsigned nodes, uint64_t seed, unsigned rounds)
{
    static int64_t work[2 * NODES];
    static uint8_t live[EDGES];
    static uint16_t capacity[NODES];
    static int32_t given[NODES], load[NODES];
    weir_forest forest;
    weir_pace pace;
    unsigned round, node;
    size_t edge;
    for (round = 0; round < 4; round++) {
        const uint8_t *mask = round == 0 ? NULL : live;
        for (edge = 0; edge < edges; edge++) {
            live[edge] = next_random(&seed) % 5 != 0;
        }
        for (node = 0; node < nodes; node++) {
            uint32_t word = (uint32_t)next_random(&seed);
            capacity[node] = (uint16_t)(round < 2 ? 1 : round == 2 ? word % 4 : 1 + word % 900);
            given[node] = (int32_t)(word >> 8) - (1 << 22);
        }
        paint(&forest, sizeof forest);
        paint(&pace, sizeof pace);
        paint(seats, sizeof seats);
        forest.size = sizeof forest;
        pace.size = sizeof pace;
        DID(weir_complex_seat(map, mask, round == 1 ? NULL : capacity, seats, nodes, &forest));
        note_seats(trace, seats, nodes);
        note_forest(trace, &forest);
        memcpy(load, given, sizeof load);
        sweep(trace, nodes, forest.depth, load, capacity, round + 1);
        if (DID(weir_complex_pace(map, mask, round == 1 ? NULL : capacity, seats, nodes, work,
                                  &pace)) == WEIR_OK) {
            memcpy(load, given, sizeof load);
            diffuse(trace, nodes, mask, load, capacity, &pace, rounds);
            choices(trace, &forest, &pace);
        }
        note_pace(trace, &pace);
    }
}

/* Vertices relax in rounds, each from what its neighbours said last. */
static void potentials(struct trace *trace, unsigned nodes, uint64_t seed, unsigned rounds)
{
    static int64_t now[CORNERS], next[CORNERS];
    static uint16_t corner[2 * EDGES], tail[EDGES], head[EDGES];
    static weir_q16 flow[EDGES];
    static weir_across across[EDGES];
    uint16_t base = 0, count, vertex;
    unsigned node;
    size_t edge, degree;

    for (edge = 0; edge < edges; edge++) {
        flow[edge] = (weir_q16)((uint32_t)next_random(&seed) >> 8) - (1 << 23);
        tail[edge] = head[edge] = WEIR_NONE;
    }
    for (node = 0; node < nodes; node++) {
        for (edge = 0, degree = 0; edge < edges; edge++) {
            degree += from[edge] == node || to[edge] == node;
        }
        count = 0;
        DID(weir_complex_get_corners(map, (uint16_t)(node + 1), corner, degree, &count));
        note(trace, count);
        /* Ascending by neighbour: first the edges that end here, then those that begin here. */
        for (edge = 0, degree = 0; edge < edges; edge++) {
            if (to[edge] == node) {
                vertex = corner[degree++];
                head[edge] = (uint16_t)(vertex == WEIR_NONE ? WEIR_NONE : base + vertex);
            }
        }
        for (edge = 0; edge < edges; edge++) {
            if (from[edge] == node) {
                vertex = corner[degree++];
                tail[edge] = (uint16_t)(vertex == WEIR_NONE ? WEIR_NONE : base + vertex);
            }
        }
        base = (uint16_t)(base + count);
    }
    memset(now, 0, sizeof now);
    while (rounds-- > 0) {
        for (vertex = 0; vertex < base; vertex++) {
            for (edge = 0, degree = 0; edge < edges; edge++) {
                if (tail[edge] == vertex || head[edge] == vertex) {
                    int ends_here = head[edge] == vertex;
                    across[degree].potential = now[ends_here ? tail[edge] : head[edge]];
                    across[degree].inflow = ends_here ? flow[edge] : -flow[edge];
                    across[degree].reserved = 0;
                    degree++;
                }
            }
            next[vertex] = now[vertex];
            DID(weir_potential_relax(now[vertex], across, degree, &next[vertex]));
            note_signed(trace, next[vertex]);
        }
        memcpy(now, next, sizeof now);
    }
    for (edge = 0; edge < edges; edge++) {
        weir_q16 settled = 77;
        if (tail[edge] != WEIR_NONE) {
            DID(weir_potential_flow(now[tail[edge]], now[head[edge]], &settled));
            note_signed(trace, settled);
        }
    }
}

/* Arguments at the ends of their range, through every function that has no handle. */
static void extremes(struct trace *trace)
{
    static const int64_t ends[] = {
        0, 1, -1, INT64_MAX, INT64_MIN, INT64_C(1) << 62, (INT64_C(1) << 62) - 1,
        -(INT64_C(1) << 62), INT64_C(1) << 47, (INT64_C(1) << 47) - 1, INT64_C(1) << 55,
        1 << 23, -(1 << 23), (1 << 23) - 1, /* halves, and where flows turn from 0 to 1 */
        10368767, 10368768, -6408448, -6408449,
    };
    const size_t count = sizeof ends / sizeof ends[0];
    size_t a, b;
    for (a = 0; a < count; a++) {
        for (b = 0; b < count; b++) {
            weir_sweep_up one, sum;
            weir_sweep_down told, passed;
            weir_across pair[2];
            weir_channel line;
            weir_ends two;
            weir_pace pace;
            weir_q16 moved = 77;
            int64_t next = 77, carried = 77;

            DID(weir_potential_flow(ends[a], ends[b], &moved));
            note_signed(trace, moved);
            pair[0].potential = ends[b];
            pair[0].inflow = a % 2 ? INT32_MIN : INT32_MAX;
            pair[0].reserved = 0;
            pair[1].potential = ends[(a + b) % count];
            pair[1].inflow = b % 2 ? INT32_MAX : -1;
            pair[1].reserved = 0;
            DID(weir_potential_relax(ends[a], pair, 2, &next));
            note_signed(trace, next);

            memset(&sum, 0, sizeof sum);
            memset(&passed, 0, sizeof passed);
            one.turn = (uint32_t)(a % 3);
            one.capacity = b % 2 ? UINT32_MAX : (uint32_t)b;
            one.load = ends[a];
            DID(weir_sweep_gather((uint32_t)(b % 3), a % 2 ? INT32_MIN : INT32_MAX, 65535, &one, 1,
                                  &sum));
            note_up(trace, &sum);
            told.turn = (uint32_t)(b % 3);
            told.capacity = a % 2 ? UINT32_MAX : (uint32_t)(a + b);
            told.before = (uint32_t)b;
            told.reserved = 0;
            told.total = ends[b];
            DID(weir_sweep_pass(&told, 65535, &one, 1, a % 2, &passed));
            note_down(trace, &passed);
            DID(weir_sweep_flow(&one, &told, &carried));
            note_signed(trace, carried);

            memset(&pace, 0, sizeof pace);
            pace.size = sizeof pace;
            pace.first = a % 3 ? INT32_MAX : (int32_t)(a << 20);
            pace.gain = b % 3 ? INT32_MIN : (int32_t)(b << 20);
            pace.momentum = (int32_t)(((a + b) % 5) << 28);
            pace.factor = 1;
            pace.capacity = (uint16_t)(a % 2 ? 65535 : 3);
            line.last = ends[a];
            line.rest = b % 2 ? INT32_MIN : INT32_MAX;
            line.begun = (uint32_t)(b % 3);
            two.load[0] = b % 3 ? INT32_MIN : INT32_MAX;
            two.load[1] = b % 5 ? INT32_MAX : INT32_MIN;
            two.capacity[0] = (uint16_t)(b * 7 % 5);
            two.capacity[1] = (uint16_t)(b % 4 ? 65535 : 1);
            moved = 77;
            DID(weir_diffusion_step(&line, &two, &pace, &moved));
            note_signed(trace, moved);
            note_signed(trace, line.last);
            note_signed(trace, line.rest);
            note(trace, line.begun);
        }
    }
}

static void refusals(struct trace *trace)
{
    static int64_t work[2 * NODES];
    static uint64_t plain[8];
    weir_complex *const dead = (weir_complex *)(void *)plain;
    weir_forest forest;
    weir_pace pace;
    weir_sweep_up one, sum;
    weir_sweep_down told, passed;
    weir_channel line;
    weir_ends two;
    weir_across pair[1];
    weir_q16 moved = 77;
    int64_t carried = 77;
    uint32_t way = 77;

    memset(&forest, 0, sizeof forest);
    memset(&pace, 0, sizeof pace);
    memset(&one, 0, sizeof one);
    memset(&told, 0, sizeof told);
    paint(&sum, sizeof sum);
    paint(&passed, sizeof passed);
    memset(&line, 0, sizeof line);
    memset(&two, 0, sizeof two);
    memset(pair, 0, sizeof pair);
    paint(seats, sizeof seats);
    network(trace, 6, 1, 2);
    DID(weir_complex_seat(map, NULL, NULL, seats, 6, &forest)); /* its size is 0 */
    DID(weir_complex_pace(map, NULL, NULL, seats, 6, work, &pace));
    forest.size = sizeof forest;
    pace.size = sizeof pace;
    DID(weir_complex_seat(NULL, NULL, NULL, seats, 6, &forest));
    DID(weir_complex_seat(dead, NULL, NULL, seats, 6, &forest));
    DID(weir_complex_seat(map, NULL, NULL, seats, 5, &forest));
    DID(weir_complex_seat(map, NULL, NULL, NULL, 6, &forest));
    DID(weir_complex_seat(map, NULL, NULL, seats, 6, NULL));
    note_seats(trace, seats, 6);
    DID(weir_complex_seat(map, NULL, NULL, seats, 6, &forest));
    DID(weir_complex_pace(NULL, NULL, NULL, seats, 6, work, &pace));
    DID(weir_complex_pace(dead, NULL, NULL, seats, 6, work, &pace));
    DID(weir_complex_pace(map, NULL, NULL, seats, 7, work, &pace));
    DID(weir_complex_pace(map, NULL, NULL, NULL, 6, work, &pace));
    DID(weir_complex_pace(map, NULL, NULL, seats, 6, NULL, &pace));
    DID(weir_complex_pace(map, NULL, NULL, seats, 6, work, NULL));
    note_pace(trace, &pace);

    DID(weir_sweep_gather(0, 1, 1, NULL, 0, &sum));
    DID(weir_sweep_gather(1, 1, 1, NULL, 1, &sum));
    DID(weir_sweep_gather(1, 1, 1, NULL, 0, NULL));
    DID(weir_sweep_gather(1, 1, 1, &one, 1, &sum)); /* the child is of round 0: not yet */
    DID(weir_sweep_pass(NULL, 1, &one, 1, 0, &passed));
    DID(weir_sweep_pass(&told, 1, NULL, 1, 0, &passed));
    DID(weir_sweep_pass(&told, 1, &one, 1, 0, NULL));
    DID(weir_sweep_pass(&told, 1, &one, 1, 1, &passed));
    DID(weir_sweep_flow(NULL, &told, &carried));
    DID(weir_sweep_flow(&one, NULL, &carried));
    DID(weir_sweep_flow(&one, &told, NULL));
    note_up(trace, &sum);
    note_down(trace, &passed);

    DID(weir_diffusion_step(NULL, &two, &pace, &moved));
    DID(weir_diffusion_step(&line, NULL, &pace, &moved));
    DID(weir_diffusion_step(&line, &two, NULL, &moved));
    DID(weir_diffusion_step(&line, &two, &pace, NULL));
    pace.size = 4;
    DID(weir_diffusion_step(&line, &two, &pace, &moved));
    DID(weir_balance_choose(&forest, &pace, 1, 16, 15, NULL, NULL, &way));
    DID(weir_balance_choose(NULL, NULL, 1, 16, 15, NULL, NULL, &way));
    DID(weir_balance_choose(&forest, NULL, 1, 16, 15, NULL, NULL, NULL));
    forest.size = 4;
    DID(weir_balance_choose(&forest, NULL, 1, 16, 15, NULL, NULL, &way));
    note(trace, way);

    DID(weir_potential_relax(0, NULL, 1, &carried));
    DID(weir_potential_relax(0, pair, 1, NULL));
    DID(weir_potential_relax(0, NULL, 0, &carried));
    DID(weir_potential_relax(0, pair, 32768, &carried));
    DID(weir_potential_flow(0, 0, NULL));
    note_signed(trace, carried);
    note_signed(trace, moved);
}

unsigned trace_balance(struct trace *trace)
{
    network(trace, 2, 5, 1);
    levelled(trace, 2, 6, 5);
    potentials(trace, 2, 7, 2);
    chapter(trace, "pair");
    network(trace, 24, 5, 1); /* a line: the deepest tree */
    levelled(trace, 24, 8, 20);
    chapter(trace, "line");
    network(trace, NODES, 5, 5);
    CHECK(edges > 60);
    levelled(trace, NODES, 9, 40);
    chapter(trace, "net");
    potentials(trace, NODES, 10, 60);
    chapter(trace, "potentials");
    extremes(trace);
    chapter(trace, "extremes");
    refusals(trace);
    chapter(trace, "refusals");
    return checks_failed;
}
