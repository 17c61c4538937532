"""What fails in the middle of a handover: nodes, etcd, connections. Clients of real nodes note all that
they see, and none of it may be what the cache promises not to do."""

import itertools
import re
import signal
import time

import pytest
from larder.v1 import admin_pb2, admin_pb2_grpc
from support.changes import SLOWLY, Changes
from support.etcd import Etcd
from support.members import SOON, Members
from support.node import COMMAND_SECONDS, STOP_SECONDS, run, start
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


class Heavier:
    """One of three nodes gets three times the weight. It gets something from each of the others."""

    heirs, source, left, weight = [2], 0, [0, 1, 2], 3

    def begin(self, changes):
        id, target = changes.members.id(2), changes.members.id(0)
        changes.weighs(2, self.weight)
        done = run("cluster", "weight", id, str(self.weight), "--target", target)
        assert done.returncode == 0, done
        assert done.stdout.startswith(f"{id}: weight {self.weight}, before 1; owns ")

    def end(self, changes):
        pass


class Lighter(Heavier):
    """One of three nodes gets a quarter of the weight. The others each get something from it."""

    heirs, source, weight = [0, 1], 2, 0.25


class DrainByOperator(Drain):
    """One of three nodes is told by `larder cluster drain` to hand all over, and runs on."""

    def begin(self, changes):
        self._command = start(
            "cluster", "drain", changes.members.id(2), "--target", changes.members.id(0))
        changes.becomes(*self.left)

    def end(self, changes):
        out, error = self._command.communicate(timeout=COMMAND_SECONDS)
        if changes.members.nodes[2].is_killed:
            assert (self._command.returncode, out) == (69, ""), (out, error)
        elif changes.was_taken_off(2):
            # The others have taken it for gone, and what it had went with it.
            assert (self._command.returncode, out) == (1, ""), (out, error)
            assert f"{changes.members.id(2)} has left " in error, error
        else:
            assert self._command.returncode == 0, (out, error)
            assert out == f"{changes.members.id(2)} is drained: nothing is left on it\n"


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
    changes.is_taken_off(change.source, by=lambda: changes.members.revoke(change.source))


def heir_loses_its_lease(changes, change):
    """It comes back at once, as another that has nothing."""
    heir = change.heirs[-1]
    changes.is_taken_off(heir, by=lambda: changes.members.revoke(heir))


def source_record_is_deleted(changes, change):
    """By hand; the lease goes on."""
    changes.is_taken_off(change.source, by=lambda: changes.members.delete_record(change.source))


def heir_record_is_deleted(changes, change):
    heir = change.heirs[-1]
    changes.is_taken_off(heir, by=lambda: changes.members.delete_record(heir))


CHANGES = [Join, Drain, Replace, Heavier, Lighter, DrainByOperator]
FAULTS = [
    source_dies, heir_dies, etcd_restarts, connection_breaks, source_loses_its_lease,
    heir_loses_its_lease, source_record_is_deleted, heir_record_is_deleted]
# In `make test`: each kind of fault once, where it takes least.
FAST = [
    (Join, source_dies), (Join, heir_dies), (Join, etcd_restarts), (Join, connection_breaks),
    (Drain, source_dies), (Heavier, heir_dies), (Lighter, source_dies),
    (DrainByOperator, source_dies), (DrainByOperator, source_record_is_deleted),
    (Join, heir_record_is_deleted)]


def cases():
    for change, fault in itertools.product(CHANGES, FAULTS):
        marks = [] if (change, fault) in FAST else [pytest.mark.slow]
        words = re.sub("(?<!^)(?=[A-Z])", "_", change.__name__).lower()
        name = f"{words}-{fault.__name__}"
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


@pytest.mark.slow
def test_a_node_is_given_one_weight_after_the_other_before_anything_has_moved(etcd, cluster_name):
    with Members(etcd, cluster_name, 3, *FLAGS) as members:
        changes = Changes(members, 0, 1, 2)

        def weigh():
            for weight in (3, 0.25, 2, 0.5, 1, 4):
                changes.weighs(2, weight)
                admin_pb2_grpc.AdminStub(members.channel(2)).SetWeight(
                    admin_pb2.SetWeightRequest(weight=weight), timeout=SOON)

        changes.run(weigh, clients=[0, 1, 2])
