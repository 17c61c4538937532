#!/usr/bin/env python3
"""Hit ratios of Larder's policies beside an independent implementation of them, libcachesim.

For each trace at 1, 5 and 20 per cent of its distinct keys: what `larder simulate` finds, what
libcachesim's LRU, S3-FIFO, SIEVE and W-TinyLFU find, and the best of those and of ARC, LIRS and 2Q.
Exits 1 where LRU or SIEVE differ at all, or S3-FIFO by more than half a point. Below 20 entries
libcachesim's S3-FIFO, whose small queue then has room for one, takes in nothing: not compared.

Needs the traces (--traces, by default ../shared/traces) and the PyPI package libcachesim, which
`make hit-ratio` installs into .build-hit-ratio; without either it says so and exits 0.
"""

import argparse
import gzip
import json
import pathlib
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARES = (1, 5, 20)
# Ours, and its counterpart with the difference that is allowed, in points. libcachesim's W-TinyLFU
# has a window of one size; ours moves, so the two are not the same policy.
POLICIES = {
    "lru": ("LRU", 0.005),
    "s3-fifo": ("S3FIFO", 0.5),
    "sieve": ("Sieve", 0.005),
    "w-tinylfu": ("WTinyLFU", None),
    "lru2": (None, None),
}
OTHERS = ("ARC", "LIRS", "TwoQ")
S3_FIFO_ENTRIES_MIN = 20
DEFAULT = "s3-fifo"


def skip(reason):
    print(f"hit-ratio: skipped: {reason}")
    sys.exit(0)


def reference(libcachesim, algorithm, keys, size):
    """The hit ratio in per cent."""
    cache = getattr(libcachesim, algorithm)(cache_size=size)
    request = libcachesim.Request()
    request.obj_size = 1
    hits = 0
    for key in keys:
        request.obj_id = key
        hits += bool(cache.get(request))
    return 100 * hits / len(keys)


def simulate(path, sizes):
    """By size and policy, in per cent."""
    command = [
        ROOT / ".build/release/larder", "simulate", path, "--json",
        "--size", ",".join(map(str, sizes)), "--policy", ",".join(POLICIES),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return {
        row["entries"]: {policy: 100 * row[policy] for policy in POLICIES}
        for row in json.loads(done.stdout)["results"]
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=pathlib.Path, default=ROOT.parent / "shared/traces")
    parser.add_argument("--only", help="traces whose name holds this")
    arguments = parser.parse_args()
    try:
        import libcachesim
    except ImportError:
        skip("the PyPI package libcachesim is not installed")
    paths = sorted(
        path
        for path in arguments.traces.glob("*.u32.gz")
        if (arguments.only or "") in path.name
    )
    if not paths:
        skip(f"no traces in {arguments.traces}")

    behind = {policy: [] for policy in POLICIES}
    breaches = []
    columns = [f"{policy:>17}" for policy in POLICIES]
    print(f"{'trace':<10} {'entries':>8} {'best':>14} " + " ".join(columns))
    for path in paths:
        name = path.name.split(".")[0]
        data = gzip.decompress(path.read_bytes())
        keys = struct.unpack(f"<{len(data) // 4}I", data)
        distinct = len(set(keys))
        sizes = [max(1, round(distinct * share / 100)) for share in SHARES]
        if name == "oltp":
            sizes += [1000, 2000]
        ours = simulate(path, sizes)
        for size in sizes:
            theirs = {
                algorithm: reference(libcachesim, algorithm, keys, size)
                for algorithm in [a for a, _ in POLICIES.values() if a] + list(OTHERS)
            }
            best = max(theirs, key=theirs.get)
            cells = []
            for policy, (algorithm, allowed) in POLICIES.items():
                ratio = ours[size][policy]
                if algorithm is None:
                    cells.append(f"{ratio:>17.2f}")
                    continue
                cells.append(f"{ratio:>8.2f} {'/' + format(theirs[algorithm], '.2f'):>8}")
                difference = f"{name} at {size}: {policy} {ratio:.2f}, libcachesim" + (
                    f" {theirs[algorithm]:.2f}"
                )
                gap = abs(ratio - theirs[algorithm])
                if algorithm == "S3FIFO" and size < S3_FIFO_ENTRIES_MIN:
                    continue
                if allowed is not None and gap > allowed:
                    breaches.append(difference)
            print(
                f"{name:<10} {size:>8} {theirs[best]:>6.2f} {best:>7} " + " ".join(cells),
                flush=True,
            )
            if size in sizes[: len(SHARES)]:
                for policy, gaps in behind.items():
                    gaps.append(theirs[best] - ours[size][policy])
    print(f"\nagainst the best at each of {len(behind[DEFAULT])} points; {DEFAULT} is the default")
    for policy, gaps in behind.items():
        print(
            f"{policy:>10}: within 1.0 at {sum(gap <= 1 for gap in gaps)},"
            f" {sum(gaps) / len(gaps):.2f} below on average, {max(gaps):.2f} at most"
        )
    for breach in breaches:
        print(f"hit-ratio: differs too much: {breach}", file=sys.stderr)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
