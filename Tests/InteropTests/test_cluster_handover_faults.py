"""What fails in the middle of a handover: nodes, etcd, connections. Clients of real nodes note all that
they see, and none of it may be what the cache promises not to do."""

import itertools
import signal
import time

import pytest
from support.changes import SLOWLY, Changes
from support.etcd import Etcd
from support.members import Members
from support.node import STOP_SECONDS
from support.partition import PartitionedMembers

# Longer than a peer takes to notice; shorter than etcd takes to end a lease.
CUT_SECONDS = 2
ETCD_AWAY_SECONDS = 1.5
FLAGS = [
    *SLOWLY, "--peer-suspect-after", "500ms", "--peer-keepalive-timeout", "500ms",
    "--peer-connect-timeout", "500ms",
    # Nobody waits for a lease to end: who is dead refuses connections.
    "--lease-ttl", "30s"]


class Join:
    """A fourth node comes. It gets something from each of the others."""

    heirs, source, left = [3], 0, [0, 1, 2, 3]

    def begin(self, changes):
        assert changes.members.add() == 3
        changes.becomes(*self.left)

    def end(self, changes):
        pass


class Drain:
    """One of three nodes is told to stop. The others each get something from it."""

    heirs, source, left = [0, 1], 2, [0, 1]

    def begin(self, changes):
        changes.members.nodes[2].process.send_signal(signal.SIGTERM)
        changes.becomes(*self.left)

    def end(self, changes):
        """It has left, unless it was killed: then the lease has ended, or somebody has told etcd."""
        node = changes.members.nodes[2]
        assert node.process.wait(STOP_SECONDS) == (-signal.SIGKILL if node.is_killed else 0)


class Replace:
    """A fourth node comes as one of three is told to stop."""

    heirs, source, left = [0, 1, 3], 2, [0, 1, 3]

    def begin(self, changes):
        assert changes.members.add() == 3
        changes.becomes(0, 1, 2, 3)
        changes.members.nodes[2].process.send_signal(signal.SIGTERM)
        changes.becomes(*self.left)

    end = Drain.end


def source_dies(changes, change):
    changes.loses(change.source)
    changes.members.kill(change.source)
    changes.becomes(*(index for index in change.left if index != change.source))


def heir_dies(changes, change):
    changes.loses(change.heirs[-1])
    changes.members.kill(change.heirs[-1])
    changes.becomes(*(index for index in change.left if index != change.heirs[-1]))


def etcd_restarts(changes, change):
    changes.members.etcd.stop()
    time.sleep(ETCD_AWAY_SECONDS)
    changes.members.etcd.start()


def connection_breaks(changes, change):
    """First all is dropped between the two, then the connections end."""
    changes.may_miss()
    changes.members.cut_between(change.source, change.heirs[-1])
    time.sleep(CUT_SECONDS)
    changes.members.reset(change.source, change.heirs[-1])
    changes.members.heal()


def source_loses_its_lease(changes, change):
    changes.is_taken_off(change.source)
    changes.members.etcd.revoke(changes.members.record(change.source)[1])


def heir_loses_its_lease(changes, change):
    """It comes back at once, as another that has nothing."""
    changes.is_taken_off(change.heirs[-1])
    changes.members.etcd.revoke(changes.members.record(change.heirs[-1])[1])


CHANGES = [Join, Drain, Replace]
FAULTS = [
    source_dies, heir_dies, etcd_restarts, connection_breaks, source_loses_its_lease,
    heir_loses_its_lease]
# In `make test`: each kind of fault once, where it takes least.
FAST = [
    (Join, source_dies), (Join, heir_dies), (Join, etcd_restarts), (Join, connection_breaks),
    (Drain, source_dies)]


def cases():
    for change, fault in itertools.product(CHANGES, FAULTS):
        marks = [] if (change, fault) in FAST else [pytest.mark.slow]
        name = f"{change.__name__.lower()}-{fault.__name__}"
        yield pytest.param(change(), fault, id=name, marks=marks)


@pytest.mark.parametrize("change, fault", list(cases()))
def test_something_fails_in_the_middle_of_a_handover(cluster_name, change, fault):
    kind = PartitionedMembers if fault is connection_breaks else Members
    with Etcd() as etcd, kind(etcd, cluster_name, 3, *FLAGS) as members:
        changes = Changes(members, 0, 1, 2)

        def fail_in_the_middle():
            change.begin(changes)
            changes.wait_for_middle(*change.heirs)
            fault(changes, change)
            change.end(changes)

        changes.run(fail_in_the_middle, clients=[0, 1, 2])


def test_a_node_comes_goes_and_comes_again_within_a_second(etcd, cluster_name):
    """Each time before it has what is to come to it, so that it hands over what others still hold."""
    with Members(etcd, cluster_name, 3, *FLAGS, "--handover-timeout", "20s") as members:
        changes = Changes(members, 0, 1, 2)

        def flap():
            for _ in range(3):
                for step in ("come", "go", "come"):
                    if step == "come":
                        newest = members.add()
                        changes.becomes(0, 1, 2, newest)
                    else:
                        members.nodes[newest].process.send_signal(signal.SIGTERM)
                        changes.becomes(0, 1, 2)
                members.nodes[newest].process.send_signal(signal.SIGTERM)
                changes.becomes(0, 1, 2)

        changes.run(flap, clients=[0, 1, 2])
        assert [node.process.wait(STOP_SECONDS) for node in members.nodes[3:]] == [0] * 6
