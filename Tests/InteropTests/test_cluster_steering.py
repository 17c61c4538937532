"""What moves between nodes, as an operator sees and steers it, in a cluster that a real etcd keeps."""

import json
import time

import grpc
import pytest
from grpc.health.v1 import health_pb2, health_pb2_grpc
from larder.v1 import admin_pb2, admin_pb2_grpc, cache_pb2 as pb
from support.failures import failure_of
from support.members import SOON
from support.node import run, wait_until
from support.pages import scrape

COUNT = 2_000
VALUE = b"v" * 200
NAMES = [f"steered/{number}" for number in range(COUNT)]
BATCH = 500
# A sixth of what one node of three hands to a fourth in a second.
SLOW = "4KiB"


@pytest.fixture
def larder(members):
    """Runs `larder cluster ...`; the first node tells where the others are."""
    return lambda *arguments: run("cluster", *arguments, "--target", members.id(0))


def succeeds(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def fill(cache):
    for start in range(0, COUNT, BATCH):
        items = [pb.SetRequest(key=name, value=VALUE) for name in NAMES[start:start + BATCH]]
        answer = cache.SetMany(pb.SetManyRequest(items=items), timeout=SOON)
        assert all(result.HasField("ok") for result in answer.results), answer


def missing(cache):
    lost, end = 0, time.monotonic() + SOON
    asked = list(NAMES)
    while asked:
        keys, asked = asked[:BATCH], asked[BATCH:]
        answer = cache.GetMany(pb.GetManyRequest(keys=keys), timeout=SOON)
        for key, result in zip(keys, answer.results):
            if result.HasField("error"):
                # The ring changes: it is asked again.
                assert result.error.code == 14 and time.monotonic() < end, result
                asked.append(key)
            else:
                lost += not result.HasField("hit")
    return lost


def entries(members, index):
    values = scrape(members.nodes[index]).values
    return sum(int(value) for (name, _), value in values.items() if name == "larder_entries")


def stored_bytes(members, index):
    admin = admin_pb2_grpc.AdminStub(members.channel(index))
    status = admin.GetStatus(admin_pb2.GetStatusRequest(), timeout=SOON)
    return sum(namespace.bytes for namespace in status.namespaces)


def wait_until_moved(members, *indexes):
    wait_until(
        lambda: sum(entries(members, index) for index in indexes) == COUNT,
        "each entry is on one node")


def migrations(larder):
    return json.loads(succeeds(larder("migrations", "--json")))


def test_a_join_is_slowed_paused_resumed_and_hurried(members, larder):
    fill(members.cache(0))
    slowed = succeeds(larder("rate", SLOW))
    assert slowed == "".join(
        f"{id}: sends 4.0 KiB/s\n" for id in sorted(members.id(index) for index in range(3)))
    succeeds(larder("pause"))
    fourth = members.add()
    members.wait_for_ring(0, 1, 2, fourth)
    shown = wait_until(
        lambda: (found := migrations(larder)) if len(
            migrations(larder)["migrations"]) == 3 else None, "three nodes are to send")
    for flow in shown["migrations"]:
        assert (flow["to"], flow["paused"], flow["items"]) == (members.id(fourth), True, 0), flow
        assert 50_000 < flow["share_millionths"] < 120_000
    assert all(node["rate_limit"] == 4_096 for node in shown["nodes"][:3] if node["paused"])
    text = succeeds(larder("migrations"))
    assert text.count("[....................]") == 3 and text.count("paused") >= 6, text
    # What is not here yet is fetched.
    assert members.cache(fourth).Get(pb.GetRequest(key=NAMES[0]), timeout=SOON).HasField("hit")

    succeeds(larder("resume", members.id(1)))
    wait_until(
        lambda: any(
            flow["from"] == members.id(1) and not flow["paused"] and flow["items"]
            for flow in migrations(larder)["migrations"]), "one of them sends, slowly")
    others = [
        flow for flow in migrations(larder)["migrations"] if flow["from"] != members.id(1)]
    assert len(others) == 2 and not any(flow["items"] for flow in others), others
    succeeds(larder("resume"))
    assert "sends as fast as it goes" in succeeds(larder("rate", "unlimited"))
    wait_until_moved(members, 0, 1, 2, fourth)
    assert missing(members.cache(2)) == 0
    assert migrations(larder)["migrations"] == []


def test_a_cancelled_migration_loses_what_it_had_not_moved_and_no_more(members, larder):
    fill(members.cache(0))
    succeeds(larder("pause"))
    fourth = members.add()
    members.wait_for_ring(0, 1, 2, fourth)
    wait_until(lambda: len(migrations(larder)["migrations"]) == 3, "three nodes are to send")
    held = entries(members, 0)
    assert "1 cancelled" in succeeds(larder("cancel", members.id(0)))
    wait_until(lambda: len(migrations(larder)["migrations"]) == 2, "one is no more")
    succeeds(larder("resume"))
    wait_until(lambda: not migrations(larder)["migrations"], "the others are done")
    wait_until(lambda: entries(members, 0) < held, "what was not moved is dropped")
    lost = held - entries(members, 0)
    wait_until(
        lambda: sum(entries(members, index) for index in range(4)) == COUNT - lost,
        "the others' entries are each on one node")
    assert lost > 50 and missing(members.cache(fourth)) == lost


def test_a_drained_node_holds_nothing_passes_calls_on_and_stops_at_once(members, larder):
    fill(members.cache(0))
    assert members.id(1) in succeeds(larder("drain", members.id(1)))
    members.wait_for_ring(0, 2, seen_by=[0, 1, 2])
    assert members.cluster(1).drain.state == "drained"
    wait_until(lambda: entries(members, 1) == 0, "it holds nothing")
    assert missing(members.cache(1)) == 0, "it passes calls on"
    health = health_pb2_grpc.HealthStub(members.channel(1)).Check(
        health_pb2.HealthCheckRequest(service="ready"), timeout=SOON)
    assert health.status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert ", drained, " in succeeds(run("status", "--target", members.id(1)))
    # Once more: nothing is left to be done.
    succeeds(larder("drain", members.id(1)))
    began = time.monotonic()
    members.nodes[1].stop()
    assert time.monotonic() - began < 5
    wait_until_moved(members, 0, 2)


def test_a_drain_says_what_is_left_behind_and_goes_on_when_it_is_asked_again(members, larder):
    fill(members.cache(0))
    succeeds(larder("pause"))
    held = entries(members, 1)
    done = larder("drain", members.id(1), "--deadline", "1s")
    assert done.returncode == 1 and f"left {held} entries" in done.stderr, done
    assert members.cluster(1).drain.entries_left == held
    succeeds(larder("resume"))
    succeeds(larder("drain", members.id(1)))
    wait_until_moved(members, 0, 2)
    assert missing(members.cache(0)) == 0
    # And then the next, but never the last.
    succeeds(larder("drain", members.id(2)))
    done = larder("drain", members.id(0))
    assert done.returncode == 70 and "LAST_NODE" in done.stderr, done
    assert missing(members.cache(1)) == 0


@pytest.mark.parametrize("arguments", [
    ["migrations"], ["pause"], ["resume"], ["cancel"], ["rate", "1MiB"],
])
def test_a_node_without_etcd_says_that_nothing_moves(node, arguments):
    done = run("cluster", *arguments, "--target", node.target)
    assert done.returncode == 70 and done.stdout == "", done
    assert "FAILED_PRECONDITION" in done.stderr and "--etcd (NO_ETCD)" in done.stderr


def test_what_cannot_be_is_refused_with_the_remedy(members, larder):
    done = larder("pause", "no-such-node")
    assert done.returncode == 70 and members.id(2) in done.stderr, done
    admin = admin_pb2_grpc.AdminStub(members.channel(0))
    for request, code, reason in [
        (admin_pb2.SteerMigrationsRequest(), grpc.StatusCode.INVALID_ARGUMENT, "ORDER_INVALID"),
        (admin_pb2.SteerMigrationsRequest(rate_limit=1 << 41), grpc.StatusCode.INVALID_ARGUMENT,
         "ORDER_INVALID"),
        (admin_pb2.SteerMigrationsRequest(rate_limit=1, peer_id=members.id(1)),
         grpc.StatusCode.INVALID_ARGUMENT, "ORDER_INVALID"),
        (admin_pb2.SteerMigrationsRequest(pause=True, peer_id="x"), grpc.StatusCode.NOT_FOUND,
         "MEMBER_UNKNOWN"),
    ]:
        with pytest.raises(grpc.RpcError) as caught:
            admin.SteerMigrations(request, timeout=SOON)
        failure = failure_of(caught.value)
        assert (failure.code, failure.reason) == (code, reason)
