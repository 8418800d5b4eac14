/* Two worlds of three nodes each, one after the other, turn by turn, and from two threads: each
 * says the same bytes, so handles share nothing. */
#include "world.h"
#ifdef THREADS
#include <pthread.h>
#endif

#define SPAN UINT64_C(40000)

static struct world one, two;

struct trace {
    uint64_t air, records;
};

static void begin(struct world *world, int64_t work)
{
    world_start(world);
    world->node[0].entropy = (uint64_t)work;
    world_run(world, 10000, 1);
    GIVES(weir_mesh_set_work(world->node[1].mesh, work, 0), WEIR_OK);
    GIVES(weir_mesh_record(world->node[2].mesh, WEIR_KIND_NOTE, 1, world_key, 16), WEIR_OK);
}

static struct trace finish(struct world *world)
{
    struct trace trace;
    CHECK(world_agrees(world));
    trace.air = world->air;
    trace.records = world_state(&world->node[0]).digest;
    return trace;
}

static struct trace alone(struct world *world, int64_t work)
{
    begin(world, work);
    world_run(world, SPAN, 1);
    return finish(world);
}

static void alike(struct trace a, struct trace b)
{
    CHECK(a.air == b.air && a.records == b.records);
}

static void turn_by_turn(struct trace first, struct trace second, uint64_t turn)
{
    uint64_t until = 10000;
    begin(&one, 30);
    begin(&two, 70);
    while (until < SPAN) {
        until += turn;
        world_run(&one, until, 1);
        world_run(&two, until, 1);
    }
    alike(finish(&one), first);
    alike(finish(&two), second);
}

/* What one handle goes through is nothing to the other, its end included. */
static void one_ends(struct trace second)
{
    unsigned index;
    begin(&one, 30);
    begin(&two, 70);
    world_run(&two, 20000, 1);
    for (index = 0; index < WORLD_NODES; index++) {
        GIVES(weir_mesh_deinit(one.node[index].mesh), WEIR_OK);
        GIVES(weir_complex_deinit(one.node[index].complex), WEIR_OK);
    }
    world_run(&two, SPAN, 1);
    alike(finish(&two), second);
}

#ifdef THREADS
static unsigned shared;

/* Checks are counted without a lock, so a thread only runs; it is checked when it is over. */
static void *run(void *world)
{
    world_run((struct world *)world, SPAN, 1);
#ifdef RACE
    shared++; /* what the sanitizer has to see, or it is not there */
#endif
    return NULL;
}

static void from_two_threads(struct trace first, struct trace second)
{
    pthread_t a, b;
    begin(&one, 30);
    begin(&two, 70);
    CHECK(pthread_create(&a, NULL, run, &one) == 0);
    CHECK(pthread_create(&b, NULL, run, &two) == 0);
    CHECK(pthread_join(a, NULL) == 0 && pthread_join(b, NULL) == 0);
    CHECK(shared == 0);
    alike(finish(&one), first);
    alike(finish(&two), second);
}
#endif

int main(void)
{
    const struct trace first = alone(&one, 30), second = alone(&two, 70);
    CHECK(first.air != second.air && first.records != second.records);
    alike(alone(&two, 30), first);
    alike(alone(&one, 70), second);
    turn_by_turn(first, second, 100);
    turn_by_turn(first, second, 3000);
    one_ends(second);
#ifdef THREADS
    from_two_threads(first, second);
    from_two_threads(first, second);
#endif
    return checks_done("independent");
}
