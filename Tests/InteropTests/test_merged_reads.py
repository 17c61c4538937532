"""Reads of one key at nodes that do not own it share calls to its owner, and never see the past."""

import concurrent.futures
import threading
import time

import pytest
from larder.v1 import cache_pb2 as pb
from support.cluster import PATIENT, Cluster
from support.node import wait_until
from support.pages import scrape

SOON = 60


@pytest.fixture(scope="module")
def cluster():
    # One loop, so that all clients of a node meet.
    with Cluster(3, "--loops", "1", *PATIENT) as cluster:
        yield cluster


def merged(cluster, at):
    return scrape(cluster.nodes[at]).values[("larder_merged_reads_total", ())]


def under_way(cluster, at):
    return sum(member.open_calls for member in cluster.status(at).cluster.members)


def test_readers_share_the_call_after_the_one_that_is_under_way(cluster, key):
    name = cluster.keys_of(2, 1, key)[0]
    cluster.cache(2).Set(pb.SetRequest(key=name, value=b"v", flags=3))
    cluster.cache(0).Get(pb.GetRequest(key=name))
    merged_before, forwards_before = merged(cluster, 0), cluster.forwards(0, method="Get")
    cluster.pause(2)
    try:
        read = cluster.cache(0).Get.future
        first = read(pb.GetRequest(key=name), timeout=SOON)
        wait_until(lambda: under_way(cluster, 0) == 1, "the first is on its way")
        others = [read(pb.GetRequest(key=name), timeout=SOON) for _ in range(6)]
        # Another question, for all that a node can tell: it has a field of a later version.
        later = pb.GetRequest.FromString(pb.GetRequest(key=name).SerializeToString() + b"\x78\x01")
        alone = read(later, timeout=SOON)
        wait_until(lambda: under_way(cluster, 0) == 2, "so is the one that asks otherwise")
        others[0].cancel()
    finally:
        cluster.resume(2)
    for call in [first, *others[1:], alone]:
        assert (call.result().hit.value, call.result().hit.flags) == (b"v", 3)
    assert cluster.forwards(0, method="Get") - forwards_before == 3
    assert merged(cluster, 0) - merged_before in (4, 5)


def test_no_read_returns_what_a_write_acknowledged_before_it_began_has_replaced(cluster, key):
    """One writer a key, so that the order of its writes is known; readers at the nodes that merge."""
    names = [cluster.keys_of(owner, 1, f"{key}/{owner}")[0] for owner in range(3)]
    acknowledged = {name: 0 for name in names}
    stop = threading.Event()

    def write(name, at):
        number = 0
        while not stop.is_set():
            number += 1
            request = pb.SetRequest(key=name, value=b"%d" % number)
            cluster.cache((at + number) % 3).Set(request, timeout=SOON)
            acknowledged[name] = number
        return number

    def read(at):
        """Many reads of one key at a time; returns those that were too old."""
        old, count = [], 0
        while not stop.is_set():
            name = names[count % 3]
            floor = acknowledged[name]
            calls = [
                cluster.cache(at).Get.future(pb.GetRequest(key=name), timeout=SOON)
                for _ in range(8)
            ]
            for call in calls:
                value = int(call.result().hit.value or b"0")
                if value < floor:
                    old.append((name, value, floor))
            count += 1
        return old

    before = sum(merged(cluster, at) for at in range(3))
    for name in names:
        cluster.cache(0).Set(pb.SetRequest(key=name, value=b"0"))
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        writers = [pool.submit(write, name, at) for at, name in enumerate(names)]
        readers = [pool.submit(read, number % 3) for number in range(6)]
        time.sleep(4)
        stop.set()
        assert [reader.result() for reader in readers] == [[]] * 6
        assert all(writer.result() > 0 for writer in writers)
    assert sum(merged(cluster, at) for at in range(3)) > before
