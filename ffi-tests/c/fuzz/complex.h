/* Target: complex. Any sequence of calls against a table of who is joined with whom, and the laws
 * that every result must keep. */
#ifndef FUZZ_COMPLEX_H
#define FUZZ_COMPLEX_H

#include "input.h"

#define IDS 10
#define EDGES_MOST (IDS * (IDS - 1) / 2)

static const uint16_t complex_ids[IDS] = { 0, 1, 2, 3, 7, 8, 9, 300, 65534, 65535 };

/* What must be there, by places in the list of ids. `edge` and `triangle` are ascending. */
struct model {
    weir_complex *map;
    weir_complex_config config;
    uint64_t *memory;
    size_t bytes;
    size_t nodes, edges, triangles;
    uint8_t node[IDS];
    uint8_t joined[IDS][IDS];
    uint8_t filled[IDS][IDS][IDS];
    uint8_t edge[EDGES_MOST][2];
};

static inline size_t edge_number(const struct model *m, size_t a, size_t b)
{
    size_t at;
    for (at = 0; at < m->edges; at++) {
        if (m->edge[at][0] == a && m->edge[at][1] == b) {
            return at;
        }
    }
    HOLDS(a != a);
    return 0;
}

static inline void model_count(struct model *m)
{
    size_t a, b, c;
    m->nodes = m->edges = m->triangles = 0;
    for (a = 0; a < IDS; a++) {
        m->nodes += m->node[a];
        for (b = a + 1; b < IDS; b++) {
            if (m->joined[a][b]) {
                m->edge[m->edges][0] = (uint8_t)a;
                m->edge[m->edges][1] = (uint8_t)b;
                m->edges++;
            }
            for (c = b + 1; c < IDS; c++) {
                m->triangles += m->filled[a][b][c];
            }
        }
    }
}

static inline void model_unjoin(struct model *m, size_t a, size_t b)
{
    size_t c, low = a < b ? a : b, high = a < b ? b : a;
    m->joined[low][high] = 0;
    for (c = 0; c < IDS; c++) {
        if (c < low) {
            m->filled[c][low][high] = 0;
        } else if (c < high) {
            m->filled[low][c][high] = 0;
        } else {
            m->filled[low][high][c] = 0;
        }
    }
}

static inline int is_joined(const struct model *m, size_t a, size_t b)
{
    return a < b ? m->joined[a][b] : m->joined[b][a];
}

/* The handle and the table name the same edges in the same order. */
static inline void model_must_match(struct model *m)
{
    size_t at;
    uint16_t a = 12345, b = 12345;
    model_count(m);
    for (at = 0; at < m->edges; at++) {
        MUST_GIVE(weir_complex_get_edge(m->map, at, &a, &b), WEIR_OK);
        HOLDS(a == complex_ids[m->edge[at][0]] && b == complex_ids[m->edge[at][1]]);
    }
    a = b = 12345;
    MUST_GIVE(weir_complex_get_edge(m->map, m->edges, &a, &b), WEIR_END);
    MUST_GIVE(weir_complex_get_edge(m->map, SIZE_MAX, &a, &b), WEIR_END);
    HOLDS(a == 12345 && b == 12345);
}

static inline void do_add_node(struct model *m, size_t a)
{
    weir_status expected = WEIR_OK;
    if (!m->node[a] && m->nodes == m->config.max_nodes) {
        expected = WEIR_ERR_FULL;
    }
    MUST_GIVE(weir_complex_add_node(m->map, complex_ids[a]), expected);
    m->node[a] |= expected == WEIR_OK;
}

static inline void do_remove_node(struct model *m, size_t a)
{
    size_t b;
    MUST_GIVE(weir_complex_remove_node(m->map, complex_ids[a]),
              m->node[a] ? WEIR_OK : WEIR_ERR_RANGE);
    m->node[a] = 0;
    for (b = 0; b < IDS; b++) {
        if (b != a) {
            model_unjoin(m, a, b);
        }
    }
}

static inline void do_add_edge(struct model *m, size_t a, size_t b)
{
    size_t c, low = a < b ? a : b, high = a < b ? b : a, made = 0;
    int named = (m->config.flags & WEIR_COMPLEX_NAMED_ONLY) != 0;
    weir_status expected = WEIR_OK;
    if (a == b || !m->node[a] || !m->node[b]) {
        expected = WEIR_ERR_RANGE;
    } else if (!m->joined[low][high]) {
        for (c = 0; c < IDS; c++) {
            made += c != a && c != b && is_joined(m, a, c) && is_joined(m, b, c);
        }
        made = named ? 0 : made;
        if (m->edges == m->config.max_edges || m->triangles + made > m->config.max_triangles) {
            expected = WEIR_ERR_FULL;
        }
    }
    MUST_GIVE(weir_complex_add_edge(m->map, complex_ids[a], complex_ids[b]), expected);
    if (expected != WEIR_OK || m->joined[low][high]) {
        return;
    }
    m->joined[low][high] = 1;
    for (c = 0; !named && c < IDS; c++) {
        if (c != a && c != b && is_joined(m, a, c) && is_joined(m, b, c)) {
            if (c < low) {
                m->filled[c][low][high] = 1;
            } else if (c < high) {
                m->filled[low][c][high] = 1;
            } else {
                m->filled[low][high][c] = 1;
            }
        }
    }
}

static inline void do_remove_edge(struct model *m, size_t a, size_t b)
{
    int there = a != b && is_joined(m, a, b);
    MUST_GIVE(weir_complex_remove_edge(m->map, complex_ids[a], complex_ids[b]),
              there ? WEIR_OK : WEIR_ERR_RANGE);
    if (there) {
        model_unjoin(m, a, b);
    }
}

static inline void do_add_triangle(struct model *m, size_t a, size_t b, size_t c)
{
    size_t low = a < b ? a : b, high = a < b ? b : a, middle;
    weir_status expected = WEIR_OK;
    if (a == b || b == c || a == c || !is_joined(m, a, b) || !is_joined(m, b, c) ||
        !is_joined(m, a, c)) {
        MUST_GIVE(weir_complex_add_triangle(m->map, complex_ids[a], complex_ids[b],
                                            complex_ids[c]),
                  WEIR_ERR_RANGE);
        return;
    }
    middle = c < low ? low : c < high ? c : high;
    low = c < low ? c : low;
    high = c > high ? c : high;
    if (!m->filled[low][middle][high] && m->triangles == m->config.max_triangles) {
        expected = WEIR_ERR_FULL;
    }
    MUST_GIVE(weir_complex_add_triangle(m->map, complex_ids[a], complex_ids[b], complex_ids[c]),
              expected);
    m->filled[low][middle][high] |= expected == WEIR_OK;
}

static inline int64_t curl_of(const struct model *m, const int32_t *flow, size_t a, size_t b,
                              size_t c)
{
    return (int64_t)flow[edge_number(m, a, b)] + flow[edge_number(m, b, c)] -
           flow[edge_number(m, a, c)];
}

static inline uint64_t largest_curl(const struct model *m, const int32_t *flow)
{
    size_t a, b, c;
    uint64_t most = 0;
    for (a = 0; a < IDS; a++) {
        for (b = a + 1; b < IDS; b++) {
            for (c = b + 1; c < IDS; c++) {
                if (m->filled[a][b][c]) {
                    int64_t curl = curl_of(m, flow, a, b, c);
                    uint64_t size = (uint64_t)(curl < 0 ? -curl : curl);
                    most = size > most ? size : most;
                }
            }
        }
    }
    return most;
}

/* What leaves a node less what comes in. */
static inline int64_t net_of(const struct model *m, const int32_t *flow, size_t node)
{
    int64_t net = 0;
    size_t at;
    for (at = 0; at < m->edges; at++) {
        net += m->edge[at][0] == node ? flow[at] : 0;
        net -= m->edge[at][1] == node ? flow[at] : 0;
    }
    return net;
}

static inline size_t degree_of(const struct model *m, size_t node)
{
    size_t at, degree = 0;
    for (at = 0; at < m->edges; at++) {
        degree += m->edge[at][0] == node || m->edge[at][1] == node;
    }
    return degree;
}

/* Components by spreading the smallest label until nothing changes; returns how many. */
static inline size_t components(const struct model *m, const uint8_t *up, size_t label[IDS])
{
    size_t at, count = 0, changed = 1;
    for (at = 0; at < IDS; at++) {
        label[at] = at;
    }
    while (changed) {
        changed = 0;
        for (at = 0; at < m->edges; at++) {
            size_t *a = &label[m->edge[at][0]], *b = &label[m->edge[at][1]];
            if ((!up || up[at]) && *a != *b) {
                *a = *b = *a < *b ? *a : *b;
                changed = 1;
            }
        }
    }
    for (at = 0; at < IDS; at++) {
        count += m->node[at] && label[at] == at;
    }
    return count;
}

/* Rank of the triangles as sums of edges, by elimination modulo a prime. */
static inline size_t triangle_rank(const struct model *m)
{
    static int64_t row[120][EDGES_MOST];
    const int64_t prime = 1000003;
    size_t a, b, c, rows = 0, rank = 0, column, at, other;
    for (a = 0; a < IDS; a++) {
        for (b = a + 1; b < IDS; b++) {
            for (c = b + 1; c < IDS; c++) {
                if (m->filled[a][b][c]) {
                    memset(row[rows], 0, sizeof row[rows]);
                    row[rows][edge_number(m, a, b)] = 1;
                    row[rows][edge_number(m, b, c)] = 1;
                    row[rows][edge_number(m, a, c)] = prime - 1;
                    rows++;
                }
            }
        }
    }
    for (column = 0; column < m->edges && rank < rows; column++) {
        int64_t inverse = 1, base, power;
        for (at = rank; at < rows && row[at][column] == 0; at++) {
        }
        if (at == rows) {
            continue;
        }
        for (other = 0; other < m->edges; other++) {
            int64_t held = row[at][other];
            row[at][other] = row[rank][other];
            row[rank][other] = held;
        }
        base = row[rank][column];
        for (power = prime - 2; power; power >>= 1) {
            inverse = power & 1 ? inverse * base % prime : inverse;
            base = base * base % prime;
        }
        for (at = rank + 1; at < rows; at++) {
            int64_t times = row[at][column] * inverse % prime;
            for (other = 0; times && other < m->edges; other++) {
                row[at][other] = (row[at][other] + (prime - times) * row[rank][other]) % prime;
            }
        }
        rank++;
    }
    return rank;
}

static inline size_t cycles_of(const struct model *m)
{
    size_t label[IDS];
    return m->edges + components(m, NULL, label) - m->nodes - triangle_rank(m);
}

/* Flows in memory of exactly their size; the largest magnitude goes to `most`. */
static inline int32_t *some_flow(struct input *in, size_t count, uint64_t *most)
{
    int32_t *flow = (int32_t *)malloc(count ? count * sizeof *flow : 1);
    uint8_t how = take8(in);
    size_t at;
    *most = 0;
    for (at = 0; at < count; at++) {
        int64_t value = take_number(in);
        flow[at] = how & 1 ? (int32_t)value : (int32_t)(value % 1000000);
        if ((uint64_t)(flow[at] < 0 ? -(int64_t)flow[at] : flow[at]) > *most) {
            *most = (uint64_t)(flow[at] < 0 ? -(int64_t)flow[at] : flow[at]);
        }
    }
    return flow;
}

static inline int32_t *painted_flow(size_t count)
{
    int32_t *flow = (int32_t *)malloc(count ? count * sizeof *flow : 1);
    paint(flow, count * sizeof *flow);
    return flow;
}

static inline void do_settle(struct model *m, struct input *in)
{
    uint64_t most;
    int32_t *flow = some_flow(in, m->edges, &most);
    int32_t *out = painted_flow(m->edges), *again = painted_flow(m->edges);
    weir_complex_report report;
    weir_status status;
    size_t at;
    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    status = weir_complex_settle(m->map, flow, out, m->edges, &report);
    if (status == WEIR_OK) {
        HOLDS(largest_curl(m, out) == 0);
        HOLDS(report.nodes == m->nodes && report.edges == m->edges);
        HOLDS(report.triangles == m->triangles && report.cycles == cycles_of(m));
        HOLDS(report.curl_before == (largest_curl(m, flow) > UINT32_MAX ? UINT32_MAX
                                                                       : largest_curl(m, flow)));
        for (at = 0; at < IDS && report.cycles == 0; at++) {
            int64_t moved = net_of(m, flow, at) - net_of(m, out, at);
            HOLDS((moved < 0 ? -moved : moved) <= (int64_t)degree_of(m, at));
        }
        MUST_GIVE(weir_complex_settle(m->map, out, again, m->edges, NULL), WEIR_OK);
        HOLDS(memcmp(out, again, m->edges * sizeof *out) == 0);
    } else {
        HOLDS(status == WEIR_ERR_RANGE && most > 1000000);
        HOLDS(is_painted(out, m->edges * sizeof *out) && report.edges == 0);
    }
    free(flow);
    free(out);
    free(again);
}

static inline void do_decompose(struct model *m, struct input *in)
{
    uint64_t most;
    int32_t *flow = some_flow(in, m->edges, &most);
    int32_t *part[3];
    weir_complex_parts report;
    weir_status status;
    size_t at;
    for (at = 0; at < 3; at++) {
        part[at] = painted_flow(m->edges);
    }
    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    status = weir_complex_decompose(m->map, flow, part[0], part[1], part[2], m->edges, &report);
    if (status == WEIR_OK) {
        uint64_t squares = 0;
        HOLDS(largest_curl(m, part[0]) == 0 && largest_curl(m, part[2]) == 0);
        HOLDS(report.cycles == cycles_of(m));
        for (at = 0; at < m->edges; at++) {
            HOLDS((int64_t)part[0][at] + part[1][at] + part[2][at] == flow[at]);
            squares += (uint64_t)((int64_t)flow[at] * flow[at]);
        }
        if (most <= 1u << 28) {
            HOLDS(report.norm * report.norm <= squares);
            HOLDS((report.norm + 1) * (report.norm + 1) > squares);
        }
    } else {
        HOLDS(status == WEIR_ERR_RANGE && most > 1000000);
        for (at = 0; at < 3; at++) {
            HOLDS(is_painted(part[at], m->edges * sizeof *part[at]));
        }
    }
    for (at = 0; at < 3; at++) {
        free(part[at]);
    }
    free(flow);
}

static inline void do_trusted(struct model *m, struct input *in)
{
    uint64_t most;
    int32_t *flow = some_flow(in, m->edges, &most), *out = painted_flow(m->edges);
    uint8_t *trust = (uint8_t *)malloc(m->edges + 1);
    weir_status status;
    size_t at;
    for (at = 0; at < m->edges; at++) {
        trust[at] = take8(in);
    }
    status = weir_complex_settle_trusted(m->map, flow, trust, out, m->edges, NULL);
    if (status == WEIR_OK) {
        HOLDS(largest_curl(m, out) == 0);
    } else {
        HOLDS(status == WEIR_ERR_RANGE && is_painted(out, m->edges * sizeof *out));
    }
    free(trust);
    free(flow);
    free(out);
}

static inline void do_relax(struct model *m, struct input *in)
{
    uint64_t most;
    int32_t *flow = some_flow(in, m->edges, &most), *given = painted_flow(m->edges);
    int32_t *before = painted_flow(m->edges), *after = painted_flow(m->edges);
    uint16_t sweeps = take8(in);
    weir_relax_report report;
    size_t at;
    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    memcpy(given, flow, m->edges * sizeof *flow);
    MUST_GIVE(weir_complex_relax(m->map, flow, m->edges, sweeps, &report), WEIR_OK);
    HOLDS(report.sweeps <= sweeps && report.curl_max == largest_curl(m, flow));
    HOLDS(report.sweeps == sweeps || report.held != 0 || report.curl_max <= 1);
    for (at = 0; at < IDS; at++) {
        HOLDS(net_of(m, given, at) == net_of(m, flow, at));
    }
    if (weir_complex_settle(m->map, given, before, m->edges, NULL) == WEIR_OK) {
        MUST_GIVE(weir_complex_settle(m->map, flow, after, m->edges, NULL), WEIR_OK);
        HOLDS(memcmp(before, after, m->edges * sizeof *before) == 0);
    }
    free(flow);
    free(given);
    free(before);
    free(after);
}

/* After the plan every node has its share of what its component has, but for rounding. */
static inline void do_plan(struct model *m, struct input *in)
{
    uint64_t most;
    int32_t *load = some_flow(in, m->nodes, &most), *flow = painted_flow(m->edges);
    uint16_t *capacity = (uint16_t *)malloc((m->nodes + 1) * sizeof *capacity);
    uint8_t how = take8(in);
    int64_t total[IDS] = { 0 }, weight[IDS] = { 0 };
    size_t label[IDS], at, place;
    weir_status status;
    for (at = 0; at < m->nodes; at++) {
        capacity[at] = how & 2 ? (uint16_t)(take8(in) % 8) : (uint16_t)(1 + take8(in) % 8);
        capacity[at] = how & 1 ? capacity[at] : 1;
    }
    status = weir_complex_plan(m->map, load, how & 1 ? capacity : NULL, m->nodes, flow, m->edges);
    HOLDS(status == WEIR_OK || (status == WEIR_ERR_RANGE && most > 1000000));
    HOLDS(status == WEIR_OK || is_painted(flow, m->edges * sizeof *flow));
    components(m, NULL, label);
    for (at = place = 0; at < IDS; at++) {
        if (m->node[at]) {
            total[label[at]] += load[place];
            weight[label[at]] += capacity[place++];
        }
    }
    for (at = place = 0; status == WEIR_OK && at < IDS; at++) {
        if (m->node[at] && !(how & 1 && how & 2)) {
            int64_t left = load[place] - net_of(m, flow, at);
            int64_t off = left * weight[label[at]] - total[label[at]] * capacity[place];
            HOLDS((off < 0 ? -off : off) <= weight[label[at]] * (int64_t)(degree_of(m, at) + 1));
        }
        place += m->node[at];
    }
    free(load);
    free(flow);
    free(capacity);
}

static inline void do_seat(struct model *m, struct input *in)
{
    weir_seat *seat = (weir_seat *)malloc((m->nodes + 1) * sizeof *seat);
    uint8_t *up = (uint8_t *)malloc(m->edges + 1), whole = take8(in) & 1;
    size_t label[IDS], place[IDS], at, trees, branches = 0;
    weir_forest forest;
    weir_pace pace;
    int64_t *work = (int64_t *)malloc((2 * m->nodes + 1) * sizeof *work);
    memset(&forest, 0, sizeof forest);
    forest.size = sizeof forest;
    for (at = 0; at < m->edges; at++) {
        up[at] = take8(in) & 1;
    }
    MUST_GIVE(weir_complex_seat(m->map, whole ? NULL : up, NULL, seat, m->nodes, &forest), WEIR_OK);
    trees = components(m, whole ? NULL : up, label);
    for (at = 0, place[0] = 0; at + 1 < IDS; at++) {
        place[at + 1] = place[at] + m->node[at];
    }
    for (at = 0; at < IDS; at++) {
        const weir_seat *own = &seat[place[at]];
        if (!m->node[at]) {
            continue;
        }
        if (own->parent == WEIR_NONE) {
            HOLDS(own->depth == 0 && own->root == place[at]);
        } else {
            const uint8_t *ends = m->edge[own->parent];
            size_t parent = ends[0] == at ? ends[1] : ends[0];
            HOLDS(own->parent < m->edges && (whole || up[own->parent]));
            HOLDS(ends[0] == at || ends[1] == at);
            HOLDS(own->depth == seat[place[parent]].depth + 1);
            HOLDS(own->root == seat[place[parent]].root);
            branches++;
        }
    }
    HOLDS(branches == m->nodes - trees && forest.branches == branches);
    memset(&pace, 0, sizeof pace);
    pace.size = sizeof pace;
    (void)!weir_complex_pace(m->map, whole ? NULL : up, NULL, seat, m->nodes, work, &pace);
    free(work);
    free(seat);
    free(up);
}

/* Calls that must be refused and write nothing. */
static inline void do_refused(struct model *m, struct input *in)
{
    int32_t *flow = painted_flow(m->edges + 1), *out = painted_flow(m->edges + 1);
    weir_complex_report report;
    size_t wrong = m->edges + 1 + take8(in);
    memset(&report, 0, sizeof report);
    MUST_GIVE(weir_complex_settle(m->map, flow, out, wrong, NULL), WEIR_ERR_RANGE);
    MUST_GIVE(weir_complex_relax(m->map, flow, wrong, 1, NULL), WEIR_ERR_RANGE);
    MUST_GIVE(weir_complex_plan(m->map, flow, NULL, m->nodes, out, wrong), WEIR_ERR_RANGE);
    report.size = take8(in) % (uint32_t)sizeof report;
    MUST_GIVE(weir_complex_settle(m->map, flow, out, m->edges, &report), WEIR_ERR_ABI);
    if (m->edges) {
        MUST_GIVE(weir_complex_settle(m->map, flow, flow, m->edges, NULL), WEIR_ERR_RANGE);
        MUST_GIVE(weir_complex_settle(m->map, NULL, out, m->edges, NULL), WEIR_ERR_NULL);
        MUST_GIVE(weir_complex_settle(m->map, flow, NULL, m->edges, NULL), WEIR_ERR_NULL);
    }
    HOLDS(is_painted(flow, m->edges * sizeof *flow) && is_painted(out, m->edges * sizeof *out));
    free(flow);
    free(out);
}

static inline void fuzz_complex(struct input *in)
{
    static struct model model;
    struct model *m = &model;
    uint8_t shape = take8(in);
    unsigned steps;
    memset(m, 0, sizeof *m);
    weir_complex_config_default(&m->config);
    m->config.max_nodes = shape & 1 ? 4 : IDS;
    m->config.max_edges = shape & 2 ? 5 : EDGES_MOST;
    m->config.max_triangles = shape & 4 ? 1 : 120;
    m->config.fill = shape & 8 ? 1 : 6;
    m->config.flags = shape & 16 ? WEIR_COMPLEX_NAMED_ONLY : 0;
    m->bytes = weir_complex_storage_size(&m->config);
    m->memory = exact(m->bytes);
    MUST_GIVE(weir_complex_init(&m->map, m->memory, m->bytes, &m->config), WEIR_OK);
    for (steps = 0; in->left && steps < 200; steps++) {
        uint8_t op = take8(in), ends = take8(in);
        size_t a = (ends & 15u) % IDS, b = ((unsigned)ends >> 4) % IDS;
        model_count(m);
        switch (op & 31) {
        case 0:
            do_settle(m, in);
            break;
        case 1:
            do_decompose(m, in);
            break;
        case 2:
            do_trusted(m, in);
            break;
        case 3:
            do_relax(m, in);
            break;
        case 4:
            do_plan(m, in);
            break;
        case 5:
            do_seat(m, in);
            break;
        case 6:
            do_refused(m, in);
            break;
        case 7:
            do_remove_node(m, a);
            break;
        case 8:
            do_remove_edge(m, a, b);
            break;
        case 9:
            if (ends == 77) {
                MUST_GIVE(weir_complex_reset(m->map), WEIR_OK);
                memset(m->node, 0, sizeof m->node);
                memset(m->joined, 0, sizeof m->joined);
                memset(m->filled, 0, sizeof m->filled);
            }
            break;
        case 10:
        case 11:
        case 12:
            do_add_triangle(m, a, b, take8(in) % IDS);
            break;
        case 13:
        case 14:
        case 15:
        case 16:
            do_add_node(m, a);
            break;
        default:
            do_add_node(m, a);
            model_count(m);
            do_add_node(m, b);
            model_count(m);
            do_add_edge(m, a, b);
        }
        model_must_match(m);
    }
    MUST_GIVE(weir_complex_deinit(m->map), WEIR_OK);
    HOLDS(is_zero(m->memory, m->bytes));
    free(m->memory);
}

#endif
