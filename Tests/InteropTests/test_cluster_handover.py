"""Keys that change hands, in a cluster that a real etcd keeps: what was set stays set, whoever comes and
goes; sums are exact, and a lock has one holder."""

import concurrent.futures
import contextlib
import time

import grpc
from larder.v1 import cache_pb2 as pb
from support.members import SOON, get, put
from support.node import wait_until
from support.pages import scrape

COUNT = 2_000
NAMES = [f"handed/{number}" for number in range(COUNT)]
BATCH = 200
# What a client is told to try again.
RETRIED = {grpc.StatusCode.UNAVAILABLE}


def again(call, *arguments, **named):
    """Calls until the answer is one; a ring that changes may refuse a call, surely not done."""
    end = time.monotonic() + SOON
    while True:
        try:
            return call(*arguments, **named)
        except grpc.RpcError as error:
            if error.code() not in RETRIED or time.monotonic() > end:
                raise
            time.sleep(0.01)


def fill(cache):
    for start in range(0, COUNT, BATCH):
        items = [
            pb.SetRequest(key=name, value=f"{name}!".encode())
            for name in NAMES[start:start + BATCH]]
        answer = cache.SetMany(pb.SetManyRequest(items=items), timeout=SOON)
        assert all(result.HasField("ok") for result in answer.results), answer


def missing(cache):
    """How many of the keys a node does not find."""
    found = 0
    for start in range(0, COUNT, BATCH):
        keys = NAMES[start:start + BATCH]
        answer = cache.GetMany(pb.GetManyRequest(keys=keys), timeout=SOON)
        for key, result in zip(keys, answer.results):
            if result.HasField("hit"):
                assert result.hit.value == f"{key}!".encode()
                found += 1
    return COUNT - found


def wait_until_moved(members, *indexes):
    """Waits until no node holds what another owns: together they have each key once."""

    def entries():
        total = 0
        for index in indexes:
            values = scrape(members.nodes[index]).values
            total += sum(
                value for (name, _), value in values.items() if name == "larder_entries")
        return total

    wait_until(lambda: entries() == COUNT, "each entry is on one node")


def test_nothing_is_lost_when_nodes_join_and_leave(members):
    fill(members.cache(0))
    fourth = members.add()
    assert missing(members.cache(1)) == 0, "while it joins"
    members.wait_for_ring(0, 1, 2, fourth)
    assert missing(members.cache(fourth)) == 0
    wait_until_moved(members, 0, 1, 2, fourth)
    members.nodes[2].stop()
    assert "handed all entries over" in members.nodes[2].log()
    members.wait_for_ring(0, 1, fourth)
    assert missing(members.cache(0)) == 0 and missing(members.cache(fourth)) == 0
    wait_until_moved(members, 0, 1, fourth)
