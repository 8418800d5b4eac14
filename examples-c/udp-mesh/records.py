"""Records as the format says, written again from the document alone: hashes and the two ledgers."""
import struct

MASK = 2 ** 64 - 1
LOAD, LINKS, NOTE = 1, 2, 16


def rotate(x, bits):
    return (x << bits | x >> 64 - bits) & MASK


def sip_round(v0, v1, v2, v3):
    v0 = v0 + v1 & MASK
    v1 = rotate(v1, 13) ^ v0
    v0 = rotate(v0, 32)
    v2 = v2 + v3 & MASK
    v3 = rotate(v3, 16) ^ v2
    v0 = v0 + v3 & MASK
    v3 = rotate(v3, 21) ^ v0
    v2 = v2 + v1 & MASK
    v1 = rotate(v1, 17) ^ v2
    v2 = rotate(v2, 32)
    return v0, v1, v2, v3


def siphash24(k0, k1, message):
    """SipHash-2-4 with a result of 64 bits (Aumasson, Bernstein 2012)."""
    v = (k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
         k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573)
    padded = message + bytes(-(len(message) + 1) % 8) + bytes([len(message) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v = (v[0], v[1], v[2], v[3] ^ word)
        v = sip_round(*sip_round(*v))
        v = (v[0] ^ word, v[1], v[2], v[3])
    v = (v[0], v[1], v[2] ^ 255, v[3])
    for _ in range(4):
        v = sip_round(*v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


# The example of appendix A of the paper: key 00..0f, message 00..0e.
assert siphash24(*struct.unpack("<QQ", bytes(range(16))), bytes(range(15))) == 0xa129ca6149be45e5

DOMAIN = int.from_bytes(b"weir/rec", "little")


def head(author, kind, slot, boot, counter):
    """Place and version of a record."""
    return struct.pack("<HBBII", author, kind, slot, boot, counter)


def record_hash(mesh_id, author, kind, slot, boot, counter, payload):
    """The hash that orders equal versions and adds up to the digest."""
    return siphash24(mesh_id, DOMAIN, head(author, kind, slot, boot, counter) + payload)


def signed_message(mesh_id, author, kind, slot, boot, counter, payload):
    """What the signature of a record is over."""
    return (b"weir/sig" + struct.pack("<Q", mesh_id) + head(author, kind, slot, boot, counter)
            + struct.pack("<H", len(payload)) + payload)


def load(payload):
    """(injected, done, capacity) of a LOAD payload."""
    return struct.unpack("<qqH", payload)


def links(payload):
    """(carried, [(neighbour, generation, sent, acked)]) of a LINKS payload."""
    return (struct.unpack_from("<I", payload)[0],
            list(struct.iter_unpack("<HBII", payload[4:])))


def signed32(value):
    """`value` modulo 2^32, read as a number of two's complement."""
    return (value + 2 ** 31) % 2 ** 32 - 2 ** 31
