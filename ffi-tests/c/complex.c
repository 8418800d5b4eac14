/* The handle weir_complex from C: what it refuses, what it leaves alone, what it computes. */
#include "check.h"

#define NODES 7
#define EDGES 12
#define TRIANGLES 12
#define FILL 6

static WEIR_COMPLEX_STORAGE(memory, NODES, EDGES, TRIANGLES, FILL);
static WEIR_COMPLEX_STORAGE(other_memory, NODES, EDGES, TRIANGLES, FILL);
static uint8_t before[sizeof memory];

static weir_complex_config small_config(void)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    config.max_nodes = NODES;
    config.max_edges = EDGES;
    config.max_triangles = TRIANGLES;
    config.fill = FILL;
    return config;
}

static weir_complex *start(uint64_t *storage, size_t len)
{
    weir_complex_config config = small_config();
    weir_complex *complex = NULL;
    GIVES(weir_complex_init(&complex, storage, len, &config), WEIR_OK);
    return complex;
}

static void init_rejects(void)
{
    weir_complex_config config = small_config(), bad;
    weir_complex *const mark = (weir_complex *)(void *)before;
    weir_complex *out = mark;
    size_t need = weir_complex_storage_size(&config);
    size_t shift;
    struct {
        weir_complex_config known;
        uint64_t later;
    } larger;

    CHECK(need > 0 && need <= sizeof memory);
    CHECK(weir_complex_storage_size(NULL) == 0);
    GIVES(weir_complex_init(NULL, memory, sizeof memory, &config), WEIR_ERR_NULL);
    GIVES(weir_complex_init(&out, NULL, sizeof memory, &config), WEIR_ERR_NULL);
    GIVES(weir_complex_init(&out, memory, sizeof memory, NULL), WEIR_ERR_NULL);
    paint(memory, sizeof memory);
    GIVES(weir_complex_init(&out, memory, need - 1, &config), WEIR_ERR_STORAGE);
    for (shift = 1; shift < 8; shift++) {
        GIVES(weir_complex_init(&out, (uint8_t *)memory + shift, sizeof memory - 8, &config),
              WEIR_ERR_STORAGE);
    }
    memset(&bad, 0, sizeof bad);
    GIVES(weir_complex_init(&out, memory, sizeof memory, &bad), WEIR_ERR_ABI);
    bad = config;
    bad.abi = before;
    GIVES(weir_complex_init(&out, memory, sizeof memory, &bad), WEIR_ERR_ABI);
    bad = config;
    bad.size = 4;
    GIVES(weir_complex_init(&out, memory, sizeof memory, &bad), WEIR_ERR_ABI);
    bad = config;
    bad.max_nodes = 0;
    GIVES(weir_complex_init(&out, memory, sizeof memory, &bad), WEIR_ERR_RANGE);
    CHECK(is_painted(memory, sizeof memory));
    CHECK(out == mark);

    /* A newer caller's longer struct: what this archive does not know is ignored. */
    memset(&larger, 0, sizeof larger);
    larger.known = config;
    larger.known.size = sizeof larger;
    GIVES(weir_complex_init(&out, memory, sizeof memory, &larger.known), WEIR_OK);
    CHECK(out != mark);
    GIVES(weir_complex_init(&out, memory, need, &config), WEIR_OK);
}

/* A failed call leaves every byte of the storage as it was. */
#define REFUSED(call, code)                                      \
    do {                                                         \
        memcpy(before, memory, sizeof memory);                   \
        GIVES(call, code);                                       \
        CHECK(memcmp(before, memory, sizeof memory) == 0);       \
    } while (0)

static void errors_change_nothing(void)
{
    weir_complex *c = start(memory, sizeof memory);
    weir_q16 flow[EDGES], out[EDGES];
    int32_t load[NODES], ship[EDGES];
    uint16_t a, b, node;
    weir_complex_report report;

    for (node = 1; node <= NODES; node++) {
        GIVES(weir_complex_add_node(c, node), WEIR_OK);
    }
    GIVES(weir_complex_add_edge(c, 1, 2), WEIR_OK);
    GIVES(weir_complex_add_edge(c, 2, 3), WEIR_OK);
    memset(flow, 0, sizeof flow);
    memset(load, 0, sizeof load);
    paint(out, sizeof out);
    paint(ship, sizeof ship);
    paint(&a, sizeof a);
    paint(&b, sizeof b);
    paint(&report, sizeof report);
    report.size = sizeof report;

    REFUSED(weir_complex_add_node(c, NODES + 1), WEIR_ERR_FULL);
    REFUSED(weir_complex_add_edge(c, 1, 1), WEIR_ERR_RANGE);
    REFUSED(weir_complex_add_edge(c, 1, 99), WEIR_ERR_RANGE);
    REFUSED(weir_complex_remove_edge(c, 1, 3), WEIR_ERR_RANGE);
    REFUSED(weir_complex_add_triangle(c, 1, 2, 3), WEIR_ERR_RANGE);
    REFUSED(weir_complex_get_edge(c, 0, NULL, &b), WEIR_ERR_NULL);
    REFUSED(weir_complex_get_edge(c, 0, &a, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_settle(c, flow, out, 1, &report), WEIR_ERR_RANGE);
    REFUSED(weir_complex_settle(c, NULL, out, 2, &report), WEIR_ERR_NULL);
    REFUSED(weir_complex_settle(c, flow, NULL, 2, &report), WEIR_ERR_NULL);
    REFUSED(weir_complex_plan(c, NULL, NULL, NODES, ship, 2), WEIR_ERR_NULL);
    REFUSED(weir_complex_plan(c, load, NULL, NODES, NULL, 2), WEIR_ERR_NULL);
    REFUSED(weir_complex_plan(c, load, NULL, NODES - 1, ship, 2), WEIR_ERR_RANGE);
    CHECK(is_painted(out, sizeof out) && is_painted(ship, sizeof ship));
    CHECK(is_painted(&a, sizeof a) && is_painted(&b, sizeof b));

    GIVES(weir_complex_reset(NULL), WEIR_ERR_NULL);
    GIVES(weir_complex_deinit(NULL), WEIR_ERR_NULL);
    GIVES(weir_complex_add_node(NULL, 1), WEIR_ERR_NULL);
    GIVES(weir_complex_add_edge(NULL, 1, 2), WEIR_ERR_NULL);
    GIVES(weir_complex_remove_edge(NULL, 1, 2), WEIR_ERR_NULL);
    GIVES(weir_complex_add_triangle(NULL, 1, 2, 3), WEIR_ERR_NULL);
    GIVES(weir_complex_get_edge(NULL, 0, &a, &b), WEIR_ERR_NULL);
    GIVES(weir_complex_settle(NULL, flow, out, 2, NULL), WEIR_ERR_NULL);
    GIVES(weir_complex_plan(NULL, load, NULL, NODES, ship, 2), WEIR_ERR_NULL);

    GIVES(weir_complex_deinit(c), WEIR_OK);
    GIVES(weir_complex_deinit(c), WEIR_ERR_STATE);
    GIVES(weir_complex_add_node(c, 1), WEIR_ERR_STATE);
    GIVES(weir_complex_settle(c, flow, out, 2, NULL), WEIR_ERR_STATE);
}

static void a_filled_triangle_loses_its_curl(void)
{
    weir_complex *c = start(memory, sizeof memory);
    const weir_q16 around[3] = { 3 * 65536, -3 * 65536, 3 * 65536 };
    weir_q16 once[3], twice[3];
    uint16_t a = 0, b = 0, node;
    weir_complex_report report;

    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    for (node = 1; node <= 3; node++) {
        GIVES(weir_complex_add_node(c, node), WEIR_OK);
    }
    /* In an order and a direction of the caller's own: the canonical ones are 12, 13, 23. */
    GIVES(weir_complex_add_edge(c, 3, 1), WEIR_OK);
    GIVES(weir_complex_add_edge(c, 2, 3), WEIR_OK);
    GIVES(weir_complex_add_edge(c, 1, 2), WEIR_OK);
    GIVES(weir_complex_add_triangle(c, 3, 2, 1), WEIR_OK);
    GIVES(weir_complex_get_edge(c, 1, &a, &b), WEIR_OK);
    CHECK(a == 1 && b == 3);
    GIVES(weir_complex_settle(c, around, once, 3, &report), WEIR_OK);
    CHECK(once[0] + once[2] - once[1] == 0);
    CHECK(report.edges == 3 && report.triangles == 1 && report.cycles == 0);
    CHECK(report.curl_before == 9u * 65536u);
    GIVES(weir_complex_settle(c, once, twice, 3, NULL), WEIR_OK);
    CHECK(memcmp(once, twice, sizeof once) == 0);
    GIVES(weir_complex_reset(c), WEIR_OK);
    GIVES(weir_complex_add_node(c, 9), WEIR_OK);
}

/* 7 nodes, 8 edges, a spike of 50 over 100: afterwards no load is further from the mean of 750 / 7
 * than one unit per edge of its node, because every edge is rounded once. A second plan is zero. */
static void the_spike_is_levelled(void)
{
    static const uint16_t edge[8][2] = {
        { 1, 2 }, { 2, 3 }, { 1, 3 }, { 3, 4 }, { 4, 5 }, { 5, 6 }, { 4, 6 }, { 6, 7 },
    };
    weir_complex *c = start(memory, sizeof memory);
    int32_t load[7] = { 100, 100, 100, 150, 100, 100, 100 };
    int32_t degree[7] = { 0, 0, 0, 0, 0, 0, 0 };
    int32_t flow[8], off;
    uint16_t a = 0, b = 0, node;
    size_t at;

    for (node = 1; node <= 7; node++) {
        GIVES(weir_complex_add_node(c, node), WEIR_OK);
    }
    for (at = 0; at < 8; at++) {
        GIVES(weir_complex_add_edge(c, edge[at][0], edge[at][1]), WEIR_OK);
    }
    GIVES(weir_complex_plan(c, load, NULL, 7, flow, 8), WEIR_OK);
    for (at = 0; at < 8; at++) {
        GIVES(weir_complex_get_edge(c, at, &a, &b), WEIR_OK);
        load[a - 1] -= flow[at];
        load[b - 1] += flow[at];
        degree[a - 1]++;
        degree[b - 1]++;
    }
    for (at = 0; at < 7; at++) {
        off = 7 * load[at] - 750;
        CHECK((off < 0 ? -off : off) <= 7 * degree[at]);
    }
    GIVES(weir_complex_plan(c, load, NULL, 7, flow, 8), WEIR_OK);
    for (at = 0; at < 8; at++) {
        CHECK(flow[at] == 0);
    }
}

static weir_complex *ring_of_four_and_a_triangle(void)
{
    static const uint16_t edge[6][2] = {
        { 1, 2 }, { 2, 3 }, { 3, 4 }, { 4, 1 }, { 1, 5 }, { 2, 5 },
    };
    weir_complex *c = start(memory, sizeof memory);
    uint16_t node;
    size_t at;

    for (node = 1; node <= 5; node++) {
        GIVES(weir_complex_add_node(c, node), WEIR_OK);
    }
    for (at = 0; at < 6; at++) {
        GIVES(weir_complex_add_edge(c, edge[at][0], edge[at][1]), WEIR_OK);
    }
    return c;
}

/* The edges are 12, 14, 15, 23, 25, 34: a triangle 125, and a hole in the ring 1234. */
static void the_parts_of_a_flow_add_up(void)
{
    weir_complex *c = ring_of_four_and_a_triangle();
    const weir_q16 flow[6] = { 900001, -70002, 30003, 500004, -600005, 77 };
    weir_q16 g[6], k[6], h[6], settled[6];
    weir_complex_parts report;
    size_t at;

    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    GIVES(weir_complex_decompose(c, flow, g, k, h, 6, &report), WEIR_OK);
    GIVES(weir_complex_settle(c, flow, settled, 6, NULL), WEIR_OK);
    for (at = 0; at < 6; at++) {
        CHECK(flow[at] == g[at] + k[at] + h[at]);
        CHECK(settled[at] == g[at] + h[at]);
    }
    CHECK(g[0] + g[4] - g[2] == 0 && h[0] + h[4] - h[2] == 0);
    CHECK(report.cycles == 1 && report.size == sizeof report);
    CHECK(report.norm == 1194073 && report.harmonic_norm > 0);
    /* A gradient goes round no ring. */
    CHECK(g[0] + g[3] + g[5] - g[1] == 0);

    paint(g, sizeof g);
    paint(k, sizeof k);
    paint(h, sizeof h);
    REFUSED(weir_complex_decompose(c, NULL, g, k, h, 6, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_decompose(c, flow, NULL, k, h, 6, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_decompose(c, flow, g, NULL, h, 6, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_decompose(c, flow, g, k, NULL, 6, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_decompose(c, flow, g, k, h, 5, NULL), WEIR_ERR_RANGE);
    REFUSED(weir_complex_decompose(c, flow, g, g, h, 6, NULL), WEIR_ERR_RANGE);
    report.size = 8;
    REFUSED(weir_complex_decompose(c, flow, g, k, h, 6, &report), WEIR_ERR_ABI);
    CHECK(is_painted(g, sizeof g) && is_painted(k, sizeof k) && is_painted(h, sizeof h));
    GIVES(weir_complex_decompose(NULL, flow, g, k, h, 6, NULL), WEIR_ERR_NULL);
}

/* Trust of 255, 255 and 1: the untrusted edge takes all but a 511th of the curl on each other. */
static void trusted_edges_hold_still(void)
{
    weir_complex *c = ring_of_four_and_a_triangle();
    const uint8_t trust[6] = { 255, 1, 1, 1, 255, 1 }, equal[6] = { 9, 9, 9, 9, 9, 9 };
    const weir_q16 flow[6] = { 257000, 0, 0, 0, 0, 0 };
    weir_q16 out[6], plain[6];
    weir_complex_report report;

    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    GIVES(weir_complex_settle_trusted(c, flow, trust, out, 6, &report), WEIR_OK);
    CHECK(out[0] == 256000 && out[2] == 255000 && out[4] == -1000);
    CHECK(report.curl_before == 257000 && report.flags == 0);
    GIVES(weir_complex_settle_trusted(c, flow, equal, out, 6, NULL), WEIR_OK);
    GIVES(weir_complex_settle(c, flow, plain, 6, NULL), WEIR_OK);
    CHECK(memcmp(out, plain, sizeof out) == 0);

    paint(out, sizeof out);
    REFUSED(weir_complex_settle_trusted(c, NULL, trust, out, 6, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_settle_trusted(c, flow, NULL, out, 6, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_settle_trusted(c, flow, trust, NULL, 6, NULL), WEIR_ERR_NULL);
    REFUSED(weir_complex_settle_trusted(c, flow, trust, out, 7, NULL), WEIR_ERR_RANGE);
    report.size = 4;
    REFUSED(weir_complex_settle_trusted(c, flow, trust, out, 6, &report), WEIR_ERR_ABI);
    CHECK(is_painted(out, sizeof out));
    GIVES(weir_complex_settle_trusted(NULL, flow, trust, out, 6, NULL), WEIR_ERR_NULL);
}

static void a_removed_node_takes_its_edges_along(void)
{
    weir_complex *c = ring_of_four_and_a_triangle();
    uint16_t a = 0, b = 0;

    REFUSED(weir_complex_remove_node(c, 9), WEIR_ERR_RANGE);
    GIVES(weir_complex_remove_node(c, 1), WEIR_OK);
    GIVES(weir_complex_get_edge(c, 2, &a, &b), WEIR_OK);
    CHECK(a == 3 && b == 4);
    GIVES(weir_complex_get_edge(c, 3, &a, &b), WEIR_END);
    GIVES(weir_complex_add_edge(c, 1, 2), WEIR_ERR_RANGE);
    GIVES(weir_complex_remove_node(NULL, 1), WEIR_ERR_NULL);
}

static void two_handles_are_independent(void)
{
    weir_complex *one = start(memory, sizeof memory);
    weir_complex *two = start(other_memory, sizeof other_memory);
    uint16_t a = 0, b = 0;
    GIVES(weir_complex_add_node(one, 1), WEIR_OK);
    GIVES(weir_complex_add_node(one, 2), WEIR_OK);
    GIVES(weir_complex_add_edge(one, 1, 2), WEIR_OK);
    GIVES(weir_complex_deinit(two), WEIR_OK);
    GIVES(weir_complex_get_edge(one, 0, &a, &b), WEIR_OK);
    CHECK(a == 1 && b == 2);
}

int main(void)
{
    init_rejects();
    errors_change_nothing();
    a_filled_triangle_loses_its_curl();
    the_spike_is_levelled();
    the_parts_of_a_flow_add_up();
    trusted_edges_hold_still();
    a_removed_node_takes_its_edges_along();
    two_handles_are_independent();
    return checks_done("complex");
}
