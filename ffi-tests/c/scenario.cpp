// The mesh of world.h a second time, through weir.hpp. Both worlds live in one program and must
// agree on every frame, record, number and event; so must a complex that is used both ways.
#include <weir.hpp>
#include <world.h> // a system header to this file: C, whose casts C++ warns of

#if defined(__has_include)
#if __has_include(<type_traits>)
#define HAS_TRAITS
#include <type_traits>
#endif
#endif

namespace
{

using Mesh = weir::Mesh<WORLD_MAX_NODES, WORLD_DEGREE, WORLD_NEIGHBOURS, WORLD_INBOX, WORLD_FRAME,
                        WORLD_FILL, WORLD_NOTES, WORLD_NOTE_BYTES>;
using Small = weir::Mesh<16, 6, 12, 8, 250, 6>;
using Complex = weir::Complex<16, 48, 80, 6>;

// What an object adds to what C lends: the handle and its padding.
static_assert(sizeof(Mesh) - sizeof(node::mesh_memory) == 8, "no other overhead");
static_assert(sizeof(Mesh::Complex) - sizeof(node::complex_memory) == 8, "no other overhead");
static_assert(sizeof(Small) == 8 + 8 * WEIR_WORDS(WEIR_MESH_BYTES(16, 6, 12, 8, 250)), "the same");
static_assert(alignof(Mesh) == 8 && alignof(Complex) == 8, "storage is aligned");

#ifdef HAS_TRAITS
template <class Face> constexpr bool stays()
{
    return !std::is_copy_constructible<Face>::value && !std::is_copy_assignable<Face>::value &&
           !std::is_move_constructible<Face>::value && !std::is_move_assignable<Face>::value &&
           !std::is_polymorphic<Face>::value && std::is_nothrow_default_constructible<Face>::value;
}
static_assert(stays<Mesh>() && stays<Mesh::Complex>() && stays<Complex>(), "objects stay");
#endif

class World;

/* As in world.h: a full inbox or a refused shipment shows in what is compared later. */
void unless_lost(weir_status)
{
}

/* One node: the port that the templates find, and what weir lends memory from. */
class Place
{
  public:
    Mesh::Complex map{};
    Mesh mesh{};
    World *world = nullptr;
    unsigned index = 0;
    unsigned received = 0;

    weir_status transmit(const uint8_t *frame, size_t len);
    weir_status entropy(uint8_t *out, size_t len);
    weir_status sign(const uint8_t *message, size_t len, uint8_t *signature);
    weir_status verify(uint16_t author, const uint8_t *message, size_t len,
                       const uint8_t *signature);
    void start(World &whole, unsigned number);
    void work();

  private:
    uint64_t random_ = 0;
};

class World
{
  public:
    Place place[WORLD_NODES];
    uint64_t now_ms = 0, air = digest_start();
    unsigned frames = 0, in_air = 0;
    struct Flight {
        unsigned from;
        size_t len;
        uint8_t bytes[WORLD_FRAME];
    } flight[WORLD_AIR] = {};
    bool cut[WORLD_NODES][WORLD_NODES] = {};

    void deliver();
    void run(uint64_t until_ms);
    void isolate(unsigned index, bool off);
};

weir_status Place::transmit(const uint8_t *frame, size_t len)
{
    if (world->in_air == WORLD_AIR || len > WORLD_FRAME) {
        return WEIR_ERR_BUSY;
    }
    World::Flight &flight = world->flight[world->in_air++];
    world->air = digest_bytes(digest_value(world->air, len), frame, len);
    world->frames++;
    flight.from = index;
    flight.len = len;
    memcpy(flight.bytes, frame, len);
    return WEIR_OK;
}

weir_status Place::entropy(uint8_t *out, size_t len)
{
    for (size_t at = 0; at < len; at++) {
        out[at] = static_cast<uint8_t>(next_random(&random_));
    }
    return WEIR_OK;
}

weir_status Place::sign(const uint8_t *message, size_t len, uint8_t *signature)
{
    world_signature(index + 1, message, len, signature);
    return WEIR_OK;
}

weir_status Place::verify(uint16_t author, const uint8_t *message, size_t len,
                          const uint8_t *signature)
{
    uint8_t expected[64];
    world_signature(author, message, len, expected);
    return memcmp(expected, signature, 64) == 0 ? WEIR_OK : -1000;
}

void Place::start(World &whole, unsigned number)
{
    world = &whole;
    index = number;
    random_ = number + 1;
    // Times as in world.h; capacities come from the type, port and ctx from *this.
    struct node as_in_c = {};
    as_in_c.index = number;
    const weir_mesh_config times = world_config(&as_in_c);
    weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
    config.id = times.id;
    config.mesh_id = times.mesh_id;
    config.boot = times.boot;
    config.trickle_min_ms = times.trickle_min_ms;
    config.trickle_doublings = times.trickle_doublings;
    config.heartbeat_max_ms = times.heartbeat_max_ms;
    config.link_hold_ms = times.link_hold_ms;
    config.learn_ms = times.learn_ms;
    GIVES(mesh.start(config, *this), WEIR_OK);
    GIVES(map.start(config), WEIR_OK);
    GIVES(mesh.set_key(0, world_key, 8), WEIR_OK);
    GIVES(mesh.attach_complex(map), WEIR_OK);
}

void World::deliver()
{
    for (unsigned at = 0; at < in_air; at++) {
        for (unsigned to = 0; to < WORLD_NODES; to++) {
            const Flight &one = flight[at];
            if (to != one.from && place[to].mesh.raw() != nullptr && !cut[one.from][to]) {
                unless_lost(place[to].mesh.receive_isr(one.bytes, one.len, -60));
            }
        }
    }
    in_air = 0;
}

void Place::work()
{
    weir_shipment shipment[WORLD_DEGREE];
    size_t count = 0;
    int32_t amount = 0;
    if (mesh.plan(shipment, WORLD_DEGREE, count) == WEIR_OK) {
        for (size_t at = 0; at < count; at++) {
            unless_lost(mesh.ship(shipment[at].to, shipment[at].amount));
        }
    }
    if (mesh.get_received(amount) == WEIR_OK) {
        received += static_cast<unsigned>(amount);
    }
}

void World::run(uint64_t until_ms)
{
    while (now_ms < until_ms) {
        uint64_t next = until_ms;
        for (Place &here : place) {
            weir_mesh_due due;
            if (here.mesh.raw() == nullptr) {
                continue;
            }
            if (here.mesh.poll(now_ms, due) < 0) {
                due.next_ms = now_ms + 1;
            }
            deliver();
            here.work();
            next = due.next_ms < next ? due.next_ms : next;
        }
        next = next > now_ms + 100 ? now_ms + 100 : next;
        now_ms = next > now_ms ? next : now_ms + 1;
    }
}

void World::isolate(unsigned index, bool off)
{
    for (unsigned other = 0; other < WORLD_NODES; other++) {
        cut[index][other] = cut[other][index] = off;
    }
}

World ours;
world theirs;

/* A struct that C wants to have its size set. */
template <class Struct> Struct sized()
{
    Struct out = {};
    out.size = sizeof out;
    return out;
}

/* Field by field would miss a field; bytes do not, for both began as zeros. */
template <class Struct> bool same(const Struct &ours_is, const Struct &theirs_is)
{
    return memcmp(&ours_is, &theirs_is, sizeof ours_is) == 0;
}

void compare_records(Mesh &mesh, weir_mesh *twin)
{
    uint32_t cursor = 0, twin_cursor = 0;
    weir_record mine = {}, other = sized<weir_record>();
    weir_status status;
    do {
        status = mesh.next_record(cursor, mine);
        GIVES(weir_mesh_next_record(twin, &twin_cursor, &other), status);
        CHECK(mine.hash == other.hash && mine.author == other.author && mine.len == other.len);
        CHECK(memcmp(mine.payload, other.payload, mine.len) == 0 && cursor == twin_cursor);
        CHECK((mine.signature == nullptr) == (other.signature == nullptr));
    } while (status == WEIR_OK);
    GIVES(status, WEIR_END);
}

void compare_node(Mesh &mesh, weir_mesh *twin)
{
    weir_mesh_state state = {}, twin_state = sized<weir_mesh_state>();
    CHECK(mesh.settle() == weir_mesh_settle(twin, nullptr));
    CHECK(mesh.settle(state) == weir_mesh_settle(twin, &twin_state));
    CHECK(same(state, twin_state));
    compare_records(mesh, twin);

    weir_mesh_load load = {}, twin_load = sized<weir_mesh_load>();
    CHECK(mesh.get_load(load) == weir_mesh_get_load(twin, &twin_load) && same(load, twin_load));
    weir_mesh_stats stats = {}, twin_stats = sized<weir_mesh_stats>();
    GIVES(mesh.get_stats(stats), weir_mesh_get_stats(twin, &twin_stats));
    CHECK(same(stats, twin_stats) && stats.frames_sent > 0);

    weir_status status;
    size_t at = 0;
    do {
        weir_neighbour mine = {}, other = sized<weir_neighbour>();
        status = mesh.get_neighbour(at, mine);
        GIVES(weir_mesh_get_neighbour(twin, at, &other), status);
        CHECK(status != WEIR_OK || same(mine, other));
        at++;
    } while (status == WEIR_OK);
    do {
        weir_mesh_event mine = {}, other = sized<weir_mesh_event>();
        status = mesh.next_event(mine);
        GIVES(weir_mesh_next_event(twin, &other), status);
        CHECK(status != WEIR_OK || same(mine, other));
    } while (status == WEIR_OK);
}

void compare(const char *when)
{
    for (unsigned at = 0; at < WORLD_NODES; at++) {
        compare_node(ours.place[at].mesh, theirs.node[at].mesh);
        CHECK(ours.place[at].received == theirs.node[at].received);
    }
    CHECK(ours.air == theirs.air && ours.frames == theirs.frames && ours.frames > 0);
    print_digest(when, ours.air);
}

/* Every call twice: through the class, and in the twin. */
#define BOTH(index, method, ...)                                                                   \
    GIVES(ours.place[index].mesh.method(__VA_ARGS__),                                              \
          weir_mesh_##method(theirs.node[index].mesh, __VA_ARGS__))

void run(uint64_t until_ms)
{
    ours.run(until_ms);
    world_run(&theirs, until_ms, 1);
}

void mesh_lives()
{
    uint8_t bytes[1024], twin_bytes[1024];
    size_t len = 0, twin_len = 0;
    world_start(&theirs);
    for (unsigned at = 0; at < WORLD_NODES; at++) {
        ours.place[at].start(ours, at);
    }
    run(40000);
    compare("met");

    BOTH(0, set_work, 100, 3);
    BOTH(2, set_capacity, 3);
    BOTH(1, set_load, 50);
    BOTH(1, record, WEIR_KIND_NOTE, 3, world_key, 11);
    ours.isolate(0, true);
    world_isolate(&theirs, 0, 1);
    run(80000);
    compare("cut");
    ours.isolate(0, false);
    world_isolate(&theirs, 0, 0);
    run(160000);
    compare("healed");
    CHECK(ours.place[2].received > 0 && world_agrees(&theirs));

    for (unsigned at = 0; at < WORLD_NODES; at++) { // a new key for all
        BOTH(at, set_key, 1, *reinterpret_cast<const uint8_t(*)[16]>("another key 0001"), 8);
        BOTH(at, set_sending_key, 1);
        BOTH(at, remove_key, 0);
        BOTH(at, remove_key, 3);
    }
    BOTH(1, block, 1, true);
    run(200000);
    compare("blocked");
    BOTH(1, block, 1, false);
    GIVES(ours.place[0].mesh.snapshot(bytes, sizeof bytes, len),
          weir_mesh_snapshot(theirs.node[0].mesh, twin_bytes, sizeof twin_bytes, &twin_len));
    CHECK(len > 0 && len == twin_len && memcmp(bytes, twin_bytes, len) == 0);
    GIVES(ours.place[2].mesh.leave(), weir_mesh_leave(theirs.node[2].mesh));
    run(210000);
    compare("left");

    BOTH(0, reset, 1); // not higher than before
    BOTH(0, reset, 2);
    BOTH(0, restore, bytes, len);
    BOTH(0, set_key, 1, *reinterpret_cast<const uint8_t(*)[16]>("another key 0001"), 8);
    BOTH(0, resume, 5000);
    GIVES(ours.place[0].mesh.poll(5000), weir_mesh_poll(theirs.node[0].mesh, 5000, nullptr));
    GIVES(ours.place[0].mesh.detach_complex(), weir_mesh_detach_complex(theirs.node[0].mesh));
    GIVES(ours.place[0].mesh.settle(), WEIR_ERR_STATE);
    BOTH(0, resume, 210000);
    GIVES(ours.place[0].mesh.attach_complex(ours.place[0].map),
          weir_mesh_attach_complex(theirs.node[0].mesh, theirs.node[0].complex));
    run(280000);
    compare("back");
}

Complex solo;
WEIR_COMPLEX_STORAGE(solo_memory, 16, 48, 80, 6);
weir_complex *solo_twin;

/* Every call twice, as above. */
#define SOLO(method, ...)                                                                          \
    GIVES(solo.method(__VA_ARGS__), weir_complex_##method(solo_twin, __VA_ARGS__))

/* Nine nodes in three rows, with diagonals, and a tail of two. */
void make_grid()
{
    for (uint16_t id = 1; id <= 11; id++) {
        SOLO(add_node, id);
    }
    for (uint16_t id = 1; id <= 9; id++) {
        if (id % 3 != 0) {
            SOLO(add_edge, id, static_cast<uint16_t>(id + 1));
        }
        if (id <= 6) {
            SOLO(add_edge, id, static_cast<uint16_t>(id + 3));
        }
        if (id % 3 != 0 && id <= 6) {
            SOLO(add_edge, id, static_cast<uint16_t>(id + 4));
        }
    }
    SOLO(add_edge, 9, 10);
    SOLO(add_edge, 10, 11);
    SOLO(add_edge, 5, 5);
    SOLO(add_node, 12);
    SOLO(remove_node, 12);
    SOLO(add_edge, 1, 9);
    SOLO(remove_edge, 9, 1);
    SOLO(add_triangle, 1, 2, 5);
    SOLO(add_triangle, 1, 2, 9);
}

size_t count_edges()
{
    size_t edges = 0;
    uint16_t a = 0, b = 0, twin_a = 0, twin_b = 0;
    while (solo.get_edge(edges, a, b) == WEIR_OK) {
        GIVES(weir_complex_get_edge(solo_twin, edges, &twin_a, &twin_b), WEIR_OK);
        CHECK(a == twin_a && b == twin_b && a < b);
        edges++;
    }
    GIVES(weir_complex_get_edge(solo_twin, edges, &twin_a, &twin_b), WEIR_END);
    return edges;
}

template <class Number, size_t length>
bool equal(const Number (&mine)[length], const Number (&other)[length])
{
    return memcmp(mine, other, sizeof mine) == 0;
}

void solve(size_t edges)
{
    weir_q16 flow[48] = {}, out[48] = {}, twin_out[48] = {}, parts[3][48] = {}, twins[3][48] = {};
    uint8_t trust[48] = {};
    uint64_t random = 7;
    for (size_t at = 0; at < edges; at++) {
        flow[at] = static_cast<weir_q16>(next_random(&random) >> 40) - (1 << 23);
        trust[at] = static_cast<uint8_t>(next_random(&random));
    }
    weir_complex_report report = {}, twin_report = sized<weir_complex_report>();
    GIVES(solo.settle(flow, out, edges, report),
          weir_complex_settle(solo_twin, flow, twin_out, edges, &twin_report));
    CHECK(equal(out, twin_out) && same(report, twin_report) && report.curl_before > 0);
    GIVES(solo.settle_trusted(flow, trust, out, edges, report),
          weir_complex_settle_trusted(solo_twin, flow, trust, twin_out, edges, &twin_report));
    CHECK(equal(out, twin_out) && same(report, twin_report));
    weir_complex_parts sum = {}, twin_sum = sized<weir_complex_parts>();
    GIVES(solo.decompose(flow, parts[0], parts[1], parts[2], edges, sum),
          weir_complex_decompose(solo_twin, flow, twins[0], twins[1], twins[2], edges, &twin_sum));
    CHECK(equal(parts, twins) && same(sum, twin_sum) && sum.gradient_norm > 0);
    weir_relax_report relaxed = {}, twin_relaxed = sized<weir_relax_report>();
    memcpy(out, flow, sizeof out);
    memcpy(twin_out, flow, sizeof out);
    GIVES(solo.relax(out, edges, 3, relaxed),
          weir_complex_relax(solo_twin, twin_out, edges, 3, &twin_relaxed));
    CHECK(equal(out, twin_out) && same(relaxed, twin_relaxed) && relaxed.sweeps > 0);

    // Without reports, where C takes NULL.
    GIVES(solo.settle(flow, out, edges), WEIR_OK);
    GIVES(solo.settle_trusted(flow, trust, parts[0], edges), WEIR_OK);
    GIVES(weir_complex_settle(solo_twin, flow, twin_out, edges, nullptr), WEIR_OK);
    CHECK(equal(out, twin_out) && !equal(out, parts[0]));
    GIVES(solo.decompose(flow, parts[0], parts[1], parts[2], edges), WEIR_OK);
    GIVES(solo.relax(out, edges, 1), WEIR_OK);
    CHECK(equal(parts, twins) && equal(out, twin_out));
}

void level(size_t edges)
{
    const int32_t load[11] = { 90, 0, 3, 0, 0, 40, 0, 0, 0, 7, 0 };
    const uint16_t capacity[11] = { 1, 2, 1, 1, 3, 1, 1, 1, 1, 0, 1 };
    int32_t flow[48] = {}, twin_flow[48] = {};
    uint8_t up[48];
    int64_t work[22] = {};
    weir_seat seats[11] = {}, twin_seats[11] = {};
    weir_forest forest = {}, twin_forest = sized<weir_forest>();
    weir_pace pace = {}, twin_pace = sized<weir_pace>();
    uint16_t corner[6] = {}, twin_corner[6] = {}, count = 0, twin_count = 0;
    memset(up, 1, sizeof up);
    up[1] = 0;
    GIVES(solo.plan(load, capacity, 11, flow, edges),
          weir_complex_plan(solo_twin, load, capacity, 11, twin_flow, edges));
    CHECK(equal(flow, twin_flow) && flow[0] != 0);
    GIVES(solo.seat(up, capacity, seats, 11, forest),
          weir_complex_seat(solo_twin, up, capacity, twin_seats, 11, &twin_forest));
    // Node 10 accepts nothing, so it passes nothing on to node 11.
    CHECK(equal(seats, twin_seats) && same(forest, twin_forest) && forest.branches == 9);
    GIVES(solo.pace(up, capacity, seats, 11, work, pace),
          weir_complex_pace(solo_twin, up, capacity, seats, 11, work, &twin_pace));
    CHECK(same(pace, twin_pace) && pace.gain > 0);
    GIVES(solo.get_corners(5, corner, 6, count),
          weir_complex_get_corners(solo_twin, 5, twin_corner, 6, &twin_count));
    CHECK(equal(corner, twin_corner) && count == twin_count && count > 0);
}

void complex_lives()
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    config.max_nodes = 3; // overwritten
    GIVES(solo.start(config), WEIR_OK);
    CHECK(config.max_nodes == 16 && config.max_edges == 48 && config.fill == 6);
    GIVES(weir_complex_init(&solo_twin, solo_memory, sizeof solo_memory, &config), WEIR_OK);
    make_grid();
    const size_t edges = count_edges();
    CHECK(edges == 18);
    solve(edges);
    level(edges);
    GIVES(solo.reset(), weir_complex_reset(solo_twin));
    CHECK(count_edges() == 0);
    GIVES(solo.deinit(), WEIR_OK);
    GIVES(solo.start(WEIR_COMPLEX_NAMED_ONLY), WEIR_OK);
    GIVES(solo.add_node(1), WEIR_OK);
    GIVES(solo.add_node(2), WEIR_OK);
    GIVES(solo.add_node(3), WEIR_OK);
    GIVES(solo.add_edge(1, 2), WEIR_OK);
    GIVES(solo.add_edge(2, 3), WEIR_OK);
    GIVES(solo.add_edge(1, 3), WEIR_OK);
    const weir_q16 round[3] = { 65536, -65536, 65536 };
    weir_q16 out[3] = {};
    GIVES(solo.settle(round, out, 3), WEIR_OK);
    CHECK(equal(out, round)); // nothing was named, so the ring is a hole
}

/* Lets a test look at the memory of an object that is gone. */
struct Seen : Complex {
    static void *operator new(size_t, void *where)
    {
        return where;
    }
    static void operator delete(void *, void *)
    {
    }
};

struct Mute { // no signatures: the port has none
    weir_status transmit(const uint8_t *, size_t)
    {
        return WEIR_OK;
    }
    weir_status entropy(uint8_t *, size_t)
    {
        return WEIR_OK;
    }
};

constexpr weir_mesh_port mute_port = weir::port<Mute>();
constexpr weir_mesh_port full_port = weir::port<Place>();
static_assert(mute_port.sign == nullptr && mute_port.verify == nullptr, "absent, so NULL");

bool signs(const weir_mesh_port &port)
{
    return port.size == sizeof port && port.transmit != nullptr && port.entropy != nullptr &&
           port.sign != nullptr && port.verify != nullptr;
}

alignas(Seen) uint8_t memory[sizeof(Seen)];
Small idle;
Mute mute;

void life_of_an_object()
{
    paint(memory, sizeof memory);
    Seen *const seen = new (static_cast<void *>(memory)) Seen;
    CHECK(seen->raw() == nullptr);
    GIVES(seen->deinit(), WEIR_OK); // nothing to do
    GIVES(seen->add_node(1), WEIR_ERR_NULL);
    GIVES(seen->start(), WEIR_OK);
    GIVES(seen->start(), WEIR_ERR_STATE); // what is there stays
    GIVES(seen->add_node(1), WEIR_OK);
    weir_complex *const handle = seen->raw();
    CHECK(handle != nullptr);
    seen->~Seen();
    GIVES(weir_complex_add_node(handle, 2), WEIR_ERR_STATE);

    CHECK(signs(full_port) && !signs(mute_port));
    weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
    GIVES(idle.start(config, mute), WEIR_ERR_RANGE); // no id
    CHECK(idle.raw() == nullptr && config.max_neighbours == 12 && config.ctx == &mute);
    config.id = 1;
    GIVES(idle.start(config), WEIR_OK);
    GIVES(idle.start(config), WEIR_ERR_STATE);
    GIVES(idle.deinit(), WEIR_OK);
    CHECK(idle.raw() == nullptr);
    GIVES(idle.leave(), WEIR_ERR_NULL);
    Small::Complex map;
    {
        Small mesh;
        GIVES(mesh.start(config), WEIR_OK);
        GIVES(map.start(config), WEIR_OK);
        GIVES(mesh.attach_complex(map), WEIR_OK);
        GIVES(map.reset(), WEIR_ERR_STATE);
    } // the node is gone, the complex free again
    GIVES(map.reset(), WEIR_OK);
}

} // namespace

int main()
{
    mesh_lives();
    complex_lives();
    life_of_an_object();
    return checks_done("scenario");
}
