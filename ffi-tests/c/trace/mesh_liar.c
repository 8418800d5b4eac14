/* A liar who holds the key of the mesh: frames that are authentic and mean nothing, or mean harm.
 * The seal is written here a second time, from NIST SP 800-232, and frames from docs/wire.md. */
#include "air.h"

#define LIAR 777
/* Another one, who is taken for a stranger after it told of other parameters. */
#define LIAR_OF_FRAMES 778
#define SESSION 5

static uint64_t load64(const uint8_t *bytes)
{
    uint64_t value = 0;
    int at;
    for (at = 7; at >= 0; at--) {
        value = value << 8 | bytes[at];
    }
    return value;
}

static uint64_t rotate(uint64_t value, unsigned by)
{
    return value >> by | value << (64 - by);
}

static void permute(uint64_t s[5], unsigned rounds)
{
    unsigned round;
    for (round = 12 - rounds; round < 12; round++) {
        uint64_t a, b, c, d, e;
        s[2] ^= (uint64_t)((15 - round) << 4 | round);
        s[0] ^= s[4];
        s[4] ^= s[3];
        s[2] ^= s[1];
        a = s[0] ^ (~s[1] & s[2]);
        b = s[1] ^ (~s[2] & s[3]);
        c = s[2] ^ (~s[3] & s[4]);
        d = s[3] ^ (~s[4] & s[0]);
        e = s[4] ^ (~s[0] & s[1]);
        b ^= a;
        a ^= e;
        d ^= c;
        c = ~c;
        s[0] = a ^ rotate(a, 19) ^ rotate(a, 28);
        s[1] = b ^ rotate(b, 61) ^ rotate(b, 39);
        s[2] = c ^ rotate(c, 1) ^ rotate(c, 6);
        s[3] = d ^ rotate(d, 10) ^ rotate(d, 17);
        s[4] = e ^ rotate(e, 7) ^ rotate(e, 41);
    }
}

/* Ascon-AEAD128, encryption in place; the tag goes behind the text. */
static void seal(const uint8_t key[16], const uint8_t nonce[16], const uint8_t *data,
                 size_t data_len, uint8_t *text, size_t text_len, size_t tag_len)
{
    const uint64_t k0 = load64(key), k1 = load64(key + 8);
    uint64_t s[5];
    size_t at;
    s[0] = UINT64_C(0x00001000808c0001);
    s[1] = k0;
    s[2] = k1;
    s[3] = load64(nonce);
    s[4] = load64(nonce + 8);
    permute(s, 12);
    s[3] ^= k0;
    s[4] ^= k1;
    for (at = 0; at < data_len; at++) {
        s[at / 8 % 2] ^= (uint64_t)data[at] << (at % 8 * 8);
        if (at % 16 == 15) {
            permute(s, 8);
        }
    }
    s[at / 8 % 2] ^= (uint64_t)1 << (at % 8 * 8);
    permute(s, 8);
    s[4] ^= UINT64_C(1) << 63;
    for (at = 0; at < text_len; at++) {
        s[at / 8 % 2] ^= (uint64_t)text[at] << (at % 8 * 8);
        text[at] = (uint8_t)(s[at / 8 % 2] >> (at % 8 * 8));
        if (at % 16 == 15) {
            permute(s, 8);
        }
    }
    s[at / 8 % 2] ^= (uint64_t)1 << (at % 8 * 8);
    s[2] ^= k0;
    s[3] ^= k1;
    permute(s, 12);
    s[3] ^= k0;
    s[4] ^= k1;
    for (at = 0; at < tag_len; at++) {
        text[text_len + at] = (uint8_t)(s[3 + at / 8] >> (at % 8 * 8));
    }
}

/* A body that grows, value by value, least significant byte first. */
static uint8_t body[AIR_FRAME];
static size_t body_len;

static void add(uint64_t value, unsigned bytes)
{
    while (bytes-- > 0) {
        body[body_len++] = (uint8_t)value;
        value >>= 8;
    }
}

static struct station *victim;
static uint32_t sequence;

/* Seals the body as a frame of `author` and hands it to the victim. */
static void tell_as(uint16_t author, uint8_t kind, uint32_t number)
{
    static uint8_t frame[AIR_FRAME + 16];
    const weir_mesh_config *config = &victim->config;
    uint8_t data[8 + 16], nonce[16];
    size_t head = 0, at, len = body_len;
    memset(nonce, 0, sizeof nonce);
    body_len = 0;
    /* The head is built in the body's buffer, whose bytes are kept behind it. */
    memcpy(frame + 16, body, len);
    add((uint64_t)1 << 5 | kind, 1);
    add(victim->said[1] & 63u, 1); /* key slot 0, and the hint of this mesh */
    add(author, 2);
    add(SESSION, 2);
    add(number, 4);
    if (kind == 1) {
        add(0, 6); /* a beacon also says the rest of the session */
    }
    head = body_len;
    memcpy(frame + 16 - head, body, head);
    body_len = 0;
    add(config->mesh_id, 8);
    memcpy(data, body, 8);
    memcpy(data + 8, frame + 16 - head, head);
    body_len = 0;
    add(author, 2);
    add(SESSION, 8);
    add(number, 4);
    memcpy(nonce, body, 14);
    body_len = 0;
    seal(air_key, nonce, data, 8 + head, frame + 16, len, 8);
    at = 16 - head;
    (void)air_hand(victim, frame + at, head + len + 8);
    (void)air_poll(victim);
}

static void tell(uint8_t kind)
{
    tell_as(LIAR, kind, ++sequence);
}

static void tell_frame(uint8_t kind)
{
    tell_as(LIAR_OF_FRAMES, kind, ++sequence);
}

static void add_head(uint16_t author, uint8_t kind, uint8_t slot, uint32_t boot, uint32_t counter,
                     uint16_t shape, uint8_t part)
{
    add(author, 2);
    add(kind, 1);
    add(slot, 1);
    add(boot, 4);
    add(counter, 4);
    add(shape, 2);
    add(part, 1);
}

static void add_load(uint16_t author, uint32_t boot, uint32_t counter, uint64_t injected)
{
    add_head(author, WEIR_KIND_LOAD, 0, boot, counter, 18, 0);
    add(injected, 8);
    add(0, 8);
    add(1, 2);
}

static void add_links(uint16_t author, uint32_t counter, unsigned links, uint16_t first,
                      uint16_t step, uint8_t generation)
{
    unsigned link;
    add_head(author, WEIR_KIND_LINKS, 0, 1, counter, (uint16_t)(4 + 11 * links), 0);
    add(0, 4);
    for (link = 0; link < links; link++) {
        add((uint64_t)first + link * step, 2);
        add(generation, 1);
        add(link * 1000, 4);
        add(UINT32_MAX - link, 4);
    }
}

enum { BEACON = 1, SUMMARY, LIST, RECORDS, PART, GOODBYE };

static void frames(struct trace *trace)
{
    unsigned kind, len;
    for (kind = 0; kind < 32; kind++) {
        for (len = 0; len <= 64; len += 13) {
            memset(body, (int)kind, sizeof body);
            body_len = len;
            tell_frame((uint8_t)((kind + SUMMARY) % 32)); /* beacons last: they make a stranger */
        }
    }
    tell_as(0, GOODBYE, 1);
    tell_as(65535, GOODBYE, 1);
    tell_as(1, GOODBYE, 1); /* the victim's own id */
    tell_frame(GOODBYE);
    tell_as(LIAR_OF_FRAMES, GOODBYE, sequence);      /* heard before */
    tell_as(LIAR_OF_FRAMES, GOODBYE, sequence - 63); /* at both ends of the window */
    tell_as(LIAR_OF_FRAMES, GOODBYE, sequence - 64);
    tell_as(LIAR_OF_FRAMES, GOODBYE, 0);
    /* Beacons of a mesh with other parameters, and a good question after them. */
    add(0, 2), add(1, 8), add(2, 2), add(1, 1);
    tell_frame(BEACON);
    add(1, 2), add(0, 8), add(0, 8), add(0, 8), add(0, 8), add(0, 8), add(0, 8);
    tell_frame(SUMMARY);
    air_note_station(victim);
    chapter(trace, "liar-frames");
}

static void records(struct trace *trace)
{
    static const uint8_t parts[] = { 0x13, 0x03, 0x03, 0x23, 0x33, 0x01, 0x11, 0xff, 0x0f, 0x20 };
    unsigned author;
    size_t at;
    add_load(LIAR, 1, 1, 5);
    tell(RECORDS);
    add_load(LIAR, 1, 1, 6); /* another value under that version, twice */
    tell(RECORDS);
    add_load(LIAR, 1, 1, 5);
    tell(RECORDS);
    add_load(LIAR, 0, 9, 7); /* older */
    tell(RECORDS);
    add_load(LIAR, 258, 1, 8); /* leaps: boot, and counter by one, and just not */
    tell(RECORDS);
    add_load(LIAR, 1, 0x40000000, 8);
    tell(RECORDS);
    add_load(LIAR, 257, 1, 8);
    tell(RECORDS);
    add_load(1, 1, 60, 1000); /* in the victim's name, again and far above */
    tell(RECORDS);
    add_load(1, 200, 60, 1000);
    tell(RECORDS);
    add_load(1, 1000, 60, 1000);
    tell(RECORDS);
    add_load(0, 1, 1, 1); /* nobody's */
    tell(RECORDS);
    add_links(LIAR, 3, 3, 1, 1, 2);
    tell(RECORDS);
    add_links(LIAR, 4, 3, 9, 0, 2); /* not ascending */
    tell(RECORDS);
    add_links(LIAR, 4, AIR_DEGREE + 1, 1, 1, 2); /* more links than a node may have */
    tell(RECORDS);
    add_links(LIAR, 4, 2, 1, 65533, 255);
    tell(RECORDS);
    add_head(LIAR, WEIR_KIND_LOAD, 0, 1, 5, 17, 0), add(0, 8), add(0, 8), add(0, 1);
    tell(RECORDS);
    add_head(LIAR, WEIR_KIND_LOAD, 7, 1, 5, 18, 0), add(0, 8), add(0, 8), add(0, 2);
    tell(RECORDS);
    add_head(LIAR, 99, 0, 1, 5, 3, 0), add(0, 3); /* a kind of later, then one of now */
    add_load(LIAR, 258, 6, 9);
    tell(RECORDS);
    add_head(LIAR, WEIR_KIND_NOTE, 0, 1, 5, 4, 0), add(0, 4); /* no signature */
    tell(RECORDS);
    add_head(LIAR, WEIR_KIND_NOTE, 0, 1, 5, 0x4004, 0), add(0, 4);
    memset(body + body_len, 9, 64);
    body_len += 64;
    tell(RECORDS);
    add_head(LIAR, WEIR_KIND_LOAD, 0, 1, 5, 0x3c12, 0), add(0, 18);
    tell(RECORDS);
    for (at = 0; at < sizeof parts; at++) {
        if (at == 4) { /* one part is missing: a stray one does not throw the others away */
            add_head(LIAR, WEIR_KIND_NOTE, 2, 1, 7, 0x4064, 0x13);
            add(0, 41);
            tell(PART);
        }
        add_head(LIAR, WEIR_KIND_NOTE, 1, 1, 7, 0x4064, parts[at]);
        memset(body + body_len, (int)at, 41); /* a quarter of 100 bytes and their signature */
        body_len += 41;
        tell(PART);
    }
    add_head(LIAR, WEIR_KIND_NOTE, 1, 1, 7, 0x4200, 0x0f); /* longer than notes are here */
    add(0, 36);
    tell(PART);
    air_note_station(victim);
    chapter(trace, "liar-records");
    for (author = 800; author < 800 + AIR_NODES + 2; author++) {
        add_load((uint16_t)author, 1, 1, author);
        tell(RECORDS);
    }
    for (author = 900; author < 900 + AIR_NEIGHBOURS + 2; author++) {
        add_load((uint16_t)author, 1, 1, author);
        tell_as((uint16_t)author, RECORDS, 1);
    }
    air_note_station(victim);
    chapter(trace, "liar-crowds");
}

unsigned mesh_liar(struct air *air, struct trace *trace)
{
    /* An own check of the seal: the victim took a frame of the liar only if both agree on it. */
    weir_mesh_stats stats;
    air_start(air, trace, 3, NULL);
    victim = &air->station[0];
    sequence = 0;
    air_run(air, 15000);
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    frames(trace);
    records(trace);
    air_run(air, 20000);
    DID(weir_mesh_get_stats(victim->mesh, &stats));
    CHECK(stats.refused[5] == 0); /* nothing failed authentication */
    air_note(air);
    chapter(trace, "liar");
    return checks_failed;
}
