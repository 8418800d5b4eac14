/* Clocks that go back, stand still, leap and end: nothing happens early, and the mesh works on. */
#include "world.h"

#define HOUR UINT64_C(3600000)

static struct world world;

static weir_mesh_due poll_at(struct node *node, uint64_t now_ms)
{
    weir_mesh_due due;
    memset(&due, 0, sizeof due);
    due.size = sizeof due;
    GIVES(weir_mesh_poll(node->mesh, now_ms, &due), WEIR_OK);
    return due;
}

static uint32_t backwards(struct node *node)
{
    weir_mesh_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    GIVES(weir_mesh_get_stats(node->mesh, &stats), WEIR_OK);
    return stats.backwards;
}

/* Nothing is left to do at this moment. */
static weir_mesh_due idle(struct node *node)
{
    weir_mesh_due due = poll_at(node, world.now_ms);
    while (due.flags & WEIR_DUE_MORE) {
        due = poll_at(node, world.now_ms);
    }
    return due;
}

/* A reading from the past is as if no time had passed: nothing is said, and the next moment stays
 * what it was. */
static void back_to(struct node *node, uint64_t then_ms, unsigned times)
{
    const weir_mesh_due still = idle(node);
    const unsigned frames = world.frames;
    const uint32_t counted = backwards(node);
    unsigned at;
    for (at = 0; at < times; at++) {
        const weir_mesh_due due = poll_at(node, then_ms);
        CHECK(due.next_ms == still.next_ms && due.next_ms >= world.now_ms);
        CHECK(due.flags == still.flags && due.listen_until_ms == WEIR_NEVER);
    }
    CHECK(world.frames == frames);
    CHECK(backwards(node) == counted + times);
    CHECK(idle(node).next_ms == still.next_ms);
}

/* All three learn of new work, and agree. */
static void works_on(int64_t injected, uint64_t span_ms)
{
    unsigned index;
    GIVES(weir_mesh_set_work(world.node[0].mesh, injected, 0), WEIR_OK);
    world_run(&world, world.now_ms + span_ms, 1);
    CHECK(world_agrees(&world));
    for (index = 0; index < WORLD_NODES; index++) {
        weir_mesh_state state = world_state(&world.node[index]);
        CHECK(state.arrived == injected && state.edges == 3 && state.in_flight == 0);
    }
}

static void start(void)
{
    world_start(&world);
    world.now_ms = 10 * HOUR;
    world_run(&world, world.now_ms + 20000, 1);
    CHECK(world_agrees(&world));
}

static void back_by_little_and_by_much(void)
{
    struct node *node = &world.node[0];
    start();
    back_to(node, world.now_ms - 1, 1);
    back_to(node, world.now_ms - HOUR, 1);
    back_to(node, 0, 1);
    back_to(node, 1, 1);
    back_to(node, world.now_ms - 5, 1000);
    works_on(30, 20000);
    /* Hours later by the true clock the one that went back has lost nothing but time. */
    back_to(node, world.now_ms - 2 * HOUR, 3);
    works_on(60, 20000);
}

/* Less time than a beacon takes: a clock that trembles does not make time pass faster. */
static void a_trembling_clock_does_not_hurry(void)
{
    struct node *node = &world.node[0];
    weir_mesh_due due;
    unsigned frames, at;
    start();
    due = idle(node);
    if (CHECK(due.next_ms > world.now_ms + 1)) {
        frames = world.frames;
        for (at = 0; at < 2000; at++) {
            const uint64_t now = world.now_ms + (at & 1);
            CHECK(poll_at(node, now).next_ms == due.next_ms);
        }
        CHECK(world.frames == frames);
        (void)poll_at(node, due.next_ms);
    }
    works_on(30, 20000);
}

static void resume_all(uint64_t now_ms)
{
    unsigned index;
    for (index = 0; index < WORLD_NODES; index++) {
        GIVES(weir_mesh_resume(world.node[index].mesh, now_ms), WEIR_OK);
    }
    world.now_ms = now_ms;
}

/* At the end of time: moments are held at the end, then the clock begins again. */
static void the_end_of_time(void)
{
    struct node *node = &world.node[0];
    const uint64_t end = UINT64_MAX;
    weir_mesh_due due;
    uint32_t counted;
    unsigned frames;
    start();
    resume_all(end - 30000);
    works_on(30, 20000);
    world_run(&world, end - 1000, 1);
    world.now_ms = end - 1;
    due = idle(node);
    CHECK(due.next_ms >= end - 1);
    world.now_ms = end;
    due = idle(node);
    CHECK(due.next_ms == end);
    frames = world.frames;
    counted = backwards(node);
    due = poll_at(node, 0);
    CHECK(due.next_ms == end && world.frames == frames && backwards(node) == counted + 1);
    resume_all(0);
    works_on(60, 20000);
}

/* A leap of 35 years: the others are silent since, and are found again. */
static void a_leap_forward(void)
{
    struct node *node = &world.node[0];
    weir_mesh_due due;
    start();
    world.now_ms += UINT64_C(1) << 40;
    due = poll_at(node, world.now_ms);
    CHECK(due.next_ms >= world.now_ms && due.next_ms < world.now_ms + HOUR);
    works_on(30, 40000);
}

/* What was said before holds when time was declared anew, also backwards. */
static void resuming_makes_no_time_pass(void)
{
    struct node *node = &world.node[0];
    weir_mesh_due due, later;
    unsigned frames;
    start();
    due = idle(node);
    frames = world.frames;
    GIVES(weir_mesh_resume(node->mesh, 100), WEIR_OK);
    later = poll_at(node, 100);
    CHECK(world.frames == frames && backwards(node) == 0);
    CHECK(later.next_ms - 100 == due.next_ms - world.now_ms);
    GIVES(weir_mesh_resume(node->mesh, world.now_ms), WEIR_OK);
    works_on(30, 20000);
}

int main(void)
{
    back_by_little_and_by_much();
    a_trembling_clock_does_not_hurry();
    the_end_of_time();
    a_leap_forward();
    resuming_makes_no_time_pass();
    return checks_done("clock");
}
