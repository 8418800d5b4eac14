/* Digests of fixed computations. Every target must print the text of docs/abi/golden.txt. */
#include "world.h"

#define NODES 40
#define EDGES 160
#define TRIANGLES 400
#define FILL 12

static WEIR_COMPLEX_STORAGE(memory, NODES, EDGES, TRIANGLES, FILL);
static weir_complex *fixture;
static struct world world;

static void start(uint16_t nodes, uint32_t flags)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    uint16_t node;
    config.max_nodes = NODES;
    config.max_edges = EDGES;
    config.max_triangles = TRIANGLES;
    config.fill = FILL;
    config.flags = flags;
    GIVES(weir_complex_init(&fixture, memory, sizeof memory, &config), WEIR_OK);
    for (node = 0; node < nodes; node++) {
        GIVES(weir_complex_add_node(fixture, (uint16_t)(1 + node * 3)), WEIR_OK);
    }
}

static void join(unsigned a, unsigned b)
{
    CHECK(weir_complex_add_edge(fixture, (uint16_t)(1 + a * 3), (uint16_t)(1 + b * 3)) >= 0);
}

static void fill(unsigned a, unsigned b, unsigned c)
{
    CHECK(weir_complex_add_triangle(fixture, (uint16_t)(1 + a * 3), (uint16_t)(1 + b * 3),
                                    (uint16_t)(1 + c * 3)) >= 0);
}

/* Projects random flows of three sizes, plans random loads, and prints one digest for all of it. */
static void finish(const char *name, uint16_t nodes)
{
    static weir_q16 flow[EDGES], settled[EDGES];
    static int32_t load[NODES], ship[EDGES];
    static uint16_t capacity[NODES];
    uint64_t random = nodes, digest = digest_start();
    weir_complex_report report;
    uint16_t a, b;
    size_t edges = 0, at;
    unsigned bits;

    while (weir_complex_get_edge(fixture, edges, &a, &b) == WEIR_OK) {
        digest = digest_value(digest, (uint64_t)a << 16 | b);
        edges++;
    }
    for (bits = 4; bits <= 24; bits += 10) {
        for (at = 0; at < edges; at++) {
            int64_t span = (int64_t)1 << bits;
            flow[at] = (weir_q16)((int64_t)(next_random(&random) >> (63 - bits)) - span);
        }
        memset(&report, 0, sizeof report);
        report.size = sizeof report;
        GIVES(weir_complex_settle(fixture, flow, settled, edges, &report), WEIR_OK);
        digest = digest_value(digest, report.cycles);
        digest = digest_value(digest, report.curl_before);
        for (at = 0; at < edges; at++) {
            digest = digest_value(digest, (uint32_t)settled[at]);
        }
    }
    for (at = 0; at < nodes; at++) {
        load[at] = (int32_t)(next_random(&random) % 10000);
        capacity[at] = (uint16_t)(1 + next_random(&random) % 4);
    }
    GIVES(weir_complex_plan(fixture, load, capacity, nodes, ship, edges), WEIR_OK);
    for (at = 0; at < edges; at++) {
        digest = digest_value(digest, (uint32_t)ship[at]);
    }
    print_digest(name, digest);
}

static void complexes(void)
{
    uint64_t random = 54;
    unsigned a, b, c, side;

    start(7, 0);
    join(0, 1), join(1, 2), join(0, 2), join(2, 3);
    join(3, 4), join(4, 5), join(3, 5), join(5, 6);
    finish("complex.spike", 7);

    start(12, 0); /* a ring: one harmonic circulation */
    for (a = 0; a < 12; a++) {
        join(a, (a + 1) % 12);
    }
    finish("complex.ring", 12);

    start(25, WEIR_COMPLEX_NAMED_ONLY); /* a torus of 5 x 5 squares, each split in two */
    for (a = 0; a < 25; a++) {
        side = a / 5 * 5;
        b = side + (a + 1) % 5;
        c = (a + 5) % 25;
        join(a, b), join(a, c), join(a, c / 5 * 5 + (c + 1) % 5);
    }
    for (a = 0; a < 25; a++) {
        side = a / 5 * 5;
        b = side + (a + 1) % 5;
        c = (a + 5) % 25;
        fill(a, b, c / 5 * 5 + (c + 1) % 5), fill(a, c, c / 5 * 5 + (c + 1) % 5);
    }
    finish("complex.torus", 25);

    start(6, WEIR_COMPLEX_NAMED_ONLY); /* the projective plane on six vertices: torsion, and no cycle that counts */
    for (a = 0; a < 6; a++) {
        for (b = a + 1; b < 6; b++) {
            join(a, b);
        }
    }
    fill(0, 1, 2), fill(0, 2, 3), fill(0, 3, 4), fill(0, 4, 5), fill(0, 1, 5);
    fill(1, 2, 4), fill(2, 3, 5), fill(1, 3, 4), fill(2, 4, 5), fill(1, 3, 5);
    finish("complex.plane", 6);

    start(32, 0); /* random edges, every clique of three filled by itself */
    for (a = 0; a < 32; a++) {
        for (b = a + 1; b < 32 && b < a + 12; b++) {
            if (next_random(&random) % 5 < 2) {
                join(a, b);
            }
        }
    }
    finish("complex.random", 32);
}

static uint64_t everything(uint64_t digest)
{
    unsigned index;
    for (index = 0; index < WORLD_NODES; index++) {
        weir_mesh_state state = world_state(&world.node[index]);
        uint32_t cursor = 0;
        weir_record record;
        memset(&record, 0, sizeof record);
        record.size = sizeof record;
        digest = digest_value(digest, state.digest);
        digest = digest_value(digest, state.circulation_before);
        digest = digest_value(digest, state.imbalance);
        digest = digest_value(digest, (uint64_t)state.in_flight);
        digest = digest_value(digest, state.records);
        while (weir_mesh_next_record(world.node[index].mesh, &cursor, &record) == WEIR_OK) {
            digest = digest_value(digest, record.hash);
            digest = digest_bytes(digest, record.payload, record.len);
        }
    }
    return digest;
}

static void mesh(void)
{
    uint64_t digest = digest_start();
    world_start(&world);
    world_run(&world, 40000, 1);
    print_digest("mesh.met", everything(digest));
    GIVES(weir_mesh_set_work(world.node[0].mesh, 100, 3), WEIR_OK);
    GIVES(weir_mesh_set_capacity(world.node[2].mesh, 3), WEIR_OK);
    GIVES(weir_mesh_record(world.node[1].mesh, WEIR_KIND_NOTE, 3, world_key, 11), WEIR_OK);
    world_isolate(&world, 0, 1);
    GIVES(weir_mesh_set_work(world.node[1].mesh, 50, 0), WEIR_OK);
    world_run(&world, 80000, 1);
    print_digest("mesh.cut", everything(digest));
    world_isolate(&world, 0, 0);
    world_run(&world, 160000, 1);
    CHECK(world_agrees(&world));
    print_digest("mesh.healed", everything(digest));
    print_digest("mesh.digest", world_state(&world.node[0]).digest);
    print_digest("mesh.air", world.air);
    printf("mesh.frames %u\n", world.frames);
}

int main(void)
{
    complexes();
    mesh();
    return checks_done("golden");
}
