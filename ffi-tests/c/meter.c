/* Counts instructions of weir and its peers on RV32IMAC or Cortex-M3, after proving the counter.
 *
 * Prints one line per sample, `sample <complex> <operation> <number> <instructions> <effort>
 * <digest of the result>`; ffi-tests/src/bench/meter.rs makes figures of them. The complexes and
 * flows are the generated fixtures.h, so that the host can check the digests against its own.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "fixtures.h"
#include "weir.h"

/* Reads of the counter around a callee of n instructions differ by n + BRACKET. */
#define BRACKET 2u

typedef uint32_t (*callee)(void *a, const void *b, void *c, size_t d, void *e, size_t f);

typedef struct {
    uint64_t *storage;
    size_t words;
    uint16_t shape[4];
    uint32_t nodes, edges;
    const uint16_t (*ends)[2];
    const int32_t *flow;
    int32_t *out;
    const int32_t *load;
    const uint16_t *capacity;
    uint16_t link[2];
    double *doubles;
    uint16_t (*incidence)[3];
    uint32_t effort;
} meter_case;

typedef struct {
    int32_t raw, out;
    double x, y;
} argument;

typedef struct {
    const char *name;
    uint32_t (*call)(argument *a);
    uint32_t positive;
} number_row;

extern uint32_t meter_retired;
extern const number_row meter_numbers[];
extern const uint32_t meter_number_count;
uint32_t meter_bracket(callee fn, void *a, const void *b, void *c, size_t d, void *e, size_t f);
uint32_t meter_nothing(void);
void meter_proof_1(void);
void meter_proof_6(void);
void meter_proof_23(void);
void meter_proof_101(void);
void meter_proof_2998274(void);
size_t meter_words(const uint16_t shape[4]);
uint32_t meter_build(meter_case *run);
uint32_t meter_settle(meter_case *run);
uint32_t meter_project(meter_case *run);
uint32_t meter_down(meter_case *run);
uint32_t meter_up(meter_case *run);
uint32_t meter_plan(meter_case *run);
uint32_t meter_plan_first(meter_case *run);
uint32_t meter_cg(meter_case *run);

static uint64_t storage[16384];
static uint64_t handle_storage[16384];
static double doubles[4 * MOST_TRIANGLES + 2 * MOST_EDGES];
static uint16_t incidence[MOST_TRIANGLES][3];
static int32_t out[MOST_EDGES];
static int failures;

#if defined(__arm__)
/* The counter is a clock of 25.6 ticks an instruction; less than one is lost at either end. */
static uint32_t instructions(uint32_t ticks)
{
    uint64_t tenths = (uint64_t)ticks * 10u;
    uint64_t whole = (tenths + 128u) / 256u;
    uint64_t off = whole * 256u > tenths ? whole * 256u - tenths : tenths - whole * 256u;

    if (off >= 10u) {
        printf("failed: %lu ticks are no whole number of instructions\n", (unsigned long)ticks);
        failures++;
    }
    return (uint32_t)whole;
}
#else
static uint32_t instructions(uint32_t retired)
{
    return retired;
}
#endif

static uint32_t counted(void)
{
    return instructions(meter_retired) - BRACKET;
}

static int counts(void (*proof)(void), uint32_t length)
{
    (void)meter_bracket((callee)proof, NULL, NULL, NULL, 0, NULL, 0);
    return counted() == length;
}

/* Without exact counting every figure below would be noise, so nothing else runs. */
static int meter_is_exact(void)
{
    int exact = instructions(meter_nothing()) == 1 && counts(meter_proof_1, 1) &&
                counts(meter_proof_6, 6) && counts(meter_proof_23, 23) &&
                counts(meter_proof_101, 101) && counts(meter_proof_2998274, 2998274);

    exact = exact && failures == 0;
    printf("meter %s\n", exact ? "exact" : "does not count instructions: -icount?");
    return exact;
}

/* FNV-1a over the result, low byte first. */
static uint32_t digest(size_t edges)
{
    uint32_t hash = 2166136261u;
    size_t at;
    unsigned shift;

    for (at = 0; at < edges; at++) {
        for (shift = 0; shift < 32; shift += 8) {
            hash = (hash ^ (((uint32_t)out[at] >> shift) & 0xffu)) * 16777619u;
        }
    }
    return hash;
}

static void sample(const fixture *of, const char *what, unsigned number, int good, uint32_t effort)
{
    if (!good) {
        printf("failed %s %s %u\n", of->name, what, number);
        failures++;
        return;
    }
    printf("sample %s %s %u %lu %lu %08lx\n", of->name, what, number, (unsigned long)counted(),
           (unsigned long)effort, (unsigned long)digest(of->edges));
}

static void core(const fixture *of, meter_case *run, const char *what, unsigned number,
                 uint32_t (*entry)(meter_case *))
{
    run->effort = 0;
    memset(out, 0, sizeof out);
    sample(of, what, number, entry(run) == 1, run->effort);
}

static meter_case ready(const fixture *of)
{
    meter_case run;

    memset(&run, 0, sizeof run);
    run.storage = storage;
    run.shape[0] = of->nodes;
    run.shape[1] = of->edges;
    run.shape[2] = of->triangles;
    run.shape[3] = of->fill;
    run.words = meter_words(run.shape);
    run.nodes = of->nodes;
    run.edges = of->edges;
    run.ends = of->ends;
    run.out = out;
    run.flow = of->flows[0];
    run.load = of->loads[0];
    run.capacity = of->capacity;
    run.doubles = doubles;
    run.incidence = incidence;
    return run;
}

static void links(const fixture *of, meter_case *run)
{
    unsigned number;

    for (number = 0; number < of->link_count; number++) {
        const uint16_t *link = of->ends[of->links[number]];
        run->link[0] = link[0];
        run->link[1] = link[1];
        core(of, run, "core.down", number, meter_down);
        core(of, run, "core.up", number, meter_up);
    }
}

static void count_core(const fixture *of)
{
    meter_case run = ready(of);
    unsigned number;

    if (run.words > sizeof storage / sizeof storage[0]) {
        sample(of, "storage", 0, 0, 0);
        return;
    }
    core(of, &run, "core.build", 0, meter_build);
    core(of, &run, "core.settle", 0, meter_settle);
    for (number = 0; number < FLOWS; number++) {
        run.flow = of->flows[number];
        core(of, &run, "core.project", number, meter_project);
        core(of, &run, "peer.cg", number, meter_cg);
    }
    links(of, &run);
    for (number = 0; number < LOADS; number++) {
        run.load = of->loads[number];
        core(of, &run, "core.plan_first", number, meter_plan_first);
        core(of, &run, "core.plan", number, meter_plan);
    }
}

static weir_complex *handle_of(const fixture *of)
{
    weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
    weir_complex *map = NULL;
    weir_status status;
    uint16_t at;

    config.max_nodes = of->nodes;
    config.max_edges = of->edges;
    config.max_triangles = of->triangles;
    config.fill = of->fill;
    status = weir_complex_init(&map, handle_storage, sizeof handle_storage, &config);
    for (at = 0; at < of->nodes && status == WEIR_OK; at++) {
        status = weir_complex_add_node(map, at);
    }
    for (at = 0; at < of->edges && status == WEIR_OK; at++) {
        status = weir_complex_add_edge(map, of->ends[at][0], of->ends[at][1]);
    }
    return status == WEIR_OK ? map : NULL;
}

static int settle(const fixture *of, weir_complex *map, unsigned number)
{
    return meter_bracket((callee)(void (*)(void))weir_complex_settle, map, of->flows[number], out,
                         of->edges, NULL, 0) == WEIR_OK;
}

static int plan(const fixture *of, weir_complex *map, unsigned number)
{
    return meter_bracket((callee)(void (*)(void))weir_complex_plan, map, of->loads[number],
                         (void *)(uintptr_t)of->capacity, of->nodes, out, of->edges) == WEIR_OK;
}

/* The whole call as firmware makes it, from the archive as it is released. */
static void count_calls(const fixture *of)
{
    weir_complex *map = handle_of(of);
    unsigned number;

    sample(of, "c.settle_first", 0, map && settle(of, map, 0), 0);
    for (number = 0; number < FLOWS; number++) {
        sample(of, "c.settle", number, map && settle(of, map, number), 0);
    }
    for (number = 0; number < LOADS; number++) {
        sample(of, "c.plan_first", number, map && settle(of, map, 0) && plan(of, map, number), 0);
        sample(of, "c.plan", number, map && plan(of, map, number), 0);
    }
}

static void count_numbers(void)
{
    uint32_t row;
    unsigned number;
    argument a = {0, 0, 0.0, 0.0};

    for (row = 0; row < meter_number_count; row++) {
        const number_row *of = &meter_numbers[row];
        for (number = 0; number < INPUTS; number++) {
            a.raw = of->positive ? positive_inputs[number] : signed_inputs[number];
            a.x = a.raw / 65536.0;
            (void)meter_bracket((callee)(void (*)(void))of->call, &a, NULL, NULL, 0, NULL, 0);
            printf("sample number %s %u %lu 0 %08lx\n", of->name, number,
                   (unsigned long)counted(), (unsigned long)(uint32_t)a.out);
        }
    }
}

int main(void)
{
    size_t at;

    if (!meter_is_exact()) {
        return 2;
    }
    for (at = 0; at < sizeof fixtures / sizeof fixtures[0]; at++) {
        count_core(&fixtures[at]);
        count_calls(&fixtures[at]);
    }
    count_numbers();
    printf("end %d failures\n", failures);
    return failures != 0;
}
