"""Verify ed25519 signatures (RFC 8032), so that the checker needs no library either.

Only public things are computed here, so nothing needs to run in constant time.
"""
import hashlib
from functools import lru_cache

P = 2 ** 255 - 19
ORDER = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(p, q):
    """Sum of two points in extended coordinates (x, y, z, t)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    """Multiple of a point."""
    result = (0, 1, 1, 0)
    while number > 0:
        if number & 1:
            result = add(result, point)
        point = add(point, point)
        number >>= 1
    return result


def decode(text):
    """The point of 32 bytes, or None."""
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def encode(point):
    """The 32 bytes of a point."""
    x, y = (c * pow(point[2], -1, P) % P for c in point[:2])
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


@lru_cache(maxsize=None)
def public_key(seed):
    """The public key that belongs to a seed of 32 bytes."""
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return encode(times(number & (1 << 254) - 8 | 1 << 254, BASE))


@lru_cache(maxsize=None)
def verify(key, message, signature):
    """Whether `signature` is one of `message` under `key`."""
    owner, r = decode(key), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if owner is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    return encode(times(s, BASE)) == encode(add(r, times(k, owner)))
