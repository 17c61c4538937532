"""A node that hangs: others find out by its silence, spare it their calls, and see when it is back."""

import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb
from support.cluster import Cluster
from support.failures import DETAILS, failure_of, refused
from support.node import run, wait_until
from support.pages import scrape

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
DEADLINE_EXCEEDED = grpc.StatusCode.DEADLINE_EXCEEDED


# Clients hear of a late owner before their own clocks say so.
FLAGS = [
    "--loops", "1", "--peer-suspect-after", "300ms", "--forward-margin", "1s",
    "--peer-keepalive-timeout", "60s",
]


@pytest.fixture
def cluster():
    with Cluster(2, *FLAGS) as cluster:
        yield cluster


def get(cluster, name, timeout=20):
    return cluster.cache(0).Get(pb.GetRequest(key=name), timeout=timeout)


def state(cluster):
    member = next(m for m in cluster.status(0).cluster.members if not m.is_self)
    return member.state


def metric(cluster, name):
    labels = (("node", cluster.nodes[1].target),)
    return scrape(cluster.nodes[0]).values[(name, labels)]


def suspect(cluster, name, *, is_given_up_soon=False):
    # A tenth of it is the margin, which a busy machine may use up.
    with pytest.raises(grpc.RpcError) as caught:
        get(cluster, name, timeout=5)
    assert caught.value.code() == DEADLINE_EXCEEDED
    if DETAILS in dict(caught.value.trailing_metadata() or ()):
        assert failure_of(caught.value).reason == "OWNER_SILENT"
    allowed = ("suspected", "unreachable", "connecting") if is_given_up_soon else ("suspected",)
    wait_until(lambda: state(cluster) in allowed, "the node is suspected")


def test_calls_to_a_silent_node_fail_at_once_until_it_answers(cluster):
    name = cluster.keys_of(1, 1, "hang")[0]
    get(cluster, name)
    cluster.pause(1)
    # Under way all the time: reads of the same key must not wait for it.
    hanging = cluster.cache(0).Get.future(pb.GetRequest(key=name), timeout=60)
    suspect(cluster, cluster.keys_of(1, 2, "hang")[1])
    began = time.monotonic()
    for _ in range(20):
        failure = refused(UNAVAILABLE, "OWNER_UNREACHABLE", get, cluster, name)
        assert failure.pushback_ms > 0 and "has been silent for" in failure.message
        # Nothing was done, whatever it asks for.
        refused(
            UNAVAILABLE, "OWNER_UNREACHABLE", cluster.cache(0).Increment,
            pb.IncrementRequest(key=name, delta=1))
    assert time.monotonic() - began < 30
    assert metric(cluster, "larder_peer_suspected") == 1
    shown = run("status", "--target", cluster.nodes[0].target).stdout
    row = next(r.split() for r in shown.splitlines() if r.startswith(cluster.nodes[1].target))
    assert "suspected" in row and row[-1] == "1", shown
    cluster.resume(1)
    wait_until(lambda: state(cluster) == "ready", "the node answers again")
    assert hanging.result().HasField("miss") and get(cluster, name).HasField("miss")
    assert metric(cluster, "larder_peer_suspected") == 0
    assert metric(cluster, "larder_peer_suspicions_total") == 1
    log = cluster.nodes[0].log()
    assert "peer is suspected" in log and "peer answers again" in log


def test_a_node_that_stays_silent_is_given_up_and_found_again():
    more = ["--peer-keepalive-timeout", "200ms", "--peer-connect-timeout", "300ms"]
    with Cluster(2, *FLAGS, *more) as cluster:
        name = cluster.keys_of(1, 1, "hang")[0]
        get(cluster, name)
        cluster.pause(1)
        suspect(cluster, name, is_given_up_soon=True)
        wait_until(lambda: state(cluster) == "unreachable", "the connection is given up")
        refused(UNAVAILABLE, "OWNER_UNREACHABLE", get, cluster, name)
        cluster.resume(1)
        wait_until(lambda: state(cluster) == "ready", "the node is back")
        assert get(cluster, name).HasField("miss")


def test_a_slow_answer_among_others_is_no_reason_for_suspicion():
    """Calls whose time is up before the owner can have heard of them say nothing about it."""
    # Longer than any pause of the machine, and not as long as the calls take together.
    with Cluster(2, *FLAGS, "--peer-suspect-after", "3s") as cluster:
        name = cluster.keys_of(1, 1, "busy")[0]
        get(cluster, name)
        began = time.monotonic()
        while time.monotonic() - began < 4:
            try:
                get(cluster, name, timeout=0.0001)
            except grpc.RpcError as error:
                assert error.code() == DEADLINE_EXCEEDED
        assert state(cluster) == "ready"
        assert metric(cluster, "larder_peer_suspicions_total") == 0


def test_a_node_whose_address_refuses_connections_is_called_dead(cluster):
    name = cluster.keys_of(1, 1, "dead")[0]
    get(cluster, name)
    cluster.kill(1)

    def is_told():
        with pytest.raises(grpc.RpcError):
            get(cluster, name)
        return "its address refuses connections" in cluster.nodes[0].log()

    wait_until(is_told, "the death is told")
    cluster.start(1)
    wait_until(lambda: state(cluster) == "ready", "the node is back")
