/* Run one node again from its journal (format: record.h) and print the digest it ends with.
 *
 * Everything that came in comes in again at the same clock readings; every frame, result, plan and
 * digest that comes out is compared. Nothing here knows Linux, so the same source runs on a bare
 * RV32IMAC machine, where the file is read through semihosting (replay_rv32.sh). */
#include "journal.h"
#include "mesh_config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    char letter;
    size_t len;
    uint8_t bytes[JOURNAL_ENTRY_MAX];
} entry;

static FILE *journal;
static entry next; /* read, not yet used */
static unsigned long calls;
static uint64_t digest;
static weir_mesh *mesh;
static weir_complex *map;
MESH_SPACE(mesh_memory);
MAP_SPACE(map_memory);

static void fail(const char *what)
{
    (void)printf("replay differs after %lu calls: %s\n", calls, what);
    exit(EXIT_FAILURE);
}

static void advance(void)
{
    uint8_t prefix[3];
    next.letter = '\0';
    if (fread(prefix, 1, sizeof prefix, journal) != sizeof prefix) {
        return;
    }
    next.len = (size_t)journal_get(prefix + 1, 2);
    if (next.len > sizeof next.bytes || fread(next.bytes, 1, next.len, journal) != next.len) {
        return; /* the recorded process was killed in the middle of an entry */
    }
    next.letter = (char)prefix[0];
}

static void expect(char letter, const char *what)
{
    if (next.letter != letter) {
        fail(what);
    }
}

static weir_status transmit(void *ctx, const uint8_t *frame, size_t len)
{
    (void)ctx;
    expect('T', "a frame that was not sent then");
    if (journal_get(next.bytes, 2) != len ||
        journal_get(next.bytes + 2, 4) != journal_checksum(frame, len)) {
        fail("another frame");
    }
    advance();
    return WEIR_OK;
}

static weir_status entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    expect('E', "entropy that was not asked for then");
    if (next.len != len) {
        fail("another amount of entropy");
    }
    memcpy(out, next.bytes, len);
    advance();
    return WEIR_OK;
}

static weir_status sign(void *ctx, const uint8_t *msg, size_t len, uint8_t sig[64])
{
    (void)ctx;
    (void)msg;
    (void)len;
    expect('G', "a signature that was not made then");
    memcpy(sig, next.bytes, 64);
    advance();
    return WEIR_OK;
}

static weir_status verify(void *ctx, uint16_t author, const uint8_t *msg, size_t len,
                          const uint8_t sig[64])
{
    (void)ctx;
    (void)author;
    (void)msg;
    (void)len;
    (void)sig;
    expect('V', "a signature that was not checked then");
    const weir_status status = (weir_status)(uint32_t)journal_get(next.bytes, 4);
    advance();
    return status;
}

static const weir_mesh_port port = {
    .size = sizeof port,
    .transmit = transmit,
    .entropy = entropy,
    .sign = sign,
    .verify = verify,
};

static weir_status init(const entry *e)
{
    weir_complex_config shape;
    weir_mesh_config config;
    mesh_configure(&config, (uint16_t)journal_get(e->bytes, 2),
                   (uint32_t)journal_get(e->bytes + 2, 4));
    config.gate = (uint32_t)journal_get(e->bytes + 6, 4);
    config.port = &port;
    weir_status status = weir_mesh_complex_config(&config, &shape);
    if (status == WEIR_OK) {
        status = weir_complex_init(&map, map_memory, sizeof map_memory, &shape);
    }
    return status != WEIR_OK ? status
                             : weir_mesh_init(&mesh, mesh_memory, sizeof mesh_memory, &config);
}

static weir_status poll_once(uint64_t now)
{
    weir_mesh_due due = { .size = sizeof due };
    weir_mesh_event event = { .size = sizeof event };
    const weir_status status = weir_mesh_poll(mesh, now, &due);
    while (status >= 0 && weir_mesh_next_event(mesh, &event) == WEIR_OK) {
    }
    return status;
}

static weir_status settle(void)
{
    weir_mesh_state state = { .size = sizeof state };
    const weir_status status = weir_mesh_settle(mesh, &state);
    digest = state.digest;
    if (next.letter != 'R' || (next.len == 12 && journal_get(next.bytes + 4, 8) != digest)) {
        fail("another digest");
    }
    return status;
}

static weir_status plan(void)
{
    weir_shipment out[64];
    size_t count = 0;
    const weir_status status = weir_mesh_plan(mesh, out, 64, &count);
    if (next.letter != 'R' || next.len != 4 + 6 * count) {
        fail("a plan of another length");
    }
    for (size_t i = 0; i < count; i++) {
        if (journal_get(next.bytes + 4 + 6 * i, 2) != out[i].to ||
            journal_get(next.bytes + 6 + 6 * i, 4) != out[i].amount) {
            fail("another plan");
        }
    }
    return status;
}

static weir_status call(const entry *e)
{
    const uint8_t *b = e->bytes;
    switch (e->letter) {
    case 'I':
        return init(e);
    case 'K':
        return weir_mesh_set_key(mesh, b[0], b + 2, b[1]);
    case 'A':
        return weir_mesh_attach_complex(mesh, map);
    case 'B':
        return weir_mesh_restore(mesh, b, e->len);
    case 'F':
        return weir_mesh_receive_isr(mesh, b + 1, e->len - 1, (int8_t)b[0]);
    case 'P':
        return poll_once(journal_get(b, 8));
    case 'W':
        return weir_mesh_set_work(mesh, (int64_t)journal_get(b, 8), (int64_t)journal_get(b + 8, 8));
    case 'S':
        return weir_mesh_ship(mesh, (uint16_t)journal_get(b, 2), (uint32_t)journal_get(b + 2, 4));
    case 'N':
        return weir_mesh_record(mesh, b[0], b[1], b + 2, e->len - 2);
    case 'Q':
        return settle();
    case 'L':
        return plan();
    default:
        fail("an entry that is not a call");
    }
    return WEIR_ERR_STATE;
}

static FILE *open_journal(int argc, char **argv)
{
#ifdef REPLAY_FILE
    (void)argc;
    (void)argv;
    return fopen(REPLAY_FILE, "rb");
#else
    return argc == 2 ? fopen(argv[1], "rb") : NULL;
#endif
}

int main(int argc, char **argv)
{
    char magic[sizeof JOURNAL_MAGIC] = { 0 };
    journal = open_journal(argc, argv);
    if (journal == NULL || fread(magic, 1, sizeof magic - 1, journal) != sizeof magic - 1 ||
        strcmp(magic, JOURNAL_MAGIC) != 0) {
        (void)printf("usage: replay JOURNAL\n");
        return EXIT_FAILURE;
    }
    advance();
    while (next.letter != '\0') {
        static entry current;
        current = next;
        advance();
        calls++;
        const weir_status status = call(&current);
        if (next.letter == '\0') {
            break; /* killed inside this call: nothing to compare with */
        }
        expect('R', "a callback that was not made");
        if ((uint32_t)status != (uint32_t)journal_get(next.bytes, 4)) {
            fail("another result");
        }
        advance();
    }
    (void)printf("%lu calls, digest %016" PRIx64 "\n", calls, digest);
    return EXIT_SUCCESS;
}
