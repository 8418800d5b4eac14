/* See liar.h. */
#include "liar.h"

#include "mesh_config.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    VICTIMS = 8,
    LIE_EVERY_MS = 1000,
    LIE_FROM_MS = 10000,
    LIE_UNITS = 100000,
    LEAD = 20, /* versions ahead of what the victim may have said meanwhile */
    BEACON_MAX = 50,
    LOAD_FRAME = 80,
    NOTE_FRAME = 121,
    SNAPSHOT_BYTES = 1024,
    BRIEFLY_MS = 700, /* time for a beacon, which announces the session */
    LINGER_MS = 300   /* long enough to say it, then the mask comes off */
};

static uint16_t victims[VICTIMS];
static size_t victim_count, next_lie;
static uint64_t next_lie_ms = LIE_FROM_MS, drop_ms;
static weir_mesh_port host;
static uint64_t lied_ms;          /* when the lie first left, or 0 */
static uint8_t learning, signing; /* signing: this lie is a note, not a claim of work */
static weir_mesh *mask;           /* NULL between lies */
static uint16_t worn;             /* whose name the mask bears */
MESH_SPACE(mask_memory);

/* This liar leaves the links of its victims alone. What it says is sealed, but the length tells: a
 * frame has 18 bytes of its own, 24 in a new session; a LOAD row has 33, the note 97, and a row of
 * n links 19 + 11 n. The frames are so short that nothing fits in beside a LOAD row or the note.
 * Before it lies it only listens: the frames of a start are numbered, and used numbers are refused.
 */
static weir_status transmit(void *ctx, const uint8_t *frame, size_t len)
{
    const size_t claim = signing ? 97 : 33;
    if (len <= BEACON_MAX) {
        return port_transmit(ctx, frame, len);
    }
    if (!learning && len != 18 + claim && len != 24 + claim) {
        return WEIR_OK;
    }
    if (!learning && lied_ms == 0) {
        lied_ms = port_now_ms(ctx);
    }
    return port_transmit(ctx, frame, len);
}

int liar_start(app *self, const weir_mesh_port *callbacks)
{
    const char *list = self->opt.forge;
    host = *callbacks;
    host.transmit = transmit;
    while (*list != '\0' && victim_count < VICTIMS) {
        char *rest = NULL;
        const unsigned long id = strtoul(list, &rest, 10);
        if (rest == list || id == 0 || id > MESH_NODES) {
            (void)fprintf(stderr, "cannot forge %s\n", list);
            return -1;
        }
        victims[victim_count++] = (uint16_t)id;
        list = *rest == ',' ? rest + 1 : rest;
    }
    return 0;
}

void liar_hear(const uint8_t *frame, size_t len)
{
    if (mask != NULL && weir_mesh_receive_isr(mask, frame, len, -60) != WEIR_OK) {
        return; /* a full inbox is a lost frame */
    }
}

static int put_on(app *self, uint16_t id, uint16_t frame_max)
{
    weir_mesh_config config;
    mesh_configure(&config, id, 0); /* a random session: its frames need not continue any others */
    config.frame_max = frame_max;
    config.learn_ms = learning ? config.learn_ms : BRIEFLY_MS;
    config.port = &host;
    config.ctx = &self->port;
    worn = id;
    lied_ms = 0;
    if (weir_mesh_init(&mask, mask_memory, sizeof mask_memory, &config) != WEIR_OK ||
        weir_mesh_set_key(mask, 0, mesh_key, 8) != WEIR_OK) {
        mask = NULL;
        return -1;
    }
    return 0;
}

static void take_off(void)
{
    drop_ms = 0;
    if (weir_mesh_deinit(mask) != WEIR_OK) {
        (void)fprintf(stderr, "the mask sticks\n");
    }
    mask = NULL;
}

static void lie(uint64_t now)
{
    static const char text[] = "forged by the liar";
    uint8_t unused[SNAPSHOT_BYTES];
    size_t len;
    weir_mesh_load load = { .size = sizeof load };
    weir_status status = weir_mesh_get_load(mask, &load);
    /* Every snapshot closes a version; the victim goes on writing while it is forged. */
    for (int i = 0; i < LEAD && status == WEIR_OK; i++) {
        status =
            weir_mesh_set_work(mask, load.injected + (signing ? i % 2 : LIE_UNITS + i), load.done);
        if (status == WEIR_OK && i + 1 < LEAD) {
            status = weir_mesh_snapshot(mask, unused, sizeof unused, &len);
        }
    }
    if (status == WEIR_OK && signing) {
        status = weir_mesh_record(mask, WEIR_KIND_NOTE, 0, (const uint8_t *)text, sizeof text - 1);
    }
    if (status != WEIR_OK) {
        (void)fprintf(stderr, "the liar fails: %s\n", weir_status_name(status));
    }
    drop_ms = now + LINGER_MS;
}

/* What the victim said last is known now. Start once more from that, in frames too short for
 * anything but the lie. */
static void turn(app *self)
{
    uint8_t bytes[SNAPSHOT_BYTES];
    size_t len = 0;
    const weir_status saved = weir_mesh_snapshot(mask, bytes, sizeof bytes, &len);
    take_off();
    learning = 0;
    if (saved == WEIR_OK && put_on(self, worn, signing ? NOTE_FRAME : LOAD_FRAME) == 0 &&
        weir_mesh_restore(mask, bytes, len) != WEIR_OK) {
        take_off();
    }
}

void liar_poll(app *self, uint64_t now_ms)
{
    weir_mesh_due due = { .size = sizeof due };
    if (mask == NULL && victim_count > 0 && now_ms >= next_lie_ms &&
        now_ms + 5000 < self->opt.work_until_ms) {
        next_lie_ms = now_ms + LIE_EVERY_MS;
        signing = next_lie % 2;
        learning = 1;
        (void)put_on(self, victims[next_lie++ / 2 % victim_count], MESH_FRAME);
    }
    if (mask == NULL) {
        return;
    }
    if (weir_mesh_poll(mask, now_ms, &due) < 0) {
        take_off();
        return;
    }
    if ((due.flags & WEIR_DUE_LEARNING) != 0) {
        return;
    }
    if (learning) {
        turn(self);
    } else if (drop_ms == 0) {
        lie(now_ms);
    } else if (now_ms >= drop_ms) {
        if (lied_ms != 0) {
            (void)fprintf(self->log, "%s %" PRIu64 " %u\n", signing ? "forgenote" : "forge",
                          lied_ms, (unsigned)worn);
        }
        take_off();
    }
}
