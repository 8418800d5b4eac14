/* What goes wrong between stations of weir_mesh: tables that are full, strangers, two with one id,
 * rows that were lost, and rubbish on the air. */
#include "air.h"

static void adjust_full(weir_mesh_config *config, unsigned index)
{
    config->max_nodes = 4;
    config->max_degree = 2;
    config->max_neighbours = 3;
    config->inbox_frames = (uint16_t)(index == 0 ? 2 : AIR_INBOX);
    config->fill = 1;
}

/* Six stations where four fit, three places for neighbours, two for links and frames, sixteen for
 * events that nobody reads. */
static void full(struct air *air, struct trace *trace)
{
    struct station *station = &air->station[0];
    weir_mesh_stats stats;
    unsigned frame;
    air_start(air, trace, 6, adjust_full);
    air->listens = 0;
    air_run(air, 12000);
    for (frame = 0; frame < 5; frame++) {
        (void)air_hand(station, air->station[1].said, air->station[1].said_len);
    }
    for (frame = 0; frame < 5; frame++) {
        DID(weir_mesh_block(station->mesh, (uint16_t)(900 + frame), 1));
    }
    DID(weir_mesh_set_work(station->mesh, 100, 0));
    air_run(air, 8000);
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    DID(weir_mesh_get_stats(station->mesh, &stats));
    CHECK(stats.inbox_dropped >= 3 && stats.events_lost > 0);
    air_note(air);
    air->listens = 1;
    air_run(air, 6000);
    air_note(air);
    chapter(trace, "full");
}

static void adjust_strangers(weir_mesh_config *config, unsigned index)
{
    if (index == 3) {
        config->mesh_id ^= 1;
    }
    if (index == 4) {
        config->max_degree = AIR_DEGREE - 1;
    }
}

static void strangers(struct air *air, struct trace *trace)
{
    air_start(air, trace, 5, adjust_strangers);
    air_run(air, 25000);
    air_note(air);
    chapter(trace, "strangers");
}

static void adjust_twins(weir_mesh_config *config, unsigned index)
{
    if (index == 3) {
        config->id = 1;
    }
}

/* Two stations of one id, each with a friend, who meet later. */
static void twins(struct air *air, struct trace *trace)
{
    unsigned turn;
    air_start(air, trace, 4, adjust_twins);
    air_cut(air, 0x0c);
    air_run(air, 15000);
    for (turn = 1; turn < 6; turn++) {
        DID(weir_mesh_set_work(air->station[0].mesh, 7 * turn, 0));
        DID(weir_mesh_set_work(air->station[3].mesh, 11 * turn, 0));
        air_run(air, 3000);
    }
    air_cut(air, 0);
    air_run(air, 40000);
    air_note(air);
    chapter(trace, "twins");
}

/* Both ends of an edge start again, one with an older snapshot than the other: what was shipped in
 * between comes back from the other end. */
static void rollback(struct air *air, struct trace *trace)
{
    static uint8_t older[1024], newer[1024];
    size_t older_len = 0, newer_len = 0;
    air_start(air, trace, 2, NULL);
    air_run(air, 12000);
    DID(weir_mesh_set_work(air->station[0].mesh, 100, 0));
    air_run(air, 12000);
    DID(weir_mesh_snapshot(air->station[0].mesh, older, sizeof older, &older_len));
    air->works = 0;
    DID(weir_mesh_ship(air->station[0].mesh, 17, 30));
    air_run(air, 12000);
    DID(weir_mesh_snapshot(air->station[1].mesh, newer, sizeof newer, &newer_len));
    air->station[0].mesh = NULL;
    (void)air_boot(air, 1, 2);
    DID(weir_mesh_restore(air->station[1].mesh, newer, newer_len));
    air_run(air, 500);
    (void)air_boot(air, 0, 2);
    DID(weir_mesh_restore(air->station[0].mesh, older, older_len));
    air->wall[0][1] = 1; /* it hears what was taken before it is heard */
    air_run(air, 5000);
    air->wall[0][1] = 0;
    air_run(air, 25000);
    CHECK(air_agrees(air));
    CHECK((air->codes >> WEIR_EVENT_ROLLBACK & 1) != 0);
    air_note(air);
    chapter(trace, "rollback");
}

/* Frames of every length from noise, a genuine frame cut at every length, bent at every byte, and
 * heard again; in the end the stations agree as if nothing had been. */
static void rubbish(struct air *air, struct trace *trace)
{
    struct station *victim = &air->station[0];
    static uint8_t frame[AIR_FRAME];
    uint64_t random = 7;
    size_t len, at, said_len;
    unsigned kind;
    air_start(air, trace, 3, NULL);
    air_run(air, 12000);
    for (len = 1; len <= AIR_FRAME; len++) {
        for (at = 0; at < len; at++) {
            frame[at] = (uint8_t)next_random(&random);
        }
        if (len % 2 == 0) {
            frame[0] = (uint8_t)(0x20 + len % 32); /* the version at least */
        }
        (void)air_hand(victim, frame, len);
        if (len % 8 == 0) {
            air_run(air, 100);
        }
    }
    air_note_station(victim);
    chapter(trace, "random-bytes");
    for (kind = 1; kind < 3; kind++) {
        const struct station *speaker = &air->station[kind];
        DID(weir_mesh_set_work(speaker->mesh, 9, kind));
        air_run(air, kind * 130);
        said_len = speaker->said_len;
        memcpy(frame, speaker->said, said_len);
        for (len = 0; len <= said_len; len++) {
            (void)air_hand(victim, frame, len);
            if (len % 12 == 11) {
                (void)air_poll(victim);
            }
        }
        for (at = 0; at < said_len; at++) {
            frame[at] ^= (uint8_t)(1u << at % 8);
            (void)air_hand(victim, frame, said_len);
            frame[at] ^= (uint8_t)(1u << at % 8);
            if (at % 12 == 11) {
                (void)air_poll(victim);
            }
        }
        air_run(air, 300);
    }
    air_run(air, 15000);
    CHECK(air_agrees(air));
    air_note(air);
    chapter(trace, "bent-frames");
}

unsigned mesh_trouble(struct air *air, struct trace *trace)
{
    full(air, trace);
    strangers(air, trace);
    twins(air, trace);
    rollback(air, trace);
    rubbish(air, trace);
    return checks_failed;
}
