/* Every function called from inside every callback: the handle that is in a call is busy and stays
 * as it is; all others work. */
#include "fixture.h"

#define CALLBACKS 4
#define TIMES 2 /* of each callback that are looked at */

static const char *const callbacks[CALLBACKS] = { "transmit", "entropy", "sign", "verify" };
static unsigned seen[CALLBACKS], pairs, changed;

static struct fixture at_entry;

/* The node that is called back; the calls of the table are made on others. */
static struct node *host;

static void report(const struct call *call, const char *callback, long got, long expected)
{
    if (got == expected) {
        checks_passed++;
    } else {
        checks_failed++;
        printf("%s inside %s gave %ld, expected %ld\n", call->name, callback, got, expected);
    }
}

/* Busy, and not a byte of anything changed; but an interrupt may come at any time. */
static void on_the_same_handle(const char *callback)
{
    size_t at;
    memcpy(&at_entry, &f, sizeof f);
    only_weir_mesh = host->mesh;
    for (at = 0; at < CALLS; at++) {
        const struct call *call = &calls[at];
        if (!(call->takes & TAKES_weir_mesh)) {
            continue;
        }
        pairs++;
        if (strcmp(call->name, "weir_mesh_receive_isr") == 0) {
            report(call, callback, call->make(0), WEIR_OK);
            CHECK(memcmp(&f, &at_entry, sizeof f) != 0);
            memcpy(&f, &at_entry, sizeof f);
            continue;
        }
        report(call, callback, call->make(0), WEIR_ERR_BUSY);
        if (memcmp(&f, &at_entry, sizeof f) != 0) {
            changed++;
            checks_failed++;
            printf("%s inside %s changed something\n", call->name, callback);
            memcpy(&f, &at_entry, sizeof f);
        }
    }
    only_weir_mesh = NULL;
}

/* As if nobody were in a call, and the one that is stays as it is. */
static void on_other_handles(const char *callback)
{
    size_t at;
    memcpy(&at_entry, &f, sizeof f);
    for (at = 0; at < CALLS; at++) {
        const struct call *call = &calls[at];
        pairs++;
        report(call, callback, call->make(0), call->ways[0].status);
        if (!same(host->mesh_memory, sizeof host->mesh_memory)) {
            changed++;
            checks_failed++;
            printf("%s inside %s changed another handle\n", call->name, callback);
        }
        memcpy(&f, &at_entry, sizeof f);
    }
}

/* The complex lent to the node belongs to the node: it may be read. */
static void on_the_lent_complex(const char *callback)
{
    size_t at;
    memcpy(&at_entry, &f, sizeof f);
    only_weir_complex = host->complex;
    for (at = 0; at < CALLS; at++) {
        const struct call *call = &calls[at];
        if (call->takes != TAKES_weir_complex) {
            continue;
        }
        pairs++;
        if (strcmp(call->name, "weir_complex_get_edge") == 0) {
            report(call, callback, call->make(0), WEIR_END); /* three edges, the fourth is asked */
        } else {
            report(call, callback, call->make(0), WEIR_ERR_STATE);
        }
        CHECK(memcmp(&f, &at_entry, sizeof f) == 0);
        memcpy(&f, &at_entry, sizeof f);
    }
    only_weir_complex = NULL;
}

static void reenter(struct node *node, const char *callback)
{
    unsigned *count = seen;
    while (strcmp(callback, callbacks[count - seen]) != 0) {
        count++;
    }
    if (*count < TIMES) {
        *count += 1;
        host = node;
        on_the_same_handle(callback);
        on_other_handles(callback);
        on_the_lent_complex(callback);
    }
}

/* The last node of three is called back; the calls of the table are on the first, the newborn and
 * the maps. It starts once more, so that it asks for entropy. */
int main(void)
{
    struct node *node = &f.world.node[WORLD_NODES - 1];
    unsigned at;
    make_fixture();
    GIVES(weir_mesh_reset(node->mesh, 2), WEIR_OK);
    GIVES(weir_mesh_set_key(node->mesh, 0, world_key, 8), WEIR_OK);
    node->inside = reenter;
    world_run(&f.world, f.world.now_ms + 20000, 0);
    GIVES(weir_mesh_record(node->mesh, WEIR_KIND_NOTE, 1, world_key, 16), WEIR_OK);
    GIVES(weir_mesh_record(node->mesh, WEIR_KIND_NOTE, 2, world_key, 16), WEIR_OK);
    world_run(&f.world, f.world.now_ms + 20000, 0);
    for (at = 0; at < CALLBACKS; at++) {
        printf("%s was entered %u times\n", callbacks[at], seen[at]);
        CHECK(seen[at] > 0);
    }
    node->inside = NULL;
    /* The mesh went on as if nobody had called: it agrees, with the notes of both. */
    world_run(&f.world, f.world.now_ms + 40000, 0);
    CHECK(world_agrees(&f.world));
    CHECK(world_state(&f.world.node[0]).records == 2 * WORLD_NODES + 3);
    printf("pairs %u\nchanged %u\n", pairs, changed);
    return checks_done("reentry");
}
