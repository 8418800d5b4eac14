/* The port that docs/porting.md shows, against a second node: a transceiver with one place for a
 * frame on each side, a clock, and random numbers that fail once. Linked with that text. */
#include <stdlib.h>

#include "check.h"

int radio_send(const uint8_t *frame, size_t len);
size_t radio_fetch(uint8_t *to, size_t cap, int8_t *rssi_dbm);
int trng_read(uint8_t *out, size_t len);
uint64_t clock_ms(void);
void sleep_until_ms(uint64_t ms);
void radio_interrupt(void);
weir_status node_start(uint16_t id, uint32_t boot, const uint8_t *key);
weir_status node_run(void);

struct slot {
    size_t len;
    uint8_t bytes[250];
};

static WEIR_MESH_STORAGE(memory, 16, 6, 12, 8, 250);
static weir_mesh *peer;
static struct slot sending, receiving;
static uint64_t now_ms, random_state;
static unsigned sent, refused, interrupts, starved = 1, came_back, agreed;

static void fill(uint8_t *out, size_t len)
{
    size_t at;
    for (at = 0; at < len; at++) {
        out[at] = (uint8_t)next_random(&random_state);
    }
}

int radio_send(const uint8_t *frame, size_t len)
{
    if (sending.len != 0) {
        refused++;
        return 1;
    }
    memcpy(sending.bytes, frame, len);
    sending.len = len;
    sent++;
    return 0;
}

size_t radio_fetch(uint8_t *to, size_t cap, int8_t *rssi_dbm)
{
    CHECK(receiving.len > 0 && receiving.len <= cap);
    memcpy(to, receiving.bytes, receiving.len);
    *rssi_dbm = -50;
    return receiving.len;
}

int trng_read(uint8_t *out, size_t len)
{
    if (starved > 0) {
        starved--;
        return 1;
    }
    fill(out, len);
    return 0;
}

uint64_t clock_ms(void)
{
    return now_ms;
}

/* Both hear each other, and neither overran its one place. */
static void finish(void)
{
    weir_neighbour other;
    memset(&other, 0, sizeof other);
    other.size = sizeof other;
    GIVES(weir_mesh_get_neighbour(peer, 0, &other), WEIR_OK);
    CHECK(other.id == 7 && (other.flags & WEIR_NEIGHBOUR_UP) != 0 && agreed > 0);
    CHECK(sent > 10 && interrupts > 10 && refused > 0);
    CHECK(came_back == 1); /* when there was no entropy */
    exit(checks_done("porting"));
}

/* Time passes here: a frame of the node is on the air for 20 ms, then the other one has its turn.
 */
void sleep_until_ms(uint64_t ms)
{
    weir_mesh_event event;
    CHECK(ms >= now_ms);
    now_ms += 20;
    if (sending.len != 0) {
        GIVES(weir_mesh_receive_isr(peer, sending.bytes, sending.len, -50), WEIR_OK);
        sending.len = 0;
    }
    GIVES(weir_mesh_poll(peer, now_ms, NULL), WEIR_OK);
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    while (weir_mesh_next_event(peer, &event) == WEIR_OK) {
        agreed += event.code == WEIR_EVENT_AGREED && event.peer == 7;
    }
    if (now_ms > 120000) {
        finish();
    }
}

static weir_status transmit(void *ctx, const uint8_t *frame, size_t len)
{
    (void)ctx;
    memcpy(receiving.bytes, frame, len);
    receiving.len = len;
    interrupts++;
    radio_interrupt();
    return WEIR_OK;
}

static weir_status entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    fill(out, len);
    return WEIR_OK;
}

int main(void)
{
    static const uint8_t key[16] = { 3, 1, 4, 1, 5, 9 };
    const weir_mesh_port port = { sizeof port, transmit, entropy, NULL, NULL };
    weir_mesh_config config = WEIR_MESH_CONFIG_DEFAULT;
    config.id = 9;
    config.boot = 1;
    config.port = &port;
    GIVES(weir_mesh_init(&peer, memory, sizeof memory, &config), WEIR_OK);
    GIVES(weir_mesh_set_key(peer, 0, key, 8), WEIR_OK);
    GIVES(node_start(0, 1, key), WEIR_ERR_RANGE);
    GIVES(node_start(7, 1, key), WEIR_OK);
    GIVES(node_run(), WEIR_ERR_ENTROPY);
    CHECK(sent == 0 && now_ms == 0);
    came_back++;
    GIVES(node_run(), WEIR_OK); /* does not come back */
    return 1;
}
