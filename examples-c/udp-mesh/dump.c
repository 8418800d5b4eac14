/* See dump.h. The format is in docs/demo.md; check.py reads it. */
#include "dump.h"

#include "mesh_config.h"

#include <inttypes.h>

static void hex(FILE *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        (void)fprintf(out, "%02x", (unsigned)bytes[i]);
    }
}

static void dump_state(app *self, FILE *out)
{
    weir_mesh_state s = { .size = sizeof s };
    weir_mesh_load l = { .size = sizeof l };
    if (weir_mesh_settle(self->mesh, &s) < 0 || weir_mesh_get_load(self->mesh, &l) < 0) {
        return;
    }
    (void)fprintf(out,
                  "{\"what\":\"state\",\"digest\":\"%016" PRIx64 "\",\"records\":%u,\"nodes\":%u,"
                  "\"edges\":%u,\"triangles\":%u,\"agreed\":%u,\"learning\":%u,",
                  s.digest, (unsigned)s.records, (unsigned)s.nodes, (unsigned)s.edges,
                  (unsigned)s.triangles, (unsigned)s.agreed, (unsigned)s.learning);
    (void)fprintf(out,
                  "\"circulation_before\":%" PRIu32 ",\"circulation_after\":%" PRIu32
                  ",\"imbalance\":%" PRIu32 ",\"arrived\":%" PRId64 ",\"done\":%" PRId64
                  ",\"queued\":%" PRId64 ",\"in_flight\":%" PRId64 ",\"flags\":%" PRIu32 "}\n",
                  s.circulation_before, s.circulation_after, s.imbalance, s.arrived, s.done,
                  s.queued, s.in_flight, s.flags);
    (void)fprintf(out,
                  "{\"what\":\"load\",\"injected\":%" PRId64 ",\"done\":%" PRId64
                  ",\"queued\":%" PRId32 ",\"in_flight\":%" PRIu32 ",\"capacity\":%u}\n",
                  l.injected, l.done, l.queued, l.in_flight, (unsigned)l.capacity);
}

static void dump_plan(app *self, FILE *out)
{
    weir_shipment plan[64];
    size_t count = 0;
    if (weir_mesh_plan(self->mesh, plan, sizeof plan / sizeof plan[0], &count) < 0) {
        return;
    }
    (void)fprintf(out, "{\"what\":\"plan\",\"ship\":[");
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "%s[%u,%" PRIu32 "]", i > 0 ? "," : "", (unsigned)plan[i].to,
                      plan[i].amount);
    }
    (void)fprintf(out, "]}\n");
}

static void dump_records(app *self, FILE *out)
{
    weir_record r = { .size = sizeof r };
    uint32_t cursor = 0;
    while (weir_mesh_next_record(self->mesh, &cursor, &r) == WEIR_OK) {
        (void)fprintf(out,
                      "{\"what\":\"record\",\"author\":%u,\"kind\":%u,\"slot\":%u,\"boot\":%" PRIu32
                      ",\"counter\":%" PRIu32 ",\"hash\":\"%016" PRIx64 "\",\"payload\":\"",
                      (unsigned)r.author, (unsigned)r.kind, (unsigned)r.slot, r.boot, r.counter,
                      r.hash);
        hex(out, r.payload, r.len);
        (void)fprintf(out, "\",\"signature\":\"");
        hex(out, r.signature, r.signature != NULL ? 64 : 0);
        (void)fprintf(out, "\"}\n");
    }
}

static void dump_neighbours(app *self, FILE *out)
{
    weir_neighbour n = { .size = sizeof n };
    for (size_t i = 0; weir_mesh_get_neighbour(self->mesh, i, &n) == WEIR_OK; i++) {
        (void)fprintf(out,
                      "{\"what\":\"neighbour\",\"id\":%u,\"flags\":%u,\"silent_ms\":%" PRIu32
                      ",\"digest\":\"%016" PRIx64 "\"}\n",
                      (unsigned)n.id, (unsigned)n.flags, n.silent_ms, n.digest);
    }
}

static void dump_stats(app *self, FILE *out)
{
    weir_mesh_stats s = { .size = sizeof s };
    if (weir_mesh_get_stats(self->mesh, &s) != WEIR_OK) {
        return;
    }
    (void)fprintf(out,
                  "{\"what\":\"stats\",\"frames_sent\":%" PRIu32 ",\"frames_received\":%" PRIu32
                  ",\"inbox_dropped\":%" PRIu32 ",\"events_lost\":%" PRIu32
                  ",\"link_changes\":%" PRIu32 ",\"records_merged\":%" PRIu32
                  ",\"beacons_sent\":%" PRIu32 ",\"records_written\":%" PRIu32
                  ",\"air_frames\":%" PRIu64 ",\"air_bytes\":%" PRIu64 ",\"refused\":{",
                  s.frames_sent, s.frames_received, s.inbox_dropped, s.events_lost, s.link_changes,
                  s.records_merged, s.beacons_sent, s.records_written, self->port.air_frames,
                  self->port.air_bytes);
    for (size_t i = 0; i < WEIR_REFUSALS && weir_refusal_name(i) != NULL; i++) {
        (void)fprintf(out, "%s\"%s\":%" PRIu32, i > 0 ? "," : "", weir_refusal_name(i),
                      s.refused[i]);
    }
    (void)fprintf(out, "}}\n");
}

int dump_audit(app *self, uint64_t now_ms, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s-%s.jsonl", self->opt.dump, name);
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        perror(path);
        return -1;
    }
    (void)fprintf(out,
                  "{\"what\":\"node\",\"id\":%u,\"boot\":%" PRIu32 ",\"ms\":%" PRIu64
                  ",\"mesh_id\":\"%016" PRIx64 "\",\"gate\":%" PRIu32 "}\n",
                  (unsigned)self->opt.id, self->opt.boot, now_ms, MESH_ID, app_gate(self));
    dump_state(self, out);
    dump_plan(self, out);
    dump_records(self, out);
    dump_neighbours(self, out);
    dump_stats(self, out);
    (void)fprintf(out, "{\"what\":\"end\"}\n");
    if (fclose(out) != 0) {
        perror(path);
        return -1;
    }
    return 0;
}

void dump_own(app *self, uint64_t now_ms, uint8_t kind)
{
    weir_record r = { .size = sizeof r };
    uint32_t cursor = 0;
    while (weir_mesh_next_record(self->mesh, &cursor, &r) == WEIR_OK) {
        if (r.author == self->opt.id && r.kind == kind) {
            (void)fprintf(self->log, "own %" PRIu64 " %u ", now_ms, (unsigned)kind);
            hex(self->log, r.payload, r.len);
            (void)fprintf(self->log, "\n");
            return;
        }
    }
}
