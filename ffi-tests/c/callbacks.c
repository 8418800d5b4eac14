/* A callback fails once: the first call of it, the second, the third, up to the last of a scenario
 * in which three nodes meet, share work, write notes and one of them starts again. Afterwards
 * nothing is lost and the nodes agree; a call that fails because of it left its node as it was. */
#include "check.h"

static void remember(void);
static weir_status compared(const char *call, weir_status status);
#define MEASURED(name, call) (remember(), compared(name, (call)))
#include "world.h"

#define WORK 60
#define NOTES 2 /* of each of two nodes */

enum callback { TRANSMIT, ENTROPY, SIGN, VERIFY, CALLBACKS };
static const char *const names[CALLBACKS] = { "transmit", "entropy", "sign", "verify" };

static struct world world;
static uint64_t before[sizeof world.node[0].mesh_memory / 8];
static unsigned refused; /* calls that failed because of a callback */

static unsigned *countdown_of(struct node *node, enum callback callback)
{
    unsigned *const all[CALLBACKS] = { &node->fail_transmit, &node->fail_entropy,
                                       &node->fail_sign, &node->fail_verify };
    return all[callback];
}

static struct node *failing; /* whose callback is to fail */

static void remember(void)
{
    if (failing->fail_entropy != 0) {
        memcpy(before, failing->mesh_memory, sizeof before);
    }
}

static weir_status compared(const char *call, weir_status status)
{
    if (status == WEIR_ERR_ENTROPY) {
        refused++;
        CHECK(strcmp(call, "weir_mesh_poll") == 0);
        CHECK(memcmp(before, failing->mesh_memory, sizeof before) == 0);
    }
    return status;
}

/* Writes a note; one that is not signed changes nothing and is written again. */
static void note(struct node *node, uint8_t slot)
{
    weir_status status;
    memcpy(before, node->mesh_memory, sizeof before);
    status = weir_mesh_record(node->mesh, WEIR_KIND_NOTE, slot, world_key, 16);
    if (status == WEIR_ERR_STATE) {
        refused++;
        CHECK(memcmp(before, node->mesh_memory, sizeof before) == 0);
        status = weir_mesh_record(node->mesh, WEIR_KIND_NOTE, slot, world_key, 16);
    }
    CHECK(status == WEIR_OK);
}

/* The node starts again from what it wrote before, one boot later. */
static void restart(struct node *node)
{
    static uint8_t image[1024];
    weir_mesh_config config = world_config(node);
    size_t len = 0;
    config.boot = 2;
    GIVES(weir_mesh_snapshot(node->mesh, image, sizeof image, &len), WEIR_OK);
    GIVES(weir_mesh_deinit(node->mesh), WEIR_OK);
    GIVES(weir_mesh_init(&node->mesh, node->mesh_memory, sizeof node->mesh_memory, &config),
          WEIR_OK);
    GIVES(weir_mesh_set_key(node->mesh, 0, world_key, 8), WEIR_OK);
    GIVES(weir_mesh_attach_complex(node->mesh, node->complex), WEIR_OK);
    GIVES(weir_mesh_restore(node->mesh, image, len), WEIR_OK);
}

/* True if the callback was called often enough to fail. */
static int scenario(unsigned victim, enum callback callback, unsigned nth)
{
    const unsigned *left = countdown_of(&world.node[victim], callback);
    unsigned index;
    int64_t queued = 0;
    weir_mesh_state state;
    weir_mesh_load load;
    world_start(&world);
    failing = &world.node[victim];
    *countdown_of(&world.node[victim], callback) = nth;
    world_run(&world, 8000, 1);
    GIVES(weir_mesh_set_work(world.node[0].mesh, WORK, 0), WEIR_OK);
    for (index = 0; index < NOTES; index++) {
        note(&world.node[0], (uint8_t)index);
        note(&world.node[1], (uint8_t)index);
    }
    world_run(&world, 14000, 1);
    restart(&world.node[2]);
    world_run(&world, 34000, 1);
    if (*left != 0) {
        return 0;
    }
    CHECK(world_agrees(&world));
    state = world_state(&world.node[1]);
    CHECK(state.agreed == 1 && state.edges == 3);
    CHECK(state.records == 2 * WORLD_NODES + 2 * NOTES);
    CHECK(state.arrived == WORK && state.done == 0 && state.in_flight == 0);
    for (index = 0; index < WORLD_NODES; index++) {
        memset(&load, 0, sizeof load);
        load.size = sizeof load;
        GIVES(weir_mesh_get_load(world.node[index].mesh, &load), WEIR_OK);
        queued += load.queued;
    }
    CHECK(queued == WORK);
    return 1;
}

int main(void)
{
    unsigned victim, callback, nth, runs = 0, failed;
    for (callback = 0; callback < CALLBACKS; callback++) {
        for (victim = 0; victim < WORLD_NODES; victim++) {
            failed = checks_failed;
            for (nth = 1; scenario(victim, (enum callback)callback, nth); nth++) {
                if (checks_failed != failed) {
                    printf("%s of node %u, call %u\n", names[callback], victim + 1, nth);
                    failed = checks_failed;
                }
            }
            printf("%s of node %u fails in %u calls\n", names[callback], victim + 1, nth - 1);
            runs += nth - 1;
        }
    }
    /* Three starts and one more ask for entropy; four notes are signed. */
    CHECK(refused == 4 + 2 * NOTES);
    printf("failures %u\n", runs);
    return checks_done("callbacks");
}
