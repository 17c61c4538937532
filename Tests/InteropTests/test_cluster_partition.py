"""A network that parts nodes from each other, from etcd, or from both. Their processes all live."""

import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb
from support.failures import DETAILS, failure_of, refused
from support.members import LEASE_SECONDS, SOON, check_all_ways, get, put
from support.node import run, wait_until
from support.partition import PartitionedMembers

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
# So that a peer's silence shows soon, and is long enough for a busy machine.
FLAGS = [
    "--loops", "1", "--peer-suspect-after", "500ms", "--forward-margin", "1s",
    "--peer-keepalive-timeout", "500ms", "--peer-connect-timeout", "500ms",
]
# A call fails at once where it fails in less: the machine may be busy.
AT_ONCE = 5
# Longer than a lease lasts that nobody keeps alive.
PARTED_SECONDS = LEASE_SECONDS + 1


@pytest.fixture
def members(etcd, cluster_name):
    with PartitionedMembers(etcd, cluster_name, 3, *FLAGS) as members:
        yield members


def ask(members, at, key, seconds=1):
    """Reads at a node, which tells its client of a silent owner when nearly all of the time is up. None:
    there was an answer; else why not."""
    try:
        members.cache(at).Get(pb.GetRequest(key=key), timeout=seconds)
        return None
    except grpc.RpcError as error:
        # The client may have seen the end of the time first.
        has_details = DETAILS in dict(error.trailing_metadata() or ())
        return failure_of(error).reason if has_details else error.code().name


def wait_until_known(members, at, key):
    wait_until(
        lambda: ask(members, at, key) == "OWNER_UNREACHABLE",
        f"node {at} knows that an owner is out of reach")


def fails_at_once(members, at, key):
    for call in (get, put):
        began = time.monotonic()
        failure = refused(UNAVAILABLE, "OWNER_UNREACHABLE", call, members.cache(at), key)
        assert time.monotonic() - began < AT_ONCE
        assert failure.pushback_ms > 0


def wait_until_all_is_well(members, prefix):
    """Every node answers for every key, which it must soon."""
    def is_well():
        return all(
            ask(members, at, members.key_of(owner, prefix, range(3))) is None
            for owner in range(3) for at in range(3))

    began = time.monotonic()
    wait_until(is_well, "all is well again")
    assert time.monotonic() - began < SOON
    check_all_ways(members, range(3), prefix)


@pytest.mark.slow
def test_a_node_cut_off_from_its_peers_stays_and_each_side_serves_its_own(members):
    keys = [members.key_of(owner, "peers", range(3)) for owner in range(3)]
    check_all_ways(members, range(3), "peers")
    records = [members.record(index) for index in range(3)]
    epoch = members.cluster(0).epoch
    members.cut_from_peers(2)
    wait_until_known(members, 0, keys[2])
    wait_until_known(members, 1, keys[2])
    for other in (0, 1):
        wait_until_known(members, 2, keys[other])
    # Nobody is dropped, as all of them reach etcd.
    began = time.monotonic()
    while time.monotonic() - began < PARTED_SECONDS:
        for at, owner in ((0, 2), (1, 2), (2, 0), (2, 1)):
            fails_at_once(members, at, keys[owner])
        for at, owner in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 2)):
            put(members.cache(at), keys[owner], b"parted")
            hit = get(members.cache(at), keys[owner]).hit
            assert (hit.value, hit.stale) == (b"parted", False)
    assert [members.record(index) for index in range(3)] == records, "nobody was declared dead"
    for index in range(3):
        cluster = members.cluster(index)
        assert (cluster.standing, cluster.epoch) == ("leased", epoch)
    members.heal()
    wait_until(
        lambda: all(ask(members, at, key) is None for at in range(3) for key in keys),
        "the sides find each other")
    for at in range(3):
        for key in keys:
            assert get(members.cache(at), key).hit.value == b"parted"
    wait_until_all_is_well(members, "peers healed")


def test_a_node_whose_address_refuses_its_peers_is_declared_dead_and_comes_back(members):
    """It lives, and reaches etcd, so that it registers again, each time later; nobody else suffers."""
    keys = [members.key_of(owner, "refused", range(3)) for owner in range(3)]
    check_all_ways(members, range(3), "refused")
    members.refuse_peers(2)

    def is_declared_dead():
        ask(members, 0, keys[2])
        return any("declared a member dead" in members.nodes[at].log() for at in (0, 1))

    wait_until(is_declared_dead, "it is declared dead")
    before = members.etcd.revision()
    began = time.monotonic()
    while time.monotonic() - began < PARTED_SECONDS:
        for owner in (0, 1):
            put(members.cache(1 - owner), keys[owner], b"parted")
            assert get(members.cache(owner), keys[owner]).hit.value == b"parted"
        for at in (0, 1):
            began_call = time.monotonic()
            # Its owner by turns, and nobody else's business.
            assert ask(members, at, keys[2]) in (None, "OWNER_UNREACHABLE", "WRONG_OWNER", "NOT_A_MEMBER")
            assert time.monotonic() - began_call < AT_ONCE
    written = members.etcd.revision() - before
    # At once, after half a second, one, two, four: each is a record and its end; and the cluster's clock.
    assert written < 30
    log = members.nodes[2].log()
    assert "this node's record was deleted in etcd, and is put back" in log
    members.heal()
    members.wait_for_ring(0, 1, 2)
    wait_until_all_is_well(members, "refused healed")


def test_a_node_cut_off_from_etcd_and_its_peers_is_isolated_and_dropped(members):
    mine = members.key_of(2, "both", range(3))
    other = members.key_of(0, "both", range(3))
    for key in (mine, other):
        put(members.cache(0), key, b"old")
    members.cut_from_peers(2)
    members.cut_from_etcd(2)
    members.wait_for_standing(2, "isolated")
    cut_off = members.cache(2)
    refused(UNAVAILABLE, "ISOLATED", put, cut_off, mine)
    hit = get(cut_off, mine).hit
    assert (hit.value, hit.stale) == (b"old", True)
    # So does the command line tell who asks.
    shown = run("get", mine, "--target", members.id(2))
    assert shown.stdout.strip() == "old" and "may be out of date" in shown.stderr
    refusal = run("set", mine, "new", "--target", members.id(2))
    assert refusal.returncode == 70 and "ISOLATED" in refusal.stderr, "it did answer"
    status = run("status", "--target", members.id(2)).stdout
    assert "\nisolated: refuses writes" in status
    wait_until_known(members, 2, other)
    fails_at_once(members, 2, other)
    # The others serve its keys when its lease is over.
    members.wait_for_ring(0, 1)
    assert get(members.cache(0), mine).HasField("miss")
    put(members.cache(1), mine, b"new")
    assert get(members.cache(0), mine).hit.value == b"new"
    assert get(cut_off, mine).hit.stale, "it does not know better, and says so"
    members.heal()
    members.wait_for_ring(0, 1, 2)
    members.wait_for_standing(2, "leased")
    # What it held is older than what was written elsewhere.
    for at in range(3):
        wait_until(lambda: ask(members, at, mine) is None, "its owner is found")
        assert get(members.cache(at), mine).hit.value == b"new"
    wait_until_all_is_well(members, "both healed")
