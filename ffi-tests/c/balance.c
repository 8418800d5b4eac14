/* Levelling with neighbours only, from C: what every call refuses, and one network levelled by each
 * way as firmware would do it. */
#include "check.h"

#define SIDE 4
#define NODES (SIDE * SIDE)
#define EDGES (2 * SIDE * (SIDE - 1))

static WEIR_COMPLEX_STORAGE(memory, NODES, EDGES, 4, 6);
static uint8_t before[sizeof memory];

#define REFUSED(call, code)                                \
    do {                                                   \
        memcpy(before, memory, sizeof memory);             \
        GIVES(call, code);                                 \
        CHECK(memcmp(before, memory, sizeof memory) == 0); \
    } while (0)

/* A square grid, ids 1..=16. */
static weir_complex *grid(void)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    weir_complex *c = NULL;
    uint16_t v;
    config.max_nodes = NODES;
    config.max_edges = EDGES;
    config.max_triangles = 4;
    GIVES(weir_complex_init(&c, memory, sizeof memory, &config), WEIR_OK);
    for (v = 1; v <= NODES; v++) {
        GIVES(weir_complex_add_node(c, v), WEIR_OK);
    }
    for (v = 1; v <= NODES; v++) {
        if (v % SIDE != 0) {
            GIVES(weir_complex_add_edge(c, v, (uint16_t)(v + 1)), WEIR_OK);
        }
        if (v + SIDE <= NODES) {
            GIVES(weir_complex_add_edge(c, v, (uint16_t)(v + SIDE)), WEIR_OK);
        }
    }
    return c;
}

static void topology_calls_refuse(void)
{
    weir_complex *c = grid();
    weir_seat seats[NODES];
    weir_forest forest;
    weir_pace pace;
    weir_relax_report report;
    int64_t work[2 * NODES];
    weir_q16 flow[EDGES];
    uint16_t corner[4], count;

    paint(seats, sizeof seats);
    paint(flow, sizeof flow);
    paint(corner, sizeof corner);
    paint(&forest, sizeof forest);
    paint(&pace, sizeof pace);
    forest.size = 4;
    pace.size = 4;
    memset(&report, 0, sizeof report);
    REFUSED(weir_complex_seat(NULL, NULL, NULL, seats, NODES, &forest), WEIR_ERR_NULL);
    REFUSED(weir_complex_seat(c, NULL, NULL, seats, NODES, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_seat(c, NULL, NULL, seats, NODES, &forest), WEIR_ERR_ABI);
    forest.size = sizeof forest;
    REFUSED(weir_complex_seat(c, NULL, NULL, NULL, NODES, &forest), WEIR_ERR_NULL);
    REFUSED(weir_complex_seat(c, NULL, NULL, seats, NODES - 1, &forest), WEIR_ERR_RANGE);
    CHECK(is_painted(seats, sizeof seats));
    REFUSED(weir_complex_pace(c, NULL, NULL, seats, NODES, work, &pace), WEIR_ERR_ABI);
    pace.size = sizeof pace;
    REFUSED(weir_complex_pace(NULL, NULL, NULL, seats, NODES, work, &pace), WEIR_ERR_NULL);
    REFUSED(weir_complex_pace(c, NULL, NULL, NULL, NODES, work, &pace), WEIR_ERR_NULL);
    REFUSED(weir_complex_pace(c, NULL, NULL, seats, NODES, NULL, &pace), WEIR_ERR_NULL);
    REFUSED(weir_complex_pace(c, NULL, NULL, seats, NODES, work, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_pace(c, NULL, NULL, seats, NODES + 1, work, &pace), WEIR_ERR_RANGE);
    CHECK(is_painted((uint8_t *)&pace + 4, sizeof pace - 4));
    REFUSED(weir_complex_relax(NULL, flow, EDGES, 1, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_relax(c, NULL, EDGES, 1, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_relax(c, flow, EDGES - 1, 1, NULL), WEIR_ERR_RANGE);
    REFUSED(weir_complex_relax(c, flow, EDGES, 1, &report), WEIR_ERR_ABI);
    CHECK(is_painted(flow, sizeof flow));
    REFUSED(weir_complex_get_corners(NULL, 1, corner, 2, &count), WEIR_ERR_NULL);
    REFUSED(weir_complex_get_corners(c, 1, NULL, 2, &count), WEIR_ERR_NULL);
    REFUSED(weir_complex_get_corners(c, 1, corner, 2, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_get_corners(c, 1, corner, 3, &count), WEIR_ERR_RANGE);
    REFUSED(weir_complex_get_corners(c, 99, corner, 2, &count), WEIR_ERR_RANGE);
    CHECK(is_painted(corner, sizeof corner));
    GIVES(weir_complex_get_corners(c, 1, corner, 2, &count), WEIR_OK);
    CHECK(count == 0 && corner[0] == WEIR_NONE && corner[1] == WEIR_NONE);
    GIVES(weir_complex_deinit(c), WEIR_OK);
    GIVES(weir_complex_seat(c, NULL, NULL, seats, NODES, &forest), WEIR_ERR_STATE);
    GIVES(weir_complex_pace(c, NULL, NULL, seats, NODES, work, &pace), WEIR_ERR_STATE);
    GIVES(weir_complex_relax(c, flow, EDGES, 1, NULL), WEIR_ERR_STATE);
    GIVES(weir_complex_get_corners(c, 1, corner, 2, &count), WEIR_ERR_STATE);
}

static void steps_refuse(void)
{
    const weir_sweep_up up = { 7, 2, 100 }, late = { 6, 2, 100 };
    const weir_sweep_down down = { 7, 4, 0, 0, 300 };
    weir_sweep_up sum;
    weir_sweep_down told;
    weir_channel channel;
    weir_ends ends = { { 10, 0 }, { 1, 2 } };
    weir_pace pace;
    weir_forest forest;
    weir_across across = { 0, 1, 0 };
    uint32_t way = 77;
    int64_t carried = 77;
    int32_t moved = 77;

    memset(&pace, 0, sizeof pace);
    memset(&forest, 0, sizeof forest);
    memset(&channel, 0, sizeof channel);
    paint(&sum, sizeof sum);
    paint(&told, sizeof told);
    GIVES(weir_sweep_gather(7, 1, 1, &up, 1, NULL), WEIR_ERR_NULL);
    GIVES(weir_sweep_gather(7, 1, 1, NULL, 1, &sum), WEIR_ERR_NULL);
    GIVES(weir_sweep_gather(7, 1, 1, &late, 1, &sum), WEIR_PENDING);
    GIVES(weir_sweep_gather(0, 1, 1, NULL, 0, &sum), WEIR_ERR_RANGE);
    GIVES(weir_sweep_pass(NULL, 1, &up, 1, 0, &told), WEIR_ERR_NULL);
    GIVES(weir_sweep_pass(&down, 1, &up, 1, 0, NULL), WEIR_ERR_NULL);
    GIVES(weir_sweep_pass(&down, 1, NULL, 1, 0, &told), WEIR_ERR_NULL);
    GIVES(weir_sweep_pass(&down, 1, &up, 1, 1, &told), WEIR_ERR_RANGE);
    GIVES(weir_sweep_pass(&down, 1, &late, 1, 0, &told), WEIR_ERR_RANGE);
    GIVES(weir_sweep_flow(NULL, &down, &carried), WEIR_ERR_NULL);
    GIVES(weir_sweep_flow(&up, NULL, &carried), WEIR_ERR_NULL);
    GIVES(weir_sweep_flow(&up, &down, NULL), WEIR_ERR_NULL);
    GIVES(weir_sweep_flow(&late, &down, &carried), WEIR_ERR_RANGE);
    CHECK(is_painted(&sum, sizeof sum) && is_painted(&told, sizeof told) && carried == 77);

    GIVES(weir_diffusion_step(&channel, &ends, &pace, &moved), WEIR_ERR_ABI);
    pace.size = sizeof pace;
    pace.capacity = 1;
    GIVES(weir_diffusion_step(NULL, &ends, &pace, &moved), WEIR_ERR_NULL);
    GIVES(weir_diffusion_step(&channel, NULL, &pace, &moved), WEIR_ERR_NULL);
    GIVES(weir_diffusion_step(&channel, &ends, NULL, &moved), WEIR_ERR_NULL);
    GIVES(weir_diffusion_step(&channel, &ends, &pace, NULL), WEIR_ERR_NULL);
    GIVES(weir_diffusion_step(&channel, &ends, &pace, &moved), WEIR_ERR_RANGE);
    CHECK(moved == 77 && channel.begun == 0);

    GIVES(weir_balance_choose(&forest, NULL, 1, 16, 15, NULL, NULL, &way), WEIR_ERR_ABI);
    forest.size = sizeof forest;
    GIVES(weir_balance_choose(NULL, NULL, 1, 16, 15, NULL, NULL, &way), WEIR_ERR_NULL);
    GIVES(weir_balance_choose(&forest, NULL, 1, 16, 15, NULL, NULL, NULL), WEIR_ERR_NULL);
    GIVES(weir_balance_choose(&forest, NULL, 1, 16, 0, NULL, NULL, &way), WEIR_ERR_RANGE);
    GIVES(weir_balance_choose(&forest, NULL, 1, 16, 8, NULL, NULL, &way), WEIR_ERR_RANGE);
    pace.size = 4;
    GIVES(weir_balance_choose(&forest, &pace, 1, 16, 15, NULL, NULL, &way), WEIR_ERR_ABI);
    CHECK(way == 77);

    GIVES(weir_potential_relax(0, &across, 1, NULL), WEIR_ERR_NULL);
    GIVES(weir_potential_relax(0, NULL, 1, &carried), WEIR_ERR_NULL);
    GIVES(weir_potential_relax(0, &across, 32768, &carried), WEIR_ERR_RANGE);
    GIVES(weir_potential_relax(0, NULL, 0, &carried), WEIR_END);
    GIVES(weir_potential_relax(INT64_C(1) << 24, &across, 1, &carried), WEIR_END);
    GIVES(weir_potential_flow(0, 0, NULL), WEIR_ERR_NULL);
    GIVES(weir_potential_flow(0, INT64_C(1) << 62, &moved), WEIR_ERR_RANGE);
    GIVES(weir_potential_flow(-(INT64_C(1) << 60), INT64_C(1) << 60, &moved), WEIR_ERR_RANGE);
    CHECK(carried == 77 && moved == 77);
}

/* One triangle, flow round it: potentials of neighbours find what settling finds, and relaxing the
 * triangle before changes nothing of that. */
static void a_triangle_settles_locally(void)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    weir_complex *c = NULL;
    const weir_q16 given[3] = { 300000, -70001, 12345 };
    weir_q16 flow[3], out[3], mine[3];
    int64_t x[3] = { 0, 0, 0 };
    weir_relax_report report;
    weir_across two[2];
    uint16_t id, corner[2], count = 0;
    unsigned quiet = 0;

    memset(&report, 0, sizeof report);
    memset(two, 0, sizeof two);
    report.size = sizeof report;
    GIVES(weir_complex_init(&c, memory, sizeof memory, &config), WEIR_ERR_STORAGE);
    config.max_nodes = 3;
    config.max_edges = 3;
    config.max_triangles = 1;
    GIVES(weir_complex_init(&c, memory, sizeof memory, &config), WEIR_OK);
    for (id = 1; id <= 3; id++) {
        GIVES(weir_complex_add_node(c, id), WEIR_OK);
    }
    GIVES(weir_complex_add_edge(c, 1, 2), WEIR_OK);
    GIVES(weir_complex_add_edge(c, 1, 3), WEIR_OK);
    GIVES(weir_complex_add_edge(c, 2, 3), WEIR_OK);
    GIVES(weir_complex_get_corners(c, 2, corner, 2, &count), WEIR_OK);
    CHECK(count == 1 && corner[0] == 0 && corner[1] == 0);
    GIVES(weir_complex_settle(c, given, out, 3, NULL), WEIR_OK);
    while (quiet < 2) {
        quiet = 0;
        two[0].potential = x[0];
        two[0].inflow = given[0];
        two[1].potential = x[2];
        two[1].inflow = -given[2];
        quiet += weir_potential_relax(x[1], two, 2, &x[1]) == WEIR_END;
        two[0].potential = x[0];
        two[0].inflow = given[1];
        two[1].potential = x[1];
        two[1].inflow = given[2];
        quiet += weir_potential_relax(x[2], two, 2, &x[2]) == WEIR_END;
    }
    GIVES(weir_potential_flow(x[0], x[1], &mine[0]), WEIR_OK);
    GIVES(weir_potential_flow(x[0], x[2], &mine[1]), WEIR_OK);
    GIVES(weir_potential_flow(x[1], x[2], &mine[2]), WEIR_OK);
    CHECK(memcmp(mine, out, sizeof out) == 0);
    memcpy(flow, given, sizeof flow);
    GIVES(weir_complex_relax(c, flow, 3, 9, &report), WEIR_OK);
    CHECK(report.curl_max <= 1 && report.held == 0 && report.sweeps == 2);
    CHECK(flow[0] + flow[1] == given[0] + given[1]);
    CHECK(flow[2] - flow[0] == given[2] - given[0]);
    GIVES(weir_complex_settle(c, flow, mine, 3, NULL), WEIR_OK);
    CHECK(memcmp(mine, out, sizeof out) == 0);
}

static void ends_of(weir_complex *c, uint16_t edge, uint16_t *a, uint16_t *b)
{
    GIVES(weir_complex_get_edge(c, edge, a, b), WEIR_OK);
    *a = (uint16_t)(*a - 1);
    *b = (uint16_t)(*b - 1);
}

/* Subtotals up and totals down; children of a node stand in the order of the nodes. */
static void swept(weir_complex *c, const weir_seat *seats, unsigned depth, int32_t *load,
                  const uint16_t *capacity)
{
    weir_sweep_up up[NODES], children[NODES];
    weir_sweep_down down[NODES];
    uint16_t parent[NODES], v, w, a, b;
    size_t count, index;
    unsigned level;

    for (v = 0; v < NODES; v++) {
        parent[v] = WEIR_NONE;
        if (seats[v].parent != WEIR_NONE) {
            ends_of(c, seats[v].parent, &a, &b);
            parent[v] = a == v ? b : a;
        }
    }
    for (level = depth + 1; level-- > 0;) {
        for (v = 0; v < NODES; v++) {
            for (w = 0, count = 0; w < NODES && seats[v].depth == level; w++) {
                if (parent[w] == v) {
                    children[count++] = up[w];
                }
            }
            if (seats[v].depth == level) {
                GIVES(weir_sweep_gather(1, load[v], capacity[v], children, count, &up[v]), WEIR_OK);
            }
        }
    }
    for (level = 0; level <= depth; level++) {
        for (v = 0; v < NODES; v++) {
            if (seats[v].depth != level) {
                continue;
            }
            if (parent[v] == WEIR_NONE) {
                memset(&down[v], 0, sizeof down[v]);
                down[v].turn = 1;
                down[v].capacity = up[v].capacity;
                down[v].total = up[v].load;
            }
            for (w = 0, count = 0; w < NODES; w++) {
                if (parent[w] == v) {
                    children[count++] = up[w];
                }
            }
            for (w = 0, index = 0; w < NODES; w++) {
                if (parent[w] == v) {
                    GIVES(weir_sweep_pass(&down[v], capacity[v], children, count, index++, &down[w]),
                          WEIR_OK);
                }
            }
        }
    }
    for (v = 0; v < NODES; v++) {
        int64_t carried = 0;
        if (parent[v] != WEIR_NONE) {
            GIVES(weir_sweep_flow(&up[v], &down[v], &carried), WEIR_OK);
            load[v] -= (int32_t)carried;
            load[parent[v]] += (int32_t)carried;
        }
    }
}

/* A spike on a cut grid: a sweep levels it to less than a unit, diffusion to a few. */
static void a_cut_grid_is_levelled(void)
{
    weir_complex *c = grid();
    weir_seat seats[NODES];
    weir_forest forest;
    weir_pace pace;
    weir_channel channel[EDGES];
    weir_cost cost[WEIR_BALANCE_WAYS];
    const weir_sizes full = { 8, 18, 4, 0 };
    static int64_t work[2 * NODES];
    uint8_t up[EDGES];
    uint16_t capacity[NODES], v, a = 0, b = 0, edge;
    int32_t load[NODES], given[NODES], moved;
    int64_t total = 0, weight = 0, off;
    uint32_t way = 77;
    unsigned step;

    memset(&forest, 0, sizeof forest);
    memset(&pace, 0, sizeof pace);
    memset(channel, 0, sizeof channel);
    forest.size = sizeof forest;
    pace.size = sizeof pace;
    for (edge = 0; edge < EDGES; edge++) {
        up[edge] = edge % 7 != 3;
    }
    for (v = 0; v < NODES; v++) {
        capacity[v] = (uint16_t)(1 + v % 3);
        given[v] = v == 5 ? 9830400 : 6553600;
        total += given[v];
        weight += capacity[v];
    }
    GIVES(weir_complex_seat(c, up, capacity, seats, NODES, &forest), WEIR_OK);
    CHECK(forest.branches == NODES - 1 && forest.links == 21);
    CHECK(forest.depth <= forest.width && forest.width <= 2 * forest.depth);
    memcpy(load, given, sizeof load);
    swept(c, seats, forest.depth, load, capacity);
    for (v = 0; v < NODES; v++) {
        off = load[v] * weight - total * capacity[v];
        CHECK((off < 0 ? -off : off) < weight);
    }

    GIVES(weir_complex_pace(c, up, capacity, seats, NODES, work, &pace), WEIR_OK);
    CHECK(pace.capacity == 3 && pace.first > 0 && pace.factor > 0 && pace.factor < 1 << 30);
    GIVES(weir_balance_choose(&forest, &pace, 1, 16, 15, NULL, cost, &way), WEIR_OK);
    CHECK(way == WEIR_BALANCE_PLAN && cost[way].bytes == 8u * (NODES - 1));
    CHECK(cost[WEIR_BALANCE_SWEEP].bytes == 16u * (NODES - 1));
    GIVES(weir_balance_choose(&forest, &pace, NODES, 16, 15, NULL, NULL, &way), WEIR_OK);
    CHECK(way == WEIR_BALANCE_SWEEP);
    /* Sums sent in full are as dear as two entries: the plan stays cheaper for longer. */
    GIVES(weir_balance_choose(&forest, &pace, 3, 16, 15, NULL, NULL, &way), WEIR_OK);
    CHECK(way == WEIR_BALANCE_SWEEP);
    GIVES(weir_balance_choose(&forest, &pace, 3, 16, 15, &full, cost, &way), WEIR_OK);
    CHECK(way == WEIR_BALANCE_PLAN && cost[WEIR_BALANCE_SWEEP].bytes == 36u * (NODES - 1));
    GIVES(weir_balance_choose(&forest, &pace, 1, 16, 15, NULL, cost, &way), WEIR_OK);
    GIVES(weir_balance_choose(&forest, &pace, NODES, 16, 8, NULL, NULL, &way), WEIR_OK);
    CHECK(way == WEIR_BALANCE_DIFFUSION);
    memcpy(load, given, sizeof load);
    for (step = 0; step < cost[WEIR_BALANCE_DIFFUSION].steps + 8; step++) {
        int32_t next[NODES];
        memcpy(next, load, sizeof next);
        for (edge = 0; edge < EDGES; edge++) {
            weir_ends ends;
            ends_of(c, edge, &a, &b);
            ends.load[0] = load[a];
            ends.load[1] = load[b];
            ends.capacity[0] = capacity[a];
            ends.capacity[1] = capacity[b];
            if (up[edge]) {
                GIVES(weir_diffusion_step(&channel[edge], &ends, &pace, &moved), WEIR_OK);
                next[a] -= moved;
                next[b] += moved;
            }
        }
        memcpy(load, next, sizeof load);
    }
    for (v = 0, off = 0; v < NODES; v++) {
        off += load[v];
        CHECK(load[v] * weight - total * capacity[v] < 66 * weight);
        CHECK(total * capacity[v] - load[v] * weight < 66 * weight);
    }
    CHECK(off == total);
}

int main(void)
{
    topology_calls_refuse();
    steps_refuse();
    a_triangle_settles_locally();
    a_cut_grid_is_levelled();
    return checks_done("balance");
}
