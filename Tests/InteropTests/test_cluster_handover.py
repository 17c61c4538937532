"""Keys that change hands, in a cluster that a real etcd keeps: what was set stays set, whoever comes and
goes; sums are exact, and a lock has one holder."""

import concurrent.futures
import itertools
import random
import threading
import time

import grpc
from larder.v1 import cache_pb2 as pb
from support.members import SOON, Members
from support.node import wait_until
from support.pages import scrape

COUNT = 2_000
NAMES = [f"handed/{number}" for number in range(COUNT)]
BATCH = 200


def fill(cache):
    for start in range(0, COUNT, BATCH):
        items = [
            pb.SetRequest(key=name, value=f"{name}!".encode())
            for name in NAMES[start:start + BATCH]]
        answer = cache.SetMany(pb.SetManyRequest(items=items), timeout=SOON)
        assert all(result.HasField("ok") for result in answer.results), answer


def missing(cache):
    """The keys that a node does not find. While a ring changes it may refuse some, to be asked again."""
    lost, end = [], time.monotonic() + SOON
    asked = [NAMES[start:start + BATCH] for start in range(0, COUNT, BATCH)]
    while asked:
        keys, refused = asked.pop(), []
        answer = cache.GetMany(pb.GetManyRequest(keys=keys), timeout=SOON)
        for key, result in zip(keys, answer.results):
            if result.HasField("error"):
                assert result.error.code == 14 and time.monotonic() < end, result
                refused.append(key)
            elif result.HasField("hit"):
                assert result.hit.value == f"{key}!".encode()
            else:
                lost.append(key)
        if refused:
            asked.append(refused)
    return lost


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
    assert missing(members.cache(1)) == [], "while it joins"
    members.wait_for_ring(0, 1, 2, fourth)
    assert missing(members.cache(fourth)) == []
    wait_until_moved(members, 0, 1, 2, fourth)
    members.nodes[2].stop()
    assert "handed all entries over" in members.nodes[2].log()
    members.wait_for_ring(0, 1, fourth)
    assert missing(members.cache(0)) == [] and missing(members.cache(fourth)) == []
    wait_until_moved(members, 0, 1, fourth)


def call_through_changes(members, change, call):
    """Has 8 threads call at all nodes that stay until `change` is over; returns what they return."""
    is_over = threading.Event()

    def run(number):
        results = []
        while not is_over.is_set():
            try:
                results.append(call(members.cache(number % 2), number))
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                time.sleep(0.005)
        return results

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(run, number) for number in range(8)]
        try:
            change()
        finally:
            is_over.set()
        return [result for run in runs for result in run.result()]


def change_the_ring(members, times):
    """A node joins, leaves, joins ...; without a pause in between."""
    for _ in range(times):
        index = members.add()
        members.wait_for_ring(0, 1, index, seen_by=[index])
        members.nodes[index].stop()


def test_a_sum_is_exact_through_ring_changes(cluster_name, etcd):
    with Members(etcd, cluster_name, 2) as members:
        keys = [f"sum/{number}" for number in range(40)]
        add = lambda cache, number: (  # noqa: E731
            key := random.choice(keys),
            cache.Increment(pb.IncrementRequest(key=key, delta=1), timeout=SOON).value)
        sums = call_through_changes(members, lambda: change_the_ring(members, 5), add)
        # Refused calls were surely not done: each sum was seen once.
        for key in keys:
            seen = [value for name, value in sums if name == key]
            assert sorted(seen) == list(range(1, len(seen) + 1)), key
        assert len(sums) > 500


class Locks:
    """Locks as clients make them of conditional writes, and who holds them by their own account."""

    def __init__(self, count):
        self._keys = [f"lock/{number}" for number in range(count)]
        self._guard, self._holders, self._tokens = threading.Lock(), {}, itertools.count()

    def use(self, cache, number):
        """Takes one of the locks, holds it for a moment and gives it back; False: it was taken."""
        key, token = random.choice(self._keys), f"{number}/{next(self._tokens)}".encode()
        version = self._take(cache, key, token)
        if version is None:
            return False
        with self._guard:
            other = self._holders.setdefault(key, token)
        assert other == token, f"{key} has two holders, {other} and {token}"
        time.sleep(0.002)
        with self._guard:
            del self._holders[key]
        delete = pb.DeleteRequest(key=key, if_version=version)
        assert self._insist(lambda: cache.Delete(delete, timeout=SOON)).deleted, f"{key} was lost"
        return True

    @staticmethod
    def _take(cache, key, token):
        """Refused calls were surely not done."""
        answer = cache.Set(pb.SetRequest(key=key, value=token, if_absent=True), timeout=SOON)
        return answer.version if answer.stored else None

    @staticmethod
    def _insist(call):
        while True:
            try:
                return call()
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                time.sleep(0.005)


def test_a_lock_has_one_holder_through_ring_changes(cluster_name, etcd):
    with Members(etcd, cluster_name, 2) as members:
        locks = Locks(10)
        taken = call_through_changes(members, lambda: change_the_ring(members, 5), locks.use)
        assert sum(taken) > 200
