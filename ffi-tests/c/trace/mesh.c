/* The handle weir_mesh: stations that meet, share, are cut and heal, sign, change keys, build
 * walls, leave, restart, and whose clocks end. Refused calls, failing ports and lies are in files
 * of their own; every frame, result, counter, event and record of all is in one digest. */
#include "air.h"

static struct air air;

static void set_work(struct trace *trace, unsigned index, int64_t injected, int64_t done)
{
    DID(weir_mesh_set_work(air.station[index].mesh, injected, done));
}

static void meeting(struct trace *trace)
{
    air_start(&air, trace, 5, NULL);
    air_run(&air, 30000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "met");
    set_work(trace, 0, 500, 0);
    set_work(trace, 1, 40, 39);
    DID(weir_mesh_set_load(air.station[2].mesh, 77));
    DID(weir_mesh_set_load(air.station[3].mesh, -5));
    DID(weir_mesh_set_capacity(air.station[3].mesh, 4));
    DID(weir_mesh_set_capacity(air.station[4].mesh, 0));
    air_run(&air, 20000);
    DID(weir_mesh_set_capacity(air.station[4].mesh, 65535));
    DID(weir_mesh_set_load(air.station[0].mesh, INT32_MAX));
    air_run(&air, 10000);
    DID(weir_mesh_set_load(air.station[0].mesh, INT32_MIN));
    air_run(&air, 10000);
    set_work(trace, 0, INT64_MAX, INT64_MIN);
    air_run(&air, 5000);
    set_work(trace, 0, 900, 400);
    air_run(&air, 20000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "shared");
}

/* Frames are lost, repeated, late, out of order and bent; the queue of one station is told by a
 * gate, another always speaks. */
static void adjust_noise(weir_mesh_config *config, unsigned index)
{
    config->gate = index == 1 ? 5 : 0;
    config->trickle_k = (uint8_t)(index == 2 ? 0 : 2);
}

/* A radio of the smallest frames: what is said of links goes in parts. */
static void adjust_small(weir_mesh_config *config, unsigned index)
{
    (void)index;
    config->frame_max = 80;
}

static void noise(struct trace *trace)
{
    unsigned turn;
    air_start(&air, trace, 5, adjust_noise);
    air.lost = 40;
    air.twice = 30;
    air.bent = 20;
    air.late = 60;
    for (turn = 0; turn < 16; turn++) {
        air_run(&air, 4000);
        set_work(trace, turn % 5, 10 * (turn + 1), turn);
    }
    air_note(&air);
    air.lost = air.twice = air.bent = air.late = 0;
    air_run(&air, 40000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "noise");
}

static void cuts(struct trace *trace)
{
    air_start(&air, trace, 5, adjust_small);
    air_run(&air, 15000);
    set_work(trace, 0, 300, 0);
    air_run(&air, 1500);
    air_cut(&air, 0x03);
    set_work(trace, 4, 90, 0);
    air_run(&air, 40000);
    CHECK(!air_agrees(&air));
    air_note(&air);
    air_cut(&air, 0x11);
    air_run(&air, 30000);
    air_cut(&air, 0);
    air_run(&air, 40000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "cut");
}

/* Signed notes: short, in parts, replaced, refused for want of a place, a signature, a verifier. */
static void notes(struct trace *trace)
{
    static uint8_t text[AIR_NOTE_BYTES + 1];
    static weir_mesh_port silent;
    unsigned slot, index;
    for (index = 0; index < sizeof text; index++) {
        text[index] = (uint8_t)(index * 7);
    }
    air_start(&air, trace, 4, NULL);
    DID(weir_mesh_record(air.station[0].mesh, WEIR_KIND_NOTE, 0, text, 4)); /* still learning */
    air_run(&air, 15000);
    DID(weir_mesh_record(air.station[0].mesh, WEIR_KIND_NOTE, 0, text, 0));
    DID(weir_mesh_record(air.station[1].mesh, WEIR_KIND_NOTE, 255, text, AIR_NOTE_BYTES));
    DID(weir_mesh_record(air.station[1].mesh, WEIR_KIND_NOTE, 1, text, AIR_NOTE_BYTES + 1));
    air.station[2].fail[VERIFY] = 1;
    air_run(&air, 20000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "notes");
    air.station[3].fail[SIGN] = 1;
    DID(weir_mesh_record(air.station[3].mesh, WEIR_KIND_NOTE, 9, text, 20));
    for (slot = 0; slot < AIR_NOTES + 2; slot++) {
        DID(weir_mesh_record(air.station[3].mesh, WEIR_KIND_NOTE, (uint8_t)slot, text + slot, 9));
        air_run(&air, 700);
    }
    DID(weir_mesh_record(air.station[0].mesh, WEIR_KIND_NOTE, 0, text + 1, 30));
    air_run(&air, 20000);
    air_note(&air);
    chapter(trace, "full-notes");
    /* A port that neither signs nor verifies. */
    silent = *air.station[2].config.port;
    silent.sign = NULL;
    silent.verify = NULL;
    air.station[2].config.port = &silent;
    (void)air_boot(&air, 2, 2);
    air_run(&air, 15000);
    DID(weir_mesh_record(air.station[2].mesh, WEIR_KIND_NOTE, 0, text, 4));
    air_note(&air);
    chapter(trace, "unsigned");
}

/* A mesh moves to a new key with longer tags; one station sleeps through it. */
static void keys(struct trace *trace)
{
    static const uint8_t fresh[16] = { 9, 9, 9 };
    unsigned index;
    air_start(&air, trace, 4, NULL);
    air_run(&air, 12000);
    for (index = 0; index < 3; index++) {
        weir_mesh *mesh = air.station[index].mesh;
        DID(weir_mesh_set_key(mesh, 3, fresh, 16));
        DID(weir_mesh_set_key(mesh, 1, fresh, 16)); /* a third live key */
        DID(weir_mesh_set_key(mesh, 4, fresh, 16));
        DID(weir_mesh_set_key(mesh, 3, fresh, 12));
        DID(weir_mesh_remove_key(mesh, 0)); /* it seals */
        DID(weir_mesh_set_sending_key(mesh, 2));
    }
    for (index = 0; index < 3; index++) {
        DID(weir_mesh_set_sending_key(air.station[index].mesh, 3));
        air_run(&air, 3000);
    }
    for (index = 0; index < 3; index++) {
        DID(weir_mesh_remove_key(air.station[index].mesh, 0));
        DID(weir_mesh_remove_key(air.station[index].mesh, 0));
        air_run(&air, 3000);
    }
    air_run(&air, 30000);
    air_note(&air);
    chapter(trace, "keys");
    DID(weir_mesh_set_key(air.station[3].mesh, 3, fresh, 16));
    DID(weir_mesh_set_sending_key(air.station[3].mesh, 3));
    air_run(&air, 20000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "rekeyed");
}

/* Walls between two stations, work behind them, a station that leaves and comes back. */
static void walls(struct trace *trace)
{
    air_start(&air, trace, 4, NULL);
    air_run(&air, 12000);
    set_work(trace, 0, 120, 0);
    DID(weir_mesh_block(air.station[0].mesh, 17, 1));
    DID(weir_mesh_block(air.station[0].mesh, 999, 0));
    air_run(&air, 30000);
    air_note(&air);
    DID(weir_mesh_block(air.station[0].mesh, 17, 0));
    air_run(&air, 30000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "walls");
    DID(weir_mesh_leave(air.station[2].mesh));
    (void)air_poll(&air.station[2]);
    DID(weir_mesh_deinit(air.station[2].mesh));
    air.station[2].mesh = NULL;
    air_run(&air, 30000);
    air_note(&air);
    (void)air_boot(&air, 2, 2);
    air_run(&air, 30000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "leaving");
}

/* Clocks that drift, stand near the ends of 32 and 64 bits, run backwards, leap and start again. */
static void clocks(struct trace *trace)
{
    unsigned index, leap;
    air_start(&air, trace, 5, NULL);
    air.station[0].base_ms = UINT64_MAX - 25000;
    air.station[1].base_ms = (UINT64_C(1) << 32) - 9000;
    air.station[2].base_ms = (UINT64_C(1) << 31) - 7000;
    air.station[3].drift = 20;
    air.station[4].drift = -20;
    air_run(&air, 15000);
    set_work(trace, 0, 60, 0);
    set_work(trace, 1, 60, 0);
    air_run(&air, 20000); /* the clock of station 0 ends and begins at 0: backwards */
    air_note(&air);
    chapter(trace, "wrap");
    DID(weir_mesh_resume(air.station[0].mesh, air_clock(&air.station[0])));
    air_run(&air, 20000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "resumed");
    air.station[1].base_ms -= 60000;                    /* back by a minute, for a while */
    air.station[2].base_ms += UINT64_C(1) << 31;        /* 25 days at once */
    air.station[3].base_ms += UINT64_C(5000000000);     /* 58 days at once */
    air.station[4].base_ms = UINT64_MAX - air.now_ms;   /* at the very end */
    air.station[4].drift = 0;
    for (index = 0; index < 5; index++) {
        (void)air_poll(&air.station[index]);
    }
    air_run(&air, 15000);
    air_note(&air);
    for (index = 0; index < 5; index++) {
        DID(weir_mesh_resume(air.station[index].mesh, air_clock(&air.station[index])));
    }
    air_run(&air, 40000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "leaps");

    /* All sleep for 25 days, twice: 32 bits of milliseconds end half a minute later. */
    air_start(&air, trace, 3, NULL);
    air_run(&air, 12000);
    set_work(trace, 0, 33, 0);
    for (leap = 0; leap < 2; leap++) {
        for (index = 0; index < 3; index++) {
            air.station[index].base_ms += (UINT64_C(1) << 31) - 20000;
            (void)air_poll(&air.station[index]);
        }
    }
    air_run(&air, 70000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "days");
}

/* Restarts with a snapshot, with an old one, with a broken one, with none, without a boot number,
 * and a reset. What was in flight is neither lost nor doubled. */
static void restarts(struct trace *trace)
{
    static uint8_t early[2048], late[2048];
    size_t early_len = 0, late_len = 0, cut;
    weir_mesh *mesh;
    air_start(&air, trace, 4, NULL);
    air_run(&air, 12000);
    set_work(trace, 0, 200, 0);
    air_run(&air, 3000);
    mesh = air.station[0].mesh;
    DID(weir_mesh_snapshot(mesh, early, 1, &early_len));
    DID(weir_mesh_snapshot(mesh, early, sizeof early, &early_len));
    note_bytes(trace, early, early_len);
    DID(weir_mesh_restore(mesh, early, early_len)); /* too late */
    air_run(&air, 10000);
    set_work(trace, 0, 260, 20);
    air_run(&air, 700);
    DID(weir_mesh_snapshot(mesh, late, sizeof late, &late_len));
    note_bytes(trace, late, late_len);

    (void)air_boot(&air, 0, 2);
    mesh = air.station[0].mesh;
    for (cut = 0; cut < late_len; cut += 13) {
        DID(weir_mesh_restore(mesh, late, cut));
    }
    late[30] ^= 1;
    DID(weir_mesh_restore(mesh, late, late_len));
    late[30] ^= 1;
    DID(weir_mesh_restore(air.station[1].mesh, late, late_len));
    DID(weir_mesh_restore(mesh, late, late_len));
    DID(weir_mesh_restore(mesh, late, late_len));
    air_run(&air, 20000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "restored");

    (void)air_boot(&air, 0, 3); /* what the snapshot lacks, the others still know */
    DID(weir_mesh_restore(air.station[0].mesh, early, early_len));
    air_run(&air, 30000);
    air_note(&air);
    (void)air_boot(&air, 0, 4); /* nothing but the others */
    air_run(&air, 30000);
    CHECK(air_agrees(&air));
    air_note(&air);
    chapter(trace, "learned");

    /* All at once, only the oldest snapshot survives: some rows went back for good. */
    set_work(trace, 1, 80, 0);
    air_run(&air, 15000);
    (void)air_boot(&air, 1, 2);
    (void)air_boot(&air, 2, 2);
    (void)air_boot(&air, 3, 2);
    air_cut(&air, 0x01);
    (void)air_boot(&air, 0, 5);
    DID(weir_mesh_restore(air.station[0].mesh, early, early_len));
    air_run(&air, 15000);
    set_work(trace, 0, 300, 20);
    air_cut(&air, 0);
    air_run(&air, 40000);
    air_note(&air);
    chapter(trace, "went-back");

    (void)air_boot(&air, 1, 0); /* no flash: a random session */
    air_run(&air, 20000);
    (void)air_boot(&air, 1, 0);
    air_run(&air, 20000);
    DID(weir_mesh_reset(air.station[2].mesh, 2));
    DID(weir_mesh_reset(air.station[2].mesh, 0));
    DID(weir_mesh_reset(air.station[2].mesh, UINT32_MAX));
    (void)air_poll(&air.station[2]); /* no key */
    DID(weir_mesh_set_key(air.station[2].mesh, 0, air_key, 8));
    DID(weir_mesh_reset(air.station[1].mesh, 0));
    DID(weir_mesh_set_key(air.station[1].mesh, 2, air_key, 8));
    air_run(&air, 30000);
    air_note(&air);
    chapter(trace, "reset");
}

unsigned trace_mesh(struct trace *trace)
{
    const uint32_t codes = (UINT32_C(2) << WEIR_EVENT_ROLLBACK) - 2;
    unsigned failed = 0, reason;
    meeting(trace);
    noise(trace);
    cuts(trace);
    notes(trace);
    keys(trace);
    walls(trace);
    clocks(trace);
    restarts(trace);
    failed += mesh_calls(&air, trace);
    failed += mesh_trouble(&air, trace);
    failed += mesh_liar(&air, trace);
    if (!CHECK(air.codes == codes)) {
        printf("events seen: %lx\n", (unsigned long)air.codes);
    }
    for (reason = 0; weir_refusal_name(reason); reason++) {
        if (!CHECK((air.refused >> reason & 1) != 0)) {
            printf("nothing %s\n", weir_refusal_name(reason));
        }
    }
    return failed + checks_failed + air_failures();
}
