/* See record.h. `__real_f` is the archive's f, `__wrap_f` is what the application's calls reach. */
#include "record.h"

#include "journal.h"

#include <stdio.h>
#include <string.h>
#include <weir.h>

static FILE *journal;
static const weir_mesh *recorded;  /* the one handle; others pass through unseen */
static const weir_mesh_port *real; /* the port of that handle */

int record_open(const char *path)
{
    journal = fopen(path, "wb");
    if (journal == NULL || fputs(JOURNAL_MAGIC, journal) < 0) {
        perror(path);
        return -1;
    }
    return 0;
}

int record_close(void)
{
    return journal == NULL || fclose(journal) == 0 ? 0 : -1;
}

static void write_entry(char letter, const uint8_t *head, size_t head_len, const uint8_t *rest,
                        size_t rest_len)
{
    uint8_t prefix[3] = { (uint8_t)letter };
    journal_put(prefix + 1, head_len + rest_len, 2);
    (void)fwrite(prefix, 1, sizeof prefix, journal);
    (void)fwrite(head, 1, head_len, journal);
    if (rest_len > 0) {
        (void)fwrite(rest, 1, rest_len, journal);
    }
}

static void write_result(weir_status status, const uint8_t *rest, size_t rest_len)
{
    uint8_t head[4];
    journal_put(head, (uint32_t)status, 4);
    write_entry('R', head, sizeof head, rest, rest_len);
}

static weir_status transmit(void *ctx, const uint8_t *frame, size_t len)
{
    uint8_t head[6];
    journal_put(head, len, 2);
    journal_put(head + 2, journal_checksum(frame, len), 4);
    write_entry('T', head, sizeof head, NULL, 0);
    return real->transmit(ctx, frame, len);
}

static weir_status entropy(void *ctx, uint8_t *out, size_t len)
{
    const weir_status status = real->entropy(ctx, out, len);
    write_entry('E', out, len, NULL, 0);
    return status;
}

static weir_status sign(void *ctx, const uint8_t *msg, size_t len, uint8_t sig[64])
{
    const weir_status status = real->sign(ctx, msg, len, sig);
    write_entry('G', sig, 64, NULL, 0);
    return status;
}

static weir_status verify(void *ctx, uint16_t author, const uint8_t *msg, size_t len,
                          const uint8_t sig[64])
{
    uint8_t head[4];
    const weir_status status = real->verify(ctx, author, msg, len, sig);
    journal_put(head, (uint32_t)status, 4);
    write_entry('V', head, sizeof head, NULL, 0);
    return status;
}

static const weir_mesh_port recording = {
    .size = sizeof recording,
    .transmit = transmit,
    .entropy = entropy,
    .sign = sign,
    .verify = verify,
};

weir_status __real_weir_mesh_init(weir_mesh **, void *, size_t, const weir_mesh_config *);
weir_status __wrap_weir_mesh_init(weir_mesh **out, void *storage, size_t len,
                                  const weir_mesh_config *config);
weir_status __wrap_weir_mesh_init(weir_mesh **out, void *storage, size_t len,
                                  const weir_mesh_config *config)
{
    uint8_t head[10];
    weir_mesh_config copy = *config;
    if (journal == NULL || recorded != NULL) {
        return __real_weir_mesh_init(out, storage, len, config);
    }
    journal_put(head, config->id, 2);
    journal_put(head + 2, config->boot, 4);
    journal_put(head + 6, config->gate, 4);
    write_entry('I', head, sizeof head, NULL, 0);
    real = config->port;
    copy.port = &recording;
    const weir_status status = __real_weir_mesh_init(out, storage, len, &copy);
    recorded = *out;
    write_result(status, NULL, 0);
    return status;
}

weir_status __real_weir_mesh_set_key(weir_mesh *, uint8_t, const uint8_t[16], uint8_t);
weir_status __wrap_weir_mesh_set_key(weir_mesh *self, uint8_t slot, const uint8_t key[16],
                                     uint8_t tag_len);
weir_status __wrap_weir_mesh_set_key(weir_mesh *self, uint8_t slot, const uint8_t key[16],
                                     uint8_t tag_len)
{
    const uint8_t head[2] = { slot, tag_len };
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_set_key(self, slot, key, tag_len);
    }
    write_entry('K', head, sizeof head, key, 16);
    const weir_status status = __real_weir_mesh_set_key(self, slot, key, tag_len);
    write_result(status, NULL, 0);
    return status;
}

weir_status __real_weir_mesh_attach_complex(weir_mesh *, weir_complex *);
weir_status __wrap_weir_mesh_attach_complex(weir_mesh *self, weir_complex *map);
weir_status __wrap_weir_mesh_attach_complex(weir_mesh *self, weir_complex *map)
{
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_attach_complex(self, map);
    }
    write_entry('A', NULL, 0, NULL, 0);
    const weir_status status = __real_weir_mesh_attach_complex(self, map);
    write_result(status, NULL, 0);
    return status;
}

weir_status __real_weir_mesh_restore(weir_mesh *, const uint8_t *, size_t);
weir_status __wrap_weir_mesh_restore(weir_mesh *self, const uint8_t *in, size_t len);
weir_status __wrap_weir_mesh_restore(weir_mesh *self, const uint8_t *in, size_t len)
{
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_restore(self, in, len);
    }
    write_entry('B', in, len, NULL, 0);
    const weir_status status = __real_weir_mesh_restore(self, in, len);
    write_result(status, NULL, 0);
    return status;
}

weir_status __real_weir_mesh_receive_isr(weir_mesh *, const uint8_t *, size_t, int8_t);
weir_status __wrap_weir_mesh_receive_isr(weir_mesh *self, const uint8_t *frame, size_t len,
                                         int8_t rssi);
weir_status __wrap_weir_mesh_receive_isr(weir_mesh *self, const uint8_t *frame, size_t len,
                                         int8_t rssi)
{
    const uint8_t head[1] = { (uint8_t)rssi };
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_receive_isr(self, frame, len, rssi);
    }
    write_entry('F', head, sizeof head, frame, len);
    const weir_status status = __real_weir_mesh_receive_isr(self, frame, len, rssi);
    write_result(status, NULL, 0);
    return status;
}

weir_status __real_weir_mesh_poll(weir_mesh *, uint64_t, weir_mesh_due *);
weir_status __wrap_weir_mesh_poll(weir_mesh *self, uint64_t now_ms, weir_mesh_due *due);
weir_status __wrap_weir_mesh_poll(weir_mesh *self, uint64_t now_ms, weir_mesh_due *due)
{
    uint8_t head[8];
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_poll(self, now_ms, due);
    }
    journal_put(head, now_ms, 8);
    write_entry('P', head, sizeof head, NULL, 0);
    const weir_status status = __real_weir_mesh_poll(self, now_ms, due);
    write_result(status, NULL, 0);
    return status;
}

weir_status __real_weir_mesh_set_work(weir_mesh *, int64_t, int64_t);
weir_status __wrap_weir_mesh_set_work(weir_mesh *self, int64_t injected, int64_t done);
weir_status __wrap_weir_mesh_set_work(weir_mesh *self, int64_t injected, int64_t done)
{
    uint8_t head[16];
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_set_work(self, injected, done);
    }
    journal_put(head, (uint64_t)injected, 8);
    journal_put(head + 8, (uint64_t)done, 8);
    write_entry('W', head, sizeof head, NULL, 0);
    const weir_status status = __real_weir_mesh_set_work(self, injected, done);
    write_result(status, NULL, 0);
    return status;
}

weir_status __real_weir_mesh_ship(weir_mesh *, uint16_t, uint32_t);
weir_status __wrap_weir_mesh_ship(weir_mesh *self, uint16_t to, uint32_t amount);
weir_status __wrap_weir_mesh_ship(weir_mesh *self, uint16_t to, uint32_t amount)
{
    uint8_t head[6];
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_ship(self, to, amount);
    }
    journal_put(head, to, 2);
    journal_put(head + 2, amount, 4);
    write_entry('S', head, sizeof head, NULL, 0);
    const weir_status status = __real_weir_mesh_ship(self, to, amount);
    write_result(status, NULL, 0);
    return status;
}

weir_status __real_weir_mesh_record(weir_mesh *, uint8_t, uint8_t, const uint8_t *, size_t);
weir_status __wrap_weir_mesh_record(weir_mesh *self, uint8_t kind, uint8_t slot,
                                    const uint8_t *payload, size_t len);
weir_status __wrap_weir_mesh_record(weir_mesh *self, uint8_t kind, uint8_t slot,
                                    const uint8_t *payload, size_t len)
{
    const uint8_t head[2] = { kind, slot };
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_record(self, kind, slot, payload, len);
    }
    write_entry('N', head, sizeof head, payload, len);
    const weir_status status = __real_weir_mesh_record(self, kind, slot, payload, len);
    write_result(status, NULL, 0);
    return status;
}

weir_status __real_weir_mesh_settle(weir_mesh *, weir_mesh_state *);
weir_status __wrap_weir_mesh_settle(weir_mesh *self, weir_mesh_state *state);
weir_status __wrap_weir_mesh_settle(weir_mesh *self, weir_mesh_state *state)
{
    uint8_t digest[8];
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_settle(self, state);
    }
    write_entry('Q', NULL, 0, NULL, 0);
    const weir_status status = __real_weir_mesh_settle(self, state);
    journal_put(digest, state != NULL ? state->digest : 0, 8);
    write_result(status, digest, state != NULL ? sizeof digest : 0);
    return status;
}

weir_status __real_weir_mesh_plan(weir_mesh *, weir_shipment *, size_t, size_t *);
weir_status __wrap_weir_mesh_plan(weir_mesh *self, weir_shipment *out, size_t cap, size_t *count);
weir_status __wrap_weir_mesh_plan(weir_mesh *self, weir_shipment *out, size_t cap, size_t *count)
{
    uint8_t rest[6 * 64];
    if (self != recorded || journal == NULL) {
        return __real_weir_mesh_plan(self, out, cap, count);
    }
    write_entry('L', NULL, 0, NULL, 0);
    const weir_status status = __real_weir_mesh_plan(self, out, cap, count);
    for (size_t i = 0; i < *count && i < 64; i++) {
        journal_put(rest + 6 * i, out[i].to, 2);
        journal_put(rest + 6 * i + 2, out[i].amount, 4);
    }
    write_result(status, rest, 6 * *count);
    return status;
}
