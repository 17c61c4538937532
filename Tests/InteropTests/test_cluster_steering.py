"""What moves between nodes, as an operator sees and steers it; in a cluster of a real etcd."""

import json
import time

import grpc
import pytest
from grpc.health.v1 import health_pb2, health_pb2_grpc
from larder.v1 import admin_pb2, admin_pb2_grpc, cache_pb2 as pb
from support.failures import failure_of
from support.members import SOON, Members
from support.node import free_port, run, wait_until
from support.pages import scrape

COUNT = 2_000
VALUE = b"v" * 200
NAMES = [f"steered/{number}" for number in range(COUNT)]
BATCH = 250
# One node of three hands 40 KiB to a fourth: it is at it for as long as a test may look.
SLOW = "1KiB"


@pytest.fixture
def members(etcd, cluster_name):
    """Three nodes, which stop in time even if a test has failed while they were paused."""
    with Members(etcd, cluster_name, 3, "--handover-timeout", "20s") as members:
        yield members


@pytest.fixture
def larder(members):
    """Runs `larder cluster ...`; the first node tells where the others are."""
    return lambda *arguments: run("cluster", *arguments, "--target", members.id(0))


def succeeds(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def fill(cache, value=VALUE, **fields):
    for start in range(0, COUNT, BATCH):
        items = [
            pb.SetRequest(key=name, value=value, **fields)
            for name in NAMES[start:start + BATCH]]
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


def received_bytes(members, index):
    """In migrations, less those that it has sent."""
    values = scrape(members.nodes[index]).values
    signs = {"inbound": 1, "outbound": -1}
    return sum(
        int(value) * signs[dict(labels)["direction"]]
        for (name, labels), value in values.items() if name == "larder_handover_bytes_total")


def wait_until_moved(members, *indexes):
    wait_until(
        lambda: sum(entries(members, index) for index in indexes) == COUNT,
        "each entry is on one node")


def flows(larder):
    """The migrations under way."""
    return json.loads(succeeds(larder("migrations", "--json")))["migrations"]


def test_a_join_is_slowed_paused_resumed_and_hurried(members, larder):
    fill(members.cache(0))
    slowed = succeeds(larder("rate", SLOW))
    assert slowed == "".join(
        f"{id}: sends 1.0 KiB/s\n" for id in sorted(members.id(index) for index in range(3)))
    succeeds(larder("pause"))
    fourth = members.add()
    members.wait_for_ring(0, 1, 2, fourth)
    wait_until(lambda: len(flows(larder)) == 3, "three nodes are to send")
    for flow in flows(larder):
        assert (flow["to"], flow["paused"], flow["items"]) == (members.id(fourth), True, 0), flow
        # Of what was given up when it began, which need not be all yet: the rest follows.
        assert 0 < flow["share_millionths"] < 120_000
    nodes = json.loads(succeeds(larder("migrations", "--json")))["nodes"]
    assert sorted((node["paused"], node["rate_limit"]) for node in nodes) == [
        (False, 64 << 20), (True, 1_024), (True, 1_024), (True, 1_024)]
    text = succeeds(larder("migrations"))
    assert text.count("[....................]") == 3 and text.count("paused") >= 6, text
    # What is not here yet is fetched.
    assert members.cache(fourth).Get(pb.GetRequest(key=NAMES[0]), timeout=SOON).HasField("hit")

    # Now also by the node that gets them: both ends of one are told to go on.
    succeeds(larder("pause"))
    told = succeeds(larder("resume", members.id(1), "--with", members.id(fourth)))
    assert told == (
        f"{members.id(1)}: resumed with {members.id(fourth)}\n"
        f"{members.id(fourth)}: resumed with {members.id(1)}\n")
    wait_until(lambda: any(flow["items"] for flow in flows(larder)), "one of them sends, slowly")
    for flow in flows(larder):
        is_first = flow["from"] == members.id(1)
        assert (is_first, not is_first) == (flow["items"] > 0, flow["paused"]), flow
    succeeds(larder("resume"))
    assert "sends as fast as it goes" in succeeds(larder("rate", "unlimited"))
    wait_until_moved(members, 0, 1, 2, fourth)
    assert missing(members.cache(2)) == 0
    wait_until(lambda: flows(larder) == [], "nothing is on its way")


def test_a_cancelled_migration_loses_what_it_had_not_moved_and_no_more(members, larder):
    fill(members.cache(0))
    succeeds(larder("pause"))
    fourth = members.add()
    members.wait_for_ring(0, 1, 2, fourth)
    wait_until(lambda: len(flows(larder)) == 3, "three nodes are to send")
    held = entries(members, 0)
    assert "1 cancelled" in succeeds(larder("cancel", members.id(0)))
    wait_until(lambda: len(flows(larder)) == 2, "one is no more")
    succeeds(larder("resume"))
    wait_until(lambda: not flows(larder), "the others are done")
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
    assert "the deadline of the drain passed" in members.nodes[1].log()
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
    ["plan", "--add", "127.0.0.1:1"],
])
def test_a_node_without_etcd_says_that_nothing_moves(node, arguments):
    done = run("cluster", *arguments, "--target", node.target)
    assert done.returncode == 70 and done.stdout == "", done
    assert "FAILED_PRECONDITION" in done.stderr and "--etcd (NO_ETCD)" in done.stderr


def test_what_cannot_be_is_refused_with_the_remedy(cluster_name, etcd):
    with Members(etcd, cluster_name, 1) as members:
        own = members.id(0)
        admin = admin_pb2_grpc.AdminStub(members.channel(0))
        code, node = grpc.StatusCode, lambda **fields: admin_pb2.RingNode(**fields)
        for call, request, expected in [
            (admin.SteerMigrations, admin_pb2.SteerMigrationsRequest(),
             (code.INVALID_ARGUMENT, "ORDER_INVALID")),
            (admin.SteerMigrations, admin_pb2.SteerMigrationsRequest(rate_limit=1 << 41),
             (code.INVALID_ARGUMENT, "ORDER_INVALID")),
            (admin.SteerMigrations, admin_pb2.SteerMigrationsRequest(rate_limit=1, peer_id=own),
             (code.INVALID_ARGUMENT, "ORDER_INVALID")),
            (admin.SteerMigrations, admin_pb2.SteerMigrationsRequest(pause=True, peer_id="x"),
             (code.NOT_FOUND, "MEMBER_UNKNOWN")),
            (admin.Drain, admin_pb2.DrainRequest(), (code.FAILED_PRECONDITION, "LAST_NODE")),
            (admin.Drain, admin_pb2.DrainRequest(timeout_ms=1 << 40),
             (code.INVALID_ARGUMENT, "ORDER_INVALID")),
            (admin.Plan, admin_pb2.PlanRequest(), (code.INVALID_ARGUMENT, "ORDER_INVALID")),
            (admin.Plan, admin_pb2.PlanRequest(remove=own),
             (code.FAILED_PRECONDITION, "LAST_NODE")),
            (admin.Plan, admin_pb2.PlanRequest(remove="x"), (code.NOT_FOUND, "MEMBER_UNKNOWN")),
            (admin.Plan, admin_pb2.PlanRequest(add=node(id=own, weight=1)),
             (code.ALREADY_EXISTS, "ALREADY_ON_RING")),
            (admin.Plan, admin_pb2.PlanRequest(add=node(id="x", weight=65)),
             (code.INVALID_ARGUMENT, "RING_INVALID")),
            (admin.SetWeight, admin_pb2.SetWeightRequest(weight=-1),
             (code.INVALID_ARGUMENT, "RING_INVALID")),
            (admin.SetWeight, admin_pb2.SetWeightRequest(weight=float("nan")),
             (code.INVALID_ARGUMENT, "RING_INVALID")),
        ]:
            with pytest.raises(grpc.RpcError) as caught:
                call(request, timeout=SOON)
            failure = failure_of(caught.value)
            assert (failure.code, failure.reason) == expected, request
        done = run("cluster", "pause", "no-such-node", "--target", own)
        assert done.returncode == 70 and own in done.stderr, done


def moves(larder, *arguments):
    """What is planned, by pairs of nodes."""
    plan = json.loads(succeeds(larder("plan", *arguments, "--json")))
    assert not plan["moving"]
    return {(move["from"], move["to"]): move for move in plan["moves"]}


def held(members, *indexes):
    return {
        members.id(index): (entries(members, index), received_bytes(members, index))
        for index in indexes}


def differences(planned, before, after):
    """Where a node has not lost and got what was planned, within 2 %."""
    found = []
    for id in before.keys() | after.keys():
        for figure, name in enumerate(["entries", "bytes"]):
            change = sum(
                move[name] * ((to == id) - (source == id))
                for (source, to), move in planned.items())
            happened = after.get(id, (0, 0))[figure] - before.get(id, (0, 0))[figure]
            if abs(happened - change) > 0.02 * abs(change):
                found.append((id, name, change, happened))
    return found


def wait_until_it_has_happened(members, larder, planned, before, *indexes):
    """Returns what the nodes have then."""
    wait_until(
        lambda: not differences(planned, before, held(members, *indexes)), f"{planned} happens")
    wait_until(lambda: not flows(larder), "no more is on its way")
    wait_until_moved(members, *indexes)
    after = held(members, *indexes)
    assert differences(planned, before, after) == []
    return after


@pytest.mark.parametrize("fields", [
    {}, {"ttl_ms": 3_600_000, "flags": 7},
], ids=["without TTL", "with TTL and flags"])
def test_what_is_planned_is_what_happens(members, larder, fields):
    # Small, so that what travels beside keys and values is a good part of it.
    fill(members.cache(0), b"v" * 100, **fields)
    wait_until(lambda: not flows(larder), "the three have come together")
    before, port = held(members, 0, 1, 2), free_port()
    planned = moves(larder, "--add", f"127.0.0.1:{port}", "--weight", "0.5")
    assert set(planned) == {(members.id(index), f"127.0.0.1:{port}") for index in range(3)}
    # Bytes may still be sent of the rings before that one: that there is nothing to send takes 16, too.
    assert [entries(members, index) for index in range(3)] == [
        before[members.id(index)][0] for index in range(3)], "nothing moves for that"
    fourth = members.add("--weight", "0.5", port=port)
    members.wait_for_ring(0, 1, 2, fourth)
    after = wait_until_it_has_happened(members, larder, planned, before, 0, 1, 2, fourth)

    planned = moves(larder, "--weight", f"{members.id(1)}=2.5")
    told = succeeds(larder("weight", members.id(1), "2.5"))
    assert told.startswith(f"{members.id(1)}: weight 2.5, before 1; owns "), told
    assert members.record(1)[0]["weight"] == 2.5
    own = next(member for member in members.cluster(1).members if member.is_self)
    # Of 2.5, 1, 1 and 0.5.
    assert own.points == 5_120 and 450_000 < own.share_millionths < 550_000
    after = wait_until_it_has_happened(members, larder, planned, after, 0, 1, 2, fourth)
    assert missing(members.cache(fourth)) == 0

    planned = moves(larder, "--remove", members.id(1))
    succeeds(larder("drain", members.id(1)))
    wait_until_it_has_happened(members, larder, planned, after, 0, 1, 2, fourth)
    # It starts with the weight that it is configured to have.
    members.nodes[1].stop()
    members.add(at=1, port=members.nodes[1].port)
    members.wait_for_ring(0, 1, 2, fourth)
    assert members.record(1)[0]["weight"] == 1
