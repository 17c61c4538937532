"""Reads that a node forwards to one owner in the same turn share a call; clients see no difference."""

import grpc
import pytest
from larder.v1 import cache_pb2 as pb
from support.cluster import PATIENT, Cluster
from support.node import wait_until
from support.pages import scrape

SOON = 60
PEER = "larder.v1.Peer"


@pytest.fixture(scope="module")
def cluster():
    # One loop, so that all calls to a node meet.
    with Cluster(2, "--loops", "1", *PATIENT) as cluster:
        yield cluster


def read_together(cluster, requests):
    """Answers of node 0, which finds these Gets all there when it next looks at its sockets."""
    cluster.pause(0)
    try:
        calls = [cluster.cache(0).Get.future(request, timeout=SOON) for request in requests]
    finally:
        cluster.resume(0)
    return [call.exception() or call.result() for call in calls]


def share(cluster, requests):
    """Answers of reads of which some have shared a call, and by how many calls they were got.

    What a client sends is out of its hands before it is on its way: it may take another go.
    """

    def go():
        before = cluster.forwards(0, method="Get"), cluster.served(1, PEER)
        answers = read_together(cluster, requests)
        assert cluster.forwards(0, method="Get") - before[0] == len(requests)
        calls = cluster.served(1, PEER) - before[1]
        return (answers, calls) if calls < len(requests) else None

    return wait_until(go, "reads meet")


def shared(cluster):
    return scrape(cluster.nodes[0]).values["larder_shared_reads_total", ()]


def test_every_read_gets_its_own_value(cluster, key):
    names = cluster.keys_of(1, 40, key)
    for name in names[::2]:
        cluster.cache(0).Set(pb.SetRequest(key=name, value=name.encode(), flags=len(name)))
    before = shared(cluster)
    answers, _ = share(cluster, [pb.GetRequest(key=name) for name in names])
    assert shared(cluster) > before + 1
    for number, (name, answer) in enumerate(zip(names, answers)):
        if number % 2:
            assert answer.WhichOneof("result") == "miss"
        else:
            assert (answer.hit.value, answer.hit.flags) == (name.encode(), len(name))


def test_values_that_do_not_fit_into_one_reply_come_all_the_same(cluster, key):
    names = cluster.keys_of(1, 60, key)
    for name in names:
        cluster.cache(1).Set(pb.SetRequest(key=name, value=name.encode() * 4000))
    answers = read_together(cluster, [pb.GetRequest(key=name) for name in names])
    assert [answer.hit.value for answer in answers] == [name.encode() * 4000 for name in names]


def test_an_owner_that_takes_no_batches_answers_each_read(key):
    with Cluster(2, "--loops", "1", "--batch-keys-max", "1") as cluster:
        names = cluster.keys_of(1, 20, key)
        for name in names:
            cluster.cache(0).Set(pb.SetRequest(key=name, value=name.encode()))
        for _ in range(3):
            answers = read_together(cluster, [pb.GetRequest(key=name) for name in names])
            assert [answer.hit.value for answer in answers] == [name.encode() for name in names]


def test_an_owner_that_is_gone_is_gone_for_every_read(key):
    with Cluster(2, "--loops", "1", *PATIENT) as cluster:
        names = cluster.keys_of(1, 20, key)
        cluster.cache(0).Get(pb.GetRequest(key=names[0]))
        cluster.pause(1)
        calls = [
            cluster.cache(0).Get.future(pb.GetRequest(key=name), timeout=SOON) for name in names]
        wait_until(
            lambda: sum(member.open_calls for member in cluster.status(0).cluster.members) > 0,
            "the reads are on their way")
        cluster.kill(1)
        for call in calls:
            assert call.exception().code() == grpc.StatusCode.UNAVAILABLE
        assert cluster.forwards(0, method="Get", result="ok") == 1
