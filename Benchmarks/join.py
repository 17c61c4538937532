#!/usr/bin/env python3
"""What a cluster's clients notice of a node that joins, and what it costs to have it.

Real nodes and a real etcd over loopback, one event loop each. First three nodes with many entries get a
fourth, while clients read at a fixed rate that keeps half of the cores busy: hits and p99 before, during and
after, and whether anything is lost. Then ten nodes get an eleventh: bytes sent beside the bytes that have
changed owner.

Nodes and clients share the cores. A process that starts takes time of them, which with a machine of its own
it would not: so in half of the rounds the fourth node starts while clients warm up, with etcd out of its reach,
and joins as the measurement begins. In the other half it starts then. All measurements last equally long.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time
from concurrent import futures

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "InteropTests"))

from support import stubs  # noqa: E402

stubs.generate()

from support.etcd import Etcd  # noqa: E402
from support.members import Members  # noqa: E402
from support.node import binary, wait_until  # noqa: E402
from support.pages import scrape  # noqa: E402
from support.proxy import Proxy  # noqa: E402

KEY_BYTES, VALUE_BYTES = 16, 100
FLAGS = ["--loops", "1", "--memory", "1GiB", "--lease-ttl", "60s"]
HALF = 0.5
# A rate that no machine of today fails at, from which to look for the one that keeps it half busy.
FIRST_RATE = 10_000
# Between two looks at whether all is done.
LOOK_SECONDS = 0.5
WARMUP_SECONDS = 1
TEN = 10
TEN_ENTRIES = 200_000


def bench(members, entries, *flags):
    """One run of `larder bench`: what it reports."""
    command = [
        binary(), "bench", "--target", members.nodes[0].target, "--keys", str(entries), "--key-size",
        str(KEY_BYTES), "--value-size", f"{VALUE_BYTES}B", "--json", "--quiet", *flags]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def load(members, entries):
    bench(members, entries, "--preload", "--mix", "get=1", "--duration", "1s")


def read(members, entries, seconds, rate):
    return bench(
        members, entries, "--mix", "get=1", "--duration", f"{seconds}s", "--warmup",
        f"{WARMUP_SECONDS}s", "--connections", "16", "--streams", "32", "--rate", str(rate))


def processor_seconds(members):
    """What the nodes, and the processes that have called them, have used."""
    nodes = 0
    for node in members.nodes:
        fields = pathlib.Path(f"/proc/{node.process.pid}/stat").read_text().rpartition(")")[2].split()
        nodes += int(fields[11]) + int(fields[12])
    callers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return nodes / os.sysconf("SC_CLK_TCK") + callers.ru_utime + callers.ru_stime


def half_load(members, entries):
    """Reads a second that keep half of the cores busy. More of them than that cost less each."""
    rate = FIRST_RATE
    for _ in range(4):
        used, start = processor_seconds(members), time.monotonic()
        read(members, entries, 2, rate)
        took = time.monotonic() - start
        busy = (processor_seconds(members) - used) / took / os.cpu_count()
        rate = int(rate * min(2.0, HALF / busy))
    return rate


def total(members, name, *indexes, **labels):
    """A metric, summed over nodes."""
    return sum(
        value for index in indexes or range(len(members.nodes))
        for (found, pairs), value in scrape(members.nodes[index]).values.items()
        if found == name and labels.items() <= dict(pairs).items())


def hit_ratio(report):
    return report["total"]["hits"] / report["total"]["keys"]


def settle(members, entries):
    """Waits until all entries are where they belong."""
    def is_settled():
        # To read a page of metrics costs several milliseconds, here and at the node.
        time.sleep(LOOK_SECONDS)
        return not total(members, "larder_handover_migrations") and (
            total(members, "larder_entries") == entries)

    wait_until(is_settled, f"{entries} entries in all, each on one node")


def in_time(seconds, do, started=None):
    time.sleep(seconds)
    if started and not started.done():
        raise RuntimeError(f"the fourth node takes longer than {seconds} s to start")
    do()


def measure_clients(etcd, entries, seconds, rate, flags, starts_within):
    """How many times the quiet p99 that of clients is while a node joins."""
    with Proxy(int(etcd.address.rpartition(":")[2])) as proxy, (
            Members(etcd, "join-clients", 3, *FLAGS, *flags)) as members:
        load(members, entries)
        settle(members, entries)
        rate = rate or half_load(members, entries)
        reports = {"before": read(members, entries, seconds, rate)}
        with futures.ThreadPoolExecutor() as pool:
            if starts_within:
                joined = pool.submit(in_time, WARMUP_SECONDS, members.add)
            else:
                proxy.cut()
                started = pool.submit(members.add, etcd=proxy.address)
                joined = pool.submit(in_time, WARMUP_SECONDS, proxy.heal, started)
            reports["during"] = read(members, entries, seconds, rate)
            joined.result()
        assert len(members.nodes) == 4
        moved = total(members, "larder_entries", 3)
        settle(members, entries)
        share = total(members, "larder_entries", 3)
        assert share, "the node has not joined"
        reports["after"] = read(members, entries, seconds, rate)
        print(f"{entries:,} entries of {VALUE_BYTES} bytes on three nodes; a fourth "
              f"{'starts and ' if starts_within else ''}comes, and has {moved / share:.0%} of its share, "
              f"{share:,.0f}, at the end of {seconds} s")
        print(f"| {rate:7,} reads/s | hit ratio |  p50 us |  p99 us | failed |")
        print("| --------------- | --------: | ------: | ------: | -----: |")
        p99 = {}
        for name, report in reports.items():
            latency = report["total"]["latency_us"]
            p99[name] = latency["p99"]
            print(f"| {name:15} | {hit_ratio(report):9.5f} | {latency['p50']:7,.0f} "
                  f"| {latency['p99']:7,.0f} | {json.dumps(report['errors']):6} |", flush=True)
        return p99["during"] / statistics.mean([p99["before"], p99["after"]])


def measure_bytes(etcd):
    with Members(etcd, "join-bytes", TEN, *FLAGS) as members:
        load(members, TEN_ENTRIES)
        newest = members.add()
        wait_until(
            lambda: total(members, "larder_handover_bytes_total", newest, direction="inbound"),
            "something has come")
        settle(members, TEN_ENTRIES)
        moved = total(members, "larder_entries", TEN)
        sent = total(members, "larder_handover_bytes_total", *range(TEN), direction="outbound")
        content = moved * (KEY_BYTES + VALUE_BYTES)
        print(f"ten nodes get an eleventh: {moved:,.0f} of {TEN_ENTRIES:,} entries change owner, which "
              f"is {moved / TEN_ENTRIES * (TEN + 1):.2f} of its share; {sent / content:.3f} bytes are "
              "sent for each byte of keys and values")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument(
        "--rounds", type=int, default=5, help="of either way to begin, each with nodes of its own")
    parser.add_argument(
        "--rate", type=int, help="reads per second; else what keeps half of the cores busy")
    parser.add_argument(
        "--migration-rate", default=None, help="of the nodes; by default as they come")
    parser.add_argument("--only", choices=["clients", "bytes"])
    arguments = parser.parse_args()
    moves_at = arguments.migration_rate
    with Etcd() as etcd:
        if arguments.only != "bytes":
            flags = ["--migration-rate", moves_at] if moves_at else []
            for starts_within in (False, True):
                ratios = [
                    measure_clients(
                        etcd, arguments.entries, arguments.seconds, arguments.rate, flags, starts_within)
                    for _ in range(arguments.rounds)]
                begin = "start and join" if starts_within else "join"
                print(f"p99 during a {begin} is {statistics.median(ratios):.2f} times the mean of those "
                      f"before and after; median of {sorted(round(ratio, 2) for ratio in ratios)}")
        if arguments.only != "clients":
            measure_bytes(etcd)


if __name__ == "__main__":
    main()
