#!/usr/bin/env python3
"""How soon the nodes of a cluster know of one that joins: from the moment at which its registration stands
in etcd to the moment at which each of the others has it on its ring.

Both moments are seen from this process: the one by a watch of etcd, the other by asking each node again
and again, so that what is measured is more than what it takes, never less.
"""

import argparse
import pathlib
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "InteropTests"))

from support import stubs  # noqa: E402

stubs.generate()

import grpc  # noqa: E402
import rpc_pb2  # noqa: E402
import rpc_pb2_grpc  # noqa: E402
from support.etcd import Etcd  # noqa: E402
from support.members import Members  # noqa: E402

POLL_SECONDS = 0.001
ROUND_SECONDS = 20


class Registrations:
    """When each node's record was put into etcd, as a watch shows it."""

    def __init__(self, etcd, prefix):
        self._times = {}
        self._news = threading.Condition()
        self._channel = grpc.insecure_channel(etcd.address)
        start = (prefix + "nodes/").encode()
        create = rpc_pb2.WatchCreateRequest(key=start, range_end=start[:-1] + b"0")
        self._is_over = threading.Event()
        self._events = rpc_pb2_grpc.WatchStub(self._channel).Watch(
            self._requests(rpc_pb2.WatchRequest(create_request=create)))
        threading.Thread(target=self._run, daemon=True).start()

    def _requests(self, request):
        yield request
        # The stream lasts as long as this end of it.
        self._is_over.wait()

    def _run(self):
        try:
            for answer in self._events:
                now = time.monotonic()
                with self._news:
                    for event in answer.events:
                        if event.kv.create_revision == event.kv.mod_revision:
                            self._times[event.kv.key.decode().rpartition("/")[2]] = now
                    self._news.notify_all()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.CANCELLED:
                raise

    def of(self, node_id):
        with self._news:
            if not self._news.wait_for(lambda: node_id in self._times, ROUND_SECONDS):
                raise TimeoutError(f"{node_id} is not in etcd")
            return self._times[node_id]

    def close(self):
        self._is_over.set()
        self._events.cancel()
        self._channel.close()


def time_seen(members, index, size, times):
    """Notes when one node has as many members on its ring."""
    deadline = time.monotonic() + ROUND_SECONDS
    while time.monotonic() < deadline:
        if len(members.ring(index)) == size:
            times[index] = time.monotonic()
            return
        time.sleep(POLL_SECONDS)


def measure(members, registrations, count):
    """One node joins, and leaves again; seconds until each of the others knew of it."""
    times = {}
    observers = [
        threading.Thread(target=time_seen, args=(members, index, count + 1, times))
        for index in range(count)]
    for observer in observers:
        observer.start()
    joined = members.add()
    registered = registrations.of(members.id(joined))
    for observer in observers:
        observer.join()
    if len(times) < count:
        raise TimeoutError("a node did not see the one that has joined")
    members.nodes.pop().stop()
    members.wait_for_ring(*range(count))
    return [seen - registered for seen in times.values()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--nodes", type=int, default=3, help="before one joins (default: 3)")
    parser.add_argument("--rounds", type=int, default=30, help="nodes that join (default: 30)")
    options = parser.parse_args()
    latencies = []
    with Etcd() as etcd, Members(etcd, "bench", options.nodes) as members:
        registrations = Registrations(etcd, members.prefix)
        try:
            for _ in range(options.rounds):
                latencies += measure(members, registrations, options.nodes)
        finally:
            registrations.close()
    milliseconds = sorted(1_000 * max(0, latency) for latency in latencies)
    print(
        f"a node joins {options.nodes} others: known after {statistics.median(milliseconds):.1f} ms"
        f" (median), {milliseconds[int(0.95 * len(milliseconds))]:.1f} ms (p95),"
        f" {milliseconds[-1]:.1f} ms (most), {len(milliseconds)} observations")


if __name__ == "__main__":
    main()
