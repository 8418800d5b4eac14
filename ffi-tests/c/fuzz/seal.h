/* What a member of the mesh can do: the wire format written a second time, from docs and standards,
 * so that frames with any content pass the seal, and what a node sends is read by somebody else. */
#ifndef FUZZ_SEAL_H
#define FUZZ_SEAL_H

#include "input.h"

#define FRAME_BEACON 1
#define FRAME_SUMMARY 2
#define FRAME_LIST 3
#define FRAME_RECORDS 4
#define FRAME_PART 5
#define FRAME_GOODBYE 6

static inline uint64_t get64(const uint8_t *at, size_t len)
{
    uint64_t value = 0;
    while (len--) {
        value = (value << 8) | at[len];
    }
    return value;
}

static inline uint8_t *put(uint8_t *at, uint64_t value, size_t len)
{
    while (len--) {
        *at++ = (uint8_t)value;
        value >>= 8;
    }
    return at;
}

static inline uint64_t turned(uint64_t x, unsigned right)
{
    return (x >> right) | (x << (64 - right));
}

/* SipHash-2-4 (Aumasson, Bernstein 2012). */
static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = turned(v[1], 51) ^ v[0];
    v[0] = turned(v[0], 32);
    v[2] += v[3];
    v[3] = turned(v[3], 48) ^ v[2];
    v[0] += v[3];
    v[3] = turned(v[3], 43) ^ v[0];
    v[2] += v[1];
    v[1] = turned(v[1], 47) ^ v[2];
    v[2] = turned(v[2], 32);
}

/* The hash of a mesh: its id and "weir/rec" are the key. */
static inline uint64_t keyed_hash(uint64_t mesh_id, const uint8_t *bytes, size_t len)
{
    const uint64_t second = get64((const uint8_t *)"weir/rec", 8);
    uint64_t v[4], word;
    size_t at;
    v[0] = mesh_id ^ UINT64_C(0x736f6d6570736575);
    v[1] = second ^ UINT64_C(0x646f72616e646f6d);
    v[2] = mesh_id ^ UINT64_C(0x6c7967656e657261);
    v[3] = second ^ UINT64_C(0x7465646279746573);
    for (at = 0; at <= len; at += 8) {
        size_t left = len - at;
        word = left < 8 ? get64(bytes + at, left) | ((uint64_t)(len & 255) << 56)
                        : get64(bytes + at, 8);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 255;
    for (at = 0; at < 4; at++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Ascon-AEAD128 (NIST SP 800-232). */
static inline void ascon_permute(uint64_t s[5], unsigned rounds)
{
    unsigned round, at;
    for (round = 12 - rounds; round < 12; round++) {
        static const unsigned turn[5][2] = {
            { 19, 28 }, { 61, 39 }, { 1, 6 }, { 10, 17 }, { 7, 41 }
        };
        uint64_t t[5];
        s[2] ^= 0xf0u - 15u * round;
        s[0] ^= s[4];
        s[4] ^= s[3];
        s[2] ^= s[1];
        for (at = 0; at < 5; at++) {
            t[at] = s[at] ^ (~s[(at + 1) % 5] & s[(at + 2) % 5]);
        }
        t[1] ^= t[0];
        t[0] ^= t[4];
        t[3] ^= t[2];
        t[2] = ~t[2];
        for (at = 0; at < 5; at++) {
            s[at] = t[at] ^ turned(t[at], turn[at][0]) ^ turned(t[at], turn[at][1]);
        }
    }
}

/* Up to 16 bytes as two words, with the one bit that marks the end of fewer. */
static inline void ascon_words(const uint8_t *at, size_t len, uint64_t word[2])
{
    uint8_t block[16] = { 0 };
    memcpy(block, at, len);
    if (len < 16) {
        block[len] = 1;
    }
    word[0] = get64(block, 8);
    word[1] = get64(block + 8, 8);
}

/* Turns `body` into the other of plain and sealed; gives the tag that belongs to both. */
static inline void ascon(const uint8_t key[16], const uint8_t nonce[16], const uint8_t *data,
                         size_t data_len, uint8_t *body, size_t len, int sealing, uint8_t tag[16])
{
    const uint64_t k[2] = { get64(key, 8), get64(key + 8, 8) };
    uint64_t s[5], word[2] = { 0, 0 };
    size_t at, more;
    s[0] = UINT64_C(0x00001000808c0001);
    s[1] = k[0];
    s[2] = k[1];
    s[3] = get64(nonce, 8);
    s[4] = get64(nonce + 8, 8);
    ascon_permute(s, 12);
    s[3] ^= k[0];
    s[4] ^= k[1];
    for (at = 0; data_len && at <= data_len; at += 16) {
        ascon_words(data + at, data_len - at < 16 ? data_len - at : 16, word);
        s[0] ^= word[0];
        s[1] ^= word[1];
        ascon_permute(s, 8);
    }
    s[4] ^= UINT64_C(1) << 63;
    for (at = 0; at <= len; at += 16) {
        size_t here = len - at < 16 ? len - at : 16;
        uint8_t stream[16];
        put(put(stream, s[0], 8), s[1], 8);
        if (sealing) {
            ascon_words(body + at, here, word);
        }
        for (more = 0; more < here; more++) {
            body[at + more] ^= stream[more];
        }
        if (!sealing) {
            ascon_words(body + at, here, word);
        }
        s[0] ^= word[0];
        s[1] ^= word[1];
        if (here == 16) {
            ascon_permute(s, 8);
        }
    }
    s[2] ^= k[0];
    s[3] ^= k[1];
    ascon_permute(s, 12);
    put(put(tag, s[3] ^ k[0], 8), s[4] ^ k[1], 8);
}

/* Who seals: any member under any id. */
struct member {
    uint64_t mesh_id;
    uint64_t session;
    const uint8_t *key;
    uint32_t sequence;
    uint16_t id;
    uint8_t slot;
    uint8_t tag;
};

/* The seal over `frame` with `clear` bytes in front, turned either way; the tag goes to `tag`. */
static inline void turn_seal(const struct member *from, uint8_t *frame, size_t clear, size_t end,
                             int sealing, uint8_t tag[16])
{
    uint8_t nonce[16] = { 0 }, data[32];
    put(put(put(nonce, from->id, 2), from->session, 8), from->sequence, 4);
    memcpy(put(data, from->mesh_id, 8), frame, clear);
    ascon(from->key, nonce, data, clear + 8, frame + clear, end - clear, sealing, tag);
}

/* Writes a sealed frame of any kind (5 bits) and body; returns its length. */
static inline size_t seal(struct member *from, uint8_t kind, const uint8_t *body, size_t len,
                          uint8_t *frame)
{
    uint8_t tag[16], *at = frame;
    uint64_t hint;
    size_t clear;
    *at++ = (uint8_t)((1 << 5) | (kind & 31));
    hint = keyed_hash(from->mesh_id, (const uint8_t *)"hint", 4);
    *at++ = (uint8_t)(((unsigned)from->slot << 6) | (hint & 63));
    at = put(at, from->id, 2);
    at = put(at, from->session, 2);
    at = put(at, from->sequence, 4);
    if ((kind & 31) == FRAME_BEACON) {
        at = put(at, from->session >> 16, 6);
    }
    clear = (size_t)(at - frame);
    memcpy(at, body, len);
    turn_seal(from, frame, clear, clear + len, 1, tag);
    memcpy(at + len, tag, from->tag);
    from->sequence++;
    return clear + len + from->tag;
}

/* Opens a frame of `from`'s in place; returns the place of the body, or 0 if the seal is broken. */
static inline size_t unseal(struct member *from, uint8_t *frame, size_t len, size_t *body_len)
{
    size_t clear = (frame[0] & 31) == FRAME_BEACON ? 16 : 10;
    uint8_t tag[16];
    if (len < clear + from->tag) {
        return 0;
    }
    from->sequence = (uint32_t)get64(frame + 6, 4);
    *body_len = len - clear - from->tag;
    turn_seal(from, frame, clear, clear + *body_len, 0, tag);
    return memcmp(tag, frame + len - from->tag, from->tag) == 0 ? clear : 0;
}

/* What a BEACON says of the three mesh parameters. */
static inline uint16_t parameters_hash(uint64_t mesh_id, const weir_mesh_config *config)
{
    uint8_t bytes[16] = { 'p', 'a', 'r', 'a', 'm', 'e', 't', 'e', 'r', 's' };
    put(put(put(bytes + 10, config->max_nodes, 2), config->max_degree, 2), config->fill, 2);
    return (uint16_t)keyed_hash(mesh_id, bytes, 16);
}

/* The hash of a record, of which the digest of a store is the sum. */
static inline uint64_t record_hash(uint64_t mesh_id, const weir_record *record)
{
    uint8_t bytes[12 + 512], *at = bytes;
    at = put(at, record->author, 2);
    at = put(at, record->kind, 1);
    at = put(at, record->slot, 1);
    at = put(put(at, record->boot, 4), record->counter, 4);
    memcpy(at, record->payload, record->len);
    return keyed_hash(mesh_id, bytes, 12u + record->len);
}

#endif
