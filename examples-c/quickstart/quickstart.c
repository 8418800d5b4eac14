/* Node 1 has 100 jobs, node 2 has none. Nobody is in charge, and soon each has 50.
 *
 *     cc -std=c11 -Iinclude quickstart.c libweir.a -o quickstart && ./quickstart
 *
 * On boards every node runs this with its own radio, clock and random numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <weir.h>

/* weir allocates nothing, you lend it memory: here for 16 nodes of up to 6 links each. */
static WEIR_MESH_STORAGE(mesh_memory[2], 16, 6, 12, 8, 250);
static WEIR_MESH_COMPLEX_STORAGE(map_memory[2], 16, 6, 6);
static weir_mesh *node[2];   /* a node: what it knows, says and hears */
static weir_complex *map[2]; /* its map of all links: works out what to hand to whom */

/* Your radio. Here it is a wire: what one node transmits, the other one hears. */
static weir_status transmit(void *ctx, const uint8_t *frame, size_t len)
{
    return weir_mesh_receive_isr(node[ctx == &node[0]], frame, len, -40);
}

/* Your random numbers. A counter will do for an example, never for a product. */
static weir_status entropy(void *ctx, uint8_t *out, size_t len)
{
    static uint8_t next;
    for (size_t i = 0; i < len; i++) {
        out[i] = ctx != NULL ? next++ : 0;
    }
    return WEIR_OK;
}

static weir_status must(weir_status status)
{
    if (status < 0) {
        printf("weir says: %s\n", weir_status_name(status));
        exit(1);
    }
    return status;
}

/* Once in a while on every node: `jobs` is its queue, and yours to keep. */
static void share(weir_mesh *me, int32_t *jobs, weir_mesh_state *state)
{
    weir_shipment plan[6];
    size_t count;
    int32_t received;

    must(weir_mesh_get_received(me, &received)); /* what did the others hand over to me? */
    *jobs += received;
    if (must(weir_mesh_set_load(me, *jobs)) == WEIR_PENDING) {
        return; /* after a start it first asks around what it said before */
    }
    must(weir_mesh_settle(me, state));         /* who has how much, as far as I know */
    must(weir_mesh_plan(me, plan, 6, &count)); /* what should I hand to whom? */
    for (size_t i = 0; i < count; i++) {
        must(weir_mesh_ship(me, plan[i].to, plan[i].amount));
        *jobs -= (int32_t)plan[i].amount; /* it will arrive, once, even if frames get lost */
    }
}

int main(void)
{
    static const uint8_t key[16] = "same in each one";
    const weir_mesh_port port = { sizeof port, transmit, entropy, NULL, NULL };
    weir_mesh_state state[2] = { { .size = sizeof *state }, { .size = sizeof *state } };
    weir_mesh_due due = { .size = sizeof due };
    weir_complex_config shape;
    int32_t jobs[2] = { 100, 0 };

    for (uint16_t i = 0; i < 2; i++) {
        weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
        config.id = (uint16_t)(i + 1); /* every node has its own number */
        config.boot = 1;               /* and counts its starts */
        config.port = &port;
        config.ctx = &node[i];
        must(weir_mesh_init(&node[i], mesh_memory[i], sizeof mesh_memory[i], &config));
        must(weir_mesh_set_key(node[i], 0, key, 8));
        must(weir_mesh_complex_config(&config, &shape));
        must(weir_complex_init(&map[i], map_memory[i], sizeof map_memory[i], &shape));
        must(weir_mesh_attach_complex(node[i], map[i]));
    }
    for (uint64_t now_ms = 0; now_ms < 600000; now_ms += 100) { /* ten minutes of your main loop */
        for (int i = 0; i < 2; i++) {
            must(weir_mesh_poll(node[i], now_ms, &due)); /* hear, speak, learn when to come again */
            share(node[i], &jobs[i], &state[i]);
        }
    }
    printf("node 1 has %d jobs, node 2 has %d, and their records are %s\n", (int)jobs[0],
           (int)jobs[1], state[0].digest == state[1].digest ? "equal" : "not equal");
    return jobs[0] == 50 && jobs[1] == 50 && state[0].digest == state[1].digest ? 0 : 1;
}
