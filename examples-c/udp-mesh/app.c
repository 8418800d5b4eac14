/* The application: see app.h. Read main() first, then tick(). Every line of the log is one fact,
 * `what milliseconds numbers...`; docs/demo.md lists them and replays them into waiting times. */
#define _GNU_SOURCE

#include "app.h"

#include "dump.h"
#include "liar.h"
#include "mesh_config.h"
#include "record.h"
#include "sign_sodium.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum {
    SNAPSHOT_BYTES = 1024,
    SHIPMENTS = MESH_DEGREE,
    TELL_PER_SECOND = 4,
    SHARE_EVERY = 2
};

uint32_t app_gate(const app *self)
{
    return self->opt.rate / TELL_PER_SECOND;
}

static const weir_mesh_port callbacks = {
    .size = sizeof callbacks,
    .transmit = port_transmit,
    .entropy = port_entropy,
    .sign = sign_message,
    .verify = sign_verify,
};

static void next_arrival(app *self)
{
    if (fscanf(self->arrivals, "%" SCNu64 ",%" SCNd64, &self->coming_ms, &self->coming_units) !=
        2) {
        self->coming_ms = WEIR_NEVER;
    }
}

static int64_t take_arrivals(app *self, uint64_t now)
{
    int64_t units = 0;
    while (self->coming_ms <= now) {
        units += self->coming_units;
        next_arrival(self);
    }
    return units;
}

/* Work done since the last tick. Only what was already here then can have been worked on. */
static int64_t work(app *self, uint64_t now)
{
    const uint64_t until = now < self->opt.work_until_ms ? now : self->opt.work_until_ms;
    const uint64_t spent = until > self->ticked_ms ? until - self->ticked_ms : 0;
    self->carry += spent * self->opt.rate;
    int64_t units = (int64_t)(self->carry / 1000u);
    self->carry %= 1000u;
    return units < self->at_hand ? units : self->at_hand;
}

/* Hand over what the plan says: weir counts it, the receiver takes the difference of the counters.
 */
static void ship(app *self, uint64_t now)
{
    weir_shipment plan[SHIPMENTS];
    const uint32_t least = self->opt.rate * self->opt.tick_ms / 1000u;
    size_t count = 0;
    if (weir_mesh_plan(self->mesh, plan, SHIPMENTS, &count) < 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const int64_t have = self->at_hand;
        const uint32_t amount = have < plan[i].amount ? (uint32_t)have : plan[i].amount;
        if (amount > least && weir_mesh_ship(self->mesh, plan[i].to, amount) == WEIR_OK) {
            self->at_hand -= amount;
            (void)fprintf(self->log, "sent %" PRIu64 " %u %" PRIu32 "\n", now, (unsigned)plan[i].to,
                          amount);
        }
    }
}

static void publish_note(app *self)
{
    char text[MESH_NOTE_BYTES];
    const int len = snprintf(text, sizeof text, "mote %u signed this", (unsigned)self->opt.id);
    if (self->opt.forge == NULL &&
        weir_mesh_record(self->mesh, WEIR_KIND_NOTE, 0, (const uint8_t *)text, (size_t)len) !=
            WEIR_OK) {
        return;
    }
    self->noted = 1;
}

/* After a restart the arrivals are known from the input; what was done is known to the mesh. */
static void continue_from_mesh(app *self, uint64_t now)
{
    weir_mesh_load load = { .size = sizeof load };
    /* Settling brings the records up to date with what was received while learning. */
    if (weir_mesh_settle(self->mesh, NULL) < 0 ||
        weir_mesh_get_load(self->mesh, &load) != WEIR_OK) {
        return;
    }
    self->learned = 1;
    self->done = load.done;
    (void)fprintf(self->log, "learned %" PRIu64 " %" PRId64 " %" PRId64 "\n", now, load.injected,
                  load.done);
    dump_own(self, now, WEIR_KIND_LOAD);
    dump_own(self, now, WEIR_KIND_LINKS);
}

/* Which version of everybody's LOAD is known here: tells how fast news travels. */
static void log_news(app *self, uint64_t now)
{
    weir_record r = { .size = sizeof r };
    uint32_t cursor = 0;
    (void)fprintf(self->log, "news %" PRIu64, now);
    while (weir_mesh_next_record(self->mesh, &cursor, &r) == WEIR_OK) {
        if (r.kind == WEIR_KIND_LOAD) {
            (void)fprintf(self->log, " %u:%" PRIu32, (unsigned)r.author, r.counter);
        }
    }
    (void)fprintf(self->log, "\n");
}

static void log_state(app *self, uint64_t now, const weir_mesh_state *state)
{
    (void)fprintf(self->log,
                  "state %" PRIu64 " %016" PRIx64 " %u %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRId64
                  " %" PRId64 " %" PRId64 " %" PRId64 "\n",
                  now, state->digest, (unsigned)state->agreed, state->circulation_before,
                  state->circulation_after, state->imbalance, state->arrived, state->done,
                  state->queued, state->in_flight);
    log_news(self, now);
}

static void save_snapshot(app *self)
{
    uint8_t bytes[SNAPSHOT_BYTES];
    char fresh[512];
    size_t len = 0;
    if (weir_mesh_snapshot(self->mesh, bytes, sizeof bytes, &len) != WEIR_OK) {
        return;
    }
    (void)snprintf(fresh, sizeof fresh, "%s.new", self->opt.snapshot);
    FILE *file = fopen(fresh, "wb");
    if (file == NULL) {
        return;
    }
    const size_t written = fwrite(bytes, 1, len, file);
    if (fclose(file) == 0 && written == len) {
        (void)rename(fresh, self->opt.snapshot);
    }
}

/* Look at the whole mesh and hand over what is too much here. */
static void share(app *self, uint64_t now)
{
    weir_mesh_state state = { .size = sizeof state };
    if (weir_mesh_settle(self->mesh, &state) != WEIR_OK) {
        return;
    }
    log_state(self, now, &state);
    if (now < self->opt.work_until_ms) {
        ship(self, now);
    }
    if (!self->noted) {
        publish_note(self);
    }
    if (self->opt.snapshot != NULL) {
        save_snapshot(self); /* before a frame tells of this: then a restart forgets nothing */
    }
}

static void tick(app *self, uint64_t now)
{
    weir_mesh_load load = { .size = sizeof load };
    self->injected += take_arrivals(self, now);
    self->done += work(self, now);
    self->ticked_ms = now;
    if (weir_mesh_set_work(self->mesh, self->injected, self->done) != WEIR_OK ||
        weir_mesh_get_load(self->mesh, &load) != WEIR_OK) {
        return;
    }
    (void)fprintf(self->log, "tick %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId32 " %" PRIu32 "\n",
                  now, self->injected, self->done, load.queued, load.in_flight);
    self->at_hand = load.queued > 0 ? load.queued : 0;
    if (++self->ticks % SHARE_EVERY == 0) {
        share(self, now);
    }
}

static void drain_events(app *self, uint64_t now)
{
    weir_mesh_event event = { .size = sizeof event };
    while (weir_mesh_next_event(self->mesh, &event) == WEIR_OK) {
        if (event.code == WEIR_EVENT_RECEIVED) {
            (void)fprintf(self->log, "got %" PRIu64 " %u %" PRId32 "\n", now, (unsigned)event.peer,
                          event.value);
            continue;
        }
        (void)fprintf(self->log, "event %" PRIu64 " %u %u %u %u %" PRId32 "\n", now,
                      (unsigned)event.code, (unsigned)event.peer, (unsigned)event.kind,
                      (unsigned)event.slot, event.value);
    }
}

static void load_snapshot(app *self)
{
    uint8_t bytes[SNAPSHOT_BYTES];
    FILE *file = self->opt.snapshot != NULL ? fopen(self->opt.snapshot, "rb") : NULL;
    if (file == NULL) {
        return;
    }
    const size_t len = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    const weir_status status = weir_mesh_restore(self->mesh, bytes, len);
    (void)fprintf(self->log, "restored %" PRIu64 " %u %d\n", port_now_ms(&self->port),
                  (unsigned)len, (int)status);
}

/* From the air into weir; on a board this is the body of the radio's interrupt. */
static void hear(app *self)
{
    uint8_t frame[MESH_FRAME];
    size_t len;
    for (int n = 0; n < MESH_INBOX && (len = port_receive(&self->port, frame, sizeof frame)); n++) {
        if (weir_mesh_receive_isr(self->mesh, frame, len, -60) != WEIR_OK) {
            self->overflow++;
        }
        liar_hear(frame, len);
    }
}

static int start_weir(app *self)
{
    MAP_SPACE(map_memory);
    MESH_SPACE(mesh_memory);
    weir_complex_config shape;
    weir_mesh_config config;
    weir_status status;
    mesh_configure(&config, self->opt.id, self->opt.boot);
    config.gate = app_gate(self);
    config.port = &callbacks;
    config.ctx = &self->port;
    if ((status = weir_mesh_complex_config(&config, &shape)) != WEIR_OK ||
        (status = weir_complex_init(&self->map, map_memory, sizeof map_memory, &shape)) < 0 ||
        (status = weir_mesh_init(&self->mesh, mesh_memory, sizeof mesh_memory, &config)) < 0 ||
        (status = weir_mesh_set_key(self->mesh, 0, mesh_key, 8)) < 0 ||
        (status = weir_mesh_attach_complex(self->mesh, self->map)) < 0) {
        (void)fprintf(stderr, "weir does not start: %s\n", weir_status_name(status));
        return -1;
    }
    return 0;
}

static int start(app *self)
{
    self->arrivals = fopen(self->opt.arrivals, "r");
    self->log = fopen(self->opt.log, "a");
    if (self->arrivals == NULL || self->log == NULL) {
        perror(self->arrivals == NULL ? self->opt.arrivals : self->opt.log);
        return -1;
    }
    (void)setvbuf(self->log, NULL, _IOLBF, 0);
    next_arrival(self);
    if (port_open(&self->port, self->opt.id, &self->opt.port) != 0 ||
        sign_open(self->opt.id) != 0 ||
        (self->opt.record != NULL && record_open(self->opt.record) != 0) || start_weir(self) != 0 ||
        (self->opt.forge != NULL && liar_start(self, &callbacks) != 0)) {
        return -1;
    }
    const uint64_t now = port_now_ms(&self->port);
    (void)fprintf(self->log, "start %" PRIu64 " %" PRIu32 "\n", now, self->opt.boot);
    load_snapshot(self);
    self->ticked_ms = now;
    self->next_tick_ms = now - now % self->opt.tick_ms + self->opt.tick_ms;
    self->next_audit_ms = now - now % self->opt.audit_ms + self->opt.audit_ms;
    return 0;
}

/* What the clock asks for: ticks of the application and audits of the demo. */
static int keep_time(app *self, uint64_t now, const weir_mesh_due *due)
{
    if (!self->learned && (due->flags & WEIR_DUE_LEARNING) == 0) {
        continue_from_mesh(self, now);
    }
    if (now >= self->next_tick_ms) {
        self->next_tick_ms = now - now % self->opt.tick_ms + self->opt.tick_ms;
        if (self->learned) {
            tick(self, now);
        }
    }
    if (self->opt.snapshot != NULL && (due->flags & WEIR_DUE_SNAPSHOT) != 0) {
        save_snapshot(self);
    }
    if (now >= self->next_audit_ms || now >= self->opt.end_ms) {
        char name[16] = "end";
        if (now < self->opt.end_ms) {
            (void)snprintf(name, sizeof name, "%03u", (unsigned)(now / self->opt.audit_ms));
        }
        self->next_audit_ms += self->opt.audit_ms;
        return dump_audit(self, now, name);
    }
    return 0;
}

static int run(app *self)
{
    uint64_t now;
    do {
        weir_mesh_due due = { .size = sizeof due };
        hear(self);
        now = port_now_ms(&self->port);
        const weir_status status = weir_mesh_poll(self->mesh, now, &due);
        if (status < 0) {
            (void)fprintf(stderr, "poll: %s\n", weir_status_name(status));
            return -1;
        }
        drain_events(self, now);
        liar_poll(self, now);
        if (keep_time(self, now, &due) != 0) {
            return -1;
        }
        if ((due.flags & WEIR_DUE_MORE) == 0) {
            const uint64_t wake =
                self->next_tick_ms < due.next_ms ? self->next_tick_ms : due.next_ms;
            port_sleep(&self->port, wake < self->opt.end_ms ? wake : self->opt.end_ms);
        }
    } while (now < self->opt.end_ms);
    return 0;
}

int main(int argc, char **argv)
{
    static app self;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlive the program that started the mesh */
    if (options_read(&self.opt, argc, argv) != 0 || start(&self) != 0 || run(&self) != 0) {
        return EXIT_FAILURE;
    }
    (void)fprintf(
        self.log,
        "end %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 "\n",
        port_now_ms(&self.port), self.port.air_frames, self.port.air_bytes, self.port.heard_frames,
        self.port.lost_frames, self.port.cut_frames, self.overflow);
    return record_close() == 0 && fclose(self.log) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
