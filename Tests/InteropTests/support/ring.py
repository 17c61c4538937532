"""Who owns a key: the rule of the ring, in as few lines as there are, to compare the nodes with.

XXH64 is written from its specification
(https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), with seed 0.
"""

import bisect
import functools
import struct

MASK = (1 << 64) - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
POINTS = 2048


def rotate(value, by):
    value &= MASK
    return (value << by | value >> (64 - by)) & MASK


def mix(accumulator, lane):
    return rotate(accumulator + lane * P2, 31) * P1 & MASK


def xxh64(data):
    rest, length = data, len(data)
    if length >= 32:
        lanes = [P1 + P2 & MASK, P2, 0, -P1 & MASK]
        while len(rest) >= 32:
            lanes = [mix(a, b) for a, b in zip(lanes, struct.unpack("<4Q", rest[:32]))]
            rest = rest[32:]
        value = sum(rotate(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            value = (value ^ mix(0, lane)) * P1 + P4 & MASK
    else:
        value = P5
    value = value + length & MASK
    while len(rest) >= 8:
        value = rotate(value ^ mix(0, struct.unpack("<Q", rest[:8])[0]), 27) * P1 + P4 & MASK
        rest = rest[8:]
    if len(rest) >= 4:
        value = rotate(value ^ struct.unpack("<I", rest[:4])[0] * P1, 23) * P2 + P3 & MASK
        rest = rest[4:]
    for byte in rest:
        value = rotate(value ^ byte * P5, 11) * P1 & MASK
    value = (value ^ value >> 33) * P2 & MASK
    value = (value ^ value >> 29) * P3 & MASK
    return value ^ value >> 32


@functools.lru_cache
def points(members, weights):
    return sorted(
        (xxh64(f"{member}_{number}".encode()), member)
        for member, weight in zip(members, weights) for number in range(points_of(weight)))


def points_of(weight):
    """How many points a member of this weight has."""
    return max(1, round(weight * POINTS))


def owner_of(key, members, weights=None):
    """The place in `members` of the one that owns a key of the default namespace. Weights are of the
    members in their order; without them all are equal."""
    ring = points(tuple(members), tuple(weights or [1] * len(members)))
    found = bisect.bisect_left(ring, (xxh64(key.encode()), ""))
    return list(members).index(ring[found % len(ring)][1])
