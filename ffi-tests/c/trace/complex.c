/* The handle weir_complex: topologies that are plain, holed, twisted, random, changing and full,
 * flows from tiny to the ends of their range, and every refusal. */
#include "trace.h"

#define NODES 40
#define EDGES 160
#define TRIANGLES 400
#define FILL 12

static WEIR_COMPLEX_STORAGE(memory, NODES, EDGES, TRIANGLES, FILL);
static weir_complex *map;

/* Ids with gaps, so that a place is never taken for an id. */
static uint16_t id_of(unsigned node)
{
    return (uint16_t)(1 + node * 3);
}

static void start(struct trace *trace, unsigned nodes, uint16_t fill, uint32_t flags)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    unsigned node;
    config.max_nodes = NODES;
    config.max_edges = EDGES;
    config.max_triangles = TRIANGLES;
    config.fill = fill;
    config.flags = flags;
    CHECK(weir_complex_storage_size(&config) <= sizeof memory);
    paint(memory, sizeof memory);
    DID(weir_complex_init(&map, memory, sizeof memory, &config));
    for (node = nodes; node-- > 0;) {
        DID(weir_complex_add_node(map, id_of(node)));
    }
}

static void join(struct trace *trace, unsigned a, unsigned b)
{
    DID(weir_complex_add_edge(map, id_of(a), id_of(b)));
}

static void fill(struct trace *trace, unsigned a, unsigned b, unsigned c)
{
    DID(weir_complex_add_triangle(map, id_of(a), id_of(b), id_of(c)));
}

static void note_report(struct trace *trace, const weir_complex_report *report)
{
    note(trace, report->nodes);
    note(trace, report->edges);
    note(trace, report->triangles);
    note(trace, report->cycles);
    note(trace, report->curl_before);
    note(trace, report->passes);
    note(trace, report->flags);
}

static void note_parts(struct trace *trace, const weir_complex_parts *parts)
{
    note(trace, parts->passes);
    note(trace, parts->flags);
    note(trace, parts->cycles);
    note(trace, parts->norm);
    note(trace, parts->gradient_norm);
    note(trace, parts->circulation_norm);
    note(trace, parts->harmonic_norm);
}

static void note_relaxed(struct trace *trace, const weir_relax_report *relaxed)
{
    note(trace, relaxed->sweeps);
    note(trace, relaxed->held);
    note(trace, relaxed->curl_max);
}

/* Edges in their order, and how they meet at the first nodes; gives the number of edges. */
static size_t outline(struct trace *trace, unsigned nodes)
{
    static uint16_t degree[NODES];
    uint16_t corner[NODES], a, b, count;
    size_t edges = 0, at;
    unsigned node;

    memset(degree, 0, sizeof degree);
    for (;;) {
        a = b = 0;
        if (DID(weir_complex_get_edge(map, edges, &a, &b)) != WEIR_OK) {
            break;
        }
        note(trace, (uint64_t)a << 16 | b);
        if (nodes > 0) {
            degree[a / 3]++;
            degree[b / 3]++;
        }
        edges++;
    }
    for (node = 0; node < nodes; node++) {
        paint(corner, sizeof corner);
        paint(&count, sizeof count);
        DID(weir_complex_get_corners(map, id_of(node), corner, degree[node], &count));
        note(trace, count);
        for (at = 0; at < degree[node]; at++) {
            note(trace, corner[at]);
        }
    }
    return edges;
}

static weir_q16 flow[EDGES], out[EDGES], again[EDGES];
static weir_q16 gradient[EDGES], circulation[EDGES], harmonic[EDGES];
static uint8_t trust[EDGES];

/* Everything that is computed from one flow. */
static void project(struct trace *trace, size_t edges)
{
    weir_complex_report report;
    weir_complex_parts parts;
    weir_relax_report relaxed;
    weir_status settled;
    size_t at;

    paint(&report, sizeof report);
    paint(&parts, sizeof parts);
    paint(&relaxed, sizeof relaxed);
    report.size = sizeof report;
    parts.size = sizeof parts;
    relaxed.size = sizeof relaxed;
    paint(out, sizeof out);
    settled = DID(weir_complex_settle(map, flow, out, edges, &report));
    note_report(trace, &report);
    note_words(trace, out, edges);
    paint(gradient, sizeof gradient);
    paint(circulation, sizeof circulation);
    paint(harmonic, sizeof harmonic);
    if (DID(weir_complex_decompose(map, flow, gradient, circulation, harmonic, edges, &parts)) ==
        WEIR_OK) {
        for (at = 0; at < edges; at++) {
            CHECK((int64_t)gradient[at] + circulation[at] + harmonic[at] == flow[at]);
        }
    }
    note_parts(trace, &parts);
    note_words(trace, gradient, edges);
    note_words(trace, circulation, edges);
    note_words(trace, harmonic, edges);
    paint(again, sizeof again);
    DID(weir_complex_settle_trusted(map, flow, trust, again, edges, &report));
    note_report(trace, &report);
    note_words(trace, again, edges);
    DID(weir_complex_relax(map, flow, edges, 1, &relaxed));
    note_relaxed(trace, &relaxed);
    note_words(trace, flow, edges);
    DID(weir_complex_relax(map, flow, edges, 300, &relaxed));
    note_relaxed(trace, &relaxed);
    note_words(trace, flow, edges);
    if (settled == WEIR_OK) {
        DID(weir_complex_settle(map, flow, again, edges, NULL));
        CHECK(memcmp(out, again, edges * sizeof *out) == 0);
    }
}

/* Random flows of five sizes, the last over the whole range, and random loads to level. */
static void study(struct trace *trace, unsigned nodes, uint64_t seed, unsigned sizes)
{
    static int32_t load[NODES], ship[EDGES];
    static uint16_t capacity[NODES];
    size_t edges = outline(trace, nodes), at;
    unsigned bits, plan;

    for (at = 0; at < edges; at++) {
        trust[at] = (uint8_t)(next_random(&seed) >> 56 >> (at % 3 * 3));
    }
    for (bits = 3; sizes > 0; bits += 7, sizes--) {
        for (at = 0; at < edges; at++) {
            int64_t span = (int64_t)1 << bits;
            flow[at] = (weir_q16)((int64_t)(next_random(&seed) >> (63 - bits)) - span);
        }
        project(trace, edges);
    }
    for (plan = 0; plan < 3; plan++) {
        for (at = 0; at < nodes; at++) {
            uint32_t word = (uint32_t)next_random(&seed);
            load[at] = (int32_t)(word % 20000) - 99;
            if (plan == 2) {
                load[at] = word & 1 ? INT32_MAX : INT32_MIN;
            }
            capacity[at] = (uint16_t)(word >> 16 & 7);
        }
        paint(ship, sizeof ship);
        DID(weir_complex_plan(map, load, plan == 1 ? NULL : capacity, nodes, ship, edges));
        note_words(trace, ship, edges);
    }
}

static void plain_ones(struct trace *trace)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    size_t used;
    unsigned a;
    start(trace, 7, FILL, 0); /* two triangles on a string */
    join(trace, 0, 1), join(trace, 1, 2), join(trace, 0, 2), join(trace, 2, 3);
    join(trace, 3, 4), join(trace, 4, 5), join(trace, 3, 5), join(trace, 5, 6);
    study(trace, 7, 11, 5);
    chapter(trace, "spike");
    config.max_nodes = NODES;
    config.max_edges = EDGES;
    config.max_triangles = TRIANGLES;
    config.fill = FILL;
    used = weir_complex_storage_size(&config) / sizeof memory[0];
    DID(weir_complex_deinit(map));
    for (a = 0; a < used; a++) {
        CHECK(memory[a] == 0);
    }

    start(trace, 12, FILL, 0); /* one cycle that nothing fills */
    for (a = 0; a < 12; a++) {
        join(trace, a, (a + 1) % 12);
    }
    study(trace, 12, 12, 5);
    chapter(trace, "ring");
    DID(weir_complex_reset(map));
    study(trace, 0, 13, 1);
    chapter(trace, "nothing");
}

static void surfaces(struct trace *trace)
{
    unsigned a, b, c, side;
    start(trace, 25, FILL, WEIR_COMPLEX_NAMED_ONLY); /* a torus of squares, each split in two */
    for (a = 0; a < 25; a++) {
        side = a / 5 * 5;
        b = side + (a + 1) % 5;
        c = (a + 5) % 25;
        join(trace, a, b), join(trace, a, c), join(trace, a, c / 5 * 5 + (c + 1) % 5);
    }
    for (a = 0; a < 25; a++) {
        side = a / 5 * 5;
        b = side + (a + 1) % 5;
        c = (a + 5) % 25;
        fill(trace, a, b, c / 5 * 5 + (c + 1) % 5), fill(trace, a, c, c / 5 * 5 + (c + 1) % 5);
    }
    study(trace, 25, 14, 5);
    chapter(trace, "torus");

    start(trace, 6, FILL, WEIR_COMPLEX_NAMED_ONLY); /* the projective plane: torsion, no hole */
    for (a = 0; a < 6; a++) {
        for (b = a + 1; b < 6; b++) {
            join(trace, a, b);
        }
    }
    fill(trace, 0, 1, 2), fill(trace, 0, 2, 3), fill(trace, 0, 3, 4), fill(trace, 0, 4, 5);
    fill(trace, 0, 1, 5), fill(trace, 1, 2, 4), fill(trace, 2, 3, 5), fill(trace, 1, 3, 4);
    fill(trace, 2, 4, 5), fill(trace, 1, 3, 5);
    study(trace, 6, 15, 5);
    chapter(trace, "plane");
}

/* Random edges, every three joined nodes filled; with little room for factors the same bits come
 * after more passes. */
static void random_ones(struct trace *trace)
{
    static const uint16_t fills[] = { FILL, 2, 1 };
    size_t at;
    unsigned a, b;
    for (at = 0; at < sizeof fills / sizeof fills[0]; at++) {
        const unsigned nodes = at == 0 ? 32 : 28;
        uint64_t random = 54;
        start(trace, nodes, fills[at], 0);
        for (a = 0; a < nodes; a++) {
            for (b = a + 1; b < nodes && b < a + 12; b++) {
                if (next_random(&random) % 5 < 2) {
                    join(trace, a, b);
                }
            }
        }
        study(trace, nodes, 16, at == 0 ? 5 : at == 1 ? 2 : 1); /* passes cost time */
        chapter(trace, at == 0 ? "random" : at == 1 ? "fill2" : "fill1");
    }
}

/* Edges come and go, nodes with them; between the changes the last potentials are used again. */
static void changing(struct trace *trace)
{
    uint64_t random = 99;
    unsigned turn, a, b, gone;
    start(trace, 24, 4, 0);
    for (turn = 0; turn < 240; turn++) {
        a = (unsigned)(next_random(&random) % 24);
        b = (unsigned)((a + 1 + next_random(&random) % 5) % 24);
        gone = (unsigned)(next_random(&random) % 24);
        if (next_random(&random) % 4 == 0) {
            DID(weir_complex_remove_edge(map, id_of(a), id_of(b)));
        } else {
            join(trace, a, b);
        }
        if (turn % 31 == 30) {
            DID(weir_complex_remove_node(map, id_of(gone)));
        }
        if (turn % 24 == 23) {
            for (a = 0; a < 24; a++) {
                DID(weir_complex_add_node(map, id_of(a)));
            }
            study(trace, 24, turn, 3);
        }
    }
    chapter(trace, "changing");
}

/* Every table to its end and one beyond: nodes, edges, triangles, and ids at the ends. */
static void full(struct trace *trace)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    uint16_t a, b;
    config.max_nodes = 5;
    config.max_edges = 7;
    config.max_triangles = 3;
    config.fill = 2;
    DID(weir_complex_init(&map, memory, weir_complex_storage_size(&config), &config));
    for (a = 0; a < 7; a++) {
        DID(weir_complex_add_node(map, a == 4 ? 65535 : a));
        DID(weir_complex_add_node(map, a == 4 ? 65535 : a));
    }
    for (a = 0; a < 5; a++) {
        for (b = 0; b < 5; b++) {
            DID(weir_complex_add_edge(map, a == 4 ? 65535 : a, b == 4 ? 65535 : b));
            DID(weir_complex_add_triangle(map, 0, a, b));
        }
    }
    (void)outline(trace, 0);
    DID(weir_complex_remove_node(map, 65535));
    DID(weir_complex_remove_node(map, 65535));
    DID(weir_complex_add_node(map, 6));
    DID(weir_complex_add_edge(map, 6, 0));
    (void)outline(trace, 0);
    chapter(trace, "full");
}

/* Flows at both ends of their range, and the sums that do not fit. */
static void extremes(struct trace *trace)
{
    static const weir_q16 ends[] = { INT32_MAX, INT32_MIN, 0, 1, -1, INT32_MAX - 1, INT32_MIN + 1 };
    unsigned a, turn;
    size_t edges, at;
    start(trace, 9, FILL, 0);
    for (a = 0; a < 9; a++) {
        join(trace, a, (a + 1) % 9), join(trace, a, (a + 2) % 9);
    }
    edges = outline(trace, 9);
    for (turn = 0; turn < 12; turn++) {
        for (at = 0; at < edges; at++) {
            flow[at] = ends[(at * (turn + 1) + turn) % (turn % 2 ? 2u : 7u)];
            trust[at] = (uint8_t)(at % 2 ? 255 : turn);
        }
        project(trace, edges);
    }
    chapter(trace, "extremes");
}

static void init_refuses(struct trace *trace)
{
    weir_complex_config good = WEIR_COMPLEX_CONFIG_DEFAULT, bad;
    uint8_t elsewhere = 1;
    size_t need = weir_complex_storage_size(&good), shift;
    weir_complex *none = NULL;

    note(trace, weir_complex_storage_size(NULL));
    DID(weir_complex_init(NULL, memory, sizeof memory, &good));
    DID(weir_complex_init(&none, NULL, sizeof memory, &good));
    DID(weir_complex_init(&none, memory, sizeof memory, NULL));
    DID(weir_complex_init(&none, memory, need - 1, &good));
    for (shift = 1; shift < 8; shift++) {
        DID(weir_complex_init(&none, (uint8_t *)memory + shift, need, &good));
    }
    bad = good;
    bad.abi = &elsewhere;
    DID(weir_complex_init(&none, memory, sizeof memory, &bad));
    bad = good;
    bad.size -= 1;
    DID(weir_complex_init(&none, memory, sizeof memory, &bad));
    note(trace, weir_complex_storage_size(&bad));
#define BAD(field, value)                                                   \
    bad = good;                                                             \
    bad.field = (value);                                                    \
    DID(weir_complex_init(&none, memory, sizeof memory, &bad));             \
    note(trace, weir_complex_storage_size(&bad) != 0)
    BAD(max_nodes, 0);
    BAD(max_edges, 0);
    BAD(max_edges, 32767);
    BAD(max_edges, 32768);
    BAD(max_triangles, 0);
    BAD(max_triangles, 65535);
    BAD(fill, 0);
    BAD(fill, 65535);
    BAD(flags, 4);
    BAD(flags, UINT32_MAX);
#undef BAD
    CHECK(none == NULL || none == (weir_complex *)(void *)memory);
}

/* Every function with every argument that it refuses; what it would write is painted and noted. */
static void calls_refuse(struct trace *trace, weir_complex *handle, size_t edges, size_t nodes)
{
    static const size_t wrong[] = { 0, 1, 2, 65536 };
    weir_complex_report report;
    weir_complex_parts parts;
    weir_relax_report relaxed;
    int32_t load[8] = { 0 };
    uint16_t corner[8], count, a, b;
    size_t at;

    paint(out, sizeof out);
    paint(gradient, sizeof gradient);
    paint(corner, sizeof corner);
    paint(&count, sizeof count);
    paint(&report, sizeof report);
    paint(&parts, sizeof parts);
    paint(&relaxed, sizeof relaxed);
    paint(&a, sizeof a);
    b = a;
    memset(trust, 9, sizeof trust);
    memset(flow, 0, sizeof flow);

    DID(weir_complex_add_edge(handle, 1, 1));
    DID(weir_complex_add_edge(handle, 1, 9));
    DID(weir_complex_remove_edge(handle, 1, 1));
    DID(weir_complex_remove_edge(handle, 1, 9));
    DID(weir_complex_remove_node(handle, 9));
    DID(weir_complex_add_triangle(handle, 1, 1, 4));
    DID(weir_complex_add_triangle(handle, 1, 4, 9));
    DID(weir_complex_get_edge(handle, edges, &a, &b));
    DID(weir_complex_get_edge(handle, SIZE_MAX, &a, &b));
    DID(weir_complex_get_edge(handle, 0, NULL, &b));
    DID(weir_complex_get_edge(handle, 0, &a, NULL));
    DID(weir_complex_get_corners(handle, 9, corner, 2, &count));
    DID(weir_complex_get_corners(handle, 1, corner, 1, &count));
    DID(weir_complex_get_corners(handle, 1, NULL, 2, &count));
    DID(weir_complex_get_corners(handle, 1, corner, 2, NULL));
    for (at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        DID(weir_complex_settle(handle, flow, out, wrong[at], NULL));
        DID(weir_complex_settle_trusted(handle, flow, trust, out, wrong[at], NULL));
        DID(weir_complex_decompose(handle, flow, gradient, out, harmonic, wrong[at], NULL));
        DID(weir_complex_relax(handle, flow, wrong[at], 1, NULL));
        DID(weir_complex_plan(handle, load, NULL, wrong[at], out, edges));
        DID(weir_complex_plan(handle, load, NULL, nodes, out, wrong[at]));
    }
    report.size = parts.size = relaxed.size = 4;
    DID(weir_complex_settle(handle, flow, out, edges, &report));
    DID(weir_complex_settle_trusted(handle, flow, trust, out, edges, &report));
    DID(weir_complex_decompose(handle, flow, gradient, out, harmonic, edges, &parts));
    DID(weir_complex_relax(handle, flow, edges, 1, &relaxed));
    DID(weir_complex_settle(handle, NULL, out, edges, NULL));
    DID(weir_complex_settle(handle, flow, NULL, edges, NULL));
    DID(weir_complex_settle(handle, flow, flow, edges, NULL));
    DID(weir_complex_settle_trusted(handle, NULL, trust, out, edges, NULL));
    DID(weir_complex_settle_trusted(handle, flow, NULL, out, edges, NULL));
    DID(weir_complex_settle_trusted(handle, flow, trust, NULL, edges, NULL));
    DID(weir_complex_settle_trusted(handle, flow, trust, flow, edges, NULL));
    DID(weir_complex_decompose(handle, NULL, gradient, out, harmonic, edges, NULL));
    DID(weir_complex_decompose(handle, flow, NULL, out, harmonic, edges, NULL));
    DID(weir_complex_decompose(handle, flow, gradient, NULL, harmonic, edges, NULL));
    DID(weir_complex_decompose(handle, flow, gradient, out, NULL, edges, NULL));
    DID(weir_complex_decompose(handle, flow, gradient, out, gradient, edges, NULL));
    DID(weir_complex_decompose(handle, flow, flow, out, gradient, edges, NULL));
    DID(weir_complex_relax(handle, NULL, edges, 1, NULL));
    DID(weir_complex_plan(handle, NULL, NULL, nodes, out, edges));
    DID(weir_complex_plan(handle, load, NULL, nodes, NULL, edges));
    note_words(trace, out, EDGES);
    note_words(trace, gradient, EDGES);
    note(trace, (uint64_t)a << 16 | b);
    note(trace, count);
    note(trace, corner[0]);
    note_report(trace, &report);
    note_parts(trace, &parts);
    note_relaxed(trace, &relaxed);
}

static void refusals(struct trace *trace)
{
    static uint64_t plain[8];
    init_refuses(trace);
    start(trace, 3, FILL, 0);
    join(trace, 0, 1), join(trace, 1, 2), join(trace, 2, 0);
    calls_refuse(trace, map, 3, 3);
    (void)outline(trace, 3);
    chapter(trace, "refusals");
    calls_refuse(trace, NULL, 3, 3);
    calls_refuse(trace, (weir_complex *)(void *)plain, 3, 3);
    DID(weir_complex_add_node(NULL, 1));
    DID(weir_complex_reset(NULL));
    DID(weir_complex_deinit(NULL));
    DID(weir_complex_deinit(map));
    DID(weir_complex_add_node(map, 1));
    DID(weir_complex_reset(map));
    DID(weir_complex_deinit(map));
    chapter(trace, "dead");
}

unsigned trace_complex(struct trace *trace)
{
    plain_ones(trace);
    surfaces(trace);
    random_ones(trace);
    changing(trace);
    full(trace);
    extremes(trace);
    refusals(trace);
    return checks_failed;
}
