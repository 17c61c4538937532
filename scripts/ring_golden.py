#!/usr/bin/env python3
"""Prints what Tests/HashRingTests/GoldenTests.swift expects of the ring.

Computed from the rule alone, with the reference implementation of XXH64 and the slowest look-up
there is, so that it shares no idea with Sources/HashRing. Needs the package xxhash:

    python3 -m venv /tmp/ring && /tmp/ring/bin/pip install xxhash
    /tmp/ring/bin/python scripts/ring_golden.py
"""

import math
import struct

import xxhash

POINTS_PER_WEIGHT = 2048
CIRCLE = 1 << 64

# id (the ring key too), zone, weight
RINGS = {
    "threeNodes": [("10.0.0.1:7600", "", 1), ("10.0.0.2:7600", "", 1), ("10.0.0.3:7600", "", 1)],
    "twoZones": [
        ("larder-0.larder:7600", "eu-1", 1), ("larder-1.larder:7600", "eu-2", 0.5),
        ("larder-2.larder:7600", "eu-1", 2), ("larder-3.larder:7600", "eu-2", 0.3),
        ("larder-10.larder:7600", "", 1.7),
    ],
    "lightNodes": [("a", "", 0.0001), ("b", "", 0.001), ("c", "", 0.00073)],
}
KEYS = [f"user:{number}" for number in range(8)]
OWNERS = 4


def points(nodes):
    """(position, node, number) of every point, in ring order."""
    return sorted(
        (xxhash.xxh64_intdigest(f"{key}_{number}".encode(), 0), node, number)
        for node, (key, _, weight) in enumerate(nodes)
        for number in range(max(1, math.floor(weight * POINTS_PER_WEIGHT + 0.5)))
    )


def owners(nodes, ring, hashed):
    """The next distinct nodes, distinct zones first, then those passed over."""
    order = []
    for _, node, _ in sorted(ring, key=lambda point: ((point[0] - hashed) % CIRCLE, point[1])):
        if node not in order:
            order.append(node)
    zones = [nodes[node][1] for node in order]
    first = [node for at, node in enumerate(order) if zones[at] not in zones[:at]]
    return (first + [node for node in order if node not in first])[:OWNERS]


def shares(nodes, ring):
    """Each node's part of the circle."""
    lengths = [0] * len(nodes)
    for at, (position, node, _) in enumerate(ring):
        lengths[node] += (position - ring[at - 1][0]) % CIRCLE
    assert sum(lengths) == CIRCLE
    return [length / CIRCLE for length in lengths]


def main():
    for name, nodes in RINGS.items():
        nodes = sorted(nodes, key=lambda node: node[0].encode())
        ring = points(nodes)
        packed = b"".join(struct.pack("<QHI", *point) for point in ring)
        print(f"{name}: {', '.join(node[0] for node in nodes)}")
        print(f"  points {len(ring)}, digest 0x{xxhash.xxh64_intdigest(packed, 0):016X}")
        print(f"  shares {shares(nodes, ring)}")
        for key in KEYS:
            hashed = xxhash.xxh64_intdigest(key.encode(), 0)
            print(f"  {key}: {owners(nodes, ring, hashed)}")


if __name__ == "__main__":
    main()
