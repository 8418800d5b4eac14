/* The scenario for the smallest boards: two nodes meet over a bad radio, share work, are cut apart
 * and heal, and a complex settles. All memory, stack included, stays below 12 KB. It prints one
 * digest, the text of docs/abi/small.txt on every machine. */
#include "trace/trace.h"

/* With SMALL_STACK, also how deep the stack got, by painting it first. */
#ifdef SMALL_STACK
#define ROOM 6144u

static __attribute__((noinline)) void paint_below(void)
{
    volatile uint8_t room[ROOM];
    size_t at;
    for (at = 0; at < ROOM; at++) {
        room[at] = 0xa5;
    }
    (void)room[0];
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
static __attribute__((noinline)) size_t depth_below(void)
{
    volatile uint8_t room[ROOM];
    size_t at = 0;
    while (at < ROOM && room[at] == 0xa5) {
        at++;
    }
    return ROOM - at;
}
#pragma GCC diagnostic pop
#endif

#define FRAME 80
#define FLIGHTS 8

struct node {
    unsigned index;
    weir_mesh *mesh;
    weir_complex *map;
    uint64_t entropy, wake_ms;
    WEIR_MESH_STORAGE(mesh_memory, 2, 1, 1, 4, FRAME);
    WEIR_MESH_COMPLEX_STORAGE(complex_memory, 2, 1, 1);
};

static struct trace whole;
static struct trace *const trace = &whole;
static struct node nodes[2];
static struct {
    uint8_t to;
    uint8_t len;
    uint8_t bytes[FRAME];
} flight[FLIGHTS];
static unsigned flying, frames, cut;

/* Every seventh frame is lost, every eleventh comes twice. */
static weir_status transmit(void *ctx, const uint8_t *frame, size_t len)
{
    const struct node *self = (const struct node *)ctx;
    unsigned copies = frames % 7 == 6 || cut ? 0 : frames % 11 == 10 ? 2 : 1;
    if (flying + copies > FLIGHTS || len > FRAME) {
        return WEIR_ERR_BUSY;
    }
    note_bytes(trace, frame, len);
    frames++;
    while (copies-- > 0) {
        flight[flying].to = (uint8_t)(1 - self->index);
        flight[flying].len = (uint8_t)len;
        memcpy(flight[flying].bytes, frame, len);
        flying++;
    }
    return WEIR_OK;
}

static weir_status entropy(void *ctx, uint8_t *out, size_t len)
{
    struct node *self = (struct node *)ctx;
    size_t at;
    for (at = 0; at < len; at++) {
        out[at] = (uint8_t)next_random(&self->entropy);
    }
    return WEIR_OK;
}

static const weir_mesh_port port = { sizeof(weir_mesh_port), transmit, entropy, NULL, NULL };

static void start(struct node *self, unsigned index)
{
    static const uint8_t key[16] = { 1, 2, 3 };
    weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
    weir_complex_config complex;
    self->index = index;
    self->entropy = index;
    config.id = (uint16_t)(index + 1);
    config.boot = 1;
    config.max_nodes = 2;
    config.max_degree = 1;
    config.max_neighbours = 1;
    config.fill = 1;
    config.inbox_frames = 4;
    config.frame_max = FRAME;
    config.trickle_min_ms = 400;
    config.trickle_doublings = 4;
    config.heartbeat_max_ms = 4000;
    config.link_hold_ms = 2000;
    config.learn_ms = 1000;
    config.port = &port;
    config.ctx = self;
    DID(weir_mesh_init(&self->mesh, self->mesh_memory, sizeof self->mesh_memory, &config));
    DID(weir_mesh_complex_config(&config, &complex));
    DID(weir_complex_init(&self->map, self->complex_memory, sizeof self->complex_memory, &complex));
    DID(weir_mesh_set_key(self->mesh, 0, key, 8));
    DID(weir_mesh_attach_complex(self->mesh, self->map));
}

static void turn(struct node *self, uint64_t now_ms)
{
    weir_mesh_due due;
    weir_mesh_event event;
    weir_shipment shipment;
    size_t count = 0;
    int32_t amount = 0;
    unsigned at;
    memset(&due, 0, sizeof due);
    memset(&event, 0, sizeof event);
    due.size = sizeof due;
    event.size = sizeof event;
    DID(weir_mesh_poll(self->mesh, now_ms, &due));
    note(trace, due.flags);
    note(trace, due.next_ms);
    self->wake_ms = due.next_ms;
    for (at = 0; at < flying; at++) {
        DID(weir_mesh_receive_isr(nodes[flight[at].to].mesh, flight[at].bytes, flight[at].len,
                                  -50));
        nodes[flight[at].to].wake_ms = now_ms;
    }
    flying = 0;
    while (DID(weir_mesh_next_event(self->mesh, &event)) == WEIR_OK) {
        note(trace, event.code);
        note(trace, event.peer);
        note_signed(trace, event.value);
    }
    if (DID(weir_mesh_plan(self->mesh, &shipment, 1, &count)) == WEIR_OK && count == 1) {
        note(trace, shipment.amount);
        DID(weir_mesh_ship(self->mesh, shipment.to, shipment.amount));
    }
    DID(weir_mesh_get_received(self->mesh, &amount));
    note_signed(trace, amount);
}

static void run(uint64_t from_ms, uint64_t until_ms)
{
    uint64_t now_ms;
    unsigned index;
    for (now_ms = from_ms; now_ms < until_ms; now_ms += 10) {
        for (index = 0; index < 2; index++) {
            if (nodes[index].wake_ms <= now_ms) {
                turn(&nodes[index], now_ms);
            }
        }
    }
}

static weir_mesh_state state_of(struct node *self)
{
    weir_mesh_state state;
    memset(&state, 0, sizeof state);
    state.size = sizeof state;
    DID(weir_mesh_settle(self->mesh, &state));
    note(trace, state.digest);
    note_signed(trace, state.arrived);
    note_signed(trace, state.queued);
    note(trace, state.imbalance);
    return state;
}

static void mesh(void)
{
    start(&nodes[0], 0);
    start(&nodes[1], 1);
    DID(weir_mesh_set_work(nodes[0].mesh, 7, 0)); /* not yet */
    run(0, 15000);
    DID(weir_mesh_set_work(nodes[0].mesh, 100, 0));
    run(15000, 25000);
    cut = 1;
    DID(weir_mesh_set_work(nodes[1].mesh, 41, 1));
    run(25000, 60000);
    cut = 0;
    run(60000, 90000);
    CHECK(state_of(&nodes[0]).digest == state_of(&nodes[1]).digest);
    CHECK(state_of(&nodes[0]).arrived == 141 && state_of(&nodes[1]).imbalance <= 1);
}

/* Two holes side by side and a tetrahedron: every part of a flow is there. */
static void complex(void)
{
    static WEIR_COMPLEX_STORAGE(memory, 8, 14, 4, 4);
    static const uint8_t joined[][2] = {
        { 1, 2 }, { 2, 3 }, { 3, 4 }, { 4, 1 }, { 3, 5 }, { 5, 6 }, { 6, 4 },
        { 6, 7 }, { 7, 8 }, { 8, 6 }, { 5, 7 }, { 5, 8 },
    };
    static weir_q16 flow[14], out[14], gradient[14], circulation[14], harmonic[14];
    static const uint8_t trust[14] = { 1, 2, 3, 50, 255, 0, 7, 8, 9, 10, 11, 12 };
    const size_t edges = sizeof joined / sizeof joined[0];
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    weir_complex *map = NULL;
    uint64_t random = 3;
    uint16_t id;
    size_t at;
    config.max_nodes = 8;
    config.max_edges = 14;
    config.max_triangles = 4;
    config.fill = 4;
    DID(weir_complex_init(&map, memory, sizeof memory, &config));
    for (id = 1; id <= 8; id++) {
        DID(weir_complex_add_node(map, id));
    }
    for (at = 0; at < edges; at++) {
        DID(weir_complex_add_edge(map, joined[at][0], joined[at][1]));
        flow[at] = (weir_q16)((uint32_t)next_random(&random) >> 6) - (1 << 25);
    }
    DID(weir_complex_settle(map, flow, out, edges, NULL));
    note_words(trace, out, edges);
    DID(weir_complex_decompose(map, flow, gradient, circulation, harmonic, edges, NULL));
    note_words(trace, gradient, edges);
    note_words(trace, harmonic, edges);
    DID(weir_complex_settle_trusted(map, flow, trust, out, edges, NULL));
    note_words(trace, out, edges);
    DID(weir_complex_relax(map, flow, edges, 100, NULL));
    note_words(trace, flow, edges);
    DID(weir_complex_plan(map, flow, NULL, 8, out, edges));
    note_words(trace, out, edges);
}

int main(void)
{
    whole.digest = digest_start();
#ifdef SMALL_STACK
    paint_below();
#endif
    mesh();
    complex();
    CHECK(whole.seen == (status_bit(WEIR_OK) | status_bit(WEIR_PENDING) | status_bit(WEIR_END)));
#ifdef SMALL_STACK
    printf("stack %lu\n", (unsigned long)depth_below());
#endif
    print_digest("small", whole.digest);
    return checks_failed != 0;
}
