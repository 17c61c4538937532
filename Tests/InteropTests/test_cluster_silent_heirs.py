"""A node leaves, and one that is to get its entries hangs, is out of its reach, dies unnoticed, or is slow."""

import signal
import time

import pytest
from larder.v1 import cache_pb2 as pb
from support.members import LEASE_SECONDS, SOON, Members
from support.node import STOP_SECONDS, run, wait_until
from support.partition import PartitionedMembers
from support.ring import owner_of

COUNT = 900
NAMES = [f"silent/{number}" for number in range(COUNT)]
# After so long without a sign of life nobody is waited for: longer than a lease lasts, even should etcd begin
# it anew.
SILENCE_SECONDS = 2 * LEASE_SECONDS + 5
# No node gives up before.
FLAGS = ["--handover-timeout", "120s"]
BIT_BY_BIT = ["--migration-batch-max", "4KiB", "--migration-window", "1"]
LEAVER, HEIR = 1, 2


def fill(members):
    items = [pb.SetRequest(key=name, value=b"v" * 100) for name in NAMES]
    answer = members.cache(0).SetMany(pb.SetManyRequest(items=items), timeout=SOON)
    assert all(result.HasField("ok") for result in answer.results), answer


def owned(members, index, *ring):
    """The keys of one node, by the ring of all or of some."""
    ring = ring or range(len(members.nodes))
    ids = [members.id(other) for other in ring]
    return {name for name in NAMES if ids[owner_of(name, ids)] == members.id(index)}


def held(cache, names):
    """Those of the keys that are still there."""
    found, asked, end = set(), sorted(names), time.monotonic() + SOON
    while asked:
        answer = cache.GetMany(pb.GetManyRequest(keys=asked), timeout=SOON)
        results = list(zip(asked, answer.results))
        found |= {key for key, result in results if result.HasField("hit")}
        # While the ring changes some are refused, and asked for again.
        asked = [key for key, result in results if result.HasField("error")]
        assert time.monotonic() < end, asked
    return found


def drain(members, *flags):
    return run("cluster", "drain", members.id(LEAVER), *flags, "--target", members.id(0))


class OutOfReach(PartitionedMembers):
    """One that leaves and one of its heirs do not hear of each other, but of all others."""

    def begin(self):
        self.add()
        self.wait_for_ring(0, LEAVER, HEIR)
        fill(self)

    def fail(self):
        self.cut_between(LEAVER, HEIR)

    def end(self):
        self.heal()
        self.reset(LEAVER, HEIR)


def test_a_drain_says_who_does_not_come_and_goes_on_when_it_is_asked_again(etcd, cluster_name):
    with OutOfReach(etcd, cluster_name, 2, *FLAGS) as members:
        members.begin()
        mine = owned(members, LEAVER)
        left = len(mine & owned(members, HEIR, 0, HEIR))
        members.fail()
        began = time.monotonic()
        done = drain(members)
        assert SILENCE_SECONDS <= time.monotonic() - began < 4 * SILENCE_SECONDS
        assert done.returncode == 1 and f"has left {left} entries" in done.stderr, done
        assert f"{members.id(HEIR)}: did not come for {left} entries" in done.stderr, done
        assert "no sign of life for " in done.stderr and "see whether it hangs" in done.stderr, done
        [heir] = members.cluster(LEAVER).drain.heirs
        assert (heir.heir_id, heir.entries, heir.given_up) == (members.id(HEIR), left, True)
        assert SILENCE_SECONDS * 1000 <= heir.silent_ms < 4 * SILENCE_SECONDS * 1000
        # The others have theirs, and had it soon.
        theirs = mine & owned(members, 0, 0, HEIR)
        assert held(members.cache(0), theirs) == theirs

        members.end()
        done = drain(members)
        assert done.returncode == 0, done
        assert members.cluster(LEAVER).drain.state == "drained"
        assert held(members.cache(0), NAMES) == set(NAMES)


@pytest.mark.slow
def test_a_node_that_stops_does_not_wait_for_one_that_it_cannot_hear(etcd, cluster_name):
    with OutOfReach(etcd, cluster_name, 2, *FLAGS) as members:
        members.begin()
        left = len(owned(members, LEAVER) & owned(members, HEIR, 0, HEIR))
        members.fail()
        began = time.monotonic()
        members.nodes[LEAVER].stop()
        assert time.monotonic() - began >= SILENCE_SECONDS
        log = members.nodes[LEAVER].log()
        assert "those that own them now give no sign of life" in log, log
        assert "a node has not come for entries that it owns now" in log, log
        assert f'"entries":"{left}","id":"{members.id(HEIR)}"' in log, log
        members.end()


@pytest.mark.slow
def test_one_whose_lease_is_longer_than_others_is_waited_for_as_it_may_be_dead(etcd, cluster_name):
    with Members(etcd, cluster_name, 1, "--handover-timeout", "25s") as members:
        members.add()
        members.add("--lease-ttl", "120s")
        members.wait_for_ring(0, LEAVER, HEIR)
        fill(members)
        members.nodes[HEIR].process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        done = drain(members)
        assert done.returncode == 1 and time.monotonic() - began >= 25, done


def test_what_one_was_to_get_that_dies_unnoticed_others_get(etcd, cluster_name):
    with Members(etcd, cluster_name, 3, *FLAGS) as members:
        fill(members)
        mine = owned(members, LEAVER)
        # Its addresses accept connections, and its lease goes on for a while.
        members.nodes[HEIR].process.send_signal(signal.SIGSTOP)
        members.nodes[LEAVER].stop()
        assert "handed all entries over" in members.nodes[LEAVER].log()
        members.wait_for_ring(0)
        assert held(members.cache(0), mine) == mine


def hold(members):
    """Nothing goes on for longer than anybody waits for one that is silent."""
    time.sleep(SILENCE_SECONDS + 4)
    assert members.cluster(LEAVER).drain.state == "handing_over"


@pytest.mark.slow
@pytest.mark.parametrize("at", [LEAVER, HEIR], ids=["the one that leaves", "an heir"])
def test_who_is_paused_by_an_operator_is_waited_for(etcd, cluster_name, at):
    # So that most is still to be sent when an heir acknowledges nothing.
    with Members(etcd, cluster_name, 3, *FLAGS, *BIT_BY_BIT) as members:
        fill(members)
        order = lambda what: run(  # noqa: E731
            "cluster", what, members.id(at), "--target", members.id(0))
        assert order("pause").returncode == 0
        done = drain(members, "--deadline", "1s")
        assert done.returncode == 1 and "had yet to get" in done.stderr, done
        assert "no sign of life" not in done.stderr
        members.nodes[LEAVER].process.send_signal(signal.SIGTERM)
        wait_until(
            lambda: members.cluster(LEAVER).drain.state == "handing_over", "it waits once more")
        hold(members)
        assert order("resume").returncode == 0
        assert members.nodes[LEAVER].process.wait(STOP_SECONDS) == 0
        assert "handed all entries over" in members.nodes[LEAVER].log()
        assert held(members.cache(0), NAMES) == set(NAMES)


@pytest.mark.slow
def test_who_is_slow_is_waited_for(etcd, cluster_name):
    # 40 KiB are to go to the others.
    with Members(etcd, cluster_name, 3, *FLAGS, "--migration-rate", "2KiB") as members:
        fill(members)
        began = time.monotonic()
        done = drain(members)
        assert done.returncode == 0 and time.monotonic() - began > SILENCE_SECONDS, done
        assert held(members.cache(0), NAMES) == set(NAMES)
