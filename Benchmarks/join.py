#!/usr/bin/env python3
"""What a cluster's clients notice of a node that joins, and what it costs to have it.

Real nodes and a real etcd over loopback, one event loop each. First three nodes with many entries get a
fourth, while clients read at a fixed rate that keeps half of the cores busy: hits and p99 before, during and
after, and whether anything is lost. "During" begins as the node is started, and lasts as long as the others.
Then ten nodes get an eleventh: bytes sent beside the bytes that have changed owner.

Nodes and clients share the cores: the process that starts takes its part of them from the others.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "InteropTests"))

from support import stubs  # noqa: E402

stubs.generate()

from support.etcd import Etcd  # noqa: E402
from support.members import Members  # noqa: E402
from support.node import binary, wait_until  # noqa: E402
from support.pages import scrape  # noqa: E402

KEY_BYTES, VALUE_BYTES = 16, 100
FLAGS = ["--loops", "1", "--memory", "1GiB", "--lease-ttl", "60s"]
HALF = 0.5
# A rate that no machine of today fails at, from which to look for the one that keeps it half busy.
FIRST_RATE = 10_000
# Between two looks at how far it is, which cost the nodes something too.
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


class Join:
    """A node that joins in a thread of its own, and when it began and ended to receive."""

    def __init__(self, members, after=0):
        self._members, self._delay = members, after
        self.began = self.ended = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        time.sleep(self._delay)
        newest = self._members.add()

        def received():
            return total(self._members, "larder_handover_bytes_total", newest, direction="inbound")

        def is_over():
            time.sleep(LOOK_SECONDS)
            return not total(
                self._members, "larder_handover_migrations", newest, direction="inbound")

        wait_until(received, "something has come")
        self.began = time.monotonic()
        wait_until(is_over, "everything has come")
        self.ended = time.monotonic()

    def wait(self):
        self._thread.join()
        assert self.ended, "the node has not joined"
        return self.ended - self.began


def hit_ratio(report):
    return report["total"]["hits"] / report["total"]["keys"]


def settle(members, entries):
    wait_until(
        lambda: total(members, "larder_entries") == entries,
        f"{entries} entries in all, each on one node")


def measure_clients(etcd, entries, seconds, rate, flags):
    with Members(etcd, "join-clients", 3, *FLAGS, *flags) as members:
        load(members, entries)
        settle(members, entries)
        rate = rate or half_load(members, entries)
        before = read(members, entries, seconds, rate)
        join = Join(members, after=WARMUP_SECONDS)
        during = read(members, entries, seconds, rate)
        took = join.wait()
        settle(members, entries)
        after = read(members, entries, seconds, rate)
        newest = len(members.nodes) - 1
        moved = total(members, "larder_entries", newest)
        print(f"{entries:,} entries of {VALUE_BYTES} bytes on three nodes; a fourth comes, and gets "
              f"{moved:,.0f} in {took:.1f} s ({moved / took:,.0f}/s)")
        print(f"| {rate:7,} reads/s | hit ratio |  p50 us |  p99 us | failed |")
        print("| --------------- | --------: | ------: | ------: | -----: |")
        for name, report in (("before", before), ("during", during), ("after", after)):
            latency = report["total"]["latency_us"]
            print(f"| {name:15} | {hit_ratio(report):9.5f} | {latency['p50']:7,.0f} "
                  f"| {latency['p99']:7,.0f} | {json.dumps(report['errors']):6} |")


def measure_bytes(etcd):
    with Members(etcd, "join-bytes", TEN, *FLAGS) as members:
        load(members, TEN_ENTRIES)
        Join(members).wait()
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
        "--rate", type=int, help="reads per second; else what keeps half of the cores busy")
    parser.add_argument(
        "--migration-rate", default=None, help="of the nodes; by default as they come")
    parser.add_argument("--only", choices=["clients", "bytes"])
    arguments = parser.parse_args()
    moves_at = arguments.migration_rate
    with Etcd() as etcd:
        if arguments.only != "bytes":
            measure_clients(
                etcd, arguments.entries, arguments.seconds, arguments.rate,
                ["--migration-rate", moves_at] if moves_at else [])
        if arguments.only != "clients":
            measure_bytes(etcd)


if __name__ == "__main__":
    main()
