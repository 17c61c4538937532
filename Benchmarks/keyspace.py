#!/usr/bin/env python3
"""Measures what many keys cost, beside Redis and memcached: batches of random keys, random Gets among
ten million keys, and the memory of an entry.

As in run.py the number that counts is the server's CPU time, or its memory; the contestants take
turns, medians are compared, and nothing fails for a number that is too large.
"""

import argparse
import json
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from sidebyside import CONNECTIONS, ROOT, SCRATCH, VALUE, BenchmarkError  # noqa: E402
from sidebyside import machine  # noqa: E402
from sidebyside.report import table  # noqa: E402
from sidebyside.servers import Larder, Memcached, Redis  # noqa: E402

BATCH = 100
BATCH_KEYS = 1_000_000
MANY_KEYS = 10_000_000
# Of keys and values together; what is above it is overhead.
ENTRY_BYTES = 16 + len(VALUE)
CHUNK = 20_000
# Too little for half as many keys again: about ten million entries stay.
EVICTING_MEMORY = "1536MiB"
PARTS = ["batches", "gets", "memory", "threads"]
TTL_SECONDS = 86_400


class LargeLarder(Larder):
    """By default with room for all keys."""

    # A node that has a snapshot accepts connections once it has restored it.
    start_seconds = 180

    def __init__(self, cpu, policy="s3-fifo", budget="3GiB", snapshots=None):
        self.policy, self.budget, self.snapshots = policy, budget, snapshots
        super().__init__(cpu)

    def arguments(self):
        file = pathlib.Path(self.folder) / "larder.yaml"
        file.write_text(f"namespaces: [{{name: ttl, default-ttl: {TTL_SECONDS}s}}]\n")
        flags = ["--snapshot-dir", self.snapshots] if self.snapshots else []
        return [*super().arguments(), "--memory", self.budget, "--policy", self.policy,
                "--config", str(file), *flags]

    def entries(self):
        """Entries in the store, and how many it has evicted."""
        spaces = json.loads(self.tell("status", "--json"))["namespaces"]
        return [sum(int(space[name]) for space in spaces) for name in ("entries", "evictions")]

    def tell(self, command, *flags):
        """Runs a command of larder on the node; returns what it prints."""
        done = subprocess.run(
            [self.find(), command, "--target", f"127.0.0.1:{self.port}", *flags],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchmarkError(f"larder {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def bench(self, cpu, *flags):
        """Runs `larder bench`; returns its report."""
        done = subprocess.run(
            ["taskset", "-c", str(cpu), self.find(), "bench", "--target",
             f"127.0.0.1:{self.port}", "--threads", "1", "--connections", str(CONNECTIONS),
             "--seed", "7", "--json", "--quiet", *flags],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchmarkError(f"larder bench {' '.join(flags)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def fill(self, cpu, keys, namespace=""):
        self.bench(cpu, "--preload", "--keys", str(keys), "--namespace", namespace,
                   "--duration", "100ms", "--warmup", "0")


class LargeRedis(Redis):
    def fill(self, first, end, ttl=None):
        tail = b"" if ttl is None else b"$2\r\nEX\r\n$5\r\n%d\r\n" % ttl
        words = 3 if ttl is None else 5
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            for start in range(first, end, CHUNK):
                part = range(start, min(start + CHUNK, end))
                connection.sendall(b"".join(
                    b"*%d\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$%d\r\n%s\r\n%s"
                    % (words, number, len(VALUE), VALUE, tail) for number in part))
                receive(connection, 5 * len(part))


class LargeMemcached(Memcached):
    def arguments(self):
        return [*super().arguments(), "-m", "4096"]

    def fill(self, first, end, ttl=0):
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            for start in range(first, end, CHUNK):
                part = range(start, min(start + CHUNK, end))
                connection.sendall(b"".join(
                    b"set key:%012d 0 %d %d\r\n%s\r\n" % (number, ttl, len(VALUE), VALUE)
                    for number in part))
                receive(connection, 8 * len(part))


def receive(connection, count):
    while count > 0:
        got = len(connection.recv(1 << 20))
        if got == 0:
            raise BenchmarkError("the server closed the connection while it was filled")
        count -= got


def resident_bytes(server):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE).group(1)) * 1024


def batches(cpus, rounds, seconds):
    """GetMany of 100 random keys, beside MGET: microseconds of server CPU time a key."""
    larder, redis = LargeLarder(cpus[0]), LargeRedis(cpus[0])
    results = {"larder-getmany": [], "redis-mget": []}
    try:
        larder.fill(cpus[1], BATCH_KEYS)
        redis.fill(0, BATCH_KEYS)
        for _ in range(rounds):
            before = larder.cpu_ns()
            report = larder.bench(
                cpus[1], "--mix", "getmany=1", "--batch", str(BATCH), "--keys", str(BATCH_KEYS),
                "--duration", f"{int(seconds * 1000)}ms", "--warmup", "0")
            spent = larder.cpu_ns() - before
            kind = report["kinds"]["getmany"]
            if kind["misses"] or kind["item_errors"]:
                raise BenchmarkError(f"larder lost keys: {kind}")
            results["larder-getmany"].append(spent / 1000 / kind["hits"])
            calls = int(30_000 * seconds)
            before = redis.cpu_ns()
            done = subprocess.run(
                ["taskset", "-c", str(cpus[1]), "redis-benchmark", "-p", str(redis.port), "-c",
                 str(CONNECTIONS), "-r", str(BATCH_KEYS), "-n", str(calls), "-q", "MGET",
                 *["key:__rand_int__"] * BATCH], capture_output=True, text=True)
            spent = redis.cpu_ns() - before
            if done.returncode != 0:
                raise BenchmarkError(f"redis-benchmark: {done.stdout}{done.stderr}")
            results["redis-mget"].append(spent / 1000 / calls / BATCH)
    finally:
        larder.stop()
        redis.stop()
    return results


def random_gets(cpus, rounds, seconds):
    """Get of random keys among ten million, beside one key's: microseconds a call."""
    larder = LargeLarder(cpus[0])
    results = {"larder-get-10M-keys": [], "larder-get-1-key": []}
    try:
        larder.fill(cpus[1], MANY_KEYS)
        for _ in range(rounds):
            for name, keys in (("larder-get-10M-keys", MANY_KEYS), ("larder-get-1-key", 1)):
                before = larder.cpu_ns()
                report = larder.bench(
                    cpus[1], "--mix", "get=1", "--keys", str(keys), "--streams", "32",
                    "--duration", f"{int(seconds * 1000)}ms", "--warmup", "0")
                spent = larder.cpu_ns() - before
                kind = report["kinds"]["get"]
                if kind["misses"]:
                    raise BenchmarkError(f"larder lost keys: {kind}")
                results[name].append(spent / 1000 / kind["hits"])
    finally:
        larder.stop()
    return results


def idle_bytes(cpu):
    """Of a node that has no entries, and no memory at hand for them."""
    larder = LargeLarder(cpu, budget="64MiB")
    try:
        return resident_bytes(larder)
    finally:
        larder.stop()


def overhead(larder, cpu, keys=MANY_KEYS):
    """What an entry takes when so many keys have been written, half of them with a TTL."""
    try:
        before = idle_bytes(cpu)
        larder.fill(cpu, keys // 2)
        larder.fill(cpu, keys // 2, "ttl")
        entries, evictions = larder.entries()
        if entries + evictions < keys or (keys > MANY_KEYS) != (evictions > 0):
            raise BenchmarkError(f"larder has {entries} entries, and has evicted {evictions}")
        return (resident_bytes(larder) - before) / entries - ENTRY_BYTES
    finally:
        larder.stop()


def restored_overhead(cpus):
    """The same on a node that has all entries from a snapshot."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as snapshots:
        before = idle_bytes(cpus[0])
        larder = LargeLarder(cpus[0], snapshots=snapshots)
        try:
            larder.fill(cpus[1], MANY_KEYS // 2)
            larder.fill(cpus[1], MANY_KEYS // 2, "ttl")
            # Now, for the one that the node writes when it stops may take too long for `stop`.
            larder.tell("snapshot")
        finally:
            larder.stop()
        larder = LargeLarder(cpus[0], snapshots=snapshots)
        try:
            entries = larder.entries()[0]
            if entries < MANY_KEYS:
                raise BenchmarkError(f"{entries} of {MANY_KEYS} entries were restored")
            return (resident_bytes(larder) - before) / entries - ENTRY_BYTES
        finally:
            larder.stop()


def memory(cpus):
    """Resident bytes an entry, without those of its key and value; half of them have a TTL."""
    results = {}
    for policy in ("s3-fifo", "lru", "w-tinylfu"):
        results[f"larder {policy}"] = overhead(LargeLarder(cpus[0], policy), cpus[1])
    results["larder s3-fifo, evicting"] = overhead(
        LargeLarder(cpus[0], budget=EVICTING_MEMORY), cpus[1], MANY_KEYS * 3 // 2)
    results["larder s3-fifo, restored"] = restored_overhead(cpus)
    for kind in (LargeRedis, LargeMemcached):
        server = kind(cpus[0])
        try:
            before = resident_bytes(server)
            server.fill(0, MANY_KEYS // 2)
            server.fill(MANY_KEYS // 2, MANY_KEYS, TTL_SECONDS)
            grown = resident_bytes(server) - before
        finally:
            server.stop()
        results[server.name] = grown / MANY_KEYS - ENTRY_BYTES
    return results


def threads(seconds):
    """How much a second thread adds on one store, beside two threads with a store each."""
    program = ROOT / ".build/release/store-driver"
    if not program.exists():
        raise BenchmarkError(f"{program} does not exist; run `scripts/release.sh store-driver`")
    subprocess.run([str(program), "scale", str(seconds)], check=True)


def compare(results, first, second, bar):
    ratio = statistics.median(results[first]) / statistics.median(results[second])
    return [f"{first} / {second}", f"{ratio:.2f}", f"<= {bar:.2f}", "ok" if ratio <= bar else "above"]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="1 s a measurement in place of 3")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument(
        "--only", choices=PARTS, action="append", metavar="NAME",
        help=", ".join(PARTS) + "; may be repeated")
    parser.add_argument(
        "--larder", default=str(ROOT / ".build/release/larder"), metavar="PATH",
        help="the executable to measure; default: the release build of this tree")
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    cpus = machine.two_cpus()
    if cpus is None:
        raise BenchmarkError("two CPUs are needed: one for the server, one for the load")
    SCRATCH.mkdir(exist_ok=True)
    Larder.program = str(pathlib.Path(options.larder).resolve())
    chosen = options.only or PARTS
    seconds = 1 if options.quick else 3
    times, bars = {}, []
    if "batches" in chosen:
        times |= batches(cpus, options.rounds, seconds)
        bars.append(compare(times, "larder-getmany", "redis-mget", 0.5))
    if "gets" in chosen:
        times |= random_gets(cpus, options.rounds, seconds)
        bars.append(compare(times, "larder-get-10M-keys", "larder-get-1-key", 1.5))
    if times:
        print(table(["server CPU, us a key", "median", "min-max"], [
            [name, f"{statistics.median(all_of):.3f}", f"{min(all_of):.3f}-{max(all_of):.3f}"]
            for name, all_of in times.items()]))
        print()
        print(table(["ratio", "measured", "bar", ""], bars))
    if "memory" in chosen:
        print()
        print(table(
            [f"{MANY_KEYS:,} entries, {ENTRY_BYTES} bytes of key and value each", "overhead bytes"],
            [[name, f"{overhead:.1f}"] for name, overhead in memory(cpus).items()]))
    if "threads" in chosen:
        print()
        threads(seconds)


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as error:
        sys.exit(f"\nbench: {error}")
    except KeyboardInterrupt:
        sys.exit("\nbench: interrupted")
